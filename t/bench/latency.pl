#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# How long answers take, at a fixed rate: while nothing else happens, while the state of a large cluster is fetched and
# compared each second, and while a tenth of that cluster comes and goes. One core serves and follows the cluster,
# the other asks; the simulated cluster only gets what is left of both.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use Getopt::Long;
use lib dirname(abs_path(__FILE__));
use Bench;

my %o = (tasks => 100000, rate => 50000, seconds => 5, rounds => 3);
GetOptions(\%o, "tasks=i", "rate=i", "seconds=f", "rounds=i", "smoke", "help") or exit 2;
if ($o{help}) {
    print <<"EOT";
usage: latency.pl [--tasks=100000] [--rate=50000] [--seconds=5] [--rounds=3] [--smoke]

Percentiles of the time to an answer over UDP, in microseconds. --smoke: only that it runs.
EOT
    exit 0;
}
@o{qw(tasks rate seconds rounds)} = (200, 1000, 0.2, 1) if $o{smoke};

my $dir = Bench::folder();
my $sim = Bench::cluster($o{tasks} / 10, $o{tasks});
system("chrt -i -a -p 0 " . $sim->pid . " >/dev/null 2>&1");
$sim->cmd("app-add", name => "bench", n => 1, network => "host");
my $state = Bench::save_state($sim, "$dir/state.json");
my $zone = Bench::dump_zone($state, Bench::config("$dir/dump.json"), "$dir/zone");
my $names = Bench::names_of($zone);
unlink $zone;
my $queries = Bench::write_file("$dir/queries", map {"$_ A\n"} Bench::pick(20000, grep { !/^bench/ } @{ $names->{A} }));

sub ask {
    my ($port) = @_;
    my $line = Bench::output_of($queries, Bench::built("t/bench/latency"), $port, $o{rate}, $o{seconds});
    return { $line =~ /(\w+)=([\d.]+)/g };
}

# Runs `ask` so often, `while` goes on in a process beside it.
sub rounds {
    my ($port, $while) = @_;
    my $pid = 0;
    if ($while) {
        $pid = Bench::beside($while);
        sleep 1;
    }
    my @all = map { ask($port) } 1 .. $o{rounds};
    Bench::stop($pid) if $pid;
    return @all;
}

sub restart {
    my ($seconds) = @_;
    return Bench::start_named($dir, undef,
        config => { masters => [ $sim->hostport ], refreshSeconds => $seconds, stateTimeoutSeconds => 120 });
}

my @rows = ([ "meanwhile", "median us", "99 %", "99.9 %", "longest", "lost" ]);

sub row {
    my ($title, @all) = @_;
    my $lost = 0;
    $lost += $_->{lost} for @all;
    push @rows, [ $title, (map { my $key = $_; sprintf "%.0f", Bench::median(map { $_->{$key} } @all) } qw(median p99 p999 max)), $lost ];
}

my ($pid, $port) = restart(3600);
row("nothing", rounds($port));
Bench::stop($pid);
($pid, $port) = restart(1);
row("a refresh each second, nothing new", rounds($port));
row("a refresh each second, " . int($o{tasks} / 10) . " tasks come or go", rounds($port, sub {
    for (my $n = 1;; $n = $n == 1 ? int($o{tasks} / 10) : 1) {
        $sim->cmd("scale", app => "bench", n => $n);
        sleep 2;
    }
}));
Bench::stop($pid);
$sim->stop;
print "\n$o{rate} queries a second, $o{tasks} tasks, medians of $o{rounds} runs of $o{seconds} s:\n\n";
Bench::table(@rows);
