# SPDX-License-Identifier: Apache-2.0
# Queries for other zones, through the daemon, with other people's servers behind it and other people's clients in front.
use strict;
use warnings;

use JSON::PP;
use List::Util qw(uniq);
use Net::DNS;
use Test::More;

use Named;
use Upstream;

my @missing = Upstream::missing(qw(nsd knot unbound dnsmasq dig delv drill ldns-keygen ldns-signzone));
plan skip_all => "not installed: @missing" if @missing;

my $zones = Upstream::Zones->new;
my %served = %{ $zones->files };
my $sub = delete $served{"sub.plain.example"};
my $nsd = Upstream->start("nsd", zones => \%served);
my $knot = Upstream->start("knot", zones => { %served, "sub.plain.example" => $sub });
my $unbound = Upstream->start(
    "unbound",
    stubs   => { map { $_ => $nsd->port } keys %served },
    anchors => [ map { $zones->key($_) } qw(signed.example forged.example) ],
);

sub start {
    my (%config) = @_;
    my $port = delete $config{port};
    return Named->start(port => $port, config => { resolvers => [ $unbound->address ], timeout => 2, %config });
}

# "NOERROR qr rd ra 3/0/1"
sub summary {
    my ($reply) = @_;
    return "no reply" unless $reply;
    my $header = $reply->header;
    my @flags = grep { $header->$_ } qw(qr aa tc rd ra ad cd);
    my @counts = (scalar($reply->answer), scalar($reply->authority), scalar(grep { $_->type ne "OPT" } $reply->additional));
    return join " ", $header->rcode, @flags, join "/", @counts;
}

sub ask {
    my ($named, $name, $type, %opt) = @_;
    return $named->query($name, $type, rd => 1, %opt);
}

# The records of an answer as a sorted list, without TTL.
sub records {
    my ($text) = @_;
    return sort map { join " ", (split " ", s/^(\S+)\s+\d+/$1/r) } grep { /^[^;\s]/ } split /\n/, $text;
}

sub run {
    my (@command) = @_;
    open my $out, "-|", "sh", "-c", 'exec "$@" 2>&1', "sh", @command or die "$command[0]: $!";
    local $/;
    my $text = <$out>;
    close $out;
    return $text // "";
}

my $named = start();

subtest "a cluster without a master forwards" => sub {
    for my $tcp (0, 1) {
        my $over = $tcp ? "TCP" : "UDP";
        is summary(ask($named, "web.signed.example", "A", tcp => $tcp)), "NOERROR qr rd ra 3/0/0", "over $over";
        is summary(ask($named, "leader.mesos", "A", tcp => $tcp)), "SERVFAIL qr rd ra 0/0/0", "its own domain is not there yet";
        my $reply = ask($named, "nothing.signed.example", "A", tcp => $tcp);
        like summary($reply), qr{^NXDOMAIN qr rd ra 0/1/0}, "NXDOMAIN over $over";
        is join(" ", map { $_->type } $reply->authority), "SOA", "with its SOA";
        $reply = ask($named, "mx.signed.example", "AAAA", tcp => $tcp);
        like summary($reply), qr{^NOERROR qr rd ra 0/1/0}, "NODATA over $over";
        is join(" ", map { $_->type } $reply->authority), "SOA", "with its SOA";
    }
    is summary($named->query("web.signed.example", "A", rd => 0)), "REFUSED qr ra 0/0/0", "whoever wants no recursion gets none";
    my $counts = $named->counts;
    is $counts->{forwarded} + $counts->{forward_refused} > 0, 1, "they are counted" or diag explain $counts;
    ok Named::wait_until(sub { ask($named, "web.signed.example", "A"); $named->counts->{forward_cached} }),
        "some come from a cache, which each worker has of its own";
};

