/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/serial.h"

#include <time.h>

#define FURTHEST INT32_MAX /* RFC 1982, section 3.1 */

uint64_t serial_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * SERIAL_STEPS + (uint64_t)now.tv_nsec / (1000000000 / SERIAL_STEPS);
}

uint64_t serial_next(uint64_t last, uint64_t now)
{
	if (!last)
		return now;
	if (now <= last)
		return last + 1;
	return now - last <= FURTHEST ? now : last + FURTHEST;
}
