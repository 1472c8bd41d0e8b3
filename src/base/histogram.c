/* SPDX-License-Identifier: Apache-2.0 */
#include "base/histogram.h"

#define DECADE(ns) (ns), 2 * (ns), 5 * (ns)

static const uint64_t bounds[HISTOGRAM_BOUNDS] = {DECADE(UINT64_C(10000)), DECADE(UINT64_C(100000)),
	DECADE(UINT64_C(1000000)), DECADE(UINT64_C(10000000)), DECADE(UINT64_C(100000000)), DECADE(UINT64_C(1000000000)),
	DECADE(UINT64_C(10000000000)), UINT64_C(100000000000)};

uint64_t histogram_bound(unsigned bucket)
{
	return bounds[bucket];
}

void histogram_add(struct histogram *h, uint64_t ns, uint64_t n)
{
	unsigned i = 0;

	while (i < HISTOGRAM_BOUNDS && ns > bounds[i])
		i++;
	counter_add(&h->buckets[i], n);
	counter_add(&h->sum_ns, ns * n);
}
