# SPDX-License-Identifier: Apache-2.0
# What clients of all kinds get from the daemon: dig, drill, kdig, host, glibc, Net::DNS, and bare packets.
use strict;
use warnings;

use IO::Socket::INET;
use IO::Socket::IP;
use List::Util qw(uniq);
use Net::DNS;
use Socket qw(AF_INET6 inet_ntop inet_pton);
use Test::More;

use MesosSim;
use Named;

plan skip_all => "mesos-sim was not built: libmicrohttpd is missing" unless MesosSim::program();

my $WEB  = "mywebservice.marathon.mesos";
my $BIG  = "big.marathon.mesos";
my $DUAL = "v6.marathon.mesos";

my $sim = MesosSim->new;
$sim->cmd("app-add", name => "big", n => 500, network => "overlay");
$sim->cmd("app-add", name => "v6",  n => 2,   network => "dual");
my $named = start();

# A daemon that has the cluster's zone.
sub start {
    my (%config) = @_;
    my $started = Named->start(config => { masters => [ $sim->hostport ], refreshSeconds => 60, %config });
    $started->wait_answer($WEB, "A") or die $started->log;
    return $started;
}

# The addresses that the cluster has for an app, sorted.
sub addresses_of {
    return sort map { /:/ ? inet_ntop(AF_INET6, inet_pton(AF_INET6, $_)) : $_ } map { @{ $_->{ips} } } $sim->tasks($_[0]);
}

# The lines that a command prints; warnings of truncated answers are not worth seeing.
sub output {
    my (@command) = @_;
    open my $out, "-|", "sh", "-c", 'exec "$@" 2>/dev/null', "sh", @command or return;
    chomp(my @lines = <$out>);
    close $out;
    return @lines;
}

sub has { return !system "command -v $_[0] >/dev/null 2>&1" }

# The header's flags and what the sections hold: "NOERROR qr aa ra 5/0/1".
sub summary {
    my ($reply) = @_;
    return "none" unless $reply;
    my $h = $reply->header;
    return join " ", $h->rcode, (grep { $h->$_ } qw(qr aa tc rd ra)),
        join("/", $h->ancount, $h->nscount, $h->arcount);
}

sub answer_addresses {
    my ($reply) = @_;
    return map { $_->address } grep { $_->type =~ /^A(AAA)?$/ } $reply->answer;
}

my @web = addresses_of("mywebservice");
my @big = addresses_of("big");
is scalar @web, 5,   "the demo's service has five tasks";
is scalar @big, 500, "and the big one 500";

subtest "dig" => sub {
    my @dig = (qw(dig @127.0.0.1 +time=5 +tries=1 -p), $named->{port});

    is_deeply [ sort(output(@dig, "+short", $WEB, "A")) ],         \@web, "A";
    is_deeply [ sort(output(@dig, "+short", "+tcp", $WEB, "A")) ], \@web, "A over TCP";
    is_deeply [ sort(output(@dig, "+short", $BIG, "A")) ], \@big, "500 addresses, over TCP once the answer is cut";
    is_deeply [ sort(output(@dig, "+short", "+noedns", $BIG, "A")) ], \@big, "the same without EDNS";
    my @part = output(@dig, "+short", "+ignore", $BIG, "A");
    ok @part > 50 && @part < 100, "a part of them in 1232 bytes" or diag scalar @part;
    @part = output(@dig, "+short", "+ignore", "+noedns", $BIG, "A");
    ok @part > 20 && @part < 40, "less in 512" or diag scalar @part;
    is scalar(output(@dig, "+short", "_big._tcp.marathon.mesos", "SRV")), 500, "500 SRV records";
    is_deeply [ output(@dig, "+short", "-x", "127.0.0.1") ], ["localhost."], "-x";
    like join("\n", output(@dig, "-x", "10.1.2.3")), qr/status: NXDOMAIN.*\n;; flags: qr aa /, "-x of a private address";
    like join("\n", output(@dig, "mesos", "AXFR")), qr/Transfer failed/, "no zone transfer";
    is_deeply [ output(@dig, "+short", "version.bind", "CH", "TXT") ], ['"mesos-named 0.1.0"'], "version.bind";
    like join("\n", output(@dig, "+nsid", $WEB)), qr/ANSWER: 5.*EDNS: version: 0/s, "+nsid, with none configured";
    like join("\n", output(@dig, "+edns=1", "+noednsneg", $WEB)), qr/status: BADVERS/, "EDNS of the future";
    like join("\n", output(@dig, "+ednsopt=65001:00ff", "+cookie", "+subnet=10.0.0.0/8", $WEB)), qr/ANSWER: 5/,
        "options that we do not know";
    like join("\n", output(@dig, "+dnssec", $WEB)), qr/flags: do;/, "+dnssec";
    like join("\n", output(@dig, "+opcode=status", $WEB)), qr/status: NOTIMP/, "another opcode";
    like join("\n", output(@dig, "+padding=128", "+tcp", "+keepopen", $WEB, $WEB)), qr/(ANSWER: 5.*){2}/s,
        "two questions on one connection";
};

