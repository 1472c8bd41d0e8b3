/* SPDX-License-Identifier: Apache-2.0 */
/* Which handler a path belongs to: the table of all paths that there are. */
#ifndef HTTP_ROUTE_H
#define HTTP_ROUTE_H

#include <stddef.h>

#include "http/path.h"

struct http_request;

enum http_route_flags {
	HTTP_ROUTE_OPEN = 1,   /* without credentials, whatever the configuration */
	HTTP_ROUTE_DUMP = 2,   /* hands out everything: not with `enumerationOn` false */
	HTTP_ROUTE_COSTLY = 4, /* goes over everything: not too often a client, and not too many at once */
};

struct http_route {
	const char *pattern; /* a `*` between slashes stands for one segment, which is not empty */
	void (*handler)(struct http_request *request);
	unsigned flags;
};

/* The route of a path still encoded; `tail` gets what the `*` stands for, decoded, or "". NULL and `*err`:
 * ERR_NOTFOUND: there is none; ERR_FORMAT, ERR_LIMIT: of http_path_decode(). */
const struct http_route *http_route_find(const char *path, size_t len, char tail[HTTP_SEGMENT_MAX], int *err);

/* All routes, by number. */
size_t http_route_count(void);
size_t http_route_number(const struct http_route *route);
const char *http_route_pattern(size_t number);

#endif
