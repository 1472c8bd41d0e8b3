/* SPDX-License-Identifier: Apache-2.0 */
/* mesos/feed: batches of events, and masters that are detected. */
#include "t/unit/feed.h"

#include "t/unit/cluster.h"

struct events {
	struct rig *rig;
	struct cluster_builder builder;
	char *loaded; /* the zone that setup() made */
};

static void begin(struct events *e)
{
	feed_events_begin(e->rig->feed);
}

static void end(struct events *e)
{
	assert_int_equal(feed_events_end(e->rig->feed), 0);
}

static void put(struct events *e)
{
	assert_int_equal(rig_element(e->rig, &e->builder), 0);
}

static void put_agent(struct events *e, const char *id, const char *host)
{
	build_agent(&e->builder, &(struct agent_spec){.id = id, .port = 5051});
	put_text(&e->builder, CLUSTER_FIELD(agent, host), host);
	put(e);
}

static void put_framework(struct events *e, const char *id, const char *name)
{
	build_framework(&e->builder, &(struct framework_spec){.id = id, .name = name});
	put(e);
}

static void put_task(struct events *e, const char *id, const char *agent, const char *name)
{
	build_task(&e->builder, &(struct task_spec){.id = id, .framework = "F", .agent = agent, .name = name,
		.ports = "[31000-31000]"});
	put(e);
}

static int drop(struct events *e, enum cluster_kind kind, const char *framework_id, const char *id)
{
	return feed_remove(e->rig->feed, kind, framework_id, strlen(framework_id), id, strlen(id));
}

static int setup(void **state)
{
	static const char text[] = "{\"leader\":\"master@127.0.0.1:15050\",\"slaves\":["
				   "{\"id\":\"S1\",\"pid\":\"slave(1)@10.0.0.1:5051\"},{\"id\":\"S2\",\"pid\":\"slave("
				   "1)@10.0.0.2:5051\"}],"
				   "\"frameworks\":[{\"id\":\"F\",\"name\":\"m\",\"tasks\":["
				   "{\"id\":\"1\",\"name\":\"a\",\"slave_id\":\"S1\",\"state\":\"TASK_RUNNING\"},"
				   "{\"id\":\"2\",\"name\":\"b\",\"slave_id\":\"S2\",\"state\":\"TASK_RUNNING\"}]}]}";
	struct events *e = calloc(1, sizeof(*e));

	e->rig = rig_new();
	assert_int_equal(rig_take(e->rig, text, strlen(text)), 0);
	e->loaded = rig_dump(e->rig);
	*state = e;
	return 0;
}

static int teardown(void **state)
{
	struct events *e = *state;

	cluster_builder_fini(&e->builder);
	rig_free(e->rig);
	free(e->loaded);
	free(e);
	return 0;
}

static void zone_is_as_loaded(const struct events *e)
{
	char *zone = rig_dump(e->rig);

	assert_string_equal(zone, e->loaded);
	free(zone);
}

static void a_batch_is_one_update(void **state)
{
	struct events *e = *state;
	uint32_t serial = rig_serial(e->rig);

	begin(e);
	put_task(e, "3", "S3", "c"); /* before its agent */
	put_agent(e, "S3", "10.0.0.3");
	assert_int_equal(drop(e, CLUSTER_TASK, "F", "1"), 0);
	assert_int_equal(drop(e, CLUSTER_TASK, "F", "1"), ERR_NOTFOUND);
	assert_int_equal(rig_serial(e->rig), serial);
	end(e);
	assert_false(rig_has(e->rig, "a.m.mesos.", "A", "10.0.0.1"));
	assert_true(rig_has(e->rig, "b.m.mesos.", "A", "10.0.0.2"));
	assert_true(rig_has(e->rig, "c.m.mesos.", "A", "10.0.0.3"));
	assert_true(rig_has(e->rig, "slave.mesos.", "A", "10.0.0.3"));
	assert_int_equal(rig_counters(e->rig).batches, 1);
	assert_int_equal(rig_counters(e->rig).elements.tasks, 2);
	/* and back, a framework with all that it has */
	begin(e);
	assert_int_equal(drop(e, CLUSTER_FRAMEWORK, "", "F"), 0);
	end(e);
	assert_int_equal(rig_counters(e->rig).elements.tasks, 0);
	assert_false(rig_has(e->rig, "b.m.mesos.", "A", "10.0.0.2"));
	begin(e);
	assert_int_equal(drop(e, CLUSTER_AGENT, "", "S3"), 0);
	put_framework(e, "F", "m");
	for (int i = 1; i <= 2; i++) {
		build_task(&e->builder, &(struct task_spec){.id = i == 1 ? "1" : "2", .framework = "F",
			.agent = i == 1 ? "S1" : "S2", .name = i == 1 ? "a" : "b"});
		put(e);
	}
	end(e);
	zone_is_as_loaded(e);
}

