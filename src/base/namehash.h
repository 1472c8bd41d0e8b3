/* SPDX-License-Identifier: Apache-2.0 */
/* A keyed hash for short byte strings that are looked up on the answer path: domain names. A quarter of the
 * instructions of SipHash-1-3 for a name of 30 bytes.
 *
 * It is NH (Black, Halevi, Krawczyk, Krovetz, Rogaway: UMAC, CRYPTO 1999) over 64-bit words, as in VMAC: for two different
 * names chosen without knowledge of the key the 128-bit sums collide with a probability of at most 2^-64. A
 * product of both halves then spreads the sum over all 64 bits, since maps use the highest and the lowest ones. Who knows
 * neither the key nor hashes (they never leave the process) cannot choose names that meet. The last block of a name
 * overlaps the one before, so nothing beyond the name is read; the length tells such forms apart.
 *
 * The key is drawn once per process by siphash_init(). */
#ifndef BASE_NAMEHASH_H
#define BASE_NAMEHASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/siphash.h"

#define NAMEHASH_MAX 256 /* bytes of a string */

struct namehash_key {
	uint64_t blocks[NAMEHASH_MAX / 8 + 2]; /* two words for each 16 bytes, and for the overlapping block */
	uint64_t last[2];
};

extern struct namehash_key namehash_process_key;

static inline uint64_t namehash_word(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* Words are taken as the machine has them: hashes mean nothing outside the process. */
static inline unsigned __int128 namehash_block(const uint64_t key[2], uint64_t a, uint64_t b)
{
	return (unsigned __int128)(a + key[0]) * (b + key[1]);
}

static inline uint64_t namehash(const uint8_t *p, size_t len)
{
	const uint64_t *key = namehash_process_key.blocks, *last = namehash_process_key.last;
	unsigned __int128 sum = len;

	if (len >= 16) {
		const uint8_t *end = p + len - 16;

		for (; p < end; p += 16, key += 2)
			sum += namehash_block(key, namehash_word(p), namehash_word(p + 8));
		sum += namehash_block(key, namehash_word(end), namehash_word(end + 8));
	} else if (len >= 8) {
		sum += namehash_block(key, namehash_word(p), namehash_word(p + len - 8));
	} else {
		uint64_t word = 0;

		for (size_t i = 0; i < len; i++)
			word = word << 8 | p[i];
		sum += namehash_block(key, word, 0);
	}
	sum = (unsigned __int128)((uint64_t)sum ^ last[0]) * ((uint64_t)(sum >> 64) ^ last[1]);
	return (uint64_t)sum ^ (uint64_t)(sum >> 64);
}

#endif
