/* SPDX-License-Identifier: Apache-2.0 */
/* What the workers count. Each worker writes its own set, without locked instructions; whoever wants to know
 * adds them up. All members are uint64_t. */
#ifndef SERVER_COUNTERS_H
#define SERVER_COUNTERS_H

#include <stdint.h>

#include "answer/answer.h"

enum server_qtype {
	SERVER_QTYPE_A,
	SERVER_QTYPE_AAAA,
	SERVER_QTYPE_SRV,
	SERVER_QTYPE_PTR,
	SERVER_QTYPE_SOA_NS,
	SERVER_QTYPE_ANY,
	SERVER_QTYPE_OTHER,
	SERVER_QTYPES,
};

#define SERVER_TRANSPORTS 2 /* indices: enum answer_transport */

struct server_counters {
	uint64_t queries[SERVER_TRANSPORTS]; /* messages that came in, whatever they were */
	uint64_t replies[SERVER_TRANSPORTS];
	uint64_t bytes_in[SERVER_TRANSPORTS];
	uint64_t bytes_out[SERVER_TRANSPORTS];
	uint64_t truncated[SERVER_TRANSPORTS]; /* replies with TC */
	uint64_t rcodes[16];
	uint64_t qtypes[SERVER_QTYPES];
	uint64_t outside;  /* for names in no zone of ours */
	uint64_t ignored;  /* got no reply: too short, a response, from port 0, from ourselves */
	uint64_t udp_lost; /* replies that the kernel did not take */
	uint64_t tcp_open; /* now */
	uint64_t tcp_accepted;
	uint64_t tcp_refused;   /* no place for them, all others being busy */
	uint64_t tcp_evicted;   /* made place for a newer one */
	uint64_t tcp_timed_out; /* idle, slow to send, slow to take */
};

/* For the owner of the counter only. */
static inline void server_count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}

enum server_qtype server_qtype_of(uint16_t type);
/* Adds the counters of another thread to `sum`. */
void server_counters_add(struct server_counters *sum, const struct server_counters *counters);

#endif
