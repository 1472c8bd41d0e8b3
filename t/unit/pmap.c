/* SPDX-License-Identifier: Apache-2.0 */
/* base/pmap: versions stay as they were, edits share what they do not touch, aborts leave nothing behind. */
#include "t/unit/unit.h"

#include "base/pmap.h"

struct item {
	struct pmap_item head;
	uint64_t key;
};

static uint64_t mix(uint64_t x)
{
	x ^= x >> 31;
	x *= 0x9e3779b97f4a7c15ULL;
	return x ^ x >> 29;
}

static bool match(const void *item, const void *key)
{
	return ((const struct item *)item)->key == *(const uint64_t *)key;
}

static struct item *lookup(const struct pmap *map, uint64_t key)
{
	return pmap_find(map, mix(key), match, &key);
}

static struct item *item_new(uint64_t key)
{
	struct item *item = malloc(sizeof(*item));

	assert_non_null(item);
	item->head.hash = mix(key);
	item->key = key;
	return item;
}

static struct pmap *fill(struct pmap *map, uint64_t from, uint64_t to, struct retired *retired, size_t expected)
{
	struct pmap_edit edit;

	assert_int_equal(pmap_edit_begin(&edit, map, retired, expected), 0);
	for (uint64_t key = from; key < to; key++)
		assert_int_equal(pmap_edit_put(&edit, item_new(key), NULL), 0);
	return pmap_edit_commit(&edit);
}

static void free_all(struct pmap *map)
{
	struct pmap_iter it = pmap_iter(map);

	for (void *item; (item = pmap_next(&it));)
		free(item);
	pmap_free(map);
}

static void finds_what_was_put(void **state)
{
	for (size_t expected = 0; expected <= 20000; expected += 20000) {
		struct retired retired = {0};
		struct pmap *map = fill(pmap_new(), 0, 20000, &retired, expected);

		assert_int_equal(map->count, 20000);
		for (uint64_t key = 0; key < 20000; key++)
			assert_non_null(lookup(map, key));
		assert_null(lookup(map, 20000));
		retired_free(&retired);
		free_all(map);
	}
}

static void walk_meets_each_item_once(void **state)
{
	struct retired retired = {0};
	struct pmap *map = fill(pmap_new(), 0, 5000, &retired, 0);
	struct pmap_iter it = pmap_iter(map);
	uint64_t count = 0, sum = 0;

	for (const struct item *item; (item = pmap_next(&it)); count++)
		sum += item->key;
	assert_int_equal(count, 5000);
	assert_int_equal(sum, 5000 * 4999 / 2);
	retired_free(&retired);
	free_all(map);
}

static void old_version_stays_while_a_new_one_is_made(void **state)
{
	struct retired retired = {0};
	struct pmap *old = fill(pmap_new(), 0, 3000, &retired, 3000);
	struct pmap_edit edit;
	struct item *five = lookup(old, 5), *six = lookup(old, 6), *replacement = item_new(5);

	retired_free(&retired);
	assert_int_equal(pmap_edit_begin(&edit, old, &retired, 0), 0);
	assert_int_equal(pmap_edit_put(&edit, replacement, five), 0);
	assert_int_equal(pmap_edit_remove(&edit, six), 0);
	assert_int_equal(pmap_edit_put(&edit, item_new(9000), NULL), 0);
	assert_true(edit.pages_touched <= 3);
	struct pmap *new = pmap_edit_commit(&edit);

	assert_ptr_equal(lookup(old, 5), five);
	assert_ptr_equal(lookup(old, 6), six);
	assert_null(lookup(old, 9000));
	assert_ptr_equal(lookup(new, 5), replacement);
	assert_null(lookup(new, 6));
	assert_non_null(lookup(new, 9000));
	assert_int_equal(new->count, 3000);
	retired_free(&retired); /* the old version's own memory */
	free(five);
	free(six);
	free_all(new);
}

static void abort_leaves_the_base_as_it_was(void **state)
{
	struct retired retired = {0};
	struct pmap *map = fill(pmap_new(), 0, 1000, &retired, 0);
	struct item *extra = item_new(7777);
	struct pmap_edit edit;

	retired_free(&retired);
	for (size_t expected = 0; expected <= 100000; expected += 100000) {
		assert_int_equal(pmap_edit_begin(&edit, map, &retired, expected), 0);
		assert_int_equal(pmap_edit_put(&edit, extra, NULL), 0);
		for (uint64_t key = 0; key < 500; key++)
			assert_int_equal(pmap_edit_remove(&edit, lookup(map, key)), 0);
		pmap_edit_abort(&edit);
		free(retired.items);
		retired = (struct retired){0};
	}
	for (uint64_t key = 0; key < 1000; key++)
		assert_non_null(lookup(map, key));
	assert_int_equal(map->count, 1000);
	free(extra);
	free_all(map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_was_put),
		cmocka_unit_test(walk_meets_each_item_once),
		cmocka_unit_test(old_version_stays_while_a_new_one_is_made),
		cmocka_unit_test(abort_leaves_the_base_as_it_was),
	};

	return cmocka_run_group_tests_name("pmap", tests, NULL, NULL);
}
