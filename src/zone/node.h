/* SPDX-License-Identifier: Apache-2.0 */
/* Making a node: what it held before and the changes of a transaction, merged into a new block. Inside zone/. */
#ifndef ZONE_NODE_H
#define ZONE_NODE_H

#include "zone/block.h"
#include "zone/txn.h"

struct zone_journal_entry;

/* Scratch memory and what all builds of a commit share. All-zero but for `txn` it is ready. */
#define NODE_RECENT 8
struct node_builder {
	struct zone_txn *txn;
	struct zone_journal_entry *journal; /* gets the published difference; may be NULL */
	struct block_record *records;       /* scratch */
	size_t room;
	struct block_writer writer;
	const struct zone_touch *recent[NODE_RECENT]; /* new names with several changes, built last */
	unsigned next_recent;
	uint32_t records_added, records_removed;
	size_t records_reread; /* of old nodes */
	uint32_t conflicts;
};

void node_builder_fini(struct node_builder *b);
/* Forgets what was built last: its touches are about to go. */
void node_builder_forget(struct node_builder *b);

/* Builds touch->new from touch->old and the deltas; NULL there if no record is left. The number of children is taken
 * over unchanged. At an apex (`apex`) all ranks are published, and `soa` (rdata of SOA, may be NULL) stands in the
 * place of any SOA record that was there. The addresses of SRV targets come from touches already built, else from the
 * base. ERR_NOMEM, ERR_LIMIT. */
int node_build(struct node_builder *b, struct zone_touch *touch, bool apex, const uint8_t *soa, uint16_t soa_len,
	uint32_t soa_ttl);

#endif
