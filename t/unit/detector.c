/* SPDX-License-Identifier: Apache-2.0 */
/* mesos/detector and mesos/zk_session against a ZooKeeper of the test's own, which does what real ones do too
 * seldom. */
#include "t/unit/unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/siphash.h"
#include "mesos/detector.h"
#include "mesos/masterinfo.h"
#include "t/unit/fake_dns.h"
#include "t/unit/fake_zk.h"

#define MEMBERS 4

static struct {
	struct ev_loop *loop;
	struct fake_zk zk;
	struct fake_dns dns;
	struct resolver *resolver;
	struct detector *detector;
	struct conf conf;
	struct conf_endpoint members[MEMBERS];
	/* what the owner was told */
	char masters[4096];
	size_t count;
	int told, timeouts;
	bool led;
} f;

static void on_masters(void *ctx, const struct mesos_master *masters, size_t count)
{
	size_t len = 0;

	f.told++;
	f.count = count;
	f.masters[0] = '\0';
	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(f.masters + len, sizeof(f.masters) - len, "%s%s:%u", i ? " " : "",
			masters[i].host, masters[i].port);
}

static bool is_led(void *ctx, double seconds)
{
	return f.led;
}

static void on_timed_out(void *ctx)
{
	f.timeouts++;
}

static void on_host_change(void *ctx, const char *host, size_t len)
{
	if (f.detector)
		detector_hosts_changed(f.detector);
}

static void on_deadline(struct ev_loop *loop, ev_timer *timer, int revents)
{
	*(bool *)timer->data = true;
}

/* Runs the loop until the condition holds; gives up after a minute. */
#define RUN_UNTIL(condition)                                                                                           \
	do {                                                                                                           \
		bool late = false;                                                                                     \
		ev_timer deadline;                                                                                     \
		ev_timer_init(&deadline, on_deadline, 60, 0);                                                          \
		deadline.data = &late;                                                                                 \
		ev_timer_start(f.loop, &deadline);                                                                     \
		while (!(condition) && !late)                                                                          \
			ev_run(f.loop, EVRUN_ONCE);                                                                    \
		ev_timer_stop(f.loop, &deadline);                                                                      \
		assert_false(late);                                                                                    \
	} while (0)

static enum detector_state state(void)
{
	struct detector_status status;

	detector_get_status(f.detector, &status);
	return status.state;
}

static struct detector_status status(void)
{
	struct detector_status s;

	detector_get_status(f.detector, &s);
	return s;
}

static void member(const char *host, uint16_t port)
{
	f.members[f.conf.zk_servers.count++] = (struct conf_endpoint){(char *)(uintptr_t)host, port};
}

static void open_detector(void)
{
	const struct detector_sink sink = {.masters = on_masters, .is_led = is_led, .timed_out = on_timed_out};

	if (!f.conf.zk_servers.count)
		member("127.0.0.1", f.zk.port);
	f.detector = detector_new(f.loop, f.resolver, &f.conf, &sink);
	assert_non_null(f.detector);
}

/* A member that is not there. */
static uint16_t dead_port(void)
{
	struct fake_zk gone;

	fake_zk_start(&gone, f.loop);
	fake_zk_stop(&gone);
	return gone.port;
}

static int setup(void **unused)
{
	static const struct conf_servers none;
	int err;

	memset(&f, 0, sizeof(f));
	f.loop = ev_loop_new(EVFLAG_NOENV);
	assert_non_null(f.loop);
	fake_zk_start(&f.zk, f.loop);
	f.resolver = resolver_new(f.loop, &none, 5, on_host_change, NULL, &err);
	assert_non_null(f.resolver);
	f.conf.zk_path = strdup("/mesos");
	f.conf.zk_user = strdup("");
	f.conf.zk_password = strdup("");
	f.conf.zk_servers.items = f.members;
	return 0;
}

static int teardown(void **unused)
{
	detector_free(f.detector);
	resolver_free(f.resolver);
	if (f.dns.loop)
		fake_stop(&f.dns);
	fake_zk_stop(&f.zk);
	ev_loop_destroy(f.loop);
	free(f.conf.zk_path);
	free(f.conf.zk_user);
	free(f.conf.zk_password);
	return 0;
}

#define INFO(n) "{\"address\":{\"ip\":\"10.0.0." #n "\",\"port\":5050}}"

