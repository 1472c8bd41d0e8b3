/* SPDX-License-Identifier: Apache-2.0 */
#include "base/gunzip.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#ifdef HAVE_ISAL
#include <isa-l/igzip_lib.h>
#else
#include <zlib.h>
#endif

#include "base/err.h"

#define ROOM (64u * 1024) /* what comes out is read while it is still in a cache */

struct gunzip {
#ifdef HAVE_ISAL
	struct inflate_state state;
#else
	z_stream state;
#endif
	bool inside; /* of a member */
	uint8_t out[ROOM];
};

/* Both libraries have members of the same names for what goes in and out, and take the input as if they wrote to it. */

#ifdef HAVE_ISAL

static int begin(struct gunzip *g)
{
	isal_inflate_init(&g->state);
	g->state.crc_flag = ISAL_GZIP;
	return 0;
}

static void end(struct gunzip *g)
{
}

static void next_member(struct gunzip *g)
{
	isal_inflate_reset(&g->state);
	g->state.crc_flag = ISAL_GZIP;
}

static int step(struct gunzip *g, bool *ended)
{
	int rc = isal_inflate(&g->state);

	*ended = g->state.block_state == ISAL_BLOCK_FINISH;
	return rc < 0 ? ERR_FORMAT : 0;
}

#else

#define GZIP_ONLY (15 + 16) /* inflateInit2() wants it so */

static int begin(struct gunzip *g)
{
	return inflateInit2(&g->state, GZIP_ONLY) == Z_OK ? 0 : ERR_NOMEM;
}

static void end(struct gunzip *g)
{
	inflateEnd(&g->state);
}

static void next_member(struct gunzip *g)
{
	inflateReset(&g->state);
}

static int step(struct gunzip *g, bool *ended)
{
	int rc = inflate(&g->state, Z_NO_FLUSH);

	*ended = rc == Z_STREAM_END;
	if (rc == Z_MEM_ERROR)
		return ERR_NOMEM;
	return rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR ? 0 : ERR_FORMAT;
}

#endif

struct gunzip *gunzip_new(void)
{
	struct gunzip *g = malloc(sizeof(*g));

	if (!g)
		return NULL;
	g->state = (typeof(g->state)){0};
	g->inside = false;
	if (begin(g)) {
		free(g);
		return NULL;
	}
	return g;
}

void gunzip_free(struct gunzip *g)
{
	if (!g)
		return;
	end(g);
	free(g);
}

int gunzip_feed(
	struct gunzip *g, const void *data, size_t len, int (*take)(void *ctx, const void *data, size_t len), void *ctx)
{
	size_t got = 0;
	int rc = 0;

	assert(len <= UINT32_MAX);
	g->state.next_in = (uint8_t *)(uintptr_t)data;
	g->state.avail_in = (uint32_t)len;
	while (g->state.avail_in || got == ROOM) {
		uint32_t before = g->state.avail_in;
		bool ended;

		if (!g->inside && before)
			next_member(g);
		g->inside = true;
		g->state.next_out = g->out;
		g->state.avail_out = ROOM;
		rc = step(g, &ended);
		if (rc)
			return rc;
		got = ROOM - g->state.avail_out;
		g->inside = !ended;
		if (!got && !ended && g->state.avail_in == before && before)
			return ERR_FORMAT; /* it does not know how to go on */
		rc = got ? take(ctx, g->out, got) : 0;
		if (rc < 0)
			return rc;
		if (ended)
			got = 0;
	}
	return 0;
}

bool gunzip_is_whole(const struct gunzip *g)
{
	return !g->inside;
}
