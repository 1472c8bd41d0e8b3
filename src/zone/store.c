/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/store.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/err.h"
#include "base/rcu.h"
#include "zone/journal.h"
#include "zone/node.h"

/* A published snapshot and what must outlive it: the memory that its successor no longer uses. Versions are
 * freed from the oldest on, each once its grace period is over and nobody pins it. */
struct version {
	struct zone_snapshot snapshot; /* first: a snapshot's address is its version's */
	struct version *next;          /* the successor */
	struct zone_store *store;
	struct retired garbage; /* in this version and not in the next */
	struct rcu_head rcu;
	unsigned pins;
	bool grace_over;
	struct zone_apex zones[];
};

#define SOA_AFTER_SERIAL 20 /* the serial is the first of the five numbers that end an SOA's rdata */

struct zone_store {
	_Atomic(struct version *) current;
	pthread_mutex_t lock; /* of the chain of versions and of the counters */
	struct version *oldest;
	struct zone_journal *journal;
	struct zone_counters counters;

	struct zone_txn *txn; /* the one under way */
	uint16_t zone_count;
	struct zone_apex *zones; /* names of all zones; nodes are the snapshots' */
	int *parents;            /* of each zone: the zone that encloses it, or -1 */
	bool loaded;
	uint32_t serial, soa_ttl;
	uint8_t soa[2 * DNAME_MAX + SOA_AFTER_SERIAL]; /* rdata */
	uint16_t soa_len;

	/* SRV records of master files: their targets may be generated names, which change without them */
	struct static_srv {
		uint8_t owner_len, target_len;
		uint8_t owner[DNAME_MAX], target[DNAME_MAX];
	} * static_srvs;
	size_t static_srv_count;
};

static struct version *version_new(struct zone_store *store, const struct pmap *nodes, uint32_t serial)
{
	struct version *v = calloc(1, sizeof(*v) + store->zone_count * sizeof(v->zones[0]));

	if (!v)
		return NULL;
	v->store = store;
	memcpy(v->zones, store->zones, store->zone_count * sizeof(v->zones[0]));
	v->snapshot = (struct zone_snapshot){
		.nodes = nodes, .serial = serial, .zone_count = store->zone_count, .zones = v->zones};
	for (unsigned z = 0; z < store->zone_count; z++) {
		struct zone_apex *apex = &v->zones[z];

		if (z || store->loaded)
			apex->node = zone_find(&v->snapshot, apex->name, apex->name_len);
	}
	return v;
}

/* Frees the versions that nobody can see any more. Under the lock. */
static void reclaim(struct zone_store *store)
{
	RCU_TSAN_TAKE_BACK();
	while (store->oldest->next && store->oldest->grace_over && !store->oldest->pins) {
		struct version *v = store->oldest;

		store->oldest = v->next;
		retired_free(&v->garbage);
		free(v);
	}
}

static void grace_is_over(struct rcu_head *head)
{
	RCU_TSAN_TAKE_BACK();
	struct version *v = caa_container_of(head, struct version, rcu);
	struct zone_store *store = v->store;

	pthread_mutex_lock(&store->lock);
	v->grace_over = true;
	reclaim(store);
	pthread_mutex_unlock(&store->lock);
	RCU_TSAN_LET_GO(); /* to zone_store_free() */
}

/* Makes `v` the current version; `garbage` is what the present one has and `v` has not. */
static void publish(struct zone_store *store, struct version *v, struct retired *garbage)
{
	struct version *last = atomic_load_explicit(&store->current, memory_order_relaxed);

	pthread_mutex_lock(&store->lock);
	last->garbage = *garbage;
	last->next = v;
	pthread_mutex_unlock(&store->lock);
	*garbage = (struct retired){0};
	atomic_store_explicit(&store->current, v, memory_order_release);
	RCU_TSAN_LET_GO(); /* to grace_is_over(), on another thread */
	urcu_qsbr_call_rcu(&last->rcu, grace_is_over);
}

static int text_name(const char *text, uint8_t *out, uint8_t *len)
{
	*len = (uint8_t)dname_from_text(out, text, strlen(text));
	return *len ? 0 : ERR_FORMAT;
}

