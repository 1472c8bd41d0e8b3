/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/node.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "zone/journal.h"

/* Bytes of addresses that an SRV record carries of one family; above that, none. A UDP answer holds no more, and memory
 * goes with the records of a service times the addresses of its host. */
#define ADDITIONAL_MAX    1024
#define SETS_MAX          1024
#define CONFLICTS_TOLD    10 /* names of a transaction that are logged */
#define SORT_BY_INSERTION 8 /* most names have few records */

/* A record while it is merged: its rdata is head and tail. */
struct node_record {
	const uint8_t *tail;
	const struct zone_touch *target; /* of an SRV record, where it is at hand */
	const struct zone_node *addresses; /* of a published SRV record: the target's node */
	uint32_t slot_size;
	int64_t counts[ZONE_RANKS];
	uint32_t ttl, old_ttl;
	uint16_t type, tail_len;
	uint8_t head_len;
	bool was, now; /* published in the old node, in the new one */
	uint8_t head[16];
};

void node_builder_fini(struct node_builder *b)
{
	free(b->records);
	b->records = NULL;
	b->room = 0;
}

static void set_rdata(struct node_record *r, const uint8_t *rdata, uint16_t rdlen)
{
	size_t head = r->type == RR_A ? 4 : r->type == RR_AAAA ? 16 : r->type == RR_SRV ? 6 : 0;

	if (head > rdlen)
		head = 0;
	r->head_len = (uint8_t)head;
	memcpy(r->head, rdata, head);
	r->tail = rdata + head;
	r->tail_len = (uint16_t)(rdlen - head);
}

/* The old node's records. Returns how many. */
static size_t read_old(const struct zone_node *node, struct node_record *out, bool skip_soa)
{
	const uint8_t *base = (const uint8_t *)node;
	size_t n = 0;

	for (unsigned s = 0; s < node->set_count; s++) {
		const struct zone_rrset *set = &node->sets[s];

		if (skip_soa && set->type == RR_SOA)
			continue;
		for (uint32_t i = 0; i < set->total; i++) {
			const uint8_t *rr = zone_rrset_slot(node, set, i);
			struct zone_counts counts = {{1, 0, 0}};
			struct node_record *r = &out[n++];

			if (set->counts)
				memcpy(&counts, base + set->counts + i * sizeof(counts), sizeof(counts));
			*r = (struct node_record){.type = set->type, .was = i < set->count};
			r->ttl = r->old_ttl = wire_get_u32(rr + 6);
			for (int rank = 0; rank < ZONE_RANKS; rank++)
				r->counts[rank] = counts.n[rank];
			set_rdata(r, rr + RR_FIXED, wire_get_u16(rr + 10));
		}
	}
	return n;
}

static void read_delta(const struct zone_delta *delta, struct node_record *r)
{
	*r = (struct node_record){.type = delta->type, .ttl = delta->ttl};
	r->counts[delta->rank] = delta->change;
	if (delta->rdlen || delta->type != RR_SRV) {
		set_rdata(r, delta->rdata, delta->rdlen);
		return;
	}
	r->target = delta->target[0];
	r->head_len = sizeof(delta->srv);
	memcpy(r->head, delta->srv, sizeof(delta->srv));
	r->tail = r->target->name;
	r->tail_len = r->target->name_len;
}

static int compare(const void *va, const void *vb)
{
	const struct node_record *a = va, *b = vb;

	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	if (a->head_len != b->head_len)
		return a->head_len < b->head_len ? -1 : 1;
	int order = memcmp(a->head, b->head, a->head_len);
	if (order)
		return order;
	if (a->tail_len != b->tail_len)
		return a->tail_len < b->tail_len ? -1 : 1;
	return memcmp(a->tail, b->tail, a->tail_len);
}

static void sort(struct node_record *records, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (compare(&records[i - 1], &records[i]) <= 0)
			continue;
		if (n > SORT_BY_INSERTION) {
			qsort(records, n, sizeof(*records), compare);
			return;
		}
		struct node_record r = records[i];
		size_t at = i;
		for (; at && compare(&records[at - 1], &r) > 0; at--)
			records[at] = records[at - 1];
		records[at] = r;
	}
}

