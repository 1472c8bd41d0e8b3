/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/emit.h"

#include "zone/txn.h"

static bool holds(const struct zone_emit_name *kept, const uint8_t *name, size_t len)
{
	return kept->len == len && !memcmp(kept->name, name, len);
}

static struct zone_touch *touch_of(struct zone_emit *emit, struct zone_emit_name *kept, const uint8_t *name, size_t len)
{
	if (!holds(kept, name, len)) {
		kept->touch = zone_txn_name(emit->txn, 0, name, len);
		kept->len = len;
		memcpy(kept->name, name, len);
	}
	return kept->touch;
}

static struct zone_touch *target_of(struct zone_emit *emit, const uint8_t *name, size_t len)
{
	for (int i = 0; i < 2; i++)
		if (holds(&emit->targets[i], name, len))
			return emit->targets[i].touch;
	return touch_of(emit, &emit->targets[emit->next_target++ % 2], name, len);
}

static void record(void *arg, const struct naming_record *r)
{
	struct zone_emit *emit = arg;
	struct zone_touch *owner = touch_of(emit, &emit->owner, r->owner, r->owner_len);

	if (r->type == RR_SRV)
		zone_txn_change_srv(emit->txn, owner, r->rank, emit->change, emit->ttl, 0, r->weight, r->port,
			target_of(emit, r->target, r->target_len));
	else
		zone_txn_change(emit->txn, owner, r->rank, emit->change, r->type, emit->ttl, r->addr->bytes,
			r->addr->len);
}

static void left_out(void *arg, enum naming_left_out why)
{
	struct zone_emit *emit = arg;

	emit->left_out[why] += emit->change;
}

static void pointed_to(void *arg, const uint8_t *owner, size_t owner_len)
{
	struct zone_emit *emit = arg;
	uint64_t hash = zone_name_hash(owner, owner_len);

	if (zone_find_hashed(zone_txn_nodes(emit->txn), hash, owner, owner_len))
		zone_txn_name(emit->txn, 0, owner, owner_len);
}

struct naming_sink zone_emit_sink(struct zone_emit *emit)
{
	return (struct naming_sink){.arg = emit, .record = record, .left_out = left_out,
		.pointed_to = pointed_to};
}

void zone_emit_fold(struct zone_emit *emit)
{
	if (zone_txn_fold(emit->txn))
		emit->owner.len = emit->targets[0].len = emit->targets[1].len = 0;
}
