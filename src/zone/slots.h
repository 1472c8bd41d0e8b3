/* SPDX-License-Identifier: Apache-2.0 */
/* The records of a set outside of its node. Many names have the same set: a service under both protocols, with and
 * without its port's name. They are built together, so whoever builds looks among the blocks that were made last, and
 * takes the one that says the same. Uses are counted by the writer alone; readers never look at them. Inside zone/. */
#ifndef ZONE_SLOTS_H
#define ZONE_SLOTS_H

#include "zone/snapshot.h"

#define SLOTS_SHARED 256 /* bytes of a set from which on it stands outside: below, a look at one more place costs more */

struct zone_slots {
	uint32_t uses; /* nodes, and places in a struct slots_recent */
	uint32_t size;
	uint8_t bytes[]; /* the offsets, if the set has any, then the slots */
};

/* The blocks that were made last, each with a use. All-zero it is ready. */
#define SLOTS_RECENT 16
struct slots_recent {
	struct zone_slots *blocks[SLOTS_RECENT];
	unsigned next;
};

/* A use of a block with these bytes: of `known` (may be NULL) or a recent one that has them, else of a new one. NULL: out
 * of memory. */
struct zone_slots *slots_take(struct slots_recent *recent, struct zone_slots *known, const uint8_t *bytes, size_t size);
/* Forgets all of them. */
void slots_forget(struct slots_recent *recent);
/* Gives a use back; with the last one the block is freed. */
void slots_drop(struct zone_slots *slots);

/* The block that a set of the node uses, or NULL if its records are in the node. */
struct zone_slots *slots_of(const struct zone_node *node, const struct zone_rrset *set);

#endif
