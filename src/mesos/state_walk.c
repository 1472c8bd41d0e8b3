/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/state_walk.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

#define FEED_SLICE (256u << 10) /* how exact the limit of a token is */

/* The reader of JSON calls these for what counts: its names that are in the grammar, and what stands below them. */

static int done(struct state_walk *w, int rc)
{
	w->reader.key = NULL;
	return rc;
}

static int not_an_object(struct state_walk *w)
{
	snprintf(w->reader.error, sizeof(w->reader.error), "the top level is no object");
	return ERR_FORMAT;
}

static int skip_wrong_type(struct state_walk *w)
{
	int rc = done(w, state_reader_wrong_type(&w->reader));

	return rc ? rc : JSON_SKIP;
}

static int enter(struct state_walk *w, enum state_place where)
{
	assert(w->reader.depth < STATE_STACK_MAX);
	w->reader.stack[w->reader.depth++] = (uint8_t)where;
	return done(w, state_reader_enter(&w->reader, where));
}

static int on_start(void *ctx, bool object)
{
	struct state_walk *w = ctx;
	const struct state_key *key = w->reader.key;

	if (!w->reader.depth)
		return object ? enter(w, PLACE_TOP) : not_an_object(w);
	const struct state_rule *rule = state_reader_rule(&w->reader);
	enum state_type type = rule->keys ? key->type : STATE_OBJECT;
	if (type != (object ? STATE_OBJECT : STATE_ARRAY))
		return skip_wrong_type(w);
	enum state_place where = rule->keys ? key->place : rule->item;
	if (where == PLACE_PORT && w->reader.parts.port_count == CLUSTER_PORTS_MAX) {
		done(w, state_reader_skip(&w->reader, STATE_SKIP_LIMIT, "discovery ports"));
		return JSON_SKIP;
	}
	return enter(w, where);
}

static int on_end(void *ctx)
{
	struct state_walk *w = ctx;
	int rc = state_reader_leave(&w->reader, state_reader_place(&w->reader));

	w->reader.depth--;
	return done(w, rc);
}

/* Is this scalar of the type that it must have? Then `*rc` is for when it is not. */
static bool scalar(struct state_walk *w, enum state_type type, int *rc)
{
	if (w->reader.key && w->reader.key->type == type)
		return true;
	*rc = w->reader.depth ? done(w, state_reader_wrong_type(&w->reader)) : not_an_object(w);
	return false;
}

static int on_string(void *ctx, const char *text, size_t len)
{
	struct state_walk *w = ctx;
	int rc;

	return scalar(w, STATE_STRING, &rc) ? done(w, state_reader_string(&w->reader, text, len)) : rc;
}

static int on_number(void *ctx, const char *text, size_t len)
{
	struct state_walk *w = ctx;
	int rc;

	return scalar(w, STATE_NUMBER, &rc) ? done(w, state_reader_number(&w->reader, text, len)) : rc;
}

static int on_boolean(void *ctx, bool value)
{
	struct state_walk *w = ctx;
	int rc;

	return scalar(w, STATE_BOOL, &rc) ? done(w, state_reader_bool(&w->reader, value)) : rc;
}

static int on_null(void *ctx)
{
	struct state_walk *w = ctx;

	return w->reader.depth ? done(w, 0) : not_an_object(w);
}

static int on_key(void *ctx, const char *name, size_t len)
{
	struct state_walk *w = ctx;

	w->reader.key = state_key_find(state_reader_rule(&w->reader), name, len);
	if (w->reader.key)
		return JSON_TAKE;
	w->unknown += w->reader.depth == 1;
	return JSON_SKIP;
}

static const struct json_calls calls = {
	.start = on_start,
	.end = on_end,
	.key = on_key,
	.string = on_string,
	.number = on_number,
	.boolean = on_boolean,
	.null = on_null,
};

void state_walk_init(struct state_walk *w, const struct state_rule *rules, const struct state_sink *sink)
{
	w->reader.rules = rules;
	w->reader.sink = *sink;
}

void state_walk_fini(struct state_walk *w)
{
	json_reader_fini(&w->json);
	state_reader_fini(&w->reader);
}

void state_walk_begin(struct state_walk *w)
{
	w->rc = 0;
	json_reader_start(&w->json, &calls, w);
	state_reader_restart(&w->reader);
}

int state_walk_fail(struct state_walk *w, int rc, const char *text)
{
	w->rc = rc;
	if (!w->reader.error[0])
		snprintf(w->reader.error, sizeof(w->reader.error), "%s", text);
	return rc;
}

/* The reader of JSON has ended with an error, of its own or of one of the calls. */
static int fail_json(struct state_walk *w, int rc)
{
	char text[100];

	if (!w->json.error)
		return state_walk_fail(w, rc, err_text(rc));
	snprintf(text, sizeof(text), "%s after %llu bytes", w->json.error, (unsigned long long)w->json.bytes);
	return state_walk_fail(w, rc, text);
}

int state_walk_feed(struct state_walk *w, const void *data, size_t len)
{
	const char *at = data;

	while (!w->rc && len) {
		size_t slice = len < FEED_SLICE ? len : FEED_SLICE;
		uint64_t before = w->json.bytes;
		int rc = json_reader_feed(&w->json, at, slice);

		w->reader.counts.bytes += w->json.bytes - before;
		if (rc)
			fail_json(w, rc);
		at += slice;
		len -= slice;
	}
	return w->rc;
}

int state_walk_end(struct state_walk *w)
{
	int rc = w->rc ? 0 : json_reader_end(&w->json);

	return rc ? fail_json(w, rc) : w->rc;
}
