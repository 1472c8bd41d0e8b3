# SPDX-License-Identifier: Apache-2.0
# The daemon under test: starts it on free ports of 127.0.0.1, asks it, stops it, and looks at what it left behind.
#
#   my $named = Named->start(config => { masters => ["127.0.0.1:$port"] }, args => ["-v=1"]);
#   my $packet = $named->query("leader.mesos", "A", tcp => 1, bufsize => 4096);   # Net::DNS::Packet or undef
#   my $text = $named->dig("leader.mesos", "A", "+tcp");
#   $named->wait_answer("web.marathon.mesos", "A");   # until it has an answer
#   $named->wait_log(qr/generation=2/);
#   $named->stop_ok;                                  # TERM; exit status 0, no word from a sanitizer
package Named;

use strict;
use warnings;

use File::Temp qw(tempdir);
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use Net::DNS;
use POSIX qw(WNOHANG);
use Test::More ();
use Time::HiRes qw(time sleep);

our $PATIENCE = $ENV{MN_PATIENCE} || 30;    # seconds until a condition that does not come true fails a test
my $STEP = 0.02;                            # between two looks at a condition

sub binary { return "$ENV{MN_BUILDDIR}/src/mesos-named" }

# A port that is free for UDP and TCP on the address.
sub free_port {
    my ($address) = @_;
    $address ||= "127.0.0.1";
    for (1 .. 100) {
        my $tcp = IO::Socket::INET->new(LocalAddr => $address, LocalPort => 0, Proto => "tcp", Listen => 1) or next;
        my $udp = IO::Socket::INET->new(LocalAddr => $address, LocalPort => $tcp->sockport, Proto => "udp") or next;
        return $tcp->sockport;
    }
    die "no port is free on $address";
}

# Waits for `condition`; returns what it returned, or nothing once patience is at its end.
sub wait_until {
    my ($condition, $patience) = @_;
    my $end = time + ($patience || $PATIENCE);
    for (;;) {
        my $value = $condition->();
        return $value if $value;
        return        if time > $end;
        sleep $STEP;
    }
}

sub write_config {
    my ($file, $config) = @_;
    open my $out, ">", $file or die "$file: $!";
    print $out JSON::PP->new->canonical->pretty->encode($config);
    close $out or die "$file: $!";
}

sub slurp {
    my ($file) = @_;
    open my $in, "<", $file or return "";
    local $/;
    my $text = <$in>;
    return defined $text ? $text : "";
}

# config: keys that are added to the defaults below (undef takes one away); args: further arguments; state: a file for
# --state; env: environment; wait: 0 to return before it answers; command: what to run instead of the binary of this
# build, a list to which the arguments are added.
sub start {
    my ($class, %opt) = @_;
    my $dir = tempdir("mesos-named-XXXXXX", TMPDIR => 1, CLEANUP => 1);
    my $port = $opt{port} || free_port();
    my %config = (
        domain => "mesos", masters => ["127.0.0.1:1"], listener => "127.0.0.1", port => $port, httpon => JSON::PP::false,
        resolvers => ["127.0.0.1:1"], workers => 2, refreshSeconds => 1, %{ $opt{config} || {} },
    );
    delete $config{$_} for grep { !defined $config{$_} } keys %config;
    my $self = bless { dir => $dir, port => $port, domain => $config{domain}, log => "$dir/log",
        config => "$dir/config.json", pid => 0 }, $class;
    write_config($self->{config}, \%config);
    $self->{args} = [ "-config=$self->{config}", ($opt{state} ? ("--state", $opt{state}) : ()), @{ $opt{args} || [] } ];
    $self->{env} = $opt{env} || {};
    $self->{command} = $opt{command} || [ binary() ];
    $self->launch;
    if (!exists $opt{wait} || $opt{wait}) {
        $self->wait_ready or die "mesos-named does not answer:\n" . $self->log;
    }
    return $self;
}

sub launch {
    my ($self) = @_;
    my $pid = fork;
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        $ENV{$_} = $self->{env}{$_} for keys %{ $self->{env} };
        delete $ENV{JOURNAL_STREAM} unless exists $self->{env}{JOURNAL_STREAM};
        open STDIN,  "<",  "/dev/null"  or POSIX::_exit(127);
        open STDOUT, ">>", $self->{log} or POSIX::_exit(127);
        open STDERR, ">&", \*STDOUT     or POSIX::_exit(127);
        { no warnings "exec"; exec { $self->{command}[0] } @{ $self->{command} }, @{ $self->{args} }; }
        POSIX::_exit(127);
    }
    $self->{pid} = $pid;
    delete $self->{status};
}

# Did the process end? Its wait status is then in {status}.
sub ended {
    my ($self) = @_;
    return 1 unless $self->{pid};
    return 0 if waitpid($self->{pid}, WNOHANG) != $self->{pid};
    $self->{status} = $?;
    $self->{pid} = 0;
    return 1;
}

# One query by a bare socket with a short limit, so that a lost first packet costs little.
sub probe {
    my ($self, $name, $type) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $self->{port}, Proto => "udp") or return;
    my $question = Net::DNS::Packet->new($name, $type);
    $socket->send($question->data) or return;
    return unless IO::Select->new($socket)->can_read(0.5);
    my $buffer;
    return unless defined $socket->recv($buffer, 65535);
    return Net::DNS::Packet->new(\$buffer);
}

# Until any reply comes, SERVFAIL included. False if the process ended instead.
sub wait_ready {
    my ($self) = @_;
    my $reply = wait_until(sub { $self->ended ? "ended" : $self->probe($self->{domain}, "SOA") });
    return $reply && $reply ne "ended";
}

