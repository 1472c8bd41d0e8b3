/* SPDX-License-Identifier: Apache-2.0 */
/* mesos/feed: documents that follow each other, what they cost, pids that are none, health, and hosts whose names are
 * looked up. Damaged documents are feed_damage's. */
#include "t/unit/feed.h"

#include <unistd.h>

static int setup(void **state)
{
	*state = rig_new();
	return 0;
}

static int teardown(void **state)
{
	rig_free(*state);
	return 0;
}

static void take_document(struct rig *rig, const struct document *d)
{
	assert_int_equal(rig_take(rig, d->text, d->len), 0);
}

static uint64_t rng_state = 7;

static unsigned rng(unsigned n)
{
	rng_state = rng_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(rng_state >> 33) % n;
}

static void the_way_to_a_document_does_not_count(void **state)
{
	struct rig *rig = *state;

	for (int i = 0; i < 300; i++) {
		const struct document *d = &documents[rng((unsigned)document_count)];

		take_document(rig, d);
		rig_settle(rig);
		assert_true(rig_digest(rig) == d->digest);
		/* the same again costs nothing */
		uint32_t serial = rig_serial(rig);
		take_document(rig, d);
		assert_int_equal(rig_serial(rig), serial);
		assert_int_equal(rig_counters(rig).pages_touched, 0);
	}
}

static void there_and_back(void **state)
{
	for (size_t i = 0; i < document_count; i++) {
		struct rig *alone = rig_new(), *rig = rig_new();
		const struct document *a = &documents[i], *b = &documents[(i + 1 + i % 5) % document_count];

		take_document(alone, a);
		take_document(rig, a);
		take_document(rig, b);
		take_document(rig, a);
		rig_settle(rig);
		char *want = rig_dump(alone), *got = rig_dump(rig);
		assert_string_equal(got, want);
		struct feed_counters x = rig_counters(alone), y = rig_counters(rig);
		assert_memory_equal(x.left_out, y.left_out, sizeof(x.left_out));
		assert_memory_equal(&x.elements, &y.elements, sizeof(x.elements));
		assert_memory_equal(x.skipped, y.skipped, sizeof(x.skipped));
		free(want);
		free(got);
		rig_free(alone);
		rig_free(rig);
	}
}

/* Documents of our own making. */

struct text {
	char *at;
	size_t len, room;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *format, ...)
{
	va_list args;

	if (t->room - t->len < 4096) {
		t->room = t->room ? t->room * 2 : 65536;
		t->at = realloc(t->at, t->room);
		assert_non_null(t->at);
	}
	va_start(args, format);
	t->len += (size_t)vsnprintf(t->at + t->len, t->room - t->len, format, args);
	va_end(args);
}

static void take_text(struct rig *rig, struct text *t)
{
	assert_int_equal(rig_take(rig, t->at, t->len), 0);
	free(t->at);
	*t = (struct text){0};
}

#define TAKE(rig, ...)                                                                                       \
	do {                                                                                                 \
		struct text text_ = {0};                                                                     \
		add(&text_, __VA_ARGS__);                                                                    \
		take_text(rig, &text_);                                                                      \
	} while (0)

#define AGENT(id, host)         "{\"id\":\"" id "\",\"pid\":\"slave(1)@" host ":5051\"}"
#define TASK(id, name, more)                                                                                 \
	"{\"id\":\"" id "\",\"name\":\"" name "\",\"slave_id\":\"x-S1\",\"state\":\"TASK_RUNNING\"" more "}"
#define FRAMEWORK(name, tasks)  "{\"id\":\"F-" name "\",\"name\":\"" name "\",\"tasks\":[" tasks "]}"
#define DOCUMENT(agents, rest)  "{\"slaves\":[" agents "],\"frameworks\":[" rest "]}"
#define LED(leader, agents, rest) \
	"{\"leader\":\"" leader "\",\"slaves\":[" agents "],\"frameworks\":[" rest "]}"

