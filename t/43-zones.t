# SPDX-License-Identifier: Apache-2.0
# Static zones in a cluster that changes: names that come and go from under them, aliases into the cluster before there is
# one, zones that lie where generated names would. t/41-static.t has what stands still.
use strict;
use warnings;

use File::Temp qw(tempdir);
use JSON::PP;
use Test::More;

use MesosSim;
use Named;

plan skip_all => "mesos-sim was not built: libmicrohttpd is missing" unless MesosSim::program();

my $dir = tempdir(CLEANUP => 1);

sub zone {
    my ($name, $text, $file) = @_;
    $file = "$dir/" . ($file || $name);
    open my $out, ">", $file or die "$file: $!";
    print $out $text;
    close $out;
    return { name => $name, file => $file };
}

my $HEAD = "\$TTL 300\n@ SOA ns host 7 3600 600 86400 30\n@ NS ns\nns A 192.0.2.53\n";

# "RCODE: type data, type data" of an answer, sorted, aliases first; without an answer who stands in AUTHORITY.
sub lookup {
    my ($named, $name, $type) = @_;
    my $reply = $named->query($name, $type || "A", tcp => 1) or return "none";
    my @answer = sort { ($b =~ /^CNAME/) <=> ($a =~ /^CNAME/) || $a cmp $b } map { $_->type . " " . $_->rdstring } $reply->answer;
    @answer = map { "(" . $_->type . " " . $_->owner . ")" } $reply->authority unless @answer;
    return join " ", $reply->header->rcode . ":", join ", ", @answer;
}

sub becomes {
    my ($named, $name, $type, $wanted, $text) = @_;
    my $got = "";
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok(Named::wait_until(sub { ($got = lookup($named, $name, $type)) =~ $wanted }), $text) or diag "$got\n" . $named->log;
}

subtest "aliases into a cluster that comes and goes" => sub {
    my $port = Named::free_port();
    my $own = zone("shop.example", $HEAD . "www CNAME web.marathon.mesos.\nsrv CNAME _web._tcp.marathon.mesos.\n*.any CNAME www\n");
    my $named = Named->start(config => { masters => ["127.0.0.1:$port"], zones => [$own], IPSources => ["netinfo"] });

    is lookup($named, "ns.shop.example"), "NOERROR: A 192.0.2.53", "static zones need no master";
    like lookup($named, "www.shop.example"), qr/^SERVFAIL:/, "what an alias leads to is not known yet, so neither is the alias";
    is lookup($named, "www.shop.example", "CNAME"), "NOERROR: CNAME web.marathon.mesos.", "asked for itself it is";
    my $sim = MesosSim->new(listen => "127.0.0.1:$port");
    becomes($named, "www.shop.example", "A", qr/^NXDOMAIN: CNAME web\.marathon\.mesos\.$/, "the cluster comes, without the name");
    $sim->cmd("app-add", name => "web", n => 2, network => "overlay");
    becomes($named, "www.shop.example", "A", qr/^NOERROR: CNAME web\.marathon\.mesos\., A [\d.]+, A [\d.]+$/, "the name comes");
    like lookup($named, "www.shop.example", "AAAA"), qr/^NOERROR: CNAME web\.marathon\.mesos\.$/, "no IPv6: the alias alone";
    like lookup($named, "srv.shop.example", "SRV"), qr/^NOERROR: CNAME _web\._tcp\.marathon\.mesos\., SRV .*, SRV /, "SRV records";
    like lookup($named, "x.y.any.shop.example"), qr/^NOERROR: CNAME .*CNAME .*A [\d.]+, A [\d.]+$/, "a wildcard alias";
    is_deeply [ map { /(\S+)/ } split /\n/, $named->dig("+noall", "+answer", "+nocmd", "www.shop.example") ],
        [ "www.shop.example.", ("web.marathon.mesos.") x 2 ], "dig prints the chain in its order";
    $sim->cmd("scale", app => "web", n => 0);
    becomes($named, "www.shop.example", "A", qr/^NXDOMAIN: CNAME web\.marathon\.mesos\.$/, "the name goes");
    $named->stop_ok;
    $sim->stop;
};

