/* SPDX-License-Identifier: Apache-2.0 */
/* A set of elements' keys, by the hash of cluster_key_hash(), each with a number. Two keys of one hash are taken for
 * the same: with 64 bits of SipHash that is for no cluster to see. One thread. */
#ifndef MESOS_KEYSET_H
#define MESOS_KEYSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct keyset { /* all zero: empty */
	struct keyset_slot {
		uint64_t key; /* 0: free */
		uint32_t value;
	} * slots;
	size_t count, room;
};

void keyset_fini(struct keyset *set);
/* Empties it; the memory is kept. */
void keyset_clear(struct keyset *set);
/* Adds a key, or changes its number. ERR_NOMEM. */
int keyset_put(struct keyset *set, uint64_t key, uint32_t value);
/* NULL: it is not there. */
const uint32_t *keyset_get(const struct keyset *set, uint64_t key);

#endif