/* `count` tasks of 50 names on 20 agents; one of them has other ports. */
static void many_tasks(struct text *t, unsigned count, unsigned changed)
{
	add(t, "{\"leader\":\"master@127.0.0.1:15050\",\"slaves\":[");
	for (unsigned i = 0; i < 20; i++)
		add(t, "%s{\"id\":\"x-S%u\",\"pid\":\"slave(1)@10.0.0.%u:5051\"}", i ? "," : "", i, i);
	add(t, "],\"frameworks\":[{\"id\":\"F\",\"name\":\"marathon\",\"tasks\":[");
	for (unsigned i = 0; i < count; i++)
		add(t, "%s{\"id\":\"t.%u\",\"name\":\"n%u\",\"slave_id\":\"x-S%u\",\"state\":\"TASK_RUNNING\","
			"\"resources\":{\"ports\":\"[%u-%u]\"}}", i ? "," : "", i, i % 50, i % 20, 31000 + i,
			31000 + i + (i == changed));
	add(t, "]}]}");
}

static void a_change_costs_what_it_changes(void **state)
{
	struct rig *rig = *state;
	struct text t = {0};

	many_tasks(&t, 3000, 5000);
	take_text(rig, &t);
	struct feed_counters first = rig_counters(rig);
	uint64_t digest = rig_digest(rig);
	assert_true(first.pages_touched > 500 && first.elements.tasks == 3000);
	many_tasks(&t, 3000, 1234);
	take_text(rig, &t);
	assert_true(rig_digest(rig) != digest);
	/* eight names of the task and the apex, with its serial */
	assert_in_range(rig_counters(rig).pages_touched, 1, 9);
	assert_in_range(rig_counters(rig).names_touched, 1, 10);
	many_tasks(&t, 3000, 5000);
	take_text(rig, &t);
	assert_true(rig_digest(rig) == digest);
	/* a task that goes takes names with it, whose parents change too */
	many_tasks(&t, 2999, 5000);
	take_text(rig, &t);
	assert_in_range(rig_counters(rig).pages_touched, 1, 12);
	many_tasks(&t, 3000, 5000);
	take_text(rig, &t);
	assert_true(rig_digest(rig) == digest);
	/* and a new leader leaves all tasks alone */
	add(&t, "%s", "");
	many_tasks(&t, 3000, 5000);
	memcpy(strstr(t.at, "15050"), "15051", 5);
	take_text(rig, &t);
	assert_in_range(rig_counters(rig).pages_touched, 1, 8);
}

static void a_master_without_a_cluster_is_believed_in_the_end(void **state)
{
	struct rig *rig = *state;
	struct text t = {0};

	many_tasks(&t, 200, 5000);
	take_text(rig, &t);
	uint64_t digest = rig_digest(rig);
	TAKE(rig, LED("master@127.0.0.1:15050", "", ""));
	assert_true(rig_digest(rig) == digest);
	rig_settle(rig);
	char *dump = rig_dump(rig);
	assert_null(strstr(dump, "marathon"));
	assert_null(strstr(dump, "slave"));
	assert_non_null(strstr(dump, "leader.mesos.\t60\tIN\tA\t127.0.0.1\n"));
	free(dump);
	many_tasks(&t, 200, 5000);
	take_text(rig, &t);
	assert_true(rig_digest(rig) == digest);
}

/* A master that lists a task twice, under two names. */
static void twins(void **state)
{
	struct rig *rig = *state;

	TAKE(rig, DOCUMENT(AGENT("x-S1", "10.0.0.1"), FRAMEWORK("m", TASK("1", "a", "") "," TASK("1", "b", ""))));
	assert_true(rig_has(rig, "a.m.mesos.", "A", "10.0.0.1"));
	assert_true(rig_has(rig, "b.m.mesos.", "A", "10.0.0.1"));
	assert_int_equal(rig_counters(rig).elements.tasks, 2);
	TAKE(rig, DOCUMENT(AGENT("x-S1", "10.0.0.1"), FRAMEWORK("m", TASK("1", "b", ""))));
	assert_false(rig_has(rig, "a.m.mesos.", "A", "10.0.0.1"));
	assert_true(rig_has(rig, "b.m.mesos.", "A", "10.0.0.1"));
}

