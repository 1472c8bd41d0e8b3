/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/state_parse.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "base/err.h"
#include "mesos/state_grammar.h"
#include "mesos/state_task.h"

#define STACK_MAX   16 /* the grammar is 12 deep */
#define QUEUE_COUNT 65536
#define FEED_SLICE  (256u << 10)
#define TIME_MAX    10000000000.0 /* seconds; the year 2286 */

enum pid_state { PID_NONE, PID_GOOD, PID_BAD };
enum label_name { LABEL_OTHER, LABEL_MESOS, LABEL_DOCKER };

struct state_parser {
	struct state_sink sink;
	yajl_handle yajl;
	int rc; /* sticky */
	bool ended, agents_seen, frameworks_seen;
	char error[160];
	struct state_counts counts;

	uint32_t skip;  /* depth inside what is skipped; 0: not skipping */
	uint32_t depth; /* places entered */
	uint8_t stack[STACK_MAX];
	const struct state_key *key; /* whose value comes next; NULL: one that does not count */
	uint64_t events;             /* calls from yajl, to see one token grow without end */
	size_t token;                /* bytes since the last of them */

	struct cluster_builder outer; /* the agent or framework being read */
	enum pid_state pid;
	char hostname[CLUSTER_TEXT_MAX]; /* of the framework */
	size_t hostname_len;

	struct cluster_builder task;
	struct state_task parts;
	bool in_task, in_status;
	/* Tasks that came before the id of their framework. */
	struct cluster_builder *queue;
	size_t queued, queue_room, queue_bytes;

	enum label_name label;
	char label_value[ADDR_TEXT_MAX]; /* longer ones are no address */
	size_t label_len;

	char old_address[ADDR_TEXT_MAX]; /* of the network info */
	size_t old_len;
	bool address_list;
};

const char *state_skip_name(enum state_skip reason)
{
	static const char *const names[STATE_SKIPS] = {
		"id", "pid", "address", "port_range", "port", "type", "number", "limit"};

	return names[reason];
}

static enum state_place place(const struct state_parser *p)
{
	return p->stack[p->depth - 1];
}

/* Tells of something left out: where it was, and in which element if that is known by now. */
static int skip(struct state_parser *p, enum state_skip reason, const char *what)
{
	static const char *const kinds[] = {"agent", "framework", "task"};
	const struct cluster_element *e = p->in_task ? p->task.element : p->outer.element;
	char text[256];
	bool element = p->depth > 2 && (p->stack[1] == PLACE_AGENTS || p->stack[1] == PLACE_FRAMEWORKS);

	p->counts.skipped[reason]++;
	if (!p->sink.skipped)
		return 0;
	if (element && e && e->id.len)
		snprintf(text, sizeof(text), "%s of %s %.*s", what, kinds[e->kind], (int)e->id.len,
			cluster_text(e, e->id));
	else
		snprintf(text, sizeof(text), "%s", what);
	for (char *c = text; *c; c++)
		if (*c < ' ' || *c == 0x7f)
			*c = '?';
	p->sink.skipped(p->sink.ctx, reason, text);
	return 0;
}

/* An error of a field: its own fault costs the field, the lack of memory everything. */
static int skip_error(struct state_parser *p, int rc, enum state_skip reason, const char *what)
{
	if (!rc || rc == ERR_NOMEM)
		return rc;
	return skip(p, rc == ERR_LIMIT ? STATE_SKIP_LIMIT : reason, what);
}

static int set_text(
	struct state_parser *p, struct cluster_builder *b, size_t field, const char *text, size_t len)
{
	int rc = cluster_build_text(b, field, text, len);

	return rc ? skip_error(p, rc, STATE_SKIP_LIMIT, p->key->name) : 0;
}

static int set_pid(struct state_parser *p, size_t host_field, uint16_t *port_of(struct cluster_builder *),
	const char *text, size_t len)
{
	const char *host;
	size_t host_len;
	uint16_t port;
	int rc = cluster_parse_pid(text, len, &host, &host_len, &port);

	p->pid = PID_BAD;
	if (!rc)
		rc = cluster_build_text(&p->outer, host_field, host, host_len);
	if (rc)
		return skip_error(p, rc, STATE_SKIP_PID, "pid");
	*port_of(&p->outer) = port;
	p->pid = PID_GOOD;
	return 0;
}

