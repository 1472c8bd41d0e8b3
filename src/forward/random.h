/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes that nobody can guess, by the block from getrandom(2): for ids, ports' choice and spelling.
 * Inside forward/; one thread an instance. */
#ifndef FORWARD_RANDOM_H
#define FORWARD_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random_block {
	size_t left;
	uint8_t bytes[1024];
};

/* Fills `out` with `len` bytes, 1024 at most. A program whose kernel has no random bytes must not ask
 * anybody: aborts. */
void random_fill(struct random_block *r, void *out, size_t len);

static inline uint16_t random_u16(struct random_block *r)
{
	uint16_t v;

	random_fill(r, &v, sizeof(v));
	return v;
}

static inline uint32_t random_u32(struct random_block *r)
{
	uint32_t v;

	random_fill(r, &v, sizeof(v));
	return v;
}

#endif
