/* SPDX-License-Identifier: Apache-2.0 */
#include "answer/general.h"

#include "answer/additional.h"
#include "answer/chaos.h"
#include "answer/lookup.h"
#include "answer/rcode.h"

#define CNAME_MAX 16 /* records of a chain that are followed */

/* A name that stands uncompressed in the reply: the question's, then the targets of CNAME records. */
struct owner {
	const uint8_t *name; /* lower case */
	size_t len;
	size_t at; /* offset in the reply */
};

static uint16_t owner_pointer(const struct owner *owner)
{
	return reply_pointer(owner->at);
}

/* A pointer to the last `len` bytes of the owner's name. */
static uint16_t owner_tail(const struct owner *owner, size_t len)
{
	return reply_pointer(owner->at + owner->len - len);
}

/* The SOA that says how long a negative answer holds (RFC 2308, section 3). */
static void add_negative_soa(struct reply *reply, const struct zone_apex *zone, const struct owner *owner)
{
	const struct zone_rrset *set = zone_rrset_of(zone->node, RR_SOA);
	uint8_t *rr = reply->out.at;

	if (!set)
		return;
	const uint8_t *soa = zone_rrset_slot(set, 0);
	size_t size = zone_rr_size(soa);
	if (!reply_add_records(reply, SECTION_AUTHORITY, soa, size, owner_tail(owner, zone->name_len))) {
		reply->cut_short = true;
		return;
	}
	uint32_t ttl = wire_get_u32(rr + 6), minimum = wire_get_u32(rr + size - 4);
	wire_put_u32(rr + 6, ttl < minimum ? ttl : minimum);
}

static void add_referral(struct reply *reply, const struct zone_snapshot *snapshot,
	const struct zone_node *cut, const struct owner *owner)
{
	const struct zone_rrset *set = zone_rrset_of(cut, RR_NS);

	if (!set)
		return;
	struct reply_run run =
		reply_add_set(reply, SECTION_AUTHORITY, set, owner_tail(owner, cut->name_len));
	additional_add(reply, snapshot, set, &run, cut);
}

/* ANY: over TCP every set, over UDP one (RFC 8482, section 4.1). False: there is none. */
static bool add_any(struct reply *reply, const struct zone_node *node, enum answer_transport transport,
	const struct owner *owner)
{
	unsigned i = 0;

	for (; i < node->set_count && node->sets[i].count; i++) {
		if (i && (transport == ANSWER_UDP || reply->cut_short))
			break;
		reply_add_set(reply, SECTION_ANSWER, &node->sets[i], owner_pointer(owner));
	}
	return i > 0;
}

/* The records that the query is for. False: the node has none, nor an alias to follow. On an alias, which is
 * then in the reply, `owner` becomes its target. */
static bool add_answer(struct reply *reply, const struct zone_snapshot *snapshot,
	const struct zone_node *node, enum answer_transport transport, struct owner *owner, bool *alias)
{
	uint16_t type = reply->query->qtype;
	const struct zone_rrset *set;

	*alias = false;
	if (type == RR_ANY)
		return add_any(reply, node, transport, owner);
	set = zone_rrset_of(node, type);
	if (set) {
		struct reply_run run = reply_add_set(reply, SECTION_ANSWER, set, owner_pointer(owner));

		if (additional_concerns(type) && !reply->cut_short)
			additional_add(reply, snapshot, set, &run, NULL);
		return true;
	}
	set = zone_rrset_of(node, RR_CNAME);
	if (!set)
		return false;
	const uint8_t *rr = zone_rrset_slot(set, 0);
	*alias = reply_add_records(reply, SECTION_ANSWER, rr, zone_rr_size(rr), owner_pointer(owner));
	if (!*alias) {
		reply->cut_short = true;
		return true;
	}
	owner->name = rr + RR_FIXED;
	owner->len = zone_rr_size(rr) - RR_FIXED;
	owner->at = reply_at(reply) - owner->len;
	return true;
}

static void give_up(struct reply *reply, uint16_t rcode)
{
	reply_rewind(reply);
	reply->authoritative = false;
	reply->rcode = rcode;
}