static void tasks_of_one_id_have_a_bound(void **state)
{
	struct rig *rig = *state;
	struct text t = {0};

	add(&t, "{\"slaves\":[],\"frameworks\":[{\"id\":\"F\",\"tasks\":[");
	for (int i = 0; i < 20000; i++)
		add(&t, "%s{\"id\":\"1\",\"name\":\"n%d\",\"slave_id\":\"x\",\"state\":\"TASK_RUNNING\"}", i ? "," : "", i);
	add(&t, "]}]}");
	take_text(rig, &t);
	assert_int_equal(rig_counters(rig).elements.tasks, CLUSTER_TWINS_MAX);
	assert_int_equal(rig_counters(rig).skipped[STATE_SKIP_LIMIT], 20000 - CLUSTER_TWINS_MAX);
}

static void pids_that_are_none(void **state)
{
	static const char *const bad[] = {"", "@", "slave(1)", "slave(1)@", "slave(1)@:5051", "slave(1)@10.0.0.1",
		"slave(1)@10.0.0.1:", "slave(1)@10.0.0.1:0", "slave(1)@10.0.0.1:65536", "slave(1)@10.0.0.1:5051x",
		"slave(1)@10.0.0.300:5051", "slave(1)@[::1:5051", "slave(1)@[10.0.0.1]:5051", "slave(1)@::1:5051",
		"slave(1)@10.0.0.1:5051@x", "slave(1)@a b:5051"};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		TAKE(rig, "{\"leader\":\"%s\",\"slaves\":[{\"id\":\"x-S1\",\"pid\":\"%s\",\"hostname\":\"10.0.0.9\"},"
			AGENT("x-S2", "10.0.0.2") "],\"frameworks\":["
			"{\"id\":\"F\",\"name\":\"m\",\"pid\":\"%s\",\"tasks\":["
			TASK("1", "a", "") "," TASK("2", "b", ",\"statuses\":[{\"state\":\"TASK_RUNNING\",\"container_status\":"
				"{\"network_infos\":[{\"ip_addresses\":[{\"ip_address\":\"172.17.0.2\"}]}]}}]") "]},"
			"{\"id\":\"G\",\"name\":\"g\",\"pid\":\"s@10.0.0.8:1234\"}]}", bad[i], bad[i], bad[i]);
		struct feed_counters n = rig_counters(rig);
		char *dump = rig_dump(rig);

		/* both agents, frameworks and tasks are there, and what does not hang on the pid */
		assert_int_equal(n.elements.agents + n.elements.frameworks + n.elements.tasks, 6);
		assert_true(n.skipped[STATE_SKIP_PID] > 0);
		assert_non_null(strstr(dump, "slave.mesos.\t60\tIN\tA\t10.0.0.2\n"));
		assert_null(strstr(dump, "10.0.0.1\n"));
		assert_null(strstr(dump, "10.0.0.9\n"));
		assert_non_null(strstr(dump, "\nb.m.mesos.\t60\tIN\tA\t172.17.0.2\n"));
		assert_null(strstr(dump, "\na.m.mesos."));
		assert_non_null(strstr(dump, "\ng.mesos.\t60\tIN\tA\t10.0.0.8\n"));
		/* no leader, but the configured masters */
		assert_null(strstr(dump, "leader"));
		assert_non_null(strstr(dump, "\nmaster0.mesos.\t60\tIN\tA\t127.0.0.1\n"));
		free(dump);
	}
}

/* How often the log has said this by the end of `code`. */
static size_t lines_with(const char *what, void (*code)(struct rig *rig), struct rig *rig)
{
	FILE *log = tmpfile();
	int saved = dup(2);
	char line[1024];
	size_t count = 0;

	dup2(fileno(log), 2);
	log_set_level(LOG_LEVEL_INFO);
	code(rig);
	log_set_level(LOG_LEVEL_ERROR);
	dup2(saved, 2);
	close(saved);
	rewind(log);
	while (fgets(line, sizeof(line), log))
		count += strstr(line, what) != NULL;
	fclose(log);
	return count;
}

static void bad_pids(struct rig *rig)
{
	for (int i = 0; i < 3; i++)
		TAKE(rig, DOCUMENT("{\"id\":\"x-S1\",\"pid\":\"nonsense\"}", ""));
	for (int i = 0; i < 2; i++) /* as many, but another */
		TAKE(rig, DOCUMENT("{\"id\":\"x-S2\",\"pid\":\"nonsense\"}", ""));
}