subtest "drill" => sub {
    plan skip_all => "no drill" unless has("drill");
    my @drill = ("drill", "-p", $named->{port}, '@127.0.0.1');
    my $a = qr/\sA\s+([\d.]+)$/;

    is_deeply [ sort map { /$a/ } output(@drill, $WEB, "A") ], \@web, "A";
    is_deeply [ sort map { /$a/ } output(@drill, "-t", $BIG, "A") ], \@big, "500 addresses over TCP";
    is_deeply [ sort map { /$a/ } output(@drill, "-a", $BIG, "A") ], \@big, "and by falling back to it";
    like join("\n", output(@drill, "nothing.mesos", "A")), qr/rcode: NXDOMAIN.*\n;; flags: qr aa /, "an unknown name";
    like join("\n", output(@drill, "-x", "127.0.0.1")), qr/PTR\s+localhost\./, "-x";
};

subtest "kdig" => sub {
    plan skip_all => "no kdig" unless has("kdig");
    my @kdig = (qw(kdig @127.0.0.1 +timeout=5 +retry=0 -p), $named->{port});

    is_deeply [ sort(output(@kdig, "+short", $WEB, "A")) ], \@web, "A";
    is_deeply [ sort(output(@kdig, "+short", "+tcp", $WEB, "A")) ], \@web, "A over TCP";
    is_deeply [ sort grep { /^[\d.]+$/ } output(@kdig, "+short", $BIG, "A") ], \@big, "500 addresses";
    like join("\n", output(@kdig, "+edns", "+bufsize=4096", "nothing.mesos", "SRV")), qr/status: NXDOMAIN.*SOA/s,
        "an unknown name";
    like join("\n", output(@kdig, "+nsid", "id.server", "CH", "TXT")), qr/status: REFUSED/, "id.server, not configured";
    my @lines = output(@kdig, "+tcp", "+keepopen", ($WEB, "leader.mesos", "mesos", "SOA") x 3);
    is scalar(grep { /status: NOERROR/ } @lines), 9, "a connection that stays open";
};

subtest "host" => sub {
    plan skip_all => "no host" unless has("host");
    my @host = ("host", "-p", $named->{port}, "-W", 5);

    is_deeply [ sort map { /has address (\S+)/ } output(@host, $WEB, "127.0.0.1") ], \@web, "A, AAAA and MX at once";
    is_deeply [ sort map { /has (?:IPv6 )?address (\S+)/ } output(@host, $DUAL, "127.0.0.1") ], [ addresses_of("v6") ],
        "addresses of both families";
    is_deeply [ map { /has address (\S+)/ } output(@host, "-T", "leader.mesos", "127.0.0.1") ], ["127.0.0.1"], "over TCP";
    like join("\n", output(@host, "nothing.mesos", "127.0.0.1")), qr/not found: 3\(NXDOMAIN\)/, "an unknown name";
};

