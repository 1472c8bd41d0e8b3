/* SPDX-License-Identifier: Apache-2.0 */
/* RecordIO, the framing of Mesos' event streams: a decimal length, a line feed, that many bytes, and the next. Takes
 * bytes cut anywhere, and keeps none of them. One thread. */
#ifndef MESOS_RECORDIO_H
#define MESOS_RECORDIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct recordio {        /* all zero but for `max` at first */
	uint64_t max;    /* bytes of a record */
	uint64_t length; /* of the record under way, as far as it was read */
	uint64_t left;   /* bytes of it that are to come */
	uint8_t digits;  /* of its length, read so far */
	bool inside;     /* the length was read */
	bool begun;      /* and a piece was given out */
};

struct recordio_piece { /* points into the bytes given */
	const char *data;
	size_t len;
	uint64_t record; /* length of the whole record */
	bool first, last;
};

/* The next piece of a record out of *data, which moves on by what was taken. 1: there is one (an empty record is a
 * piece of no bytes), 0: all bytes were taken. ERR_FORMAT: a length that is none, ERR_LIMIT: one above the maximum. */
int recordio_next(struct recordio *r, const char **data, size_t *len, struct recordio_piece *piece);
/* Is the next byte the first of a frame? */
bool recordio_at_boundary(const struct recordio *r);

#endif
