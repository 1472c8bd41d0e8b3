/* SPDX-License-Identifier: Apache-2.0 */
/* Streaming parser for the master's event stream: the body of the answer to `POST /api/v1 {"type":"SUBSCRIBE"}`, bytes
 * in as they arrive and cut anywhere, elements and events out. RecordIO frames (recordio.h) around JSON with the names
 * of the v1 API; what comes out is the same as from `/master/state` (state_parse.h), byte for byte.
 *
 * Memory is in proportion to one element, also for SUBSCRIBED, which holds the whole state: its elements go to the sink
 * as they end.
 *
 * What a malformed thing costs; each is counted and told with its reason:
 *   the connection   a frame's length that is none; SUBSCRIBED that is malformed or without its state, a second one, or
 *                    an event before it
 *   the event        any other record that is malformed, nested too deep, longer than STREAM_EVENT_MAX, or without the
 *                    ids that it needs: counted in `bad`, the sink's lost() is called, and the next record is read
 *   the element, the field   as state_parse.h has it
 * Types of events that are not known, and members of an event that are not known, are ignored and counted.
 *
 * One thread; the sink is called from inside stream_parser_feed(). */
#ifndef MESOS_STREAM_PARSE_H
#define MESOS_STREAM_PARSE_H

#include "mesos/state_parse.h"
#include "mesos/state_task.h"

#define STREAM_EVENT_MAX  (16u << 20) /* bytes of a record that is not SUBSCRIBED */
#define STREAM_RECORD_MAX (4ull << 30)

enum stream_kind {
	STREAM_SUBSCRIBED,
	STREAM_HEARTBEAT,
	STREAM_TASK_ADDED,
	STREAM_TASK_UPDATED,
	STREAM_AGENT_ADDED,
	STREAM_AGENT_REMOVED,
	STREAM_FRAMEWORK_ADDED,
	STREAM_FRAMEWORK_UPDATED,
	STREAM_FRAMEWORK_REMOVED,
	STREAM_UNKNOWN, /* of a type that is none of these */
	STREAM_KINDS,
};

/* A short name for logs and metrics: "task_added", ... */
const char *stream_kind_name(enum stream_kind kind);

struct stream_text { /* no NUL */
	const char *text;
	size_t len;
};

/* One event, borrowed for the call. */
struct stream_event {
	enum stream_kind kind;
	/* TASK_ADDED, AGENT_ADDED, FRAMEWORK_ADDED, FRAMEWORK_UPDATED: the element, as state_sink.element gets it. A
	 * framework has its hostname for a host and no port: the stream does not carry pids. Else NULL. */
	struct cluster_builder *element;
	/* TASK_UPDATED: the first two, and the agent if it was told; AGENT_REMOVED, FRAMEWORK_REMOVED: theirs. */
	struct stream_text framework_id, task_id, agent_id;
	/* TASK_UPDATED: `state` of the event, which is the truth, and the status that came with it */
	enum cluster_task_state state;
	const struct state_status *status;
};

/* Every callback but `state.element` and event() may be NULL. A negative return value ends the parse. */
struct stream_sink {
	void *ctx;
	/* SUBSCRIBED: its state follows element by element through `state`, whose leader(), master_id() and
	 * reregister_timeout() are not called; then snapshot_end() if it was whole. If not, the parse fails or the
	 * connection ends, and whoever feeds the parser knows by stream_parser_in_snapshot() that one was under way. */
	int (*snapshot_begin)(void *ctx);
	struct state_sink state; /* with its own ctx; skipped() is also called for what events say */
	/* `heartbeat` are the seconds between heartbeats, 0 if the master did not say. */
	int (*snapshot_end)(void *ctx, double heartbeat);
	int (*event)(void *ctx, const struct stream_event *event);
	int (*heartbeat)(void *ctx);
	/* An event was malformed: what it said is not known. `why` is printable, with a NUL. */
	void (*lost)(void *ctx, const char *why);
};

struct stream_counts {                 /* since the parser was made */
	uint64_t events[STREAM_KINDS]; /* whole ones, by kind */
	uint64_t bad;                  /* malformed ones */
	uint64_t unknown_members;
	uint64_t bytes;
	struct state_counts state; /* elements, and what was left out */
};

struct stream_parser;

/* A parser for one connection; the sink is copied. NULL: out of memory. */
struct stream_parser *stream_parser_new(const struct stream_sink *sink);
void stream_parser_free(struct stream_parser *p);
/* The next bytes. ERR_FORMAT, ERR_LIMIT, ERR_NOMEM, or what the sink returned; then for ever the same. */
int stream_parser_feed(struct stream_parser *p, const void *data, size_t len);
/* Has a snapshot begun that has not ended? */
bool stream_parser_in_snapshot(const struct stream_parser *p);
/* Is the end of what came so far the end of a record? Where a connection ends inside one, that one is lost. */
bool stream_parser_at_boundary(const struct stream_parser *p);
/* What went wrong, in words; "" if nothing did. */
const char *stream_parser_error(const struct stream_parser *p);
const struct stream_counts *stream_parser_counts(const struct stream_parser *p);

#endif
