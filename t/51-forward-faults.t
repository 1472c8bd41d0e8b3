# SPDX-License-Identifier: Apache-2.0
# Forwarding while other servers are ill, slow, dead, or lie.
use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use List::Util qw(uniq);
use Net::DNS;
use Test::More;
use Time::HiRes qw(time);

use Named;
use ScriptedUpstream;

sub start {
    my ($upstreams, %config) = @_;
    return Named->start(config => { resolvers => [ map { $_->address } @$upstreams ], timeout => 1, workers => 1, %config });
}

# Sends queries for all of the names at once, and returns for each "RCODE ADDRESSES", or undef where no reply came.
sub ask_all {
    my ($named, %opt) = @_;
    my $names = $opt{names};
    my $socket = $opt{socket} // send_all($named, $names);
    my %got;
    my $end = time + $Named::PATIENCE;
    while (keys %got < @$names && time < $end) {
        next unless IO::Select->new($socket)->can_read(0.1);
        $socket->recv(my $buffer, 65535);
        my $reply = Net::DNS::Packet->new(\$buffer) or next;
        my $name = lc +($reply->question)[0]->qname;
        $got{$name} = join " ", $reply->header->rcode, map { $_->address } grep { $_->type eq "A" } $reply->answer;
    }
    return map { $got{$_} } @$names;
}

sub send_all {
    my ($named, $names) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $named->{port}, Proto => "udp") or die $!;
    for my $name (@$names) {
        my $query = Net::DNS::Packet->new($name, "A");
        $query->header->rd(1);
        $socket->send($query->data);
    }
    return $socket;
}

