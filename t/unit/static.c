/* SPDX-License-Identifier: Apache-2.0 */
/* zone/static*: master files become records, what is wrong in them is named by its line and costs no more
 * than itself; zone/local: the zones that ship are right. */
#include "t/unit/unit.h"

#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "zone/local.h"
#include "zone/static_check.h"

#define HEAD "$TTL 300\n@ SOA ns hostmaster 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\n" /* four lines */

static char said[8192];

static void collect(void *arg, enum log_level level, const char *text)
{
	static const char letter[] = "EWIDT";
	size_t used = strlen(said);

	snprintf(said + used, sizeof(said) - used, "%c %s\n", letter[level], text);
}

static const struct static_report report = {collect, NULL};

static void open_zone(struct static_file *file, const char *zone)
{
	uint8_t apex[DNAME_MAX];
	size_t len = dname_from_text(apex, zone, strlen(zone));

	assert_true(len);
	said[0] = '\0';
	static_file_init(file, "f", apex, len, &report);
}

/* Reads and checks; returns what static_check() does. */
static int read_zone(struct static_file *file, const char *text)
{
	open_zone(file, "example.org");
	assert_int_equal(static_file_parse(file, text, strlen(text)), 0);
	return static_check(file, false);
}

static const struct static_record *record(const struct static_file *file, const char *owner, uint16_t type)
{
	uint8_t name[DNAME_MAX];
	size_t len = dname_from_text(name, owner, strlen(owner));

	for (size_t i = 0; i < file->count; i++) {
		const struct static_record *r = &file->records[i];

		if (r->type == type && r->owner_len == len && !memcmp(r->owner, name, len))
			return r;
	}
	return NULL;
}

static void assert_rdata(const struct static_record *r, const void *rdata, size_t len)
{
	assert_non_null(r);
	assert_int_equal(r->rdlen, len);
	assert_memory_equal(r->rdata, rdata, len);
}

#define ASSERT_RDATA(file, owner, type, literal)                                                             \
	assert_rdata(record((file), (owner), (type)), (literal), sizeof(literal) - 1)

static void good_file_yields_its_records(void **state)
{
	struct static_file f;

	assert_int_equal(read_zone(&f, "; comment\n\n" HEAD "WWW 1h IN A 192.0.2.2 ; comment\n"
				       "    IN 1h AAAA 2001:db8::1\n"
				       "mail MX 10 NS.Example.ORG.\n"
				       "_a._tcp SRV ( 1 2 ; priority, weight\n"
				       "              80 WWW )\n"
				       "txt TXT \"a;b\" \"(c\" d\n"
				       "odd TYPE65534 \\# 3 0102Ff\n"
				       "esc\\046d\\.ot CNAME www.Example.com.\n"
				       "$ORIGIN sub\n"
				       "a 0 A 192.0.2.3\n"
				       "$TTL 0\n"
				       "b A 192.0.2.4\n"
				       "$ORIGIN other.example.org.\n"
				       "@ A 192.0.2.5"),
		0);
	assert_string_equal(said, "");
	ASSERT_RDATA(&f, "www.example.org", RR_A, "\xc0\0\2\2");
	assert_int_equal(record(&f, "www.example.org", RR_A)->ttl, 3600);
	assert_int_equal(record(&f, "www.example.org", RR_A)->line, 7);
	assert_int_equal(record(&f, "www.example.org", RR_AAAA)->ttl, 3600);
	ASSERT_RDATA(&f, "mail.example.org", RR_MX, "\0\xa\2ns\7example\3org\0");
	assert_int_equal(record(&f, "mail.example.org", RR_MX)->ttl, 300);
	ASSERT_RDATA(&f, "_a._tcp.example.org", RR_SRV, "\0\1\0\2\0\x50\3www\7example\3org\0");
	ASSERT_RDATA(&f, "txt.example.org", RR_TXT, "\3a;b\2(c\1d");
	ASSERT_RDATA(&f, "odd.example.org", 65534, "\1\2\xff");
	assert_int_equal(record(&f, "odd.example.org", 65534)->line, 13);
	ASSERT_RDATA(&f, "esc\\.d\\.ot.example.org", RR_CNAME, "\3www\7example\3com\0");
	assert_int_equal(record(&f, "a.sub.example.org", RR_A)->ttl, 0);
	assert_int_equal(record(&f, "b.sub.example.org", RR_A)->ttl, 0);
	assert_int_equal(record(&f, "other.example.org", RR_A)->line, 20);
	static_file_fini(&f);
}

