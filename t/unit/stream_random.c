/* SPDX-License-Identifier: Apache-2.0 */
/* Thousands of random changes of a cluster, followed by their events, with connections that are lost, checks that come
 * in between and bytes in pieces of any size: the zone, and the model, are always those that a full rebuild from the
 * master's document makes. The seed is printed; MN_SEED repeats a run, MN_ROUNDS makes it longer. */
#include "t/unit/stream.h"

#include "t/unit/churn.h"
#include "t/unit/same.h"

#define ROUNDS 60
#define STEPS  100 /* changes between two comparisons */

struct run {
	struct player *player;
	struct churn churn;
	uint64_t seed;
	unsigned round;
	char where[100];
};

static unsigned below(struct run *run, unsigned n)
{
	return (unsigned)rng_below(&run->churn.rng, n);
}

/* An event comes in pieces, and now and then the loop has time for a commit. */
static void hear(void *arg, const char *json)
{
	struct run *run = arg;
	size_t len = strlen(json), room = len + 24, at = 0;
	char *frame = malloc(room);

	if (!run->player->parser) {
		free(frame);
		return;
	}
	len = (size_t)snprintf(frame, room, "%zu\n%s", len, json);
	while (at < len) {
		size_t size = below(run, 4) ? len - at : 1 + below(run, (unsigned)(len - at));

		if (play(run->player, frame + at, size))
			fail_msg("%s: %s", run->where, stream_parser_error(run->player->parser));
		at += size;
	}
	free(frame);
	if (!below(run, 5))
		assert_int_equal(apply_flush(run->player->apply), 0);
}

static void subscribe(struct run *run)
{
	char *snapshot = master_subscribed(run->churn.master);

	play_connect(run->player);
	hear(run, snapshot);
	free(snapshot);
}

/* A document that takes too much away for a check is asked for as a whole, as a source does it. */
static void ask_anew(struct run *run, int rc)
{
	if (rc != ERR_LIMIT)
		assert_int_equal(rc, 0);
	else if (run->player->parser)
		play_disconnect(run->player);
	if (rc)
		subscribe(run);
}

static void summary(struct run *run)
{
	char *text = master_summary(run->churn.master);

	ask_anew(run, play_check(run->player, APPLY_SUMMARY, text, strlen(text)));
	free(text);
}

static void steps(struct run *run, unsigned n)
{
	while (n--)
		churn_step(&run->churn);
}

/* A check whose document is older than events that have come when it is read. */
static void late_check(struct run *run, enum apply_check check)
{
	apply_check_begin(run->player->apply, check);
	steps(run, below(run, 5));
	char *text = check == APPLY_STATE ? master_state(run->churn.master) : master_summary(run->churn.master);
	steps(run, below(run, 20));
	ask_anew(run, play_check_sink(run->player, text, strlen(text)));
	free(text);
}

static void reconnect(struct run *run)
{
	play_disconnect(run->player);
	steps(run, below(run, 20));
	if (below(run, 2))
		summary(run);
	if (!run->player->parser)
		subscribe(run);
	assert_int_equal(apply_flush(run->player->apply), 0);
}

static void compare(struct run *run)
{
	char *text = master_state(run->churn.master);
	struct rig *wanted = rig_new();

	run->player->rig->leader =
		(struct cluster_master){.addrs = {{{127, 0, 0, 1}, 4}}, .addr_count = 1, .port = 15050};
	memcpy(wanted->hosts, run->player->rig->hosts, sizeof(wanted->hosts));
	assert_int_equal(rig_take(wanted, text, strlen(text)), 0);
	same_elements(run->player->rig, wanted, true, run->where);
	same_zone(run->player->rig, wanted, run->where);
	rig_free(wanted);
	/* nothing has drifted, whatever document comes */
	uint64_t drift = apply_counters(run->player->apply)->drift;
	assert_int_equal(play_check(run->player, APPLY_STATE, text, strlen(text)), 0);
	assert_int_equal(apply_counters(run->player->apply)->drift, drift);
	free(text);
}

static void a_round(struct run *run)
{
	snprintf(run->where, sizeof(run->where), "MN_SEED=%llu round %u", (unsigned long long)run->seed, run->round);
	for (unsigned left = STEPS, n; left; left -= n) {
		n = 1 + below(run, left);
		switch (below(run, 12)) {
		case 0:
			late_check(run, APPLY_SUMMARY);
			break;
		case 1:
			late_check(run, APPLY_STATE);
			break;
		case 2:
			reconnect(run);
			break;
		}
		steps(run, n);
	}
	assert_int_equal(apply_flush(run->player->apply), 0);
	summary(run);
	compare(run);
}

static void changes(void **state)
{
	const char *seed = getenv("MN_SEED"), *rounds = getenv("MN_ROUNDS");
	struct run run = {.seed = seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL)};
	unsigned limit = rounds ? (unsigned)atoi(rounds) : ROUNDS;

	print_message("# MN_SEED=%llu\n", (unsigned long long)run.seed);
	run.player = player_new();
	run.player->rig->hosts[0] = (struct host){.name = "one.example", .address = "192.0.2.1", .known = true};
	churn_init(&run.churn, run.seed);
	run.churn.arg = &run;
	run.churn.event = hear;
	subscribe(&run);
	for (run.round = 0; run.round < limit; run.round++)
		a_round(&run);
	assert_int_equal(apply_counters(run.player->apply)->unknown_tasks, 0);
	assert_int_equal(apply_counters(run.player->apply)->commits_failed, 0);
	assert_true(apply_counters(run.player->apply)->events > limit * STEPS);
	assert_true(apply_counters(run.player->apply)->completed > 0);
	churn_fini(&run.churn);
	player_free(run.player);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes),
	};

	return cmocka_run_group_tests_name("stream_random", tests, rigs_init, NULL);
}
