# SPDX-License-Identifier: Apache-2.0
# Failovers, by polling: no name of a running task goes while a new master does not know of it yet. And the guard: a state
# that would take away much of the zone takes nothing away before the next one.
use strict;
use warnings;

use File::Temp qw(tempdir);
use HTTP::Tiny;
use JSON::PP;
use Test::More;

use Failover;

plan skip_all => "mesos-sim was not built: libmicrohttpd is missing" unless MesosSim::program();

my $scratch = tempdir(CLEANUP => 1);
my $f = Failover->new("poll");
my $sim = $f->{sim};
$f->failovers;

$f->starts;

subtest "a start, and an agent that does not come back" => sub {
    my ($gone) = map { $_->{id} } @{ decode_json(HTTP::Tiny->new->get($sim->url(1) . "/master/state")->{content})->{slaves} };
    $sim->cmd("leader", master => 2, recover => 0);
    $f->leads(2, "another master leads");
    my $late = $f->instead($f->server);
    $late->told({ agents_unknown => 6, partial => 1 }, "nothing is known");
    $sim->cmd("agent-remove", agent => $gone);
    $late->told({ agents_unknown => 5, partial => 1 }, "one is given up");
    is $late->addresses("nothing.mesos"), "SERVFAIL", "nothing is denied";
    $sim->cmd("recover");
    $late->told({ agents_unknown => 0, partial => 0 }, "the others are back");
    is $late->addresses("nothing.mesos"), "NXDOMAIN", "it is over";
    $late->{named}->stop_ok;
    $sim->cmd("agent-add");
    ok Named::wait_until(sub { $f->addresses("slave.mesos") =~ /^NOERROR(?: \S+){6}$/ }), "there is another agent";
    $f->{all}{$_} = $f->addresses($_) for keys %{ $f->{all} };
};

# The state as it is, without the tasks of all agents but one.
sub mutilated {
    my $state = decode_json(HTTP::Tiny->new->get($sim->url(2) . "/master/state")->{content});
    my $agent = $state->{slaves}[0]{id};
    $_->{tasks} = [ grep { $_->{slave_id} eq $agent } @{ $_->{tasks} } ] for @{ $state->{frameworks} };
    open my $out, ">", "$scratch/state.json" or die $!;
    print $out encode_json($state);
    close $out or die $!;
    return "$scratch/state.json";
}

my ($held, $confirmed) = ("would take away too much", "takes as much away");

subtest "a state that lacks most of the zone, once" => sub {
    my $file = mutilated();
    my $asker;
    for (1 .. 5) {    # until exactly one poll has seen it
        my ($held_before, $confirmed_before) = map { $f->count($_) } $held, $confirmed;
        $asker = $f->asker;
        $sim->cmd("state", file => $file);
        Named::wait_until(sub { $f->count($held) > $held_before }) or last;
        $sim->cmd("state");
        $f->polls;
        last if $f->count($confirmed) == $confirmed_before;
        Named::wait_until(sub { $f->addresses("web.marathon.mesos") eq $f->{all}{"web.marathon.mesos"} });
    }
    like $f->{named}->log, qr/nothing goes until the next one confirms it records=\d+ going=\d+ allowed=50%/, "it is held back";
    like $f->{named}->log, qr/the next state takes less away/, "and the next one does not confirm it";
    $f->all_there;
    $f->never_away($asker);
};

subtest "and for good" => sub {
    my $before = $f->count($confirmed);
    $sim->cmd("state", file => mutilated());
    ok Named::wait_until(sub { $f->count($confirmed) > $before }), "the next one confirms it" or diag $f->{named}->log;
    ok Named::wait_until(sub { $f->addresses("web.marathon.mesos") ne $f->{all}{"web.marathon.mesos"} }), "and tasks are gone";
    $f->told({ held => $f->count($held), confirmed => $f->count($confirmed), holding => 0 }, "it is counted");
};

$f->end;
done_testing;
