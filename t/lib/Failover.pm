# SPDX-License-Identifier: Apache-2.0
# A simulated cluster of two masters, a server that follows it, and failovers that a client watches.
#
#   my $f = Failover->new("poll");              # or "stream", as stateSource
#   $f->watched("a failover", sub { ... });     # a subtest in which a client asks all the while, and sees no change
#   $f->failovers;                              # those that both ways must bear
package Failover;

use strict;
use warnings;

use Test::More;

use Asker;
use MesosSim;
use Metrics;
use Named;
use NamedHttp;

my @NAMES = qw(web.marathon.mesos _web._tcp.marathon.mesos _http._web._tcp.marathon.mesos marathon.mesos slave.mesos);

sub new {
    my ($class, $source) = @_;
    my $sim = MesosSim->new(masters => 2, args => [ "--agents", 6, "--tasks", 60 ]);
    $sim->cmd("app-add", name => "web", n => 4, network => "host", ports => "http/tcp/80");
    $sim->cmd("app-add", name => "doomed", n => 1, network => "host");
    my $self = bless { source => $source, sim => $sim }, $class;
    my $named = $self->server;
    @$self{qw(named http)} = ($named, NamedHttp->new($named));
    my %seen;
    my $web = join " ", "NOERROR", sort grep { !$seen{$_}++ } map { $_->{agent_ip} } $sim->tasks("web");
    ok Named::wait_until(sub { $self->addresses("web.marathon.mesos") eq $web }), "the cluster is served" or diag $named->log;
    $self->{all} = { map { $_ => $self->addresses($_) } "web.marathon.mesos", "slave.mesos" };
    return $self;
}

# Another server of the cluster.
sub server {
    my ($self) = @_;
    return Named->start(config => NamedHttp::config(
        masters => [ map { $self->{sim}->hostport($_) } 1, 2 ], refreshSeconds => 1, stateTimeoutSeconds => 5,
        stateSource => $self->{source}, IPSources => [ "netinfo", "host" ]), args => ["-v=1"]);
}

# The same cluster, asked of another server.
sub instead {
    my ($self, $named) = @_;
    return bless { %$self, named => $named, http => NamedHttp->new($named) }, ref $self;
}

sub addresses {
    my ($self, $name) = @_;
    my $reply = $self->{named}->query($name, "A") or return "lost";
    return join " ", $reply->header->rcode, sort map { $_->address } grep { $_->type eq "A" } $reply->answer;
}

# Two polls pass: the second of them began after this. By the stream, what there is comes at once.
sub polls {
    my ($self) = @_;
    my $what = $self->{source} eq "poll" ? "states" : "requests";
    my $before = $self->{sim}->counters->{$what};
    return Named::wait_until(sub { $self->{sim}->counters->{$what} >= $before + 2 });
}

# How often the log says this.
sub count { my ($self, $what) = @_; return scalar(() = $self->{named}->log =~ /$what/g) }

sub all_there {
    my ($self) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is $self->addresses("web.marathon.mesos"), $self->{all}{"web.marathon.mesos"}, "all tasks are there";
    is $self->addresses("slave.mesos"), $self->{all}{"slave.mesos"}, "and all agents";
}

sub watched {
    my ($self, $text, $code) = @_;
    subtest $text => sub {
        my $asker = Asker->start($self->{named}{port}, @NAMES);
        $code->();
        $self->all_there;
        $self->never_away($asker);
    };
}

sub asker      { my ($self) = @_; return Asker->start($self->{named}{port}, @NAMES) }
sub never_away { my ($self, $asker) = @_; my $got = $asker->end; Asker::only($got, $_, [], "$_ has never been away") for @NAMES }

