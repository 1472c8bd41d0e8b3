#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# CPU time of a server for one answer, beside NSD, Knot and, over UDP, a program that does nothing but receive and
# send: one core serves, dnsperf asks from the other, in turn, several rounds; medians are compared.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use Getopt::Long;
use lib dirname(abs_path(__FILE__));
use Bench;

my %o = (rounds => 7, seconds => 1, tasks => 5000, clients => 20, outstanding => 200);
GetOptions(\%o, "rounds=i", "seconds=f", "tasks=i", "clients=i", "outstanding=i", "only=s", "smoke", "help") or exit 2;
if ($o{help}) {
    print <<"EOT";
usage: answers.pl [--rounds=7] [--seconds=1] [--tasks=5000] [--clients=20] [--outstanding=200] [--only=NAME,...] [--smoke]

Server CPU per answer over UDP and TCP of mesos-named, NSD and Knot (those that are installed) with one zone.
--clients: sockets that ask; --outstanding: queries on their way at most; --smoke: only that it runs.
EOT
    exit 0;
}
@o{qw(rounds seconds tasks)} = (1, 0.1, 200) if $o{smoke};

# Existing names, as resolvers of a cluster ask for them: as many A as SRV.
sub write_existing {
    my ($file, $names, $count) = @_;
    my @a   = Bench::pick($count / 2, @{ $names->{A} });
    my @srv = Bench::pick($count / 2, @{ $names->{SRV} });
    return Bench::write_file($file, map { "$a[$_] A\n$srv[$_] SRV\n" } 0 .. $#a);
}

# Half names that do not exist, half types that the name does not have.
sub write_negative {
    my ($file, $names, $count) = @_;
    my $i = 0;
    return Bench::write_file($file, map { $i++ % 2 ? "$_ AAAA\n" : "no.$_ A\n" } Bench::pick($count, @{ $names->{A} }));
}

my $dir = Bench::folder();
Bench::need("dnsperf", "dnsperf");
my $sim = Bench::cluster($o{tasks} / 10, $o{tasks});
my $state = Bench::save_state($sim, "$dir/state.json");
$sim->stop;
my $zone = Bench::dump_zone($state, Bench::config("$dir/dump.json"), "$dir/zone");
my $names = Bench::names_of($zone);
my @mixes = (
    [ "existing names, A and SRV" => write_existing("$dir/existing", $names, 20000) ],
    [ "NXDOMAIN and no data" => write_negative("$dir/negative", $names, 20000) ],
    [ "TCP, connections kept" => "$dir/existing", "-m", "tcp" ],
    [ "TCP, a connection for each query" => "$dir/existing", "-m", "tcp", "-O", "num-queries-per-conn=1" ],
);

my @servers = ([ "mesos-named", Bench::start_named($dir, $state) ]);
push @servers, [ "NSD", Bench::start_nsd($dir, $zone) ] if Bench::program("nsd");
push @servers, [ "Knot DNS", Bench::start_knot($dir, $zone) ] if Bench::program("knotd");
if ($o{only}) {
    my %only = map { $_ => 1 } split /,/, $o{only};
    @servers = grep { $only{ $_->[0] } } @servers;
}
my @load = ("-l", $o{seconds}, "-c", $o{clients}, "-q", $o{outstanding}, "-t", 1);

sub measure {
    my ($pid, $port, $queries, @how) = @_;
    my $before = Bench::cpu_of_group($pid);
    my $r = Bench::dnsperf($port, $queries, @load, @how);
    $r->{cpu} = (Bench::cpu_of_group($pid) - $before) / $r->{completed} * 1e6;
    return $r;
}

for my $mix (@mixes) {
    my ($title, $queries, @how) = @$mix;
    my @all = @servers;
    if (!@how) {
        my $first = Bench::dnsperf($servers[0][2], $queries, "-n", 1, "-c", 1);
        push @all, [ "receive and send only", Bench::start_echo($dir, $first->{response}) ];
    }
    my %seen;
    for my $round (0 .. $o{rounds} - 1) {
        for my $i (0 .. $#all) {    # another one is first in each round
            my ($name, $pid, $port) = @{ $all[ ($i + $round) % @all ] };
            push @{ $seen{$name} }, measure($pid, $port, $queries, @how);
        }
    }
    if (!@how) {
        Bench::stop($all[-1][1]);
        unlink "$dir/echo.log";
    }
    my %median = map { my $name = $_; $name => Bench::median(map { $_->{cpu} } @{ $seen{$name} }) } keys %seen;
    my @rows = ([ "server", "CPU us/answer", "lowest", "highest", "answers/s", "lost", "bytes in", "out", "mesos-named is" ]);
    for my $server (@all) {
        my $name = $server->[0];
        my @cpu = sort { $a <=> $b } map { $_->{cpu} } @{ $seen{$name} };
        my $lost = 0;
        $lost += $_->{lost} for @{ $seen{$name} };
        push @rows, [
            $name, (map { sprintf "%.2f", $_ } $median{$name}, $cpu[0], $cpu[-1]),
            sprintf("%.0f", Bench::median(map { $_->{rate} } @{ $seen{$name} })), $lost,
            $seen{$name}[0]{request}, $seen{$name}[0]{response},
            $median{"mesos-named"} && $median{$name} ? sprintf("x %.2f", $median{"mesos-named"} / $median{$name}) : "",
        ];
    }
    print "\n$title, $o{tasks} tasks, $o{rounds} rounds of $o{seconds} s:\n\n";
    Bench::table(@rows);
}
