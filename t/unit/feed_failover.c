/* SPDX-License-Identifier: Apache-2.0 */
/* mesos/feed and retention: what stays in the zone after a failover, and for how long. */
#include "t/unit/failover.h"

static int setup(void **state)
{
	struct rig *rig = rig_new();

	rig->now = 1000;
	say(rig, (struct word){.id = "one", .named = "1234", .recovered = "", .idle = true});
	tasks_are(rig, "1234");
	assert_int_equal(waited_for(rig), 0);
	*state = rig;
	return 0;
}

static int teardown(void **state)
{
	rig_free(*state);
	return 0;
}

static void agents_come_back_one_by_one(void **state)
{
	struct rig *rig = *state;
	uint64_t digest = rig_digest(rig);

	say(rig, (struct word){.id = "two", .port = 5051, .named = "", .recovered = "1234"});
	tasks_are(rig, "1234");
	assert_int_equal(waited_for(rig), 4);
	/* the leader is the new one at once */
	assert_true(rig_has(rig, "_leader._tcp.mesos.", "SRV", "0 1 5051 leader.mesos."));
	assert_true(rig_has(rig, "idle.mesos.", "A", "10.0.1.2"));
	say(rig, (struct word){.id = "two", .port = 5051, .named = "3", .recovered = "124", .no_pid = true});
	tasks_are(rig, "1234");
	assert_int_equal(waited_for(rig), 3);
	/* its scheduler is not back, and keeps its records */
	assert_true(rig_has(rig, "m.mesos.", "A", "10.0.1.1"));
	assert_true(rig_has(rig, "_framework._tcp.m.mesos.", "SRV", "0 1 8080 m.mesos."));
	/* one comes without its task, one is given up by the master */
	say(rig, (struct word){.id = "two", .port = 5051, .named = "13", .recovered = "4", .lost = "1"});
	tasks_are(rig, "34");
	assert_false(rig_has(rig, "slave.mesos.", "A", "10.0.0.2"));
	say(rig, (struct word){.id = "two", .named = "1234", .recovered = "", .idle = true});
	tasks_are(rig, "1234");
	assert_int_equal(waited_for(rig), 0);
	assert_true(rig_digest(rig) == digest);
	assert_int_equal(rig_counters(rig).retention.takeovers, 1);
	assert_int_equal(rig_counters(rig).retention.back, 3); /* and one was taken out */
	assert_int_equal(rig_counters(rig).retention.given_up, 0);
	/* and then a document counts as it stands */
	say(rig, (struct word){.id = "two", .named = "12", .recovered = ""});
	tasks_are(rig, "12");
	assert_false(rig_has(rig, "idle.mesos.", "A", "10.0.1.2"));
}

static void nobody_comes_back(void **state)
{
	struct rig *rig = *state;

	say(rig, (struct word){.id = "two", .named = "", .recovered = "123", .timeout = "2mins"});
	tasks_are(rig, "123");
	pass(rig, 60);
	say(rig, (struct word){.id = "two", .named = "1", .recovered = "23"});
	pass(rig, 59);
	tasks_are(rig, "123");
	pass(rig, 2);
	tasks_are(rig, "1");
	assert_int_equal(waited_for(rig), 0);
	assert_int_equal(rig_counters(rig).retention.given_up, 2);
	assert_int_equal(rig_counters(rig).elements.tasks, 1);
	/* the master still lists them */
	say(rig, (struct word){.id = "two", .named = "1", .recovered = "23"});
	tasks_are(rig, "1");
	assert_int_equal(waited_for(rig), 0);
	assert_true(isinf(feed_due_in(rig->feed)));
}

