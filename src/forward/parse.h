/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a reply: which of its bytes may be believed. Inside forward/, for message.c. */
#ifndef FORWARD_PARSE_H
#define FORWARD_PARSE_H

#include "base/wire.h"
#include "forward/message.h"
#include "forward/names.h"

#define PARSE_QUESTION_FIXED 4 /* type and class */

enum parse_section { ANSWER, AUTHORITY, ADDITIONAL, SECTIONS };

struct parse {
	const uint8_t *packet;
	size_t len;
	const uint8_t *question;
	size_t question_len;
	uint16_t qtype, qclass;
	uint16_t flags, rcode;
	uint16_t counts[SECTIONS]; /* records that stay */
	unsigned count;                  /* their sum */
	size_t end;                      /* where the message ends for us, once `closed` */
	bool closed, edns;
	bool positive;    /* there is a record of what was asked for */
	unsigned chained; /* names of the chain */
	uint8_t chain[MESSAGE_CHAIN_MAX + 1][DNAME_MAX]; /* the question's name, and what it is an alias of */
	struct message_record records[MESSAGE_RECORDS_MAX];
	struct names names;
};

/* Fills `p`, which is too large to be cleared first, from a reply of 12 bytes at least. Errors as of message_check(). */
int parse_reply(struct parse *p, const uint8_t *packet, size_t len, const uint8_t *question, size_t question_len);
/* Is the last name of the chain in the zone that record `i` has the name of? */
bool parse_zone_holds(struct parse *p, unsigned i);

static inline uint16_t parse_type(const struct parse *p, unsigned i)
{
	return wire_get_u16(p->packet + p->records[i].ttl - 4);
}

/* Offset of the record's data. */
static inline size_t parse_data(const struct parse *p, unsigned i)
{
	return p->records[i].ttl + 6u;
}

#endif
