/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/state_parse.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "base/err.h"
#include "mesos/state_reader.h"

#define FEED_SLICE (256u << 10)

struct state_parser {
	struct state_reader reader;
	yajl_handle yajl;
	int rc;          /* sticky */
	uint32_t skip;   /* depth inside what is skipped; 0: not skipping */
	uint64_t events; /* calls from yajl, to see one token grow without end */
	size_t token;    /* bytes since the last of them */
};

const char *state_skip_name(enum state_skip reason)
{
	static const char *const names[STATE_SKIPS] = {
		"id", "pid", "address", "port_range", "port", "type", "number", "limit"};

	return names[reason];
}

/* yajl's callbacks: 1 goes on, 0 ends the parse with p->rc. */

static int done(struct state_parser *p, int rc)
{
	p->reader.key = NULL;
	if (!rc)
		return 1;
	p->rc = rc;
	return 0;
}

static int not_an_object(struct state_parser *p)
{
	snprintf(p->reader.error, sizeof(p->reader.error), "the top level is no object");
	return done(p, ERR_FORMAT);
}

static int on_start(struct state_parser *p, enum state_type type)
{
	enum state_place where;

	p->events++;
	if (p->reader.depth + p->skip >= STATE_DEPTH_MAX) {
		snprintf(p->reader.error, sizeof(p->reader.error), "nested deeper than %d", STATE_DEPTH_MAX);
		return done(p, ERR_LIMIT);
	}
	if (p->skip) {
		p->skip++;
		return 1;
	}
	if (!p->reader.depth) {
		if (type != STATE_OBJECT)
			return not_an_object(p);
		where = PLACE_TOP;
	} else {
		const struct state_rule *rule = &state_rules[state_reader_place(&p->reader)];

		if (rule->keys && !p->reader.key) {
			p->skip = 1;
			return 1;
		}
		if (type != (rule->keys ? p->reader.key->type : STATE_OBJECT)) {
			p->skip = 1;
			return done(p, state_reader_wrong_type(&p->reader));
		}
		where = rule->keys ? p->reader.key->place : rule->item;
		if (where == PLACE_PORT && p->reader.parts.port_count == CLUSTER_PORTS_MAX) {
			p->skip = 1;
			return done(p, state_reader_skip(&p->reader, STATE_SKIP_LIMIT, "discovery ports"));
		}
	}
	assert(p->reader.depth < STATE_STACK_MAX);
	p->reader.stack[p->reader.depth++] = where;
	return done(p, state_reader_enter(&p->reader, where));
}

static int on_end(struct state_parser *p)
{
	p->events++;
	if (p->skip) {
		p->skip--;
		return 1;
	}
	enum state_place where = state_reader_place(&p->reader);
	int rc = state_reader_leave(&p->reader, where);
	p->reader.depth--;
	return done(p, rc);
}

/* Is this a scalar to be looked at? Then `*verdict` is for when it is not. */
static bool scalar(struct state_parser *p, enum state_type type, int *verdict)
{
	p->events++;
	*verdict = 1;
	if (p->skip)
		return false;
	if (!p->reader.depth) {
		*verdict = not_an_object(p);
		return false;
	}
	if (!p->reader.key && state_rules[state_reader_place(&p->reader)].keys)
		return false;
	if (!p->reader.key || p->reader.key->type != type) {
		*verdict = done(p, state_reader_wrong_type(&p->reader));
		return false;
	}
	return true;
}

static int on_string(void *ctx, const unsigned char *text, size_t len)
{
	struct state_parser *p = ctx;
	int verdict;

	return scalar(p, STATE_STRING, &verdict)
		       ? done(p, state_reader_string(&p->reader, (const char *)text, len))
		       : verdict;
}

static int on_number(void *ctx, const char *text, size_t len)
{
	struct state_parser *p = ctx;
	int verdict;

	return scalar(p, STATE_NUMBER, &verdict) ? done(p, state_reader_number(&p->reader, text, len))
						 : verdict;
}

