#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# CPU time of a server for one query that it forwards, and for one that its cache answers, over UDP, beside dnsmasq,
# Unbound and dnsdist (those that are installed) with the same upstream (NSD): one core serves, dnsperf and NSD have the
# other, in turn, several rounds; medians are compared.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use lib dirname(abs_path(__FILE__));
use Bench;

my %o = Bench::options(<<"EOT",
Server CPU per forwarded query and per cache hit of mesos-named, dnsmasq, Unbound and dnsdist (those that are installed).
--queries: of a round; --names: in the cache; --clients: sockets that ask; --outstanding: queries on their way at most;
--only: some servers.
EOT
    { rounds => 7, queries => 20000, names => 2000, clients => 20, outstanding => 50, only => "mesos-named,dnsmasq,Unbound,dnsdist" },
    quick => { rounds => 3, queries => 10000 }, smoke => { rounds => 1, queries => 200, names => 50 });
my $ENTRIES = 10000 + $o{rounds} * $o{queries};    # of each cache: nothing has to go

my $dir = Bench::folder();
Bench::need("dnsperf", "dnsperf");
Bench::need("nsd", "nsd");

sub start_upstream {
    my $port = Bench::free_port();
    my $home = "$dir/nsd";
    mkdir $home;
    Bench::write_file("$home/zone", "\$TTL 3600\n\@ SOA ns root 1 3600 600 86400 60\n\@ NS ns\nns A 127.0.0.1\n* A 192.0.2.1\n");
    Bench::write_file("$home/nsd.conf", <<"EOT");
server:
	ip-address: 127.0.0.1\@$port
	server-count: 1
	username: ""
	chroot: ""
	zonesdir: "$home"
	database: ""
	logfile: "$home/nsd.log"
	pidfile: "$home/nsd.pid"
	xfrdfile: "$home/xfrd.state"
	zonelistfile: "$home/zone.list"
	xfrdir: "$home"
	rrl-ratelimit: 0
	rrl-whitelist-ratelimit: 0
	minimal-responses: yes
	verbosity: 0
remote-control:
	control-enable: no
zone:
	name: "bench.example"
	zonefile: "$home/zone"
EOT
    my $pid = Bench::start("nsd", "$home/log", $Bench::CLIENT_CPU, Bench::program("nsd"), "-d", "-c", "$home/nsd.conf");
    Bench::ready("nsd", $pid, $port, "bench.example");
    return $port;
}

my $upstream = start_upstream();

