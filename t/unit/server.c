/* SPDX-License-Identifier: Apache-2.0 */
/* server/: the real server on loopback, asked over real sockets. */
#include "t/unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glob.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "server/listen.h"
#include "t/unit/server_client.h"

static struct zone_store *store;
static struct server *server;
static struct client_reply reply;

static int setup(void **state)
{
	char lines[65536] = "leader A 10.0.0.1\n_leader._tcp SRV 0 1 5050 leader\n";
	size_t used = strlen(lines);

	siphash_init();
	for (int i = 0; i < 500; i++)
		used += (size_t)sprintf(lines + used, "big A 10.9.%d.%d\n", i / 250, i % 250);
	store = answer_zone_new("mesos", lines);
	return 0;
}

static int teardown(void **state)
{
	zone_store_free(store);
	return 0;
}

static void start(const char *address, struct server_settings settings)
{
	struct addr addr;
	char error[SERVER_ERROR_MAX];

	assert_int_equal(addr_parse(&addr, address, strlen(address)), 0);
	settings.addresses = &addr;
	settings.address_count = 1;
	settings.answer = (struct answer_settings){.edns_udp_size = 1232, .set_truncate_bit = true};
	settings.store = store;
	server = server_new(&settings, error);
	if (!server)
		print_error("%s\n", error);
	assert_non_null(server);
	assert_int_equal(server_start(server), 0);
}

static void stop(void)
{
	server_free(server);
	server = NULL;
}

#define SETTINGS(...)   ((struct server_settings){.workers = 2, ##__VA_ARGS__})
#define ONE_WORKER(...) ((struct server_settings){.workers = 1, ##__VA_ARGS__})

static struct server_counters counters(void)
{
	struct server_counters c;

	server_read_counters(server, &c);
	return c;
}

/* Waits until the condition on the counters `c` holds. */
#define WAIT(condition)                                                                                      \
	do {                                                                                                 \
		struct server_counters c;                                                                    \
		unsigned waited = 0;                                                                         \
		while (c = counters(), !(condition)) {                                                       \
			assert_true(waited++ < PATIENCE_MS);                                                 \
			nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);                             \
		}                                                                                            \
	} while (0)

static uint64_t timed(const struct histogram *h)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i <= HISTOGRAM_BOUNDS; i++)
		sum += h->buckets[i];
	return sum;
}

static bool have_ipv6(void)
{
	int fd = client_socket("::1", SOCK_DGRAM);
	int failed = client_connect(fd, "::1", 53);

	close(fd);
	return !failed;
}

static void answers_on(const char *listen, const char *ask)
{
	start(listen, SETTINGS());
	int udp = client_open(ask, SOCK_DGRAM, server_port(server));
	int tcp = client_open(ask, SOCK_STREAM, server_port(server));

	for (int i = 0; i < 10; i++) {
		assert_int_equal(client_ask(udp, false, "leader.mesos", RR_A, &reply), 1);
		assert_int_equal(client_ask(tcp, true, "big.mesos", RR_A, &reply), 500);
		assert_int_equal(client_ask(udp, false, "none.mesos", RR_A, &reply), 0);
	}
	close(udp);
	close(tcp);
	WAIT(c.tcp_open == 0);
	struct server_counters c = counters();
	assert_int_equal(c.queries[ANSWER_UDP], 20);
	assert_int_equal(server_replies_over(&c, ANSWER_UDP), 20);
	assert_int_equal(server_replies_over(&c, ANSWER_TCP), 10);
	assert_int_equal(server_replies_with(&c, 3), 10);
	assert_int_equal(c.replies[ANSWER_UDP][SERVER_QTYPE_A][0], 10);
	assert_int_equal(c.replies[ANSWER_UDP][SERVER_QTYPE_A][3], 10);
	assert_int_equal(c.replies[ANSWER_TCP][SERVER_QTYPE_A][0], 10);
	assert_int_equal(timed(&c.latency[ANSWER_UDP]), 20);
	assert_int_equal(timed(&c.latency[ANSWER_TCP]), 10);
	assert_true(c.latency[ANSWER_UDP].sum_ns > 0);
	assert_int_equal(c.tcp_accepted, 1);
	stop();
}

