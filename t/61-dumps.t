# SPDX-License-Identifier: Apache-2.0
# /v1/axfr and /v1/enumerate of every captured state document are what Mesos-DNS answered, order apart, but for the
# differences that are meant: the rules of MesosDns.pm, and those below.
use strict;
use warnings;

use JSON::PP;
use Test::More;

use MesosDns;
use Named;
use NamedHttp;

my %config = (masters => ["127.0.0.1:15050"], healthAware => JSON::PP::false, refreshSeconds => 3600, workers => 1);

sub difference {
    my ($ours, $theirs) = @_;
    return join "\n", (map {"- $_"} grep { !$ours->{$_} } sort keys %$theirs),
        (map {"+ $_"} grep { !$theirs->{$_} } sort keys %$ours);
}

# The tasks of an enumeration: { "framework id" => { "name type value" => 1 } }, and the names of tasks likewise.
sub tasks {
    my ($enumeration, $apply) = @_;
    my (%records, %names);
    for my $framework (@{ $enumeration->{frameworks} || [] }) {
        for my $task (@{ $framework->{tasks} || [] }) {
            my $key = "$framework->{name} $task->{id}";
            my @records = map { [ @$_{qw(name rtype host)} ] } @{ $task->{records} || [] };
            $records{$key}{"@$_"} = 1 for $apply ? @{ (MesosDns::apply(\@records))[0] } : @records;
            $names{"$key $task->{name}"} = 1;
        }
    }
    return (\%records, \%names);
}

# Whose records they are: { "name type value" => { "framework id" => 1 } }.
sub owners {
    my ($tasks) = @_;
    my %owners;
    for my $task (keys %$tasks) {
        $owners{$_}{$task} = 1 for keys %{ $tasks->{$task} };
    }
    return \%owners;
}

# Has the task the record, or, since what several tasks bring stands with any one of them, the same under its own name?
# That has a hash and the agent's end behind one of the labels.
sub brings {
    my ($records, $record) = @_;
    my ($name, $data) = split / /, $record, 2;
    my @own = map { quotemeta(substr $name, 0, $_) . "-[a-z0-9]+-[^.]+" . quotemeta(substr($name, $_) . " $data") }
        grep { substr($name, $_, 1) eq "." } 1 .. length($name) - 2;
    my $own = join "|", @own;
    return $records->{$record} || grep {/^(?:$own)$/} keys %$records;
}

sub check_axfr {
    my ($name, $http, $file) = @_;
    my $theirs = MesosDns::decode($file);
    my $ours = $http->json("/v1/axfr");
    my ($expected, $used) = MesosDns::axfr($theirs);
    is difference({ map { ("@$_" => 1) } @{ MesosDns::records($ours) } }, $expected), "",
        "$name: axfr, " . keys(%$expected) . " records; " . (@$used ? join "; ", @$used : "no difference");
    cmp_ok delete $ours->{Serial}, ">", 0, "$name: it has a serial";
    delete @$_{qw(Records Serial)} for $ours, $theirs;
    is_deeply $ours, $theirs, "$name: the rest is the same";
}

sub check_enumerate {
    my ($name, $http, $file) = @_;
    my ($ours, $theirs) = ($http->json("/v1/enumerate"), MesosDns::decode($file));
    my @frameworks = map { [ sort map { $_->{name} } @{ $_->{frameworks} || [] } ] } $ours, $theirs;
    is_deeply $frameworks[0], $frameworks[1], "$name: enumerate, the frameworks";
    is ref $ours->{frameworks}, "ARRAY", "$name: a list of them, also of none";
    my ($our_tasks, $our_names) = tasks($ours);
    my ($their_tasks, $their_names) = tasks($theirs, 1);
    is difference($our_names, $their_names), "", "$name: the tasks";
    my ($our_owners, $their_owners) = (owners($our_tasks), owners($their_tasks));
    is difference($our_owners, $their_owners), "", "$name: the records";
    my @twice = grep { keys %{ $our_owners->{$_} } > 1 } sort keys %$our_owners;
    is "@twice", "", "$name: each stands with one task";
    my @elsewhere = grep { !brings($their_tasks->{ (keys %{ $our_owners->{$_} })[0] }, $_) } sort keys %$their_owners;
    is "@elsewhere", "", "$name: which is one that brings it";
}

my @documents = MesosDns::documents("enumerate");
ok scalar(grep { $_->[1] =~ m{/t/data/} } @documents), "documents of our own";
for (@documents) {
    my ($name, $state, $enumeration) = @$_;
    (my $axfr = $enumeration) =~ s/enumerate\.json$/axfr.json/;
    my $named = Named->start(config => NamedHttp::config(%config), state => $state);
    my $http = NamedHttp->new($named);
    $named->wait_log(qr/the first state is served/);
    check_axfr($name, $http, $axfr);
    check_enumerate($name, $http, $enumeration);
    $named->stop_ok(undef, "$name: ends cleanly");
}
SKIP: {
    my $captures = MesosDns::captures();
    skip "the documents of others are not beside the checkout ($captures)", 1 unless -d $captures;
    ok scalar(grep { $_->[0] !~ /real/ } @documents), "documents of others";
}
done_testing;
