#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What it costs to follow a cluster: CPU time and memory from a master's first byte to the published zone, for
# clusters of several sizes, then of a refresh that brings nothing new and of one that brings one task more.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use Time::HiRes qw(sleep);
use lib dirname(abs_path(__FILE__));
use Bench;

my %o = Bench::options(<<"EOT",
CPU and memory of mesos-named following simulated clusters of so many tasks, ten of them on an agent.
EOT
    { tasks => "1000,10000,30000,100000,300000", rounds => 3 },
    quick => { tasks => "1000,10000,100000" , rounds => 1}, smoke => { tasks => "200", rounds => 1 });

# The numbers of the newest line of counts in the log that a signal asked for.
sub counts {
    my ($dir, $pid) = @_;
    my $lines = sub { return grep {/ counts /} split /\n/, Bench::slurp("$dir/named.log") // "" };
    my $before = () = $lines->();
    kill USR1 => $pid;
    Bench::wait_for("the line of counts", $pid, sub { return $lines->() > $before });
    return { ($lines->())[-1] =~ /(\w+)=(\d+)/g };
}

# CPU seconds of one more document: those of several divided by their number.
sub refresh {
    my ($dir, $pid) = @_;
    my $step = sub {
        my ($from) = @_;
        my $c;
        Bench::wait_for("a document", $pid, sub { $c = counts($dir, $pid); return $c->{documents} > $from });
        return ($c->{documents}, Bench::cpu_of($pid));
    };
    my ($first, $cpu) = $step->(counts($dir, $pid)->{documents});
    my ($last, $end) = $step->($first + 1);
    return ($end - $cpu) / ($last - $first);
}

# One life of the server beside a cluster; the figures of it.
sub follow {
    my ($sim) = @_;
    my $dir = Bench::folder();
    my %r;
    $sim->cmd("scale", app => "bench", n => 2);
    my $config = Bench::config("$dir/named.json", port => Bench::free_port(), masters => [ $sim->hostport ],
        stateSource => "poll", refreshSeconds => 1, stateTimeoutSeconds => 120);
    my $pid = Bench::start("mesos-named", "$dir/named.log", $Bench::SERVER_CPU, Bench::built("src/mesos-named"),
        "-config=$config");
    Bench::wait_for("the zone", $pid, sub { return (Bench::slurp("$dir/named.log") // "") =~ /first state is served/ });
    $r{first} = Bench::cpu_of($pid);
    $r{peak} = Bench::status_of($pid, "VmHWM") / 1024;
    my $c = counts($dir, $pid);
    @r{qw(names records)} = ($c->{names}, $c->{a} + $c->{aaaa} + $c->{srv} + $c->{other});
    $r{same} = refresh($dir, $pid);
    my $before = counts($dir, $pid);
    Bench::fail("a refresh without news touched pages") if $before->{pages_touched} != $c->{pages_touched};
    $sim->cmd("scale", app => "bench", n => 3);
    Bench::wait_for("the change", $pid, sub { $c = counts($dir, $pid); return $c->{tasks} != $before->{tasks} });
    $r{pages} = $c->{last_pages_touched};
    $r{rss} = Bench::status_of($pid, "VmRSS") / 1024;
    $r{lifetime_peak} = Bench::status_of($pid, "VmHWM") / 1024;
    Bench::stop($pid);
    return \%r;
}

for my $tasks (split /,/, $o{tasks}) {
    my $sim = Bench::cluster($tasks / 10, $tasks);
    Bench::hold($Bench::CLIENT_CPU, $sim->pid, $$);
    $sim->cmd("app-add", name => "bench", n => 2, network => "host");
    my $dir = Bench::folder();
    my $bytes = -s Bench::save_state($sim, "$dir/state");
    unlink "$dir/state";
    my @all = map { follow($sim) } 1 .. $o{rounds};
    $sim->stop;
    my ($cpu, $peak) = map { Bench::column($_, @all) } qw(first peak);
    Bench::result("tasks", $tasks, "state MB" => $bytes / 1e6, (map { ($_ => Bench::column($_, @all)) } qw(names records)),
        "CPU s" => $cpu, "us/task" => [ map { $_ / $tasks * 1e6 } @$cpu ],
        "peak MB" => $peak, "KB/task" => [ map { $_ * 1024 / $tasks } @$peak ],
        "refresh CPU s" => Bench::column("same", @all), "pages, one more task" => Bench::column("pages", @all),
        "memory MB then" => Bench::column("rss", @all), "peak MB then" => Bench::column("lifetime_peak", @all));
}
Bench::print_results();
