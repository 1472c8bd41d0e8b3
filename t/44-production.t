# SPDX-License-Identifier: Apache-2.0
# What a server in production has to bear: rights, ports that are taken, few descriptors, signals at a bad time.
use strict;
use warnings;

use File::Copy qw(copy);
use File::Temp qw(tempdir);
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use Net::DNS;
use Test::More;
use Time::HiRes qw(time sleep);

use MesosSim;
use Named;

plan skip_all => "mesos-sim was not built: libmicrohttpd is missing" unless MesosSim::program();

my $NAME = "mywebservice.marathon.mesos";
my $sim = MesosSim->new;

sub start {
    my (%opt) = @_;
    my $config = delete $opt{config} || {};
    my $named = Named->start(config => { masters => [ $sim->hostport ], %$config }, %opt);
    $named->wait_answer($NAME, "A") if !exists $opt{wait};
    return $named;
}

# A port below 1024 that is free on 127.0.0.1.
sub low_port {
    for my $port (reverse 600 .. 1000) {
        my $tcp = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $port, Proto => "tcp", Listen => 1) or next;
        my $udp = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $port, Proto => "udp") or next;
        return $port;
    }
    return;
}

# The fields of /proc/PID/status, of every thread: they must agree, else undef.
sub rights {
    my ($pid, @fields) = @_;
    my %seen;
    for my $file (glob "/proc/$pid/task/*/status") {
        my %status = Named::slurp($file) =~ /^(\w+):\s*(.*?)\s*$/mg;
        $seen{ join "; ", map { my $value = $status{$_} // ""; $value =~ s/\s+/ /g; "$_ $value" } @fields }++;
    }
    my ($only, @others) = keys %seen;
    diag explain \%seen if @others;
    return @others ? undef : $only;
}

sub connect_tcp {
    my ($named) = @_;
    return IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $named->{port}, Proto => "tcp", Timeout => 5);
}

# The program as another user with these further arguments of setpriv: the command for Named. Its files are copied to
# where that user can read them.
sub as_nobody {
    my (@setpriv) = @_;
    my $dir = tempdir("mesos-named-XXXXXX", TMPDIR => 1, CLEANUP => 1);
    copy(Named::binary(), "$dir/mesos-named") or die "$dir: $!";
    chmod 0755, $dir, "$dir/mesos-named";
    my $prepare = 'f="${1#-config=}"; chmod 755 "${f%/*}"; chmod 644 "$f"; b=$0; exec setpriv --reuid=65534 --regid=65534'
        . " --clear-groups @setpriv " . '"$b" "$@"';
    return [ "sh", "-c", $prepare, "$dir/mesos-named" ];
}

subtest "root binds and becomes somebody else" => sub {
    plan skip_all => "needs root" if $>;
    my ($uid, $gid) = (getpwnam "nobody")[ 2, 3 ];
    plan skip_all => "no user nobody" unless $uid;
    my $port = low_port() or plan skip_all => "no low port is free";

    my $named = start(port => $port, config => { user => "nobody" });
    is scalar($named->query($NAME, "A")->answer), 5, "it answers on port $port";
    like $named->log, qr/gave up root user=nobody/, "the log tells";
    is rights($named->{pid}, qw(Uid Gid)), "Uid $uid $uid $uid $uid; Gid $gid $gid $gid $gid", "every thread is nobody";
    my $none = "0" x 16;
    is rights($named->{pid}, qw(CapInh CapPrm CapEff CapAmb)), "CapInh $none; CapPrm $none; CapEff $none; CapAmb $none",
        "without a capability";
    unlike rights($named->{pid}, "Groups"), qr/\b0\b/, "and not in root's group";
    is rights($named->{pid}, "NoNewPrivs"), "NoNewPrivs 1", "for good";
    $sim->cmd("scale", app => "mywebservice", n => 6);
    ok Named::wait_until(sub { $named->query($NAME, "A")->answer == 6 }), "it goes on following the cluster";
    $sim->cmd("scale", app => "mywebservice", n => 5);
    $named->stop_ok;

    $named = start();
    like $named->log, qr/warning daemon: running as root: set the key `user`/, "without a user the log has advice";
    $named->stop_ok;
};

subtest "somebody else from the start" => sub {
    plan skip_all => "needs root" if $>;
    plan skip_all => "no setpriv" if system "setpriv --version >/dev/null 2>&1";
    my $port = low_port() or plan skip_all => "no low port is free";
    my $cap = "--inh-caps=+net_bind_service --ambient-caps=+net_bind_service";

    my $named = start(port => $port, command => as_nobody($cap));
    is scalar($named->query($NAME, "A", tcp => 1)->answer), 5, "port $port with the capability alone";
    is rights($named->{pid}, qw(Uid CapEff)), "Uid 65534 65534 65534 65534; CapEff 0000000000000400", "and nothing but that";
    unlike $named->log, qr/running as root/, "no advice";
    $named->stop_ok;

    $named = start(command => as_nobody());
    is scalar($named->query($NAME, "A")->answer), 5, "a high port needs nothing";
    $named->stop_ok;
    $named = start(command => as_nobody(), config => { user => "nobody" });
    ok $named->wait_answer($NAME, "A"), "being the user already is fine";
    $named->stop_ok;
    $named = start(command => as_nobody(), config => { user => "daemon" }, wait => 0);
    ok Named::wait_until(sub { $named->ended }), "one that it cannot become ends it";
    is $named->{status} >> 8, 1, "with status 1";
    like $named->log, qr/error daemon: cannot become user name=daemon/, "and a reason";
SKIP: {
        skip "all ports are free to all here", 2 if Named::slurp("/proc/sys/net/ipv4/ip_unprivileged_port_start") <= $port;
        $named = start(port => $port, command => as_nobody(), wait => 0);
        ok Named::wait_until(sub { $named->ended }) && $named->{status} >> 8 == 1, "a low port without the capability: status 1";
        like $named->log, qr/error server: cannot listen on 127\.0\.0\.1 UDP port $port: Permission denied/, "and a reason";
    }
};

subtest "a port that is taken" => sub {
    for my $proto ("udp", "tcp") {
        my $port = Named::free_port();
        my $holder = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $port, Proto => $proto,
            $proto eq "tcp" ? (Listen => 1) : ());
        my $named = start(port => $port, wait => 0);
        ok Named::wait_until(sub { $named->ended }), "$proto is taken: it ends";
        is $named->{status}, 1 << 8, "with status 1";
        my $what = uc $proto;
        like $named->log, qr/error server: cannot listen on 127\.0\.0\.1 $what port $port: Address already in use/, "and says it";
    }
    my $first = start();
    for my $listener ("127.0.0.1", "0.0.0.0") {
        my $second = start(port => $first->{port}, config => { listener => $listener }, wait => 0);
        ok Named::wait_until(sub { $second->ended }) && $second->{status} == 1 << 8, "a second server, on $listener: status 1";
        like $second->log, qr/error server: cannot listen on \Q$listener\E .* Address already in use/, "it does not share";
    }
    is scalar($first->query($NAME, "A")->answer), 5, "the first one is unharmed";
    $first->stop_ok;
    my $named = start(config => { listener => "192.0.2.1" }, wait => 0);
    ok Named::wait_until(sub { $named->ended }) && $named->{status} == 1 << 8, "an address that is not ours: status 1";
    like $named->log, qr/error server: cannot listen on 192\.0\.2\.1 UDP port \d+: Cannot assign/, "and the reason";
};

