/* SPDX-License-Identifier: Apache-2.0 */
#include "forward/cache.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "answer/rcode.h"
#include "base/counter.h"
#include "base/siphash.h"
#include "base/wire.h"

#define ENTRY_BYTES 4096 /* of a message, where the configuration says nothing */
#define LOOK_MAX    64   /* entries that are looked at for one to be evicted */
#define KEY_EXTRA   6    /* type, class, the two bits */
#define FIXED       4    /* type and class at the end of a question */

struct entry {
	struct message *message;
	uint64_t hash;
	uint32_t stored; /* when */
	uint32_t ttl;
	bool used; /* since the hand passed */
	bool dnssec_ok, checking_disabled;
};

struct slot {
	uint32_t tag;   /* of the hash: what is not in the slot's place */
	uint32_t entry; /* number + 1; 0: empty */
};

/* Entries of a kind, without holes. The clock's hand goes round them: what was used since it came by last is
 * spared. */
struct pool {
	struct entry *entries;
	unsigned first; /* number of entries[0] in the table */
	unsigned count, max;
	unsigned hand;
	size_t bytes, bytes_max;
};

enum { POSITIVE, NEGATIVE, POOLS };

struct cache {
	struct slot *slots; /* open hash table, linear, at most half full */
	uint32_t mask;
	uint32_t stale_max;
	struct pool pools[POOLS];
	struct cache_counters counters;
};

struct cache *cache_new(const struct cache_settings *settings)
{
	struct cache *cache = calloc(1, sizeof(*cache));
	size_t slots = 2, bytes = settings->bytes ? settings->bytes : (size_t)settings->entries * ENTRY_BYTES;

	if (!cache)
		return NULL;
	struct pool *positive = &cache->pools[POSITIVE], *negative = &cache->pools[NEGATIVE];
	while (slots < (size_t)settings->entries * 2)
		slots *= 2;
	cache->mask = (uint32_t)(slots - 1);
	cache->stale_max = settings->stale_max;
	negative->max = settings->entries / 4;
	negative->bytes_max = bytes / 4;
	positive->max = settings->entries - negative->max;
	positive->bytes_max = bytes - negative->bytes_max;
	negative->first = positive->max;
	cache->slots = calloc(slots, sizeof(cache->slots[0]));
	positive->entries = calloc(settings->entries + 1u, sizeof(positive->entries[0]));
	if (!cache->slots || !positive->entries) {
		cache_free(cache);
		return NULL;
	}
	negative->entries = positive->entries + positive->max;
	return cache;
}

void cache_free(struct cache *cache)
{
	if (!cache)
		return;
	for (unsigned kind = 0; kind < POOLS; kind++)
		for (unsigned i = 0; i < cache->pools[kind].count; i++)
			message_free(cache->pools[kind].entries[i].message);
	free(cache->pools[POSITIVE].entries);
	free(cache->slots);
	free(cache);
}

static uint64_t hash_of(const struct cache_key *key)
{
	uint8_t bytes[DNAME_MAX + KEY_EXTRA];
	uint8_t *extra = bytes + key->name_len;

	memcpy(bytes, key->name, key->name_len);
	wire_put_u16(extra, key->type);
	wire_put_u16(extra + 2, key->class);
	extra[4] = key->dnssec_ok;
	extra[5] = key->checking_disabled;
	return siphash13(&siphash_process_key, bytes, key->name_len + KEY_EXTRA);
}

static uint32_t tag_of(uint64_t hash)
{
	return (uint32_t)(hash >> 32);
}

static struct pool *pool_of(struct cache *cache, uint32_t number)
{
	return &cache->pools[number >= cache->pools[NEGATIVE].first];
}

/* The question stands in the message, so an entry needs no name of its own. */
static bool is_match(const struct entry *entry, const struct cache_key *key)
{
	const uint8_t *question = message_bytes(entry->message) + DNS_HEADER;

	return entry->message->question_len == key->name_len + FIXED &&
	       !memcmp(question, key->name, key->name_len) &&
	       wire_get_u16(question + key->name_len) == key->type &&
	       wire_get_u16(question + key->name_len + 2) == key->class &&
	       entry->dnssec_ok == key->dnssec_ok && entry->checking_disabled == key->checking_disabled;
}

/* The slot of the key's entry, or the empty one where it would be. */
static struct slot *find_slot(const struct cache *cache, const struct cache_key *key, uint64_t hash)
{
	for (uint32_t i = (uint32_t)hash & cache->mask;; i = (i + 1) & cache->mask) {
		struct slot *slot = &cache->slots[i];

		if (!slot->entry)
			return slot;
		if (slot->tag == tag_of(hash) &&
			is_match(&cache->pools[POSITIVE].entries[slot->entry - 1], key))
			return slot;
	}
}

static struct slot *slot_of_entry(const struct cache *cache, uint64_t hash, uint32_t number)
{
	uint32_t i = (uint32_t)hash & cache->mask;

	while (cache->slots[i].entry != number + 1)
		i = (i + 1) & cache->mask;
	return &cache->slots[i];
}