# Different names in bunches that no socket buffer loses; returns how many had each result.
sub ask_many {
    my ($named, $count, $tail) = @_;
    my %result;
    for (my $at = 0; $at < $count; $at += 50) {
        my @names = map {"q$_.$tail"} $at + 1 .. ($at + 50 < $count ? $at + 50 : $count);
        $result{ $_ // "no reply" }++ for ask_all($named, names => \@names);
    }
    return \%result;
}

my $GOOD = "NOERROR 192.0.2.1";
my $up = ScriptedUpstream->start;
my $named = start([$up]);

my @junk = qw(wrongid wrongname wrongcase wrongtype query cut garbage half pointers counts);

subtest "what is no reply to the question is no reply" => sub {
    is_deeply [ ask_all($named, names => [ map {"a.$_.then.test"} @junk ]) ], [ map {$GOOD} @junk ],
        "the true one behind it counts";
    is_deeply [ ask_all($named, names => [ map {"b.$_.then.test"} @junk ]) ], [ map {$GOOD} @junk ], "once more";
};

subtest "others do not wait for those who get nothing" => sub {
    my @bad = map {"c.$_.only.test"} @junk, "silent";
    my $socket = send_all($named, \@bad);
    is_deeply [ ask_all($named, names => [ map {"d$_.ok.test"} 1 .. 20 ]) ], [ ($GOOD) x 20 ], "meanwhile";
    my @got = ask_all($named, names => \@bad, socket => $socket);
    is_deeply \@got, [ map {"SERVFAIL"} @bad ], "they get SERVFAIL in the end";
};

subtest "an upstream that says no" => sub {
    for my $mode (qw(servfail refused notimp)) {
        my ($got) = ask_all($named, names => ["a.$mode.test"]);
        like $got, qr/^(SERVFAIL|REFUSED|NOTIMP)$/, $mode;
        cmp_ok scalar($up->asked(qr/a\.$mode\.test/)), "<=", 6, "is not asked for ever";
    }
    my ($got) = ask_all($named, names => ["a.chain.test"]);
    ok defined $got, "an alias of itself" or diag $got;
};

subtest "TCP that ends badly" => sub {
    my @modes = qw(tcpreset tcpclose tcpgarbage tcpsilent);
    for my $mode (@modes) {
        my $reply = $named->query("a.$mode.test", "A", tcp => 1, rd => 1);
        is $reply && $reply->header->rcode, "SERVFAIL", "$mode";
    }
    is_deeply [ ask_all($named, names => ["e.ok.test"]) ], [$GOOD], "and nobody else has it worse";
    my $reply = $named->query("a.tcpgood.test", "A", tcp => 1, rd => 1);
    is scalar($reply->answer), 1, "good TCP is good";
};

subtest "duplicates" => sub {
    is_deeply [ ask_all($named, names => [ map {"f$_.twice.test"} 1 .. 20 ]) ], [ ($GOOD) x 20 ], "300 of each reply";
    is_deeply [ ask_all($named, names => [ map {"g$_.ok.test"} 1 .. 20 ]) ], [ ($GOOD) x 20 ], "and it goes on";
};

subtest "the same question of many is asked once" => sub {
    my @sockets = map { send_all($named, ["one.slow.test"]) } 1 .. 40;
    is_deeply [ map { ask_all($named, names => ["one.slow.test"], socket => $_) } @sockets ], [ ($GOOD) x 40 ], "40 replies";
    cmp_ok scalar($up->asked(qr/one\.slow\.test/)), "<=", 2, "one query, and one more when it takes longer than usual";
    cmp_ok $named->counts->{forward_joined}, ">=", 30, "they have joined it";
};

subtest "queries leave unpredictable" => sub {
    my $result = ask_many($named, 1000, "ok.test");
    is_deeply $result, { $GOOD => 1000 }, "1000 questions";
    my @asked = map { [split] } grep {/^udp/} $up->asked(qr/ q\d+\.ok\.test/);
    cmp_ok scalar(uniq map { $_->[2] } @asked), ">", 950, "different ids";
    cmp_ok scalar(uniq map { $_->[1] } @asked), ">", 3, "different ports";
    cmp_ok scalar(uniq map { $_->[3] =~ s/^q\d+//ir } @asked), ">", 20, "different spellings" or diag join " ", @{ $asked[0] };
    my @steps = map { ($asked[ $_ + 1 ][2] - $asked[$_][2]) & 0xffff } 0 .. $#asked - 1;
    cmp_ok scalar(uniq @steps), ">", 900, "no id follows from the last";
};
$named->stop_ok;

subtest "the first of two is dead" => sub {
    my $dead = ScriptedUpstream->start;
    $dead->mute(1);
    my $two = start([ $dead, $up ]);
    is_deeply ask_many($two, 1000, "ok.two.test"), { $GOOD => 1000 }, "1000 questions have answers";
    my $asked = () = $dead->asked;
    my $again = 0;
    cmp_ok $asked, ">", 0, "it was tried";
    cmp_ok $asked, "<", 150, "and then left alone, but for probes" or diag $two->log;
    $dead->mute(0);
    ok Named::wait_until(sub { ask_many($two, 1, "ok.again" . $again++ . ".test"); $dead->asked > $asked + 50 }),
        "once it is well it is asked again";
    $dead->stop;
    is_deeply ask_many($two, 200, "ok.three.test"), { $GOOD => 200 }, "nor does a closed port harm";
    $two->stop_ok;
};

subtest "stale answers" => sub {
    my $ill = ScriptedUpstream->start;
    my $other = start([$ill]);
    my $strict = start([$ill], staleMax => 0);
    my @names = map {"s$_.ok.ttl1.test"} 1 .. 5;
    is_deeply [ ask_all($_, names => \@names) ], [ ($GOOD) x 5 ], "while it is well" for $other, $strict;
    $ill->mute(1);
    my $text;
    ok Named::wait_until(sub { $text = $other->dig($names[0], "A"); $text =~ /EDE: 3/ }), "then with extended error 3";
    like $text, qr/^\Q$names[0]\E\.\s+30\s+IN\s+A\s+192\.0\.2\.1$/m, "and a TTL of 30";
    is_deeply [ ask_all($other, names => \@names) ], [ ($GOOD) x 5 ], "the others likewise, without EDNS";
    is_deeply [ ask_all($other, names => ["new.ok.test"]) ], ["SERVFAIL"], "a new name gets SERVFAIL";
    is_deeply [ ask_all($strict, names => \@names) ], [ ("SERVFAIL") x 5 ], "as do all where staleMax is 0";
    cmp_ok $other->counts->{forward_stale}, ">=", 6, "they are counted";
    $ill->mute(0);
    ok Named::wait_until(sub { my $t = $other->dig($names[0], "A"); $t =~ /192\.0\.2\.1/ && $t !~ /EDE/ }), "fresh when it is back";
    $other->stop_ok;
    $strict->stop_ok;
};

subtest "the cache" => sub {
    my $cached = start([$up]);
    ask_all($cached, names => ["z.ok.test"]) for 1 .. 5;
    is scalar($up->asked(qr/z\.ok\.test/)), 1, "what is known is not asked";
    $cached->stop_ok;
    my $none = start([$up], cacheSize => 0);
    ask_all($none, names => ["y.ok.test"]) for 1 .. 5;
    is scalar($up->asked(qr/y\.ok\.test/)), 5, "unless cacheSize is 0";
    $none->stop_ok;
    my $small = start([$up], cacheSize => 50);
    is_deeply ask_many($small, 500, "ok.small.test"), { $GOOD => 500 }, "a small one";
    $small->stop_ok;
};

subtest "an end while many wait" => sub {
    my $ending = start([$up]);
    send_all($ending, [ map {"w$_.silent.only.test"} 1 .. 50 ]);
    my $tcp = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $ending->{port}, Proto => "tcp");
    my $query = Net::DNS::Packet->new("w.silent.only.test", "A");
    $query->header->rd(1);
    $tcp->syswrite(pack "n/a", $query->data);
    ok Named::wait_until(sub { $up->asked(qr/w\d*\.silent/) >= 10 }), "they wait";
    $ending->stop_ok;
};

done_testing;
