/* SPDX-License-Identifier: Apache-2.0 */
/* The forwarder and what attackers and broken servers send: the client gets the true answer, or SERVFAIL in
 * time. */
#include "t/unit/forward_world.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/siphash.h"
#include "base/wire.h"

static const struct ask www = {.name = "www.example-zone.com", .edns = true};

/* Each sends something bad, and the true answer after it. */

static void wrong_id(struct fake_query *q)
{
	uint8_t reply[600];
	size_t len = fake_reply(q, reply, 0, 9, 60);

	for (int i = 0; i < 200; i++) {
		reply[0]++;
		fake_send(q, reply, len);
	}
	answers(q);
}

static void cut(struct fake_query *q)
{
	uint8_t reply[600];
	size_t len = fake_reply(q, reply, 0, 9, 60);

	for (size_t i = 0; i < len; i++)
		fake_send(q, reply, i);
	answers(q);
}

static void garbage(struct fake_query *q)
{
	uint8_t reply[600];
	uint32_t x = 1;

	for (int i = 0; i < 100; i++) {
		size_t len = fake_reply(q, reply, 0, 9, 60);

		for (size_t j = 12 + fake_question_len(q); j < len; j++)
			reply[j] = (uint8_t)((x = x * 1103515245 + 12345) >> 16);
		fake_send(q, reply, len);
	}
	answers(q);
}

static void compression_loop(struct fake_query *q)
{
	uint8_t reply[600];
	size_t at = 12 + fake_question_len(q), len = fake_reply(q, reply, 0, 1, 60);

	wire_put_u16(reply + at, (uint16_t)(0xc000 | at)); /* to itself */
	fake_send(q, reply, len);
	wire_put_u16(reply + at, (uint16_t)(0xc000 | (at + 2))); /* forwards */
	fake_send(q, reply, len);
	answers(q);
}

static void not_a_reply(struct fake_query *q)
{
	fake_send(q, q->packet, q->len);
	answers(q);
}

static void flood(struct fake_query *q)
{
	for (int i = 0; i < 300; i++)
		answers(q);
}

static void test_junk_first(void **state)
{
	static fake_fn *const servers[] = {wrong_id, cut, garbage, compression_loop, not_a_reply, flood};

	for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
		struct world *w = world_new(servers[i], NULL, NULL);

		world_start(w);
		for (int j = 0; j < 5; j++) {
			char name[64];

			snprintf(name, sizeof(name), "host%d.example", j);
			struct reply r = get(w, &(struct ask){.name = name});
			assert_int_equal(r.rcode, RCODE_NOERROR);
			assert_int_equal(r.answers, 2);
		}
		assert_int_equal(forward_counters(w->f)->upstream_mismatches, 0);
		world_free(w);
	}
}

/* By UDP a lie about the question, by TCP the truth. */

static void wrong_question(struct fake_query *q)
{
	uint8_t reply[600];

	if (q->conn) {
		answers(q);
		return;
	}
	size_t len = fake_reply(q, reply, 0, 9, 60);
	reply[13] ^= 3; /* another letter */
	fake_send(q, reply, len);
}

static void wrong_case(struct fake_query *q)
{
	uint8_t reply[600];
	size_t len = fake_reply(q, reply, 0, 2, 60);

	for (size_t i = 12; reply[i]; i++)
		if (reply[i] >= 'A' && reply[i] <= 'Z')
			reply[i] |= 0x20;
	fake_send(q, reply, len);
}

static void test_mismatch(void **state)
{
	static fake_fn *const servers[] = {wrong_question, wrong_case};

	for (size_t i = 0; i < 2; i++) {
		struct world *w = world_new(servers[i], NULL, NULL);

		world_start(w);
		struct reply r = get(w, &www);
		assert_int_equal(r.rcode, RCODE_NOERROR);
		assert_int_equal(r.answers, 2);
		assert_int_equal(w->servers[0].tcp, 1);
		assert_int_equal(forward_counters(w->f)->upstream_mismatches, 1);
		world_free(w);
	}
}

