# SPDX-License-Identifier: Apache-2.0
# What the server tells of itself: /metrics, /healthz, /readyz and /v1/status.
use strict;
use warnings;

use IO::Socket::INET;
use List::Util qw(sum0);
use Net::DNS;
use Test::More;
use Time::HiRes qw(time);

use MesosSim;
use Metrics;
use Named;
use NamedHttp;

plan skip_all => "mesos-sim was not built: libmicrohttpd is missing" unless MesosSim::program();

my $src = $ENV{MN_SRCDIR};
my $promtool = grep { -x "$_/promtool" } split /:/, $ENV{PATH};
my $sim = MesosSim->new(masters => 2);

sub start {
    my (%config) = @_;
    my $named = Named->start(config => NamedHttp::config(masters => [ $sim->hostport, $sim->hostport(2) ], %config));
    return ($named, NamedHttp->new($named));
}

sub metrics { return Metrics->new($_[0]->get("/metrics")->{content}) }

# Waits until `condition` holds for the metrics; they are $_.
sub wait_metrics {
    my ($http, $condition) = @_;
    return Named::wait_until(sub { local $_ = metrics($http); $condition->() ? $_ : undef });
}

# Waits for a status; the reply.
sub wait_status {
    my ($http, $path, $status) = @_;
    return Named::wait_until(sub { my $reply = $http->get($path); $reply->{status} == $status ? $reply : undef });
}

sub reasons { return join " ", map { $_->{reason} } @{ JSON::PP->new->decode($_[0]{content})->{reasons} } }

my ($named, $http) = start();
$named->wait_answer("leader.mesos") or die $named->log;

subtest "the format" => sub {
    my $reply = $http->get("/metrics");
    is $reply->{status}, 200, "found";
    is $reply->{headers}{"content-type"}, "text/plain; version=0.0.4; charset=utf-8", "its type";
    my $metrics = eval { Metrics->new($reply->{content}) };
    ok $metrics, "it can be read" or diag $@;
  SKIP: {
        skip "no promtool (Debian's prometheus)", 1 unless $promtool;
        open my $out, ">", "$named->{dir}/metrics" or die $!;
        print $out $reply->{content};
        close $out;
        my $words = `promtool check metrics <'$named->{dir}/metrics' 2>&1`;
        is "$? $words", "0 ", "promtool is content";
    }
};

subtest "doc/metrics.md" => sub {
    my (%want, %got);
    for my $family (metrics($http)->families) {
        my $labels = join ", ", map {"`$_`"} grep { $_ ne "le" } sort keys %{ $family->{labels} };
        $want{ $family->{name} } = "| `$family->{name}` | $family->{type} | $labels | $family->{help} |";
    }
    for my $row (split /\n/, Named::slurp("$src/doc/metrics.md")) {
        $got{$1} = $row if $row =~ /^\| `([a-z_]+)` \| (?:counter|gauge|histogram) \|/;
    }
    is $got{$_}, $want{$_}, $_ for sort keys %want;
    is_deeply [ grep { !$want{$_} } sort keys %got ], [], "no others";
};

