/* SPDX-License-Identifier: Apache-2.0 */
/* What changed in the zone between two serials, name by name, with what came and went again between left out. */
#ifndef HTTP_WATCH_CHANGES_H
#define HTTP_WATCH_CHANGES_H

#include <jansson.h>

#include "base/arena.h"
#include "zone/store.h"

#define WATCH_CHANGES_MAX 5000 /* of records: whoever missed more is better off with a dump */

struct watch_change;

struct watch_changes { /* all zero is ready to be filled */
	struct arena arena;
	struct watch_change *list;
	size_t count, room;
	uint32_t serial;     /* that the changes lead to */
	bool complete;       /* false: the journal does not reach back, or there are too many */
	bool failed;         /* out of memory */
	const uint8_t *only; /* this name's alone; NULL: all */
	size_t only_len;
};

/* Reads the changes after serial `since`; `name` NULL: of all names, else of this one (lower-case wire form, borrowed).
 * ERR_NOMEM. */
int watch_changes_read(
	struct watch_changes *changes, struct zone_store *store, uint32_t since, const uint8_t *name, size_t name_len);
void watch_changes_fini(struct watch_changes *changes);
/* [{"name", "added": [{"type", "value", "ttl"}], "removed": [...]}], a new reference; NULL without memory. */
json_t *watch_changes_json(const struct watch_changes *changes);

#endif