subtest "the end" => sub {
    for my $signal ("TERM", "INT") {
        my $named = start(config => { stateTimeoutSeconds => 60 });
        my @idle = map { connect_tcp($named) } 1 .. 20;
        my $half = connect_tcp($named);
        $half->syswrite("\0\x40half a query");
        my $stuck = connect_tcp($named);    # asks for much and takes nothing
        my $query = pack "n/a", Net::DNS::Packet->new("mesos", "ANY")->data;
        $stuck->blocking(0);
        1 while $stuck->syswrite($query x 100);
        $sim->cmd("fault", kind => "hang");
        my $before = $sim->counters->{faults};
        ok Named::wait_until(sub { $sim->counters->{faults} > $before }), "a fetch hangs, clients are connected";
        my $began = time;
        $named->stop_ok($signal, "SIG$signal ends it");
        cmp_ok time - $began, "<", 1.5, "at once";
        like $named->log, qr/info daemon: stopping signal=\d+\n\z/, "that is its last word";
        $sim->cmd("clear");
    }
    my $named = start(config => { masters => ["127.0.0.1:1"] }, wait => 0);
    $named->wait_ready;
    $named->stop_ok("TERM", "before it has a zone as well");
};

subtest "SIGUSR1" => sub {
    my $named = start(config => { refreshSeconds => 60 });
    my $counts = sub {
        my ($n) = @_;
        $named->signal("USR1");
        my @lines;
        Named::wait_until(sub { @lines = $named->log =~ /^.* info daemon: counts (.*)$/mg; @lines >= $n });
        is scalar @lines, $n, "one line for one signal";
        return { map { split /=/ } split / /, $lines[-1] };
    };
    my $before = $counts->(1);
    $named->query($NAME, "A") for 1 .. 7;
    $named->query($NAME, "A", tcp => 1) for 1 .. 3;
    $named->query("nothing.mesos", "A") for 1 .. 2;
    my $after = $counts->(2);
    my %more = map { $_ => $after->{$_} - $before->{$_} } grep { /^(queries|no|nx|refused|tcp)/ } keys %$after;
    is_deeply \%more, { queries_udp => 9, queries_tcp => 3, noerror => 10, nxdomain => 2, refused => 0, tcp_connections => 3 },
        "it counts queries";
    is $after->{tasks}, scalar(grep { $_->{state} eq "TASK_RUNNING" } $sim->tasks), "and tasks";
    my ($soa) = $named->query("mesos", "SOA")->answer;
    is $after->{serial}, $soa->serial, "and tells the serial";
    like $after->{state_age}, qr/^\d+$/, "and how old the state is";
    $named->stop_ok;
};

