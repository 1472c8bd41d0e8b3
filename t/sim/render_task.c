/* SPDX-License-Identifier: Apache-2.0 */
#include "t/sim/render_task.h"

#include "t/sim/tasks.h"

unsigned render_host_ports(const struct app *app)
{
	return app->network == NETWORK_HOST || app->network == NETWORK_BRIDGE ? app->port_count : 0;
}

bool render_any_port(const uint8_t *ports)
{
	for (unsigned i = 0; ports && i < CLUSTER_PORTS / 8 + 1; i++)
		if (ports[i])
			return true;
	return false;
}

bool render_task_runs(const struct task *t)
{
	return t->agent->state == AGENT_REGISTERED && !task_state_terminal(t->state);
}

void render_add_used(struct amount *sum, uint8_t *ports, const struct task *t)
{
	struct amount need = task_footprint(t->app);

	sum->cpus_milli += need.cpus_milli;
	sum->mem += need.mem;
	sum->disk += need.disk;
	for (unsigned i = 0; i < render_host_ports(t->app); i++) {
		unsigned bit = t->ports[i] - CLUSTER_FIRST_PORT;
		ports[bit / 8] |= (uint8_t)(1U << (bit % 8));
	}
}

static void put_range(struct text *out, unsigned first, unsigned last, bool *start)
{
	if (!*start)
		text_lit(out, ", ");
	*start = false;
	text_number(out, first);
	text_lit(out, "-");
	text_number(out, last);
}

void render_port_bits(struct text *out, const uint8_t *ports)
{
	bool start = true;

	text_lit(out, "\"[");
	for (unsigned i = 0; i < CLUSTER_PORTS; i++) {
		unsigned first = i;
		while (i < CLUSTER_PORTS && ports[i / 8] >> (i % 8) & 1)
			i++;
		if (i > first)
			put_range(out, CLUSTER_FIRST_PORT + first, CLUSTER_FIRST_PORT + i - 1, &start);
	}
	text_lit(out, "]\"");
}

static void put_amount(struct text *out, const struct amount *a)
{
	text_lit(out, "{\"disk\":");
	text_milli(out, a->disk * 1000);
	text_lit(out, ",\"mem\":");
	text_milli(out, a->mem * 1000);
	text_lit(out, ",\"gpus\":0.0,\"cpus\":");
	text_milli(out, a->cpus_milli);
}

void render_resources(struct text *out, const struct amount *a, const uint8_t *ports)
{
	put_amount(out, a);
	if (render_any_port(ports)) {
		text_lit(out, ",\"ports\":");
		render_port_bits(out, ports);
	}
	text_lit(out, "}");
}

static void put_task_ports(struct text *out, const struct task *t, unsigned count)
{
	bool start = true;

	text_lit(out, ",\"ports\":\"[");
	if (t->app->scattered) {
		for (unsigned i = count; i-- > 0;)
			put_range(out, t->ports[i], t->ports[i], &start);
	} else {
		for (unsigned i = 0; i < count; i++) {
			unsigned first = i;
			while (i + 1 < count && t->ports[i + 1] == t->ports[i] + 1)
				i++;
			put_range(out, t->ports[first], t->ports[i], &start);
		}
	}
	text_lit(out, "]\"");
}

static void put_addresses(struct text *out, const struct task *t, bool own)
{
	text_lit(out, "\"ip_addresses\":[{\"protocol\":\"IPv4\",\"ip_address\":\"");
	text_ipv4(out, own ? t->container_ip : t->agent->ip);
	text_lit(out, "\"}");
	if (own && t->app->network == NETWORK_DUAL)
		text_printf(out, ",{\"protocol\":\"IPv6\",\"ip_address\":\"" RENDER_IPV6_FORMAT "\"}", t->serial >> 16,
			t->serial & 0xffff);
	text_lit(out, "]");
}

bool render_container_known(const struct status *s)
{
	return s->state != TASK_UNREACHABLE && !task_state_terminal(s->state);
}

