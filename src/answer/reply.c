/* SPDX-License-Identifier: Apache-2.0 */
#include "answer/reply.h"

#include "answer/rcode.h"

static size_t nsid_len(const struct reply *reply)
{
	return reply->query->nsid && reply->settings->server_id
		       ? strnlen(reply->settings->server_id, ANSWER_TEXT_MAX)
		       : 0;
}

void reply_begin(struct reply *reply, const struct answer_settings *settings, uint32_t random,
	const struct query *query, uint8_t *buffer, uint16_t limit)
{
	*reply = (struct reply){.settings = settings, .query = query, .random = random, .limit = limit,
		.rcode = RCODE_NOERROR};
	if (query->edns) {
		size_t nsid = nsid_len(reply);

		reply->opt_size = (uint16_t)(OPT_FIXED + (nsid ? 4 + nsid : 0));
	}
	wire_writer_init(&reply->out, buffer, (size_t)limit - reply->opt_size);
	wire_write(&reply->out, query->packet, DNS_HEADER + query->question_len);
}

void reply_rewind(struct reply *reply)
{
	reply->out.at = reply->out.start + DNS_HEADER + reply->query->question_len;
	memset(reply->counts, 0, sizeof(reply->counts));
	reply->cut_short = false;
}

static unsigned set_owners(uint8_t *at, const uint8_t *end, uint16_t owner)
{
	unsigned n = 0;

	for (; at < end; at += zone_rr_size(at), n++)
		wire_put_u16(at, owner);
	return n;
}

/* Records one by one: because not all fit, or because their slots hold more than the records. */
static uint32_t add_singly(struct reply *reply, const struct zone_rrset *set, uint32_t start)
{
	uint32_t i = start, count = 0;

	for (; count < set->count; count++) {
		const uint8_t *rr = zone_rrset_slot(set, i);
		size_t size = zone_rr_size(rr);

		if (size > wire_room(&reply->out)) {
			reply->cut_short = true;
			break;
		}
		wire_write(&reply->out, rr, size);
		if (++i == set->count)
			i = 0;
	}
	return count;
}

struct reply_run reply_add_set(struct reply *reply, enum section section, const struct zone_rrset *set, uint16_t owner)
{
	uint32_t start = (uint32_t)((uint64_t)reply->random * set->count >> 32);
	const uint8_t *first = zone_rrset_slot(set, 0), *end = zone_rrset_slot(set, set->count);
	struct reply_run run = {(uint16_t)reply_at(reply), owner, start, set->count};

	if (set->type != RR_SRV && (size_t)(end - first) <= wire_room(&reply->out)) {
		const uint8_t *middle = zone_rrset_slot(set, start);

		wire_write(&reply->out, middle, (size_t)(end - middle));
		if (start)
			wire_write(&reply->out, first, (size_t)(middle - first));
	} else {
		run.count = add_singly(reply, set, start);
	}
	if (owner != REPLY_QUESTION)
		set_owners(reply->out.start + run.at, reply->out.at, owner);
	reply->counts[section] = (uint16_t)(reply->counts[section] + run.count);
	return run;
}

bool reply_add_records(
	struct reply *reply, enum section section, const uint8_t *records, size_t size, uint16_t owner)
{
	uint8_t *at = reply->out.at;

	if (size > wire_room(&reply->out))
		return false;
	wire_write(&reply->out, records, size);
	reply->counts[section] = (uint16_t)(reply->counts[section] + set_owners(at, reply->out.at, owner));
	return true;
}

static void write_opt(struct reply *reply)
{
	size_t nsid = nsid_len(reply);
	struct wire_writer *out = &reply->out;

	out->end += reply->opt_size;
	reply_put_opt(wire_reserve(out, OPT_FIXED), reply->settings, reply->query, reply->rcode);
	if (nsid) {
		wire_put_u16(out->at - 2, (uint16_t)(4 + nsid));
		wire_write_u16(out, EDNS_OPTION_NSID);
		wire_write_u16(out, (uint16_t)nsid);
		wire_write(out, reply->settings->server_id, nsid);
	}
	reply->counts[SECTION_ADDITIONAL]++;
}

size_t reply_end(struct reply *reply)
{
	uint16_t flags = reply->rcode & 15;

	if (reply->query->edns)
		write_opt(reply);
	if (reply->authoritative)
		flags |= FLAG_AA;
	if (reply->cut_short && reply->settings->set_truncate_bit)
		flags |= FLAG_TC;
	reply_put_header(reply->out.start, reply->settings, reply->query, flags, reply->counts);
	return reply_at(reply);
}