/* The SOA's rdata but for the serial. */
static int make_soa(struct zone_store *store, const struct zone_soa *soa)
{
	uint8_t mname[DNAME_MAX], rname[DNAME_MAX], mname_len, rname_len;
	struct wire_writer w;

	if (text_name(soa->mname, mname, &mname_len) || text_name(soa->rname, rname, &rname_len))
		return ERR_FORMAT;
	wire_writer_init(&w, store->soa, sizeof(store->soa));
	wire_write(&w, mname, mname_len);
	wire_write(&w, rname, rname_len);
	wire_write_u32(&w, 0);
	wire_write_u32(&w, soa->refresh);
	wire_write_u32(&w, soa->retry);
	wire_write_u32(&w, soa->expire);
	wire_write_u32(&w, soa->minimum);
	store->soa_len = (uint16_t)wire_written(&w);
	store->soa_ttl = soa->ttl;
	return 0;
}

struct zone_store *zone_store_new(const char *domain, const struct zone_soa *soa, int *err)
{
	uint8_t name[DNAME_MAX], name_len;
	struct zone_store *store = calloc(1, sizeof(*store));
	struct pmap *nodes = pmap_new();
	struct version *v = NULL;

	*err = ERR_NOMEM;
	if (!store || !nodes)
		goto out;
	pthread_mutex_init(&store->lock, NULL);
	store->journal = zone_journal_new(ZONE_JOURNAL_BYTES);
	*err = make_soa(store, soa);
	if (!*err)
		*err = text_name(domain, name, &name_len);
	if (!*err && !store->journal)
		*err = ERR_NOMEM;
	if (!*err) {
		int zone = zone_store_add_zone(store, name, name_len);

		*err = zone < 0 ? zone : 0;
	}
	if (*err)
		goto out;
	v = version_new(store, nodes, 0);
	if (!v)
		*err = ERR_NOMEM;
out:
	if (*err) {
		pmap_free(nodes);
		if (store) {
			zone_journal_free(store->journal);
			free(store->zones);
			free(store->parents);
		}
		free(store);
		return NULL;
	}
	store->oldest = v;
	atomic_init(&store->current, v);
	return store;
}

void zone_store_free(struct zone_store *store)
{
	if (!store)
		return;
	urcu_qsbr_barrier();
	RCU_TSAN_TAKE_BACK();
	struct version *v = atomic_load(&store->current);
	assert(store->oldest == v);
	struct pmap *nodes = (struct pmap *)(uintptr_t)v->snapshot.nodes;
	struct pmap_iter it = pmap_iter(nodes);
	for (void *node; (node = pmap_next(&it));)
		free(node);
	pmap_free(nodes);
	free(v);
	zone_journal_free(store->journal);
	pthread_mutex_destroy(&store->lock);
	free(store->zones);
	free(store->parents);
	free(store->static_srvs);
	free(store);
}

const struct zone_snapshot *zone_store_read(const struct zone_store *store)
{
	return &atomic_load_explicit(&store->current, memory_order_acquire)->snapshot;
}

const struct zone_snapshot *zone_store_pin(struct zone_store *store)
{
	pthread_mutex_lock(&store->lock);
	struct version *v = atomic_load_explicit(&store->current, memory_order_acquire);
	v->pins++;
	pthread_mutex_unlock(&store->lock);
	return &v->snapshot;
}

void zone_store_unpin(struct zone_store *store, const struct zone_snapshot *snapshot)
{
	struct version *v = (struct version *)(uintptr_t)snapshot;

	pthread_mutex_lock(&store->lock);
	v->pins--;
	reclaim(store);
	pthread_mutex_unlock(&store->lock);
}

