/* SPDX-License-Identifier: Apache-2.0 */
/* Names of tasks, frameworks and ports to DNS labels, as Mesos-DNS makes them: upper case to lower, `-`, `.` and `_`
 * to `-`, letters and digits kept, every other byte dropped; then cut and trimmed. */
#ifndef ZONE_LABEL_H
#define ZONE_LABEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/dname.h"

/* Under RFC 1123: `-` trimmed from the ends, at most 63 bytes. Under RFC 952 (`rfc952`): digits and `-` trimmed from the
 * start, `-` from the end, at most 24. A text that is cut in a row of `-` is filled up with what follows the row, and as
 * with Mesos-DNS that alone can bring a `-` to the end. Writes at most 63 bytes, no NUL. Returns the length; 0: nothing
 * is left of the text. */
size_t label_make(char out[DLABEL_MAX], const char *text, size_t len, bool rfc952);

/* What label_make() does to a text: a sum of these, 0 if the text stays as it is. */
enum label_change {
	LABEL_LOWERED = 1,  /* upper case to lower */
	LABEL_REPLACED = 2, /* `.` or `_` to `-` */
	LABEL_DROPPED = 4,  /* bytes that cannot stand in a label */
	LABEL_TRIMMED = 8,  /* at an end */
	LABEL_CUT = 16,     /* to the longest that a label can be */
};
unsigned label_changes(const char *text, size_t len, bool rfc952);

/* Each part of the text between dots made a label, empty ones dropped, in wire form without the root's zero byte.
 * Returns the length; 0: nothing is left; more than `room`: it does not fit, and `out` holds a part of it. */
size_t label_make_fragment(uint8_t *out, size_t room, const char *text, size_t len, bool rfc952);

/* Is it a host name's label as it stands: 1 to 63 lower-case letters, digits and inner `-`? */
bool label_is_ldh(const char *text, size_t len);

/* The first five characters of the z-base-32 of the SHA-1 of a task's id. One thread at a time. */
#define LABEL_HASH 5
struct label_hasher;
struct label_hasher *label_hasher_new(void); /* NULL: no memory, or no SHA-1 in this libcrypto */
void label_hasher_free(struct label_hasher *hasher);
void label_hash(struct label_hasher *hasher, char out[LABEL_HASH], const char *id, size_t len);

#endif
