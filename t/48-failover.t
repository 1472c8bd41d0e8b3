# SPDX-License-Identifier: Apache-2.0
# Failovers, by polling: no name of a running task goes while a new master does not know of it yet, and a state that would
# take away much of the zone takes nothing away before the next one.
use strict;
use warnings;

use File::Temp qw(tempdir);
use HTTP::Tiny;
use JSON::PP;
use Test::More;

use Asker;
use MesosSim;
use Metrics;
use Named;
use NamedHttp;

plan skip_all => "mesos-sim was not built: libmicrohttpd is missing" unless MesosSim::program();

my $scratch = tempdir(CLEANUP => 1);
my $sim = MesosSim->new(masters => 2, args => [ "--agents", 6, "--tasks", 60 ]);
$sim->cmd("app-add", name => "web", n => 4, network => "host", ports => "http/tcp/80");
$sim->cmd("app-add", name => "doomed", n => 1, network => "host");
my $named = Named->start(config => NamedHttp::config(
    masters => [ map { $sim->hostport($_) } 1, 2 ], refreshSeconds => 1, stateTimeoutSeconds => 5, stateSource => "poll",
    IPSources => [ "netinfo", "host" ]), args => ["-v=1"]);
my $http = NamedHttp->new($named);
my @names = ("web.marathon.mesos", "_web._tcp.marathon.mesos", "marathon.mesos", "slave.mesos", "_http._web._tcp.marathon.mesos");

sub addresses {
    my ($name) = @_;
    my $reply = $named->query($name, "A") or return "lost";
    return join " ", $reply->header->rcode, sort map { $_->address } grep { $_->type eq "A" } $reply->answer;
}

sub expected {
    my %seen;
    return join " ", "NOERROR", sort grep { !$seen{$_}++ } map { $_->{agent_ip} } $sim->tasks($_[0]);
}

# Lets this many more polls pass.
sub polls {
    my ($n) = @_;
    my $before = $sim->counters->{states};
    return Named::wait_until(sub { $sim->counters->{states} >= $before + $n });
}

# What /v1/status and /metrics say of it: the first hash is of the status's `failover` and `guard`.
sub told {
    my ($wanted, $text) = @_;
    my (%got, %metric);
    my $seen = Named::wait_until(sub {
        my $status = $http->json("/v1/status");
        %got = (%{ $status->{failover} }, %{ $status->{guard} });
        my $metrics = Metrics->new($http->get("/metrics")->{content});
        %metric = (
            agents_awaited => $metrics->value("mesos_named_kept_elements", kind => "agent"),
            frameworks_awaited => $metrics->value("mesos_named_kept_elements", kind => "framework"),
            agents_back => $metrics->value("mesos_named_awaited_agents_total", result => "back"),
            agents_given_up => $metrics->value("mesos_named_awaited_agents_total", result => "given_up"),
            held => $metrics->value("mesos_named_guard_states_held_total"),
            confirmed => $metrics->value("mesos_named_guard_states_confirmed_total"),
            holding => $metrics->value("mesos_named_guard_holding"),
        );
        return !grep { $got{$_} != $wanted->{$_} || $metric{$_} != $wanted->{$_} } keys %$wanted;
    });
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok($seen, $text) or diag explain [ $wanted, \%got, \%metric ];
}

sub leads {
    my ($n) = @_;
    my $port = $sim->port($n);
    return Named::wait_until(sub {
        my $reply = $named->query("_leader._tcp.mesos", "SRV") or return;
        return grep { $_->type eq "SRV" && $_->port == $port } $reply->answer;
    });
}

ok Named::wait_until(sub { addresses("web.marathon.mesos") eq expected("web") }), "the cluster is served" or diag $named->log;
my ($all_web, $all_agents) = map { addresses($_) } "web.marathon.mesos", "slave.mesos";

# What happens under the eyes of a client; it was never told anything else than what is there all the time.
sub watched {
    my ($text, $code) = @_;
    subtest $text => sub {
        my $asker = Asker->start($named->{port}, @names);
        $code->();
        is addresses("web.marathon.mesos"), $all_web, "in the end all tasks are there";
        is addresses("slave.mesos"), $all_agents, "and all agents";
        my $got = $asker->end;
        Asker::only($got, $_, [], "$_ has never been away") for @names;
    };
}

