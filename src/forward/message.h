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

#define MESSAGE_RECORDS_MAX 4096 /* of one message; more is no message */
#define MESSAGE_CHAIN_MAX   18   /* CNAME records that are followed */
#define MESSAGE_LIMIT_MIN   512  /* what every client takes */

struct message_record {
	uint16_t at;  /* offset of the record in the message */
	uint16_t ttl; /* offset of its TTL; the type stands 4 bytes before it, the data 6 bytes after it */
};

/* A checked reply in one malloc block: this header, the records' table, the bytes without OPT and TSIG. Its question is in lower
 * case, so that it can be compared with others. */
struct message {
	uint32_t ttl;           /* seconds that it may be kept: the least TTL, of negative ones after RFC 2308; 0: not at all */
	uint16_t len;           /* bytes of the message */
	uint16_t flags;         /* the header's second 16 bits */
	uint16_t rcode;         /* the extended one */
	uint16_t question_len;  /* as in struct query */
	uint16_t counts[3];     /* records of ANSWER, AUTHORITY, ADDITIONAL */
	uint16_t record_count;  /* their sum */
	uint16_t rotate;        /* number of the first record of the last RRset of A or AAAA in ANSWER */
	uint16_t rotate_count;  /* its records; below 2: there is nothing to be rotated */
	bool negative;          /* NXDOMAIN, NODATA or an error: nothing that was asked for is in it */
	bool edns;              /* the upstream sent OPT */
	struct message_record records[];
};

static inline const uint8_t *message_bytes(const struct message *m)
{
	return (const uint8_t *)(m->records + m->record_count);
}

/* Checks `packet` as the reply to `question` (the bytes of name, type and class as we sent them; the comparison is exact, case
 * included) and makes a message of it. Names are bounded, pointers go backwards to names, counts are true, nothing is left over;
 * work is bounded. Records of ANSWER that do not follow from the question by CNAME or DNAME, and are no signatures of such ones,
 * end the message; so do OPT and TSIG, where a record stands behind them. With TC set it ends before what is malformed. An error
 * (FORMERR, SERVFAIL, NOTIMP, REFUSED) needs no question.
 * 0; ERR_FORMAT: it is malformed, or answers with nothing but what was not asked for, and is to be ignored; ERR_NOTFOUND: it is the
 * reply to another question; ERR_NOMEM. */
int message_check(const uint8_t *packet, size_t len, const uint8_t *question, size_t question_len, struct message **out);
/* A message without records that may be kept for `ttl` seconds (RFC 9520): what cannot be had is not asked for again and again.
 * 0, ERR_NOMEM. */
int message_new_error(uint16_t rcode, const uint8_t *question, size_t question_len, uint32_t ttl, struct message **out);
void message_free(struct message *m);

/* How a copy for one client is to look. */
struct message_terms {
	const struct query *query; /* the client's, for the same name: id, question as it came, RD, CD, AD, EDNS */
	size_t limit;              /* bytes that it takes, MESSAGE_LIMIT_MIN at least */
	uint16_t edns_udp_size;    /* ours, in OPT */
	uint32_t age;              /* seconds to take from each TTL */
	uint32_t ttl_cap;          /* of stale answers: TTLs that ran out or are above become this; 0: none */
	uint32_t random;           /* where rotation starts */
	uint16_t ede;              /* extended DNS error (RFC 8914) to add, 0xffff: none */
	bool recursion_available;
	bool set_truncate_bit;
};

/* Writes the copy into `reply` (room for terms->limit bytes) and returns its length. What does not fit is left out: ADDITIONAL
 * first; then, if it was needed, TC says so. Records of ADDITIONAL that are older than their TTL end it. Without EDNS on the client's
 * side there is no OPT; DNSSEC records that were not asked for (no DO) are the upstream's affair. AA is clear, RA as told, AD the
 * upstream's if the client understands it (RFC 6840, section 5.8). */
size_t message_compose(const struct message *m, const struct message_terms *terms, uint8_t *reply);
/* The same without a message: just an RCODE. The query may be without a question. */
size_t message_compose_error(uint16_t rcode, const struct message_terms *terms, uint8_t *reply);

#endif
