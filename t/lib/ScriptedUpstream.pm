# SPDX-License-Identifier: Apache-2.0
# A DNS server for tests that misbehaves as the query's name tells it, on a free port of 127.0.0.1, UDP and TCP.
#
#   my $upstream = ScriptedUpstream->start;
#   # n1.cut.then.test: a reply that is cut in its middle, and the true one behind it; n1.cut.only.test: nothing else
#   $upstream->mute(1);                       # from now on it says nothing, until mute(0)
#   my @lines = $upstream->asked(qr/\.cut\./);   # "udp PORT ID NAME" of the queries that came, as they were spelled
#   $upstream->stop;
#
# The true reply has one A record; its TTL is 300, or N with ttlN as the first label but one.
package ScriptedUpstream;

use strict;
use warnings;

use File::Temp qw(tempdir);
use IO::Select;
use IO::Socket::INET;
use POSIX ();
use Socket qw(SOL_SOCKET SO_LINGER);
use Time::HiRes qw(time);

use Named;

our $SLOW = 0.5;    # seconds that `slow` takes

sub start {
    my ($class, %opt) = @_;
    my $dir = tempdir("mesos-named-upstream-XXXXXX", TMPDIR => 1, CLEANUP => 1);
    my $port = Named::free_port();
    my $self = bless { dir => $dir, port => $port, owner => $$ }, $class;
    my $udp = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $port, Proto => "udp") or die "udp $port: $!";
    my $tcp = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $port, Proto => "tcp", Listen => 64, ReuseAddr => 1)
        or die "tcp $port: $!";
    my $pid = fork;
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        eval { serve($dir, $udp, $tcp); 1 } or print STDERR "scripted upstream: $@";
        POSIX::_exit(0);
    }
    $self->{pid} = $pid;
    return $self;
}

sub address { return "127.0.0.1:$_[0]{port}" }

sub mute {
    my ($self, $on) = @_;
    my $file = "$self->{dir}/mute";
    if ($on) { open my $out, ">", $file or die "$file: $!" }
    else     { unlink $file }
}

sub asked {
    my ($self, $pattern) = @_;
    return grep { !$pattern || lc =~ $pattern } split /\n/, Named::slurp("$self->{dir}/asked");
}

sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    local ($?, $!);
    kill KILL => $pid;
    waitpid $pid, 0;
}

sub DESTROY {
    my ($self) = @_;
    $self->stop if $self->{pid} && $self->{owner} == $$;
}

# --- the process ---

sub serve {
    my ($dir, $udp, $tcp) = @_;
    open my $asked, ">>", "$dir/asked" or die $!;
    $asked->autoflush(1);
    $udp->blocking(0);
    my $select = IO::Select->new($udp, $tcp);
    my (%got, @later);
    for (;;) {
        my $wait = @later ? $later[0][0] - time : 1;
        for my $socket ($select->can_read($wait > 0 ? $wait : 0)) {
            if ($socket == $tcp) {
                my $client = $tcp->accept or next;
                $select->add($client);
                $got{$client} = "";
            }
            elsif ($socket == $udp) {
                while (my $peer = $udp->recv(my $query, 65535)) {
                    my ($port) = Socket::unpack_sockaddr_in($peer);
                    note($asked, "udp", $port, $query) or next;
                    next if -e "$dir/mute";
                    push @later, udp_replies($query, sub { $udp->send($_[0], 0, $peer) });
                }
            }
            elsif (!$socket->sysread($got{$socket}, 65535, length $got{$socket})) {
                $select->remove($socket);
                delete $got{$socket};
                close $socket;
            }
            else {
                while (length $got{$socket} >= 2 && length $got{$socket} >= 2 + unpack "n", $got{$socket}) {
                    my $query = unpack "n/a", $got{$socket};
                    substr($got{$socket}, 0, 2 + length $query) = "";
                    note($asked, "tcp", $socket->peerport, $query) or next;
                    next if -e "$dir/mute";
                    next if tcp_reply($query, $socket);
                    $select->remove($socket);
                    delete $got{$socket};
                    close $socket;
                    last;
                }
            }
        }
        @later = sort { $a->[0] <=> $b->[0] } @later;
        while (@later && $later[0][0] <= time) { (shift @later)->[1]->() }
    }
}

sub name_of {
    my ($query) = @_;
    my ($at, @labels) = (12);
    while (my $len = ord substr $query, $at, 1) {
        push @labels, substr $query, $at + 1, $len;
        $at += 1 + $len;
    }
    return ($at + 5, @labels);
}

sub note {
    my ($asked, $transport, $port, $query) = @_;
    return if length $query < 17;
    my (undef, @labels) = name_of($query);
    print $asked join(" ", $transport, $port, unpack("n", $query), join(".", @labels)), "\n";
    return 1;
}

