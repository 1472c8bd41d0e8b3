# SPDX-License-Identifier: Apache-2.0
# Requests that are broken, hostile or odd: each gets a clear answer or a closed connection, and nothing else suffers.
use strict;
use warnings;

use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep);

use Named;
use NamedHttp;

my $named = Named->start(config => NamedHttp::config(), args => ["-v=1"],
    state => "$ENV{MN_SRCDIR}/t/data/state/mesos-1.12.0-real-A03-marathon.json");
my $http = NamedHttp->new($named);
$named->wait_log(qr/the first state is served/);

my $host = "Host: x\r\nConnection: close\r\n";

# The replies on a connection that the bytes were sent over: [status, headers, body] each.
sub replies {
    my ($bytes, %opt) = @_;
    return NamedHttp::replies($http->raw($bytes), %opt);
}

sub is_error {
    my ($status, $error, $name, $bytes) = @_;
    my ($reply, @more) = replies($bytes);
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok $reply && !@more && $reply->{status} == $status && ($reply->{json} || {})->{error} =~ $error, "$name: $status"
        or diag explain $reply, @more;
}

subtest "targets" => sub {
    my @targets = (
        [ 404, qr/no such path/, "an unknown path", "/nothing" ],
        [ 404, qr/no such path/, "the root", "/" ],
        [ 404, qr/no such path/, "another case", "/V1/version" ],
        [ 404, qr/no such path/, "an empty segment", "//v1/version" ],
        [ 404, qr/no such path/, "more than the path", "/v1/version/x" ],
        [ 404, qr/no such path/, "less", "/v1" ],
        [ 404, qr/no such path/, "no name", "/v1/hosts/" ],
        [ 404, qr/no such path/, "dots that climb", "/v1/hosts/x/../../version" ],
        [ 400, qr/no path/,      "no path", "v1/version" ],
        [ 400, qr/no path/,      "an asterisk", "*" ],
        [ 400, qr/no path/,      "another scheme", "ftp://x/v1/version" ],
        [ 400, qr/encoding/,     "an encoding cut short", "/v1/hosts/a%" ],
        [ 400, qr/encoding/,     "one that is none", "/v1/hosts/a%zz" ],
        [ 400, qr/encoding/,     "a NUL", "/v1/hosts/a%00b" ],
        [ 400, qr/encoding/,     "no UTF-8", "/v1/hosts/a%ff" ],
        [ 400, qr/encoding/,     "an overlong slash", "/v1/hosts/a%c0%af" ],
        [ 414, qr/4096 bytes/,   "a long one", "/" . "a" x 5000 ],
        [ 414, qr/1023 bytes/,   "a long segment", "/v1/hosts/" . "a" x 1024 ],
        [ 400, qr/domain name/,  "an empty label", "/v1/hosts/a..mesos" ],
        [ 400, qr/63 bytes/,     "a long label", "/v1/hosts/" . "a" x 64 . ".mesos" ],
        [ 400, qr/than 255/,     "a long name", "/v1/services/" . "a." x 126 . "mesos" ],
    );
    is_error(@$_[ 0 .. 2 ], "GET $_->[3] HTTP/1.1\r\n$host\r\n") for @targets;
    my @good = ([ "encoded letters", "/v1/%76ersion" ], [ "a last slash", "/v1/version/" ], [ "a query", "/v1/version?a=%zz&&=" ],
        [ "absolute-form", "http://y:1/v1/version" ], [ "an encoded slash in a name", "/v1/hosts/a%2fports" ],
        [ "letters of another alphabet", "/v1/hosts/%c3%a4.mesos" ], [ "a NUL ends a target", "/v1/version\0x" ]);
    for (@good) {
        my ($reply, @more) = replies("GET $_->[1] HTTP/1.1\r\n$host\r\n");
        ok $reply && !@more && $reply->{status} == 200, "$_->[0]: 200";
    }
};

subtest "methods and versions" => sub {
    for my $method (qw(POST PUT DELETE OPTIONS PATCH TRACE FROB)) {
        my ($reply) = replies("$method /v1/version HTTP/1.1\r\n$host\r\n");
        ok $reply && $reply->{status} == 405 && $reply->{headers}{allow} eq "GET, HEAD", "$method: 405";
    }
    is_error(405, qr/not allowed/, "a method of 9000 letters", "X" x 9000 . " /v1/version HTTP/1.1\r\n$host\r\n");
    is_error(404, qr/no such path/, "an unknown path comes first", "POST /nothing HTTP/1.1\r\n$host\r\n");
    is_error(505, qr/understood/,   "HTTP/1.2", "GET /v1/version HTTP/1.2\r\n$host\r\n");
    is_error(400, qr/Host/,         "no Host", "GET /v1/version HTTP/1.1\r\nConnection: close\r\n\r\n");
    my ($reply, @more) = replies("GET /v1/version HTTP/1.0\r\n\r\n");
    ok $reply && !@more && $reply->{status} == 200 && $reply->{json}{Service}, "HTTP/1.0: 200";
    ($reply) = replies("GET /v1/axfr HTTP/1.0\r\n\r\n");
    ok $reply->{json}{Records} && !$reply->{headers}{"transfer-encoding"}, "its dump ends with the connection";
    like $http->raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), qr/^HTTP\S+ 505 /, "HTTP/2: 505";
};

