/* SPDX-License-Identifier: Apache-2.0 */
/* mesos/apply: what each event does to the zone, record by record; how events are gathered; what checks complete and
 * heal, and what they leave alone. */
#include "t/unit/stream.h"

/* One of a few texts in turn. */
static char *format(const char *pattern, ...)
{
	static char text[16][4096];
	static unsigned next;
	char *out = text[next++ % 16];
	va_list args;

	va_start(args, pattern);
	assert_true(vsnprintf(out, 4096, pattern, args) < 4096);
	va_end(args);
	return out;
}

static const char *agent(unsigned n)
{
	return format("{\"agent_info\":{\"id\":{\"value\":\"x-S%u\"},\"hostname\":\"a%u\"},\"pid\":\"slave(1)@10.0.0.%"
		      "u:5051\","
		      "\"active\":true}",
		n, n, n);
}

static const char *framework(const char *id, const char *name, const char *hostname)
{
	return format(
		"{\"framework_info\":{\"id\":{\"value\":\"%s\"},\"name\":\"%s\",\"hostname\":\"%s\"},\"active\":true,"
		"\"connected\":true,\"recovered\":false}",
		id, name, hostname);
}

/* `more`: members of the status, each with a comma before it. */
static const char *status(const char *task, const char *state, double time, const char *more)
{
	return format("{\"task_id\":{\"value\":\"%s\"},\"agent_id\":{\"value\":\"x-S1\"},\"state\":\"%s\","
		      "\"timestamp\":%.3f%s}",
		task, state, time, more);
}

static const char *network(const char *address)
{
	return format(
		",\"container_status\":{\"network_infos\":[{\"ip_addresses\":[{\"ip_address\":\"%s\"}]}]}", address);
}

static const char *task(const char *id, const char *name, const char *state, const char *statuses)
{
	return format("{\"task_id\":{\"value\":\"%s\"},\"name\":\"%s\",\"framework_id\":{\"value\":\"F1\"},\"agent_"
		      "id\":{\"value\":"
		      "\"x-S1\"},\"state\":\"%s\",\"resources\":[{\"name\":\"ports\",\"ranges\":{\"range\":[{\"begin\":"
		      "31000,\"end\":"
		      "31000}]}}],\"statuses\":[%s]}",
		id, name, state, statuses);
}

static void subscribed(struct player *p, const char *agents, const char *frameworks, const char *tasks)
{
	play_disconnect(p);
	play_connect(p);
	assert_int_equal(play_text(p, format("{\"type\":\"SUBSCRIBED\",\"subscribed\":{\"get_state\":{\"get_agents\":{"
					     "\"agents\":[%s],"
					     "\"recovered_agents\":[]},\"get_frameworks\":{\"frameworks\":[%s]},\"get_"
					     "tasks\":{\"tasks\":[%s]}},"
					     "\"heartbeat_interval_seconds\":15.0}}",
					      agents, frameworks, tasks)),
		0);
}

static void event(struct player *p, const char *type, const char *member, const char *body)
{
	assert_int_equal(play_text(p, format("{\"type\":\"%s\",\"%s\":%s}", type, member, body)), 0);
}

static void commit(struct player *p)
{
	assert_int_equal(apply_flush(p->apply), 0);
}

static void update(struct player *p, const char *id, const char *state, const char *with)
{
	event(p, "TASK_UPDATED", "task_updated",
		format("{\"framework_id\":{\"value\":\"F1\"},\"status\":%s,\"state\":\"%s\"}", with, state));
	commit(p);
}

static void add_task(struct player *p, const char *body)
{
	event(p, "TASK_ADDED", "task_added", format("{\"task\":%s}", body));
	commit(p);
}

/* An agent, a framework and one running task of it. */
static struct player *player_with(const char *tasks)
{
	struct player *p = player_new();

	subscribed(p, agent(1), framework("F1", "marathon", "10.0.1.1"), tasks);
	return p;
}

static struct player *player_with_web(void)
{
	return player_with(
		task("web.1", "web", "TASK_RUNNING", status("web.1", "TASK_RUNNING", 10, network("10.2.0.1"))));
}

/* All of the zone, without what the name server and the master have. */
static void zone_is(const struct player *p, const char *wanted)
{
	char *dump = rig_dump(p->rig), *out = dump;

	for (char *at = dump, *end; (end = strchr(at, '\n')); at = end + 1) {
		*end = '\0';
		char *type = strstr(at, "\t60\tIN\t");
		if (type && !strstr(at, "master") && !strstr(at, "leader") && !strstr(at, "ns1."))
			out += sprintf(out, "%.*s %s\n", (int)(type - at), at, type + 7);
	}
	*out = '\0';
	for (char *tab; (tab = strchr(dump, '\t'));)
		*tab = ' ';
	assert_string_equal(dump, wanted);
	free(dump);
}

