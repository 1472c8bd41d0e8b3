# SPDX-License-Identifier: Apache-2.0
# Dumps while the cluster changes: each is of one version, whole, and what it names it has. Meanwhile one client reads no
# further, and names are answered.
use strict;
use warnings;

use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep);

use MesosSim;
use Named;
use NamedHttp;

plan skip_all => "mesos-sim was not built" unless MesosSim::program();

my $sim = MesosSim->new(args => [ "--tasks", 60 ]);
my $named = Named->start(config => NamedHttp::config(masters => [ $sim->hostport ], refreshSeconds => 1));
my $http = NamedHttp->new($named);
$sim->cmd("app-add", name => "moving", n => 2);
ok $named->wait_answer("moving.marathon.mesos"), "a cluster is served";

# What is wrong with the SRV records of a dump: names that it has no address for, services of which there are too many.
sub faults {
    my ($addresses, $services) = @_;
    my @faults;
    for my $service (sort keys %$services) {
        push @faults, map {"$service: no address of $_"} grep { !$addresses->{$_} } map { s/:\d+$//r } @{ $services->{$service} };
    }
    return @faults;
}

sub axfr_faults {
    my ($dump) = @_;
    my $records = $dump->{Records};
    return faults({ %{ $records->{As} }, %{ $records->{AAAAs} } }, $records->{SRVs});
}

sub enumerate_faults {
    my ($dump) = @_;
    my (%addresses, %services, %seen, @faults);
    for my $record (map { @{ $_->{records} } } map { @{ $_->{tasks} } } @{ $dump->{frameworks} }) {
        my ($name, $host, $type) = @$record{qw(name host rtype)};
        push @faults, "twice: $name $type $host" if $seen{"$name $type $host"}++;
        if ($type eq "SRV") { push @{ $services{$name} }, $host }
        else                { $addresses{$name} = 1 }
    }
    return (@faults, faults(\%addresses, \%services));
}

my $stuck = $http->socket;
$stuck->syswrite("GET /v1/enumerate HTTP/1.1\r\nHost: x\r\n\r\n");

my $changes = fork // die "fork: $!";
if (!$changes) {
    $SIG{TERM} = "DEFAULT";
    for (my $n = 3;; $n = $n % 20 + 1) {
        eval { $sim->cmd("scale", app => "moving", n => $n) };
        sleep 0.05;
    }
}

my (%serials, @faults, $axfr, $enumerate);
for (1 .. 25) {
    $axfr = $http->json("/v1/axfr");
    $serials{ $axfr->{Serial} } = 1;
    push @faults, axfr_faults($axfr);
    $enumerate = $http->json("/v1/enumerate");
    push @faults, enumerate_faults($enumerate);
    last if keys %serials >= 6;
    sleep 0.1;
}
kill TERM => $changes;
waitpid $changes, 0;
cmp_ok scalar keys %serials, ">=", 2, "the zone changed meanwhile";
is join("\n", @faults), "", "each dump fits together";
cmp_ok scalar(map { @{ $_->{tasks} } } @{ $enumerate->{frameworks} }), ">=", 60, "and is whole";
ok $named->query("moving.marathon.mesos", "A")->answer, "names are answered";
close $stuck;
is $http->get("/v1/version")->{status}, 200, "others were served beside the client that does not read";
$named->stop_ok;
$sim->stop;
done_testing;