static uint16_t *agent_port(struct cluster_builder *b)
{
	return &b->agent->port;
}

static uint16_t *framework_port(struct cluster_builder *b)
{
	return &b->framework->port;
}

static int set_port_ranges(struct state_parser *p, const char *text, size_t len)
{
	struct cluster_port_range ranges[CLUSTER_RANGES_MAX];
	int n = cluster_parse_port_ranges(text, len, ranges, CLUSTER_RANGES_MAX);

	if (n < 0)
		skip_error(p, n, STATE_SKIP_PORT_RANGE, "resources.ports");
	if (n < 0 && n != ERR_LIMIT)
		n = 0;
	return cluster_build_list(&p->task, CLUSTER_FIELD(task, port_ranges), ranges,
		n == ERR_LIMIT ? CLUSTER_RANGES_MAX : (uint32_t)n, sizeof(ranges[0]));
}

static int set_port_text(struct state_parser *p, const char *text, size_t len)
{
	struct state_port *port = &p->parts.ports[p->parts.port_count];
	bool name = p->key->field == FIELD_PORT_NAME;
	int rc = state_port_text(&p->parts, text, len, name ? &port->name : &port->protocol,
		name ? &port->name_len : &port->protocol_len);

	if (rc == ERR_LIMIT)
		port->malformed = true;
	return rc == ERR_LIMIT ? 0 : rc;
}

static int add_address(struct state_parser *p, struct state_addrs *addrs, const char *text, size_t len)
{
	int rc = state_addrs_add(addrs, text, len);

	return rc ? skip_error(p, rc, STATE_SKIP_ADDRESS, "address") : 0;
}

static enum label_name label_of(const char *text, size_t len)
{
	static const char mesos[] = "MesosContainerizer.NetworkSettings.IPAddress";
	static const char docker[] = "Docker.NetworkSettings.IPAddress";

	if (len == sizeof(mesos) - 1 && !memcmp(text, mesos, len))
		return LABEL_MESOS;
	if (len == sizeof(docker) - 1 && !memcmp(text, docker, len))
		return LABEL_DOCKER;
	return LABEL_OTHER;
}

static void keep_short(char out[ADDR_TEXT_MAX], size_t *out_len, const char *text, size_t len)
{
	*out_len = len < ADDR_TEXT_MAX ? len : ADDR_TEXT_MAX;
	if (len)
		memcpy(out, text, *out_len);
}

