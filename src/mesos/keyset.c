/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/keyset.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define ROOM_MIN 64

void keyset_fini(struct keyset *set)
{
	free(set->slots);
	*set = (struct keyset){0};
}

void keyset_clear(struct keyset *set)
{
	if (set->slots)
		memset(set->slots, 0, set->room * sizeof(set->slots[0]));
	set->count = 0;
}

/* The slot of the key, or the free one where it would be. There is always a free one. */
static struct keyset_slot *slot_of(const struct keyset *set, uint64_t key)
{
	size_t at = key & (set->room - 1);

	while (set->slots[at].key && set->slots[at].key != key)
		at = (at + 1) & (set->room - 1);
	return &set->slots[at];
}

static int grow(struct keyset *set)
{
	struct keyset grown = {.count = set->count, .room = set->room ? set->room * 2 : ROOM_MIN};

	grown.slots = calloc(grown.room, sizeof(grown.slots[0]));
	if (!grown.slots)
		return ERR_NOMEM;
	for (size_t i = 0; i < set->room; i++)
		if (set->slots[i].key)
			*slot_of(&grown, set->slots[i].key) = set->slots[i];
	free(set->slots);
	*set = grown;
	return 0;
}

int keyset_put(struct keyset *set, uint64_t key, uint32_t value)
{
	key += !key;
	if (4 * (set->count + 1) > 3 * set->room) {
		int rc = grow(set);

		if (rc)
			return rc;
	}
	struct keyset_slot *slot = slot_of(set, key);
	set->count += !slot->key;
	*slot = (struct keyset_slot){key, value};
	return 0;
}

const uint32_t *keyset_get(const struct keyset *set, uint64_t key)
{
	if (!set->count)
		return NULL;
	const struct keyset_slot *slot = slot_of(set, key + !key);
	return slot->key ? &slot->value : NULL;
}