subtest "names that the cluster has too" => sub {
    my $file = zone("mesos", <<'EOT', "cluster");
$TTL 300
web.marathon     A    192.0.2.1
web.marathon     TXT  "static"
printer.marathon A    192.0.2.2
_web._tcp.marathon SRV 0 1 80 printer.marathon
*.wild           A    192.0.2.3
deep.below.new   A    192.0.2.4
alias            CNAME web.marathon
EOT
    my $sim = MesosSim->new;
    my $named = Named->start(config => { masters => [ $sim->hostport ], zones => [$file], IPSources => ["netinfo"] });
    my $static = qr/^NOERROR: A 192\.0\.2\.1$/;

    becomes($named, "web.marathon.mesos", "A", $static, "the static name alone");
    is lookup($named, "alias.mesos"), "NOERROR: CNAME web.marathon.mesos., A 192.0.2.1", "and its alias";
    is lookup($named, "x.wild.mesos"), "NOERROR: A 192.0.2.3", "a wildcard in the cluster's zone";
    is lookup($named, "below.new.mesos"), "NOERROR: (SOA mesos)", "a name between";
    is lookup($named, "printer.marathon.mesos"), "NOERROR: A 192.0.2.2", "a name beside the tasks";
    unlike $named->log, qr/web\.marathon/, "nothing to complain of";
    my ($soa) = map { $_->serial } $named->query("mesos", "SOA")->answer;

    $sim->cmd("app-add", name => "web", n => 1, network => "overlay");
    my ($task) = $sim->tasks("web");
    becomes($named, "web.marathon.mesos", "A", qr/^NOERROR: A \Q$task->{ips}[0]\E$/, "a task of that name: it wins");
    is lookup($named, "web.marathon.mesos", "TXT"), "NOERROR: (SOA mesos)", "the whole name";
    is lookup($named, "alias.mesos"), "NOERROR: CNAME web.marathon.mesos., A $task->{ips}[0]", "the alias follows";
    like lookup($named, "_web._tcp.marathon.mesos", "SRV"), qr/^NOERROR: SRV .*web-\w+-s\d+\.marathon\.mesos\.$/, "SRV likewise";
    ok $named->wait_log(qr/name=web\.marathon\.mesos/), "the log names it";
    ok $named->wait_log(qr/name=_web\._tcp\.marathon\.mesos/), "and the other" or diag $named->log;
    is lookup($named, "printer.marathon.mesos"), "NOERROR: A 192.0.2.2", "the rest of the file is as it was";

    $sim->cmd("scale", app => "web", n => 0);
    becomes($named, "web.marathon.mesos", "A", $static, "the task goes: the static name is back");
    is lookup($named, "web.marathon.mesos", "TXT"), "NOERROR: TXT static", "all of it";
    is lookup($named, "_web._tcp.marathon.mesos", "SRV"), "NOERROR: SRV 0 1 80 printer.marathon.mesos.", "SRV likewise";
    $sim->cmd("framework-remove", framework => "marathon");
    becomes($named, "marathon.mesos", "A", qr/^NOERROR: \(SOA mesos\)$/, "the framework goes, names of the file stay below");
    cmp_ok +($named->query("mesos", "SOA")->answer)[0]->serial, ">", $soa, "the serial went with all of it";
    $named->stop_ok;

    my ($status, $out, $err) = Named->run("--dump-zone", "-config=$named->{config}");
    is $status, 0, "the zone is dumped";
    like $out, qr/^printer\.marathon\.mesos\.\t300\tIN\tA\t192\.0\.2\.2$/m, "with the file's records";
    $sim->stop;
};

subtest "a zone below the cluster's" => sub {
    my $below = zone("marathon.mesos", $HEAD . "web A 192.0.2.9\nprinter A 192.0.2.9\n");
    my $apart = zone("static.mesos", $HEAD . "www A 192.0.2.8\nsub NS ns.sub\nns.sub A 192.0.2.7\n");
    my $sim = MesosSim->new;
    $sim->cmd("app-add", name => "web", n => 1, network => "overlay");
    my $named = Named->start(config => { masters => [ $sim->hostport ], zones => [ $below, $apart ] });

    ok $named->wait_answer("leader.mesos", "A"), "the cluster is there";
    is lookup($named, "www.static.mesos"), "NOERROR: A 192.0.2.8", "a zone of its own";
    is lookup($named, "nothing.static.mesos"), "NXDOMAIN: (SOA static.mesos)", "with its own SOA";
    is lookup($named, "nothing.mesos"), "NXDOMAIN: (SOA mesos)", "around it the cluster's";
    my $referral = $named->query("a.sub.static.mesos", "A");
    is join(" ", $referral->header->aa, map { scalar @$_ } [ $referral->answer ], [ $referral->authority ], [ $referral->additional ]),
        "0 0 1 1", "a delegation is a referral with glue";
    like lookup($named, "marathon.mesos", "SOA"), qr/ host\.marathon\.mesos/, "a zone where a framework's names lie";
    is lookup($named, "printer.marathon.mesos"), "NOERROR: A 192.0.2.9", "has its names";
    is lookup($named, "nothing.marathon.mesos"), "NXDOMAIN: (SOA marathon.mesos)", "and says what there is not";
    is scalar($named->query("mywebservice.marathon.mesos", "A")->answer), 5, "but hides no task";
    unlike lookup($named, "web.marathon.mesos"), qr/192\.0\.2\.9/, "nor takes the name of one";
    like $named->log, qr/name=web\.marathon\.mesos/, "which the log tells";
    $named->stop_ok;
    $sim->stop;
};

subtest "localZones" => sub {
    my $ten = zone("10.in-addr.arpa", $HEAD . "1.0.0 PTR gateway.example.\n");
    my $named = Named->start(config => { zones => [$ten] });
    is lookup($named, "1.0.0.10.in-addr.arpa", "PTR"), "NOERROR: PTR gateway.example.", "a file of our own goes before the empty zone";
    is lookup($named, "1.1.16.172.in-addr.arpa", "PTR"), "NXDOMAIN: (SOA 16.172.in-addr.arpa)", "the others are as ever";
    like $named->dig("-x", "127.0.0.1"), qr/PTR\s+localhost\./, "dig -x 127.0.0.1";
    like $named->dig("-x", "::1"),       qr/PTR\s+localhost\./, "dig -x ::1";
    like $named->dig("-x", "fe80::1"),   qr/status: NXDOMAIN.*flags: qr aa/s, "dig -x fe80::1";
    $named->stop_ok;
    $named = Named->start(config => { localZones => JSON::PP::false, externalon => JSON::PP::false });
    like $named->dig("-x", "127.0.0.1"), qr/status: REFUSED/, "localZones false: none of them";
    $named->stop_ok;
    $named = Named->start(config => { zoneResolvers => { "10.in-addr.arpa" => ["127.0.0.1:1"] }, externalon => JSON::PP::false });
    is lookup($named, "1.0.0.10.in-addr.arpa", "PTR"), "REFUSED: ", "zoneResolvers for one: it is not ours";
    like $named->dig("-x", "172.16.1.1"), qr/status: NXDOMAIN/, "the others are";
    $named->stop_ok;
};

done_testing;
