/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/naming.h"

#include <stdio.h>
#include <stdlib.h>

#include "zone/label.h"

struct naming {
	struct naming_settings settings;
	struct label_hasher *hasher;
	uint8_t domain[DNAME_MAX];
	uint8_t domain_len;
};

const char *naming_left_out_text(enum naming_left_out why)
{
	static const char *const texts[NAMING_LEFT_OUT_COUNT] = {
		[NAMING_NOT_RUNNING] = "the task is not running",
		[NAMING_NO_AGENT] = "the task's agent is not known",
		[NAMING_NO_FRAMEWORK] = "the task's framework is not known",
		[NAMING_NO_LABEL] = "nothing of the name can stand in a DNS label",
		[NAMING_TOO_LONG] = "the domain name would pass 255 bytes",
		[NAMING_NOT_A_HOSTNAME] = "discovery.name as it stands is no host name",
		[NAMING_TOO_MANY_PORTS] = "the task has more ports than are told of",
	};

	return texts[why];
}

struct naming_settings naming_settings_of(const struct conf *conf)
{
	struct naming_settings settings = {.domain = conf->domain, .rfc952 = conf->enforce_rfc952,
		.health_aware = conf->health_aware, .srv_weight = conf->srv_record_default_weight,
		.ip_source_count = conf->ip_source_count};

	memcpy(settings.ip_sources, conf->ip_sources, sizeof(settings.ip_sources));
	return settings;
}

const char *naming_left_out_name(enum naming_left_out why)
{
	static const char *const names[NAMING_LEFT_OUT_COUNT] = {
		[NAMING_NOT_RUNNING] = "not_running",
		[NAMING_NO_AGENT] = "no_agent",
		[NAMING_NO_FRAMEWORK] = "no_framework",
		[NAMING_NO_LABEL] = "no_label",
		[NAMING_TOO_LONG] = "too_long",
		[NAMING_NOT_A_HOSTNAME] = "not_a_hostname",
		[NAMING_TOO_MANY_PORTS] = "too_many_ports",
	};

	return names[why];
}

struct naming *naming_new(const struct naming_settings *settings)
{
	struct naming *naming = calloc(1, sizeof(*naming));

	if (!naming)
		return NULL;
	naming->settings = *settings;
	naming->hasher = label_hasher_new();
	naming->domain_len = (uint8_t)dname_from_text(naming->domain, settings->domain, strlen(settings->domain));
	naming->settings.domain = NULL;
	if (!naming->hasher || !naming->domain_len) {
		naming_free(naming);
		return NULL;
	}
	return naming;
}

void naming_free(struct naming *naming)
{
	if (!naming)
		return;
	label_hasher_free(naming->hasher);
	free(naming);
}

const uint8_t *naming_domain(const struct naming *naming, size_t *len)
{
	*len = naming->domain_len;
	return naming->domain;
}

/* A domain name that grows label by label and ends with a tail; `bad` once it does not fit. */
struct name {
	size_t len;
	bool bad;
	uint8_t wire[DNAME_MAX];
};

/* Only `len` bytes of a name mean something: it is not worth the time to clear the others. */
static void name_init(struct name *name)
{
	name->len = 0;
	name->bad = false;
}

static void add_bytes(struct name *name, const void *bytes, size_t len)
{
	if (name->bad || name->len + len > sizeof(name->wire)) {
		name->bad = true;
		return;
	}
	memcpy(name->wire + name->len, bytes, len);
	name->len += len;
}

static void add_label(struct name *name, const char *text, size_t len)
{
	uint8_t n = (uint8_t)len;

	name->bad |= !len || len > DLABEL_MAX;
	add_bytes(name, &n, 1);
	add_bytes(name, text, len);
}

/* Ends the name with another one. */
static void add_tail(struct name *name, const struct name *tail)
{
	name->bad |= tail->bad;
	add_bytes(name, tail->wire, tail->len);
}

/* How much of a text longer than `max` stays: so much that no `-` ends it. */
static size_t cut(const char *text, size_t len, size_t max)
{
	if (len <= max)
		return len;
	while (max && text[max - 1] == '-')
		max--;
	return max;
}

/* `_TEXT`, cut so that it fits a label. */
static void add_underscored(struct name *name, const char *text, size_t len)
{
	char label[DLABEL_MAX] = "_";

	len = cut(text, len, DLABEL_MAX - 1);
	memcpy(label + 1, text, len);
	add_label(name, label, len + 1);
}