subtest "glibc" => sub {
    my $glibc = "$ENV{MN_BUILDDIR}/t/clients/glibc";
    plan skip_all => "t/clients/glibc was not built" unless -x $glibc;
    my $lookup = sub { return [ sort(output($glibc, $named->{port}, @_)) ] };

    is_deeply $lookup->($WEB),  \@web, "A, and no AAAA";
    is_deeply $lookup->($DUAL), [ addresses_of("v6") ], "A and AAAA";
    is_deeply $lookup->($BIG),  \@big, "500 addresses";
    is_deeply $lookup->("nothing.mesos"), ["EAI_NONAME"], "an unknown name";
    is_deeply $lookup->("_tcp.marathon.mesos"), ["EAI_NODATA"], "a name without addresses";
    for my $options ("use-vc", "edns0", "single-request", "trust-ad edns0", "no-tld-query ndots:5") {
        local $ENV{RES_OPTIONS} = $options;
        is_deeply $lookup->($DUAL), [ addresses_of("v6") ], "with options $options";
    }
};

subtest "kinds of answers" => sub {
    my @cases = (
        [ $WEB,                          "A",     "NOERROR qr aa ra 5/0/0" ],
        [ $WEB,                          "AAAA",  "NOERROR qr aa ra 0/1/0" ],
        [ $WEB,                          "TXT",   "NOERROR qr aa ra 0/1/0" ],
        [ $WEB,                          "TYPE4711", "NOERROR qr aa ra 0/1/0" ],
        [ $DUAL,                         "AAAA",  "NOERROR qr aa ra 2/0/0" ],
        [ "_mywebservice._tcp.marathon.mesos", "SRV", "NOERROR qr aa ra 5/0/5" ],
        [ "_mywebservice._tcp.marathon.mesos", "A", "NOERROR qr aa ra 0/1/0" ],
        [ "_http._mywebservice._tcp.marathon.mesos", "SRV", "NOERROR qr aa ra 5/0/5" ],
        [ "_v6._tcp.marathon.mesos",     "SRV",   "NOERROR qr aa ra 2/0/4" ],
        [ "nothing.marathon.mesos",      "A",     "NXDOMAIN qr aa ra 0/1/0" ],
        [ "_nothing._tcp.marathon.mesos", "SRV",  "NXDOMAIN qr aa ra 0/1/0" ],
        [ "a.b.c.d.mesos",               "A",     "NXDOMAIN qr aa ra 0/1/0" ],
        [ "_tcp.marathon.mesos",         "SRV",   "NOERROR qr aa ra 0/1/0" ],
        [ "_tcp.mesos",                  "A",     "NOERROR qr aa ra 0/1/0" ],
        [ "leader.mesos",                "A",     "NOERROR qr aa ra 1/0/0" ],
        [ "_leader._tcp.mesos",          "SRV",   "NOERROR qr aa ra 1/0/1" ],
        [ "_leader._udp.mesos",          "SRV",   "NOERROR qr aa ra 1/0/1" ],
        [ "master.mesos",                "A",     "NOERROR qr aa ra 1/0/0" ],
        [ "master0.mesos",               "A",     "NOERROR qr aa ra 1/0/0" ],
        [ "master1.mesos",               "A",     "NXDOMAIN qr aa ra 0/1/0" ],
        [ "slave.mesos",                 "A",     "NOERROR qr aa ra 5/0/0" ],
        [ "marathon.mesos",              "A",     "NOERROR qr aa ra 1/0/0" ],
        [ "_framework._tcp.marathon.mesos", "SRV", "NOERROR qr aa ra 1/0/1" ],
        [ "mesos",                       "SOA",   "NOERROR qr aa ra 1/0/0" ],
        [ "mesos",                       "NS",    "NOERROR qr aa ra 1/0/1" ],
        [ "mesos",                       "A",     "NOERROR qr aa ra 0/1/0" ],
        [ "ns1.mesos",                   "A",     "NOERROR qr aa ra 1/0/0" ],
        [ "mywebservice.*.marathon.mesos", "A",   "NOERROR qr aa ra 5/0/0" ],
        [ "mywebservice.*.marathon.*.*.mesos", "A", "NOERROR qr aa ra 5/0/0" ],
        [ "nothing.*.marathon.mesos",    "A",     "NXDOMAIN qr aa ra 0/1/0" ],
        [ "*.marathon.mesos",            "A",     "NXDOMAIN qr aa ra 0/1/0" ],
        [ "example.com",                 "A",     "REFUSED qr ra 0/0/0" ],
        [ ".",                           "NS",    "REFUSED qr ra 0/0/0" ],
        [ "mesos.example.com",           "A",     "REFUSED qr ra 0/0/0" ],
        [ "notmesos",                    "A",     "REFUSED qr ra 0/0/0" ],
    );
    for my $case (@cases) {
        my ($name, $type, $wanted) = @$case;
        for my $tcp (0, 1) {
            my $reply = $named->query($name, $type, tcp => $tcp);
            is summary($reply), $wanted, "$name $type over " . ($tcp ? "TCP" : "UDP");
            next unless $reply && $reply->authority;
            my ($soa) = $reply->authority;
            is join(" ", $soa->type, $soa->owner, $soa->ttl), "SOA mesos 60", "with its SOA";
        }
    }
    my $reply = $named->query("mesos", "ANY", tcp => 1);
    is_deeply [ sort map { $_->type } $reply->answer ], [qw(NS SOA)], "ANY over TCP: all sets";
    $reply = $named->query("mesos", "ANY");
    is scalar(uniq map { $_->type } $reply->answer), 1, "ANY over UDP: one set";
    is summary($named->query($WEB, "A", class => "HS")), "REFUSED qr ra 0/0/0", "another class";
    is summary($named->query($WEB, "A", rd => 1)), "NOERROR qr aa rd ra 5/0/0", "RD comes back";
};

