/* SPDX-License-Identifier: Apache-2.0 */
/* One c-ares channel to one server, over UDP or over TCP: its queries in flight and its sockets. Inside
 * forward/, for upstream.c alone.
 *
 * The sockets' functions are ours: what comes by UDP is looked at before c-ares sees it, so that a forged or
 * broken packet, or an ICMP error, ends no query, and so that answers of more than 512 bytes arrive whole
 * (1.18 cuts them unless it is allowed to do EDNS by itself). */
#ifndef FORWARD_CHANNEL_H
#define FORWARD_CHANNEL_H

#include "base/ares_ev.h"
#include "forward/random.h"
#include "forward/upstream.h"

/* A query. It is freed once c-ares has let go of it and its end has been told. */
struct flight {
	struct flight *next;  /* of the channel's with the same hash of the id */
	struct flight *later; /* in the queue of those whose end is to be told */
	struct channel *channel;
	upstream_done_fn *done;
	void *ctx;
	struct message *message;
	enum upstream_outcome outcome;
	uint16_t id;
	bool held; /* by c-ares */
	bool over; /* its end is known */
	bool told;
	uint16_t question_len;
	uint8_t question[]; /* as sent */
};

/* Ends that are to be told, from the loop; one for all channels of a server. */
struct flight_queue {
	struct ev_loop *loop;
	unsigned held; /* queries in flight on all channels */
	ev_timer kick; /* never started, only fed */
	struct flight *first, **last;
};

#define CHANNEL_BUCKETS 128

struct channel {
	struct ares_ev ares;
	struct flight_queue *queue;
	struct flight *sending; /* c-ares is at it */
	struct flight *table[CHANNEL_BUCKETS];
	unsigned inflight; /* that c-ares holds */
	unsigned used;     /* queries since it was idle */
	double since;      /* when the first of these was sent */
	bool tcp, closing;
	bool chosen; /* is in one of the pool's slots */
};

void flight_queue_init(struct flight_queue *q, struct ev_loop *loop);
/* Forgets those that are left. */
void flight_queue_fini(struct flight_queue *q);

/* NULL: out of memory, or of what c-ares needs. */
struct channel *channel_new(
	struct flight_queue *queue, const struct conf_server *server, bool tcp, double timeout);
/* Ends all queries without telling; before flight_queue_fini(). */
void channel_free(struct channel *c);
/* As upstream_send(). */
int channel_send(struct channel *c, struct random_block *random, uint8_t *packet, size_t len,
	upstream_done_fn *done, void *ctx);

#endif
