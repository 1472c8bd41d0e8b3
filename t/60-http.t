# SPDX-License-Identifier: Apache-2.0
# The HTTP interface beside the dumps of t/61-dumps.t: what Mesos-DNS answered to the same requests, who may use it, where
# it listens, how bodies are sent.
use strict;
use warnings;

use File::Temp qw(tempdir);
use IO::Socket::UNIX;
use JSON::PP;
use MIME::Base64;
use Test::More;

use Named;
use NamedHttp;

my $dir = tempdir(CLEANUP => 1);
my $state = "$ENV{MN_SRCDIR}/t/data/state/mesos-1.12.0-real-A03-marathon.json";

# A server with these keys that serves a state, and its client.
sub start {
    my ($file, %keys) = @_;
    my $named = Named->start(config => NamedHttp::config(%keys), state => $file);
    $named->wait_log(qr/the first state is served/);
    return ($named, NamedHttp->new($named));
}

# What the path gives over a unix socket.
sub over_unix {
    my ($socket, $path) = @_;
    my $client = IO::Socket::UNIX->new(Peer => $socket) or return {};
    $client->syswrite("GET $path HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    return (NamedHttp::replies(NamedHttp::read_all($client)))[0] || {};
}

subtest "as Mesos-DNS answered" => sub {
    my $captures = "$ENV{MN_SRCDIR}/../shared/captures";
    my $captured = Named::slurp("$captures/http/mesos-dns-v1.txt") or plan skip_all => "no $captures/http/mesos-dns-v1.txt";
    my ($named, $http) = start("$captures/state/mesos-0.19.1-mesos-dns-fake.json", masters => ["127.0.0.1:15050"]);
    my $sorted = sub { join "\n", sort split /,?\n/, $_[0] };    # the order of records is of no account
    my @pages = split /^### GET /m, $captured;
    for my $page (grep { m{^/v1/(?:hosts|services)/} } @pages) {
        my ($path, $head, $body) = $page =~ /^(\S+)\n(.*?)\n\n(.*?)\n?\z/s;
        my $reply = $http->get($path);
        if ($path =~ m{/ports$}) { is $reply->{status}, 200, "$path: not to be implemented any more"; next }
        is $sorted->($reply->{content}), $sorted->($body), "$path: the same bytes";
        my ($type) = $head =~ /^Content-Type: (.*)$/m;
        is $reply->{headers}{"content-type"}, $type, "$path: the same type";
    }
    my ($config) = map { m{^/v1/config\n.*?\n\n(.*)}s ? JSON::PP->new->decode($1) : () } @pages;
    my $ours = $http->json("/v1/config");
    is_deeply [ grep { !exists $ours->{$_} } sort keys %$config ], [], "/v1/config has all of its keys";
    is_deeply [ grep { ref $ours->{$_} ne ref $config->{$_} } sort keys %$config ], [], "with values of its types";
    $named->stop_ok;
};

my ($named, $http) = start($state);

subtest "the server itself" => sub {
    my ($version) = `'@{[ Named::binary() ]}' -version` =~ /^mesos-named (\S+)/;
    my $reply = $http->get("/v1/version");
    is $reply->{headers}{"content-type"}, "application/json", "JSON";
    is $reply->{content}, qq({\n  "Service": "mesos-named",\n  "URL": "",\n  "Version": "$version"\n }), "/v1/version";
    my $config = $http->json("/v1/config");
    is $config->{HttpPort}, $http->{port}, "/v1/config is the configuration in effect";
    is $config->{SOASerial}, ($named->query("mesos", "SOA")->answer)[0]->serial, "with the serial";
};

subtest "names" => sub {
    my $expected = [ { host => "leader.mesos.", ip => "127.0.0.1" } ];
    is_deeply $http->json("/v1/hosts/$_"), $expected, $_ for qw(leader.mesos leader.mesos. LEADER.Mesos %6ceader.mesos leader.mesos/);
    is_deeply $http->json("/v1/hosts/nothing.mesos"), [ { host => "", ip => "" } ], "nothing there";
    is_deeply $http->json("/v1/hosts/example.org"), [ { host => "", ip => "" } ], "nor elsewhere";
    is_deeply $http->json("/v1/hosts/localhost"), [ { host => "localhost.", ip => "127.0.0.1" }, { host => "localhost.", ip => "::1" } ],
        "a local zone's";
    is_deeply $http->json("/v1/services/_Leader._tcp.mesos"),
        [ { service => "_Leader._tcp.mesos", host => "leader.mesos.", ip => "127.0.0.1", port => "15050" } ],
        "a service, as it was asked for";
    is_deeply $http->json("/v1/services/leader.mesos"), [ { map { $_ => "" } qw(service host ip port) } ], "a host is none";
};

subtest "ports" => sub {
    my $srvs = $http->json("/v1/axfr")->{Records}{SRVs};
    my $ports = sub { [ sort map { "$_->{service} $_->{host}:$_->{port} $_->{protocol} $_->{ip}" } @{ $http->json("/v1/hosts/$_[0]/ports") } ] };
    is_deeply $ports->("leader.mesos"), [ map { "_leader._$_.mesos. leader.mesos.:15050 $_ 127.0.0.1" } qw(tcp udp) ], "of a host";
    for my $host (map { s/:\d+$//r } map { @{ $srvs->{$_} } } grep { /^_app\b/ } keys %$srvs) {
        my @expected = map { my $owner = $_; map {"$owner $_"} grep { /^\Q$host\E:/ } @{ $srvs->{$owner} } } keys %$srvs;
        is_deeply [ map { s/ \w+ [\d.]+$//r } @{ $ports->($host) } ], [ sort @expected ], "of $host: all that point to it";
    }
    for my $task ("app-group", "app.group") {
        my @services = sort grep { /^(?:_[^.]+\.)?_\Q$task\E\._[^.]+\.marathon\.mesos\.$/ } keys %$srvs;
        my %found = map { (split)[0] => 1 } @{ $ports->("$task.marathon.mesos") };
        is_deeply [ sort keys %found ], \@services, "of $task: what it brings, " . @services . " services";
    }
    is_deeply $ports->("nothing.mesos"), [], "of nothing";
};

subtest "compression" => sub {
    for my $path ("/v1/axfr", "/v1/enumerate", "/v1/config") {
        my $plain = $http->get($path);
        my $reply = $http->get($path, "Accept-Encoding" => "br, gzip;q=0.5");
        is $reply->{headers}{"content-encoding"}, "gzip", "$path: compressed";
        is $reply->{headers}{vary}, "Accept-Encoding", "$path: which may vary";
        is $plain->{headers}{vary}, "Accept-Encoding", "$path: as it says without";
        is gunzip($reply->{content}), $plain->{content}, "$path: to the same bytes";
        for my $refused ("identity", "gzip;q=0", "gzip; q=0.000", "gzipped") {
            is $http->get($path, "Accept-Encoding" => $refused)->{headers}{"content-encoding"}, undef, "$path: $refused";
        }
        my $head = $http->request("HEAD", $path, "Accept-Encoding" => "*");
        is $head->{headers}{"content-encoding"}, "gzip", "$path: HEAD says the same";
        is $head->{content} // "", "", "$path: and no more";
    }
};

sub gunzip {
    my ($bytes) = @_;
    open my $out, ">:raw", "$dir/body.gz" or die $!;
    print $out $bytes;
    close $out;
    return scalar qx(gzip -dc '$dir/body.gz');
}

subtest "a client's share of dumps" => sub {
    my ($refused, $served) = (undef, 0);
    for (1 .. 200) {
        my $reply = $http->get("/v1/axfr");
        if ($reply->{status} == 200) { $served++; next }
        $refused = $reply;
        last;
    }
    is $refused->{status}, 429, "refused in the end";
    cmp_ok $refused->{headers}{"retry-after"}, ">=", 1, "and told when to come again";
    like $refused->{content}, qr/"error": "too many requests/, "with an error";
    is $http->get("/v1/hosts/leader.mesos")->{status}, 200, "what costs little is served";
};
$named->stop_ok;

subtest "no enumeration" => sub {
    my ($named, $http) = start($state, enumerationOn => JSON::PP::false);
    for my $path ("/v1/axfr", "/v1/enumerate") {
        my $reply = $http->get($path);
        is $reply->{status}, 404, "$path: not found";
        like $reply->{content}, qr/"error": ".*enumerationOn/, "$path: says why";
    }
    is $http->get("/v1/hosts/leader.mesos")->{status}, 200, "single names are";
    $named->stop_ok;
};

subtest "before the first state" => sub {
    my $named = Named->start(config => NamedHttp::config());
    my $http = NamedHttp->new($named);
    for my $path (qw(/v1/hosts/leader.mesos /v1/services/_leader._tcp.mesos /v1/axfr /v1/enumerate /v1/hosts/leader.mesos/ports)) {
        my $reply = $http->get($path);
        ok $reply->{status} == 503 && $reply->{headers}{"retry-after"}, "$path: not available yet";
    }
    is $http->get("/v1/hosts/localhost")->{status}, 200, "a local zone's name is";
    is $http->get("/v1/version")->{status}, 200, "and the version";
    $named->stop_ok;
};

sub refused_without {
    my ($http, $challenge, @wrong) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    for my $wrong (undef, @wrong) {
        my $reply = $http->get("/v1/version", defined $wrong ? (Authorization => $wrong) : ());
        ok $reply->{status} == 401 && $reply->{headers}{"www-authenticate"} eq $challenge, "not with " . ($wrong // "nothing");
    }
}

subtest "basic authentication" => sub {
    my ($named, $http) = start($state, httpCredentials => { user => "op", password => "s3cr:t" });
    my $right = encode_base64("op:s3cr:t", "");
    is $http->get("/v1/version", Authorization => $_)->{status}, 200, "with $_" for "Basic $right", "basic  $right ";
    refused_without($http, q(Basic realm="mesos-named", charset="UTF-8"), "Basic", "Basic ", "Basic " . encode_base64("op:s3cr:", ""),
        "Basic " . encode_base64("op:s3cr:tt", ""), "Bearer $right", $right, "Basic$right", "Basic $right$right");
    is $http->get("/nothing")->{status}, 404, "what is not there is not there";
    my $config = $http->get("/v1/config", Authorization => "Basic $right")->{content};
    unlike $config, qr/s3cr/, "the password is not shown";
    unlike $named->log, qr/s3cr|\Q$right/, "nor logged";
    $named->stop_ok;
};

subtest "a bearer token" => sub {
    my ($named, $http) = start($state, httpCredentials => { token => "let-me-in" });
    is $http->get("/v1/axfr", Authorization => "Bearer let-me-in")->{status}, 200, "with it";
    refused_without($http, q(Bearer realm="mesos-named"), "Bearer let-me-i", "Bearer let-me-inn", "Bearer", "Basic let-me-in");
    $named->stop_ok;
};

subtest "the manual page" => sub {
    my @routes = Named::slurp("$ENV{MN_SRCDIR}/src/http/route.c") =~ m!^\t\{"(/[^"]+)", !mg;
    my @documented = map { s/ Ns Ar NAME(?: Ns Pa)?\s*/*/gr } Named::slurp("$ENV{MN_SRCDIR}/doc/mesos-named-http.7") =~ /^\.It Pa (.*)$/mg;
    is_deeply [ sort @documented ], [ sort @routes ], "has every path, and no other";
};

subtest "a unix socket" => sub {
    my $path = "$dir/http.sock";
    my %keys = (httplistener => $path, httpport => undef);
    my $named = Named->start(config => NamedHttp::config(%keys), state => $state);
    is over_unix($path, "/v1/version")->{json}{Service}, "mesos-named", "serves";
    is sprintf("%o", (stat $path)[2] & 0777), "660", "for its owner and group";

    my ($status, undef, $errors) = Named->run("-config=$named->{config}", "--state", $state);
    isnt $status, 0, "a second server does not take it over";
    $named->stop("KILL");
    ok -S $path, "one that was killed leaves it behind";
    $named->launch;
    ok Named::wait_until(sub { over_unix($path, "/v1/version")->{status} }), "the next one replaces it";
    unlink $path;
    my $other = IO::Socket::UNIX->new(Local => $path, Listen => 1) or die "$path: $!";
    $named->stop_ok;
    ok -S $path, "what stands there instead in the end is not its to remove";
    $other->close;
    unlink $path;

    $named->launch;
    ok Named::wait_until(sub { over_unix($path, "/v1/version")->{status} }), "made again";
    $named->stop_ok;
    ok !-e $path, "and removed";
    Named::write_config("$dir/file.sock", {});
    my %config = (masters => ["127.0.0.1:1"], listener => "127.0.0.1", port => Named::free_port(), httplistener => "$dir/file.sock");
    Named::write_config("$dir/config.json", \%config);
    ($status, undef, $errors) = Named->run("-config=$dir/config.json");
    ok $status && $errors =~ /is there already and is no socket/, "a file that is no socket stays" or diag $errors;
    ok -f "$dir/file.sock", "where it is";
};

subtest "a port that is taken" => sub {
    my $holder = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1) or die $!;
    my %config = (masters => ["127.0.0.1:1"], listener => "127.0.0.1", port => Named::free_port(), httplistener => "127.0.0.1",
        httpport => $holder->sockport);
    Named::write_config("$dir/config.json", \%config);
    my ($status, undef, $errors) = Named->run("-config=$dir/config.json");
    isnt $status, 0, "ends the start";
    like $errors, qr/http: cannot listen on 127\.0\.0\.1 port \d+: Address already in use/, "and says why";
};

subtest "HTTP alone" => sub {
    my $named = Named->start(config => NamedHttp::config(dnson => JSON::PP::false), state => $state, wait => 0);
    my $http = NamedHttp->new($named);
    ok Named::wait_until(sub { $http->get("/v1/hosts/leader.mesos")->{status} == 200 }), "answers without DNS";
    $named->stop_ok;
};

done_testing;