/* In the order of the dump. */
#define AGENT     "_slave._tcp.mesos. SRV 0 1 5051 slave.mesos.\n"
#define SCHEDULER "marathon.mesos. A 10.0.1.1\n"
#define SLAVE     "slave.mesos. A 10.0.0.1\n"
#define EMPTY     AGENT SCHEDULER SLAVE

/* With web.1 running as well, at `address`. */
static const char *with_web(const char *address)
{
	return format(AGENT SCHEDULER
		"_web._tcp.marathon.mesos. SRV 0 1 31000 web-e844k-s1.marathon.slave.mesos.\n"
		"_web._udp.marathon.mesos. SRV 0 1 31000 web-e844k-s1.marathon.slave.mesos.\n"
		"web.marathon.mesos. A %s\n"
		"web-e844k-s1.marathon.mesos. A %s\n" SLAVE
		"_web._tcp.marathon.slave.mesos. SRV 0 1 31000 web-e844k-s1.marathon.slave.mesos.\n"
		"_web._udp.marathon.slave.mesos. SRV 0 1 31000 web-e844k-s1.marathon.slave.mesos.\n"
		"web.marathon.slave.mesos. A 10.0.0.1\n"
		"web-e844k-s1.marathon.slave.mesos. A 10.0.0.1\n",
		address, address);
}

static bool has(const struct player *p, const char *name, const char *address)
{
	return rig_has(p->rig, name, "A", address);
}

static struct cluster_counts counts(const struct player *p)
{
	return rig_counters(p->rig).elements;
}

static const struct cluster_task *find_task(const struct player *p, const char *id)
{
	return (const void *)feed_find(p->rig->feed, CLUSTER_TASK, "F1", 2, id, strlen(id));
}

/* Tasks. */

static void a_task_lives(void **state)
{
	struct player *p = player_with("");

	zone_is(p, EMPTY);
	uint32_t serial = rig_serial(p->rig);
	add_task(p, task("web.1", "web", "TASK_STAGING", ""));
	update(p, "web.1", "TASK_STARTING", status("web.1", "TASK_STARTING", 10, network("10.2.0.9")));
	zone_is(p, EMPTY);
	assert_int_equal(rig_serial(p->rig), serial);
	update(p, "web.1", "TASK_RUNNING", status("web.1", "TASK_RUNNING", 11, network("10.2.0.1")));
	zone_is(p, with_web("10.2.0.1"));
	/* leaves its names at once, before it is dead */
	update(p, "web.1", "TASK_KILLING", status("web.1", "TASK_KILLING", 12, network("10.2.0.1")));
	zone_is(p, EMPTY);
	assert_int_equal(counts(p).tasks, 1);
	update(p, "web.1", "TASK_KILLED", status("web.1", "TASK_KILLED", 13, ""));
	zone_is(p, EMPTY);
	assert_int_equal(counts(p).tasks, 0);
	/* what is over may be told of again */
	update(p, "web.1", "TASK_KILLED", status("web.1", "TASK_LOST", 14, ""));
	assert_int_equal(apply_counters(p->apply)->unknown_tasks, 0);
	assert_int_equal(p->wants[APPLY_WANT_STATE], 0);
	player_free(p);
}

static void each_end_is_an_end(void **state)
{
	static const char *const ends[] = {"TASK_FINISHED", "TASK_FAILED", "TASK_KILLED", "TASK_ERROR", "TASK_LOST",
		"TASK_DROPPED", "TASK_GONE", "TASK_GONE_BY_OPERATOR"};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct player *p = player_with_web();

		zone_is(p, with_web("10.2.0.1"));
		update(p, "web.1", ends[i], status("web.1", ends[i], 12, ""));
		zone_is(p, EMPTY);
		assert_int_equal(counts(p).tasks, 0);
		assert_int_equal(counts(p).agents, 1);
		player_free(p);
	}
}

/* `state` is the truth, whatever the status says. */
static void the_state_counts(void **state)
{
	struct player *p = player_with_web();

	update(p, "web.1", "TASK_KILLING", status("web.1", "TASK_RUNNING", 12, network("10.2.0.1")));
	zone_is(p, EMPTY);
	player_free(p);
	p = player_with_web();
	update(p, "web.1", "TASK_RUNNING", status("web.1", "TASK_STARTING", 12, network("10.2.0.7")));
	zone_is(p, with_web("10.2.0.1"));
	update(p, "web.1", "TASK_FAILED", status("web.1", "TASK_RUNNING", 13, network("10.2.0.1")));
	zone_is(p, EMPTY);
	player_free(p);
}

