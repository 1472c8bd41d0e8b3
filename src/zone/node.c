/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/node.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "zone/journal.h"

#define CONFLICTS_TOLD    10 /* names of a transaction that are logged */
#define SORT_BY_INSERTION 16 /* most names have few records */

void node_builder_forget(struct node_builder *b)
{
	slots_forget(&b->writer.recent);
	memset(b->recent, 0, sizeof(b->recent));
}

void node_builder_fini(struct node_builder *b)
{
	block_writer_fini(&b->writer);
	free(b->records);
	b->records = NULL;
	b->room = 0;
}

static uint64_t make_key(const struct block_record *r)
{
	return (uint64_t)r->type << 48 | (uint64_t)wire_get_u32(r->head) << 16 | wire_get_u16(r->head + 4);
}

static void set_rdata(struct block_record *r, const uint8_t *rdata, uint16_t rdlen)
{
	size_t head = r->type == RR_A ? 4 : r->type == RR_AAAA ? 16 : r->type == RR_SRV ? 6 : 0;

	if (head > rdlen)
		head = 0;
	r->head_len = (uint8_t)head;
	memcpy(r->head, rdata, head);
	r->key = make_key(r);
	r->tail = rdata + head;
	r->tail_len = (uint16_t)(rdlen - head);
}

/* The old node's records. Returns how many. */
static size_t read_old(const struct zone_node *node, struct block_record *out, bool skip_soa)
{
	const uint8_t *base = (const uint8_t *)node;
	size_t n = 0;

	for (unsigned s = 0; s < node->set_count; s++) {
		const struct zone_rrset *set = &node->sets[s];

		if (skip_soa && set->type == RR_SOA)
			continue;
		for (uint32_t i = 0; i < set->total; i++) {
			const uint8_t *rr = zone_rrset_slot(set, i);
			struct zone_counts counts = {{1, 0, 0}};
			struct block_record *r = &out[n++];

			if (set->counts)
				memcpy(&counts, base + set->counts + i * sizeof(counts), sizeof(counts));
			*r = (struct block_record){.type = set->type, .was = i < set->count};
			r->ttl = r->old_ttl = wire_get_u32(rr + 6);
			for (int rank = 0; rank < ZONE_RANKS; rank++)
				r->counts[rank] = (int32_t)counts.n[rank];
			set_rdata(r, rr + RR_FIXED, wire_get_u16(rr + 10));
		}
	}
	return n;
}

static void read_delta(const struct zone_delta *delta, struct block_record *r)
{
	*r = (struct block_record){.type = delta->type, .ttl = delta->ttl};
	r->counts[delta->rank] = delta->change;
	if (delta->rdlen || delta->type != RR_SRV) {
		set_rdata(r, delta->rdata, delta->rdlen);
		return;
	}
	r->target = delta->target[0];
	r->head_len = sizeof(delta->srv);
	memcpy(r->head, delta->srv, sizeof(delta->srv));
	r->key = make_key(r);
	r->tail = r->target->name;
	r->tail_len = r->target->name_len;
}

static int compare(const void *va, const void *vb)
{
	const struct block_record *a = va, *b = vb;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	if (a->head_len != b->head_len)
		return a->head_len < b->head_len ? -1 : 1;
	int order = memcmp(a->head, b->head, a->head_len);
	if (order)
		return order;
	if (a->tail_len != b->tail_len)
		return a->tail_len < b->tail_len ? -1 : 1;
	return memcmp(a->tail, b->tail, a->tail_len);
}

static void sort(struct block_record *records, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (compare(&records[i - 1], &records[i]) <= 0)
			continue;
		if (n > SORT_BY_INSERTION) {
			qsort(records, n, sizeof(*records), compare);
			return;
		}
		struct block_record r = records[i];
		size_t at = i;
		for (; at && compare(&records[at - 1], &r) > 0; at--)
			records[at] = records[at - 1];
		records[at] = r;
	}
}

/* Makes one record of all that are the same and drops those that nothing counts for any more. */
static size_t coalesce(struct block_record *records, size_t n, struct block_record *gone, size_t *gone_count)
{
	size_t kept = 0;

	*gone_count = 0;
	for (size_t i = 0; i < n;) {
		struct block_record r = records[i++];

		for (; i < n && !compare(&r, &records[i]); i++) {
			const struct block_record *same = &records[i];

			for (int rank = 0; rank < ZONE_RANKS; rank++) {
				r.counts[rank] += same->counts[rank];
				if (same->counts[rank] > 0 && !same->was)
					r.ttl = same->ttl;
			}
			if (same->was)
				r.was = true, r.old_ttl = same->old_ttl;
			if (same->target)
				r.target = same->target;
		}
		bool counted = false;
		for (int rank = 0; rank < ZONE_RANKS; rank++) {
			if (r.counts[rank] < 0)
				r.counts[rank] = 0;
			counted |= r.counts[rank] > 0;
		}
		if (counted)
			records[kept++] = r;
		else if (r.was)
			gone[(*gone_count)++] = r;
	}
	return kept;
}

