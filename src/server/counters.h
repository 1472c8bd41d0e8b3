/* SPDX-License-Identifier: Apache-2.0 */
/* What the workers count. Each worker writes its own set: see base/counter.h. All members are uint64_t, and whoever
 * reads does so while they go on counting, so sums of different members need not agree to the last query. */
#ifndef SERVER_COUNTERS_H
#define SERVER_COUNTERS_H

#include "answer/answer.h"
#include "answer/rcode.h"
#include "base/histogram.h"

enum server_qtype {
	SERVER_QTYPE_OTHER,
	SERVER_QTYPE_A,
	SERVER_QTYPE_AAAA,
	SERVER_QTYPE_SRV,
	SERVER_QTYPE_PTR,
	SERVER_QTYPE_SOA,
	SERVER_QTYPE_NS,
	SERVER_QTYPE_TXT,
	SERVER_QTYPE_HTTPS,
	SERVER_QTYPE_ANY,
	SERVER_QTYPE_NONE, /* there was no question to be read */
	SERVER_QTYPES,
};

enum server_drop { /* queries that got no reply, and why */
	SERVER_DROP_SHORT,    /* shorter than a header */
	SERVER_DROP_RESPONSE, /* it was no query */
	SERVER_DROP_SOURCE,   /* from port 0, or from our own address and port */
	SERVER_DROP_SEND,     /* the kernel did not take the reply */
	SERVER_DROPS,
};

#define SERVER_TRANSPORTS 2 /* indices: enum answer_transport */
#define SERVER_RCODES     (RCODE_BADVERS + 1)

struct server_counters {
	uint64_t queries[SERVER_TRANSPORTS]; /* messages that came in, whatever they were */
	uint64_t bytes_in[SERVER_TRANSPORTS];
	uint64_t replies[SERVER_TRANSPORTS][SERVER_QTYPES][SERVER_RCODES];
	uint64_t bytes_out[SERVER_TRANSPORTS];
	uint64_t truncated[SERVER_TRANSPORTS]; /* replies with TC */
	uint64_t dropped[SERVER_DROPS];
	uint64_t outside; /* queries for names in no zone of ours */
	/* From the wake-up of the worker's loop that found the query waiting to the moment in which the kernel had its
	 * reply and those of the batch that it was answered with: one look at the clock a wake-up and one a batch, none a
	 * query. What a query waited in the socket's buffer while the worker was busy with others is not in it. Replies
	 * of other servers that had to be waited for are not either: see struct forward_counters. */
	struct histogram latency[SERVER_TRANSPORTS];
	uint64_t tcp_open; /* now */
	uint64_t tcp_accepted;
	uint64_t tcp_refused;   /* no place for them, all others being busy */
	uint64_t tcp_evicted;   /* made place for a newer one */
	uint64_t tcp_timed_out; /* idle, slow to send, slow to take */
};

enum server_qtype server_qtype_of(uint16_t type);
/* "A", "other", ... */
const char *server_qtype_name(enum server_qtype qtype);
const char *server_drop_name(enum server_drop drop);

/* Sums over the table of replies, on a copy of the counters. */
uint64_t server_replies_over(const struct server_counters *counters, enum answer_transport transport);
uint64_t server_replies_with(const struct server_counters *counters, unsigned rcode);

#endif
