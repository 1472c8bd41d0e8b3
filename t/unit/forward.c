/* SPDX-License-Identifier: Apache-2.0 */
/* The forwarder with servers that answer, or do not. What worse ones do is in forward_faults.c. */
#include "t/unit/forward_world.h"

#include "base/siphash.h"
#include "forward/acl.h"

static void test_answer_and_cache(void **state)
{
	struct world *w = world_new(answers, NULL, NULL);

	world_start(w);
	struct reply r = get(w, &(struct ask){.name = "www.example.com"});
	assert_int_equal(r.rcode, RCODE_NOERROR);
	assert_int_equal(r.answers, 2);
	assert_true(r.flags & FLAG_RA && r.flags & FLAG_RD && !(r.flags & FLAG_AA));
	assert_int_equal(ask(w, &(struct ask){.name = "www.example.com"}, 7), FORWARD_REPLY);
	assert_int_equal(w->servers[0].udp, 1);
	assert_int_equal(forward_counters(w->f)->cached, 1);
	world_free(w);
}

static uint64_t timed(const struct histogram *h)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i <= HISTOGRAM_BOUNDS; i++)
		sum += h->buckets[i];
	return sum;
}

static void test_counters(void **state)
{
	struct world *w = world_new(holds, fails, NULL);
	const struct forward_counters *c;
	struct cache_counters cache;
	struct conf_server which;

	world_start(w);
	c = forward_counters(w->f);
	assert_int_equal(ask(w, &(struct ask){.name = "www.example.com"}, 0), FORWARD_WAITING);
	assert_int_equal(ask(w, &(struct ask){.name = "www.example.com"}, 1), FORWARD_WAITING);
	assert_int_equal(c->asking, 1);
	assert_int_equal(c->waiting, 2);
	while (!w->held_count)
		run_for(w, 0.001);
	answers(&w->held[0]);
	run_until(w, 2);
	assert_int_equal(c->asking, 0);
	assert_int_equal(c->waiting, 0);
	assert_int_equal(timed(&c->waited), 2);

	assert_int_equal(forward_upstream_count(w->f), w->resolvers.count);
	const struct upstream_counters *first = forward_upstream(w->f, 0, &which);
	assert_int_equal(which.port, w->addresses[0].port);
	assert_int_equal(first->replies, 1);
	assert_true(first->queries >= 1 && first->tcp_queries == 0);
	assert_int_equal(timed(&first->latency), 1);

	forward_read_cache(w->f, &cache);
	assert_int_equal(cache.entries, 1);
	assert_int_equal(cache.hits, 0);
	assert_true(cache.misses >= 2 && cache.bytes > 0);
	world_free(w);
}

