/* SPDX-License-Identifier: Apache-2.0 */
/* mesos/feed and retention: a start in the middle of a failover, when a part of the cluster was never known. */
#include "t/unit/failover.h"

static int setup(void **state)
{
	struct rig *rig = rig_new();

	rig->now = 1000;
	*state = rig;
	return 0;
}

static int teardown(void **state)
{
	rig_free(*state);
	return 0;
}

/* What is told of it, and what the zone says. */
static void partial_is(struct rig *rig, bool partial, unsigned unknown)
{
	struct retention_counters told = rig_counters(rig).retention;

	assert_int_equal(zone_is_partial(zone_store_read(rig->store)), partial);
	assert_int_equal(told.partial, partial);
	assert_int_equal(told.unknown, unknown);
}

static void documents_bring_the_rest(void **state)
{
	struct rig *rig = *state;

	say(rig, (struct word){.id = "two", .named = "1", .recovered = "234"});
	partial_is(rig, true, 3);
	assert_int_equal(waited_for(rig), 0); /* nothing is kept */
	tasks_are(rig, "1");
	say(rig, (struct word){.id = "two", .named = "12", .recovered = "34"});
	partial_is(rig, true, 2);
	/* one is gone */
	say(rig, (struct word){.id = "two", .named = "123", .recovered = ""});
	partial_is(rig, false, 0);
	assert_true(isinf(feed_due_in(rig->feed)));
	/* later there is something to keep, and an agent that was new matters no more */
	say(rig, (struct word){.id = "three", .named = "1", .recovered = "234"});
	partial_is(rig, false, 0);
	tasks_are(rig, "123");
}

static void the_time_that_a_master_waits(void **state)
{
	struct rig *rig = *state;

	say(rig, (struct word){.id = "two", .named = "1", .recovered = "23", .timeout = "2mins"});
	pass(rig, 60);
	say(rig, (struct word){.id = "two", .named = "12", .recovered = "3"});
	pass(rig, 59);
	partial_is(rig, true, 1);
	uint32_t serial = rig_serial(rig);
	pass(rig, 2);
	partial_is(rig, false, 0);
	assert_int_equal(rig_serial(rig), serial);
	assert_int_equal(rig_counters(rig).retention.given_up, 0);
	/* whatever it says then */
	say(rig, (struct word){.id = "two", .named = "12", .recovered = "3"});
	partial_is(rig, false, 0);
}

static void another_failover_meanwhile(void **state)
{
	struct rig *rig = *state;

	say(rig, (struct word){.id = "two", .named = "1", .recovered = "23"});
	pass(rig, 500);
	/* what is known by now is kept; what is not may yet come */
	say(rig, (struct word){.id = "three", .port = 5051, .named = "", .recovered = "123"});
	tasks_are(rig, "1");
	assert_int_equal(waited_for(rig), 1);
	partial_is(rig, true, 2);
	/* it does not know its registry for a moment */
	say(rig, (struct word){.id = "four", .named = "", .recovered = ""});
	partial_is(rig, true, 0);
	say(rig, (struct word){.id = "four", .named = "", .recovered = "123"});
	pass(rig, 599);
	partial_is(rig, true, 2);
	say(rig, (struct word){.id = "four", .named = "2", .recovered = "1"});
	partial_is(rig, false, 0);
}

static void documents_that_say_nothing_about_it(void **state)
{
	struct rig *rig = *state;

	/* an empty cluster, or a registry that was not read */
	say(rig, (struct word){.id = "one", .named = "", .recovered = ""});
	partial_is(rig, false, 0);
	say(rig, (struct word){.id = "one", .named = "", .recovered = "1"});
	partial_is(rig, true, 1);
	say(rig, (struct word){.id = "one", .named = "1", .recovered = ""});
	partial_is(rig, false, 0);
}

static void a_master_without_a_list(void **state)
{
	struct rig *rig = *state;

	say(rig, (struct word){.id = "one", .named = "1"});
	partial_is(rig, false, 0);
}

static void agents_come_as_events(void **state)
{
	struct rig *rig = *state;
	struct stream s = {.rig = rig};

	subscribed(rig, "123");
	partial_is(rig, true, 3);
	feed_events_begin(rig->feed);
	agent_added(&s, 1);
	agent_added(&s, 1);
	framework_added(&s);
	agent_added(&s, 4); /* a new one */
	assert_int_equal(feed_events_end(rig->feed), 0);
	partial_is(rig, true, 2);
	/* the master takes one out */
	feed_events_begin(rig->feed);
	assert_int_equal(feed_remove(rig->feed, CLUSTER_AGENT, "", 0, "S2", 2), ERR_NOTFOUND);
	assert_int_equal(feed_events_end(rig->feed), 0);
	partial_is(rig, true, 1);
	pass(rig, 100);
	/* the tasks of the last one follow within moments */
	feed_events_begin(rig->feed);
	agent_added(&s, 3);
	assert_int_equal(feed_events_end(rig->feed), 0);
	partial_is(rig, true, 0);
	pass(rig, RETENTION_SETTLE - 1);
	partial_is(rig, true, 0);
	feed_events_begin(rig->feed);
	task_added(&s, 3);
	assert_int_equal(feed_events_end(rig->feed), 0);
	pass(rig, 2);
	partial_is(rig, false, 0);
	tasks_are(rig, "3");
	cluster_builder_fini(&s.builder);
}

static void a_stream_that_is_cut_meanwhile(void **state)
{
	struct rig *rig = *state;

	subscribed(rig, "12");
	pass(rig, 300);
	subscribed(rig, "12");
	pass(rig, 299);
	partial_is(rig, true, 2);
	pass(rig, 2);
	partial_is(rig, false, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(documents_bring_the_rest),
		T(the_time_that_a_master_waits),
		T(another_failover_meanwhile),
		T(documents_that_say_nothing_about_it),
		T(a_master_without_a_list),
		T(agents_come_as_events),
		T(a_stream_that_is_cut_meanwhile),
	};

	return cmocka_run_group_tests_name("feed_partial", tests, rigs_init, NULL);
}