static void answers_on_ipv4(void **state)
{
	answers_on("127.0.0.1", "127.0.0.1");
}

static void answers_on_ipv6(void **state)
{
	if (!have_ipv6())
		skip();
	answers_on("::1", "::1");
}

/* The sockets are connected: a reply from another address would not arrive. */
static void wildcard_replies_from_the_address_asked(void **state)
{
	answers_on("0.0.0.0", "127.3.2.1");
	if (have_ipv6())
		answers_on("::", "::1");
}

/* How often each thread of that name has waited so far. Returns how many threads there are. */
static unsigned waits_of(const char *thread, unsigned long waits[], unsigned room)
{
	glob_t tasks;
	unsigned count = 0;

	assert_int_equal(glob("/proc/self/task/*", 0, NULL, &tasks), 0);
	for (size_t i = 0; i < tasks.gl_pathc; i++) {
		char path[64], line[256], name[16] = "";
		unsigned long n = 0;

		snprintf(path, sizeof(path), "%s/status", tasks.gl_pathv[i]);
		FILE *f = fopen(path, "r");
		while (f && fgets(line, sizeof(line), f)) {
			sscanf(line, "Name: %15s", name);
			sscanf(line, "voluntary_ctxt_switches: %lu", &n);
		}
		if (f)
			fclose(f);
		if (!strcmp(name, thread) && count < room)
			waits[count++] = n;
	}
	globfree(&tasks);
	return count;
}

static bool kernel_spreads(void)
{
	int fd = client_socket("127.0.0.1", SOCK_DGRAM), one = 1;
	bool yes = !setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) && !listen_spread(fd, 2);

	close(fd);
	return yes;
}

/* Each question has one worker wake up and wait again. */
static void one_sender_has_all_workers(void **state)
{
	unsigned long before[2], after[2];

	if (!kernel_spreads())
		skip();
	start("127.0.0.1", SETTINGS());
	int fd = client_open("127.0.0.1", SOCK_DGRAM, server_port(server));
	assert_int_equal(waits_of("answer", before, 2), 2);
	for (int i = 0; i < 400; i++)
		assert_int_equal(client_ask(fd, false, "leader.mesos", RR_A, &reply), 1);
	assert_int_equal(waits_of("answer", after, 2), 2);
	for (int w = 0; w < 2; w++)
		assert_true(after[w] - before[w] > 50);
	close(fd);
	stop();
}

static void many_datagrams_at_once(void **state)
{
	enum { COUNT = 150 };
	bool seen[COUNT] = {false};
	uint8_t query[600];

	start("127.0.0.1", ONE_WORKER());
	int fd = client_open("127.0.0.1", SOCK_DGRAM, server_port(server));
	for (uint16_t id = 0; id < COUNT; id++)
		client_send(fd, query, client_query(query, "_leader._tcp.mesos", RR_SRV, id, false));
	for (int i = 0; i < COUNT; i++) {
		assert_int_equal(client_receive(fd, false, &reply), 0);
		uint16_t id = wire_get_u16(reply.bytes);
		assert_true(id < COUNT && !seen[id]);
		seen[id] = true;
	}
	close(fd);
	stop();
}

static void junk_is_ignored(void **state)
{
	uint8_t query[600] = {0};

	start("127.0.0.1", ONE_WORKER());
	int fd = client_open("127.0.0.1", SOCK_DGRAM, server_port(server));
	client_send(fd, query, 0);
	client_send(fd, query, 11);
	size_t len = client_query(query, "leader.mesos", RR_A, 1, false);
	query[2] |= 0x80;
	client_send(fd, query, len);
	assert_int_equal(client_ask(fd, false, "leader.mesos", RR_A, &reply),
		1); /* comes first: the others got nothing */
	assert_int_equal(counters().dropped[SERVER_DROP_SHORT], 2);
	assert_int_equal(counters().dropped[SERVER_DROP_RESPONSE], 1);
	close(fd);
	stop();
}

