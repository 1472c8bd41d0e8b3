/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/block.h"

#include <stdlib.h>

#include "base/err.h"
#include "zone/txn.h"

/* Bytes of addresses that an SRV record carries of one family; above that, none. A UDP answer holds no more, and memory
 * goes with the records of a service times the addresses of its host. */
#define ADDITIONAL_MAX 1024
#define SETS_MAX       1024

void block_writer_fini(struct block_writer *w)
{
	slots_forget(&w->recent);
	free(w->bytes);
	*w = (struct block_writer){0};
}

static size_t align4(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

size_t block_addresses_size(const struct zone_node *node, uint16_t type)
{
	const struct zone_rrset *set = node ? zone_rrset_of(node, type) : NULL;
	size_t size = set ? (size_t)set->count * set->stride : 0;

	return size <= ADDITIONAL_MAX ? size : 0;
}

static uint8_t *write_addresses(uint8_t *at, const struct zone_node *node, uint16_t type)
{
	size_t size = block_addresses_size(node, type);

	if (size)
		memcpy(at, zone_rrset_slot(zone_rrset_of(node, type), 0), size);
	return at + size;
}

static uint8_t *write_slot(uint8_t *at, const struct block_record *r)
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
	if (!r->addresses)
		return at;
	at = write_addresses(at, r->addresses, RR_A);
	return write_addresses(at, r->addresses, RR_AAAA);
}

/* The records of one type, which stand together. */
struct group {
	const struct block_record *records;
	uint32_t published, total;
	size_t slot_bytes;
	uint16_t stride;
	bool counted; /* some record's counts are not {1, 0, 0} */
};

static struct group next_group(const struct block_record *r, const struct block_record *end)
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

static size_t offsets_size(const struct group *g)
{
	return g->stride ? 0 : (g->total + (size_t)1) * sizeof(uint32_t);
}

static size_t slots_size(const struct group *g)
{
	return offsets_size(g) + g->slot_bytes;
}

static bool stands_outside(const struct group *g)
{
	return slots_size(g) >= SLOTS_SHARED;
}

/* Bytes of the node's own block. */
static size_t group_size(const struct group *g)
{
	return (stands_outside(g) ? 0 : align4(slots_size(g))) + (g->counted ? g->total * sizeof(struct zone_counts) : 0);
}

/* Records of a group that are published (or are not) one after the other, from `*i` on. */
static uint8_t *write_half(uint8_t *slots, uint8_t *at, const struct group *g, bool published, uint32_t *i)
{
	for (const struct block_record *r = g->records; r < g->records + g->total; r++) {
		if (r->now != published)
			continue;
		if (!g->stride)
			zone_rrset_set_offset(slots, (*i)++, (uint32_t)(at - slots));
		at = write_slot(at, r);
	}
	return at;
}

/* Offsets and slots. Returns the first slot. */
static uint8_t *write_slots(uint8_t *bytes, const struct group *g)
{
	uint8_t *slots = bytes + offsets_size(g), *at = slots;
	uint32_t i = 0;

	at = write_half(slots, at, g, true, &i);
	if (g->published < g->total)
		at = write_half(slots, at, g, false, &i);
	if (!g->stride)
		zone_rrset_set_offset(slots, i, (uint32_t)(at - slots));
	return slots;
}

static void write_counts(uint8_t *at, const struct group *g)
{
	for (int published = 1; published >= 0; published--) {
		for (const struct block_record *r = g->records; r < g->records + g->total; r++) {
			if (r->now != published)
				continue;
			memcpy(at, r->counts, sizeof(r->counts));
			at += sizeof(struct zone_counts);
		}
	}
}

static const uint8_t *write_outside(struct block_writer *w, const struct zone_node *old, const struct group *g)
{
	size_t size = slots_size(g);
	struct zone_slots *known = NULL;

	if (size > UINT32_MAX)
		return NULL;
	if (size > w->room) {
		uint8_t *bytes = realloc(w->bytes, size * 2);

		if (!bytes)
			return NULL;
		w->bytes = bytes;
		w->room = size * 2;
	}
	write_slots(w->bytes, g);
	for (unsigned s = 0; old && s < old->set_count; s++)
		if (old->sets[s].type == g->records->type)
			known = slots_of(old, &old->sets[s]);
	const struct zone_slots *slots = slots_take(&w->recent, known, w->bytes, size);
	return slots ? slots->bytes + offsets_size(g) : NULL;
}

/* Bytes that nothing is written to, which block_equal() compares all the same. */
static void pad(struct zone_node *node, size_t end)
{
	memset((uint8_t *)node + align4(end) - sizeof(uint32_t), 0, sizeof(uint32_t));
}

/* A node with room for `sets` sets and `extra` bytes behind its name; the sets are yet to be written. */
static struct zone_node *block_alloc(const struct zone_touch *touch, unsigned sets, size_t extra)
{
	size_t name = sizeof(struct zone_node) + sets * sizeof(struct zone_rrset);
	size_t size = align4(name + touch->name_len) + extra;
	struct zone_node *node = size <= UINT32_MAX ? malloc(size) : NULL;

