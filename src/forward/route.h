/* SPDX-License-Identifier: Apache-2.0 */
/* Which servers are asked for a name: those of the longest zone of `zoneResolvers` that holds it, else
 * `resolvers`. Inside forward/; one thread. */
#ifndef FORWARD_ROUTE_H
#define FORWARD_ROUTE_H

#include "forward/forward.h"
#include "forward/upstream.h"

struct route {
	struct upstream **servers; /* in the order in which they are asked */
	size_t count;              /* can be 0: nobody knows */
	uint8_t zone_len;
	uint8_t zone[DNAME_MAX]; /* lower case wire form */
};

struct routes;

/* Makes the upstreams, each server once, however many zones it serves. NULL and `*err` on failure
 * (ERR_FORMAT: a zone's name is none). */
struct routes *routes_new(struct ev_loop *loop, const struct forward_settings *settings, int *err);
void routes_free(struct routes *r);
/* Never NULL. */
const struct route *routes_find(const struct routes *r, const uint8_t *name, size_t name_len);

/* All servers, each once. */
size_t routes_upstream_count(const struct routes *r);
const struct upstream *routes_upstream(const struct routes *r, size_t i);

#endif
