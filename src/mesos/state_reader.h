/* SPDX-License-Identifier: Apache-2.0 */
/* What the values of a master's documents come to: the half of the parsers that knows Mesos, without the one that knows
 * JSON. state_walk.c walks the document and keeps `stack` and `key`; these functions take what it meets. All return 0
 * or a negative error that ends the parse; what only costs a part of the document is counted and is 0. */
#ifndef MESOS_STATE_READER_H
#define MESOS_STATE_READER_H

#include "mesos/state_grammar.h"
#include "mesos/state_parse.h"
#include "mesos/state_task.h"

#define STATE_STACK_MAX 16 /* the grammars are 14 deep */

enum state_pid { PID_NONE, PID_GOOD, PID_BAD };
enum state_label { LABEL_OTHER, LABEL_MESOS, LABEL_DOCKER };

/* Places and fields of the v1 API that stand around the elements (PLACE_STREAM, FIELD_STREAM and those behind them):
 * stream_parse.c's. */
struct state_frame {
	void *ctx;
	int (*enter)(void *ctx, enum state_place where);
	int (*string)(void *ctx, enum state_field field, const char *s, size_t len);
	void (*number)(void *ctx, enum state_field field, double value);
};

struct state_reader {
	const struct state_rule *rules;
	struct state_frame frame; /* all zero for documents without */
	struct state_sink sink;
	struct state_counts counts;
	char error[160];
	bool ended, agents_seen, frameworks_seen;
	uint32_t elements; /* of the document */

	uint32_t depth; /* places entered */
	uint8_t stack[STATE_STACK_MAX];
	const struct state_key *key; /* whose value comes next; NULL: one that does not count, or an array's item */

	struct cluster_builder outer; /* the agent or framework being read */
	bool in_agent, in_framework;
	enum state_pid pid;
	char hostname[CLUSTER_TEXT_MAX]; /* of the framework */
	size_t hostname_len;

	struct cluster_builder task;
	struct state_task parts;
	bool in_task, in_status;
	/* Tasks that came before the id of their framework. */
	struct cluster_builder *queue;
	size_t queued, queue_room, queue_bytes;

	enum state_label label;
	char label_value[ADDR_TEXT_MAX]; /* longer ones are no address */
	size_t label_len;

	char old_address[ADDR_TEXT_MAX]; /* of the network info */
	size_t old_len;
	bool address_list;

	bool ports, revocable;         /* the resource being read */
	uint32_t ranges_from;          /* the first of its ranges among those of the task */
	int ranges_error;              /* what is wrong with them */
	double range_begin, range_end; /* -1: not seen */
	bool ranges_bad;               /* of the task: one is wrong, so that none counts */
};

void state_reader_fini(struct state_reader *r);

/* Forgets a document that ended, or was given up. */
void state_reader_restart(struct state_reader *r);

static inline enum state_place state_reader_place(const struct state_reader *r)
{
	return r->stack[r->depth - 1];
}

static inline const struct state_rule *state_reader_rule(const struct state_reader *r)
{
	return &r->rules[state_reader_place(r)];
}

/* An object or array of the grammar starts; it is on the stack already. */
int state_reader_enter(struct state_reader *r, enum state_place where);
/* It ends; it is still on the stack. */
int state_reader_leave(struct state_reader *r, enum state_place where);
/* The value of `key`, which is of the right type. */
int state_reader_string(struct state_reader *r, const char *s, size_t len);
int state_reader_number(struct state_reader *r, const char *text, size_t len);
int state_reader_bool(struct state_reader *r, bool value);
/* A value of the wrong type where one that counts was to come. */
int state_reader_wrong_type(struct state_reader *r);
/* Tells of something left out: where it was, and in which element if that is known by now. Returns 0. */
int state_reader_skip(struct state_reader *r, enum state_skip reason, const char *what);

#endif
