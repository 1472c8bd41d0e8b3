/* SPDX-License-Identifier: Apache-2.0 */
/* One GET of a document with the cluster's state, parsed as it comes: /master/state, or /master/state-summary, which
 * has the same form with fewer members. Asking no master twice, choosing one and judging what it says is the owner's.
 *
 * Mesos thread only. Callbacks come from the loop. */
#ifndef MESOS_STATE_FETCH_H
#define MESOS_STATE_FETCH_H

#include "mesos/endpoint.h"
#include "mesos/fetch.h"
#include "mesos/source_failure.h"
#include "mesos/state_parse.h"

enum state_fetch_verdict {
	STATE_FETCH_WHOLE,
	STATE_FETCH_ELSEWHERE, /* the document names another leader, and was read no further */
	STATE_FETCH_STATUS,    /* an answer that is no document */
	STATE_FETCH_BROKEN,
};

struct state_fetch_result { /* borrowed for the call */
	enum state_fetch_verdict verdict;
	enum source_failure failure; /* of BROKEN */
	const char *text;            /* of BROKEN: why */
	bool begun;                  /* begin() was called and went well */
	struct state_counts counts;
	const char *leader_host; /* as the document names it; "" if it does not */
	uint16_t leader_port;
	const struct fetch_result *http;
};

struct state_fetch_request {
	struct endpoint *master;
	bool https;
	const char *path;
	double timeout, silence; /* seconds, as of a fetch */
	uint64_t max_bytes;
};

struct state_fetch {
	/* Set by the owner. */
	struct fetcher *fetcher;
	void *ctx;
	struct state_sink sink; /* with its own ctx; its leader() is not called */
	/* A document starts. NULL, or negative: it is not wanted now. */
	int (*begin)(void *ctx);
	/* The end, exactly once unless cancelled. Another may be started from here. */
	void (*done)(void *ctx, const struct state_fetch_result *result);

	struct fetch *fetch; /* NULL: none is under way */
	struct endpoint *master;
	struct state_parser *parser; /* not NULL: a document has begun */
	bool elsewhere;
	char leader_host[DNAME_MAX + 1];
	uint16_t leader_port;
};

/* ERR_NOMEM, ERR_FORMAT: it could not be started. */
int state_fetch_start(struct state_fetch *sf, const struct state_fetch_request *request);
/* done() will not be called. True: a document had begun. */
bool state_fetch_cancel(struct state_fetch *sf);

#endif