# What /v1/status and /metrics say of it: the members of the status's `failover` and `guard`.
sub told {
    my ($self, $wanted, $text) = @_;
    my (%got, %metric);
    my $seen = Named::wait_until(sub {
        my $status = $self->{http}->json("/v1/status");
        %got = (%{ $status->{failover} }, %{ $status->{guard} });
        my $metrics = Metrics->new($self->{http}->get("/metrics")->{content});
        %metric = (
            agents_awaited => $metrics->value("mesos_named_kept_elements", kind => "agent"),
            frameworks_awaited => $metrics->value("mesos_named_kept_elements", kind => "framework"),
            agents_back => $metrics->value("mesos_named_awaited_agents_total", result => "back"),
            agents_unknown => $metrics->value("mesos_named_unknown_agents"),
            partial => $metrics->value("mesos_named_unready_reasons", reason => "partial"),
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
    my ($self, $n, $text) = @_;
    my $port = $self->{sim}->port($n);
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok Named::wait_until(sub {
        my $reply = $self->{named}->query("_leader._tcp.mesos", "SRV") or return;
        return grep { $_->type eq "SRV" && $_->port == $port } $reply->answer;
    }), $text or diag $self->{named}->log;
}

sub failovers {
    my ($self) = @_;
    my ($sim, $named) = @$self{qw(sim named)};

    $self->watched("a new master whose agents come back" => sub {
        my $task = ($sim->tasks("doomed"))[0];
        $sim->cmd("leader", master => 2, recover => 0);
        $self->leads(2, "the leader's records follow at once");
        ok $named->wait_log(qr/does not know all agents yet.* why=recovering agents=6 tasks=\d+ frameworks=[1-9]/),
            "the log says so";
        $self->told({ agents_awaited => 6, agents_back => 0, agents_given_up => 0 }, "status and metrics too");
        ok $self->polls, "time passes";
        $self->all_there;
        is $self->addresses("doomed.marathon.mesos"), "NOERROR $task->{agent_ip}", "one of them";
        $sim->cmd("recover", n => 2);
        $self->told({ agents_awaited => 4, agents_back => 2 }, "two agents are back");
        $self->all_there;
        $sim->cmd("recover");
        ok $named->wait_log(qr/the master knows all agents again/), "all are back";
        $self->told({ agents_awaited => 0, frameworks_awaited => 0, agents_back => 6, agents_given_up => 0 }, "and counted");
        $sim->cmd("kill", task => $task->{id});
        ok Named::wait_until(sub { $self->addresses("doomed.marathon.mesos") eq "NXDOMAIN" }), "what ends then is gone";
    });

    $self->watched("a new master that knows nothing at all at first" => sub {
        $sim->cmd("leader", master => 1, recover => 0, unready => 0);
        if ($self->{source} eq "poll") {    # who asks for a stream is refused meanwhile
            $self->leads(1, "the leader's records follow");
            ok $named->wait_log(qr/does not know all agents yet.* why=no_agents agents=6/), "the log says so";
        }
        ok $self->polls, "time passes";
        $self->all_there;
        $sim->cmd("ready");
        $self->leads(1, "it has read its registry");
        ok $self->polls, "time passes";
        $self->all_there;
        $sim->cmd("recover");
        $self->told({ agents_awaited => 0, frameworks_awaited => 0 }, "all are back");
    });

    $self->watched("there and back before anybody has come back" => sub {
        for my $master (2, 1, 2) {
            $sim->cmd("leader", master => $master, recover => 0);
            $self->leads($master, "master $master leads");
        }
        $self->told({ agents_awaited => 6 }, "all are waited for");
        $sim->cmd("recover");
        $self->told({ agents_awaited => 0 }, "all are back");
    });
}

# Servers that are started in the middle of a failover.
sub starts {
    my ($self) = @_;
    my $sim = $self->{sim};

    subtest "a start before the agents are back" => sub {
        $sim->cmd("leader", master => 1, recover => 0);
        $self->leads(1, "another master leads");
        my $late = $self->instead($self->server);
        my ($named, $http) = @$late{qw(named http)};
        $late->leads(1, "the leader is known");
        like $named->log, qr/waits for agents of whose tasks nothing is known.* agents=6/, "the log says so";
        $late->told({ agents_unknown => 6, partial => 1, agents_awaited => 0 }, "status and metrics too");
        my $ready = $http->get("/readyz");
        is $ready->{status}, 503, "it is not ready";
        like $ready->{content}, qr/"partial"/, "for this reason";
        is $late->addresses($_), "SERVFAIL", "$_ is not denied" for qw(web.marathon.mesos nothing.mesos slave.mesos);
        is $named->query("leader.mesos", "AAAA")->header->rcode, "NOERROR", "the leader has no other address";
        is $http->get("/v1/$_")->{status}, 503, "/v1/$_" for qw(hosts/web.marathon.mesos services/_web._tcp.marathon.mesos);
        is $http->json("/v1/explain/web.marathon.mesos")->{answer}, "not known", "/v1/explain tells";
        $sim->cmd("recover", n => 2);
        $late->told({ agents_unknown => 4, partial => 1 }, "two agents are back");
        like $late->addresses("slave.mesos"), qr/^NOERROR \S+ \S+$/, "they are told";
        is $late->addresses("nothing.mesos"), "SERVFAIL", "and still nothing is denied";
        $sim->cmd("recover");
        ok Named::wait_until(sub { $late->addresses("nothing.mesos") eq "NXDOMAIN" }), "all are back" or diag $named->log;
        like $named->log, qr/the whole cluster is known/, "the log says so";
        $late->told({ agents_unknown => 0, partial => 0 }, "status and metrics too");
        is $http->get("/readyz")->{status}, 200, "it is ready";
        $late->all_there;
        $named->stop_ok;
    };
}

sub end {
    my ($self) = @_;
    $self->{named}->stop_ok;
    is $self->{sim}->stop, 0, "the simulated cluster ends";
}

1;
