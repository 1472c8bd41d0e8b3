/* SPDX-License-Identifier: Apache-2.0 */
#include "http/explain_wish.h"

#include "base/err.h"
#include "http/explain_match.h"
#include "zone/label.h"

/* Reasons of the naming rules for which a task can be called as the name has it, and yet not have it. */
#define CALLED_REASONS (1u << NAMING_NO_LABEL | 1u << NAMING_TOO_LONG | 1u << NAMING_NOT_A_HOSTNAME)

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Can `text` stand at the start of the label? A label that begins with it, or that it begins with, can have been made
 * from it; and where `ending` bytes have to find room behind it, so can one that has but what stays of it then. */
static bool may_begin(const char *label, size_t label_len, const char *text, size_t len, size_t ending)
{
	size_t common = 0;

	while (common < len && common < label_len && lower(text[common]) == label[common])
		common++;
	if (common == len || common == label_len)
		return true;
	if (len + ending <= DLABEL_MAX)
		return false;
	size_t stays = ending < DLABEL_MAX ? DLABEL_MAX - ending : 0;
	while (stays && text[stays - 1] == '-')
		stays--;
	return common >= stays;
}

static bool text_may_match(const struct explain *e, const struct cluster_task *task, struct cluster_text text)
{
	const char *raw = cluster_text(task, text), *agent = cluster_text(task, task->agent_id);
	const char *dash = memrchr(agent, '-', task->agent_id.len);
	size_t tail = dash ? (size_t)(agent + task->agent_id.len - dash - 1) : task->agent_id.len;
	const size_t ending = 2 + LABEL_HASH + tail; /* -HASH-TAIL, at the most */
	const uint8_t *at = e->name.wire;
	char made[DLABEL_MAX];
	size_t made_len = label_make(made, raw, text.len, e->conf->enforce_rfc952);

	for (int i = 0; i < 2 && at[0]; i++, at = dname_parent(at)) {
		size_t len;
		const char *label = explain_label(at, &len);

		if (may_begin(label, len, made, made_len, ending) ||
			may_begin(label, len, raw, text.len, memchr(raw, '.', text.len) ? 0 : ending))
			return true;
		if (!e->name.services)
			break; /* in the name of a service the port's name may come first */
	}
	return false;
}

bool explain_may_match(const struct explain *e, const struct cluster_task *task)
{
	return text_may_match(e, task, task->name) ||
	       (task->discovery_name.len && text_may_match(e, task, task->discovery_name));
}

static const struct addr somewhere = {.bytes = {192, 0, 2, 1}, .len = 4};

/* An agent in the place of one that is not known, or that has no address. */
static const struct cluster_agent *make_agent(struct explain *e, const struct cluster_task *task)
{
	struct cluster_text id = task->agent_id;
	int err = cluster_build_start(&e->agent, CLUSTER_AGENT);

	if (!err)
		err = cluster_build_text(&e->agent, CLUSTER_FIELD(agent, e.id), id.len ? cluster_text(task, id) : "?",
			id.len ? id.len : 1);
	if (!err)
		err = cluster_build_list(&e->agent, CLUSTER_FIELD(agent, addrs), &somewhere, 1, sizeof(somewhere));
	if (!err)
		err = cluster_build_finish(&e->agent);
	e->failed |= err == ERR_NOMEM;
	return err ? NULL : e->agent.agent;
}

/* The labels from `name` up to `end` with dots between them. Returns the length. */
static size_t join_labels(const uint8_t *name, const uint8_t *end, char out[DNAME_MAX])
{
	size_t len = 0;

	for (; name < end; name = dname_parent(name)) {
		if (len)
			out[len++] = '.';
		memcpy(out + len, name + 1, name[0]);
		len += name[0];
	}
	return len;
}