static void names_in_rdata_are_in_lower_case(void **state)
{
	struct static_file f;

	assert_int_equal(read_zone(&f, HEAD "n NAPTR 1 2 \"S\" \"SIP+D2U\" \"\" NS\n"
					    "r RP NS Txt\n"
					    "h HINFO Intel Linux\n"
					    "p PTR NS\n"),
		0);
	ASSERT_RDATA(&f, "n.example.org", 35, "\0\1\0\2\1S\7SIP+D2U\0\2ns\7example\3org\0");
	ASSERT_RDATA(&f, "r.example.org", 17, "\2ns\7example\3org\0\3txt\7example\3org\0");
	ASSERT_RDATA(&f, "h.example.org", 13, "\5Intel\5Linux");
	ASSERT_RDATA(&f, "p.example.org", RR_PTR, "\2ns\7example\3org\0");
	ASSERT_RDATA(&f, "example.org", RR_SOA,
		"\2ns\7example\3org\0\12hostmaster\7example\3org\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0"
		"\x3c");
	static_file_fini(&f);
}

static void ttl_comes_from_where_the_rfcs_say(void **state)
{
	struct static_file f;

	assert_int_equal(
		read_zone(&f, "@ SOA ns h 1 2 3 4 77\n@ NS ns\nns 5 A 192.0.2.1\nb A 192.0.2.1\n"), 0);
	assert_int_equal(record(&f, "example.org", RR_SOA)->ttl, 77);
	assert_int_equal(record(&f, "example.org", RR_NS)->ttl, 77);
	assert_int_equal(record(&f, "ns.example.org", RR_A)->ttl, 5);
	assert_int_equal(record(&f, "b.example.org", RR_A)->ttl, 5);
	static_file_fini(&f);
}

struct wrong {
	const char *text;  /* after HEAD, so that its first line is number 5 */
	const char *begin; /* of what is said */
};

