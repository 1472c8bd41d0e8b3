/* SPDX-License-Identifier: Apache-2.0 */
/* A recorded stream that subscribers get in place of the cluster's: RecordIO, the same in HTTP's chunks (a recording of
 * the connection), or a JSON document a line. */
#ifndef T_SIM_PLAY_H
#define T_SIM_PLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "t/sim/document.h"
#include "t/sim/stream.h"

struct play_piece { /* a record, or a chunk of it */
	size_t from, to;
	uint64_t time; /* microseconds from the start */
};

struct play {
	struct document *document;
	struct play_piece *pieces;
	size_t count;
	double pace;         /* how many times as fast as it was recorded; 0: at full speed */
	size_t cut;          /* pieces before the connection is cut; SIZE_MAX: it is not */
	bool middle;         /* half of the next one too */
	uint64_t cuts;       /* how many streams are still cut; UINT64_MAX: all */
	enum stream_end end; /* of the recording; STREAM_GOES_ON: silence, with heartbeats */
};

/* Reads a recording, and its timeline if that is not NULL; the rest of `p` is as for a play of all, at full speed.
 * ERR_SYSTEM with errno, ERR_FORMAT, ERR_NOMEM. */
int play_load(struct play *p, const char *file, const char *timeline);
void play_fini(struct play *p);

#endif