int zone_store_add_zone(struct zone_store *store, const uint8_t *apex, size_t apex_len)
{
	unsigned z = store->zone_count;

	for (unsigned i = 0; i < z; i++)
		if (store->zones[i].name_len == apex_len && !memcmp(store->zones[i].name, apex, apex_len))
			return ERR_EXISTS;
	if (z == ZONE_MAX)
		return ERR_LIMIT;
	struct zone_apex *zones = realloc(store->zones, (z + 1) * sizeof(*zones));
	if (zones)
		store->zones = zones;
	int *parents = realloc(store->parents, (z + 1) * sizeof(*parents));
	if (parents)
		store->parents = parents;
	if (!zones || !parents)
		return ERR_NOMEM;
	zones[z] = (struct zone_apex){.name_len = (uint8_t)apex_len};
	memcpy(zones[z].name, apex, apex_len);
	store->zone_count++;
	for (unsigned child = 0; child <= z; child++) {
		parents[child] = -1;
		for (unsigned i = 0; i <= z; i++)
			if (i != child &&
				dname_is_under(zones[child].name, zones[child].name_len, zones[i].name,
					zones[i].name_len) &&
				(parents[child] < 0 || zones[parents[child]].name_len < zones[i].name_len))
				parents[child] = (int)i;
	}
	return (int)z;
}

struct zone_journal *zone_store_journal(struct zone_store *store)
{
	return store->journal;
}

void zone_store_counters(struct zone_store *store, struct zone_counters *out)
{
	pthread_mutex_lock(&store->lock);
	*out = store->counters;
	pthread_mutex_unlock(&store->lock);
}

struct zone_txn *zone_txn_begin(struct zone_store *store, size_t expected_names)
{
	assert(!store->txn);
	return store->txn = zone_txn_new(store, zone_store_read(store), expected_names);
}

void zone_txn_abort(struct zone_txn *txn)
{
	txn->store->txn = NULL;
	zone_txn_free(txn);
}

/* The commit's work in order: build what has changed records (SRV last, since it copies addresses), then the
 * apex with the serial, then carry births and deaths of names upwards, then put it all into the map. */
struct commit {
	struct zone_store *store;
	struct zone_txn *txn;
	struct node_builder builder;
	struct pmap_edit edit;
	struct retired garbage;
	struct zone_touch *by_depth[DNAME_LABELS + 1];
	struct zone_touch *apex; /* of the cluster's zone */
	uint32_t serial;
	bool changed;
	struct zone_counters counters;
};

static bool is_apex(const struct zone_store *store, const struct zone_touch *touch)
{
	const struct zone_apex *zone = &store->zones[touch->zone];

	return zone->name_len == touch->name_len && !memcmp(zone->name, touch->name, zone->name_len);
}

static void enqueue(struct commit *c, struct zone_touch *touch)
{
	unsigned depth = dname_labels(touch->name);

	touch->same_depth = c->by_depth[depth];
	c->by_depth[depth] = touch;
}

static int remember_static_srv(
	struct zone_store *store, const struct zone_touch *touch, const struct zone_delta *delta)
{
	size_t target_len = delta->rank == ZONE_RANK_STATIC && delta->type == RR_SRV && delta->rdlen > 6
				    ? dname_len(delta->rdata + 6, delta->rdlen - 6u)
				    : 0;

	if (!target_len || delta->change < 0)
		return 0;
	struct static_srv *list = realloc(store->static_srvs, (store->static_srv_count + 1) * sizeof(*list));
	if (!list)
		return ERR_NOMEM;
	store->static_srvs = list;
	struct static_srv *srv = &list[store->static_srv_count++];
	srv->owner_len = touch->name_len;
	memcpy(srv->owner, touch->name, touch->name_len);
	srv->target_len = (uint8_t)target_len;
	memcpy(srv->target, delta->rdata + 6, target_len);
	return 0;
}

/* Remembers the SRV records that master files bring, and touches those whose target this transaction touches.
 */
static int watch_static_srvs(struct commit *c)
{
	struct zone_store *store = c->store;

	for (struct zone_touch *touch = c->txn->first; touch && c->txn->has_static; touch = touch->later)
		for (struct zone_delta *d = touch->has_srv ? touch->deltas : NULL; d; d = d->next)
			if (remember_static_srv(store, touch, d))
				return ERR_NOMEM;
	for (size_t i = 0; i < store->static_srv_count; i++) {
		const struct static_srv *srv = &store->static_srvs[i];

		if (zone_txn_find(c->txn, zone_name_hash(srv->target, srv->target_len), srv->target,
			    srv->target_len) &&
			!zone_txn_name(c->txn, 0, srv->owner, srv->owner_len))
			return ERR_NOMEM;
	}
	return 0;
}

