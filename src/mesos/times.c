/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/times.h"

#include <stdint.h>
#include <sys/random.h>
#include <time.h>

double times_monotonic(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

double times_between(double min, double max)
{
	uint32_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		random = 0;
	return min + (max - min) * (random / 4294967296.0);
}

double times_limit(double value, double min, double max)
{
	if (value < min)
		value = min;
	return value < max ? value : max;
}
