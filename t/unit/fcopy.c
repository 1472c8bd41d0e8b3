/* SPDX-License-Identifier: Apache-2.0 */
/* forward/message: copies for clients, by cases, and by random messages that ldns makes and reads. */
#include "t/unit/unit.h"

#include <ldns/ldns.h>
#include <stdio.h>

#include "base/wire.h"
#include "t/unit/packet.h"
#include "zone/snapshot.h"

#define NO_EDE 0xffff

static struct packet p;
static struct packet_client c;
static uint8_t reply[65535];

static void begin(uint16_t flags, uint16_t type)
{
	packet_begin(&p, flags, "www.example.org.", type);
}

static struct message *accepted(void)
{
	struct message *m;

	assert_int_equal(packet_check(&p, &m), 0);
	return m;
}

static size_t compose(const struct message *m)
{
	const char *wrong = packet_check_copy(m, &c);

	if (wrong)
		fail_msg("%s", wrong);
	return message_compose(m, &c.terms, reply);
}

static unsigned flags_of(const uint8_t *packet)
{
	return wire_get_u16(packet + 2);
}

static void test_flags(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 256; bits++) {
		begin((bits & 1 ? FLAG_AD : 0) | (bits & 2 ? FLAG_AA | FLAG_RA : 0), RR_A);
		packet_add_a(&p, 0, PACKET_QUESTION, 60, 1);
		struct message *m = accepted();
		packet_ask(&c, p.question, p.question_len,
			(bits & 4 ? FLAG_RD : 0) | (bits & 8 ? FLAG_CD : 0) | (bits & 16 ? FLAG_AD : 0),
			bits & 32, bits & 64);
		c.terms.recursion_available = bits & 128;
		compose(m);
		assert_int_equal(
			flags_of(reply) & FLAG_AD ? 1 : 0, bits & 1 && (bits & 16 || (bits & 96) == 96));
		message_free(m);
	}
}

static void test_rcodes(void **state)
{
	(void)state;
	for (unsigned rcode = 0; rcode < 32; rcode++) {
		begin(rcode & 15, RR_A);
		packet_add_opt(&p, rcode >> 4);
		struct message *m = accepted();
		packet_ask(&c, p.question, p.question_len, 0, true, false);
		compose(m);
		packet_ask(&c, p.question, p.question_len, 0, false, false);
		compose(m);
		assert_int_equal(flags_of(reply) & 15, rcode < 16 ? rcode : 2);
		message_free(m);
	}
}

static void test_ttls(void **state)
{
	(void)state;
	begin(0, RR_A);
	packet_add_a(&p, 0, PACKET_QUESTION, 300, 1);
	size_t ns = packet_add_name(&p, 1, PACKET_QUESTION, RR_NS, 100, 0, "ns.");
	size_t young = packet_add_a(&p, 2, "ns.", 500, 3);
	packet_add_a(&p, 2, "ns.", 50, 3);
	struct message *m = accepted();
	size_t a = DNS_HEADER + p.question_len;
	packet_ask(&c, p.question, p.question_len, 0, false, false);
	c.terms.age = 120;
	assert_true(compose(m) < p.len);
	assert_int_equal(wire_get_u32(reply + a + 6), 180);
	assert_int_equal(wire_get_u32(reply + ns + 6), 0);
	assert_int_equal(wire_get_u32(reply + young + 8), 380);
	assert_int_equal(reply[11], 1); /* the address of old age is not there */
	c.terms.age = 4000000000;
	c.terms.ttl_cap = 30;
	compose(m);
	assert_int_equal(wire_get_u32(reply + a + 6), 30);
	assert_int_equal(wire_get_u32(reply + ns + 6), 30);
	message_free(m);
}

static void test_extended_error(void **state)
{
	(void)state;
	begin(0, RR_A);
	packet_add_a(&p, 0, PACKET_QUESTION, 300, 1);
	struct message *m = accepted();
	packet_ask(&c, p.question, p.question_len, 0, true, true);
	c.terms.ede = 3;
	assert_int_equal(compose(m), p.len + 17);
	c.terms.edns_udp_size = 4096;
	compose(m);
	message_free(m);
}

static void test_limits(void **state)
{
	(void)state;
	begin(0, RR_A);
	for (uint32_t i = 0; i < 40; i++)
		packet_add_a(&p, 0, PACKET_QUESTION, 300, i);
	packet_add_name(&p, 1, PACKET_QUESTION, RR_NS, 300, 0, "ns.");
	packet_add_a(&p, 2, "ns.", 300, 1);
	packet_add_a(&p, 2, "ns.", 300, 2);
	struct message *m = accepted();
	packet_ask(&c, p.question, p.question_len, 0, true, false);
	unsigned last = 0;
	for (c.terms.limit = 512; c.terms.limit < p.len + 20; c.terms.limit++) {
		compose(m);
		unsigned count = reply[7] + reply[9] + reply[11];
		assert_true(count >= last);
		assert_int_not_equal(reply[11], 2); /* a part of a set (the other one is OPT) */
		assert_int_equal(flags_of(reply) & FLAG_TC ? 1 : 0, reply[7] < 40);
		last = count;
	}
	assert_int_equal(last, 44);
	c.terms.limit = 512;
	c.terms.set_truncate_bit = false;
	compose(m);
	assert_false(flags_of(reply) & FLAG_TC);
	message_free(m);
}