/* Decides which records the name publishes. Returns whether static and generated ones meet here. */
static bool choose(struct block_record *records, size_t n, bool apex)
{
	bool ranks[ZONE_RANKS] = {false};
	int best = ZONE_RANK_STATIC;

	for (size_t i = 0; i < n; i++)
		for (int rank = 0; rank < ZONE_RANKS; rank++)
			ranks[rank] |= records[i].counts[rank] > 0;
	for (int rank = ZONE_RANK_STATIC; rank >= 0; rank--)
		if (ranks[rank])
			best = rank;
	for (size_t i = 0; i < n; i++)
		records[i].now = apex || records[i].counts[best] > 0;
	return !apex && ranks[ZONE_RANK_STATIC] && best != ZONE_RANK_STATIC;
}

static void note(struct node_builder *b, const struct zone_touch *touch, const struct block_record *r, bool added)
{
	if (added)
		b->records_added++;
	else
		b->records_removed++;
	zone_journal_record(b->journal, added, touch->name, touch->name_len, r->type, added ? r->ttl : r->old_ttl,
		r->head, r->head_len, r->tail, r->tail_len);
}

/* The published difference, removals first. */
static void note_difference(struct node_builder *b, const struct zone_touch *touch, const struct block_record *records,
	size_t n, const struct block_record *gone, size_t gone_count)
{
	for (size_t i = 0; i < gone_count; i++)
		note(b, touch, &gone[i], false);
	for (size_t i = 0; i < n; i++)
		if (records[i].was && (!records[i].now || records[i].ttl != records[i].old_ttl))
			note(b, touch, &records[i], false);
	for (size_t i = 0; i < n; i++)
		if (records[i].now && (!records[i].was || records[i].ttl != records[i].old_ttl))
			note(b, touch, &records[i], true);
}

/* The node of an SRV record's target as it will be, if it is known by now. */
static const struct zone_node *target_node(const struct node_builder *b, const struct block_record *r)
{
	const struct zone_touch *touch = r->target;
	uint64_t hash = touch ? touch->hash : zone_name_hash(r->tail, r->tail_len);

	if (!touch)
		touch = zone_txn_find(b->txn, hash, r->tail, r->tail_len);
	if (touch)
		return touch->built ? touch->new : touch->old;
	return zone_find_hashed(zone_txn_nodes(b->txn), hash, r->tail, r->tail_len);
}

static void measure(const struct node_builder *b, struct block_record *r)
{
	r->addresses = r->type == RR_SRV && r->now ? target_node(b, r) : NULL;
	r->slot_size = (uint32_t)(RR_FIXED + r->head_len + r->tail_len + block_addresses_size(r->addresses, RR_A) +
		block_addresses_size(r->addresses, RR_AAAA));
}

static uint8_t flags_of(const struct zone_node *node, bool apex)
{
	return apex ? ZONE_NODE_APEX : zone_rrset_of(node, RR_NS) ? ZONE_NODE_CUT : 0;
}

static void report_conflict(struct node_builder *b, const struct zone_touch *touch)
{
	char name[DNAME_TEXT_MAX];

	b->conflicts++;
	if (b->conflicts > CONFLICTS_TOLD)
		return;
	dname_to_text(name, touch->name);
	log_error("zone", "a name of a static zone is generated as well, the generated records win name=%s%s", name,
		b->conflicts == CONFLICTS_TOLD ? "; if there are more now, they are not told" : "");
}

/* Room for the records of a touch, twice: the second half is for those that go. */
static int make_room(struct node_builder *b, size_t most)
{
	if (most * 2 <= b->room)
		return 0;
	size_t room = most * 2 > 64 ? most * 3 : 64;
	struct block_record *records = realloc(b->records, room * sizeof(*records));
	if (!records)
		return ERR_NOMEM;
	b->records = records;
	b->room = room;
	return 0;
}

/* The records of touch and old node as one list, in order. Returns how many, and how many went, which stand from `gone`
 * on. */
