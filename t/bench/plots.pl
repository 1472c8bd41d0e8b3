#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Plots of what benchmarks found, by gnuplot: plots.pl FOLDER writes FOLDER/cpu.svg, growth.svg, names.svg and latency.svg, each
# if its figures are there.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use lib dirname(abs_path(__FILE__));
use Results;

@ARGV == 1 && -d $ARGV[0] or die "usage: plots.pl FOLDER\n";
my $dir = $ARGV[0];
my $results = Results->read_folder($dir);
my @colours = map {"#$_"} qw(1b6ca8 d1495b 66a182 edae49 5d5179 7a7a7a);    # mesos-named has the first

sub gnuplot {
    my ($name, $width, $height, $script) = @_;
    open my $out, "|-", "gnuplot" or die "gnuplot: $!\n";
    print $out <<"EOT", $script;
set terminal svg size $width,$height font "sans-serif,12" background "#ffffff"
set output "$dir/$name.svg"
set encoding utf8
set border 3 lc "#606060"
set tics nomirror textcolor "#303030"
set style fill solid
EOT
    close $out or die "gnuplot failed: $name\n";
    open my $svg, "+<", "$dir/$name.svg" or die "$dir/$name.svg: $!\n";
    my $text = do { local $/; <$svg> };
    $text =~ s/^<g [^>]*>\n<\/g>\n//gm;    # half of it is groups without anything in them
    $text =~ s/^<title>.*<\/desc>\n//ms;
    truncate $svg, 0;
    seek $svg, 0, 0;
    print $svg $text;
    close $svg or die "$dir/$name.svg: $!\n";
}

# A block of data: rows of numbers and quoted words.
sub block {
    my ($name, @rows) = @_;
    return "\$$name << EOD\n" . join("", map { join(" ", map { /^[-\d.e]+$/ ? $_ : "\"$_\"" } @$_) . "\n" } @rows) . "EOD\n";
}

# Figures over the rows of a table whose names are numbers: [row, figure, figure, ...].
sub curve {
    my ($bench, $table, @figures) = @_;
    return map { my $row = $_; [ $row, map { $results->median($bench, $table, $row, $_) } @figures ] }
        sort { $a <=> $b } $results->rows($bench, $table);
}

