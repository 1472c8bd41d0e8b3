/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/txn.h"

#include <assert.h>
#include <stdlib.h>

#include "zone/commit.h"
#include "zone/parts.h"

#define BUCKETS_FIRST 256
#define FOLD_TOUCHES  1024 /* which with the nodes made of them stay in a processor's second cache */

static struct zone_touch *touch_new(struct arena *arena, uint64_t hash, unsigned zone,
	const uint8_t *name, size_t len)
{
	struct zone_touch *touch = arena_alloc(arena, sizeof(*touch) + len);

	if (!touch)
		return NULL;
	*touch = (struct zone_touch){.hash = hash, .zone = (uint16_t)zone, .name_len = (uint8_t)len};
	memcpy(touch->name, name, len);
	return touch;
}

void zone_touch_look_up(struct zone_touch *touch, const struct pmap *nodes)
{
	touch->old = zone_find_hashed(nodes, touch->hash, touch->name, touch->name_len);
	if (!touch->old)
		return;
	touch->zone = touch->old->zone;
	for (unsigned i = 0; i < touch->old->set_count; i++)
		touch->has_srv |= touch->old->sets[i].type == RR_SRV;
}

struct zone_txn *zone_txn_begin(struct zone_store *store, size_t expected_names)
{
	const struct zone_apex *domain = &store->zones[0];
	struct zone_txn *txn = calloc(1, sizeof(*txn));

	assert(!store->txn);
	if (!txn)
		return NULL;
	*txn = (struct zone_txn){.store = store, .base = zone_store_read(store), .bucket_count = BUCKETS_FIRST,
		.expected_names = expected_names};
	txn->last = &txn->first;
	txn->buckets = calloc(txn->bucket_count, sizeof(txn->buckets[0]));
	if (txn->buckets)
		txn->apex = touch_new(&txn->apex_arena, zone_name_hash(domain->name, domain->name_len), 0,
			domain->name, domain->name_len);
	if (!txn->apex) {
		zone_txn_free(txn);
		return NULL;
	}
	return store->txn = txn;
}

void zone_txn_free(struct zone_txn *txn)
{
	txn->store->txn = NULL;
	arena_fini(&txn->arena);
	arena_fini(&txn->apex_arena);
	free(txn->buckets);
	free(txn);
}

void zone_txn_abort(struct zone_txn *txn)
{
	commit_abort(txn);
	zone_txn_free(txn);
}

int zone_txn_commit(struct zone_txn *txn, struct zone_commit *result)
{
	uint32_t serial = txn->store->serial;
	struct retired none = {0};
	int err = zone_txn_prepare(txn);

	if (err) {
		*result = (struct zone_commit){.serial = serial};
		return err;
	}
	zone_txn_publish(txn, NULL, &none, result);
	return 0;
}

int zone_txn_prepare(struct zone_txn *txn)
{
	int err = commit_prepare(txn);

	if (err)
		zone_txn_free(txn);
	return err;
}

void zone_txn_counts(const struct zone_txn *txn, uint32_t *added, uint32_t *removed)
{
	commit_counts(txn->commit, added, removed);
}

void zone_txn_publish(struct zone_txn *txn, const struct cluster_view *cluster, struct retired *elements,
	struct zone_commit *result)
{
	commit_publish(txn, cluster, elements, result);
	zone_txn_free(txn);
}

bool zone_txn_fold(struct zone_txn *txn)
{
	if (txn->touch_count < FOLD_TOUCHES || txn->delta_count < txn->records_reread || txn->failed)
		return false;
	commit_fold(txn);
	return true;
}

void zone_txn_reset(struct zone_txn *txn)
{
	arena_reset(&txn->arena);
	memset(txn->buckets, 0, txn->bucket_count * sizeof(txn->buckets[0]));
	txn->first = NULL;
	txn->last = &txn->first;
	txn->touch_count = txn->delta_count = 0;
	txn->has_static = false;
}

const struct pmap *zone_txn_nodes(const struct zone_txn *txn)
{
	return txn->commit ? commit_nodes(txn->commit) : txn->base->nodes;
}

