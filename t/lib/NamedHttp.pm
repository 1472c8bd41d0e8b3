# SPDX-License-Identifier: Apache-2.0
# A client of the HTTP interface of the daemon under test.
#
#   my $named = Named->start(config => NamedHttp::config(enumerationOn => JSON::PP::false));
#   my $http = NamedHttp->new($named);
#   my $reply = $http->get("/v1/version");     # as HTTP::Tiny has it: status, headers, content
#   my $value = $http->json("/v1/config");     # dies if it is no JSON
#   my $bytes = $http->raw("GET / HTTP/1.0\r\n\r\n");    # all that comes until the server closes the connection
package NamedHttp;

use strict;
use warnings;

use HTTP::Tiny;
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use Time::HiRes qw(time);

use Named;

# Keys for Named->start: HTTP on a free port of 127.0.0.1, and those given.
sub config {
    return { httpon => JSON::PP::true, httplistener => "127.0.0.1", httpport => Named::free_port(), @_ };
}

sub new {
    my ($class, $named) = @_;
    my $config = JSON::PP->new->decode(Named::slurp($named->{config}));
    return bless { port => $config->{httpport}, client => HTTP::Tiny->new(timeout => 60, keep_alive => 0) }, $class;
}

sub url { return "http://127.0.0.1:$_[0]{port}$_[1]" }

sub get {
    my ($self, $path, %headers) = @_;
    return $self->request("GET", $path, %headers);
}

sub request {
    my ($self, $method, $path, %headers) = @_;
    return $self->{client}->request($method, $self->url($path), { headers => \%headers });
}

sub json {
    my ($self, $path) = @_;
    my $reply = $self->get($path);
    die "$path: $reply->{status} $reply->{content}" unless $reply->{success};
    return JSON::PP->new->utf8->decode($reply->{content});
}

sub socket {
    my ($self) = @_;
    return IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $self->{port}, Proto => "tcp") || die "connect: $!";
}

# Sends the bytes and reads until the server closes, `wait` seconds (30) at the most.
sub raw {
    my ($self, $bytes, %opt) = @_;
    my $socket = $self->socket;
    $socket->syswrite($bytes);
    return read_all($socket, %opt);
}

sub read_all {
    my ($socket, %opt) = @_;
    my $end = time + ($opt{wait} || 30);
    my $got = "";
    while ((my $left = $end - time) > 0) {
        next if !IO::Select->new($socket)->can_read($left);
        last if !$socket->sysread($got, 65536, length $got);
    }
    return $got;
}

# Reads until what came matches; returns it, or nothing once the server closes or patience is at its end.
sub read_until {
    my ($socket, $pattern) = @_;
    my $end = time + $Named::PATIENCE;
    my $got = "";
    while ((my $left = $end - time) > 0) {
        return $got if $got =~ $pattern;
        next if !IO::Select->new($socket)->can_read($left);
        last if !$socket->sysread($got, 65536, length $got);
    }
    return;
}

# Takes the bytes of one or several responses apart: status, headers, body, and json if it is such. Those whose numbers,
# from 0, are in `heads` have no body, whatever their headers say.
sub replies {
    my ($bytes, %opt) = @_;
    my %head = map { $_ => 1 } @{ $opt{heads} || [] };
    my @replies;
    while ($bytes =~ s/\AHTTP\/1\.[01] (\d+)[^\r\n]*\r\n(.*?)\r\n\r\n//s) {
        my ($status, %headers) = ($1, map { /^([^:]+):\s*(.*)/ ? (lc $1, $2) : () } split /\r\n/, $2);
        my $body = "";
        if ($head{ scalar @replies }) { }
        elsif (($headers{"transfer-encoding"} || "") eq "chunked") {
            while ($bytes =~ s/\A([0-9A-Fa-f]+)\r\n//) {
                my $size = hex $1;
                $body .= substr $bytes, 0, $size, "";
                $bytes =~ s/\A\r\n//;
                last if !$size;
            }
        }
        else { $body = substr $bytes, 0, $headers{"content-length"} // length $bytes, "" }
        push @replies, { status => $status, headers => \%headers, body => $body,
            json => scalar eval { JSON::PP->new->utf8->allow_nonref->decode($body) } };
    }
    return @replies;
}

1;
