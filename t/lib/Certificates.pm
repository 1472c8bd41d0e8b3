# SPDX-License-Identifier: Apache-2.0
# Certificates for tests: `ca` and `other` are authorities; `ip` (127.0.0.1), `name` (localhost) and `client` are of the
# first. NAME.pem and NAME.key in a folder that goes with the test.
package Certificates;

use strict;
use warnings;

use File::Temp qw(tempdir);

# The folder, or undef if openssl did not make them.
sub make {
    my $dir = tempdir("mesos-tls-XXXXXX", TMPDIR => 1, CLEANUP => 1);
    my @request = qw(req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256);
    my $openssl = sub { return system("openssl @_ >>$dir/log 2>&1") == 0 };
    for my $ca ("ca", "other") {
        $openssl->(@request, "-x509 -days 2 -subj /CN=$ca -keyout $dir/$ca.key -out $dir/$ca.pem") or return;
    }
    my %names = (ip => "IP:127.0.0.1", name => "DNS:localhost", client => "DNS:client");
    for my $who (sort keys %names) {
        open my $out, ">", "$dir/$who.ext" or die;
        print $out "subjectAltName=$names{$who}\n";
        close $out;
        $openssl->(@request, "-subj /CN=$who -keyout $dir/$who.key -out $dir/$who.csr") or return;
        $openssl->("x509 -req -days 2 -in $dir/$who.csr -CA $dir/ca.pem -CAkey $dir/ca.key -CAcreateserial",
            "-extfile $dir/$who.ext -out $dir/$who.pem") or return;
    }
    return $dir;
}

1;