subtest "few descriptors" => sub {
    my $named = start(command => [ "sh", "-c", 'ulimit -n 64; exec "$0" "$@"', Named::binary() ], config => { IPSources => ["netinfo"] });
    my @clients = map { connect_tcp($named) } 1 .. 150;
    is scalar(grep { $_ } @clients), 150, "150 clients connect by TCP";
    my $lost = 0;
    for (1 .. 200) {
        my $reply = $named->probe($NAME, "A");
        $lost++ unless $reply && $reply->answer == 5;
    }
    is $lost, 0, "UDP is unharmed";
    like $named->log, qr/warning daemon: few files may be open: .* limit=64 tcp_connections=\d+ http_connections=\d+$/m, "the log tells";

    my @more;    # the connection to the master is lost, and clients come all the time
    $sim->cmd("fault", kind => "refuse");
    my $failed = () = $named->log =~ /reason=connect/g;
    ok Named::wait_until(sub { push @more, connect_tcp($named); (() = $named->log =~ /reason=connect/g) > $failed }), "a cut";
    $sim->cmd("clear");
    $sim->cmd("scale", app => "mywebservice", n => 8);
    ok Named::wait_until(sub { push @more, connect_tcp($named); $named->query($NAME, "A")->answer == 8 }, 5), "a new connection to the master finds room"
        or diag $named->log;
    my $reply = $named->query($NAME, "A", tcp => 1);
    is $reply && scalar($reply->answer), 8, "and so does one more client: the oldest idle one goes";
    @clients = @more = ();
    is scalar($named->query($NAME, "A", tcp => 1)->answer), 8, "once they are gone all is well";
    $sim->cmd("scale", app => "mywebservice", n => 5);
    $named->stop_ok;
};

is $sim->stop, 0, "the cluster ends";
done_testing;