/* Builds all touches but the cluster's apex, first those without SRV, then those with. */
static int build_touches(struct commit *c)
{
	for (int with_srv = 0; with_srv < 2; with_srv++) {
		for (struct zone_touch *touch = c->txn->first; touch; touch = touch->later) {
			if (touch == c->apex || touch->has_srv != with_srv)
				continue;
			int err = node_build(&c->builder, touch, is_apex(c->store, touch), NULL, 0, 0);
			if (err)
				return err;
			enqueue(c, touch);
		}
	}
	return 0;
}

static uint32_t next_serial(uint32_t last)
{
	uint32_t now = (uint32_t)time(NULL);

	return (int32_t)(now - last) > 0 ? now : last + 1;
}

/* Builds the cluster's apex, decides whether the content changed, and gives it its serial. */
static int build_apex(struct commit *c)
{
	struct zone_store *store = c->store;
	bool loaded = store->loaded || c->txn->set_loaded;

	c->serial = store->serial;
	wire_put_u32(store->soa + store->soa_len - SOA_AFTER_SERIAL, c->serial);
	int err = node_build(
		&c->builder, c->apex, true, loaded ? store->soa : NULL, store->soa_len, store->soa_ttl);
	if (err || !loaded)
		return err;
	c->changed = !store->loaded || c->builder.records_added || c->builder.records_removed;
	if (c->changed) {
		const struct zone_node *node = c->apex->new;
		uint8_t *rr = (uint8_t *)(uintptr_t)zone_rrset_slot(node, zone_rrset_of(node, RR_SOA), 0);

		c->serial = next_serial(store->serial);
		wire_put_u32(rr + zone_rr_size(rr) - SOA_AFTER_SERIAL, c->serial);
	}
	return 0;
}

/* Lets each name that comes or goes count at its parent, deepest first. */
static int settle(struct commit *c)
{
	for (int depth = DNAME_LABELS; depth >= 0; depth--) {
		for (struct zone_touch *touch = c->by_depth[depth]; touch; touch = touch->same_depth) {
			uint32_t before = touch->old ? touch->old->children : 0;
			uint32_t children = before + (uint32_t)touch->children;

			if (!touch->new &&children && node_build_empty(touch))
				return ERR_NOMEM;
			if (touch->new) {
				touch->new->children = children;
				if (touch->wildcard)
					touch->new->flags =
						(uint8_t)(touch->wildcard > 0
								  ? touch->new->flags | ZONE_NODE_WILDCARD
								  : touch->new->flags & ~ZONE_NODE_WILDCARD);
			}
			if (touch->new && !touch->new->set_count && !children) {
				free(touch->new);
				touch->new = NULL;
			}
			if (!touch->new == !touch->old)
				continue;
			int zone = is_apex(c->store, touch) ? c->store->parents[touch->zone] : touch->zone;
			if (zone < 0)
				continue;
			const uint8_t *name = dname_parent(touch->name);
			size_t len = (size_t)(touch->name_len - (name - touch->name));
			struct zone_touch *parent =
				zone_txn_find(c->txn, zone_name_hash(name, len), name, len);
			if (!parent) {
				parent = zone_txn_name(c->txn, (unsigned)zone, name, len);
				if (!parent || (parent->old && node_build_copy(parent)))
					return ERR_NOMEM;
				enqueue(c, parent);
			}
			int change = touch->new ? 1 : -1;
			parent->children += change;
			if (touch->name[0] == 1 && touch->name[1] == '*') {
				parent->wildcard = (int8_t)change;
				c->store->zones[zone].wildcards = true;
			}
		}
	}
	return 0;
}

