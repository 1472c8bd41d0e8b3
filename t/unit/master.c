/* SPDX-License-Identifier: Apache-2.0 */
#include "t/unit/master.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *must(json_t *value, const char *what)
{
	if (value)
		return value;
	fprintf(stderr, "the test's master was given an event without %s\n", what);
	abort();
}

static json_t *member(const json_t *object, const char *key)
{
	return must(json_object_get(object, key), key);
}

const char *master_id(const json_t *object, const char *key)
{
	return json_string_value(member(member(object, key), "value"));
}

struct master *master_new(const char *leader)
{
	struct master *m = calloc(1, sizeof(*m));

	m->agents = json_object();
	m->frameworks = json_object();
	m->completed = json_object();
	m->tasks = json_object();
	m->pids = json_object();
	snprintf(m->leader, sizeof(m->leader), "%s", leader);
	return m;
}

void master_free(struct master *m)
{
	json_decref(m->agents);
	json_decref(m->frameworks);
	json_decref(m->completed);
	json_decref(m->tasks);
	json_decref(m->pids);
	free(m);
}

static const char *key_of(const char *framework_id, const char *id)
{
	static char key[4096];

	snprintf(key, sizeof(key), "%s\n%s", framework_id, id);
	return key;
}

json_t *master_task(const struct master *m, const char *framework_id, const char *id)
{
	return json_object_get(m->tasks, key_of(framework_id, id));
}

static bool one_of(const char *state, const char *const *states)
{
	while (*states && strcmp(*states, state) != 0)
		states++;
	return *states != NULL;
}

static bool is_over(const char *state)
{
	static const char *const over[] = {"TASK_FINISHED", "TASK_FAILED", "TASK_KILLED", "TASK_ERROR", "TASK_LOST",
		"TASK_DROPPED", "TASK_GONE", "TASK_GONE_BY_OPERATOR", "TASK_UNREACHABLE", NULL};

	return one_of(state, over);
}

static void put_task(struct master *m, const json_t *task)
{
	json_object_set_new(
		m->tasks, key_of(master_id(task, "framework_id"), master_id(task, "task_id")), json_deep_copy(task));
}

static void put_agent(struct master *m, const json_t *agent)
{
	json_object_set_new(m->agents, master_id(member(agent, "agent_info"), "id"), json_deep_copy(agent));
}

static void put_framework(struct master *m, const json_t *framework)
{
	json_object_set_new(
		m->frameworks, master_id(member(framework, "framework_info"), "id"), json_deep_copy(framework));
}

static void subscribe(struct master *m, const json_t *subscribed)
{
	const json_t *state = member(subscribed, "get_state");
	json_t *item;
	size_t i;

	json_object_clear(m->agents);
	json_object_clear(m->frameworks);
	json_object_clear(m->tasks);
	json_array_foreach(json_object_get(member(state, "get_agents"), "agents"), i, item) put_agent(m, item);
	json_array_foreach(json_object_get(member(state, "get_frameworks"), "frameworks"), i, item)
		put_framework(m, item);
	json_array_foreach(json_object_get(member(state, "get_tasks"), "tasks"), i, item) put_task(m, item);
}

/* Of several statuses of one state in succession a master keeps the last. */
static void add_status(json_t *task, const json_t *status)
{
	json_t *statuses = json_object_get(task, "statuses");

	if (!statuses) {
		statuses = json_array();
		json_object_set_new(task, "statuses", statuses);
	}
	size_t last = json_array_size(statuses);
	const json_t *before = json_array_get(statuses, last - 1);
	if (before && json_equal(member(before, "state"), member(status, "state")))
		json_array_remove(statuses, last - 1);
	json_array_append_new(statuses, json_deep_copy(status));
}

static void update_task(struct master *m, const json_t *update)
{
	const json_t *status = member(update, "status");
	const char *framework_id = master_id(update, "framework_id"), *id = master_id(status, "task_id");
	const char *state = json_string_value(member(update, "state"));
	json_t *task = master_task(m, framework_id, id);

	if (!strcmp(state, "TASK_UNREACHABLE") && json_object_get(status, "agent_id"))
		json_object_del(m->agents, master_id(status, "agent_id"));
	if (!task)
		return;
	if (is_over(state)) {
		json_object_del(m->tasks, key_of(framework_id, id));
		return;
	}
	json_object_set(task, "state", member(update, "state"));
	add_status(task, status);
}

