/* SPDX-License-Identifier: Apache-2.0 */
#include "http/explain_origin.h"

#include <stdlib.h>

#include "base/printable.h"
#include "cluster/text.h"
#include "http/explain_wish.h"
#include "zone/label.h"

void explain_set(struct explain *e, json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value))
		e->failed = true;
}

void explain_append(struct explain *e, json_t *list, json_t *value)
{
	if (json_array_append_new(list, value))
		e->failed = true;
}

json_t *explain_text_json(const char *text, size_t len)
{
	json_t *value = json_stringn(text, len);
	char *copy = value ? NULL : strndup(text, len);

	if (copy) { /* it was no UTF-8 */
		printable_make(copy);
		value = json_string(copy);
		free(copy);
	}
	return value;
}

json_t *explain_name_json(const uint8_t *name)
{
	char text[DNAME_TEXT_MAX];

	return json_stringn(text, dname_to_text(text, name));
}

static json_t *field(const void *element, struct cluster_text text)
{
	return explain_text_json(cluster_text(element, text), text.len);
}

static json_t *addresses(struct explain *e, const struct addr *addrs, size_t count)
{
	json_t *list = json_array();
	char text[ADDR_TEXT_MAX];

	for (size_t i = 0; i < count; i++)
		explain_append(e, list, json_string(addr_format(&addrs[i], text)));
	return list;
}

static json_t *changes_json(struct explain *e, unsigned changes)
{
	static const struct {
		unsigned change;
		const char *name;
	} names[] = {
		{LABEL_LOWERED, "lower case"},
		{LABEL_REPLACED, ". and _ became -"},
		{LABEL_DROPPED, "what cannot stand in a label was dropped"},
		{LABEL_TRIMMED, "trimmed at an end"},
		{LABEL_CUT, "cut to the longest that a label can be"},
	};
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (changes & names[i].change)
			explain_append(e, list, json_string(names[i].name));
	return list;
}

/* A text that became another one on its way into names. */
static void add_label(struct explain *e, json_t *list, const char *of, const void *element, struct cluster_text text,
	const char *label, size_t label_len, unsigned changes)
{
	if (changes)
		explain_append(e, list,
			json_pack("{s:s, s:o, s:o, s:o}", "of", of, "text", field(element, text), "label",
				explain_text_json(label, label_len), "changes", changes_json(e, changes)));
}

static void add_text_label(
	struct explain *e, json_t *list, const char *of, const void *element, struct cluster_text text)
{
	const char *raw = cluster_text(element, text);
	bool rfc952 = e->conf->enforce_rfc952;
	char label[DLABEL_MAX];
	size_t len = label_make(label, raw, text.len, rfc952);

	add_label(e, list, of, element, text, label, len, label_changes(raw, text.len, rfc952));
}

/* A framework's name, which keeps its dots. */
static void add_framework_label(struct explain *e, json_t *list, const struct cluster_framework *framework)
{
	const char *at = cluster_text(framework, framework->name), *end = at + framework->name.len;
	char text[CLUSTER_TEXT_MAX + 1];
	unsigned changes = 0;
	size_t used = 0;

	for (; at < end; at++) {
		size_t part = strcspn(at, ".");
		char label[DLABEL_MAX];
		size_t len = label_make(label, at, part, e->conf->enforce_rfc952);

		changes |= len ? label_changes(at, part, e->conf->enforce_rfc952) : LABEL_DROPPED;
		if (len && used)
			text[used++] = '.';
		memcpy(text + used, label, len);
		used += len;
		at += part;
	}
	add_label(e, list, "framework", framework, framework->name, text, used, changes);
}

/* The label of the task's own name, where the task's part had to make room for what follows. */
static void add_canonical_label(
	struct explain *e, json_t *list, const struct cluster_task *task, const struct explain_task_names *names)
{
	struct cluster_text text = task->discovery_name.len ? task->discovery_name : task->name;
	char label[DLABEL_MAX];
	size_t len = label_make(label, cluster_text(task, text), text.len, e->conf->enforce_rfc952);

	if (names->canonical_len && (names->canonical[0] < len || memcmp(names->canonical + 1, label, len) != 0))
		add_label(e, list, "canonical", task, text, (const char *)names->canonical + 1, names->canonical[0],
			LABEL_CUT);
}

static const char *health_text(unsigned health)
{
	return health == CLUSTER_HEALTH_GOOD ? "healthy" : health == CLUSTER_HEALTH_BAD ? "unhealthy" : "unknown";
}

static const char *source_text(enum conf_ip_source source)
{
	static const char *const names[CONF_IP_SOURCES_MAX] = {[CONF_IP_HOST] = "host",
		[CONF_IP_DOCKER] = "docker",
		[CONF_IP_MESOS] = "mesos",
		[CONF_IP_NETINFO] = "netinfo",
		[CONF_IP_AUTO] = "auto"};

	return names[source];
}

static json_t *agent_json(struct explain *e, const struct cluster_agent *agent)
{
	return json_pack("{s:o, s:o, s:o, s:b}", "id", field(agent, agent->e.id), "hostname",
		field(agent, agent->hostname), "addresses",
		addresses(e, cluster_list(agent, agent->addrs), agent->addrs.count), "active", agent->active);
}

