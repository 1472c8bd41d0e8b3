/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/state_parse.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "mesos/state_walk.h"

struct state_parser {
	struct state_walk walk;
};

const char *state_skip_name(enum state_skip reason)
{
	static const char *const names[STATE_SKIPS] = {
		"id", "pid", "address", "port_range", "port", "type", "number", "limit"};

	return names[reason];
}

struct state_parser *state_parser_new(const struct state_sink *sink)
{
	struct state_parser *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	state_walk_init(&p->walk, state_rules, sink);
	state_walk_begin(&p->walk);
	return p;
}

void state_parser_free(struct state_parser *p)
{
	if (!p)
		return;
	state_walk_fini(&p->walk);
	free(p);
}

int state_parser_feed(struct state_parser *p, const void *data, size_t len)
{
	return state_walk_feed(&p->walk, data, len);
}

int state_parser_finish(struct state_parser *p)
{
	const struct state_reader *r = &p->walk.reader;
	int rc = state_walk_end(&p->walk);

	if (rc || (r->ended && r->agents_seen && r->frameworks_seen))
		return rc;
	return state_walk_fail(&p->walk, ERR_FORMAT,
		r->agents_seen ? "the document has no frameworks" : "the document has no slaves");
}

const char *state_parser_error(const struct state_parser *p)
{
	return p->walk.reader.error;
}

const struct state_counts *state_parser_counts(const struct state_parser *p)
{
	return &p->walk.reader.counts;
}