static void what_is_left_out_is_told_once(void **state)
{
	assert_int_equal(lines_with("left out of the state reason=pid count=1 ", bad_pids, *state), 2);
}

static void leaders(void **state)
{
	struct rig *rig = *state;

	TAKE(rig, LED("master@127.0.0.1:15050", "", ""));
	assert_true(rig_has(rig, "leader.mesos.", "A", "127.0.0.1"));
	assert_true(rig_has(rig, "_leader._tcp.mesos.", "SRV", "0 1 15050 leader.mesos."));
	assert_false(rig_has(rig, "master1.mesos.", "A", "127.0.0.1"));
	TAKE(rig, LED("master@[fd00::1]:5050", "", ""));
	assert_true(rig_has(rig, "leader.mesos.", "AAAA", "fd00::1"));
	assert_true(rig_has(rig, "master1.mesos.", "AAAA", "fd00::1"));
	assert_true(rig_has(rig, "master0.mesos.", "A", "127.0.0.1"));
	assert_false(rig_has(rig, "leader.mesos.", "A", "127.0.0.1"));
	TAKE(rig, DOCUMENT("", ""));
	assert_false(rig_has(rig, "leader.mesos.", "AAAA", "fd00::1"));
	assert_false(rig_has(rig, "master1.mesos.", "AAAA", "fd00::1"));
	assert_true(rig_has(rig, "master0.mesos.", "A", "127.0.0.1"));
	assert_true(rig_has(rig, "ns1.mesos.", "A", "127.0.0.1"));
	assert_true(rig_has(rig, "mesos.", "NS", "ns1.mesos."));
}

static void mapped_addresses_are_ipv4(void **state)
{
	struct rig *rig = *state;

	TAKE(rig, DOCUMENT(AGENT("x-S1", "[::ffff:10.0.0.1]"), FRAMEWORK("m", TASK("1", "a", ",\"statuses\":[{"
		"\"state\":\"TASK_RUNNING\",\"container_status\":{\"network_infos\":[{\"ip_addresses\":["
		"{\"ip_address\":\"::ffff:172.17.0.2\"},{\"ip_address\":\"::fffe:172.17.0.2\"}]}]}}]"))));
	assert_true(rig_has(rig, "slave.mesos.", "A", "10.0.0.1"));
	assert_true(rig_has(rig, "a.m.mesos.", "A", "172.17.0.2"));
	assert_true(rig_has(rig, "a.m.mesos.", "AAAA", "::fffe:ac11:2"));
}

#define HEALTH(healthy) \
	",\"resources\":{\"ports\":\"[80-80]\"},\"statuses\":[{\"state\":\"TASK_RUNNING\",\"timestamp\":2.0,\"healthy\":" healthy \
	",\"container_status\":{\"network_infos\":[{\"ip_addresses\":[{\"ip_address\":\"172.17.0.9\"}]}]}}]"
#define WELL(address) \
	",\"resources\":{\"ports\":\"[81-81]\"},\"statuses\":[{\"state\":\"TASK_RUNNING\",\"timestamp\":2.0," \
	"\"container_status\":{\"network_infos\":[{\"ip_addresses\":[{\"ip_address\":\"" address "\"}]}]}}]"
#define TWO(first, second) \
	DOCUMENT(AGENT("x-S1", "10.0.0.1"), FRAMEWORK("m", TASK("web.ok.0001", "web", first) "," \
		TASK("web.bad.0002", "web", second)))

