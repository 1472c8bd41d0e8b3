/* SPDX-License-Identifier: Apache-2.0 */
/* Finding what a name stands for in a snapshot (RFC 1034, section 4.3.2; RFC 4592, section 3.3). */
#ifndef ANSWER_LOOKUP_H
#define ANSWER_LOOKUP_H

#include "zone/snapshot.h"

enum lookup_status {
	LOOKUP_NODE,     /* the name exists, or a wildcard stands for it: `node` */
	LOOKUP_NONE,     /* no such name in `zone` */
	LOOKUP_CUT,      /* the name is at or below a delegation: `node` has the NS records */
	LOOKUP_UNLOADED, /* in `zone`, which has no content yet */
	LOOKUP_OUTSIDE,  /* in no zone of ours */
};

struct lookup {
	const struct zone_apex *zone;
	const struct zone_node *node;
	bool exact; /* the node has the very name */
};

/* Looks the lower-case wire name up; `node` is what zone_find() has for it. A query for DS is the business of the upper
 * side of a cut (RFC 4035, section 3.1.4.1), so the type matters. */
enum lookup_status lookup_from(const struct zone_snapshot *snapshot, const struct zone_node *node, const uint8_t *name,
	size_t len, uint16_t type, struct lookup *found);
static inline enum lookup_status lookup_name(const struct zone_snapshot *snapshot, const uint8_t *name, size_t len,
	uint16_t type, struct lookup *found)
{
	return lookup_from(snapshot, zone_find(snapshot, name, len), name, len, type, found);
}

/* Copies the name without its `*` labels; a leading one stays, it is a wildcard's own name. Returns the new
 * length, or 0 if there is nothing to drop. */
size_t lookup_drop_stars(uint8_t out[DNAME_MAX], const uint8_t *name, size_t len);

#endif
