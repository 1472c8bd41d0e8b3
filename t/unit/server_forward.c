/* SPDX-License-Identifier: Apache-2.0 */
/* server/ with queries whose replies come later: the forwarder is one of this test, which holds queries until
 * it is told to reply. */
#include "t/unit/unit.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "t/unit/server_client.h"

#define HELD_MAX 4096
#define BIG_LEN  60000

/* --- the forwarder: one worker, one of it --- */

struct held {
	struct forward_client client;
	uint8_t reply[DNS_HEADER + DNAME_MAX + 4];
	size_t len;
	bool big;
};

struct forwarder {
	struct ev_loop *loop;
	ev_async release;
	forward_reply_fn *reply;
	void *ctx;
	struct forward_counters counters;
};

static struct forwarder forwarder;
static struct held held[HELD_MAX];
static _Atomic unsigned held_count, released; /* those before `released` have had their replies */
static _Atomic unsigned release_order;        /* 0: as they came; 1: the last first, all at once */

static void reply_to(struct held *h)
{
	static uint8_t big[BIG_LEN];

	memcpy(big, h->reply, h->len);
	forwarder.reply(forwarder.ctx, &h->client, big, h->big ? sizeof(big) : h->len);
}

static void on_release(struct ev_loop *loop, ev_async *watcher, int events)
{
	unsigned count = held_count, first = released;

	for (unsigned i = 0; first + i < count; i++)
		reply_to(&held[release_order ? count - 1 - i : first + i]);
	released = count;
}

struct forwarder *forwarder_new(struct ev_loop *loop, const struct forward_settings *settings,
	forward_reply_fn *reply, void *ctx, int *err)
{
	forwarder = (struct forwarder){.loop = loop, .reply = reply, .ctx = ctx};
	held_count = released = release_order = 0;
	ev_async_init(&forwarder.release, on_release);
	ev_async_start(loop, &forwarder.release);
	return &forwarder;
}

void forwarder_free(struct forwarder *f)
{
	ev_async_stop(f->loop, &f->release);
}

const struct forward_counters *forward_counters(const struct forwarder *f)
{
	return &f->counters;
}

void forward_read_cache(const struct forwarder *f, struct cache_counters *out)
{
	*out = (struct cache_counters){0};
}

size_t forward_upstream_count(const struct forwarder *f)
{
	return 0;
}

const struct upstream_counters *forward_upstream(const struct forwarder *f, size_t i, struct conf_server *server)
{
	return NULL;
}

/* Names that begin with `n` get their replies now. */
enum forward_verdict forward_query(struct forwarder *f, const struct forward_client *client,
	const struct query *query, uint32_t random, uint8_t *reply, size_t *reply_len)
{
	unsigned count = held_count;
	struct held *h = &held[count];

	assert_true(count < HELD_MAX);
	h->len = (size_t)DNS_HEADER + query->question_len;
	memcpy(h->reply, query->packet, h->len);
	wire_put_u16(h->reply + 2, FLAG_QR | FLAG_RA);
	f->counters.queries++;
	if (query->name[1] == 'n') {
		memcpy(reply, h->reply, h->len);
		*reply_len = h->len;
		return FORWARD_REPLY;
	}
	h->client = *client;
	h->big = query->name[1] == 'b';
	held_count = count + 1;
	return FORWARD_WAITING;
}

/* --- the server --- */

static struct zone_store *store;
static struct server *server;
static struct client_reply reply;
static const struct forward_settings forward = {.enabled = true};

static int setup(void **state)
{
	siphash_init();
	store = answer_zone_new("mesos", "leader A 10.0.0.1\n");
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
	settings.workers = 1;
	settings.addresses = &addr;
	settings.address_count = 1;
	settings.answer = (struct answer_settings){.edns_udp_size = 1232, .set_truncate_bit = true};
	settings.store = store;
	settings.forward = &forward;
	server = server_new(&settings, error);
	assert_non_null(server);
	assert_int_equal(server_start(server), 0);
}

