/* SPDX-License-Identifier: Apache-2.0 */
/* Elements of the cluster from short descriptions, and the naming rules' records as sorted lines of text. */
#ifndef T_UNIT_CLUSTER_H
#define T_UNIT_CLUSTER_H

#include "t/unit/unit.h"

#include <stdio.h>

#include "cluster/build.h"
#include "zone/naming.h"

struct agent_spec {
	const char *id, *addrs; /* "10.0.0.1,::1" */
	uint16_t port;
};

struct framework_spec {
	const char *id, *name, *addrs;
	uint16_t port;
};

struct task_spec {
	const char *id, *framework, *agent, *name, *discovery;
	const char *ports; /* "[1-2]" */
	struct {
		const char *name, *protocol;
		uint16_t number;
	} discovery_ports[8];
	unsigned discovery_port_count;
	const char *netinfo, *mesos, *docker;
	enum cluster_task_state state; /* 0: running */
	enum cluster_health health;
	bool mapped;
};

static void put_text(struct cluster_builder *b, size_t field, const char *text)
{
	if (text)
		assert_int_equal(cluster_build_text(b, field, text, strlen(text)), 0);
}

static void put_addrs(struct cluster_builder *b, size_t field, const char *text)
{
	struct addr addrs[16];
	uint32_t count = 0;

	while (text && *text) {
		size_t len = strcspn(text, ",");

		assert_int_equal(addr_parse(&addrs[count++], text, len), 0);
		text += len + (text[len] == ',');
	}
	assert_int_equal(cluster_build_list(b, field, addrs, count, sizeof(addrs[0])), 0);
}

static inline void build_agent(struct cluster_builder *b, const struct agent_spec *spec)
{
	assert_int_equal(cluster_build_start(b, CLUSTER_AGENT), 0);
	put_text(b, CLUSTER_FIELD(agent, e.id), spec->id);
	put_addrs(b, CLUSTER_FIELD(agent, addrs), spec->addrs);
	b->agent->port = spec->port;
	assert_int_equal(cluster_build_finish(b), 0);
}

static inline void build_framework(struct cluster_builder *b, const struct framework_spec *spec)
{
	assert_int_equal(cluster_build_start(b, CLUSTER_FRAMEWORK), 0);
	put_text(b, CLUSTER_FIELD(framework, e.id), spec->id);
	put_text(b, CLUSTER_FIELD(framework, name), spec->name);
	put_addrs(b, CLUSTER_FIELD(framework, addrs), spec->addrs);
	b->framework->port = spec->port;
	assert_int_equal(cluster_build_finish(b), 0);
}

static inline void build_task(struct cluster_builder *b, const struct task_spec *spec)
{
	struct cluster_port_input ports[8];
	struct cluster_port_range ranges[64];

	assert_int_equal(cluster_build_start(b, CLUSTER_TASK), 0);
	put_text(b, CLUSTER_FIELD(task, e.id), spec->id);
	put_text(b, CLUSTER_FIELD(task, framework_id), spec->framework);
	put_text(b, CLUSTER_FIELD(task, agent_id), spec->agent);
	put_text(b, CLUSTER_FIELD(task, name), spec->name);
	put_text(b, CLUSTER_FIELD(task, discovery_name), spec->discovery);
	for (unsigned i = 0; i < spec->discovery_port_count; i++) {
		const char *name = spec->discovery_ports[i].name ? spec->discovery_ports[i].name : "";
		const char *protocol = spec->discovery_ports[i].protocol ? spec->discovery_ports[i].protocol : "";

		ports[i] = (struct cluster_port_input){.name = name, .name_len = strlen(name), .protocol = protocol,
			.protocol_len = strlen(protocol), .number = spec->discovery_ports[i].number};
	}
	assert_int_equal(cluster_build_ports(b, ports, spec->discovery_port_count), 0);
	if (spec->ports) {
		int n = cluster_parse_port_ranges(spec->ports, strlen(spec->ports), ranges, 64);

		assert_true(n >= 0);
		assert_int_equal(
			cluster_build_list(b, CLUSTER_FIELD(task, port_ranges), ranges, (uint32_t)n, sizeof(ranges[0])), 0);
	}
	put_addrs(b, CLUSTER_FIELD(task, netinfo), spec->netinfo);
	put_addrs(b, CLUSTER_FIELD(task, mesos_label), spec->mesos);
	put_addrs(b, CLUSTER_FIELD(task, docker_label), spec->docker);
	b->task->state = spec->state ? spec->state : CLUSTER_TASK_RUNNING;
	b->task->health = spec->health;
	b->task->host_port_mapped = spec->mapped;
	assert_int_equal(cluster_build_finish(b), 0);
}

/* A naming sink that keeps lines, and what was left out. */
struct told {
	char *text;
	size_t used, room, records;
	int64_t left_out[NAMING_LEFT_OUT_COUNT];
};

static void told_record(void *arg, const struct naming_record *r)
{
	struct told *told = arg;
	char owner[DNAME_TEXT_MAX], target[DNAME_TEXT_MAX], address[ADDR_TEXT_MAX];

	assert_int_equal(dname_len(r->owner, r->owner_len), r->owner_len);
	if (told->room - told->used < 4096) {
		told->room = told->room ? told->room * 2 : 65536;
		told->text = realloc(told->text, told->room);
		assert_non_null(told->text);
	}
	dname_to_text(owner, r->owner);
	char *at = told->text + told->used;
	if (r->type == RR_SRV) {
		assert_int_equal(dname_len(r->target, r->target_len), r->target_len);
		dname_to_text(target, r->target);
		told->used += (size_t)sprintf(at, "%s SRV %u %u %s%s\n", owner, r->weight, r->port, target,
			r->rank == ZONE_RANK_UNWELL ? " unwell" : "");
	} else {
		assert_int_equal(r->type, r->addr->len == 4 ? RR_A : RR_AAAA);
		told->used += (size_t)sprintf(at, "%s %s %s%s\n", owner, r->type == RR_A ? "A" : "AAAA",
			addr_format(r->addr, address), r->rank == ZONE_RANK_UNWELL ? " unwell" : "");
	}
	told->records++;
}

static void told_left_out(void *arg, enum naming_left_out why)
{
	((struct told *)arg)->left_out[why]++;
}

static inline struct naming_sink told_sink(struct told *told)
{
	return (struct naming_sink){.arg = told, .record = told_record, .left_out = told_left_out};
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines in their order, as one new text. */
static inline char *sorted_lines(const char *text, size_t len)
{
	size_t count = 0, used = 0;
	char *copy = malloc(len + 1), *out = malloc(len + 2), **lines = malloc((len + 1) * sizeof(*lines)), *rest;

	memcpy(copy, text, len);
	copy[len] = '\0';
	for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		lines[count++] = line;
	qsort(lines, count, sizeof(*lines), compare_lines);
	out[0] = '\0';
	for (size_t i = 0; i < count; i++)
		used += (size_t)sprintf(out + used, "%s\n", lines[i]);
	free(lines);
	free(copy);
	return out;
}

static inline void told_clear(struct told *told)
{
	free(told->text);
	*told = (struct told){0};
}

/* Were these the lines, in whatever order? Clears what was told. */
static inline void told_equal(struct told *told, const char *expected)
{
	char *got = sorted_lines(told->text ? told->text : "", told->used);
	char *want = sorted_lines(expected, strlen(expected));

	if (strcmp(got, want) != 0)
		print_error("got:\n%swanted:\n%s", got, want);
	assert_string_equal(got, want);
	free(got);
	free(want);
	told_clear(told);
}

#endif
