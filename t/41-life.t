# SPDX-License-Identifier: Apache-2.0
# DNS follows the cluster: from before there is a master to after its end, with everything that happens in between, and
# clients that ask all the while.
use strict;
use warnings;

use Net::DNS;
use Test::More;
use Time::HiRes qw(time sleep);

use Asker;
use MesosSim;
use Named;

plan skip_all => "mesos-sim was not built: libmicrohttpd is missing" unless MesosSim::program();

my $POLLS = 3;    # that a change may need: one can be under way when it happens, one pass while the test looks away

sub start {
    my ($sim, %config) = @_;
    my @masters = map { $sim->hostport($_) } 1 .. @{ $sim->{masters} };
    return Named->start(
        config => { masters => \@masters, stateSource => "poll", refreshSeconds => 1, stateTimeoutSeconds => 1,
            IPSources => ["netinfo"], %config });
}

# "RCODE address address ..." of a name, sorted.
sub lookup {
    my ($named, $name, $type) = @_;
    my $reply = $named->query($name, $type || "A") or return "none";
    my @addresses = map { $_->address } grep { $_->type =~ /^A/ } $reply->answer;
    return join " ", $reply->header->rcode, sort @addresses;
}

# What a name of these tasks should give.
sub expected {
    my @addresses = sort map { grep { !/:/ } @{ $_->{ips} } } grep { $_->{state} eq "TASK_RUNNING" } @_;
    return @addresses ? join " ", "NOERROR", @addresses : "NXDOMAIN";
}

sub serial { return ($_[0]->query("mesos", "SOA")->answer)[0]->serial }

# One test: from now on few polls pass until the name gives this.
sub becomes {
    my ($named, $sim, $name, $wanted, $text) = @_;
    my $before = $sim->counters->{states};
    my $got;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok(Named::wait_until(sub { ($got = lookup($named, $name)) eq $wanted }), $text)
        or return diag "$name gives $got, not $wanted\n" . $named->log;
    my $polls = $sim->counters->{states} - $before;
    ok $polls <= $POLLS, "within a poll" or diag "$polls polls";
}

# Lets this many more polls pass.
sub polls {
    my ($sim, $n) = @_;
    my $before = $sim->counters->{states};
    return Named::wait_until(sub { $sim->counters->{states} >= $before + $n });
}

subtest "before and after a master" => sub {
    my $port = Named::free_port();
    my $named = Named->start(config => { masters => ["127.0.0.1:$port"], refreshSeconds => 1, IPSources => ["netinfo"] });
    my $asker = Asker->start($named->{port}, "early.marathon.mesos", "_early._tcp.marathon.mesos");

    for my $name ("early.marathon.mesos", "leader.mesos", "nothing.mesos", "mesos", "ns1.mesos", "_a._tcp.b.mesos") {
        is $named->query($name, $_)->header->rcode, "SERVFAIL", "$name $_: not yet" for qw(A SOA SRV);
    }
    is $named->query("leader.mesos", "A", tcp => 1)->header->rcode, "SERVFAIL", "over TCP as well";
    is lookup($named, "localhost"), "NOERROR 127.0.0.1", "zones that need no master are there";
    is lookup($named, "example.com"), "REFUSED", "and others are refused";
    ok $named->wait_log(qr/no state from this master host=127\.0\.0\.1 port=$port reason=connect/), "the log says why";

    my $sim = MesosSim->new(listen => "127.0.0.1:$port");
    $sim->cmd("app-add", name => "early", n => 2, network => "bridge");
    ok Named::wait_until(sub { lookup($named, "early.marathon.mesos") eq expected($sim->tasks("early")) }),
        "then there is one" or diag $named->log;
    my $serial = serial($named);
    $sim->stop;
    ok $named->wait_log(qr/state received.*no master gave its state rounds=(?!1 )/s), "it goes";
    like lookup($named, "early.marathon.mesos"), qr/^NOERROR( [\d.]+){2}$/, "its tasks stay";
    is serial($named), $serial, "and so does the serial";

    $sim = MesosSim->new(listen => "127.0.0.1:$port", args => [ "--seed", 99 ]);
    ok Named::wait_until(sub { lookup($named, "early.marathon.mesos") eq "NXDOMAIN" }), "a master with another cluster";
    my $got = $asker->end;
    for my $name ("early.marathon.mesos", "_early._tcp.marathon.mesos") {
        Asker::only($got, $name, [qw(NXDOMAIN SERVFAIL)], "$name: whoever asked meanwhile was not told more");
    }
    $named->stop_ok;
    $sim->stop;
};