# Each has one thread that answers, and room in its cache for all.
my %start = (
    "mesos-named" => sub {
        my $zone = Bench::write_file("$dir/own.zone", "\$TTL 3600\n\@ SOA ns root 1 3600 600 86400 60\n\@ NS ns\nns A 127.0.0.1\n",
            map {"h$_ A 192.0.2.1\n"} 1 .. $o{names});
        my $port = Bench::free_port();
        my $config = Bench::config("$dir/named.json", port => $port, resolvers => ["127.0.0.1:$upstream"],
            cacheSize => $ENTRIES, zones => [ { name => "own.example", file => $zone } ]);
        my $pid = Bench::start("mesos-named", "$dir/named.log", $Bench::SERVER_CPU, Bench::built("src/mesos-named"), "-config=$config");
        return ($pid, $port);
    },
    "dnsmasq" => sub {
        my $port = Bench::free_port();
        my $config = Bench::write_file("$dir/dnsmasq.conf", map {"$_\n"} "port=$port", "listen-address=127.0.0.1", "bind-interfaces",
            "no-resolv", "no-hosts", "user=", "group=", "pid-file=$dir/dnsmasq.pid", "cache-size=$ENTRIES", "dns-forward-max=10000",
            "server=127.0.0.1#$upstream");
        return (Bench::start("dnsmasq", "$dir/dnsmasq.log", $Bench::SERVER_CPU, Bench::program("dnsmasq"), "-k", "-C", $config), $port);
    },
    "Unbound" => sub {
        my $port = Bench::free_port();
        my $config = Bench::write_file("$dir/unbound.conf", <<"EOT");
server:
	interface: 127.0.0.1\@$port
	do-daemonize: no
	use-syslog: no
	chroot: ""
	username: ""
	directory: "$dir"
	pidfile: "$dir/unbound.pid"
	num-threads: 1
	module-config: "iterator"
	do-not-query-localhost: no
	access-control: 127.0.0.0/8 allow
	outgoing-range: 4096
	num-queries-per-thread: 4096
	msg-cache-size: 256m
	rrset-cache-size: 256m
	minimal-responses: yes
remote-control:
	control-enable: no
forward-zone:
	name: "."
	forward-addr: 127.0.0.1\@$upstream
EOT
        return (Bench::start("unbound", "$dir/unbound.log", $Bench::SERVER_CPU, Bench::program("unbound"), "-d", "-p", "-c", $config), $port);
    },
    "dnsdist" => sub {
        my $port = Bench::free_port();
        my $config = Bench::write_file("$dir/dnsdist.conf", <<"EOT");
setLocal("127.0.0.1:$port")
newServer({address="127.0.0.1:$upstream"}):setUp()
getPool(""):setCache(newPacketCache($ENTRIES, {maxTTL=86400}))
setSecurityPollSuffix("")
EOT
        return (Bench::start("dnsdist", "$dir/dnsdist.log", $Bench::SERVER_CPU, Bench::program("dnsdist"), "--supervised", "--disable-syslog",
            "-C", $config), $port);
    },
);

# Until it forwards.
sub ready {
    my ($name, $pid, $port) = @_;
    my $query = Net::DNS::Packet->new("bench.example", "SOA");
    $query->header->rd(1);
    Bench::wait_for($name, $pid, sub {
        my $reply = Named::exchange({ port => $port }, $query->data, wait => 0.5);
        return $reply && (unpack "x3 C", $reply) % 16 == 0;
    });
}

my (@servers, @missing);
for my $name (split /,/, $o{only}) {
    if ($name ne "mesos-named" && !Bench::program(lc $name)) {
        push @missing, $name;
        next;
    }
    my ($pid, $port) = $start{$name}->();
    ready($name, $pid, $port);
    push @servers, [ $name, $pid, $port ];
}

# `queries` makes the file for a round and a server.
sub compare {
    my ($title, $queries, @more) = @_;
    Bench::compare($title, $o{rounds}, sub {
        my ($port, $round, $name) = @_;
        my $r = Bench::dnsperf($port, $queries->($round, $name), "-n", 1, "-c", $o{clients}, "-q", $o{outstanding}, "-t", 2, "-T", 1);
        Bench::fail("not all answers were good: $r->{rcodes}") if $r->{rcodes} !~ /^NOERROR \d+ \(100/;
        return $r;
    }, @servers, @more);
    Bench::missing($title, $_, lc $_) for @missing;
}

my $known = Bench::write_file("$dir/known", map {"k$_.bench.example A\n"} 1 .. $o{names});
my $hits = Bench::write_file("$dir/hits", map {"k$_.bench.example A\n"} Bench::pick($o{queries}, 1 .. $o{names}));
my $own = Bench::write_file("$dir/own", map {"h$_.own.example A\n"} Bench::pick($o{queries}, 1 .. $o{names}));
my $own_row = "mesos-named, own zone";

compare("forwarded", sub { Bench::write_file("$dir/misses", map {"q$_.r$_[0].bench.example A\n"} 1 .. $o{queries}) });
Bench::dnsperf($_->[2], $known, "-n", 1, "-c", $o{clients}, "-q", $o{outstanding}, "-t", 2, "-T", 1) for @servers;
compare("from the cache", sub { return $_[1] eq $own_row ? $own : $hits },
    map { [ $own_row, @$_[ 1, 2 ] ] } grep { $_->[0] eq "mesos-named" } @servers);
Bench::print_results();
