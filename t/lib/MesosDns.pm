# SPDX-License-Identifier: Apache-2.0
# What Mesos-DNS built from a state document, in the form that ours has: every difference that is meant is a rule here.
#
#   my ($records, $used) = MesosDns::apply(\@records);   # lists of [name, type, value]; the names of rules that mattered
#   my ($records, $used) = MesosDns::axfr($document);     # of its /v1/axfr: { "name type value" => 1 }
package MesosDns;

use strict;
use warnings;

use JSON::PP;

sub decode {
    my ($file) = @_;
    open my $in, "<", $file or die "$file: $!";
    local $/;
    return JSON::PP->new->decode(scalar <$in>);
}

# State documents with what Mesos-DNS answered to `kind` ("axfr", "enumerate"): [name, document, answer]. Those recorded
# for this project first, then others, if they are there.
sub documents {
    my ($kind) = @_;
    my (%seen, @found);
    for my $answer (sort(glob "$ENV{MN_SRCDIR}/t/data/state/*.$kind.json"), sort glob captures() . "/*.$kind.json") {
        (my $state = $answer) =~ s/\.$kind\.json$/.json/;
        my ($name) = $state =~ m{([^/]+)\.json$};
        push @found, [ $name, $state, $answer ] unless $seen{$name}++;
    }
    return @found;
}

# Where the documents of others are.
sub captures { return "$ENV{MN_SRCDIR}/../shared/captures/state" }

# The task's part of a label TASK-HASH-TAIL that passes 63 bytes is cut, and trimmed of `-`.
sub cut_canonical {
    my ($name) = @_;
    my ($label, $rest) = split /\./, $name, 2;
    return $name if length $label <= 63;
    my ($task, $ending) = $label =~ /^(.*)(-[a-z0-9]{5}-[^-]+)$/ or return $name;
    $task = substr $task, 0, 63 - length $ending;
    $task =~ s/-+$//;
    return "$task$ending.$rest";
}

# `_LABEL` is cut to 63 bytes likewise.
sub cut_underscored {
    my ($name) = @_;
    return join ".", map { my $l = $_; if (/^_/ && length > 63) { $l = substr $_, 0, 63; $l =~ s/-+$// } $l } split /\./, $name, -1;
}

# Each rule takes a record [name, type, value] and returns those that stand in its place.
my @rules = (
    [ "a label of more than 63 bytes is cut" => sub {
        my ($name, $type, $value) = @{ $_[0] };
        $value = cut_canonical($value) if $type eq "SRV";
        return [ cut_underscored(cut_canonical($name)), $type, $value ];
    } ],
    [ "a list of protocols means each of them" => sub {
        my ($name, $type, $value) = @{ $_[0] };
        return $_[0] unless $name =~ /\._tcpudp\./;
        return map { my $n = $name; $n =~ s/\._tcpudp\./._$_./; [ $n, $type, $value ] } qw(tcp udp);
    } ],
    [ "discovery ports stand under .slave as well" => sub {
        my ($name, $type, $value) = @{ $_[0] };
        return $_[0] if $type ne "SRV" || $name =~ /^_(?:leader|slave|framework)\./ || $name =~ /\.slave\.mesos\.$/
            || $value =~ /\.slave\.mesos\.:/;
        my ($slave_name, $slave_value) = ($name, $value);
        s/\.mesos\.(:|$)/.slave.mesos.$1/ for $slave_name, $slave_value;
        return ($_[0], [ $slave_name, $type, $slave_value ]);
    } ],
    [ "masters have SRV records" => sub {
        my ($name, $type, $value) = @{ $_[0] };
        return $_[0] unless $name =~ /^master\d+\.mesos\.$/;
        return ($_[0], map { [ "_master._$_.mesos.", "SRV", "$name:15050" ] } qw(tcp udp));
    } ],
    [ "the second set is in lower case" => sub {
        my ($name, $type, $value) = @{ $_[0] };
        return [ lc $name, $type, lc $value ];
    } ],
    [ "a name with a part that is no host name's label is left out" => sub {
        my ($name, $type, $value) = @{ $_[0] };
        for (split /\./, ($type eq "SRV" ? "$name$value" : $name)) {
            s/^_// if $type eq "SRV";
            s/^:\d+$//;
            return () if length && !/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
        }
        return $_[0];
    } ],
);

# Applies the rules to records; says which ones made a difference.
sub apply {
    my @records = @{ $_[0] };
    my @used;
    for my $rule (@rules) {
        my ($name, $apply) = @$rule;
        my $before = join "\n", sort map { "@$_" } @records;
        @records = map { $apply->($_) } @records;
        push @used, $name if $before ne join "\n", sort map { "@$_" } @records;
    }
    return (\@records, \@used);
}

# The records of an /v1/axfr as they are.
sub records {
    my ($axfr) = @_;
    my @records;
    for my $type ([ "As", "A" ], [ "AAAAs", "AAAA" ], [ "SRVs", "SRV" ]) {
        my $of = $axfr->{Records}{ $type->[0] } || {};
        push @records, map { my $name = $_; map { [ $name, $type->[1], $_ ] } @{ $of->{$name} } } keys %$of;
    }
    return \@records;
}

sub axfr {
    my ($records, $used) = apply(records($_[0]));
    return ({ map { ("@$_" => 1) } @$records }, $used);
}

1;
