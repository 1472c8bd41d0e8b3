/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/stream_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/printable.h"
#include "mesos/recordio.h"
#include "mesos/state_walk.h"

/* In the order of enum stream_kind. */
static const struct {
	const char *type, *name;
} kinds[STREAM_KINDS] = {
	{"SUBSCRIBED", "subscribed"},
	{"HEARTBEAT", "heartbeat"},
	{"TASK_ADDED", "task_added"},
	{"TASK_UPDATED", "task_updated"},
	{"AGENT_ADDED", "agent_added"},
	{"AGENT_REMOVED", "agent_removed"},
	{"FRAMEWORK_ADDED", "framework_added"},
	{"FRAMEWORK_UPDATED", "framework_updated"},
	{"FRAMEWORK_REMOVED", "framework_removed"},
	{"", "unknown"},
};

enum id { ID_FRAMEWORK, ID_TASK, ID_AGENT, IDS };

struct stream_parser {
	struct stream_sink sink;
	struct recordio frames;
	struct state_walk walk;
	struct stream_counts counts;
	int rc; /* sticky */
	char error[200];
	bool subscribed;  /* SUBSCRIBED is over */
	bool in_snapshot; /* it is being read */
	bool again;       /* and has come a second time */

	/* the record being read */
	bool drop;             /* the rest of it does not count */
	enum stream_kind type; /* STREAM_KINDS: not seen yet */
	uint32_t bodies;       /* bits of the kinds whose members it has */
	uint32_t parts;        /* of SUBSCRIBED, by enum state_place */
	double heartbeat;
	bool has_state; /* TASK_UPDATED */
	struct stream_event event;
	char ids[IDS][CLUSTER_TEXT_MAX];
	size_t id_len[IDS];
};

const char *stream_kind_name(enum stream_kind kind)
{
	return kinds[kind].name;
}

static enum stream_kind kind_of(const char *type, size_t len)
{
	enum stream_kind kind = 0;

	while (kind < STREAM_UNKNOWN && (strlen(kinds[kind].type) != len || memcmp(kinds[kind].type, type, len) != 0))
		kind++;
	return kind;
}

/* What the reader meets around the elements. */

static int snapshot_begin(struct stream_parser *p)
{
	p->again = p->subscribed && (p->type == STREAM_KINDS || p->type == STREAM_SUBSCRIBED);
	if (p->subscribed || p->bodies || (p->type != STREAM_KINDS && p->type != STREAM_SUBSCRIBED))
		return state_walk_fail(&p->walk, ERR_FORMAT, "a state in the middle of the stream");
	p->in_snapshot = true;
	p->bodies = 1u << STREAM_SUBSCRIBED;
	return p->sink.snapshot_begin ? p->sink.snapshot_begin(p->sink.ctx) : 0;
}

static int on_body(struct stream_parser *p, enum stream_kind kind)
{
	if (p->in_snapshot)
		return state_walk_fail(&p->walk, ERR_FORMAT, "an event in the middle of the state");
	p->bodies |= 1u << kind;
	return 0;
}

static int on_enter(void *ctx, enum state_place where)
{
	struct stream_parser *p = ctx;

	switch (where) {
	case PLACE_SUBSCRIBED:
		return snapshot_begin(p);
	case PLACE_TASK_ADDED:
		return on_body(p, STREAM_TASK_ADDED);
	case PLACE_TASK_UPDATED:
		return on_body(p, STREAM_TASK_UPDATED);
	case PLACE_AGENT_ADDED:
		return on_body(p, STREAM_AGENT_ADDED);
	case PLACE_AGENT_REMOVED:
		return on_body(p, STREAM_AGENT_REMOVED);
	case PLACE_FRAMEWORK_ADDED:
		return on_body(p, STREAM_FRAMEWORK_ADDED);
	case PLACE_FRAMEWORK_UPDATED:
		return on_body(p, STREAM_FRAMEWORK_UPDATED);
	case PLACE_FRAMEWORK_REMOVED:
		return on_body(p, STREAM_FRAMEWORK_REMOVED);
	default:
		p->parts |= 1u << (where - PLACE_STREAM);
		return 0;
	}
}

static int keep_id(struct stream_parser *p, enum id id, const char *text, size_t len)
{
	if (len > CLUSTER_TEXT_MAX)
		return state_reader_skip(&p->walk.reader, STATE_SKIP_LIMIT, "id");
	if (len)
		memcpy(p->ids[id], text, len);
	p->id_len[id] = len;
	return 0;
}

