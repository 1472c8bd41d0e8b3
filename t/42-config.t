# SPDX-License-Identifier: Apache-2.0
# The command line: every way to write an option, every way to get it wrong, and what each tells the operator.
use strict;
use warnings;

use File::Temp qw(tempdir);
use IO::Socket::INET;
use JSON::PP;
use Test::More;
use Time::HiRes qw(time);

use MesosSim;
use Named;

my $state = "$ENV{MN_SRCDIR}/t/data/state/mesos-1.12.0-real-A03-marathon.json";
my $dir = tempdir(CLEANUP => 1);
my %base = (masters => ["127.0.0.1:1"], listener => "127.0.0.1", port => Named::free_port(), httpon => JSON::PP::false);

# The path of a file with this text, or with this as JSON.
sub file {
    my ($name, $content) = @_;
    if (ref $content) { Named::write_config("$dir/$name", $content) }
    else {
        open my $out, ">", "$dir/$name" or die "$dir/$name: $!";
        print $out $content;
        close $out;
    }
    return "$dir/$name";
}

# One test: the program ends with this status, and its output (of both kinds, the first argument says) has this.
sub ends {
    my ($status, $pattern, $name, @args) = @_;
    my ($got, $out, $err) = Named->run(@args);
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok $got == $status && "$out$err" =~ $pattern, $name or diag "status $got\n$out$err";
    return ($out, $err);
}

my $good = file("good.json", \%base);

subtest "spellings" => sub {
    ends(0, qr/^mesos-named \d+\.\d+\.\d+\n\z/, $_, $_) for "-version", "--version", "-version=true";
    ends(0, qr/\Ausage: mesos-named -config=FILE/, $_, $_) for "-help", "--help", "-h";
    my $fine = qr/\A\Q$good\E: the configuration is good\n\z/;
    for my $config ([ "-config=$good" ], [ "--config=$good" ], [ "-config", $good ], [ "--config", $good ], [ "-c", $good ],
        [ "-c=$good" ], [ "--c", $good ]) {
        ends(0, $fine, "@$config", "-t", @$config);
    }
    ends(0, $fine, "@$_", @$_, "-t", "-config=$good") for ["-v=0"], ["-v=1"], ["--v=2"], [ "-v", 1 ], [ "--v", 2 ];
    ends(0, $fine, "after the others", "-config=$good", "-v=1", "-t");
    ends(0, qr/^mesos-named \d/, "what is false is off", "-t=false", "-version=true", "-config=$good");
    ends(0, $fine, "the last one counts", "-t", "-config=/nothing", "-config=$good");
};

subtest "a wrong command line" => sub {
    ends(2, qr/-config=FILE is missing.*-help/,  "no configuration");
    ends(2, qr/-config=FILE is missing/,         "nor for -t", "-t");
    ends(2, qr/unknown option --conifg=x/,       "an unknown option", "--conifg=x");
    ends(2, qr/unknown option -configs/,         "one that only begins like another", "-configs", $good);
    ends(2, qr/unexpected argument $good/,       "an argument too many", "-t", $good);
    ends(2, qr/$_ needs a value/,                "no value for $_", "-t", $_) for "-config", "--config=", "--state", "-v";
    ends(2, qr/verbosity is 0, 1 or 2, not $_/,  "-v=$_", "-config=$good", "-v=$_") for 3, "x", "11", "-1";
    ends(2, qr/-t=maybe: it is true or false/,   "-t=maybe", "-config=$good", "-t=maybe");
    my ($out) = ends(2, qr/./, "what is wrong", "--bad");
    is $out, "", "goes to standard error";
};

