# SPDX-License-Identifier: Apache-2.0
# Other people's DNS servers for tests: each on a free port of 127.0.0.1, with all of its files in a folder of its own.
#
#   my $zones = Upstream::Zones->new;                 # a signed and a forged zone, as files
#   my $nsd = Upstream->start("nsd", zones => $zones->files);
#   my $unbound = Upstream->start("unbound", stubs => { "signed.example" => $nsd->port }, anchor => $zones->key);
#   my $resolver = $unbound->address;                 # 127.0.0.1:PORT
#   $nsd->stop;
package Upstream;

use strict;
use warnings;

use File::Temp qw(tempdir);
use Net::DNS;
use POSIX ();

use Named;

my %kind = (
    nsd     => { program => "nsd",     args => sub { "-d", "-c", $_[0] },               config => \&nsd_config },
    knot    => { program => "knotd",   args => sub { "-c", $_[0] },                     config => \&knot_config },
    unbound => { program => "unbound", args => sub { "-d", "-p", "-c", $_[0] },         config => \&unbound_config },
    dnsmasq => { program => "dnsmasq", args => sub { "-k", "-C", $_[0], "--log-facility=-" }, config => \&dnsmasq_config },
);

# Where the program of a kind is, or undef.
sub program {
    my ($name) = @_;
    for my $dir (split(/:/, $ENV{PATH}), "/usr/sbin", "/usr/local/sbin") {
        return "$dir/$name" if -x "$dir/$name";
    }
    return undef;
}

# Those of the kinds and further programs that are not there.
sub missing { return grep { !program($kind{$_} ? $kind{$_}{program} : $_) } @_ }

sub nsd_config {
    my ($self, %opt) = @_;
    my $zones = join "", map {qq(zone:\n name: "$_"\n zonefile: "$opt{zones}{$_}"\n)} sort keys %{ $opt{zones} };
    return <<EOT;
server:
 ip-address: 127.0.0.1\@$self->{port}
 username: ""
 zonesdir: "$self->{dir}"
 database: ""
 pidfile: "$self->{dir}/pid"
 xfrdfile: "$self->{dir}/xfrd"
 zonelistfile: "$self->{dir}/zonelist"
 xfrdir: "$self->{dir}"
 server-count: 1
 rrl-ratelimit: 0
 rrl-whitelist-ratelimit: 0
remote-control:
 control-enable: no
$zones
EOT
}

sub knot_config {
    my ($self, %opt) = @_;
    my $zones = join "", map {" - domain: $_\n   file: $opt{zones}{$_}\n"} sort keys %{ $opt{zones} };
    return <<EOT;
server:
    rundir: $self->{dir}
    listen: 127.0.0.1\@$self->{port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: warning
database:
    storage: $self->{dir}
template:
  - id: default
    journal-content: none
    zonefile-sync: -1
zone:
$zones
EOT
}

sub unbound_config {
    my ($self, %opt) = @_;
    my $stubs = join "", map {"stub-zone:\n name: $_\n stub-addr: 127.0.0.1\@$opt{stubs}{$_}\n"} sort keys %{ $opt{stubs} };
    my $anchors = join "", map {qq( trust-anchor-file: "$_"\n)} @{ $opt{anchors} || [] };
    return <<EOT;
server:
 interface: 127.0.0.1\@$self->{port}
 do-daemonize: no
 use-syslog: no
 chroot: ""
 username: ""
 directory: "$self->{dir}"
 pidfile: "$self->{dir}/pid"
 num-threads: 1
 do-not-query-localhost: no
 access-control: 127.0.0.0/8 allow
 do-ip6: no
$anchors
remote-control:
 control-enable: no
$stubs
EOT
}

sub dnsmasq_config {
    my ($self, %opt) = @_;
    my $lines = join "", map {"$_\n"} @{ $opt{lines} || [] };
    return <<EOT;
port=$self->{port}
listen-address=127.0.0.1
bind-interfaces
no-resolv
no-hosts
user=
group=
pid-file=$self->{dir}/pid
log-queries
$lines
EOT
}

# zones => { NAME => FILE } (nsd, knot); stubs => { ZONE => PORT }, anchors => [FILES] (unbound); lines => [...] (dnsmasq);
# port => one that was free.
sub start {
    my ($class, $name, %opt) = @_;
    my $dir = tempdir("mesos-named-$name-XXXXXX", TMPDIR => 1, CLEANUP => 1);
    my $self = bless { dir => $dir, kind => $kind{$name}, port => $opt{port} || Named::free_port(), owner => $$ }, $class;
    open my $out, ">", "$dir/config" or die "$dir/config: $!";
    print $out $kind{$name}{config}->($self, %opt);
    close $out or die $!;
    $self->launch;
    return $self;
}

# Starts it (again) and waits until it answers.
sub launch {
    my ($self) = @_;
    my $pid = fork;
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        open STDIN,  "<",  "/dev/null"      or POSIX::_exit(127);
        open STDOUT, ">>", "$self->{dir}/log" or POSIX::_exit(127);
        open STDERR, ">&", \*STDOUT         or POSIX::_exit(127);
        { no warnings "exec"; exec { program($self->{kind}{program}) } $self->{kind}{program}, $self->{kind}{args}->("$self->{dir}/config"); }
        POSIX::_exit(127);
    }
    $self->{pid} = $pid;
    my $question = Net::DNS::Packet->new("version.bind", "TXT", "CH")->data;
    Named::wait_until(sub { Named::exchange({ port => $self->{port} }, $question, wait => 0.5) })
        or die "$self->{kind}{program} does not answer:\n" . $self->log;
}

