/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/version.h"

#include <assert.h>
#include <stdlib.h>

#include "base/rcu.h"
#include "zone/block.h"

struct zone_version {
	struct zone_snapshot snapshot; /* first: a snapshot's address is its version's */

	/* What is written while readers read the rest, in lines of its own. */
	_Alignas(CACHE_LINE) struct zone_version *next; /* the successor */
	struct zone_versions *versions;
	struct retired nodes, elements; /* in this version and not in the next */
	struct rcu_head rcu;
	unsigned pins;
	bool grace_over;

	_Alignas(CACHE_LINE) struct zone_apex zones[];
};

struct zone_version *zone_version_new(const struct pmap *nodes, uint32_t serial, const struct zone_apex *zones,
	uint16_t zone_count, bool loaded)
{
	struct zone_version *v = lines_calloc(sizeof(*v) + zone_count * sizeof(v->zones[0]));

	if (!v)
		return NULL;
	memcpy(v->zones, zones, zone_count * sizeof(v->zones[0]));
	v->snapshot = (struct zone_snapshot){
		.nodes = nodes, .serial = serial, .zone_count = zone_count, .zones = v->zones};
	for (unsigned z = 0; z < zone_count; z++) {
		if (z || loaded)
			v->zones[z].node = zone_find(&v->snapshot, v->zones[z].name, v->zones[z].name_len);
		v->zones[z].plain = v->zones[z].node && !v->zones[z].cuts;
		v->snapshot.unloaded += !v->zones[z].node;
	}
	return v;
}

void zone_versions_init(struct zone_versions *versions, struct zone_version *first)
{
	pthread_mutex_init(&versions->lock, NULL);
	first->versions = versions;
	versions->oldest = first;
	atomic_init(&versions->current, first);
}

static void free_view(const struct zone_version *v)
{
	free((void *)(uintptr_t)v->snapshot.cluster);
}

/* Frees, from the oldest on, what nobody can see any more. Under the lock. */
static void reclaim(struct zone_versions *versions)
{
	while (versions->oldest->next && versions->oldest->grace_over && !versions->oldest->pins) {
		struct zone_version *v = versions->oldest;

		versions->oldest = v->next;
		versions->waiting -= v->nodes.count + v->elements.count;
		retired_free(&v->nodes);
		retired_free(&v->elements);
		if (v->snapshot.cluster != v->next->snapshot.cluster)
			free_view(v);
		free(v);
	}
}

static void grace_is_over(struct rcu_head *head)
{
	RCU_TSAN_TAKE_BACK();
	struct zone_version *v = caa_container_of(head, struct zone_version, rcu);
	struct zone_versions *versions = v->versions;

	pthread_mutex_lock(&versions->lock);
	v->grace_over = true;
	reclaim(versions);
	pthread_mutex_unlock(&versions->lock);
	RCU_TSAN_LET_GO(); /* to zone_versions_fini() */
}

static struct retired take(struct retired *list)
{
	struct retired taken = *list;

	*list = (struct retired){0};
	return taken;
}

void zone_versions_publish(struct zone_versions *versions, struct zone_version *v, struct retired *nodes,
	const struct cluster_view *cluster, struct retired *elements)
{
	struct zone_version *last = atomic_load_explicit(&versions->current, memory_order_relaxed);

	v->versions = versions;
	v->snapshot.cluster = cluster ? cluster : last->snapshot.cluster;
	pthread_mutex_lock(&versions->lock);
	last->nodes = take(nodes);
	last->elements = take(elements);
	last->next = v;
	versions->waiting += last->nodes.count + last->elements.count;
	pthread_mutex_unlock(&versions->lock);
	atomic_store_explicit(&versions->current, v, memory_order_release);
	RCU_TSAN_LET_GO(); /* to grace_is_over(), on another thread */
	urcu_qsbr_call_rcu(&last->rcu, grace_is_over);
}

void zone_versions_fini(struct zone_versions *versions)
{
	urcu_qsbr_barrier();
	RCU_TSAN_TAKE_BACK();
	struct zone_version *v = atomic_load(&versions->current);
	assert(versions->oldest == v);
	struct pmap *nodes = (struct pmap *)(uintptr_t)v->snapshot.nodes;
	struct pmap_iter it = pmap_iter(nodes);
	for (struct zone_node *node; (node = pmap_next(&it));)
		block_free(node);
	pmap_free(nodes);
	free_view(v);
	free(v);
	pthread_mutex_destroy(&versions->lock);
}

const struct zone_snapshot *zone_versions_read(const struct zone_versions *versions)
{
	return &atomic_load_explicit(&versions->current, memory_order_acquire)->snapshot;
}

const struct zone_snapshot *zone_versions_pin(struct zone_versions *versions)
{
	pthread_mutex_lock(&versions->lock);
	struct zone_version *v = atomic_load_explicit(&versions->current, memory_order_acquire);
	v->pins++;
	pthread_mutex_unlock(&versions->lock);
	return &v->snapshot;
}

void zone_versions_unpin(struct zone_versions *versions, const struct zone_snapshot *snapshot)
{
	struct zone_version *v = (struct zone_version *)(uintptr_t)snapshot;

	pthread_mutex_lock(&versions->lock);
	v->pins--;
	reclaim(versions);
	pthread_mutex_unlock(&versions->lock);
}

void zone_versions_count(struct zone_versions *versions, uint64_t *count, uint64_t *pins)
{
	*count = *pins = 0;
	pthread_mutex_lock(&versions->lock);
	for (const struct zone_version *v = versions->oldest; v; v = v->next) {
		++*count;
		*pins += v->pins;
	}
	pthread_mutex_unlock(&versions->lock);
}

size_t zone_versions_waiting(struct zone_versions *versions)
{
	pthread_mutex_lock(&versions->lock);
	size_t waiting = versions->waiting;
	pthread_mutex_unlock(&versions->lock);
	return waiting;
}