static size_t merge(const struct zone_touch *touch, struct block_record *records, struct block_record *gone,
	size_t *gone_count, const uint8_t *soa, uint16_t soa_len, uint32_t soa_ttl)
{
	size_t n = touch->old ? read_old(touch->old, records, soa != NULL) : 0;

	for (const struct zone_delta *delta = touch->deltas; delta; delta = delta->next)
		read_delta(delta, &records[n++]);
	if (soa) {
		records[n] = (struct block_record){.type = RR_SOA, .was = true, .ttl = soa_ttl, .old_ttl = soa_ttl,
			.counts = {1}};
		set_rdata(&records[n++], soa, soa_len);
	}
	sort(records, n);
	return coalesce(records, n, gone, gone_count);
}

/* A new name whose changes are those of one that was built just before: most services have the same records under
 * several names. */
static const struct zone_node *find_alike(const struct node_builder *b, const struct zone_touch *touch)
{
	for (unsigned i = 0; i < NODE_RECENT; i++) {
		const struct zone_touch *other = b->recent[i];

		if (!other || other->delta_count != touch->delta_count)
			continue;
		const struct zone_delta *x = touch->deltas, *y = other->deltas;
		while (x && zone_delta_same(x, y))
			x = x->next, y = y->next;
		if (!x)
			return other->new;
	}
	return NULL;
}

/* A new name's records have all come. */
static void note_all(struct node_builder *b, const struct zone_touch *touch)
{
	const struct zone_node *node = touch->new;

	for (unsigned s = 0; s < node->set_count && node->sets[s].count; s++) {
		const struct zone_rrset *set = &node->sets[s];

		b->records_added += set->count;
		for (uint32_t i = 0; i < set->count && zone_journal_takes(b->journal); i++) {
			const uint8_t *rr = zone_rrset_slot(set, i);

			zone_journal_record(b->journal, true, touch->name, touch->name_len, set->type,
				wire_get_u32(rr + 6), rr + RR_FIXED, wire_get_u16(rr + 10), NULL, 0);
		}
	}
}

static int build_like(struct node_builder *b, struct zone_touch *touch, const struct zone_node *like)
{
	touch->new = block_write_like(touch, like);
	if (!touch->new)
		return ERR_NOMEM;
	touch->new->flags = like->flags;
	note_all(b, touch);
	return 0;
}

/* A new name with a single change: half of all names are a task's own, with one address. */
static int build_single(struct node_builder *b, struct zone_touch *touch)
{
	struct block_record r;

	if (touch->deltas->change <= 0)
		return 0;
	read_delta(touch->deltas, &r);
	r.now = true;
	note(b, touch, &r, true);
	measure(b, &r);
	int err = block_write(&b->writer, touch, &r, 1, &touch->new);
	if (!err)
		touch->new->flags |= flags_of(touch->new, false);
	return err;
}

int node_build(struct node_builder *b, struct zone_touch *touch, bool apex, const uint8_t *soa, uint16_t soa_len,
	uint32_t soa_ttl)
{
	bool fresh = !touch->old && !apex, recurs = fresh && touch->delta_count > 1;
	const struct zone_node *alike = recurs ? find_alike(b, touch) : NULL;
	size_t most = touch->delta_count + 1, gone_count;

	touch->built = true;
	touch->new = NULL;
	if (alike)
		return build_like(b, touch, alike);
	if (fresh && touch->delta_count == 1)
		return build_single(b, touch);
	for (unsigned s = 0; touch->old && s < touch->old->set_count; s++)
		most += touch->old->sets[s].total;
	if (make_room(b, most))
		return ERR_NOMEM;
	struct block_record *records = b->records, *gone = b->records + most;
	b->records_reread += most - touch->delta_count - 1;
	size_t n = merge(touch, records, gone, &gone_count, soa, soa_len, soa_ttl);
	bool conflict = choose(records, n, apex);
	if (conflict && !(touch->old && touch->old->flags & ZONE_NODE_CONFLICT))
		report_conflict(b, touch);
	note_difference(b, touch, records, n, gone, gone_count);
	for (size_t i = 0; i < n; i++)
		measure(b, &records[i]);
	int err = n ? block_write(&b->writer, touch, records, n, &touch->new) : 0;
	if (err || !n)
		return err;
	touch->new->flags |= flags_of(touch->new, apex);
	if (conflict)
		touch->new->flags |= ZONE_NODE_CONFLICT;
	else if (recurs)
		b->recent[b->next_recent++ % NODE_RECENT] = touch;
	return 0;
}
