/* SPDX-License-Identifier: Apache-2.0 */
/* A node as a block of memory: how its parts lie, and the end of it. Inside zone/.
 *
 * Header, sets, name, then for each set its offsets, slots and counts, each part where it has one. Offsets and slots of
 * large sets are in a block of their own (zone/slots.h). */
#ifndef ZONE_BLOCK_H
#define ZONE_BLOCK_H

#include "zone/slots.h"
#include "zone/store.h"

struct zone_touch;

/* A record that is to be in a node: its rdata is head and tail. */
struct block_record {
	uint64_t key; /* type and the head's first six bytes: nearly always decides the order */
	const uint8_t *tail;
	const struct zone_touch *target; /* of an SRV record, where it is at hand */
	const struct zone_node *addresses; /* of a published SRV record: the target's node */
	int32_t counts[ZONE_RANKS];
	uint32_t slot_size;
	uint32_t ttl, old_ttl;
	uint16_t type, tail_len;
	uint8_t head_len;
	bool was, now; /* published in the old node, in the new one */
	uint8_t head[16];
};

/* Scratch memory, and what was made last. All-zero it is ready. */
struct block_writer {
	struct slots_recent recent;
	uint8_t *bytes;
	size_t room;
};

void block_writer_fini(struct block_writer *w);

/* What SRV slots hold of a node's addresses of a family, which may be nothing. */
size_t block_addresses_size(const struct zone_node *node, uint16_t type);

/* The node of a touch with these records, in order. Children and the wildcard's flag are the old node's. ERR_NOMEM,
 * ERR_LIMIT. */
int block_write(struct block_writer *w, const struct zone_touch *touch, const struct block_record *records, size_t n,
	struct zone_node **out);
/* One without records. NULL: out of memory. */
struct zone_node *block_write_empty(const struct zone_touch *touch);
/* A node with the sets of `like`, children and wildcard's flag as above. NULL: out of memory. */
struct zone_node *block_write_like(const struct zone_touch *touch, const struct zone_node *like);
struct zone_node *block_copy(const struct zone_node *node);

/* Do they publish the same, byte for byte, and count the same? */
bool block_equal(const struct zone_node *a, const struct zone_node *b);
/* Frees a node that no reader can have seen, or any more, and gives back what it uses. */
void block_free(struct zone_node *node);

#endif
