/* SPDX-License-Identifier: Apache-2.0 */
#include "http/path.h"

#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/utf8.h"

const char *http_path_of(const char *target, size_t *len)
{
	const char *path = target;

	if (!strncasecmp(target, "http://", 7)) {
		path = target + 7 + strcspn(target + 7, "/?");
		if (*path != '/')
			path = NULL;
	}
	if (!path || *path != '/')
		return NULL;
	*len = strcspn(path, "?");
	return path;
}

const char *http_path_query(const char *target)
{
	const char *mark = strchr(target, '?');

	return mark ? mark + 1 : NULL;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int http_path_decode(char out[HTTP_SEGMENT_MAX], const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '%') {
			int high = i + 2 < len ? hex_digit(text[i + 1]) : -1;
			int low = high >= 0 ? hex_digit(text[i + 2]) : -1;

			if (low < 0)
				return ERR_FORMAT;
			c = (char)(high << 4 | low);
			i += 2;
		}
		if (!c)
			return ERR_FORMAT;
		if (n == HTTP_SEGMENT_MAX - 1)
			return ERR_LIMIT;
		out[n++] = c;
	}
	out[n] = '\0';
	for (size_t at = 0, step; at < n; at += step) {
		step = utf8_len(out + at, n - at);
		if (!step)
			return ERR_FORMAT;
	}
	return 0;
}

const char *http_path_query_value(const char *query, const char *key, size_t *len)
{
	size_t key_len = strlen(key);

	while (query && *query) {
		size_t n = strcspn(query, "&");

		if (n > key_len && query[key_len] == '=' && !strncmp(query, key, key_len)) {
			*len = n - key_len - 1;
			return query + key_len + 1;
		}
		query += n + (query[n] == '&');
	}
	return NULL;
}

/* Is a label too long, or the whole? Text with escapes is left to the parser. */
static bool is_too_long(const char *text, size_t len)
{
	size_t label = 0;

	if (memchr(text, '\\', len))
		return len >= DNAME_TEXT_MAX;
	for (size_t i = 0; i < len; i++) {
		label = text[i] == '.' ? 0 : label + 1;
		if (label > DLABEL_MAX)
			return true;
	}
	return len + (len && text[len - 1] != '.') > DNAME_MAX - 1;
}

int http_path_name(uint8_t out[DNAME_MAX], size_t *out_len, const char *text)
{
	size_t len = strlen(text);

	if (is_too_long(text, len))
		return ERR_LIMIT;
	*out_len = dname_from_text(out, text, len);
	return *out_len ? 0 : ERR_FORMAT;
}
