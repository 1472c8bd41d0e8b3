/* SPDX-License-Identifier: Apache-2.0 */
/* forward/message: which replies are believed, for how long, and what copies look like. */
#include "t/unit/unit.h"

#include <stdio.h>

#include "base/err.h"
#include "base/wire.h"
#include "t/unit/packet.h"
#include "zone/snapshot.h"

enum { RR_SIG = 24, RR_NAPTR = 35, RR_RRSIG = 46, RR_TSIG = 250 };

static struct packet p;

static void begin(uint16_t type)
{
	packet_begin(&p, FLAG_RA | FLAG_RD, "www.example.org.", type);
}

static struct message *accepted(void)
{
	struct message *m;

	assert_int_equal(packet_check(&p, &m), 0);
	return m;
}

static void expect(int err)
{
	struct message *m;
	int got = packet_check(&p, &m);

	if (!got)
		message_free(m);
	assert_int_equal(got, err);
}

/* The message is believed as far as these records. */
static void expect_counts(unsigned answer, unsigned authority, unsigned additional)
{
	struct message *m = accepted();

	assert_int_equal(m->counts[0], answer);
	assert_int_equal(m->counts[1], authority);
	assert_int_equal(m->counts[2], additional);
	assert_int_equal(m->record_count, answer + authority + additional);
	message_free(m);
}

static void expect_ttl(uint32_t ttl, bool negative)
{
	struct message *m = accepted();

	assert_int_equal(m->ttl, ttl);
	assert_int_equal(m->negative, negative);
	message_free(m);
}

static void test_plain(void **state)
{
	(void)state;
	begin(RR_A);
	p.bytes[DNS_HEADER + 1] = 'W'; /* as we asked */
	packet_add_a(&p, 0, PACKET_QUESTION, 300, 0x0a000001);
	struct message *m = accepted();
	assert_int_equal(m->ttl, 300);
	assert_int_equal(m->len, p.len);
	assert_int_equal(m->rcode, 0);
	assert_int_equal(m->question_len, p.question_len);
	assert_false(m->negative || m->edns);
	assert_memory_equal(message_bytes(m) + DNS_HEADER + 1, "www", 3);
	message_free(m);
}

static void test_other_question(void **state)
{
	static const struct {
		size_t at;
		uint8_t by;
	} changes[] = {{1, 0x20}, {5, 1}, {18, 1}, {20, 1}};

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		uint8_t question[64];
		struct message *m = NULL;

		begin(RR_A);
		packet_add_a(&p, 0, PACKET_QUESTION, 300, 1);
		memcpy(question, p.question, p.question_len);
		question[changes[i].at] ^= changes[i].by;
		assert_int_equal(message_check(p.bytes, p.len, question, p.question_len, &m), ERR_NOTFOUND);
	}
}

static void test_header(void **state)
{
	(void)state;
	for (size_t len = 0; len < DNS_HEADER; len++) {
		begin(RR_A);
		p.len = len;
		expect(ERR_FORMAT);
	}
	begin(RR_A);
	p.bytes[2] &= 0x7f; /* a query that came back */
	expect(ERR_FORMAT);
	begin(RR_A);
	p.bytes[2] |= 0x28;
	expect(ERR_FORMAT);
	for (unsigned questions = 0; questions < 4; questions++) {
		begin(RR_A);
		p.bytes[5] = (uint8_t)questions;
		expect(questions == 1 ? 0 : ERR_FORMAT);
	}
}

static void test_bare_error(void **state)
{
	(void)state;
	for (unsigned rcode = 0; rcode < 16; rcode++) {
		bool believed = rcode == 1 || rcode == 2 || rcode == 4 || rcode == 5;

		begin(RR_A);
		p.len = DNS_HEADER;
		p.bytes[3] = (uint8_t)rcode;
		p.bytes[5] = 0;
		expect(believed ? 0 : ERR_FORMAT);
		if (!believed)
			continue;
		struct message *m = accepted();
		assert_int_equal(m->rcode, rcode);
		assert_int_equal(m->ttl, 0);
		assert_int_equal(m->len, DNS_HEADER + p.question_len);
		assert_memory_equal(message_bytes(m) + DNS_HEADER, p.question, p.question_len);
		message_free(m);
		p.bytes[7] = 1;
		expect(ERR_FORMAT);
	}
}