static void every_error_has_its_line(void **state)
{
	static const struct wrong cases[] = {
		{"a A 1.2.3\n", "E f:5: "},
		{"\n\n ; comment\na A 1.2.3.4.5\n", "E f:8: "},
		{"a A\n", "E f:5: "},
		{"a AAAA 1.2.3.4\n", "E f:5: "},
		{"a SRV 0 0 65536 ns\n", "E f:5: number is out of range"},
		{"a SRV 0 -1 1 ns\n", "E f:5: number is out of range"},
		{"a CAA 256 issue \"x\"\n", "E f:5: number is out of range"},
		{"@ 1d 1d A 192.0.2.1\n", "E f:5: unknown type"},
		{"a TYPE65536 \\# 0\n", "E f:5: unknown type"},
		{"a IN\n", "E f:5: no type"},
		{"a\n", "E f:5: no type"},
		{"a ) A 192.0.2.1\n", "E f:5: parenthesis was not opened"},
		{"a 70000w A 192.0.2.1\n", "E f:5: TTL is over"},
		{"a SRV 0 0 80\n", "E f:5: "},
		{"a MX ns\n", "E f:5: "},
		{"a NOTYPE x\n", "E f:5: "},
		{"a A \\# 3 010203\n", "E f:5: "},
		{"a A \\# 4 0102\n", "E f:5: "},
		{"a TYPE33 \\# 7 00010002000341\n", "E f:5: "},
		{"a CH A 192.0.2.1\n", "E f:5: class is not IN"},
		{"a TYPE255 \\# 0\n", "E f:5: type cannot stand in a zone"},
		{"a TYPE41 \\# 0\n", "E f:5: type cannot stand in a zone"},
		{"a..b A 192.0.2.1\n", "E f:5: "},
		{"a 2147483648 A 192.0.2.1\n", "E f:5: TTL is over"},
		{"a TXT (\n", "E f:5: parenthesis is not closed"},
		{"a TXT \"b\n", "E f:5: quotes are not closed"},
		{"$INCLUDE other\n", "E f:5: this directive is not supported"},
		{"$GENERATE 1-4 a$ A 192.0.2.$\n", "E f:5: this directive is not supported"},
		{"$ORIGINAL x\n", "E f:5: unknown directive"},
		{"$TTL\n", "E f:5: one value is needed"},
		{"$TTL 1 2\n", "E f:5: one value is needed"},
		{"$TTL x\n", "E f:5: not a TTL"},
		{"$TTL 99999999999999\n", "E f:5: not a TTL"},
		{"$TTL 4294967295\n", "E f:5: not a TTL"},
		{"$ORIGIN a..b\n", "E f:5: not a domain name"},
		{"$\n", "E f:5: unknown directive"},
		{"\na.example.com. A 192.0.2.1\n", "E f:6: a.example.com. is outside the zone"},
		{"exampleXorg. A 192.0.2.1\n", "E f:5: examplexorg. is outside the zone"},
		{"@ SOA ns h 1 2 3 4 5\n", "E f:5: another SOA after that of line 2"},
		{"a SOA ns h 1 2 3 4 5\n", "E f:5: SOA at a.example.org., below the zone's apex"},
		{"a CNAME b\na A 192.0.2.1\n", "E f:5: a.example.org. has a CNAME and other data"},
		{"a CNAME b\na CNAME c\n", "E f:6: another CNAME after that of line 5"},
		{"@ CNAME b\n", "E f:5: example.org. has a CNAME and other data"},
		{"a DNAME b\na DNAME c\n", "E f:6: another DNAME after that of line 5"},
		{"A A 192.0.2.1\nb A 192.0.2.1\na A 192.0.2.1\n",
			"W f:7: the record of a.example.org. stands in line 5 already"},
		{"a 5 A 192.0.2.1\na 6 A 192.0.2.2\n",
			"W f:6: records of a.example.org. and one type differ"},
		{"a RRSIG A 5 2 1 20300101000000 20200101000000 1 example.org. YQ==\n", "W f:5: signatures"},
		{"@ NS x\n", "W f:5: x.example.org. has no address"},
		{"a MX 1 x\n", "W f:5: x.example.org. has no address"},
		{"a SRV 1 1 1 x\n", "W f:5: x.example.org. has no address"},
		{"a SRV 1 1 1 b\nb CNAME ns\n", "W f:5: b.example.org. is an alias"},
		{"a NS ns.a\n", "W f:5: ns.a.example.org. has no address"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[1024];
		struct static_file f;

		snprintf(text, sizeof(text), HEAD "%sgood A 192.0.2.9\n", cases[i].text);
		assert_int_equal(read_zone(&f, text), 0);
		if (strncmp(said, cases[i].begin, strlen(cases[i].begin)) != 0)
			fail_msg("for:\n%swanted: %s\ngot: %s", cases[i].text, cases[i].begin, said);
		if (strchr(said, '\n') != strrchr(said, '\n'))
			fail_msg("for:\n%smore than one finding:\n%s", cases[i].text, said);
		assert_int_equal(f.errors, cases[i].begin[0] == 'E');
		assert_int_equal(f.warnings, cases[i].begin[0] == 'W');
		assert_non_null(record(&f, "good.example.org", RR_A));
		static_file_fini(&f);
	}
}

static void what_is_right_says_nothing(void **state)
{
	static const char *const cases[] = {
		"@ MX 0 .\n_x._tcp SRV 0 0 0 .\n",
		"@ NS ns.elsewhere.\n",
		"a SRV 1 1 1 b.w\n*.w A 192.0.2.1\n",
		"a SRV 1 1 1 host.sub\nsub NS ns\n",
		"sub NS ns.sub\nns.sub A 192.0.2.1\n",
		"a CNAME nowhere\n",
		"a A 192.0.2.1\na AAAA ::1\na TXT x\n",
		"$TTL 1d\na A 192.0.2.1\n$TTL 2147483647\nb A 192.0.2.1\n",
		"$ORIGIN @\na A 192.0.2.1\n$ORIGIN example.org.;comment\nb A 192.0.2.1\n",
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[1024];
		struct static_file f;

		snprintf(text, sizeof(text), HEAD "%s", cases[i]);
		assert_int_equal(read_zone(&f, text), 0);
		assert_string_equal(said, "");
		static_file_fini(&f);
	}
}

static void all_errors_are_reported(void **state)
{
	struct static_file f;

	assert_int_equal(
		read_zone(&f, HEAD "a A x\nb A 192.0.2.2\n\nc A y\nd.example.com. A 192.0.2.1\n"), 0);
	assert_int_equal(f.errors, 3);
	assert_non_null(strstr(said, "E f:5: "));
	assert_non_null(strstr(said, ", in `a A x`"));
	assert_non_null(strstr(said, "E f:8: "));
	assert_non_null(strstr(said, "E f:9: "));
	ASSERT_RDATA(&f, "b.example.org", RR_A, "\xc0\0\2\2");
	assert_int_equal(f.count, 4);
	static_file_fini(&f);
}

/* `  A ...` after an entry whose owner is no name must not go to the owner before that. */
static void lines_without_owner_do_not_join_a_stranger(void **state)
{
	struct static_file f;

	assert_int_equal(
		read_zone(&f, HEAD "a A x\n  A 192.0.2.1\nb..c A 192.0.2.2\n  A 192.0.2.3\nd A 192.0.2.4\n"
				   "  A 192.0.2.5\n"),
		0);
	assert_int_equal(f.errors, 3);
	assert_non_null(strstr(said, "E f:7: the owner is no domain name"));
	assert_non_null(strstr(said, "E f:8: no owner: "));
	ASSERT_RDATA(&f, "a.example.org", RR_A, "\xc0\0\2\1");
	assert_int_equal(f.count, 3 + 1 + 2);
	static_file_fini(&f);

	assert_int_equal(read_zone(&f, "  A 192.0.2.1\n" HEAD), 0);
	assert_non_null(strstr(said, "E f:1: no owner: "));
	static_file_fini(&f);
}

static void wrong_sets_keep_what_they_can(void **state)
{
	struct static_file f;

	assert_int_equal(
		read_zone(&f, HEAD "a 5 A 192.0.2.2\na 9 A 192.0.2.1\na CNAME b\nb CNAME x\nb CNAME c\n"), 0);
	assert_int_equal(record(&f, "a.example.org", RR_A)->ttl, 5);
	assert_int_equal(record(&f, "a.example.org", RR_A)[1].ttl, 5);
	assert_null(record(&f, "a.example.org", RR_CNAME));
	ASSERT_RDATA(&f, "b.example.org", RR_CNAME, "\1x\7example\3org\0");
	static_file_fini(&f);
}

static void file_without_soa_or_ns_is_no_zone(void **state)
{
	struct static_file f;

	assert_int_equal(read_zone(&f, "$TTL 1\n@ NS ns.elsewhere.\n"), ERR_FORMAT);
	assert_string_equal(said, "E f: no zone, since example.org. has no SOA\n");
	static_file_fini(&f);
	assert_int_equal(read_zone(&f, "$TTL 1\n@ SOA a b 1 2 3 4 5\n"), ERR_FORMAT);
	assert_string_equal(said, "E f: no zone, since example.org. has no NS\n");
	static_file_fini(&f);
	assert_int_equal(read_zone(&f, ""), ERR_FORMAT);
	static_file_fini(&f);
	open_zone(&f, "example.org");
	assert_int_equal(static_file_parse(&f, "$TTL 1\na\0b\n", 11), 0);
	assert_string_equal(said, "E f:2: zero byte, in `a?b`\n");
	static_file_fini(&f);
}

/* Whatever bytes stand in a file: no crash, no endless loop, sanitizers silent. */
static void any_bytes_are_survived(void **state)
{
	static const char good[] = HEAD
		"www 1h IN A 192.0.2.2 ; c\n_a._tcp SRV ( 1 2 ;\n 80 www )\n"
		"txt TXT \"a;b\" \\# \\100\nodd TYPE65534 \\# 3 0102ff\n$ORIGIN sub\nx LOC 1 2 N 3 4 E 5m\n";
	static const char bytes[] = " \t\n\"();\\$@.0Zz\x7f\xff#-";
	char text[sizeof(good)];

	for (size_t at = 0; at < sizeof(good) - 1; at++) {
		for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
			struct static_file f;

			memcpy(text, good, sizeof(good));
			text[at] = bytes[i];
			read_zone(&f, text);
			static_file_fini(&f);
		}
		struct static_file f;

		text[at] = '\0';
		read_zone(&f, text);
		static_file_fini(&f);
	}
}

