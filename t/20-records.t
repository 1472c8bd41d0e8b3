# SPDX-License-Identifier: Apache-2.0
# Every captured state document gives the zone that Mesos-DNS built from it, record for record, but for the differences
# that are meant. Each of those is a rule below: it turns Mesos-DNS' record into ours. Documents that were recorded for
# this project stand in t/data/state; the others are read beside the checkout and skipped where they are missing.
use strict;
use warnings;

use File::Basename;
use File::Temp qw(tempdir);
use JSON::PP;
use Test::More;

use Named;

my $dir = tempdir(CLEANUP => 1);
my %config = (
    masters => ["127.0.0.1:15050"], listener => "127.0.0.1", resolvers => ["127.0.0.1:1"], httpon => JSON::PP::false,
    healthAware => JSON::PP::false,
);

sub decode {
    my ($file) = @_;
    open my $in, "<", $file or die "$file: $!";
    local $/;
    return JSON::PP->new->decode(scalar <$in>);
}

# The dump as { "name type value" => 1 }; the value of SRV is target:port as in Mesos-DNS' dumps.
sub ours {
    my ($zone) = @_;
    my %records;
    for (split /\n/, $zone) {
        my ($name, $ttl, $class, $type, @data) = split;
        next if $type eq "SOA" || $type eq "NS";
        $data[0] = "$data[3]:$data[2]" if $type eq "SRV";
        $records{"$name $type $data[0]"} = 1;
    }
    return \%records;
}

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

# What Mesos-DNS has, with the rules applied; says which ones made a difference.
sub theirs {
    my ($axfr) = @_;
    my @records;
    for my $type ([ "As", "A" ], [ "AAAAs", "AAAA" ], [ "SRVs", "SRV" ]) {
        my $of = $axfr->{Records}{ $type->[0] } || {};
        push @records, map { my $name = $_; map { [ $name, $type->[1], $_ ] } @{ $of->{$name} } } keys %$of;
    }
    my @used;
    for my $rule (@rules) {
        my ($name, $apply) = @$rule;
        my $before = join "\n", sort map { "@$_" } @records;
        @records = map { $apply->($_) } @records;
        push @used, $name if $before ne join "\n", sort map { "@$_" } @records;
    }
    return ({ map { ("@$_" => 1) } @records }, \@used);
}

sub check {
    my ($state, $axfr) = @_;
    my $name = basename($state, ".json");
    Named::write_config("$dir/config.json", \%config);
    my ($status, $zone, $errors) = Named->run("-config=$dir/config.json", "--state", $state, "--dump-zone");
    is($status, 0, "$name: dumps") or return diag $errors;
    my $ours = ours($zone);
    my ($theirs, $used) = theirs(decode($axfr));
    my @missing = grep { !$ours->{$_} } sort keys %$theirs;
    my @extra   = grep { !$theirs->{$_} } sort keys %$ours;
    ok(!@missing && !@extra, "$name: " . keys(%$theirs) . " records; " . (@$used ? join("; ", @$used) : "no difference"))
        or diag join("\n", (map { "- $_" } @missing), (map { "+ $_" } @extra));
    for my $reader ([ "named-checkzone", "-q", "mesos", "$dir/zone" ], [ "ldns-read-zone", "$dir/zone" ]) {
        open my $out, ">", "$dir/zone" or die $!;
        print $out $zone;
        close $out;
        my $said = qx(@$reader 2>&1 >/dev/null);
        ok($? == 0 && $said eq "", "$name: $reader->[0] has no complaint") or diag $said;
    }
}

my @own = sort glob "$ENV{MN_SRCDIR}/t/data/state/*.axfr.json";
ok(@own > 0, "documents of our own");
my $captures = "$ENV{MN_SRCDIR}/../shared/captures/state";
my %done;
for my $axfr (@own, sort glob "$captures/*.axfr.json") {
    (my $state = $axfr) =~ s/\.axfr\.json$/.json/;
    check($state, $axfr) unless $done{ basename($state) }++;
}
SKIP: {
    skip "the documents of others are not beside the checkout ($captures)", 1 unless -d $captures;
    ok(scalar(grep { !/real/ } keys %done) > 0, "documents of others");
}
done_testing;