static void truncates(struct fake_query *q)
{
	uint8_t reply[4000];

	fake_send(
		q, reply, q->conn ? fake_reply(q, reply, 0, 200, 60) : fake_reply(q, reply, FLAG_TC, 0, 60));
}

static void test_truncated(void **state)
{
	struct world *w = world_new(truncates, NULL, NULL);

	world_start(w);
	struct reply r = get(w, &www);
	assert_true(r.flags & FLAG_TC);
	assert_int_equal(w->servers[0].tcp, 0);
	r = get(w, &(struct ask){.name = www.name, .edns = true, .tcp = true});
	assert_false(r.flags & FLAG_TC);
	assert_int_equal(r.answers, 200);
	assert_int_equal(w->servers[0].tcp, 1);
	r = get(w, &www); /* from the cache, cut for this client */
	assert_true(r.flags & FLAG_TC && r.len <= 1232);
	assert_int_equal(w->servers[0].udp, 2);
	world_free(w);
}

static void truncates_and_resets(struct fake_query *q)
{
	static const uint8_t part[7] = {0, 100, 1, 2, 3, 4, 5};
	uint8_t reply[600];

	if (!q->conn) {
		fake_send(q, reply, fake_reply(q, reply, FLAG_TC, 0, 60));
		return;
	}
	fake_send_raw(q, part, sizeof(part));
	fake_reset(q);
}

static void test_tcp_reset(void **state)
{
	struct world *w = world_new(truncates_and_resets, NULL, NULL);

	world_start(w);
	double began = world_clock();
	get(w, &(struct ask){.name = www.name, .tcp = true});
	assert_true(world_clock() - began < 2.5);
	struct reply r = get(w, &(struct ask){.name = "other.example"});
	assert_true(r.flags & FLAG_TC);
	world_free(w);
	w = world_new(truncates_and_resets, answers, NULL);
	world_start(w);
	assert_int_equal(get(w, &(struct ask){.name = www.name, .tcp = true}).answers, 2);
	world_free(w);
}

static void test_late(void **state)
{
	struct world *w = world_new(holds, NULL, NULL);

	w->settings.timeout = 0.4;
	world_start(w);
	struct reply r = get(w, &www);
	assert_int_equal(r.rcode, RCODE_SERVFAIL);
	assert_true(w->held_count >= 1);
	for (unsigned i = 0; i < w->held_count; i++)
		answers(&w->held[i]);
	run_for(w, 0.1);
	w->servers[0].fn = answers;
	run_for(w, 1.1); /* until the failure is forgotten */
	assert_int_equal(get(w, &www).answers, 2);
	world_free(w);
}

/* A port where nothing is: each query brings an ICMP error. */
static void test_icmp(void **state)
{
	struct world *w = world_new(answers, answers, NULL);
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	close(fd);
	w->addresses[0].port = ntohs(in.sin_port);
	world_start(w);
	for (int i = 0; i < 20; i++) {
		char name[64];

		snprintf(name, sizeof(name), "host%d.example", i);
		assert_int_equal(get(w, &(struct ask){.name = name}).answers, 2);
	}
	world_free(w);
}

static void no_edns(struct fake_query *q)
{
	uint8_t reply[600];

	if (!fake_has_edns(q)) {
		answers(q);
		return;
	}
	fake_reply(q, reply, RCODE_FORMERR, 0, 0);
	memset(reply + 4, 0, 8);
	fake_send(q, reply, 12);
}

static void test_no_edns(void **state)
{
	struct world *w = world_new(no_edns, NULL, NULL);

	world_start(w);
	assert_int_equal(get(w, &www).answers, 2);
	assert_int_equal(w->servers[0].udp, 2);
	assert_int_equal(get(w, &(struct ask){.name = "b.example"}).answers, 2);
	assert_int_equal(w->servers[0].udp, 3); /* it is remembered */
	world_free(w);
}

