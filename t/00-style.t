# SPDX-License-Identifier: Apache-2.0
# The house style, as far as a machine can see it.
use strict;
use warnings;

use File::Find;
use Test::More;

my $src = $ENV{MN_SRCDIR} || ".";
my @order = qw(base conf cluster zone mesos answer forward server http daemon);    # each uses only those before it
my %forbidden_edge = map { $_ => 1 } "answer mesos", "server mesos", "forward mesos";    # neither does what comes over DNS

chdir $src or die "$src: $!";
my @files;
find(
    {
        no_chdir => 1,
        wanted   => sub {
            if (-d && (m{^\./(build|autom4te|\.git)} || m{/corpus$|/data$})) { $File::Find::prune = 1; return }
            push @files, s{^\./}{}r if -f;
        },
    },
    "."
);
my @c = grep { m{^(src|t)/.*\.[ch]$} } @files;
my @sources = sort @c, grep { m{^(src|t|zones|contrib|doc|conf|m4)/.*\.(t|pm|pl|awk|m4|sh|inc|zone|list|service|md|[578])$}
        || m{^(quickstart|\.ci/run|configure\.ac|Makefile\.am|README\.md|HACKING\.md)$} } @files;

sub lines_of {
    my ($file) = @_;
    open my $in, "<", $file or die "$file: $!";
    my @lines = <$in>;
    chomp @lines;
    return @lines;
}

sub columns {
    my ($line) = @_;
    utf8::decode($line);
    1 while $line =~ s/^([^\t]*)\t/$1 . " " x (8 - length($1) % 8)/e;
    return length $line;
}

# A test of all files: `check` returns what is wrong with one.
sub all_ok {
    my ($name, $files, $check) = @_;
    my @wrong = map { my $file = $_; map {"$file$_"} $check->($file) } @$files;
    ok(!@wrong, $name) or diag(join "\n", @wrong);
}

cmp_ok(scalar @c, ">", 20, "the sources are found");

my $words = join "|", map { join "", @$_ } [qw(TO DO)], [qw(FIX ME)], [qw(X XX)];
all_ok("no work is left as a comment", \@sources, sub {
    my $n = 0;
    return map { $n++; /\b(?:$words)\b/ ? ":$n: $_" : () } lines_of($_[0]);
});
all_ok("no blanks at the end of a line", \@sources, sub {
    my $n = 0;
    return map { $n++; /\s$/ ? ":$n" : () } lines_of($_[0]);
});
all_ok("C is indented by tabs", \@c, sub {
    my $n = 0;
    return map { $n++; /^ {8}/ ? ":$n" : () } lines_of($_[0]);
});
all_ok("no file is longer than 800 lines", \@sources, sub {
    my $n = () = lines_of($_[0]);
    return $n > 800 ? ": $n lines" : ();
});
all_ok("no line is wider than 140 columns", \@c, sub {
    my $n = 0;
    return map { $n++; columns($_) > 140 ? ":$n: " . columns($_) : () } lines_of($_[0]);
});
all_ok("the licence is named at the top", [ grep { !/\.(inc|md|m4)$/ } @sources ], sub {
    my @head = lines_of($_[0]);
    return (join "\n", grep {defined} @head[ 0 .. 2 ]) =~ /SPDX-License-Identifier: Apache-2\.0/ ? () : "";
});
all_ok("a header has a guard of its name", [ grep {/\.h$/} @c ], sub {
    my ($file) = @_;
    my $guard = uc($file =~ s{^src/}{}r) =~ s{[^A-Z0-9]}{_}gr;
    return grep({ $_ eq "#ifndef $guard" } lines_of($file)) ? () : ": $guard";
});
all_ok("each .c of src has its header, and includes it first", [ grep { m{^src/.+/.+\.c$} } @c ], sub {
    my ($file) = @_;
    my ($first) = map { /^#include [<"](.*)[>"]/ ? $1 : () } lines_of($file);
    my $header = $file =~ s/c$/h/r;
    return ": no $header" unless -f $header;
    return "src/" . ($first || "") eq $header ? () : ": $header is not its first";
});

my %rank = map { $order[$_] => $_ } 0 .. $#order;
all_ok("includes go down the order of the folders", [ grep { m{^src/[^/]+/} } @c ], sub {
    my ($file) = @_;
    my ($folder) = $file =~ m{^src/([^/]+)/};
    return ": unknown folder" unless exists $rank{$folder};
    return map {
        !m{^#include "([^/"]+)/}                                           ? () :
            !exists $rank{$1}                                              ? ": $_" :
            $rank{$1} > $rank{$folder} || $forbidden_edge{"$folder $1"} ? ": $_" :
                                                                             ();
    } lines_of($file);
});

SKIP: {
    skip "no compiler is given", 1 unless $ENV{MN_CC};
    chdir $ENV{MN_BUILDDIR} or die;
    my @wrong;
    for my $header (grep { m{^src/.*\.h$} } @c) {
        my $name = $header =~ s{^src/}{}r;
        open my $cc, "|-", "$ENV{MN_CC} $ENV{MN_CPPFLAGS} -std=gnu17 -fsyntax-only -x c - >&2" or die;
        print $cc qq(#include "$name"\n#include "$name"\n);
        push @wrong, $header unless close $cc;
    }
    ok(!@wrong, "each header compiles by itself") or diag(join "\n", @wrong);
    chdir $src;
}

SKIP: {
    skip "no man", 1 if system("man --version >/dev/null 2>&1");
    my @wrong;
    for my $page (grep { m{^doc/.*\.[578]$} } @files) {
        local $ENV{MANWIDTH} = 80;
        local $ENV{LC_ALL} = "C.UTF-8";
        my $words = `man --warnings -E UTF-8 -l -Tutf8 -Z '$page' 2>&1 >/dev/null`;
        push @wrong, "$page: $words" if $words ne "";
    }
    ok(!@wrong, "the manual pages are clean") or diag(join "\n", @wrong);
}

done_testing;
