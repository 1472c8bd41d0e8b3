#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What parts of the server cost by themselves, without sockets and processes: an answer, also by the number of names; an answer
# from the cache; documents and events of a master. And the instructions of an answer, counted by callgrind.
#
# The programs behind it print lines of `table: row: figure=value, figure=value`.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use lib dirname(abs_path(__FILE__));
use Bench;

my %o = Bench::options(<<"EOT",
Time in user space of an answer, an answer from the cache, a document and an event; instructions of answers.
--tasks, --events: of stream_cost; --kinds: of answers that are counted; --count: so many of each; --names: sizes of zones
in which they are counted.
EOT
    { rounds => 5, tasks => 100000, events => 10000, kinds => "a,a-edns,srv,nxdomain", count => 10000,
      names => "100,1000,10000,100000,1000000" },
    quick => { rounds => 3, kinds => "a", names => "" },
    smoke => { rounds => 1, tasks => 200, events => 100, kinds => "", names => "", count => 100 });

my (@order, %seen);    # [table, row] as they come; "table: row" => figures in their order => values

sub take {
    for (split /\n/, $_[0]) {
        my ($table, $row, $figures) = /^([^:]+): ([^:]+): (.+=.+)$/ or next;
        my $key = "$table: $row";
        push @order, [ $table, $row ] unless $seen{$key};
        for (split /, /, $figures) {
            my ($figure, $value) = /^(.+)=([\d.]+)$/ or next;
            push @{ $seen{$key}{order} }, $figure unless $seen{$key}{$figure};
            push @{ $seen{$key}{$figure} }, $value;
        }
    }
}

sub run { return Bench::output_of("/dev/null", @_) }

for (1 .. $o{rounds}) {
    take(run(Bench::built("t/bench/answer_cost"), $o{smoke} ? ("a", $o{count}) : ()));
    take(run(Bench::built("t/bench/forward_cost"), $o{smoke} ? ("a", $o{count}) : ()));
    take(run(Bench::built("t/bench/stream_cost"), $o{tasks}, $o{events}));
}
for (@order) {
    my ($table, $row) = @$_;
    my $s = $seen{"$table: $row"};
    Bench::result($table, $row, map { ($_ => $s->{$_}) } @{ $s->{order} });
}

# Counts by callgrind, a run of answer_cost divided by its answers. The caches are given, so that all machines count alike.
my @callgrind = ("valgrind", "--tool=callgrind", "--cache-sim=yes", "--D1=32768,8,64", "--LL=33554432,16,64",
    "--toggle-collect=query_parse", "--toggle-collect=answer_query", "--callgrind-out-file=/dev/null");

sub count {
    my ($table, $row, $answers, @arguments) = @_;
    return Bench::missing($table, $row, "valgrind") unless Bench::program("valgrind");
    my $log = Bench::folder() . "/log";
    run(@callgrind, "--log-file=$log", Bench::built("t/bench/answer_cost"), @arguments);
    my ($instructions, $d1, $ll) = map { s/,//gr }
        Bench::slurp($log) =~ /I\s+refs:\s+([\d,]+).*D1\s+misses:\s+([\d,]+).*LLd\s+misses:\s+([\d,]+)/s;
    Bench::result($table, $row, instructions => $instructions / $answers, "misses of 32 KB" => $d1 / $answers,
        "misses of 32 MB" => $ll / $answers);
}
count("answers, counted", $_, $o{count}, $_, $o{count}) for split /,/, $o{kinds};
count("names, counted", $_, 1 << 18, "scale", $_) for split /,/, $o{names};
Bench::print_results();