subtest "500 records in few bytes" => sub {
    my $plain = $named->query($BIG, "A");
    is summary($plain), "NOERROR qr aa tc ra 29/0/0", "512 bytes: as many as fit, and TC";
    for my $size (512, 1231, 1232, 4096, 65535) {
        my $reply = $named->query($BIG, "A", bufsize => $size);
        my $most = int(((1232 < $size ? 1232 : $size) - 12 - length($BIG) - 2 - 4 - 11) / 16);
        is summary($reply), "NOERROR qr aa tc ra $most/0/1", "EDNS with $size bytes: $most records";
    }
    my $all = $named->query($BIG, "A", tcp => 1);
    is_deeply [ sort(answer_addresses($all)) ], \@big, "TCP: all 500";

    my (%known, %seen, %first);
    @known{@big} = ();
    for (1 .. 60) {
        my @some = answer_addresses($named->query($BIG, "A"));
        is scalar(uniq @some), scalar @some, "each record once" if $_ == 1;
        $first{ $some[0] }++;
        $seen{$_}++ for @some;
    }
    is_deeply [ grep { !exists $known{$_} } keys %seen ], [], "none that is not there";
    ok keys %first > 30, "each time a random part" or diag scalar keys %first;
    ok keys %seen > 400, "which in sum are most of them" or diag scalar keys %seen;

    my $srv = $named->query("_big._tcp.marathon.mesos", "SRV", bufsize => 1232);
    like summary($srv), qr{^NOERROR qr aa tc ra \d\d/0/1$}, "SRV: records go before addresses";
    $srv = $named->query("_big._tcp.marathon.mesos", "SRV", tcp => 1);
    like summary($srv), qr{^NOERROR qr aa ra 500/0/[345]\d\d$}, "TCP: all; addresses as far as a pointer reaches";
    my %target = map { $_->target => 1 } $srv->answer;
    is_deeply [ grep { !$target{ $_->owner } || !exists $known{ $_->address } } $srv->additional ], [], "each of a target";
    is scalar(uniq map { $_->owner } $srv->additional), scalar($srv->additional), "once";
};

