/* SPDX-License-Identifier: Apache-2.0 */
/* zone/serial: it goes forward, in serial arithmetic, whatever the clock and the changes do. */
#include "t/unit/unit.h"

#include "zone/serial.h"

#define NOW (1795300000ull * SERIAL_STEPS)
#define DAY (86400ull * SERIAL_STEPS)

static bool later(uint64_t a, uint64_t b)
{
	return (int32_t)((uint32_t)a - (uint32_t)b) > 0;
}

static void changes_follow_the_clock(void **state)
{
	assert_true(serial_next(0, NOW) == NOW);
	assert_true(serial_next(NOW, NOW + 1) == NOW + 1);
	assert_true(serial_next(NOW, NOW + DAY) == NOW + DAY);
	uint64_t now = serial_now();
	assert_true(now > NOW - 3650 * DAY);
	assert_true(serial_now() >= now);
}

static void many_at_once_and_a_clock_that_goes_back(void **state)
{
	uint64_t serial = NOW;

	for (int i = 0; i < 10; i++) {
		uint64_t next = serial_next(serial, NOW - (uint64_t)i * DAY);

		assert_true(next == serial + 1);
		serial = next;
	}
	assert_true(serial_next(serial, NOW + 20) == NOW + 20);
}

/* 200 changes a second for an hour, then a start anew a second later. */
static void a_start_anew_is_later(void **state)
{
	uint64_t serial = 0;

	for (uint64_t i = 0; i < 200 * 3600; i++)
		serial = serial_next(serial, NOW + i * SERIAL_STEPS / 200);
	assert_true(later(serial_next(0, NOW + 3601 * SERIAL_STEPS), serial));
}

static void after_a_long_time(void **state)
{
	uint64_t serial = NOW;

	/* the change itself, and the start anew after a few of them */
	for (uint64_t i = 0; i < 6; i++) {
		uint64_t next = serial_next(serial, NOW + 400 * DAY + i);

		assert_true(later(next, serial));
		serial = next;
	}
	assert_true(serial == NOW + 400 * DAY + 5);
	assert_true(later(serial_next(0, serial + 1), serial));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_follow_the_clock),
		cmocka_unit_test(many_at_once_and_a_clock_that_goes_back),
		cmocka_unit_test(a_start_anew_is_later),
		cmocka_unit_test(after_a_long_time),
	};

	return cmocka_run_group_tests_name("serial", tests, NULL, NULL);
}
