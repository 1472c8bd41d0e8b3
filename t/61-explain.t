# SPDX-License-Identifier: Apache-2.0
# Why a name is as it is: /v1/explain and the command `explain`, against the simulated cluster.
use strict;
use warnings;

use JSON::PP;
use Test::More;

use MesosSim;
use Named;
use NamedHttp;

plan skip_all => "mesos-sim was not built: libmicrohttpd is missing" unless MesosSim::program();

my $sim = MesosSim->new;
my $name = "mywebservice.marathon.mesos";
my $named = Named->start(config => NamedHttp::config(masters => [ $sim->hostport ], IPSources => ["netinfo", "host"]));
ok $named->wait_answer($name), "the zone is there";
my $http = NamedHttp->new($named);

sub ask { return $http->json("/v1/explain/$_[0]") }

# Asks until the answer is as the test wants it, once a version of the zone: who asks much more often is refused.
sub wait_explain {
    my ($asked, $condition) = @_;
    my $answer;
    Named::wait_until(
        sub {
            $http->json("/v1/watch?timeout=5&serial=$answer->{serial}") if $answer;
            $answer = ask($asked);
            return $condition->($answer);
        }
    );
    return $answer;
}

sub element { my ($list, $id) = @_; return (grep { ($_->{id} || "") eq $id } @$list)[0] || {} }
sub reasons { return join ",", sort map { $_->{reason} } @{ $_[0]{left_out} || [] } }

# Runs the command; its standard output, standard error and exit status.
sub command {
    my (@args) = @_;
    my $pid = open my $out, "-|";
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        open STDERR, ">", "$named->{dir}/stderr" or POSIX::_exit(127);
        { no warnings "exec"; exec Named::binary(), "explain", @args; }
        POSIX::_exit(127);
    }
    local $/;
    my $text = <$out>;
    close $out;
    return (defined $text ? $text : "", Named::slurp("$named->{dir}/stderr"), $? >> 8);
}

sub config_with {
    my ($file, %config) = @_;
    Named::write_config("$named->{dir}/$file", \%config);
    return "-config=$named->{dir}/$file";
}

subtest "origins" => sub {
    my @tasks = $sim->tasks("mywebservice");
    my $answer = ask("MyWebService.marathon");
    is $answer->{answer}, "records", "the name has records";
    is $answer->{name}, "$name.", "completed and in lower case";
    is_deeply [ sort map { $_->{value} } @{ $answer->{records} } ], [ sort map { @{ $_->{ips} } } @tasks ], "every address";
    for my $task (@tasks) {
        my $origin = element($answer->{origins}, $task->{id});
        is $origin->{agent}{id}, $task->{agent}, "$task->{id}: its agent";
        is $origin->{framework}{name}, "marathon", "its framework";
        is $origin->{state}, "TASK_RUNNING", "its state";
        is $origin->{addresses}{source}, "netinfo", "and where its address is from";
        my ($record) = grep { $_->{value} eq $task->{ips}[0] } @{ $answer->{records} };
        is $answer->{origins}[ $record->{from}[0] ]{id}, $task->{id}, "the record leads to it";
    }
    is $http->get("/v1/explain/a..b")->{status}, 400, "what is no name";
    is $http->get("/v1/explain/")->{status}, 404, "no name";
};

