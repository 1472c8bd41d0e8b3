/* SPDX-License-Identifier: Apache-2.0 */
/* mesos/source without memory: each allocation on the way to a state fails in turn, and it comes all the same. Linked
 * with --wrap for the allocator. */
#include "t/unit/source_master.h"

#include "t/unit/alloc.h"

/* Until a state came, and an event and checks if it is by a stream. Returns how many allocations failed. */
static unsigned live_without(unsigned n)
{
	f.events[STREAM_AGENT_REMOVED] = f.complete = f.checks_ended = 0;
	alloc_fail_after(n, ALLOC_ANY, false);
	if (try_source(NULL, 1, 60)) {
		RUN_UNTIL(counters()->documents > 0);
		if (counters()->state == SOURCE_STREAMING) {
			int before = f.checks_ended;

			say(scripts[0].stream, REMOVED);
			source_want(f.source, APPLY_WANT_STATE);
			source_poll_now(f.source);
			RUN_UNTIL(f.checks_ended > before || counters()->checks_failed[APPLY_STATE] ||
				  counters()->losses[SOURCE_LOSS_INTERNAL]);
		}
	}
	unsigned failures = alloc_fail_end();
	source_free(f.source);
	f.source = NULL;
	assert_false(f.open);
	assert_false(f.checking);
	return failures;
}

static void memory_fails_once(void **state)
{
	static const enum conf_state_source ways[] = {CONF_SOURCE_POLL, CONF_SOURCE_STREAM};

	f.timing.spread = 0.001;
	for (size_t i = 0; i < 2; i++) {
		unsigned n = 0;

		f.way = ways[i];
		while (live_without(n))
			n++;
		assert_in_range(n, 5, 1000); /* it does fail */
	}
	open_source(NULL, 1, 60); /* for the teardown */
}

static int setup(void **state)
{
	open_scripted();
	log_set_level(LOG_LEVEL_NONE);
	return 0;
}

static int teardown(void **state)
{
	close_masters();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(memory_fails_once, setup, teardown)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
