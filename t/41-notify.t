# SPDX-License-Identifier: Apache-2.0
# What a service manager hears (sd_notify(3)): ready with the first zone, signs of life, the end.
use strict;
use warnings;

use File::Temp qw(tempdir);
use IO::Select;
use IO::Socket::UNIX;
use Socket;
use Test::More;

use MesosSim;
use Named;

plan skip_all => "mesos-sim was not built: libmicrohttpd is missing" unless MesosSim::program();

my $dir = tempdir(CLEANUP => 1);
my $manager = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => "$dir/notify") or die "socket: $!";
my %heard;

# What comes until there is nothing more to hear, counted in %heard.
sub listen_to {
    while (IO::Select->new($manager)->can_read(0)) {
        defined $manager->recv(my $text, 4096) or die "recv: $!";
        $heard{$_}++ for split /\n/, $text;
    }
    return 1;
}

sub hears {
    my ($pattern, $text) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok(Named::wait_until(sub { listen_to(); return grep { /$pattern/ } keys %heard }), $text) or diag explain \%heard;
}

my $sim = MesosSim->new;
my %env = (NOTIFY_SOCKET => "$dir/notify", WATCHDOG_USEC => 300_000);
$sim->cmd("leader", master => "none");
my $named = Named->start(config => { masters => [ $sim->hostport ] }, env => \%env);
hears(qr/^STATUS=Waiting for the first state of the cluster$/, "it says what it waits for");
hears(qr/^WATCHDOG=1$/, "it lives");
ok !$heard{"READY=1"}, "it is not ready";
$sim->cmd("leader", master => 1);
hears(qr/^READY=1$/, "it is, with a state");
hears(qr/^STATUS=Serving \d+ names$/, "and says what it does");
my $signs = $heard{"WATCHDOG=1"};
ok Named::wait_until(sub { listen_to(); return $heard{"WATCHDOG=1"} > $signs + 2 }), "it goes on living";
$named->stop_ok;
hears(qr/^STOPPING=1$/, "the end");
is $heard{"READY=1"}, 1, "it was ready once";
is scalar(grep { !/^(READY|STOPPING|WATCHDOG)=1$|^STATUS=/ } keys %heard), 0, "and nothing else was said" or diag explain \%heard;

# Somebody else's watchdog, or none.
%heard = ();
$named = Named->start(config => { masters => [ $sim->hostport ] }, env => { %env, WATCHDOG_PID => 1 });
hears(qr/^READY=1$/, "ready");
$named->stop_ok;
hears(qr/^STOPPING=1$/, "the end");
ok !$heard{"WATCHDOG=1"}, "nobody asked whether it lives";

# The abstract kind of a name.
my $abstract = "\0mesos-named-test-$$";
$manager = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $abstract) or die "socket: $!";
%heard = ();
$named = Named->start(config => { masters => [ $sim->hostport ] }, env => { NOTIFY_SOCKET => "\@mesos-named-test-$$" });
hears(qr/^READY=1$/, "an abstract socket");
$named->stop_ok;

for my $name ("relative", "/" . "x" x 120, "$dir/gone") {
    $named = Named->start(config => { masters => [ $sim->hostport ] }, env => { %env, NOTIFY_SOCKET => $name });
    ok $named->wait_answer("leader.mesos"), "a socket that is none does no harm: " . substr $name, -8;
    $named->stop_ok;
}
$sim->stop;
done_testing;
