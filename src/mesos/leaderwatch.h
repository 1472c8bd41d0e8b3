/* SPDX-License-Identifier: Apache-2.0 */
/* Notices between polls, and while a stream is silent, that another master leads now: asks the masters in turn for
 * /master/redirect, which costs them next to nothing and never wants a password. Who is named is asked the same before
 * it is believed, so that a master that is cut off from the others leads nobody astray; and one that was believed in
 * vain is not believed again for a minute.
 *
 * One question at a time, the next a random 1.5 to 2.5 seconds later; a fleet of a thousand servers puts some 500 such
 * questions a second on all the masters together. Off while ZooKeeper announces masters.
 *
 * Mesos thread only. Callbacks come from the loop. */
#ifndef MESOS_LEADERWATCH_H
#define MESOS_LEADERWATCH_H

#include <ev.h>

#include "mesos/endpoint.h"
#include "mesos/fetch.h"

struct leaderwatch {
	/* Set by the owner. */
	struct ev_loop *loop;
	struct fetcher *fetcher;
	struct endpoints *endpoints;
	bool https;
	double interval; /* seconds */
	void *ctx;
	/* This one leads and is not the known leader. */
	void (*changed)(void *ctx, const char *host, uint16_t port);

	ev_timer timer;
	struct fetch *fetch;
	struct endpoint *asked;
	size_t next;               /* place of who is asked next */
	bool confirming;           /* the asked one was named by another */
	char named[DNAME_MAX + 1]; /* by that one */
	uint16_t named_port;
	struct endpoint *leader; /* the known one, or NULL */
	struct addr leader_addr;
	bool spare_leader;         /* it need not be asked itself */
	char known[DNAME_MAX + 1]; /* how masters call the known leader, where that was found out */
	uint16_t known_port;
	char believed[DNAME_MAX + 1]; /* who was told last */
	uint16_t believed_port;
	double believed_until; /* monotonic */
	uint64_t questions, changes;
};

void leaderwatch_start(struct leaderwatch *w);
void leaderwatch_stop(struct leaderwatch *w);
/* This one was found to lead, at this address. `connected`: its stream would tell if it did not. */
void leaderwatch_set_leader(struct leaderwatch *w, struct endpoint *leader, const struct addr *addr, bool connected);

#endif
