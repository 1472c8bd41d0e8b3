# SPDX-License-Identifier: Apache-2.0
# Real ZooKeepers for tests: one server, or an ensemble, on free ports of 127.0.0.1, from Debian's jar; sessions with
# them (t/clients/zkctl); and a relay in front of one that reads along.
#
#   my $zk = ZooKeeper->start(members => 3);
#   my $session = $zk->session(timeout => 1000);
#   my $node = $session->ok("register /mesos/json.info_ $bytes");    # dies unless the answer is ok
#   $zk->signal(2, "STOP");
#   $zk->stop_member(2); $zk->start_member(2);
package ZooKeeper;

use strict;
use warnings;

use File::Path qw(make_path);
use File::Temp qw(tempdir);
use IO::Select;
use IO::Socket::INET;
use POSIX qw(WNOHANG);
use Time::HiRes qw(time sleep);

my $JAR = "/usr/share/java/zookeeper.jar";
my @JAVA = qw(java -Xmx96m -Xshare:auto -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData
    -Dzookeeper.jmx.log4j.disable=true);

our $PATIENCE = 60;    # seconds to a member that answers

# Why it cannot be, or undef.
sub missing {
    return "no $JAR" unless -r $JAR;
    return "no java" if system "command -v java >/dev/null 2>&1";
    return "zkctl was not built" unless -x "$ENV{MN_BUILDDIR}/t/clients/zkctl";
    return undef;
}

sub _free_ports {
    my ($n) = @_;
    my @holders = map { IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => 0, Listen => 1) || die "no free port" } 1 .. $n;
    return map { $_->sockport } @holders;
}

# members => N (1), wait => 0 to return before they answer, tick => MILLISECONDS (200), longest => of a session (10 ticks).
sub start {
    my ($class, %opt) = @_;
    my $n = $opt{members} || 1;
    my $dir = tempdir("zookeeper-XXXXXX", TMPDIR => 1, CLEANUP => 1);
    my @ports = _free_ports($n == 1 ? 1 : 3 * $n);
    my @clients = splice @ports, 0, $n;
    my $tick = $opt{tick} || 200;
    my $self = bless { dir => $dir, owner => $$, members => [] }, $class;
    for my $i (1 .. $n) {
        my $home = "$dir/$i";
        make_path("$home/data");
        my %config = (
            tickTime => $tick, dataDir => "$home/data", clientPort => $clients[ $i - 1 ], clientPortAddress => "127.0.0.1",
            maxSessionTimeout => $opt{longest} || 10 * $tick, maxClientCnxns => 0, "admin.enableServer" => "false",
            "4lw.commands.whitelist" => "ruok,srvr,cons", preAllocSize => 64, initLimit => 50, syncLimit => 20,
            "forceSync" => "no", "audit.enable" => "false", extendedTypesEnabled => "false",
            $n > 1 ? map { ("server.$_" => "127.0.0.1:$ports[ 2 * $_ - 2 ]:$ports[ 2 * $_ - 1 ]") } 1 .. $n : (),
        );
        _spew("$home/zoo.cfg", join "", map { "$_=$config{$_}\n" } sort keys %config);
        _spew("$home/data/myid", "$i\n");
        push @{ $self->{members} }, { home => $home, port => $clients[ $i - 1 ] };
    }
    $self->start_member($_, 0) for 1 .. $n;
    if (!exists $opt{wait} || $opt{wait}) {
        $self->wait_member($_) for 1 .. $n;
    }
    return $self;
}

sub _spew {
    my ($file, $text) = @_;
    open my $out, ">", $file or die "$file: $!";
    print $out $text;
    close $out or die "$file: $!";
}

sub members { return scalar @{ $_[0]{members} } }
sub port    { return $_[0]{members}[ ($_[1] || 1) - 1 ]{port} }

# "127.0.0.1:PORT,..." of the members named, or of all.
sub servers {
    my ($self, @which) = @_;
    return join ",", map { "127.0.0.1:" . $self->port($_) } @which ? @which : 1 .. $self->members;
}

# The number of the member that listens on HOST:PORT.
sub member_at {
    my ($self, $text) = @_;
    my ($port) = $text =~ /:(\d+)$/ or return;
    return (grep { $self->port($_) == $port } 1 .. $self->members)[0];
}

sub start_member {
    my ($self, $i, $wait) = @_;
    my $member = $self->{members}[ $i - 1 ];
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        open STDIN,  "<",  "/dev/null"           or POSIX::_exit(127);
        open STDOUT, ">>", "$member->{home}/log" or POSIX::_exit(127);
        open STDERR, ">&", \*STDOUT              or POSIX::_exit(127);
        { no warnings "exec"; exec @JAVA, "-cp", $JAR, "org.apache.zookeeper.server.quorum.QuorumPeerMain", "$member->{home}/zoo.cfg"; }
        POSIX::_exit(127);
    }
    $member->{pid} = $pid;
    $self->wait_member($i) if !defined $wait || $wait;
}

# A word of four letters to a member; what it says.
sub ask {
    my ($self, $i, $word) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $self->port($i), Proto => "tcp", Timeout => 2) or return "";
    $socket->syswrite($word);
    my $text = "";
    my $select = IO::Select->new($socket);
    while ($select->can_read(2)) { last unless $socket->sysread($text, 65536, length $text) }
    return $text;
}

# "standalone", "leader" or "follower"; "" if it serves nobody.
sub mode { return $_[0]->ask($_[1], "srvr") =~ /^Mode: (\w+)/m ? $1 : "" }