/* Without being told, ten minutes. */
static void the_time_that_is_usual(void **state)
{
	struct rig *rig = *state;

	say(rig, (struct word){.id = "two", .named = "", .recovered = "1234"});
	/* a framework stays for its tasks, also where a document that takes long does not name it either */
	rig->now += 2 * RETENTION_FRAMEWORKS;
	say(rig, (struct word){.id = "two", .named = "", .recovered = "1234"});
	pass(rig, 599 - 2 * RETENTION_FRAMEWORKS);
	tasks_are(rig, "1234");
	assert_true(rig_has(rig, "m.mesos.", "A", "10.0.1.1"));
	pass(rig, 2);
	tasks_are(rig, "");
	assert_int_equal(rig_counters(rig).elements.agents, 0);
	pass(rig, 60);
	assert_int_equal(rig_counters(rig).elements.frameworks, 0);
}

static void another_failover_meanwhile(void **state)
{
	struct rig *rig = *state;

	say(rig, (struct word){.id = "two", .named = "", .recovered = "1234"});
	pass(rig, 500);
	say(rig, (struct word){.id = "three", .named = "1", .recovered = "234"});
	pass(rig, 500);
	tasks_are(rig, "1234");
	/* the same document again does not make it longer */
	say(rig, (struct word){.id = "three", .named = "1", .recovered = "234"});
	pass(rig, 101);
	tasks_are(rig, "1");
}

/* Its registry was not read yet, or there is no quorum. */
static void a_new_master_without_a_cluster(void **state)
{
	struct rig *rig = *state;
	uint64_t digest = rig_digest(rig);

	say(rig, (struct word){.id = "two", .named = "", .recovered = ""});
	tasks_are(rig, "1234");
	pass(rig, 300);
	say(rig, (struct word){.id = "two", .named = "", .recovered = ""});
	tasks_are(rig, "1234");
	assert_int_equal(waited_for(rig), 4);
	/* now it has read it: one has been gone all along */
	say(rig, (struct word){.id = "two", .named = "1", .recovered = "24"});
	tasks_are(rig, "124");
	say(rig, (struct word){.id = "two", .named = "1234", .recovered = "", .idle = true});
	assert_true(rig_digest(rig) == digest);
	/* it never reads it: believed in the end */
	say(rig, (struct word){.id = "three", .named = "", .recovered = ""});
	for (int i = 0; i < 5; i++) {
		pass(rig, 119);
		say(rig, (struct word){.id = "three", .named = "", .recovered = ""});
		tasks_are(rig, "1234");
	}
	pass(rig, 6);
	tasks_are(rig, "");
}

static void the_last_agents_are_taken_down(void **state)
{
	struct rig *rig = *state;

	say(rig, (struct word){.id = "one", .named = "1", .recovered = ""});
	tasks_are(rig, "1");
	say(rig, (struct word){.id = "one", .named = "", .recovered = ""});
	tasks_are(rig, "");
	assert_int_equal(waited_for(rig), 0);
	assert_int_equal(rig_counters(rig).elements.frameworks, 0);
}

/* A master that does not tell its id can be told from another by its address, and from itself before a restart not at
 * all. */
static void masters_without_an_id(void **state)
{
	struct rig *rig = *state;

	say(rig, (struct word){.named = "1234", .recovered = ""});
	say(rig, (struct word){.named = ""});
	tasks_are(rig, "1234");
	say(rig, (struct word){.named = "12", .recovered = ""});
	tasks_are(rig, "12");
	say(rig, (struct word){.named = "1234", .recovered = ""});
	/* no list, as before Mesos 1.1 */
	say(rig, (struct word){.named = "123"});
	tasks_are(rig, "123");
	say(rig, (struct word){.named = "1", .port = 5051});
	tasks_are(rig, "123");
	assert_int_equal(waited_for(rig), 2);
	say(rig, (struct word){.named = "12", .port = 5051});
	tasks_are(rig, "123");
	pass(rig, 601);
	tasks_are(rig, "12");
}

