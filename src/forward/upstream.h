/* SPDX-License-Identifier: Apache-2.0 */
/* One other DNS server as one worker sees it: a pool of c-ares channels, each with a source port of its own,
 * and how well it has answered lately. Inside forward/; one thread.
 *
 * c-ares 1.18 sends all queries of a channel from one UDP port for as long as the channel is busy. So each
 * server has several channels; a query goes by a random one; a channel is left alone after a bounded number
 * of queries or seconds until nothing is in flight on it, when c-ares closes its socket and the next query
 * opens another. c-ares is told one server and one try a channel: order, time-outs and second tries are the
 * exchange's. */
#ifndef FORWARD_UPSTREAM_H
#define FORWARD_UPSTREAM_H

#include <ev.h>

#include "forward/forward.h"
#include "forward/message.h"

#define UPSTREAM_INFLIGHT_MAX 8192 /* queries to one server that c-ares still keeps */

struct upstream;

enum upstream_outcome {
	UPSTREAM_REPLIED,    /* there is a message */
	UPSTREAM_MISMATCHED, /* the right id from the right place, but another question: somebody may be
				guessing */
	UPSTREAM_TIMEOUT,
	UPSTREAM_FAILED, /* refused, reset, unreachable, out of descriptors; malformed over TCP */
};

/* Exactly once a query, from the loop, never from inside upstream_send(). The message, checked, is the
 * receiver's to free; NULL with all outcomes but UPSTREAM_REPLIED. */
typedef void upstream_done_fn(void *ctx, enum upstream_outcome outcome, struct message *message);

/* `server` is copied. NULL and `*err` (ERR_NOMEM) on failure. */
struct upstream *upstream_new(
	struct ev_loop *loop, const struct conf_server *server, double timeout, int *err);
/* Not from inside done(), which is not called any more. */
void upstream_free(struct upstream *u);
bool upstream_is_server(const struct upstream *u, const struct conf_server *server);
struct conf_server upstream_server(const struct upstream *u);
/* Any thread may read them. */
const struct upstream_counters *upstream_counters(const struct upstream *u);

/* Sends `packet`: a header, one question, perhaps OPT. Its id is made anew here, in place: random
 * (getrandom), unlike that of any other query in flight from the same port. Malformed replies and ICMP errors
 * are ignored, the wait goes on. ERR_NOMEM, ERR_LIMIT (too many in flight), ERR_SYSTEM: nothing was sent, and
 * done() will not be called. */
int upstream_send(
	struct upstream *u, bool tcp, uint8_t *packet, size_t len, upstream_done_fn *done, void *ctx);

/* Is it worth asking now? A server that did not answer some queries in a row is left alone for a while,
 * longer each time, but for one query that probes it at the end of each while. */
enum upstream_health { UPSTREAM_WELL, UPSTREAM_PROBE, UPSTREAM_ILL };
enum upstream_health upstream_health(const struct upstream *u);
/* Seconds after which another server should be asked as well: some multiples of the time that it usually
 * takes. */
double upstream_patience(const struct upstream *u);
/* What came of a query that was sent `seconds` ago, for the two above: UPSTREAM_TIMEOUT can also be said of
 * one that is still waited for. */
void upstream_note(struct upstream *u, enum upstream_outcome outcome, double seconds);
/* Counts the same for those who watch; of each query that was sent, over UDP or TCP, when it is done. */
void upstream_count(struct upstream *u, enum upstream_outcome outcome, double seconds);
/* Does the server take EDNS, as far as is known? What is learned holds for an hour. */
bool upstream_takes_edns(const struct upstream *u);
void upstream_note_edns(struct upstream *u, bool takes);

#endif