void render_container_status(struct text *out, const struct task *t, const struct status *s, bool v1)
{
	/* The executor starts before the container has its address. */
	bool own = t->container_ip && s->state != TASK_STARTING;

	if (t->app->network == NETWORK_BRIDGE && own) {
		if (v1)
			text_lit(out, ",\"labels\":{\"labels\":");
		else
			text_lit(out, ",\"labels\":");
		text_lit(out, "[{\"key\":\"Docker.NetworkSettings.IPAddress\",\"value\":\"");
		text_ipv4(out, t->container_ip);
		text_lit(out, "\"}]");
		text_put(out, "}", v1);
	}
	text_lit(out, ",\"container_status\":{\"container_id\":{\"value\":\"");
	text_uuid(out, t->uuid);
	text_lit(out, "\"");
	if (t->app->executor) {
		uint64_t parent[2] = {~t->uuid[0], ~t->uuid[1]};
		text_lit(out, ",\"parent\":{\"value\":\"");
		text_uuid(out, parent);
		text_lit(out, "\"}");
	}
	text_lit(out, "},\"network_infos\":[{");
	put_addresses(out, t, own);
	if (own && t->app->network != NETWORK_BRIDGE)
		text_lit(out, ",\"name\":\"overlay\"");
	text_lit(out, "}]");
	if (v1 && (s->state != TASK_STARTING || !t->app->executor)) {
		text_lit(out, ",\"executor_pid\":");
		text_number(out, 2000 + t->uuid[0] % 30000);
	}
	text_lit(out, "}");
}

static void put_statuses(struct text *out, const struct task *t)
{
	bool first = true;

	text_lit(out, ",\"statuses\":[");
	for (unsigned i = 0; i < t->status_count; i++) {
		const struct status *s = &t->statuses[i];
		const char *state = task_state_text(s->state);
		text_comma(out, &first);
		text_lit(out, "{\"state\":\"");
		text_put(out, state, strlen(state));
		text_lit(out, "\",\"timestamp\":");
		text_time(out, s->time);
		if (render_container_known(s))
			render_container_status(out, t, s, false);
		if (s->health) {
			text_lit(out, ",\"healthy\":");
			text_flag(out, s->health == HEALTH_GOOD);
		}
		text_lit(out, "}");
	}
	text_lit(out, "]");
}

void render_labels(struct text *out, const struct app *app)
{
	text_lit(out, "[{\"key\":\"HAPROXY_GROUP\",\"value\":\"external\"},{\"key\":\"owner\",\"value\":");
	text_json(out, app->path ? app->path : app->name);
	if (app->scattered)
		text_lit(out, "},{\"key\":\"novalue\"");
	text_lit(out, "}]");
}

void render_discovery(struct text *out, const struct task *t)
{
	const struct app *app = t->app;
	unsigned on_host = render_host_ports(app);
	bool first = true;
	char name[TASK_NAME_MAX];

	if (!app->discovery)
		return;
	text_lit(out, ",\"discovery\":{\"visibility\":\"FRAMEWORK\"");
	if (*app->discovery) {
		text_lit(out, ",\"name\":");
		text_json(out, task_name(t, app->discovery, name));
	}
	text_lit(out, ",\"ports\":{");
	if (app->port_count)
		text_lit(out, "\"ports\":[");
	for (unsigned i = 0; i < app->port_count; i++) {
		const struct app_port *p = &app->ports[i];
		text_comma(out, &first);
		text_lit(out, "{\"number\":");
		text_number(out, on_host ? t->ports[i] : p->container);
		if (*p->name) {
			text_lit(out, ",\"name\":");
			text_json(out, p->name);
		}
		if (*p->protocol) {
			text_lit(out, ",\"protocol\":");
			text_json(out, p->protocol);
		}
		if (app->id_style == ID_MARATHON && on_host)
			text_lit(out, ",\"labels\":{\"labels\":[{\"key\":\"network-scope\",\"value\":\"host\"}]}");
		else if (app->id_style == ID_MARATHON)
			text_lit(out, ",\"labels\":{\"labels\":[{\"key\":\"network-scope\",\"value\":"
				      "\"container\"}]}");
		text_lit(out, "}");
	}
	if (app->port_count)
		text_lit(out, "]");
	text_lit(out, "}}");
}

/* A protocol that Docker knows: DiscoveryInfo's may be anything. */
static const char *transport(const struct app_port *p)
{
	return !strcmp(p->protocol, "udp") ? "udp" : "tcp";
}

