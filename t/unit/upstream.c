/* SPDX-License-Identifier: Apache-2.0 */
/* What goes out to one server: ids and source ports that nobody can guess, and what is learned of how well it
 * is. */
#include "t/unit/unit.h"

#include <arpa/inet.h>

#include "base/err.h"
#include "base/siphash.h"
#include "base/wire.h"
#include "forward/spelling.h"
#include "forward/upstream.h"
#include "t/unit/fake_dns.h"

#define QUERIES 100000u
#define BATCH   200u /* in flight at the same time: what a socket takes without losing any */

struct seen {
	struct fake_dns server;
	struct upstream *u;
	unsigned sent, done, replied, in_flight;
	uint32_t ids[65536], ports[65536];
	uint32_t case_bits;
	uint64_t inflight_keys[2 * BATCH]; /* port and id of those that are unanswered */
	struct fake_query held[2 * BATCH];
	unsigned held_count, repeated;
};

static void hold(struct fake_query *q)
{
	struct seen *s = q->server->ctx;
	uint16_t id = wire_get_u16(q->packet), port = ntohs(q->from.sin_port);
	uint64_t key = (uint64_t)port << 16 | id;

	s->ids[id]++;
	s->ports[port]++;
	for (size_t i = 13; i < 23; i++)
		s->case_bits += !(q->packet[i] & 0x20);
	for (unsigned i = 0; i < s->held_count; i++)
		s->repeated += s->inflight_keys[i] == key;
	assert_true(s->held_count < 2 * BATCH);
	s->inflight_keys[s->held_count] = key;
	s->held[s->held_count++] = *q;
}

static void on_done(void *ctx, enum upstream_outcome outcome, struct message *m)
{
	struct seen *s = ctx;

	s->done++;
	s->in_flight--;
	s->replied += outcome == UPSTREAM_REPLIED;
	message_free(m);
}

static void answer(const struct fake_query *q)
{
	uint8_t reply[600];

	fake_send(q, reply, fake_reply(q, reply, 0, 1, 60));
}

static struct random_block random_block;

static size_t make_packet(uint8_t packet[SPELLING_QUERY_MAX])
{
	uint8_t name[DNAME_MAX];
	size_t n = dname_from_text(name, "abcdefghij.example", 18);

	return spelling_query(packet,
		&(struct spelling_terms){.name = name, .name_len = n, .type = 1, .class = 1}, &random_block);
}

static void send_one(struct seen *s)
{
	uint8_t packet[SPELLING_QUERY_MAX];
	size_t len = make_packet(packet);

	assert_int_equal(upstream_send(s->u, false, packet, len, on_done, s), 0);
	s->sent++;
	s->in_flight++;
}

static struct seen *open_server(struct ev_loop *loop, fake_fn *fn)
{
	struct seen *s = calloc(1, sizeof(*s));
	struct conf_server server = {.addr = {{127, 0, 0, 1}, 4}};
	int err;

	assert_non_null(s);
	fake_start(&s->server, loop, fn, s);
	server.port = s->server.port;
	s->u = upstream_new(loop, &server, 2, &err);
	assert_non_null(s->u);
	return s;
}

static void close_server(struct seen *s)
{
	upstream_free(s->u);
	fake_stop(&s->server);
	free(s);
}

/* Sum of the squared differences from what each of `n` cells should hold. */
static double chi_square(const uint32_t *cells, size_t n, double expected)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (cells[i] - expected) * (cells[i] - expected) / expected;
	return sum;
}