static void an_event_is_merged_with_what_is_known(void **state)
{
	struct events *e = *state;
	struct feed *feed = e->rig->feed;

	begin(e);
	assert_null(feed_find(feed, CLUSTER_TASK, "F", 1, "3", 1));
	put_task(e, "3", "S1", "c");
	const struct cluster_element *known = feed_find(feed, CLUSTER_TASK, "F", 1, "3", 1);
	assert_non_null(known);
	assert_int_equal(cluster_build_copy(&e->builder, known), 0);
	e->builder.task->health = CLUSTER_HEALTH_BAD;
	put(e);
	assert_int_equal(
		((const struct cluster_task *)(const void *)feed_find(feed, CLUSTER_TASK, "F", 1, "3", 1))->health,
		CLUSTER_HEALTH_BAD);
	known = feed_find(feed, CLUSTER_TASK, "F", 1, "1", 1);
	assert_int_equal(cluster_build_copy(&e->builder, known), 0);
	e->builder.task->state = CLUSTER_TASK_KILLING;
	put(e);
	end(e);
	assert_true(rig_has(e->rig, "c.m.mesos.", "A", "10.0.0.1"));
	assert_false(rig_has(e->rig, "a.m.mesos.", "A", "10.0.0.1"));
	/* events that say nothing new cost nothing */
	uint32_t serial = rig_serial(e->rig);
	begin(e);
	put_framework(e, "F", "m");
	put_agent(e, "S1", "10.0.0.1");
	end(e);
	begin(e);
	end(e);
	assert_int_equal(rig_serial(e->rig), serial);
	assert_int_equal(rig_counters(e->rig).pages_touched, 0);
}

static void a_batch_that_fails_costs_only_itself(void **state)
{
	struct events *e = *state;
	uint32_t serial = rig_serial(e->rig);

	/* an element that the model cannot take, whatever its sink's caller makes of the error */
	begin(e);
	assert_int_equal(drop(e, CLUSTER_TASK, "F", "1"), 0);
	assert_int_equal(cluster_build_start(&e->builder, CLUSTER_TASK), 0);
	assert_int_equal(rig_element(e->rig, &e->builder), ERR_FORMAT);
	log_set_level(LOG_LEVEL_NONE);
	assert_int_equal(feed_events_end(e->rig->feed), ERR_FORMAT);
	log_set_level(LOG_LEVEL_ERROR);
	assert_int_equal(rig_serial(e->rig), serial);
	zone_is_as_loaded(e);
	assert_int_equal(rig_counters(e->rig).batches_failed, 1);
	begin(e);
	assert_int_equal(drop(e, CLUSTER_TASK, "F", "1"), 0);
	end(e);
	assert_true(rig_serial(e->rig) != serial);
	assert_int_equal(rig_counters(e->rig).elements.tasks, 1);
}

static void hosts_that_become_known_during_a_batch(void **state)
{
	struct events *e = *state;

	e->rig->hosts[0] = (struct host){.name = "agent-7"};
	begin(e);
	put_agent(e, "S7", "agent-7");
	put_task(e, "7", "S7", "g");
	rig_answer(e->rig, "agent-7", "10.0.0.7");
	end(e);
	assert_true(rig_has(e->rig, "g.m.mesos.", "A", "10.0.0.7"));
}

static void masters_that_are_detected(void **state)
{
	struct mesos_master found[2] = {{.host = "10.9.0.1", .port = 5050}, {.host = "m2", .port = 5051}};
	struct events *e = *state;
	struct rig *rig = e->rig;

	assert_true(rig_has(rig, "master0.mesos.", "A", "127.0.0.1"));
	rig->hosts[0] = (struct host){.name = "m2"};
	assert_int_equal(addr_parse(&found[0].addr, "10.9.0.1", 8), 0);
	assert_int_equal(feed_set_masters(rig->feed, found, 2), 0);
	assert_true(rig_has(rig, "leader.mesos.", "A", "10.9.0.1"));
	assert_true(rig_has(rig, "_leader._tcp.mesos.", "SRV", "0 1 5050 leader.mesos."));
	assert_true(rig_has(rig, "master0.mesos.", "A", "10.9.0.1"));
	assert_false(rig_has(rig, "master.mesos.", "A", "127.0.0.1"));
	rig_answer(rig, "m2", "10.9.0.2");
	assert_true(rig_has(rig, "master1.mesos.", "A", "10.9.0.2"));
	/* none at the moment: they stay */
	uint32_t serial = rig_serial(rig);
	assert_int_equal(feed_set_masters(rig->feed, NULL, 0), 0);
	assert_int_equal(rig_serial(rig), serial);
	/* and while a batch is under way */
	begin(e);
	assert_int_equal(feed_set_masters(rig->feed, &found[1], 1), 0);
	assert_int_equal(rig_serial(rig), serial);
	end(e);
	assert_true(rig_has(rig, "leader.mesos.", "A", "10.9.0.2"));
	assert_true(rig_has(rig, "master0.mesos.", "A", "10.9.0.2"));
	assert_false(rig_has(rig, "master.mesos.", "A", "10.9.0.1"));
	assert_true(rig_has(rig, "a.m.mesos.", "A", "10.0.0.1"));
}

/* A document that was begun before the new leader was known does not bring the old one back. */
static void a_leader_detected_during_a_document(void **state)
{
	struct events *e = *state;
	struct rig *rig = e->rig;
	struct mesos_master found = {.host = "10.9.0.1", .port = 5050};

	feed_document_begin(rig->feed);
	assert_int_equal(feed_set_masters(rig->feed, &found, 1), 0);
	assert_int_equal(feed_document_end(rig->feed, true, &rig->leader), 0);
	assert_true(rig_has(rig, "leader.mesos.", "A", "10.9.0.1"));
	feed_document_begin(rig->feed);
	assert_int_equal(feed_document_end(rig->feed, true, &rig->leader), 0);
	assert_true(rig_has(rig, "leader.mesos.", "A", "127.0.0.1"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_batch_is_one_update),
		T(an_event_is_merged_with_what_is_known),
		T(a_batch_that_fails_costs_only_itself),
		T(hosts_that_become_known_during_a_batch),
		T(masters_that_are_detected),
		T(a_leader_detected_during_a_document),
	};

	return cmocka_run_group_tests_name("feed_events", tests, rigs_init, NULL);
}