static void health_flips(void **state)
{
	struct player *p = player_with(format("%s,%s",
		task("web.1", "web", "TASK_RUNNING", status("web.1", "TASK_RUNNING", 10, network("10.2.0.1"))),
		task("web.2", "web", "TASK_RUNNING", status("web.2", "TASK_RUNNING", 10, network("10.2.0.2")))));

	for (int i = 0; i < 3; i++) {
		assert_true(has(p, "web.marathon.mesos.", "10.2.0.1"));
		update(p, "web.1", "TASK_RUNNING",
			status("web.1", "TASK_RUNNING", 11 + i, format(",\"healthy\":false%s", network("10.2.0.1"))));
		assert_false(has(p, "web.marathon.mesos.", "10.2.0.1"));
		assert_true(has(p, "web.marathon.mesos.", "10.2.0.2"));
		assert_true(has(p, "web-e844k-s1.marathon.mesos.", "10.2.0.1"));
		uint32_t serial = rig_serial(p->rig);
		update(p, "web.1", "TASK_RUNNING",
			status("web.1", "TASK_RUNNING", 11.5 + i,
				format(",\"healthy\":false%s", network("10.2.0.1")))); /* the check fails again */
		assert_int_equal(rig_serial(p->rig), serial);
		update(p, "web.1", "TASK_RUNNING",
			status("web.1", "TASK_RUNNING", 11.7 + i,
				format("%s%s", i % 2 ? "" : ",\"healthy\":true", network("10.2.0.1"))));
	}
	assert_true(has(p, "web.marathon.mesos.", "10.2.0.1"));
	player_free(p);
}

static void addresses_follow_the_newest_status(void **state)
{
	struct player *p = player_with_web();
	const char *label =
		",\"labels\":{\"labels\":[{\"key\":\"MesosContainerizer.NetworkSettings.IPAddress\",\"value\":"
		"\"10.3.0.1\"}]}";

	update(p, "web.1", "TASK_RUNNING", status("web.1", "TASK_RUNNING", 11, network("10.2.0.5")));
	zone_is(p, with_web("10.2.0.5"));
	/* a running status takes the place of the one before, also where it has less */
	update(p, "web.1", "TASK_RUNNING", status("web.1", "TASK_RUNNING", 12, label));
	zone_is(p, with_web("10.3.0.1"));
	update(p, "web.1", "TASK_RUNNING", status("web.1", "TASK_RUNNING", 13, ""));
	zone_is(p, with_web("10.0.0.1"));
	/* and also if its clock went back */
	update(p, "web.1", "TASK_RUNNING", status("web.1", "TASK_RUNNING", 5, network("10.2.0.6")));
	zone_is(p, with_web("10.2.0.6"));
	assert_true(find_task(p, "web.1")->status_time == 5000000);
	player_free(p);
}

/* A master lists a running status beside the one before if there was another in between: the newest counts, and of the
 * addresses those of the newest that has any. */
static void statuses_beside_each_other(void **state)
{
	struct player *p = player_with_web();

	update(p, "web.1", "TASK_KILLING", status("web.1", "TASK_KILLING", 11, ""));
	update(p, "web.1", "TASK_KILLING", status("web.1", "TASK_RUNNING", 12, ",\"healthy\":false"));
	assert_int_equal(find_task(p, "web.1")->health, CLUSTER_HEALTH_BAD);
	assert_int_equal(find_task(p, "web.1")->netinfo.count, 1);
	update(p, "web.1", "TASK_KILLING", status("web.1", "TASK_RUNNING", 9, ",\"healthy\":true")); /* older */
	assert_int_equal(find_task(p, "web.1")->health, CLUSTER_HEALTH_BAD);
	player_free(p);
}

static void mapped_ports(void **state)
{
	struct player *p = player_with_web();
	const char *mapped = ",\"container_status\":{\"network_infos\":[{\"port_mappings\":[{\"host_port\":31000}],"
			     "\"ip_addresses\":[{\"ip_address\":\"10.2.0.1\"}]}]}";

	assert_int_equal(find_task(p, "web.1")->host_port_mapped, 0);
	update(p, "web.1", "TASK_RUNNING", status("web.1", "TASK_RUNNING", 12, mapped));
	assert_int_equal(find_task(p, "web.1")->host_port_mapped, CLUSTER_MAPPED_STATUS);
	update(p, "web.1", "TASK_RUNNING", status("web.1", "TASK_RUNNING", 13, network("10.2.0.1")));
	assert_int_equal(find_task(p, "web.1")->host_port_mapped, 0);
	player_free(p);
}

