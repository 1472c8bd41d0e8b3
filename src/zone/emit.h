/* SPDX-License-Identifier: Apache-2.0 */
/* From the naming rules into a transaction: a sink that adds each record's count, or takes it back. */
#ifndef ZONE_EMIT_H
#define ZONE_EMIT_H

#include "zone/naming.h"

#define ZONE_EMIT_NAMES   32
#define ZONE_EMIT_TARGETS 4 /* that a task has: its own names */

struct zone_emit {
	struct zone_txn *txn;
	uint32_t ttl;
	int change; /* 1 or -1, set before each use */
	int64_t *left_out; /* NAMING_LEFT_OUT_COUNT sums to which each thing left out adds `change` */
	/* Elements that come one after the other tell their records in the same order, and most of the owners are the
	 * same: so a name is first compared with the one that stood in its place. */
	struct zone_touch *owner, *owners[ZONE_EMIT_NAMES];
	unsigned place;
	struct zone_touch *targets[ZONE_EMIT_TARGETS]; /* names that did not stand in their place, and targets */
	unsigned next_target;
};

/* The sink; `emit` is borrowed as long as the sink is used, all-zero but for the first four members. */
struct naming_sink zone_emit_sink(struct zone_emit *emit);

/* Between two elements: zone_txn_fold(). */
void zone_emit_fold(struct zone_emit *emit);

#endif