static void loops_that_run_say_so(void **state)
{
	start("127.0.0.1", SETTINGS());
	assert_int_equal(server_workers(server), 2);
	for (uint64_t round = 1; round <= 3; round++) {
		server_ping(server);
		for (unsigned w = 0; w < 2; w++)
			for (unsigned waited = 0; server_pongs(server, w) != round; waited++) {
				assert_true(waited < PATIENCE_MS);
				nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
			}
	}
	server_stop(server);
	server_ping(server);
	assert_int_equal(server_pongs(server, 0), 3);
	stop();
}

static void what_the_kernel_drops_is_known(void **state)
{
	static uint8_t junk[4096];

	start("127.0.0.1", ONE_WORKER());
	server_stop(server); /* nobody empties the socket's buffer */
	assert_int_equal(server_socket_drops(server), 0);
	int fd = client_open("127.0.0.1", SOCK_DGRAM, server_port(server));
	for (unsigned sent = 0; !server_socket_drops(server); sent++) {
		assert_true(sent < 1000000);
		client_send(fd, junk, sizeof(junk));
	}
	close(fd);
	stop();
}

static void own_address_and_port_get_no_reply(void **state)
{
	uint8_t query[600];
	int one = 1;

	start("127.0.0.1", ONE_WORKER());
	uint16_t port = server_port(server);
	int twin = client_socket("127.0.0.1", SOCK_DGRAM);
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
	setsockopt(twin, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	assert_int_equal(bind(twin, (struct sockaddr *)&any, sizeof(any)), 0);
	size_t len = client_query(query, "leader.mesos", RR_A, 1, false);
	inet_pton(AF_INET, "127.0.0.1", &any.sin_addr); /* which is where it then comes from as well */
	assert_int_equal(sendto(twin, query, len, 0, (struct sockaddr *)&any, sizeof(any)), len);
	WAIT(c.dropped[SERVER_DROP_SOURCE] == 1);
	struct server_counters c = counters();
	assert_int_equal(server_replies_over(&c, ANSWER_UDP), 0);
	close(twin);
	stop();
}

static void queries_may_be_pipelined(void **state)
{
	enum { COUNT = 1000 };
	uint8_t *queries = malloc(COUNT * 64);
	size_t len = 0;

	start("127.0.0.1", SETTINGS());
	int fd = client_open("127.0.0.1", SOCK_STREAM, server_port(server));
	for (uint16_t id = 0; id < COUNT; id++)
		len += client_query(queries + len, "leader.mesos", RR_A, id, true);
	client_send(fd, queries, len);
	shutdown(fd, SHUT_WR);
	for (uint16_t id = 0; id < COUNT; id++) {
		assert_int_equal(client_receive(fd, true, &reply), 0);
		assert_int_equal(wire_get_u16(reply.bytes), id);
		assert_int_equal(wire_get_u16(reply.bytes + 6), 1);
	}
	client_expect_close(fd);
	free(queries);
	close(fd);
	stop();
}

static void queries_may_come_byte_by_byte(void **state)
{
	uint8_t query[600];

	start("127.0.0.1", ONE_WORKER());
	int fd = client_open("127.0.0.1", SOCK_STREAM, server_port(server));
	size_t len = client_query(query, "leader.mesos", RR_A, 7, true);
	memcpy(query + len, query, len); /* the second one's first bytes come with the first one's last */
	for (size_t i = 0; i < 2 * len; i++)
		client_send(fd, query + i, 1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(client_receive(fd, true, &reply), 0);
		assert_int_equal(wire_get_u16(reply.bytes), 7);
	}
	close(fd);
	stop();
}

/* A peer that asks without reading is read from no more, and gets every reply once it reads. */
static void back_pressure_loses_nothing(void **state)
{
	enum { COUNT = 3000 };
	uint8_t query[600];
	size_t len = client_query(query, "big.mesos", RR_A, 9, true), at = 0, left = COUNT * len;
	unsigned stalled = 0;

	start("127.0.0.1", ONE_WORKER());
	int fd = client_open("127.0.0.1", SOCK_STREAM, server_port(server));
	while (left && stalled < 20) {
		ssize_t n = send(fd, query + at, len - at, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0) {
			struct pollfd p = {fd, POLLOUT, 0};

			assert_int_equal(errno, EAGAIN);
			stalled = poll(&p, 1, 10) ? 0 : stalled + 1;
			continue;
		}
		left -= (size_t)n;
		at = (at + (size_t)n) % len;
	}
	for (size_t complete = (COUNT * len - left) / len; complete; complete--) {
		assert_int_equal(client_receive(fd, true, &reply), 0);
		assert_int_equal(wire_get_u16(reply.bytes + 6), 500);
	}
	close(fd);
	WAIT(c.tcp_open == 0);
	stop();
}

/* The same where all queries came at once, before the peer stopped taking replies: nothing else comes in to
 * wake the connection up. */
static void queries_behind_a_stall_are_answered(void **state)
{
	enum { COUNT = 100 };
	uint8_t queries[COUNT * 64];
	size_t len = 0;
	int small = 4096, segment = 536; /* for small buffers on both sides */

	start("127.0.0.1", ONE_WORKER());
	int fd = client_socket("127.0.0.1", SOCK_STREAM);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment));
	assert_int_equal(client_connect(fd, "127.0.0.1", server_port(server)), 0);
	for (uint16_t id = 0; id < COUNT; id++)
		len += client_query(queries + len, "big.mesos", RR_A, id, true);
	assert_true(len < 4096);
	client_send(fd, queries, len);
	WAIT(c.queries[ANSWER_TCP] > 0);
	assert_true(counters().queries[ANSWER_TCP] < COUNT);
	for (uint16_t id = 0; id < COUNT; id++) {
		assert_int_equal(client_receive(fd, true, &reply), 0);
		assert_int_equal(wire_get_u16(reply.bytes), id);
	}
	close(fd);
	stop();
}

