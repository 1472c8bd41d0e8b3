#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# How long a start takes, with a master that is ready: time and CPU from the exec of the server to its first right answer, for
# clusters of several sizes, from a master that is polled and from one that streams. The name is asked for every few
# milliseconds; what is answered before is counted. One core serves, the other asks and has the master.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use IO::Select;
use IO::Socket::INET;
use Net::DNS;
use Time::HiRes qw(time sleep);
use lib dirname(abs_path(__FILE__));
use Bench;

my %o = Bench::options(<<"EOT",
Time and CPU from the exec of mesos-named to the first right answer, with clusters of so many tasks, ten of them on an agent.
--interval: seconds between two questions.
EOT
    { tasks => "1000,10000,100000", rounds => 5, interval => 0.002 },
    quick => { rounds => 3 }, smoke => { tasks => "200", rounds => 1 });

# Until the name has the address: what came before, by response code; and questions that nobody took or answered.
sub ask_until {
    my ($pid, $port, $name, $address) = @_;
    my $query = Net::DNS::Packet->new($name, "A")->data;
    my %seen = map { $_ => 0 } qw(NOERROR SERVFAIL NXDOMAIN none);
    my $end = time + $Bench::PATIENCE;
    my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port, Proto => "udp") or Bench::fail("$!");
    for (;; sleep $o{interval}) {
        Bench::fail("the server ended") if waitpid($pid, POSIX::WNOHANG()) == $pid;
        Bench::fail("there is no right answer") if time > $end;
        my $packet;
        if (!$socket->send($query) || !IO::Select->new($socket)->can_read(1) || !defined $socket->recv($packet, 4096)) {
            $seen{none}++;
            next;
        }
        my $reply = Net::DNS::Packet->new(\$packet) or Bench::fail("no reply: $@");
        return \%seen if grep { $_->type eq "A" && $_->address eq $address } $reply->answer;
        $seen{ $reply->header->rcode }++;
    }
}

# One start; the figures of it.
sub start {
    my ($sim, $source, $name, $address) = @_;
    my $dir = Bench::folder();
    my $port = Bench::free_port();
    my $config = Bench::config("$dir/named.json", port => $port, masters => [ $sim->hostport ], stateSource => $source,
        stateTimeoutSeconds => 120);
    my $began = time;
    my $pid = Bench::start("mesos-named", "$dir/log", $Bench::SERVER_CPU, Bench::built("src/mesos-named"), "-config=$config");
    my $seen = ask_until($pid, $port, $name, $address);
    my %r = (%$seen, seconds => time - $began, cpu => Bench::cpu_of($pid), peak => Bench::status_of($pid, "VmHWM") / 1024);
    Bench::stop($pid);
    return \%r;
}

for my $tasks (split /,/, $o{tasks}) {
    my $sim = Bench::cluster($tasks / 10, $tasks);
    Bench::hold($Bench::CLIENT_CPU, $sim->pid, $$);
    $sim->cmd("app-add", name => "bench", n => 1, network => "host");
    my ($task) = $sim->tasks("bench");
    for my $source (qw(poll stream)) {
        my @all = map { start($sim, $source, "bench.marathon.mesos", $task->{agent_ip}) } 0 .. $o{rounds};
        shift @all;    # for the master to be ready
        Bench::result("tasks, source", "$tasks, $source", "first right answer s" => Bench::column("seconds", @all),
            "CPU s" => Bench::column("cpu", @all), "peak MB" => Bench::column("peak", @all),
            map { ("$_ before" => Bench::column($_, @all)) } qw(none SERVFAIL NXDOMAIN NOERROR));
    }
    $sim->stop;
}
Bench::print_results();
