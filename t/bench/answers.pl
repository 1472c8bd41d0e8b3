#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# CPU time of a server for one answer, beside NSD, Knot and, over UDP, a program that does nothing but receive and
# send: one core serves, clients ask from the other, in turn, in many short rounds; ratios are those within a round.
#
# dnsperf costs more for a query than these servers do for an answer, so they wait for it, and what they cost is in part what
# it costs to be woken, and to be asked for a few things at a time: the faster a server, the fewer. So over UDP there is also a
# client that no server can outrun (flood.c): all of them are busy then, with batches as large as they take them.
#
# Two workers share the two cores with those that ask, so it is their CPU time an answer that can be compared with one
# worker's, and how evenly queries from few and from many sockets come to them.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use lib dirname(abs_path(__FILE__));
use Bench;
use Net::DNS;
use Socket;

my %o = Bench::options(<<"EOT",
Server CPU per answer over UDP and TCP of mesos-named, NSD and Knot (those that are installed) with one zone.
--clients: sockets that ask; --outstanding: queries on their way at most; --only: some servers; --flows: numbers of sockets
that ask two workers.
EOT
    { rounds => 15, seconds => 0.5, tasks => 5000, clients => 20, outstanding => 200, only => "",
      flows => "1,4,100,10000" },
    quick => { rounds => 5, flows => "1,100" }, smoke => { rounds => 1, seconds => 0.1, tasks => 200, flows => "4" });

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

# How often each worker of a server has waited so far: who asks one question after the other has one wait a question.
sub worker_waits {
    my ($pid) = @_;
    my @tasks = grep { Bench::slurp("$_/comm") eq "answer\n" } glob "/proc/$pid/task/*";
    return map { Bench::slurp("$_/status") =~ /^voluntary_ctxt_switches:\s+(\d+)/m } @tasks;
}

# The same question from so many sockets, 1,000 times at least, one after the other.
sub ask_from {
    my ($flows, $port, $name) = @_;
    my $query = Net::DNS::Packet->new($name, "A")->data;
    my $server = pack_sockaddr_in($port, inet_aton("127.0.0.1"));
    my $each = $flows < 1000 ? 1000 / $flows : 1;
    for (1 .. $flows) {
        socket my $socket, PF_INET, SOCK_DGRAM, 0 or Bench::fail("socket: $!");
        setsockopt $socket, SOL_SOCKET, SO_RCVTIMEO, pack("l!l!", 1, 0);
        connect $socket, $server or Bench::fail("connect: $!");
        for (1 .. $each) {
            send $socket, $query, 0;
            recv $socket, my $reply, 512, 0;
        }
    }
}

# One worker beside two, on both cores.
sub workers {
    my ($dir, $state, $name) = @_;
    local $Bench::SERVER_CPU = "0-1";
    my %cpu;
    my @kinds = (1, 2);
    my %server = map { mkdir "$dir/$_"; $_ => [ Bench::start_named("$dir/$_", $state, config => { workers => $_ }) ] } @kinds;
    for my $round (0 .. $o{rounds} - 1) {
        for my $count ($round % 2 ? reverse @kinds : @kinds) {
            my ($pid, $port) = @{ $server{$count} };
            my $before = Bench::cpu_of_group($pid);
            my $answers = flood($port, "$dir/existing")->{completed};
            push @{ $cpu{$count} }, (Bench::cpu_of_group($pid) - $before) / $answers * 1e6;
        }
    }
    for my $count (@kinds) {
        my @times = map { $count * $cpu{1}[$_] / $cpu{$count}[$_] } 0 .. $o{rounds} - 1;
        Bench::result("workers", $count, "CPU us/answer" => $cpu{$count}, "answers of one, in their CPU time x" => \@times);
    }
    my ($pid, $port) = @{ $server{2} };
    for my $flows (split /,/, $o{flows}) {
        my @shares;
        for (1 .. $o{rounds}) {
            my @before = worker_waits($pid);
            ask_from($flows, $port, $name);
            my @after = worker_waits($pid);
            my ($low, $high) = sort { $a <=> $b } map { $after[$_] - $before[$_] } 0, 1;
            push @shares, 100 * $high / ($low + $high);
        }
        Bench::result("sockets that ask two workers", $flows, "% that one of them got" => \@shares);
    }
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
    my $seconds = @how ? 2 * $o{seconds} : $o{seconds};    # over TCP there are fewer answers to count
    return sub { return Bench::dnsperf(@_, "-l", $seconds, "-c", $o{clients}, "-q", $o{outstanding}, "-t", 1, @how) };
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
workers($dir, $state, $names->{A}[0]);
Bench::print_results();
