# SPDX-License-Identifier: Apache-2.0
# The simulated cluster: its documents have the shape of a real master's, each command does what it says, each fault
# fails as it says.
use strict;
use warnings;

use File::Temp qw(tempdir);
use HTTP::Tiny;
use IO::Socket::INET;
use JSON::PP;
use MesosSim;
use Shape qw(parse_ordered learn compare_shapes);
use Test::More;
use Time::HiRes qw(time);

plan skip_all => "mesos-sim was not built: libmicrohttpd is missing" unless MesosSim::program();

my $data = "$ENV{MN_SRCDIR}/t/data";
my $ua = HTTP::Tiny->new(timeout => 30, max_redirect => 0);

sub get { return $ua->get($_[0], { headers => { "Accept-Encoding" => "identity", %{ $_[1] || {} } } }) }

sub state_of {
    my ($sim, $n) = @_;
    my $r = get($sim->url($n) . "/master/state");
    return $r->{status} == 200 ? decode_json($r->{content}) : undef;
}

sub slurp {
    my ($file) = @_;
    open my $in, "<", $file or die "$file: $!";
    local $/;
    return scalar <$in>;
}

# Tasks look the same wherever they are listed, and so do frameworks.
sub merge_places {
    my ($text) = @_;
    $text =~ s/"(?:unreachable|completed)_tasks":/"tasks":/g;
    $text =~ s/"completed_frameworks":/"frameworks":/g;
    return $text;
}

my (%real, %slaves_real);
for my $file (grep { !/\.(?:axfr|enumerate)\./ } glob "$data/state/mesos-1.12.0-real-*.json") {
    my $document = parse_ordered(merge_places(slurp($file)));
    learn(\%real, "", $document);
}
learn(\%slaves_real, "", parse_ordered(slurp("$data/mesos-1.12.0-real-slaves.json")));
ok(keys %real > 80, "the recorded documents are there");

# What the recordings happen not to have, and where it is known from.
my $T = ".frameworks[].tasks[]";
my %beyond = (
    ".frameworks[].pid"                  => "schedulers over libprocess, in every version's captures",
    "$T.statuses[].labels"               => "Docker's address label, as in mesos-1.0.1-overlay",
    "$T.container.docker"                => "as in mesos-0.27.0-docker",
    "$T.container.network_infos[].name"  => "as in mesos-1.8.0-l4lb-poller",
    "$T.container.network_infos[].ip_addresses"                     => "as in mesos-1.8.0-l4lb-poller",
    "$T.statuses[].container_status.network_infos[].name"           => "as in mesos-1.8.0-l4lb-poller",
    ".recovered_slaves[]"                => "the head of an agent, as Mesos' json(SlaveInfo) writes it",
);

# Members that each of the few recorded instances has, but that others lack.
my %optional = (
    "$T.container.mesos"                         => "Docker's containers have `docker`",
    "$T.container.network_infos"                 => "Docker's containers, likewise",
    "$T.container.network_infos[].groups"        => "not in mesos-1.8.0-l4lb-poller",
    "$T.container.network_infos[].labels.labels" => "`{}` in mesos-1.0.1-overlay",
    "$T.discovery.name"                          => "mesos-1.4.0-ucr-bridge and the specification",
    "$T.discovery.ports.ports"                   => "`{}` in mesos-1.2.0-state7-dcos",
);

sub shape_ok {
    my ($text, $name) = @_;
    my %shape;
    learn(\%shape, "", parse_ordered(merge_places($text)));
    my @wrong = compare_shapes(\%real, \%shape, \%beyond, \%optional);
    ok(!@wrong, $name) or diag(join "\n", @wrong);
    return \%shape;
}

