/* SPDX-License-Identifier: Apache-2.0 */
/* mesos/source and masters with a stream of events: how it begins, how it ends, and what comes after. */
#include "t/unit/source_master.h"

static void a_stream_begins(void **state)
{
	open_source(NULL, 1, 60);
	streams(0, 1);
	assert_int_equal(f.begun, 1);
	assert_int_equal(f.snapshots, 1);
	assert_int_equal(f.complete, 1);
	assert_int_equal(f.elements, 1);
	assert_int_equal(f.leader.len, 4);
	/* A summary before it, and no state. */
	assert_int_equal(f.checks[APPLY_SUMMARY], 1);
	assert_int_equal(f.checks_good, 1);
	assert_int_equal(f.check_elements, 1);
	assert_int_equal(scripts[0].states, 0);
	assert_int_equal(counters()->documents, 1);
	assert_true(counters()->heartbeat == 15);

	say(scripts[0].stream, REMOVED);
	RUN_UNTIL(f.events[STREAM_AGENT_REMOVED] == 1);
	assert_true(counters()->last_event > 1e9);
	assert_int_equal(counters()->stream.events[STREAM_AGENT_REMOVED], 1);
	assert_int_equal(counters()->stream.events[STREAM_HEARTBEAT], 1);
	/* One that cannot be read. */
	say(scripts[0].stream, "{\"type\":\"AGENT_REMOVED\",\"agent_removed\":{}}");
	RUN_UNTIL(f.lost == 1);
	assert_int_equal(counters()->stream.bad, 1);
	say(scripts[0].stream, REMOVED);
	RUN_UNTIL(f.events[STREAM_AGENT_REMOVED] == 2);
	assert_int_equal(scripts[0].subscribes, 1);
}

static void lost_by(enum source_loss loss, unsigned subscribed)
{
	RUN_UNTIL(counters()->losses[loss] == 1);
	streams(0, subscribed);
}

static void it_is_taken_up_again(void **state)
{
	open_source(NULL, 1, 60);
	streams(0, 1);
	shutdown(scripts[0].stream, SHUT_RDWR);
	lost_by(SOURCE_LOSS_CUT, 2);
	http_print(scripts[0].stream, "0\r\n\r\n"); /* the last chunk, on a connection that stays open */
	lost_by(SOURCE_LOSS_ENDED, 3);
	http_print(scripts[0].stream, "5\r\nxyz\n{\r\n");
	lost_by(SOURCE_LOSS_MALFORMED, 4);
	f.refuse_event = ERR_NOMEM;
	say(scripts[0].stream, REMOVED);
	RUN_UNTIL(counters()->losses[SOURCE_LOSS_INTERNAL] == 1);
	f.refuse_event = 0;
	streams(0, 5);
	/* The state was asked for once per connection, and a summary once. */
	assert_int_equal(f.complete, 5);
	assert_int_equal(scripts[0].states, 0);
	assert_int_equal(scripts[0].summaries, 1);
	assert_int_equal(counters()->connects, 5);
}

static void heartbeats_are_missed(void **state)
{
	scripts[0].interval = 100;
	open_source(NULL, 1, 60);
	streams(0, 1);
	scripts[0].interval = 15000;
	lost_by(SOURCE_LOSS_SILENT, 2);
}

static void bytes_are_not_enough(void **state)
{
	scripts[0].interval = 200;
	open_source(NULL, 1, 60);
	streams(0, 1);
	scripts[0].interval = 15000;
	int fd = scripts[0].stream, sent = 0;
	http_print(fd, "8\r\n1000000\n\r\n");
	while (!counters()->losses[SOURCE_LOSS_SLOW]) {
		http_print(fd, "1\r\n \r\n");
		RUN_UNTIL(ticks >= 5);
		assert_in_range(++sent, 1, 500);
	}
	streams(0, 2);
}

static void a_standby_points_at_the_leader(void **state)
{
	lead(2);
	open_source(NULL, 2, 60); /* the leader is not even configured */
	streams(2, 1);
	assert_int_equal(scripts[0].subscribes, 0); /* its answer to the summary said it */
	scripts[2].api = REDIRECT;
	lead(1);
	shutdown(scripts[2].stream, SHUT_RDWR);
	streams(1, 2);
	assert_int_equal(scripts[2].subscribes, 2);
	assert_true(counters()->redirects >= 2);
}

