#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# How long answers take at half the rate that is the most: while nothing else happens, while the whole state of a large
# cluster is fetched and loaded again and again, while events of its changes come in, and while clients dump it over HTTP. One
# core serves and follows the cluster, the other asks; the simulated cluster and the clients that dump only get what is left
# of both.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use lib dirname(abs_path(__FILE__));
use Bench;

my %o = Bench::options(<<"EOT",
Percentiles of the time to an answer over UDP, in microseconds, RATE times a second, or half as often as a core can answer;
meanwhile about EVENTS events a second, or CLIENTS that dump /v1/enumerate in a loop.
EOT
    { tasks => 100000, rate => 0, seconds => 5, rounds => 3, events => 500, clients => 10 },
    quick => { seconds => 3 }, smoke => { tasks => 200, rate => 1000, seconds => 0.2, rounds => 1, clients => 2 });

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

# Runs `ask` so often, and each of `meanwhile` goes on in a process beside it.
sub rounds {
    my ($port, @meanwhile) = @_;
    my @pids = map { Bench::beside($_) } @meanwhile;
    sleep 1 if @pids;
    my @all = map { ask($port) } 1 .. $o{rounds};
    Bench::stop($_) for @pids;
    return @all;
}

my $http = Bench::free_port();

sub restart {
    my (%config) = @_;
    return Bench::start_named($dir, undef, config => { masters => [ $sim->hostport ], stateTimeoutSeconds => 120,
        httpon => JSON::PP::true, httplistener => "127.0.0.1", httpport => $http, %config });
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

my %idle;

sub row {
    my ($title, @all) = @_;
    my %r = map { $_ => Bench::column($_, @all) } qw(median p90 p99 p999 p9999 max lost);
    %idle = %r unless %idle;
    Bench::result("meanwhile", $title, "queries/s" => $o{rate}, "median us" => $r{median}, "median x" => Bench::ratios($r{median}, $idle{median}),
        "90 %" => $r{p90}, "99 %" => $r{p99}, "99.9 %" => $r{p999}, "99.9 % x" => Bench::ratios($r{p999}, $idle{p999}),
        "99.99 %" => $r{p9999}, longest => $r{max}, lost => $r{lost});
}

my ($pid, $port) = restart(refreshSeconds => 3600);
$o{rate} ||= int(Bench::flood($port, $queries, 1, 20, 200)->{rate} / 2);
row("nothing", rounds($port));
$sim->cmd("pulse", changes => int($o{events} / 3), seed => 1);    # a change is three events or so
row("$o{events} events a second", rounds($port));
$sim->cmd("pulse");
row("$o{clients} clients dump", rounds($port, (sub { dump_for_ever() }) x $o{clients}));
row("$o{clients} clients dump, gzip", rounds($port, (sub { dump_for_ever("Accept-Encoding: gzip") }) x $o{clients}));
Bench::stop($pid);
($pid, $port) = restart(stateSource => "poll", refreshSeconds => 1);
row("a refresh each second, nothing new", rounds($port));
row("a refresh each second, " . int($o{tasks} / 10) . " tasks come or go", rounds($port, sub {
    for (my $n = 1;; $n = $n == 1 ? int($o{tasks} / 10) : 1) {
        $sim->cmd("scale", app => "bench", n => $n);
        sleep 2;
    }
}));
Bench::stop($pid);
$sim->stop;
Bench::print_results();
