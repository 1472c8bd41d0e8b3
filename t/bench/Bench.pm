# SPDX-License-Identifier: Apache-2.0
# What the benchmarks share: a cluster and its zone, servers that are held to one core, their CPU time, and how figures are
# handed over. A benchmark is
#
#   my %o = Bench::options("what it measures", { rounds => 7 }, quick => { rounds => 3 }, smoke => { rounds => 1 });
#   Bench::result("a table", "a row of it", "CPU us/answer" => \@one_of_each_round, lost => $number, ...);
#   Bench::missing("a table", "another row", "dnsdist");
#   Bench::print_results();
#
# A server that is measured runs in a process group of its own, so that its CPU time is that of all its processes.
package Bench;

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use File::Temp qw(tempdir);
use Getopt::Long ();
use HTTP::Tiny;
use IO::Handle;
use JSON::PP;
use POSIX qw(WNOHANG _SC_CLK_TCK sysconf);
use Time::HiRes qw(time sleep);

BEGIN {
    my $top = dirname(dirname(dirname(abs_path(__FILE__))));
    $ENV{MN_SRCDIR}   ||= $top;
    $ENV{MN_BUILDDIR} ||= "$top/build";
    unshift @INC, "$ENV{MN_SRCDIR}/t/lib", "$ENV{MN_SRCDIR}/t/bench";
}
use MesosSim;
use Named;
use Results;

our $PATIENCE = 60;    # seconds until a server that does not come up ends the benchmark
our $SERVER_CPU = 0;   # the core that serves
our $CLIENT_CPU = 1;   # the core that asks
our $MISSING = 77;     # exit status of a benchmark that cannot run without a program

my %running;           # pid => name
my $owner = $$;
my $benchmark = basename($0, ".pl");
my $cores = `nproc`;

sub fail {
    my ($why) = @_;
    die "bench: $why\n";
}

# The options of a benchmark: a hash of those of `defaults`, each of which --NAME=VALUE changes. Modes are sets of them:
# --quick takes less time, --smoke only shows that it runs. --help ends the program.
sub options {
    my ($what, $defaults, %modes) = @_;
    my %given;
    my @kinds = map { $_ . ($defaults->{$_} =~ /^[\d.]+$/ ? "=f" : "=s") } sort keys %$defaults;
    Getopt::Long::GetOptions(\%given, @kinds, sort(keys %modes), "help") or exit 2;
    if ($given{help}) {
        print "usage: $benchmark.pl [OPTION]...\n\n$what\n\nOptions, with their defaults:";
        my $list = sub { return join "", map {" --$_=$_[0]{$_}"} sort keys %{ $_[0] } };
        print $list->($defaults), "\n";
        print "--$_ stands for", $list->($modes{$_}), "\n" for sort keys %modes;
        exit 0;
    }
    return (%$defaults, (map { %{ $modes{$_} } } grep { $given{$_} } sort keys %modes), %given);
}

# Is the program there? Debian keeps servers where a user's PATH does not look.
sub program {
    my ($name) = @_;
    for my $dir (split(/:/, $ENV{PATH}), "/usr/sbin", "/usr/local/sbin", "/sbin") {
        return "$dir/$name" if -x "$dir/$name";
    }
    return;
}

# The same of a program without which nothing can be measured.
sub need {
    my ($name, $package) = @_;
    my $path = program($name);
    return $path if $path;
    missing($benchmark, "all of it", $name);
    print STDERR "bench: $name is missing: apt-get install $package\n";
    exit $MISSING;
}

sub built {
    my ($name) = @_;
    my $path = "$ENV{MN_BUILDDIR}/$name";
    return -x $path ? $path : fail("$path is missing: make");
}

# A folder that is gone at the end.
sub folder { return tempdir("mesos-named-bench-XXXXXX", TMPDIR => 1, CLEANUP => 1) }

sub write_file {
    my ($file, @text) = @_;
    open my $out, ">", $file or fail("$file: $!");
    print $out @text;
    close $out or fail("$file: $!");
    return $file;
}