/* Takes the tasks out that name `id` under `key`. */
static void remove_tasks(struct master *m, const char *key, const char *id)
{
	const char *name;
	json_t *task;
	void *next;

	json_object_foreach_safe(m->tasks, next, name, task) if (!strcmp(master_id(task, key), id))
		json_object_del(m->tasks, name);
}

void master_drop_agent(struct master *m, const char *id)
{
	json_object_del(m->agents, id);
}

void master_take(struct master *m, const json_t *event)
{
	const char *type = json_string_value(member(event, "type"));

	if (!strcmp(type, "SUBSCRIBED")) {
		subscribe(m, member(event, "subscribed"));
	} else if (!strcmp(type, "TASK_ADDED")) {
		put_task(m, member(member(event, "task_added"), "task"));
	} else if (!strcmp(type, "TASK_UPDATED")) {
		update_task(m, member(event, "task_updated"));
	} else if (!strcmp(type, "AGENT_ADDED")) {
		put_agent(m, member(member(event, "agent_added"), "agent"));
	} else if (!strcmp(type, "AGENT_REMOVED")) {
		const char *id = master_id(member(event, "agent_removed"), "agent_id");

		remove_tasks(m, "agent_id", id);
		json_object_del(m->agents, id);
	} else if (!strcmp(type, "FRAMEWORK_ADDED")) {
		put_framework(m, member(member(event, "framework_added"), "framework"));
	} else if (!strcmp(type, "FRAMEWORK_UPDATED")) {
		put_framework(m, member(member(event, "framework_updated"), "framework"));
	} else if (!strcmp(type, "FRAMEWORK_REMOVED")) {
		const char *id = master_id(member(member(event, "framework_removed"), "framework_info"), "id");

		remove_tasks(m, "framework_id", id);
		json_object_set(m->completed, id, member(member(event, "framework_removed"), "framework_info"));
		json_object_del(m->frameworks, id);
	}
}

/* Rendering. */

static json_t *values_of(json_t *object)
{
	json_t *list = json_array(), *value;
	const char *key;

	json_object_foreach(object, key, value) json_array_append(list, value);
	return list;
}

static char *dump(json_t *root)
{
	char *text = json_dumps(root, JSON_COMPACT);

	json_decref(root);
	return text;
}

char *master_subscribed(const struct master *m)
{
	json_t *completed = json_array(), *info;
	const char *id;

	json_object_foreach(m->completed, id, info)
		json_array_append_new(completed, json_pack("{s:O}", "framework_info", info));
	return dump(json_pack("{s:s, s:{s:{s:{s:o}, s:{s:o, s:o}, s:{s:o, s:[]}}, s:f}}", "type", "SUBSCRIBED",
		"subscribed", "get_state", "get_tasks", "tasks", values_of(m->tasks), "get_frameworks", "frameworks",
		values_of(m->frameworks), "completed_frameworks", completed, "get_agents", "agents",
		values_of(m->agents), "recovered_agents", "heartbeat_interval_seconds", 15.0));
}

static void copy(json_t *to, const char *name, const json_t *from, const char *key)
{
	json_t *value = json_object_get(from, key);

	if (value)
		json_object_set(to, name, value);
}

static void copy_id(json_t *to, const char *name, const json_t *from, const char *key)
{
	if (json_object_get(from, key))
		json_object_set_new(to, name, json_string(master_id(from, key)));
}

static json_t *agent_v0(const json_t *agent)
{
	const json_t *info = member(agent, "agent_info");
	json_t *out = json_object();

	copy_id(out, "id", info, "id");
	copy(out, "hostname", info, "hostname");
	copy(out, "pid", agent, "pid");
	copy(out, "active", agent, "active");
	return out;
}

