/* SPDX-License-Identifier: Apache-2.0 */
#include "t/unit/answer_check.h"

#include <ldns/ldns.h>
#include <stdlib.h>

#include "answer/lookup.h"
#include "answer/query.h"
#include "base/wire.h"

#define RULE(condition, text)                                                                                \
	do {                                                                                                 \
		if (!(condition))                                                                            \
			return (text);                                                                       \
	} while (0)

/* Passes over a name whose pointers must go backwards. */
static bool skip_name(struct wire_reader *r)
{
	for (;;) {
		size_t here = (size_t)(r->at - r->start);
		uint8_t label = wire_read_u8(r);

		if (r->failed || !label)
			return !r->failed;
		if (label >= 0xc0)
			return (size_t)((label & 0x3f) << 8 | wire_read_u8(r)) < here && !r->failed;
		if (label > DLABEL_MAX || !wire_read(r, label))
			return false;
	}
}

/* Do the records that the header counts fill the message? */
static bool is_filled(const uint8_t *reply, size_t len)
{
	struct wire_reader r;
	unsigned records = wire_get_u16(reply + 6) + wire_get_u16(reply + 8) + wire_get_u16(reply + 10);

	wire_reader_init(&r, reply, len);
	wire_read(&r, DNS_HEADER);
	if (wire_get_u16(reply + 4) && (!skip_name(&r) || !wire_read(&r, 4)))
		return false;
	for (; records; records--) {
		if (!skip_name(&r) || !wire_read(&r, 8))
			return false;
		wire_read(&r, wire_read_u16(&r));
	}
	return !r.failed && !wire_left(&r);
}

static bool node_has(const struct zone_node *node, const ldns_rr *rr)
{
	const struct zone_rrset *set = node ? zone_rrset_of(node, (uint16_t)ldns_rr_get_type(rr)) : NULL;
	uint8_t rdata[65535];
	size_t len = 0;

	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		memcpy(rdata + len, ldns_rdf_data(ldns_rr_rdf(rr, i)), ldns_rdf_size(ldns_rr_rdf(rr, i)));
		len += ldns_rdf_size(ldns_rr_rdf(rr, i));
	}
	for (uint32_t i = 0; set && i < set->count; i++) {
		const uint8_t *slot = zone_rrset_slot(set, i);

		if (wire_get_u16(slot + 10) == len && !memcmp(slot + RR_FIXED, rdata, len))
			return true;
	}
	return false;
}

/* Is the record one of ours: of its owner's name, of that name without its stars, or of a wildcard above it?
 */
static bool is_ours(const struct zone_snapshot *snapshot, const ldns_rr *rr)
{
	uint8_t name[DNAME_MAX], plain[DNAME_MAX], wild[2 + DNAME_MAX] = {1, '*'};
	size_t len = ldns_rdf_size(ldns_rr_owner(rr));

	dname_lower(name, ldns_rdf_data(ldns_rr_owner(rr)), len);
	for (;;) {
		if (node_has(zone_find(snapshot, name, len), rr))
			return true;
		for (const uint8_t *up = name; *up;) {
			up = dname_parent(up);
			size_t left = len - (size_t)(up - name);

			memcpy(wild + 2, up, left);
			if (node_has(zone_find(snapshot, wild, left + 2), rr))
				return true;
		}
		size_t without = lookup_drop_stars(plain, name, len);
		if (!without)
			return false;
		memcpy(name, plain, without);
		len = without;
	}
}

static const char *check_section(const struct zone_snapshot *snapshot, ldns_rr_list *list)
{
	ldns_rr_list_sort(list);
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);

		RULE(!i || ldns_rr_compare(rr, ldns_rr_list_rr(list, i - 1)), "a record is there twice");
		RULE(ldns_rr_get_class(rr) == LDNS_RR_CLASS_CH || is_ours(snapshot, rr),
			"a record is not ours");
	}
	return NULL;
}

static const char *check_records(const struct zone_snapshot *snapshot, ldns_pkt *pkt)
{
	const char *wrong = check_section(snapshot, ldns_pkt_answer(pkt));

	if (!wrong)
		wrong = check_section(snapshot, ldns_pkt_authority(pkt));
	return wrong ? wrong : check_section(snapshot, ldns_pkt_additional(pkt));
}