# CPU time for an answer, a panel for each kind of answers, a bar for each server with its quartiles.
sub plot_cpu {
    my @panels = grep { $results->rows(@$_[ 1, 2 ]) } (
        [ "UDP, names that exist", "answers", "existing names, A and SRV" ], [ "UDP, NXDOMAIN and no data", "answers", "NXDOMAIN and no data" ],
        [ "the same, busy all the time", "answers", "existing names, all that a core can answer" ],
        [ "the same, busy all the time", "answers", "NXDOMAIN and no data, all that a core can answer" ],
        [ "TCP, connections kept", "answers", "TCP, connections kept" ],
        [ "TCP, a connection for each", "answers", "TCP, a connection for each query" ],
        [ "forwarded", "forward", "forwarded" ], [ "from the cache", "forward", "from the cache" ],
    ) or return;
    my $columns = @panels < 2 ? 1 : 2;
    my $lines = int((@panels + $columns - 1) / $columns);
    my $script = "set multiplot layout $lines,$columns title \"CPU time of the server for an answer, microseconds\"\n"
        . "unset key\nset boxwidth 0.7\nset border 1\nunset ytics\nset xtics scale 0 font \",10\"\nset bmargin 4\nset yrange [0:*]\n"
        . "set offsets 0,0,graph 0.15,0\n";
    my $n = 0;
    for my $panel (@panels) {
        my ($title, $bench, $table) = @$panel;
        my @bars;
        for my $server ($results->rows($bench, $table)) {
            my $line = $results->line($bench, $table, $server, "CPU us/answer") or next;
            my $colour = $server =~ /^mesos-named/ ? $colours[0] : $server eq "receive and send only" ? "#d8d8d8" : "#9aa5b1";
            my $label = $server =~ s/receive and send only/bare\\nloop/r =~ s/, own zone/\\nown zone/r =~ s/^mesos-named/mesos-\\nnamed/r;
            push @bars, [ scalar @bars, @$line{qw(median q1 q3)}, oct($colour =~ s/#/0x/r), $label, Results::number($line->{median}) ];
        }
        $n++;
        $script .= block("panel$n", @bars) . "set title \"$title\"\nset xrange [-0.5:$#bars.5]\n"
            . "plot \$panel$n using 1:2:5:xtic(6) with boxes lc rgb variable, '' using 1:3:(0):(\$4-\$3) with vectors nohead lw 2 lc \"#303030\", "
            . "'' using 1:4:7 with labels offset 0,0.7\n";
    }
    gnuplot("cpu", 960, 265 * $lines, "$script\nunset multiplot\n");
}

# CPU time and memory of a first load by the number of tasks, and what is asked of 100,000.
sub plot_growth {
    my @load = curve("ingest", "tasks", "CPU s", "refresh CPU s", "peak MB") or return;
    gnuplot("growth", 960, 360, block("load", @load) . block("limit", [ 100000, 1, 250 ]) . <<"EOT");
set multiplot layout 1,2
set logscale xy
unset mxtics
unset mytics
set grid lc "#d8d8d8" dt 1
set xrange [500:500000]
set xlabel "tasks"
set format x "10^{%L}"
set key left top Left reverse
set title "CPU time, seconds"
plot \$load using 1:2 with linespoints pt 7 ps 0.7 lw 2 lc "$colours[0]" title "first load", \\
     '' using 1:3 with linespoints pt 7 ps 0.7 lw 2 lc "$colours[2]" title "refresh that brings nothing new", \\
     \$limit using 1:2 with points pt 2 ps 1.2 lw 2 lc "$colours[1]" title "limit of a first load"
set title "peak memory of the process, MB"
plot \$load using 1:4 with linespoints pt 7 ps 0.7 lw 2 lc "$colours[0]" title "first load", \\
     \$limit using 1:3 with points pt 2 ps 1.2 lw 2 lc "$colours[1]" title "limit"
unset multiplot
EOT
}

# User time of an answer by the number of names.
sub plot_names {
    my @names = curve("costs", "names", "ns one by one", "ns in batches of 32") or return;
    gnuplot("names", 560, 360, block("names", @names) . <<"EOT");
set logscale xy
unset mxtics
unset mytics
set grid lc "#d8d8d8" dt 1
set xrange [50:2000000]
set xlabel "names"
set format x "10^{%L}"
set key left top Left reverse
set title "user time of an answer, nanoseconds"
plot \$names using 1:2 with linespoints pt 7 ps 0.7 lw 2 lc "$colours[2]" title "one by one", \\
     '' using 1:3 with linespoints pt 7 ps 0.7 lw 2 lc "$colours[0]" title "in batches of 32, as a worker has them"
EOT
}

# How long answers take while other things go on, from the median to the longest.
sub plot_latency {
    my @meanwhile = $results->rows("latency", "meanwhile") or return;
    my @steps = ("median us", "90 %", "99 %", "99.9 %", "99.99 %");
    my ($script, @curves) = ("");
    for my $i (0 .. $#meanwhile) {
        my $n = 0;
        $script .= block("m$i", map { [ $n++, $results->median("latency", "meanwhile", $meanwhile[$i], $_) ] } @steps);
        push @curves, "\$m$i using 1:2 with linespoints pt 7 ps 0.6 lw 2 lc \"$colours[$i % @colours]\" title \"$meanwhile[$i]\"";
    }
    my $n = 0;
    my $tics = join ", ", map { "\"" . s/ us//r =~ s/%/%%/r . "\" " . $n++ } @steps;
    gnuplot("latency", 760, 400, $script . <<"EOT" . "plot " . join(", ", @curves) . "\n");
set logscale y
unset mytics
set grid ytics lc "#d8d8d8" dt 1
set key right bottom Left reverse
set xtics ($tics)
set offsets 0.2,0.2,0,0
set title "time to an answer while other things go on, microseconds"
EOT
}

plot_cpu();
plot_growth();
plot_names();
plot_latency();
