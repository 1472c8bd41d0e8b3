/* SPDX-License-Identifier: Apache-2.0 */
/* One subscription to a master's events: the POST, the bytes into the parser, and whether it is still alive. It has
 * three times: asked (nothing of SUBSCRIBED yet, or not all of it), and live from the whole SUBSCRIBED on. A master
 * that sends nothing for five of its heartbeat intervals has been stopped or cut off; one that sends bytes but no whole
 * record for ten is stuck.
 *
 * The connection is its own and not compressed. Bytes are parsed as they are read, and nothing else is done on the
 * thread meanwhile but commits, so that the master's buffers for us do not grow (MESOS-7748).
 *
 * Mesos thread only. Callbacks come from the loop. */
#ifndef MESOS_STREAM_FETCH_H
#define MESOS_STREAM_FETCH_H

#include <ev.h>

#include "mesos/endpoint.h"
#include "mesos/fetch.h"
#include "mesos/source_failure.h"
#include "mesos/stream_parse.h"

#define STREAM_FETCH_PATH "/master/api/v1"

enum stream_fetch_verdict {
	STREAM_FETCH_STATUS, /* an answer that is no stream */
	STREAM_FETCH_BROKEN, /* anything else: `failure` says what */
	STREAM_FETCH_ENDED,  /* the master ended it: it has too many subscribers */
	STREAM_FETCH_SLOW,   /* bytes, but no records */
};

struct stream_fetch_result { /* borrowed for the call */
	enum stream_fetch_verdict verdict;
	enum source_failure failure;     /* of BROKEN; TIMEOUT is silence */
	const char *text;                /* why, in words */
	bool live;                       /* SUBSCRIBED had come whole */
	bool in_snapshot;                /* it had begun, and not ended */
	const struct fetch_result *http; /* NULL if it is this module that gave up */
};

struct stream_fetch_request {
	struct endpoint *master;
	bool https;
	double timeout;     /* seconds until SUBSCRIBED must be whole */
	double silence;     /* seconds without a byte until then */
	uint64_t max_bytes; /* of SUBSCRIBED */
};

struct stream_fetch {
	/* Set by the owner. */
	struct ev_loop *loop;
	struct fetcher *fetcher;
	void *ctx;
	struct stream_sink sink; /* with its own ctx */
	/* The end, exactly once unless cancelled. Another may be started from here. */
	void (*done)(void *ctx, const struct stream_fetch_result *result);

	struct fetch *fetch; /* NULL: none is under way */
	struct endpoint *master;
	struct stream_parser *parser; /* NULL before the first byte */
	uint64_t max_bytes;
	bool live;
	double heartbeat; /* seconds */
	ev_timer deadline;
	bool record, overdue;        /* one came since it was set; it has passed */
	struct stream_counts counts; /* of the subscriptions before this one */
};

void stream_fetch_init(struct stream_fetch *sf);
/* ERR_NOMEM, ERR_FORMAT: it could not be started. */
int stream_fetch_start(struct stream_fetch *sf, const struct stream_fetch_request *request);
/* done() will not be called. True: a snapshot had begun and not ended. Not from the sink. */
bool stream_fetch_cancel(struct stream_fetch *sf);
/* Of all subscriptions together. */
void stream_fetch_get_counts(const struct stream_fetch *sf, struct stream_counts *out);

#endif
