/* SPDX-License-Identifier: Apache-2.0 */
/* A persistent hash map of pointers: every version stays as it was while newer ones are made from it, so that
 * readers hold a version without a lock. Three levels: the root (a version) points to chunks of 256 page pointers,
 * a page holds a handful of items. An edit copies the chunks and pages that it touches, once each, and shares the
 * rest; what it replaces goes to a list of retired memory, for the owner to free when no reader can see it any more.
 *
 * Items are the caller's; each starts with its 64-bit hash (struct pmap_item), keyed and well mixed. Reading is
 * wait-free and allocates nothing. One edit at a time, on one thread. */
#ifndef BASE_PMAP_H
#define BASE_PMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PMAP_CHUNK_BITS 8

struct pmap_item {
	uint64_t hash;
};

struct pmap_page {
	uint64_t edit; /* the edit that made it and may still change it */
	uint32_t count, room;
	uint32_t tags[]; /* `room` (an even number) low halves of hashes, then as many items */
};

struct pmap_chunk {
	uint64_t edit;
	struct pmap_page *pages[];
};

struct pmap {
	uint64_t edit;
	size_t count;  /* items */
	unsigned bits; /* log2 of the number of pages, at least 1 */
	struct pmap_chunk *chunks[];
};

/* Pointers from malloc that wait for the end of their readers. */
struct retired {
	void **items;
	size_t count, room;
	size_t reserved; /* room that was asked for and not used so far */
};

/* Makes room for `more` items, so that what replaces them can be made, and they then be added, without failing in
 * between. ERR_NOMEM. */
int retired_reserve(struct retired *r, size_t more);
/* Takes `item`, for which room was reserved. */
void retired_add(struct retired *r, void *item);
/* Frees every item and the list. */
void retired_free(struct retired *r);

static inline void **pmap_page_items(const struct pmap_page *page)
{
	return (void **)(uintptr_t)(page->tags + page->room);
}

#define PMAP_CHUNK_PAGES ((size_t)1 << PMAP_CHUNK_BITS)

static inline size_t pmap_page_index(const struct pmap *map, uint64_t hash)
{
	return (size_t)(hash >> (64 - map->bits));
}

/* The page where items of this hash are, or NULL. */
static inline const struct pmap_page *pmap_page(const struct pmap *map, uint64_t hash)
{
	size_t index = pmap_page_index(map, hash);

	return map->chunks[index >> PMAP_CHUNK_BITS]->pages[index & (PMAP_CHUNK_PAGES - 1)];
}

/* For those who look up many: brings the page's place, then, a few look-ups later, the page itself into the cache. */
static inline void pmap_prefetch_place(const struct pmap *map, uint64_t hash)
{
	size_t index = pmap_page_index(map, hash);

	__builtin_prefetch(&map->chunks[index >> PMAP_CHUNK_BITS]->pages[index & (PMAP_CHUNK_PAGES - 1)]);
}

static inline void pmap_prefetch_page(const struct pmap *map, uint64_t hash)
{
	const char *page = (const char *)pmap_page(map, hash);

	if (!page)
		return;
	__builtin_prefetch(page);
	__builtin_prefetch(page + 64);
}

/* The item itself, or one that has the low half of its hash. */
static inline void pmap_prefetch_item(const struct pmap *map, uint64_t hash)
{
	const struct pmap_page *page = pmap_page(map, hash);

	for (unsigned i = 0; page && i < page->count; i++) {
		if (page->tags[i] != (uint32_t)hash)
			continue;
		const char *item = pmap_page_items(page)[i];
		__builtin_prefetch(item);
		__builtin_prefetch(item + 64);
		__builtin_prefetch(item + 128);
		return;
	}
}

/* The item with this hash that `match(item, key)` accepts, or NULL. Inline, so that the comparison is too. */
static inline void *pmap_find(const struct pmap *map, uint64_t hash, bool (*match)(const void *item, const void *key),
	const void *key)
{
	const struct pmap_page *page = pmap_page(map, hash);

	if (!page)
		return NULL;
	void **items = pmap_page_items(page);
	for (unsigned i = 0; i < page->count; i++)
		if (page->tags[i] == (uint32_t)hash && match(items[i], key))
			return items[i];
	return NULL;
}

/* A walk over all items of a version, in no particular order. */
struct pmap_iter {
	const struct pmap *map;
	size_t page;
	unsigned item;
};

static inline struct pmap_iter pmap_iter(const struct pmap *map)
{
	return (struct pmap_iter){map, 0, 0};
}
/* The next item, or NULL at the end. */
void *pmap_next(struct pmap_iter *it);

/* An empty map, or NULL. */
struct pmap *pmap_new(void);
/* Frees the map's own memory, never the items. Only for the last version, when nothing is shared any more. */
void pmap_free(struct pmap *map);

struct pmap_edit {
	struct pmap *map; /* the version being made; read it with pmap_find() as well */
	const struct pmap *base;
	uint64_t id;
	struct retired *retired; /* gets what becomes unreachable once the new version is published; all-zero or in use */
	size_t pages_touched;    /* pages that it copied or made */
};

/* Starts an edit of `base` with room for `expected` items about (0: as many as there are). ERR_NOMEM. */
int pmap_edit_begin(struct pmap_edit *edit, const struct pmap *base, struct retired *retired, size_t expected);
/* Puts `item` in the place of `old` (an item of the map with the same hash), or adds it if `old` is NULL.
 * ERR_NOMEM: the edit must be aborted. */
int pmap_edit_put(struct pmap_edit *edit, void *item, void *old);
/* Takes `old` out. ERR_NOMEM as above. Items stay the caller's, here as everywhere. */
int pmap_edit_remove(struct pmap_edit *edit, void *old);
/* Ends the edit and returns the new version. */
struct pmap *pmap_edit_commit(struct pmap_edit *edit);
/* Ends the edit and frees what it made; the base is as it was. `retired` then holds memory that is still in use:
 * it is the caller's to forget, not to free. */
void pmap_edit_abort(struct pmap_edit *edit);

#endif