subtest "what happens to tasks" => sub {
    my $sim = MesosSim->new;
    $sim->cmd("app-add", name => "app",    n => 3, network => "overlay", check => "http");
    $sim->cmd("app-add", name => "steady", n => 4, network => "overlay");
    $sim->cmd("app-add", name => "mover",  n => 1, network => "overlay");
    my $named = start($sim);
    my $name = "app.marathon.mesos";
    my $follows = sub {
        local $Test::Builder::Level = $Test::Builder::Level + 1;
        becomes($named, $sim, $name, expected($sim->tasks("app")), $_[0]);
    };

    $follows->("the app is there");
    my @asked = ("steady.marathon.mesos", "_steady._tcp.marathon.mesos", "mover.marathon.mesos", "_mover._tcp.marathon.mesos");
    my $asker = Asker->start($named->{port}, @asked);
    my $serial = serial($named);
    polls($sim, 2);
    is serial($named), $serial, "nothing changes: the serial stays";

    my @steps = (
        [ "more tasks",           "scale", app => "app", n => 7 ],
        [ "fewer",                "scale", app => "app", n => 2 ],
        [ "none",                 "scale", app => "app", n => 0 ],
        [ "some again",           "scale", app => "app", n => 3 ],
        [ "one killed",           "kill",  app => "app" ],
        [ "one moved",            "move",  app => "app" ],
        [ "one being killed",     "task-state", app => "app", state => "TASK_KILLING" ],
        [ "all failed",           "task-state", app => "app", all => "yes", state => "TASK_FAILED" ],
        [ "some once more",       "scale", app => "app", n => 5 ],
    );
    for my $step (@steps) {
        my ($text, @command) = @$step;
        $sim->cmd(@command);
        $sim->cmd("move", app => "mover");
        $follows->($text);
        my $now = serial($named);
        ok $now > $serial, "the serial has grown";
        $serial = $now;
    }
    is scalar($named->query("_app._tcp.marathon.mesos", "SRV")->answer), 5, "SRV records follow as well";

    my @tasks = grep { $_->{state} eq "TASK_RUNNING" } $sim->tasks("app");
    is lookup($named, canonical($named, $tasks[0])), "NOERROR $tasks[0]{ips}[0]", "each task has its own name";
    $sim->cmd("health", task => $tasks[0]{id}, healthy => "false");
    becomes($named, $sim, $name, expected(@tasks[ 1 .. 4 ]), "a sick one leaves the shared name");
    is scalar($named->query("_app._tcp.marathon.mesos", "SRV")->answer), 4, "its SRV likewise";
    is lookup($named, canonical($named, $tasks[0])), "NOERROR $tasks[0]{ips}[0]", "but keeps its own";
    $sim->cmd("health", app => "app", all => "yes", healthy => "false");
    becomes($named, $sim, $name, expected(@tasks), "all sick: all stay");
    $sim->cmd("health", task => $tasks[4]{id}, healthy => "true");
    becomes($named, $sim, $name, expected($tasks[4]), "one well: the others go");
    $sim->cmd("health", app => "app", all => "yes", healthy => "none");
    becomes($named, $sim, $name, expected(@tasks), "nothing known: all are well");

    my $got = $asker->end;
    for my $name (@asked) {
        Asker::only($got, $name, [], "$name: nobody lost it");
    }
    ok $got->{slowest} < 1, "nobody waited";
    $named->stop_ok;
    $sim->stop;
};

# The canonical name of a task, by its address: found among the targets of its app's SRV records.
sub canonical {
    my ($named, $task) = @_;
    my $app = $task->{name};
    for my $target (map { $_->target } $named->query("_$app._tcp.marathon.mesos", "SRV", tcp => 1)->answer) {
        $named->{targets}{ $_->address } = $target for $named->query($target, "A")->answer;
    }
    return $named->{targets}{ $task->{ips}[0] } || "unknown.mesos";
}

