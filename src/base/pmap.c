/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pmap.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define ITEMS_PER_PAGE 4 /* what a map is sized for */
#define ITEMS_CROWDED  8 /* the average at which it is made larger */
#define BITS_MIN       1 /* a shift by 64 is none */
#define BITS_MAX       30

int retired_reserve(struct retired *r, size_t more)
{
	size_t wanted = r->count + r->reserved + more;

	if (wanted > r->room) {
		size_t room = r->room ? r->room * 2 : 64;

		if (room < wanted)
			room = wanted;
		void **items = realloc(r->items, room * sizeof(*items));
		if (!items)
			return ERR_NOMEM;
		r->items = items;
		r->room = room;
	}
	r->reserved += more;
	return 0;
}

void retired_add(struct retired *r, void *item)
{
	assert(r->reserved && r->count < r->room);
	r->reserved--;
	r->items[r->count++] = item;
}

void retired_free(struct retired *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->items[i]);
	free(r->items);
	*r = (struct retired){0};
}

static size_t chunk_count(unsigned bits)
{
	return bits > PMAP_CHUNK_BITS ? (size_t)1 << (bits - PMAP_CHUNK_BITS) : 1;
}

static size_t chunk_pages(unsigned bits)
{
	return bits > PMAP_CHUNK_BITS ? PMAP_CHUNK_PAGES : (size_t)1 << bits;
}

/* A map of `1 << bits` absent pages. */
static struct pmap *map_new(unsigned bits, uint64_t edit)
{
	size_t chunks = chunk_count(bits), pages = chunk_pages(bits);
	struct pmap *map = calloc(1, sizeof(*map) + chunks * sizeof(map->chunks[0]));

	if (!map)
		return NULL;
	map->edit = edit;
	map->bits = bits;
	for (size_t i = 0; i < chunks; i++) {
		map->chunks[i] = calloc(1, sizeof(*map->chunks[i]) + pages * sizeof(map->chunks[i]->pages[0]));
		if (!map->chunks[i]) {
			pmap_free(map);
			return NULL;
		}
		map->chunks[i]->edit = edit;
	}
	return map;
}

struct pmap *pmap_new(void)
{
	return map_new(BITS_MIN, 0);
}

void pmap_free(struct pmap *map)
{
	if (!map)
		return;
	for (size_t i = 0; i < chunk_count(map->bits); i++) {
		for (size_t p = 0; map->chunks[i] && p < chunk_pages(map->bits); p++)
			free(map->chunks[i]->pages[p]);
		free(map->chunks[i]);
	}
	free(map);
}

void *pmap_next(struct pmap_iter *it)
{
	for (; it->page >> it->map->bits == 0; it->page++, it->item = 0) {
		const struct pmap_page *page =
			it->map->chunks[it->page >> PMAP_CHUNK_BITS]->pages[it->page & (PMAP_CHUNK_PAGES - 1)];

		if (page && it->item < page->count)
			return pmap_page_items(page)[it->item++];
	}
	return NULL;
}

/* A page of edit `id` with the items of `from` (which may be NULL) and room for `room`. */
static struct pmap_page *page_copy(const struct pmap_page *from, uint32_t room, uint64_t id)
{
	room = (room + 1) & ~(uint32_t)1;
	struct pmap_page *page = malloc(sizeof(*page) + room * (sizeof(page->tags[0]) + sizeof(void *)));

	if (!page)
		return NULL;
	page->edit = id;
	page->room = room;
	page->count = from ? from->count : 0;
	if (page->count) {
		memcpy(page->tags, from->tags, page->count * sizeof(page->tags[0]));
		memcpy(pmap_page_items(page), pmap_page_items(from), page->count * sizeof(void *));
	}
	return page;
}

static void page_append(struct pmap_page *page, void *item)
{
	assert(page->count < page->room);
	page->tags[page->count] = (uint32_t)((struct pmap_item *)item)->hash;
	pmap_page_items(page)[page->count++] = item;
}