subtest "contrib/ and the queries of doc/metrics.md" => sub {
    my %family = map { $_->{name} => $_ } metrics($http)->families;
    for my $file (qw(contrib/prometheus/mesos-named.rules.yml contrib/grafana/mesos-named.json doc/metrics.md)) {
        my $text = Named::slurp("$src/$file");
        my %asked = map { $_ => 1 } $text =~ /\b((?:mesos_named|process)_\w+)/g;
        my @unknown = grep {
            my $histogram = $family{ s/_(?:bucket|sum|count)$//r };
            !$family{$_} && !($histogram && $histogram->{type} eq "histogram");
        } sort keys %asked;
        is "@unknown", "", "$file: what it names is there";
        cmp_ok scalar keys %asked, ">", 5, "and something is";
    }
    ok eval { JSON::PP->new->utf8->decode(Named::slurp("$src/contrib/grafana/mesos-named.json")) }, "the dashboard is JSON" or diag $@;
  SKIP: {
        skip "no promtool (Debian's prometheus)", 2 unless $promtool;
        for my $check ("config prometheus.yml", "rules mesos-named.rules.yml") {
            my $words = `cd '$src/contrib/prometheus' && promtool check $check 2>&1`;
            is $?, 0, "promtool check $check" or diag $words;
        }
    }
};

subtest "queries" => sub {
    my $before = metrics($http);
    my $all = sub { [ map { [ $_->{name}, $_->{labels}, $_->{value} ] } $_[0]->samples("mesos_named_dns_responses_total") ] };
    $named->query("leader.mesos", "A") for 1 .. 3;
    $named->query("_mywebservice._tcp.marathon.mesos", "SRV", tcp => 1) for 1 .. 2;
    $named->query("none.mesos", "AAAA");
    $named->query("leader.mesos", "TYPE65");
    $named->query("leader.mesos", "TYPE4711", tcp => 1);
    my $future = Net::DNS::Packet->new("leader.mesos", "A");
    $future->edns->size(1232);
    $future->edns->version(1);
    $named->exchange($future->data);
    $named->exchange("x" x 11, wait => 0.05);
    $named->exchange(Net::DNS::Packet->new("leader.mesos", "A")->data | ("\0\0\x80" . "\0" x 30), wait => 0.05);
    my $named_type = sub { my ($transport, $type, $rcode) = @_; return (transport => $transport, type => $type, rcode => $rcode) };
    my $after = wait_metrics($http, sub { $_->value("mesos_named_dns_dropped_messages_total", reason => "response") });
    my $grown = sub { my ($name, @labels) = @_; return $after->sum($name, @labels) - $before->sum($name, @labels) };
    my $replies = sub { return $grown->("mesos_named_dns_responses_total", $named_type->(@_)) };
    is $replies->(qw(udp A NOERROR)), 3, "A";
    is $replies->(qw(tcp SRV NOERROR)), 2, "SRV over TCP";
    is $replies->(qw(udp AAAA NXDOMAIN)), 1, "a name that is not there";
    is $replies->(qw(udp HTTPS NOERROR)), 1, "HTTPS";
    is $replies->(qw(tcp other NOERROR)), 1, "any other type";
    is $replies->(qw(udp A BADVERS)), 1, "a version of EDNS that is none";
    is $grown->("mesos_named_dns_responses_total"), 9, "no more";
    is $grown->("mesos_named_dns_queries_total", transport => "udp"), 8, "all messages over UDP";
    is $grown->("mesos_named_dns_queries_total", transport => "tcp"), 3, "over TCP";
    is $grown->("mesos_named_dns_dropped_messages_total", reason => $_), 1, "one was dropped: $_" for qw(short response);
    is $grown->("mesos_named_dns_answer_duration_seconds_count", transport => "udp"), 6, "UDP answers were timed";
    is $grown->("mesos_named_dns_answer_duration_seconds_count", transport => "tcp"), 3, "TCP answers too";
    cmp_ok $grown->("mesos_named_dns_answer_duration_seconds_sum"), ">", 0, "they took some time";
    is $after->value("mesos_named_dns_answer_duration_seconds_bucket", transport => "udp", le => "+Inf"),
        $after->value("mesos_named_dns_answer_duration_seconds_count", transport => "udp"), "the last bucket has all";
    cmp_ok $grown->("mesos_named_dns_received_bytes_total", transport => "udp"), ">", 100, "bytes came in";
    cmp_ok $grown->("mesos_named_dns_sent_bytes_total", transport => "tcp"), ">", 100, "and out";
    cmp_ok $grown->("mesos_named_dns_tcp_connections_accepted_total"), ">=", 3, "by connections";
    is $grown->("mesos_named_dns_truncated_responses_total"), 0, "none was cut";
};

subtest "a cut answer" => sub {
    $sim->cmd("scale", app => "mywebservice", n => 60);
    ok Named::wait_until(sub { my $r = $named->query("mywebservice.marathon.mesos", "A"); $r && $r->header->tc }), "there is one";
    cmp_ok metrics($http)->value("mesos_named_dns_truncated_responses_total", transport => "udp"), ">=", 1, "counted";
    $sim->cmd("scale", app => "mywebservice", n => 5);
};

subtest "the cluster" => sub {
    my $metrics = wait_metrics($http, sub { $_->value("mesos_named_cluster_elements", kind => "task") == $sim->tasks });
    ok $metrics, "tasks" or return;
    my $status = $http->json("/v1/status");
    is $metrics->value("mesos_named_cluster_elements", kind => $_), $status->{cluster}{"${_}s"}, "$_: as /v1/status says"
        for qw(agent framework task);
    my $records = $status->{zone}{records};
    is $metrics->value("mesos_named_zone_records", type => $_), $records->{$_}, "$_ records" for sort keys %$records;
    my $soa = ($named->query("mesos", "SOA")->answer)[0]->serial;
    is $metrics->value("mesos_named_zone_serial"), $soa, "the serial";
    is $status->{zone}{serial}, $soa, "also in /v1/status";
    is "$status->{leader}{address}:$status->{leader}{port}", $sim->hostport, "the leader";
    is $status->{state}{source}, "streaming", "how the state comes";
    is $metrics->value("mesos_named_source_state", state => "streaming"), 1, "the same";
    cmp_ok $status->{state}{age_seconds}, "<", 60, "it is young";
    is $status->{ready}, JSON::PP::true, "ready";
    is_deeply $status->{reasons}, [], "so there are no reasons";
    my ($version) = `'@{[ Named::binary() ]}' -version` =~ /^mesos-named (\S+)/;
    is $metrics->value("mesos_named_build_info", version => $version), 1, "the version";
    is $status->{version}, $version, "the same";
    is $status->{threads}{workers}, 2, "threads";
    like $status->{started}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, "when it started";
    is $metrics->value("mesos_named_leader_changes_total"), 0, "no leader changed";
    $sim->cmd("leader", master => 2);
    ok wait_metrics($http, sub { $_->value("mesos_named_leader_changes_total") == 1 }), "now one did";
    is_deeply $http->json("/v1/status")->{leader}, { address => "127.0.0.1", port => $sim->port(2) }, "who it is";
};

subtest "events" => sub {
    my $updates = sub { $_->value("mesos_named_stream_events_total", kind => "task_updated") };
    my ($before) = map { $updates->() } metrics($http);
    $sim->cmd("kill", app => "mywebservice");
    ok wait_metrics($http, sub { $updates->() > $before }), "are counted by kind";
    my $metrics = metrics($http);
    cmp_ok abs($metrics->value("mesos_named_stream_last_event_timestamp_seconds") - time), "<", 60, "and the last one's time";
    cmp_ok $metrics->value("mesos_named_stream_snapshots_total"), ">=", 1, "after a snapshot";
    my ($other, $its) = start(stateSource => "poll");
    my $polling = wait_metrics($its, sub { $_->value("mesos_named_source_state", state => "polling") });
    ok $polling, "another server polls" or return;
    is $its->json("/v1/status")->{state}{source}, "polling", "and says so";
    cmp_ok $polling->value("mesos_named_state_fetch_duration_seconds_count"), ">=", 1, "its requests are timed";
    $other->stop_ok;
};

subtest "the process" => sub {
    my $metrics = metrics($http);
    my ($rss) = Named::slurp("/proc/$named->{pid}/status") =~ /^VmRSS:\s+(\d+) kB/m;
    my $fds = () = glob "/proc/$named->{pid}/fd/*";
    my $seen = $metrics->value("process_resident_memory_bytes") / 1024;
    cmp_ok abs($seen - $rss), "<", $rss / 4, "resident memory" or diag "$seen, not $rss KiB";
    cmp_ok abs($metrics->value("process_open_fds") - $fds), "<=", 3, "open files";
    cmp_ok $metrics->value("process_max_fds"), ">=", $fds, "of so many";
    cmp_ok abs($metrics->value("process_start_time_seconds") - $^T), "<", 300, "started as this test";
    cmp_ok $metrics->value("process_cpu_seconds_total"), ">", 0, "CPU time";
};

subtest "HTTP" => sub {
    my $count = sub { my ($endpoint, $code) = @_; $_->value("mesos_named_http_requests_total", endpoint => $endpoint, code => $code) // 0 };
    my ($found, $missing) = map { [ $count->("/v1/version", 200), $count->("none", 404) ]->@* } metrics($http);
    $http->get("/v1/version");
    $http->get("/no/such/path");
    $http->request("POST", "/v1/version");
    ($_) = metrics($http);
    is $count->("/v1/version", 200), $found + 1, "by endpoint";
    is $count->("/v1/version", 405), 1, "and code";
    is $count->("none", 404), $missing + 1, "and what is none";
};

subtest "forwarding" => sub {
    my $silent = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Proto => "udp") or die $!;
    my $upstream = "127.0.0.1:" . $silent->sockport;
    my ($other, $its) = start(resolvers => [$upstream], timeout => 30, workers => 1);
    my $resolver = $other->resolver(rd => 1);
    my $pending = $resolver->bgsend("www.example", "A");
    my $metrics = wait_metrics($its, sub { $_->value("mesos_named_forward_waiting_clients") });
    ok $metrics, "a client waits" or return;
    is $metrics->value("mesos_named_forward_questions"), 1, "for the answer to a question";
    cmp_ok $metrics->value("mesos_named_upstream_queries_total", upstream => $upstream, transport => "udp"), ">=", 1, "it was asked";
    my $query = "";    # there are others: names of the cluster's hosts are looked up as well
    $silent->recv($query, 512) while $query !~ /\x03www\x07example\x00/i;
    $silent->send(substr($query, 0, 2) . "\x81\x83" . substr($query, 4), 0);
    $metrics = wait_metrics($its, sub { $_->value("mesos_named_forward_wait_seconds_count") });
    ok $metrics, "it has its answer" or return;
    is $metrics->value("mesos_named_forward_waiting_clients"), 0, "nobody waits any more";
    is $metrics->value("mesos_named_upstream_latency_seconds_count", upstream => $upstream), 1, "one reply came";
    is $metrics->sum("mesos_named_dns_responses_total", transport => "udp", type => "A", rcode => "NXDOMAIN"), 1, "and went on";
    $other->stop_ok;
};

subtest "ready or not" => sub {
    $sim->cmd("fault", kind => "refuse");
    my ($other, $its) = start(stateMaxAgeSeconds => 2);
    my $reply = $its->get("/readyz");
    is $reply->{status}, 503, "not before a state was loaded";
    is reasons($reply), "no_state", "and says so";
    is $its->get("/healthz")->{status}, 200, "which no restart would mend";
    ok wait_metrics($its, sub { $_->sum("mesos_named_state_fetch_failures_total", reason => "connect") }), "why is counted";
    is $_->value("mesos_named_state_age_seconds"), undef, "no age without a state" for metrics($its);
    $sim->cmd("clear");
    ok wait_status($its, "/readyz", 200), "then it is";
    is metrics($its)->value("mesos_named_ready"), 1, "so say the metrics";
    $sim->cmd("fault", kind => "refuse");
    $reply = wait_status($its, "/readyz", 503);
    ok $reply, "until the state is too old" or return;
    is reasons($reply), "state_old", "and says so";
    my $metrics = metrics($its);
    is $metrics->value("mesos_named_ready"), 0, "so do the metrics";
    is $metrics->value("mesos_named_unready_reasons", reason => "state_old"), 1, "with the reason";
    cmp_ok $metrics->value("mesos_named_state_age_seconds"), ">", 2, "and the age";
    is reasons($its->get("/v1/status")), "state_old", "and /v1/status";
    is $its->get("/healthz")->{status}, 200, "healthy all the same";
    ok scalar($other->query("leader.mesos", "A")->answer), "and it answers";
    $sim->cmd("clear");
    ok wait_status($its, "/readyz", 200), "ready again";
    $other->stop_ok;
};

$named->stop_ok;
done_testing;
