/* SPDX-License-Identifier: Apache-2.0 */
/* Walks a JSON document along one of the grammars and hands what counts to the reader: the half of the parsers that
 * knows JSON. One walk takes one document after another. The limits are state_parse.h's. */
#ifndef MESOS_STATE_WALK_H
#define MESOS_STATE_WALK_H

#include "base/json_reader.h"
#include "mesos/state_reader.h"

struct state_walk {
	struct state_reader reader;
	struct json_reader json; /* of the document under way */
	int rc;                  /* sticky, until the next document */
	uint64_t unknown;        /* members of the top level that are not in the grammar */
};

/* `walk` is all zero before; the sink is copied. */
void state_walk_init(struct state_walk *walk, const struct state_rule *rules, const struct state_sink *sink);
void state_walk_fini(struct state_walk *walk);
/* A new document; what was read of one before is forgotten. */
void state_walk_begin(struct state_walk *walk);
/* Its next bytes. ERR_FORMAT, ERR_LIMIT, ERR_NOMEM, or what the sink returned; then the same until the next begin. */
int state_walk_feed(struct state_walk *walk, const void *data, size_t len);
/* Its end: was it whole? */
int state_walk_end(struct state_walk *walk);
/* Ends the walk with an error of the caller's finding. Returns `rc`. */
int state_walk_fail(struct state_walk *walk, int rc, const char *text);

#endif