static void the_lowest_leads(void **unused)
{
	fake_zk_add(&f.zk, "json.info_0000000012", INFO(12));
	fake_zk_add(&f.zk, "log_replicas", "x");
	fake_zk_add(&f.zk, "info_0000000007", "\"\x0fm@10.0.0.7:5050");
	fake_zk_add(&f.zk, "json.info_-000000001", INFO(1));
	fake_zk_add(&f.zk, "json.info_0000000009", INFO(9));
	fake_zk_add(&f.zk, "json.info_0000000013", INFO(9));
	fake_zk_add(&f.zk, "json.info_0000000014x", INFO(14));
	open_detector();
	assert_int_equal(state(), DETECTOR_RESOLVING);
	RUN_UNTIL(f.told);
	assert_string_equal(f.masters, "10.0.0.1:5050 10.0.0.7:5050 10.0.0.9:5050 10.0.0.12:5050");
	assert_int_equal(status().state, DETECTOR_LEADER);
	assert_string_equal(status().leader.host, "10.0.0.1");
	assert_int_equal(f.zk.reads, 5);
	assert_int_equal(status().masters, 4);

	/* nothing else: nobody is told */
	fake_zk_tell(&f.zk, 4);
	RUN_UNTIL(f.zk.reads == 10);
	fake_zk_cut(&f.zk);
	RUN_UNTIL(f.zk.reads == 15);
	RUN_UNTIL(state() == DETECTOR_LEADER);
	assert_int_equal(f.told, 1);
	assert_int_equal(status().session.losses, 1);
	assert_int_equal(status().leader_changes, 0);

	/* it ends, and the next one leads */
	f.zk.nodes[3] = f.zk.nodes[--f.zk.count];
	fake_zk_tell(&f.zk, 4);
	RUN_UNTIL(f.told == 2);
	assert_string_equal(f.masters, "10.0.0.7:5050 10.0.0.9:5050 10.0.0.12:5050");
	assert_int_equal(status().leader_changes, 1);

	/* all end: that is told, and the last leader remembered */
	f.zk.count = 2;
	f.zk.nodes[0].data = "";
	f.zk.nodes[0].len = 0;
	fake_zk_tell(&f.zk, 4);
	RUN_UNTIL(f.told == 3);
	assert_int_equal(f.count, 0);
	assert_int_equal(state(), DETECTOR_NO_LEADER);
	assert_string_equal(status().leader.host, "10.0.0.7");
	fake_zk_add(&f.zk, "info_0000000020", "\"\x0fm@10.0.0.7:5050");
	fake_zk_tell(&f.zk, 4);
	RUN_UNTIL(f.told == 4);
	assert_string_equal(f.masters, "10.0.0.7:5050");
	assert_int_equal(status().leader_changes, 1);
}

/* The first node goes between the list and the reading. */
static void take_first(struct fake_zk *zk, int op)
{
	if (op != FAKE_ZK_READ)
		return;
	zk->before = NULL;
	zk->nodes[0].err = -101;
}

static void nodes_that_vanish(void **unused)
{
	fake_zk_add(&f.zk, "json.info_0000000001", INFO(1));
	fake_zk_add(&f.zk, "json.info_0000000002", INFO(2));
	f.zk.before = take_first;
	open_detector();
	RUN_UNTIL(f.told);
	assert_string_equal(f.masters, "10.0.0.2:5050");
	assert_int_equal(status().nodes_vanished, 1);
	assert_int_equal(status().nodes_malformed, 0);
}

/* The children change while they are being read. */
static void add_one(struct fake_zk *zk, int op)
{
	if (op != FAKE_ZK_READ || zk->count == 3)
		return;
	fake_zk_add(zk, "json.info_0000000000", INFO(3));
	fake_zk_tell(zk, 4);
}

static void changes_while_reading(void **unused)
{
	fake_zk_add(&f.zk, "json.info_0000000001", INFO(1));
	fake_zk_add(&f.zk, "json.info_0000000002", INFO(2));
	f.zk.before = add_one;
	open_detector();
	RUN_UNTIL(f.told == 2);
	assert_string_equal(f.masters, "10.0.0.3:5050 10.0.0.1:5050 10.0.0.2:5050");
	assert_int_equal(f.zk.lists, 2);
}

static void malformed_nodes(void **unused)
{
	static char large[MASTERINFO_MAX + 2]; /* a byte too many, and NUL */

	memset(large, ' ', sizeof(large) - 1);
	memcpy(large, INFO(4), strlen(INFO(4)));
	fake_zk_add(&f.zk, "json.info_0000000001", NULL);
	fake_zk_add(&f.zk, "json.info_0000000002", "");
	fake_zk_add(&f.zk, "json.info_0000000003", "{\"address\":\"10.0.0.3\"}");
	fake_zk_add(&f.zk, "json.info_0000000004", large);
	fake_zk_add(&f.zk, "info_0000000005", INFO(5));
	fake_zk_add(&f.zk, "json.info_0000000006", INFO(6));
	open_detector();
	RUN_UNTIL(f.told);
	assert_string_equal(f.masters, "10.0.0.6:5050");
	assert_int_equal(status().nodes_malformed, 5);

	/* bytes that change are noticed */
	f.zk.nodes[1].data = INFO(2);
	f.zk.nodes[1].len = strlen(INFO(2));
	fake_zk_tell(&f.zk, 4);
	RUN_UNTIL(f.told == 2);
	assert_string_equal(f.masters, "10.0.0.2:5050 10.0.0.6:5050");
}