subtest "other sizes" => sub {
    my $other = start(ednsUdpSize => 4096, setTruncateBit => JSON::PP::false);
    is summary($other->query($BIG, "A", bufsize => 4096)), "NOERROR qr aa ra 253/0/1", "4096 bytes, and no TC";
    is summary($other->query($BIG, "A")), "NOERROR qr aa ra 29/0/0", "512, no TC either";
    $other->stop_ok;
    $other = start(ednsUdpSize => 512, recurseon => JSON::PP::false, ttl => 7, SOAMinttl => 3);
    is summary($other->query($BIG, "A", bufsize => 4096)), "NOERROR qr aa tc 29/0/1", "512 for all, and no RA";
    my ($record) = $other->query($WEB, "A")->answer;
    is $record->ttl, 7, "the TTL as configured";
    my ($soa) = $other->query("nothing.mesos", "A")->authority;
    is $soa->ttl, 3, "the negative TTL likewise";
    $other->stop_ok;

    $sim->cmd("app-add", name => "a-service-of-more-records-than-any-message-holds", n => 1000, network => "overlay");
    my $name = "a-service-of-more-records-than-any-message-holds.marathon.mesos";
    $other = start();
    my $reply = $other->query("_a-service-of-more-records-than-any-message-holds._tcp.marathon.mesos", "SRV", tcp => 1);
    like summary($reply), qr{^NOERROR qr aa tc ra 7\d\d/0/0$}, "more than TCP can carry is cut as well";
    is scalar(answer_addresses($other->query($name, "A", tcp => 1))), 1000, "its addresses are not";
    $other->stop_ok;
};

subtest "rotation" => sub {
    for my $case ([ $WEB, "A" ], [ "_mywebservice._tcp.marathon.mesos", "SRV" ]) {
        my ($name, $type) = @$case;
        my (%first, $odd);
        for (1 .. 100) {
            my @answer = map { $type eq "A" ? $_->address : $_->target } $named->query($name, $type)->answer;
            $first{ $answer[0] }++;
            $odd++ if uniq(@answer) != 5;
        }
        is scalar keys %first, 5, "$type: each of five is first now and then";
        ok !grep({ $_ < 5 || $_ > 45 } values %first), "in equal shares" or diag explain \%first;
        is $odd, undef, "each answer has all of them";
    }
};

subtest "case" => sub {
    my $query = pack "n6", 4711, 0, 1, 0, 0, 0;
    $query .= join("", map { pack "C/a", $_ } qw(mYwEbSeRvIcE MARATHON mEsOs)) . "\0" . pack("nn", 1, 1);
    my $reply = $named->exchange($query);
    is substr($reply, 12, length($query) - 12), substr($query, 12), "the question comes back as it was spelled";
    is unpack("n", substr($reply, length $query)), 0xc00c, "and the answer's owner is that";
    is scalar(Net::DNS::Packet->new(\$reply)->answer), 5, "with all addresses";
    my $text = $named->dig("NOTHING.Mesos");
    like $text, qr/status: NXDOMAIN.*^Mesos\.\s+60\s+IN\s+SOA/ms, "the SOA's owner lies in the question";
};

