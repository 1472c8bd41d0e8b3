# SPDX-License-Identifier: Apache-2.0
# A life of the daemon under valgrind: no wrong access, and nothing left at the end.
use strict;
use warnings;

use Test::More;

use MesosSim;
use Named;
use NamedHttp;

my $program = ($ENV{MN_PLAIN_BUILDDIR} || "") . "/src/mesos-named";
plan skip_all => "no build without sanitizers is given (MN_PLAIN_BUILDDIR)" unless -x $program;
plan skip_all => "no valgrind" if system("valgrind --version >/dev/null 2>&1");
plan skip_all => "mesos-sim was not built" unless MesosSim::program();

$Named::PATIENCE = 120;
my $sim   = MesosSim->new;
my $named = Named->start(
    command => [
        split(/ /, "valgrind -q --leak-check=full --error-exitcode=99 --suppressions=$ENV{MN_SRCDIR}/t/valgrind.supp"),
        $program
    ],
    config  => NamedHttp::config(masters => [ $sim->hostport ], stateTimeoutSeconds => 60),
);
ok($named->wait_answer("_mywebservice._tcp.marathon.mesos", "SRV"), "answers from the state");
for my $tcp (0, 1) {
    my $via = $tcp ? "TCP" : "UDP";
    my $reply = $named->query("mywebservice.marathon.mesos", "A", tcp => $tcp, bufsize => 4096);
    cmp_ok(scalar($reply->answer), ">=", 5, "a name with addresses, by $via");
    is($named->query("nothing.marathon.mesos", "A", tcp => $tcp)->header->rcode, "NXDOMAIN", "an unknown name, by $via");
}
$sim->cmd("scale", app => "mywebservice", n => 9);
ok(
    Named::wait_until(sub {
        my $reply = $named->query("mywebservice.marathon.mesos", "A", bufsize => 4096) or return;
        return $reply->answer == 9;
    }),
    "the change arrives"
);
my $http = NamedHttp->new($named);
for my $path (qw(/v1/axfr /v1/enumerate /v1/hosts/mywebservice.marathon.mesos/ports /v1/explain/nothing.marathon /v1/config /metrics)) {
    is($http->get($path, "Accept-Encoding" => "gzip")->{status}, 200, "$path over HTTP");
}
is($http->get("/v1/watch?serial=0&timeout=0")->{status}, 200, "/v1/watch over HTTP");
is($named->stop, 0, "ends with status 0, which valgrind replaces if it has found something") or diag($named->log);
unlike($named->log, qr/^==\d+==/m, "valgrind has nothing to say");
is($sim->stop, 0, "the simulated cluster ends");
done_testing;
