# SPDX-License-Identifier: Apache-2.0
# The long poll for changes of the zone, against the simulated cluster.
use strict;
use warnings;

use IO::Socket::INET;
use JSON::PP;
use Test::More;
use Time::HiRes qw(time);

use MesosSim;
use Named;
use NamedHttp;

plan skip_all => "mesos-sim was not built: libmicrohttpd is missing" unless MesosSim::program();

my $sim = MesosSim->new;
my $name = "mywebservice.marathon.mesos";
my $named = Named->start(config => NamedHttp::config(masters => [ $sim->hostport ]));
ok $named->wait_answer($name), "the zone is there";
my $http = NamedHttp->new($named);
my $json = JSON::PP->new->utf8;

sub serial { return ($named->query("mesos", "SOA")->answer)[0]->serial }

sub addresses { return { map { $_->address => 1 } grep { $_->type eq "A" } $named->query($name, "A", tcp => 1)->answer } }

# Scales the service; returns when all of that has come.
sub scale {
    my ($n) = @_;
    $sim->cmd("scale", app => "mywebservice", n => $n);
    return ok Named::wait_until(sub { keys %{ addresses() } == $n }), "there are $n addresses";
}

# A request that waits: the socket.
sub ask {
    my ($query) = @_;
    my $socket = $http->socket;
    $socket->syswrite("GET /v1/watch?$query HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    return $socket;
}

sub answer {
    my ($socket) = @_;
    my $reply = NamedHttp::read_all($socket);
    die "no answer: $reply" unless $reply =~ m{^HTTP/1\.1 200 .*?\r\n\r\n(.*)}s;
    return $json->decode($1);
}

sub waits { return !IO::Select->new($_[0])->can_read(0.05) }
sub by_name { return { map { $_->{name} => $_ } @{ $_[0]{names} } } }

# How many connections to it the process has: those that wait are among them.
sub connections {
    my %inode;
    open my $tcp, "<", "/proc/$named->{pid}/net/tcp" or die;
    my $port = sprintf ":%04X", $http->{port};
    while (<$tcp>) {
        my @field = split;
        $inode{ $field[9] } = 1 if $field[1] =~ /$port$/ && $field[3] ne "0A";
    }
    return scalar grep { /^socket:\[(\d+)\]$/ && $inode{$1} } map { readlink || "" } glob "/proc/$named->{pid}/fd/*";
}

$sim->cmd("app-add", name => "second", n => 1);
ok $named->wait_answer("second.marathon.mesos"), "another app is there";

my $sleeper = ask("serial=" . serial() . "&name=_nobody._tcp.marathon.mesos&timeout=300");

subtest "the current serial" => sub {
    my $now = $http->json("/v1/watch");
    is $now->{serial}, serial(), "without one the current one comes at once";
    ok $now->{complete} && !@{ $now->{names} }, "and no changes";
};

subtest "a change ends the wait" => sub {
    my $since = serial();
    my @sockets = map { ask("serial=$since") } 1 .. 3;
    my $one = ask("serial=$since&name=MyWebService.marathon");
    my $other = ask("serial=$since&name=second.marathon.mesos&timeout=300");
    ok !(grep { !waits($_) } @sockets, $one, $other), "all wait";
    scale(8);
    for my $socket (@sockets) {
        my $got = answer($socket);
        ok $got->{complete}, "the change is told in full";
        is unpack("l", pack "L", $got->{serial} - $since & 0xffffffff) > 0, 1, "with a later serial";
        my $change = by_name($got)->{"$name."};
        ok $change, "the name is among those that changed";
        ok @{ $change->{added} } > 0 && !@{ $change->{removed} }, "with the new addresses";
        is $change->{added}[0]{type}, "A", "an address";
        is $change->{added}[0]{ttl}, 60, "with its TTL";
    }
    my $got = answer($one);
    is_deeply [ keys %{ by_name($got) } ], ["$name."], "who waits for one name is told of that one";
    my $now = addresses();
    ok !(grep { !$now->{ $_->{value} } } @{ by_name($got)->{"$name."}{added} }), "what was added is answered with";
    ok waits($other), "who waits for another one waits on";
    scale(7);
    $sim->cmd("scale", app => "second", n => 2);
    is_deeply [ keys %{ by_name(answer($other)) } ], ["second.marathon.mesos."], "until that one changes";
};

subtest "changes that went by" => sub {
    my ($since, $before) = (serial(), addresses());
    scale(3);
    scale(9);
    my ($now, $newest) = (addresses(), serial());
    my $got; # the journal comes a moment after the zone
    ok Named::wait_until(sub { ($got = answer(ask("serial=$since&name=$name")))->{serial} == $newest }), "up to the newest serial";
    my $change = by_name($got)->{"$name."} || { added => [], removed => [] };
    is_deeply [ sort map { $_->{value} } @{ $change->{added} } ], [ sort grep { !$before->{$_} } keys %$now ],
        "all of them lead from the old addresses";
    is_deeply [ sort map { $_->{value} } @{ $change->{removed} } ], [ sort grep { !$now->{$_} } keys %$before ], "to the new ones";
    my $all = answer(ask("serial=$since"));
    is $all->{serial}, serial(), "the newest serial is told";
    ok by_name($all)->{"_mywebservice._tcp.marathon.mesos."}, "SRV records are among the changes";
};

subtest "a client that keeps up" => sub {
    my ($serial, $incomplete, %has) = (serial(), 0, %{ addresses() });
    my $follow = sub {
        my $got = $http->json("/v1/watch?serial=$serial&timeout=5");
        for my $change (grep { $_->{name} eq "$name." } @{ $got->{names} }) {
            $has{ $_->{value} } = 1 for @{ $change->{added} };
            delete $has{ $_->{value} } for @{ $change->{removed} };
        }
        $serial = $got->{serial};
        $incomplete++ unless $got->{complete};
    };
    for my $round (1 .. 40) {
        $sim->cmd("scale", app => "mywebservice", n => 3 + $round * 7 % 11);
        $follow->();
    }
    scale(2);
    my $newest = serial();
    ok Named::wait_until(sub { $serial == $newest || do { $follow->(); 0 } }), "gets to the newest serial";
    is $incomplete, 0, "is never told to begin anew";
    is_deeply [ sort keys %has ], [ sort keys %{ addresses() } ], "and knows what there is";
};

subtest "the end of the time" => sub {
    my $since = serial();
    my $got = answer(ask("serial=$since&timeout=0"));
    is_deeply [ $got->{serial}, $got->{complete} ? 1 : 0, $got->{names} ], [ $since, 1, [] ], "nothing changed";
    $got = answer(ask("serial=$since&timeout=1"));
    is $got->{serial}, $since, "nor after a second";
};

subtest "serials that are not known here" => sub {
    for my $serial (1, serial() - 100000, serial() + 5, (serial() + 2**31 + 1) % 2**32) {
        my $got = answer(ask("serial=$serial"));
        ok !$got->{complete}, "$serial: the journal does not reach there";
        is $got->{serial}, serial(), "the current one comes at once";
    }
};

subtest "wrong questions" => sub {
    for my $query ("serial=x", "serial=-1", "serial=", "serial=4294967296", "serial=1x", "serial=1&timeout=301", "serial=1&timeout=x",
        "serial=1&name=a..b", "serial=1&name=" . "a" x 64)
    {
        is $http->get("/v1/watch?$query")->{status}, 400, substr $query, 0, 30;
    }
};

subtest "clients that go away" => sub {
    ok waits($sleeper), "one still waits";
    my $before = connections();
    my @sockets = map { ask("serial=" . serial() . "&timeout=300") } 1 .. 20;
    ok Named::wait_until(sub { connections() >= $before + 20 }), "twenty wait";
    close $_ for @sockets;
    ok Named::wait_until(sub { connections() <= $before }), "when they have gone nothing is kept for them";
};

ok waits($sleeper), "one waits when it stops";
$named->stop_ok;

subtest "not all can wait" => sub {
    my $small = Named->start(config => NamedHttp::config(masters => [ $sim->hostport ]),
        command => [ "prlimit", "--nofile=128", Named::binary() ]);
    ok $small->wait_answer($name), "few files may be open";
    my $client = NamedHttp->new($small);
    my $serial = $client->json("/v1/watch")->{serial};
    my (@sockets, $refused);
    for (1 .. 128) {
        my $socket = $client->socket;
        $socket->syswrite("GET /v1/watch?serial=$serial&timeout=300 HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        last if $refused = !waits($socket) && NamedHttp::read_all($socket);
        push @sockets, $socket;
    }
    like $refused, qr{^HTTP/1\.1 503 }, "after " . @sockets . " one more is refused";
    is $client->get("/v1/version")->{status}, 200, "who does not wait is answered";
    close pop @sockets;
    ok Named::wait_until(sub { $client->get("/v1/watch?serial=$serial&timeout=0")->{status} == 200 }), "asking without waiting goes";
    $sim->cmd("scale", app => "mywebservice", n => 4);
    like NamedHttp::read_all($sockets[0]), qr{^HTTP/1\.1 200 }, "those who wait get their answer";
    $small->stop_ok;
};

subtest "one name alone" => sub {
    my $closed = Named->start(config => NamedHttp::config(masters => [ $sim->hostport ], enumerationOn => JSON::PP::false));
    ok $closed->wait_answer($name), "the zone is there";
    my $client = NamedHttp->new($closed);
    is $client->get("/v1/watch?serial=1")->{status}, 403, "without enumeration not all names can be watched";
    is $client->get("/v1/watch?serial=1&name=$name")->{status}, 200, "one can";
    $closed->stop_ok;
};

is $sim->stop, 0, "the cluster ends";
done_testing;