watched "a new master whose agents come back" => sub {
    my $task = ($sim->tasks("doomed"))[0];
    $sim->cmd("leader", master => 2, recover => 0);
    ok leads(2), "the leader's records follow at once";
    ok $named->wait_log(qr/does not know all agents yet.* why=recovering agents=6 tasks=\d+ frameworks=[1-9]/), "the log says so";
    ok polls(2), "polls pass";
    told({ agents_awaited => 6, agents_back => 0, agents_given_up => 0 }, "status and metrics too");
    is addresses("web.marathon.mesos"), $all_web, "all tasks are there";
    is addresses("doomed.marathon.mesos"), "NOERROR $task->{agent_ip}", "one of them";
    $sim->cmd("recover", n => 2);
    ok polls(2), "two agents are back";
    is addresses("web.marathon.mesos"), $all_web, "all tasks are there";
    $sim->cmd("recover");
    ok $named->wait_log(qr/the master knows all agents again/), "all are back";
    told({ agents_awaited => 0, frameworks_awaited => 0, agents_back => 6, agents_given_up => 0 }, "and counted");
    $sim->cmd("kill", task => $task->{id});
    ok Named::wait_until(sub { addresses("doomed.marathon.mesos") eq "NXDOMAIN" }), "what ends then is gone";
};

watched "a new master that knows nothing at all at first" => sub {
    $sim->cmd("leader", master => 1, recover => 0, unready => 0);
    ok leads(1), "the leader's records follow";
    ok $named->wait_log(qr/does not know all agents yet.* why=no_agents agents=6/), "the log says so";
    ok polls(3), "polls pass";
    is addresses("web.marathon.mesos"), $all_web, "all tasks are there";
    $sim->cmd("ready");
    ok polls(2), "it has read its registry";
    is addresses("web.marathon.mesos"), $all_web, "all tasks are there";
    $sim->cmd("recover");
    polls(2);
};

watched "there and back before anybody has come back" => sub {
    for my $master (2, 1, 2) {
        $sim->cmd("leader", master => $master, recover => 0);
        ok leads($master), "master $master leads";
    }
    $sim->cmd("recover");
    polls(2);
};

# The state as it is, without the tasks of all agents but one; the framework is still there.
sub mutilated {
    my $state = decode_json(HTTP::Tiny->new->get($sim->url(2) . "/master/state")->{content});
    my $agent = $state->{slaves}[0]{id};
    $_->{tasks} = [ grep { $_->{slave_id} eq $agent } @{ $_->{tasks} } ] for @{ $state->{frameworks} };
    open my $out, ">", "$scratch/state.json" or die $!;
    print $out encode_json($state);
    close $out or die $!;
    return "$scratch/state.json";
}

sub count { my ($what) = @_; return scalar(() = $named->log =~ /$what/g) }

subtest "a state that lacks most of the zone, once" => sub {
    my $file = mutilated();
    my $got;
    for (1 .. 5) {    # until exactly one poll has seen it
        my ($held, $confirmed) = (count("would take away too much"), count("takes as much away"));
        my $asker = Asker->start($named->{port}, @names);
        $sim->cmd("state", file => $file);
        Named::wait_until(sub { count("would take away too much") > $held }) or last;
        $sim->cmd("state");
        polls(2);
        $got = $asker->end;
        last if count("takes as much away") == $confirmed;
        Named::wait_until(sub { addresses("web.marathon.mesos") eq $all_web });
    }
    like $named->log, qr/nothing goes until the next one confirms it records=\d+ going=\d+ allowed=50%/, "it is held back";
    like $named->log, qr/the next state takes less away/, "and the next one does not confirm it";
    is addresses("web.marathon.mesos"), $all_web, "all tasks are there";
    Asker::only($got, $_, [], "$_ has never been away") for @names;
};

subtest "and for good" => sub {
    my $before = count("takes as much away");
    $sim->cmd("state", file => mutilated());
    ok Named::wait_until(sub { count("takes as much away") > $before }), "the next one confirms it"
        or diag $named->log;
    ok Named::wait_until(sub { addresses("web.marathon.mesos") ne $all_web }), "and tasks are gone";
    told({ held => count("would take away too much"), confirmed => count("takes as much away"), holding => 0 }, "it is counted");
    $sim->cmd("state");
    ok Named::wait_until(sub { addresses("web.marathon.mesos") eq $all_web }), "until they are back";
};

$named->stop_ok;
is $sim->stop, 0, "the simulated cluster ends";
done_testing;
