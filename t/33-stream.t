# SPDX-License-Identifier: Apache-2.0
# The daemon and the event stream of a simulated master: whatever the stream says, and however it fails, the zone is in the
# end the one that a rebuild from the master's state gives, and until then no name of a task that runs is gone. The
# master is asked for its whole state once a connection. The other ways in which a stream ends are in t/49-stream.t.
use strict;
use warnings;

use Test::More;

use Asker;
use MesosSim;
use Named;
use NamedHttp;
use Rebuilt qw(built difference same served state_of);

plan skip_all => "mesos-sim was not built: libmicrohttpd is missing" unless MesosSim::program();

my $data = "$ENV{MN_SRCDIR}/t/data";
my $sim = MesosSim->new(masters => 2, args => [ "--agents", 12, "--tasks", 120, "--heartbeat", 200 ]);
$sim->cmd("app-add", name => "web", n => 4, network => "overlay", check => "http", ports => "http/tcp/80");

sub start {
    my (%keys) = @_;
    return Named->start(config => NamedHttp::config(masters => [ $sim->hostport(1), $sim->hostport(2) ], stateTimeoutSeconds => 5, %keys),
        args => ["-v=1"]);
}

subtest "a stream is enough" => sub {
    my $named = start(refreshSeconds => 3600, stateSource => "auto");
    my $http = NamedHttp->new($named);
    my $before = $sim->counters;
    $named->wait_answer("web.marathon.mesos", "A");
    same($named, $http, state_of($sim, 1), "the snapshot");
    $before = $sim->counters;
    is($before->{subscribers}, 1, "it follows the events");
    $sim->cmd("churn", n => 300, seed => 11);
    $sim->cmd("agent-unreachable", agent => 3);
    $sim->cmd("agent-remove", agent => 4);
    $sim->cmd("agent-add", n => 2);
    $sim->cmd("framework-remove", framework => "hdfs");
    $sim->cmd("agent-return", agent => 3);
    $sim->cmd("task-state", app => "web", state => "TASK_KILLING");
    $sim->cmd("scale", app => "web", n => 6);
    my $state = $sim->call({ type => "GET_STATE" });
    ok($state->{success}, "the changes are made");
    my $after = $sim->counters;
    is($after->{whole_states}, $before->{whole_states}, "and nobody asked for the whole state");
    same($named, $http, state_of($sim, 1), "the events lead to the same zone");
    is($sim->counters->{snapshots}, $before->{snapshots}, "of one stream");
    $named->stop_ok;
};