/* Frees or retires what the edit no longer uses. */
static void drop(struct pmap_edit *edit, void *memory, uint64_t made_by)
{
	if (made_by == edit->id)
		free(memory);
	else
		retired_add(edit->retired, memory);
}

/* The place that holds the page for `hash`, in a chunk that this edit may change; NULL without memory. */
static struct pmap_page **page_slot(struct pmap_edit *edit, uint64_t hash)
{
	size_t index = pmap_page_index(edit->map, hash);
	struct pmap_chunk **chunk = &edit->map->chunks[index >> PMAP_CHUNK_BITS];

	if ((*chunk)->edit != edit->id) {
		size_t size = sizeof(**chunk) + chunk_pages(edit->map->bits) * sizeof((*chunk)->pages[0]);
		struct pmap_chunk *copy = retired_reserve(edit->retired, 1) ? NULL : malloc(size);

		if (!copy)
			return NULL;
		memcpy(copy, *chunk, size);
		copy->edit = edit->id;
		retired_add(edit->retired, *chunk);
		*chunk = copy;
	}
	return &(*chunk)->pages[index & (PMAP_CHUNK_PAGES - 1)];
}

/* Makes the page in `slot` one that this edit may change, with room for `extra` more items. */
static struct pmap_page *page_own(struct pmap_edit *edit, struct pmap_page **slot, uint32_t extra)
{
	struct pmap_page *page = *slot;
	uint32_t count = page ? page->count : 0;

	if (page && page->edit == edit->id && count + extra <= page->room)
		return page;
	bool mine = page && page->edit == edit->id;
	if (page && !mine && retired_reserve(edit->retired, 1))
		return NULL;
	struct pmap_page *copy = page_copy(page, mine ? count + 2 : page ? count + extra : ITEMS_PER_PAGE, edit->id);
	if (!copy)
		return NULL;
	if (!mine)
		edit->pages_touched++;
	if (page)
		drop(edit, page, page->edit);
	return *slot = copy;
}

/* How many pages and chunks of `map` the edit has not made. */
static size_t foreign_blocks(const struct pmap_edit *edit, const struct pmap *map)
{
	size_t n = 0;

	for (size_t i = 0; i < chunk_count(map->bits); i++) {
		n += map->chunks[i]->edit != edit->id;
		for (size_t p = 0; p < chunk_pages(map->bits); p++)
			n += map->chunks[i]->pages[p] && map->chunks[i]->pages[p]->edit != edit->id;
	}
	return n;
}

/* Moves every item to a map of another size, all of it this edit's own. */
static int edit_resize(struct pmap_edit *edit, unsigned bits)
{
	struct pmap *old = edit->map;
	struct pmap *map = retired_reserve(edit->retired, foreign_blocks(edit, old)) ? NULL : map_new(bits, edit->id);

	if (!map)
		return ERR_NOMEM;
	map->count = old->count;
	struct pmap_iter it = pmap_iter(old);
	for (void *item; (item = pmap_next(&it));) {
		size_t index = pmap_page_index(map, ((struct pmap_item *)item)->hash);
		struct pmap_page **slot = &map->chunks[index >> PMAP_CHUNK_BITS]->pages[index & (PMAP_CHUNK_PAGES - 1)];
		struct pmap_page *page = *slot;

		if (!page || page->count == page->room) {
			page = page_copy(page, page ? page->room + 2 : ITEMS_PER_PAGE, edit->id);
			if (!page) {
				pmap_free(map);
				return ERR_NOMEM;
			}
			free(*slot);
			*slot = page;
		}
		page_append(page, item);
	}
	for (size_t i = 0; i < chunk_count(old->bits); i++) {
		for (size_t p = 0; p < chunk_pages(old->bits); p++)
			if (old->chunks[i]->pages[p])
				drop(edit, old->chunks[i]->pages[p], old->chunks[i]->pages[p]->edit);
		drop(edit, old->chunks[i], old->chunks[i]->edit);
	}
	free(old);
	edit->map = map;
	edit->pages_touched += (size_t)1 << bits;
	return 0;
}

