/* SPDX-License-Identifier: Apache-2.0 */
#include "t/unit/churn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AGENTS_MAX     12
#define FRAMEWORKS_MAX 6
#define TASKS_MAX      60

static unsigned below(struct churn *c, unsigned n)
{
	return (unsigned)rng_below(&c->rng, n);
}

static bool chance(struct churn *c, unsigned percent)
{
	return below(c, 100) < percent;
}

void churn_init(struct churn *c, uint64_t seed)
{
	*c = (struct churn){.rng = {seed}, .now = 1700000000.0};
	c->master = master_new("master@127.0.0.1:15050");
	c->lost = json_object();
}

void churn_fini(struct churn *c)
{
	master_free(c->master);
	json_decref(c->lost);
}

/* Takes `body` over. */
static void emit(struct churn *c, const char *type, const char *member, json_t *body)
{
	json_t *event = json_pack("{s:s, s:o}", "type", type, member, body);

	if (chance(c, 5))
		json_object_set_new(event, "something_new", json_pack("{s:[i,n]}", "deep", 1));
	master_take(c->master, event);
	char *text = json_dumps(event, JSON_COMPACT);
	if (c->event)
		c->event(c->arg, text);
	free(text);
	json_decref(event);
}

static json_t *id_object(const char *id)
{
	return json_pack("{s:s}", "value", id);
}

/* A random member of the object, or NULL. */
static const char *pick(struct churn *c, json_t *object)
{
	size_t n = json_object_size(object);
	const char *key;
	json_t *value;

	if (!n)
		return NULL;
	n = below(c, (unsigned)n);
	json_object_foreach(object, key, value) if (!n--) return key;
	return NULL;
}

/* Agents. */

static json_t *make_agent(struct churn *c, const char *id)
{
	unsigned number = below(c, 200) + 1;
	char pid[64], hostname[64];

	snprintf(hostname, sizeof(hostname), "agent-%u.example", number);
	if (chance(c, 20)) /* names that are known, and that are not */
		snprintf(pid, sizeof(pid), "slave(1)@%s.example:5051", chance(c, 50) ? "one" : "nobody");
	else
		snprintf(pid, sizeof(pid), chance(c, 10) ? "slave(1)@[2001:db8::%u]:5051" : "slave(1)@10.0.0.%u:5051",
			number);
	json_t *agent = json_pack("{s:{s:s, s:o, s:i}, s:b, s:s}", "agent_info", "hostname", hostname, "id",
		id_object(id), "port", 5051, "active", 1, "version", "1.12.0");
	if (!chance(c, 3))
		json_object_set_new(agent, "pid", json_string(pid));
	return agent;
}

static void add_agent(struct churn *c)
{
	char id[64];

	if (json_object_size(c->master->agents) >= AGENTS_MAX)
		return;
	snprintf(id, sizeof(id), "11111111-2222-S%u", c->next++);
	emit(c, "AGENT_ADDED", "agent_added", json_pack("{s:o}", "agent", make_agent(c, id)));
}

static json_t *status_of(struct churn *c, const json_t *task, const char *state)
{
	c->now += 0.001 * (1 + below(c, 1000));
	return json_pack("{s:o, s:s, s:o, s:f}", "task_id", id_object(master_id(task, "task_id")), "state", state,
		"agent_id", id_object(master_id(task, "agent_id")), "timestamp", c->now);
}

/* Takes `status` over. */
static void update(struct churn *c, const json_t *task, const char *state, json_t *status)
{
	emit(c, "TASK_UPDATED", "task_updated",
		json_pack("{s:o, s:o, s:s}", "framework_id", id_object(master_id(task, "framework_id")), "status",
			status, "state", state));
}

/* The tasks that name `id` under `key`, copied. */
static json_t *tasks_of(const struct churn *c, const char *key, const char *id)
{
	json_t *list = json_array(), *task;
	const char *name;

	json_object_foreach(c->master->tasks, name, task) if (!strcmp(master_id(task, key), id))
		json_array_append_new(list, json_deep_copy(task));
	return list;
}