/* A framework in the place of one that is not known, called as the name has it. */
static const struct cluster_framework *make_framework(struct explain *e, const struct cluster_task *task)
{
	const uint8_t *at = e->name.wire, *end = e->name.wire + e->name.len - e->snapshot->zones[0].name_len;
	struct cluster_text id = task->framework_id;
	char text[DNAME_MAX];

	for (unsigned i = 0; i < (e->name.services ? e->name.services : 1) && at < end; i++)
		at = dname_parent(at);
	if (end - at > 6 && !memcmp(end - 6, "\5slave", 6))
		end -= 6;
	size_t len = join_labels(at, end, text);
	int err = len ? cluster_build_start(&e->framework, CLUSTER_FRAMEWORK) : ERR_FORMAT;
	if (!err)
		err = cluster_build_text(&e->framework, CLUSTER_FIELD(framework, e.id), cluster_text(task, id), id.len);
	if (!err)
		err = cluster_build_text(&e->framework, CLUSTER_FIELD(framework, name), text, len);
	if (!err)
		err = cluster_build_finish(&e->framework);
	e->failed |= err == ERR_NOMEM;
	return err ? NULL : e->framework.framework;
}

enum { WITH_PORT = 1, WITHOUT_PORTS = 2, WITHOUT_DISCOVERY = 4 };

/* A port that makes the name of a service, if the task is called so. */
static int add_port(struct explain *e)
{
	static const struct cluster_port_range range = {1, 1};
	const uint8_t *at = e->name.wire;
	struct cluster_port_input port = {.number = 1};

	port.name = explain_label(at, &port.name_len);
	for (unsigned i = 1; i < e->name.services; i++)
		at = dname_parent(at);
	port.protocol = explain_label(at, &port.protocol_len);
	int err = cluster_build_ports(&e->task, &port, 1);
	return err ? err : cluster_build_list(&e->task, CLUSTER_FIELD(task, port_ranges), &range, 1, sizeof(range));
}

static const struct cluster_task *make_task(struct explain *e, const struct explain_origin *origin, unsigned how)
{
	static const size_t lists[] = {
		CLUSTER_FIELD(task, netinfo), CLUSTER_FIELD(task, mesos_label), CLUSTER_FIELD(task, docker_label)};
	enum conf_ip_source source;
	size_t count;
	int err = cluster_build_copy(&e->task, origin->element);

	if (!err)
		e->task.task->state = CLUSTER_TASK_RUNNING;
	naming_task_addrs(e->naming, (const void *)origin->element, origin->agent, &source, &count);
	for (int i = 0; !err && !count && i < 3; i++)
		err = cluster_build_list(&e->task, lists[i], &somewhere, 1, sizeof(somewhere));
	if (!err && how & WITH_PORT)
		err = add_port(e);
	if (!err && how & WITHOUT_PORTS)
		err = cluster_build_ports(&e->task, NULL, 0);
	if (!err && how & WITHOUT_PORTS)
		err = cluster_build_list(
			&e->task, CLUSTER_FIELD(task, port_ranges), NULL, 0, sizeof(struct cluster_port_range));
	if (!err && how & WITHOUT_DISCOVERY)
		err = cluster_build_text(&e->task, CLUSTER_FIELD(task, discovery_name), "", 0);
	if (!err)
		err = cluster_build_finish(&e->task);
	e->failed |= err == ERR_NOMEM;
	return err ? NULL : e->task.task;
}

/* Runs naming for the task as it would be if nothing kept its records back. */
static void run_wished(
	struct explain *e, const struct explain_origin *origin, unsigned how, const struct naming_sink *sink)
{
	const struct cluster_task *task = make_task(e, origin, how);
	const struct cluster_agent *agent = origin->agent;
	const struct cluster_framework *framework = origin->framework;

	if (task && (!agent || !agent->addrs.count))
		agent = make_agent(e, task);
	if (task && !framework)
		framework = make_framework(e, task);
	if (task && agent && framework)
		naming_task(e->naming, task, agent, framework, sink);
}

struct wish {
	struct explain *e;
	bool matched;
	uint32_t reasons; /* what naming leaves out even so */
};

static void take_record(void *arg, const struct naming_record *named)
{
	struct wish *wish = arg;
	const struct explain_name *name = &wish->e->name;

	wish->e->spent++;
	wish->matched |= named->owner_len == name->len && !memcmp(named->owner, name->wire, name->len);
}

static void take_left_out(void *arg, enum naming_left_out why)
{
	((struct wish *)arg)->reasons |= 1u << why;
}

