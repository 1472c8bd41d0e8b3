#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# CPU time of a server for one answer, beside NSD, Knot and, over UDP, a program that does nothing but receive and
# send: one core serves, clients ask from the other, in turn, in many short rounds; ratios are those within a round.
#
# dnsperf costs more for a query than these servers do for an answer, so they wait for it, and what they cost is in part what
# it costs to be woken, and to be asked for a few things at a time: the faster a server, the fewer. So over UDP there is also a
# client that no server can outrun (flood.c): all of them are busy then, with batches as large as they take them.
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
    { rounds => 15, seconds => 0.5, tasks => 5000, clients => 20, outstanding => 200, only => "" },
    quick => { rounds => 5 }, smoke => { rounds => 1, seconds => 0.1, tasks => 200 });

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
write_existing("$dir/existing", $names, 20000);
write_negative("$dir/negative", $names, 20000);

sub dnsperf {
    my (@how) = @_;
    return sub { return Bench::dnsperf(@_, "-l", $o{seconds}, "-c", $o{clients}, "-q", $o{outstanding}, "-t", 1, @how) };
}
sub flood { return Bench::flood(@_, $o{seconds}, $o{clients}, $o{outstanding}) }

my @mixes = (
    [ "existing names, A and SRV" => "existing", dnsperf(), "udp" ],
    [ "NXDOMAIN and no data" => "negative", dnsperf(), "udp" ],
    [ "existing names, all that a core can answer" => "existing", \&flood, "udp" ],
    [ "NXDOMAIN and no data, all that a core can answer" => "negative", \&flood, "udp" ],
    [ "TCP, connections kept" => "existing", dnsperf("-m", "tcp") ],
    [ "TCP, a connection for each query" => "existing", dnsperf("-m", "tcp", "-O", "num-queries-per-conn=1") ],
);

my %only = map { $_ => 1 } split /,/, $o{only} || "mesos-named,NSD,Knot DNS,receive and send only";
my @servers = ([ "mesos-named", Bench::start_named($dir, $state) ]);
my @missing;
for my $peer ([ "NSD", "nsd", \&Bench::start_nsd ], [ "Knot DNS", "knotd", \&Bench::start_knot ]) {
    my ($name, $program, $start) = @$peer;
    if (Bench::program($program)) { push @servers, [ $name, $start->($dir, $zone) ] }
    else                          { push @missing, [ $name, $program ] }
}

for my $mix (@mixes) {
    my ($title, $file, $load, $udp) = @$mix;
    my $queries = "$dir/$file";
    my $echo;
    if ($udp) {
        my $first = Bench::dnsperf($servers[0][2], $queries, "-n", 1, "-c", 1);
        $echo = [ "receive and send only", Bench::start_echo($dir, $first->{response}) ];
    }
    Bench::compare($title, $o{rounds}, sub { $load->($_[0], $queries) }, grep { $only{ $_->[0] } } @servers, $echo || ());
    Bench::missing($title, @$_) for @missing;
    Bench::stop($echo->[1]) if $echo;
    unlink "$dir/echo.log";
}
Bench::print_results();
