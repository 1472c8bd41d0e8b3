# SPDX-License-Identifier: Apache-2.0
# The simulated Mesos cluster (t/sim/mesos-sim) for tests: starts it on free ports, sends it commands, ends it.
#
#   my $sim = MesosSim->new(masters => 2, args => ['--seed', 7]);
#   $sim->cmd('scale', app => 'mywebservice', n => 7);      # dies when the answer is not ok
#   my @ips = map { @{ $_->{ips} } } $sim->tasks('mywebservice');
#   my $url = $sim->url(2) . '/master/state';                # of the second master
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

1;
