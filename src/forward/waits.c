/* SPDX-License-Identifier: Apache-2.0 */
#include "forward/waits.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/siphash.h"

#define BUCKETS 1024

struct wait {
	struct wait *next;
	struct addr addr;
	unsigned count;
};

struct waits {
	unsigned max;
	struct wait *buckets[BUCKETS];
};

static struct wait **find(struct waits *w, const struct addr *addr)
{
	struct wait **at = &w->buckets[siphash13(&siphash_process_key, addr->bytes, addr->len) % BUCKETS];

	while (*at && !addr_equal(&(*at)->addr, addr))
		at = &(*at)->next;
	return at;
}

struct waits *waits_new(unsigned max)
{
	struct waits *w = calloc(1, sizeof(*w));

	if (w)
		w->max = max;
	return w;
}

void waits_free(struct waits *w)
{
	for (size_t i = 0; w && i < BUCKETS; i++)
		while (w->buckets[i]) {
			struct wait *wait = w->buckets[i];

			w->buckets[i] = wait->next;
			free(wait);
		}
	free(w);
}

int waits_add(struct waits *w, const struct addr *addr)
{
	struct wait **at = find(w, addr);

	if (!*at) {
		struct wait *wait = calloc(1, sizeof(*wait));

		if (!wait)
			return ERR_NOMEM;
		wait->addr = *addr;
		*at = wait;
	}
	if ((*at)->count >= w->max)
		return ERR_LIMIT;
	(*at)->count++;
	return 0;
}

unsigned waits_remove(struct waits *w, const struct addr *addr)
{
	struct wait **at = find(w, addr), *wait = *at;
	unsigned count = wait->count--;

	if (!wait->count) {
		*at = wait->next;
		free(wait);
	}
	return count;
}