/* What the names of one task have in common, for one of its two sets. */
struct task_names {
	struct naming *naming;
	const struct naming_sink *sink;
	const struct cluster_task *task;
	const struct cluster_agent *agent;
	enum zone_rank shared_rank;
	struct name tail, slave_tail; /* F.D and F.slave.D */
	char ending[2 + LABEL_HASH + DLABEL_MAX]; /* -HASH-TAIL, the ending of the canonical names' first label */
	size_t ending_len;
	/* the name of the service: the T of T.F.D, one label or, in the second set, several with dots */
	char text[CLUSTER_TEXT_MAX];
	size_t text_len;
	struct name canonical, slave_canonical;
};

static void leave_out(const struct naming_sink *sink, enum naming_left_out why)
{
	if (sink->left_out)
		sink->left_out(sink->arg, why);
}

static void emit_addrs(const struct naming_sink *sink, const struct name *owner, const struct addr *addrs, size_t count,
	enum zone_rank rank)
{
	if (owner->bad) {
		leave_out(sink, NAMING_TOO_LONG);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct naming_record record = {.owner = owner->wire, .owner_len = (uint16_t)owner->len, .addr = &addrs[i],
			.type = addrs[i].len == 4 ? RR_A : RR_AAAA, .rank = rank};

		sink->record(sink->arg, &record);
	}
}

static void emit_srv(const struct naming *naming, const struct naming_sink *sink, const struct name *owner,
	const struct name *target, uint16_t port, enum zone_rank rank)
{
	if (owner->bad || target->bad) {
		leave_out(sink, NAMING_TOO_LONG);
		return;
	}
	struct naming_record record = {.owner = owner->wire, .owner_len = (uint16_t)owner->len, .type = RR_SRV,
		.target = target->wire, .target_len = (uint16_t)target->len, .port = port,
		.weight = naming->settings.srv_weight, .rank = rank};
	sink->record(sink->arg, &record);
}

/* `_framework._tcp.NAME` */
static struct name framework_service(const struct name *name)
{
	struct name service;

	name_init(&service);
	add_label(&service, "_framework", 10);
	add_label(&service, "_tcp", 4);
	add_tail(&service, name);
	return service;
}

static void point_to(const struct naming_sink *sink, const struct name *service)
{
	if (sink->pointed_to && !service->bad)
		sink->pointed_to(sink->arg, service->wire, service->len);
}

/* The parts of `text` between dots as labels; with `underscore` the first is `_PART`. */
static void add_dotted(struct name *name, const char *text, size_t len, bool underscore)
{
	const char *end = text + len;

	while (text <= end) {
		const char *dot = memchr(text, '.', (size_t)(end - text));
		size_t part = (size_t)((dot ? dot : end) - text);

		if (underscore)
			add_underscored(name, text, part);
		else
			add_label(name, text, part);
		underscore = false;
		text += part + 1;
	}
}

static void make_ending(struct task_names *n)
{
	const char *agent_id = cluster_text(n->agent, n->agent->e.id);
	const char *dash = memrchr(agent_id, '-', n->agent->e.id.len);
	const char *tail = dash ? dash + 1 : agent_id;

	n->ending[0] = n->ending[1 + LABEL_HASH] = '-';
	label_hash(n->naming->hasher, n->ending + 1, cluster_text(n->task, n->task->e.id), n->task->e.id.len);
	size_t tail_len =
		label_make(n->ending + 2 + LABEL_HASH, tail, (size_t)(agent_id + n->agent->e.id.len - tail), false);
	n->ending_len = cut(n->ending, tail_len ? 2 + LABEL_HASH + tail_len : 1 + LABEL_HASH, DLABEL_MAX - 1);
}

/* TASK-HASH-TAIL, with the task's part cut where the label would pass 63 bytes. */
static void make_canonical(struct task_names *n)
{
	const char *text = n->text, *dot = memrchr(n->text, '.', n->text_len);
	char label[DLABEL_MAX];

	name_init(&n->canonical);
	if (dot) {
		add_dotted(&n->canonical, text, (size_t)(dot - text), false);
		text = dot + 1;
	}
	size_t len = cut(text, n->text_len - (size_t)(text - n->text), DLABEL_MAX - n->ending_len);
	memcpy(label, text, len);
	memcpy(label + len, n->ending, n->ending_len);
	add_label(&n->canonical, label, len + n->ending_len);
	n->slave_canonical = n->canonical;
	add_tail(&n->canonical, &n->tail);
	add_tail(&n->slave_canonical, &n->slave_tail);
}

