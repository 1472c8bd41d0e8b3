/* SPDX-License-Identifier: Apache-2.0 */
#include "t/sim/render.h"

#include <stdlib.h>
#include <string.h>

#include "t/sim/render_task.h"
#include "t/sim/render_v1.h"
#include "t/sim/tasks.h"

#define BUILD                                                                                                          \
	"\"git_sha\":\"c1b42f79d157aa900be5cbb0c1023f1479962aa7\",\"build_date\":\"2026-11-21 22:00:00 "               \
	"UTC\","                                                                                                       \
	"\"build_time\":1795298400.0,\"build_user\":\"sim\""
#define ROLE         RENDER_V1_ROLE
#define ALLOCATED    RENDER_V1_ALLOCATED
#define NO_RESOURCES "{\"disk\":0.0,\"mem\":0.0,\"gpus\":0.0,\"cpus\":0.0}"

/* What the summary counts: all but the last two. */
#define SUMMARY_STATES TASK_DROPPED

static const char flags_before_host[] =
	"\"flags\":{\"agent_ping_timeout\":\"15secs\",\"agent_reregister_timeout\":\"10mins\","
	"\"allocation_interval\":\"1secs\",\"allocator\":\"hierarchical\",\"allocator_agent_recovery_"
	"factor\":\"0.8\","
	"\"allocator_recovery_timeout\":\"10mins\",\"authenticate_agents\":\"false\","
	"\"authenticate_frameworks\":\"false\",\"authenticate_http_frameworks\":\"false\","
	"\"authenticate_http_readonly\":\"false\",\"authenticate_http_readwrite\":\"false\","
	"\"authentication_v0_timeout\":\"15secs\",\"authenticators\":\"crammd5\",\"authorizers\":\"local\","
	"\"cluster\":\"sim\",\"filter_gpu_resources\":\"true\",\"framework_sorter\":\"drf\",\"help\":"
	"\"false\"";
static const char flags_after_ip[] =
	"\"log_auto_initialize\":\"true\",\"logbufsecs\":\"0\",\"logging_level\":\"INFO\","
	"\"max_agent_ping_timeouts\":\"5\",\"max_completed_frameworks\":\"50\","
	"\"max_completed_tasks_per_framework\":\"1000\",\"max_operator_event_stream_subscribers\":\"1000\","
	"\"max_unreachable_tasks_per_framework\":\"1000\",\"memory_profiling\":\"false\","
	"\"min_allocatable_resources\":\"cpus:0.01|mem:32\",\"offer_constraints_re2_max_mem\":\"4KB\","
	"\"offer_constraints_re2_max_program_size\":\"100\"";
static const char flags_after_port[] = "\"publish_per_framework_metrics\":\"true\",\"quiet\":\"false\"";
static const char flags_after_quorum[] =
	"\"recovery_agent_removal_limit\":\"100%\",\"registry\":\"replicated_log\","
	"\"registry_fetch_timeout\":\"1mins\",\"registry_gc_interval\":\"15mins\","
	"\"registry_max_agent_age\":\"2weeks\",\"registry_max_agent_count\":\"102400\","
	"\"registry_store_timeout\":\"20secs\",\"registry_strict\":\"false\",\"require_agent_domain\":"
	"\"false\","
	"\"role_sorter\":\"drf\",\"root_submissions\":\"true\",\"version\":\"false\","
	"\"webui_dir\":\"/usr/share/mesos/webui\",\"work_dir\":\"/var/lib/mesos\",\"zk\":\"zk://"
	"127.0.0.1:2181/mesos\","
	"\"zk_session_timeout\":\"10secs\"}";

static void put_flags(struct text *out, const struct render_master *m)
{
	text_put(out, flags_before_host, sizeof(flags_before_host) - 1);
	text_printf(
		out, ",\"hostname\":\"%s\",\"hostname_lookup\":\"true\",\"http_authenticators\":\"basic\",", m->host);
	text_printf(out, "\"initialize_driver_logging\":\"true\",\"ip\":\"%s\",", m->host);
	text_put(out, flags_after_ip, sizeof(flags_after_ip) - 1);
	text_printf(out, ",\"port\":\"%u\",", m->port);
	text_put(out, flags_after_port, sizeof(flags_after_port) - 1);
	text_printf(out, ",\"quorum\":\"%u\",", m->quorum);
	text_put(out, flags_after_quorum, sizeof(flags_after_quorum) - 1);
}