static struct wish make_wish(struct explain *e, const struct explain_origin *origin, unsigned how)
{
	struct wish wish = {.e = e};
	const struct naming_sink sink = {.arg = &wish, .record = take_record, .left_out = take_left_out};

	e->spent += EXPLAIN_COST_NAMING;
	run_wished(e, origin, how, &sink);
	return wish;
}

/* Is the part of the name before the framework's what the text says, letter by letter? */
static bool is_called(const struct explain *e, const struct explain_origin *origin, struct cluster_text text)
{
	const char *raw = cluster_text(origin->element, text);
	const uint8_t *at = e->name.wire, *end = at;
	size_t before, first = 0;
	char asked[DNAME_MAX];

	if (!origin->framework || !text.len || !explain_is_below(e, origin->framework, &before))
		return false;
	if (e->name.services > 1) { /* of _NAME._tcp just NAME */
		for (unsigned i = 1; i < e->name.services; i++)
			end = dname_parent(end);
		first = 1;
	} else {
		end = at + before;
	}
	size_t len = join_labels(at, end, asked);
	if (len != text.len + first)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (lower(raw[i]) != asked[first + i])
			return false;
	return true;
}

/* What keeps a task from the name that would have it. */
static uint32_t reasons_of(const struct explain *e, const struct explain_origin *origin)
{
	const struct cluster_task *task = (const void *)origin->element;
	uint32_t reasons = 0;
	enum conf_ip_source source;
	uint8_t slave[DNAME_MAX];
	size_t count;

	if (task->state != CLUSTER_TASK_RUNNING)
		reasons |= 1u << NAMING_NOT_RUNNING;
	if (!origin->agent)
		reasons |= 1u << NAMING_NO_AGENT;
	if (!origin->framework)
		reasons |= 1u << NAMING_NO_FRAMEWORK;
	if (reasons || e->name.services)
		return reasons;
	naming_task_addrs(e->naming, task, origin->agent, &source, &count);
	size_t slave_len = explain_tail(e, origin->framework, true, slave);
	if (slave_len && dname_is_under(e->name.wire, e->name.len, slave, slave_len))
		count = origin->agent->addrs.count;
	return count ? 0 : 1u << EXPLAIN_NO_ADDRESS;
}

void explain_match_left_out(struct explain *e, struct explain_origin *origin)
{
	const struct cluster_task *task = (const void *)origin->element;
	struct cluster_text name = task->discovery_name.len ? task->discovery_name : task->name;
	unsigned port = e->name.services > 1 ? WITH_PORT : 0;
	uint32_t own = origin->reasons;
	struct wish wish = make_wish(e, origin, 0);

	origin->reasons = reasons_of(e, origin);
	if (wish.matched) {
		explain_leave_out(e, origin);
		return;
	}
	own |= wish.reasons;
	if (port && make_wish(e, origin, port).matched)
		origin->reasons |= 1u << EXPLAIN_NO_PORT;
	else if (task->discovery_name.len && make_wish(e, origin, port | WITHOUT_DISCOVERY).matched)
		origin->reasons |= 1u << EXPLAIN_DISCOVERY_NAME;
	else if (is_called(e, origin, name))
		origin->reasons |= own & CALLED_REASONS ? own & CALLED_REASONS : 1u << EXPLAIN_RENAMED;
	else
		return;
	explain_leave_out(e, origin);
}

/* The first two names that naming makes for a task are the shared one and its own. */
static void take_name(void *arg, const struct naming_record *named)
{
	struct explain_task_names *names = arg;

	if (!names->shared_len) {
		memcpy(names->shared, named->owner, named->owner_len);
		names->shared_len = named->owner_len;
	} else if (!names->canonical_len && (names->shared_len != named->owner_len ||
						    memcmp(names->shared, named->owner, named->owner_len) != 0)) {
		memcpy(names->canonical, named->owner, named->owner_len);
		names->canonical_len = named->owner_len;
	}
}

void explain_task_names(struct explain *e, const struct explain_origin *origin, struct explain_task_names *names)
{
	const struct naming_sink sink = {.arg = names, .record = take_name};

	*names = (struct explain_task_names){0};
	if (origin->framework)
		run_wished(e, origin, WITHOUT_PORTS, &sink);
}