static int on_boolean(void *ctx, int value)
{
	struct state_parser *p = ctx;
	int verdict;

	return scalar(p, STATE_BOOL, &verdict) ? done(p, state_reader_bool(&p->reader, value)) : verdict;
}

static int on_null(void *ctx)
{
	struct state_parser *p = ctx;

	p->events++;
	if (!p->reader.depth)
		return not_an_object(p);
	p->reader.key = NULL;
	return 1;
}

static int on_key(void *ctx, const unsigned char *name, size_t len)
{
	struct state_parser *p = ctx;

	p->events++;
	if (!p->skip)
		p->reader.key = state_key_find(state_reader_place(&p->reader), name, len);
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

struct state_parser *state_parser_new(const struct state_sink *sink)
{
	struct state_parser *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->reader.sink = *sink;
	p->yajl = yajl_alloc(&callbacks, NULL, p);
	if (!p->yajl) {
		free(p);
		return NULL;
	}
	yajl_config(p->yajl, yajl_dont_validate_strings, 1);
	return p;
}

void state_parser_free(struct state_parser *p)
{
	if (!p)
		return;
	yajl_free(p->yajl);
	state_reader_fini(&p->reader);
	free(p);
}

static int fail(struct state_parser *p, int rc)
{
	p->rc = rc;
	if (!p->reader.error[0])
		snprintf(p->reader.error, sizeof(p->reader.error), "%s", err_text(rc));
	return rc;
}

/* yajl's words end with a line feed. */
static int fail_yajl(struct state_parser *p)
{
	unsigned char *text = yajl_get_error(p->yajl, 0, NULL, 0);
	int len = text ? (int)strcspn((char *)text, "\n") : 0;

	snprintf(p->reader.error, sizeof(p->reader.error), "%.*s after %llu bytes", len,
		text ? (char *)text : "", (unsigned long long)p->reader.counts.bytes);
	if (text)
		yajl_free_error(p->yajl, text);
	return fail(p, ERR_FORMAT);
}

static int feed_slice(struct state_parser *p, const unsigned char *data, size_t len)
{
	uint64_t events = p->events;
	yajl_status status = yajl_parse(p->yajl, data, len);

	p->reader.counts.bytes += status == yajl_status_ok ? len : yajl_get_bytes_consumed(p->yajl);
	if (status == yajl_status_client_canceled)
		return fail(p, p->rc);
	if (status != yajl_status_ok)
		return fail_yajl(p);
	p->token = p->events == events ? p->token + len : 0;
	if (p->token > STATE_TOKEN_MAX) {
		snprintf(p->reader.error, sizeof(p->reader.error), "a token of more than %u bytes",
			STATE_TOKEN_MAX);
		return fail(p, ERR_LIMIT);
	}
	return 0;
}

int state_parser_feed(struct state_parser *p, const void *data, size_t len)
{
	const unsigned char *at = data;

	while (!p->rc && len) {
		size_t slice = len < FEED_SLICE ? len : FEED_SLICE;

		feed_slice(p, at, slice);
		at += slice;
		len -= slice;
	}
	return p->rc;
}

int state_parser_finish(struct state_parser *p)
{
	if (p->rc)
		return p->rc;
	if (yajl_complete_parse(p->yajl) != yajl_status_ok)
		return p->rc ? fail(p, p->rc) : fail_yajl(p);
	if (p->reader.ended && p->reader.agents_seen && p->reader.frameworks_seen)
		return 0;
	snprintf(p->reader.error, sizeof(p->reader.error), "the document has no %s",
		p->reader.agents_seen ? "frameworks" : "slaves");
	return fail(p, ERR_FORMAT);
}

const char *state_parser_error(const struct state_parser *p)
{
	return p->reader.error;
}

const struct state_counts *state_parser_counts(const struct state_parser *p)
{
	return &p->reader.counts;
}
