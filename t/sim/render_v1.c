/* SPDX-License-Identifier: Apache-2.0 */
#include "t/sim/render_v1.h"

#include "t/sim/render_task.h"
#include "t/sim/tasks.h"

#define PLAIN ""

static void put_scalar(struct text *out, const char *name, uint64_t milli, const char *tail, bool *first)
{
	text_comma(out, first);
	text_lit(out, "{\"name\":\"");
	text_put(out, name, strlen(name));
	text_lit(out, "\",\"type\":\"SCALAR\",\"scalar\":{\"value\":");
	text_milli(out, milli);
	text_lit(out, "}");
	text_put(out, tail, strlen(tail));
	text_lit(out, "}");
}

void render_v1_amount(struct text *out, const struct amount *a, const char *tail, bool *first)
{
	put_scalar(out, "cpus", a->cpus_milli, tail, first);
	put_scalar(out, "mem", a->mem * 1000, tail, first);
	if (a->disk)
		put_scalar(out, "disk", a->disk * 1000, tail, first);
}

void render_v1_ports(struct text *out, const uint8_t *ports, const char *tail, bool *first)
{
	bool start = true;

	if (!render_any_port(ports))
		return;
	text_comma(out, first);
	text_lit(out, "{\"name\":\"ports\",\"type\":\"RANGES\",\"ranges\":{\"range\":[");
	for (unsigned i = 0; i < CLUSTER_PORTS; i++) {
		unsigned begin = i;
		while (i < CLUSTER_PORTS && ports[i / 8] >> (i % 8) & 1)
			i++;
		if (i > begin) {
			text_comma(out, &start);
			text_printf(out, "{\"begin\":%u,\"end\":%u}", CLUSTER_FIRST_PORT + begin,
				CLUSTER_FIRST_PORT + i - 1);
		}
	}
	text_lit(out, "]}");
	text_put(out, tail, strlen(tail));
	text_lit(out, "}");
}

static void put_nanoseconds(struct text *out, uint64_t us)
{
	text_lit(out, "{\"nanoseconds\":");
	text_number(out, us * 1000);
	text_lit(out, "}");
}

/* All that an agent has. */
static void put_total(struct text *out, const struct agent *a, const char *tail)
{
	uint8_t every_port[CLUSTER_PORTS / 8 + 1];
	bool first = true;

	memset(every_port, 0xff, sizeof(every_port));
	text_lit(out, "[");
	render_v1_ports(out, every_port, tail, &first);
	render_v1_amount(out, &a->total, tail, &first);
	text_lit(out, "]");
}

static void put_agent_info(struct text *out, const struct agent *a, bool event)
{
	text_lit(out, "{\"hostname\":");
	text_json(out, a->hostname);
	text_printf(out, ",\"port\":%u,\"resources\":", a->port);
	put_total(out, a, PLAIN);
	text_printf(out,
		",\"attributes\":[{\"name\":\"rack\",\"type\":\"TEXT\",\"text\":{\"value\":\"r%u\"}},"
		"{\"name\":\"zone\",\"type\":\"TEXT\",\"text\":{\"value\":\"z%u\"}},"
		"{\"name\":\"weight\",\"type\":\"SCALAR\",\"scalar\":{\"value\":%u.0}},"
		"{\"name\":\"span\",\"type\":\"RANGES\",\"ranges\":{\"range\":[{\"begin\":1,\"end\":3}]}}]",
		a->number % 4 + 1, a->number % 3 + 1, a->number % 5 + 1);
	text_lit(out, ",\"id\":{\"value\":");
	text_json(out, a->id);
	text_lit(out, "}");
	if (!event)
		text_lit(out, ",\"checkpoint\":true");
	text_lit(out, "}");
}

