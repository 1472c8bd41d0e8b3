# SPDX-License-Identifier: Apache-2.0
# What the simulated cluster's tasks would be: an HTTP server at each address and port that answers every request with
# that address, and metrics of one sample.
#
#   my $backends = Backend->new;
#   $backends->serve("127.1.0.11:31000", "127.1.0.12:31000");    # those, and no others any more
package Backend;

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;

sub new { return bless { running => {}, owner => $$ }, $_[0] }

sub serve {
    my ($self, @wanted) = @_;
    my %wanted = map { $_ => 1 } @wanted;
    $self->_stop($_) for grep { !$wanted{$_} } keys %{ $self->{running} };
    $self->_start($_) for grep { !$self->{running}{$_} } @wanted;
}

sub _start {
    my ($self, $where) = @_;
    my $listener = IO::Socket::INET->new(LocalAddr => $where, Proto => "tcp", Listen => 16, ReuseAddr => 1)
        or die "cannot listen on $where: $!\n";
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        $SIG{TERM} = "DEFAULT";
        _answer($listener->accept // next, "backend_up{where=\"$where\"} 1\n", $where) while 1;
    }
    $self->{running}{$where} = $pid;
}

sub _answer {
    my ($client, $body, $where) = @_;
    my $request = "";
    while ($request !~ /\r\n\r\n/) {
        return unless IO::Select->new($client)->can_read(5) && $client->sysread($request, 4096, length $request);
    }
    $client->syswrite("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " . length($body)
            . "\r\nX-Backend: $where\r\nConnection: close\r\n\r\n$body");
    close $client;
}

sub _stop {
    my ($self, $where) = @_;
    my $pid = delete $self->{running}{$where};
    kill "TERM", $pid;
    waitpid $pid, 0;
}

sub DESTROY {
    my ($self) = @_;
    return if $self->{owner} != $$;
    local ($?, $!);
    $self->_stop($_) for keys %{ $self->{running} };
}

1;
