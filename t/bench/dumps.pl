#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# How long answers take, at a fixed rate, while ten clients dump the whole cluster over HTTP again and again. One core
# serves both; the other one asks, and what is left of both is for the clients.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use Getopt::Long;
use lib dirname(abs_path(__FILE__));
use Bench;

my %o = (tasks => 100000, rate => 50000, seconds => 10, rounds => 3, clients => 10);
GetOptions(\%o, "tasks=i", "rate=i", "seconds=f", "rounds=i", "clients=i", "smoke", "help") or exit 2;
if ($o{help}) {
    print <<"EOT";
usage: dumps.pl [--tasks=100000] [--rate=50000] [--seconds=10] [--rounds=3] [--clients=10] [--smoke]

Percentiles of the time to an answer over UDP, in microseconds. --smoke: only that it runs.
EOT
    exit 0;
}
@o{qw(tasks rate seconds rounds)} = (200, 1000, 0.2, 1) if $o{smoke};
Bench::need("curl", "curl");

my $dir = Bench::folder();
my $sim = Bench::cluster($o{tasks} / 10, $o{tasks});
my $state = Bench::save_state($sim, "$dir/state.json");
$sim->stop;
my $zone = Bench::dump_zone($state, Bench::config("$dir/dump.json"), "$dir/zone");
my $names = Bench::names_of($zone);
unlink $zone;
my $queries = Bench::write_file("$dir/queries", map {"$_ A\n"} Bench::pick(20000, @{ $names->{A} }));
my $http = Bench::free_port();
my ($pid, $port) = Bench::start_named($dir, $state,
    config => { httpon => JSON::PP::true, httplistener => "127.0.0.1", httpport => $http });

# Asks `rounds` times while the clients dump, with these headers.
sub ask_while {
    my ($clients, @headers) = @_;
    my @clients = map { Bench::beside(sub { dump_for_ever(@headers) }) } 1 .. $clients;
    sleep 1 if @clients;
    my @all;
    for (1 .. $o{rounds}) {
        my $line = Bench::output_of($queries, Bench::built("t/bench/latency"), $port, $o{rate}, $o{seconds});
        push @all, { $line =~ /(\w+)=([\d.]+)/g };
    }
    Bench::stop($_) for @clients;
    return @all;
}

sub dump_for_ever {
    my (@headers) = @_;
    POSIX::setsid();
    while (1) {
        my $curl = fork // die "fork: $!";
        exec "curl", "-s", "-o", "/dev/null", (map { ("-H", $_) } @headers), "http://127.0.0.1:$http/v1/enumerate" unless $curl;
        local $SIG{TERM} = sub { kill TERM => $curl; exit 0 };
        waitpid $curl, 0;
    }
}

my @rows = ([ "meanwhile", "median us", "x", "99 %", "99.9 %", "x", "lost", "main thread" ]);
my %idle;

sub row {
    my ($title, $clients, @headers) = @_;
    my ($cpu, $since) = (main_cpu(), Time::HiRes::time());
    my @all = ask_while($clients, @headers);
    $cpu = (main_cpu() - $cpu) / (Time::HiRes::time() - $since);
    my ($lost, %r) = 0;
    $lost += $_->{lost} for @all;
    for my $key (qw(median p99 p999)) {
        $r{$key} = Bench::median(map { $_->{$key} } @all);
        $idle{$key} ||= $r{$key};
    }
    push @rows, [ $title, sprintf("%.0f", $r{median}), sprintf("%.2f", $r{median} / $idle{median}), sprintf("%.0f", $r{p99}),
        sprintf("%.0f", $r{p999}), sprintf("%.2f", $r{p999} / $idle{p999}), $lost, sprintf("%.0f %%", 100 * $cpu) ];
}

# CPU seconds of the thread that dumps.
sub main_cpu {
    my ($ns) = split / /, Bench::slurp("/proc/$pid/task/$pid/schedstat") // "";
    return ($ns || 0) / 1e9;
}

row("nothing", 0);
row("$o{clients} clients dump", $o{clients});
row("$o{clients} clients dump, gzip", $o{clients}, "Accept-Encoding: gzip");
row("nothing, again", 0);
Bench::stop($pid);
print "\n$o{rate} queries a second, $o{tasks} tasks, medians of $o{rounds} runs of $o{seconds} s:\n\n";
Bench::table(@rows);