static int set_string(struct state_parser *p, const char *s, size_t len)
{
	switch ((enum state_field)p->key->field) {
	case FIELD_LEADER:
		return p->sink.leader ? p->sink.leader(p->sink.ctx, s, len) : 0;
	case FIELD_REREGISTER_TIMEOUT:
		return p->sink.reregister_timeout ? p->sink.reregister_timeout(p->sink.ctx, s, len) : 0;
	case FIELD_RECOVERED_ID:
		return p->sink.recovered_agent ? p->sink.recovered_agent(p->sink.ctx, s, len) : 0;
	case FIELD_AGENT_ID:
		return set_text(p, &p->outer, CLUSTER_FIELD(agent, e.id), s, len);
	case FIELD_AGENT_HOSTNAME:
		return set_text(p, &p->outer, CLUSTER_FIELD(agent, hostname), s, len);
	case FIELD_AGENT_PID:
		return set_pid(p, CLUSTER_FIELD(agent, host), agent_port, s, len);
	case FIELD_FRAMEWORK_ID:
		return set_text(p, &p->outer, CLUSTER_FIELD(framework, e.id), s, len);
	case FIELD_FRAMEWORK_NAME:
		return set_text(p, &p->outer, CLUSTER_FIELD(framework, name), s, len);
	case FIELD_FRAMEWORK_PID: /* forks write "" for a scheduler that has none */
		return len ? set_pid(p, CLUSTER_FIELD(framework, host), framework_port, s, len) : 0;
	case FIELD_FRAMEWORK_HOSTNAME:
		if (len > sizeof(p->hostname))
			return skip(p, STATE_SKIP_LIMIT, "hostname");
		memcpy(p->hostname, s, len);
		p->hostname_len = len;
		return 0;
	case FIELD_TASK_ID:
		return set_text(p, &p->task, CLUSTER_FIELD(task, e.id), s, len);
	case FIELD_TASK_NAME:
		return set_text(p, &p->task, CLUSTER_FIELD(task, name), s, len);
	case FIELD_TASK_FRAMEWORK_ID:
		return set_text(p, &p->task, CLUSTER_FIELD(task, framework_id), s, len);
	case FIELD_TASK_AGENT_ID:
		return set_text(p, &p->task, CLUSTER_FIELD(task, agent_id), s, len);
	case FIELD_TASK_STATE:
		p->task.task->state = cluster_parse_task_state(s, len);
		return 0;
	case FIELD_TASK_PORTS:
		return set_port_ranges(p, s, len);
	case FIELD_DISCOVERY_NAME:
		return set_text(p, &p->task, CLUSTER_FIELD(task, discovery_name), s, len);
	case FIELD_PORT_NAME:
	case FIELD_PORT_PROTOCOL:
		return set_port_text(p, s, len);
	case FIELD_STATUS_STATE:
		p->parts.status.running = cluster_parse_task_state(s, len) == CLUSTER_TASK_RUNNING;
		return 0;
	case FIELD_LABEL_KEY:
		p->label = label_of(s, len);
		return 0;
	case FIELD_LABEL_VALUE:
		keep_short(p->label_value, &p->label_len, s, len);
		return 0;
	case FIELD_ADDRESS:
		return p->in_status && len ? add_address(p, &p->parts.status.netinfo, s, len) : 0;
	case FIELD_NETWORK_INFO_ADDRESS:
		keep_short(p->old_address, &p->old_len, s, len);
		return 0;
	default:
		assert(!"a field that is a string");
		return ERR_FORMAT;
	}
}

static double number_of(const char *text, size_t len)
{
	char copy[64];

	if (len >= sizeof(copy))
		return NAN;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return strtod(copy, NULL);
}

static int set_number(struct state_parser *p, const char *text, size_t len)
{
	double value = number_of(text, len);
	struct state_port *port = &p->parts.ports[p->parts.port_count];

	switch ((enum state_field)p->key->field) {
	case FIELD_PORT_NUMBER:
		if (value >= 0 && value <= UINT16_MAX && value == (uint16_t)value)
			port->number = (uint16_t)value;
		else
			port->malformed = true;
		return 0;
	case FIELD_STATUS_TIME:
		if (!(value >= 0 && value <= TIME_MAX))
			return skip(p, STATE_SKIP_NUMBER, "timestamp");
		p->parts.status.time = (uint64_t)(value * 1e6);
		return 0;
	case FIELD_MAPPING_HOST_PORT:
		if (!(value >= 0 && value <= UINT16_MAX))
			return skip(p, STATE_SKIP_NUMBER, "host_port");
		*(p->in_status ? &p->parts.status.mapped : &p->parts.mapped) |= value > 0;
		return 0;
	default:
		assert(!"a field that is a number");
		return ERR_FORMAT;
	}
}

static int set_bool(struct state_parser *p, bool value)
{
	switch ((enum state_field)p->key->field) {
	case FIELD_AGENT_ACTIVE:
		p->outer.agent->active = value;
		return 0;
	case FIELD_FRAMEWORK_ACTIVE:
		p->outer.framework->active = value;
		return 0;
	case FIELD_STATUS_HEALTHY:
		p->parts.status.health = value ? CLUSTER_HEALTH_GOOD : CLUSTER_HEALTH_BAD;
		return 0;
	default:
		assert(!"a field that is a boolean");
		return ERR_FORMAT;
	}
}

