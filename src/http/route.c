/* SPDX-License-Identifier: Apache-2.0 */
#include "http/route.h"

#include <string.h>

#include "base/err.h"
#include "http/about.h"
#include "http/axfr.h"
#include "http/enumerate.h"
#include "http/explain_page.h"
#include "http/lookup.h"
#include "http/ports.h"
#include "http/watch.h"
#include "http/metrics.h"
#include "http/status.h"

static const struct http_route routes[] = {
	{"/metrics", http_get_metrics, 0},
	{"/healthz", http_get_healthz, HTTP_ROUTE_OPEN},
	{"/readyz", http_get_readyz, HTTP_ROUTE_OPEN},
	{"/v1/status", http_get_status, 0},
	{"/v1/version", http_get_version, 0},
	{"/v1/config", http_get_config, 0},
	{"/v1/explain/*", http_get_explain, HTTP_ROUTE_COSTLY},
	{"/v1/hosts/*", http_get_host, 0},
	{"/v1/hosts/*/ports", http_get_ports, HTTP_ROUTE_COSTLY},
	{"/v1/services/*", http_get_service, 0},
	{"/v1/enumerate", http_get_enumeration, HTTP_ROUTE_DUMP | HTTP_ROUTE_COSTLY},
	{"/v1/axfr", http_get_axfr, HTTP_ROUTE_DUMP | HTTP_ROUTE_COSTLY},
	{"/v1/watch", http_get_watch, 0},
};
#define ROUTE_COUNT (sizeof(routes) / sizeof(routes[0]))

/* Does the path, of which a last slash does not count, have the pattern's segments? */
static int match(const struct http_route *route, const char *path, size_t len, char tail[HTTP_SEGMENT_MAX])
{
	const char *pattern = route->pattern, *end = path + len;
	char segment[HTTP_SEGMENT_MAX];

	*tail = '\0';
	while (*pattern && path < end) { /* both are at a slash */
		size_t pattern_len = strcspn(++pattern, "/");
		path++;
		const char *slash = memchr(path, '/', (size_t)(end - path));
		size_t segment_len = (size_t)((slash ? slash : end) - path);
		bool any = pattern_len == 1 && *pattern == '*';
		int err = http_path_decode(any ? tail : segment, path, segment_len);

		if (err)
			return err;
		if (any ? !segment_len : strlen(segment) != pattern_len || memcmp(segment, pattern, pattern_len) != 0)
			return ERR_NOTFOUND;
		pattern += pattern_len;
		path += segment_len;
	}
	return *pattern || (path != end && path + 1 != end) ? ERR_NOTFOUND : 0;
}

const struct http_route *http_route_find(const char *path, size_t len, char tail[HTTP_SEGMENT_MAX], int *err)
{
	for (size_t i = 0; i < ROUTE_COUNT; i++) {
		*err = match(&routes[i], path, len, tail);
		if (*err != ERR_NOTFOUND)
			return *err ? NULL : &routes[i];
	}
	*err = ERR_NOTFOUND;
	return NULL;
}

size_t http_route_count(void)
{
	return ROUTE_COUNT;
}

size_t http_route_number(const struct http_route *route)
{
	return (size_t)(route - routes);
}

const char *http_route_pattern(size_t number)
{
	return routes[number].pattern;
}
