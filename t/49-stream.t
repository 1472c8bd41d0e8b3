# SPDX-License-Identifier: Apache-2.0
# Following a master's event stream: what happens in the cluster shows in DNS without a poll, the state is asked for once
# per connection, and however a stream ends, running tasks have their names all the while.
use strict;
use warnings;

use Asker;
use Certificates;
use JSON::PP;
use MesosSim;
use Named;
use NamedHttp;
use Rebuilt qw(same state_of);
use Test::More;

plan skip_all => "mesos-sim was not built: libmicrohttpd is missing" unless MesosSim::program();

my $APP = "stream.marathon.mesos";

# Nothing here is due to polls: the next one would be in an hour.
sub start {
    my ($sim, %config) = @_;
    my @masters = map { $sim->hostport($_) } 1 .. @{ $sim->{masters} };
    return Named->start(config => { masters => \@masters, refreshSeconds => 3600, IPSources => ["netinfo"], %config });
}

sub cluster {
    my (%opt) = @_;
    my $sim = MesosSim->new(%opt);
    $sim->cmd("app-add", name => "stream", n => 3, network => "bridge");
    return $sim;
}

# The addresses of a name, sorted, as text; or what there is instead.
sub addresses {
    my ($named, $name) = @_;
    my $reply = $named->probe($name, "A") or return "lost";
    my @addresses = sort map { $_->type eq "A" ? $_->address : () } $reply->answer;
    return @addresses ? "@addresses" : $reply->header->rcode;
}

