# SPDX-License-Identifier: Apache-2.0
# Fetching from the simulated masters: whatever they do, the zone that was served goes on being served, and once they
# are well again it follows them.
use strict;
use warnings;

use Certificates;
use Iam;
use JSON::PP;
use MesosSim;
use Named;
use Test::More;

plan skip_all => "mesos-sim was not built: libmicrohttpd is missing" unless MesosSim::program();

my $NAME = "fetch.marathon.mesos";

# The addresses of the app, sorted, as text.
sub addresses {
    my ($named) = @_;
    my $reply = $named->query($NAME, "A", tcp => 1) or return "none";
    return join " ", sort map { $_->type eq "A" ? $_->address : () } $reply->answer;
}

sub expected {
    my ($sim) = @_;
    return join " ", sort map { @{ $_->{ips} } } grep { $_->{state} eq "TASK_RUNNING" } $sim->tasks("fetch");
}

# Until the zone says what the cluster is.
sub follows {
    my ($named, $sim, $name) = @_;
    my $wanted = expected($sim);
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok Named::wait_until(sub { addresses($named) eq $wanted }), $name or diag $named->log;
}

sub cluster {
    my (%opt) = @_;
    my $sim = MesosSim->new(%opt);
    $sim->cmd("app-add", name => "fetch", n => 2, network => "bridge");
    return $sim;
}

sub start {
    my ($sim, %config) = @_;
    my @masters = map { $sim->hostport($_) } 1 .. @{ $sim->{masters} };
    return Named->start(
        config => { masters => \@masters, stateSource => "poll", refreshSeconds => 1,
            stateTimeoutSeconds => 1, IPSources => ["netinfo"], %config });
}

# How many there are of a log line.
sub times_logged {
    my ($named, $pattern) = @_;
    return scalar(() = $named->log =~ /$pattern/g);
}

subtest "every fault, one after the other" => sub {
    my $sim = cluster(masters => 2);
    my $named = start($sim);
    my $n = 2;
    my @faults = (
        [ "connect", kind => "refuse" ],
        [ "timeout", kind => "hang" ],
        [ "cut", kind => "reset" ],
        [ "timeout", kind => "slow", rate => 100 ],
        [ "cut", kind => "cut", after => 3000 ],
        [ "timeout", kind => "stall", after => 3000 ],
        [ "document|http", kind => "garbage" ],
        [ "document|http", kind => "truncate" ],
        [ "status", kind => "500" ],
        [ "no_leader", kind => "503" ],
        [ "status", kind => "404" ],
        [ "redirect", kind => "loop" ],
        [ "redirect", kind => "redirect", to => "http://127.0.0.1:1/elsewhere" ],
    );
    follows($named, $sim, "the zone is there");
    for my $fault (@faults) {
        my ($reason, %how) = @$fault;
        my $was = addresses($named);
        my $line = qr/reason=(?:$reason):/;
        my $logged = times_logged($named, $line);
        my $serial = ($named->query("mesos", "SOA")->answer)[0]->serial;

        $sim->cmd("fault", %how);
        $sim->cmd("scale", app => "fetch", n => ++$n);
        ok Named::wait_until(sub { times_logged($named, $line) > $logged }), "$how{kind}: is a failure ($reason)"
            or diag $named->log;
        is addresses($named), $was, "$how{kind}: the old zone goes on being served";
        is(($named->query("mesos", "SOA")->answer)[0]->serial, $serial, "$how{kind}: and its serial stays");
        $sim->cmd("clear");
        follows($named, $sim, "$how{kind}: afterwards the zone follows");
    }
    $named->stop_ok;
    is $sim->stop, 0, "the cluster ends";
};

subtest "another leader" => sub {
    my $sim = cluster(masters => 3);
    my $named = start($sim, masters => [ $sim->hostport(3) ]);    # a standby alone is known

    follows($named, $sim, "a standby redirects");
    for my $leader (2, 3, 1) {
        $sim->cmd("leader", master => $leader);
        my $port = $sim->port($leader);
        ok Named::wait_until(
            sub {
                my ($srv) = grep { $_->type eq "SRV" } $named->query("_leader._tcp.mesos", "SRV")->answer;
                return $srv && $srv->port == $port;
            }
            ),
            "master $leader leads: its port is published";
        ok $named->wait_log(qr/leader=127\.0\.0\.1:$port /), "and logged";
    }
    $sim->cmd("scale", app => "fetch", n => 4);
    follows($named, $sim, "changes of the new leader are seen");
    $sim->cmd("leader", master => "none");
    ok $named->wait_log(qr/reason=no_leader/), "nobody leads";
    follows($named, $sim, "the zone stays");
    $named->stop_ok;
    $sim->stop;
};

subtest "masters that come later" => sub {
    my $sim = cluster();
    $sim->cmd("fault", kind => "refuse");
    my $named = start($sim);

    ok $named->wait_log(qr/no master gave its state/), "nobody is there";
    is $named->query($NAME, "A")->header->rcode, "SERVFAIL", "no zone yet";
    $sim->cmd("clear");
    follows($named, $sim, "then one is");
    $named->stop_ok;
    $sim->stop;
};