static void too_long_a_message_ends_the_connection(void **state)
{
	static uint8_t message[2 + 5000];

	start("127.0.0.1", ONE_WORKER());
	int fd = client_open("127.0.0.1", SOCK_STREAM, server_port(server));
	client_query(message, "leader.mesos", RR_A, 3, true);
	wire_put_u16(message, 5000);
	client_send(fd, message, 2 + 4096);
	assert_int_equal(client_receive(fd, true, &reply), 0);
	assert_int_equal(reply.bytes[3] & 15, 1);
	client_expect_close(fd);
	close(fd);
	stop();
}

static void oldest_idle_goes_first(void **state)
{
	int fds[6];

	start("127.0.0.1", ONE_WORKER(.tcp_connections = 4));
	for (unsigned i = 0; i < 4; i++) {
		fds[i] = client_open("127.0.0.1", SOCK_STREAM, server_port(server));
		assert_int_equal(client_ask(fds[i], true, "leader.mesos", RR_A, &reply), 1);
	}
	assert_int_equal(
		client_ask(fds[0], true, "leader.mesos", RR_A, &reply), 1); /* now the second is the oldest */
	fds[4] = client_open("127.0.0.1", SOCK_STREAM, server_port(server));
	assert_int_equal(client_ask(fds[4], true, "leader.mesos", RR_A, &reply), 1);
	client_expect_close(fds[1]);
	assert_int_equal(client_ask(fds[0], true, "leader.mesos", RR_A, &reply), 1);
	assert_int_equal(counters().tcp_evicted, 1);
	assert_int_equal(counters().tcp_open, 4);
	for (unsigned i = 0; i < 5; i++)
		close(fds[i]);
	stop();
}

