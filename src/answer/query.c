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

/* Reads the records after the question, of which only OPT counts. False: the message is malformed. */
static bool read_records(struct query *query, struct wire_reader *r)
{
	static const uint8_t none[6] = {0};

	if (!memcmp(query->packet + 6, none, sizeof(none)))
		return !wire_left(r);
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
		query->edns = true;
		query->udp_size = class;
		query->edns_version = (uint8_t)(ttl >> 16);
		query->dnssec_ok = ttl & 0x8000;
		read_options(query, data, len, &r->failed);
	}
	return !r->failed && !wire_left(r);
}

/* Returns 0 or RCODE_FORMERR. */
static int parse_body(struct query *query, const uint8_t *packet, size_t len)
{
	struct wire_reader r;

	if (wire_get_u16(packet + 4) != 1)
		return RCODE_FORMERR;
	size_t name_len = dname_len(packet + DNS_HEADER, len - DNS_HEADER);
	if (!name_len)
		return RCODE_FORMERR;
	wire_reader_init(&r, packet + DNS_HEADER + name_len, len - DNS_HEADER - name_len);
	uint16_t qtype = wire_read_u16(&r), qclass = wire_read_u16(&r);
	if (r.failed)
		return RCODE_FORMERR;
	query->qtype = qtype;
	query->qclass = qclass;
	query->name_len = (uint8_t)name_len;
	query->question_len = (uint16_t)(name_len + 4);
	dname_lower(query->name, packet + DNS_HEADER, name_len);
	if (!read_records(query, &r)) {
		query->edns = false;
		return RCODE_FORMERR;
	}
	return 0;
}

int query_parse(struct query *query, const uint8_t *packet, size_t len)
{
	if (len < DNS_HEADER)
		return QUERY_DROP;
	query->packet = packet;
	query->flags = wire_get_u16(packet + 2);
	query->qtype = 0;
	query->question_len = 0;
	query->edns = query->dnssec_ok = query->nsid = false;
	query->edns_version = 0;
	if (query->flags & FLAG_QR)
		return QUERY_DROP;
	int err = parse_body(query, packet, len);
	if (query->flags & FLAG_OPCODE) /* whose messages need not look like a query's */
		return RCODE_NOTIMP;
	if (err)
		return err;
	return query->edns_version ? RCODE_BADVERS : 0;
}