static void test_needed_authority(void **state)
{
	static const uint8_t nsec[600] = {0};

	(void)state;
	for (int negative = 0; negative < 2; negative++) {
		begin(0, RR_A);
		if (!negative)
			packet_add_a(&p, 0, PACKET_QUESTION, 300, 1);
		packet_add(&p, 1, PACKET_QUESTION, 47, 300, nsec, sizeof(nsec));
		struct message *m = accepted();
		for (int dnssec_ok = 0; dnssec_ok < 2; dnssec_ok++) {
			packet_ask(&c, p.question, p.question_len, 0, true, dnssec_ok);
			c.terms.limit = 512;
			compose(m);
			assert_int_equal(flags_of(reply) & FLAG_TC ? 1 : 0, negative || dnssec_ok);
		}
		message_free(m);
	}
}

/* Whichever comes first, all are there, and each has its turn. */
static void check_rotation(uint16_t type, unsigned before, unsigned count)
{
	unsigned first[16] = {0};
	size_t size = type == RR_A ? 4 : 16;
	char at[3], owner[3] = PACKET_QUESTION;

	begin(0, type);
	for (unsigned i = 0; i < before; i++) {
		size_t record =
			packet_add_name(&p, 0, owner, RR_CNAME, 60, 0, i & 1 ? "b.example." : "c.example.");
		memcpy(owner, packet_pointer(at, record + 12), 3);
	}
	for (uint8_t i = 0; i < count; i++) {
		uint8_t data[16] = {i};

		packet_add(&p, 0, i & 1 && before == 1 ? "C.example." : owner, type, 60, data, size);
	}
	struct message *m = accepted();
	assert_int_equal(m->rotate_count, count);
	packet_ask(&c, p.question, p.question_len, 0, false, false);
	c.terms.limit = 4096;
	for (unsigned turn = 0; turn < 32; turn++) {
		unsigned seen = 0;

		c.terms.random = turn << 27;
		compose(m);
		for (unsigned i = 0; i < count; i++)
			seen |= 1u << reply[m->records[before + i].ttl + 6];
		assert_int_equal(seen, (1u << count) - 1);
		first[reply[m->records[before].ttl + 6]]++;
	}
	for (unsigned i = 0; i < count; i++)
		assert_true(first[i] >= 32 / count);
	message_free(m);
}

static void test_rotation(void **state)
{
	(void)state;
	for (unsigned count = 2; count < 16; count++)
		for (unsigned before = 0; before < 3; before++) {
			check_rotation(RR_A, before, count);
			check_rotation(RR_AAAA, before, count);
		}
}

static void test_error(void **state)
{
	ldns_pkt *pkt;

	(void)state;
	begin(0, RR_A);
	for (unsigned rcode = 0; rcode < 24; rcode++) {
		for (int edns = 0; edns < 2; edns++) {
			packet_ask(&c, p.question, p.question_len, FLAG_RD, edns, edns);
			c.terms.ede = rcode & 1 ? 22 : NO_EDE;
			size_t len = message_compose_error((uint16_t)rcode, &c.terms, reply);
			assert_int_equal(
				len, DNS_HEADER + p.question_len + (edns ? (rcode & 1 ? 17u : 11u) : 0));
			assert_int_equal(flags_of(reply) & 0xfff0, FLAG_QR | FLAG_RD | FLAG_RA);
			assert_int_equal(flags_of(reply) & 15, rcode < 16 || edns ? rcode & 15 : 2);
			assert_int_equal(ldns_wire2pkt(&pkt, reply, len), LDNS_STATUS_OK);
			if (edns)
				assert_int_equal(ldns_pkt_edns_extended_rcode(pkt), rcode >> 4);
			ldns_pkt_free(pkt);
		}
	}
	c.query.question_len = 0;
	c.query.edns = false;
	assert_int_equal(message_compose_error(1, &c.terms, reply), DNS_HEADER);
	assert_int_equal(wire_get_u16(reply + 4), 0);
}

static uint64_t seed = 1;

static uint32_t pick(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((seed >> 33) % below);
}

static const char *random_name(void)
{
	static const char *const names[] = {"www.example.org.", "a.example.org.", "b.a.example.org.",
		"example.org.", "org.", ".", "x.example.net.",
		"very-long-label-to-fill-what-there-is-of-room.example.org."};

	return names[pick(sizeof(names) / sizeof(names[0]))];
}