/* A value of the wrong type where one that counts was to come. */
static int wrong_type(struct state_parser *p)
{
	enum state_place here = place(p);

	if (!p->key)
		return skip(p, STATE_SKIP_TYPE, "item");
	if (here == PLACE_TOP && (p->key->place == PLACE_AGENTS || p->key->place == PLACE_FRAMEWORKS)) {
		snprintf(p->error, sizeof(p->error), "%s is no array", p->key->name);
		return ERR_FORMAT;
	}
	if (here == PLACE_PORT)
		p->parts.ports[p->parts.port_count].malformed = true;
	if (p->key->field == FIELD_AGENT_PID || p->key->field == FIELD_FRAMEWORK_PID)
		p->pid = PID_BAD;
	return skip(p, STATE_SKIP_TYPE, p->key->name);
}

static int emit(struct state_parser *p, struct cluster_builder *b, uint32_t *count)
{
	if (p->counts.agents + p->counts.frameworks + p->counts.tasks >= STATE_ELEMENTS_MAX) {
		snprintf(p->error, sizeof(p->error), "more than %u elements", STATE_ELEMENTS_MAX);
		return ERR_LIMIT;
	}
	++*count;
	return p->sink.element(p->sink.ctx, b);
}

/* A task whose framework is known by now, or never will be. */
static int emit_task(struct state_parser *p, struct cluster_builder *b)
{
	const struct cluster_framework *f = p->outer.framework;

	if (f->e.id.len) {
		int rc = cluster_build_text(
			b, CLUSTER_FIELD(task, framework_id), cluster_text(f, f->e.id), f->e.id.len);

		if (rc)
			return rc;
	}
	if (!b->task->framework_id.len)
		return skip(p, STATE_SKIP_ID, "framework_id");
	return emit(p, b, &p->counts.tasks);
}

/* Puts the task aside; its builder goes with it. */
static int queue_task(struct state_parser *p)
{
	if (p->queued == p->queue_room) {
		size_t room = p->queue_room ? p->queue_room * 2 : 64;
		struct cluster_builder *grown = realloc(p->queue, room * sizeof(*grown));

		if (!grown)
			return ERR_NOMEM;
		p->queue = grown;
		p->queue_room = room;
	}
	p->queue_bytes += p->task.room + p->task.spare_room;
	p->queue[p->queued++] = p->task;
	p->task = (struct cluster_builder){0};
	return 0;
}

static int task_end(struct state_parser *p)
{
	p->in_task = false;
	if (!p->task.task->e.id.len)
		return skip(p, STATE_SKIP_ID, "task without id");
	int rc = state_task_end(&p->parts, &p->task);
	if (rc)
		return rc;
	/* When the queue is full the task's own framework_id must do; masters write the same there. */
	if (!p->outer.framework->e.id.len && p->queued < QUEUE_COUNT && p->queue_bytes < STATE_QUEUE_MAX)
		return queue_task(p);
	return emit_task(p, &p->task);
}

static void queue_clear(struct state_parser *p)
{
	for (size_t i = 0; i < p->queued; i++)
		cluster_builder_fini(&p->queue[i]);
	p->queued = p->queue_bytes = 0;
}

static int framework_end(struct state_parser *p)
{
	int rc = 0;

	for (size_t i = 0; i < p->queued && !rc; i++)
		rc = emit_task(p, &p->queue[i]);
	queue_clear(p);
	if (rc)
		return rc;
	if (!p->outer.framework->e.id.len)
		return skip(p, STATE_SKIP_ID, "framework without id");
	if (p->pid == PID_NONE) { /* an HTTP scheduler */
		rc = cluster_build_text(
			&p->outer, CLUSTER_FIELD(framework, host), p->hostname, p->hostname_len);
		if (rc)
			return rc;
	}
	return emit(p, &p->outer, &p->counts.frameworks);
}

static int agent_end(struct state_parser *p)
{
	if (!p->outer.agent->e.id.len)
		return skip(p, STATE_SKIP_ID, "agent without id");
	if (p->pid == PID_NONE)
		skip(p, STATE_SKIP_PID, "no pid");
	return emit(p, &p->outer, &p->counts.agents);
}

static void network_info_end(struct state_parser *p)
{
	struct state_status *s = &p->parts.status;

	if (!p->in_status)
		return;
	s->network_infos = true;
	if (!p->address_list && p->old_len)
		add_address(p, &s->netinfo, p->old_address, p->old_len);
}

