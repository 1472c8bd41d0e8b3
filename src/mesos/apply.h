/* SPDX-License-Identifier: Apache-2.0 */
/* What the event stream tells becomes updates of the feed: between source (connections, what to fetch when) and feed
 * (the model and the zone).
 *
 * Events are gathered: the first one after quiet is committed when the loop has done what it has at hand, those that
 * follow at most APPLY_GATHER later, or APPLY_BATCH at a time. One commit a batch.
 *
 * What the stream does not carry is completed by checks: documents that are compared with the model while the stream
 * goes on, and whose differences become one more batch. What an event has touched since a check was asked for is the
 * event's, for the document may be older. A check can run for seconds and holds no event up. There is one at a time:
 *   APPLY_SUMMARY  /master/state-summary: agents that are gone without an event, or are not reachable; frameworks' pids
 *   APPLY_STATE    /master/state: everything; what it changes is drift, which there should be none of
 * A check that differs in more than APPLY_DRIFT_MAX elements changes nothing and asks for APPLY_SUBSCRIBE instead: the
 * snapshot is a whole document, with feed's care for those.
 *
 * Order at a connection: a summary first (the snapshot has no pids, and those that are known are put into it), then
 * SUBSCRIBED, then events; checks in between.
 *
 * Mesos thread only. */
#ifndef MESOS_APPLY_H
#define MESOS_APPLY_H

#include <ev.h>

#include "mesos/feed.h"
#include "mesos/stream_parse.h"

#define APPLY_GATHER    0.004 /* seconds */
#define APPLY_BATCH     2048  /* events */
#define APPLY_DRIFT_MAX 4096

enum apply_check { APPLY_SUMMARY, APPLY_STATE };
/* What a source is asked for. It decides when. Asking again before the request is sent changes nothing; after that,
 * there is to be another. */
enum apply_want {
	APPLY_WANT_SUMMARY,   /* a framework came or changed, whose pid is not known */
	APPLY_WANT_STATE,     /* something was told of what is not known, or was lost */
	APPLY_WANT_SUBSCRIBE, /* the stream cannot be trusted any more, or a batch could not be taken in */
};

struct apply_counters {
	uint64_t events;          /* applied */
	uint64_t commits;         /* batches of them */
	uint64_t commits_failed;  /* batches that are lost */
	uint64_t unknown_tasks;   /* updates for tasks that are not known */
	uint64_t agents_given_up; /* agents that were taken out because their tasks are unreachable */
	uint64_t checks[2], checks_failed[2];
	uint64_t completed;  /* elements that summaries changed */
	uint64_t drift;      /* elements that state documents changed */
	uint32_t last_batch; /* events in the last one */
};

struct apply;

struct apply_settings {
	struct ev_loop *loop;
	struct feed *feed; /* borrowed */
	void *arg;
	void (*want)(void *arg, enum apply_want what);
};

struct apply *apply_new(const struct apply_settings *settings); /* NULL: out of memory */
void apply_free(struct apply *apply);                           /* open documents are forgotten */

/* A document that is all there is: SUBSCRIBED's snapshot, or a polled state. begin, the elements through `sink`, end;
 * with `ok` false nothing has happened. As feed_document_begin() and _end(), but that events at hand are committed
 * before, and that a snapshot's frameworks keep the pids that are known. */
void apply_document_begin(struct apply *apply, bool snapshot);
struct state_sink apply_document_sink(struct apply *apply);
int apply_document_end(struct apply *apply, bool ok, const struct cluster_master *leader);

/* An event. An error (ERR_NOMEM, ERR_LIMIT) has lost the batch, and APPLY_WANT_SUBSCRIBE was asked for. */
int apply_event(struct apply *apply, const struct stream_event *event);
/* The parser has lost an event. */
void apply_lost(struct apply *apply);
/* Commits what is at hand now. */
int apply_flush(struct apply *apply);

/* A check: begin when the request is sent (what comes by the stream from then on is newer than the document), its
 * elements through the sink, end. One that is still open is given up by the next begin. */
void apply_check_begin(struct apply *apply, enum apply_check check);
struct state_sink apply_check_sink(struct apply *apply);
int apply_check_end(struct apply *apply, bool ok);

const struct apply_counters *apply_counters(const struct apply *apply);

#endif