/* A message with a bit of everything. */
static void write_rich(uint16_t flags)
{
	static const uint8_t naptr[] = "\0\1\0\1\1u\3abc\0\4xyza";
	char at[3];

	packet_begin(&p, flags, "www.example.org.", RR_A);
	size_t alias = packet_add_name(&p, 0, PACKET_QUESTION, RR_CNAME, 60, 0, "host.example.net.");
	packet_add_a(&p, 0, packet_pointer(at, alias + 12), 30, 0x0a000001);
	packet_add_a(&p, 0, packet_pointer(at, alias + 12), 30, 0x0a000002);
	packet_add_name(&p, 1, PACKET_QUESTION, RR_NS, 99, 0, "ns.example.net.");
	packet_add_name(&p, 1, PACKET_QUESTION, RR_MX, 99, 2, PACKET_QUESTION);
	packet_add_name(&p, 1, PACKET_QUESTION, RR_SRV, 99, 6, PACKET_QUESTION);
	packet_add(&p, 2, PACKET_QUESTION, RR_NAPTR, 99, naptr, sizeof(naptr));
	packet_add(&p, 2, PACKET_QUESTION, RR_AAAA, 99, "0123456789abcdef", 16);
	packet_add(&p, 2, PACKET_QUESTION, 4711, 99, "anything", 8);
	packet_add_opt(&p, 0);
}

static void test_cut_anywhere(void **state)
{
	struct message *m;

	(void)state;
	write_rich(0);
	expect_counts(3, 3, 3);
	size_t whole = p.len;
	for (size_t len = DNS_HEADER; len < whole; len++) {
		write_rich(0);
		p.len = len;
		int err = packet_check(&p, &m);
		assert_int_equal(err, len < DNS_HEADER + p.question_len ? ERR_NOTFOUND : ERR_FORMAT);
	}
	for (size_t len = DNS_HEADER + p.question_len; len < whole;
		len++) { /* with TC, what is there counts */
		write_rich(FLAG_TC);
		p.len = len;
		m = accepted();
		assert_true(m->len <= len);
		assert_int_equal(m->ttl, 0);
		message_free(m);
	}
}

static void test_counts(void **state)
{
	(void)state;
	for (unsigned section = 0; section < 3; section++) {
		for (int by = -1; by < 2; by += 2) {
			write_rich(0);
			p.bytes[7 + 2 * section] = (uint8_t)(p.bytes[7 + 2 * section] + by);
			expect(ERR_FORMAT);
		}
		write_rich(0);
		memset(p.bytes + 6 + 2 * section, 0xff, 2);
		expect(ERR_FORMAT);
	}
	write_rich(0);
	packet_put(&p, "", 1); /* one byte left over */
	expect(ERR_FORMAT);
}

/* A record whose owner is these bytes. */
static void expect_owner(const void *owner, size_t len, int err)
{
	begin(RR_A);
	packet_add_a(&p, 0, PACKET_QUESTION, 60, 1);
	p.bytes[11] = 1;
	packet_put(&p, owner, len);
	packet_put(&p, "\0\1\0\1\0\0\0\1\0\4abcd", 14);
	expect(err);
}

static void test_pointers(void **state)
{
	(void)state;
	expect_owner("\300\014", 2, 0);
	expect_owner("\300\020", 2, 0); /* example.org */
	expect_owner("\1x\300\014", 4, 0);
	expect_owner("\300\041", 2, 0);          /* a pointer: the owner before */
	expect_owner("\300\000", 2, ERR_FORMAT); /* the header */
	expect_owner("\300\013", 2, ERR_FORMAT);
	expect_owner("\300\015", 2, ERR_FORMAT);    /* the middle of a label */
	expect_owner("\300\042", 2, ERR_FORMAT);    /* the middle of a pointer */
	expect_owner("\300\055", 2, ERR_FORMAT);    /* an address */
	expect_owner("\300\061", 2, ERR_FORMAT);    /* itself */
	expect_owner("\1x\300\061", 4, ERR_FORMAT); /* its own beginning */
	expect_owner("\300\062", 2, ERR_FORMAT);    /* forward */
	expect_owner("\377\377", 2, ERR_FORMAT);    /* far away */
	expect_owner("\1x\100", 3, ERR_FORMAT);     /* labels of no kind */
	expect_owner("\200", 1, ERR_FORMAT);
	expect_owner("\101", 1, ERR_FORMAT);
	expect_owner("\77", 1, ERR_FORMAT); /* a label longer than what is left */
}

