/* SPDX-License-Identifier: Apache-2.0 */
/* answer/: what is answered to what, packet by packet. ldns reads the replies and says them as text, so that
 * each test shows the whole reply: response code and flags, then `qd`, `an`, `ns` and `ar` with their
 * records, then EDNS. */
#include "t/unit/unit.h"

#include <ldns/ldns.h>
#include <stdio.h>

#include "answer/query.h"
#include "t/unit/answer_zone.h"

static const char cluster_lines[] = "leader A 10.0.0.1\n"
				    "ns1 A 10.0.0.53\n"
				    "web.marathon A 10.1.0.1\n"
				    "web-x1y2z-s0.marathon.slave A 10.2.0.1\n"
				    "web-x1y2z-s0.marathon.slave AAAA 2001:db8::1\n"
				    "web-a1b2c-s1.marathon.slave A 10.2.0.2\n"
				    "_web._tcp.marathon SRV 0 1 31000 web-x1y2z-s0.marathon.slave\n"
				    "_one._tcp.marathon SRV 0 1 31000 web-x1y2z-s0.marathon.slave\n"
				    "_one._tcp.marathon SRV 0 1 31001 web-x1y2z-s0.marathon.slave\n"
				    "six.marathon AAAA 2001:db8::6\n"
				    "both.marathon A 10.3.0.1\n"
				    "both.marathon AAAA 2001:db8::7\n";

static const char static_lines[] =
	"www A 192.0.2.1\n"
	"mail MX 10 www\n"
	"mail MX 20 www\n"
	"alias CNAME www\n"
	"alias2 CNAME alias\n"
	"tomesos CNAME leader.mesos.\n"
	"tonone CNAME none.mesos.\n"
	"tonodata CNAME six.marathon.mesos.\n"
	"toout CNAME www.example.com.\n"
	"tovoid CNAME x.void.test.\n"
	"tosub CNAME host.sub\n"
	"loop1 CNAME loop2\n"
	"loop2 CNAME loop1\n"
	"self CNAME self\n"
	"*.wild A 192.0.2.9\n"
	"*.wild TXT \"star\"\n"
	"real.wild A 192.0.2.10\n"
	"below.ent.wild A 192.0.2.11\n"
	"*.cwild CNAME www\n"
	"sub NS ns.sub\n"
	"sub NS ns.elsewhere.example.\n"
	"sub DS 1 8 2 0000000000000000000000000000000000000000000000000000000000000000\n"
	"ns.sub A 192.0.2.53\n"
	"ns.sub AAAA 2001:db8::53\n"
	"d DNAME www.example.org.\n";

static struct zone_store *store;
static const struct answer_settings defaults = {.edns_udp_size = 1232, .set_truncate_bit = true};

static int setup(void **state)
{
	char lines[65536];
	size_t used = 0;

	siphash_init();
	store = answer_zone_new("mesos", cluster_lines);
	answer_zone_add(store, "example.org", static_lines);
	answer_zone_add(store, "void.test", NULL);
	answer_zone_add(store, "sub.mesos", "@ A 192.0.2.77\nhost A 192.0.2.78");
	for (int i = 0; i < 500; i++)
		used += (size_t)sprintf(lines + used, "big.marathon A 10.9.%d.%d\n", i / 250, i % 250);
	answer_zone_change(store, 0, "mesos", lines, 1);
	used = 0;
	for (int i = 0; i < 40; i++) {
		used += (size_t)sprintf(lines + used,
			"_many._tcp.marathon SRV 0 1 %d many-%d.marathon.slave\n", 31000 + i, i);
		used += (size_t)sprintf(lines + used, "many-%d.marathon.slave A 10.8.0.%d\n", i, i);
	}
	answer_zone_change(store, 0, "mesos", lines, 1);
	return 0;
}

static int teardown(void **state)
{
	zone_store_free(store);
	return 0;
}

static uint8_t reply[65535];
static struct query parsed;
static struct answer_result result;

static void answer_bytes(
	const struct answer_settings *settings, const struct ask *ask, const void *query, size_t len)
{
	query_parse(&parsed, query, len);
	answer_query(settings, zone_store_read(store), ask->tcp ? ANSWER_TCP : ANSWER_UDP, ask->random, &parsed, reply,
		ask->tcp ? sizeof(reply) : 4096, &result);
}

static void answer(const struct answer_settings *settings, struct ask ask)
{
	uint8_t query[512];

	answer_bytes(settings, &ask, query, ask_write(&ask, query));
}

static void show_section(FILE *out, const char *title, const ldns_rr_list *list)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		char *text = ldns_rr2str(ldns_rr_list_rr(list, i));

		for (char *p = text; *p; p++)
			if (*p == '\t')
				*p = ' ';
		text[strcspn(text, "\n")] = '\0';
		fprintf(out, "%s %s\n", title, text);
		free(text);
	}
}