sub slurp {
    my ($file) = @_;
    open my $in, "<", $file or return;
    local $/;
    return scalar <$in>;
}

# ---- processes

# Becomes a command, held to a core (or several: "0-1"), where there is such a core, and before whatever else wants it, where that is
# allowed: as a session of its own, since Linux weighs sessions first (sched(7), autogroup), then what runs in them.
sub become {
    my ($cpu, @command) = @_;
    POSIX::setsid();
    if ($> == 0 && open my $weight, ">", "/proc/self/autogroup") {
        print $weight "-15\n";
        close $weight;
    }
    delete $ENV{JOURNAL_STREAM};
    my ($last) = $cpu =~ /(\d+)$/;
    unshift @command, "taskset", "-c", $cpu if $last < $cores;
    { no warnings "exec"; exec { $command[0] } @command; }
    POSIX::_exit(127);
}

# Holds processes that run already to a core.
sub hold {
    my ($cpu, @pids) = @_;
    return if $cpu >= $cores;
    system("taskset -a -p -c $cpu $_ >/dev/null") for @pids;
}

# Starts a command on a core, in a process group of its own; its output goes to `log`. Returns its pid.
sub start {
    my ($name, $log, $cpu, @command) = @_;
    my $pid = fork;
    fail("fork: $!") unless defined $pid;
    if (!$pid) {
        open STDIN,  "<",  "/dev/null" or POSIX::_exit(127);
        open STDOUT, ">>", $log        or POSIX::_exit(127);
        open STDERR, ">&", \*STDOUT    or POSIX::_exit(127);
        become($cpu, @command);
    }
    $running{$pid} = $name;
    return $pid;
}

# Runs a command on the clients' core to its end, with input from a file, and returns what it printed.
sub output_of {
    my ($input, @command) = @_;
    my $pid = open(my $out, "-|") // fail("fork: $!");
    if (!$pid) {
        open STDIN, "<", $input or POSIX::_exit(127);
        become($CLIENT_CPU, @command);
    }
    $running{$pid} = $command[0];
    my $text = do { local $/; <$out> } // "";
    close $out or fail("$command[0] failed:\n$text");
    delete $running{$pid};
    return $text;
}

# Starts a command on the clients' core that takes lines and answers with lines; ($pid, what it says, what it hears).
sub converse {
    my (@command) = @_;
    pipe my $from, my $said or fail("pipe: $!");
    pipe my $heard, my $to  or fail("pipe: $!");
    my $pid = fork;
    fail("fork: $!") unless defined $pid;
    if (!$pid) {
        open STDIN,  "<&", $heard or POSIX::_exit(127);
        open STDOUT, ">&", $said  or POSIX::_exit(127);
        close $_ for $from, $said, $heard, $to;
        become($CLIENT_CPU, @command);
    }
    $running{$pid} = $command[0];
    $to->autoflush(1);
    return ($pid, $from, $to);
}

# Runs code in a process of its own, until stop().
sub beside {
    my ($code) = @_;
    my $pid = fork;
    fail("fork: $!") unless defined $pid;
    if (!$pid) {
        setpgrp;
        $SIG{$_} = "DEFAULT" for qw(INT TERM HUP);
        eval { $code->() };
        warn $@ if $@;
        POSIX::_exit(1);
    }
    $running{$pid} = "what goes on beside";
    return $pid;
}

sub stop {
    my ($pid) = @_;
    delete $running{$pid} or return;
    kill TERM => $pid;
    my $end = time + 10;
    while (waitpid($pid, WNOHANG) == 0) {
        kill KILL => -$pid if time > $end;
        sleep 0.02;
    }
}

END {
    if ($$ == $owner) {
        local $?;
        stop($_) for keys %running;
    }
}
$SIG{$_} = sub { exit 1 } for qw(INT TERM HUP);

