/* SPDX-License-Identifier: Apache-2.0 */
/* Event streams: who has subscribed, and what each is still to be sent. A master never waits for a subscriber:
 * what one is slow to read waits in its queue, as in a real master's memory. Everything here is under the
 * simulation's lock, but for stream_read() and stream_free(), which a connection's own thread calls without. */
#ifndef T_SIM_STREAM_H
#define T_SIM_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "t/sim/cluster.h"
#include "t/sim/faults.h"
#include "t/sim/text.h"

struct sim;
struct sim_master;
struct subscriber;
struct document;

enum stream_chunks {
	STREAM_BY_RECORD, /* a record a chunk, as long as it fits */
	STREAM_BY_BYTE,
	STREAM_BY_CHANCE, /* cut and joined anywhere */
	STREAM_BY_BUFFER, /* as many records as fit */
};

enum stream_end {
	STREAM_GOES_ON,
	STREAM_EOF,    /* the connection ends, as when a master dies */
	STREAM_LAST,   /* a last chunk, and the connection stays: pushed out */
	STREAM_RESET,  /* the connection is reset */
	STREAM_MIDDLE, /* like STREAM_EOF, but half of a record comes before */
};

struct streams {
	TAILQ_HEAD(, subscriber) list; /* the oldest first; those that are to end too, until they have */
	size_t count, max;             /* without those */
	uint64_t heartbeat;            /* microseconds between them */
	bool beating;                  /* false: they stop */
	uint64_t rate;                 /* bytes a second; 0: as fast as it goes */
	enum stream_chunks chunks;
	uint64_t seed; /* of STREAM_BY_CHANCE */
};

void streams_init(struct streams *st);
/* Every reader looks again at what it waits for. */
void streams_wake(struct sim *s);
/* How a stream by that name ends; ERR_NOTFOUND. */
int stream_parse_end(const char *name, enum stream_end *out);
int stream_parse_chunks(const char *name, enum stream_chunks *out);

/* A subscriber of `m`, with what a new one gets in its queue; `fault` (may be NULL) spoils its stream until the
 * simulation's faults are cleared. The oldest one goes if there are too many. NULL: memory is exhausted. */
struct subscriber *stream_new(struct sim *s, const struct sim_master *m, const struct fault *fault);
/* Fills `buf` with up to `max` bytes, waiting for them; `pos` is what went before, `fd` the connection. Returns as
 * libmicrohttpd's content readers do. */
ssize_t stream_read(struct subscriber *sub, int fd, uint64_t pos, char *buf, size_t max);
void stream_free(struct subscriber *sub);

/* To all subscribers of `master` (number; 0: all): a record with that text. The text is taken over. */
void streams_send(struct sim *s, unsigned master, struct text *json);
/* The same with bytes as they are, without a length before them. */
void streams_send_raw(struct sim *s, unsigned master, struct text *bytes);
/* Ends the streams of `master` (0: all), or only the oldest of them. Returns how many. */
size_t streams_end(struct sim *s, unsigned master, enum stream_end how, bool oldest);
/* The cluster's listener: `cls` is the simulation. */
void streams_tell(void *cls, const struct cluster_news *news);
/* Bytes that wait in queues. */
uint64_t streams_queued(const struct sim *s);

#endif
