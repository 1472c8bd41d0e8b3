# SPDX-License-Identifier: Apache-2.0
# Every captured state document gives the zone that Mesos-DNS built from it, record for record, but for the differences
# that are meant: the rules of MesosDns.pm turn Mesos-DNS' records into ours. Documents that were recorded for
# this project stand in t/data/state; the others are read beside the checkout and skipped where they are missing.
use strict;
use warnings;

use File::Temp qw(tempdir);
use JSON::PP;
use Test::More;

use MesosDns;
use Named;

my $dir = tempdir(CLEANUP => 1);
my %config = (
    masters => ["127.0.0.1:15050"], listener => "127.0.0.1", resolvers => ["127.0.0.1:1"], httpon => JSON::PP::false,
    healthAware => JSON::PP::false,
);

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

sub check {
    my ($name, $state, $axfr) = @_;
    Named::write_config("$dir/config.json", \%config);
    my ($status, $zone, $errors) = Named->run("-config=$dir/config.json", "--state", $state, "--dump-zone");
    is($status, 0, "$name: dumps") or return diag $errors;
    my $ours = ours($zone);
    my ($theirs, $used) = MesosDns::axfr(MesosDns::decode($axfr));
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

my @documents = MesosDns::documents("axfr");
ok(scalar(grep { $_->[1] =~ m{/t/data/} } @documents), "documents of our own");
check(@$_) for @documents;
SKIP: {
    my $captures = MesosDns::captures();
    skip "the documents of others are not beside the checkout ($captures)", 1 unless -d $captures;
    ok(scalar(grep { $_->[0] !~ /real/ } @documents), "documents of others");
}
done_testing;
