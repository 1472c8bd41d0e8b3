/* SPDX-License-Identifier: Apache-2.0 */
#include "base/printable.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static bool is_between(uint8_t c, uint8_t first, uint8_t last)
{
	return c >= first && c <= last;
}

/* Bytes of the character at `s` if it may stay, 0 if its first byte may not. The NUL at the end is no continuation
 * byte, so nothing behind it is read. */
static size_t character_len(const uint8_t *s)
{
	uint8_t low = 0x80, high = 0xbf;
	size_t len;

	if (s[0] < 0x80)
		return is_between(s[0], 0x20, 0x7e);
	if (is_between(s[0], 0xc2, 0xdf))
		len = 2;
	else if (is_between(s[0], 0xe0, 0xef))
		len = 3;
	else if (is_between(s[0], 0xf0, 0xf4))
		len = 4;
	else
		return 0;
	if (s[0] == 0xc2 || s[0] == 0xe0)
		low = 0xa0; /* below: U+0080 to U+009F; overlong */
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xed)
		high = 0x9f; /* above: surrogates */
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (!is_between(s[1], low, high))
		return 0;
	for (size_t i = 2; i < len; i++)
		if (!is_between(s[i], 0x80, 0xbf))
			return 0;
	return len;
}

void printable_make(char *text)
{
	uint8_t *at = (uint8_t *)text;

	while (*at) {
		size_t len = character_len(at);

		if (!len)
			*at = '?';
		at += len ? len : 1;
	}
}