my $sim = MesosSim->new(masters => 2);
like($sim->url, qr{^http://127\.0\.0\.1:\d+$}, "it listens");

subtest "the documents of a master" => sub {
    my $text = get($sim->url . "/master/state")->{content};
    my $shape = shape_ok($text, "the state has the members, types and order of a real one");
    my @unused = grep { !/recovered/ } grep { !$shape->{$_} } sort keys %beyond;
    is("@unused", "", "and what the recordings lack");
    my @never = grep { /^\Q$T\E/ && !/parent|visibility|environment|location|version|discovery\.labels|groups|nl/ }
        grep { !$shape->{$_} } sort keys %real;
    is("@never", "$T.container.network_infos[].labels.labels $T.container.network_infos[].labels.labels[] "
            . "$T.container.network_infos[].labels.labels[].key $T.container.network_infos[].labels.labels[].value",
        "a task has all that the recordings have, but labels of networks");

    my %broken;
    learn(\%broken, "", parse_ordered(merge_places($text =~ s/"slave_id":"[^"]*"/"slave_id":7/r)));
    is_deeply([ compare_shapes(\%real, \%broken, \%beyond, \%optional) ], ["$T.slave_id is int"], "the comparison finds a wrong type");
    %broken = ();
    learn(\%broken, "", parse_ordered(merge_places($text =~ s/"slave_id":"[^"]*",//r)));
    is_deeply([ compare_shapes(\%real, \%broken, \%beyond, \%optional) ], ["$T.slave_id is missing"], "and a missing member");

    my %slaves;
    learn(\%slaves, "", parse_ordered(get($sim->url . "/master/slaves")->{content}));
    my @wrong = compare_shapes(\%slaves_real, \%slaves, \%beyond, \%optional);
    ok(!@wrong, "/master/slaves too") or diag(join "\n", @wrong);

    my $summary = decode_json(get($sim->url . "/master/state-summary")->{content});
    is_deeply([ sort keys %$summary ], [qw(cluster frameworks hostname slaves)], "the summary");
    my $running = 0;
    $running += $_->{TASK_RUNNING} for @{ $summary->{frameworks} };
    my $on_agents = 0;
    $on_agents += $_->{TASK_RUNNING} for @{ $summary->{slaves} };
    is($running, 39, "counts the tasks of frameworks");
    is($on_agents, 39, "and of agents");
    ok(!exists $summary->{frameworks}[0]{tasks}, "and has none itself");
};

subtest "what a demo needs" => sub {
    my $state = state_of($sim);
    is($state->{leader}, "master@" . $sim->hostport, "the leader is itself");
    is(@{ $state->{slaves} }, 5, "five agents");
    my %names = map { $_->{name} => 1 } map { @{ $_->{tasks} } } @{ $state->{frameworks} };
    ok($names{$_}, "there is '$_'") for "mywebservice", "app.group", "node-0-server", "plain_Task with.odd name",
        "ChronosTask:nightly report (all)", "...";
    ok((grep { length == 72 } keys %names), "there is a name of 72 bytes");
    my ($marathon) = grep { $_->{name} eq "marathon" } @{ $state->{frameworks} };
    my @web = grep { $_->{name} eq "mywebservice" } @{ $marathon->{tasks} };
    is(@web, 5, "mywebservice has five instances");
    is(scalar($sim->tasks("mywebservice")), 5, "and nothing else has its name");
    my ($port) = @{ $web[0]{discovery}{ports}{ports} };
    is($port->{name}, "http", "with a named port");
    is($web[0]{resources}{ports}, "[$port->{number}-$port->{number}]", "which is the agent's");
    is($web[0]{container}{docker}{port_mappings}[0]{host_port}, $port->{number}, "and mapped");
    my %pids = map { $_->{pid} => 1 } @{ $state->{slaves} };
    is(keys %pids, 5, "the agents have addresses of their own");
    my ($flag) = grep { $_->{name} eq "!!!" } @{ $state->{frameworks} };
    ok(!exists $flag->{pid}, "an HTTP scheduler has no pid");
};

subtest "the same seed, the same cluster" => sub {
    my @text = map {
        my $s = MesosSim->new(args => [ "--seed", $_, "--leader", "127.0.0.1:5050", "--agents", 40, "--tasks", 400 ]);
        $s->cmd("churn", n => 50, seed => 4);
        my $t = get($s->url . "/state")->{content};
        my $hostport = $s->hostport;
        my $port = $s->port;
        $t =~ s/\Q$hostport\E/HERE/g;
        $t =~ s/"port":("?)$port\b/"port":${1}1/g;
        $t;
    } 3, 3, 4;
    is($text[0], $text[1], "byte for byte");
    isnt($text[0], $text[2], "and another seed another");
    my $state = decode_json($text[0]);
    is($state->{leader}, "master\@127.0.0.1:5050", "the leader that was asked for");
    is(@{ $state->{slaves} }, 40, "as many agents as were asked for");
    my $s = MesosSim->new(args => [ "--agents", 40, "--tasks", 400, "--loopback-agents" ]);
    $state = state_of($s);
    my $tasks = 0;
    $tasks += @{ $_->{tasks} } for @{ $state->{frameworks} };
    is($tasks, 400, "and tasks");
    my @pids = map { $_->{pid} } @{ $state->{slaves} };
    is((grep {/\@127\.\d+\.\d+\.\d+:5051$/} @pids), 40, "on loopback");
    is($s->stop, 0, "it ends cleanly");
};

subtest "HTTP" => sub {
    my $url = $sim->url;
    is(get("$url$_")->{status}, 404, "$_ is 404 since 1.8") for "/state.json", "/master/state.json";
    is(get("$url/nothing")->{content}, "404 Not Found.", "Mesos' words");
    is(get("$url$_")->{status}, 200, "$_ is there")
        for qw(/state /master/state /master/state-summary /master/slaves /health /master/health /version);
    is(decode_json(get("$url/version")->{content})->{version}, "1.12.0", "the version");
    my $head = $ua->head("$url/master/state");
    my $full = get("$url/master/state");
    is($head->{headers}{"content-length"}, length $full->{content}, "HEAD has the length");
    is($full->{headers}{"content-type"}, "application/json", "and GET the type");
    my $gzip = get("$url/master/state", { "Accept-Encoding" => "gzip" });
    is($gzip->{headers}{"content-encoding"}, "gzip", "compressed when asked for");
    ok(length $gzip->{content} < length($full->{content}) / 4, "and much smaller");
SKIP: {
        skip "no Compress::Zlib", 1 unless eval { require Compress::Zlib };
        is(Compress::Zlib::memGunzip($gzip->{content}), $full->{content}, "and the same");
    }
    my $redirect = get("$url/master/redirect");
    is("$redirect->{status} $redirect->{headers}{location}", "307 //" . $sim->hostport, "/master/redirect");
    is($ua->request(POST => "$url/state")->{status}, 405, "a state cannot be POSTed");

    my $before = $sim->counters->{connections};
    my $keep = HTTP::Tiny->new(keep_alive => 1);
    $keep->get("$url/health") for 1 .. 5;
    is($sim->counters->{connections}, $before + 1, "connections are kept alive");
};

subtest "standbys and leaders" => sub {
    my $standby = $sim->url(2);
    for my $path ("/master/state", "/state") {
        my $r = get("$standby$path?x=1");
        is($r->{status}, 307, "a standby redirects $path");
        is($r->{headers}{location}, "//" . $sim->hostport(1) . "/master/state?x=1", "to the leader's full path");
        is($r->{content}, "", "with an empty body");
    }
    is(get("$standby/state.json")->{status}, 404, "not what is nowhere");
    is(get("$standby/health")->{status}, 200, "nor its health");
    $sim->cmd("leader", master => "none");
    for my $n (1, 2) {
        my $r = get($sim->url($n) . "/master/state");
        is("$r->{status} $r->{content}", "503 No leader elected", "master $n knows no leader");
    }
    is(get("$standby/master/redirect")->{status}, 503, "/master/redirect neither");

    $sim->cmd("leader", master => 2, recover => 0);
    is(get($sim->url(1) . "/state")->{headers}{location}, "//" . $sim->hostport(2) . "/master/state", "the other leads");
    my $text = get("$standby/state")->{content};
    my $state = decode_json($text);
    is(@{ $state->{slaves} } + @{ $state->{frameworks} }, 0, "a recovering leader has nothing");
    is(@{ $state->{recovered_slaves} }, 5, "but agents that it waits for");
    is($state->{leader}, "master@" . $sim->hostport(2), "it says that it leads");
    isnt($state->{id}, "", "with its own id");
    shape_ok($text, "and the document's shape is right");
    is($sim->cmd("recover", n => 2)->{agents}, 2, "two agents come back");
    $state = state_of($sim, 2);
    is(@{ $state->{slaves} }, 2, "they are there");
    is(@{ $state->{recovered_slaves} }, 3, "the others are not");
    ok((grep { $_->{recovered} && !exists $_->{pid} && !$_->{active} } @{ $state->{frameworks} }),
        "frameworks of their tasks are recovered");
    my %here = map { $_->{id} => 1 } @{ $state->{slaves} };
    my @lost = grep { !$here{ $_->{slave_id} } } map { @{ $_->{tasks} } } @{ $state->{frameworks} };
    is(@lost, 0, "no task without its agent");
    $sim->cmd("recover");
    $text = get("$standby/state")->{content};
    shape_ok($text, "after the recovery the shape is right");
    $state = decode_json($text);
    is(@{ $state->{slaves} }, 5, "all are back");
    is((grep { $_->{recovered} } @{ $state->{frameworks} }), 0, "the schedulers too");

    $sim->cmd("leader", master => 1, recover => 3);
    my @agents = map { scalar @{ state_of($sim)->{slaves} } } 1 .. 4;
    is("@agents", "0 2 4 5", "agents come back over the next requests");
};

sub names { my ($name) = @_; return grep { $_->{listed} eq "tasks" } $sim->tasks($name, framework => "marathon") }

sub task_in_state {
    my ($id) = @_;
    my $state = state_of($sim);
    for my $f (@{ $state->{frameworks} }, @{ $state->{completed_frameworks} }) {
        for my $where (qw(tasks unreachable_tasks completed_tasks)) {
            $_->{id} eq $id and return ($where, $_) for @{ $f->{$where} };
        }
    }
    return;
}

subtest "commands about tasks" => sub {
    my @mine = (app => "mywebservice", framework => "marathon");
    is($sim->cmd("scale", @mine, n => 9)->{tasks}, 9, "scaled up");
    is(names("mywebservice"), 9, "nine run");
    my %places = map { ("$_->{agent} $_->{ports}[0]" => 1) } names("mywebservice");
    is(keys %places, 9, "no port is given out twice");
    $sim->cmd("scale", @mine, n => 5);
    is(names("mywebservice"), 5, "scaled down");
    is($sim->cmd("scale", app => "/group/app", n => 4)->{tasks}, 4, "by Marathon's id");

    my ($victim) = names("mywebservice");
    $sim->cmd("kill", task => $victim->{id});
    my ($where, $task) = task_in_state($victim->{id});
    is("$where $task->{state}", "completed_tasks TASK_KILLED", "killed");
    $sim->cmd("scale", @mine, n => 5);
    my $failed = $sim->cmd("kill", @mine, state => "TASK_FAILED");
    is((task_in_state($failed->{id}))[1]{state}, "TASK_FAILED", "failed");
    is(names("mywebservice"), 4, "one less");
    $sim->cmd("scale", @mine, n => 5);

    my ($old) = names("mywebservice");
    my ($other) = grep { $_ ne $old->{agent} } map { $_->{agent} } names("mywebservice");
    my $moved = $sim->cmd("move", task => $old->{id}, agent => $other);
    isnt($moved->{id}, $old->{id}, "a moved task is a new one");
    is((task_in_state($moved->{id}))[1]{slave_id}, $other, "on the other agent");
    is((task_in_state($old->{id}))[0], "completed_tasks", "the old one is gone");

    my ($t) = names("mywebservice");
    my $newest = sub {
        my (undef, $now) = task_in_state($t->{id});
        my ($running) = grep { $_->{state} eq "TASK_RUNNING" } @{ $now->{statuses} };
        return $running;
    };
    my $before = $newest->()->{timestamp};
    ok($newest->()->{healthy}, "healthy");
    $sim->cmd("health", task => $t->{id});
    is($newest->()->{healthy}, JSON::PP::false, "flipped");
    cmp_ok($newest->()->{timestamp}, ">", $before, "later");
    $sim->cmd("health", task => $t->{id}, healthy => "none");
    ok(!exists $newest->()->{healthy}, "unknown");
    $sim->cmd("health", @mine, healthy => "true", all => "yes");
    is((grep { $_->{healthy} } names("mywebservice")), 5, "all healthy");

    $sim->cmd("task-state", task => $t->{id}, state => "TASK_KILLING");
    ($where, $task) = task_in_state($t->{id});
    is("$where $task->{state}", "tasks TASK_KILLING", "a state of its own");
    is($task->{statuses}[-1]{state}, "TASK_KILLING", "and its status");
    $sim->cmd("task-state", task => $t->{id}, state => "TASK_FINISHED");
    ($where, $task) = task_in_state($t->{id});
    is("$where $task->{state}", "tasks TASK_FINISHED", "even a terminal one in tasks[]");
    ok(!exists $task->{statuses}[-1]{container_status}, "whose status has no container");
    $sim->cmd("kill", task => $t->{id});
    $sim->cmd("scale", @mine, n => 5);

    $sim->cmd("app-add", name => "new app", n => 3, network => "overlay", ports => "web/tcp/8080,dns/udp/53");
    my @new = names("new app");
    is(@new, 3, "a new app");
    is("@{ $new[0]{ports} }", "", "with addresses of its own it has no ports of the agent");
    (undef, $task) = task_in_state($new[0]{id});
    is($task->{discovery}{ports}{ports}[1]{number}, 53, "but discovery has them");
    is($task->{statuses}[-1]{container_status}{network_infos}[0]{ip_addresses}[0]{ip_address}, $new[0]{ips}[0],
        "and the status the address that is told");
    is($task->{statuses}[0]{container_status}{network_infos}[0]{ip_addresses}[0]{ip_address}, $new[0]{agent_ip},
        "which TASK_STARTING did not have yet");
    my ($listed) = $sim->tasks("mywebservice", framework => "marathon");
    (undef, $task) = task_in_state($listed->{id});
    is("[$listed->{ports}[0]-$listed->{ports}[0]]", $task->{resources}{ports}, "GET tasks tells the ports");

    my $version = $sim->counters->{version};
    my $text = get($sim->url . "/state")->{content};
    $sim->cmd("churn", n => 100, seed => 5);
    cmp_ok($sim->counters->{version}, ">=", $version + 100, "churn changes something");
    my $after = get($sim->url . "/state")->{content};
    isnt($after, $text, "that the state shows");
    shape_ok($after, "in the right shape");
};

subtest "commands about agents" => sub {
    my ($t) = names("mywebservice");
    my $agent = sub { my ($a) = grep { $_->{id} eq $t->{agent} } @{ state_of($sim)->{slaves} }; return $a };
    $sim->cmd("agent-deactivate", agent => $t->{agent});
    ok(!$agent->()->{active}, "an agent that is away is inactive");
    is(state_of($sim)->{deactivated_slaves}, 1, "and counted");
    is((task_in_state($t->{id}))[0], "tasks", "its tasks stay");
    $sim->cmd("agent-activate", agent => $t->{agent_ip});
    ok($agent->()->{active}, "active again");

    $sim->cmd("agent-unreachable", agent => $t->{agent});
    is($agent->(), undef, "an unreachable agent leaves");
    my ($where, $task) = task_in_state($t->{id});
    is("$where $task->{state}", "unreachable_tasks TASK_UNREACHABLE", "its tasks are unreachable");
    is(state_of($sim)->{unreachable_slaves}, 1, "it is counted");
    shape_ok(get($sim->url . "/state")->{content}, "the shape is right");
    $sim->cmd("agent-return", agent => $t->{agent});
    ok($agent->()->{reregistered_time}, "it reregisters");
    ($where, $task) = task_in_state($t->{id});
    is("$where $task->{state}", "tasks TASK_RUNNING", "its tasks run again");
    is((grep { $_->{state} eq "TASK_UNREACHABLE" } @{ $task->{statuses} }), 0, "and were never unreachable");

    my $new = $sim->cmd("agent-add")->{agent};
    is((grep { $_->{id} eq $new } @{ state_of($sim)->{slaves} }), 1, "a new agent");
    my $moved = $sim->cmd("move", task => $t->{id}, agent => $new)->{id};
    $sim->cmd("agent-remove", agent => $new);
    is((grep { $_->{id} eq $new } @{ state_of($sim)->{slaves} }), 0, "removed");
    ($where, $task) = task_in_state($moved);
    is("$where $task->{state}", "completed_tasks TASK_LOST", "its tasks are lost");
};

subtest "commands about frameworks" => sub {
    my $id = $sim->cmd("framework-add", name => "my framework", pid => "10.9.9.9:1234")->{id};
    my $find = sub { my ($f) = grep { $_->{id} eq $id } @{ state_of($sim)->{frameworks} }; return $f };
    like($find->()->{pid}, qr/^scheduler-[0-9a-f-]{36}\@10\.9\.9\.9:1234$/, "a new framework");
    $sim->cmd("app-add", framework => $id, name => "it", n => 2);
    is(@{ $find->()->{tasks} }, 2, "with tasks");
    $sim->cmd("framework-disconnect", framework => $id);
    ok(!$find->()->{active} && !$find->()->{connected}, "disconnected");
    is(@{ $find->()->{tasks} }, 2, "its tasks run on");
    $sim->cmd("framework-connect", framework => $id);
    ok($find->()->{active} && $find->()->{reregistered_time}, "connected again");
    $sim->cmd("framework-remove", framework => $id);
    is($find->(), undef, "removed");
    my ($f) = grep { $_->{id} eq $id } @{ state_of($sim)->{completed_frameworks} };
    is(@{ $f->{completed_tasks} }, 2, "it is a completed one, with its tasks");
};

subtest "commands that make no sense" => sub {
    my %bad = (
        "scale app"      => [ "scale", app => "nobody", n => 1 ],
        "scale n"        => [ "scale", app => "mywebservice", n => "many" ],
        "scale no n"     => [ "scale", app => "mywebservice" ],
        "scale too much" => [ "scale", app => "mywebservice", n => 100_000 ],
        "kill"           => [ "kill", task => "nobody" ],
        "state"          => [ "task-state", app => "mywebservice", state => "TASK_DANCING" ],
        "agent"          => [ "agent-remove", agent => "nobody" ],
        "framework"      => [ "framework-remove", framework => "nobody" ],
        "fault"          => [ "fault", kind => "strange" ],
        "rate"           => [ "fault", kind => "slow" ],
        "leader"         => [ "leader", master => 3 ],
        "file"           => [ "state", file => "/nowhere" ],
    );
    for my $name (sort keys %bad) {
        my $r = $sim->try_cmd(POST => @{ $bad{$name} });
        is($r->{status}, 400, "$name is refused");
        ok($r->{error}, "with a reason");
    }
    is($sim->try_cmd(POST => "dance")->{status}, 404, "an unknown command");
    is($sim->try_cmd(GET => "scale")->{status}, 405, "a command wants POST");
    is(get($sim->url . "/sim/counters")->{status}, 200, "a master's port takes commands too");
    $sim->cmd("scale", app => "mywebservice", n => 5);
};

# A raw request; what came until the end, and how it ended: eof, reset or silence.
sub raw {
    my ($patience, $n) = @_;
    my $s = IO::Socket::INET->new(PeerAddr => $sim->hostport($n)) or return ("", "refused");
    print $s "GET /master/state HTTP/1.1\r\nHost: x\r\n\r\n";
    my ($got, $end) = ("", "");
    my $until = time + $patience;
    until ($end) {
        my $in = "";
        vec($in, fileno $s, 1) = 1;
        if (!select($in, undef, undef, $until - time > 0 ? $until - time : 0)) { $end = "silence"; last }
        my $n = sysread $s, $got, 65536, length $got;
        $end = !defined $n ? "reset" : "eof" if !$n;
    }
    return ($got, $end);
}

sub fault { my (%args) = @_; $sim->cmd("clear"); return $sim->cmd("fault", %args) }

subtest "faults" => sub {
    my $url = $sim->url . "/master/state";
    my $good = get($url)->{content};
    my $fine = sub { is(get($url)->{content}, $good, "$_[0]: and then it is well again") };

    fault(kind => "refuse", master => 1);
    is((raw(1))[1], "refused", "refuse");
    is(get($sim->url(2) . "/health")->{status}, 200, "refuse: the other master does not");
    $sim->cmd("clear");
    $fine->("refuse");
    my $held = IO::Socket::INET->new(PeerAddr => $sim->hostport) or die;
    print $held "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
    sysread $held, my $answer, 4096;
    fault(kind => "refuse");
    is(sysread($held, $answer, 4096), 0, "refuse: open connections end");
    $sim->cmd("clear");

    fault(kind => "hang", n => 1);
    is_deeply([ raw(0.3) ], [ "", "silence" ], "hang");
    $fine->("hang");
    fault(kind => "reset", n => 1);
    is_deeply([ raw(5) ], [ "", "reset" ], "reset");
    $fine->("reset");

    my $rate = int(length($good) / 0.4);
    fault(kind => "slow", n => 1, rate => $rate);
    my $start = time;
    is(get($url)->{content}, $good, "slow: but complete");
    cmp_ok(time - $start, ">", 0.2, "slow: and slow");
    fault(kind => "slow", n => 1, rate => 20);
    my ($part, $end) = raw(0.5);
    is($end, "silence", "slow: it goes on");
    like($part, qr/\r\n\r\n\{"/, "slow: it has begun");
    cmp_ok(length $part, "<", 1000, "slow: but no more");
    $sim->cmd("clear");

    fault(kind => "cut", n => 1, after => 1234);
    ($part, $end) = raw(5);
    my ($length, $body) = $part =~ /Content-Length: (\d+).*?\r\n\r\n(.*)/s;
    is($end, "eof", "cut");
    is($length, length $good, "cut: it promised all");
    is($body, substr($good, 0, 1234), "cut: and sent the start");
    fault(kind => "cut", n => 1, after => 0);
    ($part, $end) = raw(5);
    unlike($part, qr/\r\n\r\n./s, "cut: or none of it");
    fault(kind => "stall", n => 1, after => 99);
    ($part, $end) = raw(0.5);
    is($end, "silence", "stall");
    is(($part =~ /\r\n\r\n(.*)/s)[0], substr($good, 0, 99), "stall: after the start");
    $sim->cmd("clear");

    fault(kind => "garbage", n => 1);
    my $r = get($url);
    is(length $r->{content}, length $good, "garbage");
    ok(!eval { decode_json($r->{content}) }, "garbage: is no JSON");
    fault(kind => "truncate", n => 1);
    $r = get($url);
    is($r->{content}, substr($good, 0, length($good) / 2), "truncate");
    is($r->{headers}{"content-length"}, length $r->{content}, "truncate: the length matches");
    fault(kind => "truncate", n => 1, after => 0);
    is(get($url)->{content}, "", "truncate: to nothing");
    $fine->("truncate");

    for (500, 503, 404) {
        fault(kind => $_, n => 2);
        is(join(" ", map { get($url)->{status} } 1 .. 3), "$_ $_ 200", "$_ for two requests");
    }
    fault(kind => "503", n => 1);
    is(get($url)->{content}, "No leader elected", "503 as a master says it");
    fault(kind => "redirect", n => 1, to => "http://192.0.2.1:5050/x");
    $r = get($url);
    is("$r->{status} $r->{headers}{location}", "307 http://192.0.2.1:5050/x", "redirect");
    fault(kind => "loop");
    is(get($url)->{headers}{location}, "//" . $sim->hostport(2) . "/master/state", "loop: to the next");
    is(get($sim->url(2) . "/master/state")->{headers}{location}, "//" . $sim->hostport(1) . "/master/state",
        "loop: and back");
    fault(kind => "standby", to => "192.0.2.7:5050");
    is(get("$url?a=b")->{headers}{location}, "//192.0.2.7:5050/master/state?a=b", "standby");
    is($sim->counters->{faults_left}[0], "standby", "until it is cleared");
    is(get($sim->url . "/sim/counters")->{status}, 200, "commands do not fail");
    $sim->cmd("clear");
    fault(kind => "500", path => "/master/slaves");
    is(get($url)->{status}, 200, "a fault for one path");
    is(get($sim->url . "/master/slaves")->{status}, 500, "strikes there");
    fault(kind => "404", n => 1);
    $sim->cmd("fault", kind => "500", n => 1);
    is(join(" ", map { get($url)->{status} } 1 .. 3), "404 500 200", "faults one after the other");
    $sim->cmd("clear");
    $fine->("at the end");
};

subtest "counters" => sub {
    my $before = $sim->counters;
    my $sent = 0;
    $sent += length get($sim->url . $_)->{content} for "/state", "/master/state", "/nowhere";
    my $after = $sim->counters;
    my %more = map { $_ => $after->{$_} - $before->{$_} } qw(requests states bytes faults renders not_modified);
    is_deeply(\%more, { requests => 3, states => 2, bytes => $sent, faults => 0, renders => 0, not_modified => 0 },
        "requests, states, bytes; nothing written anew");
    is($after->{endpoints}{"/state"}, $before->{endpoints}{"/state"} + 1, "by endpoint");
};

is($sim->stop, 0, "it ends cleanly");

subtest "a file" => sub {
    my $file = "$data/state/mesos-1.12.0-real-C1-running-5050.json";
    my $s = MesosSim->new(args => [ "--state", $file ]);
    is(get($s->url . "/state")->{content}, slurp($file), "as it is");
    is($s->try_cmd(POST => "scale", app => "x", n => 1)->{status}, 400, "nothing to scale");
    $s->cmd("state", file => "$data/mesos-1.12.0-real-slaves.json");
    is(get($s->url . "/state")->{content}, slurp("$data/mesos-1.12.0-real-slaves.json"), "another one");
    $s->cmd("state");
    is(@{ state_of($s)->{slaves} }, 5, "the generated one again");
    is($s->stop, 0, "it ends cleanly");
    $s = MesosSim->new(args => [ "--state", $file, "--leader", "192.0.2.3:5050" ]);
    my $want = slurp($file) =~ s/"leader": "master\@127\.0\.0\.1:15050"/"leader": "master\@192.0.2.3:5050"/r;
    is(get($s->url . "/state")->{content}, $want, "with another leader");
    is($s->stop, 0, "it ends cleanly");
};

subtest "authentication" => sub {
    my $s = MesosSim->new(args => [ "--user", "mesos", "--password", "secret" ]);
    for my $path (qw(/state /master/state /master/slaves /master/state-summary)) {
        my $r = get($s->url . $path);
        is("$r->{status} $r->{content}", "401 401 Unauthorized.", "$path asks");
        is($r->{headers}{"www-authenticate"}, 'Basic realm="mesos-master-readonly"', "in its realm");
    }
    is(get($s->url . "/health")->{status}, 200, "/health never does");
    is(get($s->url . "/master/redirect")->{status}, 307, "nor does /master/redirect");
    is(get("http://mesos:wrong@" . $s->hostport . "/state")->{status}, 401, "a wrong password");
    is(get("http://mesos:secret@" . $s->hostport . "/state")->{status}, 200, "the right one");
    my $with = sub { return get($s->url . "/state", { Authorization => "token=$_[0]" })->{status} };
    $s->cmd("token", value => "abc");
    is($with->("abc"), 200, "a token instead");
    is($with->("ab"), 401, "which must be the right one");
    is(get("http://mesos:secret@" . $s->hostport . "/state")->{status}, 401, "the password does not count then");
    $s->cmd("token");
    is(get("http://mesos:secret@" . $s->hostport . "/state")->{status}, 200, "until there is no token any more");
    is($s->stop, 0, "it ends cleanly");
};

subtest "HTTPS" => sub {
    plan skip_all => "no curl, or no openssl" if grep { system("$_ >/dev/null 2>&1") } "curl -V", "openssl version";
    my $dir = tempdir(CLEANUP => 1);
    my $openssl = sub { system("cd $dir && openssl $_[0] >/dev/null 2>&1") == 0 or die "openssl $_[0]" };
    for my $ca (qw(ca other)) {
        $openssl->("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $ca.key -out $ca.pem"
                . " -days 30 -subj /CN=$ca");
    }
    for my $pair ("server ca", "client ca", "stranger other") {
        my ($name, $ca) = split / /, $pair;
        open my $ext, ">", "$dir/ext" or die;
        print $ext "subjectAltName=IP:127.0.0.1\n";
        close $ext;
        $openssl->("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $name.key -out $name.csr -subj /CN=$name");
        $openssl->("x509 -req -in $name.csr -CA $ca.pem -CAkey $ca.key -CAcreateserial -days 30 -extfile ext -out $name.pem");
    }
    my @tls = ("--tls-key", "$dir/server.key", "--tls-cert", "$dir/server.pem");
    my $curl = sub {
        my ($port, @args) = @_;
        my $got = `curl -s --max-time 20 --cacert $dir/ca.pem @args https://127.0.0.1:$port/version`;
        return $? ? "failed" : $got;
    };
    my $s = MesosSim->new(args => \@tls);
    like($curl->($s->port), qr/"version":"1\.12\.0"/, "HTTPS");
    is(get($s->url . "/version")->{status} == 200, "", "not HTTP");
    is($s->cmd("scale", app => "mywebservice", n => 2)->{tasks}, 2, "commands go on without");
    is($s->stop, 0, "it ends cleanly");
    $s = MesosSim->new(args => [ @tls, "--tls-client-ca", "$dir/ca.pem" ]);
    is($curl->($s->port), "failed", "without a client certificate");
    is($curl->($s->port, "--cert $dir/stranger.pem --key $dir/stranger.key"), "failed", "with one of a stranger");
    like($curl->($s->port, "--cert $dir/client.pem --key $dir/client.key"), qr/"version"/, "with a good one");
    is($s->stop, 0, "it ends cleanly");
};

subtest "a large cluster" => sub {
    my $s = MesosSim->new(args => [ "--agents", 1000, "--tasks", 10_000 ]);
    my $text = get($s->url . "/state")->{content};
    my $tasks = () = $text =~ /"statuses":/g;
    is($tasks, 10_002, "its tasks, and two that are over");
    my $agents = () = $text =~ /"pid":"slave/g;
    is($agents, 1000, "its agents");
    cmp_ok(abs(length($text) / 14_000_000 - 1), "<", 0.1, "1,400 bytes a task, agents included, as in large clusters");
    is(get($s->url . "/state")->{content}, $text, "the same again");
    is($s->counters->{renders}, 1, "from the one that was written");
    is($s->stop, 0, "it ends cleanly");
};

# Ends while somebody waits.
subtest "the end" => sub {
    my $s = MesosSim->new;
    $s->cmd("fault", kind => "hang");
    my $c = IO::Socket::INET->new(PeerAddr => $s->hostport) or die;
    print $c "GET /state HTTP/1.1\r\nHost: x\r\n\r\n";
    1 until $s->counters->{faults};
    is($s->stop, 0, "it ends cleanly with a request that hangs");
    my @help = `$ENV{MN_BUILDDIR}/t/sim/mesos-sim --help`;
    is($?, 0, "--help");
    my $test = join "", map { slurp($_) } __FILE__, "$ENV{MN_SRCDIR}/t/30-sim-stream.t";
    my @commands = map { m{^  (?:GET|POST) /sim/(\S+)} ? $1 : () } @help;
    cmp_ok(@commands, ">", 20, "it tells of the commands");
    my @untested = grep { $test !~ /"$_"/ && !/^(?:counters|tasks)$/ } @commands;
    is("@untested", "", "and each is tested");
    my ($kinds) = join("", @help) =~ /^Kinds of fault:\n(.*)/ms;
    @untested = grep { $test !~ /kind => "$_"/ && !/^\d+$/ } $kinds =~ /^  (\S+)/mg;
    is("@untested", "", "and each fault");
    system("$ENV{MN_BUILDDIR}/t/sim/mesos-sim --nonsense 2>/dev/null");
    is($? >> 8, 2, "an unknown option");
};

done_testing;
