/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/record.h"

#include <string.h>

#define SRV_HEAD 6

/* The order of records in a set: see compare() in node.c. */
static int compare(const uint8_t *rdata, uint16_t rdlen, const struct naming_record *record)
{
	if (record->type != RR_SRV)
		return memcmp(rdata, record->addr->bytes, record->addr->len);
	uint8_t head[SRV_HEAD] = {0};
	wire_put_u16(head + 2, record->weight);
	wire_put_u16(head + 4, record->port);
	int order = memcmp(rdata, head, sizeof(head));
	if (order)
		return order;
	uint16_t target_len = (uint16_t)(rdlen - SRV_HEAD);
	if (target_len != record->target_len)
		return target_len < record->target_len ? -1 : 1;
	return memcmp(rdata + SRV_HEAD, record->target, target_len);
}

uint32_t zone_record_count(const struct zone_node *node, const struct naming_record *record)
{
	const struct zone_rrset *set = zone_rrset_of(node, record->type);
	uint32_t low = 0, high = set ? set->count : 0; /* those that are published stand first, in order */
	struct zone_counts counts = {{1, 0, 0}};

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const uint8_t *rr = zone_rrset_slot(set, middle);
		int order = compare(rr + RR_FIXED, wire_get_u16(rr + 10), record);

		if (!order) {
			if (set->counts)
				memcpy(&counts, (const uint8_t *)node + set->counts + middle * sizeof(counts),
					sizeof(counts));
			return counts.n[ZONE_RANK_SERVED] + counts.n[ZONE_RANK_UNWELL] + counts.n[ZONE_RANK_STATIC];
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}