/* A set that was asked for by its very name is there whole, or the reply says that it is not. */
static const char *check_whole(const struct answer_settings *settings, const struct zone_snapshot *snapshot,
	const uint8_t *reply, const struct query *query, const struct answer_result *result)
{
	const struct zone_node *node = zone_find(snapshot, query->name, query->name_len);
	const struct zone_apex *zone = node ? &snapshot->zones[node->zone] : NULL;
	const struct zone_rrset *set = node ? zone_rrset_of(node, query->qtype) : NULL;

	if (!set || query->qclass != 1 || query->qtype >= 128 || !zone->node || zone->cuts)
		return NULL;
	unsigned answers = wire_get_u16(reply + 6);
	RULE(result->rcode == 0 && reply[2] & 4, "what is there was not answered");
	RULE(answers <= set->count, "more than there is");
	RULE(answers == set->count || result->truncated || !settings->set_truncate_bit,
		"cut short without TC");
	RULE(answers == set->count || wire_get_u16(reply + 10) == query->edns,
		"additional records in place of answers");
	return NULL;
}

static size_t limit_of(
	const struct answer_settings *settings, enum answer_transport transport, const struct query *query)
{
	size_t limit = query->edns ? query->udp_size : 512;

	if (transport == ANSWER_TCP)
		return 65535;
	if (limit > settings->edns_udp_size)
		limit = settings->edns_udp_size;
	return limit < 512 ? 512 : limit;
}

static const char *check_reply(const struct answer_settings *settings, const struct zone_snapshot *snapshot,
	enum answer_transport transport, const struct query *query, const uint8_t *reply,
	const struct answer_result *result)
{
	size_t len = result->reply_len;
	ldns_pkt *pkt;

	RULE(len >= DNS_HEADER && len <= limit_of(settings, transport, query), "size");
	RULE(!memcmp(reply, query->packet, 2), "id");
	RULE(((reply[2] ^ query->packet[2]) & 0xf9) == 0x80, "QR, opcode or RD");
	RULE((reply[3] & 0x60) == 0, "Z or AD is set");
	RULE((reply[3] & 0x10) == (query->packet[3] & 0x10), "CD");
	RULE((reply[3] & 15) == (result->rcode & 15) && !(reply[2] & 2) == !result->truncated,
		"the result says otherwise");
	RULE(query->rcode == 0 || (result->rcode & 15) == (query->rcode & 15), "response code of what cannot be parsed");
	RULE(wire_get_u16(reply + 4) == (query->question_len ? 1 : 0), "question count");
	RULE(!memcmp(reply + DNS_HEADER, query->packet + DNS_HEADER, query->question_len), "question");
	RULE(is_filled(reply, len), "counts, or a pointer that does not go backwards");
	RULE(ldns_wire2pkt(&pkt, reply, len) == LDNS_STATUS_OK, "ldns cannot read it");
	bool edns = ldns_pkt_edns(pkt);
	const char *wrong = check_records(snapshot, pkt);
	ldns_pkt_free(pkt);
	RULE(edns == query->edns, "OPT");
	RULE(!wrong, wrong);
	return query->rcode ? NULL : check_whole(settings, snapshot, reply, query, result);
}

const char *answer_check(const struct answer_settings *settings, const struct zone_snapshot *snapshot,
	enum answer_transport transport, uint32_t random, const uint8_t *query, size_t query_len)
{
	size_t size = transport == ANSWER_UDP ? settings->edns_udp_size : 65535;
	uint8_t *exact = malloc(query_len),
		*reply = malloc(size); /* so that a sanitizer sees each byte too far */
	struct answer_result result;
	struct query parsed;
	const char *wrong = NULL;

	if (!exact || !reply)
		abort();
	memcpy(exact, query, query_len);
	query_parse(&parsed, exact, query_len);
	answer_query(settings, snapshot, transport, random, &parsed, reply, size, &result);
	if ((result.verdict == ANSWER_DROP) != (query_len < DNS_HEADER || query[2] & 0x80))
		wrong = "verdict";
	else if (result.verdict != ANSWER_DROP)
		wrong = check_reply(settings, snapshot, transport, &parsed, reply, &result);
	free(exact);
	free(reply);
	return wrong;
}
