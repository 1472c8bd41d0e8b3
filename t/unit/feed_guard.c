/* SPDX-License-Identifier: Apache-2.0 */
/* mesos/feed and guard: states that would take away much of a zone. */
#include "t/unit/feed.h"

#include "t/unit/cluster.h"

#define TASKS 60 /* four records each */

static int setup(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	rig->conf.mass_removal_guard = 50;
	rig_start(rig);
	*state = rig;
	return 0;
}

static int teardown(void **state)
{
	rig_free(*state);
	return 0;
}

/* A state with the tasks `from` to `to`, in `state`, named after `name`. */
static void take(struct rig *rig, unsigned port, unsigned from, unsigned to, const char *state, const char *name)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fprintf(out,
		"{\"id\":\"one\",\"leader\":\"master@10.9.0.1:%u\",\"recovered_slaves\":[],\"slaves\":"
		"[{\"id\":\"S1\",\"pid\":\"slave(1)@10.0.0.1:5051\"}],\"frameworks\":[{\"id\":\"M\",\"name\":\"m\","
		"\"tasks\":[",
		port);
	for (unsigned i = from; i < to; i++)
		fprintf(out, "%s{\"id\":\"t%u\",\"name\":\"%s%u\",\"slave_id\":\"S1\",\"state\":\"%s\"}",
			i > from ? "," : "", i, name, i, state);
	fputs("]}]}", out);
	fclose(out);
	assert_int_equal(rig_take(rig, text, size), 0);
	free(text);
}

static void good(struct rig *rig, unsigned from, unsigned to)
{
	take(rig, 5050, from, to, "TASK_RUNNING", "a");
}

static bool has_task(const struct rig *rig, unsigned i)
{
	char name[32];

	snprintf(name, sizeof(name), "a%u.m.mesos.", i);
	return rig_has(rig, name, "A", "10.0.0.1");
}

static uint64_t records(const struct rig *rig)
{
	struct zone_counters n;

	zone_store_counters(rig->store, &n);
	return n.a + n.aaaa + n.srv + n.other;
}

static struct guard guard_of(const struct rig *rig)
{
	return rig_counters(rig).guard;
}

static void what_the_next_state_confirms(void **state)
{
	struct rig *rig = *state;

	good(rig, 0, TASKS);
	uint64_t all = records(rig), digest = rig_digest(rig);
	good(rig, 0, 1);
	assert_true(has_task(rig, TASKS - 1));
	assert_int_equal(records(rig), all);
	assert_true(guard_of(rig).holding && feed_is_holding(rig->feed));
	assert_int_equal(guard_of(rig).held, 1);
	assert_int_equal(guard_of(rig).going, 4 * (TASKS - 1));
	assert_int_equal(guard_of(rig).records, all - 1); /* but the SOA */
	good(rig, 0, 2); /* not the same, but as much */
	assert_false(has_task(rig, TASKS - 1));
	assert_true(has_task(rig, 1));
	assert_false(guard_of(rig).holding);
	assert_int_equal(guard_of(rig).confirmed, 1);
	good(rig, 0, TASKS);
	assert_true(rig_digest(rig) == digest);
}

static void what_the_next_state_does_not_confirm(void **state)
{
	struct rig *rig = *state;

	good(rig, 0, TASKS);
	uint64_t digest = rig_digest(rig);
	for (int i = 1; i <= 3; i++) {
		good(rig, 0, 3);
		assert_true(has_task(rig, TASKS - 1));
		good(rig, 0, TASKS);
		assert_true(rig_digest(rig) == digest);
		assert_false(guard_of(rig).holding);
		assert_int_equal(guard_of(rig).held, i);
	}
	assert_int_equal(guard_of(rig).confirmed, 0);
}

/* What the state brings is not held back, nor is the leader. */
static void what_comes_with_it(void **state)
{
	struct rig *rig = *state;

	good(rig, 0, TASKS);
	take(rig, 5051, TASKS, TASKS + 5, "TASK_RUNNING", "a");
	assert_true(has_task(rig, 0));
	assert_true(has_task(rig, TASKS + 4));
	assert_true(rig_has(rig, "_leader._tcp.mesos.", "SRV", "0 1 5051 leader.mesos."));
	take(rig, 5051, TASKS, TASKS + 5, "TASK_RUNNING", "a");
	assert_false(has_task(rig, 0));
	assert_true(has_task(rig, TASKS + 4));
}

/* Where it is what the state names that goes, nothing of it is taken but the leader. */
static void what_it_says_itself(void **state)
{
	struct rig *rig = *state;

	good(rig, 0, TASKS);
	for (int i = 0; i < 2; i++) {
		take(rig, 5051, 0, TASKS + 1, "TASK_LOST", "a");
		assert_int_equal(has_task(rig, 0), i == 0);
		assert_int_equal(rig_counters(rig).elements.tasks, TASKS + i);
		assert_true(rig_has(rig, "_leader._tcp.mesos.", "SRV", "0 1 5051 leader.mesos."));
	}
}

static void what_it_lets_pass(void **state)
{
	struct rig *rig = *state;

	/* half of them */
	good(rig, 0, TASKS);
	good(rig, TASKS / 2, TASKS);
	assert_false(has_task(rig, 0));
	good(rig, 0, TASKS);
	/* new names for all of them */
	take(rig, 5050, 0, TASKS, "TASK_RUNNING", "b");
	assert_false(has_task(rig, 0));
	assert_int_equal(guard_of(rig).held, 0);
	/* a zone of less than a hundred records */
	good(rig, 0, TASKS / 2 + 5);
	good(rig, 0, 20);
	good(rig, 0, 1);
	assert_false(has_task(rig, 19));
	assert_int_equal(guard_of(rig).held, 0);
}

/* An event is a fact; what a check finds is a document's word. */
static void events_and_checks(void **state)
{
	struct rig *rig = *state;

	good(rig, 0, TASKS);
	uint64_t digest = rig_digest(rig);
	feed_events_begin(rig->feed);
	assert_int_equal(feed_remove(rig->feed, CLUSTER_AGENT, "", 0, "S1", 2), 0);
	log_set_level(LOG_LEVEL_NONE);
	assert_int_equal(feed_check_end(rig->feed), ERR_LIMIT);
	log_set_level(LOG_LEVEL_ERROR);
	assert_true(rig_digest(rig) == digest);
	assert_int_equal(rig_counters(rig).batches_failed, 0); /* it was refused */
	feed_events_begin(rig->feed);
	assert_int_equal(feed_remove(rig->feed, CLUSTER_TASK, "M", 1, "t3", 2), 0);
	assert_int_equal(feed_check_end(rig->feed), 0);
	assert_false(has_task(rig, 3));
	feed_events_begin(rig->feed);
	assert_int_equal(feed_remove(rig->feed, CLUSTER_AGENT, "", 0, "S1", 2), 0);
	assert_int_equal(feed_events_end(rig->feed), 0);
	assert_false(has_task(rig, 0));
	assert_int_equal(guard_of(rig).held, 0);
}

static void switched_off(void **state)
{
	struct rig *rig = rig_new();

	good(rig, 0, TASKS);
	good(rig, 0, 1);
	assert_false(has_task(rig, 1));
	assert_int_equal(guard_of(rig).held, 0);
	rig_free(rig);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_the_next_state_confirms),
		T(what_the_next_state_does_not_confirm),
		T(what_comes_with_it),
		T(what_it_says_itself),
		T(what_it_lets_pass),
		T(events_and_checks),
		T(switched_off),
	};

	return cmocka_run_group_tests_name("feed_guard", tests, rigs_init, NULL);
}
