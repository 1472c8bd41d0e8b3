/* SPDX-License-Identifier: Apache-2.0 */
/* The forwarder between clients that are only function calls and servers that misbehave to order. */
#include "t/unit/unit.h"

#include <stdio.h>
#include <time.h>

#include "answer/rcode.h"
#include "base/siphash.h"
#include "base/wire.h"
#include "forward/forward.h"
#include "t/unit/fake_dns.h"

#define SERVERS 3
#define REPLIES 4096

struct reply {
	uint32_t ticket;
	uint16_t id, flags;
	unsigned rcode, answers;
	int ede; /* -1: none */
	uint32_t ttl;
	size_t len;
	double at;
};

struct world {
	struct ev_loop *loop;
	struct fake_dns servers[SERVERS];
	struct conf_server addresses[SERVERS];
	struct conf_servers resolvers;
	struct forward_settings settings;
	struct conf_prefix allow;
	struct forwarder *f;
	ev_timer guard;
	struct reply replies[REPLIES];
	unsigned count;
	bool guarded; /* the time for the test is over */
	struct fake_query held[64];
	unsigned held_count;
	unsigned step;
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void read_reply(struct world *w, const struct forward_client *client, const uint8_t *p, size_t len)
{
	struct reply *r = &w->replies[w->count++];
	size_t at = 12;

	assert_true(w->count <= REPLIES && len >= 12);
	memset(r, 0, sizeof(*r));
	memcpy(&r->ticket, client->ticket, sizeof(r->ticket));
	r->id = wire_get_u16(p);
	r->flags = wire_get_u16(p + 2);
	r->rcode = r->flags & 15;
	r->answers = wire_get_u16(p + 6);
	r->len = len;
	r->at = now();
	r->ede = -1;
	assert_true(r->flags & FLAG_QR);
	while (p[at])
		at += 1u + p[at];
	at += 5;
	if (r->answers)
		r->ttl = wire_get_u32(p + at + 6);
	if (wire_get_u16(p + 10) && len >= 17 && p[len - 17] == 0 && p[len - 16] == 0 && p[len - 15] == 41 &&
		wire_get_u16(p + len - 6) == 15)
		r->ede = wire_get_u16(p + len - 2);
}

static void on_reply(void *ctx, const struct forward_client *client, const uint8_t *reply, size_t len)
{
	read_reply(ctx, client, reply, len);
}

static void on_guard(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct world *w = timer->data;

	w->guarded = true;
}

static struct world *world_new(fake_fn *first, fake_fn *second, fake_fn *third)
{
	struct world *w = calloc(1, sizeof(*w));
	fake_fn *const fns[SERVERS] = {first, second, third};

	assert_non_null(w);
	w->loop = ev_loop_new(EVFLAG_AUTO);
	assert_non_null(w->loop);
	for (int i = 0; i < SERVERS; i++) {
		fake_start(&w->servers[i], w->loop, fns[i], w);
		assert_int_equal(addr_parse(&w->addresses[i].addr, "127.0.0.1", 9), 0);
		w->addresses[i].port = w->servers[i].port;
		w->resolvers.count += fns[i] != NULL;
	}
	w->resolvers.items = w->addresses;
	assert_int_equal(addr_parse(&w->allow.addr, "127.0.0.0", 9), 0);
	w->allow.bits = 8;
	w->settings = (struct forward_settings){
		.resolvers = &w->resolvers,
		.allow = &w->allow,
		.allow_count = 1,
		.timeout = 1,
		.enabled = true,
		.recursion_available = true,
		.set_truncate_bit = true,
		.edns_udp_size = 1232,
		.cache = {.entries = 1000, .stale_max = 3600},
		.inflight_max = 4096,
		.clients_max = 16384,
		.clients_per_address_max = 1000,
	};
	ev_timer_init(&w->guard, on_guard, 20, 0);
	w->guard.data = w;
	return w;
}

static void start(struct world *w)
{
	int err;

	ev_timer_start(w->loop, &w->guard);
	w->f = forwarder_new(w->loop, &w->settings, on_reply, w, &err);
	assert_non_null(w->f);
}

static void world_free(struct world *w)
{
	forwarder_free(w->f);
	for (int i = 0; i < SERVERS; i++)
		fake_stop(&w->servers[i]);
	ev_timer_stop(w->loop, &w->guard);
	ev_loop_destroy(w->loop);
	free(w);
}

struct ask {
	const char *name;
	uint16_t type, flags, limit;
	bool tcp, edns, dnssec_ok, as_is;
	const char *from;
};

static uint8_t packets[512];

static size_t make_query(const struct ask *a, uint16_t id)
{
	struct wire_writer w;
	uint8_t name[DNAME_MAX];
	size_t n = dname_from_text(name, a->name, strlen(a->name));

	assert_true(n > 0);
	wire_writer_init(&w, packets, sizeof(packets));
	wire_write_u16(&w, id);
	wire_write_u16(&w, a->flags ? a->flags : FLAG_RD);
	wire_write_u16(&w, 1);
	wire_write_u16(&w, 0);
	wire_write_u16(&w, 0);
	wire_write_u16(&w, a->edns);
	wire_write(&w, name, n);
	wire_write_u16(&w, a->type ? a->type : 1);
	wire_write_u16(&w, CLASS_IN);
	if (a->edns) {
		wire_write_u8(&w, 0);
		wire_write_u16(&w, 41);
		wire_write_u16(&w, 1232);
		wire_write_u16(&w, 0);
		wire_write_u16(&w, a->dnssec_ok ? 0x8000 : 0);
		wire_write_u16(&w, 0);
	}
	return wire_written(&w);
}

static enum forward_verdict ask_packet(struct world *w, const struct ask *a, uint32_t ticket, const uint8_t *packet, size_t len)
{
	static uint8_t reply[65535];
	struct forward_client client = {.tcp = a->tcp, .limit = a->limit ? a->limit : a->tcp ? 65535 : a->edns ? 1232 : 512};
	const char *from = a->from ? a->from : "127.0.0.1";
	struct query query;
	size_t reply_len = 0;