static void put_agent_info(struct text *out, const struct agent *a)
{
	text_lit(out, "{\"id\":");
	text_json(out, a->id);
	text_lit(out, ",\"hostname\":");
	text_json(out, a->hostname);
	text_printf(out,
		",\"port\":%u,\"attributes\":{\"rack\":\"r%u\",\"zone\":\"z%u\",\"weight\":%u.0,"
		"\"span\":\"[1-3]\"}",
		a->port, a->number % 4 + 1, a->number % 3 + 1, a->number % 5 + 1);
}

/* Without the closing brace. */
static void put_agent(struct text *out, const struct agent *a)
{
	uint8_t every_port[CLUSTER_PORTS / 8 + 1];

	memset(every_port, 0xff, sizeof(every_port));
	put_agent_info(out, a);
	text_lit(out, ",\"pid\":\"slave(1)@");
	text_ipv4(out, a->ip);
	text_printf(out, ":%u\",\"registered_time\":", a->port);
	text_time(out, a->registered);
	if (a->reregistered) {
		text_lit(out, ",\"reregistered_time\":");
		text_time(out, a->reregistered);
	}
	text_lit(out, ",\"resources\":");
	render_resources(out, &a->total, every_port);
	text_lit(out, ",\"used_resources\":");
	render_resources(out, &a->used, a->ports);
	text_lit(out, ",\"offered_resources\":" NO_RESOURCES ",\"reserved_resources\":{},\"unreserved_resources\":");
	render_resources(out, &a->total, every_port);
	text_lit(out, ",\"active\":");
	text_flag(out, a->active);
	text_lit(out, ",\"deactivated\":false,\"version\":\"1.12.0\",\"capabilities\":[\"MULTI_ROLE\","
		      "\"HIERARCHICAL_ROLE\","
		      "\"RESERVATION_REFINEMENT\",\"RESOURCE_PROVIDER\",\"RESIZE_VOLUME\","
		      "\"AGENT_OPERATION_FEEDBACK\",\"AGENT_DRAINING\",\"TASK_RESOURCE_LIMITS\"]");
}

static void put_recovered(struct text *out, const struct cluster *c)
{
	bool first = true;

	text_lit(out, "\"recovered_slaves\":[");
	for (size_t i = 0; i < c->agent_count; i++)
		if (c->agents[i]->state == AGENT_RECOVERED) {
			text_comma(out, &first);
			put_agent_info(out, c->agents[i]);
			text_lit(out, "}");
		}
	text_lit(out, "]");
}

struct used {
	struct amount amount;
	uint8_t ports[CLUSTER_PORTS / 8 + 1];
};

static struct used framework_used(const struct framework *f)
{
	struct used u = {0};
	const struct app *app;
	const struct task *t;

	TAILQ_FOREACH (app, &f->apps, of_framework)
		TAILQ_FOREACH (t, &app->tasks, of_app)
			if (render_task_runs(t))
				render_add_used(&u.amount, u.ports, t);
	return u;
}

/* What the state and the summary have in common, without the closing brace. */
static void put_framework_head(struct text *out, const struct framework *f, const struct used *u)
{
	text_lit(out, "{\"id\":");
	text_json(out, f->id);
	text_lit(out, ",\"name\":");
	text_json(out, f->name);
	if (f->pid && !f->recovered) {
		text_lit(out, ",\"pid\":");
		text_json(out, f->pid);
	}
	text_lit(out, ",\"used_resources\":");
	render_resources(out, &u->amount, u->ports);
	text_lit(out, ",\"offered_resources\":" NO_RESOURCES ",\"capabilities\":[");
	if (f->multi_role)
		text_lit(out, "\"MULTI_ROLE\",");
	text_lit(out, "\"PARTITION_AWARE\",\"TASK_KILLING_STATE\",\"RESERVATION_REFINEMENT\"],\"hostname\":");
	text_json(out, f->hostname);
	text_lit(out, ",\"webui_url\":");
	text_json(out, f->webui_url);
	text_lit(out, ",\"active\":");
	text_flag(out, f->active);
	text_lit(out, ",\"connected\":");
	text_flag(out, f->connected);
	text_lit(out, ",\"recovered\":");
	text_flag(out, f->recovered);
}

/* The tasks of `f` on agents that are registered, or on those that are unreachable. */
static void put_tasks(struct text *out, const struct framework *f, enum agent_state where)
{
	const struct app *app;
	const struct task *t;
	bool first = true;

	TAILQ_FOREACH (app, &f->apps, of_framework)
		TAILQ_FOREACH (t, &app->tasks, of_app)
			if (t->agent->state == where) {
				text_comma(out, &first);
				render_task(out, t);
			}
}

