/* SPDX-License-Identifier: Apache-2.0 */
/* The names of a message that comes from a stranger (RFC 1035, section 4.1.4; the traps: RFC 9267). A pointer may only lead to a
 * label of a name that was checked before: so it goes backwards, never into other data, and each name costs no more than its own
 * bytes. Comparisons of all names together have a budget. */
#ifndef FORWARD_NAMES_H
#define FORWARD_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/dname.h"

#define NAMES_REACH    0x4000 /* offsets that a pointer reaches */
#define NAMES_HOPS_MAX 64     /* pointers of one name */
#define NAMES_WORK     200000 /* labels that are looked at in comparisons; about a millisecond */

struct names {
	const uint8_t *packet; /* borrowed */
	unsigned work;         /* left; 0: it was not enough, and nothing that was compared since counts */
	struct {
		uint8_t len; /* bytes, uncompressed, of the name from here on; 0: no label begins here */
		uint8_t hops;
	} at[NAMES_REACH];
};

void names_init(struct names *names, const uint8_t *packet, size_t len);
/* Checks the name at offset `at`, to be called in ascending order. The offset of what follows it, `end` at most; 0: malformed. */
size_t names_check(struct names *names, size_t at, size_t end);
/* Is the checked name at offset `at` this one (lower case)? */
bool names_equal(struct names *names, size_t at, const uint8_t *name);
/* Writes the checked name at `at` in lower case and uncompressed; returns its length. */
size_t names_expand(const struct names *names, size_t at, uint8_t out[DNAME_MAX]);

#endif