static void a_task_told_again_replaces(void **state)
{
	struct player *p = player_with_web();

	add_task(p, task("web.1", "web", "TASK_RUNNING", status("web.1", "TASK_RUNNING", 11, network("10.2.0.8"))));
	zone_is(p, with_web("10.2.0.8"));
	/* under another name too: it is not two */
	add_task(p, task("web.1", "other", "TASK_RUNNING", status("web.1", "TASK_RUNNING", 11, network("10.2.0.8"))));
	assert_true(has(p, "other.marathon.mesos.", "10.2.0.8"));
	assert_false(has(p, "web.marathon.mesos.", "10.2.0.8"));
	assert_int_equal(counts(p).tasks, 1);
	/* and if it is over by then */
	add_task(p, task("web.1", "other", "TASK_FINISHED", ""));
	zone_is(p, EMPTY);
	assert_int_equal(counts(p).tasks, 0);
	player_free(p);
}

static void unknown_tasks_want_the_state(void **state)
{
	struct player *p = player_with_web();

	update(p, "new.1", "TASK_RUNNING", status("new.1", "TASK_RUNNING", 11, network("10.2.0.8")));
	zone_is(p, with_web("10.2.0.1"));
	assert_int_equal(apply_counters(p->apply)->unknown_tasks, 1);
	assert_int_equal(p->wants[APPLY_WANT_STATE], 1);
	assert_int_equal(play_text(p, "{\"type\":\"TASK_ADDED\"}"), 0);
	assert_int_equal(p->lost, 1);
	assert_int_equal(p->wants[APPLY_WANT_STATE], 2);
	player_free(p);
}

static void over_in_a_snapshot(void **state)
{
	struct player *p = player_with(format("%s,%s",
		task("web.1", "web", "TASK_RUNNING", status("web.1", "TASK_RUNNING", 10, network("10.2.0.1"))),
		task("web.2", "web", "TASK_FINISHED", status("web.2", "TASK_FINISHED", 10, ""))));

	zone_is(p, with_web("10.2.0.1"));
	assert_int_equal(counts(p).tasks, 1);
	player_free(p);
}

/* Agents. */

static void an_agent_out_of_reach(void **state)
{
	struct player *p = player_with(format("%s,%s",
		task("web.1", "web", "TASK_RUNNING", status("web.1", "TASK_RUNNING", 10, network("10.2.0.1"))),
		task("web.2", "web", "TASK_RUNNING", status("web.2", "TASK_RUNNING", 10, network("10.2.0.2")))));

	/* the first of its tasks tells: the agent has left, and with it all others */
	update(p, "web.1", "TASK_UNREACHABLE", status("web.1", "TASK_UNREACHABLE", 12, ""));
	zone_is(p, SCHEDULER);
	assert_int_equal(apply_counters(p->apply)->agents_given_up, 1);
	update(p, "web.2", "TASK_UNREACHABLE", status("web.2", "TASK_UNREACHABLE", 12, ""));
	assert_int_equal(apply_counters(p->apply)->unknown_tasks, 0);
	assert_int_equal(counts(p).tasks, 0);
	/* it is back: its tasks come first, and wait for it */
	add_task(p, task("web.1", "web", "TASK_RUNNING", status("web.1", "TASK_RUNNING", 10, network("10.2.0.1"))));
	zone_is(p, SCHEDULER);
	assert_int_equal(counts(p).tasks, 1);
	event(p, "AGENT_ADDED", "agent_added", format("{\"agent\":%s}", agent(1)));
	commit(p);
	zone_is(p, with_web("10.2.0.1"));
	player_free(p);
}

static void an_agent_is_removed(void **state)
{
	struct player *p = player_with_web();

	event(p, "AGENT_ADDED", "agent_added", format("{\"agent\":%s}", agent(2)));
	commit(p);
	assert_true(has(p, "slave.mesos.", "10.0.0.2"));
	event(p, "AGENT_REMOVED", "agent_removed", "{\"agent_id\":{\"value\":\"x-S1\"}}");
	commit(p);
	zone_is(p, AGENT SCHEDULER "slave.mesos. A 10.0.0.2\n");
	assert_int_equal(counts(p).tasks, 0);
	assert_int_equal(counts(p).agents, 1);
	event(p, "AGENT_REMOVED", "agent_removed", "{\"agent_id\":{\"value\":\"x-S7\"}}");
	commit(p);
	player_free(p);
}

/* Everything of a batch counts, in its order. */
static void all_in_one_batch(void **state)
{
	struct player *p = player_with("");

	event(p, "TASK_ADDED", "task_added", format("{\"task\":%s}", task("web.1", "web", "TASK_STAGING", "")));
	event(p, "TASK_UPDATED", "task_updated",
		format("{\"framework_id\":{\"value\":\"F1\"},\"status\":%s,\"state\":"
		       "\"TASK_RUNNING\"}",
			status("web.1", "TASK_RUNNING", 11, network("10.2.0.1"))));
	commit(p);
	zone_is(p, with_web("10.2.0.1"));
	event(p, "AGENT_REMOVED", "agent_removed", "{\"agent_id\":{\"value\":\"x-S1\"}}");
	event(p, "AGENT_ADDED", "agent_added", format("{\"agent\":%s}", agent(1)));
	event(p, "TASK_ADDED", "task_added",
		format("{\"task\":%s}", task("web.1", "web", "TASK_RUNNING",
						status("web.1", "TASK_RUNNING", 11, network("10.2.0.1")))));
	event(p, "AGENT_REMOVED", "agent_removed", "{\"agent_id\":{\"value\":\"x-S1\"}}");
	commit(p);
	zone_is(p, SCHEDULER);
	assert_int_equal(counts(p).tasks, 0);
	player_free(p);
}