static void more_than_enough_nodes(void **unused)
{
	static char texts[100][80];

	for (unsigned i = 0; i < 100; i++) {
		char name[64];

		unsigned n = (i * 37) % 100;
		snprintf(name, sizeof(name), "json.info_%010u", n);
		snprintf(texts[i], sizeof(texts[i]), "{\"address\":{\"ip\":\"10.0.0.1\",\"port\":%u}}", 1000 + n);
		fake_zk_add(&f.zk, name, texts[i]);
	}
	open_detector();
	RUN_UNTIL(f.told);
	assert_int_equal(f.count, DETECTOR_MASTERS_MAX);
	assert_memory_equal(f.masters, "10.0.0.1:1000 10.0.0.1:1001 ", 28);
	assert_non_null(strstr(f.masters, " 10.0.0.1:1063"));
	assert_int_equal(f.zk.reads, DETECTOR_MASTERS_MAX);
}

static void let_it_come(struct fake_zk *zk, int op)
{
	if (op == FAKE_ZK_EXISTS)
		zk->path = "/mesos";
}

static void a_path_that_comes(void **unused)
{
	fake_zk_add(&f.zk, "json.info_0000000001", INFO(1));
	f.zk.path = NULL;
	open_detector();
	RUN_UNTIL(state() == DETECTOR_NO_PATH);
	assert_int_equal(f.told, 0);
	f.zk.path = "/mesos";
	fake_zk_tell(&f.zk, 1);
	RUN_UNTIL(f.told);
	assert_string_equal(f.masters, "10.0.0.1:5050");

	/* it goes, and comes just when that is noticed */
	f.zk.path = NULL;
	f.zk.before = let_it_come;
	unsigned lists = f.zk.lists;
	fake_zk_cut(&f.zk);
	RUN_UNTIL(f.zk.lists == lists + 2);
	RUN_UNTIL(state() == DETECTOR_LEADER);
	assert_int_equal(f.told, 1);
}

static void what_is_refused_is_tried_again(void **unused)
{
	fake_zk_add(&f.zk, "json.info_0000000001", INFO(1))->err = -102;
	fake_zk_add(&f.zk, "json.info_0000000002", INFO(2));
	f.zk.list_err = -102;
	open_detector();
	RUN_UNTIL(state() == DETECTOR_REFUSED);
	f.zk.list_err = 0;
	RUN_UNTIL(f.told);
	assert_string_equal(f.masters, "10.0.0.2:5050");
	f.zk.nodes[0].err = 0;
	RUN_UNTIL(f.told == 2);
	assert_string_equal(f.masters, "10.0.0.1:5050 10.0.0.2:5050");
}

/* The member becomes ill in this way, and gets well. */
static void gets_well(enum fake_zk_mode mode)
{
	free(f.conf.zk_user);
	free(f.conf.zk_password);
	f.conf.zk_user = strdup("user");
	f.conf.zk_password = strdup("pass:word");
	fake_zk_add(&f.zk, "json.info_0000000001", INFO(1));
	open_detector();
	RUN_UNTIL(f.told);
	assert_string_equal(f.zk.auth, "user:pass:word");
	f.zk.mode = mode;
	fake_zk_cut(&f.zk);
	RUN_UNTIL(f.zk.connections >= 4);
	assert_int_equal(state(), DETECTOR_CONNECTING);
	assert_string_not_equal(status().error, "");
	assert_string_equal(status().server, "");
	f.zk.mode = FAKE_ZK_GOOD;
	RUN_UNTIL(state() == DETECTOR_LEADER);
	assert_string_equal(status().error, "");
	assert_string_not_equal(status().server, "");
	assert_int_equal(f.told, 1);
	assert_int_equal(status().session.connections, 2);
	assert_int_equal(status().session.losses, 1);
}

static void one_that_hangs_up(void **unused)
{
	gets_well(FAKE_ZK_HANGS_UP);
}

static void one_that_is_something_else(void **unused)
{
	gets_well(FAKE_ZK_HTTP);
}

static void one_that_does_not_know_us(void **unused)
{
	gets_well(FAKE_ZK_NO_AUTH);
	assert_true(status().session.refusals >= 2);
}