subtest "left out" => sub {
    my ($sick, $staging, $gone) = $sim->tasks("mywebservice");
    $sim->cmd("health", task => $sick->{id}, healthy => "false");
    my $answer = wait_explain($name, sub { grep { !$_->{served} } @{ $_[0]{records} } });
    my ($record) = grep { !$_->{served} } @{ $answer->{records} };
    is $record->{held_back}, "unhealthy", "a task that fails its check is held back";
    is $answer->{origins}[ $record->{from}[0] ]{id}, $sick->{id}, "that one";
    $sim->cmd("task-state", task => $staging->{id}, state => "TASK_STAGING");
    $answer = wait_explain($name, sub { $_[0]{left_out_total} });
    my $element = element($answer->{left_out}, $staging->{id});
    is reasons($element), "not_running", "a task that does not run";
    is $element->{state}, "TASK_STAGING", "with its state";
    ok !(grep { ($_->{id} || "") eq $staging->{id} } @{ $answer->{origins} }), "is no origin";
    my ($out, $err, $status) = command($name, $named->{args}[0]);
    is $err, "", "the command: no complaint";
    is $status, 0, "there are records";
    like $out, qr/^\Q$name\E\. has \d records?, 1 more is held back$/m, "it says how many";
    like $out, qr/A \S+, TTL 60 - held back: unhealthy\n    task \Q$sick->{id}\E "mywebservice"/, "what is held back";
    like $out, qr/^Left out:\n    task \Q$staging->{id}\E .*TASK_STAGING.*\n        the task is not running\n/m, "what is left out";
    $sim->cmd("task-state", task => $staging->{id}, state => "TASK_RUNNING");
    ok !wait_explain($name, sub { !$_[0]{left_out_total} })->{left_out_total}, "when it runs nothing is left out";
};

subtest "names" => sub {
    $sim->cmd("app-add", name => "My_Odd.App", n => 1, discovery => "none");
    my $answer = wait_explain("my-odd-app.marathon", sub { $_[0]{answer} eq "records" });
    my ($label) = @{ $answer->{origins}[0]{labels} };
    is $label->{text}, "My_Odd.App", "the task is called so";
    is $label->{label}, "my-odd-app", "its label so";
    $answer = ask("my_odd.app.marathon");
    is $answer->{answer}, "no such name", "who asks for the task's name";
    is reasons($answer->{left_out}[0]), "renamed", "is told";
    is $answer->{near}[0]{name}, "my-odd-app.marathon.mesos.", "which it is instead";

    $answer = ask("mywebservise.marathon");
    is $answer->{near}[0]{name}, "$name.", "a slip of the pen";
    $answer = ask("mywebservice.maraton.mesos.");
    ok((grep { $_->{name} eq "$name." } @{ $answer->{near} }), "at another place of the name");
    my ($out, $err, $status) = command("mywebservise.marathon", $named->{args}[0]);
    is $status, 1, "the command: no records";
    like $out, qr/^there is no mywebservise\.marathon\.mesos\.$/m, "it says so";
    like $out, qr/^There is:\n    \Q$name\E\. \(A\) - spelling$/m, "and what there is";
};

subtest "the cluster's own names" => sub {
    is ask("leader")->{origins}[0]{kind}, "master", "leader";
    ok ask("leader")->{origins}[0]{leader}, "leads";
    is ask("slave")->{origins}[0]{kind}, "agent", "slave";
    is ask("mesos")->{records}[0]{source}, "configuration", "the domain itself";
    my $reverse = ask("1.0.0.127.in-addr.arpa");
    is $reverse->{records}[0]{source}, "zone file", "a locally served zone";
    is $reverse->{zone}, "127.in-addr.arpa.", "which one";
    my $other = ask("www.example.com");
    is $other->{answer}, "outside", "others' names";
    ok defined $other->{forwarding}{enabled}, "are forwarded or not";
};

subtest "what could not be read" => sub {
    my $state = "$named->{dir}/state.json";
    open my $out, ">", $state or die "$state: $!";
    print $out '{"leader":"master@127.0.0.1:5050","slaves":[{"id":"S1","pid":"nonsense"}],"frameworks":[]}';
    close $out;
    my $other = Named->start(config => NamedHttp::config(), state => $state);
    my $answer = NamedHttp->new($other)->json("/v1/explain/web.marathon.mesos");
    is_deeply $answer->{skipped}, { pid => 1 }, "it is told, by reason";
    my ($text) = command("web.marathon.mesos", $other->{args}[0]);
    like $text, qr/^Of the last state could not be read .*: pid 1$/m, "by the command too";
    $other->stop_ok;
};

