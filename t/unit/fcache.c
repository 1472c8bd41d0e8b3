/* SPDX-License-Identifier: Apache-2.0 */
/* forward/cache: what is found, for how long, and what has to go. */
#include "t/unit/unit.h"

#include <stdio.h>

#include "base/siphash.h"
#include "forward/cache.h"
#include "t/unit/packet.h"
#include "zone/snapshot.h"

static struct packet p;
static uint8_t names[64][DNAME_MAX];
static unsigned next_name;

static struct cache_key key_of(const char *name)
{
	uint8_t *wire = names[next_name++ % 64];

	return (struct cache_key){
		.name = wire,
		.name_len = (uint8_t)dname_from_text(wire, name, strlen(name)),
		.type = RR_A,
		.class = 1,
	};
}

static struct cache_key numbered(unsigned i)
{
	char name[32];

	sprintf(name, "n%u.example.", i);
	return key_of(name);
}

static struct message *make(const struct cache_key *key, uint32_t ttl, bool negative)
{
	char name[DNAME_TEXT_MAX];
	struct message *m;

	dname_to_text(name, key->name);
	packet_begin(&p, 0, name, key->type);
	if (negative)
		packet_add_soa(&p, ".", ttl, ttl);
	else
		packet_add(&p, 0, PACKET_QUESTION, key->type, ttl, "abcd", 4);
	assert_int_equal(packet_check(&p, &m), 0);
	return m;
}

static void put(struct cache *cache, struct cache_key key, uint32_t ttl, bool negative, uint32_t now)
{
	cache_put(cache, &key, make(&key, ttl, negative), now);
}

static const struct message *find(struct cache *cache, struct cache_key key, uint32_t now, bool stale)
{
	uint32_t age;

	return cache_find(cache, &key, now, stale, &age);
}

static struct cache *new_cache(unsigned entries, size_t bytes, unsigned stale_max)
{
	struct cache_settings settings = {entries, bytes, stale_max};
	struct cache *cache = cache_new(&settings);

	assert_non_null(cache);
	return cache;
}

static struct cache_counters counters_of(const struct cache *cache)
{
	struct cache_counters counters;

	cache_read_counters(cache, &counters);
	return counters;
}

static void test_find(void **state)
{
	struct cache *cache = new_cache(100, 0, 0);
	struct cache_key key = key_of("a.example."), other = key;
	uint32_t age = 0;

	(void)state;
	assert_null(find(cache, key, 1000, true));
	struct message *m = make(&key, 60, false);
	cache_put(cache, &key, m, 1000);
	assert_ptr_equal(cache_find(cache, &key, 1000, false, &age), m);
	assert_int_equal(age, 0);
	assert_ptr_equal(cache_find(cache, &key, 1059, false, &age), m);
	assert_int_equal(age, 59);
	assert_null(find(cache, key, 1060, false));
	assert_null(find(cache, key, 1060, true)); /* nothing stale is wanted */
	other.type = RR_AAAA;
	assert_null(find(cache, other, 1000, false));
	other = key, other.class = 3;
	assert_null(find(cache, other, 1000, false));
	other = key, other.dnssec_ok = true;
	assert_null(find(cache, other, 1000, false));
	other = key, other.checking_disabled = true;
	assert_null(find(cache, other, 1000, false));
	assert_null(find(cache, key_of("example."), 1000, false));
	assert_null(find(cache, key_of("b.example."), 1000, false));
	assert_int_equal(counters_of(cache).hits, 2);
	assert_int_equal(counters_of(cache).misses, 9);
	cache_free(cache);
}

static void test_clock_wraps(void **state)
{
	struct cache *cache = new_cache(100, 0, 10);
	struct cache_key key = key_of("a.");
	uint32_t age = 0;

	(void)state;
	put(cache, key, 60, false, UINT32_MAX - 9);
	assert_non_null(cache_find(cache, &key, 20, false, &age));
	assert_int_equal(age, 30);
	assert_null(find(cache, key, 50, false));
	assert_non_null(find(cache, key, 59, true));
	assert_null(find(cache, key, 60, true));
	cache_free(cache);
}

