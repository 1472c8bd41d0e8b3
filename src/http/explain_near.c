/* SPDX-License-Identifier: Apache-2.0 */
#include "http/explain_near.h"

#include "zone/label.h"

#define FAR    4 /* a spelling that differs in so many places is another word */
#define BESIDE 8

unsigned explain_distance(const char *a, size_t a_len, const char *b, size_t b_len, unsigned limit)
{
	unsigned rows[3][DLABEL_MAX + 1];
	unsigned *before = rows[0], *last = rows[1], *now = rows[2];

	if ((a_len > b_len ? a_len - b_len : b_len - a_len) >= limit)
		return limit;
	for (size_t j = 0; j <= b_len; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned least = now[0] = (unsigned)i;

		for (size_t j = 1; j <= b_len; j++) {
			unsigned n = last[j - 1] + (a[i - 1] != b[j - 1]);

			if (last[j] + 1 < n)
				n = last[j] + 1;
			if (now[j - 1] + 1 < n)
				n = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < n)
				n = before[j - 2] + 1;
			now[j] = n;
			least = n < least ? n : least;
		}
		if (least >= limit)
			return limit;
		unsigned *free = before;
		before = last;
		last = now;
		now = free;
	}
	return last[b_len] < limit ? last[b_len] : limit;
}

/* Puts the node among the nearest, in the order of distance and then name; one that is there stays. */
static void add(struct explain *e, const struct zone_node *node, enum explain_near_why why, unsigned distance)
{
	size_t at = 0;

	if (node == e->name.node || !(zone_has_records(node) || why == EXPLAIN_BELOW))
		return;
	for (size_t i = 0; i < e->near_count; i++) {
		const struct explain_near *near = &e->near[i];

		if (near->node == node && near->distance <= distance)
			return;
		if (near->node == node) {
			memmove(&e->near[i], &e->near[i + 1], (--e->near_count - i) * sizeof(e->near[0]));
			break;
		}
	}
	while (at < e->near_count &&
		(e->near[at].distance < distance ||
			(e->near[at].distance == distance && strcmp((const char *)zone_node_name(e->near[at].node),
								     (const char *)zone_node_name(node)) < 0)))
		at++;
	if (at == EXPLAIN_NEAR)
		return;
	if (e->near_count == EXPLAIN_NEAR)
		e->near_count--;
	memmove(&e->near[at + 1], &e->near[at], (e->near_count - at) * sizeof(e->near[0]));
	e->near[at] = (struct explain_near){.node = node, .why = why, .distance = distance};
	e->near_count++;
}

static void add_name(struct explain *e, const uint8_t *name, size_t len, enum explain_near_why why, unsigned distance)
{
	const struct zone_node *node = zone_find(e->snapshot, name, len);

	if (node)
		add(e, node, why, distance);
}

/* The first `count` labels as one, as naming makes one of a text with dots, and the rest likewise label by label. */
static void try_joined(struct explain *e, unsigned count)
{
	const uint8_t *at = e->name.wire, *domain = at + e->name.len - e->snapshot->zones[0].name_len;
	uint8_t name[DNAME_MAX];
	size_t used = 0;

	for (bool first = true; at < domain; first = false) {
		char text[DNAME_MAX], label[DLABEL_MAX];
		size_t len = 0;
		bool service = at[1] == '_';

		for (unsigned i = 0; i < (first ? count : 1) && at < domain; i++, at = dname_parent(at)) {
			if (len)
				text[len++] = '.';
			memcpy(text + len, at + 1, at[0]);
			len += at[0];
		}
		size_t made = label_make(label, text, len, e->conf->enforce_rfc952);
		if (!made || used + 2 + made + (size_t)(e->name.wire + e->name.len - at) > DNAME_MAX)
			return;
		if (service && made == DLABEL_MAX)
			made--;
		name[used++] = (uint8_t)(made + service);
		if (service)
			name[used++] = '_';
		memcpy(name + used, label, made);
		used += made;
	}
	memcpy(name + used, domain, e->snapshot->zones[0].name_len);
	add_name(e, name, used + e->snapshot->zones[0].name_len, EXPLAIN_AS_LABEL, 0);
}