/* It knows nobody from before its start, and its list of recovered agents is always empty. */
static void a_master_with_its_registry_in_memory(void **state)
{
	struct rig *rig = *state;

	say(rig, (struct word){.id = "two", .named = "", .recovered = "", .registry = "in_memory"});
	tasks_are(rig, "1234");
	say(rig, (struct word){.id = "two", .named = "1", .recovered = "", .registry = "in_memory"});
	tasks_are(rig, "1234");
	assert_int_equal(waited_for(rig), 3);
	say(rig, (struct word){.id = "two", .named = "123", .recovered = "", .registry = "in_memory"});
	tasks_are(rig, "1234");
	/* what that start of it knew is gone when it is not named */
	say(rig, (struct word){.id = "two", .named = "12", .recovered = "", .registry = "in_memory"});
	tasks_are(rig, "124");
	pass(rig, 601);
	tasks_are(rig, "12");
	say(rig, (struct word){.id = "three", .named = "1", .recovered = "", .registry = "in_memory"});
	tasks_are(rig, "12");
	/* one with another registry */
	say(rig, (struct word){.id = "four", .named = "1", .recovered = "", .registry = "replicated_log"});
	tasks_are(rig, "1");
}

static void frameworks(void **state)
{
	struct rig *rig = *state;

	/* without a task, it has a minute to come back */
	say(rig, (struct word){.id = "two", .named = "1234", .recovered = ""});
	assert_true(rig_has(rig, "idle.mesos.", "A", "10.0.1.2"));
	pass(rig, 50);
	say(rig, (struct word){.id = "two", .named = "1234", .recovered = ""});
	assert_true(rig_has(rig, "idle.mesos.", "A", "10.0.1.2"));
	pass(rig, 11);
	assert_false(rig_has(rig, "idle.mesos.", "A", "10.0.1.2"));
	/* one that the new master knows to be gone goes with its tasks, wherever they are */
	say(rig, (struct word){.id = "three", .named = "12", .recovered = "34", .completed = true});
	tasks_are(rig, "");
	assert_false(rig_has(rig, "m.mesos.", "A", "10.0.1.1"));
	assert_int_equal(rig_counters(rig).elements.tasks, 0);
	assert_int_equal(waited_for(rig), 2);
	assert_true(rig_has(rig, "slave.mesos.", "A", "10.0.0.4"));
}

/* Masters before 1.2 do not know a framework before its scheduler is back, but its tasks. */
static void orphans(void **state)
{
	static const char text[] =
		"{\"id\":\"two\",\"slaves\":[{\"id\":\"S1\",\"pid\":\"slave(1)@10.0.0.1:5051\"},"
		"{\"id\":\"S2\",\"pid\":\"slave(1)@10.0.0.2:5051\"}],\"frameworks\":[],\"unregistered_frameworks\":["
		"\"M\"],"
		"\"orphan_tasks\":[{\"id\":\"t1\",\"name\":\"a1\",\"framework_id\":\"M\",\"slave_id\":\"S1\","
		"\"state\":\"TASK_RUNNING\"}]}";
	struct rig *rig = *state;

	for (int i = 0; i < 3; i++) {
		assert_int_equal(rig_take(rig, text, strlen(text)), 0);
		tasks_are(
			rig, "134"); /* no list of recovered agents: the others are waited for; one has lost its task */
		pass(rig, 100);
	}
	pass(rig, 600);
	tasks_are(rig, "1");
	assert_int_equal(rig_take(rig, text, strlen(text)), 0);
	tasks_are(rig, "1");
	assert_true(rig_has(rig, "m.mesos.", "A", "10.0.1.1"));
}

static void a_task_at_its_end(void **state)
{
	struct rig *rig = *state;

	say(rig, (struct word){.id = "two", .named = "12", .recovered = "34", .over = "2"});
	tasks_are(rig, "134");
}

static bool kept(const struct rig *rig, enum cluster_kind kind, const char *framework_id, const char *id)
{
	const struct cluster_element *e =
		feed_find(rig->feed, kind, framework_id, strlen(framework_id), id, strlen(id));

	return e && feed_keeps(rig->feed, e);
}

