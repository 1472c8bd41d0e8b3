# SPDX-License-Identifier: Apache-2.0
# The simulated master's operator API: the calls and their errors, the stream of events with each command's events in
# the order and form of a real master's, and every way in which a stream can fail.
use strict;
use warnings;

use File::Temp qw(tempdir);
use HTTP::Tiny;
use JSON::PP;
use MesosSim;
use Shape qw(parse_ordered learn compare_shapes);
use Test::More;

plan skip_all => "mesos-sim was not built: libmicrohttpd is missing" unless MesosSim::program();

my $data = "$ENV{MN_SRCDIR}/t/data/stream";
my $dir = tempdir(CLEANUP => 1);
my $sim = MesosSim->new(masters => 2);

sub slurp {
    my ($file) = @_;
    open my $in, "<", $file or die "$file: $!";
    local $/;
    return scalar <$in>;
}

sub records_of {
    my ($text) = @_;
    my @records;
    while ($text =~ /\G(\d+)\n/gc) {
        push @records, substr $text, pos $text, $1;
        pos($text) += $1;
    }
    return @records;
}

# Tasks look the same wherever they are, and so do statuses. Events of agents and frameworks differ from snapshots.
sub place {
    my ($path) = @_;
    $path =~ s/^\.(?:subscribed\.)?get_state$/STATE/;
    $path =~ s/^(?:\.task_added\.task|STATE\.get_tasks\.\w*tasks\[\])$/TASK/;
    $path =~ s/^(?:TASK\.statuses\[\]|\.task_updated\.status)$/STATUS/;
    $path =~ s/^\.framework_(?:added|updated)\.framework$/FRAMEWORK EVENT/;
    $path =~ s/^STATE\.get_frameworks\.\w*frameworks\[\]$/FRAMEWORK/;
    $path =~ s/^(?:FRAMEWORK(?: EVENT)?|\.framework_removed)\.framework_info$/FRAMEWORK INFO/;
    $path =~ s/^\.agent_added\.agent$/AGENT EVENT/;
    $path =~ s/^STATE\.get_agents\.agents\[\]$/AGENT/;
    $path =~ s/^(?:AGENT\.agent_info|STATE\.get_agents\.recovered_agents\[\])$/AGENT INFO/;
    return $path;
}

my %real;
learn(\%real, "", parse_ordered($_), \&place)
    for map({ records_of(slurp("$data/mesos-1.12.0-real-$_.recordio")) } qw(A C-5060 C-5070)),
    map { slurp($_) } glob "$data/*.GET_STATE.json";

# What the recordings happen not to have, and where it is known from; see 30-sim.t.
my %beyond = (
    "STATUS.labels" => "Docker's address label", "STATUS.container_status.network_infos[].name" => "an overlay's name",
    "TASK.container.docker" => "Docker", "TASK.container.network_infos[].name" => "an overlay's name",
    "TASK.container.network_infos[].ip_addresses" => "an overlay's address",
);
my %optional = (
    "TASK.container.mesos" => "Docker's have `docker`", "TASK.container.network_infos" => "likewise",
    "TASK.container.network_infos[].groups" => "few have", "TASK.container.network_infos[].labels" => "few have",
    "TASK.container.network_infos[].labels.labels" => "`{}` in overlays",
    "TASK.discovery.name" => "old ones lack it", "TASK.discovery.ports.ports" => "`{}` in mesos-1.2.0-state7-dcos",
);

sub shapes_ok {
    my ($name, @texts) = @_;
    my %shape;
    learn(\%shape, "", parse_ordered($_), \&place) for @texts;
    my @wrong = compare_shapes(\%real, \%shape, \%beyond, \%optional);
    ok(!@wrong, $name) or diag(join "\n", @wrong);
    return \%shape;
}

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
    @e = events_of($stream, sub { $sim->cmd("framework-connect", framework => "marathon", pid => "10.9.9.8:1", hostname => "other.example") });
    is($e[0]{framework_updated}{framework}{framework_info}{hostname}, "other.example", "or somewhere else");
    my $summary = decode_json(HTTP::Tiny->new->get($sim->url . "/master/state-summary")->{content});
    like((grep { $_->{name} eq "marathon" } @{ $summary->{frameworks} })[0]{pid}, qr/\@10\.9\.9\.8:1$/, "with a new pid, which no event tells");
    is($stream->{end}, undef, "the stream goes on");
};

