/* SPDX-License-Identifier: Apache-2.0 */
/* A query and a snapshot in, reply bytes out: a pure function without sockets, allocation, locks or
 * clocks. RFC 1034, 1035, 2181, 2308, 2782, 4592, 6891, 8482; what differs for Mesos-DNS' clients stands in
 * doc/. */
#ifndef ANSWER_ANSWER_H
#define ANSWER_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "answer/query.h"
#include "zone/snapshot.h"

#define ANSWER_TEXT_MAX 128

enum answer_transport { ANSWER_UDP, ANSWER_TCP };

/* What does not change between queries; one a worker, read-only. */
struct answer_settings {
	uint16_t edns_udp_size; /* the largest UDP answer, 512-4096 */
	bool set_truncate_bit;
	bool recursion_available; /* RA */
	const char *version;      /* TXT of version.bind CH; NULL: REFUSED */
	const char *server_id;    /* TXT of id.server CH, and NSID when asked for (RFC 5001); NULL: none.
				   * Of both texts the first ANSWER_TEXT_MAX bytes are used. */
};

enum answer_verdict {
	ANSWER_REPLY,   /* `reply_len` bytes are to be sent */
	ANSWER_DROP,    /* no reply: shorter than a header, or itself a response */
	ANSWER_OUTSIDE, /* no zone of ours holds the name; the REFUSED reply is in place, and a forwarder may
			   do better */
};

struct answer_result {
	enum answer_verdict verdict;
	uint8_t rcode;      /* with the upper bits that OPT has (RFC 6891): RCODE_BADVERS at the most */
	bool truncated;     /* TC is set */
	uint16_t reply_len;
	uint16_t limit; /* bytes that the client takes; not with ANSWER_DROP */
};

/* Answers what query_parse() made of a packet. `random` is 32 fresh random bits (they choose where rotation starts).
 * `reply` has room for `reply_size` bytes: at least 512 for UDP; 65,535 gives TCP all that it may have. The packet and
 * `reply` must not overlap. */
void answer_query(const struct answer_settings *settings, const struct zone_snapshot *snapshot,
	enum answer_transport transport, uint32_t random, const struct query *query, uint8_t *reply,
	size_t reply_size, struct answer_result *result);

/* Brings what the answer will read into the cache, one step of the way to the name's node each: for a batch of queries,
 * step by step for all of them, so that they wait for the memory together. Hints only, whatever the query is. */
enum { ANSWER_PREFETCH_STEPS = 3 };
static inline void answer_prefetch(const struct zone_snapshot *snapshot, const struct query *query, unsigned step)
{
	if (query->rcode)
		return;
	if (step == 0)
		pmap_prefetch_place(snapshot->nodes, query->hash);
	else if (step == 1)
		pmap_prefetch_page(snapshot->nodes, query->hash);
	else
		pmap_prefetch_item(snapshot->nodes, query->hash);
}

#endif