static void count(struct zone_counters *n, const struct zone_node *node, int sign)
{
	if (!node)
		return;
	n->names += (uint64_t)(int64_t)sign;
	for (unsigned i = 0; i < node->set_count; i++) {
		const struct zone_rrset *set = &node->sets[i];
		uint64_t *of_type = set->type == RR_A      ? &n->a
				    : set->type == RR_AAAA ? &n->aaaa
				    : set->type == RR_SRV  ? &n->srv
							   : &n->other;

		*of_type += (uint64_t)((int64_t)sign * set->count);
	}
}

/* Puts the new nodes into the map. A node that came out as it was is dropped, and its page left alone. */
static int apply(struct commit *c)
{
	int err = 0;

	for (struct zone_touch *touch = c->txn->first; touch && !err; touch = touch->later) {
		if (touch->new && touch->old && node_equal(touch->new, touch->old)) {
			free(touch->new);
			touch->new = NULL;
			touch->old = NULL;
			continue;
		}
		if (touch->new && touch->new->flags & ZONE_NODE_CUT)
			c->store->zones[touch->new->zone].cuts = true;
		if (touch->new)
			err = pmap_edit_put(&c->edit, touch->new, (void *)(uintptr_t)touch->old);
		else if (touch->old)
			err = pmap_edit_remove(&c->edit, (void *)(uintptr_t)touch->old);
		count(&c->counters, touch->old, -1);
		count(&c->counters, touch->new, 1);
		retired_add(&c->garbage, (void *)(uintptr_t)touch->old);
	}
	return err;
}

static void free_new_nodes(struct commit *c)
{
	for (struct zone_touch *touch = c->txn->first; touch; touch = touch->later)
		free(touch->new);
}

int zone_txn_commit(struct zone_txn *txn, struct zone_commit *result)
{
	struct zone_store *store = txn->store;
	const struct zone_apex *domain = &store->zones[0];
	struct commit c = {.store = store, .txn = txn, .builder = {.txn = txn}, .counters = store->counters};
	struct version *v = NULL;
	uint32_t names = (uint32_t)txn->touch_count;
	int err = ERR_NOMEM;

	*result = (struct zone_commit){.serial = store->serial};
	c.builder.journal = zone_journal_begin(store->journal);
	c.apex = zone_txn_name(txn, 0, domain->name, domain->name_len);
	if (!c.apex || txn->failed || watch_static_srvs(&c))
		goto out;
	err = pmap_edit_begin(&c.edit, txn->base->nodes, &c.garbage,
		txn->expected_names > txn->touch_count ? txn->expected_names : txn->touch_count);
	if (!err)
		err = build_touches(&c);
	if (!err)
		err = build_apex(&c);
	if (err)
		goto out;
	enqueue(&c, c.apex);
	err = settle(&c);
	if (!err)
		err = apply(&c);
	if (err)
		goto out;
	size_t pages = c.edit.pages_touched;
	bool loaded = store->loaded;
	store->loaded |= txn->set_loaded;
	v = version_new(store, c.edit.map, c.serial);
	if (!v) {
		store->loaded = loaded;
		err = ERR_NOMEM;
		goto out;
	}
	pmap_edit_commit(&c.edit);
	publish(store, v, &c.garbage);
	if (c.changed) {
		zone_journal_append(store->journal, c.builder.journal, store->serial, c.serial);
		c.builder.journal = NULL;
	}
	store->serial = c.serial;
	c.counters.serial = c.serial;
	c.counters.loaded = store->loaded;
	c.counters.commits++;
	c.counters.pages_touched += pages;
	pthread_mutex_lock(&store->lock);
	store->counters = c.counters;
	pthread_mutex_unlock(&store->lock);
	*result = (struct zone_commit){.changed = c.changed,
		.serial = c.serial,
		.names_touched = names,
		.records_added = c.builder.records_added,
		.records_removed = c.builder.records_removed,
		.pages_touched = (uint32_t)pages,
		.conflicts = c.builder.conflicts};
out:
	if (err) {
		free_new_nodes(&c);
		pmap_edit_abort(&c.edit);
		free(c.garbage.items); /* what it names is still in use */
	}
	zone_journal_discard(c.builder.journal);
	node_builder_fini(&c.builder);
	store->txn = NULL;
	zone_txn_free(txn);
	return err;
}
