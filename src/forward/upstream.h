/* SPDX-License-Identifier: Apache-2.0 */
/* One other DNS server as one worker sees it: a pool of c-ares channels, each with a source port of its own, and how well it has
 * answered lately. Inside forward/.
 *
 * c-ares 1.18 sends all queries of a channel from one UDP port for as long as the channel is busy. So each server has several
 * channels; a query goes by a random one; a channel is retired after a bounded number of queries or seconds, and destroyed
 * once nothing is in flight on it. c-ares is told one server and one try a channel: order, time-outs and second tries are the
 * exchange's. */
#ifndef FORWARD_UPSTREAM_H
#define FORWARD_UPSTREAM_H

#include <ev.h>

#include "conf/conf.h"
#include "forward/message.h"

struct upstream;

enum upstream_outcome {
	UPSTREAM_REPLIED,  /* there are bytes */
	UPSTREAM_TIMEOUT,
	UPSTREAM_FAILED,   /* refused, reset, unreachable, out of descriptors */
};

/* From the loop, never from inside upstream_send(). `packet` is borrowed. */
typedef void upstream_done_fn(void *ctx, enum upstream_outcome outcome, const uint8_t *packet, size_t len);

struct upstream *upstream_new(struct ev_loop *loop, const struct conf_server *server, double timeout, int *err);
void upstream_free(struct upstream *u);

/* Sends `packet`, whose id is made anew here: random (getrandom), unlike that of any other query in flight to this server. ERR_NOMEM,
 * ERR_LIMIT (too many in flight), ERR_SYSTEM: nothing was sent, and done() will not be called. */
int upstream_send(struct upstream *u, bool tcp, const uint8_t *packet, size_t len, upstream_done_fn *done, void *ctx);

/* Is it worth asking now? A server that did not answer is left alone for a while, longer each time, but for one query at a time that
 * probes it. */
bool upstream_is_well(const struct upstream *u);
/* Seconds after which another server should be asked as well: some multiples of the time that it usually takes. */
double upstream_patience(const struct upstream *u);
/* What came of an exchange, for the two above. */
void upstream_note(struct upstream *u, enum upstream_outcome outcome, double seconds);
/* Does the server take EDNS, as far as is known? */
bool upstream_takes_edns(const struct upstream *u);
void upstream_note_edns(struct upstream *u, bool takes);

#endif
