/* SPDX-License-Identifier: Apache-2.0 */
/* Figures that one thread writes and any thread reads, without locked instructions: relaxed loads and stores. What
 * several threads count stands in a struct of nothing but uint64_t for each of them, which whoever wants to know adds
 * up. */
#ifndef BASE_COUNTER_H
#define BASE_COUNTER_H

#include <stddef.h>
#include <stdint.h>

/* For the owner only. */
static inline void counter_set(uint64_t *counter, uint64_t value)
{
	__atomic_store_n(counter, value, __ATOMIC_RELAXED);
}

static inline uint64_t counter_read(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* For the owner only. (uint64_t)-1 takes one away. */
static inline void counter_add(uint64_t *counter, uint64_t n)
{
	counter_set(counter, counter_read(counter) + n);
}

/* Adds another thread's struct of counters to `sum`, the reader's own of the same type. */
static inline void counters_add(void *sum, const void *counters, size_t size)
{
	uint64_t *to = sum;
	const uint64_t *from = counters;

	for (size_t i = 0; i < size / sizeof(*to); i++)
		to[i] += counter_read(&from[i]);
}

#endif
