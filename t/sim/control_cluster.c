/* SPDX-License-Identifier: Apache-2.0 */
#include "t/sim/control_cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "t/sim/generate.h"
#include "t/sim/render_task.h"
#include "t/sim/tasks.h"

static void put_text(struct control *c, const char *key, const char *value)
{
	text_printf(c->out, ",\"%s\":", key);
	text_json(c->out, value);
}

static void put_number(struct control *c, const char *key, uint64_t value)
{
	text_printf(c->out, ",\"%s\":%llu", key, (unsigned long long)value);
}

int control_find_framework(struct control *c, const char *fallback, struct framework **out)
{
	const char *what = control_arg(c, "framework");

	if (!what)
		what = fallback;
	*out = what ? cluster_find_framework(c->sim->cluster, what) : NULL;
	if (what && !*out)
		return control_fail(c, "no such framework: %s", what);
	return 0;
}

static int need_framework(struct control *c, struct framework **out)
{
	int err = control_find_framework(c, NULL, out);

	return err || *out ? err : control_fail(c, "framework is needed");
}

static int need_app(struct control *c, struct app **out)
{
	struct framework *f;
	const char *what = control_arg(c, "app");
	int err = control_find_framework(c, NULL, &f);

	if (err)
		return err;
	*out = what ? cluster_find_app(c->sim->cluster, f, what) : NULL;
	if (!*out)
		return control_fail(c, what ? "no such app: %s" : "app is needed%s", what ? what : "");
	return 0;
}

static int find_agent(struct control *c, struct agent **out)
{
	const char *what = control_arg(c, "agent");

	*out = what ? cluster_find_agent(c->sim->cluster, what) : NULL;
	if (what && !*out)
		return control_fail(c, "no such agent: %s", what);
	return 0;
}

static int need_agent(struct control *c, struct agent **out)
{
	int err = find_agent(c, out);

	return err || *out ? err : control_fail(c, "agent is needed");
}

int control_need_tasks(struct control *c, struct task ***out, size_t *count)
{
	const char *id = control_arg(c, "task"), *all = control_arg(c, "all");
	struct app *app = NULL;
	struct task *t = id ? task_find(c->sim->cluster, id) : NULL;
	int err = id ? 0 : need_app(c, &app);

	if (err)
		return err;
	if (id && !t)
		return control_fail(c, "no such task: %s", id);
	size_t room = app ? app->count : 1;
	*out = malloc((room ? room : 1) * sizeof(**out));
	if (!*out)
		return ERR_NOMEM;
	*count = 0;
	if (t)
		(*out)[(*count)++] = t;
	else
		TAILQ_FOREACH (t, &app->tasks, of_app)
			if (t->agent->state == AGENT_REGISTERED && !task_state_terminal(t->state) && (all || !*count))
				(*out)[(*count)++] = t;
	if (*count)
		return 0;
	free(*out);
	return control_fail(c, "the app has no running task");
}

int control_scale(struct control *c)
{
	struct app *app;
	uint64_t n;
	int err = need_app(c, &app);

	if (!err)
		err = control_number(c, "n", CONTROL_REQUIRED, &n);
	if (err)
		return err;
	err = task_scale(c->sim->cluster, app, n);
	if (err == ERR_LIMIT)
		return control_fail(c, "no agent has room for more than %u tasks", app->count);
	put_number(c, "tasks", app->count);
	return err;
}

static int parse_port(struct control *c, const char *text, size_t len, struct app_port *p)
{
	char item[64], *name = item;

	if (len >= sizeof(item))
		return control_fail(c, "a port is too long");
	memcpy(item, text, len);
	item[len] = '\0';
	char *protocol = strchr(item, '/');
	char *container = protocol ? strchr(protocol + 1, '/') : NULL;
	if (protocol)
		*protocol++ = '\0';
	if (container)
		*container++ = '\0';
	snprintf(p->name, sizeof(p->name), "%.23s", name);
	snprintf(p->protocol, sizeof(p->protocol), "%.15s", protocol ? protocol : "tcp");
	unsigned long number = container ? strtoul(container, NULL, 10) : 80;
	if (!number || number > 65535)
		return control_fail(c, "no port number: %s", container);
	p->container = (uint16_t)number;
	return 0;
}

