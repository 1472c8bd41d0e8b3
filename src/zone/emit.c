/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/emit.h"

#include "zone/txn.h"

static bool is_name(const struct zone_touch *touch, const uint8_t *name, size_t len)
{
	return touch && touch->name_len == len && !memcmp(touch->name, name, len);
}

static struct zone_touch *target_of(struct zone_emit *emit, const uint8_t *name, size_t len)
{
	for (int i = 0; i < ZONE_EMIT_TARGETS; i++)
		if (is_name(emit->targets[i], name, len))
			return emit->targets[i];
	return emit->targets[emit->next_target++ % ZONE_EMIT_TARGETS] = zone_txn_name(emit->txn, 0, name, len);
}

static struct zone_touch *owner_of(struct zone_emit *emit, const uint8_t *name, size_t len)
{
	if (is_name(emit->owner, name, len))
		return emit->owner;
	unsigned place = emit->place++;
	if (place >= ZONE_EMIT_NAMES)
		return emit->owner = zone_txn_name(emit->txn, 0, name, len);
	if (!is_name(emit->owners[place], name, len))
		emit->owners[place] = target_of(emit, name, len);
	return emit->owner = emit->owners[place];
}

static void record(void *arg, const struct naming_record *r)
{
	struct zone_emit *emit = arg;
	struct zone_touch *owner = owner_of(emit, r->owner, r->owner_len);

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
	emit->place = 0;
	return (struct naming_sink){.arg = emit, .record = record, .left_out = left_out,
		.pointed_to = pointed_to};
}

void zone_emit_fold(struct zone_emit *emit)
{
	if (!zone_txn_fold(emit->txn))
		return;
	emit->owner = NULL;
	memset(emit->owners, 0, sizeof(emit->owners));
	memset(emit->targets, 0, sizeof(emit->targets));
}
