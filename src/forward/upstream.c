/* SPDX-License-Identifier: Apache-2.0 */
#include "forward/upstream.h"

#include <stdlib.h>

#include "base/err.h"
#include "forward/channel.h"

#define CHANNEL_QUERIES 128 /* after these or */
#define CHANNEL_SECONDS 5.0 /* this time a channel gets no more until it was idle */
#define SLOTS_UDP       16  /* channels to choose from */
#define SLOTS_TCP       2
#define CHANNELS_MAX    (FORWARD_SOCKETS_MAX / 2) /* with those not chosen any more that have something in flight */

#define MISSES_ILL   3 /* queries in a row without a reply */
#define ILL_FIRST    1.0
#define ILL_LONGEST  30.0
#define RTT_UNKNOWN  0.3
#define PATIENCE_MIN 0.1
#define PATIENCE_MAX 0.8
#define EDNS_MEMORY  3600.0

struct pool {
	struct channel *slots[SLOTS_UDP];
	unsigned slot_count;
	struct channel *all[CHANNELS_MAX];
	unsigned count;
};

struct upstream {
	struct ev_loop *loop;
	struct conf_server server;
	double timeout;
	struct flight_queue queue;
	struct pool pools[2]; /* UDP, TCP */
	struct random_block random;

	double rtt, rtt_deviation; /* smoothed; 0: nothing is known */
	double last_reply;
	unsigned misses;
	double ill_for; /* 0: it is well */
	double ill_until;
	double no_edns_until;
	struct upstream_counters counters;
};

static double clamp(double value, double least, double most)
{
	return value < least ? least : value > most ? most : value;
}

static bool is_worn(const struct channel *c, double now)
{
	return c->inflight && (c->used >= CHANNEL_QUERIES || now - c->since >= CHANNEL_SECONDS);
}

/* An idle channel that is in no slot, an old one or a new one. */
static struct channel *get_spare(struct upstream *u, struct pool *p)
{
	for (unsigned i = 0; i < p->count; i++)
		if (!p->all[i]->chosen && !p->all[i]->inflight)
			return p->all[i];
	if (p->count == CHANNELS_MAX)
		return NULL;
	struct channel *c = channel_new(&u->queue, &u->server, p == &u->pools[1], u->timeout);
	if (c)
		p->all[p->count++] = c;
	return c;
}

static struct channel *pick(struct upstream *u, struct pool *p)
{
	struct channel **slot = &p->slots[random_u32(&u->random) % p->slot_count];

	if (!*slot || is_worn(*slot, ev_now(u->loop))) {
		struct channel *c = get_spare(u, p);

		if (c) {
			if (*slot)
				(*slot)->chosen = false;
			c->chosen = true;
			*slot = c;
		}
	}
	return *slot;
}

int upstream_send(
	struct upstream *u, bool tcp, uint8_t *packet, size_t len, upstream_done_fn *done, void *ctx)
{
	struct pool *p = &u->pools[tcp];

	if (u->queue.held >= UPSTREAM_INFLIGHT_MAX)
		return ERR_LIMIT;
	struct channel *c = pick(u, p);
	if (!c)
		return ERR_NOMEM;
	int err = channel_send(c, &u->random, packet, len, done, ctx);
	if (err)
		return err;
	counter_add(tcp ? &u->counters.tcp_queries : &u->counters.queries, 1);
	if (upstream_health(u) == UPSTREAM_PROBE) { /* this is the query that probes: the next one later */
		u->ill_for = clamp(u->ill_for * 2, ILL_FIRST, ILL_LONGEST);
		u->ill_until = ev_now(u->loop) + u->ill_for;
	}
	return 0;
}

enum upstream_health upstream_health(const struct upstream *u)
{
	if (u->ill_for == 0)
		return UPSTREAM_WELL;
	return ev_now(u->loop) >= u->ill_until ? UPSTREAM_PROBE : UPSTREAM_ILL;
}