/* The index of an argument's value in a list that ends with NULL. */
static int parse_choice(struct control *c, const char *name, const char *const *choices, unsigned *out)
{
	const char *value = control_arg(c, name);

	for (unsigned i = 0; value && choices[i]; i++)
		if (!strcmp(choices[i], value)) {
			*out = i;
			return 0;
		}
	return value ? control_fail(c, "%s cannot be %s", name, value) : 0;
}

int control_app_add(struct control *c)
{
	static const char *const networks[] = {"host", "bridge", "overlay", "dual", NULL};
	static const char *const checks[] = {"none", "http", "tcp", "command", NULL};
	const char *name = control_arg(c, "name"), *discovery = control_arg(c, "discovery");
	const char *ports = control_arg(c, "ports");
	struct app_port list[CLUSTER_APP_PORTS] = {{"http", "tcp", 80}};
	unsigned count = ports ? 0 : 1, network = NETWORK_HOST, check = CHECK_NONE;
	struct app *app = NULL;
	struct framework *f;
	uint64_t n, copies;
	int err;

	if (!name)
		return control_fail(c, "name is needed");
	if ((err = control_find_framework(c, "marathon", &f)) || (err = control_number(c, "n", 1, &n)) ||
		(err = control_number(c, "copies", 0, &copies)) ||
		(err = parse_choice(c, "network", networks, &network)) ||
		(err = parse_choice(c, "check", checks, &check)))
		return err;
	if (cluster_find_app(c->sim->cluster, f, name))
		return control_fail(c, "there is such an app: %s", name);
	while (ports) {
		size_t len = strcspn(ports, ",");
		if (count == CLUSTER_APP_PORTS)
			return control_fail(c, "no more than %u ports", CLUSTER_APP_PORTS);
		err = parse_port(c, ports, len, &list[count++]);
		if (err)
			return err;
		ports = ports[len] ? ports + len + 1 : NULL;
	}
	for (uint64_t i = 0; !err && i < (copies ? copies : 1); i++) {
		char numbered[TASK_NAME_MAX];
		snprintf(numbered, sizeof(numbered), copies ? "%s-%llu" : "%s", name, (unsigned long long)i);
		const char *other = !discovery ? numbered : strcmp(discovery, "none") ? discovery : NULL;
		app = cluster_add_app(c->sim->cluster, f, numbered, NULL, other);
		if (!app)
			return ERR_NOMEM;
		app->id_style = ID_MARATHON;
		app->network = (enum network)network;
		app->check = (enum check)check;
		app->port_count = count;
		memcpy(app->ports, list, sizeof(list));
		err = task_scale(c->sim->cluster, app, n);
	}
	put_number(c, "tasks", app->count);
	return err;
}

int control_kill(struct control *c)
{
	const char *text = control_arg(c, "state");
	enum task_state state = TASK_KILLED;
	struct task **tasks;
	size_t count;
	int err;

	if (text && (task_parse_state(text, &state) || !task_state_terminal(state)))
		return control_fail(c, "no terminal state: %s", text);
	err = control_need_tasks(c, &tasks, &count);
	if (err)
		return err;
	/* These are the master's words. */
	enum cause cause = state == TASK_LOST || state == TASK_GONE ? CAUSE_AGENT : CAUSE_EXECUTOR;
	put_text(c, "id", tasks[0]->id);
	put_number(c, "tasks", count);
	for (size_t i = 0; i < count; i++)
		task_finish(c->sim->cluster, tasks[i], state, cause);
	free(tasks);
	return 0;
}

