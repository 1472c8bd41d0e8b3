# SPDX-License-Identifier: Apache-2.0
# Masters found through a real ZooKeeper, with everything that becomes of masters, sessions and the ensemble, while a
# client asks all the while: it loses no query, and no running task is ever denied.
use strict;
use warnings;

use JSON::PP;
use Test::More;
use Time::HiRes qw(time sleep);

use Asker;
use MesosSim;
use Named;
use ZooKeeper;

plan skip_all => "mesos-sim was not built: libmicrohttpd is missing" unless MesosSim::program();
my $missing = ZooKeeper::missing();
plan skip_all => $missing if $missing;

my $json = JSON::PP->new->canonical;
my $sim = MesosSim->new(masters => 3);
my @tasks = ("mywebservice.marathon.mesos", "_mywebservice._tcp.marathon.mesos");

# What a master leaves in ZooKeeper.
sub info {
    my ($port, %more) = @_;
    return $json->encode({ address => { hostname => "127.0.0.1", ip => "127.0.0.1", port => $port }, capabilities => [],
        hostname => "127.0.0.1", id => "57e10319-3b54-472b-a693-61b5ab5531b1", ip => 16777343,
        pid => "master\@127.0.0.1:$port", port => $port, version => "1.12.0", %more });
}

# A master's session with its node, like that of a real one.
sub candidate {
    my ($zk, $n, %opt) = @_;
    my $session = $zk->session(timeout => 1000, %opt);
    $session->{node} = $session->ok("register /mesos/json.info_ " . info($sim->port($n)));
    return $session;
}

sub start_named {
    my ($servers, %config) = @_;
    my %masters = $config{masters} ? () : (masters => undef);
    return Named->start(args => ["-v=1"], config => { %masters, zk => "zk://$servers/mesos", refreshSeconds => 1, %config });
}

# The port that `leader.mesos` leads to, 0 if it leads nowhere.
sub leader {
    my ($named) = @_;
    my ($srv) = $named->query("_leader._tcp.mesos", "SRV")->answer;
    return $srv ? $srv->port : 0;
}

sub masters_are {
    my ($named, $wanted, $text) = @_;
    my $got;
    my $look = sub {
        my @ports;
        for my $n (0 .. 9) {
            my ($srv) = grep { $_->target eq "master$n.mesos" } $named->query("_master._tcp.mesos", "SRV")->answer or last;
            push @ports, $srv->port;
        }
        return ($got = "@ports") eq "@$wanted";
    };
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok Named::wait_until($look), $text or diag "masters: $got, not @$wanted\n" . $named->log;
}

sub leads {
    my ($named, $n, $text) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok Named::wait_until(sub { leader($named) == $sim->port($n) }), $text or diag $named->log;
}

subtest "before ZooKeeper, before a master" => sub {
    my $zk = ZooKeeper->start;
    $zk->stop_member(1);
    my $named = start_named($zk->servers);
    is $named->query("leader.mesos", "A")->header->rcode, "SERVFAIL", "no ZooKeeper: nothing is known yet";
    ok $named->wait_log(qr/warning zookeeper: no member of the ensemble takes us .*Connection refused/), "the log says why";
    $zk->start_member(1);
    ok $named->wait_log(qr/info zookeeper: connected server=127\.0\.0\.1:/), "it comes";
    ok $named->wait_log(qr{warning zookeeper: the masters' path does not exist path=/mesos}), "without a path";
    my $session = $zk->session;
    $session->ok("create /mesos");
    ok $named->wait_log(qr/warning zookeeper: there is no leading master/), "there is one, but no master";
    is $named->query("leader.mesos", "A")->header->rcode, "SERVFAIL", "still nothing";
    my $master = candidate($zk, 1);
    ok $named->wait_answer("mywebservice.marathon.mesos"), "now there is" or diag $named->log;
    leads($named, 1, "it leads");
    $named->stop_ok;
};

done_testing;
