/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/dump.h"

#include <ldns/ldns.h>
#include <stdlib.h>

#include "base/err.h"

/* Labels of a name, the last one first. */
static unsigned split(const uint8_t *name, const uint8_t *labels[DNAME_LABELS])
{
	unsigned n = dname_labels(name);

	for (unsigned i = n; i--; name = dname_parent(name))
		labels[i] = name;
	return n;
}

static int canonical_order(const void *va, const void *vb)
{
	const struct zone_node *const *a = va, *const *b = vb;
	const uint8_t *la[DNAME_LABELS], *lb[DNAME_LABELS];
	unsigned na = split(zone_node_name(*a), la), nb = split(zone_node_name(*b), lb);

	for (unsigned i = 0; i < na && i < nb; i++) {
		size_t len = *la[i] < *lb[i] ? *la[i] : *lb[i];
		int order = memcmp(la[i] + 1, lb[i] + 1, len);

		if (order || *la[i] != *lb[i])
			return order ? order : *la[i] - *lb[i];
	}
	return na < nb ? -1 : na > nb;
}

static int print_rr(FILE *out, const struct zone_node *node, const uint8_t *rr)
{
	uint8_t wire[DNAME_MAX + RR_FIXED + UINT16_MAX];
	size_t size = zone_rr_size(rr) - 2, pos = 0;
	ldns_rr *parsed;

	/* the owner is a pointer to a question that is not there */
	memcpy(wire, zone_node_name(node), node->name_len);
	memcpy(wire + node->name_len, rr + 2, size);
	if (ldns_wire2rr(&parsed, wire, node->name_len + size, &pos, LDNS_SECTION_ANSWER) != LDNS_STATUS_OK)
		return ERR_FORMAT;
	ldns_rr_print(out, parsed);
	ldns_rr_free(parsed);
	return ferror(out) ? ERR_SYSTEM : 0;
}

static int print_set(FILE *out, const struct zone_node *node, const struct zone_rrset *set)
{
	int err = 0;

	for (uint32_t i = 0; i < set->count && !err; i++)
		err = print_rr(out, node, zone_rrset_slot(set, i));
	return err;
}

int zone_dump(const struct zone_snapshot *snapshot, FILE *out)
{
	const struct zone_node *apex = snapshot->zones[0].node;
	const struct zone_node **nodes = malloc((snapshot->nodes->count + 1) * sizeof(nodes[0]));
	struct pmap_iter it = pmap_iter(snapshot->nodes);
	size_t n = 0;
	int err = apex ? print_set(out, apex, zone_rrset_of(apex, RR_SOA)) : 0;

	if (!nodes)
		return ERR_NOMEM;
	for (const struct zone_node *node; (node = pmap_next(&it));)
		if (!node->zone)
			nodes[n++] = node;
	qsort(nodes, n, sizeof(nodes[0]), canonical_order);
	for (size_t i = 0; i < n; i++)
		for (unsigned s = 0; s < nodes[i]->set_count && nodes[i]->sets[s].count && !err; s++)
			if (nodes[i]->sets[s].type != RR_SOA)
				err = print_set(out, nodes[i], &nodes[i]->sets[s]);
	free(nodes);
	if (!err && fflush(out))
		err = ERR_SYSTEM;
	return err;
}