static void label_end(struct state_parser *p)
{
	struct state_status *s = &p->parts.status;

	if (p->label != LABEL_OTHER &&
		p->label_len) /* Docker writes "" for a container of the host's network */
		add_address(
			p, p->label == LABEL_MESOS ? &s->mesos : &s->docker, p->label_value, p->label_len);
}

static int port_end(struct state_parser *p)
{
	if (p->parts.ports[p->parts.port_count].malformed)
		return skip(p, STATE_SKIP_PORT, "discovery port");
	p->parts.port_count++;
	return 0;
}

static int enter(struct state_parser *p, enum state_place where)
{
	int rc;

	switch (where) {
	case PLACE_AGENTS:
		p->agents_seen = true;
		return 0;
	case PLACE_FRAMEWORKS:
		p->frameworks_seen = true;
		return 0;
	case PLACE_AGENT:
		p->pid = PID_NONE;
		rc = cluster_build_start(&p->outer, CLUSTER_AGENT);
		if (!rc)
			p->outer.agent->active = 1;
		return rc;
	case PLACE_FRAMEWORK:
		p->pid = PID_NONE;
		p->hostname_len = 0;
		rc = cluster_build_start(&p->outer, CLUSTER_FRAMEWORK);
		if (!rc)
			p->outer.framework->active = 1;
		return rc;
	case PLACE_TASK:
		p->in_task = true;
		state_task_begin(&p->parts);
		return cluster_build_start(&p->task, CLUSTER_TASK);
	case PLACE_PORT:
		p->parts.ports[p->parts.port_count] = (struct state_port){0};
		return 0;
	case PLACE_STATUS:
		p->in_status = true;
		state_status_begin(&p->parts);
		return 0;
	case PLACE_LABEL:
		p->label = LABEL_OTHER;
		p->label_len = 0;
		return 0;
	case PLACE_NETWORK_INFO:
		p->address_list = false;
		p->old_len = 0;
		return 0;
	case PLACE_ADDRESS:
		p->address_list = true;
		return 0;
	default:
		return 0;
	}
}

static int leave(struct state_parser *p, enum state_place where)
{
	switch (where) {
	case PLACE_TOP:
		p->ended = true;
		return 0;
	case PLACE_AGENT:
		return agent_end(p);
	case PLACE_FRAMEWORK:
		return framework_end(p);
	case PLACE_TASK:
		return task_end(p);
	case PLACE_PORT:
		return port_end(p);
	case PLACE_STATUS:
		p->in_status = false;
		state_status_end(&p->parts);
		return 0;
	case PLACE_LABEL:
		label_end(p);
		return 0;
	case PLACE_NETWORK_INFO:
		network_info_end(p);
		return 0;
	default:
		return 0;
	}
}

/* From here on yajl's callbacks: 1 goes on, 0 ends the parse with p->rc. */

static int done(struct state_parser *p, int rc)
{
	p->key = NULL;
	if (!rc)
		return 1;
	p->rc = rc;
	return 0;
}

static int not_an_object(struct state_parser *p)
{
	snprintf(p->error, sizeof(p->error), "the top level is no object");
	return done(p, ERR_FORMAT);
}

static int on_start(struct state_parser *p, enum state_type type)
{
	enum state_place where;

	p->events++;
	if (p->depth + p->skip >= STATE_DEPTH_MAX) {
		snprintf(p->error, sizeof(p->error), "nested deeper than %d", STATE_DEPTH_MAX);
		return done(p, ERR_LIMIT);
	}
	if (p->skip) {
		p->skip++;
		return 1;
	}
	if (!p->depth) {
		if (type != STATE_OBJECT)
			return not_an_object(p);
		where = PLACE_TOP;
	} else {
		const struct state_rule *rule = &state_rules[place(p)];

		if (rule->keys && !p->key) {
			p->skip = 1;
			return 1;
		}
		if (type != (rule->keys ? p->key->type : STATE_OBJECT)) {
			p->skip = 1;
			return done(p, wrong_type(p));
		}
		where = rule->keys ? p->key->place : rule->item;
		if (where == PLACE_PORT && p->parts.port_count == CLUSTER_PORTS_MAX) {
			p->skip = 1;
			return done(p, skip(p, STATE_SKIP_LIMIT, "discovery ports"));
		}
	}
	assert(p->depth < STACK_MAX);
	p->stack[p->depth++] = where;
	return done(p, enter(p, where));
}

