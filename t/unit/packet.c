/* SPDX-License-Identifier: Apache-2.0 */
#include "t/unit/packet.h"

#include <stdlib.h>
#include <string.h>

#include "base/wire.h"
#include "zone/snapshot.h"

void packet_begin(struct packet *p, uint16_t flags, const char *name, uint16_t type)
{
	p->len = 0;
	packet_put_u16(p, 0x1234);
	packet_put_u16(p, FLAG_QR | flags);
	packet_put_u16(p, 1);
	packet_put(p, "\0\0\0\0\0", 6);
	packet_put_name(p, name);
	packet_put_u16(p, type);
	packet_put_u16(p, 1);
	p->question = p->bytes + DNS_HEADER;
	p->question_len = p->len - DNS_HEADER;
}

void packet_put(struct packet *p, const void *data, size_t len)
{
	if (len > sizeof(p->bytes) - p->len)
		abort();
	if (len)
		memcpy(p->bytes + p->len, data, len);
	p->len += len;
}

void packet_put_u16(struct packet *p, unsigned value)
{
	uint8_t bytes[2];

	wire_put_u16(bytes, (uint16_t)value);
	packet_put(p, bytes, 2);
}

static void put_u32(struct packet *p, uint32_t value)
{
	packet_put_u16(p, value >> 16);
	packet_put_u16(p, value & 0xffff);
}

size_t packet_put_name(struct packet *p, const char *name)
{
	uint8_t wire[DNAME_MAX];
	size_t at = p->len;

	if ((uint8_t)name[0] >= 0xc0) {
		packet_put(p, name, 2);
		return at;
	}
	size_t len = dname_from_text(wire, name, strlen(name));
	if (!len)
		abort();
	packet_put(p, wire, len);
	return at;
}

static size_t begin_record(struct packet *p, unsigned section, const char *owner, uint16_t type, uint32_t ttl)
{
	uint8_t *count = p->bytes + 6 + 2 * section;
	size_t at = packet_put_name(p, owner);

	wire_put_u16(count, (uint16_t)(wire_get_u16(count) + 1));
	packet_put_u16(p, type);
	packet_put_u16(p, 1);
	put_u32(p, ttl);
	return at;
}

size_t packet_add(struct packet *p, unsigned section, const char *owner, uint16_t type, uint32_t ttl,
	const void *data, size_t len)
{
	size_t at = begin_record(p, section, owner, type, ttl);

	packet_put_u16(p, (unsigned)len);
	packet_put(p, data, len);
	return at;
}

size_t packet_add_a(struct packet *p, unsigned section, const char *owner, uint32_t ttl, uint32_t address)
{
	uint8_t data[4];

	wire_put_u32(data, address);
	return packet_add(p, section, owner, RR_A, ttl, data, 4);
}

size_t packet_add_name(struct packet *p, unsigned section, const char *owner, uint16_t type, uint32_t ttl,
	size_t before, const char *name)
{
	static const uint8_t zeros[32];
	size_t at = begin_record(p, section, owner, type, ttl);

	packet_put_u16(p, 0);
	size_t data = p->len;
	packet_put(p, zeros, before);
	packet_put_name(p, name);
	wire_put_u16(p->bytes + data - 2, (uint16_t)(p->len - data));
	return at;
}

size_t packet_add_soa(struct packet *p, const char *owner, uint32_t ttl, uint32_t minimum)
{
	size_t at = begin_record(p, PACKET_AUTHORITY, owner, RR_SOA, ttl);

	packet_put_u16(p, 22);
	packet_put(p, "\0", 2);
	for (int i = 0; i < 4; i++)
		put_u32(p, 7);
	put_u32(p, minimum);
	return at;
}

size_t packet_add_opt(struct packet *p, unsigned rcode_high)
{
	size_t at = packet_add(p, PACKET_ADDITIONAL, ".", RR_OPT, rcode_high << 24, "\0\017\0\2\0\1", 6);

	wire_put_u16(p->bytes + at + 3, 1232);
	return at;
}

const char *packet_pointer(char out[3], size_t offset)
{
	out[0] = (char)(0xc0 | offset >> 8);
	out[1] = (char)offset;
	out[2] = '\0';
	return out;
}