subtest "bodies" => sub {
    my $error = qr/no body/;
    is_error(400, $error, "a body", "GET /v1/version HTTP/1.1\r\n${host}Content-Length: 3\r\n\r\nabc");
    is_error(400, $error, "a chunked one",
        "GET /v1/version HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    is_error(400, $error, "two lengths",
        "GET /v1/version HTTP/1.1\r\n${host}Content-Length: 0\r\nContent-Length: 5\r\n\r\nabcde");
    is_error(400, $error, "one that hides a request",
        "GET /v1/version HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            . "GET /v1/config HTTP/1.1\r\n$host\r\n");
    is_error(405, qr/not allowed/, "of a POST", "POST /v1/version HTTP/1.1\r\n${host}Content-Length: 3\r\n\r\nabc");
    is_error(405, qr/not allowed/, "that waits to be asked for",
        "POST /v1/version HTTP/1.1\r\n${host}Expect: 100-continue\r\nContent-Length: 100000\r\n\r\n");
    my ($reply) = replies("GET /v1/version HTTP/1.1\r\n${host}Content-Length: 0\r\n\r\n");
    is $reply->{status}, 200, "an empty one is none";
    like $http->raw("GET /v1/version HTTP/1.1\r\n${host}Content-Length: -3\r\n\r\n"), qr/^HTTP\S+ 400 /, "a negative length";
};

subtest "heads" => sub {
    like $http->raw("GET /v1/version HTTP/1.1\r\n${host}X: " . "b" x 50000 . "\r\n\r\n"), qr/^HTTP\S+ 431 /, "a long header";
    like $http->raw("GET /v1/version HTTP/1.1\r\n$host" . join("", map {"X$_: y\r\n"} 1 .. 5000) . "\r\n"), qr/^HTTP\S+ 431 /,
        "many headers";
    like $http->raw("GET /" . "a" x 50000 . " HTTP/1.1\r\n$host\r\n"), qr/^HTTP\S+ 414 /, "a target as long as that";
    like $http->raw("GET /v1/version HTTP/1.1\r\n${host}nonsense\r\n\r\n"), qr/^HTTP\S+ 400 /, "a header without colon";
    my ($reply) = replies("\r\n\r\nGET /v1/version HTTP/1.1\r\n$host\r\n");
    is $reply->{status}, 200, "empty lines before a request";
};

subtest "several requests on a connection" => sub {
    my @replies = replies("GET /v1/version HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"
            . "HEAD /v1/version HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/axfr HTTP/1.1\r\nHost: x\r\n\r\n"
            . "GET /v1/hosts/leader.mesos HTTP/1.1\r\n$host\r\n", heads => [2]);
    is_deeply [ map { $_->{status} } @replies ], [ 200, 404, 200, 200, 200 ], "sent at once: all are answered, in order";
    is $replies[2]{body}, "", "HEAD has no body";
    is $replies[2]{headers}{"content-length"}, length $replies[0]{body}, "but its length";
    ok $replies[3]{json}{Records}, "a dump between them";
    is $replies[4]{json}[0]{host}, "leader.mesos.", "and one after it";

    my $socket = $http->socket;
    for my $n (1 .. 3) {
        $socket->syswrite("GET /v1/version HTTP/1.1\r\nHost: x\r\n\r\n");
        ok NamedHttp::read_until($socket, qr/"Version": "[^"]*"\n \}\z/), "one after the other: $n";
    }
};

subtest "no HTTP" => sub {
    my @open;
    for my $bytes ("\x00\x01\x02\x03\xff", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" . "U" x 500, "\r\n" x 1000, "A" x 100000) {
        push @open, $http->socket;
        $open[-1]->syswrite($bytes);
    }
    $http->socket->close for 1 .. 10;
    my $cut = $http->socket;
    $cut->syswrite("GET /v1/axfr HTTP/1.1\r\nHo");
    $cut->close;
    for (1 .. 10) {    # gone before the answer
        my $socket = $http->socket;
        $socket->syswrite("GET /v1/enumerate HTTP/1.1\r\n$host\r\n");
        setsockopt $socket, Socket::SOL_SOCKET(), Socket::SO_LINGER(), pack("ii", 1, 0);
        $socket->close;
    }
    is $http->get("/v1/version")->{status}, 200, "others are served";
};

subtest "a request a byte at a time" => sub {
    my $socket = $http->socket;
    for my $byte (split //, "GET /v1/version HTTP/1.1\r\n$host\r\n") {
        $socket->syswrite($byte);
        sleep 0.001;
    }
    my ($reply) = NamedHttp::replies(NamedHttp::read_all($socket));
    is $reply->{status}, 200, "is answered";
};

unlike $named->log, qr/[^\x20-\x7e\n]/, "nothing of it steers a terminal that shows the log";
ok $named->query("leader.mesos", "A")->answer, "names are answered as before";
$named->stop_ok;
done_testing;
