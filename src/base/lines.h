/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that has its cache lines to itself: for what one thread writes all the time, so that no other waits for a line
 * that it reads or writes something else in. */
#ifndef BASE_LINES_H
#define BASE_LINES_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_LINE 128 /* two of 64 bytes: processors fetch the second one with the first */

/* `size` zeroed bytes, for free(). NULL: out of memory. */
static inline void *lines_calloc(size_t size)
{
	size_t whole = (size + CACHE_LINE - 1) & ~(size_t)(CACHE_LINE - 1);
	void *memory = aligned_alloc(CACHE_LINE, whole);

	return memory ? memset(memory, 0, whole) : NULL;
}

#endif
