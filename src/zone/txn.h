/* SPDX-License-Identifier: Apache-2.0 */
/* What a transaction gathers: the names that it touches and, at each, the changes of its records. Inside zone/. */
#ifndef ZONE_TXN_H
#define ZONE_TXN_H

#include "base/arena.h"
#include "zone/store.h"

/* One change of one record's count. The rdata's parts stand behind it. */
struct zone_delta {
	struct zone_delta *next;
	uint32_t ttl;
	uint16_t type;
	uint16_t rdlen; /* 0 for the form with a target */
	int8_t change;
	uint8_t rank;
	/* SRV with a target: its first six bytes of rdata */
	uint8_t srv[6];
	union {
		struct zone_touch *target[1];
		uint8_t rdata[8]; /* rdlen bytes, at least 8 */
	};
};

struct zone_touch {
	struct zone_touch *next; /* same bucket of the table */
	struct zone_touch *later; /* created after it: this order is that of memory */
	struct zone_touch *same_depth;
	uint64_t hash;
	const struct zone_node *old; /* in the map as it is so far, or NULL; known once a fold has begun */
	struct zone_node *new;       /* what is to be there instead, or NULL; set by the commit */
	struct zone_delta *deltas;   /* newest first */
	uint32_t delta_count;
	int32_t children; /* change of the number of names below */
	uint16_t zone;
	bool has_srv;  /* an SRV record is there or comes */
	bool built;    /* `new` is final but for its children */
	int8_t wildcard; /* 1 or -1: a child `*` comes or goes */
	uint8_t name_len;
	uint8_t name[];
};

struct zone_txn {
	struct zone_store *store;
	const struct zone_snapshot *base;

	/* the touches since the last fold */
	struct arena arena;
	struct zone_touch **buckets;
	struct zone_touch *first, **last; /* in order of creation */
	size_t bucket_count, touch_count, delta_count;
	struct zone_touch *apex; /* of the cluster's zone: stays through all folds, in memory of its own */
	struct arena apex_arena;
	bool failed; /* out of memory somewhere: the commit will say so */
	bool set_loaded;
	bool has_static; /* some change is of static rank */

	/* what was folded */
	struct commit *commit;
	size_t expected_names, names_touched;
	size_t records_reread; /* of nodes that the last fold built anew: fewer changes are not worth the next one */
};

/* Do both change a record in the same way? Only of those whose rdata stands in the delta, or is a target. */
static inline bool zone_delta_same(const struct zone_delta *a, const struct zone_delta *b)
{
	size_t from = offsetof(struct zone_delta, ttl);

	return a->rdlen <= sizeof(a->rdata) && !memcmp((const char *)a + from, (const char *)b + from, sizeof(*a) - from);
}

/* Finds out what the map holds at the touch. */
void zone_touch_look_up(struct zone_touch *touch, const struct pmap *nodes);
/* The map as the transaction has it so far. */
const struct pmap *zone_txn_nodes(const struct zone_txn *txn);
/* The touch of the name if the transaction has one. */
struct zone_touch *zone_txn_find(const struct zone_txn *txn, uint64_t hash, const uint8_t *name, size_t len);
/* Forgets the touches but the apex's, and their memory. */
void zone_txn_reset(struct zone_txn *txn);
void zone_txn_free(struct zone_txn *txn);

#endif