subtest "DNSSEC" => sub {
    my @server = ("\@127.0.0.1", "-p", $named->{port});
    for my $type (qw(A AAAA HTTPS MX DNSKEY)) {
        my $owner = $type eq "DNSKEY" ? "signed.example" : $type eq "MX" ? "mx.signed.example" : "web.signed.example";
        my $text = run("delv", @server, "-a", $zones->delv_anchor("signed.example"), "+root=signed.example", $owner, $type);
        like $text, qr/^; fully validated/m, "delv validates $type";
    }
    my $text = run("delv", @server, "-a", $zones->delv_anchor("signed.example"), "+root=signed.example", "no.signed.example", "A");
    like $text, qr/negative response, fully validated/, "and that there is nothing" or diag $text;
    $text = run("drill", "-S", "-k", $zones->key("signed.example"), "web.signed.example", "A", @server);
    like $text, qr/Chase successful/, "drill chases the signatures" or diag $text;

    $text = $named->dig("+dnssec", "web.signed.example", "A");
    like $text, qr/flags: qr rd ra ad;/, "+dnssec: validated by the resolver";
    like $text, qr/EDNS: version: 0, flags: do;/, "DO comes back";
    like $text, qr/^web\.signed\.example\..*\sRRSIG\s+A /m, "with signatures";
    unlike $named->dig("web.signed.example", "A"), qr/RRSIG\s+A/, "which nobody else gets";
    like $named->dig("+adflag", "+noedns", "web.signed.example", "A"), qr/flags: qr rd ra ad;/, "AD without EDNS";
    like $named->dig("web.forged.example", "A"), qr/status: SERVFAIL/, "a forged answer is none";
    $text = $named->dig("+cd", "web.forged.example", "A");
    like $text, qr/status: NOERROR.*flags: qr rd ra cd;.*192\.0\.2\.66/s, "+cd: unless it is asked for";
    like $named->dig("web.forged.example", "A"), qr/status: SERVFAIL/, "which changes nothing for others";
};

subtest "what clients send" => sub {
    my $text = $named->dig("+cookie=0123456789abcdef", "web.signed.example", "A");
    like $text, qr/status: NOERROR.*ANSWER: 3/s, "a cookie";
    unlike $text, qr/mismatch|malformed/i, "which does not come back wrong";
    like $named->dig("+tcp", "web.signed.example", "A"), qr/ANSWER: 3/, "+tcp";
    like $named->dig("+nsid", "+subnet=192.0.2.0/24", "web.signed.example", "A"), qr/ANSWER: 3/, "other options";

    for my $case ("web.signed.example", "MaNy.plain.example") {
        my $query = Net::DNS::Packet->new($case, "AAAA")->data;
        substr($query, 2, 1) = "\1";
        substr($query, 12, length($case) + 2) = $case =~ s/(^|\.)([^.]+)/pack "C\/a", mixed($2)/ger . "\0";
        my $reply = $named->exchange($query);
        is substr($reply, 12, length($query) - 12), substr($query, 12), "$case comes back as it was spelled";
    }
};

# aBcD
sub mixed {
    my ($text) = @_;
    my $n = 0;
    return join "", map { $n++ % 2 ? uc : lc } split //, $text;
}

my $direct = start(resolvers => [ $nsd->address ], workers => 1);

subtest "truncation" => sub {
    my $text = $direct->dig("+notcp", "+ignore", "+bufsize=512", "many.plain.example", "A");
    like $text, qr/flags: qr tc rd ra;/, "512 bytes: TC";
    like $direct->dig("+bufsize=512", "many.plain.example", "A"), qr/ANSWER: 100,/, "then TCP: all of it";
    like $direct->dig("+ignore", "+noedns", "many.plain.example", "A"), qr/flags: qr tc rd ra;/, "the same without EDNS";
    is scalar(ask($direct, "many.plain.example", "A", tcp => 1)->answer), 100, "TCP at first";
    my $reply = ask($direct, "long.plain.example", "TXT");
    is summary($reply), "NOERROR qr tc rd ra 0/0/0", "4 KB of text need TCP";
    is length(join "", (ask($direct, "long.plain.example", "TXT", tcp => 1)->answer)[0]->txtdata), 4000, "and come over it";
    for my $server ($nsd, $knot) {
        my $other = start(resolvers => [ $server->address ]);
        is scalar(ask($other, "huge.plain.example", "TXT", tcp => 1)->answer), 240, "60 KB over TCP from $server->{kind}{program}";
        $reply = ask($other, "huge.plain.example", "TXT", bufsize => 1232);
        ok $reply && $reply->header->tc && length($reply->data) <= 1232, "TC over UDP" or diag summary($reply);
        $other->stop_ok;
    }
};

