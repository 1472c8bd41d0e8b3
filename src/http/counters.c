/* SPDX-License-Identifier: Apache-2.0 */
#include "http/counters.h"

#include <assert.h>
#include <stdio.h>

static const uint16_t codes[] = {
	200, 204, 304, 400, 401, 403, 404, 405, 406, 408, 413, 414, 415, 429, 431, 500, 501, 503, 505};
#define CODE_COUNT (sizeof(codes) / sizeof(codes[0]))
static_assert(CODE_COUNT <= HTTP_COUNTED_CODES, "the table has room for all");

void http_count(struct http_counters *counters, const struct http_route *route, unsigned status)
{
	size_t r = route ? http_route_number(route) : http_route_count(), c = 0;

	assert(r <= HTTP_COUNTED_ROUTES);
	while (c < CODE_COUNT && codes[c] != status)
		c++;
	counters->requests[r][c]++;
}

void http_counters_walk(const struct http_counters *counters,
	void (*each)(void *arg, const char *endpoint, const char *code, uint64_t count), void *arg)
{
	size_t routes = http_route_count();

	for (size_t r = 0; r <= routes; r++) {
		const char *endpoint = r < routes ? http_route_pattern(r) : "none";

		for (size_t c = 0; c <= CODE_COUNT; c++) {
			char code[8] = "other";

			if (c < CODE_COUNT)
				snprintf(code, sizeof(code), "%u", codes[c]);
			if (counters->requests[r][c])
				each(arg, endpoint, code, counters->requests[r][c]);
		}
	}
}
