# SPDX-License-Identifier: Apache-2.0
# The HTTP server: what every path has in common, and the endpoints that tell about the server itself.
use strict;
use warnings;

use Test::More;

use Named;
use NamedHttp;

my $state = "$ENV{MN_SRCDIR}/t/data/state/mesos-1.12.0-real-A03-marathon.json";
my $named = Named->start(config => NamedHttp::config(), state => $state);
my $http = NamedHttp->new($named);
$named->wait_log(qr/the first state is served/);

subtest "/v1/version" => sub {
    my $reply = $http->get("/v1/version");
    is $reply->{status}, 200, "found";
    is $reply->{headers}{"content-type"}, "application/json", "JSON";
    my ($version) = `'@{[ Named::binary() ]}' -version` =~ /^mesos-named (\S+)/;
    is $reply->{content}, qq({\n  "Service": "mesos-named",\n  "URL": "",\n  "Version": "$version"\n }), "as Mesos-DNS writes it";
};

subtest "/v1/config" => sub {
    my $config = $http->json("/v1/config");
    is $config->{HttpPort}, $http->{port}, "the configuration in effect";
    is $config->{SOASerial}, ($named->query("mesos", "SOA")->answer)[0]->serial, "with the serial";
};

$named->stop_ok;
done_testing;