/* Empties the slot; those behind it that were pushed out of their place by it move up. */
static void clear_slot(struct cache *cache, struct slot *slot)
{
	const struct entry *entries = cache->pools[POSITIVE].entries;
	uint32_t hole = (uint32_t)(slot - cache->slots);

	for (uint32_t i = (hole + 1) & cache->mask; cache->slots[i].entry; i = (i + 1) & cache->mask) {
		uint32_t home = (uint32_t)entries[cache->slots[i].entry - 1].hash & cache->mask;

		if (((i - home) & cache->mask) < ((i - hole) & cache->mask))
			continue;
		cache->slots[hole] = cache->slots[i];
		hole = i;
	}
	cache->slots[hole].entry = 0;
}

static size_t size_of(const struct message *m)
{
	return sizeof(*m) + m->record_count * sizeof(m->records[0]) + m->len;
}

static void count_entries(struct cache *cache)
{
	const struct pool *positive = &cache->pools[POSITIVE], *negative = &cache->pools[NEGATIVE];

	counter_set(&cache->counters.entries, positive->count + negative->count);
	counter_set(&cache->counters.negative, negative->count);
	counter_set(&cache->counters.bytes, positive->bytes + negative->bytes);
}

static void remove_entry(struct cache *cache, uint32_t number)
{
	struct pool *pool = pool_of(cache, number);
	struct entry *entry = &pool->entries[number - pool->first], *last = &pool->entries[pool->count - 1];

	clear_slot(cache, slot_of_entry(cache, entry->hash, number));
	pool->bytes -= size_of(entry->message);
	message_free(entry->message);
	if (entry != last) {
		slot_of_entry(cache, last->hash, pool->first + pool->count - 1)->entry = number + 1;
		*entry = *last;
	}
	pool->count--;
	count_entries(cache);
}

/* `extra`: seconds after its end. */
static bool is_over(const struct entry *entry, uint32_t now, uint32_t extra)
{
	return now - entry->stored >= (uint64_t)entry->ttl + extra;
}

static bool may_be_stale(const struct message *m)
{
	return m->rcode == RCODE_NOERROR || m->rcode == RCODE_NXDOMAIN;
}

static bool is_useless(const struct cache *cache, const struct entry *entry, uint32_t now)
{
	return is_over(entry, now, may_be_stale(entry->message) ? cache->stale_max : 0);
}

static void evict_one(struct cache *cache, struct pool *pool, uint32_t now)
{
	for (unsigned looks = 0;; looks++, pool->hand++) {
		if (pool->hand + 1 >= pool->count) /* the last one is the newest */
			pool->hand = 0;
		struct entry *entry = &pool->entries[pool->hand];

		if (!entry->used || looks == LOOK_MAX || is_useless(cache, entry, now))
			break;
		entry->used = false;
	}
	remove_entry(cache, pool->first + pool->hand);
	pool->hand++; /* the newest one has just moved there */
	counter_add(&cache->counters.evicted, 1);
}

const struct message *cache_find(
	struct cache *cache, const struct cache_key *key, uint32_t now, bool stale, uint32_t *age)
{
	struct slot *slot = find_slot(cache, key, hash_of(key));
	struct entry *entry = slot->entry ? &cache->pools[POSITIVE].entries[slot->entry - 1] : NULL;

	if (!entry || is_useless(cache, entry, now) || (is_over(entry, now, 0) && !stale)) {
		counter_add(&cache->counters.misses, 1);
		return NULL;
	}
	if (is_over(entry, now, 0))
		counter_add(&cache->counters.stale, 1);
	else
		counter_add(&cache->counters.hits, 1);
	entry->used = true;
	*age = now - entry->stored;
	return entry->message;
}

static uint32_t kept_seconds(const struct message *m)
{
	uint32_t max = m->negative ? CACHE_TTL_NEGATIVE_MAX : CACHE_TTL_MAX;

	return m->ttl < max ? m->ttl : max;
}

void cache_put(struct cache *cache, const struct cache_key *key, struct message *message, uint32_t now)
{
	struct pool *pool = &cache->pools[message->negative ? NEGATIVE : POSITIVE];
	uint64_t hash = hash_of(key);
	struct slot *slot = find_slot(cache, key, hash);
	size_t size = size_of(message);

	assert(message->question_len == key->name_len + FIXED);
	if (message->ttl < CACHE_TTL_MIN || size > pool->bytes_max || !pool->max)
		goto drop;
	if (slot->entry) {
		uint32_t number = slot->entry - 1;

		if (!may_be_stale(message) &&
			!is_useless(cache, &cache->pools[POSITIVE].entries[number], now))
			goto drop;
		remove_entry(cache, number);
	}
	while (pool->count == pool->max || pool->bytes + size > pool->bytes_max)
		evict_one(cache, pool, now);
	slot = find_slot(cache, key, hash);
	slot->tag = tag_of(hash);
	slot->entry = pool->first + pool->count + 1;
	pool->entries[pool->count++] = (struct entry){
		.message = message,
		.hash = hash,
		.stored = now,
		.ttl = kept_seconds(message),
		.dnssec_ok = key->dnssec_ok,
		.checking_disabled = key->checking_disabled,
	};
	pool->bytes += size;
	count_entries(cache);
	return;
drop:
	message_free(message);
}

void cache_read_counters(const struct cache *cache, struct cache_counters *out)
{
	*out = (struct cache_counters){0};
	counters_add(out, &cache->counters, sizeof(*out));
}