static int on_end(struct state_parser *p)
{
	p->events++;
	if (p->skip) {
		p->skip--;
		return 1;
	}
	enum state_place where = place(p);
	int rc = leave(p, where);
	p->depth--;
	return done(p, rc);
}

/* Is this a scalar to be looked at? Then `*verdict` is for when it is not. */
static bool scalar(struct state_parser *p, enum state_type type, int *verdict)
{
	p->events++;
	*verdict = 1;
	if (p->skip)
		return false;
	if (!p->depth) {
		*verdict = not_an_object(p);
		return false;
	}
	if (!p->key && state_rules[place(p)].keys)
		return false;
	if (!p->key || p->key->type != type) {
		*verdict = done(p, wrong_type(p));
		return false;
	}
	return true;
}

static int on_string(void *ctx, const unsigned char *text, size_t len)
{
	struct state_parser *p = ctx;
	int verdict;

	return scalar(p, STATE_STRING, &verdict) ? done(p, set_string(p, (const char *)text, len)) : verdict;
}

static int on_number(void *ctx, const char *text, size_t len)
{
	struct state_parser *p = ctx;
	int verdict;

	return scalar(p, STATE_NUMBER, &verdict) ? done(p, set_number(p, text, len)) : verdict;
}

static int on_boolean(void *ctx, int value)
{
	struct state_parser *p = ctx;
	int verdict;

	return scalar(p, STATE_BOOL, &verdict) ? done(p, set_bool(p, value)) : verdict;
}

static int on_null(void *ctx)
{
	struct state_parser *p = ctx;

	p->events++;
	if (!p->depth)
		return not_an_object(p);
	p->key = NULL;
	return 1;
}

static int on_key(void *ctx, const unsigned char *name, size_t len)
{
	struct state_parser *p = ctx;

	p->events++;
	if (!p->skip)
		p->key = state_key_find(place(p), name, len);
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
	p->sink = *sink;
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
	queue_clear(p);
	free(p->queue);
	cluster_builder_fini(&p->outer);
	cluster_builder_fini(&p->task);
	state_task_fini(&p->parts);
	free(p);
}

static int fail(struct state_parser *p, int rc)
{
	p->rc = rc;
	if (!p->error[0])
		snprintf(p->error, sizeof(p->error), "%s", err_text(rc));
	return rc;
}

/* yajl's words end with a line feed. */
static int fail_yajl(struct state_parser *p)
{
	unsigned char *text = yajl_get_error(p->yajl, 0, NULL, 0);
	int len = text ? (int)strcspn((char *)text, "\n") : 0;

	snprintf(p->error, sizeof(p->error), "%.*s after %llu bytes", len, text ? (char *)text : "",
		(unsigned long long)p->counts.bytes);
	if (text)
		yajl_free_error(p->yajl, text);
	return fail(p, ERR_FORMAT);
}

static int feed_slice(struct state_parser *p, const unsigned char *data, size_t len)
{
	uint64_t events = p->events;
	yajl_status status = yajl_parse(p->yajl, data, len);

	p->counts.bytes += status == yajl_status_ok ? len : yajl_get_bytes_consumed(p->yajl);
	if (status == yajl_status_client_canceled)
		return fail(p, p->rc);
	if (status != yajl_status_ok)
		return fail_yajl(p);
	p->token = p->events == events ? p->token + len : 0;
	if (p->token > STATE_TOKEN_MAX) {
		snprintf(p->error, sizeof(p->error), "a token of more than %u bytes", STATE_TOKEN_MAX);
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
	if (p->ended && p->agents_seen && p->frameworks_seen)
		return 0;
	snprintf(p->error, sizeof(p->error), "the document has no %s",
		p->agents_seen ? "frameworks" : "slaves");
	return fail(p, ERR_FORMAT);
}

const char *state_parser_error(const struct state_parser *p)
{
	return p->error;
}

const struct state_counts *state_parser_counts(const struct state_parser *p)
{
	return &p->counts;
}