static void emit_host(const struct task_names *n, const struct name *tail, const struct name *canonical,
	const struct addr *addrs, size_t count)
{
	struct name name;

	name_init(&name);
	add_dotted(&name, n->text, n->text_len, false);
	add_tail(&name, tail);
	emit_addrs(n->sink, &name, addrs, count, n->shared_rank);
	if (tail == &n->tail) { /* task `marathon` of `prod` shares a name with framework `marathon.prod` */
		struct name service = framework_service(&name);

		point_to(n->sink, &service);
	}
	emit_addrs(n->sink, canonical, addrs, count, ZONE_RANK_SERVED);
}

/* [_PORTNAME.]_T._PROTOCOL.TAIL */
static void emit_service(const struct task_names *n, const char *port_name, size_t port_name_len, const char *protocol,
	size_t protocol_len, const struct name *tail, const struct name *target, uint16_t port)
{
	struct name name;

	name_init(&name);
	if (port_name_len)
		add_underscored(&name, port_name, port_name_len);
	add_dotted(&name, n->text, n->text_len, true);
	add_underscored(&name, protocol, protocol_len);
	add_tail(&name, tail);
	emit_srv(n->naming, n->sink, &name, target, port, n->shared_rank);
}

/* One port of resources.ports: under both protocols. */
static void emit_resource_port(const struct task_names *n, const struct name *tail, uint16_t port)
{
	emit_service(n, NULL, 0, "tcp", 3, tail, &n->slave_canonical, port);
	emit_service(n, NULL, 0, "udp", 3, tail, &n->slave_canonical, port);
}

static void emit_discovery_protocol(const struct task_names *n, const struct cluster_port *port, const char *protocol,
	size_t protocol_len)
{
	char name[DLABEL_MAX];
	size_t name_len = label_make(name, cluster_text(n->task, port->name), port->name.len, n->naming->settings.rfc952);

	for (int named = 0; named <= (name_len > 0); named++) {
		size_t len = named ? name_len : 0;

		emit_service(n, name, len, protocol, protocol_len, &n->tail, &n->canonical, (uint16_t)port->number);
		emit_service(n, name, len, protocol, protocol_len, &n->slave_tail, &n->slave_canonical,
			(uint16_t)port->number);
	}
}

/* A port of DiscoveryInfo. Its protocol may be a list, as Marathon's `tcp,udp`; none means both. */
static void emit_discovery_port(const struct task_names *n, const struct cluster_port *port)
{
	const char *at = cluster_text(n->task, port->protocol), *end = at + port->protocol.len;
	unsigned protocols = 0;

	while (at < end) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		size_t part = (size_t)((comma ? comma : end) - at);
		char label[DLABEL_MAX];
		size_t len = label_make(label, at, part, n->naming->settings.rfc952);

		if (len && protocols++ == NAMING_PROTOCOLS_MAX) {
			leave_out(n->sink, NAMING_TOO_MANY_PORTS);
			return;
		}
		if (len)
			emit_discovery_protocol(n, port, label, len);
		at += part + 1;
	}
	if (!protocols) {
		emit_discovery_protocol(n, port, "tcp", 3);
		emit_discovery_protocol(n, port, "udp", 3);
	}
}

const struct addr *naming_task_addrs(const struct naming *naming, const struct cluster_task *task,
	const struct cluster_agent *agent, enum conf_ip_source *source, size_t *count)
{
	struct cluster_list list = {0};
	const void *element = task;

	for (size_t i = 0; i < naming->settings.ip_source_count && !list.count; i++) {
		*source = naming->settings.ip_sources[i];
		if (*source == CONF_IP_AUTO)
			*source = task->host_port_mapped || !task->netinfo.count ? CONF_IP_HOST : CONF_IP_NETINFO;
		element = *source == CONF_IP_HOST && agent ? (const void *)agent : task;
		switch (*source) {
		case CONF_IP_HOST:
			if (agent)
				list = agent->addrs;
			break;
		case CONF_IP_DOCKER:
			list = task->docker_label;
			break;
		case CONF_IP_MESOS:
			list = task->mesos_label;
			break;
		default:
			list = task->netinfo;
		}
	}
	*count = list.count;
	return cluster_list(element, list);
}