static void test_unpredictable(void **state)
{
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	struct seen *s = open_server(loop, hold);
	uint32_t high[256] = {0}, low[256] = {0};
	unsigned ports = 0, most = 0;

	while (s->done < QUERIES) {
		while (s->in_flight < BATCH && s->sent < QUERIES)
			send_one(s);
		ev_run(loop, EVRUN_NOWAIT);
		/* Some stay for a while, so that no channel is ever idle by itself. */
		unsigned keep = s->sent < QUERIES ? s->held_count / 4 : 0;
		while (s->held_count > keep) {
			unsigned i = random_u32(&random_block) % s->held_count;

			answer(&s->held[i]);
			s->held[i] = s->held[--s->held_count];
			s->inflight_keys[i] = s->inflight_keys[s->held_count];
		}
	}
	assert_int_equal(s->replied, QUERIES);
	assert_int_equal(s->repeated, 0);
	for (unsigned i = 0; i < 65536; i++) {
		high[i >> 8] += s->ids[i];
		low[i & 255] += s->ids[i];
		ports += s->ports[i] > 0;
		most = s->ports[i] > most ? s->ports[i] : most;
	}
	/* 255 degrees of freedom: mean 255, standard deviation 22.6. Six of these are one in a thousand
	 * million. */
	assert_true(chi_square(high, 256, QUERIES / 256.0) < 255 + 6 * 22.6);
	assert_true(chi_square(low, 256, QUERIES / 256.0) < 255 + 6 * 22.6);
	print_message("# %u ports, at most %u queries from one\n", ports, most);
	assert_true(ports >= 500);
	assert_true(most < QUERIES / 50);
	double upper = s->case_bits / (QUERIES * 10.0);
	assert_true(upper > 0.49 && upper < 0.51);
	close_server(s);
	ev_loop_destroy(loop);
}

/* One query at a time: each has a port of its own. */
static void test_ports_at_rest(void **state)
{
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	struct seen *s = open_server(loop, hold);
	unsigned ports = 0;

	for (unsigned i = 0; i < 500; i++) {
		send_one(s);
		while (!s->held_count)
			ev_run(loop, EVRUN_ONCE);
		answer(&s->held[--s->held_count]);
		while (s->in_flight)
			ev_run(loop, EVRUN_ONCE);
	}
	for (unsigned i = 0; i < 65536; i++)
		ports += s->ports[i] > 0;
	assert_true(ports > 450);
	close_server(s);
	ev_loop_destroy(loop);
}

static void test_limit(void **state)
{
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	struct seen *s = open_server(loop, NULL);
	uint8_t packet[SPELLING_QUERY_MAX];
	size_t len = make_packet(packet);

	for (unsigned i = 0; i < UPSTREAM_INFLIGHT_MAX; i++)
		send_one(s);
	assert_int_equal(upstream_send(s->u, false, packet, len, on_done, s), ERR_LIMIT);
	close_server(s);
	ev_loop_destroy(loop);
}

static void test_health(void **state)
{
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	struct seen *s = open_server(loop, NULL);

	assert_int_equal(upstream_health(s->u), UPSTREAM_WELL);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(upstream_health(s->u), UPSTREAM_WELL);
		upstream_note(s->u, UPSTREAM_TIMEOUT, 0);
	}
	assert_int_equal(upstream_health(s->u), UPSTREAM_ILL);
	while (upstream_health(s->u) == UPSTREAM_ILL)
		ev_run(loop, EVRUN_NOWAIT);
	assert_int_equal(upstream_health(s->u), UPSTREAM_PROBE);
	send_one(s); /* the only one */
	assert_int_equal(upstream_health(s->u), UPSTREAM_ILL);
	upstream_note(s->u, UPSTREAM_REPLIED, 0.1);
	assert_int_equal(upstream_health(s->u), UPSTREAM_WELL);
	/* Those that were sent before the last reply say nothing about now. */
	for (int i = 0; i < 10; i++)
		upstream_note(s->u, UPSTREAM_TIMEOUT, 5);
	assert_int_equal(upstream_health(s->u), UPSTREAM_WELL);
	for (int i = 0; i < 100; i++)
		upstream_note(s->u, UPSTREAM_REPLIED, 0.001);
	assert_true(upstream_patience(s->u) >= 0.1 && upstream_patience(s->u) < 0.11);
	for (int i = 0; i < 100; i++)
		upstream_note(s->u, UPSTREAM_REPLIED, 5);
	assert_true(upstream_patience(s->u) <= 0.8);
	upstream_note_edns(s->u, false);
	assert_false(upstream_takes_edns(s->u));
	close_server(s);
	ev_loop_destroy(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unpredictable),
		cmocka_unit_test(test_ports_at_rest),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_health),
	};

	if (siphash_init())
		return 1;
	return cmocka_run_group_tests_name("upstream", tests, NULL, NULL);
}
