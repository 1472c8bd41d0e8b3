#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What dumps over HTTP cost: bytes, CPU time of the thread that makes them, and memory beyond that of the zone, also while
# ten clients dump at once. What they cost those who ask for names is t/bench/latency.pl's.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use lib dirname(abs_path(__FILE__));
use Bench;

my %o = Bench::options(<<"EOT",
CPU of the thread that makes dumps over HTTP of clusters of so many tasks, their sizes, and the memory that they need.
EOT
    { tasks => "10000,100000", rounds => 3 },
    quick => { tasks => "10000", rounds => 1 }, smoke => { tasks => "200", rounds => 1 });
Bench::need("curl", "curl");

my $dir = Bench::folder();
my $http = Bench::free_port();
my @gzip = ("-H", "Accept-Encoding: gzip");

sub curl { return (Bench::program("curl"), "-s", @_) }

# Bytes of a dump.
sub dump_once {
    my ($path, @headers) = @_;
    return Bench::output_of("/dev/null", curl(@headers, "-o", "/dev/null", "-w", "%{size_download}", "http://127.0.0.1:$http$path"));
}

# CPU seconds of the main thread.
sub cpu {
    my ($pid) = @_;
    my ($ns) = split / /, Bench::slurp("/proc/$pid/task/$pid/schedstat") // "";
    return ($ns || 0) / 1e9;
}

sub resident { return Bench::status_of($_[0], "VmRSS") / 1024 }

sub measure {
    my ($pid, $path, @headers) = @_;
    my (@cpu, $bytes);
    for (1 .. $o{rounds}) {
        my $before = cpu($pid);
        $bytes = dump_once($path, @headers);
        push @cpu, cpu($pid) - $before;
    }
    return ($bytes / 1e6, \@cpu);
}

# The most that the process has grown while ten clients dump.
sub growth {
    my ($pid) = @_;
    my ($before, $most) = (resident($pid)) x 2;
    my %clients;
    for (1 .. 10) {
        my $client = fork // die "fork: $!";
        if (!$client) { exec curl("-o", "/dev/null", "http://127.0.0.1:$http/v1/enumerate") }
        $clients{$client} = 1;
    }
    while (%clients) {
        my $now = resident($pid);
        $most = $now if $now > $most;
        delete $clients{$_} for grep { waitpid($_, POSIX::WNOHANG()) > 0 } keys %clients;
        Time::HiRes::sleep(0.02);
    }
    return $most - $before;
}

for my $tasks (split /,/, $o{tasks}) {
    my $sim = Bench::cluster($tasks / 10, $tasks);
    my $state = Bench::save_state($sim, "$dir/state.json");
    $sim->stop;
    my ($pid) = Bench::start_named($dir, $state,
        config => { httpon => JSON::PP::true, httplistener => "127.0.0.1", httpport => $http });
    Bench::result("tasks", $tasks, "zone, memory MB" => resident($pid));
    for my $path ("/v1/enumerate", "/v1/axfr") {
        for my $how ([ $path ], [ "$path, gzip", @gzip ]) {
            my ($title, @headers) = @$how;
            my ($bytes, $cpu) = measure($pid, $path, @headers);
            Bench::result("tasks", $tasks, "$title MB" => $bytes, "CPU s of $title" => $cpu);
        }
    }
    Bench::result("tasks", $tasks, "ten at once, memory MB" => growth($pid));
    Bench::stop($pid);
}
Bench::print_results();