void explain_near_derived(struct explain *e)
{
	unsigned below = dname_labels(e->name.wire) - dname_labels(e->snapshot->zones[0].name);
	const uint8_t *at = e->name.wire;

	for (unsigned count = 1; count <= below && (count == 1 || !e->name.services); count++)
		try_joined(e, count);
	if (!e->name.services)
		return;
	for (unsigned i = 0; i < e->name.services; i++)
		at = dname_parent(at);
	/* NAME.REST of _NAME._tcp.REST and _port._NAME._tcp.REST */
	const uint8_t *label = e->name.wire;
	for (unsigned i = 0; i + 1 < e->name.services || i == 0; i++, label = dname_parent(label)) {
		uint8_t host[DNAME_MAX];
		size_t len, rest = (size_t)(e->name.wire + e->name.len - at);
		const char *text = explain_label(label, &len);

		host[0] = (uint8_t)len;
		memcpy(host + 1, text, len);
		memcpy(host + 1 + len, at, rest);
		if (len)
			add_name(e, host, 1 + len + rest, EXPLAIN_HOST, 1);
	}
}

/* The bytes of the labels that say which service or host it is, without where it is. */
static size_t leading(const struct explain_name *name)
{
	const uint8_t *at = name->wire;

	for (unsigned i = 0; i < (name->services ? name->services : 1); i++)
		at = dname_parent(at);
	return (size_t)(at - name->wire);
}

/* A child of the closest name that there is, spelled nearly as the name's label there: then the whole name with this
 * one in its place, or if that is none, the child. */
static void try_spelling(struct explain *e, const struct zone_node *node)
{
	const struct explain_name *name = &e->name;
	const uint8_t *mine = name->wire, *own = zone_node_name(node);

	while (dname_parent(mine) != name->encloser)
		mine = dname_parent(mine);
	unsigned limit = mine[0] / 3 + 2 < FAR ? mine[0] / 3u + 2 : FAR;
	e->spent += EXPLAIN_COST_DISTANCE;
	unsigned distance = explain_distance((const char *)mine + 1, mine[0], (const char *)own + 1, own[0], limit);
	size_t before = (size_t)(mine - name->wire);
	uint8_t whole[DNAME_MAX];

	if (distance == limit) {
		if ((own[1] == '_') == (mine[0] && mine[1] == '_'))
			add(e, node, EXPLAIN_BESIDE, BESIDE);
		return;
	}
	if (before + node->name_len <= DNAME_MAX) {
		memcpy(whole, name->wire, before);
		memcpy(whole + before, own, node->name_len);
		add_name(e, whole, before + node->name_len, EXPLAIN_SPELLING, distance);
	}
	add(e, node, EXPLAIN_SPELLING, distance + (before > 0));
}

static bool is_parent(const uint8_t *parent, size_t len, const struct zone_node *node)
{
	const uint8_t *name = zone_node_name(node);

	return node->name_len == len + 1 + name[0] && !memcmp(dname_parent(name), parent, len);
}

void explain_near_node(struct explain *e, const struct zone_node *node)
{
	const struct explain_name *name = &e->name;
	size_t lead = leading(name);

	if (node->zone != name->zone || node == name->node)
		return;
	if (name->node) {
		if (is_parent(name->wire, name->len, node))
			add(e, node, EXPLAIN_BELOW, 0);
		return;
	}
	if (is_parent(name->encloser, name->encloser_len, node))
		try_spelling(e, node);
	if (node->name_len > lead && !memcmp(zone_node_name(node), name->wire, lead))
		add(e, node, EXPLAIN_ELSEWHERE, 2);
}
