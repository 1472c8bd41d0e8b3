# SPDX-License-Identifier: Apache-2.0
# Masters found through a real ZooKeeper: before it is there, with nodes of all kinds, rights, sessions that are ended
# from outside; while a client asks all the while, who loses no query and is never told that a running task is none.
use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time);

use Asker;
use Candidate qw(candidate info masters_are leads);
use MesosSim;
use Named;
use NamedHttp;
use ZooKeeper;

plan skip_all => "mesos-sim was not built: libmicrohttpd is missing" unless MesosSim::program();
my $missing = ZooKeeper::missing();
plan skip_all => $missing if $missing;

my $NAME = "mywebservice.marathon.mesos";
my @asked = ($NAME, "_mywebservice._tcp.marathon.mesos", "leader.mesos");
my $sim = MesosSim->new(masters => 3);
my $zk = ZooKeeper->start;

sub start_named {
    my ($servers, %config) = @_;
    my $wait = exists $config{wait} ? delete $config{wait} : 1;
    return Named->start(wait => $wait, args => ["-v=2"],
        config => NamedHttp::config(masters => undef, zk => "zk://$servers/mesos", refreshSeconds => 1, %config));
}

sub rcode { my ($named, $name) = @_; return $named->query($name, "A")->header->rcode }

# One test for each name: nobody was told anything else.
sub undisturbed {
    my ($got, @more) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    Asker::only($got, $_, [@more], "$_: nobody who asked noticed") for @asked;
}

