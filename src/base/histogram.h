/* SPDX-License-Identifier: Apache-2.0 */
/* How long things took: counts by duration, in buckets of 1, 2 and 5 times a power of ten from 10 microseconds to 100
 * seconds, and one above. A struct of nothing but uint64_t: see base/counter.h for threads and adding up. */
#ifndef BASE_HISTOGRAM_H
#define BASE_HISTOGRAM_H

#include "base/counter.h"

#define HISTOGRAM_BOUNDS 22

struct histogram {
	uint64_t buckets[HISTOGRAM_BOUNDS + 1]; /* durations up to each bound and above the one before; the rest */
	uint64_t sum_ns;
};

/* The upper bound of a bucket, which belongs to it: nanoseconds. */
uint64_t histogram_bound(unsigned bucket);
/* Seconds of a clock that may have been set meanwhile. */
static inline uint64_t histogram_ns(double seconds)
{
	return seconds > 0 ? (uint64_t)(seconds * 1e9) : 0;
}

/* `n` things that took this long each. For the owner only. */
void histogram_add(struct histogram *h, uint64_t ns, uint64_t n);

#endif