static void a_recovering_master_is_waited_for(void **state)
{
	scripts[0].api = RECOVERING;
	open_source(NULL, 1, 60);
	RUN_UNTIL(counters()->failed_rounds == 2);
	assert_int_equal(counters()->failures[SOURCE_NO_LEADER], 2);
	assert_int_equal(scripts[0].states, 0);
	scripts[0].api = STREAM;
	streams(0, 1);
}

static void who_has_no_stream_is_polled(void **state)
{
	static const enum api apis[] = {NONE, MISSING, FORBIDDEN, UNSUPPORTED};

	for (size_t i = 0; i < sizeof(apis) / sizeof(apis[0]); i++) {
		f.complete = f.snapshots = 0;
		scripts[0].subscribes = scripts[0].states = 0;
		scripts[0].api = apis[i];
		open_source(NULL, 1, 60);
		RUN_UNTIL(f.complete == 1);
		assert_int_equal(f.snapshots, 0);
		assert_int_equal(counters()->state, SOURCE_POLLING);
		assert_true(counters()->fallback);
		assert_int_equal(scripts[0].subscribes, 1);
		/* The next poll is nothing but a poll. */
		source_poll_now(f.source);
		RUN_UNTIL(f.complete == 2);
		assert_int_equal(scripts[0].subscribes, 1);
		assert_int_equal(scripts[0].states, 2);
		source_free(f.source);
	}
	/* Later the stream is tried again. */
	f.timing.retry = 0.05;
	f.complete = 0;
	open_source(NULL, 1, 1);
	RUN_UNTIL(f.complete == 1);
	scripts[0].api = STREAM;
	streams(0, 1);
	assert_false(counters()->fallback);
}

static void a_stream_can_be_a_must(void **state)
{
	f.way = CONF_SOURCE_STREAM;
	scripts[0].api = FORBIDDEN;
	open_source(NULL, 1, 60);
	RUN_UNTIL(counters()->failed_rounds == 4);
	assert_int_equal(counters()->failures[SOURCE_AUTH], 4);
	assert_int_equal(scripts[0].states, 0);
	scripts[0].api = STREAM;
	streams(0, 1);
}

static void a_poll_can_be_a_must(void **state)
{
	f.way = CONF_SOURCE_POLL;
	open_source(NULL, 1, 60);
	RUN_UNTIL(f.complete == 1);
	assert_int_equal(scripts[0].subscribes, 0);
	assert_int_equal(scripts[0].summaries, 0);
	assert_int_equal(counters()->state, SOURCE_POLLING);
	assert_false(counters()->fallback);
}

static void broken_streams_are_polled_in_the_end(void **state)
{
	static const struct {
		enum api api;
		enum source_failure failure;
		bool begins;
	} cases[] = {{CUT_SHORT, SOURCE_CUT, true}, {EMPTY, SOURCE_CUT, false}, {NO_STREAM, SOURCE_DOCUMENT, false},
		{SILENT, SOURCE_TIMEOUT, false}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f.begun = f.complete = f.snapshots = 0;
		f.timeout = cases[i].api == SILENT ? 1 : 30;
		scripts[0].states = 0;
		scripts[0].api = cases[i].api;
		open_source(NULL, 1, 60);
		RUN_UNTIL(f.complete == 1);
		assert_int_equal(counters()->state, SOURCE_POLLING);
		assert_int_equal(counters()->failures[cases[i].failure], 3);
		assert_int_equal(counters()->connects, 3);
		assert_int_equal(f.snapshots, cases[i].begins ? 3 : 0);
		assert_int_equal(scripts[0].states, 1);
		source_free(f.source);
	}
	scripts[0].api = STREAM;
	open_source(NULL, 1, 60); /* for the teardown */
}

static void short_lives_are_polled_in_the_end(void **state)
{
	open_source(NULL, 1, 60);
	for (unsigned i = 1; i <= 5; i++) {
		streams(0, i);
		shutdown(scripts[0].stream, SHUT_RDWR);
		RUN_UNTIL(counters()->losses[SOURCE_LOSS_CUT] == i);
	}
	RUN_UNTIL(counters()->state == SOURCE_POLLING);
	assert_int_equal(scripts[0].subscribes, 5);
}

static void the_owner_may_refuse(void **state)
{
	f.refuse = ERR_NOMEM;
	open_source(NULL, 1, 60);
	RUN_UNTIL(counters()->failures[SOURCE_INTERNAL] == 1);
	assert_int_equal(counters()->subscribed, 0);
	assert_int_equal(f.ended, 1);
	f.refuse = 0;
	streams(0, 1);
}