subtest "all kinds of records" => sub {
    my @dig = ("+noall", "+answer", "+tcp", "+nocookie");
    for my $case (
        [ "web.signed.example", "A" ],    [ "web.signed.example", "AAAA" ],   [ "web.signed.example", "HTTPS" ],
        [ "_svc.signed.example", "SVCB" ], [ "signed.example", "DNSKEY" ],     [ "alias.signed.example", "A" ],
        [ "odd.signed.example", "TYPE65400" ], [ "long.signed.example", "TXT" ], [ "mx.signed.example", "MX" ],
        [ "signed.example", "SOA" ], [ "signed.example", "NSEC3PARAM" ],
        )
    {
        my @want = records(run("dig", "\@127.0.0.1", "-p", $nsd->port, @dig, "+dnssec", @$case));
        my @got = records($direct->dig(@dig, "+dnssec", @$case));
        is_deeply \@got, \@want, "@$case";
        cmp_ok scalar @want, ">", 0, "is there";
    }
    like summary(ask($direct, "web.plain.example", "ANY")), qr/^NOERROR qr (tc )?rd ra \d/, "ANY over UDP";
    like summary(ask($direct, "web.plain.example", "ANY", tcp => 1)), qr{^NOERROR qr rd ra [1-9]}, "ANY over TCP";
    for my $type (qw(AXFR IXFR)) {
        for my $tcp (0, 1) {
            my $reply = $direct->exchange(Net::DNS::Packet->new("plain.example", $type)->data, tcp => $tcp);
            is $reply && unpack("x3 C", $reply) & 15, 5, "$type is refused over " . ($tcp ? "TCP" : "UDP");
        }
    }
    my $version = ask($direct, "version.bind", "TXT", class => "CH");
    like +($version->answer)[0]->string, qr/mesos-named/, "CH is about us";
    is ask($direct, "authors.bind", "TXT", class => "CH")->header->rcode, "REFUSED", "and goes nowhere else";
    is ask($direct, "web.plain.example", "A", class => "HS")->header->rcode, "REFUSED", "nor do other classes";

    my %first;
    $first{ (ask($direct, "web.plain.example", "A")->answer)[0]->address }++ for 1 .. 60;
    is scalar keys %first, 3, "answers are rotated";
};
$direct->stop_ok;

subtest "resolvers of single zones" => sub {
    my $other = start(
        resolvers     => ["127.0.0.1:1"],
        zoneResolvers => { "plain.example" => [ $nsd->address ], "sub.plain.example" => [ $knot->address ],
            "signed.example" => [ $unbound->address ] },
    );
    my $who = sub { my $reply = ask($other, $_[0], "TXT"); return join " ", map { $_->txtdata } $reply ? $reply->answer : () };
    is $who->("who.plain.example"), "plain", "the zone's";
    is $who->("who.sub.plain.example"), "sub", "the longest suffix wins";
    is $who->("WHO.Sub.Plain.Example"), "sub", "in any case";
    is $who->("who.notsub.plain.example"), "plain", "of whole labels";
    is summary(ask($other, "web.signed.example", "A")), "NOERROR qr rd ra 3/0/0", "another zone's";
    is ask($other, "www.example", "A")->header->rcode, "SERVFAIL", "the rest goes to the others, which are not there";
    $other->stop_ok;
};

