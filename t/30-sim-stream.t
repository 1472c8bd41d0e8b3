# SPDX-License-Identifier: Apache-2.0
# The simulated master's operator API: the calls and their errors, the stream of events with each command's events in
# the order and form of a real master's, and every way in which a stream can fail.
use strict;
use warnings;

use JSON::PP;
use MesosSim;
use Test::More;

plan skip_all => "mesos-sim was not built: libmicrohttpd is missing" unless MesosSim::program();

my $sim = MesosSim->new(masters => 2);

# The types of records, with what matters of each.
sub brief {
    return map {
        my $r = $_;
        my ($body) = grep { ref } values %$r;
        my $detail = "";
        if ($r->{type} eq "TASK_UPDATED") {
            my $s = $body->{status};
            $detail = " $body->{state}" . ($s->{state} eq $body->{state} ? "" : "/$s->{state}")
                . (exists $s->{healthy} ? ($s->{healthy} ? " well" : " unwell") : "");
        }
        $detail = " $body->{task}{state}" if $r->{type} eq "TASK_ADDED";
        "$r->{type}$detail";
    } @_;
}

# A stream past its snapshot and the first heartbeat.
sub subscribed {
    my (%opt) = @_;
    my $of = delete $opt{sim} // $sim;
    my $stream = $of->subscribe(%opt);
    my @first = ($stream->next, $stream->next);
    die "no snapshot" unless $first[1] && $first[0]{type} eq "SUBSCRIBED" && $first[1]{type} eq "HEARTBEAT";
    return wantarray ? ($stream, $first[0]{subscribed}) : $stream;
}

# What the stream tells of a command, up to a framework that is added behind it.
my $marks = 0;

sub events_of {
    my ($stream, $command) = @_;
    $command->();
    my $mark = "mark " . ++$marks;
    my $id = $sim->cmd("framework-add", name => $mark)->{id};
    my @events = $stream->until(sub {
        $_[0]{type} eq "FRAMEWORK_ADDED" && $_[0]{framework_added}{framework}{framework_info}{name} eq $mark;
    });
    pop @events;
    $sim->cmd("framework-remove", framework => $id);
    $stream->until(sub { $_[0]{type} eq "FRAMEWORK_REMOVED" });
    return @events;
}

subtest "calls" => sub {
    my %subscribe = (type => "SUBSCRIBE");
    my $try = sub { my $r = $sim->call(@_); return "$r->{status} $r->{content}" };
    is($try->({ type => "GET_VERSION" }, headers => { "Content-Type" => "application/json; charset=utf-8" }),
        "415 Expecting 'Content-Type' of application/json or application/x-protobuf", "a type with a charset");
    is($try->(\%subscribe, headers => { Accept => "application/recordio" }),
        "406 Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'", "RecordIO is no type");
    is($try->({ type => "GET_VERSION" }, headers => { Accept => "text/plain" }),
        "406 Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'", "nor is text");
    is($try->("{"), "400 Failed to parse body into JSON: syntax error at line 1 near: ", "no JSON");
    is($try->($_), "400 Failed to validate master::Call: Expecting 'type' to be present", "no call: $_")
        for '{"type":"DANCE"}', '{"type":"get_version"}', "{}";
    my $get = $sim->call("", method => "GET");
    is("$get->{status} $get->{content}", "405 405 Method Not Allowed. Expecting one of { 'POST' }, but received 'GET'.", "GET");
    is($get->{headers}{allow}, "POST", "what is allowed");
    my $raw = IO::Socket::INET->new(PeerAddr => $sim->hostport) or die;
    print $raw "POST /api/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}";
    sysread $raw, my $answer, 65536;
    like($answer, qr{^HTTP/1\.1 400 .*\r\n\r\nExpecting 'Content-Type' to be present}s, "no type at all");
    for my $path ("/api/v1", "/api/v1/", "/master/api/v1") {
        my $r = $sim->call({ type => "GET_VERSION" }, path => $path, headers => { Accept => "*/*" });
        is(decode_json($r->{content})->{get_version}{version_info}{version}, "1.12.0", "$path");
    }
    my $r = $sim->call(\%subscribe, master => 2);
    is("$r->{status} $r->{headers}{location} $r->{content}", "307 //" . $sim->hostport . "/master/api/v1 ", "a standby");
    my %documents = map { $_ => $sim->call({ type => $_ }) } qw(GET_STATE GET_TASKS GET_AGENTS GET_FRAMEWORKS GET_EXECUTORS);
    my $state = decode_json($documents{GET_STATE}{content})->{get_state};
    is_deeply(decode_json($documents{ uc $_ }{content})->{$_}, $state->{$_}, $_) for sort keys %$state;
    is(decode_json($sim->call({ type => "GET_MASTER" })->{content})->{get_master}{master_info}{pid},
        "master@" . $sim->hostport, "GET_MASTER");
    is(decode_json($sim->call({ type => "GET_HEALTH" })->{content})->{get_health}{healthy}, JSON::PP::true, "GET_HEALTH");
};