static void checks_go_on_beside_it(void **state)
{
	f.timing.summary = f.timing.reconcile = 0.05;
	open_source(NULL, 1, 60);
	streams(0, 1);
	RUN_UNTIL(f.checks[APPLY_SUMMARY] >= 3 && f.checks[APPLY_STATE] >= 2);
	RUN_UNTIL(f.checks_good >= 4);
	assert_int_equal(f.begun, 1);
	assert_int_equal(counters()->subscribed, 1);
	/* What is refused is none, and nothing else. */
	scripts[0].summary = false;
	RUN_UNTIL(counters()->checks_failed[APPLY_SUMMARY] >= 2);
	assert_int_equal(counters()->state, SOURCE_STREAMING);
	/* Its stream may be kept, but who says that another leads leads no more. */
	lead(1);
	streams(1, 2);
	assert_int_equal(counters()->losses[SOURCE_LOSS_LEADER], 1);
}

static void checks_can_be_wanted(void **state)
{
	f.timing.summary = f.timing.reconcile = NEVER;
	open_source(NULL, 1, 60);
	streams(0, 1);
	source_want(f.source, APPLY_WANT_SUMMARY);
	source_want(f.source, APPLY_WANT_STATE);
	RUN_UNTIL(f.checks[APPLY_SUMMARY] == 2 && f.checks[APPLY_STATE] == 1 && !f.checking);
	source_poll_now(f.source);
	RUN_UNTIL(f.checks[APPLY_STATE] == 2 && !f.checking);
	source_want(f.source, APPLY_WANT_SUBSCRIBE);
	assert_int_equal(counters()->state, SOURCE_STREAMING); /* nothing before the loop runs */
	lost_by(SOURCE_LOSS_ASKED, 2);
}

static void a_document_can_need_confirmation(void **state)
{
	open_source(NULL, 1, 1);
	streams(0, 1);
	source_confirm(f.source);
	lost_by(SOURCE_LOSS_ASKED, 2);
}

static void the_announced_leader_is_followed(void **state)
{
	open_source(NULL, 1, 60);
	streams(0, 1);
	announce((unsigned[]){0, 1}, 2); /* the one that streams, told by ZooKeeper */
	ev_run(f.loop, EVRUN_NOWAIT);
	assert_int_equal(counters()->state, SOURCE_STREAMING);
	assert_int_equal(counters()->losses[SOURCE_LOSS_LEADER], 0);
	announce(NULL, 0);
	assert_int_equal(counters()->state, SOURCE_STREAMING);
	lead(1);
	announce((unsigned[]){1, 0}, 2);
	assert_int_equal(counters()->losses[SOURCE_LOSS_LEADER], 1);
	streams(1, 2);
	/* While it is being asked. */
	scripts[2].api = SILENT;
	lead(2);
	announce((unsigned[]){2}, 1);
	RUN_UNTIL(scripts[2].subscribes == 1);
	lead(1);
	announce((unsigned[]){1}, 1);
	streams(1, 3);
}

/* It led, was stopped, and takes connections still; the new one is not ready yet. */
static void a_stopped_leader_holds_nobody_up(void **state)
{
	open_source(NULL, 3, 60);
	streams(0, 1);
	scripts[0].api = SILENT;
	scripts[1].api = RECOVERING;
	lead(1);
	announce((unsigned[]){1, 2}, 2);
	RUN_UNTIL(counters()->failed_rounds == 3);
	assert_int_equal(scripts[0].subscribes, 1);
	assert_int_equal(scripts[2].subscribes, 0);
	scripts[1].api = STREAM;
	streams(1, 2);
	assert_int_equal(counters()->failures[SOURCE_NO_LEADER], 3);
}

static void a_silent_one_is_asked_last(void **state)
{
	scripts[0].interval = 100;
	open_source(NULL, 2, 60);
	streams(0, 1);
	scripts[0].api = SILENT;
	lead(1);
	streams(1, 2);
	assert_int_equal(counters()->losses[SOURCE_LOSS_SILENT], 1);
	assert_int_equal(scripts[0].subscribes, 1);
}

/* A leader that is never ready is none: the others are asked all the same. */
static void who_is_never_ready_is_passed_over(void **state)
{
	scripts[2].api = RECOVERING;
	open_source(NULL, 1, 1);
	streams(0, 1);
	announce((unsigned[]){2}, 1);
	scripts[2].leader = 2;
	streams(0, 2);
	assert_int_equal(counters()->failures[SOURCE_NO_LEADER], 11);
}

