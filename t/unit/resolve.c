/* SPDX-License-Identifier: Apache-2.0 */
/* mesos/resolve against a name server of the test's own, on a clock of the test's own. */
#include "t/unit/unit.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double test_clock = 1000;

static int test_gettime(clockid_t id, struct timespec *ts)
{
	ts->tv_sec = (time_t)test_clock;
	ts->tv_nsec = (long)((test_clock - (double)ts->tv_sec) * 1e9);
	return 0;
}

#define clock_gettime test_gettime
#include "mesos/resolve.c"
#undef clock_gettime

/* The name server. */

static struct {
	int fd, stop[2];
	uint16_t port;
	pthread_t thread;
	_Atomic unsigned queries, a_queries;
	_Atomic int generation; /* what it answers with */
	_Atomic bool broken, silent;
} ns;

static size_t put_record(uint8_t *out, uint16_t type, uint32_t ttl, const void *data, uint16_t len)
{
	const uint8_t head[12] = {0xc0, 12, (uint8_t)(type >> 8), (uint8_t)type, 0, 1, (uint8_t)(ttl >> 24),
		(uint8_t)(ttl >> 16), (uint8_t)(ttl >> 8), (uint8_t)ttl, (uint8_t)(len >> 8), (uint8_t)len};

	memcpy(out, head, 12);
	memcpy(out + 12, data, len);
	return 12u + len;
}

static size_t answer(uint8_t *reply, const uint8_t *query, size_t len)
{
	const char *label = (const char *)query + 13;
	size_t name = 12, question, used;
	unsigned count = 0, rcode = 0;

	while (query[name])
		name += 1u + query[name];
	question = name + 5;
	unsigned type = query[name + 2];
	memcpy(reply, query, question);
	used = question;
	ns.queries++;
	ns.a_queries += type == 1;
	uint8_t four[4] = {10, 0, 0, 1}, six[16] = {0xfd, [15] = 1};
	if (ns.broken) {
		rcode = 2;
	} else if (!strncmp(label, "both", 4) || !strncmp(label, "host", 4)) {
		/* two addresses, that take turns */
		for (unsigned i = 0; i < 2 && type == 1; i++) {
			four[2] = (uint8_t)(ns.generation / 2);
			four[3] = (uint8_t)(1 + (i + (unsigned)ns.generation) % 2);
			used += put_record(reply + used, 1, 60 + i, four, 4);
			count++;
		}
		if (type == 28) {
			used += put_record(reply + used, 28, 600, six, 16);
			count++;
		}
	} else if (!strncmp(label, "four", 4)) {
		if (type == 1) {
			used += put_record(reply + used, 1, 0, four, 4);
			count++;
		}
	} else {
		rcode = 3;
	}
	memcpy(reply + 2, (uint8_t[]){0x84, (uint8_t)rcode, 0, 1, 0, (uint8_t)count, 0, 0, 0, 0}, 10);
	return used;
}

static void *serve(void *arg)
{
	struct pollfd fds[2] = {{ns.stop[0], POLLIN, 0}, {ns.fd, POLLIN, 0}};

	while (poll(fds, 2, -1) > 0 && !fds[0].revents) {
		uint8_t query[600], reply[600];
		struct sockaddr_in from;
		socklen_t from_len = sizeof(from);
		ssize_t n = recvfrom(ns.fd, query, sizeof(query), 0, (struct sockaddr *)&from, &from_len);

		if (n > 12 && !ns.silent)
			sendto(ns.fd, reply, answer(reply, query, (size_t)n), 0, (struct sockaddr *)&from,
				from_len);
	}
	return NULL;
}

/* The tests. */

static struct {
	struct ev_loop *loop;
	struct resolver *resolver;
	int changes;
	char changed[300];
} f;

static void on_change(void *ctx, const char *host, size_t len)
{
	struct addr addrs[4];
	uint32_t count;

	f.changes++;
	snprintf(f.changed, sizeof(f.changed), "%.*s", (int)len, host);
	resolve_get(f.resolver, host, len, addrs, 4, &count); /* is allowed */
}

