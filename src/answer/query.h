/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a query: header, question and EDNS (RFC 1035, section 4.1; RFC 6891, section 6.1). */
#ifndef ANSWER_QUERY_H
#define ANSWER_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/dname.h"

#define DNS_HEADER  12  /* bytes of a message's header, and so the offset of the question's name */
#define DNS_UDP_MIN 512 /* bytes of an answer that every client takes */

enum { /* in the header's second 16 bits */
	FLAG_QR = 0x8000,
	FLAG_OPCODE = 0x7800,
	FLAG_AA = 0x0400,
	FLAG_TC = 0x0200,
	FLAG_RD = 0x0100,
	FLAG_RA = 0x0080,
	FLAG_AD = 0x0020,
	FLAG_CD = 0x0010,
};

#define QUERY_DROP (-1) /* as rcode: no query, no reply */

struct query {
	const uint8_t *packet; /* borrowed */
	int16_t rcode;         /* 0, QUERY_DROP, or the response code of a query that gets nothing else; the other fields
				* then hold what could be read */
	uint16_t flags, qclass;
	uint16_t qtype;
	uint16_t question_len; /* bytes after the header that a reply repeats; 0: there is no question to be
				  read */
	uint16_t udp_size;     /* the largest answer that the client takes over UDP */
	bool edns;             /* there is one well-formed OPT record */
	bool dnssec_ok;
	bool nsid; /* the client asks for it */
	uint8_t edns_version;
	uint64_t hash;           /* of the name, as zone_name_hash() has it; with question_len, like the name */
	uint8_t name_len;
	uint8_t name[DNAME_MAX]; /* lower case */
};

/* Fills `query` from a packet, which must outlive it. */
void query_parse(struct query *query, const uint8_t *packet, size_t len);

#endif
