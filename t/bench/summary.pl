#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What benchmarks found, in one page: summary.pl FOLDER writes FOLDER/summary.md, with each figure that has a limit beside it,
# then all tables. With --docs FOLDER FILE... it puts tables into documents instead, after comments of the form
#
#   <!-- bench: NAME | TABLE | FIGURE | FIGURE ... -->      these figures of a table of a benchmark
#   <!-- bench: limits -->                                  the first table of the summary
#   <!-- bench: compared -->                                the same in short
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use lib dirname(abs_path(__FILE__));
use Results;

my $docs = @ARGV && $ARGV[0] eq "--docs" && shift @ARGV;
my ($dir, @files) = @ARGV;
$dir && -d $dir && !@files == !$docs or die "usage: summary.pl FOLDER | --docs FOLDER FILE...\n";
my $results = Results->read_folder($dir);

# Ratios: of mesos-named to others, with limits where the project has set itself one.
my @udp = ([ "NSD", 0.85 ], [ "Knot DNS", 0.75 ], [ "receive and send only", 1.15 ]);
my @tcp = ([ "NSD", 1 ], [ "Knot DNS", 1 ]);
my @forwarders = (["dnsmasq"], ["Unbound"], ["dnsdist"]);
my @ratios = (
    [ "CPU us an answer, UDP, names that exist", "answers", "existing names, A and SRV", @udp ],
    [ "the same, as many as a core can answer", "answers", "existing names, all that a core can answer", @udp ],
    [ "CPU us an answer, UDP, NXDOMAIN and no data", "answers", "NXDOMAIN and no data", @udp ],
    [ "the same, as many as a core can answer", "answers", "NXDOMAIN and no data, all that a core can answer", @udp ],
    [ "CPU us an answer, TCP, connections kept", "answers", "TCP, connections kept", @tcp ],
    [ "CPU us an answer, TCP, a connection for each", "answers", "TCP, a connection for each query", @tcp ],
    [ "CPU us a forwarded query", "forward", "forwarded", @forwarders ],
    [ "CPU us an answer from the cache", "forward", "from the cache", @forwarders ],
);

# Other figures: what, benchmark, table, row, figure, limit; true after it: at least.
my @limits = (
    [ "instructions of an A answer, user space", "costs", "answers, counted", "a", "instructions", 400 ],
    [ "two workers, answers of one in their CPU time x", "answers", "workers", 2, "answers of one, in their CPU time x", 1.8, 1 ],
    [ "two threads without sockets, the same x", "costs", "threads", "two", "answers of one thread x", 1.8, 1 ],
    [ "first load of 100,000 tasks, CPU s", "ingest", "tasks", 100000, "CPU s", 1 ],
    [ "first load of 100,000 tasks, peak memory in MB", "ingest", "tasks", 100000, "peak MB", 250 ],
    [ "the same with 300,000 tasks, CPU s", "ingest", "tasks", 300000, "CPU s" ],
    [ "the same, peak memory in MB", "ingest", "tasks", 300000, "peak MB" ],
    [ "refresh of 100,000 tasks, nothing new, CPU s", "ingest", "tasks", 100000, "refresh CPU s" ],
    [ "start to first right answer, 100,000 tasks, s", "start", "tasks, source", "100000, poll", "first right answer s" ],
    [ "the same, CPU s", "start", "tasks, source", "100000, poll", "CPU s" ],
    [ "the same, false NXDOMAIN before", "start", "tasks, source", "100000, poll", "NXDOMAIN before", 0 ],
    [ "99.9 % of answers, 500 events a second, x idle", "latency", "meanwhile", "500 events a second", "99.9 % x", 2 ],
    [ "99.9 % of answers, dumps over HTTP, x idle", "latency", "meanwhile", "10 clients dump", "99.9 % x", 2 ],
    [ "99.9 % of answers, reloads of 100,000 tasks, x idle", "latency", "meanwhile", "a refresh each second, nothing new", "99.9 % x", 2 ],
    [ "the same, 10,000 of them new, x idle", "latency", "meanwhile", "a refresh each second, 10000 tasks come or go", "99.9 % x", 2 ],
    [ "change to answer, 100,000 tasks, median ms", "stream", "follows by", "stream", "median ms" ],
    [ "the same, 99.9 %", "stream", "follows by", "stream", "99.9 %" ],
    [ "failover of 100,000 tasks, CPU s", "failover", "tasks, source", "100000, stream", "failover CPU s" ],
);

# Those of them that are of interest to users.
my %in_short = map { $_ => 1 } "first load of 100,000 tasks, CPU s", "first load of 100,000 tasks, peak memory in MB",
    "refresh of 100,000 tasks, nothing new, CPU s", "start to first right answer, 100,000 tasks, s",
    "change to answer, 100,000 tasks, median ms", "failover of 100,000 tasks, CPU s";

sub fact {
    my $line = $results->line("machine", "machine", $_[0], "");
    return $line ? $line->{is} : undef;
}

