/* SPDX-License-Identifier: Apache-2.0 */
/* mesos/source and masters with a stream of events: how it begins, how it ends, and what comes after. */
#include "t/unit/source.h"

#define STATE "{\"id\": \"S1\", \"pid\": \"slave(1)@10.0.0.1:5051\"}"
#define AGENT                                                                                                          \
	"{\"agent_info\":{\"id\":{\"value\":\"S1\"},\"hostname\":\"a\",\"port\":5051},\"pid\":\"slave(1)@10.0.0.1:"    \
	"5051\",\"active\":true}"
#define REMOVED "{\"type\":\"AGENT_REMOVED\",\"agent_removed\":{\"agent_id\":{\"value\":\"S1\"}}}"

enum api { STREAM, CUT_SHORT, SILENT, EMPTY, NO_STREAM, NONE, MISSING, FORBIDDEN, UNSUPPORTED, RECOVERING, REDIRECT };

/* What a master is told, and what it was asked. Its thread reads the one and writes the other. */
static struct script {
	_Atomic enum api api;
	_Atomic unsigned leader; /* whom it points at; itself: it leads */
	_Atomic unsigned told;   /* whom /master/redirect names */
	_Atomic bool summary;    /* it gives one */
	_Atomic unsigned subscribes, summaries, states, questions;
	_Atomic int stream;        /* the socket of the last one */
	_Atomic unsigned interval; /* milliseconds between heartbeats, as it says */
} scripts[MASTERS];

static void say(int fd, const char *text)
{
	char record[2048];
	int len = snprintf(record, sizeof(record), "%zu\n%s", strlen(text), text);

	http_print(fd, "%x\r\n%s\r\n", (unsigned)len, record);
}

static void snapshot(const struct script *script, int fd)
{
	char text[1024];

	snprintf(text, sizeof(text),
		"{\"type\":\"SUBSCRIBED\",\"subscribed\":{\"get_state\":{\"get_agents\":{\"agents\":[" AGENT "]},"
		"\"get_frameworks\":{},\"get_tasks\":{}},\"heartbeat_interval_seconds\":%.3f}}",
		script->interval / 1000.0);
	say(fd, text);
	say(fd, "{\"type\":\"HEARTBEAT\"}");
}

static void answer(int fd, const char *status, const char *header, const char *body)
{
	http_print(fd, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n%s", status, header, strlen(body), body);
}

static void redirect(int fd, unsigned master, const char *path)
{
	char location[100];

	snprintf(location, sizeof(location), "Location: //127.0.0.1:%u%s\r\n", port_of(master), path);
	answer(fd, "307 Temporary Redirect", location, "");
}

static bool subscribe(struct script *script, int fd)
{
	static const char *const ok = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
				      "Content-Type: application/json\r\n\r\n";

	script->subscribes++;
	switch (script->api) {
	case STREAM:
		http_print(fd, "%s", ok);
		snapshot(script, fd);
		script->stream = fd;
		return true;
	case CUT_SHORT:
		http_print(fd, "%s", ok);
		http_print(fd, "80\r\n1000\n{\"type\":\"SUBSCRIBED\",\"subscribed\":{\"get_state\":{\"get_agents\":{"
			       "\"agents\":[" AGENT);
		return false;
	case SILENT:
		return true;
	case EMPTY:
		http_print(fd, "%s0\r\n\r\n", ok);
		return true;
	case NO_STREAM:
		answer(fd, "200 OK", "", "<html></html>");
		return true;
	case NONE:
		answer(fd, "404 Not Found", "", "");
		return true;
	case MISSING:
		answer(fd, "405 Method Not Allowed", "", "");
		return true;
	case FORBIDDEN:
		answer(fd, "403 Forbidden", "", "");
		return true;
	case UNSUPPORTED:
		answer(fd, "415 Unsupported Media Type", "", "");
		return true;
	case RECOVERING:
		answer(fd, "503 Service Unavailable", "", "Master has not finished recovery");
		return true;
	case REDIRECT:
		redirect(fd, script->leader, "/master/api/v1");
		return true;
	}
	return false;
}

static bool scripted(struct http_server *s, int fd, const char *request)
{
	unsigned me = (unsigned)(s - f.masters);
	struct script *script = &scripts[me];
	char body[300];

	if (!strncmp(request, "POST /master/api/v1 ", 20))
		return script->leader == me || script->api == REDIRECT
			       ? subscribe(script, fd)
			       : (redirect(fd, script->leader, "/master/api/v1"), true);
	if (!strncmp(request, "GET /master/redirect ", 21)) {
		script->questions++;
		redirect(fd, script->told, "");
		return true;
	}
	bool summary = !strncmp(request, "GET /master/state-summary ", 26);
	if (summary)
		script->summaries++;
	else
		script->states++;
	if (summary && !script->summary) {
		answer(fd, "401 Unauthorized", "", "");
	} else if (script->leader != me) {
		redirect(fd, script->leader, summary ? "/master/state-summary" : "/master/state");
	} else if (summary) {
		answer(fd, "200 OK", "", "{\"hostname\": \"m\", \"slaves\": [" STATE "], \"frameworks\": []}");
	} else {
		snprintf(body, sizeof(body),
			"{\"leader\": \"master@127.0.0.1:%u\", \"slaves\": [" STATE "], \"frameworks\": []}", s->port);
		answer(fd, "200 OK", "", body);
	}
	return true;
}

static void lead(unsigned master)
{
	for (unsigned i = 0; i < MASTERS; i++)
		scripts[i].leader = scripts[i].told = master;
}

static void streams(unsigned master, unsigned subscribed)
{
	RUN_UNTIL(counters()->subscribed >= subscribed && counters()->state == SOURCE_STREAMING);
	assert_int_equal(f.leader_port, port_of(master));
	assert_string_equal(f.leader_host, "127.0.0.1");
}

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
	open_masters(scripted);
	f.way = CONF_SOURCE_AUTO;
	f.timing.spread = 0.01;
	memset(scripts, 0, sizeof(scripts));
	for (unsigned i = 0; i < MASTERS; i++) {
		scripts[i].summary = true;
		scripts[i].interval = 15000;
	}
	lead(0);
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
		TEST(the_end_ends_a_snapshot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