static void an_address_has_its_share(void **state)
{
	int fds[4];

	start("0.0.0.0", ONE_WORKER(.tcp_connections_per_address = 2));
	for (unsigned i = 0; i < 4; i++) {
		fds[i] = client_socket("127.0.0.1", SOCK_STREAM);
		if (i == 0) { /* the oldest of all, of another address */
			struct sockaddr_in other = {.sin_family = AF_INET};
			inet_pton(AF_INET, "127.0.0.9", &other.sin_addr);
			assert_int_equal(bind(fds[i], (struct sockaddr *)&other, sizeof(other)), 0);
		}
		assert_int_equal(client_connect(fds[i], "127.0.0.1", server_port(server)), 0);
		assert_int_equal(client_ask(fds[i], true, "leader.mesos", RR_A, &reply), 1);
	}
	client_expect_close(fds[1]);
	assert_int_equal(client_ask(fds[0], true, "leader.mesos", RR_A, &reply), 1);
	for (unsigned i = 0; i < 4; i++)
		close(fds[i]);
	stop();
}

static void idle_connections_end(void **state)
{
	start("127.0.0.1", ONE_WORKER(.tcp_idle_ms = 40));
	int fd = client_open("127.0.0.1", SOCK_STREAM, server_port(server));
	client_expect_close(fd);
	WAIT(c.tcp_timed_out == 1 && c.tcp_open == 0);
	close(fd);
	stop();
}

static void half_a_query_ends(void **state)
{
	uint8_t query[600];

	start("127.0.0.1", ONE_WORKER(.tcp_message_ms = 40));
	int fd = client_open("127.0.0.1", SOCK_STREAM, server_port(server));
	client_send(fd, query, client_query(query, "leader.mesos", RR_A, 7, true) - 1);
	client_expect_close(fd);
	WAIT(c.tcp_timed_out == 1);
	close(fd);
	stop();
}

static void peers_that_do_not_read_end(void **state)
{
	uint8_t query[600];
	size_t len = client_query(query, "big.mesos", RR_A, 7, true);

	start("127.0.0.1", ONE_WORKER(.tcp_write_ms = 40));
	int fd = client_open("127.0.0.1", SOCK_STREAM, server_port(server));
	while (counters().tcp_timed_out == 0) {
		ssize_t n = send(fd, query, len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n != (ssize_t)len) /* the end has come, or everything is full: then it comes */
			break;
	}
	WAIT(c.tcp_timed_out == 1 && c.tcp_open == 0);
	close(fd);
	stop();
}

static void stalled_peers_do_not_harm_udp(void **state)
{
	enum { COUNT = 300 };
	int fds[COUNT];

	start("127.0.0.1", ONE_WORKER(.tcp_connections = 200));
	int udp = client_open("127.0.0.1", SOCK_DGRAM, server_port(server));
	for (unsigned i = 0; i < COUNT; i++) {
		fds[i] = client_open("127.0.0.1", SOCK_STREAM, server_port(server));
		client_send(fds[i], "\0", 1);
		assert_int_equal(client_ask(udp, false, "leader.mesos", RR_A, &reply), 1);
	}
	WAIT(c.tcp_accepted == COUNT);
	assert_true(counters().tcp_open <= 200);
	int tcp = client_open("127.0.0.1", SOCK_STREAM, server_port(server));
	assert_int_equal(client_ask(tcp, true, "leader.mesos", RR_A, &reply), 1);
	for (unsigned i = 0; i < COUNT; i++)
		close(fds[i]);
	close(tcp);
	close(udp);
	stop();
}

