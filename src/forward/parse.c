/* SPDX-License-Identifier: Apache-2.0 */
#include "forward/parse.h"

#include "answer/rcode.h"
#include "base/err.h"
#include "forward/rdata.h"
#include "zone/snapshot.h"

enum { /* that matter here alone */
	RR_SIG = 24,
	RR_RRSIG = 46,
	RR_TSIG = 250,
	CLASS_ANY = 255,
};

static void close_at(struct parse *p, size_t at)
{
	if (!p->closed)
		p->end = at;
	p->closed = true;
}

static bool is_transport(uint16_t type, const uint8_t *data, size_t len)
{
	return type == RR_OPT || type == RR_TSIG ||
	       (type == RR_SIG && len >= 2 && !wire_get_u16(data)); /* RFC 2931 */
}

/* OPT and signatures of the message, which are between us and the upstream. */
static bool read_transport(struct parse *p, enum parse_section section, size_t at, size_t ttl)
{
	if (section != ADDITIONAL)
		return false;
	if (wire_get_u16(p->packet + ttl - 4) == RR_OPT) {
		if (p->edns || p->packet[at])
			return false;
		p->edns = true;
		p->rcode |= (uint16_t)(p->packet[ttl] << 4);
	}
	close_at(p, at);
	return true;
}

/* Reads the record at `*at` and goes on to the next. */
static bool read_record(struct parse *p, enum parse_section section, size_t *at)
{
	size_t from = *at, name_end = names_check(&p->names, from, p->len);

	if (!name_end || p->len - name_end < 4 + 6)
		return false;
	size_t ttl = name_end + 4;
	uint16_t type = wire_get_u16(p->packet + name_end), class = wire_get_u16(p->packet + name_end + 2);
	size_t data = ttl + 6, data_len = wire_get_u16(p->packet + ttl + 4);
	if (p->len - data < data_len)
		return false;
	*at = data + data_len;
	if (is_transport(type, p->packet + data, data_len))
		return read_transport(p, section, from, ttl);
	if (class != p->qclass && p->qclass != CLASS_ANY)
		return false;
	if (!rdata_check(&p->names, type, class, data, *at))
		return false;
	if (!p->closed) {
		p->records[p->count++] = (struct message_record){(uint16_t)from, (uint16_t)ttl};
		p->counts[section]++;
	}
	return true;
}

static int read_records(struct parse *p)
{
	size_t at = DNS_HEADER + p->question_len;
	unsigned total = 0;

	for (unsigned i = 0; i < SECTIONS; i++)
		total += wire_get_u16(p->packet + 6 + 2 * i);
	if (total > MESSAGE_RECORDS_MAX)
		return ERR_FORMAT;
	for (unsigned section = ANSWER; section < SECTIONS; section++) {
		for (unsigned i = wire_get_u16(p->packet + 6 + 2 * section); i; i--) {
			size_t from = at;

			if (read_record(p, section, &at))
				continue;
			if (!(p->flags & FLAG_TC))
				return ERR_FORMAT;
			close_at(p, from);
			return 0;
		}
	}
	if (at != p->len)
		return ERR_FORMAT;
	close_at(p, at);
	return 0;
}

static int find_in_chain(struct parse *p, size_t name)
{
	for (unsigned i = 0; i < p->chained; i++)
		if (names_equal(&p->names, name, p->chain[i]))
			return (int)i;
	return -1;
}

static bool is_asked(const struct parse *p, uint16_t type)
{
	return type == p->qtype || p->qtype == RR_ANY;
}

/* Follows the CNAME records from the question's name on, in whatever order they stand. */
static void follow_chain(struct parse *p)
{
	dname_lower(p->chain[0], p->question, p->question_len - PARSE_QUESTION_FIXED);
	p->chained = 1;
	if (is_asked(p, RR_CNAME))
		return;
	for (unsigned i = 0; i < p->counts[ANSWER] && p->chained <= MESSAGE_CHAIN_MAX; i++) {
		if (parse_type(p, i) != RR_CNAME ||
			!names_equal(&p->names, p->records[i].at, p->chain[p->chained - 1]))
			continue;
		if (find_in_chain(p, parse_data(p, i)) >= 0)
			return; /* a loop */
		names_expand(&p->names, parse_data(p, i), p->chain[p->chained++]);
		i = UINT32_MAX; /* from the first again */
	}
}

static bool is_above(struct parse *p, size_t owner, const uint8_t *name)
{
	while (*name) {
		name = dname_parent(name);
		if (names_equal(&p->names, owner, name))
			return true;
	}
	return false;
}

static bool is_above_chain(struct parse *p, size_t owner)
{
	for (unsigned i = 0; i < p->chained; i++)
		if (is_above(p, owner, p->chain[i]))
			return true;
	return false;
}

/* Does a record of ANSWER follow from the question? */
static bool follows(struct parse *p, unsigned i)
{
	uint16_t type = parse_type(p, i);
	size_t owner = p->records[i].at;

	if (is_asked(p, type) && names_equal(&p->names, owner, p->chain[p->chained - 1])) {
		p->positive = true;
		return true;
	}
	if (type == RR_DNAME)
		return is_above_chain(p, owner);
	if (type == RR_RRSIG)
		return find_in_chain(p, owner) >= 0 ||
		       (wire_get_u16(p->packet + parse_data(p, i)) == RR_DNAME && is_above_chain(p, owner));
	return type == RR_CNAME && find_in_chain(p, owner) >= 0;
}

/* Ends the message before the first record of ANSWER that does not follow from the question. */
static int cut_strangers(struct parse *p)
{
	unsigned i = 0;

	follow_chain(p);
	while (i < p->counts[ANSWER] && follows(p, i))
		i++;
	if (!p->names.work || (!i && p->counts[ANSWER]))
		return ERR_FORMAT;
	if (i < p->counts[ANSWER]) {
		p->end = p->records[i].at;
		p->count = p->counts[ANSWER] = (uint16_t)i;
		p->counts[AUTHORITY] = p->counts[ADDITIONAL] = 0;
	}
	return 0;
}

bool parse_zone_holds(struct parse *p, unsigned i)
{
	const uint8_t *name = p->chain[p->chained - 1];

	return names_equal(&p->names, p->records[i].at, name) || is_above(p, p->records[i].at, name);
}

int parse_reply(
	struct parse *p, const uint8_t *packet, size_t len, const uint8_t *question, size_t question_len)
{
	p->packet = packet;
	p->len = len;
	p->question = question;
	p->question_len = question_len;
	p->qtype = wire_get_u16(question + question_len - 4);
	p->qclass = wire_get_u16(question + question_len - 2);
	p->flags = wire_get_u16(packet + 2);
	p->rcode = p->flags & 15;
	memset(p->counts, 0, sizeof(p->counts));
	p->end = 0;
	p->count = p->chained = 0;
	p->closed = p->edns = p->positive = false;
	if (wire_get_u16(packet + 4) != 1)
		return ERR_FORMAT;
	if (len - DNS_HEADER < question_len || memcmp(packet + DNS_HEADER, question, question_len) != 0)
		return ERR_NOTFOUND;
	names_init(&p->names, packet, len);
	if (names_check(&p->names, DNS_HEADER, len) != DNS_HEADER + question_len - PARSE_QUESTION_FIXED)
		return ERR_NOTFOUND;
	int err = read_records(p);
	return err ? err : cut_strangers(p);
}