static void test_stale(void **state)
{
	struct cache *cache = new_cache(100, 0, 3600);
	struct cache_key key = key_of("a.example.");
	uint32_t age = 0;

	(void)state;
	put(cache, key, 60, false, 0);
	assert_null(find(cache, key, 60, false));
	assert_non_null(cache_find(cache, &key, 60, true, &age));
	assert_int_equal(age, 60);
	assert_non_null(find(cache, key, 3659, true));
	assert_null(find(cache, key, 3660, true));
	assert_int_equal(counters_of(cache).stale, 2);
	cache_free(cache);
}

static void test_ceilings(void **state)
{
	struct cache *cache = new_cache(100, 0, 0);
	struct cache_key key = key_of("a."), none = key_of("b.");

	(void)state;
	put(cache, key, 1000000, false, 0);
	put(cache, none, 1000000, true, 0);
	assert_non_null(find(cache, key, CACHE_TTL_MAX - 1, false));
	assert_null(find(cache, key, CACHE_TTL_MAX, false));
	assert_non_null(find(cache, none, CACHE_TTL_NEGATIVE_MAX - 1, false));
	assert_null(find(cache, none, CACHE_TTL_NEGATIVE_MAX, false));
	put(cache, key_of("c."), 0, false, 0); /* not to be kept */
	assert_null(find(cache, key_of("c."), 0, true));
	cache_free(cache);
}

static void test_replace(void **state)
{
	struct cache *cache = new_cache(100, 0, 100);
	struct cache_key key = key_of("a.");

	(void)state;
	put(cache, key, 60, false, 0);
	put(cache, key, 60, true, 10); /* from one pool to the other, and back */
	assert_true(find(cache, key, 20, false)->negative);
	assert_int_equal(counters_of(cache).entries, 1);
	assert_int_equal(counters_of(cache).negative, 1);
	put(cache, key, 60, false, 30);
	assert_false(find(cache, key, 89, false)->negative);
	assert_int_equal(counters_of(cache).entries, 1);
	assert_int_equal(counters_of(cache).negative, 0);
	put(cache, key, 0, false, 30); /* leaves what is there */
	assert_non_null(find(cache, key, 89, false));
	assert_int_equal(counters_of(cache).evicted, 0);
	cache_free(cache);
}

static void put_failure(struct cache *cache, struct cache_key key, uint32_t now)
{
	struct message *m;

	packet_begin(&p, 0, "a.", RR_A);
	assert_int_equal(message_new_error(2, p.question, p.question_len, CACHE_TTL_FAILURE, &m), 0);
	cache_put(cache, &key, m, now);
}

static void test_failure(void **state)
{
	struct cache *cache = new_cache(100, 0, 100);
	struct cache_key key = key_of("a.");

	(void)state;
	put_failure(cache, key, 0);
	assert_int_equal(find(cache, key, 0, false)->rcode, 2);
	assert_null(find(cache, key, 1, false));
	assert_null(find(cache, key, 1, true)); /* never stale */
	put(cache, key, 60, false, 1);
	put_failure(cache, key, 100); /* a stale answer is better */
	assert_int_equal(find(cache, key, 100, true)->rcode, 0);
	put_failure(cache, key, 161);
	assert_int_equal(find(cache, key, 161, false)->rcode, 2);
	cache_free(cache);
}

static void test_off(void **state)
{
	struct cache *cache = new_cache(0, 0, 100);

	(void)state;
	put(cache, key_of("a."), 60, false, 0);
	put(cache, key_of("b."), 60, true, 0);
	assert_null(find(cache, key_of("a."), 0, true));
	assert_int_equal(counters_of(cache).entries, 0);
	cache_free(cache);
	for (unsigned entries = 1; entries < 10; entries++) {
		cache = new_cache(entries, 0, 100);
		for (unsigned i = 0; i < 100; i++)
			put(cache, numbered(i), 60, i & 1, 0);
		assert_int_equal(counters_of(cache).entries, entries);
		cache_free(cache);
	}
}

static void test_shares(void **state)
{
	struct cache *cache = new_cache(1000, 0, 0);
	unsigned found = 0;

	(void)state;
	for (unsigned i = 0; i < 750; i++)
		put(cache, numbered(i), 60, false, 0);
	for (unsigned i = 1000; i < 20000; i++)
		put(cache, numbered(i), 60, true, 0);
	for (unsigned i = 0; i < 750; i++)
		found += find(cache, numbered(i), 0, false) != NULL;
	assert_int_equal(found, 750); /* what is not there pushes nothing out that is */
	assert_int_equal(counters_of(cache).negative, 250);
	assert_int_equal(counters_of(cache).evicted, 19000 - 250);
	cache_free(cache);
}

