#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# How long it takes until answers show what happened in a large cluster, and what that costs: with the event stream, and
# with polling at several intervals. Times run from the byte of the event on the server's socket to the first answer that
# shows it; with polling from the moment that the cluster had changed. Beside the changes that are measured as many
# random ones go on. One core serves and follows the cluster, the other asks, and has the simulated master.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use Getopt::Long;
use HTTP::Tiny;
use IPC::Open2;
use lib dirname(abs_path(__FILE__));
use Bench;

my %o = (tasks => 100000, probes => 10000, rate => 200, count => 10000, others => 40, questions => 20000, poll => "1,5", bursts => 3);
GetOptions(\%o, "tasks=i", "probes=i", "rate=i", "count=i", "others=i", "questions=i", "poll:s", "bursts=i", "smoke", "help") or exit 2;
if ($o{help}) {
    print <<"EOT";
usage: stream.pl [--tasks=100000] [--probes=10000] [--rate=200] [--count=10000] [--others=40] [--questions=20000]
                 [--poll=1,5] [--bursts=3] [--smoke]

Freshness of answers with a cluster of so many tasks, ten of them on an agent. COUNT measured events, RATE a second, each
of another of the PROBES' names, and OTHERS random changes of several events each; then BURSTS times an event for
each of the PROBES at once. The server gets at most so many QUESTIONS a second. --smoke: only that it runs.
EOT
    exit 0;
}
@o{qw(tasks probes count poll bursts)} = (300, 50, 100, "1", 1) if $o{smoke};

my $dir = Bench::folder();

# ---- the program between server and master, that changes, asks and measures

my ($from, $to);
my $pid = open2($from, $to, Bench::pinned($Bench::CLIENT_CPU, Bench::built("t/bench/stream")));
my ($relay) = (scalar <$from> // "") =~ /^port (\d+)$/ or Bench::fail("t/bench/stream did not start");
$to->autoflush(1);

sub order { print $to "@_\n" }

sub figures {
    my (@command) = @_;
    order(@command);
    my $line = <$from> // Bench::fail("t/bench/stream ended");
    my %f = $line =~ /(\w+)=(\d+)/g;
    Bench::fail("not all changes were shown: $line") if $f{done} != $f{of};
    return \%f;
}

# ---- the cluster: each probe is a name of two tasks, of which one comes and goes

my $sim = Bench::cluster($o{tasks} / 10, $o{tasks} - 2 * $o{probes}, "--leader", "127.0.0.1:$relay");
system("chrt -i -a -p 0 " . $sim->pid . " >/dev/null 2>&1");
$sim->cmd("framework-add", name => "bench");
$sim->cmd("app-add", framework => "bench", name => "bench", copies => $o{probes}, n => 2, network => "overlay", check => "http");
my $list = HTTP::Tiny->new(timeout => 60)->get("http://" . $sim->control . "/sim/tasks?prefix=bench-")->{content};
my ($seen, @lines) = ("");
while ($list =~ /\{"id":"([^"]+)","name":"([^"]+)"/g) {
    next if $2 eq $seen;
    my ($id, $name) = ($1, $seen = $2);
    push @lines, "$name.bench.mesos 2 $id /sim/health?task=$id&healthy=false /sim/health?task=$id&healthy=true"
        . " /sim/task-state?task=$id&state=TASK_KILLING /sim/task-state?task=$id&state=TASK_RUNNING\n";
}
Bench::fail("there are no probes") if @lines != $o{probes};
order("probes", Bench::write_file("$dir/probes", @lines));
order("master", $sim->port);

# ---- the server

sub mesos_cpu {
    my ($server) = @_;
    return Bench::cpu_of_thread($server, "mesos");
}

# Figures of one way to follow the cluster.
sub follow {
    my ($how, %config) = @_;
    my $port = Bench::free_port();
    my $config = Bench::config("$dir/named.json", port => $port, masters => ["127.0.0.1:$relay"], stateTimeoutSeconds => 120, %config);
    unlink "$dir/named.log";
    my $server = Bench::start("mesos-named", "$dir/named.log", $Bench::SERVER_CPU, Bench::built("src/mesos-named"), "-config=$config");
    Bench::wait_for("the zone", $server, sub { return (Bench::slurp("$dir/named.log") // "") =~ /first state is served/ });
    my %r = (how => $how, first_peak => Bench::status_of($server, "VmHWM") / 1024);
    order("dns", $port, $o{questions});
    my $what = $how eq "stream" ? "written" : "done";
    $sim->cmd("pulse", changes => $o{others}, framework => "marathon", seed => 5) if $o{others};
    figures("run", $o{rate}, int($o{count} / 10) + 1, $what);    # warm
    my ($before, $mesos, $whole) = ($sim->counters, mesos_cpu($server), Bench::cpu_of($server));
    my $run = figures("run", $o{rate}, $o{count}, $what);
    my ($after, $mesos_then, $whole_then) = ($sim->counters, mesos_cpu($server), Bench::cpu_of($server));
    $sim->cmd("pulse");
    my $events = $after->{events} - $before->{events};
    $r{events} = $events;
    $r{states} = $after->{whole_states} - $before->{whole_states};
    $r{mesos} = ($mesos_then - $mesos) / $events * 1e6;
    $r{whole} = ($whole_then - $whole) / $events * 1e6;
    $r{$_} = $run->{$_} / 1000 for qw(median p99 p999 max);
    $r{unstamped} = $run->{unstamped};
    $r{queries} = $run->{queries};
    $r{burst} = Bench::median(map { figures("burst", $o{probes}, $what)->{all} / 1e6 } 1 .. $o{bursts});
    $r{peak} = Bench::status_of($server, "VmHWM") / 1024;
    Bench::stop($server);
    return \%r;
}

my @all = (follow("stream", stateSource => "stream", refreshSeconds => 3600));
push @all, follow("poll, $_ s", stateSource => "poll", refreshSeconds => int $_) for split /,/, $o{poll};
close $to;
waitpid $pid, 0;
$sim->stop;

print "\n$o{tasks} tasks; $o{count} measured events, $o{rate} a second, and $o{others} random changes a second of several events;"
    . " at most $o{questions} questions a second; a burst is $o{probes} events, the median of $o{bursts}\n\n";
Bench::table(
    [ "follows by", "median ms", "99 %", "99.9 %", "longest", "burst s", "us/event, Mesos thread", "whole", "peak MB, first state", "then", "whole states" ],
    map {
        my $r = $_;
        [ $r->{how}, (map { sprintf "%.2f", $r->{$_} } qw(median p99 p999 max burst)), (map { sprintf "%.0f", $r->{$_} } qw(mesos whole first_peak peak)), $r->{states} ]
    } @all
);
