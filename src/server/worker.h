/* SPDX-License-Identifier: Apache-2.0 */
/* One answering thread: its event loop, its sockets, its counters. Inside server/.
 * The thread is an RCU reader: offline while it waits for events, with a quiescent state after each batch of
 * queries; a batch reads one snapshot. */
#ifndef SERVER_WORKER_H
#define SERVER_WORKER_H

#include <ev.h>
#include <pthread.h>

#include "base/lines.h"
#include "forward/forward.h"
#include "server/server.h"

struct udp;
struct tcp;

struct worker {
	_Alignas(CACHE_LINE) struct server_counters counters; /* workers share no line */
	const struct server_settings *settings;
	struct ev_loop *loop;
	ev_async wake; /* the loop is to end */
	ev_async ping; /* it is to say that it runs: */
	uint64_t pongs;
	struct udp *udp;
	struct tcp *tcp;
	struct forwarder *forwarder; /* NULL: nothing is forwarded */
	uint64_t random;
	uint64_t woken; /* when the loop last came back from waiting: monotonic ns */
	pthread_t thread;
	bool running;
};

/* Loop and buffers, no sockets yet. 0, ERR_NOMEM or ERR_SYSTEM; in any case worker_fini() is to follow. */
int worker_init(struct worker *worker, const struct server_settings *settings);
/* Closes the sockets that it was given as well. Not while it runs. */
void worker_fini(struct worker *worker);
/* 0 or ERR_SYSTEM. */
int worker_start(struct worker *worker);
/* Tells it to end; worker_join() waits until it has. */
void worker_stop(struct worker *worker);
void worker_join(struct worker *worker);

/* Answers one parsed query of `query_len` bytes from our zones. With ANSWER_OUTSIDE, worker_forward() is to follow. Both are for its own
 * thread, and count. */
void worker_answer(struct worker *worker, const struct zone_snapshot *snapshot,
	enum answer_transport transport, const struct query *query, size_t query_len, uint8_t *reply,
	size_t reply_size, struct answer_result *result);
/* Counts how long that many queries took: their replies have been sent just now. For its own thread. */
void worker_count_latency(struct worker *worker, enum answer_transport transport, unsigned replies);
/* Hands the query, whose `result` is ANSWER_OUTSIDE, to the forwarder. `client` has its address and ticket. True: there is a reply,
 * as if it were ours; false: it comes later, by udp_reply() or tcp_reply(). */
bool worker_forward(struct worker *worker, enum answer_transport transport, struct forward_client *client,
	const struct query *query, uint8_t *reply, struct answer_result *result);

#endif