static void stop(void)
{
	server_free(server);
	server = NULL;
}

#define SETTINGS(...) ((struct server_settings){__VA_ARGS__})

static struct server_counters counters(void)
{
	struct server_counters c;

	server_read_counters(server, &c);
	return c;
}

#define WAIT(condition)                                                                                      \
	do {                                                                                                 \
		struct server_counters c = counters();                                                       \
		for (unsigned waited = 0; !(condition); c = counters(), waited++) {                          \
			(void)c;                                                                             \
			assert_true(waited < PATIENCE_MS);                                                   \
			nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);                             \
		}                                                                                            \
	} while (0)

static void release_all(unsigned count, unsigned order)
{
	WAIT(held_count >= count);
	release_order = order;
	ev_async_send(forwarder.loop, &forwarder.release);
	WAIT(released >= count);
}

static void ask(int fd, const char *name, uint16_t id, bool tcp)
{
	uint8_t query[600];

	client_send(fd, query, client_query(query, name, RR_A, id, tcp));
}

static uint16_t receive(int fd, bool tcp)
{
	assert_int_equal(client_receive(fd, tcp, &reply), 0);
	return wire_get_u16(reply.bytes);
}

static void expect_silence(int fd)
{
	struct pollfd p = {fd, POLLIN, 0};

	assert_int_equal(poll(&p, 1, 50), 0);
}

/* The sockets are connected: a reply from another address would not arrive. */
static void late_replies_over_udp_leave_from_the_address_asked(void **state)
{
	int fds[3];

	start("0.0.0.0", SETTINGS(0));
	fds[0] = client_open("127.0.0.1", SOCK_DGRAM, server_port(server));
	fds[1] = client_open("127.0.0.7", SOCK_DGRAM, server_port(server));
	fds[2] = client_open("127.3.2.1", SOCK_DGRAM, server_port(server));
	for (uint16_t i = 0; i < 3; i++) {
		ask(fds[i], "later.example", (uint16_t)(100 + i), false);
		WAIT(held_count == i + 1u);
	}
	ask(fds[1], "leader.mesos", 1, false);
	ask(fds[1], "now.example", 2, false);
	assert_int_equal(receive(fds[1], false), 1); /* nobody waits for those that wait */
	assert_int_equal(receive(fds[1], false), 2);
	release_all(3, 1);
	for (uint16_t i = 0; i < 3; i++) {
		assert_int_equal(receive(fds[i], false), 100 + i);
		close(fds[i]);
	}
	struct server_counters c = counters();
	assert_int_equal(c.queries[ANSWER_UDP], 5);
	assert_int_equal(server_replies_over(&c, ANSWER_UDP), 5);
	assert_int_equal(c.outside, 4);
	assert_int_equal(c.replies[ANSWER_UDP][SERVER_QTYPE_A][0], 5);
	struct forward_counters f;
	server_read_forward_counters(server, &f);
	assert_int_equal(f.queries, 4);
	stop();
}

static void late_replies_over_ipv6(void **state)
{
	int fd = client_socket("::1", SOCK_DGRAM);
	int failed = client_connect(fd, "::1", 53);

	close(fd);
	if (failed)
		skip();
	start("::", SETTINGS(0));
	fd = client_open("::1", SOCK_DGRAM, server_port(server));
	ask(fd, "later.example", 5, false);
	release_all(1, 0);
	assert_int_equal(receive(fd, false), 5);
	close(fd);
	stop();
}