struct fixture {
	char path[64];
	struct conf_static_zone zone[3];
	struct conf conf;
};

static char domain[] = "mesos", mname[] = "ns1.mesos.";

static void write_file(struct fixture *x, const char *text)
{
	FILE *out;
	int fd;

	*x = (struct fixture){.path = "/tmp/static-XXXXXX"};
	fd = mkstemp(x->path);
	assert_true(fd >= 0);
	out = fdopen(fd, "w");
	fputs(text, out);
	fclose(out);
	said[0] = '\0';
	x->conf.domain = domain;
	x->conf.soa_mname = mname;
	x->conf.zones = x->zone;
}

static void set_zone(struct fixture *x, const char *name, char *path)
{
	x->zone[x->conf.zone_count++] = (struct conf_static_zone){(char *)(uintptr_t)name, path};
}

static void cluster_file_may_not_touch_what_is_generated(void **state)
{
	struct static_zones *zones;
	struct fixture x;

	write_file(&x, HEAD "www A 192.0.2.1\nleader A 192.0.2.1\nmaster12 A 192.0.2.1\nNS1 A 192.0.2.1\n"
			    "_slave._tcp SRV 0 0 1 www\nleader.x A 192.0.2.1\nmasters A 192.0.2.1\n"
			    "a.example A 192.0.2.1\nexample NS ns\n");
	set_zone(&x, "mesos", x.path);
	set_zone(&x, "example.mesos", x.path);
	set_zone(&x, "mesos", x.path);
	assert_int_equal(static_zones_read(&zones, &x.conf, &report), 0);
	assert_non_null(strstr(said, ":2: the SOA is left out"));
	assert_non_null(strstr(said, ":3: the NS is left out"));
	assert_non_null(strstr(said, ":6: leader.mesos. is generated"));
	assert_non_null(strstr(said, ":7: master12.mesos. is generated"));
	assert_non_null(strstr(said, ":8: ns1.mesos. is generated"));
	assert_non_null(strstr(said, ":9: _slave._tcp.mesos. is generated"));
	assert_non_null(
		strstr(said, ":12: a.example.mesos. is left out: it belongs to the zone of /tmp/static-"));
	assert_non_null(strstr(said, ":13: example.mesos. is left out"));
	assert_non_null(strstr(said, "zone mesos: there is a file for it already"));
	assert_int_equal(static_zones_errors(zones), 5);
	assert_int_equal(static_zones_records(zones), 4 + 12);
	static_zones_free(zones);
	unlink(x.path);
}