subtest "malformed" => sub {
    my $good = Net::DNS::Packet->new($WEB, "A");
    my $id = $good->header->id;
    my $bytes = $good->data;
    my $rcode = sub { my $reply = $named->exchange($_[0]) or return "none"; return unpack("x3 C", $reply) & 15 };
    my $with = sub { my ($at, $value) = @_; my $copy = $bytes; substr($copy, $at, length $value) = $value; return $copy };

    is $rcode->($bytes), 0, "a good one";
    is $rcode->($with->(4, pack "n", 0)), 1, "no question";
    is $rcode->($with->(4, pack "n", 2)), 1, "two of them announced";
    is $rcode->(substr $bytes, 0, 12), 1, "nothing but a header";
    is $rcode->(substr $bytes, 0, 20), 1, "half a question";
    is $rcode->($bytes . "x"), 1, "something behind it";
    is $rcode->($with->(12, "\xc0\x0c")), 1, "a name that is a loop";
    is $rcode->($with->(12, "\x7f")), 1, "a label too long";
    is $rcode->($with->(2, "\x28")), 4, "an UPDATE";

    my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $named->{port}, Proto => "udp");
    $socket->syswrite($with->(2, "\x84"));
    $socket->syswrite(substr $bytes, 0, $_) for 1 .. 11;
    $socket->syswrite($bytes);
    is unpack("x6 n", Named::read_message($socket)), 5, "responses and scraps get no answer, the next query does";
    is Named::read_message($socket, wait => 0.2), undef, "and just one";
};

subtest "TCP" => sub {
    my $connect = sub { return IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $named->{port}, Proto => "tcp") };
    my @queries = map { Net::DNS::Packet->new($_, "A") } $WEB, "leader.mesos", "nothing.mesos", $BIG, "slave.mesos";
    my $stream = join "", map { pack "n/a", $_->data } @queries;

    my $socket = $connect->();
    $socket->syswrite($stream);
    my %rcode = map { my $m = Named::read_message($socket, tcp => 1); (unpack("n", $m) => unpack("x3 C", $m) & 15) } @queries;
    is_deeply [ map { $rcode{ $_->header->id } } @queries ], [ 0, 0, 3, 0, 0 ], "five questions in one write";
    for my $byte (split //, $stream) { $socket->syswrite($byte) }
    is scalar(grep { defined } map { Named::read_message($socket, tcp => 1) } @queries), 5, "the same byte by byte";
    $socket->shutdown(1);
    is $socket->sysread(my $end, 1), 0, "and the end of it";

    $socket = $connect->();
    $socket->syswrite($stream x 40);    # and take nothing: 40 answers of 500 records, 300 KB
    ok $named->exchange($queries[0]->data, tcp => 1), "who reads nothing keeps nobody waiting";
    is scalar(grep { defined } map { Named::read_message($socket, tcp => 1) } 1 .. 200), 200, "all of it is there later";
};

subtest "listeners" => sub {
    my $v6 = IO::Socket::IP->new(LocalHost => "::1", LocalPort => 0, Proto => "udp");
    my $other;
SKIP: {
        skip "no IPv6 here", 4 unless $v6;
        $other = start(listener => [ "127.0.0.1", "::1" ]);
        my @dig = (qw(dig +time=5 +tries=1 +short -p), $other->{port});
        is_deeply [ sort(output(@dig, '@::1', $WEB)) ], \@web, "over IPv6";
        is_deeply [ sort(output(@dig, '@::1', "+tcp", $BIG)) ], \@big, "and its TCP";
        is_deeply [ sort(output(@dig, '@127.0.0.1', "ns1.mesos"), output(@dig, '@::1', "ns1.mesos", "AAAA")) ],
            [ "127.0.0.1", "::1" ], "the name server has both addresses";
        $other->stop_ok;
    }
    $other = start(listener => [ "127.0.0.2", "127.0.0.1" ]);
    is scalar(output(qw(dig +time=5 +tries=1 +short @127.0.0.2 -p), $other->{port}, $WEB)), 5, "a list of addresses";
    $other->stop_ok;
    $other = start(listener => $v6 ? [ "0.0.0.0", "::" ] : "0.0.0.0");
    for my $address ("127.0.0.1", "127.0.0.3", $v6 ? "::1" : ()) {
        my @lines = output(qw(dig +time=5 +tries=1 -p), $other->{port}, "\@$address", $WEB);
        is scalar(grep { /^$WEB.*\sA\s/ } @lines), 5, "a wildcard answers from the address that was asked: $address"
            or diag join "\n", @lines;
    }
    $other->stop_ok;
};

$named->stop_ok;
is $sim->stop, 0, "the cluster ends";
done_testing;
