/* SPDX-License-Identifier: Apache-2.0 */
#include "forward/message.h"

#include <assert.h>
#include <stdlib.h>

#include "answer/rcode.h"
#include "base/err.h"
#include "forward/parse.h"
#include "zone/snapshot.h"

#define MESSAGE_LEN_MAX 65535
#define TTL_MAX         0x7fffffff
#define NO_EDE          0xffff
#define OPT_FIXED       11 /* an OPT record without options */
#define OPT_EDE         6  /* the option of an extended error without text */
#define EDNS_OPTION_EDE 15 /* RFC 8914 */

static uint32_t ttl_at(const uint8_t *at)
{
	uint32_t ttl = wire_get_u32(at);

	return ttl > TTL_MAX ? 0 : ttl; /* RFC 2181, section 8 */
}

/* RFC 2308, section 5: the SOA of a zone that the name is in. 0: there is none. */
static uint32_t negative_ttl(struct parse *p)
{
	for (unsigned i = p->counts[ANSWER]; i < (unsigned)p->counts[ANSWER] + p->counts[AUTHORITY]; i++) {
		if (parse_type(p, i) != RR_SOA || !parse_zone_holds(p, i))
			continue;
		const uint8_t *ttl = p->packet + p->records[i].ttl;
		const uint8_t *minimum = ttl + 6 + wire_get_u16(ttl + 4) - 4;
		return ttl_at(ttl) < ttl_at(minimum) ? ttl_at(ttl) : ttl_at(minimum);
	}
	return 0;
}

static uint32_t kept_seconds(struct parse *p, bool negative)
{
	uint32_t least = negative ? negative_ttl(p) : TTL_MAX;

	if (p->flags & FLAG_TC || (p->rcode != RCODE_NOERROR && p->rcode != RCODE_NXDOMAIN))
		return 0;
	for (unsigned i = 0; i < p->counts[ANSWER]; i++)
		if (ttl_at(p->packet + p->records[i].ttl) < least)
			least = ttl_at(p->packet + p->records[i].ttl);
	return least;
}

/* The records of ANSWER are of one name for each type, so those of a type that stand together are of one set.
 */
static void find_rotation(const struct parse *p, struct message *m)
{
	uint16_t last = 0;

	m->rotate = m->rotate_count = 0;
	for (unsigned i = 0; i < p->counts[ANSWER] && p->qclass == CLASS_IN; i++) {
		uint16_t type = parse_type(p, i);

		if (type == RR_A || type == RR_AAAA) {
			if (type != last) {
				m->rotate = (uint16_t)i;
				m->rotate_count = 0;
			}
			m->rotate_count++;
		}
		last = type;
	}
}

static struct message *new_message(size_t record_count, size_t len)
{
	struct message *m = malloc(sizeof(*m) + record_count * sizeof(m->records[0]) + len);

	if (!m)
		return NULL;
	memset(m, 0, sizeof(*m));
	m->record_count = (uint16_t)record_count;
	m->len = (uint16_t)len;
	return m;
}

static void write_head(struct message *m, const uint8_t *question, size_t question_len)
{
	uint8_t *bytes = (uint8_t *)(m->records + m->record_count);

	memset(bytes, 0, DNS_HEADER);
	dname_lower(bytes + DNS_HEADER, question, question_len - PARSE_QUESTION_FIXED);
	memcpy(bytes + DNS_HEADER + question_len - PARSE_QUESTION_FIXED,
		question + question_len - PARSE_QUESTION_FIXED, PARSE_QUESTION_FIXED);
	m->question_len = (uint16_t)question_len;
}

static int make_message(struct parse *p, struct message **out)
{
	struct message *m = new_message(p->count, p->end);
	size_t head = DNS_HEADER + p->question_len;

	if (!m)
		return ERR_NOMEM;
	uint8_t *bytes = (uint8_t *)(m->records + p->count);
	write_head(m, p->question, p->question_len);
	memcpy(bytes + head, p->packet + head, p->end - head);
	memcpy(m->records, p->records, p->count * sizeof(p->records[0]));
	for (unsigned i = 0; i < p->count; i++)
		wire_put_u32(bytes + m->records[i].ttl, ttl_at(bytes + m->records[i].ttl));
	m->flags = p->flags;
	m->rcode = p->rcode;
	memcpy(m->counts, p->counts, sizeof(m->counts));
	m->edns = p->edns;
	m->negative = !p->positive || p->rcode != RCODE_NOERROR;
	m->ttl = kept_seconds(p, m->negative);
	find_rotation(p, m);
	*out = m;
	return 0;
}