static void test_pointer_loop(void **state)
{
	char at[3];

	(void)state;
	begin(RR_A); /* two names that point at each other */
	size_t first = packet_add_name(&p, 0, PACKET_QUESTION, RR_CNAME, 60, 0, PACKET_QUESTION);
	size_t second = packet_add_name(&p, 1, PACKET_QUESTION, RR_NS, 60, 0, packet_pointer(at, first + 12));
	memcpy(p.bytes + first + 12, packet_pointer(at, second + 12), 2);
	expect(ERR_FORMAT);
}

static void test_pointer_chain(void **state)
{
	char at[3];

	(void)state;
	for (unsigned hops = 60; hops < 70; hops++) {
		begin(RR_NS);
		size_t last = packet_add_name(&p, 0, PACKET_QUESTION, RR_NS, 60, 0, "a.");
		for (unsigned i = 0; i < hops; i++)
			last = packet_add_name(
				&p, 0, PACKET_QUESTION, RR_NS, 60, 0, packet_pointer(at, last + 12));
		expect(hops <= 64 ? 0 : ERR_FORMAT);
	}
}

static void test_long_names(void **state)
{
	uint8_t label[64];
	char text[256] = "", at[3];

	(void)state;
	memset(label, 'x', 64);
	for (int i = 0; i < 119; i++)
		strcat(text, "a.");
	packet_begin(&p, 0, text, RR_A); /* 239 bytes */
	packet_add_a(&p, 0, PACKET_QUESTION, 1, 1);
	packet_put_u16(&p, 0x0f00 + 'y'); /* 16 more */
	memcpy(p.bytes + p.len - 1, label, 15);
	p.len += 14;
	packet_put(&p, packet_pointer(at, 12), 2);
	packet_put(&p, "\0\1\0\1\0\0\0\1\0\4abcd", 14);
	p.bytes[11] = 1;
	expect(0); /* 255 */
	p.bytes[DNS_HEADER + p.question_len + 16] = 16;
	memmove(p.bytes + p.len - 16 + 1, p.bytes + p.len - 16, 16);
	p.len++;
	expect(ERR_FORMAT); /* 256 */
}

static void expect_data(uint16_t type, const void *data, size_t len, int err)
{
	begin(type);
	packet_add(&p, 0, PACKET_QUESTION, type, 60, data, len);
	packet_add_opt(&p, 0); /* there are bytes behind the data */
	expect(err);
}

static void test_data(void **state)
{
	static const uint8_t soa[24] = {0};

	(void)state;
	expect_data(RR_A, "abcd", 4, 0);
	expect_data(RR_A, "abc", 3, ERR_FORMAT);
	expect_data(RR_A, "abcde", 5, ERR_FORMAT);
	expect_data(RR_AAAA, "0123456789abcdef", 16, 0);
	expect_data(RR_AAAA, "0123456789abcdef", 15, ERR_FORMAT);
	expect_data(RR_CNAME, "", 0, ERR_FORMAT);
	expect_data(RR_CNAME, "\300\014", 2, 0);
	expect_data(RR_CNAME, "\300\014", 1, ERR_FORMAT);
	expect_data(RR_CNAME, "\300\014x", 3, ERR_FORMAT);
	expect_data(RR_CNAME, "\2x", 2, ERR_FORMAT);
	expect_data(RR_SOA, soa, 22, 0);
	expect_data(RR_SOA, soa, 21, ERR_FORMAT);
	expect_data(RR_SOA, soa, 23, ERR_FORMAT);
	expect_data(RR_MX, "\0\1", 2, ERR_FORMAT);
	expect_data(RR_MX, "\0", 1, ERR_FORMAT);
	expect_data(RR_SRV, "\0\1\0\1\0\1\300\014", 8, 0);
	expect_data(RR_SRV, "\0\1\0\1\0\1", 6, ERR_FORMAT);
	expect_data(RR_NAPTR, "\0\1\0\1\0\0\0\0", 8, 0);
	expect_data(RR_NAPTR, "\0\1\0\1\0\0\0", 7, ERR_FORMAT);
	expect_data(RR_NAPTR, "\0\1\0\1\377\0\0\0", 8, ERR_FORMAT);
	expect_data(RR_RRSIG, "0123456789abcdefgh\0sig", 22, 0);
	expect_data(RR_RRSIG, "0123456789abcdefgh", 18, ERR_FORMAT);
	expect_data(65, "\0\1\0", 3, 0);
	expect_data(65, "\0\1", 2, ERR_FORMAT);
	expect_data(4711, "", 0, 0);
}