/* All ports in one text, in order and joined, as Mesos' Resources does it; revocable ones are not told. */
static json_t *ports_v0(const json_t *resources)
{
	static bool used[65537];
	static char text[1 << 20];
	size_t i, j, len = 0;
	json_t *resource, *range;
	bool any = false;

	memset(used, 0, sizeof(used));
	json_array_foreach(resources, i, resource)
	{
		if (strcmp(json_string_value(member(resource, "name")), "ports") != 0 ||
			json_object_get(resource, "revocable"))
			continue;
		json_array_foreach(json_object_get(json_object_get(resource, "ranges"), "range"), j, range)
		{
			json_int_t begin = json_integer_value(member(range, "begin"));

			for (json_int_t port = begin; port <= json_integer_value(member(range, "end")); port++)
				used[port] = any = true;
		}
	}
	for (int port = 0, begin; port < 65536; port++) {
		if (!used[port])
			continue;
		for (begin = port; used[port + 1];)
			port++;
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%d-%d", len ? ", " : "[", begin, port);
	}
	snprintf(text + len, sizeof(text) - len, "]");
	return any ? json_string(text) : NULL;
}

static json_t *status_v0(const json_t *status)
{
	static const char *const same[] = {"state", "timestamp", "healthy", "container_status"};
	json_t *out = json_object(), *labels = json_object_get(status, "labels");

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		copy(out, same[i], status, same[i]);
	if (labels)
		copy(out, "labels", labels, "labels");
	return out;
}

static json_t *task_v0(const json_t *task)
{
	static const char *const same[] = {"name", "state", "discovery", "container"};
	json_t *out = json_object(), *statuses = json_array(), *resources = json_object();
	json_t *ports = ports_v0(json_object_get(task, "resources")), *status;
	size_t i;

	copy_id(out, "id", task, "task_id");
	copy_id(out, "framework_id", task, "framework_id");
	copy_id(out, "slave_id", task, "agent_id");
	for (i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		copy(out, same[i], task, same[i]);
	if (ports)
		json_object_set_new(resources, "ports", ports);
	json_object_set_new(out, "resources", resources);
	json_array_foreach(json_object_get(task, "statuses"), i, status)
		json_array_append_new(statuses, status_v0(status));
	json_object_set_new(out, "statuses", statuses);
	return out;
}

static json_t *framework_v0(const struct master *m, const char *id, const json_t *framework)
{
	const json_t *info = member(framework, "framework_info");
	json_t *out = json_object();

	copy_id(out, "id", info, "id");
	copy(out, "name", info, "name");
	json_object_set_new(out, "hostname", json_string(""));
	copy(out, "hostname", info, "hostname");
	copy(out, "active", framework, "active");
	copy(out, "pid", m->pids, id);
	return out;
}

static char *render(const struct master *m, bool tasks)
{
	json_t *agents = json_array(), *frameworks = json_array(), *completed = json_array();
	json_t *lists = json_object(), *value;
	const char *key;

	json_object_foreach(m->agents, key, value) json_array_append_new(agents, agent_v0(value));
	json_object_foreach(m->frameworks, key, value)
	{
		json_t *framework = framework_v0(m, key, value), *list = json_array();

		json_object_set_new(lists, key, list);
		if (tasks)
			json_object_set(framework, "tasks", list);
		json_array_append_new(frameworks, framework);
	}
	json_object_foreach(m->completed, key, value) json_array_append_new(completed, json_pack("{s:s}", "id", key));
	json_object_foreach(m->tasks, key, value)
	{
		json_t *list = json_object_get(lists, master_id(value, "framework_id"));

		if (list) /* a document has no place for a task without its framework */
			json_array_append_new(list, task_v0(value));
	}
	json_decref(lists);
	return dump(json_pack("{s:s, s:s, s:o, s:[], s:o, s:o}", "id", "11111111-2222", "leader", m->leader, "slaves",
		agents, "recovered_slaves", "frameworks", frameworks, "completed_frameworks", completed));
}

char *master_state(const struct master *m)
{
	return render(m, true);
}

char *master_summary(const struct master *m)
{
	return render(m, false);
}
