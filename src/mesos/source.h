/* SPDX-License-Identifier: Apache-2.0 */
/* Where the state comes from: which master is asked, when and how, and what is made of its answer.
 *
 * stateSource says how. `stream`: the leader's events (POST /api/v1, SUBSCRIBE), which begin with the whole state.
 * `poll`: its /master/state every refreshSeconds. `auto`: the stream, but a master that has none or refuses it (any
 * status but 200, 503 and redirects), or whose stream failed three times in a row, is polled, and its stream tried
 * again after 5 to 10 minutes.
 *
 * A round (mesos/round.h) asks one master after the other until one is good: by the whole state in its stream, or by a
 * whole document that names itself as the leader. Rounds of polls start every refreshSeconds; after one in which nobody
 * was good the next comes after 100 ms, then twice that, up to 5 s or refreshSeconds if that is less, and up to
 * refreshSeconds if it moved much data; all with jitter. When a stream ends the next round comes after a random time of
 * up to 500 ms, and twice that for each stream before it that ended within a minute, up to 30 s or refreshSeconds.
 *
 * A master that takes a connection and then is silent is passed over after 15 s without a byte, or four times what the
 * last good one was silent; when nobody was good that is doubled, up to stateTimeoutSeconds, which bounds a request as
 * a whole: a large cluster's only master may need a while to write its state.
 *
 * Another leader is noticed by a redirect, by what a document says, by ZooKeeper (source_set_masters()), or by the
 * masters' word between polls (mesos/leaderwatch.h); each has it asked at once.
 *
 * While a stream is live, two checks go on beside it: /master/state-summary every refreshSeconds, and /master/state
 * every 15 minutes; and both when mesos/apply.h wants them. A summary also comes before the first stream.
 *
 * `/master/state` is asked for; a master that says 404 is tried with the older paths, and what worked is remembered.
 *
 * With a service account a round begins with a login when there is no token, or a master refused it in the one before
 * (mesos/iam.h).
 *
 * Names: a configured name is looked up at each new connection and stands for all of its addresses; it counts
 * as the leader if the address that the connection reached is the leader's. With HTTPS the leader is asked by
 * the name that the configuration or ZooKeeper has for its address, because certificates hold names; else, or if the
 * certificate does not hold that name, by its address.
 *
 * Mesos thread only. Callbacks come from the loop, but for the end() that source_free() owes. */
#ifndef MESOS_SOURCE_H
#define MESOS_SOURCE_H

#include <ev.h>

#include "base/histogram.h"
#include "conf/conf.h"
#include "mesos/apply.h"
#include "mesos/master.h"
#include "mesos/source_failure.h"
#include "mesos/stream_parse.h"

struct source_document {
	bool complete; /* a whole document of the leader: take it. Else forget what came of it */
	/* If complete: the leader, as the document names it; the address is the connection's if it names a
	 * host. A stream names none: it is who was asked. */
	const char *leader_host;
	struct addr leader_addr;
	uint16_t leader_port;
	const char *error; /* if not */
	double seconds;    /* that the fetch took */
};

struct source_sink {
	void *ctx;
	/* A document starts: a polled state, or the snapshot that a stream begins with. Negative: it is not wanted now,
	 * and counts as a failure without an end(). */
	int (*begin)(void *ctx, bool snapshot);
	struct state_sink state; /* gets the elements, with its own ctx; its leader() is not called */
	/* It ended. For a complete one a negative value says that it could not be taken, and counts as a
	 * failure. */
	int (*end)(void *ctx, const struct source_document *document);

	/* The stream, after its snapshot. Negative ends it. */
	int (*event)(void *ctx, const struct stream_event *event);
	void (*lost)(void *ctx); /* one could not be read */

	/* A check, as apply.h has it: it is asked for, its elements come, it ended. end() may come without any. */
	void (*check_begin)(void *ctx, enum apply_check check);
	struct state_sink check;
	int (*check_end)(void *ctx, bool ok);
};