static void random_line(char *out, const char *owner, uint16_t type)
{
	unsigned ttl = pick(4) ? pick(1000) : 0;

	switch (type) {
	case RR_A:
		sprintf(out, "%s %u A 10.%u.%u.%u", owner, ttl, pick(256), pick(256), pick(256));
		break;
	case RR_AAAA:
		sprintf(out, "%s %u AAAA 2001:db8::%x", owner, ttl, pick(65536));
		break;
	case RR_TXT:
		sprintf(out, "%s %u TXT \"%0*u\"", owner, ttl, (int)pick(200) + 1, pick(1000));
		break;
	case RR_MX:
		sprintf(out, "%s %u MX %u %s", owner, ttl, pick(100), random_name());
		break;
	case RR_SRV:
		sprintf(out, "%s %u SRV %u 1 %u %s", owner, ttl, pick(10), pick(65536), random_name());
		break;
	case RR_SOA:
		sprintf(out, "%s %u SOA %s %s 1 2 3 4 %u", owner, ttl, random_name(), random_name(),
			pick(100));
		break;
	case RR_CNAME:
		sprintf(out, "%s %u CNAME %s", owner, ttl, random_name());
		break;
	case RR_NS:
		sprintf(out, "%s %u NS %s", owner, ttl, random_name());
		break;
	default:
		sprintf(out, "%s %u TYPE4711 \\# 4 0%03x0%03x", owner, ttl, pick(4096), pick(4096));
	}
}

static void push(ldns_pkt *pkt, ldns_pkt_section section, const char *owner, uint16_t type)
{
	char line[600];
	ldns_rr *rr;

	random_line(line, owner, type);
	if (ldns_rr_new_frm_str(&rr, line, 0, NULL, NULL) != LDNS_STATUS_OK)
		fail_msg("%s", line);
	ldns_pkt_push_rr(pkt, section, rr);
}

static ldns_pkt *random_reply(void)
{
	static const uint16_t types[] = {RR_A, RR_AAAA, RR_TXT, RR_MX, RR_SRV, RR_NS, RR_SOA, 4711};
	const char *owner = random_name();
	uint16_t type = types[pick(8)];
	ldns_pkt *pkt = ldns_pkt_query_new(
		ldns_dname_new_frm_str(owner), (ldns_rr_type)type, LDNS_RR_CLASS_IN, LDNS_RD);

	ldns_pkt_set_qr(pkt, true);
	ldns_pkt_set_ad(pkt, pick(2));
	ldns_pkt_set_rcode(pkt, pick(3) ? LDNS_RCODE_NOERROR : (ldns_pkt_rcode)pick(6));
	for (uint32_t n = pick(4) ? pick(4) : pick(100); n; n--)
		push(pkt, LDNS_SECTION_ANSWER, owner, type);
	for (uint32_t n = pick(4); n; n--)
		push(pkt, LDNS_SECTION_AUTHORITY, random_name(), types[pick(8)]);
	for (uint32_t n = pick(6); n; n--)
		push(pkt, LDNS_SECTION_ADDITIONAL, random_name(), types[pick(8)]);
	if (pick(2))
		ldns_pkt_set_edns_udp_size(pkt, 1232);
	return pkt;
}

/* What ldns makes of the copy; the records of ANSWER in the order of the message. */
static void read_copy(const ldns_pkt *sent, size_t len)
{
	ldns_pkt *got;

	assert_int_equal(ldns_wire2pkt(&got, reply, len), LDNS_STATUS_OK);
	assert_int_equal(ldns_pkt_edns(got), c.query.edns);
	assert_int_equal(ldns_pkt_get_rcode(got), ldns_pkt_get_rcode(sent));
	ldns_rr_list *list = ldns_pkt_answer(got), *from = ldns_pkt_answer(sent);
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		bool found = false;

		for (size_t j = 0; j < ldns_rr_list_rr_count(from) && !found; j++)
			found = !ldns_rr_compare(ldns_rr_list_rr(list, i), ldns_rr_list_rr(from, j));
		assert_true(found);
	}
	if (!(flags_of(reply) & FLAG_TC))
		assert_int_equal(ldns_rr_list_rr_count(list), ldns_rr_list_rr_count(from));
	ldns_pkt_free(got);
}

static void test_random(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		ldns_pkt *pkt = random_reply();
		uint8_t *wire;
		size_t size;
		struct message *m;

		assert_int_equal(ldns_pkt2wire(&wire, pkt, &size), LDNS_STATUS_OK);
		size_t question_len = dname_len(wire + DNS_HEADER, size - DNS_HEADER) + 4;
		assert_int_equal(message_check(wire, size, wire + DNS_HEADER, question_len, &m), 0);
		for (unsigned client = 0; client < 4; client++) {
			packet_ask(&c, wire + DNS_HEADER, question_len, FLAG_RD, pick(2), pick(2));
			c.terms.limit = 512 + pick(pick(2) ? 100 : 8000);
			c.terms.age = pick(2) ? pick(400) : 0;
			c.terms.random = pick(65536) << 16;
			c.terms.ttl_cap = pick(5) ? 0 : 30;
			c.terms.ede = pick(5) ? NO_EDE : 3;
			read_copy(pkt, compose(m));
		}
		message_free(m);
		free(wire);
		ldns_pkt_free(pkt);
	}
}

#define TEST(name) cmocka_unit_test(test_##name)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(flags),
		TEST(rcodes),
		TEST(ttls),
		TEST(extended_error),
		TEST(limits),
		TEST(needed_authority),
		TEST(rotation),
		TEST(error),
		TEST(random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