static int setup_with(double timeout)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(in);
	struct conf_server server = {{{127, 0, 0, 1}, 4}, 0};
	const struct conf_servers servers = {&server, 1};
	int err;

	memset(&f, 0, sizeof(f));
	ns.queries = ns.a_queries = 0;
	ns.generation = 0;
	ns.broken = ns.silent = false;
	ns.fd = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(ns.fd, (struct sockaddr *)&in, len), 0);
	assert_int_equal(getsockname(ns.fd, (struct sockaddr *)&in, &len), 0);
	server.port = ntohs(in.sin_port);
	assert_int_equal(pipe(ns.stop), 0);
	assert_int_equal(pthread_create(&ns.thread, NULL, serve, NULL), 0);
	f.loop = ev_loop_new(EVFLAG_AUTO);
	f.resolver = resolver_new(f.loop, &servers, timeout, on_change, NULL, &err);
	assert_non_null(f.resolver);
	return 0;
}

static int setup(void **state)
{
	return setup_with(10);
}

/* For the test that waits until a server is given up. */
static int setup_hasty(void **state)
{
	return setup_with(0.4);
}

static int teardown(void **state)
{
	resolver_free(f.resolver);
	ev_loop_destroy(f.loop);
	assert_int_equal(write(ns.stop[1], "", 1), 1);
	pthread_join(ns.thread, NULL);
	close(ns.fd);
	close(ns.stop[0]);
	close(ns.stop[1]);
	return 0;
}

static void run(void)
{
	while (!resolve_idle(f.resolver))
		ev_run(f.loop, EVRUN_ONCE);
}

/* "10.0.0.1 fd00::1", and what resolve_get() returned */
static const char *get(const char *host, int *rc)
{
	static char text[2000];
	struct addr addrs[16];
	char one[ADDR_TEXT_MAX];
	uint32_t count;
	size_t used = 0;

	*rc = resolve_get(f.resolver, host, strlen(host), addrs, 16, &count);
	text[0] = '\0';
	for (uint32_t i = 0; i < count; i++)
		used += (size_t)sprintf(text + used, "%s%s", i ? " " : "", addr_format(&addrs[i], one));
	return text;
}

static void check(const char *host, int rc, const char *expected)
{
	int got;

	assert_string_equal(get(host, &got), expected);
	assert_int_equal(got, rc);
}

static void answers_at_once_what_needs_no_server(void **state)
{
	check("192.0.2.1", 0, "192.0.2.1");
	check("2001:db8::1", 0, "2001:db8::1");
	check("localhost", 0, "127.0.0.1");
	check("LocalHost.", 0, "127.0.0.1");
	check("x.localhost", 0, "127.0.0.1");
	static const char *const malformed[] = {"", ".", "a b", "a..b", "a/b", "\xff", "a\\.b", "[::1]",
		"-\n", "0123456789012345678901234567890123456789012345678901234567890123.example"};
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
		check(malformed[i], ERR_FORMAT, "");
	assert_true(resolve_idle(f.resolver));
	assert_int_equal(ns.queries, 0);
	assert_int_equal(f.changes, 0);
}

static void asks_for_both_families(void **state)
{
	check("both.example", ERR_NOTFOUND, "");
	check("Both.Example.", ERR_NOTFOUND, "");
	assert_false(resolve_idle(f.resolver));
	run();
	assert_int_equal(f.changes, 1);
	assert_string_equal(f.changed, "both.example");
	check("BOTH.example", 0, "10.0.0.1 10.0.0.2 fd00::1");
	assert_int_equal(ns.queries, 2);
	assert_int_equal(resolve_counters(f.resolver).hosts, 1);

	check("four.example", ERR_NOTFOUND, "");
	check("none.example", ERR_NOTFOUND, "");
	run();
	check("four.example", 0, "10.0.0.1");
	check("none.example", 0, "");
	assert_int_equal(f.changes, 2); /* from nothing to nothing is none */
}

