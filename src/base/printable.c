/* SPDX-License-Identifier: Apache-2.0 */
#include "base/printable.h"

#include <stddef.h>
#include <stdint.h>

#include "base/utf8.h"

/* Bytes of the character at `s` if it may stay, 0 if its first byte may not. The NUL at the end is no continuation
 * byte, so nothing behind it is read. */
static size_t character_len(const uint8_t *s)
{
	if (s[0] < 0x20 || s[0] == 0x7f || (s[0] == 0xc2 && s[1] < 0xa0))
		return 0;
	return utf8_len(s, SIZE_MAX);
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
