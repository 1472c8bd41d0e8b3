# SPDX-License-Identifier: Apache-2.0
# Failovers, by the event stream: no name of a running task goes while a new master does not know of it yet.
use strict;
use warnings;

use Test::More;

use Failover;

plan skip_all => "mesos-sim was not built: libmicrohttpd is missing" unless MesosSim::program();

my $f = Failover->new("stream");
$f->failovers;
$f->starts;
$f->end;
done_testing;
