/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/commit.h"

#include <stdlib.h>

#include "base/err.h"
#include "zone/node.h"
#include "zone/parts.h"
#include "zone/serial.h"

#define PARENTS 4

struct commit {
	struct node_builder builder;
	struct pmap_edit edit;
	struct retired garbage; /* of the base */
	struct retired dropped; /* struct zone_slots: one for each use of a node in the garbage */
	struct zone_touch *by_depth[DNAME_LABELS + 1];
	struct zone_touch *parents[PARENTS]; /* of this fold: those used last */
	unsigned next_parent;
	struct zone_counters counters;
	struct zone_version *version; /* once it is ready */
	uint64_t serial_steps;
	bool folded; /* before: nodes of this transaction's own making are in the map */
	bool changed;
};

const struct pmap *commit_nodes(const struct commit *commit)
{
	return commit ? commit->edit.map : NULL;
}

static int commit_begin(struct zone_txn *txn)
{
	size_t expected = txn->expected_names > txn->touch_count ? txn->expected_names : txn->touch_count;
	struct commit *c = calloc(1, sizeof(*c));

	if (!c)
		return ERR_NOMEM;
	c->builder.txn = txn;
	c->builder.journal = zone_journal_begin(txn->store->journal);
	c->counters = txn->store->counters;
	c->serial_steps = txn->store->serial_steps;
	int err = pmap_edit_begin(&c->edit, txn->base->nodes, &c->garbage, expected);
	if (err) {
		zone_journal_discard(c->builder.journal);
		free(c->garbage.items);
		free(c);
		return err;
	}
	txn->commit = c;
	return 0;
}

static void commit_end(struct zone_txn *txn)
{
	struct commit *c = txn->commit;

	zone_journal_discard(c->builder.journal);
	node_builder_fini(&c->builder);
	free(c->dropped.items);
	free(c);
	txn->commit = NULL;
}

static struct zone_node *writable(const struct zone_node *node)
{
	return (struct zone_node *)(uintptr_t)node;
}

static bool in_base(const struct zone_txn *txn, const struct zone_node *node)
{
	return zone_find_hashed(txn->base->nodes, node->hash, zone_node_name(node), node->name_len) == node;
}

void commit_abort(struct zone_txn *txn)
{
	struct commit *c = txn->commit;

	if (!c)
		return;
	for (struct zone_touch *touch = txn->first; touch; touch = touch->later)
		block_free(touch->new);
	block_free(txn->apex->new);
	struct pmap_iter it = pmap_iter(c->edit.map);
	for (struct zone_node *node; (node = pmap_next(&it));)
		if (!in_base(txn, node))
			block_free(node);
	pmap_edit_abort(&c->edit);
	free(c->version);
	free(c->garbage.items); /* what it names is still in use */
	commit_end(txn);
}

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

