/* SPDX-License-Identifier: Apache-2.0 */
/* Queries for names that are not ours, asked of other servers by c-ares on the worker's loop. One forwarder a
 * worker, for its thread only; it shares nothing with the others but read-only settings.
 *
 * A query is refused (not allowed, recursion not desired, locally served, looped), answered at once from the
 * cache, or waits: then the reply comes by the callback, later, and always comes, SERVFAIL at the latest when
 * the time for all servers is over. The same question of several clients is asked once. */
#ifndef FORWARD_FORWARD_H
#define FORWARD_FORWARD_H

#include <ev.h>

#include "answer/query.h"
#include "base/addr.h"
#include "base/histogram.h"
#include "conf/conf.h"
#include "forward/cache.h"

#define FORWARD_SOCKETS_MAX 128 /* of a forwarder to one server, UDP and TCP alike */

/* Who waits, as the server keeps it: copied, given back, never looked into but for what is named here. */
#define FORWARD_TICKET_MAX 96
struct forward_client {
	struct addr addr; /* for the access list and the limits per client */
	bool tcp;
	uint16_t qtype; /* the server's own, like the ticket */
	uint16_t limit; /* bytes that the client takes, as the server would for an answer of its own */
	uint8_t ticket[FORWARD_TICKET_MAX]; /* the server's own: where the reply goes */
};

struct forward_settings { /* shared by all workers, borrowed */
	const struct conf_servers *resolvers;
	const struct conf_zone_resolver *zone_resolvers;
	size_t zone_resolver_count;
	const struct conf_prefix *allow;
	size_t allow_count;
	double timeout; /* seconds, a server */
	bool enabled;   /* externalon */
	bool recursion_available, set_truncate_bit;
	uint16_t edns_udp_size;           /* towards clients, and upstreams */
	struct cache_settings cache;      /* of one worker */
	unsigned inflight_max;            /* questions that wait (4096) */
	unsigned clients_max;             /* clients that wait, in all (16384) */
	unsigned clients_per_address_max; /* (1000) */
};

enum forward_verdict {
	FORWARD_REPLY,   /* the reply is in the buffer */
	FORWARD_WAITING, /* it will come by the callback */
};

/* `reply` is borrowed for the call. Not called from inside forward_query(), nor after forwarder_free() has
 * begun. */
typedef void forward_reply_fn(
	void *ctx, const struct forward_client *client, const uint8_t *reply, size_t len);

struct forwarder;

/* NULL and `*err` (ERR_NOMEM, ERR_SYSTEM) on failure. */
struct forwarder *forwarder_new(struct ev_loop *loop, const struct forward_settings *settings,
	forward_reply_fn *reply, void *ctx, int *err);
/* Clients that still wait get nothing. */
void forwarder_free(struct forwarder *f);

/* `packet` is a well-formed query for a name outside our zones, `query` what query_parse() made of it; both
 * are borrowed for the call. `reply` has room for client->limit bytes, `*reply_len` is set with
 * FORWARD_REPLY. */
enum forward_verdict forward_query(struct forwarder *f, const struct forward_client *client,
	const struct query *query, uint32_t random, uint8_t *reply, size_t *reply_len);

struct forward_counters { /* all uint64_t, this worker's: see base/counter.h */
	uint64_t queries, refused, cached, stale, joined, overload, failed, looped;
	uint64_t upstream_queries, upstream_tcp, upstream_replies, upstream_timeouts, upstream_mismatches,
		upstream_retries;
	uint64_t asking, waiting; /* now: questions that are asked, and clients that wait for them */
	struct histogram waited;  /* how long clients did */
};
/* Any thread may read them while they go on, as long as the forwarder is there. */
const struct forward_counters *forward_counters(const struct forwarder *f);
void forward_read_cache(const struct forwarder *f, struct cache_counters *out);

/* One server that is asked, as this worker sees it. */
struct upstream_counters { /* all uint64_t */
	uint64_t queries, tcp_queries, replies, timeouts, mismatches, failures;
	uint64_t ill;             /* now, 0 or 1: it is left alone for a while */
	struct histogram latency; /* of its replies */
};
/* The servers that there are, the same for all forwarders of one setting, in the same order. */
size_t forward_upstream_count(const struct forwarder *f);
const struct upstream_counters *forward_upstream(const struct forwarder *f, size_t i, struct conf_server *server);

#endif