static void keeps_to_the_ttl(void **state)
{
	get("both.example", &(int){0});
	run();
	test_clock += 59;
	check("both.example", 0, "10.0.0.1 10.0.0.2 fd00::1");
	assert_true(resolve_idle(f.resolver));
	/* Another order is no change, and AAAA is good for longer. */
	ns.generation = 1;
	test_clock += 2;
	check("both.example", 0, "10.0.0.1 10.0.0.2 fd00::1");
	assert_false(resolve_idle(f.resolver));
	run();
	assert_int_equal(f.changes, 1);
	assert_int_equal(ns.queries, 3);
	ns.generation = 2;
	test_clock += 61;
	check("both.example", 0, "10.0.0.1 10.0.0.2 fd00::1");
	run();
	assert_int_equal(f.changes, 2);
	check("both.example", 0, "10.0.1.1 10.0.1.2 fd00::1");

	/* A TTL of 0 is taken for 5 s. */
	get("four.example", &(int){0});
	run();
	unsigned queries = ns.queries;
	test_clock += 4.9;
	check("four.example", 0, "10.0.0.1");
	run();
	assert_int_equal(ns.queries, queries);
	test_clock += 0.2;
	get("four.example", &(int){0});
	run();
	assert_int_equal(ns.a_queries, 5);
}

static void keeps_what_was_known_while_servers_fail(void **state)
{
	get("both.example", &(int){0});
	run();
	for (int silent = 0; silent < 2; silent++) {
		ns.broken = !silent;
		ns.silent = silent;
		test_clock += 601;
		get("both.example", &(int){0});
		run();
		check("both.example", 0, "10.0.0.1 10.0.0.2 fd00::1");
		assert_true(resolve_idle(f.resolver)); /* not before 30 s */
	}
	assert_int_equal(f.changes, 1);
	assert_int_equal(resolve_counters(f.resolver).failures, 4);
	/* A host of which nothing is known yet, and then is. */
	check("host.example", ERR_NOTFOUND, "");
	run();
	check("host.example", 0, "");
	ns.silent = false;
	test_clock += 31;
	check("host.example", 0, "");
	run();
	check("host.example", 0, "10.0.0.1 10.0.0.2 fd00::1");
}

static void asks_for_many(void **state)
{
	char name[64];

	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "host-%d.example", i);
		check(name, ERR_NOTFOUND, "");
	}
	while (!resolve_idle(f.resolver)) {
		ev_run(f.loop, EVRUN_ONCE);
		assert_true(f.resolver->inflight <= RESOLVE_INFLIGHT);
	}
	assert_int_equal(f.changes, 1000);
	check("host-777.example", 0, "10.0.0.1 10.0.0.2 fd00::1");
	assert_int_equal(resolve_counters(f.resolver).queries, 2000);
}

static void ends_with_queries_under_way(void **state)
{
	ns.silent = true;
	for (int i = 0; i < 200; i++) {
		char name[64];

		snprintf(name, sizeof(name), "host-%d.example", i);
		check(name, ERR_NOTFOUND, "");
	}
	ev_run(f.loop, EVRUN_ONCE);
	assert_int_equal(f.resolver->inflight, RESOLVE_INFLIGHT);
}

static void forgets_those_not_wanted_for_longest(void **state)
{
	int err;

	ns.silent = true;
	for (size_t i = 0; i < 3; i++) {
		char name[] = "a";

		name[0] = (char)('a' + i);
		assert_non_null(add(f.resolver, i, name, 1, &err));
	}
	lru_remove(f.resolver, *find(f.resolver, 0, "a", 1));
	lru_add(f.resolver, *find(f.resolver, 0, "a", 1));
	assert_int_equal(evict(f.resolver), 0);
	assert_null(*find(f.resolver, 1, "b", 1));
	(*find(f.resolver, 2, "c", 1))->queued = true;
	assert_int_equal(evict(f.resolver), 0);
	assert_null(*find(f.resolver, 0, "a", 1));
	assert_int_equal(evict(f.resolver), ERR_LIMIT);
	assert_int_equal(f.resolver->count, 1);
}

static void without_servers_there_is_the_hosts_file(void **state)
{
	const struct conf_servers none = {0};
	int err;

	resolver_free(f.resolver);
	f.resolver = resolver_new(f.loop, &none, 0.2, on_change, NULL, &err);
	assert_non_null(f.resolver);
	check("both.example", ERR_NOTFOUND, "");
	run();
	check("both.example", 0, "");
	assert_int_equal(ns.queries, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(answers_at_once_what_needs_no_server),
		TEST(asks_for_both_families),
		TEST(keeps_to_the_ttl),
		cmocka_unit_test_setup_teardown(
			keeps_what_was_known_while_servers_fail, setup_hasty, teardown),
		TEST(asks_for_many),
		TEST(ends_with_queries_under_way),
		TEST(forgets_those_not_wanted_for_longest),
		TEST(without_servers_there_is_the_hosts_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
