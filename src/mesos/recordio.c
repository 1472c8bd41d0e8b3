/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/recordio.h"

#include "base/err.h"

/* Takes one byte of the length. */
static int take_length(struct recordio *r, char c)
{
	if (c == '\n') {
		if (!r->digits)
			return ERR_FORMAT;
		r->inside = true;
		r->begun = false;
		r->left = r->length;
		return 0;
	}
	if (c < '0' || c > '9')
		return ERR_FORMAT;
	if (r->digits == UINT8_MAX)
		return ERR_FORMAT; /* zeros without end */
	r->digits++;
	uint64_t digit = (uint64_t)(c - '0');
	if (r->length > (r->max - digit) / 10)
		return ERR_LIMIT;
	r->length = r->length * 10 + digit;
	return 0;
}

int recordio_next(struct recordio *r, const char **data, size_t *len, struct recordio_piece *piece)
{
	while (!r->inside) {
		if (!*len)
			return 0;
		int rc = take_length(r, **data);
		if (rc)
			return rc;
		++*data;
		--*len;
	}
	if (!*len && r->left)
		return 0;
	size_t n = *len < r->left ? *len : (size_t)r->left;
	r->left -= n;
	*piece = (struct recordio_piece){
		.data = *data, .len = n, .record = r->length, .first = !r->begun, .last = !r->left};
	r->begun = true;
	*data += n;
	*len -= n;
	if (piece->last)
		*r = (struct recordio){.max = r->max};
	return 1;
}

bool recordio_at_boundary(const struct recordio *r)
{
	return !r->inside && !r->digits;
}
