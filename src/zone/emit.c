/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/emit.h"

static struct zone_touch *touch_of(struct zone_emit *emit, const uint8_t *name, size_t len)
{
	for (int i = 0; i < ZONE_EMIT_NAMES; i++)
		if (emit->names[i].len == len && !memcmp(emit->names[i].name, name, len))
			return emit->names[i].touch;
	unsigned slot = emit->next++ % ZONE_EMIT_NAMES;
	emit->names[slot].touch = zone_txn_name(emit->txn, 0, name, len);
	emit->names[slot].len = len;
	memcpy(emit->names[slot].name, name, len);
	return emit->names[slot].touch;
}

static void record(void *arg, const struct naming_record *r)
{
	struct zone_emit *emit = arg;
	struct zone_touch *owner = touch_of(emit, r->owner, r->owner_len);

	if (r->type == RR_SRV)
		zone_txn_change_srv(emit->txn, owner, r->rank, emit->change, emit->ttl, 0, r->weight, r->port,
			touch_of(emit, r->target, r->target_len));
	else
		zone_txn_change(emit->txn, owner, r->rank, emit->change, r->type, emit->ttl, r->addr->bytes, r->addr->len);
}

static void left_out(void *arg, enum naming_left_out why)
{
	struct zone_emit *emit = arg;

	emit->left_out[why] += emit->change;
}

struct naming_sink zone_emit_sink(struct zone_emit *emit)
{
	return (struct naming_sink){.arg = emit, .record = record, .left_out = left_out};
}