static void what_a_client_takes_is_told(void **state)
{
	start("127.0.0.1", SETTINGS(0));
	int udp = client_open("127.0.0.1", SOCK_DGRAM, server_port(server));
	int tcp = client_open("127.0.0.1", SOCK_STREAM, server_port(server));
	uint8_t query[600];
	struct ask edns = {.name = "later.example", .type = RR_A, .edns = true, .udp_size = 900};

	ask(udp, "later.example", 5, false);
	WAIT(held_count == 1);
	client_send(udp, query, ask_write(&edns, query));
	WAIT(held_count == 2);
	edns.udp_size = 4096;
	client_send(udp, query, ask_write(&edns, query));
	WAIT(held_count == 3);
	ask(tcp, "later.example", 5, true);
	WAIT(held_count == 4);
	const unsigned limits[] = {512, 900, 1232, 65535};
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(held[i].client.limit, limits[i]);
		assert_int_equal(held[i].client.tcp, i == 3);
		assert_int_equal(held[i].client.addr.len, 4);
		assert_memory_equal(held[i].client.addr.bytes, "\x7f\0\0\1", 4);
	}
	close(udp);
	close(tcp);
	stop();
}

static void tcp_replies_come_out_of_order(void **state)
{
	start("127.0.0.1", SETTINGS(0));
	int fd = client_open("127.0.0.1", SOCK_STREAM, server_port(server));

	ask(fd, "later.example", 1, true);
	ask(fd, "leader.mesos", 2, true);
	ask(fd, "later.example", 3, true);
	ask(fd, "now.example", 4, true);
	assert_int_equal(receive(fd, true), 2);
	assert_int_equal(receive(fd, true), 4);
	release_all(2, 1);
	assert_int_equal(receive(fd, true), 3);
	assert_int_equal(receive(fd, true), 1);
	close(fd);
	stop();
}

/* Its place is taken by another connection, which must not get what it does not wait for. */
static void replies_for_ended_connections_reach_nobody(void **state)
{
	start("127.0.0.1", SETTINGS(.tcp_connections = 1));
	int fd = client_open("127.0.0.1", SOCK_STREAM, server_port(server));
	struct linger reset = {1, 0};

	ask(fd, "later.example", 1, true);
	WAIT(held_count == 1);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
	WAIT(c.tcp_open == 0);
	fd = client_open("127.0.0.1", SOCK_STREAM, server_port(server));
	ask(fd, "leader.mesos", 2, true);
	assert_int_equal(receive(fd, true), 2);
	release_all(1, 0);
	expect_silence(fd);
	ask(fd, "leader.mesos", 3, true);
	assert_int_equal(receive(fd, true), 3);
	close(fd);
	stop();
}

static void who_waits_is_not_idle(void **state)
{
	start("127.0.0.1", SETTINGS(.tcp_idle_ms = 40));
	int fd = client_open("127.0.0.1", SOCK_STREAM, server_port(server));
	int idle = client_open("127.0.0.1", SOCK_STREAM, server_port(server));

	ask(fd, "later.example", 1, true);
	client_expect_close(idle);
	expect_silence(fd);
	expect_silence(fd);
	assert_int_equal(counters().tcp_open, 1);
	release_all(1, 0);
	assert_int_equal(receive(fd, true), 1);
	client_expect_close(fd); /* now it is */
	close(fd);
	close(idle);
	stop();
}

/* Nor does it have to go for a newcomer. */
static void who_waits_keeps_its_place(void **state)
{
	start("127.0.0.1", SETTINGS(.tcp_connections = 2));
	int fd = client_open("127.0.0.1", SOCK_STREAM, server_port(server)), other[3];

	ask(fd, "later.example", 1, true);
	WAIT(held_count == 1);
	for (unsigned i = 0; i < 3; i++) {
		other[i] = client_open("127.0.0.1", SOCK_STREAM, server_port(server));
		ask(other[i], "leader.mesos", 2, true);
		assert_int_equal(receive(other[i], true), 2);
	}
	release_all(1, 0);
	assert_int_equal(receive(fd, true), 1);
	assert_int_equal(counters().tcp_evicted, 2);
	for (unsigned i = 0; i < 3; i++)
		close(other[i]);
	close(fd);
	stop();
}