/* A late address is not news of the agent. */
static void addresses_that_come_meanwhile(void **state)
{
	static const char text[] = "{\"id\":\"one\",\"slaves\":[{\"id\":\"S1\",\"pid\":\"slave(1)@agent-1:5051\"}],"
				   "\"frameworks\":[{\"id\":\"M\",\"name\":\"m\",\"tasks\":[{\"id\":\"t1\",\"name\":"
				   "\"a1\",\"slave_id\":\"S1\","
				   "\"state\":\"TASK_RUNNING\"}]}]}";
	struct rig *rig = *state;

	rig->hosts[0] = (struct host){.name = "agent-1", .address = "10.0.0.1", .known = true};
	assert_int_equal(rig_take(rig, text, strlen(text)), 0);
	say(rig, (struct word){.id = "two", .named = "", .recovered = "1"});
	tasks_are(rig, "1");
	rig_answer(rig, "agent-1", "10.0.0.2");
	assert_true(kept(rig, CLUSTER_AGENT, "", "S1") && kept(rig, CLUSTER_TASK, "M", "t1"));
	assert_true(rig_has(rig, "a1.m.mesos.", "A", "10.0.0.2"));
	assert_int_equal(waited_for(rig), 1);
	pass(rig, 601);
	assert_false(rig_has(rig, "a1.m.mesos.", "A", "10.0.0.2"));
}

/* The event stream. */

static void agents_come_back_as_events(void **state)
{
	struct rig *rig = *state;
	struct stream s = {.rig = rig};

	subscribed(rig, "1234");
	tasks_are(rig, "1234");
	assert_int_equal(waited_for(rig), 4);
	assert_true(kept(rig, CLUSTER_TASK, "M", "t1") && kept(rig, CLUSTER_AGENT, "", "S1") &&
		kept(rig, CLUSTER_FRAMEWORK, "", "M"));
	/* a task before its agent; another agent comes without its task; all of it in several batches */
	feed_events_begin(rig->feed);
	task_added(&s, 1);
	assert_int_equal(feed_events_end(rig->feed), 0);
	feed_events_begin(rig->feed);
	agent_added(&s, 1);
	framework_added(&s);
	agent_added(&s, 2);
	assert_int_equal(feed_events_end(rig->feed), 0);
	tasks_are(rig, "1234");
	assert_int_equal(waited_for(rig), 2);
	assert_false(kept(rig, CLUSTER_TASK, "M", "t1") || kept(rig, CLUSTER_AGENT, "", "S2") ||
		kept(rig, CLUSTER_FRAMEWORK, "", "M"));
	assert_true(kept(rig, CLUSTER_TASK, "M", "t2") && kept(rig, CLUSTER_TASK, "M", "t3"));
	/* moments later it is known that the task did not come */
	pass(rig, RETENTION_SETTLE - 1);
	tasks_are(rig, "1234");
	pass(rig, 2);
	tasks_are(rig, "134");
	assert_true(rig_has(rig, "slave.mesos.", "A", "10.0.0.2"));
	assert_int_equal(rig_counters(rig).retention.back, 2);
	/* one is taken out by the master, one never comes */
	feed_events_begin(rig->feed);
	assert_int_equal(feed_remove(rig->feed, CLUSTER_AGENT, "", 0, "S3", 2), 0);
	assert_int_equal(feed_events_end(rig->feed), 0);
	tasks_are(rig, "14");
	assert_int_equal(waited_for(rig), 1);
	pass(rig, 600);
	tasks_are(rig, "1");
	assert_int_equal(rig_counters(rig).retention.given_up, 1);
	pass(rig, 60);
	assert_int_equal(rig_counters(rig).elements.frameworks, 1);
	cluster_builder_fini(&s.builder);
}

/* A snapshot does not tell whether it is the same start of it: what was known may come back. */
static void a_stream_of_such_a_master(void **state)
{
	const struct cluster_master leader = {.port = 5051};
	struct rig *rig = *state;
	struct stream s = {.rig = rig};

	say(rig, (struct word){.id = "one", .named = "1234", .recovered = "", .registry = "in_memory", .port = 5051});
	subscribed(rig, "");
	tasks_are(rig, "1234");
	feed_events_begin(rig->feed);
	agent_added(&s, 1);
	task_added(&s, 1);
	framework_added(&s);
	assert_int_equal(feed_events_end(rig->feed), 0);
	pass(rig, 300);
	feed_document_begin(rig->feed);
	agent_added(&s, 1);
	task_added(&s, 1);
	framework_added(&s);
	assert_int_equal(feed_document_end(rig->feed, true, &leader), 0);
	tasks_are(rig, "1234");
	pass(rig, 299);
	tasks_are(rig, "1234");
	pass(rig, 2);
	tasks_are(rig, "1");
	cluster_builder_fini(&s.builder);
}

