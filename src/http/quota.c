/* SPDX-License-Identifier: Apache-2.0 */
#include "http/quota.h"

#include <string.h>

#include "base/siphash.h"

static struct http_quota_bucket *find(struct http_quota *quota, const struct addr *client)
{
	uint64_t hash = siphash13(&siphash_process_key, client->bytes, sizeof(client->bytes));
	struct http_quota_bucket *set = quota->buckets[hash % HTTP_QUOTA_SETS], *oldest = set;

	for (unsigned i = 0; i < HTTP_QUOTA_WAYS; i++) {
		if (set[i].used > 0 && addr_equal(&set[i].client, client))
			return &set[i];
		if (set[i].used < oldest->used)
			oldest = &set[i];
	}
	*oldest = (struct http_quota_bucket){.client = *client, .tokens = HTTP_QUOTA_BURST};
	return oldest;
}

unsigned http_quota_take(struct http_quota *quota, const struct addr *client, double now)
{
	struct addr network = *client;

	if (network.len == 16)
		memset(network.bytes + 8, 0, 8);
	struct http_quota_bucket *b = find(quota, &network);
	if (b->used > 0 && now > b->used)
		b->tokens += (now - b->used) * HTTP_QUOTA_RATE;
	if (b->tokens > HTTP_QUOTA_BURST)
		b->tokens = HTTP_QUOTA_BURST;
	b->used = now;
	if (b->tokens < 1)
		return 1 + (unsigned)((1 - b->tokens) / HTTP_QUOTA_RATE);
	b->tokens -= 1;
	return 0;
}
