/* SPDX-License-Identifier: Apache-2.0 */
/* Replies of other servers as bytes: checked once when they come, then handed to clients again and again with nothing but
 * their header, the question's case, TTLs and OPT changed. Compression stays as the upstream made it: the question stands
 * at the same offset with the same length in every copy. Pure functions; RFC 1035 4.1.4, 2181 9, 6891. */
#ifndef FORWARD_MESSAGE_H
#define FORWARD_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "answer/query.h"

#define MESSAGE_RECORDS_MAX 4096 /* of one message: more is cut off like what does not fit */
#define MESSAGE_CHAIN_MAX   18   /* CNAME records that are followed */

struct message_record {
	uint16_t at;  /* offset of the record in the message */
	uint16_t ttl; /* offset of its TTL */
	uint8_t section; /* 0 answer, 1 authority, 2 additional */
};

/* A checked reply in one malloc block: this header, the records' table, the bytes without OPT and TSIG. */
struct message {
	uint32_t ttl;    /* seconds that it may be kept: the least TTL, of negative ones after RFC 2308; 0: not at all */
	uint16_t len;    /* bytes of the message */
	uint16_t flags;  /* the header's second 16 bits */
	uint16_t rcode;  /* the extended one */
	uint16_t counts[3];
	uint16_t rotate; /* number of the first record of the last RRset of A or AAAA in ANSWER that can be turned in place */
	uint16_t rotate_count; /* its records; below 2: there is none */
	uint16_t record_count;
	bool negative;   /* NXDOMAIN or NODATA */
	bool edns;       /* the upstream sent OPT */
	uint8_t ede_len; /* not kept */
	struct message_record records[];
};

static inline const uint8_t *message_bytes(const struct message *m)
{
	return (const uint8_t *)(m->records + m->record_count);
}

/* Checks `packet` as the reply to `question` (the bytes of name, type and class as we sent them; the comparison is exact, case
 * included) and makes a message of it. Pointers may only go backwards; names are bounded; work is bounded. Records of ANSWER
 * that do not follow from the question by the CNAME chain end the message there. 0; ERR_FORMAT: it is malformed, and to be
 * ignored; ERR_NOTFOUND: it is the reply to another question; ERR_NOMEM. */
int message_check(const uint8_t *packet, size_t len, const uint8_t *question, size_t question_len, struct message **out);
void message_free(struct message *m);

/* How a copy for one client is to look. */
struct message_terms {
	const struct query *query; /* the client's: id, question as it came, RD, CD, EDNS */
	size_t limit;              /* bytes that it takes */
	uint16_t edns_udp_size;    /* ours, in OPT */
	uint32_t age;              /* seconds to take from each TTL */
	uint32_t ttl_cap;          /* no TTL above this (stale answers: 30); 0: none */
	uint32_t random;           /* where rotation starts */
	uint16_t ede;              /* extended DNS error (RFC 8914) to add, 0xffff: none */
	bool recursion_available;
	bool set_truncate_bit;
};

/* Writes the copy into `reply` (room for terms->limit bytes) and returns its length. What does not fit is left out, ADDITIONAL
 * first, then TC says so. Without EDNS on the client's side there is no OPT; DNSSEC records that were not asked for (no DO) are
 * the upstream's affair. AA is clear, RA as told. */
size_t message_compose(const struct message *m, const struct message_terms *terms, uint8_t *reply);
/* The same without a message: just an RCODE. */
size_t message_compose_error(uint16_t rcode, const struct message_terms *terms, uint8_t *reply);

#endif