static void a_connection_that_is_cut_meanwhile(void **state)
{
	struct rig *rig = *state;
	struct stream s = {.rig = rig};

	subscribed(rig, "1234");
	pass(rig, 300);
	feed_events_begin(rig->feed);
	agent_added(&s, 1);
	task_added(&s, 1);
	assert_int_equal(feed_events_end(rig->feed), 0);
	/* the snapshot has what the events said, and does not make it longer for the others */
	struct state_sink sink = feed_sink(rig->feed);
	const struct cluster_master leader = {.port = 5051};
	feed_document_begin(rig->feed);
	agent_added(&s, 1);
	task_added(&s, 1);
	framework_added(&s);
	assert_int_equal(sink.recovered_agent(sink.ctx, "S2", 2), 0);
	assert_int_equal(feed_document_end(rig->feed, true, &leader), 0);
	tasks_are(rig, "12");
	pass(rig, 299);
	tasks_are(rig, "12");
	pass(rig, 2);
	tasks_are(rig, "1");
	/* another that knows nobody, and the same */
	subscribed_at(rig, 5052, "");
	tasks_are(rig, "1");
	pass(rig, 601);
	tasks_are(rig, "");
	feed_events_begin(rig->feed);
	agent_added(&s, 1);
	task_added(&s, 1);
	framework_added(&s);
	assert_int_equal(feed_events_end(rig->feed), 0);
	tasks_are(rig, "1");
	subscribed_at(rig, 5052, "");
	tasks_are(rig, "");
	cluster_builder_fini(&s.builder);
}

/* A framework that an event takes out goes with all that was kept of it. */
static void a_framework_is_torn_down_meanwhile(void **state)
{
	struct rig *rig = *state;

	subscribed(rig, "1234");
	feed_events_begin(rig->feed);
	assert_int_equal(feed_remove(rig->feed, CLUSTER_FRAMEWORK, "", 0, "M", 1), 0);
	assert_int_equal(feed_events_end(rig->feed), 0);
	tasks_are(rig, "");
	assert_int_equal(rig_counters(rig).elements.tasks, 0);
	assert_int_equal(waited_for(rig), 4);
}

/* While a document is read nothing expires under it. */
static void time_that_passes_within_a_document(void **state)
{
	struct rig *rig = *state;

	say(rig, (struct word){.id = "two", .named = "", .recovered = "1234"});
	feed_document_begin(rig->feed);
	rig->now += 700;
	assert_true(isinf(feed_due_in(rig->feed)));
	feed_tick(rig->feed);
	tasks_are(rig, "1234");
	assert_int_equal(feed_document_end(rig->feed, false, NULL), 0);
	assert_true(feed_due_in(rig->feed) <= 0);
	feed_tick(rig->feed);
	tasks_are(rig, "");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(agents_come_back_one_by_one),
		T(nobody_comes_back),
		T(the_time_that_is_usual),
		T(another_failover_meanwhile),
		T(a_new_master_without_a_cluster),
		T(the_last_agents_are_taken_down),
		T(masters_without_an_id),
		T(a_master_with_its_registry_in_memory),
		T(a_stream_of_such_a_master),
		T(frameworks),
		T(orphans),
		T(a_task_at_its_end),
		T(addresses_that_come_meanwhile),
		T(agents_come_back_as_events),
		T(a_connection_that_is_cut_meanwhile),
		T(a_framework_is_torn_down_meanwhile),
		T(time_that_passes_within_a_document),
	};

	return cmocka_run_group_tests_name("feed_failover", tests, rigs_init, NULL);
}