static json_t *framework_json(const struct cluster_framework *framework)
{
	return json_pack("{s:o, s:o, s:b}", "id", field(framework, framework->e.id), "name",
		field(framework, framework->name), "active", framework->active);
}

static json_t *task_addresses(struct explain *e, const struct explain_origin *origin)
{
	enum conf_ip_source source = CONF_IP_HOST;
	size_t count;
	const struct addr *addrs =
		naming_task_addrs(e->naming, (const void *)origin->element, origin->agent, &source, &count);

	return json_pack(
		"{s:s?, s:o}", "source", count ? source_text(source) : NULL, "list", addresses(e, addrs, count));
}

static json_t *task_json(struct explain *e, const struct explain_origin *origin)
{
	const struct cluster_task *task = (const void *)origin->element;
	struct explain_task_names names;
	json_t *labels = json_array(), *named = json_array();

	explain_task_names(e, origin, &names);
	add_text_label(e, labels, task->discovery_name.len ? "discovery.name" : "name", task,
		task->discovery_name.len ? task->discovery_name : task->name);
	if (origin->framework)
		add_framework_label(e, labels, origin->framework);
	add_canonical_label(e, labels, task, &names);
	if (names.shared_len)
		explain_append(e, named, explain_name_json(names.shared));
	if (names.canonical_len)
		explain_append(e, named, explain_name_json(names.canonical));
	json_t *value = json_pack("{s:s, s:o, s:o, s:s, s:s, s:o, s:o, s:o}", "kind", "task", "id",
		field(task, task->e.id), "name", field(task, task->name), "state", cluster_task_state_text(task->state),
		"health", health_text(task->health), "addresses", task_addresses(e, origin), "labels", labels, "names",
		named);
	if (task->discovery_name.len)
		explain_set(e, value, "discovery_name", field(task, task->discovery_name));
	explain_set(e, value, "framework",
		origin->framework ? framework_json(origin->framework)
				  : json_pack("{s:o}", "id", field(task, task->framework_id)));
	explain_set(e, value, "agent",
		origin->agent ? agent_json(e, origin->agent) : json_pack("{s:o}", "id", field(task, task->agent_id)));
	return value;
}

static json_t *bare_framework_json(struct explain *e, const struct cluster_framework *framework)
{
	json_t *labels = json_array(), *value = framework_json(framework);

	add_framework_label(e, labels, framework);
	explain_set(e, value, "kind", json_string("framework"));
	explain_set(e, value, "host", field(framework, framework->host));
	explain_set(e, value, "addresses",
		json_pack("{s:o}", "list",
			addresses(e, cluster_list(framework, framework->addrs), framework->addrs.count)));
	explain_set(e, value, "labels", labels);
	return value;
}

static json_t *bare_agent_json(struct explain *e, const struct cluster_agent *agent)
{
	json_t *value = agent_json(e, agent);

	explain_set(e, value, "kind", json_string("agent"));
	explain_set(e, value, "host", field(agent, agent->host));
	explain_set(e, value, "addresses",
		json_pack("{s:o}", "list", addresses(e, cluster_list(agent, agent->addrs), agent->addrs.count)));
	return value;
}

static json_t *master_json(struct explain *e, const struct explain_origin *origin)
{
	const struct cluster_master *master = origin->master;
	json_t *value = json_pack("{s:s, s:b, s:i, s:{s:o}}", "kind", "master", "leader", origin->leader, "port",
		master->port, "addresses", "list", addresses(e, master->addrs, master->addr_count));

	if (!origin->leader)
		explain_set(e, value, "number", json_integer((json_int_t)origin->master_number));
	return value;
}

static json_t *reasons_json(struct explain *e, const struct explain_origin *origin)
{
	static const struct {
		const char *name, *text;
	} reasons[EXPLAIN_REASONS] = {
		/* besides those that naming has */
		[EXPLAIN_NO_ADDRESS] = {"no_address", "no address of it is known"},
		[EXPLAIN_NO_PORT] = {"no_port", "it has no port that makes the name of this service"},
		[EXPLAIN_DISCOVERY_NAME] = {"discovery_name",
			"its names are made from discovery.name, not from the task's name"},
		[EXPLAIN_RENAMED] = {"renamed", "a DNS label cannot say its name as it stands"},
	};
	json_t *list = json_array();

	for (unsigned i = 0; i < EXPLAIN_REASONS; i++)
		if (origin->reasons & 1u << i)
			explain_append(e, list,
				json_pack("{s:s, s:s}", "reason",
					reasons[i].name ? reasons[i].name : naming_left_out_name(i), "text",
					reasons[i].text ? reasons[i].text : naming_left_out_text(i)));
	return list;
}

json_t *explain_origin_json(struct explain *e, const struct explain_origin *origin)
{
	json_t *value;

	if (!origin->element)
		value = master_json(e, origin);
	else if (origin->element->kind == CLUSTER_TASK)
		value = task_json(e, origin);
	else if (origin->element->kind == CLUSTER_FRAMEWORK)
		value = bare_framework_json(e, (const void *)origin->element);
	else
		value = bare_agent_json(e, (const void *)origin->element);
	if (origin->reasons)
		explain_set(e, value, "left_out", reasons_json(e, origin));
	return value;
}
