/* SPDX-License-Identifier: Apache-2.0 */
#include "answer/answer.h"

#include "answer/additional.h"
#include "answer/general.h"
#include "answer/query.h"
#include "answer/rcode.h"
#include "answer/reply.h"

/* All slots, which are alike, from a random one on. */
static void copy_slots(uint8_t *at, const uint8_t *slots, size_t count, size_t stride, uint32_t random)
{
	if (count == 1) {
		wire_copy(at, slots, stride);
		return;
	}
	size_t start = random * (uint64_t)count >> 32, rest = (count - start) * stride;

	wire_copy(at, slots + start * stride, rest);
	if (start)
		wire_copy(at + rest, slots, start * stride);
}

/* Makes the owners of the addresses in `at` to `end`, which came with an SRV record, pointers to its target. */
static uint16_t point_to_target(uint8_t *at, const uint8_t *end, size_t target)
{
	uint16_t count = 0;

	for (; at < end; at += zone_rr_size(at), count++)
		wire_put_u16(at, reply_pointer(target));
	return count;
}

/* The short way for nearly every question: one set of a name that is there, all of it. What it writes is what
 * general_answer() would, so it is there for its speed alone. Returns the reply's length, or 0 where the long way is to be
 * gone. */
static uint16_t direct_answer(const struct answer_settings *settings, const struct zone_snapshot *snapshot,
	const struct zone_node *node, uint32_t random, const struct query *query, uint8_t *reply, uint16_t limit)
{
	const struct zone_rrset *set = node ? zone_rrset_of(node, query->qtype) : NULL;

	if (!set || !set->stride || !snapshot->zones[node->zone].plain || query->qclass != CLASS_IN ||
		query->nsid)
		return 0;
	if (set->type != RR_A && additional_concerns(set->type) && (set->type != RR_SRV || set->count > 1))
		return 0;

	size_t head = DNS_HEADER + query->question_len, size = (size_t)set->count * set->stride;
	size_t opt = query->edns ? OPT_FIXED : 0;
	if (head + size + opt > limit)
		return 0;
	uint8_t *records = reply + head, *end = records + size;
	uint16_t counts[SECTIONS] = {[SECTION_ANSWER] = (uint16_t)set->count};
	wire_copy(reply, query->packet, head);
	copy_slots(records, set->slots, set->count, set->stride, random);
	if (set->type == RR_SRV)
		counts[SECTION_ADDITIONAL] = point_to_target(records + zone_rr_size(records), end, head + RR_FIXED + 6);
	if (opt) {
		reply_put_opt(end, settings, query, RCODE_NOERROR);
		counts[SECTION_ADDITIONAL]++;
	}
	reply_put_header(reply, settings, query, FLAG_AA, counts);
	return (uint16_t)(head + size + opt);
}

static void answer_at_length(const struct answer_settings *settings, const struct zone_snapshot *snapshot,
	const struct zone_node *node, enum answer_transport transport, uint32_t random, const struct query *query,
	uint8_t *reply, struct answer_result *result)
{
	struct reply r;

	reply_begin(&r, settings, random, query, reply, result->limit);
	if (query->rcode)
		r.rcode = (uint16_t)query->rcode;
	else
		result->verdict = general_answer(&r, snapshot, transport, node);
	result->reply_len = (uint16_t)reply_end(&r);
	result->rcode = (uint8_t)r.rcode;
	result->truncated = r.cut_short && settings->set_truncate_bit;
}

void answer_query(const struct answer_settings *settings, const struct zone_snapshot *snapshot,
	enum answer_transport transport, uint32_t random, const struct query *query, uint8_t *reply,
	size_t reply_size, struct answer_result *result)
{
	const struct zone_node *node = NULL;

	result->verdict = query->rcode == QUERY_DROP ? ANSWER_DROP : ANSWER_REPLY;
	if (query->rcode == QUERY_DROP)
		return;
	result->limit = reply_limit(settings, transport, query, reply_size);
	if (!query->rcode) {
		node = zone_find_hashed(snapshot->nodes, query->hash, query->name, query->name_len);
		result->rcode = RCODE_NOERROR;
		result->truncated = false;
		result->reply_len = direct_answer(settings, snapshot, node, random, query, reply, result->limit);
		if (result->reply_len)
			return;
	}
	answer_at_length(settings, snapshot, node, transport, random, query, reply, result);
}
