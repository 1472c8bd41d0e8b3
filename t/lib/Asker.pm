# SPDX-License-Identifier: Apache-2.0
# A client that asks all the while: a process that asks a server for the same names again and again, so that a test can
# say what nobody was ever told meanwhile.
#
#   my $asker = Asker->start($named->{port}, "web.marathon.mesos", "_web._tcp.marathon.mesos");
#   ...
#   my $got = $asker->end;           # { NAME => { NOERROR => 1234, NXDOMAIN => 1 }, slowest => SECONDS }
#   Asker::only($got, "web.marathon.mesos", ["SERVFAIL"], "it was never NXDOMAIN");
#
# Results are RCODEs and "NODATA", "lost" (no reply within a second) and "bare" (SRV records without addresses). Names
# that begin with `_` are asked for SRV, others for A.
package Asker;

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use List::Util qw(max);
use Net::DNS;
use POSIX ();
use Test::More ();
use Time::HiRes qw(time);

sub start {
    my ($class, $port, @names) = @_;
    pipe my $stop, my $keep or die "pipe: $!";
    pipe my $result, my $tell or die "pipe: $!";
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        close $_ for $keep, $result;
        my $said = eval { _run($port, $stop, @names) } // "died $@\n";
        syswrite $tell, $said;
        POSIX::_exit(0);    # no destructors: what the test started is the parent's
    }
    close $_ for $stop, $tell;
    return bless { pid => $pid, keep => $keep, result => $result }, $class;
}

sub _run {
    my ($port, $stop, @names) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port, Proto => "udp") or die "socket: $!";
    my $replies = IO::Select->new($socket);
    my $end = IO::Select->new($stop);
    my (%got, $slowest);
    until ($end->can_read(0.002)) {
        for my $name (@names) {
            my $query = Net::DNS::Packet->new($name, $name =~ /^_/ ? "SRV" : "A");
            my $began = time;
            my $what = "lost";
            $socket->send($query->data);
            while ($replies->can_read(1)) {
                $socket->recv(my $bytes, 65535) // last;
                my $reply = Net::DNS::Packet->new(\$bytes) or next;
                next if $reply->header->id != $query->header->id;
                $what = $reply->header->rcode;
                $what = "NODATA" if $what eq "NOERROR" && !$reply->answer;
                $what = "bare" if $what eq "NOERROR" && $name =~ /^_/ && $reply->additional < $reply->answer;
                last;
            }
            $got{$name}{$what}++;
            $slowest = max($slowest // 0, time - $began);
        }
    }
    return join "", "slowest $slowest x\n", map { my $name = $_; map { "$name $_ $got{$name}{$_}\n" } keys %{ $got{$name} } } @names;
}

# Ends it; what came.
sub end {
    my ($self) = @_;
    close delete $self->{keep};
    my %got;
    my $from = $self->{result};
    while (<$from>) {
        my ($name, $what, $count) = split;
        if   ($name eq "slowest") { $got{slowest} = $what }
        else                      { $got{$name}{$what} = $count }
    }
    waitpid delete $self->{pid}, 0;
    return \%got;
}

# One test: nothing but this came for the name, and NOERROR did.
sub only {
    my ($got, $name, $what, $text) = @_;
    my %came = %{ $got->{$name} || {} };
    my $good = delete $came{NOERROR};
    delete @came{@$what};
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    Test::More::ok($good && !keys %came, $text) or Test::More::diag(Test::More::explain($got));
}

sub DESTROY {
    my ($self) = @_;
    local ($?, $!);
    return if !$self->{pid} || !$self->{keep};
    close $self->{keep};
    waitpid $self->{pid}, 0;
}

1;
