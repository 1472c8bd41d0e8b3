/* SPDX-License-Identifier: Apache-2.0 */
#include "answer/additional.h"

#define LOOKUPS_MAX 16   /* hosts of NS and MX records that are looked up for one reply */
#define SEEN_MAX    2048 /* places in the table of hosts, twice the records that it takes */

/* The hosts that a reply already has the addresses of, by their offsets in it: an open hash table. */
struct seen {
	const uint8_t *packet;
	unsigned mask;
	uint16_t at[SEEN_MAX];
};

static void seen_init(struct seen *seen, const struct reply *reply, uint32_t count)
{
	unsigned size = 4;

	while (size < 2 * count)
		size *= 2;
	seen->packet = reply->out.start;
	seen->mask = size - 1;
	memset(seen->at, 0, size * sizeof(seen->at[0]));
}

/* Was the host at this offset there before? From now on it is. */
static bool seen_before(struct seen *seen, size_t at, size_t len)
{
	const uint8_t *name = seen->packet + at;

	for (unsigned i = (unsigned)zone_name_hash(name, len);; i++) {
		uint16_t *place = &seen->at[i & seen->mask];

		if (!*place) {
			*place = (uint16_t)at;
			return false;
		}
		if (!memcmp(seen->packet + *place, name, len))
			return true;
	}
}

/* Where in the rdata the host's name begins. */
static size_t host_offset(uint16_t type)
{
	return type == RR_SRV ? 6 : type == RR_MX ? 2 : 0;
}

static bool add_address_set(struct reply *reply, const struct zone_node *host, uint16_t type, uint16_t owner)
{
	const struct zone_rrset *set = zone_rrset_of(host, type);

	if (!set)
		return true;
	const uint8_t *first = zone_rrset_slot(set, 0);
	return reply_add_records(reply, SECTION_ADDITIONAL, first,
		(size_t)(zone_rrset_slot(set, set->count) - first), owner);
}

static void add_host(struct reply *reply, const struct zone_snapshot *snapshot, size_t at, size_t len,
	const struct zone_node *cut)
{
	const uint8_t *name = reply->out.start + at;
	const struct zone_node *host = zone_find(snapshot, name, len);

	if (!host)
		return;
	bool all = add_address_set(reply, host, RR_A, reply_pointer(at));
	all &= add_address_set(reply, host, RR_AAAA, reply_pointer(at));
	if (!all && cut && dname_is_under(name, len, zone_node_name(cut), cut->name_len))
		reply->cut_short = true;
}

/* The addresses in the slot of an SRV record. */
static void add_slot(struct reply *reply, const struct zone_rrset *set, uint32_t i, size_t rr_size, size_t host)
{
	const uint8_t *from = zone_rrset_slot(set, i) + rr_size;

	reply_add_records(reply, SECTION_ADDITIONAL, from, (size_t)(zone_rrset_slot(set, i + 1) - from),
		reply_pointer(host));
}

void additional_add(struct reply *reply, const struct zone_snapshot *snapshot, const struct zone_rrset *set,
	const struct reply_run *run, const struct zone_node *cut)
{
	size_t offset = host_offset(set->type);
	uint32_t count = run->count, i = run->start;
	size_t at = run->at;
	struct seen seen;

	if (set->type != RR_SRV && count > LOOKUPS_MAX)
		count = LOOKUPS_MAX;
	if (count > SEEN_MAX / 2)
		count = SEEN_MAX / 2;
	if (count > 1)
		seen_init(&seen, reply, count);
	for (; count; count--) {
		const uint8_t *rr = reply->out.start + at;
		size_t rr_size = zone_rr_size(rr), skip = RR_FIXED + offset, host = at + skip;

		if (host > POINTER_MAX)
			break;
		if (run->count == 1 || !seen_before(&seen, host, rr_size - skip)) {
			if (set->type == RR_SRV)
				add_slot(reply, set, i, rr_size, host);
			else
				add_host(reply, snapshot, host, rr_size - skip, cut);
		}
		at += rr_size;
		if (++i == set->count)
			i = 0;
	}
}
