# SPDX-License-Identifier: Apache-2.0
# An identity and access manager as DC/OS has it, for one service account: checks what it is asked by openssl(1), and
# gives the token that it was told to give.
#
#   my $iam = Iam->new;                # $iam->account is the service account's file
#   $iam->give("secret-1");            # from now on; undef: 401 for everybody
#   $iam->logins;                      # "good" or what was wrong, one for each
package Iam;

use strict;
use warnings;

use File::Temp qw(tempdir);
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use MIME::Base64 qw(decode_base64);

my $UID = "mesos-named/dns";

sub new {
    my ($class) = @_;
    my $dir = tempdir("mesos-iam-XXXXXX", TMPDIR => 1, CLEANUP => 1);
    system("openssl genrsa -out $dir/key.pem 2048 2>/dev/null") == 0 or return;
    system("openssl rsa -in $dir/key.pem -pubout -out $dir/public.pem 2>/dev/null") == 0 or return;
    my $listener = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Proto => "tcp", Listen => 16) or die "listen: $!";
    my $self = bless { dir => $dir, owner => $$ }, $class;
    _write("$dir/account.json", encode_json({
        scheme => "RS256", uid => $UID, private_key => _read("$dir/key.pem"),
        login_endpoint => "http://127.0.0.1:" . $listener->sockport . "/acs/api/v1/auth/login",
    }));
    $self->{pid} = fork // die "fork: $!";
    if (!$self->{pid}) {
        $SIG{TERM} = "DEFAULT";
        while (1) { $self->_serve($listener->accept // next) }
    }
    return $self;
}

sub account { return "$_[0]{dir}/account.json" }

sub give {
    my ($self, $token) = @_;
    _write("$self->{dir}/token.new", $token // "");
    rename "$self->{dir}/token.new", "$self->{dir}/token" or die "rename: $!";
}

sub logins { return split /\n/, _read("$_[0]{dir}/logins") // "" }

sub _serve {
    my ($self, $client) = @_;
    my $request = "";
    while ($request !~ /\r\nContent-Length: (\d+)(?:\r\n.*?)?\r\n\r\n(.*)/s || length($2) < $1) {
        return unless IO::Select->new($client)->can_read(5) && $client->sysread($request, 65536, length $request);
    }
    my $wrong = $self->_wrong($request);
    my $token = _read("$self->{dir}/token") // "";
    open my $out, ">>", "$self->{dir}/logins" or die "logins: $!";
    print $out $wrong // "good", "\n";
    close $out;
    my ($status, $body) = defined $wrong || $token eq "" ? ("401 Unauthorized", '{"title":"Unauthorized"}')
        : ("200 OK", encode_json({ token => $token }));
    $client->syswrite("HTTP/1.1 $status\r\nContent-Type: application/json\r\nContent-Length: " . length($body)
            . "\r\nConnection: close\r\n\r\n$body");
    close $client;
}

# What is wrong with a login; undef: nothing.
sub _wrong {
    my ($self, $request) = @_;
    return "no such thing" unless $request =~ m{^POST /acs/api/v1/auth/login HTTP/1\.1\r\n};
    return "authorization" if $request =~ /\r\nAuthorization:/i;
    my $body = eval { decode_json($request =~ s/.*?\r\n\r\n//sr) } or return "no JSON";
    return "uid" unless $body->{uid} eq $UID;
    my ($header, $claims, $signature, @more) = split /\./, $body->{token};
    return "parts" if @more || !defined $signature;
    return "padding" if $body->{token} =~ /[^A-Za-z0-9_.-]/;
    my $decode = sub { return decode_base64($_[0] =~ tr{-_}{+/}r . "=" x (-length($_[0]) % 4)) };
    my $h = decode_json($decode->($header));
    return "algorithm" unless $h->{alg} eq "RS256" && $h->{typ} eq "JWT";
    my $c = decode_json($decode->($claims));
    return "claims" unless $c->{uid} eq $UID && $c->{exp} > time && $c->{exp} < time + 3600;
    _write("$self->{dir}/signed", "$header.$claims");
    _write("$self->{dir}/signature", $decode->($signature));
    my $verify = "openssl dgst -sha256 -verify $self->{dir}/public.pem -signature $self->{dir}/signature $self->{dir}/signed";
    return system("$verify >/dev/null 2>&1") == 0 ? undef : "signature";
}

sub _read {
    my ($file) = @_;
    open my $in, "<", $file or return;
    local $/;
    return scalar <$in>;
}

sub _write {
    my ($file, $text) = @_;
    open my $out, ">", $file or die "$file: $!";
    print $out $text;
    close $out or die "$file: $!";
}

sub DESTROY {
    my ($self) = @_;
    return if $self->{owner} != $$;
    local ($?, $!);
    kill "TERM", $self->{pid};
    waitpid $self->{pid}, 0;
}

1;