static void test_class(void **state)
{
	(void)state;
	begin(RR_A);
	size_t at = packet_add_a(&p, 0, PACKET_QUESTION, 60, 1);
	p.bytes[at + 5] = 3;
	expect(ERR_FORMAT);
}

static void test_opt(void **state)
{
	(void)state;
	begin(RR_A); /* the last: only it goes */
	packet_add_a(&p, 0, PACKET_QUESTION, 60, 1);
	packet_add_a(&p, 2, PACKET_QUESTION, 60, 1);
	packet_add_opt(&p, 0);
	struct message *m = accepted();
	assert_true(m->edns);
	assert_int_equal(m->counts[2], 1);
	assert_int_equal(m->len, p.len - 17);
	message_free(m);
	begin(RR_A); /* in the middle: what follows goes too */
	packet_add_opt(&p, 0);
	packet_add_a(&p, 2, PACKET_QUESTION, 60, 1);
	expect_counts(0, 0, 0);
	packet_add_opt(&p, 0); /* two */
	expect(ERR_FORMAT);
	begin(RR_A);
	packet_add(&p, 2, PACKET_QUESTION, RR_OPT, 0, NULL, 0); /* with a name */
	expect(ERR_FORMAT);
	for (unsigned section = 0; section < 2; section++) {
		begin(RR_A);
		packet_add(&p, section, ".", RR_OPT, 0, NULL, 0);
		expect(ERR_FORMAT);
	}
	begin(RR_A);
	p.bytes[3] |= 7;
	packet_add_opt(&p, 1);
	m = accepted();
	assert_int_equal(m->rcode, 23);
	message_free(m);
}

static void test_signatures(void **state)
{
	static const uint8_t sig[30] = {0};

	(void)state;
	begin(RR_A);
	packet_add_opt(&p, 0);
	packet_add(&p, 2, "key.", RR_TSIG, 0, "whatever", 8);
	expect_counts(0, 0, 0);
	begin(RR_A);
	packet_add_a(&p, 2, PACKET_QUESTION, 60, 1);
	packet_add(&p, 2, ".", RR_SIG, 0, sig, sizeof(sig));
	expect_counts(0, 0, 1);
	begin(RR_A);
	packet_add(&p, 0, "key.", RR_TSIG, 0, "whatever", 8);
	expect(ERR_FORMAT);
}

static void test_ttl(void **state)
{
	(void)state;
	begin(RR_A);
	packet_add_a(&p, 0, PACKET_QUESTION, 300, 1);
	packet_add_a(&p, 0, PACKET_QUESTION, 200, 2);
	packet_add_a(&p, 2, PACKET_QUESTION, 5, 2); /* ADDITIONAL does not count */
	expect_ttl(200, false);
	packet_add_a(&p, 0, PACKET_QUESTION, 0, 2);
	begin(RR_A);
	packet_add_a(&p, 0, PACKET_QUESTION, 0x80000000, 1); /* RFC 2181, section 8 */
	expect_ttl(0, false);
	begin(RR_A);
	packet_add_a(&p, 0, PACKET_QUESTION, 0x7fffffff, 1);
	expect_ttl(0x7fffffff, false);
	for (unsigned rcode = 1; rcode < 16; rcode++) {
		begin(RR_A);
		p.bytes[3] |= (uint8_t)rcode;
		packet_add_a(&p, 0, PACKET_QUESTION, 300, 1);
		expect_ttl(0, true);
	}
	packet_begin(&p, FLAG_TC, "a.", RR_A);
	packet_add_a(&p, 0, PACKET_QUESTION, 300, 1);
	expect_ttl(0, false);
}