# Until it serves clients.
sub wait_member {
    my ($self, $i) = @_;
    my $end = time + $PATIENCE;
    until ($self->mode($i)) {
        my $member = $self->{members}[ $i - 1 ];
        die "ZooKeeper $i ended: " . `cat $member->{home}/log` if waitpid($member->{pid}, WNOHANG) > 0;
        die "ZooKeeper $i does not answer" if time > $end;
        sleep 0.05;
    }
}

sub signal {
    my ($self, $i, $signal) = @_;
    kill $signal => $self->{members}[ $i - 1 ]{pid};
}

sub stop_member {
    my ($self, $i) = @_;
    my $pid = delete $self->{members}[ $i - 1 ]{pid} or return;
    local ($?, $!);
    kill KILL => $pid;    # its clients see the same, and it is quicker
    waitpid $pid, 0;
}

sub stop { my ($self) = @_; $self->stop_member($_) for 1 .. $self->members }

# timeout => MILLISECONDS, auth => "USER:PASSWORD", members => [NUMBERS]. Dies if there is none to be had.
sub session {
    my ($self, %opt) = @_;
    return ZooKeeper::Session->new($self->servers(@{ $opt{members} || [] }), %opt);
}

# A relay to a member, in a process of its own: `servers` is what to connect to, and session() the id and password, in
# hex, of the last session that was made through it.
sub relay { my ($self, $i) = @_; return ZooKeeper::Relay->new($self->port($i), $self->{dir}) }

sub DESTROY {
    my ($self) = @_;
    $self->stop if $self->{owner} == $$;
}

package ZooKeeper::Session;

use IPC::Open2 qw(open2);

sub new {
    my ($class, $servers, %opt) = @_;
    my @args = (($opt{timeout} ? ("-t", $opt{timeout}) : ()), ($opt{auth} ? ("-a", $opt{auth}) : ()), $servers);
    my $pid = open2(my $out, my $in, "$ENV{MN_BUILDDIR}/t/clients/zkctl", @args);
    my $self = bless { pid => $pid, in => $in, out => $out, owner => $$ }, $class;
    my $hello = <$out>;
    die "no session: " . ($hello // "zkctl ended") . "\n" unless ($hello // "") =~ /^ok/;
    return $self;
}

# The answer to a command, without its end of line.
sub try {
    my ($self, $command) = @_;
    local $SIG{PIPE} = "IGNORE";
    print { $self->{in} } "$command\n";
    $self->{in}->flush;
    my $answer = readline($self->{out}) // "error ended\n";
    chomp $answer;
    return $answer;
}

sub ok {
    my ($self, $command) = @_;
    my $answer = $self->try($command);
    $answer =~ /^ok ?(.*)/ or die "$command: $answer\n";
    return $1;
}

# The end of the session and its nodes, at once.
sub close {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    local ($?, $!);
    local $SIG{PIPE} = "IGNORE";
    syswrite $self->{in}, "quit\n";    # other processes may hold its standard input as well
    waitpid $pid, 0;
}

# The end of the process: the session lasts until it expires.
sub kill {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    local ($?, $!);
    CORE::kill KILL => $pid;
    waitpid $pid, 0;
}

sub DESTROY {
    my ($self) = @_;
    $self->close if $self->{owner} == $$;
}

package ZooKeeper::Relay;

use IO::Select;
use IO::Socket::INET;

sub new {
    my ($class, $port, $dir) = @_;
    my $listener = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => 0, Listen => 5) or die "relay: $!";
    my $self = bless { port => $listener->sockport, file => "$dir/relayed", owner => $$ }, $class;
    $self->{pid} = fork // die "fork: $!";
    if (!$self->{pid}) {
        eval { _run($listener, $port, $self->{file}) };
        POSIX::_exit(0);
    }
    return $self;
}

sub servers { return "127.0.0.1:$_[0]{port}" }

sub _run {
    my ($listener, $port, $file) = @_;
    my $all = IO::Select->new($listener);
    my (%peer, %seen);
    for (;;) {
        for my $from ($all->can_read) {
            if ($from == $listener) {
                my $client = $listener->accept or next;
                my $server = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port) or next;
                $peer{$client} = $server;
                $peer{$server} = $client;
                $seen{$server} = "";
                $all->add($client, $server);
                next;
            }
            my $to = $peer{$from} or next;    # closed a moment ago, with the other one
            my $n = $from->sysread(my $bytes, 65536);
            if (!$n) {
                $all->remove($from, $to);
                delete @peer{ $from, $to };
                $_->close for $from, $to;
                next;
            }
            $to->syswrite($bytes);
            next unless defined $seen{$from};    # the answer to the handshake: length, version, time-out, id, password
            $seen{$from} .= $bytes;
            next if length $seen{$from} < 40;
            my (undef, undef, undef, $id, $len, $password) = unpack "N N N a8 N a16", delete $seen{$from};
            open my $out, ">", "$file.new" or next;
            print $out unpack("H*", $id), " ", unpack("H*", $password), "\n";
            close $out;
            rename "$file.new", $file;
        }
    }
}

# ("ID", "PASSWORD") in hex, or nothing yet.
sub session {
    my ($self) = @_;
    open my $in, "<", $self->{file} or return;
    return split " ", <$in> // "";
}

sub DESTROY {
    my ($self) = @_;
    return if $self->{owner} != $$;
    local ($?, $!);
    kill KILL => $self->{pid};
    waitpid $self->{pid}, 0;
}

1;