static void lose_tasks(struct churn *c, const json_t *tasks, const char *state)
{
	json_t *task;
	size_t i;

	json_array_foreach(tasks, i, task) update(c, task, state, status_of(c, task, state));
}

/* Out of reach: there is no event for the agent itself. */
static void lose_agent(struct churn *c)
{
	const char *picked = pick(c, c->master->agents);
	char id[64];

	if (!picked || json_object_size(c->master->agents) < 4) /* half of all at once is another story */
		return;
	snprintf(id, sizeof(id), "%s", picked);
	json_t *tasks = tasks_of(c, "agent_id", id);
	json_object_set_new(
		c->lost, id, json_pack("{s:O, s:O}", "agent", json_object_get(c->master->agents, id), "tasks", tasks));
	lose_tasks(c, tasks, chance(c, 80) ? "TASK_UNREACHABLE" : "TASK_LOST");
	master_drop_agent(c->master, id);
	json_decref(tasks);
}

/* It comes back, with the tasks that still run: often before itself. */
static void return_agent(struct churn *c)
{
	const char *picked = pick(c, c->lost);
	json_t *task;
	size_t i;

	if (!picked)
		return;
	json_t *lost = json_incref(json_object_get(c->lost, picked));
	json_object_del(c->lost, picked);
	json_t *agent = json_pack("{s:O}", "agent", json_object_get(lost, "agent"));
	bool first = chance(c, 20);
	if (first)
		emit(c, "AGENT_ADDED", "agent_added", json_incref(agent));
	json_array_foreach(json_object_get(lost, "tasks"), i,
		task) if (chance(c, 80) && json_object_get(c->master->frameworks, master_id(task, "framework_id")) &&
			  !master_task(c->master, master_id(task, "framework_id"), master_id(task, "task_id")))
		emit(c, "TASK_ADDED", "task_added", json_pack("{s:O}", "task", task));
	if (!first)
		emit(c, "AGENT_ADDED", "agent_added", json_incref(agent));
	json_decref(agent);
	json_decref(lost);
}

static void remove_agent(struct churn *c)
{
	const char *picked = pick(c, c->master->agents);
	char id[64];

	if (!picked)
		return;
	snprintf(id, sizeof(id), "%s", picked);
	json_t *tasks = tasks_of(c, "agent_id", id);
	if (chance(c, 80))
		lose_tasks(c, tasks, "TASK_LOST");
	emit(c, "AGENT_REMOVED", "agent_removed", json_pack("{s:o}", "agent_id", id_object(id)));
	json_decref(tasks);
}

static void silent_agent(struct churn *c)
{
	const char *id = pick(c, c->master->agents);

	if (!id)
		return;
	json_t *agent = json_object_get(c->master->agents, id);
	json_object_set_new(agent, "active", json_boolean(!json_is_true(json_object_get(agent, "active"))));
}

/* Frameworks. */

static json_t *make_framework(struct churn *c, const char *id)
{
	static const char *const names[] = {"marathon", "chronos", "metronome", "mara.thon", "Odd Name!", "slave"};
	static const char *const hosts[] = {"10.0.1.1", "one.example", "nobody.example", ""};

	return json_pack("{s:{s:s, s:o, s:s, s:s}, s:b, s:b, s:b}", "framework_info", "name", names[below(c, 6)], "id",
		id_object(id), "user", "root", "hostname", hosts[below(c, 4)], "active", 1, "connected", 1, "recovered",
		0);
}

static void set_pid(struct churn *c, const char *id)
{
	char pid[64];

	/* One that had a pid goes on having one: a scheduler that is away and has none is taken to have the last one.
	 */
	if (!json_object_get(c->master->pids, id) && chance(c, 50))
		return;
	snprintf(pid, sizeof(pid), "scheduler-1@10.0.2.%u:%u", below(c, 20) + 1, 40000 + below(c, 5));
	json_object_set_new(c->master->pids, id, json_string(pid));
}