static void asks_us(struct fake_query *q)
{
	struct world *w = q->server->ctx;
	const struct ask a = {.name = www.name};
	uint8_t packet[512];

	memcpy(packet, q->packet, q->len);
	packet[0] ^= 0x55;
	assert_int_equal(ask_packet(w, &a, 4711, packet, q->len), FORWARD_REPLY);
	assert_int_equal(w->replies[w->count - 1].rcode, RCODE_REFUSED);
	fails(q);
}

static void test_loop(void **state)
{
	struct world *w = world_new(asks_us, NULL, NULL);

	world_start(w);
	ask(w, &www, 1);
	run_until(w, 2);
	assert_int_equal(w->replies[1].rcode, RCODE_SERVFAIL);
	assert_int_equal(forward_counters(w->f)->looped, 1);
	world_free(w);
}

static void test_limits(void **state)
{
	struct world *w = world_new(holds, NULL, NULL);
	unsigned answered = 0;

	w->settings.inflight_max = 50;
	w->settings.clients_max = 80;
	w->settings.clients_per_address_max = 20;
	world_start(w);
	for (unsigned i = 0; i < 100; i++) {
		char name[64], from[32];

		snprintf(name, sizeof(name), "host%u.example", i);
		snprintf(from, sizeof(from), "127.0.0.%u", i);
		if (ask(w, &(struct ask){.name = name, .from = from}, i) == FORWARD_REPLY)
			answered++;
	}
	assert_int_equal(answered, 50);
	for (unsigned i = 0; i < 40; i++)
		answered += ask(w, &(struct ask){.name = "host0.example", .from = "127.0.1.1"}, i) ==
			    FORWARD_REPLY;
	assert_int_equal(answered, 50 + 20);
	for (unsigned i = 0; i < 40; i++)
		answered += ask(w, &(struct ask){.name = "host0.example", .from = "127.0.1.2"}, i) ==
			    FORWARD_REPLY;
	assert_int_equal(answered, 50 + 20 + 30);
	for (unsigned i = 0; i < w->count; i++)
		assert_int_equal(w->replies[i].rcode, RCODE_SERVFAIL);
	assert_int_equal(forward_counters(w->f)->overload, answered);
	while (w->held_count < 50)
		ev_run(w->loop, EVRUN_ONCE);
	for (unsigned i = 0; i < 50; i++)
		answers(&w->held[i]);
	run_until(w, 180);
	assert_int_equal(
		ask(w, &(struct ask){.name = "new.example", .from = "127.0.1.2"}, 1), FORWARD_WAITING);
	world_free(w);
}

/* What is piled up for one address is not sent as a pulse of large packets, but real clients get to their
 * answer. */
static void test_pulse(void **state)
{
	struct world *w = world_new(holds, NULL, NULL);
	uint8_t reply[600];

	w->settings.timeout = 5;
	world_start(w);
	for (unsigned i = 0; i < 60; i++)
		ask(w, &www, i);
	ask(w, &(struct ask){.name = www.name, .edns = true, .from = "127.0.0.9"}, 60);
	run_for(w, 2);
	fake_send(&w->held[0], reply, fake_reply(&w->held[0], reply, 0, 20, 60));
	run_until(w, 61);
	assert_true(w->replies[0].flags & FLAG_TC && w->replies[0].answers == 0);
	assert_int_equal(w->replies[60].answers, 20);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_junk_first),
		cmocka_unit_test(test_mismatch),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_tcp_reset),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_icmp),
		cmocka_unit_test(test_no_edns),
		cmocka_unit_test(test_loop),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_pulse),
	};

	if (siphash_init())
		return 1;
	return cmocka_run_group_tests_name("forward_faults", tests, NULL, NULL);
}
