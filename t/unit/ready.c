/* SPDX-License-Identifier: Apache-2.0 */
/* Who is fit to be asked, and which threads run. The server and the Mesos thread are this test's. */
#include "t/unit/unit.h"

#include "http/ready.h"

#define NOW 1e9

/* --- the others --- */

static uint64_t pongs[3], turns;
static unsigned pings;

unsigned server_workers(const struct server *server)
{
	return 3;
}

void server_ping(struct server *server)
{
	pings++;
}

uint64_t server_pongs(const struct server *server, unsigned worker)
{
	return pongs[worker];
}

void follow_ping(struct follow *follow)
{
}

void follow_read_counters(struct follow *follow, struct follow_counters *out)
{
	*out = (struct follow_counters){.turns = turns};
}

/* --- readiness --- */

struct world {
	struct conf conf;
	struct zone_counters zone;
	struct follow_counters follow;
	struct alive_figures alive;
};

static struct world well(void)
{
	return (struct world){
		.conf = {.refresh_seconds = 60},
		.zone = {.loaded = true},
		.follow = {.source = {.last_good = NOW - 1}},
		.alive = {.workers = 2, .workers_alive = 2, .mesos_alive = true},
	};
}

static struct ready judge(const struct world *w)
{
	return ready_judge(&w->conf, &w->zone, &w->follow, &w->alive, NOW);
}

/* Not ready for this reason, and no other. */
static void expect_reason(const struct world *w, enum ready_reason reason)
{
	struct ready ready = judge(w);

	assert_false(ready.ready);
	for (unsigned i = 0; i < READY_REASONS; i++)
		assert_int_equal(ready.reasons[i], i == (unsigned)reason);
}

static void all_is_well(void **state)
{
	struct world w = well();
	struct ready ready = judge(&w);

	assert_true(ready.ready);
	assert_true(ready.age > 0.9 && ready.age < 1.1);
}

static void without_a_state(void **state)
{
	struct world w = well();

	w.zone.loaded = false;
	w.follow.source.last_good = 0;
	expect_reason(&w, READY_NO_STATE);
	assert_true(judge(&w).age < 0);
}

static void a_state_from_a_file_does_not_age(void **state)
{
	struct world w = well();

	w.follow.source.last_good = 0;
	assert_true(judge(&w).ready);
}

static void with_an_old_state(void **state)
{
	struct world w = well();

	w.follow.source.last_good = NOW - 599;
	assert_true(judge(&w).ready);
	w.follow.source.last_good = NOW - 601;
	expect_reason(&w, READY_STATE_OLD);
	w.conf.state_max_age_seconds = 602;
	assert_true(judge(&w).ready);
	w.conf.state_max_age_seconds = 1;
	expect_reason(&w, READY_STATE_OLD);
}

/* Masters may need some minutes to elect one of them. */
static void with_short_refreshes(void **state)
{
	struct world w = well();

	w.conf.refresh_seconds = 1;
	w.follow.source.last_good = NOW - 299;
	assert_true(judge(&w).ready);
	w.follow.source.last_good = NOW - 301;
	expect_reason(&w, READY_STATE_OLD);
}

static void with_a_clock_that_was_set_back(void **state)
{
	struct world w = well();

	w.follow.source.last_good = NOW + 3600;
	assert_true(judge(&w).ready);
	assert_true(judge(&w).age == 0);
}

static void with_agents_of_which_nothing_is_known(void **state)
{
	struct world w = well();

	w.follow.feed.retention.partial = true;
	expect_reason(&w, READY_PARTIAL);
}

static void without_a_leader_in_zookeeper(void **state)
{
	struct world w = well();

	w.follow.zk.timed_out = true;
	expect_reason(&w, READY_ZK);
}

static void with_a_stuck_thread(void **state)
{
	struct world w = well();

	w.alive.workers_alive = 1;
	expect_reason(&w, READY_STUCK);
	w = well();
	w.alive.mesos_alive = false;
	expect_reason(&w, READY_STUCK);
}

static void reasons_have_names(void **state)
{
	for (unsigned i = 0; i < READY_REASONS; i++) {
		assert_non_null(ready_reason_name(i));
		assert_non_null(ready_reason_text(i));
	}
}

/* --- which threads run --- */

static void expect_alive(const struct alive *alive, unsigned workers, bool mesos)
{
	struct alive_figures figures;

	alive_read(alive, &figures);
	assert_int_equal(figures.workers, 3);
	assert_int_equal(figures.workers_alive, workers);
	assert_int_equal(figures.mesos_alive, mesos);
}

static void threads_that_do_not_answer(void **state)
{
	struct ev_loop *loop = ev_loop_new(EVFLAG_NOENV);
	int one, other; /* never looked into */
	struct alive *alive = alive_new(loop, (struct server *)&one, (struct follow *)&other);

	assert_non_null(alive);
	expect_alive(alive, 3, true);
	for (unsigned round = 0; round < ALIVE_MISSES - 1; round++) {
		pongs[0]++;
		alive_ask(alive);
		expect_alive(alive, 3, true);
	}
	pongs[0]++;
	alive_ask(alive);
	expect_alive(alive, 1, false);
	pongs[2]++;
	alive_ask(alive);
	expect_alive(alive, 2, false);
	turns++;
	alive_ask(alive);
	expect_alive(alive, 2, true);
	assert_int_equal(pings, ALIVE_MISSES + 2);
	alive_free(alive);
	ev_loop_destroy(loop);
}

static void nobody_to_ask(void **state)
{
	struct ev_loop *loop = ev_loop_new(EVFLAG_NOENV);
	struct alive *alive = alive_new(loop, NULL, NULL);
	struct alive_figures figures;

	for (unsigned round = 0; round < 2 * ALIVE_MISSES; round++)
		alive_ask(alive);
	alive_read(alive, &figures);
	assert_int_equal(figures.workers, 0);
	assert_true(figures.mesos_alive);
	alive_free(alive);
	ev_loop_destroy(loop);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_well),
		cmocka_unit_test(without_a_state),
		cmocka_unit_test(a_state_from_a_file_does_not_age),
		cmocka_unit_test(with_an_old_state),
		cmocka_unit_test(with_short_refreshes),
		cmocka_unit_test(with_a_clock_that_was_set_back),
		cmocka_unit_test(with_agents_of_which_nothing_is_known),
		cmocka_unit_test(without_a_leader_in_zookeeper),
		cmocka_unit_test(with_a_stuck_thread),
		cmocka_unit_test(reasons_have_names),
		cmocka_unit_test(threads_that_do_not_answer),
		cmocka_unit_test(nobody_to_ask),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
