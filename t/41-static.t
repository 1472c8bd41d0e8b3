# SPDX-License-Identifier: Apache-2.0
# Static zones as clients see them: zones of master files, names added to the cluster's, the locally served ones.
use strict;
use warnings;

use File::Temp qw(tempdir);
use JSON::PP;
use Test::More;

use MesosSim;
use Named;

plan skip_all => "mesos-sim was not built" unless MesosSim::program();

my $dir = tempdir(CLEANUP => 1);

sub write_file {
    my ($name, $text) = @_;
    open my $out, ">", "$dir/$name" or die "$dir/$name: $!";
    print $out $text;
    close $out;
    return "$dir/$name";
}

my $own = write_file("own", <<'EOT');
$TTL 300
@       SOA     ns host 7 3600 600 86400 30
        NS      ns
ns      A       192.0.2.53
www     A       192.0.2.80
        AAAA    2001:db8::80
alias   CNAME   WWW
across  CNAME   mywebservice.marathon.mesos.
out     CNAME   www.example.com.
*.wild  TXT     "any name"
_s._tcp SRV     0 1 80 www
EOT
my $cluster = write_file("cluster", <<'EOT');
$TTL 300
printer A       192.0.2.99
web     CNAME   mywebservice.marathon
leader  A       192.0.2.1
mywebservice.marathon A 192.0.2.2
EOT
my @zones = ({ name => "own.mesos", file => $own }, { name => "mesos", file => $cluster },
    { name => "lost.example", file => write_file("lost", "; no zone\n") });

my $sim   = MesosSim->new;
my %config = (masters => [ $sim->hostport ], zones => \@zones);
my $named = Named->start(config => \%config);
ok($named->wait_answer("mywebservice.marathon.mesos", "A"), "the cluster is there");

# "RCODE: rdata, rdata" of an answer, sorted; for none the owner and type of what stands in AUTHORITY.
sub lookup {
    my $reply = $named->query(@_) or return "none";
    my @answer = sort map { my $text = $_->rdstring; $_->type . " $text" } $reply->answer;
    @answer = map { "(" . $_->type . " " . $_->owner . ")" } $reply->authority unless @answer;
    return join " ", $reply->header->rcode . ($reply->header->aa ? "" : " not authoritative") . ":", join ", ", @answer;
}

is(lookup("www.own.mesos",       "A"),    "NOERROR: A 192.0.2.80",              "a record");
is(lookup("WWW.own.MESOS",       "AAAA"), "NOERROR: AAAA 2001:db8::80",         "without case");
is(lookup("www.own.mesos",       "TXT"),  "NOERROR: (SOA own.mesos)",           "another type");
is(lookup("nothing.own.mesos",   "A"),    "NXDOMAIN: (SOA own.mesos)",          "an unknown name");
is(lookup("_tcp.own.mesos",      "A"),    "NOERROR: (SOA own.mesos)",           "an empty name between others");
is(lookup("x.y.wild.own.mesos",  "TXT"),  'NOERROR: TXT "any name"',            "a wildcard");
like(lookup("own.mesos", "SOA"), qr/^NOERROR: SOA ns\.own\.mesos\. .*\s7\s/s,     "the SOA as given");
is(lookup("alias.own.mesos",     "A"),    "NOERROR: A 192.0.2.80, CNAME www.own.mesos.", "an alias");
like(lookup("across.own.mesos",  "A"),    qr/^NOERROR: (A [\d.]+, )+CNAME mywebservice\.marathon\.mesos\.$/,
    "an alias of a task");
is(lookup("out.own.mesos",       "A"),    "NOERROR: CNAME www.example.com.",    "an alias of a name elsewhere");
my ($soa) = $named->query("nothing.own.mesos", "A")->authority;
is($soa->ttl, 30, "the negative TTL is the zone's own");
my $srv = $named->query("_s._tcp.own.mesos", "SRV");
is(join(" ", sort map { $_->address } $srv->additional ? grep { $_->type =~ /^A/ } $srv->additional : ()),
    "192.0.2.80 2001:db8:0:0:0:0:0:80", "the addresses of an SRV's target");

is(lookup("printer.mesos", "A"), "NOERROR: A 192.0.2.99", "a name beside the generated ones");
like(lookup("web.mesos", "A"), qr/^NOERROR: (A [\d.]+, )+CNAME mywebservice\.marathon\.mesos\.$/, "an alias of a task");
unlike(lookup("leader.mesos", "A"), qr/192\.0\.2\./, "what is always generated wins");
unlike(lookup("mywebservice.marathon.mesos", "A"), qr/192\.0\.2\./, "what happens to be generated wins as well");
like($named->log, qr/cluster:4: leader\.mesos\. is generated/,           "the log names the one with its line");
like($named->log, qr/generated.*name=mywebservice\.marathon\.mesos/,     "and the other");
is(lookup("www.lost.example", "A"), "SERVFAIL not authoritative: ", "a zone whose file is none is not somebody else's");

is(lookup("localhost",               "A"),    "NOERROR: A 127.0.0.1",                "localhost");
is(lookup("some.host.localhost",     "AAAA"), "NOERROR: AAAA ::1",                  "a name below");
is(lookup("localhost",               "MX"),   "NOERROR: (SOA localhost)",            "no other types");
is(lookup("1.0.0.127.in-addr.arpa",  "PTR"),  "NOERROR: PTR localhost.",             "the reverse of 127.0.0.1");
is(lookup("2.1.0.10.in-addr.arpa",   "PTR"),  "NXDOMAIN: (SOA 10.in-addr.arpa)",     "private addresses");
is(lookup("1.1.64.100.in-addr.arpa", "PTR"),  "NXDOMAIN: (SOA 64.100.in-addr.arpa)", "shared addresses");
is(lookup("1" . ".0" x 31 . ".ip6.arpa", "PTR"), "NOERROR: PTR localhost.",          "the reverse of ::1");
like(lookup("8.8.8.8.in-addr.arpa", "PTR"), qr/^REFUSED/, "other addresses are not ours");
$named->stop_ok;

$named = Named->start(config => { %config, zones => [], localZones => JSON::PP::false });
like(lookup("localhost", "A"), qr/^REFUSED/, "localZones false: nothing of that is served");
$named->stop_ok;
$sim->stop;

# -t: everything that is wrong, and where.
my $bad = write_file("bad", "\$TTL 1h\n@ SOA ns host 1 2 3 4 5\n@ NS ns\nns A 192.0.2\n\nx MX\n");
Named::write_config("$dir/config.json",
    { masters => ["127.0.0.1:1"], httpon => JSON::PP::false, resolvers => ["127.0.0.1:1"],
        zones => [ { name => "bad.mesos", file => $bad }, { name => "mesos", file => $cluster } ] });
my ($status, $out, $err) = Named->run("-t", "-config=$dir/config.json");
is($status, 1, "-t fails on a bad zone file");
like($out . $err, qr/bad:4: /,                  "the first error has its line");
like($out . $err, qr/bad:6: /,                  "and the second");
like($out . $err, qr/cluster:4: leader\.mesos/, "and so has a name that is generated");
Named::write_config("$dir/config.json",
    { masters => ["127.0.0.1:1"], httpon => JSON::PP::false, resolvers => ["127.0.0.1:1"], zones => [ $zones[0] ] });
($status, $out, $err) = Named->run("-t", "-config=$dir/config.json");
is($status, 0, "-t is content with a good one") or diag($out . $err);

done_testing;
