/* SPDX-License-Identifier: Apache-2.0 */
#include "t/sim/document.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/err.h"

struct document *document_new(struct text *plain, uint64_t version)
{
	struct document *d = plain->failed ? NULL : calloc(1, sizeof(*d));

	if (!d) {
		text_fini(plain);
		return NULL;
	}
	atomic_init(&d->refs, 1);
	d->version = version;
	d->plain = *plain;
	*plain = (struct text){0};
	return d;
}

int document_compress(struct document *d)
{
	z_stream z = {0};
	int err = ERR_NOMEM, rc;

	if (d->gzip.len)
		return 0;
	/* 16: a gzip header. The fastest level: it is the client's work that matters. */
	if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return ERR_NOMEM;
	z.next_in = (Bytef *)d->plain.data;
	size_t left = d->plain.len;
	do {
		if (!text_grow(&d->gzip, 65536))
			goto out;
		size_t room = d->gzip.room - d->gzip.len;
		z.avail_in = left > UINT_MAX ? UINT_MAX : (uInt)left;
		z.avail_out = room > UINT_MAX ? UINT_MAX : (uInt)room;
		uInt had_in = z.avail_in, had_out = z.avail_out;
		z.next_out = (Bytef *)d->gzip.data + d->gzip.len;
		rc = deflate(&z, had_in == left ? Z_FINISH : Z_NO_FLUSH);
		left -= had_in - z.avail_in;
		d->gzip.len += had_out - z.avail_out;
	} while (rc == Z_OK || rc == Z_BUF_ERROR);
	if (rc == Z_STREAM_END)
		err = 0;
out:
	deflateEnd(&z);
	if (err)
		text_fini(&d->gzip);
	return err;
}

struct document *document_get(struct document *d)
{
	atomic_fetch_add_explicit(&d->refs, 1, memory_order_relaxed);
	return d;
}

void document_put(struct document *d)
{
	if (!d || atomic_fetch_sub_explicit(&d->refs, 1, memory_order_acq_rel) != 1)
		return;
	text_fini(&d->plain);
	text_fini(&d->gzip);
	free(d);
}
