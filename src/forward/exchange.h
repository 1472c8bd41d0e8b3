/* SPDX-License-Identifier: Apache-2.0 */
/* Questions that are being asked of other servers, and the clients that wait for each. Inside forward/; one
 * thread.
 *
 * A question goes to the servers of its route in order, those that are well first; to the next as well when
 * one takes longer than it usually does; over TCP when a reply is truncated or somebody seems to be guessing.
 * The first good reply is everybody's; SERVFAIL, REFUSED and NOTIMP only if no server has better. When all
 * fail there is a stale answer (RFC 8767), else SERVFAIL. */
#ifndef FORWARD_EXCHANGE_H
#define FORWARD_EXCHANGE_H

#include "forward/forward.h"
#include "forward/route.h"

struct exchanges;

struct exchange_context { /* all borrowed, and outlive the exchanges */
	struct ev_loop *loop;
	const struct forward_settings *settings;
	struct cache *cache;
	struct forward_counters *counters;
	forward_reply_fn *reply;
	void *reply_ctx;
};

enum exchange_verdict {
	EXCHANGE_WAITING, /* the client gets its reply by the callback */
	EXCHANGE_LIMIT,   /* too many wait, or memory is exhausted */
	EXCHANGE_STALE,   /* the servers are not well, or take too long: give the stale answer that the cache
			     has */
};

struct exchanges *exchanges_new(const struct exchange_context *context, int *err);
/* Before the routes' upstreams are freed, whose queries it leaves to be forgotten. */
void exchanges_free(struct exchanges *x);

/* Was this very spelling of the name sent out by us, and is waited for? Then the query is ours, come back. */
bool exchange_is_looped(const struct exchanges *x, const struct query *query);
/* Joins the client to those who wait for the answer, or starts to ask. Never calls back from inside. */
enum exchange_verdict exchange_ask(struct exchanges *x, const struct route *route,
	const struct forward_client *client, const struct query *query, const struct cache_key *key,
	uint32_t random);

/* How a reply for the client is to look, but for age and what has to do with errors. */
struct message_terms exchange_terms(const struct forward_settings *settings,
	const struct forward_client *client, const struct query *query, uint32_t random);
/* Monotonic seconds, as the cache counts them. */
uint32_t exchange_now(void);

#define EDE_NONE 0xffff /* RFC 8914 */
enum {
	EDE_STALE = 3,
	EDE_CACHED_ERROR = 13,
	EDE_PROHIBITED = 18,
	EDE_NO_REACHABLE_AUTHORITY = 22,
	EDE_NETWORK_ERROR = 23,
};

#endif
