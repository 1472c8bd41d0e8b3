/* SPDX-License-Identifier: Apache-2.0 */
/* Handler: /v1/watch, the long poll for changes of the zone. It answers when the serial passes the one that the client
 * has, in the arithmetic of RFC 1982, or when its time is over. */
#ifndef HTTP_WATCH_H
#define HTTP_WATCH_H

#include <stdint.h>

#include "http/body.h"

struct http_request;

#define WATCH_TIMEOUT     30 /* seconds; if the client does not say */
#define WATCH_TIMEOUT_MAX 300

/* The last answer of all changes: most of those who wait have the same serial. All-zero is empty. */
struct watch_cache {
	uint32_t since, serial; /* the changes lead from and to */
	struct http_body body;
};

void watch_cache_fini(struct watch_cache *cache);

void http_get_watch(struct http_request *request);

#endif