static void who_asks_no_more_still_gets_replies(void **state)
{
	start("127.0.0.1", SETTINGS(0));
	int fd = client_open("127.0.0.1", SOCK_STREAM, server_port(server));

	ask(fd, "later.example", 1, true);
	ask(fd, "later.example", 2, true);
	shutdown(fd, SHUT_WR);
	release_all(2, 0);
	assert_int_equal(receive(fd, true), 1);
	assert_int_equal(receive(fd, true), 2);
	client_expect_close(fd);
	close(fd);
	stop();
}

static void too_many_wait_until_there_is_room(void **state)
{
	enum { COUNT = 250 };
	bool seen[COUNT] = {false};
	uint8_t queries[COUNT * 64];
	size_t len = 0;

	start("127.0.0.1", SETTINGS(.tcp_message_ms = 100));
	int fd = client_open("127.0.0.1", SOCK_STREAM, server_port(server));
	for (uint16_t id = 0; id < COUNT; id++)
		len += client_query(
			queries + len, id == COUNT - 1 ? "leader.mesos" : "later.example", RR_A, id, true);
	client_send(fd, queries, len);
	WAIT(held_count == 100);
	expect_silence(fd);
	expect_silence(fd); /* nor does it count as slow to send */
	expect_silence(fd);
	assert_int_equal(held_count, 100);
	for (unsigned count = 100; count < 300; count += 100)
		release_all(count < COUNT ? count : COUNT - 1, 0);
	release_all(COUNT - 1, 1);
	for (unsigned i = 0; i < COUNT; i++) {
		uint16_t id = receive(fd, true);

		assert_true(id < COUNT && !seen[id]);
		seen[id] = true;
	}
	close(fd);
	stop();
}

/* Late replies go behind those that the peer has not taken yet. */
static void back_pressure_loses_no_late_reply(void **state)
{
	enum { COUNT = 90 };
	bool seen[COUNT] = {false};
	int small = 4096;

	start("127.0.0.1", SETTINGS(0));
	int fd = client_socket("127.0.0.1", SOCK_STREAM);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	assert_int_equal(client_connect(fd, "127.0.0.1", server_port(server)), 0);
	for (uint16_t id = 0; id < COUNT; id++)
		ask(fd, "big.example", id, true);
	release_all(COUNT, 1);
	for (unsigned i = 0; i < COUNT; i++) {
		uint16_t id = receive(fd, true);

		assert_int_equal(reply.len, BIG_LEN);
		assert_true(id < COUNT && !seen[id]);
		seen[id] = true;
	}
	ask(fd, "leader.mesos", 7, true);
	assert_int_equal(receive(fd, true), 7);
	close(fd);
	stop();
}

static void ends_while_clients_wait(void **state)
{
	start("127.0.0.1", SETTINGS(0));
	int tcp = client_open("127.0.0.1", SOCK_STREAM, server_port(server));
	int udp = client_open("127.0.0.1", SOCK_DGRAM, server_port(server));

	ask(tcp, "later.example", 1, true);
	ask(udp, "later.example", 1, false);
	WAIT(held_count == 2);
	stop();
	client_expect_close(tcp);
	close(tcp);
	close(udp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(late_replies_over_udp_leave_from_the_address_asked),
		cmocka_unit_test(late_replies_over_ipv6),
		cmocka_unit_test(what_a_client_takes_is_told),
		cmocka_unit_test(tcp_replies_come_out_of_order),
		cmocka_unit_test(replies_for_ended_connections_reach_nobody),
		cmocka_unit_test(who_waits_is_not_idle),
		cmocka_unit_test(who_waits_keeps_its_place),
		cmocka_unit_test(who_asks_no_more_still_gets_replies),
		cmocka_unit_test(too_many_wait_until_there_is_room),
		cmocka_unit_test(back_pressure_loses_no_late_reply),
		cmocka_unit_test(ends_while_clients_wait),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