/* What is asked for again and again stays, whatever passes through. */
static void test_eviction(void **state)
{
	struct cache *cache = new_cache(1000, 0, 0);

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		put(cache, numbered(i), 60, false, 0);
	for (unsigned i = 1000; i < 20000; i++) {
		put(cache, numbered(i), 60, false, 0);
		if (i % 100 == 0)
			for (unsigned j = 0; j < 100; j++)
				find(cache, numbered(j), 0, false);
	}
	unsigned found = 0;
	for (unsigned i = 0; i < 100; i++)
		found += find(cache, numbered(i), 0, false) != NULL;
	assert_true(found >= 95);
	assert_int_equal(counters_of(cache).entries, 750);
	cache_free(cache);
}

/* Where nothing is used twice, what came last is there. */
static void test_newest(void **state)
{
	struct cache *cache = new_cache(40, 0, 0);

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		put(cache, numbered(i), 60, false, 1000);
	for (unsigned i = 1000 - 28; i < 1000; i++)
		assert_non_null(find(cache, numbered(i), 1000, false));
	assert_int_equal(counters_of(cache).entries, 30);
	cache_free(cache);
}

static void test_bytes(void **state)
{
	struct cache *cache = new_cache(1000, 20000, 0);
	struct cache_counters counters;
	static const uint8_t large[16000] = {0};
	struct cache_key key = key_of("large.");
	struct message *m;

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		put(cache, numbered(i), 60, i % 3 == 0, 0);
		counters = counters_of(cache);
		assert_true(counters.bytes <= 20000);
	}
	assert_true(counters.bytes > 19000 && counters.entries < 300);
	key.type = 16;
	packet_begin(&p, 0, "large.", 16);
	packet_add(&p, 0, PACKET_QUESTION, 16, 60, large, sizeof(large));
	assert_int_equal(packet_check(&p, &m), 0);
	cache_put(cache, &key, m, 0); /* larger than all that there is */
	assert_null(find(cache, key, 0, false));
	assert_int_equal(counters_of(cache).entries, counters.entries);
	cache_free(cache);
}

static uint64_t seed = 1;

static uint32_t pick(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((seed >> 33) % below);
}

/* Against an array that forgets nothing: all that the cache gives is right, and what it has no reason to
 * forget it has. */
static void test_random(void **state)
{
	enum { NAMES = 400 };
	static struct {
		uint32_t stored, ttl;
		bool there, negative;
	} model[NAMES];

	(void)state;
	for (unsigned entries = 50; entries <= 3200; entries *= 8) {
		struct cache *cache = new_cache(entries, 0, 20);
		uint32_t now = 0;

		memset(model, 0, sizeof(model));
		for (unsigned step = 0; step < 30000; step++) {
			unsigned i = pick(NAMES);
			struct cache_key key = numbered(i);
			uint32_t age = 0;

			now += pick(20) == 0;
			if (pick(2)) {
				model[i].stored = now;
				model[i].ttl = 1 + pick(100);
				model[i].negative = pick(3) == 0;
				model[i].there = true;
				put(cache, key, model[i].ttl, model[i].negative, now);
				continue;
			}
			bool stale = pick(2);
			const struct message *m = cache_find(cache, &key, now, stale, &age);
			bool due = model[i].there && now - model[i].stored < model[i].ttl + (stale ? 20 : 0);
			if (m) {
				assert_true(due);
				assert_int_equal(age, now - model[i].stored);
				assert_int_equal(m->negative, model[i].negative);
				assert_int_equal(m->ttl, model[i].ttl);
				assert_memory_equal(message_bytes(m) + DNS_HEADER, key.name, key.name_len);
			} else {
				assert_true(!due || entries < 4 * NAMES);
			}
		}
		assert_true(counters_of(cache).entries <= entries);
		cache_free(cache);
	}
}

static int set_up(void **state)
{
	(void)state;
	return siphash_init();
}

#define TEST(name) cmocka_unit_test(test_##name)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(find),
		TEST(clock_wraps),
		TEST(stale),
		TEST(ceilings),
		TEST(replace),
		TEST(failure),
		TEST(off),
		TEST(shares),
		TEST(eviction),
		TEST(newest),
		TEST(bytes),
		TEST(random),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