struct zone_touch *zone_txn_find(const struct zone_txn *txn, uint64_t hash, const uint8_t *name, size_t len)
{
	struct zone_touch *touch = txn->buckets[hash & (txn->bucket_count - 1)];

	if (hash == txn->apex->hash && len == txn->apex->name_len && !memcmp(name, txn->apex->name, len))
		return txn->apex;
	while (touch && (touch->hash != hash || touch->name_len != len || memcmp(touch->name, name, len) != 0))
		touch = touch->next;
	return touch;
}

/* Twice the buckets, so that a bucket holds one touch on average. Without memory the table stays as it is. */
static void grow(struct zone_txn *txn)
{
	size_t count = txn->bucket_count * 2;
	struct zone_touch **buckets = calloc(count, sizeof(*buckets));

	if (!buckets)
		return;
	for (size_t i = 0; i < txn->bucket_count; i++) {
		for (struct zone_touch *touch = txn->buckets[i], *next; touch; touch = next) {
			next = touch->next;
			touch->next = buckets[touch->hash & (count - 1)];
			buckets[touch->hash & (count - 1)] = touch;
		}
	}
	free(txn->buckets);
	txn->buckets = buckets;
	txn->bucket_count = count;
}

struct zone_touch *zone_txn_name(struct zone_txn *txn, unsigned zone, const uint8_t *name, size_t len)
{
	uint64_t hash = zone_name_hash(name, len);
	struct zone_touch *touch = zone_txn_find(txn, hash, name, len);

	if (touch)
		return touch;
	if (txn->touch_count >= txn->bucket_count)
		grow(txn);
	touch = touch_new(&txn->arena, hash, zone, name, len);
	if (!touch) {
		txn->failed = true;
		return NULL;
	}
	touch->next = txn->buckets[hash & (txn->bucket_count - 1)];
	txn->buckets[hash & (txn->bucket_count - 1)] = touch;
	*txn->last = touch;
	txn->last = &touch->later;
	txn->touch_count++;
	return touch;
}

static struct zone_delta *add_delta(struct zone_txn *txn, struct zone_touch *touch, struct zone_delta values,
	size_t rdata_size)
{
	if (rdata_size < sizeof(values.rdata))
		rdata_size = sizeof(values.rdata);
	struct arena *arena = touch == txn->apex ? &txn->apex_arena : &txn->arena;
	struct zone_delta *delta = touch ? arena_alloc(arena, offsetof(struct zone_delta, rdata) + rdata_size) : NULL;
	if (!delta) {
		txn->failed = true;
		return NULL;
	}
	values.next = touch->deltas;
	memcpy(delta, &values, sizeof(values));
	touch->deltas = delta;
	touch->delta_count++;
	txn->delta_count++;
	touch->has_srv |= values.type == RR_SRV;
	txn->has_static |= values.rank == ZONE_RANK_STATIC;
	return delta;
}

void zone_txn_change(struct zone_txn *txn, struct zone_touch *touch, enum zone_rank rank, int change, uint16_t type,
	uint32_t ttl, const void *rdata, uint16_t rdlen)
{
	struct zone_delta *delta = add_delta(txn, touch,
		(struct zone_delta){.ttl = ttl, .type = type, .rdlen = rdlen, .change = (int8_t)change,
			.rank = (uint8_t)rank},
		rdlen);

	if (delta && rdlen)
		memcpy(delta->rdata, rdata, rdlen);
}

void zone_txn_change_srv(struct zone_txn *txn, struct zone_touch *touch, enum zone_rank rank, int change, uint32_t ttl,
	uint16_t priority, uint16_t weight, uint16_t port, struct zone_touch *target)
{
	struct zone_delta values = {.ttl = ttl, .type = RR_SRV, .change = (int8_t)change, .rank = (uint8_t)rank,
		.target = {target}};

	if (!target) {
		txn->failed = true;
		return;
	}
	wire_put_u16(values.srv, priority);
	wire_put_u16(values.srv + 2, weight);
	wire_put_u16(values.srv + 4, port);
	add_delta(txn, touch, values, sizeof(values.target));
}

void zone_txn_set_loaded(struct zone_txn *txn)
{
	txn->set_loaded = true;
}