static unsigned bits_for(size_t items)
{
	unsigned bits = BITS_MIN;

	while (bits < BITS_MAX && items >> bits > ITEMS_PER_PAGE)
		bits++;
	return bits;
}

int pmap_edit_begin(struct pmap_edit *edit, const struct pmap *base, struct retired *retired, size_t expected)
{
	static uint64_t last_id; /* edits are made by one thread at a time, and 64 bits never come round */
	size_t size = sizeof(*base) + chunk_count(base->bits) * sizeof(base->chunks[0]);

	*edit = (struct pmap_edit){.base = base, .id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED),
		.retired = retired};
	edit->map = retired_reserve(retired, 1) ? NULL : malloc(size); /* for the base, once it is replaced */
	if (!edit->map)
		return ERR_NOMEM;
	memcpy(edit->map, base, size);
	edit->map->edit = edit->id;
	if (bits_for(expected) > base->bits) {
		int err = edit_resize(edit, bits_for(expected));

		if (err) {
			pmap_edit_abort(edit);
			return err;
		}
	}
	return 0;
}

int pmap_edit_put(struct pmap_edit *edit, void *item, void *old)
{
	uint64_t hash = ((struct pmap_item *)item)->hash;

	if (!old && edit->map->count >> edit->map->bits >= ITEMS_CROWDED && edit->map->bits < BITS_MAX &&
		edit_resize(edit, bits_for(edit->map->count * 2)))
		return ERR_NOMEM;

	struct pmap_page **slot = page_slot(edit, hash);
	struct pmap_page *page = slot ? page_own(edit, slot, old ? 0 : 1) : NULL;
	if (!page)
		return ERR_NOMEM;
	if (!old) {
		page_append(page, item);
		edit->map->count++;
		return 0;
	}
	void **items = pmap_page_items(page);
	for (unsigned i = 0; i < page->count; i++) {
		if (items[i] == old) {
			items[i] = item;
			return 0;
		}
	}
	assert(!"pmap_edit_put: the item to replace is not in the map");
	return ERR_EXISTS;
}

int pmap_edit_remove(struct pmap_edit *edit, void *old)
{
	struct pmap_page **slot = page_slot(edit, ((struct pmap_item *)old)->hash);
	struct pmap_page *page = slot && *slot ? page_own(edit, slot, 0) : NULL;

	if (!page)
		return ERR_NOMEM;
	void **items = pmap_page_items(page);
	for (unsigned i = 0; i < page->count; i++) {
		if (items[i] == old) {
			page->count--;
			items[i] = items[page->count];
			page->tags[i] = page->tags[page->count];
			edit->map->count--;
			return 0;
		}
	}
	assert(!"pmap_edit_remove: the item is not in the map");
	return ERR_EXISTS;
}

struct pmap *pmap_edit_commit(struct pmap_edit *edit)
{
	struct pmap *map = edit->map;

	retired_add(edit->retired, (void *)(uintptr_t)edit->base);
	*edit = (struct pmap_edit){0};
	return map;
}

void pmap_edit_abort(struct pmap_edit *edit)
{
	if (!edit->map)
		return;
	for (size_t i = 0; i < chunk_count(edit->map->bits); i++) {
		struct pmap_chunk *chunk = edit->map->chunks[i];

		if (chunk->edit != edit->id)
			continue;
		for (size_t p = 0; p < chunk_pages(edit->map->bits); p++)
			if (chunk->pages[p] && chunk->pages[p]->edit == edit->id)
				free(chunk->pages[p]);
		free(chunk);
	}
	free(edit->map);
	*edit = (struct pmap_edit){0};
}
