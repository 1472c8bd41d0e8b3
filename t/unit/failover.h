/* SPDX-License-Identifier: Apache-2.0 */
/* What masters tell of a small cluster before and after a failover, as documents and as events. */
#ifndef T_UNIT_FAILOVER_H
#define T_UNIT_FAILOVER_H

#include "t/unit/feed.h"

#include "t/unit/cluster.h"

#define AGENTS 4

/* What a master says: agents are digits from 1, each with a task `aN` of the framework `m`. */
struct word {
	const char *id;        /* of the master; NULL: not told */
	const char *named;     /* agents */
	const char *recovered; /* NULL: the document has no such list */
	const char *lost;      /* agents that come without their task */
	const char *over;      /* agents whose task is at its end */
	const char *timeout, *registry; /* flags; NULL: not told */
	bool idle;      /* the framework `idle`, which has no task */
	bool completed; /* `m` is gone for good */
	bool no_pid;    /* `m` is known from agents only */
	unsigned port;  /* of the master; 0: 5050 */
};

static inline bool has(const char *set, unsigned agent)
{
	return set && strchr(set, (int)('0' + agent));
}

static inline void say(struct rig *rig, struct word w)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	const char *comma = "";

	fprintf(out, "{\"leader\":\"master@10.9.0.1:%u\"", w.port ? w.port : 5050);
	if (w.id)
		fprintf(out, ",\"id\":\"%s\"", w.id);
	if (w.timeout || w.registry)
		fprintf(out, ",\"flags\":{\"%s\":\"%s\"}", w.timeout ? "agent_reregister_timeout" : "registry",
			w.timeout ? w.timeout : w.registry);
	fputs(",\"slaves\":[", out);
	for (unsigned a = 1; a <= AGENTS; a++) {
		if (!has(w.named, a))
			continue;
		fprintf(out, "%s{\"id\":\"S%u\",\"pid\":\"slave(1)@10.0.0.%u:5051\"}", comma, a, a);
		comma = ",";
	}
	fputs("]", out);
	if (w.recovered)
		fputs(",\"recovered_slaves\":[", out);
	comma = "";
	for (unsigned a = 1; a <= AGENTS && w.recovered; a++) {
		if (!has(w.recovered, a))
			continue;
		fprintf(out, "%s{\"id\":\"S%u\"}", comma, a);
		comma = ",";
	}
	fprintf(out, "%s,\"completed_frameworks\":[%s],\"frameworks\":[", w.recovered ? "]" : "",
		w.completed ? "{\"id\":\"M\"}" : "");
	comma = "";
	if (w.named && *w.named && !w.completed) {
		fprintf(out, "{\"id\":\"M\",\"name\":\"m\",%s,\"tasks\":[",
			w.no_pid ? "\"active\":false,\"hostname\":\"\"" : "\"pid\":\"s@10.0.1.1:8080\"");
		for (unsigned a = 1; a <= AGENTS; a++) {
			if (!has(w.named, a) || has(w.lost, a))
				continue;
			fprintf(out, "%s{\"id\":\"t%u\",\"name\":\"a%u\",\"slave_id\":\"S%u\",\"state\":\"TASK_%s\"}",
				comma, a, a, a, has(w.over, a) ? "FAILED" : "RUNNING");
			comma = ",";
		}
		fputs("]}", out);
		comma = ",";
	}
	if (w.idle)
		fprintf(out, "%s{\"id\":\"I\",\"name\":\"idle\",\"pid\":\"s@10.0.1.2:8080\",\"tasks\":[]}", comma);
	fputs("]}", out);
	fclose(out);
	if (rig_take(rig, text, size))
		fail_msg("%s", text);
	free(text);
}

/* Which of the agents' tasks are in the zone. */
static inline void tasks_are(struct rig *rig, const char *expected)
{
	char got[AGENTS + 1], name[32], address[32];
	unsigned n = 0;

	for (unsigned a = 1; a <= AGENTS; a++) {
		snprintf(name, sizeof(name), "a%u.m.mesos.", a);
		snprintf(address, sizeof(address), "10.0.0.%u", a);
		if (!rig_has(rig, name, "A", address))
			continue;
		assert_true(rig_has(rig, "slave.mesos.", "A", address));
		got[n++] = (char)('0' + a);
	}
	got[n] = '\0';
	assert_string_equal(got, expected);
}

static inline void pass(struct rig *rig, double seconds)
{
	for (double end = rig->now + seconds; rig->now < end;) {
		double due = feed_due_in(rig->feed);

		rig->now = due < end - rig->now ? rig->now + due : end;
		feed_tick(rig->feed);
	}
}

static inline unsigned waited_for(const struct rig *rig)
{
	return rig_counters(rig).retention.agents;
}

struct stream {
	struct rig *rig;
	struct cluster_builder builder;
};

/* SUBSCRIBED: agents that are recovered, and nothing else. It tells no id and no time-out. */
static inline void subscribed_at(struct rig *rig, uint16_t port, const char *recovered)
{
	const struct cluster_master leader = {.port = port};
	struct state_sink sink = feed_sink(rig->feed);
	char id[8];

	feed_document_begin(rig->feed);
	sink.recovered_list(sink.ctx);
	for (unsigned a = 1; a <= AGENTS; a++) {
		snprintf(id, sizeof(id), "S%u", a);
		if (has(recovered, a))
			assert_int_equal(sink.recovered_agent(sink.ctx, id, strlen(id)), 0);
	}
	assert_int_equal(feed_document_end(rig->feed, true, &leader), 0);
}

static inline void subscribed(struct rig *rig, const char *recovered)
{
	subscribed_at(rig, 5051, recovered);
}

static inline void event(struct stream *s)
{
	assert_int_equal(rig_element(s->rig, &s->builder), 0);
}

static inline void agent_added(struct stream *s, unsigned a)
{
	char id[8], host[16];

	snprintf(id, sizeof(id), "S%u", a);
	snprintf(host, sizeof(host), "10.0.0.%u", a);
	build_agent(&s->builder, &(struct agent_spec){.id = id, .port = 5051});
	put_text(&s->builder, CLUSTER_FIELD(agent, host), host);
	event(s);
}

static inline void task_added(struct stream *s, unsigned a)
{
	char id[8], agent[8], name[8];

	snprintf(id, sizeof(id), "t%u", a);
	snprintf(agent, sizeof(agent), "S%u", a);
	snprintf(name, sizeof(name), "a%u", a);
	build_task(&s->builder, &(struct task_spec){.id = id, .framework = "M", .agent = agent, .name = name});
	event(s);
}

static inline void framework_added(struct stream *s)
{
	build_framework(&s->builder, &(struct framework_spec){.id = "M", .name = "m"});
	event(s);
}

#endif