int control_move(struct control *c)
{
	struct task **tasks, *moved = NULL;
	struct agent *to;
	size_t count;
	int err = find_agent(c, &to);

	if (!err)
		err = control_need_tasks(c, &tasks, &count);
	if (err)
		return err;
	for (size_t i = 0; i < count && !err; i++) {
		err = task_launch(c->sim->cluster, tasks[i]->app, to, &moved);
		if (!err)
			task_finish(c->sim->cluster, tasks[i], TASK_KILLED, CAUSE_EXECUTOR);
	}
	free(tasks);
	if (err == ERR_LIMIT)
		return control_fail(c, "the agent has no room, or is away");
	if (err)
		return err;
	put_text(c, "id", moved->id);
	put_text(c, "agent", moved->agent->id);
	put_number(c, "tasks", count);
	return 0;
}

int control_health(struct control *c)
{
	static const char *const choices[] = {"none", "true", "false", "flip", NULL}; /* in the order of enum health */
	unsigned choice = 3;
	struct task **tasks;
	size_t count;
	int err = parse_choice(c, "healthy", choices, &choice);

	if (!err)
		err = control_need_tasks(c, &tasks, &count);
	if (err)
		return err;
	for (size_t i = 0; i < count && !err; i++) {
		enum health h = (enum health)choice;
		if (choice == 3)
			h = task_health(tasks[i]) == HEALTH_BAD ? HEALTH_GOOD : HEALTH_BAD;
		err = task_set_health(c->sim->cluster, tasks[i], h);
	}
	put_text(c, "id", tasks[0]->id);
	put_number(c, "tasks", count);
	free(tasks);
	return err ? control_fail(c, "the task has never been running") : 0;
}

int control_task_state(struct control *c)
{
	const char *text = control_arg(c, "state");
	enum task_state state;
	struct task **tasks;
	size_t count;
	int err;

	if (!text || task_parse_state(text, &state))
		return control_fail(c, "no state: %s", text ? text : "");
	err = control_need_tasks(c, &tasks, &count);
	if (err)
		return err;
	for (size_t i = 0; i < count; i++)
		task_set_state(c->sim->cluster, tasks[i], state, CAUSE_EXECUTOR);
	put_text(c, "id", tasks[0]->id);
	put_number(c, "tasks", count);
	free(tasks);
	return 0;
}

int control_agent_add(struct control *c)
{
	struct agent *a = NULL;
	uint64_t n;
	int err = control_number(c, "n", 1, &n);

	if (err)
		return err;
	while (n--) {
		a = cluster_add_agent(c->sim->cluster);
		if (!a)
			return ERR_NOMEM;
	}
	if (a)
		put_text(c, "agent", a->id);
	return 0;
}

int control_agent_remove(struct control *c)
{
	struct agent *a;
	int err = need_agent(c, &a);

	if (err)
		return err;
	if (a->state == AGENT_GONE)
		return control_fail(c, "it was removed before");
	cluster_remove_agent(c->sim->cluster, a);
	return 0;
}

static int set_active(struct control *c, bool active)
{
	struct agent *a;
	int err = need_agent(c, &a);

	if (err)
		return err;
	if (a->state != AGENT_REGISTERED)
		return control_fail(c, "it is not registered");
	a->active = active;
	cluster_touch(c->sim->cluster);
	return 0;
}

int control_agent_deactivate(struct control *c)
{
	return set_active(c, false);
}

int control_agent_activate(struct control *c)
{
	return set_active(c, true);
}

int control_agent_unreachable(struct control *c)
{
	struct agent *a;
	int err = need_agent(c, &a);

	if (err)
		return err;
	if (a->state != AGENT_REGISTERED && a->state != AGENT_RECOVERED)
		return control_fail(c, "it is not there");
	cluster_lose_agent(c->sim->cluster, a);
	return 0;
}

int control_agent_return(struct control *c)
{
	struct agent *a;
	int err = need_agent(c, &a);

	if (err)
		return err;
	return cluster_return_agent(c->sim->cluster, a) ? control_fail(c, "it was not away, or was removed") : 0;
}

/* The pid of a scheduler at `pid=HOST:PORT`; NULL if that is not given. */
static const char *make_pid(struct control *c, char pid[256])
{
	const char *at = control_arg(c, "pid");
	char uuid[37];

	cluster_make_uuid(c->sim->cluster, uuid);
	snprintf(pid, 256, "scheduler-%s@%s", uuid, at ? at : "");
	return at ? pid : NULL;
}