sub port    { return $_[0]{port} }
sub address { return "127.0.0.1:$_[0]{port}" }
sub log     { return Named::slurp("$_[0]{dir}/log") }

sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    local ($?, $!);
    kill TERM => $pid;
    if (!Named::wait_until(sub { waitpid($pid, POSIX::WNOHANG) == $pid }, 10)) {
        kill KILL => $pid;
        waitpid $pid, 0;
    }
}

sub DESTROY {
    my ($self) = @_;
    $self->stop if $self->{pid} && $self->{owner} == $$;
}

package Upstream::Zones;

use strict;
use warnings;

use File::Temp qw(tempdir);

my @LETTERS = ("a" .. "z");

# signed.example, signed; forged.example, signed and changed afterwards; plain.example and sub.plain.example, not signed.
sub new {
    my ($class) = @_;
    my $self = bless { dir => tempdir("mesos-named-zones-XXXXXX", TMPDIR => 1, CLEANUP => 1) }, $class;
    my $long = join " ", map {'"' . ($LETTERS[$_] x 250) . '"'} 0 .. 15;
    my $huge = join "", map {sprintf qq(huge TXT "%03d %s"\n), $_, "h" x 244} 1 .. 240;
    my $many = join "", map {"many A 192.0.2.$_\n"} 1 .. 100;
    my $body = <<"EOT";
\@ NS ns
ns A 127.0.0.1
web A 192.0.2.1
web A 192.0.2.2
web A 192.0.2.3
web AAAA 2001:db8::1
web HTTPS 1 . alpn=h2,h3 port=8443 ipv4hint=192.0.2.1
_svc SVCB 1 web port=53
alias CNAME web
mx MX 10 web
odd TYPE65400 \\# 4 01020304
long TXT $long
deep.below A 192.0.2.9
EOT
    $self->write("signed.example", $body . $many . $huge);
    $self->write("forged.example", "\@ NS ns\nns A 127.0.0.1\nweb A 192.0.2.1\n");
    $self->write("plain.example", $body . $many . $huge . qq(who TXT "plain"\nwho.notsub TXT "plain"\n));
    $self->write("sub.plain.example", qq(\@ NS ns\nns A 127.0.0.1\nwho TXT "sub"\n));
    $self->sign("signed.example");
    $self->sign("forged.example");
    my $file = $self->{files}{"forged.example"};
    my $text = Named::slurp($file);
    $text =~ s/^(web\.forged\.example\.\s.*\sA\s+)192\.0\.2\.1$/${1}192.0.2.66/m or die "nothing to forge";
    open my $out, ">", $file or die $!;
    print $out $text;
    close $out or die $!;
    return $self;
}

sub write {
    my ($self, $name, $lines) = @_;
    my $file = $self->{files}{$name} = "$self->{dir}/$name";
    open my $out, ">", $file or die "$file: $!";
    print $out "\$ORIGIN $name.\n\$TTL 300\n\@ SOA ns root 1 3600 600 86400 60\n$lines";
    close $out or die $!;
}

sub sign {
    my ($self, $name) = @_;
    my $key = `cd '$self->{dir}' && ldns-keygen -a ECDSAP256SHA256 -k -r /dev/urandom $name`;
    chomp $key;
    system("cd '$self->{dir}' && ldns-signzone -n -f $name.signed $name $key") == 0 or die "ldns-signzone failed";
    $self->{files}{$name} = "$self->{dir}/$name.signed";
    $self->{keys}{$name} = "$self->{dir}/$key.key";
}

sub files { return $_[0]{files} }

# The file with the DNSKEY record.
sub key { my ($self, $name) = @_; return $self->{keys}{$name} }

# The same for delv.
sub delv_anchor {
    my ($self, $name) = @_;
    my ($flags, $protocol, $algorithm, $data) = Named::slurp($self->key($name)) =~ /DNSKEY\s+(\d+) (\d+) (\d+) (\S+)/ or die;
    my $file = "$self->{dir}/$name.anchor";
    open my $out, ">", $file or die $!;
    print $out qq(trust-anchors { "$name." static-key $flags $protocol $algorithm "$data"; };\n);
    close $out or die $!;
    return $file;
}

1;