/* The whole set of a task's records under the name in n->text. */
static void emit_set(struct task_names *n)
{
	const struct cluster_task *task = n->task;
	const struct cluster_port_range *ranges = cluster_list(task, task->port_ranges);
	const struct cluster_port *ports = cluster_list(task, task->discovery_ports);
	bool discovery = task->discovery_name.len > 0;
	unsigned left = CLUSTER_PORTS_MAX;
	enum conf_ip_source source;
	size_t count;

	make_canonical(n);
	const struct addr *addrs = naming_task_addrs(n->naming, task, n->agent, &source, &count);
	emit_host(n, &n->tail, &n->canonical, addrs, count);
	emit_host(n, &n->slave_tail, &n->slave_canonical, cluster_list(n->agent, n->agent->addrs), n->agent->addrs.count);
	for (uint32_t i = 0; discovery && i < task->discovery_ports.count; i++)
		emit_discovery_port(n, &ports[i]);
	for (uint32_t i = 0; i < task->port_ranges.count; i++) {
		for (uint32_t port = ranges[i].first; port <= ranges[i].last; port++) {
			if (!left--) {
				leave_out(n->sink, NAMING_TOO_MANY_PORTS);
				return;
			}
			if (!discovery)
				emit_resource_port(n, &n->tail, (uint16_t)port);
			emit_resource_port(n, &n->slave_tail, (uint16_t)port);
		}
	}
}

/* F.D or F.slave.D; false if nothing of the framework's name can stand in a label. */
static bool make_tail(const struct naming *naming, const struct cluster_framework *framework, bool slave,
	struct name *tail)
{
	name_init(tail);
	tail->len = label_make_fragment(tail->wire, sizeof(tail->wire), cluster_text(framework, framework->name),
		framework->name.len, naming->settings.rfc952);
	if (!tail->len)
		return false;
	if (tail->len > sizeof(tail->wire)) {
		tail->bad = true;
		return true;
	}
	if (slave)
		add_label(tail, "slave", 5);
	add_bytes(tail, naming->domain, naming->domain_len);
	return true;
}

/* discovery.name in lower case, if every part between its dots is a host name's label. */
static bool make_second_name(const struct cluster_task *task, char *out, size_t *len)
{
	const char *text = cluster_text(task, task->discovery_name);
	size_t start = 0;

	*len = task->discovery_name.len;
	if (*len >= CLUSTER_TEXT_MAX)
		return false;
	for (size_t i = 0; i < *len; i++)
		out[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] | 0x20) : text[i];
	for (size_t i = 0; i <= *len; i++) {
		if (i < *len && out[i] != '.')
			continue;
		if (!label_is_ldh(out + start, i - start))
			return false;
		start = i + 1;
	}
	return true;
}

void naming_task(struct naming *naming, const struct cluster_task *task, const struct cluster_agent *agent,
	const struct cluster_framework *framework, const struct naming_sink *sink)
{
	bool discovery = task->discovery_name.len > 0;
	struct cluster_text name = discovery ? task->discovery_name : task->name;
	struct task_names n; /* too large to be cleared for each task */
	char second[CLUSTER_TEXT_MAX];
	size_t second_len;

	if (task->state != CLUSTER_TASK_RUNNING) {
		leave_out(sink, NAMING_NOT_RUNNING);
		return;
	}
	if (!agent || !framework) {
		leave_out(sink, agent ? NAMING_NO_FRAMEWORK : NAMING_NO_AGENT);
		return;
	}
	n.naming = naming;
	n.sink = sink;
	n.task = task;
	n.agent = agent;
	n.text_len = label_make(n.text, cluster_text(task, name), name.len, naming->settings.rfc952);
	if (!n.text_len || !make_tail(naming, framework, false, &n.tail)) {
		leave_out(sink, NAMING_NO_LABEL);
		return;
	}
	make_tail(naming, framework, true, &n.slave_tail);
	n.shared_rank = naming->settings.health_aware && task->health == CLUSTER_HEALTH_BAD
		? ZONE_RANK_UNWELL : ZONE_RANK_SERVED;
	make_ending(&n);
	emit_set(&n);
	if (!discovery)
		return;
	if (!make_second_name(task, second, &second_len)) {
		leave_out(sink, NAMING_NOT_A_HOSTNAME);
		return;
	}
	if (second_len == n.text_len && !memcmp(second, n.text, second_len))
		return;
	memcpy(n.text, second, second_len);
	n.text_len = second_len;
	emit_set(&n);
}

/* A name of one to three labels right below the domain. */
static struct name domain_name(const struct naming *naming, const char *first, const char *second, const char *third)
{
	const char *labels[] = {first, second, third};
	struct name name;

	name_init(&name);
	for (int i = 0; i < 3 && labels[i]; i++)
		add_label(&name, labels[i], strlen(labels[i]));
	add_bytes(&name, naming->domain, naming->domain_len);
	return name;
}