subtest "the command" => sub {
    my $server = "127.0.0.1:$http->{port}";
    my ($out, $err, $status) = command($name, "--server", "http://$server/", "--json");
    is_deeply [ sort keys %{ JSON::PP->new->utf8->decode($out) } ], [ sort keys %{ ask($name) } ], "--json is the answer as it came";
    ($out, $err, $status) = command($name, "--server=$server");
    is $status, 0, "a server without http://";
    ($out, $err, $status) = command("a..b", "--server=$server");
    is $status, 2, "what is no name: status 2";
    is $err, qq(mesos-named: the server says: "a..b" is no domain name\n), "and why";
    my $closed = Named::free_port();
    ($out, $err, $status) = command($name, "--server=127.0.0.1:$closed");
    is $status, 2, "no server: status 2";
    like $err, qr/^mesos-named: the server cannot be asked: /, "and why";
    ($out, $err, $status) = command($name, "--server=" . $sim->hostport);
    is $status, 2, "another server: status 2";
    like $err, qr/^mesos-named: that is no answer of mesos-named: HTTP status \d+$/, "and what";
    for my $wrong ([], [ "a", "b" ], ["--server"], [ "a", "--nothing" ]) {
        ($out, $err, $status) = command(@$wrong);
        is $status, 2, "wrong arguments: @$wrong";
    }
    is system(Named::binary() . " -config=$named->{config} --json 2>/dev/null") >> 8, 2, "--json by itself";
    ($out, $err, $status) = command($name, "-config=$named->{dir}/nothing");
    is $status, 2, "no such configuration";
    isnt $err, "", "it says so";
};

$named->stop_ok;

subtest "zone files" => sub {
    my $file = "$named->{dir}/zone";
    open my $out, ">", $file or die "$file: $!";
    print $out "\$TTL 300\n@ SOA ns host 7 3600 600 86400 30\n@ NS ns\nns A 192.0.2.53\n",
        "*.any A 192.0.2.1\nchild NS ns.child\nns.child A 192.0.2.54\n";
    close $out;
    my $static = Named->start(config => NamedHttp::config(masters => [ $sim->hostport ], enumerationOn => JSON::PP::false,
        zones => [ { name => "shop.example", file => $file } ]));
    ok $static->wait_answer($name), "the zone is there";
    $http = NamedHttp->new($static);
    my $answer = ask("ns.shop.example");
    is $answer->{records}[0]{source}, "zone file", "a record of a zone file";
    is $answer->{zone}, "shop.example.", "of that zone";
    $answer = ask("x.any.shop.example");
    is $answer->{answer}, "wildcard", "a wildcard answers";
    is $answer->{wildcard}, "*.any.shop.example.", "that one";
    $answer = ask("www.child.shop.example");
    is $answer->{answer}, "delegated", "a name that others have";
    is $answer->{delegation}, "child.shop.example.", "from there on";
    is_deeply ask("mywebservise.marathon")->{near}, [], "without enumeration no other names are told";
    $static->stop_ok;
};

subtest "a unix socket, and credentials" => sub {
    my $path = "$named->{dir}/http";
    for my $credentials ({ user => "admin", password => "hunter2" }, { token => "0123456789abcdef" }) {
        my %config = (masters => [ $sim->hostport ], httpon => JSON::PP::true, httplistener => $path,
            httpCredentials => $credentials);
        my $guarded = Named->start(config => \%config);
        ok $guarded->wait_answer($name), "the zone is there";
        my ($out, $err, $status) = command($name, $guarded->{args}[0]);
        is $status, 0, join(",", keys %$credentials) . ": as the configuration has it" or diag $err;
        ($out, $err, $status) = command($name, "--server=$path");
        is $status, 2, "refused without";
        like $err, qr/^mesos-named: the server says: /, "it says so";
        unlike $guarded->log, qr/hunter2|0123456789abcdef/, "and no secret is logged";
        $guarded->stop_ok;
    }
};

is $sim->stop, 0, "the cluster ends";
done_testing;