/* The cluster's domain lies in a zone that has a file: its delegation and glue are of no use here. */
static void cluster_zone_takes_its_names_from_the_one_above(void **state)
{
	struct static_zones *zones;
	struct zone_commit commit;
	struct fixture x;
	uint8_t name[DNAME_MAX];
	int err;

	write_file(&x, HEAD "mesos NS ns1.mesos\nns1.mesos A 192.0.2.1\nb.mesos A 192.0.2.2\nc NS ns\n");
	set_zone(&x, "dc", x.path);
	x.conf.domain = (char[]){"mesos.dc"};
	assert_int_equal(static_zones_read(&zones, &x.conf, &report), 0);
	assert_non_null(strstr(said, "I "));
	assert_non_null(strstr(said, ":5: mesos.dc. is left out: it belongs to the zone of the cluster"));
	assert_non_null(strstr(said, ":6: ns1.mesos.dc. is left out: it belongs to the zone of the cluster"));
	assert_non_null(strstr(said, ":7: b.mesos.dc. is left out"));
	assert_int_equal(static_zones_errors(zones), 0);
	assert_int_equal(static_zones_records(zones), 4);

	const struct zone_soa soa = {.mname = "ns1.mesos.dc.", .rname = "root.dc."};
	struct zone_store *store = zone_store_new(x.conf.domain, &soa, &err);
	assert_non_null(store);
	assert_int_equal(static_zones_load(zones, store, &commit), 0);
	assert_null(zone_find(zone_store_read(store), name, dname_from_text(name, "mesos.dc", 8)));
	zone_store_free(store);
	static_zones_free(zones);
	unlink(x.path);
}