sub expected {
    my ($sim, $name) = @_;
    return join " ", sort map { @{ $_->{ips} } } grep { $_->{state} eq "TASK_RUNNING" } $sim->tasks($name // "stream");
}

# Until the zone says what the cluster is.
sub follows {
    my ($named, $sim, $text) = @_;
    my $wanted = expected($sim);
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok Named::wait_until(sub { addresses($named, $APP) eq $wanted }), $text or diag "not $wanted\n" . $named->log;
}

# Until it does not.
sub gives {
    my ($named, $name, $wanted, $text) = @_;
    my $got;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok Named::wait_until(sub { ($got = addresses($named, $name)) eq $wanted }), $text
        or diag "$name gives $got, not $wanted\n" . $named->log;
}

subtest "what happens shows" => sub {
    my $sim = cluster(masters => 2);
    my $named = start($sim, masters => [ $sim->hostport(2) ]);    # a standby alone is known

    follows($named, $sim, "the snapshot");
    $sim->cmd("scale", app => "stream", n => 5);
    follows($named, $sim, "tasks start");
    $sim->cmd("kill", app => "stream");
    follows($named, $sim, "a task dies");
    my ($task) = $sim->tasks("stream");
    $sim->cmd("health", task => $task->{id}, healthy => "false");
    my $others = join " ", sort map { @{ $_->{ips} } }
        grep { $_->{state} eq "TASK_RUNNING" && $_->{id} ne $task->{id} } $sim->tasks("stream");
    gives($named, $APP, $others, "a task gets unwell");
    $sim->cmd("health", task => $task->{id}, healthy => "true");
    follows($named, $sim, "and well again");
    $sim->cmd("task-state", task => $task->{id}, state => "TASK_KILLING");
    gives($named, $APP, $others, "a task is about to die");
    $sim->cmd("app-add", name => "later", n => 2, framework => "marathon");
    gives($named, "later.marathon.mesos", expected($sim, "later"), "an app comes");
    $sim->cmd("framework-add", name => "newcomer", pid => "127.0.0.77:4711");
    gives($named, "newcomer.mesos", "127.0.0.77", "a scheduler comes: its address is not in the stream, but asked for");
    my ($agent) = map { $_->{agent} } $sim->tasks("later");
    $sim->cmd("agent-unreachable", agent => $agent);
    gives($named, "later.marathon.mesos", expected($sim, "later") || "NXDOMAIN", "an agent is out of reach");
    $sim->cmd("agent-return", agent => $agent);
    gives($named, "later.marathon.mesos", expected($sim, "later"), "and back");

    my $counters = $sim->counters;
    is $counters->{states}, 0, "no state was asked for";
    is $counters->{snapshots}, 1, "but in the one connection";
    $named->stop_ok;
    $sim->stop;
};

# Something is done to the stream, or the masters. The task that runs all the while keeps its name; what happens
# afterwards shows. `to`: the master that leads then.
subtest "every way to end" => sub {
    my $sim = cluster(masters => 3, args => [ "--heartbeat", 400 ]);
    my $named = start($sim, %{ NamedHttp::config(stateSource => "stream", refreshSeconds => 1, stateTimeoutSeconds => 3) });
    my $http = NamedHttp->new($named);
    my $log = "";
    my $fault = sub {
        my ($how, $reason, $do, $undo, %opt) = @_;
        my $before = $sim->counters;
        $log = $named->log;
        my $asker = Asker->start($named->{port}, $APP, "_stream._tcp.marathon.mesos");
        $do->();
        ok Named::wait_until(sub { substr($named->log, length $log) =~ /the event stream has ended .*reason=$reason/ }),
            "$how: is noticed ($reason)"
            or diag substr $named->log, length $log;
        $sim->cmd("scale", app => "stream", n => 4);
        $undo->() if $undo;
        follows($named, $sim, "$how: what happened meanwhile shows");
        $sim->cmd("scale", app => "stream", n => 3);
        follows($named, $sim, "$how: so does what happens");
        my $got = $asker->end;
        Asker::only($got, $_, [], "$how: $_ was there all the while") for $APP, "_stream._tcp.marathon.mesos";
        my $after = $sim->counters;
        is $after->{states}, $before->{states}, "$how: no state was asked for" unless $opt{polls};
        is $after->{snapshots}, $before->{snapshots} + 1, "$how: there was one more connection" unless $opt{more};
        same($named, $http, state_of($sim, $after->{leader}), "$how: the zone is that of the master's state");
    };
    my $clear = sub { $sim->cmd("clear") };

    follows($named, $sim, "the snapshot");
    $fault->("the connection ends", "cut", sub { $sim->cmd("stream-end", how => "eof") });
    $fault->("the connection is reset", "cut", sub { $sim->cmd("stream-end", how => "reset") });
    $fault->("it ends inside of a record", "cut", sub { $sim->cmd("stream-end", how => "middle") });
    $fault->("it is pushed out", "ended", sub { $sim->cmd("stream-end", how => "last") });
    $fault->("silence", "silent", sub { $sim->cmd("stream", silent => "yes", master => 1) }, $clear);
    $fault->("what is no stream", "malformed", sub { $sim->cmd("stream-send", kind => "length") });
    $fault->("a record without end", "slow|malformed", sub { $sim->cmd("stream-send", kind => "endless") });
    $fault->("the port is closed", "cut", sub { $sim->cmd("fault", kind => "refuse") }, $clear);
    $fault->("then a silent port", "cut",
        sub { $sim->cmd("fault", kind => "hang"); $sim->cmd("stream-end", how => "eof") },
        sub {
            ok $named->wait_log(qr/reason=timeout/), "it is given up";
            $clear->();
        });
    for my $status (500, 503, 404) {
        $fault->("then $status", "cut",
            sub { $sim->cmd("fault", kind => $status, n => 3); $sim->cmd("stream-end", how => "eof") });
    }
    $fault->("then redirects in circles", "cut",
        sub { $sim->cmd("fault", kind => "loop", n => 7); $sim->cmd("stream-end", how => "eof") });
    $fault->("then a snapshot that is cut", "cut",
        sub { $sim->cmd("fault", kind => "cut", after => 3000, n => 2); $sim->cmd("stream-end", how => "eof") }, undef, more => 1);
    $fault->("another leader", "cut|leader", sub { $sim->cmd("leader", master => 2) });
    $fault->("another leader, the old one's streams silent and open", "leader",
        sub { $sim->cmd("stream", silent => "yes", beating => "no", master => 2); $sim->cmd("leader", master => 3, keep => "yes") },
        $clear);
    $fault->("a leader that recovers", "cut|leader",
        sub { $sim->cmd("leader", master => 1, unready => 0) },
        sub {
            ok $named->wait_log(qr/Master has not finished recovery/), "it is waited for";
            $sim->cmd("ready");
        });
    ok !$named->ended, "it is still there";
    $named->stop_ok;
    $sim->stop;
};

subtest "what costs nothing" => sub {
    my $sim = cluster(args => [ "--heartbeat", 400 ]);
    my $named = start($sim);

    follows($named, $sim, "the snapshot");
    $sim->cmd("stream-send", kind => "unknown");
    $sim->cmd("stream-send", kind => "huge", app => "stream", size => 1000000);
    $sim->cmd("stream-send", kind => "fields", app => "stream");
    $sim->cmd("stream-send", kind => "added", app => "stream");
    $sim->cmd("stream", chunks => "byte");
    $sim->cmd("scale", app => "stream", n => 6);
    follows($named, $sim, "odd events and chunks of a byte");
    is $sim->counters->{snapshots}, 1, "over one connection";
    unlike $named->log, qr/could not be read/, "without a complaint";
    $sim->cmd("stream-send", kind => "malformed");
    ok $named->wait_log(qr/an event could not be read/), "one that cannot be read is told";
    ok Named::wait_until(sub { $sim->counters->{states} == 1 }), "and what it said is found by a state";
    $sim->cmd("scale", app => "stream", n => 4);
    follows($named, $sim, "the stream goes on");
    is $sim->counters->{snapshots}, 1, "over one connection";
    $named->stop_ok;
    $sim->stop;
};

subtest "masters without a stream" => sub {
    for my $whom (qw(none forbidden)) {
        my $sim = cluster(args => [ "--api", $whom ]);
        my $named = start($sim, refreshSeconds => 1);

        follows($named, $sim, "$whom: polled");
        $sim->cmd("scale", app => "stream", n => 5);
        follows($named, $sim, "$whom: and again");
        ok $named->wait_log(qr/its state is polled, for it gives no events .*status 40[34]/), "$whom: which is told";
        $named->stop_ok;
        $named = start($sim, refreshSeconds => 1, stateSource => "stream");
        ok $named->wait_log(qr/no state from this master .*status 40[34]/), "$whom: if it must be the stream there is none";
        is addresses($named, $APP), "SERVFAIL", "$whom: and no zone";
        $named->stop_ok;
        $sim->stop;
    }
};

subtest "TLS and a password" => sub {
    my $dir = Certificates::make() or plan skip_all => "openssl made no certificates";
    my $sim = eval {
        cluster(args => [ "--tls-key", "$dir/ip.key", "--tls-cert", "$dir/ip.pem", "--user", "principal", "--password", "Secret-4711" ]);
    } or plan skip_all => "mesos-sim has no TLS";
    my %config = (
        mesosHTTPSOn => JSON::PP::true, caCertFile => "$dir/ca.pem", mesosAuthentication => "basic", stateSource => "stream",
        mesosCredentials => { principal => "principal", secret => "Secret-4711" },
    );

    my $named = start($sim, %config);
    follows($named, $sim, "the snapshot");
    $sim->cmd("scale", app => "stream", n => 5);
    follows($named, $sim, "tasks start");
    is $sim->counters->{snapshots}, 1, "over one connection";
    unlike $named->log, qr/4711/, "the password is not told";
    $named->stop_ok;
    $named = start($sim, %config, mesosCredentials => { principal => "principal", secret => "Wrong-4711" });
    ok $named->wait_log(qr/reason=auth: status 401/), "a wrong one is told apart";
    unlike $named->log, qr/4711/, "and not told either";
    $named->stop_ok;
    $named = start($sim, %config, caCertFile => "$dir/other.pem");
    ok $named->wait_log(qr/reason=tls: /), "another authority is not trusted";
    $named->stop_ok;
    $sim->stop;
};

done_testing;