double upstream_patience(const struct upstream *u)
{
	double patience = u->rtt > 0 ? u->rtt + 4 * u->rtt_deviation : RTT_UNKNOWN;

	return clamp(patience, PATIENCE_MIN, PATIENCE_MAX);
}

/* After RFC 6298, section 2. */
static void note_rtt(struct upstream *u, double seconds)
{
	double error = u->rtt > seconds ? u->rtt - seconds : seconds - u->rtt;

	seconds = seconds > 1e-6 ? seconds : 1e-6;
	if (u->rtt == 0) {
		u->rtt = seconds;
		u->rtt_deviation = seconds / 2;
		return;
	}
	u->rtt_deviation += (error - u->rtt_deviation) / 4;
	u->rtt += (seconds - u->rtt) / 8;
}

void upstream_note(struct upstream *u, enum upstream_outcome outcome, double seconds)
{
	double now = ev_now(u->loop);

	switch (outcome) {
	case UPSTREAM_REPLIED:
		note_rtt(u, seconds);
		u->last_reply = now;
		u->misses = 0;
		u->ill_for = 0;
		counter_set(&u->counters.ill, 0);
		break;
	case UPSTREAM_TIMEOUT:
	case UPSTREAM_FAILED:
		/* It has answered others since: this one is only hard, or was lost. */
		if (now - seconds < u->last_reply)
			break;
		if (++u->misses >= MISSES_ILL && u->ill_for == 0) {
			u->ill_for = ILL_FIRST;
			u->ill_until = now + ILL_FIRST;
			counter_set(&u->counters.ill, 1);
		}
		break;
	case UPSTREAM_MISMATCHED: /* perhaps not the server's at all */
		break;
	}
}

void upstream_count(struct upstream *u, enum upstream_outcome outcome, double seconds)
{
	switch (outcome) {
	case UPSTREAM_REPLIED:
		counter_add(&u->counters.replies, 1);
		histogram_add(&u->counters.latency, histogram_ns(seconds), 1);
		break;
	case UPSTREAM_TIMEOUT:
		counter_add(&u->counters.timeouts, 1);
		break;
	case UPSTREAM_FAILED:
		counter_add(&u->counters.failures, 1);
		break;
	case UPSTREAM_MISMATCHED:
		counter_add(&u->counters.mismatches, 1);
		break;
	}
}

const struct upstream_counters *upstream_counters(const struct upstream *u)
{
	return &u->counters;
}

bool upstream_takes_edns(const struct upstream *u)
{
	return ev_now(u->loop) >= u->no_edns_until;
}

void upstream_note_edns(struct upstream *u, bool takes)
{
	u->no_edns_until = takes ? 0 : ev_now(u->loop) + EDNS_MEMORY;
}

bool upstream_is_server(const struct upstream *u, const struct conf_server *server)
{
	return u->server.port == server->port && addr_equal(&u->server.addr, &server->addr);
}

struct conf_server upstream_server(const struct upstream *u)
{
	return u->server;
}

struct upstream *upstream_new(
	struct ev_loop *loop, const struct conf_server *server, double timeout, int *err)
{
	struct upstream *u = calloc(1, sizeof(*u));

	if (!u) {
		*err = ERR_NOMEM;
		return NULL;
	}
	u->loop = loop;
	u->server = *server;
	u->timeout = timeout;
	u->pools[0].slot_count = SLOTS_UDP;
	u->pools[1].slot_count = SLOTS_TCP;
	flight_queue_init(&u->queue, loop);
	*err = 0;
	return u;
}

void upstream_free(struct upstream *u)
{
	if (!u)
		return;
	for (int tcp = 0; tcp < 2; tcp++)
		for (unsigned i = 0; i < u->pools[tcp].count; i++)
			channel_free(u->pools[tcp].all[i]);
	flight_queue_fini(&u->queue);
	free(u);
}
