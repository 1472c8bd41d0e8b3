/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/state_reader.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/printable.h"

#define QUEUE_COUNT 65536
#define TIME_MAX    10000000000.0 /* seconds; the year 2286 */

int state_reader_skip(struct state_reader *r, enum state_skip reason, const char *what)
{
	static const char *const kinds[] = {"agent", "framework", "task"};
	const struct cluster_element *e = r->in_task                       ? r->task.element
					  : r->in_agent || r->in_framework ? r->outer.element
									   : NULL;
	char text[256];

	r->counts.skipped[reason]++;
	if (!r->sink.skipped)
		return 0;
	if (e && e->id.len)
		snprintf(text, sizeof(text), "%s of %s %.*s", what, kinds[e->kind], (int)e->id.len,
			cluster_text(e, e->id));
	else
		snprintf(text, sizeof(text), "%s", what);
	printable_make(text);
	r->sink.skipped(r->sink.ctx, reason, text);
	return 0;
}

/* An error of a field: its own fault costs the field, the lack of memory everything. */
static int skip_error(struct state_reader *r, int rc, enum state_skip reason, const char *what)
{
	if (!rc || rc == ERR_NOMEM)
		return rc;
	return state_reader_skip(r, rc == ERR_LIMIT ? STATE_SKIP_LIMIT : reason, what);
}

static int set_text(struct state_reader *r, struct cluster_builder *b, size_t field, const char *text, size_t len)
{
	int rc = cluster_build_text(b, field, text, len);

	return rc ? skip_error(r, rc, STATE_SKIP_LIMIT, r->key->name) : 0;
}

