# SPDX-License-Identifier: Apache-2.0
# Prometheus' text format, read strictly: what a family is, and what its samples say.
#
#   my $metrics = Metrics->new($text);                  # dies if it breaks the format
#   my $n = $metrics->value("x_total", transport => "udp");     # the one sample that has these labels, or undef
#   my $sum = $metrics->sum("x_total", transport => "udp");     # of all that have them
package Metrics;

use strict;
use warnings;

sub new {
    my ($class, $text) = @_;
    my $self = bless { families => {}, order => [], samples => [] }, $class;
    my $family;
    die "no line feed at the end\n" unless $text =~ /\n\z/;
    for my $line (split /\n/, $text) {
        if ($line =~ /^# HELP (\S+) (.+)$/) {
            die "$1 comes twice\n" if $self->{families}{$1};
            $family = $self->{families}{$1} = { name => $1, help => $2, labels => {} };
            push @{ $self->{order} }, $1;
        } elsif ($line =~ /^# TYPE (\S+) (counter|gauge|histogram)$/ && $family && $1 eq $family->{name} && !$family->{type}) {
            $family->{type} = $2;
        } else {
            $self->_sample($line, $family);
        }
    }
    return $self;
}

sub _sample {
    my ($self, $line, $family) = @_;
    my ($name, $labels, $value) = $line =~ /^([a-z_]+)(?:\{(.*)\})? (\S+)$/ or die "no sample: $line\n";
    die "$line: not within its family\n"
        unless $family && $family->{type} && $name =~ /^\Q$family->{name}\E(.*)/ && $1 =~ ($family->{type} eq "histogram" ? qr/^_(bucket|sum|count)$/ : qr/^$/);
    die "$line: no number\n" unless $value =~ /^-?\d+(\.\d+)?(e[-+]\d+)?$/;
    my %labels;
    for ($labels // "") {
        while (/\G([a-z_]+)="((?:[^"\\]|\\.)*)"(?:,|\z)/gc) { $labels{$1} = $2 }
        die "$line: labels\n" if (pos // 0) != length;
    }
    $family->{labels}{$_} = 1 for keys %labels;
    my $key = join ",", $name, map {"$_=$labels{$_}"} sort keys %labels;
    die "$line: comes twice\n" if $self->{seen}{$key}++;
    push @{ $self->{samples} }, { name => $name, labels => \%labels, value => $value };
}

sub families { my ($self) = @_; return map { $self->{families}{$_} } @{ $self->{order} } }

sub samples {
    my ($self, $name, %labels) = @_;
    return grep {
        my $s = $_;
        $s->{name} eq $name && !grep { ($s->{labels}{$_} // "") ne $labels{$_} } keys %labels;
    } @{ $self->{samples} };
}

sub value {
    my ($self, $name, %labels) = @_;
    my @samples = $self->samples($name, %labels);
    return @samples == 1 ? $samples[0]{value} : undef;
}

sub sum {
    my ($self, $name, %labels) = @_;
    my $sum = 0;
    $sum += $_->{value} for $self->samples($name, %labels);
    return $sum;
}

1;