static void put_agent(struct text *out, const struct agent *a, bool event)
{
	bool first = true;

	text_lit(out, "{\"agent_info\":");
	put_agent_info(out, a, event);
	text_lit(out, ",\"active\":");
	text_flag(out, a->active);
	text_lit(out, ",\"deactivated\":false,\"version\":\"1.12.0\",\"pid\":\"slave(1)@");
	text_ipv4(out, a->ip);
	text_printf(out, ":%u\",\"registered_time\":", a->port);
	put_nanoseconds(out, a->registered);
	if (a->reregistered) {
		text_lit(out, ",\"reregistered_time\":");
		put_nanoseconds(out, a->reregistered);
	}
	text_lit(out, ",\"total_resources\":");
	put_total(out, a, RENDER_V1_ROLE);
	if (!TAILQ_EMPTY(&a->tasks)) {
		text_lit(out, ",\"allocated_resources\":[");
		render_v1_amount(out, &a->used, RENDER_V1_ROLE RENDER_V1_ALLOCATED, &first);
		render_v1_ports(out, a->ports, RENDER_V1_ROLE RENDER_V1_ALLOCATED, &first);
		text_lit(out, "]");
	}
	text_lit(out, ",\"capabilities\":[{\"type\":\"MULTI_ROLE\"},{\"type\":\"HIERARCHICAL_ROLE\"},"
		      "{\"type\":\"RESERVATION_REFINEMENT\"},{\"type\":\"RESOURCE_PROVIDER\"},"
		      "{\"type\":\"RESIZE_VOLUME\"},{\"type\":\"AGENT_OPERATION_FEEDBACK\"},"
		      "{\"type\":\"AGENT_DRAINING\"},{\"type\":\"TASK_RESOURCE_LIMITS\"}]}");
}

static void put_optional(struct text *out, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	text_printf(out, ",\"%s\":", name);
	text_json(out, value);
}

static void put_framework_info(struct text *out, const struct framework *f)
{
	text_lit(out, "{\"user\":\"root\",\"name\":");
	text_json(out, f->name);
	text_lit(out, ",\"id\":{\"value\":");
	text_json(out, f->id);
	text_lit(out, "},\"failover_timeout\":");
	text_milli(out, f->failover_timeout * 1000);
	text_lit(out, ",\"checkpoint\":true");
	if (f->multi_role)
		text_lit(out, ",\"roles\":[\"*\"]");
	else
		text_lit(out, ",\"role\":\"*\"");
	put_optional(out, "hostname", f->hostname);
	put_optional(out, "principal", f->principal);
	put_optional(out, "webui_url", f->webui_url);
	text_lit(out, ",\"capabilities\":[");
	if (f->multi_role)
		text_lit(out, "{\"type\":\"MULTI_ROLE\"},");
	text_lit(out, "{\"type\":\"PARTITION_AWARE\"},{\"type\":\"TASK_KILLING_STATE\"},"
		      "{\"type\":\"RESERVATION_REFINEMENT\"}]");
	if (f->principal)
		text_lit(out, ",\"labels\":{\"labels\":[{\"key\":\"DCOS_SPACE\",\"value\":\"/\"}]}");
	text_lit(out, "}");
}

/* Without the closing brace. */
static void put_framework_head(struct text *out, const struct framework *f)
{
	text_lit(out, "{\"framework_info\":");
	put_framework_info(out, f);
	text_lit(out, ",\"active\":");
	text_flag(out, f->active);
	text_lit(out, ",\"connected\":");
	text_flag(out, f->connected);
	text_lit(out, ",\"recovered\":");
	text_flag(out, f->recovered);
}

/* An event leaves out what is allocated, and tells the times that a snapshot leaves out when there are none. */
static void put_framework_event(struct text *out, const struct framework *f)
{
	put_framework_head(out, f);
	text_lit(out, ",\"registered_time\":");
	put_nanoseconds(out, f->recovered ? 0 : f->registered);
	text_lit(out, ",\"reregistered_time\":");
	put_nanoseconds(out, f->recovered ? 0 : f->reregistered);
	text_lit(out, ",\"unregistered_time\":");
	put_nanoseconds(out, f->unregistered);
	text_lit(out, "}");
}