static void health(void **state)
{
	struct rig *rig = *state;
	uint64_t digest = 0;

	for (int i = 0; i < 3; i++) {
		TAKE(rig, TWO(WELL("172.17.0.1"), HEALTH("true")));
		assert_true(!digest || rig_digest(rig) == digest);
		digest = rig_digest(rig);
		assert_true(rig_has(rig, "web.m.mesos.", "A", "172.17.0.1"));
		assert_true(rig_has(rig, "web.m.mesos.", "A", "172.17.0.9"));
		/* one that is ill keeps its own names */
		TAKE(rig, TWO(WELL("172.17.0.1"), HEALTH("false")));
		assert_true(rig_has(rig, "web.m.mesos.", "A", "172.17.0.1"));
		assert_false(rig_has(rig, "web.m.mesos.", "A", "172.17.0.9"));
		assert_true(rig_has(rig, "web-a75ze-s1.m.mesos.", "A", "172.17.0.9"));
		assert_true(rig_has(rig, "web-a75ze-s1.m.slave.mesos.", "A", "10.0.0.1"));
		assert_true(rig_has(rig, "web.m.slave.mesos.", "A", "10.0.0.1"));
		assert_true(rig_has(rig, "_web._tcp.m.mesos.", "SRV", "0 1 81 web-rqkg8-s1.m.slave.mesos."));
		assert_false(rig_has(rig, "_web._tcp.m.mesos.", "SRV", "0 1 80 web-a75ze-s1.m.slave.mesos."));
		assert_false(rig_has(rig, "_web._udp.m.slave.mesos.", "SRV", "0 1 80 web-a75ze-s1.m.slave.mesos."));
		/* both ill: both are there again */
		TAKE(rig, TWO(HEALTH("false"), HEALTH("false")));
		assert_true(rig_has(rig, "web.m.mesos.", "A", "172.17.0.9"));
		assert_true(rig_has(rig, "_web._tcp.m.mesos.", "SRV", "0 1 80 web-rqkg8-s1.m.slave.mesos."));
		assert_true(rig_has(rig, "_web._tcp.m.mesos.", "SRV", "0 1 80 web-a75ze-s1.m.slave.mesos."));
		/* the one that was well goes, the one that is ill stays alone */
		TAKE(rig, DOCUMENT(AGENT("x-S1", "10.0.0.1"), FRAMEWORK("m", TASK("web.bad.0002", "web", HEALTH("false")))));
		assert_true(rig_has(rig, "web.m.mesos.", "A", "172.17.0.9"));
		assert_true(rig_has(rig, "_web._tcp.m.mesos.", "SRV", "0 1 80 web-a75ze-s1.m.slave.mesos."));
		assert_false(rig_has(rig, "_web._tcp.m.mesos.", "SRV", "0 1 80 web-rqkg8-s1.m.slave.mesos."));
	}
}

static void health_can_be_ignored(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	rig_start(rig);
	TAKE(rig, TWO(WELL("172.17.0.1"), HEALTH("false")));
	assert_true(rig_has(rig, "web.m.mesos.", "A", "172.17.0.1"));
	assert_true(rig_has(rig, "web.m.mesos.", "A", "172.17.0.9"));
	rig_free(rig);
}

static bool is_served(const struct rig *rig)
{
	assert_int_equal(feed_is_loaded(rig->feed), zone_store_read(rig->store)->zones[0].node != NULL);
	return feed_is_loaded(rig->feed);
}

static const char with_names[] = LED("master@127.0.0.1:15050", AGENT("x-S1", "one.example") "," AGENT("x-S2", "10.0.0.2"),
	"{\"id\":\"F\",\"name\":\"m\",\"pid\":\"s@two.example:1234\",\"tasks\":[" TASK("1", "a", "") "]}");

static void the_first_zone_waits_for_names(void **state)
{
	struct rig *rig = *state;

	rig->hosts[0] = (struct host){.name = "one.example"};
	rig->hosts[1] = (struct host){.name = "two.example"};
	assert_false(is_served(rig));
	feed_hosts_changed(rig->feed);
	feed_stop_waiting(rig->feed);
	assert_false(is_served(rig));
	TAKE(rig, "%s", with_names);
	assert_true(feed_is_waiting(rig->feed));
	assert_false(is_served(rig));
	rig_answer(rig, "one.example", "10.0.0.1");
	assert_true(feed_is_waiting(rig->feed));
	assert_false(is_served(rig));
	/* a document that is refused does not end it, nor does another one */
	assert_int_equal(rig_take(rig, "{", 1), ERR_FORMAT);
	assert_false(is_served(rig));
	TAKE(rig, "%s", with_names);
	assert_false(is_served(rig));
	rig_answer(rig, "two.example", "10.0.0.3");
	assert_true(is_served(rig));
	assert_false(feed_is_waiting(rig->feed));
	assert_true(rig_has(rig, "slave.mesos.", "A", "10.0.0.1"));
	assert_true(rig_has(rig, "slave.mesos.", "A", "10.0.0.2"));
	assert_true(rig_has(rig, "a.m.mesos.", "A", "10.0.0.1"));
	assert_true(rig_has(rig, "m.mesos.", "A", "10.0.0.3"));
	/* what is asked for later holds nothing up */
	rig->hosts[2] = (struct host){.name = "three.example"};
	TAKE(rig, DOCUMENT(AGENT("x-S3", "three.example") "," AGENT("x-S1", "one.example"), ""));
	assert_true(is_served(rig));
	assert_true(rig_has(rig, "slave.mesos.", "A", "10.0.0.1"));
}

