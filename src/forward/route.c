/* SPDX-License-Identifier: Apache-2.0 */
#include "forward/route.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

struct routes {
	struct upstream **upstreams; /* all, each once */
	size_t upstream_count;
	size_t count;
	struct route items[]; /* longest zone first; the root, with `resolvers`, last */
};

static struct upstream *get_upstream(
	struct routes *r, struct ev_loop *loop, const struct conf_server *server, double timeout, int *err)
{
	for (size_t i = 0; i < r->upstream_count; i++)
		if (upstream_is_server(r->upstreams[i], server))
			return r->upstreams[i];
	struct upstream **more = realloc(r->upstreams, (r->upstream_count + 1) * sizeof(struct upstream *));
	if (!more) {
		*err = ERR_NOMEM;
		return NULL;
	}
	r->upstreams = more;
	struct upstream *u = upstream_new(loop, server, timeout, err);
	if (u)
		r->upstreams[r->upstream_count++] = u;
	return u;
}

static int fill(struct routes *r, struct route *route, struct ev_loop *loop,
	const struct conf_servers *servers, double timeout)
{
	int err = 0;

	if (!servers->count)
		return 0;
	route->servers = malloc(servers->count * sizeof(struct upstream *));
	if (!route->servers)
		return ERR_NOMEM;
	for (size_t i = 0; i < servers->count; i++) {
		route->servers[i] = get_upstream(r, loop, &servers->items[i], timeout, &err);
		if (!route->servers[i])
			return err;
		route->count++;
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	return ((const struct route *)b)->zone_len - ((const struct route *)a)->zone_len;
}

struct routes *routes_new(struct ev_loop *loop, const struct forward_settings *settings, int *err)
{
	size_t zones = settings->zone_resolver_count;
	struct routes *r = calloc(1, sizeof(*r) + (zones + 1) * sizeof(struct route));

	*err = r ? 0 : ERR_NOMEM;
	for (size_t i = 0; i < zones && !*err; i++) {
		const struct conf_zone_resolver *zone = &settings->zone_resolvers[i];
		struct route *route = &r->items[r->count++];

		route->zone_len = (uint8_t)dname_from_text(route->zone, zone->zone, strlen(zone->zone));
		*err = route->zone_len ? fill(r, route, loop, &zone->servers, settings->timeout) : ERR_FORMAT;
	}
	if (!*err) {
		struct route *rest = &r->items[r->count++];

		rest->zone_len = 1;
		*err = fill(r, rest, loop, settings->resolvers, settings->timeout);
	}
	if (*err) {
		routes_free(r);
		return NULL;
	}
	qsort(r->items, zones, sizeof(struct route), compare);
	return r;
}

void routes_free(struct routes *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->upstream_count; i++)
		upstream_free(r->upstreams[i]);
	free(r->upstreams);
	for (size_t i = 0; i < r->count; i++)
		free(r->items[i].servers);
	free(r);
}

const struct route *routes_find(const struct routes *r, const uint8_t *name, size_t name_len)
{
	size_t i = 0;

	while (i + 1 < r->count && !dname_is_under(name, name_len, r->items[i].zone, r->items[i].zone_len))
		i++;
	return &r->items[i];
}

size_t routes_upstream_count(const struct routes *r)
{
	return r->upstream_count;
}

const struct upstream *routes_upstream(const struct routes *r, size_t i)
{
	return r->upstreams[i];
}