# What happened on real masters; the moment of each document is after so many records.
subtest "recordings" => sub {
    my @moments = (
        [ "A01-running", 35, [] ],
        [ "A03-marathon", 66, [ chunks => "byte" ] ],
        [ "A05-framework-disconnected", 73, [ chunks => "random" ] ],
        [ "A08-agent-unreachable", 97, [ chunks => "record" ], cut => 50, middle => "yes", n => 1 ],
    );
    my @play = (file => "$data/stream/mesos-1.12.0-real-A.recordio");
    # These say nothing of the recorded cluster.
    $sim->cmd("fault", kind => "404", path => $_) for "/master/state-summary", "/state-summary", "/master/state", "/state";
    $sim->cmd("play", @play, first => 2);
    my $named = start(stateSource => "stream", massRemovalGuard => 0);
    my $http = NamedHttp->new($named);
    for (@moments) {
        my ($moment, $records, $stream, @cut) = @$_;
        my $state = Named::slurp("$data/state/mesos-1.12.0-real-$moment.json");
        my $port = $sim->port;
        $state =~ s/("leader":\s*"master\@127\.0\.0\.1:)\d+"/$1$port"/;
        my $wanted = built($named, $state);
        my $snapshots = $sim->counters->{snapshots};
        $sim->cmd("stream", @$stream);
        $sim->cmd("play", @play, first => $records, @cut);
        $sim->cmd("stream-end", how => "eof");
        my $is = "";
        Named::wait_until(sub {
            my $c = $sim->counters;
            return $c->{snapshots} >= $snapshots + (@cut ? 2 : 1) && !$c->{queued_bytes}
                && !length($is = difference(served($http), $wanted));
        });
        is($is, "", "$moment: @$stream @cut");
        cmp_ok(scalar(keys %$wanted), ">", 10, "$moment: which is something");
    }
    $sim->cmd("play");
    $sim->cmd("clear");
    $named->stop_ok;
};

my @names = ("web.marathon.mesos", "_web._tcp.marathon.mesos", "leader.mesos", "slave.mesos");
my $seed = $ENV{MN_SEED} || time;
my $named = start(refreshSeconds => 1, stateSource => "stream");
my $http = NamedHttp->new($named);
$named->wait_answer("web.marathon.mesos", "A");
my $asker = Asker->start($named->{port}, @names);

# A fault, and a change that comes after it, so that a stream that is deaf is found out.
sub survives {
    my ($name, $fault, $end) = @_;
    subtest $name => sub {
        $fault->();
        $sim->cmd("churn", n => 10, seed => ++$seed);
        $end->() if $end;
        ok(Named::wait_until(sub { !@{ $sim->counters->{faults_left} } }), "it has met the fault");
        same($named, $http, state_of($sim, $sim->counters->{leader}), "it follows again");
        is($named->ended, 0, "and lives");
    };
}

# Until another stream has begun since `since`.
sub another { my ($since) = @_; return Named::wait_until(sub { $sim->counters->{snapshots} > $since }) }

sub odd { my ($kind, @more) = @_; return $sim->cmd("stream-send", kind => $kind, @more) }

my $since;
survives("heartbeats stop", sub { $since = $sim->counters->{snapshots}; $sim->cmd("stream", beating => "no") },
    sub { another($since); $sim->cmd("clear") });
survives("the master stops", sub {
    $sim->cmd("stream", silent => "yes", master => 1);
    $sim->cmd("fault", kind => "hang", n => 3);
}, sub { Named::wait_until(sub { $sim->counters->{subscribers} == 0 }); $sim->cmd("clear") });
survives("in the stream: $_", sub { odd($_) }) for qw(malformed unknown);
survives("records that are no events", sub {
    odd("record", text => $_)
        for "[]", "7", "{}", '{"type":7}', '{"type":"TASK_UPDATED"}', '{"type":"TASK_ADDED","task_added":{"task":{}}}',
        '{"type":"AGENT_REMOVED","agent_removed":{"agent_id":{"value":"nobody"}}}', '{"type":"TASK_UPDATED","task_updated":[]}';
    odd("raw", text => "0\n");
});
survives("odd ones of a task", sub { odd($_, app => "web", size => 2_000_000) for qw(fields updated added huge contradiction) });
for my $kind (qw(truncate garbage reset)) {
    survives("a request is refused: $kind", sub {
        $sim->cmd("fault", kind => $kind, path => "/api/v1", n => 2, after => 3000);
        $sim->cmd("stream-end", how => "eof");
    });
}
survives("a scheduler that fails over to another place", sub {
    $sim->cmd("framework-disconnect", framework => "marathon");
    $sim->cmd("framework-connect", framework => "marathon", pid => "10.0.0.77:15101", hostname => "10.0.0.77");
});
survives("a slow stream", sub {
    $sim->cmd("fault", kind => "slow", path => "/api/v1", n => 1, rate => 1_500_000);
    $sim->cmd("stream-end", how => "eof");
});
survives("a new leader that has to recover, and its agents one by one", sub {
    $since = $sim->counters->{snapshots};
    $sim->cmd("leader", master => 2, recover => 0, unready => 3);
    another($since);
    $sim->cmd("pulse", agents => 20);
    Named::wait_until(sub { state_of($sim, 2) !~ /"recovered":true/ });
});
survives("an old leader that speaks on", sub {
    $since = $sim->counters->{snapshots};
    $sim->cmd("stream", silent => "yes", master => 2);
    $sim->cmd("leader", master => 1, keep => "yes");
    $sim->cmd("kill", app => "app.group");
    another($since);
    $sim->cmd("clear");
    odd("added", app => "web", master => 2);
    $sim->cmd("stream-end", how => "eof", master => 2);
});

my $got = $asker->end;
Asker::only($got, $_, [], "$_ has never been away") for @names;

# Changes at random, faults at random.
subtest "a long time, seed $seed" => sub {
    srand $seed;
    my @faults = (
        [ "stream-end", how => "eof" ], [ "stream-end", how => "middle" ], [ "stream-end", how => "last" ], [ "stream-send", kind => "malformed" ],
        [ "stream-send", kind => "unknown" ], [ "fault", kind => "503", path => "/api/v1", n => 1 ], [ "stream", chunks => "random" ],
        [ "stream", chunks => "buffer" ], [ "agent-add" ], [ "burst", n => 100 ], [ "framework-add", name => "soak", pid => "10.0.0.9:1" ],
        [ "framework-remove", framework => "soak" ], [ "framework-connect", framework => "chronos-2.4.0", pid => "10.0.0.66:15101" ],
    );
    for my $round (1 .. $ENV{MN_ROUNDS} || 5) {
        $sim->cmd("pulse", changes => 200, seed => int rand 1e9);
        for (1 .. 4) {
            my $agent = int rand 12;
            $sim->try_cmd(POST => @{ $faults[ rand @faults ] });
            $sim->try_cmd(POST => rand() < 0.5 ? "agent-unreachable" : "agent-return", agent => $agent);
            my $events = $sim->counters->{events};
            Named::wait_until(sub { $sim->counters->{events} > $events + 50 });
        }
        $sim->cmd("pulse");
        $sim->try_cmd(POST => "agent-return", agent => $_) for 0 .. 11;
        same($named, $http, state_of($sim, 1), "round $round") or last;
    }
};

$named->stop_ok;
is($sim->stop, 0, "the simulated cluster ends cleanly");
done_testing;