static void patience_ends(void **state)
{
	struct rig *rig = *state;

	rig->hosts[0] = (struct host){.name = "one.example"};
	rig->hosts[1] = (struct host){.name = "two.example"};
	TAKE(rig, "%s", with_names);
	assert_false(is_served(rig));
	feed_stop_waiting(rig->feed);
	assert_true(is_served(rig));
	assert_true(rig_has(rig, "slave.mesos.", "A", "10.0.0.2"));
	assert_true(rig_has(rig, "leader.mesos.", "A", "127.0.0.1"));
	char *dump = rig_dump(rig);
	assert_null(strstr(dump, "a.m.mesos."));
	free(dump);
	/* the addresses come later, change, and go */
	uint32_t serial = rig_serial(rig);
	rig_answer(rig, "one.example", "10.0.0.1");
	assert_true(rig_has(rig, "a.m.mesos.", "A", "10.0.0.1"));
	assert_true(rig_has(rig, "slave.mesos.", "A", "10.0.0.1"));
	assert_int_not_equal(rig_serial(rig), serial);
	serial = rig_serial(rig);
	rig_answer(rig, "one.example", "10.0.0.1");
	assert_int_equal(rig_serial(rig), serial);
	rig_answer(rig, "one.example", "fd00::1");
	assert_true(rig_has(rig, "a.m.mesos.", "AAAA", "fd00::1"));
	assert_false(rig_has(rig, "a.m.mesos.", "A", "10.0.0.1"));
	rig_answer(rig, "two.example", NULL);
	rig_answer(rig, "one.example", NULL);
	dump = rig_dump(rig);
	assert_null(strstr(dump, "a.m.mesos."));
	assert_null(strstr(dump, "fd00::1"));
	free(dump);
	/* a document in between does not forget what is known */
	rig_answer(rig, "one.example", "10.0.0.7");
	TAKE(rig, "%s", with_names);
	assert_true(rig_has(rig, "a.m.mesos.", "A", "10.0.0.7"));
}

/* An answer that comes while a document is read is taken over after it, whatever becomes of the document. */
static void addresses_that_come_within_a_document(void **state)
{
	struct rig *rig = *state;

	rig->hosts[0] = (struct host){.name = "one.example"};
	rig->hosts[1] = (struct host){.name = "two.example"};
	TAKE(rig, "%s", with_names);
	feed_document_begin(rig->feed);
	rig_answer(rig, "one.example", "10.0.0.1");
	feed_stop_waiting(rig->feed);
	assert_false(is_served(rig));
	assert_int_equal(feed_document_end(rig->feed, false, &rig->leader), 0);
	assert_true(is_served(rig));
	assert_true(rig_has(rig, "a.m.mesos.", "A", "10.0.0.1"));
	feed_document_begin(rig->feed);
	rig_answer(rig, "two.example", "10.0.0.3");
	assert_int_equal(feed_document_end(rig->feed, true, &rig->leader), 0); /* an empty one */
	assert_true(rig_has(rig, "m.mesos.", "A", "10.0.0.3"));
	rig_settle(rig);
	assert_false(rig_has(rig, "m.mesos.", "A", "10.0.0.3"));
	TAKE(rig, "%s", with_names);
	assert_true(rig_has(rig, "m.mesos.", "A", "10.0.0.3"));
}

