/* SPDX-License-Identifier: Apache-2.0 */
/* Which master is asked: one logic for every way of asking. A round asks one master after the other, none twice, until
 * one is good. Its order: who is said to lead now (a hint), whom ZooKeeper announces as the leader, who was good last,
 * the others that are announced, then the configured ones. Who says that another master leads has that one asked next,
 * whoever it is; so nothing goes in circles. Masters that are `mute` come last, for the one that led before a failover
 * is often stopped and not dead. A leader that is there but not ready (503) ends the round: nobody else could know
 * more, and it is to be asked again soon; ten times in a row at the most, lest it is no leader at all.
 *
 * The owner asks, and says what came of it.
 *
 * Mesos thread only. */
#ifndef MESOS_ROUND_H
#define MESOS_ROUND_H

#include "mesos/endpoint.h"
#include "mesos/source_failure.h"

struct round {
	/* Set by the owner. */
	void *ctx;
	bool https;
	/* Asks this master; one of the functions below is owed, but not from inside. An error: it could not even be
	 * asked. */
	int (*ask)(void *ctx, struct endpoint *master);
	/* All were asked in vain. */
	void (*over)(void *ctx);

	struct endpoints endpoints;
	uint64_t number;
	size_t asks;
	struct endpoint *asked;       /* NULL: no round is going on */
	struct endpoint *good, *hint; /* or NULL */
	bool other_name;              /* the asked one is asked by its other name */
	bool named;                   /* it is said to lead: by others, or by itself */
	unsigned waits;               /* rounds in a row that ended because it was not ready */
	uint64_t redirects;           /* followed */
	uint64_t failures[SOURCE_FAILURES];
};

int round_init(struct round *r, const struct conf_endpoints *masters); /* ERR_NOMEM */
void round_fini(struct round *r);

/* A new round; one that goes on is forgotten. */
void round_begin(struct round *r);
/* It is over without a result. */
void round_stop(struct round *r);

/* The asked one is good, and the round over. */
void round_won(struct round *r);
/* It is not: counted and logged, and the next is asked. */
void round_failed(struct round *r, enum source_failure failure, const char *text);
/* It says that this one leads, which is asked next. */
void round_elsewhere(struct round *r, const char *host, uint16_t port);
/* It answered with this status and not a 200: one of the two above. `path` as in endpoint_parse_redirect(). */
void round_refused(struct round *r, const struct fetch_result *result, const char *path);
/* Logs that the asked one failed, as round_failed() does, and counts it. The round stays where it is. */
void round_note(struct round *r, enum source_failure failure, const char *text);

#endif