int packet_check(const struct packet *p, struct message **out)
{
	uint8_t *exact = malloc(p->len ? p->len : 1); /* so that a sanitizer sees each byte too far */

	if (!exact)
		abort();
	memcpy(exact, p->bytes, p->len);
	*out = NULL;
	int err = message_check(exact, p->len, p->question, p->question_len, out);
	free(exact);
	return err;
}

void packet_ask(struct packet_client *c, const uint8_t *question, size_t question_len, uint16_t flags,
	bool edns, bool dnssec_ok)
{
	uint8_t *at = c->bytes + DNS_HEADER;

	memset(c->bytes, 0, DNS_HEADER);
	wire_put_u16(c->bytes, 0xabcd);
	wire_put_u16(c->bytes + 2, flags);
	c->bytes[5] = 1;
	memcpy(at, question, question_len);
	for (size_t i = 0; i + 4 < question_len; i += 2)
		if ((at[i] | 0x20) >= 'a' && (at[i] | 0x20) <= 'z')
			at[i] ^= 0x20;
	at += question_len;
	if (edns) {
		static const uint8_t opt[] = {0, 0, RR_OPT, 4, 208, 0, 0, 0, 0, 0, 0};

		memcpy(at, opt, sizeof(opt));
		at[7] = dnssec_ok ? 0x80 : 0;
		at += sizeof(opt);
		c->bytes[11] = 1;
	}
	query_parse(&c->query, c->bytes, (size_t)(at - c->bytes));
	if (c->query.rcode)
		abort();
	c->terms = (struct message_terms){
		.query = &c->query,
		.limit = 1232,
		.edns_udp_size = 1232,
		.ede = 0xffff,
		.recursion_available = true,
		.set_truncate_bit = true,
	};
}

#define RULE(condition, text)                                                                                \
	do {                                                                                                 \
		if (!(condition))                                                                            \
			return (text);                                                                       \
	} while (0)

static const char *check_header(
	const struct message *m, const struct packet_client *c, const uint8_t *reply, size_t len)
{
	const struct query *query = &c->query;
	uint16_t flags = wire_get_u16(reply + 2);
	bool wants_ad = query->dnssec_ok || query->flags & FLAG_AD;

	RULE(len <= c->terms.limit, "size");
	RULE(!memcmp(reply, c->bytes, 2), "id");
	RULE(flags & FLAG_QR && !(flags & (FLAG_OPCODE | FLAG_AA | 0x40)), "QR, opcode, AA or Z");
	RULE(!((flags ^ query->flags) & (FLAG_RD | FLAG_CD)), "RD or CD");
	RULE(!(flags & FLAG_RA) == !c->terms.recursion_available, "RA");
	RULE(!(flags & FLAG_AD) == !(m->flags & FLAG_AD && wants_ad), "AD");
	RULE(!(flags & FLAG_TC) || c->terms.set_truncate_bit, "TC unasked");
	RULE(flags & FLAG_TC || !(m->flags & FLAG_TC) || !c->terms.set_truncate_bit,
		"the upstream's TC is lost");
	RULE((flags & 15) == (m->rcode > 15 && !query->edns ? 2 : m->rcode & 15), "RCODE");
	RULE(wire_get_u16(reply + 4) == 1, "question count");
	RULE(!memcmp(reply + DNS_HEADER, c->bytes + DNS_HEADER, query->question_len), "question");
	return NULL;
}

static const char *check_opt(
	const struct message *m, const struct packet_client *c, const uint8_t *opt, size_t len)
{
	bool ede = c->terms.ede != 0xffff;

	if (!c->query.edns) {
		RULE(!len, "something behind the records");
		return NULL;
	}
	RULE(len == (ede ? 17u : 11u) && !opt[0] && wire_get_u16(opt + 1) == RR_OPT, "OPT");
	RULE(wire_get_u16(opt + 3) == c->terms.edns_udp_size && opt[5] == m->rcode >> 4 && !opt[6],
		"OPT's fields");
	RULE(wire_get_u16(opt + 7) == (c->query.dnssec_ok ? 0x8000 : 0), "DO");
	RULE(!ede || (wire_get_u16(opt + 9) == 6 && wire_get_u16(opt + 15) == c->terms.ede),
		"extended error");
	return NULL;
}

static bool is_rotated(const struct message *m, unsigned i)
{
	return m->rotate_count > 1 && i >= m->rotate && i < (unsigned)m->rotate + m->rotate_count;
}