static void put_framework(struct text *out, const struct framework *f)
{
	struct amount used = {0, 0, 0};
	uint8_t ports[CLUSTER_PORTS / 8 + 1] = {0};
	const struct app *app;
	const struct task *t;
	bool first = true;

	put_framework_head(out, f);
	if (!f->recovered) {
		text_lit(out, ",\"registered_time\":");
		put_nanoseconds(out, f->registered);
		text_lit(out, ",\"reregistered_time\":");
		put_nanoseconds(out, f->reregistered);
	}
	if (f->unregistered) {
		text_lit(out, ",\"unregistered_time\":");
		put_nanoseconds(out, f->unregistered);
	}
	TAILQ_FOREACH (app, &f->apps, of_framework)
		TAILQ_FOREACH (t, &app->tasks, of_app)
			if (render_task_runs(t))
				render_add_used(&used, ports, t);
	if (used.cpus_milli) {
		text_lit(out, ",\"allocated_resources\":[");
		render_v1_amount(out, &used, RENDER_V1_ROLE RENDER_V1_ALLOCATED, &first);
		render_v1_ports(out, ports, RENDER_V1_ROLE RENDER_V1_ALLOCATED, &first);
		text_lit(out, "]");
	}
	text_lit(out, ",\"offer_constraints\":{}}");
}

/* The tasks on agents that are registered, or on those that are unreachable. */
static void put_tasks(struct text *out, const struct cluster *c, enum agent_state where)
{
	const struct app *app;
	const struct task *t;
	bool first = true;

	for (size_t i = 0; i < c->framework_count; i++) {
		if (!cluster_framework_visible(c->frameworks[i]))
			continue;
		TAILQ_FOREACH (app, &c->frameworks[i]->apps, of_framework)
			TAILQ_FOREACH (t, &app->tasks, of_app)
				if (t->agent->state == where) {
					text_comma(out, &first);
					render_v1_task(out, t);
				}
	}
}

static void put_completed_tasks(struct text *out, const struct cluster *c)
{
	const struct task *t;
	bool first = true;

	for (size_t i = 0; i < c->framework_count; i++)
		TAILQ_FOREACH (t, &c->frameworks[i]->completed_tasks, of_app) {
			text_comma(out, &first);
			render_v1_task(out, t);
		}
}

void render_v1_tasks(struct text *out, const struct cluster *c)
{
	text_lit(out, "{\"tasks\":[");
	put_tasks(out, c, AGENT_REGISTERED);
	text_lit(out, "],\"unreachable_tasks\":[");
	put_tasks(out, c, AGENT_UNREACHABLE);
	text_lit(out, "],\"completed_tasks\":[");
	put_completed_tasks(out, c);
	text_lit(out, "]}");
}

static void put_executor(struct text *out, const struct task *t)
{
	static const struct amount need = {TASK_EXECUTOR_CPUS_MILLI, TASK_EXECUTOR_MEM, TASK_EXECUTOR_DISK};
	bool first = true;

	text_lit(out, "{\"executor_info\":{\"type\":\"DEFAULT\",\"executor_id\":{\"value\":");
	render_executor_id(out, t);
	text_lit(out, "},\"framework_id\":{\"value\":");
	text_json(out, t->app->framework->id);
	text_lit(out, "},\"resources\":[");
	render_v1_amount(out, &need, RENDER_V1_ALLOCATED, &first);
	text_lit(out, "]},\"agent_id\":{\"value\":");
	text_json(out, t->agent->id);
	text_lit(out, "}}");
}

void render_v1_executors(struct text *out, const struct cluster *c)
{
	const struct app *app;
	const struct task *t;
	bool first = true;

	text_lit(out, "{\"executors\":[");
	for (size_t i = 0; i < c->framework_count; i++) {
		if (!cluster_framework_visible(c->frameworks[i]))
			continue;
		TAILQ_FOREACH (app, &c->frameworks[i]->apps, of_framework) {
			if (!app->executor)
				continue;
			TAILQ_FOREACH (t, &app->tasks, of_app)
				if (render_task_runs(t)) {
					text_comma(out, &first);
					put_executor(out, t);
				}
		}
	}
	text_lit(out, "]}");
}

