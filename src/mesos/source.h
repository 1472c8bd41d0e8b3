/* SPDX-License-Identifier: Apache-2.0 */
/* Where the state comes from: which master is asked, when, and what is made of its answer.
 *
 * A round asks the master that ZooKeeper announces as the leader, the one that was good last, the others that are
 * announced, then the configured ones in order, each once, until one gives a whole document that names itself as the
 * leader. A redirect, or a document that names another leader, is
 * followed to that one, whoever it is; what was already asked in the round is not asked again, so nothing
 * goes in circles. A master that knows no leader (503, 404, a document without `leader`) is passed over.
 * Rounds start every refreshSeconds; after one in which nobody was good the next comes after 100 ms, then
 * twice that, up to 5 s or refreshSeconds if that is less, with jitter.
 *
 * A master that takes a connection and then is silent is passed over after 15 s without a byte, or four times what the
 * last good one was silent; when nobody was good that is doubled, up to stateTimeoutSeconds, which bounds a request as
 * a whole: a large cluster's only master may need a while to write its state.
 *
 * `/master/state` is asked for; a master that says 404 is tried with the older paths, and what worked is
 * remembered.
 *
 * Names: a configured name is looked up at each new connection and stands for all of its addresses; it counts
 * as the leader if the address that the connection reached is the leader's. With HTTPS the leader is asked by
 * the name that the configuration has for its address, if a connection under that name was seen there,
 * because certificates hold names; else by its address, which the certificate must then hold. If that fails,
 * the round comes to the master by its configured name all the same, and it is good as it names itself.
 *
 * Mesos thread only. Callbacks come from the loop, but for the end() that source_free() owes. */
#ifndef MESOS_SOURCE_H
#define MESOS_SOURCE_H

#include <ev.h>

#include "base/histogram.h"
#include "conf/conf.h"
#include "mesos/master.h"
#include "mesos/state_parse.h"

struct source_document {
	bool complete; /* a whole document of the leader: take it. Else forget what came of it */
	/* If complete: the leader, as the document names it; the address is the connection's if it names a
	 * host. */
	const char *leader_host;
	struct addr leader_addr;
	uint16_t leader_port;
	const char *error; /* if not */
	const struct state_counts *counts;
	double seconds; /* that the fetch took */
};

struct source_sink {
	void *ctx;
	/* Gets the elements; its leader() is not called. */
	struct state_sink state;
	/* A document starts. Negative: it is not wanted now, and counts as a failure without an end(). */
	int (*begin)(void *ctx);
	/* It ended. For a complete one a negative value says that it could not be taken, and counts as a
	 * failure. */
	int (*end)(void *ctx, const struct source_document *document);
};

enum source_failure {
	SOURCE_RESOLVE,
	SOURCE_CONNECT,
	SOURCE_TLS,
	SOURCE_TIMEOUT,
	SOURCE_CUT,
	SOURCE_HTTP,
	SOURCE_LIMIT,     /* larger than we take */
	SOURCE_AUTH,      /* 401, 403 */
	SOURCE_STATUS,    /* another status */
	SOURCE_NO_LEADER, /* it knows none */
	SOURCE_REDIRECT,  /* to itself, in circles, or to something that is no master */
	SOURCE_DOCUMENT,  /* malformed */
	SOURCE_INTERNAL,  /* of our own making: memory */
	SOURCE_FAILURES,
};

const char *source_failure_name(enum source_failure failure);

struct source_counters {
	uint64_t fetches, documents; /* requests; documents taken */
	uint64_t redirects;          /* also by a document */
	uint64_t failures[SOURCE_FAILURES];
	uint64_t bytes, wire_bytes; /* decoded; as they came */
	struct histogram durations; /* of fetches that came to an end, good or not */
	double last_seconds;        /* of the last document taken */
	double last_good;           /* when, since 1970; 0: never */
	uint64_t failed_rounds;     /* since then */
	uint64_t skipped[STATE_SKIPS];
};

struct source;

/* Asks at once, and then every conf->refresh_seconds. `conf` is read here only. NULL and `*err` (ERR_NOMEM,
 * ERR_SYSTEM) on failure. */
struct source *source_new(struct ev_loop *loop, const struct conf *conf, const struct source_sink *sink, int *err);
void source_free(struct source *s);
/* What ZooKeeper says now, the leader first; copied. Another leader than it said before is asked at once, and whoever
 * is being asked is left. With 0 none is announced, and who was good last goes on being asked. */
void source_set_masters(struct source *s, const struct mesos_master *masters, size_t count);
/* A round now; if one is going on, another after it. */
void source_poll_now(struct source *s);
const struct source_counters *source_counters(const struct source *s);

#endif
