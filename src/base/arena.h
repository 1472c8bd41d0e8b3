/* SPDX-License-Identifier: Apache-2.0 */
/* A bump allocator for what lives and dies together. Owned by one thread at a time. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks;
	size_t used, size; /* of the newest chunk */
	size_t total;      /* bytes taken from malloc */
};

/* An all-zero struct arena is empty and ready. */
void arena_fini(struct arena *a);
/* Takes everything back, but keeps a part of the memory for what comes next. */
void arena_reset(struct arena *a);
/* `size` bytes aligned to 8, uninitialised; NULL if memory is exhausted. Freed by arena_fini(). */
void *arena_alloc(struct arena *a, size_t size);

#endif