/* Why a stream that was live ended. */
enum source_loss {
	SOURCE_LOSS_CUT,       /* the connection broke */
	SOURCE_LOSS_ENDED,     /* the master ended it, as it has too many subscribers */
	SOURCE_LOSS_SILENT,    /* five heartbeats were missed */
	SOURCE_LOSS_SLOW,      /* bytes, but no whole records */
	SOURCE_LOSS_MALFORMED, /* what came was no stream any more */
	SOURCE_LOSS_LEADER,    /* another master leads */
	SOURCE_LOSS_ASKED,     /* APPLY_WANT_SUBSCRIBE */
	SOURCE_LOSS_INTERNAL,  /* of our own making: memory */
	SOURCE_LOSSES,
};

/* "cut", "ended", ... */
const char *source_loss_name(enum source_loss loss);

enum source_state {
	SOURCE_SEARCHING, /* no master gave its state yet, or none does now */
	SOURCE_POLLING,
	SOURCE_STREAMING,
};

/* "searching", "polling", "streaming" */
const char *source_state_name(enum source_state state);

struct source_counters {
	enum source_state state;     /* now */
	bool fallback;               /* polling, although it was to be the stream if possible */
	uint64_t fetches, documents; /* requests for a state; states taken, snapshots included */
	uint64_t redirects;          /* also by a document */
	uint64_t failures[SOURCE_FAILURES];
	uint64_t bytes, wire_bytes; /* of polled documents: decoded; as they came */
	struct histogram durations; /* of fetches that came to an end, good or not */
	double last_seconds;        /* of the last document taken */
	double last_good;           /* when the last document, event or heartbeat came, since 1970; 0: never */
	uint64_t failed_rounds;     /* since the last document */
	uint64_t skipped[STATE_SKIPS];

	uint64_t connects, subscribed; /* subscriptions asked for; with a whole snapshot */
	uint64_t losses[SOURCE_LOSSES];
	struct stream_counts stream; /* of all subscriptions */
	double heartbeat;            /* seconds between heartbeats, as the master last said; 0: never */
	double last_event;           /* when the last event came, heartbeats not counted, since 1970; 0: never */
	uint64_t checks[2], checks_failed[2]; /* by enum apply_check; asked for */
	uint64_t check_bytes;
	uint64_t logins, logins_failed; /* of the service account (mesos/iam.h) */
	uint64_t leader_questions, leader_changes; /* asked between polls; noticed by that or told by ZooKeeper */
};

struct source;

/* Asks at once. `conf` is read here only. NULL and `*err` (ERR_NOMEM, ERR_SYSTEM) on failure. */
struct source *source_new(struct ev_loop *loop, const struct conf *conf, const struct source_sink *sink, int *err);
void source_free(struct source *s);

/* Other times and bounds than the usual ones, for tests; those that are 0 stay. To be called before the loop runs. */
struct source_timing {
	double watch;      /* seconds between questions for the leader */
	double summary;    /* between summaries; usually refreshSeconds */
	double reconcile;  /* between states beside the stream */
	double retry;      /* until a stream that was given up is tried again */
	double spread;     /* the most that the first resubscription waits */
	uint64_t body_max; /* bytes of a state */
};
void source_set_timing(struct source *s, const struct source_timing *timing);

/* What ZooKeeper says now, the leader first; copied. Another leader than it said before is asked at once, and whoever
 * is being asked or streams is left. With 0 none is announced, and who was good last goes on being asked. */
void source_set_masters(struct source *s, const struct mesos_master *masters, size_t count);
/* A state now: a round, or beside a stream a check; if one is going on, another after it. */
void source_poll_now(struct source *s);
/* The last document was taken in only in part, and another is needed to decide: it comes after refreshSeconds, by
 * polling anyway, and of a stream by another subscription. From end() too. */
void source_confirm(struct source *s);
/* What mesos/apply.h asks for. From callbacks too: nothing happens before the loop runs again. */
void source_want(struct source *s, enum apply_want what);
const struct source_counters *source_counters(struct source *s);

#endif