subtest "a wrong configuration" => sub {
    my %wrong = (
        "no file"           => [ "$dir/nothing",                  qr/nothing: error: cannot be read: No such file/ ],
        "a folder"          => [ $dir,                            qr/error: cannot be read: Is a directory/ ],
        "empty"             => [ file("empty", ""),               qr/error: line 1.* not JSON/ ],
        "cut"               => [ file("cut", "{\n\"port\": 1"),   qr/error: line 2.* not JSON/ ],
        "a list"            => [ file("list", "[]"),              qr/error: must be one JSON object/ ],
        "a key twice"       => [ file("twice", '{"port": 1, "port": 2}'), qr/error: .*port/ ],
        "in both cases"     => [ file("both", '{"masters": ["a"], "port": 1, "Port": 2}'), qr/error: port.*/i ],
        "too large"         => [ file("large", " " x (2 << 20)),  qr/error: is larger than 1048576 bytes/ ],
        "no master"         => [ file("none", {}),                qr/error: masters: zk or masters is needed/ ],
        "a wrong type"      => [ file("type", { %base, ttl => "60" }), qr/error: ttl: must be a whole number .*, not "60"/ ],
        "a wrong value"     => [ file("value", { %base, port => 65536 }), qr/error: port: .* to 65535, not 65536/ ],
        "a wrong address"   => [ file("address", { %base, listener => ["127.0.0.256"] }), qr/error: listener.*127\.0\.0\.256/ ],
        "a wrong master"    => [ file("master", { %base, masters => ["host:99999"] }), qr/error: masters.*host:99999/ ],
        "one master twice"  => [ file("masters", { %base, masters => [ "HOST", "host:5050" ] }), qr/error: masters.*host/i ],
        "a wrong domain"    => [ file("domain", { %base, domain => "a_b" }), qr/error: domain: must be labels/ ],
        "a wrong source"    => [ file("source", { %base, IPSources => ["net"] }), qr/error: IPSources.*"net"/ ],
        "nobody to be"      => [ file("user", { %base, user => "no-such-user" }), qr/error: user: .*no-such-user/ ],
        "half a pair"       => [ file("pair", { %base, certFile => $good }), qr/error: keyFile: is missing/ ],
        "no such file"      => [ file("ca", { %base, mesosHTTPSOn => JSON::PP::true, caCertFile => "/nothing" }),
            qr{error: caCertFile: .*/nothing.*No such file} ],
        "itself"            => [ file("self", { %base, resolvers => ["127.0.0.1:$base{port}"] }), qr/error: resolvers.*127\.0\.0\.1/ ],
        "nothing to do"     => [ file("off", { %base, dnson => JSON::PP::false }), qr/error: dnson/ ],
        "no account"        => [ file("account", { %base, mesosAuthentication => "iam" }), qr/error: iamConfigFile: must be set/ ],
        "no account's file" => [ file("account-file", { %base, mesosAuthentication => "iam", iamConfigFile => $good }),
            qr/error: iamConfigFile: the file must have a string "private_key"/ ],
        "no zone file"      => [ file("zone", { %base, zones => [ { name => "a.b", file => "/nothing" } ] }),
            qr{error: .*/nothing.*No such file} ],
    );
    for my $what (sort keys %wrong) {
        my ($file, $pattern) = @{ $wrong{$what} };
        my ($out, $err) = ends(1, $pattern, "$what: -t says it", "-t", "-config=$file");
        is $err, "", "on standard output";
        ends(1, qr/ error conf: \Q$file\E: /, "$what: the log says it", "-config=$file");
    }
    my ($out) = ends(1, qr/listner: unknown key; the nearest known one is "listener"/, "all that is wrong is told", "-t",
        "-config=" . file("all", { listner => 1, Port => "x", TTL => -1, email => "a\@b", masters => ["a"] }));
    like $out, qr/error: (?i:port)/, "also the second";
    like $out, qr/error: (?i:ttl)/,  "and the third";
    like $out, qr/warning: email: .*obsolete/, "a dead key is known";
    ends(0, qr/warning: .*\n.*: the configuration is good\n\z/s, "warnings alone do no harm", "-t",
        "-config=" . file("warned", { %base, listner => 1 }));
};

subtest "zone files" => sub {
    my $zone = file("zone.bad", "\$TTL 60\n@ SOA ns host 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\nbad A 192.0.2.300\n\nother TXT (\n");
    my $conf = file("zones.json", { %base, zones => [ { name => "a.example", file => $zone } ] });
    my ($out) = ends(1, qr/^error: \Q$zone\E:5: /m, "an error has its line", "-t", "-config=$conf");
    like $out, qr/^error: \Q$zone\E:7: /m, "the next as well";
    my $named = Named->start(config => { zones => [ { name => "a.example", file => $zone } ] }, state => $state);
    like $named->log, qr/error zone: \Q$zone\E:5: /, "the server logs it";
    is scalar($named->query("ns.a.example", "A")->answer), 1, "and serves the rest";
    $named->stop_ok;
};

