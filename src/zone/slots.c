/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/slots.h"

#include <stdlib.h>

static bool holds(const struct zone_slots *slots, const uint8_t *bytes, size_t size)
{
	return slots && slots->size == size && !memcmp(slots->bytes, bytes, size);
}

struct zone_slots *slots_take(struct slots_recent *recent, struct zone_slots *known, const uint8_t *bytes, size_t size)
{
	for (unsigned i = 0; i < SLOTS_RECENT && !holds(known, bytes, size); i++)
		known = recent->blocks[i];
	if (holds(known, bytes, size)) {
		known->uses++;
		return known;
	}
	struct zone_slots *slots = malloc(sizeof(*slots) + size);
	if (!slots)
		return NULL;
	slots->uses = 2;
	slots->size = (uint32_t)size;
	memcpy(slots->bytes, bytes, size);
	struct zone_slots **place = &recent->blocks[recent->next++ % SLOTS_RECENT];
	if (*place)
		slots_drop(*place);
	return *place = slots;
}

void slots_forget(struct slots_recent *recent)
{
	for (unsigned i = 0; i < SLOTS_RECENT; i++)
		if (recent->blocks[i])
			slots_drop(recent->blocks[i]);
	*recent = (struct slots_recent){0};
}

void slots_drop(struct zone_slots *slots)
{
	if (!--slots->uses)
		free(slots);
}

struct zone_slots *slots_of(const struct zone_node *node, const struct zone_rrset *set)
{
	uintptr_t start = (uintptr_t)node, slots = (uintptr_t)set->slots;
	size_t before = sizeof(struct zone_slots) + (set->stride ? 0 : (set->total + (size_t)1) * sizeof(uint32_t));

	if (slots > start && slots <= start + node->size)
		return NULL;
	return (struct zone_slots *)(slots - before);
}
