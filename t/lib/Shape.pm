# SPDX-License-Identifier: Apache-2.0
# The shapes of JSON documents: which members, of which types, in which order. Tests hold what the simulated master
# writes to what real ones were recorded with.
package Shape;

use strict;
use warnings;
use Exporter qw(import);

our @EXPORT_OK = qw(parse_ordered learn compare_shapes);

# A document as nested [type, ...] with the members of objects in their order, which JSON::PP forgets.
sub parse_ordered {
    local $_ = $_[0];
    my $value;
    $value = sub {
        /\G\s*/gc;
        if (/\G\{\s*/gc) {
            my @members;
            until (/\G\}/gc) {
                /\G\s*,?\s*"((?:[^"\\]|\\.)*)"\s*:/gc or die "no member at " . (pos || 0);
                my $name = $1;
                push @members, [ $name, $value->() ];
                /\G\s*/gc;
            }
            return [ "object", @members ];
        }
        if (/\G\[\s*/gc) {
            my @items;
            until (/\G\]/gc) {
                /\G,/gc;
                push @items, $value->();
                /\G\s*/gc;
            }
            return [ "array", @items ];
        }
        return ["string"] if /\G"(?:[^"\\]|\\.)*"/gc;
        return ["real"]   if /\G-?\d+\.\d+(?:[eE][-+]?\d+)?/gc;
        return ["int"]    if /\G-?\d+/gc;
        return ["bool"]   if /\G(?:true|false)/gc;
        return ["null"]   if /\Gnull/gc;
        die "no value at " . (pos || 0);
    };
    my $root = $value->();
    /\G\s*\z/gc or die "something behind the document at " . pos;
    return $root;
}

# Adds a document to a shape: for each path the types seen, how often, and which members came before which.
# `$place` (may be missing) is asked what a path is to be called, so that what looks the same in several places is one.
sub learn {
    my ($shape, $path, $node, $place) = @_;
    $path = $place->($path) if $place;
    my ($type, @parts) = @$node;
    my $s = $shape->{$path} ||= { types => {}, count => 0, members => {}, before => {} };
    $s->{types}{$type}++;
    if ($type eq "array") { learn($shape, "$path\[]", $_, $place) for @parts }
    return unless $type eq "object";
    $s->{count}++;
    my @names = map { $_->[0] } @parts;
    for my $i (0 .. $#names) {
        $s->{members}{ $names[$i] }++;
        $s->{before}{ $names[$i] }{$_} = 1 for @names[ $i + 1 .. $#names ];
    }
    learn($shape, "$path.$_->[0]", $_->[1], $place) for @parts;
}

# What is wrong with a shape beside the one of recordings: paths and types that these do not have, members that they
# always have, members in another order. `%$beyond` has paths that no recording happens to have, `%$optional` members
# that each recorded instance has, but that others lack.
sub compare_shapes {
    my ($real, $sim, $beyond, $optional) = @_;
    my @wrong;
    for my $path (sort keys %$sim) {
        next if grep { index("$path.", "$_.") == 0 || index($path, "$_\[") == 0 } keys %$beyond;
        my ($r, $s) = ($real->{$path}, $sim->{$path});
        if (!$r) { push @wrong, "$path is in no recording"; next }
        push @wrong, map { "$path is $_" } grep { !$r->{types}{$_} } keys %{ $s->{types} };
        for my $name (keys %{ $r->{members} }) {
            push @wrong, "$path.$name is missing"
                if !$optional->{"$path.$name"} && $r->{members}{$name} == $r->{count} && ($s->{members}{$name} || 0) != $s->{count};
            push @wrong, map { "$path: $_ before $name" }
                grep { $s->{before}{$_}{$name} && !$r->{before}{$_}{$name} && $r->{before}{$name}{$_} }
                keys %{ $r->{members} };
        }
    }
    return @wrong;
}

1;
