# SPDX-License-Identifier: Apache-2.0
# The table of keys, the manual page and the samples say the same.
use strict;
use warnings;

use File::Temp qw(tempdir);
use JSON::PP;
use Test::More;

my $src = $ENV{MN_SRCDIR} || ".";
my $conf_print = ($ENV{MN_BUILDDIR} || "build") . "/t/unit/conf_print";
my $json = JSON::PP->new->canonical->allow_nonref;
my $scratch = tempdir(CLEANUP => 1);

sub slurp {
    my ($file) = @_;
    open my $in, "<:encoding(UTF-8)", $file or die "$file: $!";
    local $/;
    my $text = <$in>;
    return $text // "";
}

# What conf_load() makes of a file: whether it takes it, its messages, the effective configuration.
sub load {
    my ($file) = @_;
    my $shown = `'$conf_print' '$file' 2>'$scratch/messages'`;
    return ($? == 0, slurp("$scratch/messages"), $shown);
}

sub load_text {
    my ($text) = @_;
    open my $out, ">", "$scratch/conf.json" or die $!;
    print $out $text;
    close $out or die $!;
    return load("$scratch/conf.json");
}

my @columns = qw(name shown group preset help rule);
my @table = map { chomp; my %key; @key{@columns} = split /\t/; \%key } `'$conf_print'`;
my %key = map { $_->{name} => $_ } @table;
cmp_ok(scalar @table, ">", 40, "the table has keys");

# --- the manual page ---

my $manual = slurp("$src/doc/mesos-named.json.5");
my ($keys_section) = $manual =~ /^\.Sh KEYS\n(.*?)^\.Sh /ms;

# The text of mdoc lines: macros gone, escapes resolved, one blank between words.
sub plain {
    my ($text) = @_;
    $text =~ s/^\.(?:Bl|El|Pp|It)\b.*$//mg;
    $text =~ s/^\.[A-Z][a-z]\s+//mg;
    $text =~ s/\\\(dq/"/g;
    $text =~ s/\s+/ /g;
    return $text;
}

my (@documented, %entry);
while ($keys_section =~ /^\.It Cm (\w+) : No (.*)\n((?:(?!\.It Cm |\.Ss ).*\n)*)/mg) {
    push @documented, $1;
    $entry{$1} = { preset => plain($2), text => plain($3) };
}
is_deeply(\@documented, [ map { $_->{name} } @table ], "the manual has the keys of the table, in its order");
for my $name (grep { $key{$_} } @documented) {
    my @wrong;
    push @wrong, "default $entry{$name}{preset}, in the table $key{$name}{preset}"
        if $entry{$name}{preset} ne $key{$name}{preset};
    push @wrong, "not in it: $_"
        for grep { index($entry{$name}{text}, $_) < 0 } ucfirst "$key{$name}{help}. Value: $key{$name}{rule}. ";
    ok(!@wrong, "the manual's $name is the table's") or diag(join "\n", @wrong);
}

my ($example) = $manual =~ /^\.Bd -literal.*?\n(\{.*?^\})\n\.Ed/ms;
my ($taken, $messages) = load_text($example);
ok($taken && $messages eq "", "the manual's example is good") or diag($messages);

SKIP: {
    skip "no mandoc", 1 if system("command -v mandoc >/dev/null");
    my $lint = `mandoc -Tlint -W warning '$src/doc/mesos-named.json.5'`;
    is($lint, "", "mandoc has nothing to say");
}

# --- the samples ---

($taken, $messages) = load("$src/conf/mesos-named.json.sample");
ok($taken && $messages eq "", "the sample is good") or diag($messages);

my $full = slurp("$src/conf/mesos-named-full.json.sample");
is_deeply([ $full =~ /^  "(\w+)":/mg ], [ map { $_->{name} } @table ], "the full sample has all keys, in their order");
my $values = $json->decode($full);
for my $key (grep { $_->{name} ne "masters" } @table) {
    my $value = $json->encode($values->{ $key->{name} });
    is($value, $json->encode($json->decode($key->{preset})), "$key->{name} has its default there");
}
($taken, $messages) = load("$src/conf/mesos-named-full.json.sample");
ok($taken, "the full sample is taken") or diag($messages);
unlike($messages, qr/error|unknown|obsolete/, "its warnings are about what is not in effect yet");
my ($effective, $full_effective) = map {
    my ($good, undef, $shown) = load_text($json->encode($_));
    my $object = $json->decode($shown);
    delete $object->{$_} for qw(File RecursionAllow);    # the default has this host's networks as well
    $object;
} { masters => $values->{masters} }, $values;
is_deeply($full_effective, $effective, "and it changes nothing but masters");

# --- /v1/config ---

is_deeply([ sort grep { $_ ne "File" } keys %{ $json->decode((load("$src/conf/mesos-named.json.sample"))[2]) } ],
    [ sort map { $_->{shown} } @table ], "all keys are shown");
SKIP: {
    my $capture = "$src/../shared/captures/http/mesos-dns-v1.txt";
    skip "no mesos-dns-v1.txt", 1 unless -r $capture;
    my ($body) = slurp($capture) =~ m{^### GET /v1/config\n.*?\n\s*(\{.*?\n \})}ms;
    my %shown = map { $_->{shown} => 1 } @table;
    my @missing = grep { !$shown{$_} } sort keys %{ $json->decode($body) };
    is_deeply(\@missing, [qw(File SOASerial)], "they are spelled as Mesos-DNS does, which has two more that are no keys");
}

my (undef, undef, $shown) = load_text('{"masters": ["a"], "zk": "zk://u:hunter2@h/m", "mesosCredentials": {"principal":'
        . ' "p", "secret": "hunter2"}, "httpCredentials": {"user": "u", "password": "hunter2"}}');
unlike($shown, qr/hunter2/, "secrets are not shown");
like($shown, qr{"zk://u:\*{6}\@h:2181/m"}, "but masked");

($taken, $messages) = load_text('{"masters": ["a"], "prot": 5, "port": "x", "ttl": -1}');
ok(!$taken, "a bad file is refused");
like($messages, qr/^\S+: error: port: must be .*, not "x"\n/m, "with its first error");
like($messages, qr/^\S+: error: ttl: must be .*, not -1\n/m, "its second");
like($messages, qr/^\S+: warning: prot: unknown key; the nearest known one is "port"\n/m, "and its warning");

done_testing;
