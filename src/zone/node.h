/* SPDX-License-Identifier: Apache-2.0 */
/* Making a node: what it held before and the changes of a transaction, merged into a new block. Inside zone/. */
#ifndef ZONE_NODE_H
#define ZONE_NODE_H

#include "zone/txn.h"

struct zone_journal_entry;

/* Scratch memory and what all builds of a commit share. All-zero but for `txn` it is ready. */
struct node_builder {
	struct zone_txn *txn;
	struct zone_journal_entry *journal; /* gets the published difference; may be NULL */
	struct node_record *records;        /* scratch */
	size_t room;
	uint32_t records_added, records_removed;
	uint32_t conflicts;
};

void node_builder_fini(struct node_builder *b);

/* Builds touch->new from touch->old and the deltas; NULL there if no record is left. The number of children is taken
 * over unchanged. At an apex (`apex`) all ranks are published, and `soa` (rdata of SOA, may be NULL) stands in the
 * place of any SOA record that was there. The addresses of SRV targets come from touches already built, else from the
 * base. ERR_NOMEM, ERR_LIMIT. */
int node_build(struct node_builder *b, struct zone_touch *touch, bool apex, const uint8_t *soa, uint16_t soa_len,
	uint32_t soa_ttl);
/* touch->new as a copy of touch->old, for names whose children alone change. ERR_NOMEM. */
int node_build_copy(struct zone_touch *touch);
/* touch->new without records: an empty non-terminal. ERR_NOMEM. */
int node_build_empty(struct zone_touch *touch);
/* Do they publish the same, byte for byte, and count the same? */
bool node_equal(const struct zone_node *a, const struct zone_node *b);

#endif