static void masters_with_names(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	static char one[] = "one.example", two[] = "10.0.0.2";

	rig->masters[0] = (struct conf_endpoint){one, 5050};
	rig->masters[1] = (struct conf_endpoint){two, 5050};
	rig->hosts[0] = (struct host){.name = "one.example"};
	rig_start(rig);
	TAKE(rig, LED("master@10.0.0.1:5050", "", ""));
	feed_stop_waiting(rig->feed);
	assert_true(is_served(rig));
	assert_true(rig_has(rig, "leader.mesos.", "A", "10.0.0.1"));
	assert_true(rig_has(rig, "master1.mesos.", "A", "10.0.0.2"));
	assert_true(rig_has(rig, "master2.mesos.", "A", "10.0.0.1"));
	/* once its address is known the leader is one of the list */
	rig_answer(rig, "one.example", "10.0.0.1");
	assert_true(rig_has(rig, "master0.mesos.", "A", "10.0.0.1"));
	assert_false(rig_has(rig, "master2.mesos.", "A", "10.0.0.1"));
	assert_true(rig_has(rig, "_master._tcp.mesos.", "SRV", "0 1 5050 master0.mesos."));
	assert_false(rig_has(rig, "_master._tcp.mesos.", "SRV", "0 1 5050 master2.mesos."));
	rig_free(rig);
}

/* Records that several elements share carry each other's changes: the zone must be the one that it would be anew. */
static void shared_names_stay_in_step(void **state)
{
	static const char *const frameworks[] = {
		"{\"id\":\"F\",\"name\":\"m\",\"pid\":\"s@10.0.0.3:1234\"}",
		"{\"id\":\"F\",\"name\":\"m\",\"pid\":\"s@10.0.0.3:1234\"},{\"id\":\"G\",\"name\":\"m\",\"hostname\":\"10.0.0.4\"}",
		"{\"id\":\"F\",\"name\":\"m\",\"pid\":\"s@10.0.0.3:1234\"},{\"id\":\"G\",\"name\":\"m\",\"hostname\":\"10.0.0.5\"}",
		"{\"id\":\"F\",\"name\":\"m\",\"pid\":\"s@10.0.0.3:1234\"},{\"id\":\"G\",\"name\":\"m\",\"pid\":\"s@10.0.0.4:1\"}",
		"{\"id\":\"G\",\"name\":\"leader\",\"hostname\":\"10.0.0.4\"},{\"id\":\"H\",\"name\":\"slave\",\"hostname\":\"10.0.0.5\"},"
		"{\"id\":\"I\",\"name\":\"master0\",\"hostname\":\"10.0.0.6\"}",
		"{\"id\":\"G\",\"name\":\"a.m\",\"pid\":\"s@10.0.0.4:1\"},{\"id\":\"F\",\"name\":\"m\",\"tasks\":["
		TASK("1", "a", WELL("172.17.0.1")) "]}",
		"{\"id\":\"G\",\"name\":\"a.m\",\"pid\":\"s@10.0.0.4:1\"},{\"id\":\"F\",\"name\":\"m\",\"tasks\":["
		TASK("1", "a", WELL("172.17.0.2")) "]}",
	};
	enum { COUNT = sizeof(frameworks) / sizeof(frameworks[0]) };
	struct rig *rig = *state;

	for (int i = 0; i < COUNT * COUNT; i++) {
		for (int k = 0; k < 2; k++) {
			struct text t = {0};

			add(&t, LED("master@127.0.0.1:15050", AGENT("x-S1", "10.0.0.1"), "%s"), frameworks[k ? i % COUNT : i / COUNT]);
			uint64_t digest = fresh_digest(t.at, t.len);
			take_text(rig, &t);
			assert_true(rig_digest(rig) == digest);
		}
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_way_to_a_document_does_not_count),
		T(there_and_back),
		T(a_change_costs_what_it_changes),
		T(a_master_without_a_cluster_is_believed_in_the_end),
		T(twins),
		T(tasks_of_one_id_have_a_bound),
		T(pids_that_are_none),
		T(what_is_left_out_is_told_once),
		T(leaders),
		T(mapped_addresses_are_ipv4),
		T(health),
		T(health_can_be_ignored),
		T(the_first_zone_waits_for_names),
		T(patience_ends),
		T(addresses_that_come_within_a_document),
		T(masters_with_names),
		T(shared_names_stay_in_step),
	};

	return cmocka_run_group_tests_name("feed", tests, read_documents, free_documents);
}
