/* SPDX-License-Identifier: Apache-2.0 */
#include "http/gzip.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#define LEVEL       1  /* names repeat so much that more effort gains little */
#define GZIP_FORMAT 16 /* added to the size of the window: zlib's word for gzip's header and trailer */
#define MEM_LEVEL   8

struct http_gzip {
	z_stream z;
};

/* Has the element of a list weight 0, as in "gzip;q=0.0"? */
static bool is_refused(const char *parameters, size_t len)
{
	for (size_t i = 0; i + 1 < len; i++) {
		if ((parameters[i] | 0x20) != 'q' || parameters[i + 1] != '=')
			continue;
		for (i += 2; i < len && (parameters[i] == '0' || parameters[i] == '.'); i++)
			;
		return i == len || parameters[i] < '1' || parameters[i] > '9';
	}
	return false;
}

bool http_gzip_accepted(const char *list)
{
	bool any = false;

	while (list && *list) {
		list += strspn(list, " \t,");
		size_t len = strcspn(list, ","), name_len = strcspn(list, " \t,;");
		bool taken = !is_refused(list + name_len, len - name_len);

		if ((name_len == 4 && !strncasecmp(list, "gzip", 4)) ||
			(name_len == 6 && !strncasecmp(list, "x-gzip", 6)))
			return taken;
		if (name_len == 1 && *list == '*')
			any = taken;
		list += len;
	}
	return any;
}

struct http_gzip *http_gzip_new(void)
{
	struct http_gzip *gzip = calloc(1, sizeof(*gzip));

	if (gzip && deflateInit2(&gzip->z, LEVEL, Z_DEFLATED, MAX_WBITS + GZIP_FORMAT, MEM_LEVEL, Z_DEFAULT_STRATEGY) !=
			    Z_OK) {
		free(gzip);
		return NULL;
	}
	return gzip;
}

void http_gzip_free(struct http_gzip *gzip)
{
	if (!gzip)
		return;
	deflateEnd(&gzip->z);
	free(gzip);
}

bool http_gzip_write(struct http_gzip *gzip, const char *in, size_t *in_len, char *out, size_t *out_len, bool last)
{
	z_stream *z = &gzip->z;

	z->next_in = (Bytef *)(uintptr_t)in;
	z->avail_in = (uInt)*in_len;
	z->next_out = (Bytef *)out;
	z->avail_out = (uInt)*out_len;
	int result = deflate(z, last ? Z_FINISH : Z_NO_FLUSH);
	*in_len -= z->avail_in;
	*out_len -= z->avail_out;
	return result == Z_STREAM_END;
}

bool http_gzip_body(struct http_body *body)
{
	struct http_gzip *gzip = http_gzip_new();
	size_t in_len = body->len, out_len = gzip ? deflateBound(&gzip->z, in_len) : 0;
	char *out = gzip ? malloc(out_len) : NULL;
	bool done = out && http_gzip_write(gzip, body->data, &in_len, out, &out_len, true);

	http_gzip_free(gzip);
	if (!done) {
		free(out);
		return false;
	}
	free(body->data);
	*body = (struct http_body){.data = out, .len = out_len, .room = out_len};
	return true;
}
