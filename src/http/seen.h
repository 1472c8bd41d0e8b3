/* SPDX-License-Identifier: Apache-2.0 */
/* A set of records that were told of already, by their hashes. */
#ifndef HTTP_SEEN_H
#define HTTP_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_SEEN_MAX (1u << 16) /* records; what comes beyond is not remembered, and may be told of twice */

struct http_seen {       /* all zero is an empty one */
	uint64_t *slots; /* 0: free */
	size_t size, count;
};

void http_seen_fini(struct http_seen *seen);
void http_seen_clear(struct http_seen *seen);
/* Adds the hash. true: it was there already. */
bool http_seen_add(struct http_seen *seen, uint64_t hash);

#endif
