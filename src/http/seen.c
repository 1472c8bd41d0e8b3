/* SPDX-License-Identifier: Apache-2.0 */
#include "http/seen.h"

#include <stdlib.h>
#include <string.h>

#define SIZE_LEAST 256

void http_seen_fini(struct http_seen *seen)
{
	free(seen->slots);
	*seen = (struct http_seen){0};
}

void http_seen_clear(struct http_seen *seen)
{
	if (seen->size > SIZE_LEAST)
		http_seen_fini(seen); /* most groups need little, and clearing much takes long */
	else if (seen->count)
		memset(seen->slots, 0, seen->size * sizeof(seen->slots[0]));
	seen->count = 0;
}

/* The slot of the hash, or the free one where it belongs. */
static uint64_t *slot_of(const struct http_seen *seen, uint64_t hash)
{
	size_t at = hash & (seen->size - 1);

	while (seen->slots[at] && seen->slots[at] != hash)
		at = (at + 1) & (seen->size - 1);
	return &seen->slots[at];
}

static bool grow(struct http_seen *seen)
{
	struct http_seen larger = {.size = seen->size ? seen->size * 2 : SIZE_LEAST, .count = seen->count};

	larger.slots = calloc(larger.size, sizeof(larger.slots[0]));
	if (!larger.slots)
		return false;
	for (size_t i = 0; i < seen->size; i++)
		if (seen->slots[i])
			*slot_of(&larger, seen->slots[i]) = seen->slots[i];
	free(seen->slots);
	*seen = larger;
	return true;
}

bool http_seen_add(struct http_seen *seen, uint64_t hash)
{
	hash += !hash;
	if (seen->size && *slot_of(seen, hash))
		return true;
	if (seen->count == HTTP_SEEN_MAX || (seen->count * 2 >= seen->size && !grow(seen)))
		return false;
	*slot_of(seen, hash) = hash;
	seen->count++;
	return false;
}
