# SPDX-License-Identifier: Apache-2.0
# A real Prometheus: it scrapes the server, finds the instances of a service by DNS, and follows the cluster. It asks the
# system's resolver on port 53, hence the namespaces.
use strict;
use warnings;

use HTTP::Tiny;
use JSON::PP;
use List::Util qw(uniq);
use Test::More;

use Backend;
use MesosSim;
use Named;
use NamedHttp;
use Namespace;
use Program;

plan skip_all => "mesos-sim was not built: libmicrohttpd is missing" unless MesosSim::program();
plan skip_all => "not installed: prometheus" unless Program::find("prometheus");
plan skip_all => "/etc/resolv.conf cannot be replaced" unless -e "/etc/resolv.conf" && Namespace::replace("/etc/resolv.conf", "nameserver 127.0.0.1\n");

my $sim = MesosSim->new(args => ["--loopback-agents"]);
my $named = Named->start(port => 53, config => NamedHttp::config(masters => [ $sim->hostport ], IPSources => ["host"]));
my $http = NamedHttp->new($named);
my $backends = Backend->new;
my $port = Named::free_port();
my $prometheus = Program->start(
    [ "prometheus", "--config.file=config", "--storage.tsdb.path=data", "--web.listen-address=127.0.0.1:$port", "--log.level=warn" ],
    files => { config => <<"EOT" },
global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs:
- job_name: mesos-named
  static_configs: [{ targets: ["127.0.0.1:$http->{port}"] }]
- job_name: srv
  dns_sd_configs: [{ names: [_mywebservice._tcp.marathon.mesos], refresh_interval: 1s }]
- job_name: a
  dns_sd_configs: [{ names: [mywebservice.marathon.mesos], type: A, port: 8080, refresh_interval: 1s }]
EOT
);

sub api {
    my ($path) = @_;
    my $reply = HTTP::Tiny->new(timeout => 10)->get("http://127.0.0.1:$port/api/v1/$path");
    return $reply->{success} ? JSON::PP->new->utf8->decode($reply->{content})->{data} : undef;
}

# The targets of a job, sorted, with a word about those that cannot be scraped unless that is no matter.
sub targets {
    my ($job, $any_health) = @_;
    my $data = api("targets?state=active") or return "";
    my @targets = grep { $_->{labels}{job} eq $job } @{ $data->{activeTargets} };
    return join " ", sort map { ($_->{labels}{instance} =~ s/\.:/:/r) . ($any_health || $_->{health} eq "up" ? "" : " ($_->{health})") } @targets;
}

sub value {
    my ($query) = @_;
    my $data = api("query?query=" . $query =~ s/([^\w.])/sprintf "%%%02X", ord $1/ger) or return;
    return @{ $data->{result} } ? $data->{result}[0]{value}[1] : undef;
}

sub wait_is {
    my ($get, $want, $what) = @_;
    my $got;
    $prometheus->wait_for(sub { $got = $get->(); defined $got && $got eq $want });
    is $got, $want, $what or diag $prometheus->log;
}

# HOST:PORT as SRV records say it.
sub srv {
    my $reply = $named->query("_mywebservice._tcp.marathon.mesos", "SRV", bufsize => 4096) or return "";
    return join " ", sort map { $_->target . ":" . $_->port } grep { $_->type eq "SRV" } $reply->answer;
}

# Where they listen, for SRV, and what A records say with the port that is configured.
sub instances { return map {"$_->{agent_ip}:$_->{ports}[0]"} $sim->tasks("mywebservice") }
sub addresses { return map {"$_:8080"} sort(uniq(map { $_->{agent_ip} } $sim->tasks("mywebservice"))) }

sub scale {
    my ($n) = @_;
    $sim->cmd("scale", app => "mywebservice", n => $n);
    my @instances = instances();
    is scalar @instances, $n, "$n instances";
    $backends->serve(@instances, addresses());
    ok Named::wait_until(sub { my @srv = split / /, srv(); @srv == $n }), "they are in DNS";
}

scale(3);

subtest "it scrapes the server" => sub {
    ok $prometheus->wait_for(sub { api("status/buildinfo") }), "Prometheus runs" or BAIL_OUT $prometheus->log;
    wait_is(sub { targets("mesos-named") }, "127.0.0.1:$http->{port}", "a good target");
    wait_is(sub { value("mesos_named_ready") }, 1, "a gauge");
    wait_is(sub { value('mesos_named_zone_records{type="SRV"}') }, $http->json("/v1/status")->{zone}{records}{SRV}, "with a label");
    wait_is(sub { value('mesos_named_dns_responses_total{transport="udp",type="SRV",rcode="NOERROR"} > bool 0') }, 1, "a counter");
    wait_is(sub { value('histogram_quantile(0.99, mesos_named_dns_answer_duration_seconds_bucket{transport="udp"}) < bool 1') }, 1, "a histogram");
};

sub follows {
    my ($what) = @_;
    wait_is(sub { targets("srv") }, srv(), "$what: by SRV");
    wait_is(sub { targets("a") }, join(" ", addresses()), "$what: by A");
}

subtest "it finds a service's instances" => sub { follows("three") };

subtest "it follows the cluster" => sub {
    scale(5);
    follows("five");
    scale(2);
    follows("two");
};

subtest "a server that is away changes nothing" => sub {
    my ($srv, $addresses) = (srv(), join " ", addresses());
    $named->stop_ok;
    my $metric = sub {
        my $reply = HTTP::Tiny->new(timeout => 10)->get("http://127.0.0.1:$port/metrics");
        return $reply->{content} =~ /^prometheus_sd_dns_lookup_failures_total (\d+)/m ? $1 : 0;
    };
    ok $prometheus->wait_for(sub { $metric->() >= 2 }), "look-ups fail";
    is targets("srv", 1), $srv, "the targets stay: SRV";
    is targets("a"), $addresses, "A";
};

$prometheus->stop;
done_testing;
