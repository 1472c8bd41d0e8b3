/* SPDX-License-Identifier: Apache-2.0 */
/* Domain names in wire form (RFC 1035, section 3.1): length-prefixed labels and the root's zero byte, never
 * compressed, 255 bytes at most. The zone holds them in lower case. */
#ifndef BASE_DNAME_H
#define BASE_DNAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define DNAME_MAX      255 /* bytes of a name, the root's zero byte included */
#define DNAME_LABELS   127 /* labels of a name, the root not counted */
#define DLABEL_MAX     63
#define DNAME_TEXT_MAX 1025 /* worst case of dname_to_text: every byte as \DDD, dots, NUL */

static inline uint8_t dname_lower_byte(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* Sixteen bytes at once, in whatever vectors the machine has. */
static inline void dname_lower16(uint8_t *out, const uint8_t *in)
{
	typedef uint8_t bytes16 __attribute__((vector_size(16)));
	bytes16 bytes;

	memcpy(&bytes, in, sizeof(bytes));
	bytes |= (bytes16)(bytes - 'A' < 26) & 0x20;
	memcpy(out, &bytes, sizeof(bytes));
}

/* Lower-cases ASCII letters while copying `len` bytes of a wire name (length bytes are below 'A' and stay). This and
 * dname_len() are inline for the answer path. */
static inline void dname_lower(uint8_t *out, const uint8_t *name, size_t len)
{
	size_t i = 0;

	if (len < 16) {
		for (; i < len; i++)
			out[i] = dname_lower_byte(name[i]);
		return;
	}
	for (; i + 16 < len; i += 16)
		dname_lower16(out + i, name + i);
	dname_lower16(out + len - 16, name + len - 16); /* over some that are done already */
}

/* Length in bytes of the uncompressed name at `name`, or 0 if it is malformed or passes `max` bytes. */
static inline size_t dname_len(const uint8_t *name, size_t max)
{
	const uint8_t *at = name, *end = name + (max < DNAME_MAX ? max : DNAME_MAX);

	while (at < end) {
		size_t label = *at;

		if (label > DLABEL_MAX)
			return 0;
		at += 1 + label;
		if (!label)
			return (size_t)(at - name);
	}
	return 0;
}

unsigned dname_labels(const uint8_t *name);
/* Presentation form to wire, lower-cased; the last dot is optional, "." is the root, `\DDD` and `\C` are understood.
 * Returns the length in bytes, or 0 if the text is no domain name. */
size_t dname_from_text(uint8_t out[DNAME_MAX], const char *text, size_t len);
/* Wire to presentation form with the last dot, escaped after RFC 1035, section 5.1. Returns the text's length. */
size_t dname_to_text(char out[DNAME_TEXT_MAX], const uint8_t *name);
/* Is `name` equal to `zone` or below it? Both in lower case. */
bool dname_is_under(const uint8_t *name, size_t name_len, const uint8_t *zone, size_t zone_len);
/* The name without its first label; `name` must not be the root. */
static inline const uint8_t *dname_parent(const uint8_t *name)
{
	return name + 1 + name[0];
}

#endif
