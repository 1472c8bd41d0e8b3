# SPDX-License-Identifier: Apache-2.0
# What benchmarks found: lines of JSON, one a figure, and tables made of them. A line has the members
#
#   bench, table, row      where it belongs
#   figure, rounds, median, q1, q3, min, max
#   missing                instead of a figure: the program without which the row could not be measured
package Results;

use strict;
use warnings;

use JSON::PP;

sub new { return bless { order => [], of => {} }, $_[0] }

# All files of a folder.
sub read_folder {
    my ($class, $dir) = @_;
    my $self = $class->new;
    for my $file (sort glob "$dir/*.jsonl") {
        open my $in, "<", $file or die "$file: $!\n";
        $self->add(decode_json($_)) while <$in>;
    }
    return $self;
}

sub add {
    my ($self, $line) = @_;
    my ($bench, $table, $row, $figure) = map { $_ // "" } @$line{qw(bench table row figure)};
    my $t = $self->{of}{$bench}{$table} ||= do { push @{ $self->{order} }, [ $bench, $table ]; { rows => [], figures => [], lines => {} } };
    push @{ $t->{rows} }, $row unless $t->{lines}{$row};
    push @{ $t->{figures} }, $figure unless $figure eq "" || grep { $_ eq $figure } @{ $t->{figures} };
    $t->{lines}{$row}{$figure} = $line;
}

sub save {
    my ($line, $file) = @_;
    open my $out, ">>", $file or die "$file: $!\n";
    print $out JSON::PP->new->canonical->encode($line), "\n";
    close $out or die "$file: $!\n";
}

# [bench, table], in the order in which they came.
sub tables { return @{ $_[0]{order} } }

sub rows {
    my ($self, $bench, $table) = @_;
    my $t = $self->{of}{$bench}{$table} or return;
    return @{ $t->{rows} };
}

# A figure's line, or undef; with "" for the figure the one that says what is missing.
sub line {
    my ($self, $bench, $table, $row, $figure) = @_;
    my $t = $self->{of}{$bench}{$table} or return undef;
    return ($t->{lines}{$row} || {})->{$figure};
}

sub median {
    my $line = line(@_) or return undef;
    return $line->{median};
}

# A table as Markdown. figures: only these; spread: medians with quartiles where there were enough rounds; label: what makes
# the first cell of the name of a row.
sub table {
    my ($self, $bench, $table, %opt) = @_;
    my @figures = @{ $opt{figures} || $self->{of}{$bench}{$table}{figures} };
    my @rows = map {
        my $row = $_;
        my @cells = map { cell($self->line($bench, $table, $row, $_), $opt{spread}) } @figures;
        my $missing = $self->line($bench, $table, $row, "");
        $cells[0] = "$missing->{missing} is missing" if $missing;
        [ in_thousands($opt{label} ? $opt{label}->($row) : $row), @cells ]
    } $self->rows($bench, $table);
    return markdown([ $table, @figures ? @figures : "" ], @rows);
}

# 1,234 for 1234, within any text.
sub in_thousands {
    my ($text) = @_;
    return $text =~ s/(?<![.\d])(\d{4,})/reverse join ",", unpack "(A3)*", reverse $1/ger;
}

# A number with the digits that count: three.
sub number {
    my ($n) = @_;
    return in_thousands(sprintf "%.0f", $n) if $n == int $n || abs $n >= 99.95;
    return sprintf "%.*f", abs $n < 0.0995 ? 4 : abs $n < 0.995 ? 3 : abs $n < 9.995 ? 2 : 1, $n;
}

sub cell {
    my ($line, $spread) = @_;
    return "" unless $line;
    my ($median, @quartiles) = map { number($line->{$_}) } qw(median q1 q3);
    return $median . ($spread && $line->{rounds} > 2 && $quartiles[0] ne $quartiles[1] ? " ($quartiles[0]-$quartiles[1])" : "");
}

# Rows as a table of Markdown.
sub markdown {
    my ($head, @rows) = @_;
    my @width = (3) x @$head;
    for my $row ($head, @rows) {
        for my $i (0 .. $#$row) {
            $width[$i] = length $row->[$i] if length $row->[$i] > $width[$i];
        }
    }
    my $line = sub { return "| " . join(" | ", map { sprintf "%-*s", $width[$_], $_[$_] } 0 .. $#_) . " |\n" };
    return join "", $line->(@$head), "|" . join("", map { "-" x ($_ + 2) . "|" } @width) . "\n", map { $line->(@$_) } @rows;
}

1;