subtest "--dump-zone" => sub {
    my ($out, $err) = ends(0, qr/./, "of a file", "--dump-zone", "--state", $state, "-config=$good");
    like $out, qr/\Amesos\.\s+60\s+IN\s+SOA\s+ns1\.mesos\. /, "it begins with the SOA";
    like $out, qr/^leader\.mesos\.\t60\tIN\tA\t127\.0\.0\.1$/m, "and has the leader";
    my ($same) = ends(0, qr/./, "of a file, written otherwise", "-dump-zone", "-state=$state", "-c", $good);
    s/SOA.*// for $out, $same;
    is $same, $out, "the same";
    my $pipe = `'@{[Named::binary()]}' --dump-zone --state - -config='$good' <'$state' 2>/dev/null`;
    $pipe =~ s/SOA.*//;
    is $pipe, $out, "from standard input";

    my $none = file("none.json", {});
    ends(0, qr/^leader\.mesos\./m, "with a file no master is needed", "--dump-zone", "--state", $state, "-config=$none");
    ends(1, qr/error mesos: .*cannot be read.*nothing: No such file/, "a file that is not there", "--dump-zone", "--state",
        "$dir/nothing", "-config=$good");
    ends(1, qr/error mesos: .*cannot be read/, "one that is no state", "--dump-zone", "--state", $good, "-config=$good");
    my $cut = file("cut.json", substr Named::slurp($state), 0, 3000);
    ($out) = ends(1, qr/error mesos: .*cannot be read.*cut\.json/, "half of one", "--dump-zone", "--state", $cut, "-config=$good");
    is $out, "", "no zone is printed";

    ($out) = ends(1, qr/host=127\.0\.0\.1 port=1 reason=connect.*error mesos: no master gave its state/s, "no master there",
        "--dump-zone", "-config=$good");
    is $out, "", "no zone is printed";
    my $silent = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => 0, Listen => 5) or die;
    my $hangs = file("hangs.json", { %base, masters => [ "127.0.0.1:" . $silent->sockport ], stateTimeoutSeconds => 1 });
    my $began = time;
    ends(1, qr/reason=timeout.*error mesos: no master gave its state/s, "one that is silent", "--dump-zone", "-config=$hangs");
    ok time - $began < 10, "it does not take long";
SKIP: {
        skip "mesos-sim was not built", 4 unless MesosSim::program();
        my $sim = MesosSim->new(masters => 2);
        my $conf = file("sim.json", { %base, masters => [ $sim->hostport(2) ] });    # a standby
        ($out) = ends(0, qr/^mywebservice\.marathon\.mesos\.\t60\tIN\tA/m, "from a master", "--dump-zone", "-config=$conf");
        unlike $out, qr/^\d{4}-/m, "the log keeps out of it";
        my $counters = $sim->counters;
        is $counters->{states} + $counters->{snapshots}, 1, "one request for the state";
        $sim->stop;
        ok !IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $base{port}, Proto => "tcp"), "no port is open";
    }
};

subtest "--state" => sub {
    my $named = Named->start(state => $state, config => { masters => undef });
    ok $named->wait_answer("leader.mesos", "A"), "a file is served";
    is $named->query("nothing.mesos", "A")->header->rcode, "NXDOMAIN", "as a zone";
    like $named->log, qr/the first state is served serial=\d+ agents=1 /, "which the log tells";
    $named->stop_ok;
    for my $file ("$dir/nothing", $good) {
        my ($status, undef, $err) = Named->run("-config=$good", "--state", $file);
        is $status, 1, "a file that is none ends it";
        like $err, qr/error mesos: the state cannot be read error="\Q$file\E: /, "with the reason";
    }
};

subtest "verbosity" => sub {
    my %lines;
    for my $level (0, 1, 2) {
        my $named = Named->start(state => $state, args => ["-v=$level"]);
        $named->wait_answer("leader.mesos", "A");
        $named->query("leader.mesos", "A") for 1 .. 5;
        $named->stop_ok;
        like $named->log, qr/info daemon: mesos-named \S+ starts .*info daemon: stopping/s, "-v=$level: start and end are told";
        is_deeply [ grep { !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (error|warning|info|debug|trace) \w+: ./ } split /\n/, $named->log ],
            [], "-v=$level: each line has time, level and module";
        unlike $named->log, qr/ (debug|trace) /, "-v=0 is quiet" if $level == 0;
        unlike $named->log, qr/ trace /, "-v=1 is not all" if $level == 1;
    }
    my $named = Named->start(state => $state, env => { JOURNAL_STREAM => "8:1" });
    $named->stop_ok;
    is_deeply [ grep { !/^<[3467]>\w+: / } split /\n/, $named->log ], [], "under systemd lines have priorities and no time";
};

done_testing;