void naming_agent(struct naming *naming, const struct cluster_agent *agent, const struct naming_sink *sink)
{
	struct name slave = domain_name(naming, "slave", NULL, NULL);
	struct name service = domain_name(naming, "_slave", "_tcp", NULL);

	emit_addrs(sink, &slave, cluster_list(agent, agent->addrs), agent->addrs.count, ZONE_RANK_SERVED);
	if (agent->addrs.count && agent->port)
		emit_srv(naming, sink, &service, &slave, agent->port, ZONE_RANK_SERVED);
}

/* A framework can have the name of what stands right below the domain. */
static void point_to_own_services(const struct naming *naming, const struct name *name, const struct naming_sink *sink)
{
	static const char *const hosts[] = {"leader", "master", "slave"}, *const services[] = {"_leader", "_master", "_slave"};

	for (int i = 0; i < 3; i++) {
		size_t len = strlen(hosts[i]);

		if (name->wire[0] < len || memcmp(name->wire + 1, hosts[i], len) != 0)
			continue;
		for (int udp = 0; udp < 2; udp++) {
			struct name service = domain_name(naming, services[i], udp ? "_udp" : "_tcp", NULL);

			point_to(sink, &service);
		}
	}
}

void naming_framework(struct naming *naming, const struct cluster_framework *framework, const struct naming_sink *sink)
{
	struct name name;

	if (!make_tail(naming, framework, false, &name)) {
		leave_out(sink, NAMING_NO_LABEL);
		return;
	}
	if (!framework->addrs.count)
		return;
	emit_addrs(sink, &name, cluster_list(framework, framework->addrs), framework->addrs.count, ZONE_RANK_SERVED);
	struct name service = framework_service(&name);
	if (framework->port)
		emit_srv(naming, sink, &service, &name, framework->port, ZONE_RANK_SERVED);
	else
		point_to(sink, &service);
	if (!name.bad)
		point_to_own_services(naming, &name, sink);
}

static bool same_master(const struct cluster_master *a, const struct cluster_master *b)
{
	if (a->port != b->port)
		return false;
	for (unsigned i = 0; i < a->addr_count; i++)
		for (unsigned j = 0; j < b->addr_count; j++)
			if (addr_equal(&a->addrs[i], &b->addrs[j]))
				return true;
	return false;
}

/* masterN.D, and its address at master.D. */
static void emit_master(const struct naming *naming, const struct naming_sink *sink, const struct cluster_master *master,
	unsigned number)
{
	char label[sizeof("master4294967295")];

	snprintf(label, sizeof(label), "master%u", number);
	struct name all = domain_name(naming, "master", NULL, NULL), one = domain_name(naming, label, NULL, NULL);
	emit_addrs(sink, &all, master->addrs, master->addr_count, ZONE_RANK_SERVED);
	emit_addrs(sink, &one, master->addrs, master->addr_count, ZONE_RANK_SERVED);
	for (int udp = 0; udp < 2 && master->addr_count; udp++) {
		struct name service = domain_name(naming, "_master", udp ? "_udp" : "_tcp", NULL);

		emit_srv(naming, sink, &service, &one, master->port, ZONE_RANK_SERVED);
	}
}

void naming_masters(struct naming *naming, const struct cluster_master *leader, const struct cluster_master *masters,
	size_t count, const struct naming_sink *sink)
{
	bool listed = false;

	for (size_t i = 0; i < count; i++) {
		emit_master(naming, sink, &masters[i], (unsigned)i);
		listed |= same_master(leader, &masters[i]);
	}
	if (!leader->addr_count)
		return;
	if (!listed)
		emit_master(naming, sink, leader, (unsigned)count);
	struct name name = domain_name(naming, "leader", NULL, NULL);
	emit_addrs(sink, &name, leader->addrs, leader->addr_count, ZONE_RANK_SERVED);
	for (int udp = 0; udp < 2; udp++) {
		struct name service = domain_name(naming, "_leader", udp ? "_udp" : "_tcp", NULL);

		emit_srv(naming, sink, &service, &name, leader->port, ZONE_RANK_SERVED);
	}
}

void naming_name_server(struct naming *naming, const char *mname, const struct addr *addrs, size_t count,
	const struct naming_sink *sink)
{
	struct name name;

	name_init(&name);
	name.len = dname_from_text(name.wire, mname, strlen(mname));
	if (name.len && dname_is_under(name.wire, name.len, naming->domain, naming->domain_len))
		emit_addrs(sink, &name, addrs, count, ZONE_RANK_SERVED);
}
