#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Runs the benchmarks one after the other, and leaves in the build folder, in bench/: NAME.jsonl with the figures of each,
# machine.jsonl with what they were measured on, summary.md, and plots. `make bench` calls it.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use POSIX qw(uname);
use Time::HiRes qw(time);
use lib dirname(abs_path(__FILE__));
use Bench;

my @benchmarks = qw(answers forward ingest start latency stream failover dumps costs);
my %o = Bench::options(<<"EOT",
Runs the benchmarks of mesos-named, then writes a summary with plots. The whole takes about 25 minutes, --quick 8.
--only: some of them, comma between; what the others found in an earlier run stays. --limit: seconds for one of them;
--into: the folder.
EOT
    { only => join(",", @benchmarks), limit => 1200, mode => "", into => "$ENV{MN_BUILDDIR}/bench" }, quick => { mode => "quick" }, smoke => { mode => "smoke" });

my $here = dirname(abs_path(__FILE__));
my $dir = $o{into};
mkdir $dir;
Bench::fail("$dir: $!") unless -d $dir;

# ---- what it is measured on

sub fact {
    my ($what, $is) = @_;
    $is =~ s/^\s+|\s+$//g;
    Results::save({ bench => "machine", table => "machine", row => $what, is => $is }, "$dir/machine.jsonl") if $is ne "";
}

# What each program says of itself, first number in it.
my @peers = (
    [ "NSD", "nsd", "-v" ], [ "Knot DNS", "knotd", "--version" ], [ "dnsmasq", "dnsmasq", "--version" ], [ "Unbound", "unbound", "-V" ],
    [ "dnsdist", "dnsdist", "--version" ], [ "dnsperf", "dnsperf", "-d/nonexistent" ], [ "valgrind", "valgrind", "--version" ],
    [ "gnuplot", "gnuplot", "--version" ],
);

sub write_facts {
    my ($cpu) = (Bench::slurp("/proc/cpuinfo") // "") =~ /^model name\s*:\s*(.*)/m;
    my ($memory) = (Bench::slurp("/proc/meminfo") // "") =~ /^MemTotal:\s*(\d+)/;
    my ($system, undef, $release, undef, $machine) = uname();
    unlink "$dir/machine.jsonl";
    fact("cores", `nproc`);
    fact("processor", $cpu // "");
    fact("memory", sprintf "%.0f GB", ($memory // 0) / 1048576);
    fact("kernel", "$system $release $machine");
    fact("compiler", join " ", grep { length } (split /\n/, `\${MN_CC:-cc} --version 2>/dev/null`)[0] // "", $ENV{MN_CFLAGS} // "");
    fact("load before", join " ", (split / /, Bench::slurp("/proc/loadavg") // "")[ 0 .. 2 ]);
    for my $peer (@peers) {
        my ($name, $program, $option) = @$peer;
        my $path = Bench::program($program);
        my $says = $path ? `'$path' $option 2>&1` : "";
        fact($name, !$path ? "missing" : $says =~ /(\d+\.\d[\w.]*)/ ? $1 : "there");
    }
}

# ---- the run

# A benchmark to its end, or to the limit; its exit status.
sub run {
    my ($name) = @_;
    unlink "$dir/$name.jsonl";
    my $pid = fork // Bench::fail("fork: $!");
    if (!$pid) {
        local $ENV{MN_BENCH_RESULTS} = "$dir/$name.jsonl";
        exec $^X, "$here/$name.pl", $o{mode} ? "--$o{mode}" : ();
    }
    local $SIG{ALRM} = sub { print "$name takes longer than $o{limit} seconds: ended\n"; kill TERM => $pid };
    alarm $o{limit};
    1 while waitpid($pid, 0) < 0 && $!{EINTR};
    alarm 0;
    return $? >> 8 || $?;
}

write_facts();
my ($began, @failed, @left_out) = time;
for my $name (split /,/, $o{only}) {
    Bench::fail("there is no benchmark $name") unless -f "$here/$name.pl";
    print "\n## t/bench/$name.pl\n";
    my $start = time;
    my $status = run($name);
    push @{ $status == $Bench::MISSING ? \@left_out : \@failed }, $name if $status;
    printf "\n(%.0f s)\n", time - $start;
}
printf "\n## in all %.0f minutes\n\n", (time - $began) / 60;
my $plots = 0;
if (Bench::program("gnuplot")) { $plots = system($^X, "$here/plots.pl", $dir) }
else                           { print "no plots: gnuplot is missing\n" }
my $summary = system($^X, "$here/summary.pl", $dir);
print "left out, since something is missing: @left_out\n" if @left_out;
print "failed: @failed\n" if @failed;
print "all of it is in $dir/\n";
exit(@failed || $plots || $summary ? 1 : 0);
