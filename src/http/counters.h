/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that were answered, by endpoint and status. Inside http/; main thread. */
#ifndef HTTP_COUNTERS_H
#define HTTP_COUNTERS_H

#include <stdint.h>

#include "http/route.h"

#define HTTP_COUNTED_ROUTES 40 /* and whatever has none */
#define HTTP_COUNTED_CODES  20 /* and the others */

struct http_counters {
	uint64_t requests[HTTP_COUNTED_ROUTES + 1][HTTP_COUNTED_CODES + 1];
	uint64_t connections; /* now */
};

/* `route` NULL: none was found. */
void http_count(struct http_counters *counters, const struct http_route *route, unsigned status);

/* Calls `each` for what has been counted, `endpoint` as in the table of routes or "none", `code` in digits or
 * "other". */
void http_counters_walk(const struct http_counters *counters,
	void (*each)(void *arg, const char *endpoint, const char *code, uint64_t count), void *arg);

#endif