static void put_executors(struct text *out, const struct framework *f)
{
	const struct app *app;
	const struct task *t;
	bool first = true;

	TAILQ_FOREACH (app, &f->apps, of_framework) {
		if (!app->executor)
			continue;
		TAILQ_FOREACH (t, &app->tasks, of_app)
			if (render_task_runs(t)) {
				text_comma(out, &first);
				render_executor(out, t);
			}
	}
}

static void put_framework(struct text *out, const struct framework *f)
{
	struct used u = framework_used(f);
	const struct task *t;
	bool first = true;

	put_framework_head(out, f, &u);
	text_lit(out, ",\"user\":\"root\",\"failover_timeout\":");
	text_milli(out, f->failover_timeout * 1000);
	text_lit(out, ",\"checkpoint\":true,\"registered_time\":");
	text_time(out, f->registered);
	text_lit(out, ",\"unregistered_time\":");
	text_time(out, f->unregistered);
	if (f->principal) {
		text_lit(out, ",\"principal\":");
		text_json(out, f->principal);
	}
	text_lit(out, ",\"resources\":");
	render_resources(out, &u.amount, u.ports);
	if (f->reregistered != f->registered) {
		text_lit(out, ",\"reregistered_time\":");
		text_time(out, f->reregistered);
	}
	if (f->multi_role)
		text_lit(out, ",\"roles\":[\"*\"],\"tasks\":[");
	else
		text_lit(out, ",\"role\":\"*\",\"tasks\":[");
	put_tasks(out, f, AGENT_REGISTERED);
	text_lit(out, "],\"unreachable_tasks\":[");
	put_tasks(out, f, AGENT_UNREACHABLE);
	text_lit(out, "],\"completed_tasks\":[");
	TAILQ_FOREACH (t, &f->completed_tasks, of_app) {
		text_comma(out, &first);
		render_task(out, t);
	}
	text_lit(out, "],\"offers\":[],\"executors\":[");
	put_executors(out, f);
	text_lit(out, "]");
	if (f->principal)
		text_lit(out, ",\"labels\":[{\"key\":\"DCOS_SPACE\",\"value\":\"/\"}]");
	text_lit(out, ",\"offer_constraints\":{}}");
}

static void put_frameworks(struct text *out, const struct cluster *c, bool completed)
{
	bool first = true;

	for (size_t i = 0; i < c->framework_count; i++) {
		const struct framework *f = c->frameworks[i];
		if (completed ? f->completed : cluster_framework_visible(f)) {
			text_comma(out, &first);
			put_framework(out, f);
		}
	}
}

static void put_state_head(struct text *out, const struct cluster *c, const struct render_master *m)
{
	unsigned active = 0, inactive = 0, unreachable = 0;

	for (size_t i = 0; i < c->agent_count; i++) {
		const struct agent *a = c->agents[i];
		active += a->state == AGENT_REGISTERED && a->active;
		inactive += a->state == AGENT_REGISTERED && !a->active;
		unreachable += a->state == AGENT_UNREACHABLE;
	}
	text_lit(out, "{\"version\":\"1.12.0\"," BUILD ",\"start_time\":");
	text_time(out, m->start);
	text_lit(out, ",\"elected_time\":");
	text_time(out, m->elected);
	text_printf(out, ",\"id\":\"%s\",\"pid\":\"master@%s\",\"hostname\":\"%s\",", m->id, m->hostport, m->host);
	text_lit(out, "\"capabilities\":[\"AGENT_UPDATE\",\"AGENT_DRAINING\",\"QUOTA_V2\"],");
	text_printf(out, "\"activated_slaves\":%u.0,\"deactivated_slaves\":%u.0,\"unreachable_slaves\":%u.0,", active,
		inactive, unreachable);
	if (m->leader) {
		text_printf(out, "\"leader\":\"master@%s\",\"leader_info\":{\"id\":\"%s\",\"pid\":\"master@%s\",",
			m->leader, m->id, m->hostport);
		text_printf(out, "\"port\":%u,\"hostname\":\"%s\"},", m->port, m->host);
	}
	text_lit(out, "\"cluster\":\"sim\",");
	put_flags(out, m);
}

void render_state(struct text *out, const struct cluster *c, const struct render_master *m)
{
	bool first = true;

	put_state_head(out, c, m);
	text_lit(out, ",\"slaves\":[");
	for (size_t i = 0; i < c->agent_count; i++)
		if (c->agents[i]->state == AGENT_REGISTERED) {
			text_comma(out, &first);
			put_agent(out, c->agents[i]);
			text_lit(out, "}");
		}
	text_lit(out, "],");
	put_recovered(out, c);
	text_lit(out, ",\"frameworks\":[");
	put_frameworks(out, c, false);
	text_lit(out, "],\"completed_frameworks\":[");
	put_frameworks(out, c, true);
	text_lit(out, "],\"orphan_tasks\":[],\"unregistered_frameworks\":[]}");
}