static int set_pid(struct state_reader *r, size_t host_field, uint16_t *port_of(struct cluster_builder *),
	const char *text, size_t len)
{
	const char *host;
	size_t host_len;
	uint16_t port;
	int rc = cluster_parse_pid(text, len, &host, &host_len, &port);

	r->pid = PID_BAD;
	if (!rc)
		rc = cluster_build_text(&r->outer, host_field, host, host_len);
	if (rc)
		return skip_error(r, rc, STATE_SKIP_PID, "pid");
	*port_of(&r->outer) = port;
	r->pid = PID_GOOD;
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

static void set_port_ranges(struct state_reader *r, const char *text, size_t len)
{
	int n = cluster_parse_port_ranges(text, len, r->parts.ranges, CLUSTER_RANGES_MAX);

	r->parts.range_count = n > 0 ? (uint32_t)n : n == ERR_LIMIT ? CLUSTER_RANGES_MAX : 0;
	if (n < 0)
		skip_error(r, n, STATE_SKIP_PORT_RANGE, "resources.ports");
}

static int set_port_text(struct state_reader *r, const char *text, size_t len)
{
	struct state_port *port = &r->parts.ports[r->parts.port_count];
	bool name = r->key->field == FIELD_PORT_NAME;
	int rc = state_port_text(&r->parts, text, len, name ? &port->name : &port->protocol,
		name ? &port->name_len : &port->protocol_len);

	if (rc == ERR_LIMIT)
		port->malformed = true;
	return rc == ERR_LIMIT ? 0 : rc;
}

static int add_address(struct state_reader *r, struct state_addrs *addrs, const char *text, size_t len)
{
	int rc = state_addrs_add(addrs, text, len);

	return rc ? skip_error(r, rc, STATE_SKIP_ADDRESS, "address") : 0;
}

static enum state_label label_of(const char *text, size_t len)
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

int state_reader_string(struct state_reader *r, const char *s, size_t len)
{
	switch ((enum state_field)r->key->field) {
	case FIELD_MASTER_ID:
		return r->sink.master_id ? r->sink.master_id(r->sink.ctx, s, len) : 0;
	case FIELD_LEADER:
		return r->sink.leader ? r->sink.leader(r->sink.ctx, s, len) : 0;
	case FIELD_REREGISTER_TIMEOUT:
		return r->sink.reregister_timeout ? r->sink.reregister_timeout(r->sink.ctx, s, len) : 0;
	case FIELD_REGISTRY:
		return r->sink.registry ? r->sink.registry(r->sink.ctx, s, len) : 0;
	case FIELD_RECOVERED_ID:
		return r->sink.recovered_agent ? r->sink.recovered_agent(r->sink.ctx, s, len) : 0;
	case FIELD_COMPLETED_ID:
		return r->sink.completed_framework ? r->sink.completed_framework(r->sink.ctx, s, len) : 0;
	case FIELD_AGENT_ID:
		return set_text(r, &r->outer, CLUSTER_FIELD(agent, e.id), s, len);
	case FIELD_AGENT_HOSTNAME:
		return set_text(r, &r->outer, CLUSTER_FIELD(agent, hostname), s, len);
	case FIELD_AGENT_PID:
		return set_pid(r, CLUSTER_FIELD(agent, host), agent_port, s, len);
	case FIELD_FRAMEWORK_ID:
		return set_text(r, &r->outer, CLUSTER_FIELD(framework, e.id), s, len);
	case FIELD_FRAMEWORK_NAME:
		return set_text(r, &r->outer, CLUSTER_FIELD(framework, name), s, len);
	case FIELD_FRAMEWORK_PID: /* forks write "" for a scheduler that has none */
		return len ? set_pid(r, CLUSTER_FIELD(framework, host), framework_port, s, len) : 0;
	case FIELD_FRAMEWORK_HOSTNAME:
		if (len > sizeof(r->hostname))
			return state_reader_skip(r, STATE_SKIP_LIMIT, "hostname");
		memcpy(r->hostname, s, len);
		r->hostname_len = len;
		return 0;
	case FIELD_TASK_ID:
		return set_text(r, &r->task, CLUSTER_FIELD(task, e.id), s, len);
	case FIELD_TASK_NAME:
		return set_text(r, &r->task, CLUSTER_FIELD(task, name), s, len);
	case FIELD_TASK_FRAMEWORK_ID:
		return set_text(r, &r->task, CLUSTER_FIELD(task, framework_id), s, len);
	case FIELD_TASK_AGENT_ID:
		return set_text(r, &r->task, CLUSTER_FIELD(task, agent_id), s, len);
	case FIELD_TASK_STATE:
		r->task.task->state = cluster_parse_task_state(s, len);
		return 0;
	case FIELD_TASK_PORTS:
		set_port_ranges(r, s, len);
		return 0;
	case FIELD_DISCOVERY_NAME:
		return set_text(r, &r->task, CLUSTER_FIELD(task, discovery_name), s, len);
	case FIELD_PORT_NAME:
	case FIELD_PORT_PROTOCOL:
		return set_port_text(r, s, len);
	case FIELD_STATUS_STATE:
		r->parts.status.running = cluster_parse_task_state(s, len) == CLUSTER_TASK_RUNNING;
		return 0;
	case FIELD_LABEL_KEY:
		r->label = label_of(s, len);
		return 0;
	case FIELD_LABEL_VALUE:
		keep_short(r->label_value, &r->label_len, s, len);
		return 0;
	case FIELD_ADDRESS:
		return r->in_status && len ? add_address(r, &r->parts.status.netinfo, s, len) : 0;
	case FIELD_NETWORK_INFO_ADDRESS:
		keep_short(r->old_address, &r->old_len, s, len);
		return 0;
	case FIELD_RESOURCE_NAME:
		r->ports = len == 5 && !memcmp(s, "ports", 5);
		return 0;
	default:
		assert(r->key->field >= FIELD_STREAM);
		return r->frame.string(r->frame.ctx, r->key->field, s, len);
	}
}

/* The number as strtod() reads it; by hand where that is exact: of digits that a double holds and a power of ten that it
 * holds too, the quotient is rounded once. */
static double number_of(const char *text, size_t len)
{
	static const double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
	uint64_t digits = 0;
	size_t i = 0, places = 0;
	bool point = false;
	char copy[64];

	if (len >= sizeof(copy))
		return NAN;
	for (; len < 20 && i < len && (text[i] == '.' || (text[i] >= '0' && text[i] <= '9')); i++) {
		if (text[i] == '.') {
			point = true;
			continue;
		}
		digits = digits * 10 + (uint64_t)(text[i] - '0');
		places += point;
	}
	if (i == len && places < sizeof(powers) / sizeof(powers[0]) && digits <= (uint64_t)1 << 53)
		return (double)digits / powers[places];
	memcpy(copy, text, len);
	copy[len] = '\0';
	return strtod(copy, NULL);
}

int state_reader_number(struct state_reader *r, const char *text, size_t len)
{
	double value = number_of(text, len);
	struct state_port *port = &r->parts.ports[r->parts.port_count];

	switch ((enum state_field)r->key->field) {
	case FIELD_PORT_NUMBER:
		if (value >= 0 && value <= UINT16_MAX && value == (uint16_t)value)
			port->number = (uint16_t)value;
		else
			port->malformed = true;
		return 0;
	case FIELD_STATUS_TIME:
		if (!(value >= 0 && value <= TIME_MAX))
			return state_reader_skip(r, STATE_SKIP_NUMBER, "timestamp");
		r->parts.status.time = (uint64_t)(value * 1e6);
		return 0;
	case FIELD_MAPPING_HOST_PORT:
		if (!(value >= 0 && value <= UINT16_MAX))
			return state_reader_skip(r, STATE_SKIP_NUMBER, "host_port");
		*(r->in_status ? &r->parts.status.mapped : &r->parts.mapped) |= value > 0;
		return 0;
	case FIELD_RANGE_BEGIN:
		r->range_begin = value;
		return 0;
	case FIELD_RANGE_END:
		r->range_end = value;
		return 0;
	default:
		assert(r->key->field >= FIELD_STREAM);
		r->frame.number(r->frame.ctx, r->key->field, value);
		return 0;
	}
}

int state_reader_bool(struct state_reader *r, bool value)
{
	switch ((enum state_field)r->key->field) {
	case FIELD_AGENT_ACTIVE:
		r->outer.agent->active = value;
		return 0;
	case FIELD_FRAMEWORK_ACTIVE:
		r->outer.framework->active = value;
		return 0;
	case FIELD_STATUS_HEALTHY:
		r->parts.status.health = value ? CLUSTER_HEALTH_GOOD : CLUSTER_HEALTH_BAD;
		return 0;
	default:
		assert(!"a field that is a boolean");
		return ERR_FORMAT;
	}
}

/* What would make the cluster empty if it were as if missing. */
static bool holds_elements(const struct state_key *key, enum state_place here)
{
	switch ((enum state_place)key->place) {
	case PLACE_AGENTS:
	case PLACE_FRAMEWORKS:
	case PLACE_SUBSCRIBED:
	case PLACE_GET_STATE:
	case PLACE_GET_AGENTS:
	case PLACE_GET_FRAMEWORKS:
	case PLACE_GET_TASKS:
		return true;
	case PLACE_TASKS:
		return here == PLACE_GET_TASKS;
	default:
		return false;
	}
}

int state_reader_wrong_type(struct state_reader *r)
{
	enum state_place here = state_reader_place(r);

	if (here == PLACE_RANGES || here == PLACE_RANGE_LIST || here == PLACE_RANGE)
		r->ranges_error = ERR_FORMAT;
	if (!r->key)
		return state_reader_skip(r, STATE_SKIP_TYPE, "item");
	if (holds_elements(r->key, here)) {
		snprintf(r->error, sizeof(r->error), "%s is no %s", r->key->name,
			r->key->type == STATE_ARRAY ? "array" : "object");
		return ERR_FORMAT;
	}
	if (here == PLACE_PORT)
		r->parts.ports[r->parts.port_count].malformed = true;
	if (r->key->field == FIELD_AGENT_PID || r->key->field == FIELD_FRAMEWORK_PID)
		r->pid = PID_BAD;
	return state_reader_skip(r, STATE_SKIP_TYPE, r->key->name);
}

static int emit(struct state_reader *r, struct cluster_builder *b, uint32_t *count)
{
	if (r->elements++ >= STATE_ELEMENTS_MAX) {
		snprintf(r->error, sizeof(r->error), "more than %u elements", STATE_ELEMENTS_MAX);
		return ERR_LIMIT;
	}
	++*count;
	return r->sink.element(r->sink.ctx, b);
}

/* A task whose framework is known by now, or never will be. */
static int emit_task(struct state_reader *r, struct cluster_builder *b)
{
	const struct cluster_framework *f = r->in_framework ? r->outer.framework : NULL;

	if (f && f->e.id.len) {
		int rc =
			cluster_build_text(b, CLUSTER_FIELD(task, framework_id), cluster_text(f, f->e.id), f->e.id.len);

		if (rc)
			return rc;
	}
	if (!b->task->framework_id.len)
		return state_reader_skip(r, STATE_SKIP_ID, "framework_id");
	return emit(r, b, &r->counts.tasks);
}

/* Puts the task aside; its builder goes with it. */
static int queue_task(struct state_reader *r)
{
	if (r->queued == r->queue_room) {
		size_t room = r->queue_room ? r->queue_room * 2 : 64;
		struct cluster_builder *grown = realloc(r->queue, room * sizeof(*grown));

		if (!grown)
			return ERR_NOMEM;
		r->queue = grown;
		r->queue_room = room;
	}
	r->queue_bytes += r->task.room + r->task.spare_room;
	r->queue[r->queued++] = r->task;
	r->task = (struct cluster_builder){0};
	return 0;
}

static int task_end(struct state_reader *r)
{
	r->in_task = false;
	if (!r->task.task->e.id.len)
		return state_reader_skip(r, STATE_SKIP_ID, "task without id");
	int rc = state_task_end(&r->parts, &r->task);
	if (rc)
		return rc;
	/* When the queue is full the task's own framework_id must do; masters write the same there. */
	if (r->in_framework && !r->outer.framework->e.id.len && r->queued < QUEUE_COUNT &&
		r->queue_bytes < STATE_QUEUE_MAX)
		return queue_task(r);
	return emit_task(r, &r->task);
}

static void queue_clear(struct state_reader *r)
{
	for (size_t i = 0; i < r->queued; i++)
		cluster_builder_fini(&r->queue[i]);
	r->queued = r->queue_bytes = 0;
}

static int framework_end(struct state_reader *r)
{
	int rc = 0;

	for (size_t i = 0; i < r->queued && !rc; i++)
		rc = emit_task(r, &r->queue[i]);
	queue_clear(r);
	if (rc)
		return rc;
	if (!r->outer.framework->e.id.len)
		return state_reader_skip(r, STATE_SKIP_ID, "framework without id");
	if (r->pid == PID_NONE) { /* an HTTP scheduler */
		rc = cluster_build_text(&r->outer, CLUSTER_FIELD(framework, host), r->hostname, r->hostname_len);
		if (rc)
			return rc;
	}
	return emit(r, &r->outer, &r->counts.frameworks);
}

static int agent_end(struct state_reader *r)
{
	if (!r->outer.agent->e.id.len)
		return state_reader_skip(r, STATE_SKIP_ID, "agent without id");
	if (r->pid == PID_NONE)
		state_reader_skip(r, STATE_SKIP_PID, "no pid");
	return emit(r, &r->outer, &r->counts.agents);
}

static void network_info_end(struct state_reader *r)
{
	struct state_status *s = &r->parts.status;

	if (!r->in_status)
		return;
	s->network_infos = true;
	if (!r->address_list && r->old_len)
		add_address(r, &s->netinfo, r->old_address, r->old_len);
}

static void label_end(struct state_reader *r)
{
	struct state_status *s = &r->parts.status;

	if (r->label != LABEL_OTHER && r->label_len) /* Docker writes "" for a container of the host's network */
		add_address(r, r->label == LABEL_MESOS ? &s->mesos : &s->docker, r->label_value, r->label_len);
}

static int port_end(struct state_reader *r)
{
	if (r->parts.ports[r->parts.port_count].malformed)
		return state_reader_skip(r, STATE_SKIP_PORT, "discovery port");
	r->parts.port_count++;
	return 0;
}

static void range_end(struct state_reader *r)
{
	int rc = state_range_add(&r->parts, r->range_begin, r->range_end);

	if (rc && r->ranges_error != ERR_FORMAT)
		r->ranges_error = rc;
}

static void resource_end(struct state_reader *r)
{
	if (!r->ports || r->revocable) {
		r->parts.range_count = r->ranges_from;
		return;
	}
	skip_error(r, r->ranges_error, STATE_SKIP_PORT_RANGE, "resources.ports");
	r->ranges_bad |= r->ranges_error && r->ranges_error != ERR_LIMIT;
}

static void resources_end(struct state_reader *r)
{
	if (r->ranges_bad)
		r->parts.range_count = 0;
	state_ranges_join(&r->parts);
}

int state_reader_enter(struct state_reader *r, enum state_place where)
{
	int rc;

	switch (where) {
	case PLACE_AGENTS:
		r->agents_seen = true;
		return 0;
	case PLACE_FRAMEWORKS:
		r->frameworks_seen = true;
		return 0;
	case PLACE_RECOVERED_AGENTS:
		return r->sink.recovered_list ? r->sink.recovered_list(r->sink.ctx) : 0;
	case PLACE_AGENT:
		r->in_agent = true;
		r->pid = PID_NONE;
		rc = cluster_build_start(&r->outer, CLUSTER_AGENT);
		if (!rc)
			r->outer.agent->active = 1;
		return rc;
	case PLACE_FRAMEWORK:
		r->in_framework = true;
		r->pid = PID_NONE;
		r->hostname_len = 0;
		rc = cluster_build_start(&r->outer, CLUSTER_FRAMEWORK);
		if (!rc)
			r->outer.framework->active = 1;
		return rc;
	case PLACE_TASK:
		r->in_task = true;
		r->ranges_bad = false;
		state_task_begin(&r->parts);
		return cluster_build_start(&r->task, CLUSTER_TASK);
	case PLACE_PORT:
		r->parts.ports[r->parts.port_count] = (struct state_port){0};
		return 0;
	case PLACE_STATUS:
		r->in_status = true;
		state_status_begin(&r->parts);
		return 0;
	case PLACE_LABEL:
		r->label = LABEL_OTHER;
		r->label_len = 0;
		return 0;
	case PLACE_NETWORK_INFO:
		r->address_list = false;
		r->old_len = 0;
		return 0;
	case PLACE_ADDRESS:
		r->address_list = true;
		return 0;
	case PLACE_RESOURCE:
		r->ports = r->revocable = false;
		r->ranges_from = r->parts.range_count;
		r->ranges_error = 0;
		return 0;
	case PLACE_REVOCABLE:
		r->revocable = true;
		return 0;
	case PLACE_RANGE:
		r->range_begin = r->range_end = -1;
		return 0;
	default:
		return where >= PLACE_STREAM ? r->frame.enter(r->frame.ctx, where) : 0;
	}
}

int state_reader_leave(struct state_reader *r, enum state_place where)
{
	int rc;

	switch (where) {
	case PLACE_TOP:
		r->ended = true;
		return 0;
	case PLACE_AGENT:
		rc = agent_end(r);
		r->in_agent = false;
		return rc;
	case PLACE_FRAMEWORK:
		rc = framework_end(r);
		r->in_framework = false;
		return rc;
	case PLACE_TASK:
		return task_end(r);
	case PLACE_RESOURCES:
		if (r->rules[where].keys)
			return 0; /* a text was all */
		resources_end(r);
		return 0;
	case PLACE_RESOURCE:
		resource_end(r);
		return 0;
	case PLACE_RANGE:
		range_end(r);
		return 0;
	case PLACE_PORT:
		return port_end(r);
	case PLACE_STATUS:
		r->in_status = false;
		state_status_end(&r->parts);
		return 0;
	case PLACE_LABEL:
		label_end(r);
		return 0;
	case PLACE_NETWORK_INFO:
		network_info_end(r);
		return 0;
	default:
		return 0;
	}
}

void state_reader_restart(struct state_reader *r)
{
	queue_clear(r);
	r->depth = r->elements = 0;
	r->key = NULL;
	r->error[0] = '\0';
	r->ended = r->agents_seen = r->frameworks_seen = false;
	r->in_agent = r->in_framework = r->in_task = r->in_status = false;
}

void state_reader_fini(struct state_reader *r)
{
	queue_clear(r);
	free(r->queue);
	cluster_builder_fini(&r->outer);
	cluster_builder_fini(&r->task);
	state_task_fini(&r->parts);
}
