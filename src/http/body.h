/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a body while they are made: a buffer that grows up to a limit, with a sticky error, so that writers need
 * not look at each step. Main thread. */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>

#define HTTP_BODY_MAX (16u << 20) /* of what stands in memory at once; streams keep to some KiB */

struct http_body { /* all zero is an empty one */
	char *data;
	size_t len, room;
	bool failed; /* out of memory, or past the limit: nothing is added any more */
};

void http_body_fini(struct http_body *body);
void http_body_write(struct http_body *body, const void *data, size_t len);
void http_body_puts(struct http_body *body, const char *text);
void http_body_printf(struct http_body *body, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