subtest "shapes" => sub {
    my $stream = $sim->subscribe;
    my @texts = ($stream->next_text, $stream->next_text);
    $sim->cmd("scale", app => "/shop/prod/cart", n => 3);
    $sim->cmd("app-add", name => "boxed", n => 1, network => "bridge", check => "command");
    $sim->cmd("kill", app => "boxed");
    $sim->cmd("kill", app => "node-#-server", state => "TASK_FINISHED");
    $sim->cmd("health", app => "app.group");
    $sim->cmd("agent-unreachable", agent => 2);
    push @texts, $sim->call({ type => "GET_STATE" })->{content};
    $sim->cmd("agent-return", agent => 2);
    $sim->cmd("agent-remove", agent => $sim->cmd("agent-add")->{agent});
    $sim->cmd("framework-connect", framework => "marathon");
    my $framework = $sim->cmd("framework-add", name => "mark")->{id};
    $sim->cmd("app-add", name => "doomed", framework => $framework, n => 1);
    $sim->cmd("framework-remove", framework => $framework);
    while (defined(my $text = $stream->next_text)) {
        push @texts, $text;
        last if $text =~ /^\{"type":"FRAMEWORK_REMOVED"/;
    }
    my $shape = shapes_ok("snapshots and events have the members, types and order of real ones", @texts);
    my @missing = grep { !$shape->{$_} } grep { /^\.\w+$/ } sort keys %real;
    is("@missing", "", "every kind of event was compared");
    my @broken = map { s/"agent_id":\{[^{}]*\},//r } @texts;
    my %broken;
    learn(\%broken, "", parse_ordered($_), \&place) for @broken;
    is_deeply([ grep { /missing/ } compare_shapes(\%real, \%broken, \%beyond, \%optional) ],
        [ "STATUS.agent_id is missing", "TASK.agent_id is missing" ], "a missing member is found");
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

subtest "who is let in" => sub {
    my $s = MesosSim->new(args => [ "--user", "mesos", "--password", "secret" ]);
    my $try = sub { my $r = $s->call({ type => "GET_VERSION" }); return $r };
    my $r = $try->();
    is("$r->{status} $r->{content}", "401 401 Unauthorized.", "a stranger is not");
    is($r->{headers}{"www-authenticate"}, 'Basic realm="mesos-master-readwrite"', "in the API's own realm");
    my $known = $s->call({ type => "GET_VERSION" }, headers => { Authorization => "Basic bWVzb3M6c2VjcmV0" });
    is($known->{status}, 200, "who knows the password is");
    $s->cmd("api", whom => "open");
    is($try->()->{status}, 200, "open, though /state is not");
    $s->cmd("api", whom => "forbidden");
    is($try->()->{status}, 403, "forbidden to all");
    is($s->stop, 0, "it ends cleanly");
    $s = MesosSim->new(args => [ "--api", "none" ]);
    is($try->()->{status}, 404, "as before there was one");
    is($s->stop, 0, "it ends cleanly");
    $s = MesosSim->new(args => [ "--state", glob "$ENV{MN_SRCDIR}/t/data/state/*-C1-running-5050.json" ]);
    is($try->()->{status}, 404, "nor is there one with a file for a state");
    is($s->stop, 0, "it ends cleanly");
};

subtest "chunks" => sub {
    my $s = MesosSim->new(args => [ "--agents", 2, "--tasks", 3 ]);
    my $whole = $s->subscribe;
    my $text = $whole->next_text;
    $whole->next_text;
    is($whole->{chunks}[-1], length(qq(20\n{"type":"HEARTBEAT"})), "a record is a chunk");
    for my $how (qw(byte random buffer)) {
        $s->cmd("stream", chunks => $how, seed => 3);
        my $stream = $s->subscribe;
        is($stream->next_text, $text, "chunks by $how, the same records");
        is($stream->next->{type}, "HEARTBEAT", "each of them");
        my ($largest) = sort { $b <=> $a } @{ $stream->{chunks} };
        is($largest, 1, "single bytes") if $how eq "byte";
        isnt(@{ $stream->{chunks} }, @{ $whole->{chunks} }, "cut elsewhere");
        my @again = @{ $stream->{chunks} };
        if ($how eq "random") {
            $s->cmd("stream", seed => 3);
            $stream = $s->subscribe;
            $stream->next_text;
            is_deeply([ @{ $stream->{chunks} }[ 0 .. 5 ] ], [ @again[ 0 .. 5 ] ], "the same seed, the same chunks");
        }
    }
    is($s->stop, 0, "it ends cleanly");
};

subtest "heartbeats" => sub {
    $sim->cmd("stream", heartbeat => 50);
    my ($stream, $subscribed) = subscribed();
    is($subscribed->{heartbeat_interval_seconds}, 0.05, "the interval is told");
    is($stream->next->{type}, "HEARTBEAT", "they come") for 1 .. 3;
    $sim->cmd("stream", beating => "no");
    1 while $stream->next(0.2);
    is($stream->{end}, undef, "they stop, and the stream stays");
    $sim->cmd("health", app => "mywebservice", framework => "marathon");
    is($stream->next->{type}, "TASK_UPDATED", "with its events");
    $sim->cmd("stream", beating => "yes");
    is($stream->next->{type}, "HEARTBEAT", "they are back");
    $sim->cmd("stream", silent => "yes", master => 2);
    is($stream->next->{type}, "HEARTBEAT", "another master is silent");
    $sim->cmd("stream", silent => "yes", master => 1);
    1 while $stream->next(0.2);
    $sim->cmd("health", app => "mywebservice", framework => "marathon");
    is($stream->next(0.3), undef, "a silent one says nothing at all");
    is($stream->{end}, undef, "but stays");
    cmp_ok($sim->counters->{queued_bytes}, ">", 0, "what it does not say waits");
    $sim->cmd("clear");
    is(($stream->until(sub { $_[0]{type} eq "TASK_UPDATED" }))[0]{type}, "TASK_UPDATED", "until it speaks again");
    $sim->cmd("stream", heartbeat => 15000);
};

subtest "ends" => sub {
    my ($a, $b) = (scalar(subscribed()), scalar(subscribed()));
    is($sim->cmd("stream-end", how => "last", oldest => "yes")->{streams}, 1, "the oldest is pushed out");
    is($a->drain, "last", "with a last chunk");
    my $n = sysread($a->socket, my $byte, 1) if do { my $in = ""; vec($in, fileno $a->socket, 1) = 1; select $in, undef, undef, 0.2 };
    is($n, undef, "and its connection stays");
    is($b->next(0.1), undef, "the other");
    is($b->{end}, undef, "goes on");
    is($sim->cmd("stream-end", how => "eof")->{streams}, 1, "one more ends");
    is($b->drain, "eof", "like a master that died");
    for (1 .. 3) {
        my $c = subscribed();
        $sim->cmd("stream-end", how => "middle");
        is($c->drain, "eof", "a cut");
        is($c->rest, qq(20\n{"type":"), "in the middle of a record");
        last;
    }
    my $d = subscribed();
    $sim->cmd("stream-end", how => "reset");
    is($d->drain, "reset", "a reset");

    my $s = MesosSim->new(args => [ "--max-subscribers", 2, "--heartbeat", 60000 ]);
    my @streams = map { scalar subscribed(sim => $s) } 1 .. 3;
    is($streams[0]->drain, "last", "too many subscribers: the oldest goes");
    my $c = $s->counters;
    is("$c->{subscribers} $c->{pushed_out}", "2 1", "which is counted");
    is($s->stop, 0, "it ends cleanly");
    is($_->drain, "eof", "and its streams with it") for @streams[ 1, 2 ];
};

subtest "faults of requests" => sub {
    my %path = (path => "/master/api/v1", n => 1);
    my $fault = sub { $sim->cmd("fault", %path, @_); return $sim->subscribe };
    my $stream = $fault->(kind => "cut", after => 1000);
    is($stream->drain, "eof", "cut");
    is(length $stream->rest, 1000, "after so many bytes");
    $stream = $fault->(kind => "stall", after => 1000);
    is($stream->drain(0.3), "silence", "stall");
    is(length $stream->rest, 1000, "after so many bytes");
    $sim->cmd("clear");
    is($stream->drain, "eof", "until it is cleared");
    $stream = $fault->(kind => "truncate", after => 1000);
    is($stream->drain, "last", "truncate");
    $stream = $fault->(kind => "garbage");
    ok(!eval { $stream->next }, "garbage");
    $stream = $fault->(kind => "slow", rate => 2000);
    is($stream->drain(0.5), "silence", "slow");
    cmp_ok(length $stream->rest, "<", 4000, "as slow as it was told to be");
    $sim->cmd("clear");
    is($stream->next->{type}, "SUBSCRIBED", "but all of it comes");
    for my $kind (qw(500 503 404)) {
        $sim->cmd("fault", %path, kind => $kind);
        is($sim->call({ type => "SUBSCRIBE" })->{status}, $kind, "an error, $kind");
    }
    is($fault->(kind => "reset")->drain, "reset", "reset");
    is($fault->(kind => "hang")->drain(0.2), "silence", "hang");
    $sim->cmd("clear");
    $sim->cmd("stream", rate => 4000);
    $stream = $sim->subscribe;
    is($stream->drain(0.5), "silence", "a slow trickle for everybody");
    cmp_ok(length $stream->rest, "<", 8000, "as slow as it was told to be");
    $sim->cmd("clear");
    is($stream->next->{type}, "SUBSCRIBED", "until that is cleared");
};

subtest "odd records" => sub {
    my $stream = subscribed();
    my @task = (app => "mywebservice", framework => "marathon");
    my $send = sub { $sim->cmd("stream-send", @_) };
    $send->(kind => "record", text => '{"type":"GREETING"}');
    is_deeply($stream->next, { type => "GREETING" }, "what was given");
    open my $out, ">", "$dir/record" or die;
    print $out '{"type":"FROM_FILE"}';
    close $out;
    $send->(kind => "record", file => "$dir/record");
    is($stream->next->{type}, "FROM_FILE", "from a file");
    $send->(kind => "unknown");
    like($stream->next->{type}, qr/^OPERATION_/, "an unknown event");
    $send->(kind => "updated", @task);
    my $plain = $stream->next;
    is($plain->{type}, "TASK_UPDATED", "an update once more");
    $send->(kind => "fields", @task);
    my $odd = $stream->next;
    ok($odd->{"x-new"} && $odd->{task_updated}{status}{"x-new"}, "with unknown members");
    delete @{$_}{ "x-new", "" } for $odd, $odd->{task_updated}, @{ $odd->{task_updated} }{qw(framework_id status)};
    is_deeply($odd, $plain, "beside which it is the same");
    $send->(kind => "contradiction", @task);
    my $u = $stream->next->{task_updated};
    is("$u->{state} $u->{status}{state}", "TASK_RUNNING TASK_KILLED", "a status that contradicts the state");
    $send->(kind => "added", @task);
    is_deeply([ brief($stream->next) ], ["TASK_ADDED TASK_RUNNING"], "a task once more");
    $send->(kind => "huge", size => 300_000, @task);
    is(length $stream->next->{task_updated}{status}{message}, 300_000, "a huge record");
    $send->(kind => "malformed");
    my $text = $stream->next_text;
    ok(!eval { decode_json($text) }, "a record that is no JSON");
    $send->(kind => "endless");
    is($stream->next(0.1), undef, "a record without an end");
    is($stream->rest, "9999999999999999999\n", "has a length");
    $stream = subscribed();
    $send->(kind => "length");
    ok(!eval { $stream->next; 1 }, "a length that is none");
    $stream = subscribed();
    $send->(kind => "raw", text => "5");
    $send->(kind => "raw", text => "\n[1,2");
    $send->(kind => "raw", text => "]");
    is_deeply($stream->next, [ 1, 2 ], "bytes as they are");
    $sim->cmd("stream-end", how => "eof");
};

# A stopped master that lost its office, and wakes up.
subtest "an old leader" => sub {
    my $old = subscribed();
    $sim->cmd("stream", silent => "yes", master => 1);
    $sim->cmd("leader", master => 2, keep => "yes");
    my $new = subscribed(master => 2);
    $sim->cmd("scale", app => "mywebservice", framework => "marathon", n => 7);
    is($new->next->{type}, "TASK_ADDED", "the new one tells what happens");
    is($old->next(0.1), undef, "the old one does not");
    $sim->cmd("clear");
    $sim->cmd("stream-send", kind => "added", app => "mywebservice", framework => "marathon", master => 1);
    is($old->next->{type}, "TASK_ADDED", "the old one's subscribers hear old things");
    is($old->{end}, undef, "for a while");
    $sim->cmd("stream-end", how => "eof", master => 1);
    is($old->drain, "eof", "until it is gone");
    is($new->{end}, undef, "which is no matter of the new one's");
    $sim->cmd("leader", master => 1);
};

# The same of a larger cluster, without a look at the snapshot.
sub subscribed_unread {
    my ($of) = @_;
    my $stream = $of->subscribe;
    $stream->next_text for 1, 2;
    return $stream;
}

subtest "what goes on by itself" => sub {
    my $s = MesosSim->new(args => [ "--agents", 50, "--tasks", 500 ]);
    my $stream = subscribed_unread($s);
    my $texts = sub { return map { $stream->next_text } 1 .. $_[0] };
    $s->cmd("pulse", changes => 500, seed => 4);
    my @e = $texts->(300);
    $s->cmd("pulse");
    for my $what (qr/^\{"type":"TASK_ADDED".*"state":"TASK_STAGING"/, qr/"state":"TASK_RUNNING".*"healthy":true/, qr/"TASK_FAILED"\}\}$/) {
        ok((grep { $_ =~ $what } @e), "by chance: $what");
    }
    $stream = subscribed_unread($s);
    is($s->cmd("burst", n => 300)->{tasks}, 300, "300 tasks' health at once");
    my %seen = map { /"task_id":\{"value":"([^"]+)"/ ? ($1 => 1) : () } $texts->(300);
    is(keys %seen, 300, "each of them");
    $s->cmd("pulse", checks => 100);
    @e = $texts->(600);
    $s->cmd("pulse");
    is((grep { !/"state":"TASK_RUNNING".*"healthy":false/ } @e), 0, "checks go on failing");
    $s->cmd("leader", master => 1, recover => 0);
    $stream = subscribed_unread($s);
    $s->cmd("pulse", agents => 500);
    my $agents = 0;
    while (defined(my $text = $stream->next_text)) {
        last if $text =~ /^\{"type":"FRAMEWORK_UPDATED"/;
        $agents += $text =~ /^\{"type":"AGENT_ADDED"/;
    }
    is($agents, 50, "agents come back one by one, the schedulers after them");
    is($s->stop, 0, "it ends cleanly");
};

subtest "recordings" => sub {
    my $recording = slurp("$data/mesos-1.12.0-real-C-5070.recordio");
    my @records = records_of($recording);
    my $s = MesosSim->new(args => [ "--play", "$data/mesos-1.12.0-real-C-5070.recordio" ]);
    my $all = sub { my ($stream, $n) = @_; return map { $stream->next_text(5) } 1 .. $n // @records };
    is_deeply([ $all->($s->subscribe) ], \@records, "as it was recorded");
    $s->cmd("play", file => "$data/mesos-1.12.0-real-C-5070.recordio", cut => 3, n => 1);
    my $stream = $s->subscribe;
    is_deeply([ $all->($stream, 4) ], [ @records[ 0 .. 2 ], undef ], "cut after three records");
    is("$stream->{end} " . $stream->rest, "eof ", "exactly there");
    is_deeply([ $all->($s->subscribe) ], \@records, "once, and then it is all there");
    $s->cmd("play", file => "$data/mesos-1.12.0-real-C-5070.recordio", cut => 3, middle => "yes");
    $stream = $s->subscribe;
    is($stream->drain, "eof", "cut in the middle");
    my $begun = join "", map { length($_) . "\n$_" } @records[ 0 .. 2 ];
    my $fourth = length($records[3]) . "\n$records[3]";
    is($stream->rest, $begun . substr($fourth, 0, length($fourth) / 2), "of the fourth");
    $s->cmd("play", file => "$data/mesos-1.12.0-real-C-5070.recordio", end => "last");
    $stream = $s->subscribe;
    is($stream->drain, "last", "the end that was asked for");
    is($stream->rest, $recording, "behind all of it");

    my $file = sub { open my $out, ">", "$dir/$_[0]" or die; print $out $_[1]; close $out; return "$dir/$_[0]" };
    $s->cmd("play", file => $file->("lines", join "", map { "$_\n" } @records));
    is_deeply([ $all->($s->subscribe) ], \@records, "a document a line");
    my @parts = unpack "(a777)*", $recording;
    my $raw = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" . join "", map { sprintf "%x\r\n%s\r\n", length, $_ } @parts;
    $s->cmd("play", file => $file->("raw", $raw . "0\r\n\r\n"));
    $stream = $s->subscribe;
    is_deeply([ $all->($stream) ], \@records, "a recorded connection");
    is_deeply([ @{ $stream->{chunks} }[ 0 .. 2 ] ], [ 777, 777, 777 ], "with its chunks");
    my $time = 0;
    my $timeline = join "", "22:34:34.686 +   0.001 HEADERS\nHTTP/1.1 200 OK\n",
        map { sprintf "22:34:34.687 + %7.3f record len=%d X {}\n", $time += 1, length } @records;
    $s->cmd("play", file => "$data/mesos-1.12.0-real-C-5070.recordio", timeline => $file->("timeline", $timeline), pace => 10);
    $stream = $s->subscribe;
    is_deeply([ $all->($stream, 3) ], [ @records[ 0 .. 2 ] ], "by its timeline");
    is($stream->rest, "", "the rest is yet to come");
    $s->cmd("play", file => "$data/mesos-1.12.0-real-C-5070.recordio", timeline => "$dir/timeline", pace => 1000);
    is_deeply([ $all->($s->subscribe) ], \@records, "and comes");
    is($s->try_cmd(POST => "play", file => "$dir/record")->{status}, 200, "a record is a recording too");
    is($s->try_cmd(POST => "play", file => $file->("none", "7\n{"))->{status}, 400, "half of one is not");
    is($s->try_cmd(POST => "play", file => "/nowhere")->{status}, 400, "nor is none");
    $s->cmd("play", file => "$data/mesos-1.12.0-real-C-5070.recordio", first => 2, end => "last");
    $stream = $s->subscribe;
    is_deeply([ $all->($stream, 3), $stream->{end} ], [ @records[ 0, 1 ], undef, "last" ], "only the first two");
    $s->cmd("play");
    is(decode_json($s->subscribe->next_text)->{subscribed}{get_state}{get_agents}{agents}[0]{agent_info}{port}, 5051, "the cluster again");
    is($s->stop, 0, "it ends cleanly");
};

# One that does not read keeps nobody else from reading.
subtest "a slow subscriber" => sub {
    my $s = MesosSim->new(args => [ "--agents", 300, "--tasks", 3000 ]);
    my $idle = $s->subscribe;
    my $stream = subscribed_unread($s);
    $s->cmd("burst", n => 3000) for 1 .. 5;
    my @e = map { $stream->next_text } 1 .. 15_000;
    is((grep { !/^\{"type":"TASK_UPDATED"/ } @e), 0, "the other gets it all");
    cmp_ok($s->counters->{queued_bytes}, ">", 1_000_000, "while the idle one's waits");
    my @late = map { $idle->next_text } 1 .. 15_002;
    is_deeply([ @late[ 2 .. $#late ] ], \@e, "and comes when it reads");
    is($s->counters->{snapshots}, 2, "two snapshots");
    is($s->counters->{events_sent}, 30_000, "15,000 events for two");
    is($s->stop, 0, "it ends cleanly");
};

subtest "mistakes" => sub {
    my %bad = (
        "how to end" => [ "stream-end", how => "gently" ], "what to send" => [ "stream-send", kind => "love" ],
        "nothing to send" => [ "stream-send", kind => "record" ], "no task" => [ "stream-send", kind => "added" ],
        "chunks" => [ "stream", chunks => "large" ], "flag" => [ "stream", silent => "maybe" ],
        "heartbeat" => [ "stream", heartbeat => 0 ], "api" => [ "api", whom => "friends" ],
        "pace" => [ "play", file => "$data/mesos-1.12.0-real-A.recordio", pace => 2 ],
        "too fast" => [ "pulse", changes => 1e9 ], "burst" => ["burst"], "master" => [ "stream-end", how => "eof", master => 9 ],
    );
    for my $name (sort keys %bad) {
        my $r = $sim->try_cmd(POST => @{ $bad{$name} });
        is($r->{status}, 400, "$name is refused");
        ok($r->{error}, "with a reason");
    }
    my @help = `$ENV{MN_BUILDDIR}/t/sim/mesos-sim --help`;
    my ($kinds) = join("", @help) =~ /^Kinds of what stream-send sends:\n(.*)/ms;
    my $test = slurp(__FILE__);
    my @untested = grep { $test !~ /kind => "$_"/ } $kinds =~ /^  (\S+)/mg;
    is("@untested", "", "all that can be sent is tested");
};

is($sim->stop, 0, "it ends cleanly");
done_testing;