	if (!node)
		return NULL;
	*node = (struct zone_node){.hash = touch->hash, .size = (uint32_t)size, .zone = touch->zone,
		.name_len = touch->name_len, .set_count = (uint16_t)sets, .name = (uint16_t)name};
	pad(node, name + touch->name_len);
	memcpy((uint8_t *)node + name, touch->name, touch->name_len);
	if (touch->old) {
		node->children = touch->old->children;
		node->flags = touch->old->flags & ZONE_NODE_WILDCARD;
	}
	return node;
}

/* Where what follows the name begins. */
static size_t block_body(const struct zone_node *node)
{
	return align4(node->name + (size_t)node->name_len);
}

/* Writes a group at `*at` of the node's block. */
static int write_group(struct block_writer *w, struct zone_node *node, const struct zone_node *old, unsigned s,
	const struct group *g, size_t *at)
{
	uint8_t *base = (uint8_t *)node;
	struct zone_rrset set = {
		.type = g->records->type, .stride = g->stride, .count = g->published, .total = g->total};

	if (stands_outside(g)) {
		set.slots = write_outside(w, old, g);
		if (!set.slots)
			return ERR_NOMEM;
	} else {
		pad(node, *at + slots_size(g));
		set.slots = write_slots(base + *at, g);
		*at = align4(*at + slots_size(g));
	}
	if (g->counted) {
		set.counts = (uint32_t)*at;
		write_counts(base + *at, g);
		*at += g->total * sizeof(struct zone_counts);
	}
	node->sets[s] = set;
	return 0;
}

int block_write(struct block_writer *w, const struct zone_touch *touch, const struct block_record *records, size_t n,
	struct zone_node **out)
{
	const struct block_record *end = records + n;
	unsigned sets = 0, set = 0;
	size_t extra = 0;

	for (const struct block_record *r = records; r < end; sets++) {
		struct group g = next_group(r, end);

		extra += group_size(&g);
		r += g.total;
	}
	if (sets > SETS_MAX)
		return ERR_LIMIT;
	struct zone_node *node = block_alloc(touch, sets, extra);
	if (!node)
		return ERR_NOMEM;
	size_t at = block_body(node);
	/* published sets first: the answering threads stop at the first that is not */
	for (int published = 1; published >= 0 && set < sets; published--) {
		for (const struct block_record *r = records; r < end;) {
			struct group g = next_group(r, end);

			if ((g.published > 0) == published && write_group(w, node, touch->old, set++, &g, &at)) {
				node->set_count = (uint16_t)(set - 1);
				block_free(node);
				return ERR_NOMEM;
			}
			r += g.total;
		}
	}
	*out = node;
	return 0;
}

struct zone_node *block_write_empty(const struct zone_touch *touch)
{
	return block_alloc(touch, 0, 0);
}

/* Copies the sets of `from`, and what belongs to them behind its name. */
static void copy_sets(struct zone_node *node, const struct zone_node *from)
{
	size_t to_body = block_body(node), from_body = block_body(from);

	memcpy((uint8_t *)node + to_body, (const uint8_t *)from + from_body, from->size - from_body);
	for (unsigned s = 0; s < from->set_count; s++) {
		struct zone_rrset *set = &node->sets[s];
		struct zone_slots *slots = slots_of(from, &from->sets[s]);

		*set = from->sets[s];
		if (set->counts)
			set->counts += (uint32_t)(to_body - from_body);
		if (slots)
			slots->uses++;
		else
			set->slots = (uint8_t *)node + to_body + (set->slots - ((const uint8_t *)from + from_body));
	}
}

struct zone_node *block_write_like(const struct zone_touch *touch, const struct zone_node *like)
{
	struct zone_node *node = block_alloc(touch, like->set_count, like->size - block_body(like));

	if (node)
		copy_sets(node, like);
	return node;
}

struct zone_node *block_copy(const struct zone_node *from)
{
	struct zone_node *node = malloc(from->size);

	if (!node)
		return NULL;
	memcpy(node, from, from->size);
	copy_sets(node, from);
	return node;
}

static bool sets_equal(const struct zone_node *a, const struct zone_node *b, unsigned s)
{
	const struct zone_rrset *sa = &a->sets[s], *sb = &b->sets[s];
	const struct zone_slots *slots = slots_of(a, sa), *others = slots_of(b, sb);

	if (memcmp(sa, sb, offsetof(struct zone_rrset, slots)) != 0 || !slots != !others)
		return false;
	return slots == others || (slots->size == others->size && !memcmp(slots->bytes, others->bytes, slots->size));
}

bool block_equal(const struct zone_node *a, const struct zone_node *b)
{
	if (a->size != b->size || memcmp(a, b, sizeof(*a)) != 0)
		return false;
	for (unsigned s = 0; s < a->set_count; s++)
		if (!sets_equal(a, b, s))
			return false;
	return !memcmp((const uint8_t *)a + a->name, (const uint8_t *)b + b->name, a->size - a->name);
}

void block_free(struct zone_node *node)
{
	if (!node)
		return;
	for (unsigned s = 0; s < node->set_count; s++) {
		struct zone_slots *slots = slots_of(node, &node->sets[s]);

		if (slots)
			slots_drop(slots);
	}
	free(node);
}
