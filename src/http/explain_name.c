/* SPDX-License-Identifier: Apache-2.0 */
#include "http/explain_name.h"

#include "base/err.h"

static int zone_of(const struct zone_snapshot *snapshot, const uint8_t *name, size_t len)
{
	int best = -1;

	for (int z = 0; z < snapshot->zone_count; z++) {
		const struct zone_apex *zone = &snapshot->zones[z];

		if (dname_is_under(name, len, zone->name, zone->name_len) &&
			(best < 0 || zone->name_len > snapshot->zones[best].name_len))
			best = z;
	}
	return best;
}

/* What is there of the name, and above it up to the apex. */
static void look_up(struct explain_name *q, const struct zone_snapshot *snapshot)
{
	const struct zone_apex *zone = &snapshot->zones[q->zone];
	const uint8_t *name = q->wire;
	size_t len = q->len;

	q->node = zone_find(snapshot, name, len);
	q->encloser = NULL;
	q->delegation = NULL;
	for (;; len -= 1u + name[0], name = dname_parent(name)) {
		const struct zone_node *node = zone_find(snapshot, name, len);

		if (node && !q->encloser) {
			q->encloser = name;
			q->encloser_len = len;
		}
		if (node && node->flags & ZONE_NODE_CUT)
			q->delegation = node;
		if (len == zone->name_len)
			break;
	}
	if (!q->encloser) { /* the zone is not loaded */
		q->encloser = name;
		q->encloser_len = len;
	}
	q->wildcard = NULL;
	if (!q->node && q->encloser_len + 2 <= DNAME_MAX) {
		uint8_t star[DNAME_MAX] = {1, '*'};

		memcpy(star + 2, q->encloser, q->encloser_len);
		q->wildcard = zone_find(snapshot, star, q->encloser_len + 2);
	}
}

static void count_services(struct explain_name *q)
{
	q->services = 0;
	for (const uint8_t *label = q->wire; label[0] && label[1] == '_'; label = dname_parent(label))
		q->services++;
}

int explain_name_make(struct explain_name *q, const struct zone_snapshot *snapshot, const char *text)
{
	const struct zone_apex *domain = &snapshot->zones[0];
	size_t text_len = strlen(text);

	*q = (struct explain_name){0};
	q->len = dname_from_text(q->wire, text, text_len);
	if (!q->len)
		return ERR_FORMAT;
	q->zone = zone_of(snapshot, q->wire, q->len);
	bool absolute = text[text_len - 1] == '.' || q->zone >= 0;
	if (!absolute && q->len - 1 + domain->name_len <= DNAME_MAX) {
		bool single = q->len == 2u + q->wire[0];

		memcpy(q->wire + q->len - 1, domain->name, domain->name_len);
		q->len += domain->name_len - 1u;
		q->zone = zone_of(snapshot, q->wire, q->len);
		look_up(q, snapshot);
		q->outside = !single && q->encloser_len <= domain->name_len;
	}
	count_services(q);
	if (q->zone >= 0)
		look_up(q, snapshot);
	else
		q->outside = true;
	return 0;
}
