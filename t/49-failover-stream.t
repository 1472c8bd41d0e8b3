# SPDX-License-Identifier: Apache-2.0
# Failovers, by the event stream: no name of a running task goes while a new master does not know of it yet. And the
# guard: a snapshot that would take away much of the zone takes nothing away before the next one, which is asked for.
use strict;
use warnings;

use Test::More;

use Failover;

plan skip_all => "mesos-sim was not built: libmicrohttpd is missing" unless MesosSim::program();

my $f = Failover->new("stream");
$f->failovers;
$f->starts;

# Whoever subscribes now is told of quite another cluster.
my $sim = $f->{sim};
my @other = (file => "$ENV{MN_SRCDIR}/t/data/stream/mesos-1.12.0-real-A.recordio", first => 2);
my ($held, $confirmed, $decided) = ("would take away too much", "takes as much away", "the next state takes");

sub subscribed_to {
    my ($what) = @_;
    $sim->cmd("play", @$what);
    $sim->cmd("stream-end", how => "eof");
}

subtest "a snapshot that lacks most of the zone, once" => sub {
    my $asker;
    for (1 .. 5) {    # until exactly one subscription has seen it
        my ($held_before, $confirmed_before, $decided_before) = map { $f->count($_) } $held, $confirmed, $decided;
        $asker = $f->asker;
        subscribed_to(\@other);
        Named::wait_until(sub { $f->count($held) > $held_before }) or last;
        $sim->cmd("play");
        Named::wait_until(sub { $f->count($decided) > $decided_before });
        last if $f->count($confirmed) == $confirmed_before;
        subscribed_to([]);
        Named::wait_until(sub { $f->addresses("web.marathon.mesos") eq $f->{all}{"web.marathon.mesos"} });
    }
    like $f->{named}->log, qr/nothing goes until the next one confirms it records=\d+ going=\d+ allowed=50%/, "it is held back";
    like $f->{named}->log, qr/the next state takes less away/, "and the next one, which was asked for, does not confirm it";
    $f->all_there;
    $f->never_away($asker);
};

subtest "and for good" => sub {
    my $before = $f->count($confirmed);
    subscribed_to(\@other);
    ok Named::wait_until(sub { $f->count($confirmed) > $before }), "the next one confirms it" or diag $f->{named}->log;
    ok Named::wait_until(sub { $f->addresses("web.marathon.mesos") eq "NXDOMAIN" }), "and tasks are gone";
    $f->told({ held => $f->count($held), confirmed => $f->count($confirmed), holding => 0 }, "it is counted");
};

$f->end;
done_testing;
