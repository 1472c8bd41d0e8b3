# SPDX-License-Identifier: Apache-2.0
# Masters found through an ensemble of three real ZooKeepers, while leaders fail over and members are stopped, die and
# come back. A client asks all the while: it loses no query, and is never told that a running task is none.
use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time sleep);

use Asker;
use Candidate qw(candidate info leader_port masters_are leads);
use MesosSim;
use Named;
use ZooKeeper;

plan skip_all => "mesos-sim was not built: libmicrohttpd is missing" unless MesosSim::program();
my $missing = ZooKeeper::missing();
plan skip_all => $missing if $missing;

my $NAME = "mywebservice.marathon.mesos";
my @asked = ($NAME, "_mywebservice._tcp.marathon.mesos", "leader.mesos", "master.mesos");
my $sim = MesosSim->new(masters => 3);
my $zk = ZooKeeper->start(members => 3, longest => 30_000);
$zk->session->ok("create /mesos");

my %master = map { $_ => candidate($zk, $sim, $_) } 1 .. 3;
my $named = Named->start(args => ["-v=1"],
    config => { masters => undef, zk => "zk://" . $zk->servers . "/mesos", refreshSeconds => 1 });
$named->wait_answer($NAME) or die $named->log;
my $asker = Asker->start($named->{port}, @asked);

# The member that it is connected to now.
sub connected_to {
    my @servers = $named->log =~ /info zookeeper: connected server=(\S+)/g;
    return $zk->member_at($servers[-1]);
}

sub connections { return scalar(() = $named->log =~ /info zookeeper: connected/g) }

# Another master leads: its tasks' state is its own at once. Returns how many milliseconds it took DNS to follow.
sub fail_over {
    my ($from, $to) = @_;
    my $n = 2 + $to;    # few enough for addresses to fit beside SRV records
    $sim->cmd("leader", master => $to);
    $sim->cmd("scale", app => "mywebservice", n => $n);
    my $began = time;
    $master{$from}->close;
    Named::wait_until(sub { leader_port($named) == $sim->port($to) }) or return;
    my $led = time - $began;
    Named::wait_until(sub { $named->query($NAME, "A")->answer == $n }) or return;
    return map { sprintf "%.0f", 1000 * $_ } $led, time - $began;
}

subtest "failover" => sub {
    masters_are($named, [ map { $sim->port($_) } 1 .. 3 ], "the masters in their order");
    my (@led, @told);
    for my $round (1 .. 2) {
        for my $from (1 .. 3) {
            my $to = $from % 3 + 1;
            my ($led, $told) = fail_over($from, $to);
            ok defined $told, "master $to after $from" or diag $named->log;
            push @led,  $led;
            push @told, $told;
            $master{$from} = candidate($zk, $sim, $from);
        }
    }
    masters_are($named, [ map { $sim->port($_) } 1 .. 3 ], "they are numbered in the order in which they came back");
    diag "from the end of the leader's node to leader.mesos: @led ms, to the new leader's state: @told ms";
};

subtest "a new leader that has to learn" => sub {
    $sim->cmd("leader", master => 2, recover => 0, unready => 0);
    $master{1}->close;
    leads($named, $sim->port(2), "it leads before it knows anything");
    my $lookup = sub { my $reply = $named->query($NAME, "A"); return join " ", sort map { $_->address } $reply->answer };
    my $known = $lookup->();
    my $asked = sub { my $counters = $sim->counters; return $counters->{states} + $counters->{snapshots} };
    my $before = $asked->();
    $sim->cmd("ready");
    ok Named::wait_until(sub { $asked->() > $before }), "it is asked, and knows only which agents there were";
    is $lookup->(), $known, "the tasks are as they were";
    $sim->cmd("recover", n => 2);
    is $lookup->(), $known, "and as agents come back";
    $sim->cmd("recover");
    $sim->cmd("scale", app => "mywebservice", n => 4);
    ok Named::wait_until(sub { $named->query($NAME, "A")->answer == 4 }), "then it is followed" or diag $named->log;
    $sim->cmd("leader", master => 1);
    $_->close for @master{ 2, 3 };
    %master = map { $_ => candidate($zk, $sim, $_, $_ == 1 ? (timeout => 1000) : ()) } 1 .. 3;    # the first will die
    masters_are($named, [ map { $sim->port($_) } 1 .. 3 ], "as before");
};

subtest "a leader that dies" => sub {
    my $began = time;
    $sim->cmd("leader", master => 2);
    $master{1}->kill;
    leads($named, $sim->port(2), "the next one leads, once its session has expired");
    diag sprintf "after %.1f s", time - $began;
    $master{1} = candidate($zk, $sim, 1);
    masters_are($named, [ map { $sim->port($_) } 2, 3, 1 ], "it comes back as the last");
};

subtest "the connected member stops" => sub {
    my $member = connected_to();
    my ($other) = grep { $_ != $member && $zk->mode($_) eq "follower" } 1 .. 3;
    my $leader = candidate($zk, $sim, 1, members => [$other]);
    my $before = connections();
    # Those that were there go, and their successors stand at a member that goes on.
    $_->close for values %master;
    $master{2} = candidate($zk, $sim, 2, members => [$other]);
    masters_are($named, [ map { $sim->port($_) } 1, 2 ], "two masters");
    $zk->signal($member, "STOP");
    $sim->cmd("leader", master => 2);
    $leader->close;
    ok Named::wait_until(sub { connections() > $before }), "it notices, and goes to another member" or diag $named->log;
    isnt connected_to(), $member, "which is another one";
    leads($named, $sim->port(2), "it knows who leads meanwhile");
    like $named->log, qr/warning zookeeper: connection lost server=\S+ error="[^"]*timed out/, "the log tells";
    $zk->signal($member, "CONT");
    $zk->wait_member($member);
};

subtest "the quorum is lost" => sub {
    $_->close for values %master;
    my $before = connections();
    my $member = connected_to();
    $sim->cmd("leader", master => 1);
    %master = map { $_ => candidate($zk, $sim, $_) } 1 .. 3;
    leads($named, $sim->port(1), "the first leads");
    my @killed = ($member, (grep { $_ != $member } 1 .. 3)[0]);
    $zk->stop_member($_) for @killed;
    ok $named->wait_log(qr/warning zookeeper: no member of the ensemble takes us servers=3/), "no member is of use" or diag $named->log;
    is leader_port($named), $sim->port(1), "the last known leader is the leader";
    is $named->query($NAME, "A")->header->rcode, "NOERROR", "tasks stay";
    $zk->start_member($_, 0) for @killed;
    $zk->wait_member($_) for @killed;
    ok Named::wait_until(sub { connections() > $before }), "they are back, and it is connected" or diag $named->log;
    masters_are($named, [ map { $sim->port($_) } 1 .. 3 ], "to find the same masters");
    my ($led, $told) = fail_over(1, 2);
    ok defined $told, "and to follow them again" or diag $named->log;
};

my $got = $asker->end;
Asker::only($got, $_, [], "$_: nobody who asked noticed anything") for @asked;
cmp_ok $got->{slowest}, "<", 1, "nobody waited";
$named->stop_ok;
is $sim->stop, 0, "the cluster ends";
done_testing;