static void unreadable_files_are_reported(void **state)
{
	char missing[] = "/nonexistent/zone", folder[] = "/";
	struct static_zones *zones;
	struct fixture x;

	write_file(&x, HEAD);
	set_zone(&x, "a", missing);
	set_zone(&x, "b", folder);
	set_zone(&x, "c", x.path);
	assert_int_equal(static_zones_read(&zones, &x.conf, &report), 0);
	assert_non_null(strstr(said, "E /nonexistent/zone: cannot be opened: No such file"));
	assert_non_null(strstr(said, "E /: cannot be read: Is a directory"));
	assert_int_equal(static_zones_errors(zones), 2);
	assert_int_equal(static_zones_records(zones), 3);
	static_zones_free(zones);
	unlink(x.path);
}

static void long_files_are_read_whole(void **state)
{
	struct static_file f;
	char path[] = "/tmp/static-XXXXXX";
	uint8_t apex[DNAME_MAX];
	int fd = mkstemp(path);
	FILE *out = fdopen(fd, "w");

	fputs(HEAD, out);
	for (unsigned i = 0; i < 20000; i++)
		fprintf(out, "host%u A 10.0.%u.%u\n", i, i / 256, i % 256);
	fputs("last A x\n", out);
	fclose(out);
	said[0] = '\0';
	static_file_init(&f, path, apex, dname_from_text(apex, "example.org", 11), &report);
	assert_int_equal(static_file_read(&f), 0);
	assert_int_equal(static_check(&f, false), 0);
	assert_int_equal(f.count, 3 + 20000);
	assert_non_null(strstr(said, ":20005: "));
	static_file_fini(&f);
	unlink(path);
}

static void shipped_zones_are_right(void **state)
{
	size_t count = 0;

	for (const struct local_zone *zone = local_zone_list; zone->name; zone++, count++) {
		struct static_file f;

		open_zone(&f, zone->name);
		assert_int_equal(static_file_parse(&f, zone->text, zone->len), 0);
		assert_int_equal(static_check(&f, false), 0);
		assert_int_equal(f.errors, 0);
		assert_true(f.count >= 2);
		static_file_fini(&f);
	}
	assert_int_equal(count, 1 + 18 + 7 + 2 + 1 + 4 + 1 + 64);
}

static void local_zones_leave_room_for_the_operators(void **state)
{
	char resolver[] = "1.10.in-addr.arpa";
	struct conf_zone_resolver resolvers[] = {{.zone = resolver}};
	struct static_zones *zones;
	struct fixture x;
	uint8_t name[DNAME_MAX];
	size_t len, all;

	write_file(&x, HEAD);
	x.conf.local_zones = true;
	assert_int_equal(static_zones_read(&zones, &x.conf, &report), 0);
	assert_int_equal(static_zones_errors(zones), 0);
	all = static_zones_records(zones);
	len = dname_from_text(name, "10.in-addr.arpa", 15);
	assert_true(static_zones_has(zones, name, len));
	static_zones_free(zones);

	x.conf.zone_resolvers = resolvers;
	x.conf.zone_resolver_count = 1;
	set_zone(&x, "localhost", x.path);
	assert_int_equal(static_zones_read(&zones, &x.conf, &report), 0);
	assert_false(static_zones_has(zones, name, len));
	assert_int_equal(static_zones_records(zones), all - 2 - 6 + 3);
	assert_string_equal(said, "");
	static_zones_free(zones);
	unlink(x.path);
}

