/* SPDX-License-Identifier: Apache-2.0 */
/* A sink that keeps what the state parser tells, for the tests of mesos/state_parse. */
#ifndef T_UNIT_STATE_H
#define T_UNIT_STATE_H

#include <stdio.h>

#include "base/err.h"
#include "mesos/state_parse.h"
#include "t/unit/unit.h"

#define ELEMENTS 4096

struct result {
	struct cluster_element *elements[ELEMENTS];
	size_t count;
	char leader[256], timeout[64], registry[64], master_id[64], skipped[256], error[256];
	size_t recovered, completed;
	bool recovered_list;
	struct state_counts counts;
};

static int on_element(void *ctx, struct cluster_builder *b)
{
	struct result *r = ctx;

	assert_int_equal(cluster_build_finish(b), 0);
	assert_true(r->count < ELEMENTS);
	struct cluster_element *copy = malloc(b->element->size);
	memcpy(copy, b->element, b->element->size);
	r->elements[r->count++] = copy;
	return 0;
}

static int keep(char *out, size_t room, const char *text, size_t len)
{
	snprintf(out, room, "%.*s", (int)len, text);
	return 0;
}

static int on_leader(void *ctx, const char *text, size_t len)
{
	struct result *r = ctx;

	return keep(r->leader, sizeof(r->leader), text, len);
}

static int on_timeout(void *ctx, const char *text, size_t len)
{
	struct result *r = ctx;

	return keep(r->timeout, sizeof(r->timeout), text, len);
}

static int on_registry(void *ctx, const char *text, size_t len)
{
	struct result *r = ctx;

	return keep(r->registry, sizeof(r->registry), text, len);
}

static int on_recovered(void *ctx, const char *id, size_t len)
{
	((struct result *)ctx)->recovered += len > 0;
	return 0;
}

static int on_recovered_list(void *ctx)
{
	((struct result *)ctx)->recovered_list = true;
	return 0;
}

static int on_completed(void *ctx, const char *id, size_t len)
{
	((struct result *)ctx)->completed += len > 0;
	return 0;
}

static int on_master_id(void *ctx, const char *text, size_t len)
{
	struct result *r = ctx;

	return keep(r->master_id, sizeof(r->master_id), text, len);
}

static void on_skipped(void *ctx, enum state_skip reason, const char *text)
{
	struct result *r = ctx;

	snprintf(r->skipped, sizeof(r->skipped), "%s: %s", state_skip_name(reason), text);
}

static inline void clear(struct result *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->elements[i]);
	memset(r, 0, sizeof(*r));
}

/* Parses in pieces of `step` bytes; the result is complete also after an error. Every piece is a block of its
 * own, so that the sanitizer sees a read beyond it. */
static inline int parse(struct result *r, const char *text, size_t len, size_t step)
{
	const struct state_sink sink = {.ctx = r, .leader = on_leader, .element = on_element, .master_id = on_master_id,
		.recovered_list = on_recovered_list, .recovered_agent = on_recovered,
		.completed_framework = on_completed, .reregister_timeout = on_timeout, .registry = on_registry,
		.skipped = on_skipped};
	struct state_parser *p = state_parser_new(&sink);
	int rc = 0;

	clear(r);
	for (size_t at = 0; at < len && !rc; at += step) {
		size_t n = len - at < step ? len - at : step;
		char *piece = malloc(n);

		memcpy(piece, text + at, n);
		rc = state_parser_feed(p, piece, n);
		free(piece);
	}
	if (!rc)
		rc = state_parser_finish(p);
	assert_int_equal(state_parser_error(p)[0] != '\0', rc != 0);
	snprintf(r->error, sizeof(r->error), "%s", state_parser_error(p));
	r->counts = *state_parser_counts(p);
	state_parser_free(p);
	return rc;
}

static inline const void *find(const struct result *r, enum cluster_kind kind, const char *id)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->elements[i]->kind == kind &&
			!strcmp(cluster_text(r->elements[i], r->elements[i]->id), id))
			return r->elements[i];
	return NULL;
}

#endif
