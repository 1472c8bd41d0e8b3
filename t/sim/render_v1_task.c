/* SPDX-License-Identifier: Apache-2.0 */
#include "t/sim/render_task.h"
#include "t/sim/render_v1.h"
#include "t/sim/tasks.h"

/* What a status is called by, 16 bytes in base64 (RFC 4648, section 4). */
static void put_uuid(struct text *out, const struct task *t, const struct status *s)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct rng rng = {t->uuid[0] ^ s->time};
	uint64_t halves[2] = {rng_next(&rng), rng_next(&rng)};
	char coded[24];
	size_t n = 0;

	for (unsigned i = 0; i < 16; i += 3) {
		uint32_t group = 0;
		for (unsigned k = i; k < i + 3; k++)
			group = group << 8 | (k < 16 ? halves[k / 8] >> (8 * (k % 8)) & 255 : 0);
		for (unsigned k = 0; k < 4; k++)
			coded[n++] = digits[group >> (18 - 6 * k) & 63];
	}
	coded[22] = coded[23] = '=';
	text_lit(out, "\"");
	text_put(out, coded, sizeof(coded));
	text_lit(out, "\"");
}

static void put_message(struct text *out, const struct task *t, const struct status *s)
{
	const char *state = s->state == TASK_FINISHED ? "Command exited with status 0"
			    : s->state == TASK_FAILED ? "Command exited with status 3"
			    : s->state == TASK_KILLED ? "Command terminated with signal Terminated"
						      : NULL;

	if (s->cause == CAUSE_AGENT && s->state == TASK_UNREACHABLE)
		text_lit(out, ",\"message\":\"health check timed out\"");
	else if (s->cause == CAUSE_AGENT)
		text_printf(out, ",\"message\":\"Agent %s removed: the agent unregistered\"", t->agent->hostname);
	else if (s->cause == CAUSE_FRAMEWORK)
		text_printf(out, ",\"message\":\"Framework %s removed\"", t->app->framework->id);
	else if (state)
		text_printf(out, ",\"message\":\"%s\"", state);
}

static bool from_executor(const struct status *s)
{
	return s->cause == CAUSE_EXECUTOR || s->cause == CAUSE_HEALTH;
}

/* Mesos' own executor is called like its task. */
static void put_executor_id(struct text *out, const struct task *t)
{
	if (t->app->executor)
		render_executor_id(out, t);
	else
		text_json(out, t->id);
}

void render_v1_status(struct text *out, const struct task *t, const struct status *s)
{
	bool executor = from_executor(s);

	text_lit(out, "{\"task_id\":{\"value\":");
	text_json(out, t->id);
	text_printf(out, "},\"state\":\"%s\"", task_state_text(s->state));
	put_message(out, t, s);
	if (executor)
		text_lit(out, ",\"source\":\"SOURCE_EXECUTOR\"");
	else
		text_lit(out, ",\"source\":\"SOURCE_MASTER\"");
	if (s->cause == CAUSE_HEALTH)
		text_lit(out, ",\"reason\":\"REASON_TASK_HEALTH_CHECK_STATUS_UPDATED\"");
	else if (s->cause == CAUSE_AGENT)
		text_lit(out, ",\"reason\":\"REASON_AGENT_REMOVED\"");
	else if (s->cause == CAUSE_FRAMEWORK)
		text_lit(out, ",\"reason\":\"REASON_FRAMEWORK_REMOVED\"");
	text_lit(out, ",\"agent_id\":{\"value\":");
	text_json(out, t->agent->id);
	text_lit(out, "}");
	if (executor) {
		text_lit(out, ",\"executor_id\":{\"value\":");
		put_executor_id(out, t);
		text_lit(out, "}");
	}
	text_lit(out, ",\"timestamp\":");
	text_time(out, s->time);
	if (executor) {
		text_lit(out, ",\"uuid\":");
		put_uuid(out, t, s);
	}
	if (s->health) {
		text_lit(out, ",\"healthy\":");
		text_flag(out, s->health == HEALTH_GOOD);
	}
	if (executor && render_container_known(s))
		render_container_status(out, t, s, true);
	if (s->state == TASK_UNREACHABLE) {
		text_lit(out, ",\"unreachable_time\":{\"nanoseconds\":");
		text_number(out, s->time * 1000);
		text_lit(out, "}");
	}
	text_lit(out, "}");
}

/* A task's ports: in their order, or as single ranges with the highest first. */
static void put_ports(struct text *out, const struct task *t, bool *first)
{
	unsigned count = render_host_ports(t->app);

	if (!count)
		return;
	text_comma(out, first);
	text_lit(out, "{\"name\":\"ports\",\"type\":\"RANGES\",\"ranges\":{\"range\":[");
	for (unsigned i = 0; i < count; i++) {
		unsigned at = t->app->scattered ? count - 1 - i : i;
		unsigned begin = t->ports[at], end = begin;
		text_put(out, ",", i > 0);
		while (!t->app->scattered && i + 1 < count && t->ports[i + 1] == end + 1) {
			end++;
			i++;
		}
		text_lit(out, "{\"begin\":");
		text_number(out, begin);
		text_lit(out, ",\"end\":");
		text_number(out, end);
		text_lit(out, "}");
	}
	text_lit(out, "]}" RENDER_V1_ALLOCATED "}");
}

void render_v1_task(struct text *out, const struct task *t)
{
	const struct app *app = t->app;
	const struct status *newest = t->status_count ? &t->statuses[t->status_count - 1] : NULL;
	bool first = true;
	char name[TASK_NAME_MAX];

	text_lit(out, "{\"name\":");
	text_json(out, task_name(t, app->name, name));
	text_lit(out, ",\"task_id\":{\"value\":");
	text_json(out, t->id);
	text_lit(out, "},\"framework_id\":{\"value\":");
	text_json(out, app->framework->id);
	if (app->executor) {
		text_lit(out, "},\"executor_id\":{\"value\":");
		render_executor_id(out, t);
	}
	text_lit(out, "},\"agent_id\":{\"value\":");
	text_json(out, t->agent->id);
	text_printf(out, "},\"state\":\"%s\",\"resources\":[", task_state_text(t->state));
	render_v1_amount(out, &app->need, RENDER_V1_ALLOCATED, &first);
	put_ports(out, t, &first);
	text_lit(out, "]");
	for (unsigned i = 0; i < t->status_count; i++) {
		if (i)
			text_lit(out, ",");
		else
			text_lit(out, ",\"statuses\":[");
		render_v1_status(out, t, &t->statuses[i]);
	}
	if (newest)
		text_lit(out, "]");
	if (newest) {
		text_printf(out, ",\"status_update_state\":\"%s\"", task_state_text(t->state));
		if (from_executor(newest)) {
			text_lit(out, ",\"status_update_uuid\":");
			put_uuid(out, t, newest);
		}
	}
	if (app->id_style == ID_MARATHON) {
		text_lit(out, ",\"labels\":{\"labels\":");
		render_labels(out, app);
		text_lit(out, "}");
	}
	render_discovery(out, t);
	render_container(out, t);
	render_health_check(out, t);
	text_lit(out, "}");
}