/* Frameworks. */

static void a_framework_comes_and_goes(void **state)
{
	struct player *p = player_with_web();

	event(p, "FRAMEWORK_ADDED", "framework_added",
		format("{\"framework\":%s}", framework("F2", "chronos", "10.0.1.2")));
	commit(p);
	assert_true(has(p, "chronos.mesos.", "10.0.1.2"));
	assert_int_equal(p->wants[APPLY_WANT_SUMMARY], 1); /* for its pid */
	event(p, "FRAMEWORK_UPDATED", "framework_updated",
		format("{\"framework\":%s}", framework("F2", "metronome", "10.0.1.3")));
	commit(p);
	assert_true(has(p, "metronome.mesos.", "10.0.1.3"));
	assert_false(has(p, "chronos.mesos.", "10.0.1.2"));
	event(p, "FRAMEWORK_REMOVED", "framework_removed",
		"{\"framework_info\":{\"name\":\"x\",\"id\":{\"value\":\"F2\"}}}");
	commit(p);
	zone_is(p, with_web("10.2.0.1"));
	event(p, "FRAMEWORK_REMOVED", "framework_removed",
		"{\"framework_info\":{\"name\":\"x\",\"id\":{\"value\":\"F1\"}}}");
	commit(p);
	zone_is(p, AGENT SLAVE);
	assert_int_equal(counts(p).tasks, 0);
	player_free(p);
}

#define SUMMARY(pid)                                                                                                   \
	"{\"slaves\":[{\"id\":\"x-S1\",\"hostname\":\"a1\",\"pid\":\"slave(1)@10.0.0.1:5051\",\"active\":true}],"      \
	"\"frameworks\":[{\"id\":\"F1\",\"name\":\"marathon\",\"hostname\":\"10.0.1.1\",\"active\":true" pid "}]}"

static int check(struct player *p, enum apply_check what, const char *text)
{
	return play_check(p, what, text, strlen(text));
}

static void pids_come_from_summaries(void **state)
{
	static const char with_pid[] = SUMMARY(",\"pid\":\"scheduler-1@10.0.9.9:40000\"");
	struct player *p = player_new();

	/* before the first snapshot, so that no zone is without it */
	assert_int_equal(check(p, APPLY_SUMMARY, with_pid), 0);
	assert_int_equal(counts(p).agents, 0);
	subscribed(p, agent(1), framework("F1", "marathon", "10.0.1.1"), "");
	assert_true(has(p, "marathon.mesos.", "10.0.9.9"));
	assert_true(rig_has(p->rig, "_framework._tcp.marathon.mesos.", "SRV", "0 1 40000 marathon.mesos."));
	/* known for all that the stream tells later */
	event(p, "FRAMEWORK_UPDATED", "framework_updated",
		format("{\"framework\":%s}", framework("F1", "marathon", "10.0.1.1")));
	commit(p);
	assert_true(has(p, "marathon.mesos.", "10.0.9.9"));
	subscribed(p, agent(1), framework("F1", "marathon", "10.0.1.1"), "");
	assert_true(has(p, "marathon.mesos.", "10.0.9.9"));
	/* another pid, and none any more */
	assert_int_equal(check(p, APPLY_SUMMARY, SUMMARY(",\"pid\":\"scheduler-1@10.0.9.8:40001\"")), 0);
	assert_true(has(p, "marathon.mesos.", "10.0.9.8"));
	assert_int_equal(apply_counters(p->apply)->completed, 1);
	assert_int_equal(check(p, APPLY_SUMMARY, SUMMARY("")), 0);
	zone_is(p, EMPTY);
	subscribed(p, agent(1), framework("F1", "marathon", "10.0.1.1"), "");
	zone_is(p, EMPTY);
	assert_int_equal(apply_counters(p->apply)->drift, 0);
	player_free(p);
}

static void poll(struct player *p, const char *text)
{
	const struct state_sink sink = apply_document_sink(p->apply);
	struct state_parser *parser = state_parser_new(&sink);

	apply_document_begin(p->apply, false);
	assert_int_equal(state_parser_feed(parser, text, strlen(text)), 0);
	assert_int_equal(state_parser_finish(parser), 0);
	assert_int_equal(apply_document_end(p->apply, true, &p->rig->leader), 0);
	state_parser_free(parser);
}