/* Is the data of record `i` that of one of the set? */
static bool is_of_set(const struct message *m, unsigned i, const uint8_t *reply)
{
	const uint8_t *data = reply + m->records[i].ttl + 4;

	for (unsigned j = m->rotate; j < (unsigned)m->rotate + m->rotate_count; j++)
		if (!memcmp(data, message_bytes(m) + m->records[j].ttl + 4, 2u + wire_get_u16(data)))
			return true;
	return false;
}

static const char *check_record(
	const struct message *m, const struct packet_client *c, unsigned i, const uint8_t *reply)
{
	const uint8_t *bytes = message_bytes(m);
	size_t at = m->records[i].at, ttl_at = m->records[i].ttl, data = ttl_at + 4;
	size_t end = i + 1u < m->record_count ? m->records[i + 1].at : m->len;
	uint32_t ttl = wire_get_u32(bytes + ttl_at), is = wire_get_u32(reply + ttl_at);

	RULE(!memcmp(bytes + at, reply + at, ttl_at - at), "owner, type or class");
	if (is_rotated(m, i))
		RULE(is_of_set(m, i, reply), "data of another set");
	else
		RULE(!memcmp(bytes + data, reply + data, end - data), "data");
	ttl = ttl > c->terms.age ? ttl - c->terms.age : 0;
	if (c->terms.ttl_cap && (!ttl || ttl > c->terms.ttl_cap))
		ttl = c->terms.ttl_cap;
	RULE(is == ttl, "TTL");
	return NULL;
}

static const char *check_records(
	const struct message *m, const struct packet_client *c, const uint8_t *reply, size_t len)
{
	unsigned total = 0, kept;
	bool short_of = false;
	const char *wrong = NULL;
	size_t opt = c->query.edns ? (c->terms.ede == 0xffff ? 11 : 17) : 0;

	for (unsigned section = 0; section < 3; section++) {
		unsigned count = wire_get_u16(reply + 6 + 2 * section) - (section == 2 && opt ? 1u : 0);

		RULE(count <= m->counts[section], "more records than there are");
		RULE(!short_of || !count, "a section after one that was cut short");
		short_of |= count < m->counts[section];
		total += count;
	}
	kept = total;
	for (unsigned i = 0; i < kept && !wrong; i++)
		wrong = check_record(m, c, i, reply);
	RULE(!wrong, wrong);
	size_t end = kept < m->record_count ? m->records[kept].at : m->len;
	wrong = check_opt(m, c, reply + end, len - end);
	RULE(!wrong, wrong);
	bool answer_cut = kept < m->counts[0], tc = wire_get_u16(reply + 2) & FLAG_TC;
	RULE(tc || !answer_cut || !c->terms.set_truncate_bit, "cut short without TC");
	RULE(!tc || m->flags & FLAG_TC || kept < (unsigned)m->counts[0] + m->counts[1], "TC without need");
	RULE(c->terms.age || kept == m->record_count || m->len + opt > c->terms.limit,
		"not all, though it fits");
	return NULL;
}

/* What we hand out must pass for a reply with ourselves, and say the same. */
static const char *check_again(const struct packet_client *c, const uint8_t *reply, size_t len)
{
	const unsigned opt = c->query.edns;
	struct message *again;
	const char *wrong = NULL;

	RULE(!message_check(reply, len, c->bytes + DNS_HEADER, c->query.question_len, &again),
		"no reply any more");
	for (unsigned section = 0; section < 3; section++)
		if (again->counts[section] + (section == 2 ? opt : 0) !=
			wire_get_u16(reply + 6 + 2 * section))
			wrong = "other records";
	if (again->edns != c->query.edns)
		wrong = "no OPT";
	message_free(again);
	return wrong;
}

const char *packet_check_copy(const struct message *m, const struct packet_client *c)
{
	uint8_t *reply = malloc(c->terms.limit);

	if (!reply)
		abort();
	size_t len = message_compose(m, &c->terms, reply);
	const char *wrong = check_header(m, c, reply, len);
	if (!wrong)
		wrong = check_records(m, c, reply, len);
	if (!wrong && wire_get_u16(reply + 6) == m->counts[0])
		wrong = check_again(c, reply, len);
	free(reply);
	return wrong;
}