/* Servers that do not understand a query may repeat nothing of it. */
static bool is_bare_error(const uint8_t *packet, size_t len)
{
	unsigned rcode = packet[3] & 15;
	bool error = rcode == RCODE_FORMERR || rcode == RCODE_SERVFAIL || rcode == RCODE_NOTIMP ||
		     rcode == RCODE_REFUSED;

	static const uint8_t none[8] = {0};
	return len == DNS_HEADER && error && !memcmp(packet + 4, none, sizeof(none));
}

int message_check(
	const uint8_t *packet, size_t len, const uint8_t *question, size_t question_len, struct message **out)
{
	struct parse p;
	int err;

	if (len < DNS_HEADER || len > MESSAGE_LEN_MAX)
		return ERR_FORMAT;
	uint16_t flags = wire_get_u16(packet + 2);
	if (!(flags & FLAG_QR) || flags & FLAG_OPCODE)
		return ERR_FORMAT;
	if (is_bare_error(packet, len)) {
		err = message_new_error(flags & 15, question, question_len, 0, out);
		if (!err)
			(*out)->flags = flags;
		return err;
	}
	err = parse_reply(&p, packet, len, question, question_len);
	return err ? err : make_message(&p, out);
}

int message_new_error(
	uint16_t rcode, const uint8_t *question, size_t question_len, uint32_t ttl, struct message **out)
{
	struct message *m = new_message(0, DNS_HEADER + question_len);

	if (!m)
		return ERR_NOMEM;
	write_head(m, question, question_len);
	m->flags = FLAG_QR | (rcode & 15);
	m->rcode = rcode;
	m->negative = true;
	m->ttl = ttl;
	*out = m;
	return 0;
}

void message_free(struct message *m)
{
	free(m);
}

static size_t opt_len(const struct message_terms *terms)
{
	if (!terms->query->edns)
		return 0;
	return OPT_FIXED + (terms->ede == NO_EDE ? 0 : OPT_EDE);
}

static size_t write_opt(uint8_t *at, uint16_t rcode, const struct message_terms *terms)
{
	at[0] = 0;
	wire_put_u16(at + 1, RR_OPT);
	wire_put_u16(at + 3, terms->edns_udp_size);
	at[5] = (uint8_t)(rcode >> 4);
	at[6] = 0;
	wire_put_u16(at + 7, terms->query->dnssec_ok ? 0x8000 : 0);
	if (terms->ede == NO_EDE) {
		wire_put_u16(at + 9, 0);
		return OPT_FIXED;
	}
	wire_put_u16(at + 9, OPT_EDE);
	wire_put_u16(at + 11, EDNS_OPTION_EDE);
	wire_put_u16(at + 13, 2);
	wire_put_u16(at + 15, terms->ede);
	return OPT_FIXED + OPT_EDE;
}

static void write_flags(uint8_t *reply, uint16_t flags, uint16_t rcode, const struct message_terms *terms)
{
	const struct query *query = terms->query;

	if (rcode > 15 && !query->edns) /* which cannot be told */
		rcode = RCODE_SERVFAIL;
	flags |= FLAG_QR | (query->flags & (FLAG_RD | FLAG_CD)) | (rcode & 15);
	if (terms->recursion_available)
		flags |= FLAG_RA;
	memcpy(reply, query->packet, 2);
	wire_put_u16(reply + 2, flags);
}

static size_t end_of(const struct message *m, unsigned i)
{
	return i < m->record_count ? m->records[i].at : m->len;
}

static uint16_t type_of(const struct message *m, unsigned i)
{
	return wire_get_u16(message_bytes(m) + m->records[i].ttl - 4);
}

/* How many records a copy has: those that fit and are not too old. */
static unsigned count_records(const struct message *m, const struct message_terms *terms, size_t room)
{
	unsigned needed = (unsigned)m->counts[ANSWER] + m->counts[AUTHORITY], count = m->record_count;

	if (terms->age)
		for (unsigned i = needed; i < count; i++)
			if (ttl_at(message_bytes(m) + m->records[i].ttl) < terms->age)
				count = i;
	if (end_of(m, count) <= room)
		return count;
	while (count && end_of(m, count) > room)
		count--;
	while (count > needed &&
		type_of(m, count) == type_of(m, count - 1)) /* whole sets: RFC 2181, section 9 */
		count--;
	return count;
}