/* A poll knew the pid, and then the stream is followed. */
static void pids_come_from_polls(void **state)
{
	static const char document[] =
		"{\"leader\":\"master@127.0.0.1:15050\",\"slaves\":[],\"frameworks\":[{\"id\":\"F1\","
		"\"name\":\"marathon\",\"pid\":\"s@10.0.9.9:40000\",\"active\":true,\"tasks\":[]}]}";
	static const char later[] =
		"{\"leader\":\"master@127.0.0.1:15050\",\"slaves\":[],\"frameworks\":[{\"id\":\"F1\","
		"\"name\":\"marathon\",\"pid\":\"s@10.0.9.7:40000\",\"active\":true,\"tasks\":[]}]}";
	struct player *p = player_new();

	poll(p, document);
	subscribed(p, agent(1), framework("F1", "marathon", "10.0.1.1"), "");
	assert_true(has(p, "marathon.mesos.", "10.0.9.9"));
	/* a poll is newer than a summary of before, whose end may yet come */
	assert_int_equal(check(p, APPLY_SUMMARY, SUMMARY(",\"pid\":\"scheduler-1@10.0.9.8:40001\"")), 0);
	assert_true(has(p, "marathon.mesos.", "10.0.9.8"));
	apply_check_begin(p->apply, APPLY_SUMMARY);
	poll(p, later);
	assert_int_equal(play_check_sink(p, SUMMARY(""), strlen(SUMMARY(""))), 0);
	assert_true(has(p, "marathon.mesos.", "10.0.9.7"));
	subscribed(p, agent(1), framework("F1", "marathon", "10.0.1.1"), "");
	assert_true(has(p, "marathon.mesos.", "10.0.9.7"));
	player_free(p);
}

/* Checks. */

static void a_summary_misses_an_agent(void **state)
{
	struct player *p = player_with_web();

	event(p, "AGENT_ADDED", "agent_added", format("{\"agent\":%s}", agent(2)));
	commit(p);
	assert_int_equal(check(p, APPLY_SUMMARY, SUMMARY("")), 0);
	zone_is(p, with_web("10.2.0.1")); /* the tasks are none of its business */
	assert_int_equal(counts(p).agents, 1);
	assert_int_equal(apply_counters(p->apply)->completed, 1);
	assert_int_equal(apply_counters(p->apply)->checks[APPLY_SUMMARY], 1);
	player_free(p);
}

/* What comes by the stream once a check was asked for is newer than its document. */
static void events_are_newer_than_checks(void **state)
{
	static const char document[] = SUMMARY("");
	struct player *p = player_with_web();

	apply_check_begin(p->apply, APPLY_SUMMARY);
	event(p, "AGENT_ADDED", "agent_added", format("{\"agent\":%s}", agent(2)));
	event(p, "FRAMEWORK_ADDED", "framework_added",
		format("{\"framework\":%s}", framework("F2", "chronos", "10.0.1.2")));
	assert_int_equal(play_check_sink(p, document, sizeof(document) - 1), 0);
	assert_true(has(p, "slave.mesos.", "10.0.0.2"));
	assert_true(has(p, "chronos.mesos.", "10.0.1.2"));
	apply_check_begin(p->apply, APPLY_STATE);
	update(p, "web.1", "TASK_FINISHED", status("web.1", "TASK_FINISHED", 12, ""));
	event(p, "AGENT_REMOVED", "agent_removed", "{\"agent_id\":{\"value\":\"x-S1\"}}");
	assert_int_equal(play_check_sink(p, document, sizeof(document) - 1), 0);
	assert_false(has(p, "slave.mesos.", "10.0.0.1"));
	assert_int_equal(counts(p).tasks, 0);
	assert_false(has(p, "chronos.mesos.", "10.0.1.2")); /* that was before */
	player_free(p);
}

#define STATE(tasks)                                                                                                   \
	"{\"slaves\":[{\"id\":\"x-S1\",\"hostname\":\"a1\",\"pid\":\"slave(1)@10.0.0.1:5051\",\"active\":true}],"      \
	"\"frameworks\":[{\"id\":\"F1\",\"name\":\"marathon\",\"hostname\":\"10.0.1.1\",\"active\":true,\"tasks\":"    \
	"[" tasks "]}]}"
#define WEB(n, address)                                                                                                \
	"{\"id\":\"web." n "\",\"name\":\"web\",\"framework_id\":\"F1\",\"slave_id\":\"x-S1\",\"state\":"              \
	"\"TASK_RUNNING\",\"resources\":{\"ports\":\"[31000-31000]\"},\"statuses\":[{\"state\":\"TASK_RUNNING\","      \
	"\"timestamp\":10,\"container_status\":{\"network_infos\":[{\"ip_addresses\":[{\"ip_address\":\"" address      \
	"\"}]}]}}]}"