/* The reply as text. */
static char *show(void)
{
	static const char *const rcodes[16] = {
		"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};
	ldns_pkt *pkt;
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_not_equal(result.verdict, ANSWER_DROP);
	assert_int_equal(ldns_wire2pkt(&pkt, reply, result.reply_len), LDNS_STATUS_OK);
	assert_int_equal(ldns_pkt_id(pkt), 0x1234);
	assert_int_equal(result.rcode & 15, ldns_pkt_get_rcode(pkt));
	assert_int_equal(result.truncated, ldns_pkt_tc(pkt));
	assert_true(ldns_pkt_qr(pkt));
	fprintf(out, "%s", rcodes[ldns_pkt_get_rcode(pkt)]);
	fprintf(out, "%s%s%s%s%s%s\n", ldns_pkt_aa(pkt) ? " aa" : "", ldns_pkt_tc(pkt) ? " tc" : "",
		ldns_pkt_rd(pkt) ? " rd" : "", ldns_pkt_ra(pkt) ? " ra" : "", ldns_pkt_ad(pkt) ? " ad" : "",
		ldns_pkt_cd(pkt) ? " cd" : "");
	show_section(out, "qd", ldns_pkt_question(pkt));
	show_section(out, "an", ldns_pkt_answer(pkt));
	show_section(out, "ns", ldns_pkt_authority(pkt));
	show_section(out, "ar", ldns_pkt_additional(pkt));
	if (ldns_pkt_edns(pkt)) {
		fprintf(out, "edns %u", ldns_pkt_edns_udp_size(pkt));
		if (ldns_pkt_edns_extended_rcode(pkt))
			fprintf(out, " extended %u", ldns_pkt_edns_extended_rcode(pkt));
		if (ldns_pkt_edns_do(pkt))
			fprintf(out, " do");
		if (ldns_pkt_edns_data(pkt)) {
			char *data = ldns_rdf2str(ldns_pkt_edns_data(pkt));

			fprintf(out, " %s", data);
			free(data);
		}
		fprintf(out, "\n");
	}
	fclose(out);
	ldns_pkt_free(pkt);
	return text;
}

static void check_with(const struct answer_settings *settings, struct ask ask, const char *expected)
{
	answer(settings, ask);
	char *text = show();
	assert_string_equal(text, expected);
	free(text);
}

static void check(struct ask ask, const char *expected)
{
	check_with(&defaults, ask, expected);
}

static void check_raw(const void *query, size_t len, const char *expected)
{
	answer_bytes(&defaults, &(struct ask){0}, query, len);
	char *text = show();
	assert_string_equal(text, expected);
	free(text);
}

#define ASK(n, t, ...) ((struct ask){.name = (n), .type = (t), ##__VA_ARGS__})
#define SOA(zone)      "ns " zone ". 30 IN SOA ns1.mesos. root.ns1.mesos. "

/* The same without the serial, which is the time. */
static void check_negative(struct ask ask, const char *first_line)
{
	answer(&defaults, ask);
	char *text = show();
	assert_int_equal(strncmp(text, first_line, strlen(first_line)), 0);
	assert_non_null(strstr(text, "\n" SOA("mesos")));
	assert_null(strstr(text, "\nan "));
	free(text);
}

static void address_of_an_exact_name(void **state)
{
	check(ASK("leader.mesos", RR_A),
		"NOERROR aa\nqd leader.mesos. IN A\nan leader.mesos. 60 IN A 10.0.0.1\n");
	assert_int_equal(result.verdict, ANSWER_REPLY);
	assert_int_equal(parsed.qtype, RR_A);
}

static void bytes_of_a_whole_reply(void **state)
{
	static const uint8_t expected[] = "\x12\x34\x85\x00\0\1\0\1\0\0\0\0"
					  "\6leader\5mesos\0\0\1\0\1"
					  "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\0\0\1";

	answer(&defaults, ASK("leader.mesos", RR_A, .flags = FLAG_RD));
	assert_int_equal(result.reply_len, sizeof(expected) - 1);
	assert_memory_equal(reply, expected, sizeof(expected) - 1);
}

static void case_of_the_question_is_kept(void **state)
{
	check(ASK("LeaDER.MEsos", RR_A),
		"NOERROR aa\nqd LeaDER.MEsos. IN A\nan LeaDER.MEsos. 60 IN A 10.0.0.1\n");
}

static void flags_are_copied_or_cleared(void **state)
{
	struct answer_settings recursive = defaults;

	recursive.recursion_available = true;
	check_with(&recursive, ASK("leader.mesos", RR_A, .flags = 0x0130 | FLAG_AA | FLAG_TC | 0x40),
		"NOERROR aa rd ra cd\nqd leader.mesos. IN A\nan leader.mesos. 60 IN A 10.0.0.1\n");
	assert_int_equal(reply[3] & 0x40, 0); /* Z */
}

static void another_type_is_nodata_with_soa(void **state)
{
	check_negative(ASK("leader.mesos", RR_AAAA), "NOERROR aa\nqd leader.mesos. IN AAAA\n");
	check_negative(ASK("six.marathon.mesos", RR_A), "NOERROR aa\nqd six.marathon.mesos. IN A\n");
}

static void empty_non_terminal_is_nodata(void **state)
{
	check_negative(ASK("_tcp.marathon.mesos", RR_SRV), "NOERROR aa\nqd _tcp.marathon.mesos. IN SRV\n");
	check_negative(ASK("marathon.slave.mesos", RR_A), "NOERROR aa\nqd marathon.slave.mesos. IN A\n");
}

static void unknown_name_is_nxdomain_with_soa(void **state)
{
	check_negative(ASK("none.mesos", RR_A), "NXDOMAIN aa\nqd none.mesos. IN A\n");
	check_negative(ASK("a.leader.mesos", RR_SRV), "NXDOMAIN aa\nqd a.leader.mesos. IN SRV\n");
}

static void negative_ttl_is_the_lesser(void **state)
{
	check(ASK("none.EXAMPLE.org", RR_A), "NXDOMAIN aa\nqd none.EXAMPLE.org. IN A\nns EXAMPLE.org. 20 IN "
					     "SOA ns.example. root.example. 1 60 60 60 20\n");
}

static void apex_has_soa_and_ns_in_answer(void **state)
{
	check(ASK("example.org", RR_SOA),
		"NOERROR aa\nqd example.org. IN SOA\n"
		"an example.org. 300 IN SOA ns.example. root.example. 1 60 60 60 20\n");
	check(ASK("mesos", RR_NS), "NOERROR aa\nqd mesos. IN NS\nan mesos. 60 IN NS ns1.mesos.\nar "
				   "ns1.mesos. 60 IN A 10.0.0.53\n");
}

static void stars_inside_a_name_are_dropped(void **state)
{
	check(ASK("web.*.marathon.*.mesos", RR_A),
		"NOERROR aa\nqd web.*.marathon.*.mesos. IN A\nan web.*.marathon.*.mesos. 60 IN A 10.1.0.1\n");
	check_negative(
		ASK("web.*.marathon.mesos", RR_AAAA), "NOERROR aa\nqd web.*.marathon.mesos. IN AAAA\n");
	check_negative(ASK("no.*.marathon.mesos", RR_A), "NXDOMAIN aa\nqd no.*.marathon.mesos. IN A\n");
	check_negative(ASK("*.marathon.mesos", RR_A), "NXDOMAIN aa\nqd *.marathon.mesos. IN A\n");
	check_negative(ASK("host.sub.*.mesos", RR_A), "NXDOMAIN aa\nqd host.sub.*.mesos. IN A\n");
	check(ASK("www.*.example.org", RR_A),
		"NXDOMAIN aa\nqd www.*.example.org. IN A\n"
		"ns example.org. 20 IN SOA ns.example. root.example. 1 60 60 60 20\n");
}

static void srv_carries_its_targets_addresses(void **state)
{
	check(ASK("_web._tcp.marathon.mesos", RR_SRV),
		"NOERROR aa\nqd _web._tcp.marathon.mesos. IN SRV\n"
		"an _web._tcp.marathon.mesos. 60 IN SRV 0 1 31000 web-x1y2z-s0.marathon.slave.mesos.\n"
		"ar web-x1y2z-s0.marathon.slave.mesos. 60 IN A 10.2.0.1\n"
		"ar web-x1y2z-s0.marathon.slave.mesos. 60 IN AAAA 2001:db8::1\n");
}

static void additional_names_a_host_once(void **state)
{
	check(ASK("_one._tcp.marathon.mesos", RR_SRV),
		"NOERROR aa\nqd _one._tcp.marathon.mesos. IN SRV\n"
		"an _one._tcp.marathon.mesos. 60 IN SRV 0 1 31000 web-x1y2z-s0.marathon.slave.mesos.\n"
		"an _one._tcp.marathon.mesos. 60 IN SRV 0 1 31001 web-x1y2z-s0.marathon.slave.mesos.\n"
		"ar web-x1y2z-s0.marathon.slave.mesos. 60 IN A 10.2.0.1\n"
		"ar web-x1y2z-s0.marathon.slave.mesos. 60 IN AAAA 2001:db8::1\n");
	check(ASK("mail.example.org", RR_MX), "NOERROR aa\nqd mail.example.org. IN MX\n"
					      "an mail.example.org. 60 IN MX 10 www.example.org.\nan "
					      "mail.example.org. 60 IN MX 20 www.example.org.\n"
					      "ar www.example.org. 60 IN A 192.0.2.1\n");
}

static void start_is_random(void **state)
{
	check(ASK("_one._tcp.marathon.mesos", RR_SRV, .random = 0x80000000),
		"NOERROR aa\nqd _one._tcp.marathon.mesos. IN SRV\n"
		"an _one._tcp.marathon.mesos. 60 IN SRV 0 1 31001 web-x1y2z-s0.marathon.slave.mesos.\n"
		"an _one._tcp.marathon.mesos. 60 IN SRV 0 1 31000 web-x1y2z-s0.marathon.slave.mesos.\n"
		"ar web-x1y2z-s0.marathon.slave.mesos. 60 IN A 10.2.0.1\n"
		"ar web-x1y2z-s0.marathon.slave.mesos. 60 IN AAAA 2001:db8::1\n");
}

static unsigned count_of(const uint8_t *packet, unsigned section)
{
	return wire_get_u16(packet + 4 + 2 * section);
}

static void udp_without_edns_is_512(void **state)
{
	answer(&defaults, ASK("big.marathon.mesos", RR_A));
	assert_true(result.truncated);
	assert_in_range(result.reply_len, 512 - 15, 512);
	assert_int_equal(count_of(reply, 1), (512 - 12 - 24) / 16);
	free(show());
}

static void edns_size_is_the_smaller_of_both(void **state)
{
	static const struct {
		uint16_t asked, limit;
	} cases[] = {
		{0, 512}, {511, 512}, {512, 512}, {1000, 1000}, {1232, 1232}, {4096, 1232}, {65535, 1232}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		answer(&defaults, ASK("big.marathon.mesos", RR_A, .edns = true, .udp_size = cases[i].asked));
		assert_true(result.truncated);
		assert_in_range(result.reply_len, cases[i].limit - 15, cases[i].limit);
		free(show());
	}
}

static void truncation_takes_a_random_run(void **state)
{
	answer(&defaults, ASK("big.marathon.mesos", RR_A, .random = 0xfff00000));
	const uint8_t *rr = reply + 12 + 24;
	assert_int_equal(rr[13], 9);
	assert_int_equal(rr[14] * 250 + rr[15], 499); /* and then from the first on */
	assert_int_equal(rr[16 + 14] * 250 + rr[16 + 15], 0);
}

static void truncate_bit_can_be_off(void **state)
{
	struct answer_settings settings = defaults;

	settings.set_truncate_bit = false;
	answer(&settings, ASK("big.marathon.mesos", RR_A));
	assert_false(result.truncated);
	assert_int_equal(reply[2] & 2, 0);
	assert_int_equal(count_of(reply, 1), (512 - 12 - 24) / 16);
}

static void tcp_has_all_records(void **state)
{
	answer(&defaults, ASK("big.marathon.mesos", RR_A, .tcp = true, .random = 77));
	assert_false(result.truncated);
	assert_int_equal(count_of(reply, 1), 500);
	free(show());
}

static void additional_goes_before_answers_do(void **state)
{
	/* 40 answers of about 50 bytes need more than 1232 */
	answer(&defaults, ASK("_many._tcp.marathon.mesos", RR_SRV, .edns = true, .udp_size = 1232));
	assert_true(result.truncated);
	assert_int_equal(count_of(reply, 3), 1); /* OPT */
	free(show());
	struct answer_settings settings = defaults;
	settings.edns_udp_size = 4096;
	unsigned answers = 0;
	for (uint16_t size = 512; size <= 4096; size++) {
		answer(&settings, ASK("_many._tcp.marathon.mesos", RR_SRV, .edns = true, .udp_size = size));
		assert_true(result.reply_len <= size);
		if (count_of(reply, 1) < 40) {
			assert_true(result.truncated);
			assert_int_equal(count_of(reply, 3), 1);
		} else {
			assert_false(result.truncated); /* lacking addresses are no truncation */
		}
		assert_true(count_of(reply, 1) >= answers);
		answers = count_of(reply, 1);
	}
	assert_int_equal(answers, 40);
	assert_int_equal(count_of(reply, 3), 41);
	free(show());
}

static void edns_zero_gets_opt(void **state)
{
	check(ASK("leader.mesos", RR_A, .edns = true, .udp_size = 4096),
		"NOERROR aa\nqd leader.mesos. IN A\nan leader.mesos. 60 IN A 10.0.0.1\nedns 1232\n");
	check(ASK("leader.mesos", RR_A, .edns = true, .udp_size = 4096, .dnssec_ok = true),
		"NOERROR aa\nqd leader.mesos. IN A\nan leader.mesos. 60 IN A 10.0.0.1\nedns 1232 do\n");
}

static void other_edns_version_is_badvers(void **state)
{
	check(ASK("leader.mesos", RR_A, .edns = true, .udp_size = 4096, .edns_version = 1),
		"NOERROR\nqd leader.mesos. IN A\nedns 1232 extended 1\n");
	assert_int_equal(result.reply_len, 12 + 18 + 11);
}

static void nsid_when_asked_for_and_configured(void **state)
{
	struct answer_settings settings = defaults;

	settings.server_id = "node7";
	check_with(&settings, ASK("leader.mesos", RR_A, .edns = true, .udp_size = 512, .nsid = true),
		"NOERROR aa\nqd leader.mesos. IN A\nan leader.mesos. 60 IN A 10.0.0.1\nedns 1232 \\# 9 "
		"000300056e6f646537\n");
	check(ASK("leader.mesos", RR_A, .edns = true, .udp_size = 512, .nsid = true),
		"NOERROR aa\nqd leader.mesos. IN A\nan leader.mesos. 60 IN A 10.0.0.1\nedns 1232\n");
}

static void any_is_one_set_over_udp_all_over_tcp(void **state)
{
	check(ASK("both.marathon.mesos", RR_ANY),
		"NOERROR aa\nqd both.marathon.mesos. IN ANY\nan both.marathon.mesos. 60 IN A 10.3.0.1\n");
	check(ASK("both.marathon.mesos", RR_ANY, .tcp = true),
		"NOERROR aa\nqd both.marathon.mesos. IN ANY\n"
		"an both.marathon.mesos. 60 IN A 10.3.0.1\nan both.marathon.mesos. 60 IN AAAA 2001:db8::7\n");
	check_negative(ASK("_tcp.marathon.mesos", RR_ANY), "NOERROR aa\n");
}

static void chaos_tells_version_and_id(void **state)
{
	struct answer_settings settings = defaults;

	settings.version = "mesos-named 1";
	settings.server_id = "node7";
	check_with(&settings, ASK("VERSION.bind", RR_TXT, .class = 3),
		"NOERROR aa\nqd VERSION.bind. CH TXT\nan VERSION.bind. 0 CH TXT \"mesos-named 1\"\n");
	check_with(&settings, ASK("id.server", RR_TXT, .class = 3),
		"NOERROR aa\nqd id.server. CH TXT\nan id.server. 0 CH TXT \"node7\"\n");
	check_with(&settings, ASK("hostname.bind", RR_ANY, .class = 3),
		"NOERROR aa\nqd hostname.bind. CH ANY\nan hostname.bind. 0 CH TXT \"node7\"\n");
	check_with(&settings, ASK("id.server", RR_A, .class = 3), "NOERROR aa\nqd id.server. CH A\n");
	check_with(&settings, ASK("authors.bind", RR_TXT, .class = 3), "REFUSED\nqd authors.bind. CH TXT\n");
	check(ASK("version.bind", RR_TXT, .class = 3), "REFUSED\nqd version.bind. CH TXT\n");
}

static void long_texts_are_cut(void **state)
{
	struct answer_settings settings = defaults;
	char text[200] = {0};

	memset(text, 'x', sizeof(text) - 1);
	settings.server_id = text;
	answer(&settings, ASK("id.server", RR_TXT, .class = 3, .edns = true, .nsid = true));
	assert_true(result.reply_len <= 512);
	free(show());
}

static void other_classes_are_refused(void **state)
{
	check(ASK("leader.mesos", RR_A, .class = 255), "REFUSED\nqd leader.mesos. ANY A\n");
	check(ASK("leader.mesos", RR_A, .class = 4), "REFUSED\nqd leader.mesos. HS A\n");
	assert_int_equal(result.verdict, ANSWER_REPLY);
}

static void outside_is_refused_and_said(void **state)
{
	check(ASK("www.example.com", RR_A, .flags = FLAG_RD), "REFUSED rd\nqd www.example.com. IN A\n");
	assert_int_equal(result.verdict, ANSWER_OUTSIDE);
	check(ASK(".", RR_NS, .edns = true), "REFUSED\nqd . IN NS\nedns 1232\n");
	assert_int_equal(result.verdict, ANSWER_OUTSIDE);
	check(ASK("xmesos", RR_A), "REFUSED\nqd xmesos. IN A\n");
	assert_int_equal(result.verdict, ANSWER_OUTSIDE);
}

static void other_opcodes_are_notimp(void **state)
{
	for (uint16_t opcode = 1; opcode < 16; opcode++) {
		answer(&defaults, ASK("leader.mesos", RR_A, .flags = (uint16_t)(opcode << 11)));
		assert_int_equal(result.rcode, 4);
		assert_int_equal(wire_get_u16(reply + 2), 0x8004 | opcode << 11);
		assert_int_equal(result.reply_len, 12 + 18);
	}
	check_raw("\x12\x34\x28\0\0\0\0\0\0\0\0\0", 12, "NOTIMP\n");
}

static void transfers_are_refused(void **state)
{
	check(ASK("mesos", RR_AXFR, .tcp = true), "REFUSED\nqd mesos. IN AXFR\n");
	check(ASK("mesos", RR_IXFR), "REFUSED\nqd mesos. IN IXFR\n");
	check(ASK("example.com", RR_AXFR, .tcp = true), "REFUSED\nqd example.com. IN AXFR\n");
	assert_int_equal(result.verdict, ANSWER_REPLY);
}

static void unloaded_zone_is_servfail(void **state)
{
	check(ASK("x.void.test", RR_A), "SERVFAIL\nqd x.void.test. IN A\n");
	check(ASK("void.test", RR_SOA), "SERVFAIL\nqd void.test. IN SOA\n");
	struct zone_store *saved = store;
	store = answer_zone_new("mesos", NULL);
	check(ASK("leader.mesos", RR_A), "SERVFAIL\nqd leader.mesos. IN A\n");
	check(ASK("mesos", RR_SOA), "SERVFAIL\nqd mesos. IN SOA\n");
	check(ASK("leader.org", RR_A), "REFUSED\nqd leader.org. IN A\n");
	answer_zone_change(store, 0, "mesos", "fixed A 192.0.2.1", 1); /* a master file adds to the domain */
	check(ASK("fixed.mesos", RR_A), "SERVFAIL\nqd fixed.mesos. IN A\n");
	zone_store_free(store);
	store = saved;
}

static void what_may_exist_is_not_denied(void **state)
{
	answer_zone_change(store, 0, "mesos", "*.w A 10.0.0.9", 1);
	answer_zone_set_partial(store, true);
	check(ASK("none.mesos", RR_A), "SERVFAIL\nqd none.mesos. IN A\n");
	check(ASK("none.*.mesos", RR_SRV), "SERVFAIL\nqd none.*.mesos. IN SRV\n");
	check(ASK("marathon.mesos", RR_A), "SERVFAIL\nqd marathon.mesos. IN A\n");
	check(ASK("marathon.mesos", RR_ANY), "SERVFAIL\nqd marathon.mesos. IN ANY\n");
	check(ASK("x.w.mesos", RR_AAAA), "SERVFAIL\nqd x.w.mesos. IN AAAA\n");
	check(ASK("tonone.example.org", RR_A), "SERVFAIL\nqd tonone.example.org. IN A\n");
	/* what is there, and what has no part in it */
	check(ASK("leader.mesos", RR_A), "NOERROR aa\nqd leader.mesos. IN A\nan leader.mesos. 60 IN A 10.0.0.1\n");
	answer(&defaults, ASK("six.marathon.mesos", RR_A));
	assert_int_equal(result.rcode, 0);
	answer(&defaults, ASK("mesos", RR_TXT));
	assert_int_equal(result.rcode, 0);
	answer(&defaults, ASK("none.example.org", RR_A));
	assert_int_equal(result.rcode, 3);
	answer(&defaults, ASK("none.sub.mesos", RR_A));
	assert_int_equal(result.rcode, 3);
	answer_zone_set_partial(store, false);
	answer_zone_change(store, 0, "mesos", "*.w A 10.0.0.9", -1);
	answer(&defaults, ASK("none.mesos", RR_A));
	assert_int_equal(result.rcode, 3);
}

static void zone_inside_a_zone_has_its_own(void **state)
{
	check(ASK("host.sub.mesos", RR_A),
		"NOERROR aa\nqd host.sub.mesos. IN A\nan host.sub.mesos. 60 IN A 192.0.2.78\n");
	check(ASK("none.sub.mesos", RR_A),
		"NXDOMAIN aa\nqd none.sub.mesos. IN A\n"
		"ns sub.mesos. 20 IN SOA ns.example. root.example. 1 60 60 60 20\n");
}

static void cname_is_followed_in_our_zones(void **state)
{
	check(ASK("alias2.example.org", RR_A), "NOERROR aa\nqd alias2.example.org. IN A\n"
					       "an alias2.example.org. 60 IN CNAME alias.example.org.\n"
					       "an alias.example.org. 60 IN CNAME www.example.org.\n"
					       "an www.example.org. 60 IN A 192.0.2.1\n");
	check(ASK("tomesos.example.org", RR_A),
		"NOERROR aa\nqd tomesos.example.org. IN A\n"
		"an tomesos.example.org. 60 IN CNAME leader.mesos.\nan leader.mesos. 60 IN A 10.0.0.1\n");
	check(ASK("alias2.example.org", RR_CNAME), "NOERROR aa\nqd alias2.example.org. IN CNAME\n"
						   "an alias2.example.org. 60 IN CNAME alias.example.org.\n");
	check(ASK("alias2.example.org", RR_ANY), "NOERROR aa\nqd alias2.example.org. IN ANY\n"
						 "an alias2.example.org. 60 IN CNAME alias.example.org.\n");
}

static void end_of_a_chain_rules(void **state)
{
	answer(&defaults, ASK("tonone.example.org", RR_A));
	char *text = show();
	assert_non_null(strstr(text, "NXDOMAIN aa\n"));
	assert_non_null(strstr(text, "an tonone.example.org. 60 IN CNAME none.mesos.\n" SOA("mesos")));
	free(text);
	answer(&defaults, ASK("tonodata.example.org", RR_A));
	text = show();
	assert_non_null(strstr(text, "NOERROR aa\n"));
	assert_non_null(strstr(text, "CNAME six.marathon.mesos.\n" SOA("mesos")));
	free(text);
	check(ASK("toout.example.org", RR_A), "NOERROR aa\nqd toout.example.org. IN A\n"
					      "an toout.example.org. 60 IN CNAME www.example.com.\n");
	assert_int_equal(result.verdict, ANSWER_REPLY);
	check(ASK("tovoid.example.org", RR_A), "SERVFAIL\nqd tovoid.example.org. IN A\n");
	answer(&defaults, ASK("tosub.example.org", RR_A));
	text = show();
	assert_non_null(
		strstr(text, "NOERROR aa\nqd tosub.example.org. IN A\nan tosub.example.org. 60 IN CNAME"));
	assert_non_null(strstr(text, "ns sub.example.org. 60 IN NS ns.sub.example.org.\n"));
	free(text);
}

static void cname_loops_end(void **state)
{
	check(ASK("loop1.example.org", RR_A), "NOERROR aa\nqd loop1.example.org. IN A\n"
					      "an loop1.example.org. 60 IN CNAME loop2.example.org.\n"
					      "an loop2.example.org. 60 IN CNAME loop1.example.org.\n");
	check(ASK("self.example.org", RR_A), "NOERROR aa\nqd self.example.org. IN A\n"
					     "an self.example.org. 60 IN CNAME self.example.org.\n");
}

static void wildcard_stands_for_what_does_not_exist(void **state)
{
	check(ASK("a.b.Wild.example.org", RR_A),
		"NOERROR aa\nqd a.b.Wild.example.org. IN A\nan a.b.Wild.example.org. 60 IN A 192.0.2.9\n");
	check(ASK("*.wild.example.org", RR_A),
		"NOERROR aa\nqd *.wild.example.org. IN A\nan *.wild.example.org. 60 IN A 192.0.2.9\n");
	check(ASK("x.cwild.example.org", RR_A), "NOERROR aa\nqd x.cwild.example.org. IN A\n"
						"an x.cwild.example.org. 60 IN CNAME www.example.org.\nan "
						"www.example.org. 60 IN A 192.0.2.1\n");
	check(ASK("a.wild.example.org", RR_AAAA),
		"NOERROR aa\nqd a.wild.example.org. IN AAAA\n"
		"ns example.org. 20 IN SOA ns.example. root.example. 1 60 60 60 20\n");
}

static void wildcard_stops_at_existing_names(void **state)
{
	static const char *const none[] = {
		"x.real.wild.example.org", "x.ent.wild.example.org", "x.example.org"};
	static const char *const empty[] = {"wild.example.org", "ent.wild.example.org"};

	for (size_t i = 0; i < 3; i++) {
		answer(&defaults, ASK(none[i], RR_A));
		assert_int_equal(result.rcode, 3);
	}
	for (size_t i = 0; i < 2; i++) {
		answer(&defaults, ASK(empty[i], RR_A));
		assert_int_equal(result.rcode, 0);
		assert_int_equal(count_of(reply, 1), 0);
	}
}

static void delegation_is_referred_to(void **state)
{
	static const char *const names[] = {"sub.example.org", "host.sub.example.org", "ns.sub.example.org"};

	for (size_t i = 0; i < 3; i++) {
		char expected[1024];

		snprintf(expected, sizeof(expected),
			"NOERROR\nqd %s. IN A\nns sub.example.org. 60 IN NS ns.sub.example.org.\n"
			"ns sub.example.org. 60 IN NS ns.elsewhere.example.\n"
			"ar ns.sub.example.org. 60 IN A 192.0.2.53\nar ns.sub.example.org. 60 IN AAAA "
			"2001:db8::53\n",
			names[i]);
		check(ASK(names[i], RR_A), expected);
	}
	answer(&defaults, ASK("sub.example.org", RR_DS));
	assert_true(reply[2] & 4); /* ours to say */
	assert_int_equal(count_of(reply, 1), 1);
	answer(&defaults, ASK("host.sub.example.org", RR_DS));
	assert_false(reply[2] & 4);
}

static void dname_is_not_followed(void **state)
{
	answer(&defaults, ASK("x.d.example.org", RR_A));
	assert_int_equal(result.rcode, 3);
	check(ASK("d.example.org", RR_DNAME), "NOERROR aa\nqd d.example.org. IN DNAME\n"
					      "an d.example.org. 60 IN DNAME www.example.org.\n");
}

static void no_query_no_reply(void **state)
{
	uint8_t query[512];
	struct ask ask = ASK("leader.mesos", RR_A, .flags = FLAG_QR);
	size_t len = ask_write(&ask, query);

	answer_bytes(&defaults, &ask, query, len);
	assert_int_equal(result.verdict, ANSWER_DROP);
	for (len = 0; len < 12; len++) {
		answer_bytes(&defaults, &ask, query, len);
		assert_int_equal(result.verdict, ANSWER_DROP);
	}
}

static void malformed_is_formerr(void **state)
{
	uint8_t query[600];
	struct ask ask = ASK("leader.mesos", RR_A, .edns = true, .udp_size = 1232, .nsid = true);
	size_t len = ask_write(&ask, query);

	for (size_t cut = 12; cut < len; cut++) { /* every way to end early */
		answer_bytes(&defaults, &ask, query, cut);
		assert_int_equal(result.rcode, 1);
		assert_int_equal(result.reply_len, cut < 12 + 18 ? 12 : 12 + 18);
	}
	query[len] = 0; /* trailing garbage */
	check_raw(query, len + 1, "FORMERR\nqd leader.mesos. IN A\n");
	memcpy(query + len, query + 12 + 18, len - 12 - 18); /* OPT twice */
	query[11] = 2;
	check_raw(query, len + len - 12 - 18, "FORMERR\nqd leader.mesos. IN A\n");
	len = ask_write(&ask, query);
	query[12 + 18] = 1; /* OPT whose owner is not the root */
	query[12 + 19] = 'x';
	answer_bytes(&defaults, &ask, query, len);
	assert_int_equal(result.rcode, 1);
	len = ask_write(&ask, query);
	query[len - 1] = 9; /* an option longer than the record */
	check_raw(query, len, "FORMERR\nqd leader.mesos. IN A\n");
}

static void malformed_question_is_formerr(void **state)
{
	check_raw("\x12\x34\0\0\0\0\0\0\0\0\0\0", 12, "FORMERR\n");
	check_raw("\x12\x34\0\0\0\2\0\0\0\0\0\0\0\0\1\0\1\0\0\1\0\1", 22, "FORMERR\n");
	check_raw("\x12\x34\0\0\0\1\0\0\0\0\0\0\1a\xc0\x0c\0\1\0\1", 20, "FORMERR\n"); /* a pointer */
	check_raw("\x12\x34\0\0\0\1\0\0\0\0\0\0\x41"
		  "aaaaaaaa",
		21, "FORMERR\n");
}

static void other_records_are_tolerated(void **state)
{
	static const uint8_t query[] = "\x12\x34\0\0\0\1\0\0\0\1\0\2\6leader\5mesos\0\0\1\0\1"
				       "\xc0\x0c\0\6\0\1\0\0\0\0\0\0" /* SOA in authority, as IXFR has it */
				       "\0\0\x29\x04\xd0\0\0\0\0\0\0" /* OPT */
				       "\3key\0\0\xfa\0\xff\0\0\0\0\0\4abcd"; /* TSIG */

	check_raw(query, sizeof(query) - 1,
		"NOERROR aa\nqd leader.mesos. IN A\nan leader.mesos. 60 IN A 10.0.0.1\nedns 1232\n");
}

static void longest_names_fit(void **state)
{
	char name[260] = "";

	for (int i = 0; i < 4; i++) {
		for (int j = 0; j < (i < 3 ? 63 : 55); j++)
			strcat(name, "x");
		strcat(name, ".");
	}
	strcat(name, "mesos");
	answer(&defaults, ASK(name, RR_A, .edns = true, .nsid = true));
	assert_int_equal(result.rcode, 3);
	assert_true(result.reply_len <= 512);
	free(show());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(address_of_an_exact_name),
		cmocka_unit_test(bytes_of_a_whole_reply),
		cmocka_unit_test(case_of_the_question_is_kept),
		cmocka_unit_test(flags_are_copied_or_cleared),
		cmocka_unit_test(another_type_is_nodata_with_soa),
		cmocka_unit_test(empty_non_terminal_is_nodata),
		cmocka_unit_test(unknown_name_is_nxdomain_with_soa),
		cmocka_unit_test(negative_ttl_is_the_lesser),
		cmocka_unit_test(apex_has_soa_and_ns_in_answer),
		cmocka_unit_test(stars_inside_a_name_are_dropped),
		cmocka_unit_test(srv_carries_its_targets_addresses),
		cmocka_unit_test(additional_names_a_host_once),
		cmocka_unit_test(start_is_random),
		cmocka_unit_test(udp_without_edns_is_512),
		cmocka_unit_test(edns_size_is_the_smaller_of_both),
		cmocka_unit_test(truncation_takes_a_random_run),
		cmocka_unit_test(truncate_bit_can_be_off),
		cmocka_unit_test(tcp_has_all_records),
		cmocka_unit_test(additional_goes_before_answers_do),
		cmocka_unit_test(edns_zero_gets_opt),
		cmocka_unit_test(other_edns_version_is_badvers),
		cmocka_unit_test(nsid_when_asked_for_and_configured),
		cmocka_unit_test(any_is_one_set_over_udp_all_over_tcp),
		cmocka_unit_test(chaos_tells_version_and_id),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(other_classes_are_refused),
		cmocka_unit_test(outside_is_refused_and_said),
		cmocka_unit_test(other_opcodes_are_notimp),
		cmocka_unit_test(transfers_are_refused),
		cmocka_unit_test(unloaded_zone_is_servfail),
		cmocka_unit_test(what_may_exist_is_not_denied),
		cmocka_unit_test(zone_inside_a_zone_has_its_own),
		cmocka_unit_test(cname_is_followed_in_our_zones),
		cmocka_unit_test(end_of_a_chain_rules),
		cmocka_unit_test(cname_loops_end),
		cmocka_unit_test(wildcard_stands_for_what_does_not_exist),
		cmocka_unit_test(wildcard_stops_at_existing_names),
		cmocka_unit_test(delegation_is_referred_to),
		cmocka_unit_test(dname_is_not_followed),
		cmocka_unit_test(no_query_no_reply),
		cmocka_unit_test(malformed_is_formerr),
		cmocka_unit_test(malformed_question_is_formerr),
		cmocka_unit_test(other_records_are_tolerated),
		cmocka_unit_test(longest_names_fit),
	};

	return cmocka_run_group_tests_name("answer", tests, setup, teardown);
}
