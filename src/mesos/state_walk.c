/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/state_walk.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define FEED_SLICE (256u << 10)

/* yajl's callbacks: 1 goes on, 0 ends the parse with w->rc. */

static int done(struct state_walk *w, int rc)
{
	w->reader.key = NULL;
	if (!rc)
		return 1;
	w->rc = rc;
	return 0;
}

static int not_an_object(struct state_walk *w)
{
	snprintf(w->reader.error, sizeof(w->reader.error), "the top level is no object");
	return done(w, ERR_FORMAT);
}

static int on_start(struct state_walk *w, enum state_type type)
{
	enum state_place where;

	w->calls++;
	if (w->reader.depth + w->skip >= STATE_DEPTH_MAX) {
		snprintf(w->reader.error, sizeof(w->reader.error), "nested deeper than %d", STATE_DEPTH_MAX);
		return done(w, ERR_LIMIT);
	}
	if (w->skip) {
		w->skip++;
		return 1;
	}
	if (!w->reader.depth) {
		if (type != STATE_OBJECT)
			return not_an_object(w);
		where = PLACE_TOP;
	} else {
		const struct state_rule *rule = state_reader_rule(&w->reader);

		if (rule->keys && !w->reader.key) {
			w->skip = 1;
			return 1;
		}
		if (type != (rule->keys ? w->reader.key->type : STATE_OBJECT)) {
			w->skip = 1;
			return done(w, state_reader_wrong_type(&w->reader));
		}
		where = rule->keys ? w->reader.key->place : rule->item;
		if (where == PLACE_PORT && w->reader.parts.port_count == CLUSTER_PORTS_MAX) {
			w->skip = 1;
			return done(w, state_reader_skip(&w->reader, STATE_SKIP_LIMIT, "discovery ports"));
		}
	}
	assert(w->reader.depth < STATE_STACK_MAX);
	w->reader.stack[w->reader.depth++] = where;
	return done(w, state_reader_enter(&w->reader, where));
}

static int on_end(struct state_walk *w)
{
	w->calls++;
	if (w->skip) {
		w->skip--;
		return 1;
	}
	enum state_place where = state_reader_place(&w->reader);
	int rc = state_reader_leave(&w->reader, where);
	w->reader.depth--;
	return done(w, rc);
}

/* Is this a scalar to be looked at? Then `*verdict` is for when it is not. */
static bool scalar(struct state_walk *w, enum state_type type, int *verdict)
{
	w->calls++;
	*verdict = 1;
	if (w->skip)
		return false;
	if (!w->reader.depth) {
		*verdict = not_an_object(w);
		return false;
	}
	if (!w->reader.key && state_reader_rule(&w->reader)->keys)
		return false;
	if (!w->reader.key || w->reader.key->type != type) {
		*verdict = done(w, state_reader_wrong_type(&w->reader));
		return false;
	}
	return true;
}

static int on_string(void *ctx, const unsigned char *text, size_t len)
{
	struct state_walk *w = ctx;
	int verdict;

	return scalar(w, STATE_STRING, &verdict) ? done(w, state_reader_string(&w->reader, (const char *)text, len))
						 : verdict;
}

static int on_number(void *ctx, const char *text, size_t len)
{
	struct state_walk *w = ctx;
	int verdict;

	return scalar(w, STATE_NUMBER, &verdict) ? done(w, state_reader_number(&w->reader, text, len)) : verdict;
}

static int on_boolean(void *ctx, int value)
{
	struct state_walk *w = ctx;
	int verdict;

	return scalar(w, STATE_BOOL, &verdict) ? done(w, state_reader_bool(&w->reader, value)) : verdict;
}

static int on_null(void *ctx)
{
	struct state_walk *w = ctx;

	w->calls++;
	if (!w->reader.depth)
		return not_an_object(w);
	w->reader.key = NULL;
	return 1;
}