/* What went with its agent or framework does not come back with an older document. */
static void owners_are_newer_than_checks(void **state)
{
	static const char document[] = STATE(WEB("1", "10.2.0.1"));
	struct player *p = player_with_web();

	apply_check_begin(p->apply, APPLY_STATE);
	event(p, "AGENT_REMOVED", "agent_removed", "{\"agent_id\":{\"value\":\"x-S1\"}}");
	assert_int_equal(play_check_sink(p, document, sizeof(document) - 1), 0);
	assert_int_equal(counts(p).tasks, 0);
	player_free(p);
	p = player_with_web();
	apply_check_begin(p->apply, APPLY_STATE);
	event(p, "FRAMEWORK_REMOVED", "framework_removed", "{\"framework_info\":{\"id\":{\"value\":\"F1\"}}}");
	assert_int_equal(play_check_sink(p, document, sizeof(document) - 1), 0);
	assert_int_equal(counts(p).tasks, 0);
	assert_int_equal(apply_counters(p->apply)->drift, 0);
	player_free(p);
}

static void drift_is_healed_and_counted(void **state)
{
	struct player *p = player_with_web();
	uint32_t serial = rig_serial(p->rig);

	assert_int_equal(check(p, APPLY_STATE, STATE(WEB("1", "10.2.0.1"))), 0);
	assert_int_equal(apply_counters(p->apply)->drift, 0);
	assert_int_equal(rig_serial(p->rig), serial);
	/* what is over does not count, wherever it is listed */
	assert_int_equal(
		check(p, APPLY_STATE, STATE(WEB("1", "10.2.0.1") ",{\"id\":\"web.2\",\"state\":\"TASK_FINISHED\"}")),
		0);
	assert_int_equal(apply_counters(p->apply)->drift, 0);
	/* one that changed, one that came, one that went */
	assert_int_equal(check(p, APPLY_STATE, STATE(WEB("1", "10.2.0.4") "," WEB("2", "10.2.0.5"))), 0);
	assert_int_equal(apply_counters(p->apply)->drift, 2);
	assert_true(has(p, "web.marathon.mesos.", "10.2.0.4"));
	assert_true(has(p, "web.marathon.mesos.", "10.2.0.5"));
	assert_int_equal(check(p, APPLY_STATE, STATE(WEB("1", "10.2.0.1"))), 0);
	assert_int_equal(apply_counters(p->apply)->drift, 4);
	zone_is(p, with_web("10.2.0.1"));
	assert_int_equal(apply_counters(p->apply)->checks[APPLY_STATE], 4);
	player_free(p);
}

static void checks_that_fail(void **state)
{
	struct player *p = player_with_web();

	assert_int_equal(check(p, APPLY_STATE, "{\"slaves\":[],\"fr"), 0);
	assert_int_equal(apply_counters(p->apply)->checks_failed[APPLY_STATE], 1);
	zone_is(p, with_web("10.2.0.1"));
	/* one is given up by the next, and by a snapshot, which cannot have known the pids */
	apply_check_begin(p->apply, APPLY_STATE);
	assert_int_equal(check(p, APPLY_SUMMARY, SUMMARY("")), 0);
	apply_check_begin(p->apply, APPLY_STATE);
	subscribed(p, agent(1), framework("F1", "marathon", "10.0.1.1"), "");
	assert_int_equal(play_check_sink(p, STATE(""), strlen(STATE(""))), 0);
	assert_int_equal(p->wants[APPLY_WANT_SUMMARY], 1);
	assert_int_equal(apply_counters(p->apply)->drift, 0);
	player_free(p);
}

/* A document that differs in everything is not believed beside the stream. */
static void too_much_drift(void **state)
{
	struct player *p = player_with_web();
	size_t len = 0;
	char *text = malloc(1 << 20);

	len += (size_t)sprintf(text, "{\"slaves\":[");
	for (unsigned i = 0; i <= APPLY_DRIFT_MAX; i++)
		len += (size_t)sprintf(text + len, "%s{\"id\":\"S%u\"}", i ? "," : "", i);
	sprintf(text + len, "],\"frameworks\":[]}");
	assert_int_equal(check(p, APPLY_SUMMARY, text), ERR_LIMIT);
	assert_int_equal(p->wants[APPLY_WANT_SUBSCRIBE], 1);
	assert_int_equal(apply_counters(p->apply)->checks_failed[APPLY_SUMMARY], 1);
	zone_is(p, with_web("10.2.0.1"));
	free(text);
	player_free(p);
}

/* Gathering. */

/* Lets the loop run until nothing is left to do, or for one turn. */
static void turn(struct player *p, int flags)
{
	ev_run(p->loop, flags);
}

