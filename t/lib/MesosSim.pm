# SPDX-License-Identifier: Apache-2.0
# The simulated Mesos cluster (t/sim/mesos-sim) for tests: starts it on free ports, sends it commands, ends it.
#
#   my $sim = MesosSim->new(masters => 2, args => ['--seed', 7]);
#   $sim->cmd('scale', app => 'mywebservice', n => 7);      # dies when the answer is not ok
#   my @ips = map { @{ $_->{ips} } } $sim->tasks('mywebservice');
#   my $url = $sim->url(2) . '/master/state';                # of the second master
#   my $stream = $sim->subscribe;                            # its events, see MesosSim::Stream below
#   is $stream->next->{type}, 'SUBSCRIBED';
#   is $sim->stop, 0, 'it ends cleanly';
package MesosSim;

use strict;
use warnings;
use HTTP::Tiny;
use JSON::PP ();

our $READY_SECONDS = 60;    # a generated cluster of 100,000 tasks under sanitizers takes its time

# Where the program is, or undef if it was not built (libmicrohttpd is missing).
sub program {
    my $path = ($ENV{MN_BUILDDIR} // '.') . '/t/sim/mesos-sim';
    return -x $path ? $path : undef;
}

# masters => N, listen => 'ADDR:PORT', args => [more options of mesos-sim]. Dies if it does not start.
sub new {
    my ($class, %opt) = @_;
    my $program = program() or die "mesos-sim was not built\n";
    my @args = ('--listen', $opt{listen} // '127.0.0.1:0', '--control', '127.0.0.1:0');
    push @args, '--masters', $opt{masters} if $opt{masters};
    push @args, @{ $opt{args} // [] };
    my $pid = open(my $out, '-|', $program, @args) // die "cannot start $program: $!\n";
    my $self = bless { pid => $pid, out => $out, owner => $$, http => HTTP::Tiny->new(timeout => 120) }, $class;
    my $line = eval {
        local $SIG{ALRM} = sub { die "no answer\n" };
        alarm $READY_SECONDS;
        my $got = <$out>;
        alarm 0;
        $got;
    };
    if (($line // '') !~ /^mesos-sim: listening on (\S+) control (\S+)$/) {
        my $status = $self->stop;
        die "mesos-sim did not start (status " . ($status // '?') . "): " . ($line // $@ // '') . "\n";
    }
    @{$self}{qw(masters control)} = ([split /,/, $1], $2);
    return $self;
}

# HOST:PORT of a master, counted from 1 (the default).
sub hostport { my ($self, $n) = @_; return $self->{masters}[($n // 1) - 1] }
sub port     { my ($self, $n) = @_; return $self->hostport($n) =~ /:(\d+)$/ ? $1 : undef }
sub url      { my ($self, $n) = @_; return 'http://' . $self->hostport($n) }
sub pid      { return $_[0]{pid} }
sub control  { return $_[0]{control} }

sub _escape {
    my ($text) = @_;
    utf8::encode($text) if utf8::is_utf8($text);
    $text =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ge;
    return $text;
}

# The answer of a command, its HTTP status under `status`, whatever it is.
sub try_cmd {
    my ($self, $method, $name, @args) = @_;
    my @pairs;
    while (my ($key, $value) = splice @args, 0, 2) { push @pairs, _escape($key) . '=' . _escape($value) }
    my $url = "http://$self->{control}/sim/$name" . (@pairs ? '?' . join('&', @pairs) : '');
    my $r = $self->{http}->request($method, $url);
    my $answer = eval { JSON::PP::decode_json($r->{content}) } // { ok => 0, error => $r->{content} };
    return { %$answer, status => $r->{status} };
}

sub _checked {
    my ($self, $method, $name, @args) = @_;
    my $answer = $self->try_cmd($method, $name, @args);
    die "mesos-sim $name: $answer->{error}\n" unless $answer->{ok};
    return $answer;
}

# POST /sim/NAME?KEY=VALUE&...
sub cmd { my ($self, $name, @args) = @_; return $self->_checked(POST => $name, @args) }
sub counters { return $_[0]->_checked(GET => 'counters') }

# Tasks of that name, or all: hashes with id, name, framework, agent, agent_ip, ips, ports, state, healthy, listed.
sub tasks {
    my ($self, $name, %more) = @_;
    return @{ $self->_checked(GET => 'tasks', defined $name ? (name => $name) : (), %more)->{tasks} };
}

# A call of /api/v1: { status, headers, content }. The path, headers and the method may be given.
sub call {
    my ($self, $call, %opt) = @_;
    my %headers = ('Content-Type' => 'application/json', Accept => 'application/json', %{ $opt{headers} // {} });
    delete @headers{ grep { !defined $headers{$_} } keys %headers };
    my $content = ref $call ? JSON::PP->new->canonical->encode($call) : $call;
    my $ua = HTTP::Tiny->new(timeout => 60, max_redirect => 0);
    return $ua->request($opt{method} // 'POST', $self->url($opt{master}) . ($opt{path} // '/api/v1'),
        { headers => \%headers, content => $content });
}

# A stream of events of a master (the first, if not said), from the request on.
sub subscribe {
    my ($self, %opt) = @_;
    return MesosSim::Stream->new($self->hostport($opt{master}), %opt);
}

# Ends it; the exit status, or -SIGNAL, or undef if it was ended before.
sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} // return undef;
    kill 'TERM', $pid;
    local $?;
    close $self->{out};    # waits for it
    return $? & 127 ? -($? & 127) : $? >> 8;
}

sub DESTROY {
    my ($self) = @_;
    $self->stop if $self->{pid} && $self->{owner} == $$;
}

# What a subscriber gets, byte by byte as it came.
package MesosSim::Stream;

use IO::Socket::INET;
use Time::HiRes qw(time);

our $PATIENCE = 30;    # seconds for what has to come

# A connection to HOST:PORT that has sent SUBSCRIBE. Its end, once it has come, is in `end`: eof, last (a last chunk)
# or reset; the header in `head`, the sizes of the chunks in `chunks`.
sub new {
    my ($class, $hostport, %opt) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => $hostport) or die "cannot connect to $hostport: $!\n";
    my $call = $opt{call} // '{"type":"SUBSCRIBE"}';
    my $length = length $call;
    print $socket "POST /api/v1 HTTP/1.1\r\nHost: $hostport\r\nContent-Type: application/json\r\n"
        . "Accept: application/json\r\nContent-Length: $length\r\n\r\n$call";
    return bless { socket => $socket, raw => '', body => '', chunks => [], left => 0 }, $class;
}

sub socket { return $_[0]{socket} }

# Takes the chunks apart.
sub _dechunk {
    my ($self) = @_;
    if (!defined $self->{head}) {
        return unless $self->{raw} =~ s/^(.*?\r\n)\r\n//s;
        $self->{head} = $1;
    }
    while (!$self->{end}) {
        if ($self->{left}) {
            my $part = substr $self->{raw}, 0, $self->{left}, '';
            $self->{body} .= $part;
            $self->{left} -= length $part;
            return if $self->{left};
            $self->{tail} = 1;
        }
        if ($self->{tail}) {
            return unless $self->{raw} =~ s/^\r\n//;
            $self->{tail} = 0;
        }
        return unless $self->{raw} =~ s/^([0-9A-Fa-f]+)\r\n//;
        $self->{left} = hex $1;
        $self->{end} = 'last' unless $self->{left};
        push @{ $self->{chunks} }, $self->{left} if $self->{left};
    }
}

# Reads once, for at most so long; false: nothing came, or nothing more will.
sub _read {
    my ($self, $seconds) = @_;
    return 0 if $self->{end};
    my $in = '';
    vec($in, fileno $self->{socket}, 1) = 1;
    return 0 unless select $in, undef, undef, $seconds > 0 ? $seconds : 0;
    my $n = sysread $self->{socket}, $self->{raw}, 1 << 20, length $self->{raw};
    if (!$n) { $self->{end} = defined $n ? 'eof' : 'reset'; return 0 }
    $self->_dechunk;
    return 1;
}

# The text of the next record; undef when the stream is at its end, or when `seconds` have passed without one. Dies on
# what is no RecordIO.
sub next_text {
    my ($self, $seconds) = @_;
    my $until = time + ($seconds // $PATIENCE);
    for (;;) {
        if ($self->{body} =~ /^(\d+)\n/ && length($self->{body}) >= length($1) + 1 + $1) {
            my $text = substr $self->{body}, length($1) + 1, $1;
            substr $self->{body}, 0, length($1) + 1 + $1, '';
            return $text;
        }
        die 'no RecordIO: ' . substr($self->{body}, 0, 40) . "\n" if $self->{body} =~ /^(?!\d{0,20}(?:\n|\z))/;
        $self->_read($until - time) and next;
        return undef if $self->{end} || time >= $until;
    }
}

# The same decoded.
sub next {
    my ($self, $seconds) = @_;
    my $text = $self->next_text($seconds) // return undef;
    return JSON::PP::decode_json($text);
}

# Records up to the first for which the sub (given it) is true, or to the end; heartbeats are left out.
sub until {
    my ($self, $wanted) = @_;
    my @records;
    my $deadline = time + $PATIENCE;
    while (my $r = $self->next) {
        die "the record that was waited for did not come\n" if time > $deadline;
        next if $r->{type} eq 'HEARTBEAT';
        push @records, $r;
        last if $wanted->($r);
    }
    return @records;
}

# What came of a record that did not end, or of the body when that is no RecordIO.
sub rest { return $_[0]{body} }

# Reads until the end has come; how it ended.
sub drain {
    my ($self, $seconds) = @_;
    my $until = time + ($seconds // $PATIENCE);
    while (!$self->{end} && time < $until) { $self->_read($until - time) }
    return $self->{end} // 'silence';
}

1;