/* Mesos-DNS takes `*` labels inside a name as if they were not there; so do we, in the cluster's domain. */
static enum lookup_status lookup_question(
	const struct zone_snapshot *snapshot, const struct query *query, const struct zone_node *node, struct lookup *found)
{
	enum lookup_status status = lookup_from(snapshot, node, query->name, query->name_len, query->qtype, found);
	uint8_t plain[DNAME_MAX];
	struct lookup again;

	if (status > LOOKUP_NONE || found->exact || found->zone != &snapshot->zones[0])
		return status;
	size_t len = lookup_drop_stars(plain, query->name, query->name_len);
	if (!len)
		return status;
	enum lookup_status without = lookup_name(snapshot, plain, len, query->qtype, &again);
	if (without > LOOKUP_NONE || again.zone != found->zone) /* its name is no tail of the question's */
		return status;
	*found = again;
	return without;
}

/* May there be what was not found? A name that has records is known: what a further task could add to it is an address
 * of the other family, and to fail in one family would cost some resolvers both. */
static bool may_exist(const struct zone_snapshot *snapshot, const struct lookup *found)
{
	return zone_is_partial(snapshot) && found->zone == &snapshot->zones[0] &&
		!(found->exact && zone_has_records(found->node));
}

static enum answer_verdict answer_from_zones(struct reply *reply, const struct zone_snapshot *snapshot,
	enum answer_transport transport, const struct zone_node *node)
{
	const struct query *query = reply->query;
	struct owner owner = {query->name, query->name_len, DNS_HEADER};
	const struct zone_node *passed[CNAME_MAX];
	struct lookup found;
	enum lookup_status status = lookup_question(snapshot, query, node, &found);

	for (unsigned aliases = 0;;) {
		bool alias;

		switch (status) {
		case LOOKUP_OUTSIDE:
			if (aliases)
				return ANSWER_REPLY; /* the rest of the chain is for a resolver to find */
			reply->rcode = RCODE_REFUSED;
			return ANSWER_OUTSIDE;
		case LOOKUP_UNLOADED:
			give_up(reply, RCODE_SERVFAIL);
			return ANSWER_REPLY;
		case LOOKUP_CUT:
			add_referral(reply, snapshot, found.node, &owner);
			return ANSWER_REPLY;
		case LOOKUP_NONE:
			if (may_exist(snapshot, &found)) {
				give_up(reply, RCODE_SERVFAIL);
				return ANSWER_REPLY;
			}
			reply->authoritative = true;
			reply->rcode = RCODE_NXDOMAIN; /* of the last name in a chain: RFC 6604, section 3 */
			add_negative_soa(reply, found.zone, &owner);
			return ANSWER_REPLY;
		case LOOKUP_NODE:
			break;
		}
		reply->authoritative = true;
		for (unsigned i = 0; i < aliases; i++)
			if (passed[i] == found.node)
				return ANSWER_REPLY; /* a loop, each record of which is there */
		if (!add_answer(reply, snapshot, found.node, transport, &owner, &alias)) {
			if (may_exist(snapshot, &found)) {
				give_up(reply, RCODE_SERVFAIL);
				return ANSWER_REPLY;
			}
			add_negative_soa(reply, found.zone, &owner);
		}
		if (!alias)
			return ANSWER_REPLY;
		passed[aliases++] = found.node;
		if (aliases == CNAME_MAX)
			return ANSWER_REPLY;
		status = lookup_name(snapshot, owner.name, owner.len, query->qtype, &found);
	}
}

enum answer_verdict general_answer(struct reply *reply, const struct zone_snapshot *snapshot,
	enum answer_transport transport, const struct zone_node *node)
{
	const struct query *query = reply->query;

	if (query->qtype == RR_AXFR || query->qtype == RR_IXFR ||
		(query->qclass != CLASS_IN && query->qclass != CLASS_CH)) {
		reply->rcode = RCODE_REFUSED;
		return ANSWER_REPLY;
	}
	if (query->qclass == CLASS_IN)
		return answer_from_zones(reply, snapshot, transport, node);
	chaos_answer(reply);
	return ANSWER_REPLY;
}