static void change_framework(struct churn *c)
{
	const char *picked = pick(c, c->master->frameworks);
	bool new = !picked || (chance(c, 50) && json_object_size(c->master->frameworks) < FRAMEWORKS_MAX);
	char id[64];

	if (new)
		snprintf(id, sizeof(id), "11111111-2222-%04u", c->next++);
	else
		snprintf(id, sizeof(id), "%s", picked);
	if (new || chance(c, 30))
		set_pid(c, id);
	emit(c, new ? "FRAMEWORK_ADDED" : "FRAMEWORK_UPDATED", new ? "framework_added" : "framework_updated",
		json_pack("{s:o}", "framework", make_framework(c, id)));
}

static void remove_framework(struct churn *c)
{
	const char *picked = pick(c, c->master->frameworks);
	char id[64];

	if (!picked || json_object_size(c->master->frameworks) < 4)
		return;
	snprintf(id, sizeof(id), "%s", picked);
	json_t *tasks = tasks_of(c, "framework_id", id);
	if (chance(c, 70))
		lose_tasks(c, tasks, "TASK_KILLED");
	json_t *framework = json_object_get(c->master->frameworks, id);
	emit(c, "FRAMEWORK_REMOVED", "framework_removed",
		json_pack("{s:O}", "framework_info", json_object_get(framework, "framework_info")));
	json_object_del(c->master->pids, id);
	json_decref(tasks);
}

static void silent_framework(struct churn *c)
{
	const char *id = pick(c, c->master->frameworks);

	if (!id)
		return;
	json_t *framework = json_object_get(c->master->frameworks, id);
	json_object_set_new(framework, "active", json_boolean(!json_is_true(json_object_get(framework, "active"))));
}

/* Tasks. */

static json_t *make_ports(struct churn *c)
{
	json_t *ranges = json_array(), *resource;

	for (unsigned n = below(c, 4); n; n--) {
		unsigned begin = 31000 + below(c, 20);

		json_array_append_new(ranges, json_pack("{s:i, s:i}", "begin", begin, "end", begin + below(c, 3)));
	}
	resource = json_pack("{s:s, s:s, s:{s:o}}", "name", "ports", "type", "RANGES", "ranges", "range", ranges);
	if (chance(c, 10))
		json_object_set_new(resource, "revocable", json_object());
	return resource;
}

static json_t *make_discovery(struct churn *c)
{
	static const char *const names[] = {"web", "db.prod", "web", "Odd_One"}, *const protocols[] = {
											 "tcp", "udp", "tcp,udp"};
	json_t *ports = json_array();

	for (unsigned n = below(c, 3); n; n--) {
		json_t *port = json_pack("{s:i}", "number", below(c, 5) ? 31000 + (int)below(c, 20) : 0);

		if (chance(c, 60))
			json_object_set_new(port, "name", json_string(chance(c, 50) ? "http" : "admin"));
		if (chance(c, 60))
			json_object_set_new(port, "protocol", json_string(protocols[below(c, 3)]));
		json_array_append_new(ports, port);
	}
	return json_pack(
		"{s:s, s:s, s:{s:o}}", "visibility", "CLUSTER", "name", names[below(c, 4)], "ports", "ports", ports);
}

static void launch(struct churn *c)
{
	static const char *const names[] = {"web", "worker", "cron job", "db.prod"};
	const char *framework = pick(c, c->master->frameworks), *agent = pick(c, c->master->agents);
	char id[64];

	if (!framework || !agent || json_object_size(c->master->tasks) >= TASKS_MAX)
		return;
	snprintf(id, sizeof(id), "task.%u", chance(c, 10) ? below(c, c->next) : c->next++);
	if (master_task(c->master, framework, id))
		return;
	json_t *task = json_pack("{s:s, s:o, s:o, s:o, s:s, s:[o, {s:s, s:{s:f}}]}", "name", names[below(c, 4)],
		"task_id", id_object(id), "framework_id", id_object(framework), "agent_id", id_object(agent), "state",
		"TASK_STAGING", "resources", make_ports(c), "name", "cpus", "scalar", "value", 0.1);
	if (chance(c, 30))
		json_array_append_new(json_object_get(task, "resources"), make_ports(c));
	if (chance(c, 50))
		json_object_set_new(task, "discovery", make_discovery(c));
	if (chance(c, 20))
		json_object_set_new(task, "container",
			json_pack("{s:s, s:{s:[{s:i, s:i}]}}", "type", "DOCKER", "docker", "port_mappings", "host_port",
				below(c, 2) ? 31000 : 0, "container_port", 80));
	emit(c, "TASK_ADDED", "task_added", json_pack("{s:o}", "task", task));
}

