/* SPDX-License-Identifier: Apache-2.0 */
/* Durations and the buckets that they belong to. */
#include "t/unit/unit.h"

#include "base/histogram.h"

static struct histogram h;

static int clear(void **state)
{
	h = (struct histogram){0};
	return 0;
}

static void bounds_are_1_2_5(void **state)
{
	uint64_t step[3] = {10000, 20000, 50000};

	for (unsigned i = 0; i < HISTOGRAM_BOUNDS; i++) {
		assert_int_equal(histogram_bound(i), step[i % 3]);
		step[i % 3] *= 10;
	}
}

static void a_bound_belongs_to_its_bucket(void **state)
{
	for (unsigned i = 0; i < HISTOGRAM_BOUNDS; i++) {
		histogram_add(&h, histogram_bound(i), 1);
		histogram_add(&h, histogram_bound(i) + 1, 10);
	}
	histogram_add(&h, 0, 1);
	assert_int_equal(h.buckets[0], 2);
	for (unsigned i = 1; i < HISTOGRAM_BOUNDS; i++)
		assert_int_equal(h.buckets[i], 11);
	assert_int_equal(h.buckets[HISTOGRAM_BOUNDS], 10);
}

static void many_at_once_count_each(void **state)
{
	histogram_add(&h, 15000, 32);
	assert_int_equal(h.buckets[1], 32);
	assert_int_equal(h.sum_ns, 32 * 15000);
}

static void a_clock_that_was_set_back_takes_nothing_away(void **state)
{
	assert_int_equal(histogram_ns(-1), 0);
	assert_int_equal(histogram_ns(0), 0);
	assert_int_equal(histogram_ns(0.25), 250000000);
}

static void threads_are_added_up(void **state)
{
	struct histogram sum = {0};

	histogram_add(&h, 1, 3);
	counters_add(&sum, &h, sizeof(sum));
	counters_add(&sum, &h, sizeof(sum));
	assert_int_equal(sum.buckets[0], 6);
	assert_int_equal(sum.sum_ns, 6);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds_are_1_2_5),
		cmocka_unit_test_setup(a_bound_belongs_to_its_bucket, clear),
		cmocka_unit_test_setup(many_at_once_count_each, clear),
		cmocka_unit_test(a_clock_that_was_set_back_takes_nothing_away),
		cmocka_unit_test_setup(threads_are_added_up, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
