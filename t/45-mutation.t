# SPDX-License-Identifier: Apache-2.0
# Masters that send damaged documents, to the whole daemon: what can be read is served, otherwise the old zone, and the
# next good document is taken as if nothing had been. Every cut and every field by itself: t/unit/feed_damage.
use strict;
use warnings;

use File::Temp qw(tempdir);
use HTTP::Tiny;
use JSON::PP;
use Test::More;

use MesosSim;
use Named;

plan skip_all => "mesos-sim was not built: libmicrohttpd is missing" unless MesosSim::program();

my $dir = tempdir(CLEANUP => 1);
my $json = JSON::PP->new->canonical->allow_nonref;

sub write_file {
    my ($name, $bytes) = @_;
    open my $out, ">:raw", "$dir/$name" or die "$dir/$name: $!";
    print $out $bytes;
    close $out;
    return "$dir/$name";
}

# What the zone has, from the line that SIGUSR1 gives: changes of anything show in it.
sub counts {
    my ($named) = @_;
    my $have = () = $named->log =~ / counts /g;
    $named->signal("USR1") or return "ended";
    my $line;
    Named::wait_until(sub { my @all = $named->log =~ / counts (.*)/g; $line = $all[-1]; @all > $have || $named->ended });
    my %all = map { split /=/ } split / /, $line // "";
    return \%all;
}