void render_container(struct text *out, const struct task *t)
{
	const struct app *app = t->app;

	if (app->network == NETWORK_HOST)
		return;
	if (app->network == NETWORK_BRIDGE) {
		text_lit(out, ",\"container\":{\"type\":\"DOCKER\",\"docker\":{\"image\":\"registry.example:5000/");
		for (const char *p = app->name; *p; p++) {
			char c = *p >= 'a' && *p <= 'z' ? *p : '-';
			text_put(out, &c, 1);
		}
		text_lit(out, ":1.4.2\",\"network\":\"BRIDGE\"");
		for (unsigned i = 0; i < app->port_count; i++) {
			text_put(out, i ? "," : ",\"port_mappings\":[", i ? 1 : 18);
			text_lit(out, "{\"host_port\":");
			text_number(out, t->ports[i]);
			text_lit(out, ",\"container_port\":");
			text_number(out, app->ports[i].container);
			text_printf(out, ",\"protocol\":\"%s\"}", transport(&app->ports[i]));
		}
		if (app->port_count)
			text_lit(out, "]");
		text_lit(out, ",\"privileged\":false,\"force_pull_image\":false}}");
		return;
	}
	text_lit(out, ",\"container\":{\"type\":\"MESOS\",\"mesos\":{},\"network_infos\":[{\"ip_addresses\":["
		      "{\"protocol\":\"IPv4\"}");
	if (app->network == NETWORK_DUAL)
		text_lit(out, ",{\"protocol\":\"IPv6\"}");
	text_lit(out, "],\"name\":\"overlay\",\"labels\":{}}]}");
}

void render_health_check(struct text *out, const struct task *t)
{
	const struct app *app = t->app;
	unsigned port = render_host_ports(app) ? t->ports[0] : app->ports[0].container;

	if (app->check == CHECK_NONE)
		return;
	text_lit(out, ",\"health_check\":{\"delay_seconds\":15.0,\"interval_seconds\":10.0,\"timeout_seconds\":5.0,"
		      "\"consecutive_failures\":3,\"grace_period_seconds\":30.0,\"type\":");
	if (app->check == CHECK_HTTP) {
		text_lit(out, "\"HTTP\",\"http\":{\"protocol\":\"IPv4\",\"scheme\":\"http\",\"port\":");
		text_number(out, port);
		text_lit(out, ",\"path\":\"/health\"}}");
	} else if (app->check == CHECK_TCP) {
		text_lit(out, "\"TCP\",\"tcp\":{\"protocol\":\"IPv4\",\"port\":");
		text_number(out, port);
		text_lit(out, "}}");
	} else {
		text_lit(out, "\"COMMAND\",\"command\":{\"shell\":true,\"value\":\"test -e ready\"}}");
	}
}

void render_executor_id(struct text *out, const struct task *t)
{
	text_lit(out, "\"");
	if (t->app->executor) {
		uint64_t uuid[2] = {~t->uuid[0], ~t->uuid[1]};
		text_lit(out, "executor__");
		text_uuid(out, uuid);
	}
	text_lit(out, "\"");
}

void render_task(struct text *out, const struct task *t)
{
	const struct app *app = t->app;
	char name[TASK_NAME_MAX];
	unsigned ports = render_host_ports(app);

	text_lit(out, "{\"id\":");
	text_json(out, t->id);
	text_lit(out, ",\"name\":");
	text_json(out, task_name(t, app->name, name));
	text_lit(out, ",\"framework_id\":");
	text_json(out, app->framework->id);
	text_lit(out, ",\"executor_id\":");
	render_executor_id(out, t);
	text_lit(out, ",\"slave_id\":");
	text_json(out, t->agent->id);
	text_printf(out, ",\"state\":\"%s\",\"resources\":", task_state_text(t->state));
	put_amount(out, &app->need);
	if (ports)
		put_task_ports(out, t, ports);
	text_lit(out, "},\"role\":\"*\"");
	put_statuses(out, t);
	if (app->id_style == ID_MARATHON) {
		text_lit(out, ",\"labels\":");
		render_labels(out, app);
	}
	render_discovery(out, t);
	render_container(out, t);
	render_health_check(out, t);
	text_lit(out, "}");
}

void render_executor(struct text *out, const struct task *t)
{
	static const struct amount need = {TASK_EXECUTOR_CPUS_MILLI, TASK_EXECUTOR_MEM, TASK_EXECUTOR_DISK};

	text_lit(out, "{\"executor_id\":");
	render_executor_id(out, t);
	text_lit(out, ",\"name\":\"\",\"framework_id\":");
	text_json(out, t->app->framework->id);
	text_lit(out, ",\"command\":{\"argv\":[],\"uris\":[]},\"resources\":");
	render_resources(out, &need, NULL);
	text_lit(out, ",\"role\":\"*\",\"type\":\"DEFAULT\",\"slave_id\":");
	text_json(out, t->agent->id);
	text_lit(out, "}");
}
