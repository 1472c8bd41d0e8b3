/* SPDX-License-Identifier: Apache-2.0 */
#include "forward/random.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

static void refill(struct random_block *r)
{
	size_t got = 0;

	while (got < sizeof(r->bytes)) {
		ssize_t n = getrandom(r->bytes + got, sizeof(r->bytes) - got, 0);

		assert(n > 0 || errno == EINTR);
		if (n > 0)
			got += (size_t)n;
	}
	r->left = sizeof(r->bytes);
}

void random_fill(struct random_block *r, void *out, size_t len)
{
	if (r->left < len)
		refill(r);
	r->left -= len;
	memcpy(out, r->bytes + r->left, len);
	/* What was given out must not be found in memory later. */
	memset(r->bytes + r->left, 0, len);
}