subtest "what happens to agents and frameworks" => sub {
    my $sim = MesosSim->new(args => [ "--agents", 3 ]);
    $sim->cmd("app-add", name => "app", n => 6, network => "overlay");
    my $named = start($sim);
    my $name = "app.marathon.mesos";
    my @all = $sim->tasks("app");
    my $agent = $all[0]{agent};
    my @others = grep { $_->{agent} ne $agent } @all;
    my $is = sub { my $text = pop; local $Test::Builder::Level = $Test::Builder::Level + 1; becomes($named, $sim, $name, expected(@_), $text) };

    $is->(@all, "six tasks on three agents");
    $sim->cmd("agent-deactivate", agent => $agent);
    polls($sim, 2);
    $is->(@all, "an agent is away for a moment: its tasks stay");
    is scalar($named->query("slave.mesos", "A")->answer), 3, "and so does it";
    $sim->cmd("agent-unreachable", agent => $agent);
    $is->(@others, "the agent is lost: its tasks go");
    is scalar($named->query("slave.mesos", "A")->answer), 2, "and so does it";
    $sim->cmd("agent-return", agent => $agent);
    $is->(@all, "it is back, and so are they");
    $sim->cmd("agent-remove", agent => $agent);
    $is->(@others, "it is removed for good");
    $sim->cmd("agent-add");
    ok Named::wait_until(sub { $named->query("slave.mesos", "A")->answer == 3 }), "a new one comes";

    $sim->cmd("framework-disconnect", framework => "marathon");
    polls($sim, 2);
    $is->(@others, "the scheduler is gone, its tasks run on");
    like lookup($named, "marathon.mesos"), qr/^NOERROR [\d.]+$/, "its own name too";
    $sim->cmd("framework-remove", framework => "marathon");
    $is->("the framework is torn down");
    is lookup($named, "marathon.mesos"), "NXDOMAIN", "with its name";
    is lookup($named, "_tcp.marathon.mesos"), "NXDOMAIN", "and all below it";
    like lookup($named, "leader.mesos"), qr/^NOERROR/, "others are as they were";
    $sim->cmd("framework-add", name => "New.Framework!", pid => "10.9.8.7:1234");
    becomes($named, $sim, "new.framework.mesos", "NOERROR 10.9.8.7", "a new one");
    my ($srv) = $named->query("_framework._tcp.new.framework.mesos", "SRV")->answer;
    is $srv && $srv->port, 1234, "with its port";
    is lookup($named, "framework.mesos"), "NOERROR", "and the name that it lies below";
    $named->stop_ok;
    $sim->stop;
};

