/* SPDX-License-Identifier: Apache-2.0 */
#include "t/bench/queries.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool write_query(struct bench_query *query, char *name, const char *type)
{
	uint8_t *q = query->bytes, *at = q + 12;

	memset(q, 0, 12);
	q[5] = 1;
	for (char *label = strtok(name, "."); label; label = strtok(NULL, ".")) {
		size_t len = strlen(label);

		if (len > 63 || at + len + 7 > q + QUERY_MAX)
			return false;
		*at++ = (uint8_t)len;
		memcpy(at, label, len);
		at += len;
	}
	*at++ = 0;
	*at++ = 0;
	*at++ = !strcmp(type, "SRV") ? 33 : !strcmp(type, "AAAA") ? 28 : 1;
	*at++ = 0;
	*at++ = 1;
	query->len = (uint16_t)(at - q);
	return true;
}

unsigned queries_read(struct bench_query *queries)
{
	char line[1024], name[512], type[16];
	unsigned count = 0;

	while (count < QUERIES_MAX && fgets(line, sizeof(line), stdin))
		if (sscanf(line, "%511s %15s", name, type) == 2 && write_query(&queries[count], name, type))
			count++;
	return count;
}
