# SPDX-License-Identifier: Apache-2.0
# A test in namespaces of its own: a network with nothing but a loopback interface, where port 53 is free, and mounts, so
# that files of the system can be replaced for what the test starts. The test begins anew in there.
#
#   use Namespace;    # first of all; skips the whole test where this is not possible
#   Namespace::replace("/etc/resolv.conf", "nameserver 127.0.0.1\n");
package Namespace;

use strict;
use warnings;

use File::Temp qw(tempdir);
use Socket;
use Test::More ();

use constant { SIOCSIFFLAGS => 0x8914, IFF_UP => 1 };

sub import {
    return if $ENV{MN_NAMESPACE};
    my @unshare = ("unshare", $> ? "--map-root-user" : (), "--mount", "--net");
    Test::More::plan(skip_all => "no namespaces for us: @unshare fails") if system("@unshare true >/dev/null 2>&1");
    $ENV{MN_NAMESPACE} = 1;
    exec @unshare, $^X, (map {"-I$_"} @INC), $0 or die "unshare: $!";
}

# Once inside: a network needs its loopback interface.
if ($ENV{MN_NAMESPACE}) {
    socket(my $socket, AF_INET, SOCK_DGRAM, 0) or die "socket: $!";
    my $request = pack("Z16 s x22", "lo", IFF_UP);
    ioctl($socket, SIOCSIFFLAGS, $request) or die "the loopback interface stays down: $!";
}

my $dir;

# For all processes of the test the file has this content.
sub replace {
    my ($file, $content) = @_;
    $dir ||= tempdir("mesos-named-XXXXXX", TMPDIR => 1, CLEANUP => 1);
    my $ours = "$dir/" . $file =~ tr{/}{_}r;
    open my $out, ">", $ours or die "$ours: $!";
    print $out $content;
    close $out or die "$ours: $!";
    return !system("mount", "--bind", $ours, $file);
}

1;