static void test_negative(void **state)
{
	(void)state;
	for (uint8_t rcode = 0; rcode < 4; rcode += 3) {
		begin(RR_A);
		p.bytes[3] |= rcode;
		packet_add_soa(&p, "example.org.", 900, 60);
		expect_ttl(60, true);
		begin(RR_A);
		p.bytes[3] |= rcode;
		packet_add_soa(&p, PACKET_QUESTION, 50, 60);
		expect_ttl(50, true);
		begin(RR_A);
		p.bytes[3] |= rcode;
		expect_ttl(0, true);                       /* no SOA */
		packet_add_soa(&p, "ample.org.", 900, 60); /* of another zone */
		expect_ttl(0, true);
		packet_add_soa(&p, "x.www.example.org.", 900, 60);
		expect_ttl(0, true);
		packet_add_soa(&p, ".", 900, 60);
		expect_ttl(60, true);
	}
	begin(RR_A); /* an alias of nothing */
	packet_add_name(&p, 0, PACKET_QUESTION, RR_CNAME, 40, 0, "b.example.net.");
	expect_ttl(0, true);
	packet_add_soa(&p, "example.net.", 900, 60);
	expect_ttl(40, true);
	begin(RR_A);
	packet_add_name(&p, 0, PACKET_QUESTION, RR_CNAME, 40, 0, "b.example.net.");
	packet_add_soa(&p, "example.org.", 900, 60); /* of the alias, not of what it stands for */
	expect_ttl(0, true);
	begin(RR_A); /* a referral */
	packet_add_name(&p, 1, PACKET_QUESTION, RR_NS, 40, 0, "b.example.net.");
	expect_ttl(0, true);
}

static void write_chain(unsigned aliases)
{
	char from[32], to[32];

	packet_begin(&p, 0, "n0.", RR_A);
	for (unsigned i = 0; i < aliases; i++) {
		sprintf(from, "n%u.", i);
		sprintf(to, "N%u.", i + 1);
		packet_add_name(&p, 0, from, RR_CNAME, 60, 0, to);
	}
	sprintf(from, "n%u.", aliases);
	packet_add_a(&p, 0, from, 60, 1);
}

static void test_chain(void **state)
{
	(void)state;
	for (unsigned aliases = 1; aliases <= MESSAGE_CHAIN_MAX; aliases++) {
		write_chain(aliases);
		expect_counts(aliases + 1, 0, 0);
		expect_ttl(60, false);
	}
	write_chain(MESSAGE_CHAIN_MAX + 1);
	expect_ttl(0, true);
	expect_counts(MESSAGE_CHAIN_MAX + 1, 0, 0); /* the last alias is there, what it stands for is not */
	packet_begin(&p, 0, "a.", RR_A);            /* in any order */
	packet_add_a(&p, 0, "c.", 60, 1);
	packet_add_name(&p, 0, "b.", RR_CNAME, 60, 0, "c.");
	packet_add_name(&p, 0, "a.", RR_CNAME, 60, 0, "b.");
	expect_ttl(60, false);
	expect_counts(3, 0, 0);
	packet_begin(&p, 0, "a.", RR_A); /* round */
	packet_add_name(&p, 0, "a.", RR_CNAME, 60, 0, "b.");
	packet_add_name(&p, 0, "b.", RR_CNAME, 60, 0, "a.");
	expect_ttl(0, true);
	packet_begin(&p, 0, "a.", RR_CNAME); /* asked for itself */
	packet_add_name(&p, 0, "a.", RR_CNAME, 60, 0, "b.");
	expect_ttl(60, false);
	packet_begin(&p, 0, "a.", RR_ANY);
	packet_add_name(&p, 0, "a.", RR_MX, 60, 2, "b.");
	packet_add_a(&p, 0, "a.", 50, 1);
	expect_ttl(50, false);
}