static void the_first_event_is_not_kept(void **state)
{
	struct player *p = player_with("");

	event(p, "AGENT_ADDED", "agent_added", format("{\"agent\":%s}", agent(2)));
	assert_false(has(p, "slave.mesos.", "10.0.0.2"));
	turn(p, EVRUN_NOWAIT);
	assert_true(has(p, "slave.mesos.", "10.0.0.2"));
	assert_int_equal(apply_counters(p->apply)->commits, 1);
	player_free(p);
}

static void those_behind_it_are_gathered(void **state)
{
	struct player *p = player_with("");

	event(p, "AGENT_ADDED", "agent_added", format("{\"agent\":%s}", agent(2)));
	turn(p, EVRUN_NOWAIT);
	for (unsigned n = 3; n < 8; n++) {
		event(p, "AGENT_ADDED", "agent_added", format("{\"agent\":%s}", agent(n)));
		assert_false(has(p, "slave.mesos.", format("10.0.0.%u", n)));
	}
	turn(p, 0); /* until the timer */
	assert_true(has(p, "slave.mesos.", "10.0.0.3"));
	assert_true(has(p, "slave.mesos.", "10.0.0.7"));
	assert_int_equal(apply_counters(p->apply)->commits, 2);
	assert_int_equal(apply_counters(p->apply)->last_batch, 5);
	assert_int_equal(apply_counters(p->apply)->events, 6);
	player_free(p);
}

static void a_batch_has_a_bound(void **state)
{
	struct player *p = player_with_web();

	for (unsigned i = 0; i < APPLY_BATCH; i++) {
		assert_int_equal(apply_counters(p->apply)->commits, 0);
		event(p, "TASK_UPDATED", "task_updated",
			format("{\"framework_id\":{\"value\":\"F1\"},\"status\":%s,\"state\":"
			       "\"TASK_RUNNING\"}",
				status("web.1", "TASK_RUNNING", 11 + i, network(i % 2 ? "10.2.0.1" : "10.2.0.2"))));
	}
	assert_int_equal(apply_counters(p->apply)->commits, 1);
	assert_int_equal(apply_counters(p->apply)->last_batch, APPLY_BATCH);
	zone_is(p, with_web("10.2.0.1"));
	player_free(p);
}

/* A whole document is newer than the events at hand, which are not forgotten for that. */
static void a_snapshot_in_the_middle(void **state)
{
	const char *begun = "999\n{\"type\":\"SUBSCRIBED\",\"subscribed\":{\"get_state\":{";
	struct player *p = player_with("");

	event(p, "TASK_ADDED", "task_added",
		format("{\"task\":%s}", task("web.1", "web", "TASK_RUNNING",
						status("web.1", "TASK_RUNNING", 11, network("10.2.0.1")))));
	play_disconnect(p);
	play_connect(p);
	/* cut in the middle of the state */
	assert_int_equal(play(p, begun, strlen(begun)), 0);
	assert_true(stream_parser_in_snapshot(p->parser));
	zone_is(p, with_web("10.2.0.1"));
	play_disconnect(p);
	zone_is(p, with_web("10.2.0.1"));
	subscribed(p, agent(1), framework("F1", "marathon", "10.0.1.1"), "");
	zone_is(p, EMPTY);
	player_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_task_lives),
		cmocka_unit_test(each_end_is_an_end),
		cmocka_unit_test(the_state_counts),
		cmocka_unit_test(health_flips),
		cmocka_unit_test(addresses_follow_the_newest_status),
		cmocka_unit_test(statuses_beside_each_other),
		cmocka_unit_test(mapped_ports),
		cmocka_unit_test(a_task_told_again_replaces),
		cmocka_unit_test(unknown_tasks_want_the_state),
		cmocka_unit_test(over_in_a_snapshot),
		cmocka_unit_test(an_agent_out_of_reach),
		cmocka_unit_test(an_agent_is_removed),
		cmocka_unit_test(all_in_one_batch),
		cmocka_unit_test(a_framework_comes_and_goes),
		cmocka_unit_test(pids_come_from_summaries),
		cmocka_unit_test(pids_come_from_polls),
		cmocka_unit_test(a_summary_misses_an_agent),
		cmocka_unit_test(events_are_newer_than_checks),
		cmocka_unit_test(owners_are_newer_than_checks),
		cmocka_unit_test(drift_is_healed_and_counted),
		cmocka_unit_test(checks_that_fail),
		cmocka_unit_test(too_much_drift),
		cmocka_unit_test(the_first_event_is_not_kept),
		cmocka_unit_test(those_behind_it_are_gathered),
		cmocka_unit_test(a_batch_has_a_bound),
		cmocka_unit_test(a_snapshot_in_the_middle),
	};

	return cmocka_run_group_tests_name("stream_events", tests, rigs_init, NULL);
}
