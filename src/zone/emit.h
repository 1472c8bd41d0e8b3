/* SPDX-License-Identifier: Apache-2.0 */
/* From the naming rules into a transaction: a sink that adds each record's count, or takes it back. */
#ifndef ZONE_EMIT_H
#define ZONE_EMIT_H

#include "zone/naming.h"

struct zone_emit_name { /* a name and its touch, kept since a task's records come back to it */
	struct zone_touch *touch;
	size_t len;
	uint8_t name[DNAME_MAX];
};

struct zone_emit {
	struct zone_txn *txn;
	uint32_t ttl;
	int change; /* 1 or -1, set before each use */
	int64_t *left_out; /* NAMING_LEFT_OUT_COUNT sums to which each thing left out adds `change` */
	struct zone_emit_name owner, targets[2];
	unsigned next_target;
};

/* The sink; `emit` is borrowed as long as the sink is used, all-zero but for the first four members. */
struct naming_sink zone_emit_sink(struct zone_emit *emit);

/* Between two elements: zone_txn_fold(). */
void zone_emit_fold(struct zone_emit *emit);

#endif
