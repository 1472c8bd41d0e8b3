/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdlib.h>

#define CHUNK_FIRST 4096
#define CHUNK_MAX   (1024 * 1024)

struct arena_chunk {
	struct arena_chunk *next;
	_Alignas(8) char bytes[];
};

void arena_fini(struct arena *a)
{
	while (a->chunks) {
		struct arena_chunk *next = a->chunks->next;

		free(a->chunks);
		a->chunks = next;
	}
	*a = (struct arena){0};
}

void arena_reset(struct arena *a)
{
	struct arena_chunk *newest = a->chunks;
	size_t size = a->size;

	if (!newest)
		return;
	a->chunks = newest->next;
	arena_fini(a);
	newest->next = NULL;
	*a = (struct arena){.chunks = newest, .size = size, .total = sizeof(*newest) + size};
}

void *arena_alloc(struct arena *a, size_t size)
{
	size = (size + 7) & ~(size_t)7;
	if (a->size - a->used < size) {
		size_t want = a->size ? a->size * 2 : CHUNK_FIRST;

		if (want > CHUNK_MAX)
			want = CHUNK_MAX;
		if (want < size)
			want = size;
		struct arena_chunk *chunk = malloc(sizeof(*chunk) + want);
		if (!chunk)
			return NULL;
		chunk->next = a->chunks;
		a->chunks = chunk;
		a->size = want;
		a->used = 0;
		a->total += sizeof(*chunk) + want;
	}
	void *p = a->chunks->bytes + a->used;
	a->used += size;
	return p;
}
