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
use HTTP::Tiny;
use Time::HiRes qw(time);
use lib dirname(abs_path(__FILE__));
use Bench;

my %o = Bench::options(<<"EOT",
Freshness of answers with a cluster of so many tasks, ten of them on an agent. COUNT measured events, RATE a second, each
of another of the PROBES' names, and OTHERS random changes of several events each; then BURSTS times an event for
each of the PROBES at once. The server gets at most so many QUESTIONS a second. --poll: seconds between polls.
EOT
    { tasks => 100000, probes => 10000, rate => 200, count => 10000, others => 40, questions => 20000, poll => "1,5", bursts => 3 },
    quick => { count => 2000, poll => "1", bursts => 1 }, smoke => { tasks => 300, probes => 50, count => 100, poll => "1", bursts => 1 });

my $dir = Bench::folder();

# ---- the program between server and master, that changes, asks and measures

my ($pid, $from, $to) = Bench::converse(Bench::built("t/bench/stream"));
my ($relay) = (scalar <$from> // "") =~ /^port (\d+)$/ or Bench::fail("t/bench/stream did not start");

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

# CPU seconds so far: of the server's Mesos thread, of all of it, of the simulated master.
sub cpu {
    my ($server) = @_;
    return (Bench::cpu_of_thread($server, "mesos"), Bench::cpu_of($server), Bench::cpu_of($sim->pid));
}

# Figures of one way to follow the cluster.
sub follow {
    my ($how, %config) = @_;
    my $port = Bench::free_port();
    my $config = Bench::config("$dir/named.json", port => $port, masters => ["127.0.0.1:$relay"], stateTimeoutSeconds => 120, %config);
    unlink "$dir/named.log";
    my $server = Bench::start("mesos-named", "$dir/named.log", $Bench::SERVER_CPU, Bench::built("src/mesos-named"), "-config=$config");
    Bench::wait_for("the zone", $server, sub { return (Bench::slurp("$dir/named.log") // "") =~ /first state is served/ });
    my %r = (first_peak => Bench::status_of($server, "VmHWM") / 1024);
    order("dns", $port, $o{questions});
    my $what = $how eq "stream" ? "written" : "done";
    $sim->cmd("pulse", changes => $o{others}, framework => "marathon", seed => 5) if $o{others};
    figures("run", $o{rate}, int($o{count} / 10) + 1, $what);    # warm
    my ($before, $start, @cpu) = ($sim->counters, time, cpu($server));
    my $run = figures("run", $o{rate}, $o{count}, $what);
    my ($after, $seconds, @cpu_then) = ($sim->counters, time - $start, cpu($server));
    $sim->cmd("pulse");
    my $events = $after->{events} - $before->{events};
    $r{states} = $after->{whole_states} - $before->{whole_states};
    @r{qw(mesos whole)} = map { ($cpu_then[$_] - $cpu[$_]) / $events * 1e6 } 0, 1;
    $r{master} = ($cpu_then[2] - $cpu[2]) / $seconds * 100;
    $r{$_} = $run->{$_} / 1000 for qw(median p99 p999 max);
    my @bursts = map {
        my @from = cpu($server);
        my $f = figures("burst", $o{probes}, $what);
        [ $f->{all} / 1e6, (cpu($server))[0] - $from[0] ];
    } 1 .. $o{bursts};
    @r{qw(burst burst_cpu)} = map { my $i = $_; [ map { $_->[$i] } @bursts ] } 0, 1;
    $r{peak} = Bench::status_of($server, "VmHWM") / 1024;
    Bench::stop($server);
    Bench::result("follows by", $how, "median ms" => $r{median}, "99 %" => $r{p99}, "99.9 %" => $r{p999}, longest => $r{max},
        "us/event, Mesos thread" => $r{mesos}, "with the answers" => $r{whole}, "burst s" => $r{burst}, "CPU s of it" => $r{burst_cpu},
        "master's CPU %" => $r{master}, "whole states" => $r{states}, "MB, first state" => $r{first_peak}, "peak MB" => $r{peak});
}

follow("stream", stateSource => "stream", refreshSeconds => 3600);
follow("poll, $_ s", stateSource => "poll", refreshSeconds => int $_) for split /,/, $o{poll};
Bench::stop($pid);
$sim->stop;
Bench::print_results();