/* Makes one record of all that are the same and drops those that nothing counts for any more. */
static size_t coalesce(struct node_record *records, size_t n, struct node_record *gone, size_t *gone_count)
{
	size_t kept = 0;

	*gone_count = 0;
	for (size_t i = 0; i < n;) {
		struct node_record r = records[i++];

		for (; i < n && !compare(&r, &records[i]); i++) {
			const struct node_record *same = &records[i];

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
static bool choose(struct node_record *records, size_t n, bool apex)
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

static void note(struct node_builder *b, const struct zone_touch *touch, const struct node_record *r, bool added)
{
	if (added)
		b->records_added++;
	else
		b->records_removed++;
	zone_journal_record(b->journal, added, touch->name, touch->name_len, r->type, added ? r->ttl : r->old_ttl,
		r->head, r->head_len, r->tail, r->tail_len);
}

/* The published difference, removals first. */
static void note_difference(struct node_builder *b, const struct zone_touch *touch, const struct node_record *records,
	size_t n, const struct node_record *gone, size_t gone_count)
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
static const struct zone_node *target_node(const struct node_builder *b, const struct node_record *r)
{
	const struct zone_touch *touch = r->target;
	uint64_t hash = touch ? touch->hash : zone_name_hash(r->tail, r->tail_len);

	if (!touch)
		touch = zone_txn_find(b->txn, hash, r->tail, r->tail_len);
	if (touch)
		return touch->built ? touch->new : touch->old;
	return zone_find_hashed(zone_txn_nodes(b->txn), hash, r->tail, r->tail_len);
}

static size_t addresses_size(const struct zone_node *node, uint16_t type)
{
	const struct zone_rrset *set = node ? zone_rrset_of(node, type) : NULL;
	size_t size = set ? (size_t)set->count * set->stride : 0;

	return size <= ADDITIONAL_MAX ? size : 0;
}

static void measure(const struct node_builder *b, struct node_record *r)
{
	r->addresses = r->type == RR_SRV && r->now ? target_node(b, r) : NULL;
	r->slot_size = (uint32_t)(RR_FIXED + r->head_len + r->tail_len + addresses_size(r->addresses, RR_A) +
		addresses_size(r->addresses, RR_AAAA));
}

static uint8_t *write_addresses(uint8_t *at, const struct zone_node *node, uint16_t type)
{
	size_t size = addresses_size(node, type);

	if (size)
		memcpy(at, zone_rrset_slot(node, zone_rrset_of(node, type), 0), size);
	return at + size;
}

static uint8_t *write_slot(uint8_t *at, const struct node_record *r)
{
	wire_put_u16(at, 0xc00c);
	wire_put_u16(at + 2, r->type);
	wire_put_u16(at + 4, 1);
	wire_put_u32(at + 6, r->ttl);
	wire_put_u16(at + 10, (uint16_t)(r->head_len + r->tail_len));
	at += RR_FIXED;
	memcpy(at, r->head, r->head_len);
	at += r->head_len;
	if (r->tail_len)
		memcpy(at, r->tail, r->tail_len);
	at += r->tail_len;
	at = write_addresses(at, r->addresses, RR_A);
	return write_addresses(at, r->addresses, RR_AAAA);
}

static size_t align4(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

/* The records of one type, which stand together. */
struct group {
	const struct node_record *records;
	uint32_t published, total;
	size_t slot_bytes;
	uint16_t stride;
	bool counted; /* some record's counts are not {1, 0, 0} */
};

static struct group next_group(const struct node_record *r, const struct node_record *end)
{
	struct group g = {.records = r, .stride = (uint16_t)r->slot_size};
	uint16_t type = r->type;

	for (; r < end && r->type == type; r++) {
		g.total++;
		g.published += r->now;
		g.slot_bytes += r->slot_size;
		if (r->slot_size != g.stride)
			g.stride = 0;
		g.counted |= r->counts[ZONE_RANK_SERVED] != 1 || r->counts[ZONE_RANK_UNWELL] ||
			r->counts[ZONE_RANK_STATIC];
	}
	return g;
}

static size_t group_size(const struct group *g)
{
	return align4(g->slot_bytes) + (g->stride ? 0 : (g->total + 1) * sizeof(uint32_t)) +
		(g->counted ? g->total * sizeof(struct zone_counts) : 0);
}

/* Writes a group at `at` of the node's block and returns where the next one goes. */
static size_t write_group(struct zone_node *node, struct zone_rrset *set, const struct group *g, size_t at)
{
	uint8_t *base = (uint8_t *)node;
	size_t slots = at, offsets = slots + align4(g->slot_bytes);
	size_t counts = offsets + (g->stride ? 0 : (g->total + 1) * sizeof(uint32_t));
	uint8_t *p = base + slots;
	uint32_t i = 0;

	*set = (struct zone_rrset){.type = g->records->type, .stride = g->stride, .count = g->published,
		.total = g->total, .slots = (uint32_t)slots, .offsets = (uint32_t)(g->stride ? 0 : offsets),
		.counts = (uint32_t)(g->counted ? counts : 0)};
	for (int published = 1; published >= 0; published--) {
		for (const struct node_record *r = g->records; r < g->records + g->total; r++) {
			struct zone_counts c;

			if (r->now != published)
				continue;
			uint32_t offset = (uint32_t)(p - (base + slots));
			if (!g->stride)
				memcpy(base + offsets + i * sizeof(offset), &offset, sizeof(offset));
			for (int rank = 0; rank < ZONE_RANKS; rank++)
				c.n[rank] = (uint32_t)r->counts[rank];
			if (g->counted)
				memcpy(base + counts + i * sizeof(c), &c, sizeof(c));
			p = write_slot(p, r);
			i++;
		}
	}
	uint32_t end = (uint32_t)(p - (base + slots));
	if (!g->stride)
		memcpy(base + offsets + i * sizeof(end), &end, sizeof(end));
	return counts + (g->counted ? g->total * sizeof(struct zone_counts) : 0);
}

static struct zone_node *node_alloc(const struct zone_touch *touch, unsigned sets, size_t extra)
{
	size_t name = sizeof(struct zone_node) + sets * sizeof(struct zone_rrset);
	size_t size = align4(name + touch->name_len) + extra;
	struct zone_node *node = size <= UINT32_MAX ? calloc(1, size) : NULL;

	if (!node)
		return NULL;
	node->hash = touch->hash;
	node->size = (uint32_t)size;
	node->zone = touch->zone;
	node->name_len = touch->name_len;
	node->set_count = (uint16_t)sets;
	node->name = (uint16_t)name;
	memcpy((uint8_t *)node + name, touch->name, touch->name_len);
	if (touch->old) {
		node->children = touch->old->children;
		node->flags = touch->old->flags & ZONE_NODE_WILDCARD;
	}
	return node;
}

static int build(struct zone_touch *touch, const struct node_record *records, size_t n, bool apex)
{
	const struct node_record *end = records + n;
	unsigned sets = 0;
	size_t extra = 0;

	for (const struct node_record *r = records; r < end;) {
		struct group g = next_group(r, end);

		sets++;
		extra += group_size(&g);
		r += g.total;
	}
	if (sets > SETS_MAX)
		return ERR_LIMIT;
	struct zone_node *node = node_alloc(touch, sets, extra);
	if (!node)
		return ERR_NOMEM;
	size_t at = align4(node->name + node->name_len);
	unsigned set = 0;
	/* published sets first: the answering threads stop at the first that is not */
	for (int published = 1; published >= 0; published--) {
		for (const struct node_record *r = records; r < end;) {
			struct group g = next_group(r, end);

			if ((g.published > 0) == published) {
				at = write_group(node, &node->sets[set++], &g, at);
				if (published && g.records->type == RR_NS && !apex)
					node->flags |= ZONE_NODE_CUT;
			}
			r += g.total;
		}
	}
	if (apex)
		node->flags |= ZONE_NODE_APEX;
	touch->new = node;
	return 0;
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

int node_build(struct node_builder *b, struct zone_touch *touch, bool apex, const uint8_t *soa, uint16_t soa_len,
	uint32_t soa_ttl)
{
	size_t most = touch->delta_count + 1, n = 0, gone_count;

	for (unsigned s = 0; touch->old && s < touch->old->set_count; s++)
		most += touch->old->sets[s].total;
	if (most * 2 > b->room) { /* the second half is for those that go */
		size_t room = most * 2 > 64 ? most * 3 : 64;
		struct node_record *records = realloc(b->records, room * sizeof(*records));

		if (!records)
			return ERR_NOMEM;
		b->records = records;
		b->room = room;
	}
	struct node_record *records = b->records, *gone = b->records + most;
	if (touch->old)
		n = read_old(touch->old, records, soa != NULL);
	for (const struct zone_delta *delta = touch->deltas; delta; delta = delta->next)
		read_delta(delta, &records[n++]);
	if (soa) {
		records[n] = (struct node_record){.type = RR_SOA, .was = true, .ttl = soa_ttl, .old_ttl = soa_ttl,
			.counts = {1}};
		set_rdata(&records[n++], soa, soa_len);
	}
	sort(records, n);
	n = coalesce(records, n, gone, &gone_count);
	bool conflict = choose(records, n, apex);
	if (conflict && !(touch->old && touch->old->flags & ZONE_NODE_CONFLICT))
		report_conflict(b, touch);
	note_difference(b, touch, records, n, gone, gone_count);
	touch->new = NULL;
	touch->built = true;
	for (size_t i = 0; i < n; i++)
		measure(b, &records[i]);
	int err = n ? build(touch, records, n, apex) : 0;
	if (!err && conflict)
		touch->new->flags |= ZONE_NODE_CONFLICT;
	return err;
}

int node_build_copy(struct zone_touch *touch)
{
	touch->new = malloc(touch->old->size);
	if (!touch->new)
		return ERR_NOMEM;
	memcpy(touch->new, touch->old, touch->old->size);
	return 0;
}

int node_build_empty(struct zone_touch *touch)
{
	touch->new = node_alloc(touch, 0, 0);
	return touch->new ? 0 : ERR_NOMEM;
}

bool node_equal(const struct zone_node *a, const struct zone_node *b)
{
	return a->size == b->size && !memcmp(a, b, a->size);
}