static int on_key(void *ctx, const unsigned char *name, size_t len)
{
	struct state_walk *w = ctx;

	w->calls++;
	if (w->skip)
		return 1;
	w->reader.key = state_key_find(state_reader_rule(&w->reader), name, len);
	w->unknown += !w->reader.key && w->reader.depth == 1;
	return 1;
}

static int on_start_map(void *ctx)
{
	return on_start(ctx, STATE_OBJECT);
}

static int on_start_array(void *ctx)
{
	return on_start(ctx, STATE_ARRAY);
}

static int on_end_any(void *ctx)
{
	return on_end(ctx);
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number, /* as text: most are skipped, and none can overflow */
	.yajl_string = on_string,
	.yajl_start_map = on_start_map,
	.yajl_map_key = on_key,
	.yajl_end_map = on_end_any,
	.yajl_start_array = on_start_array,
	.yajl_end_array = on_end_any,
};

void state_walk_init(struct state_walk *w, const struct state_rule *rules, const struct state_sink *sink)
{
	w->reader.rules = rules;
	w->reader.sink = *sink;
}

void state_walk_fini(struct state_walk *w)
{
	if (w->yajl)
		yajl_free(w->yajl);
	state_reader_fini(&w->reader);
}

int state_walk_begin(struct state_walk *w)
{
	if (w->yajl)
		yajl_free(w->yajl);
	w->yajl = yajl_alloc(&callbacks, NULL, w);
	w->rc = w->yajl ? 0 : ERR_NOMEM;
	w->skip = 0;
	w->token = 0;
	state_reader_restart(&w->reader);
	if (w->yajl)
		yajl_config(w->yajl, yajl_dont_validate_strings, 1);
	return w->rc;
}

int state_walk_fail(struct state_walk *w, int rc, const char *text)
{
	w->rc = rc;
	if (!w->reader.error[0])
		snprintf(w->reader.error, sizeof(w->reader.error), "%s", text);
	return rc;
}

/* yajl's words end with a line feed. */
static int fail_yajl(struct state_walk *w)
{
	unsigned char *text = yajl_get_error(w->yajl, 0, NULL, 0);
	int len = text ? (int)strcspn((char *)text, "\n") : 0;

	snprintf(w->reader.error, sizeof(w->reader.error), "%.*s after %llu bytes", len, text ? (char *)text : "",
		(unsigned long long)w->reader.counts.bytes);
	if (text)
		yajl_free_error(w->yajl, text);
	w->rc = ERR_FORMAT;
	return w->rc;
}

static void feed_slice(struct state_walk *w, const unsigned char *data, size_t len)
{
	uint64_t calls = w->calls;
	yajl_status status = yajl_parse(w->yajl, data, len);

	w->reader.counts.bytes += status == yajl_status_ok ? len : yajl_get_bytes_consumed(w->yajl);
	if (status == yajl_status_client_canceled) {
		state_walk_fail(w, w->rc, err_text(w->rc));
	} else if (status != yajl_status_ok) {
		fail_yajl(w);
	} else {
		w->token = w->calls == calls ? w->token + len : 0;
		if (w->token > STATE_TOKEN_MAX) {
			snprintf(w->reader.error, sizeof(w->reader.error), "a token of more than %u bytes",
				STATE_TOKEN_MAX);
			w->rc = ERR_LIMIT;
		}
	}
}

int state_walk_feed(struct state_walk *w, const void *data, size_t len)
{
	const unsigned char *at = data;

	while (!w->rc && len) {
		size_t slice = len < FEED_SLICE ? len : FEED_SLICE;

		feed_slice(w, at, slice);
		at += slice;
		len -= slice;
	}
	return w->rc;
}

int state_walk_end(struct state_walk *w)
{
	if (w->rc || yajl_complete_parse(w->yajl) == yajl_status_ok)
		return w->rc;
	return w->rc ? state_walk_fail(w, w->rc, err_text(w->rc)) : fail_yajl(w);
}
