#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What a failover costs: a new master knows all agents from its registry and none of them in person; then all come back
# at once. CPU time of both steps, memory, and how much of the zone was touched, by polling and by the event stream.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use Time::HiRes qw(time);
use lib dirname(abs_path(__FILE__));
use Bench;

my %o = Bench::options(<<"EOT",
CPU and memory of mesos-named in a failover of simulated clusters of so many tasks, ten of them on an agent.
EOT
    { tasks => "10000,100000", rounds => 3 },
    quick => { tasks => "10000", rounds => 1 }, smoke => { tasks => "200", rounds => 1 });

sub count { my ($dir, $what) = @_; return scalar(() = (Bench::slurp("$dir/named.log") // "") =~ /$what/g) }

# Waits for one more such line in the log; the CPU seconds that went meanwhile, and the seconds.
sub until_log {
    my ($dir, $pid, $what, $code) = @_;
    my ($before, $cpu, $began) = (count($dir, $what), Bench::cpu_of($pid), time);
    $code->();
    Bench::wait_for($what, $pid, sub { return count($dir, $what) > $before });
    my $took = time - $began;
    return (Bench::cpu_of($pid) - $cpu, $took);
}

# One life of the server beside a cluster: there, and back.
sub follow {
    my ($sim, $source) = @_;
    my $dir = Bench::folder();
    my %r;
    my $config = Bench::config("$dir/named.json", port => Bench::free_port(),
        masters => [ map { $sim->hostport($_) } 1, 2 ], stateSource => $source, refreshSeconds => 2,
        stateTimeoutSeconds => 120);
    my $pid = Bench::start("mesos-named", "$dir/named.log", $Bench::SERVER_CPU, Bench::built("src/mesos-named"), "-v=1",
        "-config=$config");
    Bench::wait_for("the zone", $pid, sub { return count($dir, "first state is served") });
    $r{rss} = Bench::status_of($pid, "VmRSS") / 1024;
    $r{first} = Bench::status_of($pid, "VmHWM") / 1024;
    ($r{over}, $r{over_time}) = until_log($dir, $pid, "does not know all agents yet", sub {
        $sim->cmd("leader", master => 2, recover => 0);
    });
    ($r{back}, $r{back_time}) = until_log($dir, $pid, "knows all agents again", sub { $sim->cmd("recover") });
    my @changes = (Bench::slurp("$dir/named.log") // "") =~ /the zone changed .*records_added=(\d+) records_removed=(\d+)/g;
    $r{changes} = 0;
    $r{changes} += $_ for @changes;
    $r{kept} = (Bench::slurp("$dir/named.log") =~ /does not know all agents yet.* tasks=(\d+)/)[0];
    $r{peak} = Bench::status_of($pid, "VmHWM") / 1024;
    Bench::stop($pid);
    $sim->cmd("leader", master => 1);
    return \%r;
}

for my $tasks (split /,/, $o{tasks}) {
    my $sim = Bench::cluster($tasks / 10, $tasks, "--masters", 2);
    for my $source ("poll", "stream") {
        my @all = map { follow($sim, $source) } 1 .. $o{rounds};
        my $of = sub { return Bench::column($_[0], @all) };
        Bench::result("tasks, source", "$tasks, $source", "agents" => $tasks / 10, "tasks kept" => $of->("kept"),
            "failover CPU s" => $of->("over"), "all back CPU s" => $of->("back"), "records changed" => $of->("changes"),
            "memory MB before" => $of->("rss"), "peak MB before" => $of->("first"), "peak MB after" => $of->("peak"));
    }
    $sim->stop;
}
Bench::print_results();