static void test_refused(void **state)
{
	struct world *w = world_new(answers, NULL, NULL);

	world_start(w);
	assert_int_equal(get(w, &(struct ask){.name = "a.example", .from = "192.0.2.1", .edns = true}).rcode,
		RCODE_REFUSED);
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

	world_start(w);
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

	world_start(w);
	for (int i = 0; i < 30; i++) {
		char name[32];
		double began = world_clock();

		snprintf(name, sizeof(name), "host%d.example", i);
		assert_int_equal(get(w, &(struct ask){.name = name}).answers, 2);
		if (world_clock() - began > 0.05)
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

	world_start(w);
	double began = world_clock();
	assert_int_equal(get(w, &(struct ask){.name = "a.example"}).answers, 2);
	assert_true(world_clock() - began < 0.25);
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
	world_start(w);
	double began = world_clock();
	struct reply r = get(w, &(struct ask){.name = "a.example", .edns = true});
	assert_int_equal(r.rcode, RCODE_SERVFAIL);
	assert_int_equal(r.ede, 22);
	assert_true(world_clock() - began < 0.9);
	world_free(w);
}

/* Its time-out is waited out by the first, not by all. */
static void test_only_server_dead(void **state)
{
	struct world *w = world_new(silent, NULL, NULL);
	double began;

	w->settings.timeout = 2;
	world_start(w);
	get(w, &(struct ask){.name = "a.example"});
	get(w, &(struct ask){.name = "b.example"});
	began = world_clock();
	assert_int_equal(get(w, &(struct ask){.name = "c.example"}).rcode, RCODE_SERVFAIL);
	assert_true(world_clock() - began < 1.5);
	w->servers[0].fn = answers;
	began = world_clock();
	assert_int_equal(get(w, &(struct ask){.name = "d.example"}).answers, 2);
	assert_true(world_clock() - began < 0.5);
	world_free(w);
}

static void names_itself(struct fake_query *q)
{
	struct world *w = q->server->ctx;
	uint8_t reply[600];

	fake_send(q, reply, fake_reply(q, reply, 0, (unsigned)(q->server - w->servers) + 1, 60));
}

static void test_routes(void **state)
{
	struct world *w = world_new(names_itself, names_itself, names_itself);
	char corp[] = "corp.example", deep[] = "deep.corp.example";
	struct conf_zone_resolver zones[] = {
		{corp, {&w->addresses[1], 1}},
		{deep, {&w->addresses[2], 1}},
	};

	w->resolvers.count = 1;
	w->settings.zone_resolvers = zones;
	w->settings.zone_resolver_count = 2;
	world_start(w);
	assert_int_equal(get(w, &(struct ask){.name = "example"}).answers, 1);
	assert_int_equal(get(w, &(struct ask){.name = "notcorp.example"}).answers, 1);
	assert_int_equal(get(w, &(struct ask){.name = "."}).answers, 1);
	assert_int_equal(get(w, &(struct ask){.name = "corp.example"}).answers, 2);
	assert_int_equal(get(w, &(struct ask){.name = "a.b.corp.example"}).answers, 2);
	assert_int_equal(get(w, &(struct ask){.name = "deep.corp.example"}).answers, 3);
	assert_int_equal(get(w, &(struct ask){.name = "x.deep.corp.example"}).answers, 3);
	assert_int_equal(get(w, &(struct ask){.name = "xdeep.corp.example"}).answers, 2);
	world_free(w);
}

static void test_no_resolvers(void **state)
{
	struct world *w = world_new(NULL, NULL, NULL);

	world_start(w);
	assert_int_equal(get(w, &(struct ask){.name = "a.example"}).rcode, RCODE_SERVFAIL);
	world_free(w);
}

static bool allows(const char *prefix, uint8_t bits, const char *address)
{
	struct conf_prefix p = {.bits = bits};
	struct addr a;

	assert_int_equal(addr_parse(&p.addr, prefix, strlen(prefix)), 0);
	assert_int_equal(addr_parse(&a, address, strlen(address)), 0);
	return acl_allows(&p, 1, &a);
}

static void test_acl(void **state)
{
	const struct addr none = {.len = 0};

	assert_true(allows("10.0.0.0", 8, "10.255.1.2"));
	assert_false(allows("10.0.0.0", 8, "11.0.0.0"));
	assert_true(allows("172.16.0.0", 12, "172.31.255.255"));
	assert_false(allows("172.16.0.0", 12, "172.32.0.0"));
	assert_true(allows("192.0.2.1", 32, "192.0.2.1"));
	assert_false(allows("192.0.2.1", 32, "192.0.2.0"));
	assert_true(allows("0.0.0.0", 0, "198.51.100.7"));
	assert_false(allows("0.0.0.0", 0, "::1"));
	assert_true(allows("fe80::", 10, "febf::1"));
	assert_false(allows("fe80::", 10, "fec0::1"));
	assert_true(allows("::1", 128, "::1"));
	assert_false(allows("::1", 128, "::2"));
	assert_false(acl_allows(&(struct conf_prefix){.bits = 0}, 1, &none));
	assert_false(acl_allows(NULL, 0, &none));
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
	world_start(w);
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

	world_start(w);
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
		cmocka_unit_test(test_counters),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_failover),
		cmocka_unit_test(test_servfail_elsewhere),
		cmocka_unit_test(test_all_silent),
		cmocka_unit_test(test_only_server_dead),
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_no_resolvers),
		cmocka_unit_test(test_acl),
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_free_in_flight),
	};

	if (siphash_init())
		return 1;
	return cmocka_run_group_tests_name("forward", tests, NULL, NULL);
}