static void one_that_does_not_catch_up(void **unused)
{
	gets_well(FAKE_ZK_NO_SYNC);
}

/* The client library by itself would try every other of an even number of members. */
static void every_member_is_tried(void **unused)
{
	fake_zk_add(&f.zk, "json.info_0000000001", INFO(1));
	for (unsigned i = 1; i < MEMBERS; i++)
		member("127.0.0.1", dead_port());
	member("127.0.0.1", f.zk.port);
	open_detector();
	for (unsigned round = 1; round <= 5; round++) {
		RUN_UNTIL(f.zk.lists == round);
		RUN_UNTIL(state() == DETECTOR_LEADER);
		fake_zk_cut(&f.zk);
		RUN_UNTIL(state() == DETECTOR_CONNECTING);
	}
	assert_true(status().session.attempts <= 6 * MEMBERS);
}

static void on_query(struct fake_query *q)
{
	uint8_t reply[1024];
	size_t question = 12 + fake_question_len(q);
	bool known = f.led && q->packet[question - 3] == 1; /* an A record is asked for */
	size_t len = fake_reply(q, reply, 0, known, 60);

	if (known)
		memcpy(reply + question + 12, (uint8_t[]){127, 0, 0, 1}, 4);
	fake_send(q, reply, len);
}

static void a_name_that_is_known_late(void **unused)
{
	struct conf_server server = {.addr = {{127, 0, 0, 1}, 4}};
	const struct conf_servers servers = {&server, 1};
	int err;

	fake_start(&f.dns, f.loop, on_query, NULL);
	server.port = f.dns.port;
	resolver_free(f.resolver);
	f.resolver = resolver_new(f.loop, &servers, 5, on_host_change, NULL, &err);
	assert_non_null(f.resolver);
	fake_zk_add(&f.zk, "json.info_0000000001", INFO(1));
	member("zk1.example", f.zk.port);
	open_detector();
	RUN_UNTIL(f.dns.udp >= 2);
	assert_int_equal(state(), DETECTOR_RESOLVING);
	RUN_UNTIL(strstr(status().error, "zk1.example"));
	f.led = true; /* now it has an address */
	RUN_UNTIL(f.told);
	assert_int_equal(state(), DETECTOR_LEADER);
}

static void a_leader_that_is_not_found(void **unused)
{
	fake_zk_add(&f.zk, "json.info_0000000001", INFO(1));
	f.conf.zk_detection_timeout = 1;
	f.zk.mode = FAKE_ZK_HANGS_UP;
	open_detector();
	RUN_UNTIL(f.timeouts);
	assert_true(status().timed_out);
	f.zk.mode = FAKE_ZK_GOOD;
	RUN_UNTIL(f.told);
	assert_false(status().timed_out);
	assert_int_equal(f.timeouts, 1);

	/* ZooKeeper goes; a master that leads is enough, and one that ends is noticed */
	f.led = true;
	f.zk.mode = FAKE_ZK_HANGS_UP;
	fake_zk_cut(&f.zk);
	RUN_UNTIL(state() == DETECTOR_CONNECTING);
	RUN_UNTIL(ev_now(f.loop) > status().since + 2.5);
	assert_int_equal(f.timeouts, 1);
	f.led = false;
	RUN_UNTIL(f.timeouts == 2);
	f.led = true;
	RUN_UNTIL(!status().timed_out);
}

static void it_says_farewell(void **unused)
{
	fake_zk_add(&f.zk, "json.info_0000000001", INFO(1));
	open_detector();
	RUN_UNTIL(f.told);
	detector_free(f.detector);
	f.detector = NULL;
	RUN_UNTIL(f.zk.closes == 1);

	/* and can be ended at any moment */
	for (unsigned steps = 0; steps < 12; steps++) {
		open_detector();
		for (unsigned i = 0; i < steps; i++)
			ev_run(f.loop, EVRUN_ONCE);
		detector_free(f.detector);
		f.detector = NULL;
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_lowest_leads),
		TEST(nodes_that_vanish),
		TEST(changes_while_reading),
		TEST(malformed_nodes),
		TEST(more_than_enough_nodes),
		TEST(a_path_that_comes),
		TEST(what_is_refused_is_tried_again),
		TEST(one_that_hangs_up),
		TEST(one_that_is_something_else),
		TEST(one_that_does_not_know_us),
		TEST(one_that_does_not_catch_up),
		TEST(every_member_is_tried),
		TEST(a_name_that_is_known_late),
		TEST(a_leader_that_is_not_found),
		TEST(it_says_farewell),
	};

	assert_int_equal(siphash_init(), 0);
	log_set_level(getenv("MN_LOG") ? LOG_LEVEL_TRACE : LOG_LEVEL_NONE);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