subtest "few connections, compressed" => sub {
    my $sim = cluster();
    my $named = start($sim);

    ok Named::wait_until(sub { $sim->counters->{states} >= 3 }), "it polls";
    my $counters = $sim->counters;
    is $counters->{compressed}, $counters->{states}, "every state went compressed";
    is $counters->{connections}, 1, "over one connection";
    $named->stop_ok;
    $sim->stop;
};

subtest "basic authentication" => sub {
    my $sim = cluster(args => [ "--user", "principal", "--password", "Secret-4711" ]);
    my %auth = (mesosAuthentication => "basic");
    my $named = start($sim, %auth, mesosCredentials => { principal => "principal", secret => "Wrong-4711" });

    ok $named->wait_log(qr/reason=auth: status 401/), "a wrong secret is told apart";
    unlike $named->log, qr/4711/, "and not told";
    $named->stop_ok;
    $named = start($sim, %auth, mesosCredentials => { principal => "principal", secret => "Secret-4711" });
    follows($named, $sim, "the right one opens");
    unlike $named->log, qr/4711/, "and is not told either";
    $named->stop_ok;
    $sim->stop;
};

subtest "a service account's token" => sub {
    my $iam = Iam->new or plan skip_all => "openssl made no key";
    my $sim = cluster(args => [ "--token", "Token-4711" ]);
    my %auth = (mesosAuthentication => "iam", iamConfigFile => $iam->account);
    my $named = start($sim, %auth);

    ok $named->wait_log(qr/no token from the IAM .*: status 401/), "a login that is refused";
    ok !$sim->counters->{unauthorized}, "masters are not asked without a token";
    $iam->give("Token-4710");
    ok $named->wait_log(qr/reason=auth: status 401/), "a token that the master does not take";
    $iam->give("Token-4711");
    follows($named, $sim, "one that it takes");
    is_deeply [ grep { $_ ne "good" } $iam->logins ], [], "every login was in order";

    my $logins = $iam->logins;
    my $states = $sim->counters->{states};
    ok Named::wait_until(sub { $sim->counters->{states} >= $states + 2 }), "polls go on";
    is scalar($iam->logins), $logins, "with the token that is there";
    $iam->give("Token-4712");
    $sim->cmd("token", value => "Token-4712");
    $sim->cmd("scale", app => "fetch", n => 4);
    follows($named, $sim, "another one is asked for when the old one is refused");
    unlike $named->log, qr/471\d/, "nothing of it is logged";
    $named->stop_ok;

    $named = start($sim, %auth, stateSource => "stream");
    follows($named, $sim, "the stream takes it too");
    $sim->cmd("scale", app => "fetch", n => 2);
    follows($named, $sim, "and what changes");
    $named->stop_ok;
    $sim->stop;
};

subtest "HTTPS" => sub {
    my $dir = Certificates::make() or plan skip_all => "openssl made no certificates";
    my $sim = eval { cluster(args => [ "--tls-key", "$dir/ip.key", "--tls-cert", "$dir/ip.pem" ]) }
        or plan skip_all => "mesos-sim has no TLS";
    my %https = (mesosHTTPSOn => JSON::PP::true);

    my $named = start($sim, %https, caCertFile => "$dir/ca.pem");
    follows($named, $sim, "a certificate of the authority");
    $named->stop_ok;
    $named = start($sim, %https, caCertFile => "$dir/other.pem");
    ok $named->wait_log(qr/reason=tls: /), "another authority is not trusted";
    $named->stop_ok;
    $named = start($sim, %https);
    ok $named->wait_log(qr/reason=tls: /), "nor is it by the system's";
    $named->stop_ok;
    $sim->stop;

    # A certificate of the name only, and a leader that tells its address.
    $sim = cluster(masters => 2, args => [ "--tls-key", "$dir/name.key", "--tls-cert", "$dir/name.pem" ]);
    my @masters = map { "localhost:" . $sim->port($_) } 2, 1;
    $named = start($sim, %https, caCertFile => "$dir/ca.pem", masters => \@masters);
    follows($named, $sim, "the leader is asked by its name where its certificate has no address");
    $sim->cmd("leader", master => 2);
    $sim->cmd("scale", app => "fetch", n => 3);
    follows($named, $sim, "the next as well");
    $named->stop_ok;
    $sim->stop;

    $sim = cluster(args => [ "--tls-key", "$dir/ip.key", "--tls-cert", "$dir/ip.pem", "--tls-client-ca", "$dir/ca.pem" ]);
    $named = start($sim, %https, caCertFile => "$dir/ca.pem");
    ok $named->wait_log(qr/no master gave its state/), "without a certificate of our own we are refused";
    $named->stop_ok;
    $named = start($sim, %https, caCertFile => "$dir/ca.pem", certFile => "$dir/client.pem", keyFile => "$dir/client.key");
    follows($named, $sim, "with one we are not");
    $named->stop_ok;
    $sim->stop;
};

done_testing;
