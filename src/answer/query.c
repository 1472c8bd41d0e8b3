/* SPDX-License-Identifier: Apache-2.0 */
#include "answer/query.h"

#include "answer/rcode.h"
#include "base/wire.h"
#include "zone/snapshot.h"

/* Passes over a name, compressed or not. Nothing is followed: what these records say is of no interest. */
static void skip_name(struct wire_reader *r)
{
	for (;;) {
		uint8_t label = wire_read_u8(r);

		if (!label)
			return;
		if (label >= 0xc0) {
			wire_read_u8(r);
			return;
		}
		if (label > DLABEL_MAX)
			r->failed = true;
		wire_read(r, label);
		if (r->failed)
			return;
	}
}

static void read_options(struct query *query, const uint8_t *data, size_t len, bool *failed)
{
	struct wire_reader r;

	wire_reader_init(&r, data, len);
	while (wire_left(&r)) {
		uint16_t code = wire_read_u16(&r);

		wire_read(&r, wire_read_u16(&r));
		if (r.failed) {
			*failed = true;
			return;
		}
		if (code == EDNS_OPTION_NSID)
			query->nsid = true;
	}
}

static void take_opt(struct query *query, uint16_t udp_size, uint32_t ttl)
{
	query->edns = true;
	if (udp_size > DNS_UDP_MIN)
		query->udp_size = udp_size;
	query->edns_version = (uint8_t)(ttl >> 16);
	query->dnssec_ok = ttl & 0x8000;
}

/* What follows the question in most queries: an OPT record without options. False: it is something else. */
static bool read_bare_opt(struct query *query, const uint8_t *at, size_t len)
{
	static const uint8_t counts[6] = {0, 0, 0, 0, 0, 1}, start[3] = {0, RR_OPT >> 8, RR_OPT}, no_options[2] = {0};

	if (len != 11 || memcmp(query->packet + 6, counts, sizeof(counts)) || memcmp(at, start, sizeof(start)) ||
		memcmp(at + 9, no_options, sizeof(no_options)))
		return false;
	take_opt(query, wire_get_u16(at + 3), wire_get_u32(at + 5));
	return true;
}

/* Reads the records after the question, of which only OPT counts. False: the message is malformed. */
static bool read_records(struct query *query, struct wire_reader *r)
{
	uint32_t before = (uint32_t)wire_get_u16(query->packet + 6) + wire_get_u16(query->packet + 8);
	uint32_t count = before + wire_get_u16(query->packet + 10);

	for (uint32_t i = 0; i < count && !r->failed; i++) {
		bool root = wire_left(r) && *r->at == 0;

		skip_name(r);
		uint16_t type = wire_read_u16(r), class = wire_read_u16(r);
		uint32_t ttl = wire_read_u32(r);
		uint16_t len = wire_read_u16(r);
		const uint8_t *data = wire_read(r, len);
		if (type != RR_OPT || i < before || r->failed)
			continue;
		if (!root || query->edns)
			return false;
		take_opt(query, class, ttl);
		read_options(query, data, len, &r->failed);
	}
	return !r->failed && !wire_left(r);
}

/* Returns 0 or RCODE_FORMERR. */
static int parse_body(struct query *query, const uint8_t *packet, size_t len)
{
	static const uint8_t only_question[8] = {0, 1}; /* the counts of records */
	size_t name_len = dname_len(packet + DNS_HEADER, len - DNS_HEADER);
	size_t question_end = DNS_HEADER + name_len + 4;
	struct wire_reader r;

	if (!name_len || len < question_end)
		return RCODE_FORMERR;
	bool plain = !memcmp(packet + 4, only_question, sizeof(only_question));
	if (!plain && wire_get_u16(packet + 4) != 1)
		return RCODE_FORMERR;
	query->qtype = wire_get_u16(packet + question_end - 4);
	query->qclass = wire_get_u16(packet + question_end - 2);
	query->name_len = (uint8_t)name_len;
	query->question_len = (uint16_t)(name_len + 4);
	dname_lower(query->name, packet + DNS_HEADER, name_len);
	query->hash = zone_name_hash(query->name, name_len);
	if (plain)
		return len == question_end ? 0 : RCODE_FORMERR;
	if (read_bare_opt(query, packet + question_end, len - question_end))
		return 0;
	wire_reader_init(&r, packet + question_end, len - question_end);
	if (!read_records(query, &r)) {
		query->edns = false;
		return RCODE_FORMERR;
	}
	return 0;
}

void query_parse(struct query *query, const uint8_t *packet, size_t len)
{
	query->packet = packet;
	query->rcode = QUERY_DROP;
	query->qtype = query->question_len = 0;
	query->udp_size = DNS_UDP_MIN;
	query->edns = query->dnssec_ok = query->nsid = false;
	query->edns_version = 0;
	if (len < DNS_HEADER)
		return;
	query->flags = wire_get_u16(packet + 2);
	if (query->flags & FLAG_QR)
		return;
	int err = parse_body(query, packet, len);
	if (query->flags & FLAG_OPCODE) /* whose messages need not look like a query's */
		err = RCODE_NOTIMP;
	else if (!err && query->edns_version)
		err = RCODE_BADVERS;
	query->rcode = (int16_t)err;
}
