# SPDX-License-Identifier: Apache-2.0
# The benchmarks run, and print a table with figures. What the figures are is no matter of a test.
use strict;
use warnings;

use Test::More;

use MesosSim;

plan skip_all => "mesos-sim was not built: libmicrohttpd is missing" unless MesosSim::program();

for my $benchmark (qw(answers ingest latency stream failover dumps forward costs)) {
  SKIP: {
        skip "$benchmark: no dnsperf", 1 if $benchmark =~ /^(?:answers|forward)$/ && !grep { -x "$_/dnsperf" } split /:/, $ENV{PATH};
        my $text = `perl '$ENV{MN_SRCDIR}/t/bench/$benchmark.pl' --smoke 2>&1`;
        ok($? == 0 && $text =~ /^\|[- |]+\|\n\| .*\d/m, $benchmark) or diag($text);
    }
}
done_testing;
