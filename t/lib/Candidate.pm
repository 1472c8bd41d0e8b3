# SPDX-License-Identifier: Apache-2.0
# Simulated masters in a real ZooKeeper, and what DNS makes of them.
#
#   my $master = candidate($zk, $sim, 2);      # the second master of the simulation, until $master->close
#   leads($named, $sim->port(2), "it leads");
package Candidate;

use strict;
use warnings;

use Exporter qw(import);
use JSON::PP;
use Test::More ();

use Named;

our @EXPORT_OK = qw(candidate info leader_port masters_are leads);

my $json = JSON::PP->new->canonical;

# What a master of Mesos 1.12 leaves in ZooKeeper.
sub info {
    my ($port, %more) = @_;
    return $json->encode({ address => { hostname => "127.0.0.1", ip => "127.0.0.1", port => 0 + $port }, capabilities => [],
        hostname => "127.0.0.1", id => "57e10319-3b54-472b-a693-61b5ab5531b1", ip => 16777343,
        pid => "master\@127.0.0.1:$port", port => 0 + $port, version => "1.12.0", %more });
}

# A master's session with its node, whose path is in {node}. Options are those of a session; it is as long as ZooKeeper
# allows, so that a busy machine does not end it.
sub candidate {
    my ($zk, $sim, $n, %opt) = @_;
    my $session = $zk->session(timeout => 60_000, %opt);
    $session->{node} = $session->ok("register /mesos/json.info_ " . info($sim->port($n)));
    return $session;
}

# The port that `leader.mesos` leads to, 0 if it leads nowhere.
sub leader_port {
    my ($named) = @_;
    my $reply = $named->query("_leader._tcp.mesos", "SRV") or return 0;
    my ($srv) = $reply->answer;
    return $srv ? $srv->port : 0;
}

# One test: the ports of master0, master1, ... become these.
sub masters_are {
    my ($named, $wanted, $text) = @_;
    my $got = "";
    my $look = sub {
        my @answer = $named->query("_master._tcp.mesos", "SRV")->answer;
        my %port = map { $_->target =~ /^master(\d+)\./ ? ($1 => $_->port) : () } @answer;
        return ($got = join " ", map { $port{$_} // "?" } 0 .. $#answer) eq "@$wanted";
    };
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    Test::More::ok(Named::wait_until($look), $text) or Test::More::diag("masters: $got, not @$wanted\n" . $named->log);
}

# One test: the leader's port becomes this.
sub leads {
    my ($named, $port, $text) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    Test::More::ok(Named::wait_until(sub { leader_port($named) == $port }), $text) or Test::More::diag($named->log);
}

1;
