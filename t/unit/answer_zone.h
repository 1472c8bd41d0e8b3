/* SPDX-License-Identifier: Apache-2.0 */
/* Zones for tests of the answering side, written as master file lines, and the queries to ask them. */
#ifndef T_UNIT_ANSWER_ZONE_H
#define T_UNIT_ANSWER_ZONE_H

#include "answer/answer.h"
#include "zone/store.h"

/* A store whose domain has SOA and NS; loaded if `lines` is not NULL. */
struct zone_store *answer_zone_new(const char *domain, const char *lines);
/* Adds a zone. Without lines it stays unloaded. */
void answer_zone_add(struct zone_store *store, const char *apex, const char *lines);
/* Adds (1) or takes away (-1) the records that the lines of a master file hold, in one commit. Names are
 * relative to `origin`, the TTL is 60 where none is given. */
void answer_zone_change(
	struct zone_store *store, unsigned zone, const char *origin, const char *lines, int change);
/* The same within a transaction of the caller's. */
void answer_zone_write(
	struct zone_txn *txn, unsigned zone, const char *origin, const char *lines, int change);

/* From now on there is more to the first zone than is known, or nothing more. */
void answer_zone_set_partial(struct zone_store *store, bool partial);

/* A query to be. */
struct ask {
	const char *name;
	uint16_t type;
	uint16_t class; /* 0: IN */
	uint16_t flags; /* of the header; the id is 0x1234 */
	bool tcp;
	bool edns, dnssec_ok, nsid;
	uint8_t edns_version;
	uint16_t udp_size; /* with edns */
	uint32_t random;
};

/* Writes the query and returns its size; `out` has room for 512 bytes. */
size_t ask_write(const struct ask *ask, uint8_t *out);

#endif