static void survives_without_descriptors(void **state)
{
	enum { COUNT = 10 };
	int fds[COUNT];
	struct rlimit saved, low;

	start("127.0.0.1", ONE_WORKER());
	for (unsigned i = 0; i < COUNT; i++)
		fds[i] = client_socket("127.0.0.1", SOCK_STREAM);
	int udp = client_open("127.0.0.1", SOCK_DGRAM, server_port(server));
	getrlimit(RLIMIT_NOFILE, &saved);
	low = saved;
	low.rlim_cur = (rlim_t)udp + 4; /* for three connections */
	setrlimit(RLIMIT_NOFILE, &low);
	for (unsigned i = 0; i < COUNT; i++) {
		assert_int_equal(client_connect(fds[i], "127.0.0.1", server_port(server)), 0);
		assert_int_equal(client_ask(fds[i], true, "leader.mesos", RR_A, &reply), 1);
	}
	assert_int_equal(client_ask(udp, false, "leader.mesos", RR_A, &reply), 1);
	assert_int_equal(counters().tcp_evicted, COUNT - 3);
	setrlimit(RLIMIT_NOFILE, &saved);
	for (unsigned i = 0; i < COUNT; i++)
		close(fds[i]);
	close(udp);
	stop();
}

static void stops_while_busy(void **state)
{
	uint8_t query[600];

	for (int round = 0; round < 5; round++) {
		start("127.0.0.1", SETTINGS());
		int udp = client_open("127.0.0.1", SOCK_DGRAM, server_port(server));
		int tcp[8];
		size_t len = client_query(query, "big.mesos", RR_A, 1, true);

		for (unsigned i = 0; i < 8; i++) {
			tcp[i] = client_open("127.0.0.1", SOCK_STREAM, server_port(server));
			for (unsigned n = 0; n < 100; n++)
				(void)!send(tcp[i], query, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		}
		for (unsigned i = 0; i < 500; i++)
			client_send(udp, query + 2, len - 2);
		server_stop(server);
		assert_int_equal(server_start(server), 0); /* and it can go on */
		stop();
		for (unsigned i = 0; i < 8; i++)
			close(tcp[i]);
		close(udp);
	}
}

static void a_taken_port_is_named(void **state)
{
	struct addr addr = {.bytes = {127, 0, 0, 1}, .len = 4};
	char error[SERVER_ERROR_MAX], expected[SERVER_ERROR_MAX];

	start("127.0.0.1", SETTINGS());
	struct server_settings second =
		SETTINGS(.addresses = &addr, .address_count = 1, .port = server_port(server), .store = store);
	snprintf(expected, sizeof(expected), "cannot listen on 127.0.0.1 UDP port %u: Address already in use",
		second.port);
	assert_null(server_new(&second, error));
	assert_string_equal(error, expected);
	second.port = 0;
	addr.bytes[0] = 192; /* TEST-NET-1, nobody's */
	addr.bytes[2] = 2;
	assert_null(server_new(&second, error));
	assert_non_null(strstr(error, "cannot listen on 192.0.2.1 UDP port 0: "));
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_on_ipv4),
		cmocka_unit_test(answers_on_ipv6),
		cmocka_unit_test(wildcard_replies_from_the_address_asked),
		cmocka_unit_test(one_sender_has_all_workers),
		cmocka_unit_test(many_datagrams_at_once),
		cmocka_unit_test(junk_is_ignored),
		cmocka_unit_test(loops_that_run_say_so),
		cmocka_unit_test(what_the_kernel_drops_is_known),
		cmocka_unit_test(own_address_and_port_get_no_reply),
		cmocka_unit_test(queries_may_be_pipelined),
		cmocka_unit_test(queries_may_come_byte_by_byte),
		cmocka_unit_test(back_pressure_loses_nothing),
		cmocka_unit_test(queries_behind_a_stall_are_answered),
		cmocka_unit_test(too_long_a_message_ends_the_connection),
		cmocka_unit_test(oldest_idle_goes_first),
		cmocka_unit_test(an_address_has_its_share),
		cmocka_unit_test(idle_connections_end),
		cmocka_unit_test(half_a_query_ends),
		cmocka_unit_test(peers_that_do_not_read_end),
		cmocka_unit_test(stalled_peers_do_not_harm_udp),
		cmocka_unit_test(survives_without_descriptors),
		cmocka_unit_test(stops_while_busy),
		cmocka_unit_test(a_taken_port_is_named),
	};

	return cmocka_run_group_tests_name("server", tests, setup, teardown);
}
