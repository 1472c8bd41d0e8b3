# SPDX-License-Identifier: Apache-2.0
# A program of somebody else that a test starts, watches and ends, with all of its files in a folder of its own.
#
#   my $path = Program::find("haproxy") or plan skip_all => ...;
#   my $haproxy = Program->start(["haproxy", "-f", "config"], files => { config => "..." });    # runs in the folder
#   $haproxy->wait_for(sub { ... }) or die $haproxy->log;
package Program;

use strict;
use warnings;

use File::Temp qw(tempdir);
use POSIX qw(WNOHANG);

use Named;

# Where it is, or undef; Debian keeps servers where a user's PATH does not look.
sub find {
    my ($name) = @_;
    return (grep { -x $_ } map {"$_/$name"} split(/:/, $ENV{PATH}), "/usr/sbin", "/sbin")[0];
}

sub start {
    my ($class, $command, %opt) = @_;
    my ($name, @args) = @$command;
    my $program = find($name) or die "$name is not installed\n";
    my $dir = tempdir("mesos-named-XXXXXX", TMPDIR => 1, CLEANUP => 1);
    for my $file (keys %{ $opt{files} || {} }) {
        open my $out, ">", "$dir/$file" or die "$file: $!";
        print $out $opt{files}{$file};
        close $out or die "$file: $!";
    }
    my $self = bless { name => $name, dir => $dir, owner => $$ }, $class;
    $self->{pid} = fork // die "fork: $!";
    if (!$self->{pid}) {
        chdir $dir                         or POSIX::_exit(127);
        open STDIN,  "<",  "/dev/null"     or POSIX::_exit(127);
        open STDOUT, ">>", "$dir/log"      or POSIX::_exit(127);
        open STDERR, ">&", \*STDOUT        or POSIX::_exit(127);
        { no warnings "exec"; exec { $program } $name, @args; }
        POSIX::_exit(127);
    }
    return $self;
}

sub dir { return $_[0]{dir} }
sub log { return Named::slurp("$_[0]{dir}/log") }

sub ended {
    my ($self) = @_;
    delete $self->{pid} if $self->{pid} && waitpid($self->{pid}, WNOHANG) == $self->{pid};
    return !$self->{pid};
}

# Until the condition holds; false if it does not, or the program ended.
sub wait_for {
    my ($self, $condition) = @_;
    my $value = Named::wait_until(sub { $self->ended ? "ended" : $condition->() });
    return defined $value && $value eq "ended" ? undef : $value;
}

sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    local ($?, $!);
    kill "TERM", $pid;
    waitpid $pid, 0;
}

sub DESTROY {
    my ($self) = @_;
    $self->stop if $self->{owner} == $$;
}

1;