static void set_network(struct churn *c, json_t *status)
{
	const char *id = master_id(status, "task_id");
	bool mapped = id[strlen(id) - 1] == '7'; /* a task's mappings do not change */
	json_t *infos = json_array();

	for (unsigned n = 1 + below(c, 2); n; n--) {
		char address[64];

		snprintf(address, sizeof(address), chance(c, 20) ? "fd00::%u" : "172.16.0.%u", 1 + below(c, 200));
		json_t *info = json_pack("{s:[{s:s, s:s}]}", "ip_addresses", "protocol", "IPv4", "ip_address", address);
		if (mapped)
			json_object_set_new(info, "port_mappings", json_pack("[{s:i}]", "host_port", 31000));
		json_array_append_new(infos, info);
	}
	json_object_set_new(status, "container_status", json_pack("{s:o}", "network_infos", infos));
}

static void set_label(struct churn *c, json_t *status)
{
	char address[32];

	snprintf(address, sizeof(address), "192.168.0.%u", 1 + below(c, 200));
	json_object_set_new(status, "labels",
		json_pack("{s:[{s:s, s:s}]}", "labels", "key",
			chance(c, 50) ? "Docker.NetworkSettings.IPAddress"
				      : "MesosContainerizer.NetworkSettings.IPAddress",
			"value", address));
}

static json_t *running_status(struct churn *c, const json_t *task, bool network)
{
	json_t *status = status_of(c, task, "TASK_RUNNING");

	if (chance(c, 60))
		json_object_set_new(status, "healthy", json_boolean(chance(c, 60)));
	if (network)
		set_network(c, status);
	if (chance(c, 20))
		set_label(c, status);
	return status;
}

static void change_task(struct churn *c)
{
	static const char *const ends[] = {"TASK_FINISHED", "TASK_FAILED", "TASK_KILLED", "TASK_ERROR", "TASK_LOST"};
	const char *key = pick(c, c->master->tasks);

	if (!key)
		return;
	json_t *task = json_deep_copy(json_object_get(c->master->tasks, key));
	const char *state = json_string_value(json_object_get(task, "state"));
	bool running = !strcmp(state, "TASK_RUNNING"), killing = !strcmp(state, "TASK_KILLING");
	unsigned what = below(c, 100);

	if (what < 15 || (killing && what < 50)) {
		const char *end = ends[below(c, 5)];

		update(c, task, end, status_of(c, task, chance(c, 80) ? end : "TASK_KILLED"));
		if (chance(c, 20)) /* the agent tells it again */
			update(c, task, end, status_of(c, task, "TASK_KILLED"));
	} else if (killing) { /* the status may lag behind */
		update(c, task, "TASK_KILLING", running_status(c, task, true));
	} else if (what < 25 && running) {
		update(c, task, "TASK_KILLING", status_of(c, task, "TASK_KILLING"));
	} else if (what < 40 && !running) {
		update(c, task, "TASK_STARTING", status_of(c, task, "TASK_STARTING"));
	} else if (what < 45) { /* known, and told again */
		emit(c, "TASK_ADDED", "task_added", json_pack("{s:O}", "task", task));
	} else {
		update(c, task, "TASK_RUNNING", running_status(c, task, chance(c, 70)));
	}
	json_decref(task);
}

void churn_step(struct churn *c)
{
	static const struct {
		unsigned weight;
		void (*change)(struct churn *c);
	} changes[] = {{50, change_task}, {20, launch}, {5, add_agent}, {3, lose_agent}, {5, return_agent},
		{2, remove_agent}, {2, silent_agent}, {4, change_framework}, {1, remove_framework},
		{2, silent_framework}};
	unsigned at = below(c, 94);

	for (size_t i = 0;; at -= changes[i++].weight)
		if (at < changes[i].weight) {
			changes[i].change(c);
			return;
		}
}
