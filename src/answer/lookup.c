/* SPDX-License-Identifier: Apache-2.0 */
#include "answer/lookup.h"

/* A node may be there for the sake of records that are held back: for clients it is not. */
static bool node_exists(const struct zone_node *node)
{
	return node && (node->children || zone_has_records(node));
}

/* The zone with the longest name that `name`, whose node is given, is in. With all zones loaded it is that of the
 * closest name above that is there. */
static const struct zone_apex *find_zone(
	const struct zone_snapshot *snapshot, const struct zone_node *node, const uint8_t *name, size_t len)
{
	const struct zone_apex *best = NULL;
	const uint8_t *end = name + len;

	while (!snapshot->unloaded) {
		if (node)
			return &snapshot->zones[node->zone];
		if (!*name)
			return NULL;
		name = dname_parent(name);
		node = zone_find(snapshot, name, (size_t)(end - name));
	}

	for (unsigned i = 0; i < snapshot->zone_count; i++) {
		const struct zone_apex *zone = &snapshot->zones[i];

		if ((!best || zone->name_len > best->name_len) &&
			dname_is_under(name, len, zone->name, zone->name_len))
			best = zone;
	}
	return best;
}

/* `*` below `encloser`, if it exists. */
static const struct zone_node *find_wildcard(
	const struct zone_snapshot *snapshot, const struct zone_node *encloser)
{
	uint8_t name[2 + DNAME_MAX] = {1, '*'};

	if (!(encloser->flags & ZONE_NODE_WILDCARD))
		return NULL;
	memcpy(name + 2, zone_node_name(encloser), encloser->name_len);
	const struct zone_node *node = zone_find(snapshot, name, 2u + encloser->name_len);
	return node_exists(node) ? node : NULL;
}

/* Goes down from the apex label by label: to a delegation, to the name, or to its closest encloser. Since
 * every name above an existing one exists as well, the first gap ends it. */
static enum lookup_status descend(const struct zone_snapshot *snapshot, const uint8_t *name, size_t len,
	uint16_t type, struct lookup *found)
{
	const struct zone_node *node = found->zone->node;
	uint8_t starts[DNAME_LABELS]; /* of the labels before the apex */
	unsigned labels = 0;

	for (const uint8_t *p = name; p < name + len - found->zone->name_len; p = dname_parent(p))
		starts[labels++] = (uint8_t)(p - name);
	while (labels) {
		size_t at = starts[--labels];
		const struct zone_node *below = zone_find(snapshot, name + at, len - at);

		if (!node_exists(below)) {
			found->node = find_wildcard(snapshot, node);
			return found->node ? LOOKUP_NODE : LOOKUP_NONE;
		}
		node = below;
		if (node->flags & ZONE_NODE_CUT && (labels || type != RR_DS)) {
			found->node = node;
			return LOOKUP_CUT;
		}
	}
	found->node = node;
	found->exact = true;
	return LOOKUP_NODE;
}

enum lookup_status lookup_from(const struct zone_snapshot *snapshot, const struct zone_node *node, const uint8_t *name,
	size_t len, uint16_t type, struct lookup *found)
{
	found->exact = false;
	if (node_exists(node)) {
		found->zone = &snapshot->zones[node->zone];
		if (found->zone->plain) {
			found->node = node;
			found->exact = true;
			return LOOKUP_NODE;
		}
	} else {
		found->zone = find_zone(snapshot, node, name, len);
		if (!found->zone)
			return LOOKUP_OUTSIDE;
	}
	if (!found->zone->node)
		return LOOKUP_UNLOADED;
	if (!found->zone->cuts && !found->zone->wildcards)
		return LOOKUP_NONE;
	return descend(snapshot, name, len, type, found);
}

size_t lookup_drop_stars(uint8_t out[DNAME_MAX], const uint8_t *name, size_t len)
{
	const uint8_t *from = name;
	size_t at = 0;

	while (*from && (from == name || from[0] != 1 || from[1] != '*'))
		from = dname_parent(from);
	if (!*from) /* as nearly always */
		return 0;
	from = name;
	while (from < name + len) {
		size_t label = 1u + *from;

		if (at == 0 || label != 2 || from[1] != '*') {
			memcpy(out + at, from, label);
			at += label;
		}
		from += label;
	}
	return at == len ? 0 : at;
}