/* Down to the snapshot: a zone of its own, names in the cluster's, and a file without a zone. */
static void zones_reach_the_snapshot(void **state)
{
	static const struct zone_soa soa = {
		.mname = mname, .rname = "root.ns1.mesos.", .ttl = 60, .minimum = 60};
	char missing[] = "/nonexistent/zone";
	const struct zone_snapshot *snapshot;
	struct zone_store *store;
	struct zone_commit commit;
	struct static_zones *zones;
	struct fixture x;
	uint8_t name[DNAME_MAX];
	int err;

	siphash_init();
	write_file(&x, HEAD "_a._tcp SRV 0 0 80 ns\nwww CNAME ns\n");
	set_zone(&x, "mesos", x.path);
	set_zone(&x, "own.mesos", x.path);
	set_zone(&x, "lost.mesos", missing);
	x.conf.local_zones = true;
	assert_int_equal(static_zones_read(&zones, &x.conf, &report), 0);
	store = zone_store_new("mesos", &soa, &err);
	assert_int_equal(static_zones_load(zones, store, &commit), 0);
	static_zones_free(zones);

	snapshot = zone_store_read(store);
	assert_int_equal(snapshot->zone_count, 1 + 2 + 98);
	assert_null(snapshot->zones[0].node);
	assert_non_null(snapshot->zones[1].node);
	assert_null(snapshot->zones[2].node);
	const struct zone_node *node = zone_find(snapshot, name, dname_from_text(name, "own.mesos", 9));
	assert_ptr_equal(node, snapshot->zones[1].node);
	assert_non_null(zone_rrset_of(node, RR_SOA));
	node = zone_find(snapshot, name, dname_from_text(name, "_a._tcp.own.mesos", 17));
	assert_int_equal(node->zone, 1);
	assert_non_null(zone_rrset_of(node, RR_SRV));
	node = zone_find(snapshot, name, dname_from_text(name, "www.mesos", 9));
	assert_int_equal(node->zone, 0);
	assert_non_null(zone_rrset_of(node, RR_CNAME));
	node = zone_find(snapshot, name, dname_from_text(name, "*.localhost", 11));
	assert_non_null(zone_rrset_of(node, RR_AAAA));
	zone_store_free(store);
	unlink(x.path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_file_yields_its_records),
		cmocka_unit_test(names_in_rdata_are_in_lower_case),
		cmocka_unit_test(ttl_comes_from_where_the_rfcs_say),
		cmocka_unit_test(every_error_has_its_line),
		cmocka_unit_test(what_is_right_says_nothing),
		cmocka_unit_test(all_errors_are_reported),
		cmocka_unit_test(lines_without_owner_do_not_join_a_stranger),
		cmocka_unit_test(wrong_sets_keep_what_they_can),
		cmocka_unit_test(file_without_soa_or_ns_is_no_zone),
		cmocka_unit_test(any_bytes_are_survived),
		cmocka_unit_test(cluster_file_may_not_touch_what_is_generated),
		cmocka_unit_test(cluster_zone_takes_its_names_from_the_one_above),
		cmocka_unit_test(unreadable_files_are_reported),
		cmocka_unit_test(long_files_are_read_whole),
		cmocka_unit_test(shipped_zones_are_right),
		cmocka_unit_test(local_zones_leave_room_for_the_operators),
		cmocka_unit_test(zones_reach_the_snapshot),
	};

	return cmocka_run_group_tests_name("static", tests, NULL, NULL);
}