static int remember_static_srv(struct zone_store *store, const struct zone_touch *touch, const struct zone_delta *delta)
{
	bool fits = delta->change > 0 && delta->rank == ZONE_RANK_STATIC && delta->type == RR_SRV && delta->rdlen > 6;
	size_t target_len = fits ? dname_len(delta->rdata + 6, delta->rdlen - 6u) : 0;

	if (!target_len)
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

/* Remembers the SRV records that master files bring, and touches those whose target this transaction touches. */
static int watch_static_srvs(struct zone_txn *txn)
{
	struct zone_store *store = txn->store;

	for (struct zone_touch *touch = txn->first; touch && txn->has_static; touch = touch->later)
		for (struct zone_delta *d = touch->has_srv ? touch->deltas : NULL; d; d = d->next)
			if (remember_static_srv(store, touch, d))
				return ERR_NOMEM;
	for (size_t i = 0; i < store->static_srv_count; i++) {
		const struct static_srv *srv = &store->static_srvs[i];
		uint64_t hash = zone_name_hash(srv->target, srv->target_len);

		if (zone_txn_find(txn, hash, srv->target, srv->target_len) &&
			!zone_txn_name(txn, 0, srv->owner, srv->owner_len))
			return ERR_NOMEM;
	}
	return 0;
}

#define LOOK_AHEAD 8 /* touches between two steps of a look-up, so that memory has the time to deliver */

/* Looks all touches up. Nearly each look-up misses the cache twice, so they go on side by side. */
static void look_up_touches(struct zone_txn *txn)
{
	const struct pmap *nodes = zone_txn_nodes(txn);
	struct zone_touch *place = txn->first, *page = txn->first;
	unsigned n = 0;

	for (struct zone_touch *touch = txn->first; touch; n++) {
		if (place) {
			pmap_prefetch_place(nodes, place->hash);
			place = place->later;
		}
		if (n >= LOOK_AHEAD && page) {
			pmap_prefetch_page(nodes, page->hash);
			page = page->later;
		}
		if (n >= 2 * LOOK_AHEAD) {
			zone_touch_look_up(touch, nodes);
			touch = touch->later;
		}
	}
	zone_touch_look_up(txn->apex, nodes);
}

/* Builds all touches but the cluster's apex, first those without SRV, then those with. */
static int build_touches(struct zone_txn *txn)
{
	for (int with_srv = 0; with_srv < 2; with_srv++) {
		for (struct zone_touch *touch = txn->first; touch; touch = touch->later) {
			if (touch->has_srv != with_srv)
				continue;
			int err = node_build(&txn->commit->builder, touch, is_apex(txn->store, touch), NULL, 0, 0);
			if (err)
				return err;
			enqueue(txn->commit, touch);
		}
	}
	node_builder_forget(&txn->commit->builder);
	return 0;
}

/* The touch of a name above one that comes or goes. */
static struct zone_touch *touch_parent(struct zone_txn *txn, const uint8_t *name, size_t len, unsigned zone)
{
	struct zone_touch *parent = zone_txn_find(txn, zone_name_hash(name, len), name, len);

	if (parent)
		return parent;
	parent = zone_txn_name(txn, zone, name, len);
	if (!parent)
		return NULL;
	zone_touch_look_up(parent, zone_txn_nodes(txn));
	if (parent->old && !(parent->new = block_copy(parent->old)))
		return NULL;
	enqueue(txn->commit, parent);
	return parent;
}

/* Most names have the parent that one of the last few had. */
static struct zone_touch *parent_of(struct zone_txn *txn, const struct zone_touch *touch, unsigned zone)
{
	struct commit *c = txn->commit;
	const uint8_t *name = dname_parent(touch->name);
	size_t len = (size_t)(touch->name_len - (name - touch->name));

	for (unsigned i = 0; i < PARENTS; i++) {
		struct zone_touch *parent = c->parents[i];

		if (parent && parent->name_len == len && !memcmp(parent->name, name, len))
			return parent;
	}
	return c->parents[c->next_parent++ % PARENTS] = touch_parent(txn, name, len, zone);
}

/* Gives a touch its number of children, which decides whether a name without records is there. */
static int settle_touch(struct zone_touch *touch)
{
	if (touch->new && !touch->old && !touch->children)
		return 0;
	uint32_t children = (touch->old ? touch->old->children : 0) + (uint32_t)touch->children;

	if (!touch->new && children && !(touch->new = block_write_empty(touch)))
		return ERR_NOMEM;
	if (!touch->new)
		return 0;
	if (!touch->new->set_count && !children) {
		block_free(touch->new);
		touch->new = NULL;
		return 0;
	}
	touch->new->children = children;
	if (touch->wildcard > 0)
		touch->new->flags |= ZONE_NODE_WILDCARD;
	else if (touch->wildcard < 0)
		touch->new->flags &= (uint8_t)~ZONE_NODE_WILDCARD;
	return 0;
}

/* Lets each name that comes or goes count at its parent, deepest first. */
static int settle(struct zone_txn *txn)
{
	struct zone_store *store = txn->store;
	struct commit *c = txn->commit;

	memset(c->parents, 0, sizeof(c->parents));
	for (int depth = DNAME_LABELS; depth >= 0; depth--) {
		for (struct zone_touch *touch = c->by_depth[depth]; touch; touch = touch->same_depth) {
			if (settle_touch(touch))
				return ERR_NOMEM;
			int zone = is_apex(store, touch) ? store->parents[touch->zone] : touch->zone;
			if (!touch->new == !touch->old || zone < 0)
				continue;
			struct zone_touch *parent = parent_of(txn, touch, (unsigned)zone);
			if (!parent)
				return ERR_NOMEM;
			parent->children += touch->new ? 1 : -1;
			if (touch->name[0] == 1 && touch->name[1] == '*') {
				parent->wildcard = touch->new ? 1 : -1;
				store->zones[zone].wildcards = true;
			}
		}
		c->by_depth[depth] = NULL;
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
		uint64_t *sum = set->type == RR_A ? &n->a : set->type == RR_AAAA ? &n->aaaa
			: set->type == RR_SRV ? &n->srv : &n->other;

		*sum += (uint64_t)((int64_t)sign * set->count);
	}
}

static unsigned count_outside(const struct zone_node *node)
{
	unsigned n = 0;

	for (unsigned s = 0; s < node->set_count; s++)
		n += slots_of(node, &node->sets[s]) != NULL;
	return n;
}

/* Makes room for retire(). */
static int reserve(struct commit *c, const struct zone_node *node)
{
	unsigned outside = count_outside(node);

	return retired_reserve(&c->garbage, 1 + outside) || retired_reserve(&c->dropped, outside) ? ERR_NOMEM : 0;
}

/* A node of the base is not in the new version. What it uses stays as it is until that is published. */
static void retire(struct commit *c, struct zone_node *node)
{
	for (unsigned s = 0; s < node->set_count; s++) {
		struct zone_slots *slots = slots_of(node, &node->sets[s]);

		if (slots)
			retired_add(&c->dropped, slots);
	}
	retired_add(&c->garbage, node);
}

/* The uses of the nodes that have gone with the base. */
static void drop_uses(struct commit *c)
{
	for (size_t i = 0; i < c->dropped.count; i++) {
		struct zone_slots *slots = c->dropped.items[i];

		if (!--slots->uses)
			retired_add(&c->garbage, slots);
	}
}

/* Puts one touch's node into the map. One that came out as it was is dropped, and its page left alone. */
static int apply_touch(struct zone_txn *txn, struct zone_touch *touch)
{
	struct commit *c = txn->commit;
	struct zone_node *old = writable(touch->old);
	int err = 0;

	if (touch->new && old && block_equal(touch->new, old)) {
		block_free(touch->new);
		touch->new = NULL;
		return 0;
	}
	bool of_base = old && (!c->folded || in_base(txn, old));
	if (of_base)
		err = reserve(c, old);
	if (!err && touch->new)
		err = pmap_edit_put(&c->edit, touch->new, old);
	else if (!err && old)
		err = pmap_edit_remove(&c->edit, old);
	if (err)
		return err;
	if (touch->new && touch->new->flags & ZONE_NODE_CUT)
		txn->store->zones[touch->new->zone].cuts = true;
	count(&c->counters, old, -1);
	count(&c->counters, touch->new, 1);
	if (of_base)
		retire(c, old);
	else
		block_free(old);
	touch->new = NULL; /* the map's now */
	return 0;
}

static int apply(struct zone_txn *txn)
{
	struct zone_touch *page = txn->first;
	unsigned n = 0;
	int err = 0;

	for (struct zone_touch *touch = txn->first; touch && !err; n++) {
		if (page) {
			pmap_prefetch_page(zone_txn_nodes(txn), page->hash);
			page = page->later;
		}
		if (n >= LOOK_AHEAD) {
			err = apply_touch(txn, touch);
			touch = touch->later;
		}
	}
	return err;
}

int commit_fold(struct zone_txn *txn)
{
	int err = txn->failed ? ERR_NOMEM : 0;

	if (!err && !txn->commit)
		err = commit_begin(txn);
	if (!err)
		err = watch_static_srvs(txn);
	if (!err) {
		look_up_touches(txn);
		err = build_touches(txn);
	}
	if (!err)
		err = settle(txn);
	if (!err)
		err = apply(txn);
	if (err) {
		txn->failed = true;
		return err;
	}
	txn->names_touched += txn->touch_count;
	txn->records_reread = txn->commit->builder.records_reread;
	txn->commit->builder.records_reread = 0;
	txn->commit->folded = true;
	zone_txn_reset(txn);
	return 0;
}

/* Builds the cluster's apex, decides whether the content changed, and gives it its serial. */
static int make_apex(struct zone_txn *txn, bool loaded, uint32_t *serial)
{
	struct zone_store *store = txn->store;
	struct zone_touch *apex = txn->apex;
	struct commit *c = txn->commit;

	*serial = store->serial;
	wire_put_u32(store->soa + store->soa_len - SOA_AFTER_SERIAL, *serial);
	int err = node_build(&c->builder, apex, true, loaded ? store->soa : NULL, store->soa_len, store->soa_ttl);
	node_builder_forget(&c->builder);
	if (!err)
		err = settle_touch(apex);
	if (err || !loaded)
		return err;
	c->changed = !store->loaded || c->builder.records_added || c->builder.records_removed;
	if (c->changed) {
		uint8_t *rr = (uint8_t *)(uintptr_t)zone_rrset_slot(zone_rrset_of(apex->new, RR_SOA), 0);

		c->serial_steps = serial_next(store->serial_steps, serial_now());
		*serial = (uint32_t)c->serial_steps;
		wire_put_u32(rr + zone_rr_size(rr) - SOA_AFTER_SERIAL, *serial);
	}
	return 0;
}

/* The cluster's apex has come or gone: it counts at the name above it, if that lies in another zone of ours. */
static int settle_apex(struct zone_txn *txn)
{
	if (!txn->apex->new == !txn->apex->old || txn->store->parents[0] < 0)
		return 0;
	enqueue(txn->commit, txn->apex);
	int err = settle(txn);
	return err ? err : apply(txn);
}

int commit_prepare(struct zone_txn *txn)
{
	struct zone_store *store = txn->store;
	bool loaded = store->loaded || txn->set_loaded;
	uint32_t serial;
	int err = commit_fold(txn);

	if (!err)
		err = make_apex(txn, loaded, &serial);
	if (!err)
		err = settle_apex(txn);
	if (!err)
		err = apply_touch(txn, txn->apex);
	if (!err) {
		txn->commit->version = zone_version_new(
			txn->commit->edit.map, serial, store->zones, store->zone_count, loaded);
		err = txn->commit->version ? 0 : ERR_NOMEM;
	}
	if (err) {
		commit_abort(txn);
		return err;
	}
	txn->commit->counters.serial = serial;
	txn->commit->counters.loaded = loaded;
	return 0;
}

void commit_counts(const struct commit *commit, uint32_t *added, uint32_t *removed)
{
	*added = commit->builder.records_added;
	*removed = commit->builder.records_removed;
}

void commit_publish(struct zone_txn *txn, const struct cluster_view *cluster, struct retired *elements,
	struct zone_commit *result)
{
	struct zone_store *store = txn->store;
	struct commit *c = txn->commit;
	uint32_t serial = c->counters.serial;

	*result = (struct zone_commit){.changed = c->changed, .serial = serial,
		.names_touched = (uint32_t)txn->names_touched, .records_added = c->builder.records_added,
		.records_removed = c->builder.records_removed, .pages_touched = (uint32_t)c->edit.pages_touched,
		.conflicts = c->builder.conflicts};
	c->counters.commits++;
	c->counters.pages_touched += c->edit.pages_touched;
	pmap_edit_commit(&c->edit);
	drop_uses(c);
	zone_versions_publish(&store->versions, c->version, &c->garbage, cluster, elements);
	if (c->changed) {
		zone_journal_append(store->journal, c->builder.journal, store->serial, serial);
		c->builder.journal = NULL;
	}
	store->serial = serial;
	store->serial_steps = c->serial_steps;
	store->loaded = c->counters.loaded;
	pthread_mutex_lock(&store->lock);
	store->counters = c->counters;
	pthread_mutex_unlock(&store->lock);
	commit_end(txn);
}