/* Is something missing that the client has to know of? */
static bool is_cut_short(const struct message *m, const struct message_terms *terms, unsigned count)
{
	if (m->flags & FLAG_TC || count < m->counts[ANSWER])
		return true;
	return count < (unsigned)m->counts[ANSWER] + m->counts[AUTHORITY] &&
	       (m->negative || terms->query->dnssec_ok);
}

static void write_ttls(
	const struct message *m, const struct message_terms *terms, unsigned count, uint8_t *reply)
{
	for (unsigned i = 0; i < count; i++) {
		uint8_t *at = reply + m->records[i].ttl;
		uint32_t ttl = wire_get_u32(at);

		ttl = ttl > terms->age ? ttl - terms->age : 0;
		if (terms->ttl_cap && (ttl > terms->ttl_cap || !ttl))
			ttl = terms->ttl_cap;
		wire_put_u32(at, ttl);
	}
}

/* The data moves on, owners and TTLs stay: so it does not matter how the upstream wrote the owners. */
static void rotate(const struct message *m, uint32_t random, unsigned count, uint8_t *reply)
{
	unsigned from = (unsigned)((uint64_t)random * m->rotate_count >> 32);
	size_t size = type_of(m, m->rotate) == RR_A ? 4 : 16;

	for (unsigned i = 0; i < m->rotate_count && m->rotate + i < count; i++) {
		memcpy(reply + m->records[m->rotate + i].ttl + 6,
			message_bytes(m) + m->records[m->rotate + from].ttl + 6, size);
		if (++from == m->rotate_count)
			from = 0;
	}
}

static uint16_t section_count(const struct message *m, unsigned section, unsigned *left)
{
	unsigned n = m->counts[section] < *left ? m->counts[section] : *left;

	*left -= n;
	return (uint16_t)n;
}

size_t message_compose(const struct message *m, const struct message_terms *terms, uint8_t *reply)
{
	const struct query *query = terms->query;
	size_t head = DNS_HEADER + m->question_len, opt = opt_len(terms);

	assert(query->question_len == m->question_len && terms->limit >= MESSAGE_LIMIT_MIN);
	unsigned count = count_records(m, terms, terms->limit - opt), left = count;
	size_t len = end_of(m, count);
	uint16_t flags = 0;

	memcpy(reply + DNS_HEADER, query->packet + DNS_HEADER, m->question_len);
	memcpy(reply + head, message_bytes(m) + head, len - head);
	if (terms->age || terms->ttl_cap)
		write_ttls(m, terms, count, reply);
	if (m->rotate_count > 1)
		rotate(m, terms->random, count, reply);
	if (terms->set_truncate_bit && is_cut_short(m, terms, count))
		flags |= FLAG_TC;
	if (m->flags & FLAG_AD && (query->dnssec_ok || query->flags & FLAG_AD))
		flags |= FLAG_AD;
	write_flags(reply, flags, m->rcode, terms);
	wire_put_u16(reply + 4, 1);
	wire_put_u16(reply + 6, section_count(m, ANSWER, &left));
	wire_put_u16(reply + 8, section_count(m, AUTHORITY, &left));
	wire_put_u16(reply + 10, (uint16_t)(left + (opt ? 1 : 0)));
	if (opt)
		len += write_opt(reply + len, m->rcode, terms);
	return len;
}

size_t message_compose_error(uint16_t rcode, const struct message_terms *terms, uint8_t *reply)
{
	const struct query *query = terms->query;
	size_t len = DNS_HEADER + query->question_len;

	assert(terms->limit >= MESSAGE_LIMIT_MIN);
	write_flags(reply, 0, rcode, terms);
	memset(reply + 4, 0, 8);
	reply[5] = query->question_len ? 1 : 0;
	memcpy(reply + DNS_HEADER, query->packet + DNS_HEADER, query->question_len);
	if (query->edns) {
		reply[11] = 1;
		len += write_opt(reply + len, rcode, terms);
	}
	return len;
}