subtest "before ZooKeeper, before a master" => sub {
    $zk->stop_member(1);
    my $named = start_named($zk->servers);
    my $asker = Asker->start($named->{port}, @asked);
    is rcode($named, "leader.mesos"), "SERVFAIL", "no ZooKeeper: nothing is known yet";
    ok $named->wait_log(qr/warning zookeeper: no member of the ensemble takes us .*Connection refused/), "the log says why";
    $zk->start_member(1);
    ok $named->wait_log(qr/info zookeeper: connected server=127\.0\.0\.1:/), "it comes";
    ok $named->wait_log(qr{warning zookeeper: the masters' path does not exist path=/mesos}), "without a path";
    my $session = $zk->session;
    $session->ok("create /mesos");
    ok $named->wait_log(qr/warning zookeeper: there is no leading master/), "there is one, but no master";
    is rcode($named, "leader.mesos"), "SERVFAIL", "still nothing";
    my $master = candidate($zk, $sim, 1);
    ok $named->wait_answer($NAME), "now there is" or diag $named->log;
    leads($named, $sim->port(1), "it leads");
    undisturbed($asker->end, "SERVFAIL");
    $named->stop_ok;
};

# The protocol buffer that a master before Mesos 0.24 left, on 127.0.0.1: id, ip, port.
sub old_info {
    my ($port) = @_;
    my @varint = (($port & 127) | 128, (($port >> 7) & 127) | 128, $port >> 14);
    return join "", map { sprintf "\\x%02x", $_ } 0x0a, 1, 0x69, 0x10, 0xff, 0x80, 0x80, 0x08, 0x18, @varint;
}

subtest "nodes of all kinds" => sub {
    my $session = $zk->session;
    my $junk = $zk->session;
    $junk->ok("register /mesos/json.info_ {\"address\":");
    my @sessions = (candidate($zk, $sim, 1));
    push @sessions, $zk->session;
    $sessions[1]{node} = $sessions[1]->ok("register /mesos/info_ " . old_info($sim->port(2)));
    push @sessions, candidate($zk, $sim, $_) for 3, 1;
    $session->ok("create /mesos/log_replicas");
    $session->ok("create /mesos/json.info_0000000000x nothing");
    my $named = start_named($zk->servers);
    ok $named->wait_answer($NAME), "it is up" or diag $named->log;
    my @ports = map { $sim->port($_) } 1 .. 3;
    masters_are($named, [@ports], "the masters in their order, each once, of JSON and protocol buffers");
    leads($named, $ports[0], "the first that is well-formed leads");
    like $named->log, qr/warning zookeeper: a master's node is malformed, it is left out node=json\.info_\d+ bytes=11$/m,
        "the one before it is told of";
    my $asker = Asker->start($named->{port}, @asked);
    my $fourth = candidate($zk, $sim, 2);
    $sessions[0]->close;    # its second node, the last but one, counts now
    $sim->cmd("leader", master => 2);
    masters_are($named, [ @ports[ 1, 2, 0 ] ], "one goes: the others stay in their order");
    leads($named, $ports[1], "and the next leads");
    $junk->close;
    $session->ok("set $sessions[2]{node} nonsense");
    masters_are($named, [ @ports[ 1, 0 ] ], "a node that becomes nonsense is one master less");
    undisturbed($asker->end);
    $sim->cmd("leader", master => 1);
    $named->stop_ok;
    $session->ok("delete /mesos/json.info_0000000000x");
};

subtest "a session is ended from outside" => sub {
    my $master = candidate($zk, $sim, 1);
    my $relay = $zk->relay(1);
    my $named = start_named($relay->servers);
    ok $named->wait_answer($NAME), "it is up" or diag $named->log;
    my $asker = Asker->start($named->{port}, @asked);
    for my $round (1 .. 3) {
        my $before = () = $named->log =~ /info zookeeper: connected/g;
        is $zk->session->try("expire " . join " ", $relay->session), "ok ", "its session is ended" or last;
        ok Named::wait_until(sub { (() = $named->log =~ /info zookeeper: connected/g) > $before }), "it makes another";
    }
    my $next = candidate($zk, $sim, 2);
    masters_are($named, [ $sim->port(1), $sim->port(2) ], "and follows the masters with it");
    undisturbed($asker->end);
    $named->stop_ok;
};

subtest "rights" => sub {
    my $owner = $zk->session(auth => "mesos:open sesame");
    $owner->ok("create /guarded");
    $owner->ok("protect /guarded");
    my $node = $owner->ok("register /guarded/json.info_ " . info($sim->port(1)));
    my $server = $zk->servers;

    my $named = start_named($server, zk => "zk://mesos:open sesame\@$server/guarded");
    ok $named->wait_answer($NAME), "who has them finds the leader" or diag $named->log;
    my $http = NamedHttp->new($named);
    my $known = $http->json("/v1/status")->{zookeeper};
    is_deeply [ @{$known}{qw(state server error masters timed_out)}, $known->{leader}{port} ],
        [ "leader", $server, "", 1, JSON::PP::false, $sim->port(1) ], "/v1/status has it" or diag explain $known;
    like $http->get("/metrics")->{content}, qr/^mesos_named_zookeeper_state\{state="leader"\} 1$/m, "metrics too";
    unlike join("", $named->log, map { $http->get($_)->{content} } qw(/v1/config /v1/status /metrics)), qr/sesame/,
        "the password is nowhere";
    $named->stop_ok;

    my @wrong = ("mesos:wrong sesame@", "");
    for my $who (@wrong) {
        $named = start_named($server, zk => "zk://$who$server/guarded", zkDetectionTimeout => 1);
        ok $named->wait_log(qr{warning zookeeper: the masters' path cannot be read path=/guarded}), "who has not is told so";
        is rcode($named, $NAME), "SERVFAIL", "and knows nothing";
        ok $named->wait_log(qr/warning zookeeper: no leading master for 1 s path=\S+ state=refused/), "which is reported";
        my $ready = sub { my $got = NamedHttp->new($named)->get("/readyz"); return "$got->{status} $got->{content}" };
        ok Named::wait_until(sub { $ready->() =~ /^503 .*"zk_timeout"/s }), "by /readyz too";
        if ($who eq $wrong[-1]) {
            $owner->ok("open /guarded");
            ok $named->wait_answer($NAME), "until he gets them" or diag $named->log;
            like $named->log, qr/info zookeeper: there is a leading master again/, "which is reported too";
            ok Named::wait_until(sub { $ready->() =~ /^200 / }), "and by /readyz";
        }
        unlike $named->log, qr/sesame/, "the password is not in the log";
        $named->stop_ok;
    }

    $owner->ok("protect /guarded");
    $named = start_named($server, zk => "zk://$server/guarded", masters => [ $sim->hostport(1) ]);
    ok $named->wait_answer($NAME), "masters is good without";
    $named->stop_ok;
    $owner->ok("open /guarded");
    $owner->ok("protect $node");
    $named = start_named($server, zk => "zk://$server/guarded");
    ok $named->wait_log(qr/warning zookeeper: a master's node cannot be read node=\S+ reason=refused/), "a node alone, likewise";
    $owner->ok("open $node");
    ok $named->wait_answer($NAME), "until it is open";
    $named->stop_ok;
};

subtest "no leader for too long" => sub {
    my $dead = "127.0.0.1:" . Named::free_port();
    my $named = start_named($dead, zkDetectionTimeout => 1, exitOnZkTimeout => JSON::PP::true, wait => 0);
    ok Named::wait_until(sub { $named->ended }), "with exitOnZkTimeout it ends";
    is $named->{status}, 1 << 8, "with status 1";
    like $named->log, qr/error mesos: the program ends: no leading master was found in zkDetectionTimeout/, "and says why";

    $named = start_named($dead, zkDetectionTimeout => 1);
    ok $named->wait_log(qr/no leading master for 1 s path=\S+ state=connecting error="\S.*"/), "without, it is reported";
    is rcode($named, $NAME), "SERVFAIL", "and the server answers";
    $named->stop_ok;

    for my $source (qw(poll auto)) {    # polls are seldom, and of a stream only heartbeats come
        $named = start_named($dead, zkDetectionTimeout => 1, exitOnZkTimeout => JSON::PP::true, stateSource => $source,
            refreshSeconds => 60, masters => [ $sim->hostport(1) ]);
        ok $named->wait_answer($NAME), "with masters, $source";
        my $began = time;
        ok Named::wait_until(sub { time > $began + 3 }), "and time";
        unlike $named->log, qr/no leading master/, "there is a leader, whatever ZooKeeper does";
        last if $source eq "auto";
        $named->stop_ok;
    }
    $sim->cmd("fault", kind => "refuse");
    ok Named::wait_until(sub { $named->ended }), "until there is none";
    is $named->{status}, 1 << 8, "status 1";
    $sim->cmd("clear");
};

subtest "--dump-zone" => sub {
    my $master = candidate($zk, $sim, 1);
    my $named = start_named($zk->servers);
    $named->stop_ok;
    my ($status, $zone, $words) = Named->run("--dump-zone", "-config=$named->{config}");
    is $status, 0, "through ZooKeeper" or diag $words;
    like $zone, qr/^mywebservice\.marathon\.mesos\.\s/m, "it has the zone";
    Named::write_config($named->{config}, { zk => "zk://127.0.0.1:1/mesos", zkDetectionTimeout => 1, httpon => JSON::PP::false });
    ($status, $zone, $words) = Named->run("--dump-zone", "-config=$named->{config}");
    is $status, 1, "without one it ends after a while";
    like $words, qr/error mesos: no master gave its state/, "and says so";
};

is $sim->stop, 0, "the cluster ends";
done_testing;