subtest "two masters" => sub {
    my $sim = MesosSim->new(masters => 2);
    $sim->cmd("app-add", name => "app", n => 2, network => "overlay");
    my $named = start($sim, masters => [ $sim->hostport(1) ]);
    my $asker = Asker->start($named->{port}, "app.marathon.mesos");
    becomes($named, $sim, "app.marathon.mesos", expected($sim->tasks("app")), "the first one leads");

    $sim->cmd("leader", master => 2);
    my $port = $sim->port(2);
    my $leads = sub { my ($srv) = $named->query("_leader._tcp.mesos", "SRV")->answer; return $srv && $srv->port == $_[0] };
    ok Named::wait_until(sub { $leads->($port) }), "now the second, which is not configured";
    $sim->cmd("fault", kind => "refuse", master => 1);
    $sim->cmd("scale", app => "app", n => 4);
    becomes($named, $sim, "app.marathon.mesos", expected($sim->tasks("app")), "and is asked though the first is dead");
    is scalar($named->query("_master._tcp.mesos", "SRV")->answer), 2, "it counts as a master";
    $sim->cmd("clear");
    $sim->cmd("leader", master => 1);
    $sim->cmd("fault", kind => "refuse", master => 2);
    ok Named::wait_until(sub { $leads->($sim->port(1)) }), "the other way round" or diag $named->log;

    $sim->cmd("clear");
    my @kinds = ([qw(kind hang)], [qw(kind reset)], [qw(kind slow rate 100)], [qw(kind cut after 2000)],
        [qw(kind stall after 2000)], [qw(kind garbage)], [qw(kind truncate)], [qw(kind 500)], [qw(kind 503)], [qw(kind 404)],
        [qw(kind redirect to http://127.0.0.1:1/)], [qw(kind loop)], [ qw(kind standby to), $sim->hostport(2) ]);
    $sim->cmd("fault", @$_, n => 1) for @kinds;
    $sim->cmd("scale", app => "app", n => 6);
    my $wanted = expected($sim->tasks("app"));
    ok Named::wait_until(sub { !@{ $sim->counters->{faults_left} } }, 60), "every fault there is, in a row" or diag $named->log;
    ok Named::wait_until(sub { lookup($named, "app.marathon.mesos") eq $wanted }), "and the zone follows" or diag $named->log;
    my $got = $asker->end;
    Asker::only($got, "app.marathon.mesos", ["SERVFAIL"], "nobody who asked noticed");    # but before the first state
    ok $got->{"app.marathon.mesos"}{NOERROR} > 100, "and they were many";
    ok $got->{slowest} < 1, "nobody waited" or diag $got->{slowest};
    $named->stop_ok;
    $sim->stop;
};

subtest "masters of other kinds" => sub {
    my $sim = MesosSim->new;
    my $named = start($sim, masters => [ "localhost:" . $sim->port ]);
    ok $named->wait_answer("leader.mesos", "A"), "one by its name";
    is lookup($named, "master0.mesos"), "NOERROR 127.0.0.1", "its address";
    is lookup($named, "master1.mesos"), "NXDOMAIN", "the leader is no other one";
    $named->stop_ok;
    $sim->stop;
SKIP: {
        $sim = eval { MesosSim->new(listen => "[::1]:0") } or skip "no IPv6 here", 4;
        $named = start($sim);
        ok $named->wait_answer("leader.mesos", "AAAA"), "one on IPv6";
        is lookup($named, "leader.mesos"), "NOERROR", "it has no other address";
        my $reply = $named->query("_leader._tcp.mesos", "SRV");
        is_deeply [ map({ $_->port } $reply->answer), map { $_->type } $reply->additional ], [ $sim->port, "AAAA" ], "its SRV";
        $named->stop_ok;
        $sim->stop;
    }
};

subtest "restart" => sub {
    my $sim = MesosSim->new;
    my $named = start($sim);
    ok $named->wait_answer("leader.mesos"), "it runs";
    for my $round (1 .. 3) {
        my $serial = serial($named);
        $named->stop_ok;
        $named->launch;
        ok $named->wait_answer("leader.mesos"), "again";
        ok serial($named) >= $serial, "its serial does not go back";
    }
    $named->signal("KILL");
    Named::wait_until(sub { $named->ended });
    $named->launch;
    ok $named->wait_answer("leader.mesos"), "after SIGKILL the ports are free at once";
    $named->stop_ok;
    $sim->stop;
};

# A name server that knows one name, in a process of its own.
sub name_server {
    my ($name, $address) = @_;
    my $socket = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => 0, Proto => "udp") or die;
    my $pid = fork // die;
    return ($pid, $socket->sockport) if $pid;
    while (my $peer = $socket->recv(my $bytes, 4096)) {
        my $query = Net::DNS::Packet->new(\$bytes) or next;
        my ($question) = $query->question;
        my $reply = $query->reply;
        $reply->header->rcode(lc $question->qname eq $name ? "NOERROR" : "NXDOMAIN");
        $reply->push(answer => Net::DNS::RR->new("$name 1 A $address"))
            if $question->qtype eq "A" && lc $question->qname eq $name;
        $socket->send($reply->data, 0, $peer);
    }
    POSIX::_exit(0);
}

subtest "hosts that are names" => sub {
    my $sim = MesosSim->new;
    my ($pid, $port) = name_server("sched.example", "192.0.2.77");
    my $named = start($sim, resolvers => ["127.0.0.1:$port"]);
    ok $named->wait_answer("leader.mesos"), "the zone is there";
    is lookup($named, "marathon-user.mesos"), "NOERROR 192.0.2.77", "with the address of a scheduler's host name";
    kill KILL => $pid;
    waitpid $pid, 0;
    $sim->cmd("app-add", name => "app", n => 1, network => "overlay");
    becomes($named, $sim, "app.marathon.mesos", expected($sim->tasks("app")), "the name server dies: the zone follows");
    is lookup($named, "marathon-user.mesos"), "NOERROR 192.0.2.77", "and the last address stays";
    $named->stop_ok;

    my $silent = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => 0, Proto => "udp");
    my $began = time;
    $named = start($sim, resolvers => [ "127.0.0.1:" . $silent->sockport ]);
    ok $named->wait_answer("leader.mesos"), "a name server that is silent";
    ok time - $began < 10, "keeps nobody waiting for long" or diag time - $began;
    is lookup($named, "app.marathon.mesos"), expected($sim->tasks("app")), "the tasks are there";
    is lookup($named, "marathon-user.mesos"), "NOERROR", "what it is asked for is not";
    $named->stop_ok;
    $sim->stop;
};

done_testing;
