# SPDX-License-Identifier: Apache-2.0
# A real HAProxy with contrib/'s configuration: its servers come from SRV records and follow the cluster, and requests
# through it reach what they should. In namespaces, for the addresses of the cluster's agents.
use strict;
use warnings;

use HTTP::Tiny;
use IO::Socket::UNIX;
use List::Util qw(uniq);
use Test::More;

use Backend;
use MesosSim;
use Named;
use Namespace;
use Program;

plan skip_all => "mesos-sim was not built: libmicrohttpd is missing" unless MesosSim::program();
plan skip_all => "not installed: haproxy" unless Program::find("haproxy");

my $haproxy_program = Program::find("haproxy");
my $example = "$ENV{MN_SRCDIR}/contrib/haproxy/haproxy.cfg";
my $words = `'$haproxy_program' -c -f '$example' 2>&1`;
is $?, 0, "the example is good" or diag $words;

my $sim = MesosSim->new(args => [ "--loopback-agents", "--agents", 40 ]);
my $named = Named->start(config => { masters => [ $sim->hostport ], IPSources => ["host"], ttl => 0 });
my $backends = Backend->new;

sub instances { return sort(map {"$_->{agent_ip}:$_->{ports}[0]"} $sim->tasks("mywebservice")) }

# The example, for this server and a free port, over `transport`.
sub configuration {
    my ($transport, $port) = @_;
    my $text = Named::slurp($example);
    $text =~ s{^\s*nameserver mesos-named-2.*\n}{}m or die;
    $text =~ s{(nameserver \S+ )tcp\@\S+}{$1$transport\@127.0.0.1:$named->{port}} or die;
    $text =~ s{(accepted_payload_size) 65535}{$1 1232} or die if $transport eq "udp";
    $text =~ s{/run/haproxy/admin.sock}{unix\@stats} or die;
    $text =~ s{bind :8080}{bind 127.0.0.1:$port} or die;
    return $text;
}

sub start {
    my ($transport) = @_;
    my $port = Named::free_port();
    my $haproxy = Program->start([ "haproxy", "-db", "-f", "config" ], files => { config => configuration($transport, $port) });
    $haproxy->{port} = $port;
    return $haproxy;
}

# ADDRESS:PORT of the servers that HAProxy sends requests to, sorted.
sub servers {
    my ($haproxy) = @_;
    my $socket = IO::Socket::UNIX->new(Peer => $haproxy->dir . "/stats") or return;
    print $socket "show stat mywebservice 4 -1\n";
    my ($head, @lines) = grep {/,/} <$socket>;
    my %at;
    @at{ split /,/, $head =~ s/^# //r } = 0 .. 200;
    return sort(map { my @column = split /,/; $column[ $at{status} ] =~ /^UP/ ? $column[ $at{addr} ] : () } @lines);
}

sub follows {
    my ($haproxy, $n) = @_;
    $sim->cmd("scale", app => "mywebservice", n => $n);
    my @want = instances();
    is scalar @want, $n, "$n instances";
    $backends->serve(@want);
    my @got;
    $haproxy->wait_for(sub { @got = servers($haproxy); "@got" eq "@want" });
    is "@got", "@want", "are its servers" or diag $haproxy->log;
    my $http = HTTP::Tiny->new(timeout => 10, keep_alive => 0);
    my @replies = map { $http->get("http://127.0.0.1:$haproxy->{port}/") } 1 .. 2 * $n;
    is scalar(grep { $_->{status} == 200 } @replies), 2 * $n, "all requests are answered"
        or diag join "\n", map {"$_->{status} $_->{reason} $_->{content}"} grep { $_->{status} != 200 } @replies;
    is join(" ", uniq(sort(map { $_->{headers}{"x-backend"} // "nobody" } @replies))), "@want", "by all of them in turn";
}

subtest "over TCP" => sub {
    my $haproxy = start("tcp");
    follows($haproxy, 3);
    follows($haproxy, 7);
    follows($haproxy, 2);
    follows($haproxy, 60);    # more than any answer over UDP has
    $named->stop_ok;
    $named->launch;
    ok $named->wait_answer("mywebservice.marathon.mesos"), "after a restart of the server";
    is join(" ", servers($haproxy)), join(" ", instances()), "all are still there";
    follows($haproxy, 4);
};

subtest "over UDP" => sub {
    my $haproxy = start("udp");
    follows($haproxy, 5);
    follows($haproxy, 2);
};

$named->stop_ok;
done_testing;