subtest "a subscriber" => sub {
    my $before = $sim->counters;
    my ($stream, $subscribed) = subscribed();
    like($stream->{head}, qr{^HTTP/1\.1 200 OK\r\n}, "it is let in");
    like($stream->{head}, qr{^Transfer-Encoding: chunked\r$}m, "chunked");
    like($stream->{head}, qr{^Content-Type: application/json\r$}m, "JSON");
    is($subscribed->{heartbeat_interval_seconds}, 15, "a heartbeat every 15 s");
    my $state = decode_json($sim->call({ type => "GET_STATE" })->{content})->{get_state};
    is_deeply($subscribed->{get_state}, $state, "the whole state");
    my $after = $sim->counters;
    is($after->{whole_states} - $before->{whole_states}, 1, "which is counted");
    is($after->{snapshots} - $before->{snapshots}, 1, "as a snapshot");
    is($after->{subscribers}, $before->{subscribers} + 1, "one subscriber more");
    close $stream->socket;
    my $left;
    for (1 .. 500) { last if ($left = $sim->counters->{subscribers}) == $before->{subscribers}; select undef, undef, undef, 0.01 }
    is($left, $before->{subscribers}, "and then one less");
};

subtest "events" => sub {
    my $stream = subscribed();
    my @mine = (app => "mywebservice", framework => "marathon");
    my @e = events_of($stream, sub { $sim->cmd("scale", @mine, n => 6) });
    is(join(", ", brief(@e)), "TASK_ADDED TASK_STAGING, TASK_UPDATED TASK_STARTING, TASK_UPDATED TASK_RUNNING,"
            . " TASK_UPDATED TASK_RUNNING well", "a task starts");
    my $id = $e[0]{task_added}{task}{task_id}{value};
    @e = events_of($stream, sub { $sim->cmd("health", task => $id); $sim->cmd("health", task => $id, healthy => "false") });
    is(join(", ", brief(@e)), "TASK_UPDATED TASK_RUNNING unwell, TASK_UPDATED TASK_RUNNING unwell", "it is unwell, twice");
    @e = events_of($stream, sub { $sim->cmd("kill", task => $id) });
    is(join(", ", brief(@e)), "TASK_UPDATED TASK_KILLING, TASK_UPDATED TASK_KILLED", "it is killed");
    @e = events_of($stream, sub { $sim->cmd("agent-deactivate", agent => 1); $sim->cmd("agent-activate", agent => 1) });
    is(@e, 0, "no word of an agent that is away for a moment");
    @e = events_of($stream, sub { $sim->cmd("agent-unreachable", agent => 1) });
    is((grep { $_ ne "TASK_UPDATED TASK_UNREACHABLE" } brief(@e)), 0, "an agent is given up: its tasks are unreachable");
    cmp_ok(@e, ">", 2, "each of them");
    my $tasks = @e;
    @e = events_of($stream, sub { $sim->cmd("agent-return", agent => 1) });
    is(join(", ", brief(@e)), join(", ", ("TASK_ADDED TASK_RUNNING") x $tasks, "AGENT_ADDED"), "it is back: its tasks first");
    @e = events_of($stream, sub { $sim->cmd("framework-disconnect", framework => "marathon") });
    is(@e, 0, "no word of a scheduler that disconnects");
    @e = events_of($stream, sub { $sim->cmd("framework-connect", framework => "marathon") });
    is(join(", ", brief(@e)), "FRAMEWORK_UPDATED", "but when it is back");
    is($stream->{end}, undef, "the stream goes on");
};

subtest "a failover" => sub {
    my $stream = subscribed();
    $sim->cmd("leader", master => 2, recover => 0, unready => 2);
    is($stream->drain, "eof", "the old leader's streams end");
    my @r = map { $sim->call({ type => "SUBSCRIBE" }, master => 2) } 1, 2;
    is("$_->{status} $_->{content}", "503 Master has not finished recovery", "the new one has to recover") for @r;
    my ($new, $first) = subscribed(master => 2);
    is(@{ $first->{get_state}{get_agents}{agents} }, 0, "then it has no agents");
    is(@{ $first->{get_state}{get_agents}{recovered_agents} }, 5, "but waits for some");
    is(@{ $first->{get_state}{get_tasks}{tasks} }, 0, "and no tasks");
    $sim->cmd("recover", n => 1);
    my @e = $new->until(sub { $_[0]{type} eq "FRAMEWORK_ADDED" });
    is(join(", ", brief(@e)), "AGENT_ADDED, FRAMEWORK_ADDED", "an agent, then the frameworks of its tasks");
    ok($e[1]{framework_added}{framework}{recovered}, "which are recovered");
    $sim->cmd("leader", master => 1);
    is($new->drain, "eof", "and it ends");
    $sim->cmd("leader", master => 2, recover => 0, unready => 0);
    is($sim->call({ type => "GET_STATE" }, master => 2)->{status}, 503, "a leader that does not recover on its own") for 1 .. 3;
    $sim->cmd("ready");
    is($sim->call({ type => "GET_STATE" }, master => 2)->{status}, 200, "it does when it is told to");
    $sim->cmd("leader", master => 1);
    $sim->cmd("recover");
};

is($sim->stop, 0, "it ends cleanly");
done_testing;