subtest "who may" => sub {
    my $other = start(recursionAllow => ["192.0.2.0/24"]);
    for my $tcp (0, 1) {
        is summary(ask($other, "web.signed.example", "A", tcp => $tcp)), "REFUSED qr rd ra 0/0/0", "not from here";
        is ask($other, "leader.mesos", "A", tcp => $tcp)->header->rcode, "SERVFAIL", "the cluster's domain is for all";
    }
    is $other->counts->{upstream_queries}, 0, "nothing leaves";
    $other->stop_ok;
    $other = start(externalon => JSON::PP::false);
    is summary(ask($other, "web.signed.example", "A")), "REFUSED qr rd ra 0/0/0", "nobody where it is off";
    $other->stop_ok;
    $other = start(recurseon => JSON::PP::false);
    is summary(ask($other, "web.signed.example", "A")), "NOERROR qr rd 3/0/0", "recurseon is about RA and nothing else";
    $other->stop_ok;
};

subtest "local names stay here" => sub {
    my $before = $named->counts->{upstream_queries};
    for my $name (qw(localhost x.localhost 4.3.2.10.in-addr.arpa 1.0.168.192.in-addr.arpa 5.0.0.127.in-addr.arpa),
        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa")
    {
        my $reply = ask($named, $name, "PTR");
        ok $reply && $reply->header->aa && $reply->header->rcode =~ /^(NOERROR|NXDOMAIN)$/, $name or diag summary($reply);
    }
    is $named->counts->{upstream_queries}, $before, "none has left";
};

subtest "ourselves" => sub {
    my $port = Named::free_port();
    my $file = "$named->{dir}/own.json";
    for my $case ([ resolvers => ["127.0.0.1:$port"] ], [ zoneResolvers => { "example" => ["127.0.0.1:$port"] } ]) {
        Named::write_config($file, { masters => ["127.0.0.1:1"], listener => "127.0.0.1", port => $port, @$case });
        my ($status, $out) = Named->run("-t", "-config=$file");
        is $status, 1, "$case->[0] that are this server: the configuration is wrong";
        like $out, qr/$case->[0].*this server itself/, "and it is said how";
    }
};

# dnsmasq on the node sends the cluster's domain to us, and we send all other names to it.
subtest "beside a dnsmasq" => sub {
    my $port = Named::free_port();
    my $dnsmasq = Upstream->start("dnsmasq", lines => [ "server=/mesos/127.0.0.1#$port", "server=127.0.0.1#" . $unbound->port ]);
    my $other = start(port => $port, resolvers => [ $dnsmasq->address ]);
    for my $ask ($port, $dnsmasq->port) {
        my @dig = ("dig", "\@127.0.0.1", "-p", $ask, "+time=10", "+tries=1");
        like run(@dig, "web.signed.example", "A"), qr/status: NOERROR.*ANSWER: 3,/s, "names of others";
        like run(@dig, "leader.mesos", "A"), qr/status: SERVFAIL/, "our own, which are not there yet";
    }
    $other->stop_ok;
    $dnsmasq->stop;
};

# dnsmasq sends everything to us, and we send everything to dnsmasq.
subtest "circles" => sub {
    my $port = Named::free_port();
    my $dnsmasq = Upstream->start("dnsmasq", lines => ["server=127.0.0.1#$port"]);
    my $other = start(port => $port, resolvers => [ $dnsmasq->address ], workers => 1);
    for my $case ([ "asked of us", $port ], [ "asked of dnsmasq", $dnsmasq->port ]) {
        my ($what, $ask) = @$case;
        for my $n (1 .. 5) {
            my $name = "round$n.port$ask.example";
            my $text = run("dig", "\@127.0.0.1", "-p", $ask, "+time=10", "+tries=1", $name, "A");
            like $text, qr/status: (REFUSED|SERVFAIL)/, "$what: no answer";
            my $seen = () = $dnsmasq->log =~ /query\[A\] \Q$name\E /gi;
            cmp_ok $seen, "<=", 3, "and few queries on the way";
        }
    }
    my $counts = $other->counts;
    cmp_ok $counts->{forward_looped}, ">=", 5, "they are recognised";
    cmp_ok $counts->{upstream_queries}, "<=", 30, "and end";
    $other->stop_ok;
    $dnsmasq->stop;
};

$named->stop_ok;
done_testing;