static int on_string(void *ctx, enum state_field field, const char *text, size_t len)
{
	struct stream_parser *p = ctx;

	switch (field) {
	case FIELD_EVENT_TYPE:
		p->type = kind_of(text, len);
		return 0;
	case FIELD_EVENT_FRAMEWORK_ID:
		return keep_id(p, ID_FRAMEWORK, text, len);
	case FIELD_EVENT_TASK_ID: /* also in the statuses of a task, where nobody asks for it */
		return p->walk.reader.in_task ? 0 : keep_id(p, ID_TASK, text, len);
	case FIELD_EVENT_AGENT_ID:
		return p->walk.reader.in_task ? 0 : keep_id(p, ID_AGENT, text, len);
	default:
		p->event.state = cluster_parse_task_state(text, len);
		p->has_state = true;
		return 0;
	}
}

static void on_number(void *ctx, enum state_field field, double value)
{
	struct stream_parser *p = ctx;

	if (value > 0)
		p->heartbeat = value;
}

/* What the reader tells. */

static int on_element(void *ctx, struct cluster_builder *builder)
{
	struct stream_parser *p = ctx;

	if (p->in_snapshot)
		return p->sink.state.element(p->sink.state.ctx, builder);
	p->event.element = builder;
	return 0;
}

static int on_recovered_agent(void *ctx, const char *id, size_t len)
{
	struct stream_parser *p = ctx;

	if (!p->sink.state.recovered_agent)
		return 0;
	return p->sink.state.recovered_agent(p->sink.state.ctx, id, len);
}

static int on_recovered_list(void *ctx)
{
	struct stream_parser *p = ctx;

	return p->sink.state.recovered_list ? p->sink.state.recovered_list(p->sink.state.ctx) : 0;
}

static int on_completed_framework(void *ctx, const char *id, size_t len)
{
	struct stream_parser *p = ctx;

	if (!p->sink.state.completed_framework)
		return 0;
	return p->sink.state.completed_framework(p->sink.state.ctx, id, len);
}

static void on_skipped(void *ctx, enum state_skip reason, const char *text)
{
	struct stream_parser *p = ctx;

	if (p->sink.state.skipped)
		p->sink.state.skipped(p->sink.state.ctx, reason, text);
}

struct stream_parser *stream_parser_new(const struct stream_sink *sink)
{
	const struct state_sink state = {.element = on_element,
		.recovered_agent = on_recovered_agent,
		.recovered_list = on_recovered_list,
		.completed_framework = on_completed_framework,
		.skipped = on_skipped};
	struct stream_parser *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->sink = *sink;
	p->frames.max = STREAM_RECORD_MAX;
	state_walk_init(&p->walk, stream_rules, &state);
	p->walk.reader.sink.ctx = p;
	p->walk.reader.frame = (struct state_frame){p, on_enter, on_string, on_number};
	return p;
}

void stream_parser_free(struct stream_parser *p)
{
	if (!p)
		return;
	state_walk_fini(&p->walk);
	free(p);
}

static int fail(struct stream_parser *p, int rc, const char *text)
{
	p->rc = rc;
	snprintf(p->error, sizeof(p->error), "%s", *text ? text : err_text(rc));
	return rc;
}

/* What is wrong with a record costs the record, or if there is no going on without it, the connection. */
static int lose(struct stream_parser *p, int rc, const char *why)
{
	char text[200];

	if (!p->subscribed || p->again || (rc != ERR_FORMAT && rc != ERR_LIMIT))
		return fail(p, rc, why);
	p->drop = true;
	p->counts.bad++;
	snprintf(text, sizeof(text), "%s", why);
	printable_make(text);
	if (p->sink.lost)
		p->sink.lost(p->sink.ctx, text);
	return 0;
}

static int begin_record(struct stream_parser *p, uint64_t length)
{
	p->drop = false;
	p->type = STREAM_KINDS;
	p->bodies = p->parts = 0;
	p->heartbeat = 0;
	p->has_state = false;
	p->event = (struct stream_event){0};
	memset(p->id_len, 0, sizeof(p->id_len));
	if (p->subscribed && length > STREAM_EVENT_MAX)
		return lose(p, ERR_LIMIT, "an event that is too long");
	state_task_begin(&p->walk.reader.parts);
	state_status_begin(&p->walk.reader.parts);
	state_walk_begin(&p->walk);
	return 0;
}

static int end_snapshot(struct stream_parser *p)
{
	static const uint32_t parts = 1u << (PLACE_GET_STATE - PLACE_STREAM) | 1u << (PLACE_GET_AGENTS - PLACE_STREAM) |
				      1u << (PLACE_GET_FRAMEWORKS - PLACE_STREAM) |
				      1u << (PLACE_GET_TASKS - PLACE_STREAM);

	if (p->type != STREAM_SUBSCRIBED || (p->parts & parts) != parts)
		return fail(p, ERR_FORMAT, "the stream begins without the state");
	p->in_snapshot = false;
	p->subscribed = true;
	p->counts.events[STREAM_SUBSCRIBED]++;
	int rc = p->sink.snapshot_end ? p->sink.snapshot_end(p->sink.ctx, p->heartbeat) : 0;
	return rc ? fail(p, rc, "") : 0;
}