sub zone_of { return join " ", map { "$_=" . ($_[0]{$_} // "?") } qw(names a aaaa srv agents frameworks tasks) }

# Until the daemon has worked off a document that the master began to send after this call; what it has then. It counts
# every document that was sent, but for empty ones: behind those `uncounted` has it wait for one more.
sub one_more {
    my ($named, $sim, $uncounted) = @_;
    my $sent = $sim->counters->{states};
    my $have;
    Named::wait_until(sub { $sim->counters->{states} >= $sent + ($uncounted ? 2 : 1) }) or return;
    Named::wait_until(sub { $have = counts($named); !ref $have || $uncounted || $have->{documents} + $have->{documents_failed} > $sent })
        or return;
    return $have;
}

subtest "a document with a wrong part" => sub {
    my $sim = MesosSim->new(args => [ "--agents", 3 ]);
    $sim->cmd("app-add", name => "app", n => 6, network => "overlay");
    my $body = HTTP::Tiny->new->get($sim->url . "/master/state")->{content};
    my $named = Named->start(
        config => { stateSource => "poll", masters => [ $sim->hostport ], IPSources => [ "netinfo", "host" ] });
    ok $named->wait_answer("app.marathon.mesos", "A"), "the zone is there";
    my $good = zone_of(counts($named));

    # The app's six tasks and where the first of them is; each change is made to a fresh copy.
    my $parts = sub {
        my $state = $json->decode($body);
        my ($marathon) = grep { $_->{name} eq "marathon" } @{ $state->{frameworks} };
        my @tasks = grep { $_->{name} eq "app" } @{ $marathon->{tasks} };
        my ($agent) = grep { $_->{id} eq $tasks[0]{slave_id} } @{ $state->{slaves} };
        return ($state, $marathon, $agent, @tasks);
    };
    my (undef, undef, undef, @tasks) = $parts->();
    my $on_first = grep { $_->{slave_id} eq $tasks[0]{slave_id} } @tasks;
    my @cases = (    # what, how it is changed, how many addresses the app has then
        [ "an agent's pid is none",            sub { $_[2]{pid} = "slave(1)\@:x" },              6 ],
        [ "an agent's pid is a number",        sub { $_[2]{pid} = 5051 },                        6 ],
        [ "an agent without an id",            sub { delete $_[2]{id} },                         6 - $on_first ],
        [ "a task's name is a list",           sub { $_[3]{name} = ["app"] },                    6 ],    # discovery has one
        [ "a task's id is missing",            sub { delete $_[3]{id} },                         5 ],
        [ "a task is a text",                  sub { $_[1]{tasks}[0] = "task" },                 undef ],
        [ "its statuses are a text",           sub { $_[3]{statuses} = "none" },                 6 ],
        [ "its ports are nonsense",            sub { $_[3]{resources}{ports} = "[1-, x-70000]" }, 6 ],
        [ "its discovery is a number",         sub { $_[3]{discovery} = 7 },                     6 ],
        [ "a framework's tasks are null",      sub { $_[1]{tasks} = undef },                     0 ],
        [ "a framework's pid is none",         sub { $_[1]{pid} = "scheduler" },                 6 ],
        [ "what nobody knows is there",        sub { $_[0]{new} = [ [ {}, [ [] ] ], 1e400 ] },   6 ],
        [ "an address is none",
            sub { $_->{ip_addresses} = [ { ip_address => "300.1.1.1" } ] for map { @{ $_->{container_status}{network_infos} || [] } } @{ $_[3]{statuses} } },
            undef ],
    );
    for my $case (@cases) {
        my ($what, $change, $wanted) = @$case;
        my @parts = $parts->();
        $change->(@parts);
        $sim->cmd("state", file => write_file("part.json", $json->encode($parts[0])));
        my $state = one_more($named, $sim);
        ok ref $state, "$what: it is up" or last;
        my $reply = $named->query("app.marathon.mesos", "A", tcp => 1);
        my $n = grep { $_->type eq "A" } $reply->answer;
        if (defined $wanted) { is $n, $wanted, "$what: the app has $wanted addresses" or diag $named->log }
        else { cmp_ok $n, ">=", 5, "$what: the app has $n addresses" }
        cmp_ok scalar($named->query("leader.mesos", "A")->answer), "==", 1, "$what: the rest is there";
    }
    $sim->cmd("state");
    my $after = "";
    ok Named::wait_until(sub { ($after = zone_of(counts($named))) eq $good }), "a good document: all is as it was" or diag "$good\n$after";
    $named->stop_ok;
    $sim->stop;
};

subtest "a document cut or garbled" => sub {
    srand 4711;
    my $port = Named::free_port();
    my $file = "$ENV{MN_SRCDIR}/t/data/state/mesos-1.12.0-real-A03-marathon.json";
    my $leader = "127.0.0.1:$port";
    my $sim = MesosSim->new(listen => $leader, args => [ "--state", $file, "--leader", $leader ]);
    my $named = Named->start(config => { stateSource => "poll", masters => [$leader], stateTimeoutSeconds => 5 });
    ok $named->wait_answer("leader.mesos", "A"), "a zone is served";
    my $before = counts($named);
    my $good = zone_of($before);
    my $bytes = Named::slurp($file);
    my $length = length $bytes;

    my @damaged = (
        map({ [ "cut after $_ bytes", substr $bytes, 0, $_ ] } 1, 1024, $length / 2, $length - 2),
        [ "with rubbish behind it", $bytes . "}" ],
        [ "twice",                  $bytes . $bytes ],
        [ "an empty object",        "{}" ],
        [ "a list",                 "[$bytes]" ],
        [ "zeros",                  "\0" x 5000 ],
        [ "very deep",              '{"slaves": ' . '{"a":' x 50_000 ],
        [ "one long text",          '{"slaves": "' . "x" x 3_000_000 ],
        [ "not UTF-8",              '{"' . "\xff\xfe" x 100 . '": 1}' ],
    );
    my $stays = sub {
        my ($what, $content, $uncounted) = @_;
        $sim->cmd("state", file => write_file("damaged.json", $content));
        my $now = one_more($named, $sim, $uncounted);
        ok ref $now, "$what: it is up" or return;
        is zone_of($now), $good, "$what: the old zone stays";
    };
    $stays->(@$_) for @damaged;
    is +($named->query("mesos", "SOA")->answer)[0]->serial, $before->{serial}, "through all of it with the same serial";
    like $named->log, qr/no state from this master .* reason=document: /, "the log tells";

    for my $round (1 .. 5) {    # several bytes at once: whatever is left of it, nobody is hurt
        my $copy = $bytes;
        substr($copy, int rand length $copy, 1) = chr int rand 256 for 1 .. 4 * $round;
        $sim->cmd("state", file => write_file("garbled.json", $copy));
        ok ref one_more($named, $sim), "garbled, round $round: it is up" or last;
        like $named->query("leader.mesos", "A")->header->rcode, qr/^(NOERROR|NXDOMAIN)$/, "and answers";
    }
    my $after = "";
    $sim->cmd("state", file => $file);
    ok Named::wait_until(sub { ($after = zone_of(counts($named))) eq $good }), "the good one again: all is as it was"
        or diag "$good\n$after\n" . $named->log;
    $stays->("empty", "", 1);
    $stays->("nothing but blanks", " " x 5000, 1);
    $named->stop_ok;
    $sim->stop;
};

done_testing;