static void a_named_leader_is_the_same(void **state)
{
	static const char *const hosts[] = {"localhost"};

	open_source(hosts, 1, 60);
	RUN_UNTIL(counters()->subscribed == 1);
	assert_true(addr_is_loopback(&f.leader));
	announce((unsigned[]){0}, 1);
	assert_int_equal(counters()->losses[SOURCE_LOSS_LEADER], 0);
}

static void the_masters_tell_who_leads(void **state)
{
	f.timing.watch = 0.02;
	open_source(NULL, 3, 60);
	streams(0, 1);
	/* It leads no more, and its stream stays open without a word. */
	lead(1);
	streams(1, 2);
	assert_int_equal(counters()->losses[SOURCE_LOSS_LEADER], 1);
	/* Somebody names another, who does not say so itself. */
	scripts[0].told = 2;
	unsigned questions = scripts[2].questions;
	RUN_UNTIL(scripts[2].questions >= questions + 4);
	assert_int_equal(scripts[2].subscribes, 0);
	assert_int_equal(counters()->subscribed, 2);
	/* Somebody claims it, and does not. Once a minute that is gone after. */
	scripts[2].told = 2;
	streams(1, 3);
	questions = scripts[2].questions;
	RUN_UNTIL(scripts[2].questions >= questions + 4);
	assert_int_equal(counters()->subscribed, 3);
	/* The one that streams is not asked. */
	questions = scripts[1].questions;
	unsigned others = scripts[0].questions;
	RUN_UNTIL(scripts[0].questions >= others + 4);
	assert_int_equal(scripts[1].questions, questions);
}

static void between_polls_too(void **state)
{
	f.way = CONF_SOURCE_POLL;
	f.timing.watch = 0.02;
	open_source(NULL, 2, 60);
	RUN_UNTIL(f.complete == 1);
	lead(2);
	RUN_UNTIL(f.complete == 2);
	assert_int_equal(f.leader_port, port_of(2));
	/* The leader is asked as well, though not configured. */
	lead(0);
	RUN_UNTIL(f.complete == 3);
	assert_int_equal(f.leader_port, port_of(0));
	assert_int_equal(counters()->leader_changes, 2);
	/* Nobody needs to ask where ZooKeeper says it. */
	announce((unsigned[]){0}, 1);
	RUN_UNTIL(f.complete == 4);
	uint64_t questions = counters()->leader_questions;
	RUN_UNTIL(ticks == 20);
	assert_in_range(counters()->leader_questions, questions, questions + 1);
}

static void a_snapshot_can_be_too_large(void **state)
{
	f.timing.body_max = 100;
	f.way = CONF_SOURCE_STREAM;
	open_source(NULL, 1, 60);
	RUN_UNTIL(counters()->failed_rounds == 2);
	assert_int_equal(counters()->failures[SOURCE_LIMIT], 2);
	assert_int_equal(f.ended, f.begun);
	assert_int_equal(f.complete, 0);
}

static void the_end_ends_a_snapshot(void **state)
{
	scripts[0].api = SILENT;
	open_source(NULL, 1, 60);
	RUN_UNTIL(scripts[0].subscribes == 1);
	source_free(f.source);
	f.timing.summary = 0.01;
	scripts[0].api = STREAM;
	open_source(NULL, 1, 60);
	streams(0, 1);
	RUN_UNTIL(f.checking);
}

static int setup(void **state)
{
	open_scripted();
	return 0;
}

static int teardown(void **state)
{
	close_masters();
	return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_stream_begins),
		TEST(it_is_taken_up_again),
		TEST(heartbeats_are_missed),
		TEST(bytes_are_not_enough),
		TEST(a_standby_points_at_the_leader),
		TEST(a_recovering_master_is_waited_for),
		TEST(who_has_no_stream_is_polled),
		TEST(a_stream_can_be_a_must),
		TEST(a_poll_can_be_a_must),
		TEST(broken_streams_are_polled_in_the_end),
		TEST(short_lives_are_polled_in_the_end),
		TEST(the_owner_may_refuse),
		TEST(checks_go_on_beside_it),
		TEST(checks_can_be_wanted),
		TEST(a_document_can_need_confirmation),
		TEST(the_announced_leader_is_followed),
		TEST(a_stopped_leader_holds_nobody_up),
		TEST(a_silent_one_is_asked_last),
		TEST(who_is_never_ready_is_passed_over),
		TEST(a_named_leader_is_the_same),
		TEST(the_masters_tell_who_leads),
		TEST(between_polls_too),
		TEST(a_snapshot_can_be_too_large),
		TEST(the_end_ends_a_snapshot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