static struct stream_text id_text(const struct stream_parser *p, enum id id)
{
	return (struct stream_text){p->ids[id], p->id_len[id]};
}

/* Has the element what it needs? A member that occurs twice can have spoilt the one that was told. */
static bool element_is_whole(const struct stream_event *event)
{
	static const enum cluster_kind wanted[STREAM_KINDS] = {[STREAM_TASK_ADDED] = CLUSTER_TASK,
		[STREAM_AGENT_ADDED] = CLUSTER_AGENT,
		[STREAM_FRAMEWORK_ADDED] = CLUSTER_FRAMEWORK,
		[STREAM_FRAMEWORK_UPDATED] = CLUSTER_FRAMEWORK};
	const struct cluster_builder *b = event->element;

	return b && b->element->kind == wanted[event->kind] && b->element->id.len &&
	       (b->element->kind != CLUSTER_TASK || b->task->framework_id.len);
}

/* Is the event what its type says, with all that it needs? */
static bool event_is_whole(struct stream_parser *p)
{
	struct stream_event *event = &p->event;

	event->kind = p->type;
	event->framework_id = id_text(p, ID_FRAMEWORK);
	event->task_id = id_text(p, ID_TASK);
	event->agent_id = id_text(p, ID_AGENT);
	if (p->bodies != 1u << p->type)
		return false;
	switch (p->type) {
	case STREAM_TASK_UPDATED:
		event->status = &p->walk.reader.parts.status;
		return p->has_state && event->framework_id.len && event->task_id.len;
	case STREAM_AGENT_REMOVED:
		return event->agent_id.len > 0;
	case STREAM_FRAMEWORK_REMOVED:
		return event->framework_id.len > 0;
	default:
		return element_is_whole(event);
	}
}

static int end_record(struct stream_parser *p)
{
	int rc = state_walk_end(&p->walk);

	p->counts.unknown_members = p->walk.unknown;
	if (rc)
		return lose(p, rc, p->walk.reader.error);
	if (p->in_snapshot || (!p->subscribed && p->type == STREAM_SUBSCRIBED))
		return end_snapshot(p);
	if (p->type == STREAM_KINDS)
		return lose(p, ERR_FORMAT, "an event without a type");
	if (p->type == STREAM_UNKNOWN) {
		p->counts.events[STREAM_UNKNOWN]++;
		return 0;
	}
	if (p->type == STREAM_HEARTBEAT) {
		p->counts.events[STREAM_HEARTBEAT]++;
		rc = p->sink.heartbeat ? p->sink.heartbeat(p->sink.ctx) : 0;
		return rc ? fail(p, rc, "") : 0;
	}
	if (!p->subscribed || p->type == STREAM_SUBSCRIBED)
		return fail(p, ERR_FORMAT, p->subscribed ? "the stream begins twice" : "an event before the state");
	if (!event_is_whole(p))
		return lose(p, ERR_FORMAT, "an event without what it is to tell of");
	p->counts.events[p->type]++;
	rc = p->sink.event(p->sink.ctx, &p->event);
	return rc ? fail(p, rc, "") : 0;
}

static int take_piece(struct stream_parser *p, const struct recordio_piece *piece)
{
	int rc = piece->first ? begin_record(p, piece->record) : 0;

	if (rc || p->drop)
		return rc;
	rc = state_walk_feed(&p->walk, piece->data, piece->len);
	if (rc)
		return lose(p, rc, p->walk.reader.error);
	return piece->last ? end_record(p) : 0;
}

int stream_parser_feed(struct stream_parser *p, const void *data, size_t len)
{
	struct recordio_piece piece;
	const char *at = data;
	int got = 1;

	p->counts.bytes += len;
	while (!p->rc && got == 1) {
		got = recordio_next(&p->frames, &at, &len, &piece);
		if (got == 1)
			take_piece(p, &piece);
		else if (got < 0)
			fail(p, got, got == ERR_LIMIT ? "a record that is too long" : "a record without a length");
	}
	p->counts.state = p->walk.reader.counts;
	return p->rc;
}

bool stream_parser_in_snapshot(const struct stream_parser *p)
{
	return p->in_snapshot;
}

bool stream_parser_at_boundary(const struct stream_parser *p)
{
	return recordio_at_boundary(&p->frames);
}

const char *stream_parser_error(const struct stream_parser *p)
{
	return p->error;
}

const struct stream_counts *stream_parser_counts(const struct stream_parser *p)
{
	return &p->counts;
}