void render_v1_frameworks(struct text *out, const struct cluster *c)
{
	bool first = true;

	text_lit(out, "{\"frameworks\":[");
	for (size_t i = 0; i < c->framework_count; i++)
		if (cluster_framework_visible(c->frameworks[i])) {
			text_comma(out, &first);
			put_framework(out, c->frameworks[i]);
		}
	text_lit(out, "],\"completed_frameworks\":[");
	first = true;
	for (size_t i = 0; i < c->framework_count; i++)
		if (c->frameworks[i]->completed) {
			text_comma(out, &first);
			put_framework(out, c->frameworks[i]);
		}
	text_lit(out, "]}");
}

void render_v1_agents(struct text *out, const struct cluster *c)
{
	bool first = true;

	text_lit(out, "{\"agents\":[");
	for (size_t i = 0; i < c->agent_count; i++)
		if (c->agents[i]->state == AGENT_REGISTERED) {
			text_comma(out, &first);
			put_agent(out, c->agents[i], false);
		}
	text_lit(out, "],\"recovered_agents\":[");
	first = true;
	for (size_t i = 0; i < c->agent_count; i++)
		if (c->agents[i]->state == AGENT_RECOVERED) {
			text_comma(out, &first);
			put_agent_info(out, c->agents[i], false);
		}
	text_lit(out, "]}");
}

void render_v1_state(struct text *out, const struct cluster *c)
{
	text_lit(out, "{\"get_tasks\":");
	render_v1_tasks(out, c);
	text_lit(out, ",\"get_executors\":");
	render_v1_executors(out, c);
	text_lit(out, ",\"get_frameworks\":");
	render_v1_frameworks(out, c);
	text_lit(out, ",\"get_agents\":");
	render_v1_agents(out, c);
	text_lit(out, "}");
}

void render_v1_event(struct text *out, const struct cluster_news *news)
{
	switch (news->change) {
	case CHANGE_FRAMEWORK_ADDED:
		text_lit(out, "{\"type\":\"FRAMEWORK_ADDED\",\"framework_added\":{\"framework\":");
		put_framework_event(out, news->framework);
		break;
	case CHANGE_FRAMEWORK_UPDATED:
		text_lit(out, "{\"type\":\"FRAMEWORK_UPDATED\",\"framework_updated\":{\"framework\":");
		put_framework_event(out, news->framework);
		break;
	case CHANGE_FRAMEWORK_REMOVED:
		text_lit(out, "{\"type\":\"FRAMEWORK_REMOVED\",\"framework_removed\":{\"framework_info\":");
		put_framework_info(out, news->framework);
		break;
	case CHANGE_AGENT_ADDED:
		text_lit(out, "{\"type\":\"AGENT_ADDED\",\"agent_added\":{\"agent\":");
		put_agent(out, news->agent, true);
		break;
	case CHANGE_AGENT_REMOVED:
		text_lit(out, "{\"type\":\"AGENT_REMOVED\",\"agent_removed\":{\"agent_id\":{\"value\":");
		text_json(out, news->agent->id);
		text_lit(out, "}");
		break;
	case CHANGE_TASK_ADDED:
		text_lit(out, "{\"type\":\"TASK_ADDED\",\"task_added\":{\"task\":");
		render_v1_task(out, news->task);
		break;
	case CHANGE_TASK_UPDATED:
		text_lit(out, "{\"type\":\"TASK_UPDATED\",\"task_updated\":{\"framework_id\":{\"value\":");
		text_json(out, news->task->app->framework->id);
		text_lit(out, "},\"status\":");
		render_v1_status(out, news->task, news->status);
		text_printf(out, ",\"state\":\"%s\"", task_state_text(news->task->state));
		break;
	}
	text_lit(out, "}}");
}