int control_framework_add(struct control *c)
{
	const char *name = control_arg(c, "name"), *hostname = control_arg(c, "hostname");
	char buffer[256];
	const char *pid = make_pid(c, buffer);
	struct framework *f =
		cluster_add_framework(c->sim->cluster, name ? name : "", pid, hostname ? hostname : "", "", NULL);

	if (!f)
		return ERR_NOMEM;
	put_text(c, "id", f->id);
	return 0;
}

int control_framework_remove(struct control *c)
{
	struct framework *f;
	int err = need_framework(c, &f);

	if (!err)
		cluster_remove_framework(c->sim->cluster, f);
	return err;
}

int control_framework_disconnect(struct control *c)
{
	struct framework *f;
	int err = need_framework(c, &f);

	if (!err)
		cluster_connect_framework(c->sim->cluster, f, false);
	return err;
}

int control_framework_connect(struct control *c)
{
	struct framework *f;
	char pid[256];
	int err = need_framework(c, &f);

	if (!err)
		err = cluster_move_framework(f, make_pid(c, pid), control_arg(c, "hostname"));
	if (!err)
		cluster_connect_framework(c->sim->cluster, f, true);
	return err;
}

int control_churn(struct control *c)
{
	uint64_t n, seed;
	int err = control_number(c, "n", CONTROL_REQUIRED, &n);

	if (!err)
		err = control_number(c, "seed", 1, &seed);
	if (!err)
		err = generate_churn(c->sim->cluster, n, seed);
	put_number(c, "tasks", c->sim->cluster->task_count);
	return err;
}

static void put_task(struct control *c, const struct task *t, const char *name)
{
	static const char *const health[] = {"null", "true", "false"};

	text_lit(c->out, "{\"id\":");
	text_json(c->out, t->id);
	put_text(c, "name", name);
	put_text(c, "framework", t->app->framework->name);
	put_text(c, "agent", t->agent->id);
	text_lit(c->out, ",\"agent_ip\":\"");
	text_ipv4(c->out, t->agent->ip);
	text_lit(c->out, "\",\"ips\":[\"");
	text_ipv4(c->out, t->container_ip ? t->container_ip : t->agent->ip);
	if (t->app->network == NETWORK_DUAL)
		text_printf(c->out, "\",\"" RENDER_IPV6_FORMAT, t->serial >> 16, t->serial & 0xffff);
	text_lit(c->out, "\"],\"ports\":[");
	for (unsigned i = 0; i < render_host_ports(t->app); i++)
		text_printf(c->out, "%s%u", i ? "," : "", t->ports[i]);
	text_printf(c->out, "],\"state\":\"%s\",\"healthy\":%s,\"listed\":\"%s\"}", task_state_text(t->state),
		health[task_health(t)],
		t->agent->state == AGENT_REGISTERED    ? "tasks"
		: t->agent->state == AGENT_UNREACHABLE ? "unreachable_tasks"
						       : "");
}

int control_tasks(struct control *c)
{
	const char *wanted = control_arg(c, "name"), *prefix = control_arg(c, "prefix");
	struct cluster *cluster = c->sim->cluster;
	struct framework *only;
	struct app *app;
	struct task *t;
	char name[TASK_NAME_MAX];
	bool first = true;
	int err = control_find_framework(c, NULL, &only);

	if (err)
		return err;
	text_lit(c->out, ",\"tasks\":[");
	for (size_t i = 0; i < cluster->framework_count; i++) {
		if (only && only != cluster->frameworks[i])
			continue;
		TAILQ_FOREACH (app, &cluster->frameworks[i]->apps, of_framework) {
			if (prefix && strncmp(app->name, prefix, strlen(prefix)))
				continue;
			TAILQ_FOREACH (t, &app->tasks, of_app) {
				task_name(t, app->name, name);
				if (wanted && strcmp(wanted, name) && (!app->path || strcmp(wanted, app->path)))
					continue;
				text_comma(c->out, &first);
				put_task(c, t, name);
			}
		}
	}
	text_lit(c->out, "]");
	return 0;
}
