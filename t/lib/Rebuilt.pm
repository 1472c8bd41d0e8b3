# SPDX-License-Identifier: Apache-2.0
# Is what is served what a rebuild from the master's state would give?
#
#   my $records = built($named, $state);        # { "name type value" => 1 } of a state document
#   same($named, $http, $state, "so it is");    # one test: the zone becomes that; false if there is next to nothing in it
package Rebuilt;

use strict;
use warnings;

use Exporter qw(import);
use File::Temp qw(tempdir);
use HTTP::Tiny;
use Test::More ();

use MesosDns;
use Named;

our @EXPORT_OK = qw(served built difference state_of same);

my $dir = tempdir(CLEANUP => 1);

# What is served, likewise.
sub served {
    my ($http) = @_;
    return { map { ("@$_" => 1) } @{ MesosDns::records($http->json("/v1/axfr")) } };
}

sub built {
    my ($named, $state) = @_;
    open my $out, ">", "$dir/state" or die;
    print $out $state;
    close $out;
    my (undef, $zone) = Named->run("-config=$named->{config}", "--state", "$dir/state", "--dump-zone");
    my %records;
    for (split /\n/, $zone) {
        my ($name, undef, undef, $type, @rest) = split;
        $records{"$name $type $rest[0]"} = 1 if $type =~ /^A/;
        $records{"$name $type $rest[3]:$rest[2]"} = 1 if $type eq "SRV";
    }
    return \%records;
}

sub difference {
    my ($ours, $theirs) = @_;
    return join "\n", (map {"- $_"} grep { !$ours->{$_} } sort keys %$theirs), (map {"+ $_"} grep { !$theirs->{$_} } sort keys %$ours);
}

# The document of a simulated master.
sub state_of {
    my ($sim, $n) = @_;
    my $r = HTTP::Tiny->new->get($sim->url($n) . "/master/state");
    die "no state: $r->{status}" unless $r->{success};
    return $r->{content};
}

# The state was asked for once, so nothing may change meanwhile.
sub same {
    my ($named, $http, $state, $name) = @_;
    my $wanted = built($named, $state);
    my $is;
    Named::wait_until(sub { return !length($is = difference(served($http), $wanted)) });
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $ok = Test::More::is($is, "", $name);
    my @log = grep { !/ http: request / } split /^/, $named->log;
    splice @log, 0, -40 if @log > 40;
    Test::More::diag(@log) unless $ok;
    return $ok && keys(%$wanted) > 10;
}

1;
