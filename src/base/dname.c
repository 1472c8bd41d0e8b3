/* SPDX-License-Identifier: Apache-2.0 */
#include "base/dname.h"

#include <string.h>

unsigned dname_labels(const uint8_t *name)
{
	unsigned n = 0;

	for (; *name; name = dname_parent(name))
		n++;
	return n;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

size_t dname_from_text(uint8_t out[DNAME_MAX], const char *text, size_t len)
{
	size_t at = 1, label = 0; /* the next byte to write; the length byte of the label being written */

	if (!len)
		return 0;
	if (len == 1 && *text == '.') {
		out[0] = 0;
		return 1;
	}
	for (size_t i = 0; i < len; i++) {
		uint8_t c = (uint8_t)text[i];

		if (c == '.') {
			if (at == label + 1 || at >= DNAME_MAX)
				return 0;
			out[label] = (uint8_t)(at - label - 1);
			label = at++;
			continue;
		}
		if (c == '\\') {
			if (i + 3 < len && is_digit(text[i + 1]) && is_digit(text[i + 2]) && is_digit(text[i + 3])) {
				int value = (text[i + 1] - '0') * 100 + (text[i + 2] - '0') * 10 + (text[i + 3] - '0');

				if (value > 255)
					return 0;
				c = (uint8_t)value;
				i += 3;
			} else if (i + 1 < len && !is_digit(text[i + 1])) {
				c = (uint8_t)text[++i];
			} else {
				return 0;
			}
		}
		if (at >= DNAME_MAX || at - label - 1 >= DLABEL_MAX)
			return 0;
		out[at++] = dname_lower_byte(c);
	}
	if (at > label + 1) { /* no last dot */
		if (at >= DNAME_MAX)
			return 0;
		out[label] = (uint8_t)(at - label - 1);
		label = at;
	}
	out[label] = 0;
	return label + 1;
}

/* The bytes that nearly all names are of. */
static bool is_plain(uint8_t c)
{
	return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

size_t dname_to_text(char out[DNAME_TEXT_MAX], const uint8_t *name)
{
	char *p = out;

	if (!*name)
		*p++ = '.';
	for (; *name; name = dname_parent(name)) {
		for (unsigned i = 1; i <= *name; i++) {
			uint8_t c = name[i];

			if (is_plain(c)) {
				*p++ = (char)c;
				continue;
			}
			if (c <= 0x20 || c >= 0x7f) {
				*p++ = '\\';
				*p++ = (char)('0' + c / 100);
				*p++ = (char)('0' + c / 10 % 10);
				*p++ = (char)('0' + c % 10);
				continue;
			}
			if (strchr(".\\\"();@$", c))
				*p++ = '\\';
			*p++ = (char)c;
		}
		*p++ = '.';
	}
	*p = '\0';
	return (size_t)(p - out);
}

bool dname_is_under(const uint8_t *name, size_t name_len, const uint8_t *zone, size_t zone_len)
{
	if (name_len < zone_len)
		return false;
	const uint8_t *end = name + (name_len - zone_len);
	if (memcmp(end, zone, zone_len) != 0)
		return false;
	while (name < end)
		name = dname_parent(name);
	return name == end; /* not in the middle of a label that happens to hold the zone's bytes */
}