	assert_int_equal(addr_parse(&client.addr, from, strlen(from)), 0);
	memcpy(client.ticket, &ticket, sizeof(ticket));
	assert_int_equal(query_parse(&query, packet, len), 0);
	enum forward_verdict v = forward_query(w->f, &client, &query, ticket * 2654435761u, reply, &reply_len);
	if (v == FORWARD_REPLY)
		read_reply(w, &client, reply, reply_len);
	return v;
}

static enum forward_verdict ask(struct world *w, const struct ask *a, uint32_t ticket)
{
	size_t len = make_query(a, (uint16_t)ticket);

	return ask_packet(w, a, ticket, packets, len);
}

/* Runs the loop until there are that many replies. */
static void run_until(struct world *w, unsigned count)
{
	while (w->count < count && !w->guarded)
		ev_run(w->loop, EVRUN_ONCE);
	assert_int_equal(w->count, count);
}

static void run_for(struct world *w, double seconds)
{
	for (double end = now() + seconds; now() < end; ev_run(w->loop, EVRUN_NOWAIT))
		;
}

/* Asks and waits. */
static struct reply get(struct world *w, const struct ask *a)
{
	unsigned count = w->count + 1;

	ask(w, a, count);
	run_until(w, count);
	assert_int_equal(w->replies[count - 1].id, count);
	return w->replies[count - 1];
}

/* Servers. */

static void answers(struct fake_query *q)
{
	uint8_t reply[600];

	fake_send(q, reply, fake_reply(q, reply, 0, 2, 60));
}

static void silent(struct fake_query *q)
{
}

static void holds(struct fake_query *q)
{
	struct world *w = q->server->ctx;

	assert_true(w->held_count < 64);
	w->held[w->held_count++] = *q;
}

static void fails(struct fake_query *q)
{
	uint8_t reply[600];

	fake_send(q, reply, fake_reply(q, reply, RCODE_SERVFAIL, 0, 0));
}

static void test_answer_and_cache(void **state)
{
	struct world *w = world_new(answers, NULL, NULL);

	start(w);
	struct reply r = get(w, &(struct ask){.name = "www.example.com"});
	assert_int_equal(r.rcode, RCODE_NOERROR);
	assert_int_equal(r.answers, 2);
	assert_true(r.flags & FLAG_RA && r.flags & FLAG_RD && !(r.flags & FLAG_AA));
	assert_int_equal(ask(w, &(struct ask){.name = "www.example.com"}, 7), FORWARD_REPLY);
	assert_int_equal(w->servers[0].udp, 1);
	assert_int_equal(forward_counters(w->f)->cached, 1);
	world_free(w);
}

static void test_refused(void **state)
{
	struct world *w = world_new(answers, NULL, NULL);

	start(w);
	assert_int_equal(get(w, &(struct ask){.name = "a.example", .from = "192.0.2.1", .edns = true}).rcode, RCODE_REFUSED);
	assert_int_equal(w->replies[0].ede, 18);
	assert_int_equal(get(w, &(struct ask){.name = "a.example", .from = "::1"}).rcode, RCODE_REFUSED);
	assert_int_equal(get(w, &(struct ask){.name = "a.example", .flags = FLAG_CD}).rcode, RCODE_REFUSED);
	assert_int_equal(get(w, &(struct ask){.name = "a.example", .type = 252}).rcode, RCODE_REFUSED);
	assert_int_equal(get(w, &(struct ask){.name = "a.example", .type = 251}).rcode, RCODE_REFUSED);
	assert_int_equal(get(w, &(struct ask){.name = "a.example", .type = 41}).rcode, RCODE_FORMERR);
	w->settings.enabled = false;
	assert_int_equal(get(w, &(struct ask){.name = "a.example"}).rcode, RCODE_REFUSED);
	assert_int_equal(w->servers[0].udp, 0);
	assert_int_equal(forward_counters(w->f)->refused, 7);
	world_free(w);
}

static void test_join(void **state)
{
	struct world *w = world_new(holds, NULL, NULL);
	uint8_t reply[600];

	start(w);
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(ask(w, &(struct ask){.name = "join.example"}, i), FORWARD_WAITING);
	while (!w->held_count)
		ev_run(w->loop, EVRUN_ONCE);
	fake_send(&w->held[0], reply, fake_reply(&w->held[0], reply, 0, 1, 60));
	run_until(w, 100);
	assert_int_equal(w->servers[0].udp, 1);
	assert_int_equal(forward_counters(w->f)->joined, 99);
	for (uint32_t i = 0; i < 100; i++)
		assert_true(w->replies[i].ticket == i && w->replies[i].id == i && w->replies[i].answers == 1);
	world_free(w);
}

static void test_failover(void **state)
{
	struct world *w = world_new(silent, answers, NULL);
	double slow = 0;

	start(w);
	for (int i = 0; i < 30; i++) {
		char name[32];
		double began = now();

		snprintf(name, sizeof(name), "host%d.example", i);
		assert_int_equal(get(w, &(struct ask){.name = name}).answers, 2);
		if (now() - began > 0.05)
			slow += 1;
	}
	/* Three misses, then a probe or two that nobody waits for. */
	assert_true(slow <= 4);
	assert_true(w->servers[0].udp < 10);
	world_free(w);
}

static void test_servfail_elsewhere(void **state)
{
	struct world *w = world_new(fails, answers, NULL);

	start(w);
	double began = now();
	assert_int_equal(get(w, &(struct ask){.name = "a.example"}).answers, 2);
	assert_true(now() - began < 0.25);
	w->servers[1].fn = fails;
	assert_int_equal(get(w, &(struct ask){.name = "b.example"}).rcode, RCODE_SERVFAIL);
	unsigned asked = w->servers[0].udp + w->servers[1].udp;
	assert_int_equal(get(w, &(struct ask){.name = "b.example"}).rcode, RCODE_SERVFAIL);
	assert_int_equal(w->servers[0].udp + w->servers[1].udp, asked); /* it is known for a second */
	world_free(w);
}

static void test_all_silent(void **state)
{
	struct world *w = world_new(silent, silent, NULL);

	w->settings.timeout = 0.3;
	start(w);
	double began = now();
	struct reply r = get(w, &(struct ask){.name = "a.example", .edns = true});
	assert_int_equal(r.rcode, RCODE_SERVFAIL);
	assert_int_equal(r.ede, 22);
	assert_true(now() - began < 0.9);
	world_free(w);
}

static void answers_for_a_second(struct fake_query *q)
{
	uint8_t reply[600];

	fake_send(q, reply, fake_reply(q, reply, 0, 1, 1));
}

static void test_stale(void **state)
{
	struct world *w = world_new(answers_for_a_second, NULL, NULL);
	const struct ask ask_it = {.name = "a.example", .edns = true};

	w->settings.timeout = 0.3;
	start(w);
	assert_int_equal(get(w, &ask_it).answers, 1);
	w->servers[0].fn = silent;
	run_for(w, 2.1);
	struct reply r = get(w, &ask_it);
	assert_int_equal(r.answers, 1);
	assert_int_equal(r.ede, 3);
	assert_int_equal(r.ttl, 30);
	for (int i = 0; i < 3; i++)
		get(w, &ask_it);
	/* Now the server is known to be ill: nobody waits. */
	assert_int_equal(ask(w, &ask_it, 9), FORWARD_REPLY);
	assert_int_equal(w->replies[w->count - 1].ede, 3);
	assert_int_equal(forward_counters(w->f)->stale, 5);
	world_free(w);
}

static void test_free_in_flight(void **state)
{
	struct world *w = world_new(holds, NULL, NULL);

	start(w);
	for (uint32_t i = 0; i < 20; i++) {
		char name[32];

		snprintf(name, sizeof(name), "h%u.example", i);
		ask(w, &(struct ask){.name = name}, i);
	}
	while (w->held_count < 20)
		ev_run(w->loop, EVRUN_ONCE);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answer_and_cache),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_failover),
		cmocka_unit_test(test_servfail_elsewhere),
		cmocka_unit_test(test_all_silent),
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_free_in_flight),
	};

	if (siphash_init())
		return 1;
	return cmocka_run_group_tests_name("forward", tests, NULL, NULL);
}