static void test_poison(void **state)
{
	(void)state;
	begin(RR_A);
	packet_add_a(&p, 0, PACKET_QUESTION, 60, 1);
	packet_add_a(&p, 0, "www.bank.example.", 60, 2);
	packet_add_name(&p, 1, "bank.example.", RR_NS, 60, 0, "ns.evil.example.");
	packet_add_a(&p, 2, "ns.evil.example.", 60, 3);
	expect_counts(1, 0, 0);
	begin(RR_A); /* nothing but strangers */
	packet_add_a(&p, 0, "www.bank.example.", 60, 2);
	expect(ERR_FORMAT);
	begin(RR_A); /* an alias that nothing leads to */
	packet_add_a(&p, 0, PACKET_QUESTION, 60, 1);
	packet_add_name(&p, 0, "bank.example.", RR_CNAME, 60, 0, "evil.example.");
	expect_counts(1, 0, 0);
	begin(RR_A); /* another type of the same name */
	packet_add_a(&p, 0, PACKET_QUESTION, 60, 1);
	packet_add_name(&p, 0, PACKET_QUESTION, RR_NS, 60, 0, "evil.example.");
	expect_counts(1, 0, 0);
	begin(RR_A); /* a DNAME above other names */
	packet_add_a(&p, 0, PACKET_QUESTION, 60, 1);
	packet_add_name(&p, 0, "bank.example.", RR_DNAME, 60, 0, "evil.example.");
	expect_counts(1, 0, 0);
	begin(RR_A); /* one that is not above the name but the name */
	packet_add_name(&p, 0, PACKET_QUESTION, RR_DNAME, 60, 0, "evil.example.");
	expect(ERR_FORMAT);
}

static void test_dname(void **state)
{
	static uint8_t sig[] = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0sig";

	(void)state;
	begin(RR_A);
	packet_add_name(&p, 0, "EXAMPLE.org.", RR_DNAME, 60, 0, "example.net.");
	sig[1] = RR_DNAME;
	packet_add(&p, 0, "example.org.", RR_RRSIG, 60, sig, 22);
	packet_add_name(&p, 0, PACKET_QUESTION, RR_CNAME, 60, 0, "www.example.net.");
	packet_add_a(&p, 0, "www.example.net.", 60, 1);
	sig[1] = RR_A;
	packet_add(&p, 0, "www.example.net.", RR_RRSIG, 60, sig, 22);
	expect_counts(5, 0, 0);
	packet_add(&p, 0, "example.org.", RR_RRSIG, 60, sig, 22); /* of a set that is not there */
	expect_counts(5, 0, 0);
}

static void test_work(void **state)
{
	char owner[256] = "", at[3];

	(void)state;
	for (int i = 0; i < 120; i++)
		strcat(owner, "a.");
	packet_begin(&p, 0, owner, RR_A);
	for (unsigned i = 0; i < 3000; i++) /* each is equal to the question's name up to its last label */
		packet_add_name(&p, 0, PACKET_QUESTION, RR_CNAME, 60, 0, packet_pointer(at, 12));
	expect(ERR_FORMAT);
	begin(RR_A); /* an honest large one */
	for (unsigned i = 0; i < 4000; i++)
		packet_add_a(&p, 0, PACKET_QUESTION, 60, i);
	expect_counts(4000, 0, 0);
	for (unsigned i = 0; i < 96; i++)
		packet_add(&p, 0, ".", 4711, 60, NULL, 0);
	expect_counts(4000, 0, 0);
	packet_add(&p, 0, ".", 4711, 60, NULL, 0);
	expect(ERR_FORMAT); /* over 4096 */
}

static void test_large(void **state)
{
	static const uint8_t zeros[65535];
	struct packet_client c;

	(void)state;
	begin(16);
	packet_add(&p, 0, PACKET_QUESTION, 16, 60, zeros, 65535 - p.len - 12);
	assert_int_equal(p.len, 65535);
	struct message *m = accepted();
	packet_ask(&c, p.question, p.question_len, FLAG_RD, false, false);
	c.terms.limit = 65535;
	assert_null(packet_check_copy(m, &c));
	packet_ask(&c, p.question, p.question_len, FLAG_RD, true, false);
	c.terms.limit = 65535; /* no room for OPT any more */
	assert_null(packet_check_copy(m, &c));
	message_free(m);
	packet_put(&p, zeros, 1);
	expect(ERR_FORMAT);
}

#define TEST(name) cmocka_unit_test(test_##name)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(plain),
		TEST(other_question),
		TEST(header),
		TEST(bare_error),
		TEST(cut_anywhere),
		TEST(counts),
		TEST(pointers),
		TEST(pointer_loop),
		TEST(pointer_chain),
		TEST(long_names),
		TEST(data),
		TEST(class),
		TEST(opt),
		TEST(signatures),
		TEST(ttl),
		TEST(negative),
		TEST(chain),
		TEST(poison),
		TEST(dname),
		TEST(work),
		TEST(large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