# Waits until `condition` is true, while the process lives.
sub wait_for {
    my ($what, $pid, $condition) = @_;
    my $end = time + $PATIENCE;
    until ($condition->()) {
        fail("$what ended") if $pid && waitpid($pid, WNOHANG) == $pid;
        fail("$what did not come") if time > $end;
        sleep 0.02;
    }
}

# CPU seconds of all threads of a process so far, in the kernel and outside: to the nanosecond where the kernel says it
# so, else to the tick.
sub cpu_of {
    my ($pid) = @_;
    my $ns = 0;
    for my $file (glob "/proc/$pid/task/*/schedstat") {
        my ($run) = split / /, slurp($file) // next;
        $ns += $run;
    }
    return $ns / 1e9 if $ns;
    my @f = split / /, (slurp("/proc/$pid/stat") // "") =~ s/^.*\) //sr;    # from the third field on
    return ($f[11] + $f[12]) / sysconf(_SC_CLK_TCK);
}

# The same of the thread of that name.
sub cpu_of_thread {
    my ($pid, $name) = @_;
    for my $task (glob "/proc/$pid/task/*") {
        next unless (slurp("$task/comm") // "") eq "$name\n";
        my ($run) = split / /, slurp("$task/schedstat") // "0";
        return $run / 1e9;
    }
    return 0;
}

# The same of all processes of a group.
sub cpu_of_group {
    my ($group) = @_;
    my $sum = 0;
    for my $file (glob "/proc/[0-9]*/stat") {
        my ($pid, $pgrp) = (slurp($file) // "") =~ /^(\d+) .*\) \S+ \d+ (\d+)/s or next;
        $sum += cpu_of($pid) if $pgrp == $group;
    }
    return $sum;
}

# A line of /proc/PID/status, in its own unit (mostly kB).
sub status_of {
    my ($pid, $field) = @_;
    return (slurp("/proc/$pid/status") // "") =~ /^$field:\s+(\d+)/m ? $1 : 0;
}

# ---- the cluster

# A simulated cluster (see MesosSim.pm), with more options of mesos-sim.
sub cluster {
    my ($agents, $tasks, @more) = @_;
    fail("mesos-sim was not built: libmicrohttpd is missing") unless MesosSim::program();
    return MesosSim->new(args => [ "--agents", int $agents, "--tasks", $tasks, @more ]);
}

sub save_state {
    my ($sim, $file) = @_;
    my $r = HTTP::Tiny->new(timeout => 300)->mirror($sim->url . "/master/state", $file);
    fail("the simulated master said $r->{status}") unless $r->{success};
    return $file;
}

# A configuration for 127.0.0.1.
sub config {
    my ($file, %keys) = @_;
    my %config = (
        domain => "mesos", masters => ["127.0.0.1:1"], listener => "127.0.0.1", httpon => JSON::PP::false,
        resolvers => ["127.0.0.1:1"], workers => 1, refreshSeconds => 3600, %keys,
    );
    return write_file($file, JSON::PP->new->canonical->pretty->encode(\%config));
}

# The zone of a state, as a master file.
sub dump_zone {
    my ($state, $config, $file) = @_;
    system(built("src/mesos-named") . " --state '$state' --dump-zone -config='$config' >'$file' 2>'$file.log'") == 0
        or fail("no zone: " . (slurp("$file.log") // ""));
    return $file;
}

# What there is to ask for in a zone: { A => [names], SRV => [names] }, each name once; none with so many records that
# the answer does not fit into 512 bytes, since servers differ in what they send then.
sub names_of {
    my ($zone) = @_;
    my %records;
    open my $in, "<", $zone or fail("$zone: $!");
    while (<$in>) {
        my ($name, undef, undef, $type) = split;
        $records{$type}{$name}++;
    }
    my %names;
    for my $type (keys %records) {
        my $of = $records{$type};
        $names{$type} = [ sort grep { $of->{$_} <= 2 && length() < 80 } keys %$of ];
    }
    return \%names;
}

# `count` of the items by chance, the same ones each time.
sub pick {
    my ($count, @items) = @_;
    srand 1;
    return map { $items[ rand @items ] } 1 .. $count;
}

# ---- servers

sub free_port { return Named::free_port() }

sub ready {
    my ($what, $pid, $port, $name) = @_;
    wait_for($what, $pid, sub {
        my $reply = Named::probe({ port => $port }, $name, "SOA");
        return $reply && $reply->header->rcode eq "NOERROR";
    });
}

# Starts mesos-named with one worker on a state, or as `config` says; ($pid, $port).
sub start_named {
    my ($dir, $state, %opt) = @_;
    my $port = free_port();
    my $config = config("$dir/named.json", port => $port, %{ $opt{config} || {} });
    my @command = (built("src/mesos-named"), "-config=$config", $state ? ("--state", $state) : ());
    unlink "$dir/named.log";
    my $pid = start("mesos-named", "$dir/named.log", $SERVER_CPU, @command);
    ready("mesos-named", $pid, $port, "mesos");
    return ($pid, $port);
}

# NSD: one server process, no database, nothing logged. Its replies have no NS records, as ours have none, but no
# addresses beside SRV records either: it cannot leave out the one alone.
sub start_nsd {
    my ($dir, $zone) = @_;
    my $port = free_port();
    my $home = "$dir/nsd";
    mkdir $home;
    write_file("$home/nsd.conf", <<"EOT");
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
	round-robin: yes
	verbosity: 0
remote-control:
	control-enable: no
zone:
	name: "mesos"
	zonefile: "$zone"
EOT
    my $pid = start("nsd", "$home/log", $SERVER_CPU, program("nsd"), "-d", "-c", "$home/nsd.conf");
    ready("nsd", $pid, $port, "mesos");
    return ($pid, $port);
}

# Knot: one UDP thread and one TCP thread, no journal, errors logged only.
sub start_knot {
    my ($dir, $zone) = @_;
    my $port = free_port();
    my $home = "$dir/knot";
    mkdir $home;
    write_file("$home/knot.conf", <<"EOT");
server:
    rundir: "$home"
    listen: 127.0.0.1\@$port
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
    answer-rotation: on
log:
  - target: stderr
    any: error
database:
    storage: "$home"
zone:
  - domain: mesos
    file: "$zone"
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
    semantic-checks: off
EOT
    my $pid = start("knotd", "$home/log", $SERVER_CPU, program("knotd"), "-c", "$home/knot.conf");
    ready("knotd", $pid, $port, "mesos");
    return ($pid, $port);
}

# The limit of the socket path: receives, and sends `size` bytes back.
sub start_echo {
    my ($dir, $size) = @_;
    my $pid = start("echo", "$dir/echo.log", $SERVER_CPU, built("t/bench/echo"), $size);
    my $port;
    wait_for("echo", $pid, sub { return ($port) = (slurp("$dir/echo.log") // "") =~ /^port (\d+)$/m });
    return ($pid, $port);
}

# ---- load

# Runs dnsperf on the other core; { completed, lost, rate, request, response, latency (s) }.
sub dnsperf {
    my ($port, $queries, @options) = @_;
    my $text = output_of("/dev/null", need("dnsperf", "dnsperf"), "-s", "127.0.0.1", "-p", $port, "-d", $queries, @options);
    my %r;
    ($r{completed}) = $text =~ /Queries completed:\s+(\d+)/;
    ($r{lost})      = $text =~ /Queries lost:\s+(\d+)/;
    ($r{rate})      = $text =~ /Queries per second:\s+([\d.]+)/;
    ($r{latency})   = $text =~ /Average Latency \(s\):\s+([\d.]+)/;
    @r{qw(request response)} = $text =~ /Average packet size:\s+request (\d+), response (\d+)/;
    ($r{rcodes}) = $text =~ /Response codes:\s+(.*)/;
    fail("nothing was answered:\n$text") unless $r{completed};
    return \%r;
}

# Runs the client that asks as much as the server can answer, on the other core; the same without the latency. `load` are
# sockets and queries on their way.
sub flood {
    my ($port, $queries, $seconds, @load) = @_;
    my $text = output_of($queries, built("t/bench/flood"), $port, $seconds, @load);
    my ($answers, $lost, $took, $size) = $text =~ /^answers=(\d+) lost=(\d+) seconds=(\S+) out=(\d+)$/ or fail("flood: $text");
    return { completed => $answers, lost => $lost, rate => $answers / $took, response => $size };
}

# ---- figures

sub quantile {
    my ($q, @values) = @_;
    @values = sort { $a <=> $b } @values;
    my $at = $q * $#values;
    my ($low, $high) = @values[ int $at, int($at + 0.999999) ];
    return $low + ($at - int $at) * ($high - $low);
}

sub median { return quantile(0.5, @_) }

# The same figure of several rounds, each a hash.
sub column {
    my ($key, @rounds) = @_;
    return [ map { $_->{$key} } @rounds ];
}

# Each of ours divided by theirs of the same round; or by their median, if they were not in turn.
sub ratios {
    my ($ours, $theirs) = @_;
    my $median = median(@$theirs);
    return [ map { my $other = @$ours == @$theirs ? $theirs->[$_] : $median; $other ? $ours->[$_] / $other : 0 } 0 .. $#$ours ];
}

# Several servers in turn, another one first in each round: CPU time an answer, and what that is to mesos-named's.
# Servers are [name, pid, port]; `load` is called with (port, round, name) and returns what dnsperf() did.
sub compare {
    my ($table, $rounds, $load, @servers) = @_;
    my (%cpu, %seen);
    for my $round (0 .. $rounds - 1) {
        for my $i (0 .. $#servers) {
            my ($server, $pid, $port) = @{ $servers[ ($i + $round) % @servers ] };
            my $before = cpu_of_group($pid);
            my $r = $load->($port, $round, $server);
            push @{ $cpu{$server} }, (cpu_of_group($pid) - $before) / $r->{completed} * 1e6;
            push @{ $seen{$server}{$_} }, $r->{$_} for qw(rate lost request response);
            push @{ $seen{$server}{busy} }, $cpu{$server}[-1] * $r->{rate} / 1e4;
        }
    }
    for my $server (map { $_->[0] } @servers) {
        my $s = $seen{$server};
        my $ours = $cpu{"mesos-named"};
        result($table, $server, "CPU us/answer" => $cpu{$server}, "answers/s" => $s->{rate}, "busy %" => $s->{busy}, lost => $s->{lost},
            $s->{request}[0] ? ("bytes in" => $s->{request}[0]) : (), "bytes out" => $s->{response}[0],
            $server !~ /^mesos-named/ && $ours ? ("mesos-named is x" => ratios($ours, $cpu{$server})) : ());
    }
}

# ---- results

my $results = Results->new;

# A line more, for the table that is printed, and for the file of results where there is one.
sub hand_over {
    my ($table, $row, %line) = @_;
    my $line = { bench => $benchmark, table => $table, row => $row, %line };
    $results->add($line);
    Results::save($line, $ENV{MN_BENCH_RESULTS}) if $ENV{MN_BENCH_RESULTS};
}

# What was found: figures by name, each a number or a list of one for each round.
sub result {
    my ($table, $row, @figures) = @_;
    my %q = (min => 0, q1 => 0.25, median => 0.5, q3 => 0.75, max => 1);
    while (my ($figure, $values) = splice @figures, 0, 2) {
        my @values = map { 0 + $_ } ref $values ? @$values : $values;
        hand_over($table, $row, figure => $figure, rounds => scalar @values, map { $_ => quantile($q{$_}, @values) } keys %q);
    }
}

# What could not be measured, since that program is missing.
sub missing {
    my ($table, $row, $program) = @_;
    hand_over($table, $row, missing => $program);
}

sub print_results {
    print "\n", $results->table(@$_, spread => 1) for $results->tables;
}

1;
