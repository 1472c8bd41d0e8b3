/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/spelling.h"

#include <string.h>
#include <strings.h>

#define WORD_MAX 63 /* bytes that are compared: longer than any key */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment (Damerau-Levenshtein without overlapping swaps), three rows at a time. */
static size_t distance(const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *last = rows[1], *now = rows[2];
	size_t a_len = strnlen(a, WORD_MAX), b_len = strnlen(b, WORD_MAX);

	for (size_t j = 0; j <= b_len; j++)
		last[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		now[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t change = lower(a[i - 1]) != lower(b[j - 1]);

			now[j] = least(least(last[j], now[j - 1]) + 1, last[j - 1] + change);
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
				lower(a[i - 2]) == lower(b[j - 1]))
				now[j] = least(now[j], before[j - 2] + 1);
		}
		size_t *oldest = before;
		before = last;
		last = now;
		now = oldest;
	}
	return last[b_len];
}

size_t conf_spelling_nearest(const char *word, const char *const *names, size_t count)
{
	size_t best = 0, best_distance = distance(word, names[0]);

	for (size_t i = 1; i < count; i++) {
		size_t d = distance(word, names[i]);

		if (d < best_distance) {
			best = i;
			best_distance = d;
		}
	}
	return best;
}

const char *conf_spelling_obsolete(const char *name)
{
	if (!strcasecmp(name, "ns"))
		return "the zone's name server is SOAMname";
	if (!strcasecmp(name, "email"))
		return "the zone's contact is SOARname";
	return NULL;
}
