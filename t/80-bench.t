# SPDX-License-Identifier: Apache-2.0
# The benchmarks run, and leave figures, a summary and plots. What the figures are is no matter of a test.
use strict;
use warnings;

use File::Temp qw(tempdir);
use JSON::PP;
use Test::More;

use MesosSim;
use Program;

plan skip_all => "mesos-sim was not built: libmicrohttpd is missing" unless MesosSim::program();

my $dir = tempdir("mesos-named-XXXXXX", TMPDIR => 1, CLEANUP => 1);
my $perl = "MN_SRCDIR='$ENV{MN_SRCDIR}' '$^X' '$ENV{MN_SRCDIR}/t/bench";

sub slurp {
    my ($file) = @_;
    open my $in, "<", $file or return "";
    local $/;
    return scalar <$in>;
}

my @benchmarks = qw(ingest start latency stream failover dumps costs);
unshift @benchmarks, "answers", "forward" if Program::find("dnsperf");
my $said = `$perl/all.pl' --smoke --into='$dir' --only=@{[join ",", @benchmarks]} 2>&1`;
is($?, 0, "all run") or diag($said);
for my $name (@benchmarks) {
    my @lines = eval { map { decode_json($_) } split /\n/, slurp("$dir/$name.jsonl") };
    my @figures = grep { defined $_->{figure} } @lines;
    ok(@figures && !grep({ $_->{bench} ne $name || $_->{min} > $_->{median} || $_->{median} > $_->{max} || $_->{rounds} < 1 } @figures),
        "$name hands figures over") or diag($@ || slurp("$dir/$name.jsonl"));
}

my $summary = slurp("$dir/summary.md");
like($summary, qr/^- kernel: \S/m, "the summary says what was measured on");
like($summary, qr/^\| first load of 100,000 tasks, CPU s +\| not measured .* at most 1 /m, "and what is asked of it, measured or not");
like($summary, qr{^## t/bench/ingest.pl\n\n\| tasks .*\n\|-.*\n\| 200 +\| [\d.]+ }m, "and has the tables");

SKIP: {
    skip "no gnuplot", 1 unless Program::find("gnuplot");
    my @plots = map {s{.*/}{}r} grep { slurp($_) =~ /<svg.*<\/svg>/s } sort glob "$dir/*.svg";
    is("@plots", join(" ", ("cpu.svg") x ($benchmarks[0] eq "answers"), "growth.svg", "latency.svg"), "plots are drawn");
}

# Figures made up: what is within its limit, what is not, and what could not be measured.
{
    mkdir "$dir/made";
    open my $out, ">", "$dir/made/answers.jsonl" or die;
    my $line = sub {
        my ($row, @more) = @_;
        print $out encode_json({ bench => "answers", table => "existing names, A and SRV", row => $row, @more }), "\n";
    };
    my $figure = sub {
        my ($row, $figure, $is) = @_;
        $line->($row, figure => $figure, rounds => 3, min => 0, q1 => $is - 0.01, median => $is, q3 => $is + 0.01, max => 99);
    };
    $figure->("mesos-named", "CPU us/answer", 5);
    $figure->("NSD", "CPU us/answer", 10);
    $figure->("NSD", "mesos-named is x", 0.5);
    $line->("Knot DNS", missing => "knotd");
    $figure->("receive and send only", "CPU us/answer", 4);
    $figure->("receive and send only", "mesos-named is x", 1.25);
    close $out;
    $said = `$perl/summary.pl' '$dir/made' 2>&1`;
    like($said, qr/\| 5 +\| NSD 10 +\| x 0\.500 \(0\.490-0\.510\) +\| at most 0\.85 +\| yes /, "a ratio within its limit");
    like($said, qr/\| receive and send only 4 +\| x 1\.25 .* \| at most 1\.15 +\| no /, "one that is not");
    like($said, qr/\| Knot DNS \(missing\) +\| not measured +\| at most 0\.75 +\| +\|/, "a server that is not there");
    like(slurp("$dir/made/summary.md"), qr/^\| Knot DNS +\| knotd is missing \|/m, "and its row");
}

# Without what a benchmark cannot do without, it is left out.
{
    local $ENV{MN_BENCH_RESULTS} = "$dir/none.jsonl";
    local $ENV{PATH} = "$dir";
    $said = `$perl/answers.pl' --smoke 2>&1`;
    is($? >> 8, 77, "no dnsperf, no answers");
    like(slurp("$dir/none.jsonl"), qr/"missing":"dnsperf"/, "and that is told");
}

# The documents: a table comes to stand where a comment asks for it, and nothing else changes.
{
    my $doc = "$dir/doc.md";
    open my $out, ">", $doc or die;
    print $out "Before.\n\n<!-- bench: ingest | tasks | names | peak MB -->\n| old |\n|---|\n| 1 |\n\nAfter.\n\n<!-- bench: ingest | none | names -->\n| kept |\n";
    close $out;
    $said = `$perl/summary.pl' --docs '$dir' '$doc' 2>&1`;
    like(slurp($doc), qr/\ABefore.\n\n<!-- .* -->\n\| tasks +\| names +\| peak MB +\|\n\|[-|]+\n\| 200 .*\n\nAfter.\n\n<!-- .* -->\n\| kept \|\n\z/,
        "a table goes where it is asked for");
    like($said, qr/not measured: ingest \| none/, "and what was not measured is told");
}
done_testing;
