#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# CPU time of a server for one answer, beside NSD, Knot and, over UDP, a program that does nothing but receive and
# send: one core serves, dnsperf asks from the other, in turn, several rounds; medians are compared.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use lib dirname(abs_path(__FILE__));
use Bench;

my %o = Bench::options(<<"EOT",
Server CPU per answer over UDP and TCP of mesos-named, NSD and Knot (those that are installed) with one zone.
--clients: sockets that ask; --outstanding: queries on their way at most; --only: some servers.
EOT
    { rounds => 7, seconds => 1, tasks => 5000, clients => 20, outstanding => 200, only => "" },
    quick => { rounds => 3, seconds => 0.5 }, smoke => { rounds => 1, seconds => 0.1, tasks => 200 });

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

my %only = map { $_ => 1 } split /,/, $o{only} || "mesos-named,NSD,Knot DNS,receive and send only";
my @servers = ([ "mesos-named", Bench::start_named($dir, $state) ]);
my @missing;
for my $peer ([ "NSD", "nsd", \&Bench::start_nsd ], [ "Knot DNS", "knotd", \&Bench::start_knot ]) {
    my ($name, $program, $start) = @$peer;
    if (Bench::program($program)) { push @servers, [ $name, $start->($dir, $zone) ] }
    else                          { push @missing, [ $name, $program ] }
}
my @load = ("-l", $o{seconds}, "-c", $o{clients}, "-q", $o{outstanding}, "-t", 1);

for my $mix (@mixes) {
    my ($title, $queries, @how) = @$mix;
    my $echo;
    if (!@how) {
        my $first = Bench::dnsperf($servers[0][2], $queries, "-n", 1, "-c", 1);
        $echo = [ "receive and send only", Bench::start_echo($dir, $first->{response}) ];
    }
    Bench::compare($title, $o{rounds}, sub { Bench::dnsperf($_[0], $queries, @load, @how) },
        grep { $only{ $_->[0] } } @servers, $echo || ());
    Bench::missing($title, @$_) for @missing;
    Bench::stop($echo->[1]) if $echo;
    unlink "$dir/echo.log";
}
Bench::print_results();