# A whole reply; flags beyond QR and RD, RCODE included.
sub reply {
    my ($query, $flags, @records) = @_;
    my ($end) = name_of($query);
    return pack("n n n n n n", unpack("n", $query), 0x8180 | $flags, 1, scalar @records, 0, 0)
        . substr($query, 12, $end - 12) . join("", @records);
}

sub record {
    my ($owner, $type, $ttl, $data) = @_;
    return $owner . pack("n n N n/a", $type, 1, $ttl, $data);
}

sub true_reply {
    my ($query) = @_;
    my (undef, @labels) = name_of($query);
    my ($ttl) = join(".", @labels) =~ /\bttl(\d+)\b/i;
    return reply($query, 0, record("\xc0\x0c", 1, $ttl // 300, "\xc0\0\2\1"));
}

# What each kind of junk is over UDP: a list of packets.
my %junk = (
    ok        => sub { () },
    silent    => sub { () },
    wrongid   => sub { my $r = forged($_[0]); substr($r, 0, 2) ^= "\0\1"; $r },
    wrongname => sub { my $r = forged($_[0]); substr($r, 13, 1) = "x"; $r },
    wrongcase => sub { my $r = forged($_[0]); substr($r, 12, (name_of($_[0]))[0] - 16) ^= "\0\x20\0"; $r },
    wrongtype => sub { my $r = forged($_[0]); substr($r, (name_of($_[0]))[0] - 4, 2) = "\0\x10"; $r },
    query     => sub { my $r = forged($_[0]); substr($r, 2, 1) = "\1"; $r },
    cut       => sub { my $r = true_reply($_[0]); map { substr $r, 0, $_ } 1, 5, 12, 20, length($r) - 5, length($r) - 1 },
    garbage   => sub { map { join "", map { chr int rand 256 } 1 .. 1 + rand 600 } 1 .. 20 },
    half      => sub { substr($_[0], 0, 2) . join "", map { chr int rand 256 } 1 .. 100 },
    pointers  => sub {
        my $at = pack "n", 0xc000 | (name_of($_[0]))[0];
        (reply($_[0], 0, record($at, 1, 300, "abcd")), reply($_[0], 0, record("\xff\xff", 1, 300, "abcd")),
            reply($_[0], 0, record("\xc0\x0c", 5, 300, pack("n", 0xc000 | (name_of($_[0]))[0] + 12))));
    },
    counts    => sub { my $r = true_reply($_[0]); substr($r, 6, 2) = "\xff\xff"; $r },
);

# An answer that nobody must believe.
sub forged { return reply($_[0], 0, record("\xc0\x0c", 1, 300, "\xc0\0\2\x42")) }

# Sends what goes at once; returns what goes later as [time, code].
sub udp_replies {
    my ($query, $send) = @_;
    my (undef, undef, $mode, $then) = map {lc} name_of($query);
    my $true = true_reply($query);
    my %rcode = (formerr => 1, servfail => 2, notimp => 4, refused => 5);

    if ($junk{$mode}) {
        $send->($_) for $junk{$mode}->($query);
        $send->($true) if $mode eq "ok" || $then eq "then";
    }
    elsif (exists $rcode{$mode}) { $send->(reply($query, $rcode{$mode})) }
    elsif ($mode eq "twice")     { $send->($true) for 1 .. 300 }
    elsif ($mode eq "slow")      { return [ time + $SLOW, sub { $send->($true) } ] }
    elsif ($mode eq "chain")     { $send->(reply($query, 0, record("\xc0\x0c", 5, 300, "\xc0\x0c"))) }
    elsif ($mode =~ /^tcp/)      { $send->(reply($query, 0x200)) }
    return;
}

# False: the connection is to be closed.
sub tcp_reply {
    my ($query, $socket) = @_;
    my (undef, undef, $mode, $then) = map {lc} name_of($query);
    my $true = true_reply($query);

    return 1 if $mode eq "silent" || $junk{$mode} && $then eq "only" || $mode eq "tcpsilent";
    return 0 if $mode eq "tcpclose";
    if ($mode eq "tcpreset") {
        $socket->syswrite(pack("n", length $true) . substr $true, 0, 20);
        setsockopt $socket, SOL_SOCKET, SO_LINGER, pack("ii", 1, 0);
        return 0;
    }
    if ($mode eq "tcpgarbage") {
        $socket->syswrite(pack("n/a", join "", map { chr int rand 256 } 1 .. 50) x 20);
        return 0;
    }
    $socket->syswrite(pack "n/a", $true);
    return 1;
}

1;