# Until the name has records of the type; returns the packet.
sub wait_answer {
    my ($self, $name, $type) = @_;
    return wait_until(
        sub {
            my $reply = $self->probe($name, $type || "A") or return;
            return $reply->answer ? $reply : undef;
        }
    );
}

sub resolver {
    my ($self, %opt) = @_;
    my $resolver = Net::DNS::Resolver->new(
        nameservers => [ $opt{server} || "127.0.0.1" ], port => $self->{port}, recurse => exists $opt{rd} ? $opt{rd} : 0,
        usevc => $opt{tcp} ? 1 : 0, igntc => 1, retry => 2, retrans => 5, udp_timeout => 10, tcp_timeout => 10,
        dnsrch => 0, defnames => 0, config_file => "/dev/null",
    );
    $resolver->udppacketsize($opt{bufsize}) if $opt{bufsize};
    return $resolver;
}

# tcp => 1, bufsize => N (EDNS), rd => 1, class => "CH". Truncated replies come as they are.
sub query {
    my ($self, $name, $type, %opt) = @_;
    return $self->resolver(%opt)->send($name, $type || "A", $opt{class} || "IN");
}

# Bytes to the server and a reply's bytes back, or undef for none within `wait` seconds (10). tcp => 1: over a
# connection of its own.
sub exchange {
    my ($self, $query, %opt) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $self->{port}, Proto => $opt{tcp} ? "tcp" : "udp")
        or return undef;
    $socket->syswrite($opt{tcp} ? pack("n/a", $query) : $query);
    return read_message($socket, %opt);
}

# The next message from a socket, likewise.
sub read_message {
    my ($socket, %opt) = @_;
    my $end = time + ($opt{wait} || 10);
    my $got = "";
    until ($opt{tcp} ? length $got >= 2 && length $got >= 2 + unpack("n", $got) : length $got) {
        my $left = $end - time;
        return undef if $left <= 0 || !IO::Select->new($socket)->can_read($left);
        my $want = !$opt{tcp} ? 65535 : length $got < 2 ? 2 - length $got : 2 + unpack("n", $got) - length $got;
        return undef unless $socket->sysread($got, $want, length $got);
    }
    return $opt{tcp} ? substr($got, 2) : $got;
}

# What `dig` prints.
sub dig {
    my ($self, @args) = @_;
    open my $out, "-|", "dig", "\@127.0.0.1", "-p", $self->{port}, "+time=5", "+tries=2", @args or die "dig: $!";
    local $/;
    my $text = <$out>;
    close $out;
    return $text;
}

sub log { return slurp($_[0]{log}) }

sub wait_log {
    my ($self, $pattern) = @_;
    return wait_until(sub { $self->log =~ $pattern });
}

# The counts of the server, as SIGUSR1 has them logged: a hash.
sub counts {
    my ($self) = @_;
    my $before = () = $self->log =~ / counts queries_udp=/g;
    $self->signal("USR1");
    my $line = wait_until(
        sub {
            my @lines = $self->log =~ /^(.* counts queries_udp=.*)\n/mg;
            return @lines > $before ? $lines[-1] : undef;
        }
    ) or return {};
    return { $line =~ /(\w+)=(\S+)/g };
}

sub signal {
    my ($self, $name) = @_;
    return $self->{pid} && kill $name => $self->{pid};
}

# Ends it; returns its wait status, or undef if it had to be killed.
sub stop {
    my ($self, $signal) = @_;
    $self->signal($signal || "TERM");
    if (!wait_until(sub { $self->ended })) {
        kill KILL => $self->{pid};
        waitpid $self->{pid}, 0;
        $self->{pid} = 0;
        return;
    }
    return $self->{status};
}

# What sanitizers wrote, "" for nothing.
sub sanitizer_words {
    my ($self) = @_;
    my @lines = grep { /Sanitizer|runtime error:/ } split /\n/, $self->log;
    return join "\n", @lines;
}

# One test: it ends by the signal with status 0, and no sanitizer has anything to say.
sub stop_ok {
    my ($self, $signal, $name) = @_;
    my $status = $self->stop($signal);
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $ok = defined $status && $status == 0 && $self->sanitizer_words eq "";
    Test::More::ok($ok, $name || "ends cleanly")
        or Test::More::diag("status: " . (defined $status ? $status : "killed") . "\n" . $self->log);
    return $ok;
}

# Runs the program to its end, for -t, --dump-zone and the like: (exit status, stdout, stderr). One that does not end is
# ended by SIGALRM after a while.
sub run {
    my ($class, @args) = @_;
    my $dir = tempdir("mesos-named-XXXXXX", TMPDIR => 1, CLEANUP => 1);
    my $pid = fork;
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        open STDIN,  "<", "/dev/null"   or POSIX::_exit(127);
        open STDOUT, ">", "$dir/stdout" or POSIX::_exit(127);
        open STDERR, ">", "$dir/stderr" or POSIX::_exit(127);
        alarm 4 * $PATIENCE;
        { no warnings "exec"; exec { binary() } binary(), @args; }
        POSIX::_exit(127);
    }
    waitpid $pid, 0;
    return ($? & 127 ? -($? & 127) : $? >> 8, slurp("$dir/stdout"), slurp("$dir/stderr"));
}

sub DESTROY {
    my ($self) = @_;
    local ($?, $!);
    return if !$self->{pid};
    kill KILL => $self->{pid};
    waitpid $self->{pid}, 0;
}

1;