static void put_counts(struct text *out, const uint32_t *counts)
{
	for (unsigned i = 0; i < SUMMARY_STATES; i++)
		text_printf(out, ",\"%s\":%u", task_state_text((enum task_state)i), counts[i]);
}

static void put_summary_agent(struct text *out, const struct agent *a)
{
	uint32_t counts[TASK_STATES] = {0};
	const struct framework *last[64];
	unsigned known = 0;
	const struct task *t;

	put_agent(out, a);
	TAILQ_FOREACH (t, &a->tasks, of_agent) {
		unsigned i = 0;
		counts[t->state]++;
		while (i < known && last[i] != t->app->framework)
			i++;
		if (i == known && known < 64)
			last[known++] = t->app->framework;
	}
	put_counts(out, counts);
	text_lit(out, ",\"framework_ids\":[");
	for (unsigned i = 0; i < known; i++) {
		text_put(out, ",", i > 0);
		text_json(out, last[i]->id);
	}
	text_lit(out, "]}");
}

/* `seen` has room for all agents. */
static void put_summary_framework(struct text *out, const struct cluster *c, const struct framework *f, uint8_t *seen)
{
	struct used u = framework_used(f);
	uint32_t counts[TASK_STATES] = {0};
	const struct app *app;
	const struct task *t;
	bool first = true;

	memset(seen, 0, c->agent_count);
	TAILQ_FOREACH (app, &f->apps, of_framework)
		TAILQ_FOREACH (t, &app->tasks, of_app)
			if (task_visible(t)) {
				counts[t->state]++;
				seen[t->agent->number] = 1;
			}
	TAILQ_FOREACH (t, &f->completed_tasks, of_app) {
		counts[t->state]++;
		seen[t->agent->number] = 1;
	}
	put_framework_head(out, f, &u);
	put_counts(out, counts);
	text_lit(out, ",\"slave_ids\":[");
	for (size_t i = 0; i < c->agent_count; i++)
		if (seen[i]) {
			text_comma(out, &first);
			text_json(out, c->agents[i]->id);
		}
	text_lit(out, "]}");
}

void render_summary(struct text *out, const struct cluster *c, const struct render_master *m)
{
	bool first = true;
	uint8_t *seen = malloc(c->agent_count + 1);

	if (!seen) {
		out->failed = true;
		return;
	}
	text_printf(out, "{\"hostname\":\"%s\",\"cluster\":\"sim\",\"slaves\":[", m->host);
	for (size_t i = 0; i < c->agent_count; i++)
		if (c->agents[i]->state == AGENT_REGISTERED) {
			text_comma(out, &first);
			put_summary_agent(out, c->agents[i]);
		}
	text_lit(out, "],\"frameworks\":[");
	first = true;
	for (size_t i = 0; i < c->framework_count; i++)
		if (cluster_framework_visible(c->frameworks[i])) {
			text_comma(out, &first);
			put_summary_framework(out, c, c->frameworks[i], seen);
		}
	text_lit(out, "]}");
	free(seen);
}

void render_slaves(struct text *out, const struct cluster *c)
{
	bool first = true;
	uint8_t every_port[CLUSTER_PORTS / 8 + 1];

	memset(every_port, 0xff, sizeof(every_port));
	text_lit(out, "{\"slaves\":[");
	for (size_t i = 0; i < c->agent_count; i++) {
		const struct agent *a = c->agents[i];
		bool start = true;
		if (a->state != AGENT_REGISTERED)
			continue;
		text_comma(out, &first);
		put_agent(out, a);
		text_lit(out, ",\"reserved_resources_full\":{},\"unreserved_resources_full\":[");
		render_v1_ports(out, every_port, ROLE, &start);
		render_v1_amount(out, &a->total, ROLE, &start);
		text_lit(out, "],\"used_resources_full\":[");
		start = true;
		if (!TAILQ_EMPTY(&a->tasks))
			render_v1_amount(out, &a->used, ROLE ALLOCATED, &start);
		render_v1_ports(out, a->ports, ROLE ALLOCATED, &start);
		text_lit(out, "],\"offered_resources_full\":[]}");
	}
	text_lit(out, "],");
	put_recovered(out, c);
	text_lit(out, "}");
}

void render_version(struct text *out)
{
	text_lit(out, "{\"build_date\":\"2026-11-21 22:00:00 "
		      "UTC\",\"build_time\":1795298400.0,\"build_user\":\"sim\","
		      "\"git_sha\":\"c1b42f79d157aa900be5cbb0c1023f1479962aa7\",\"version\":\"1.12.0\"}");
}