# A server with its version.
sub named {
    my ($server) = @_;
    my $version = fact($server);
    return $version && $version =~ /^\d/ ? "$server $version" : $server;
}

# Mesos-named's figure and another server's, and the line with the ratio; undef where nothing was measured.
sub beside {
    my ($bench, $table, $server) = @_;
    my ($ours, $theirs) = map { Results::cell($results->line($bench, $table, $_, "CPU us/answer")) } "mesos-named", $server;
    my $missing = $results->line($bench, $table, $server, "");
    return ($ours, named($server) . ($missing ? " (missing)" : " $theirs"), $results->line($bench, $table, $server, "mesos-named is x"));
}

# A limit in words, and whether it is kept.
sub verdict {
    my ($line, $limit, $least) = @_;
    return ("", "") unless defined $limit;
    my $met = $line && ($least ? $line->{median} >= $limit : $line->{median} <= $limit);
    return ("at " . ($least ? "least" : "most") . " $limit", !$line ? "" : $met ? "yes" : "no");
}

# Those of benchmarks that ran.
sub ran { return grep { my $bench = $_->[1]; grep { $_->[0] eq $bench } $results->tables } @_ }

sub limits {
    my @rows;
    for my $ratio (ran(@ratios)) {
        my ($what, $bench, $table, @peers) = @$ratio;
        for my $peer (@peers) {
            my ($server, $limit) = @$peer;
            my ($ours, $theirs, $line) = beside($bench, $table, $server);
            push @rows, [ $what, $ours, $theirs, $line ? "x " . Results::cell($line, 1) : "not measured", verdict($line, $limit), "$bench.pl" ];
        }
    }
    for my $figure (ran(@limits)) {
        my ($what, $bench, $table, $row, $name, @limit) = @$figure;
        my $line = $results->line($bench, $table, $row, $name);
        push @rows, [ $what, $line ? Results::cell($line, 1) : "not measured", "", "", verdict($line, @limit), "$bench.pl" ];
    }
    return Results::markdown([ "", "mesos-named", "beside", "it is", "limit", "met", "by t/bench/" ], @rows);
}

sub compared {
    my @rows;
    for my $ratio (ran(@ratios)) {
        my ($what, $bench, $table, @peers) = @$ratio;
        my @others = map { my (undef, $theirs, $line) = beside($bench, $table, $_->[0]); $line ? "$theirs (x " . Results::cell($line) . ")" : () } @peers;
        push @rows, [ $what, (beside($bench, $table, ""))[0], join(", ", @others), "$bench.pl" ];
    }
    for my $figure (grep { $in_short{ $_->[0] } } @limits) {
        my ($what, $bench, @where) = @$figure;
        push @rows, [ $what, Results::cell($results->line($bench, @where[ 0 .. 2 ])), "", "$bench.pl" ];
    }
    return Results::markdown([ "", "mesos-named", "others (it is x)", "by t/bench/" ], @rows);
}

sub machine {
    return join "", map { "- $_: " . fact($_) . "\n" } $results->rows("machine", "machine");
}

sub write_summary {
    my $text = "# What the benchmarks found\n\n" . machine() . "\nMedians, with quartiles of the rounds.\n\n" . limits();
    my $last = "machine";
    for my $table (grep { $_->[0] ne "machine" } $results->tables) {
        $text .= "\n## t/bench/$table->[0].pl\n" if $table->[0] ne $last;
        $text .= "\n" . $results->table(@$table, spread => 1, label => \&named);
        $last = $table->[0];
    }
    $text .= "\n" . join "", map { my $name = s{.*/}{}r; "![$name]($name)\n" } sort glob "$dir/*.svg";
    open my $out, ">", "$dir/summary.md" or die "$dir/summary.md: $!\n";
    print $out $text;
    close $out or die "$dir/summary.md: $!\n";
    print limits();
}

# The table that a comment asks for; undef when it was not measured.
sub asked_for {
    my ($bench, $table, @figures) = @_;
    if ($bench eq "limits" || $bench eq "compared") {
        return undef if ran(@ratios, @limits) != @ratios + @limits || limits() =~ /not measured/;
        return $bench eq "limits" ? limits() : compared();
    }
    return undef unless $results->rows($bench, $table);
    return $results->table($bench, $table, figures => \@figures, label => \&named);
}

sub rewrite {
    my ($file) = @_;
    open my $in, "<", $file or die "$file: $!\n";
    my $text = do { local $/; <$in> };
    $text =~ s{^(<!-- bench: (.+?) -->\n)((?:\|.*\n)*)}{
        my ($comment, $what, $old) = ($1, $2, $3);
        my $new = asked_for(split / \| /, $what);
        warn "$file: not measured: $what\n" unless $new;
        $comment . ($new // $old)
    }gme;
    open my $out, ">", $file or die "$file: $!\n";
    print $out $text;
    close $out or die "$file: $!\n";
}

if   ($docs) { rewrite($_) for @files }
else         { write_summary() }
