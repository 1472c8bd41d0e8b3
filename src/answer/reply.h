/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a reply: header, question, whole RRsets or as much of them as fits, OPT (RFC 1035, section 4.1; RFC
 * 2181, section 9; RFC 6891). Records go in as they lie in the snapshot; only their owner may have to be
 * patched. */
#ifndef ANSWER_REPLY_H
#define ANSWER_REPLY_H

#include "answer/answer.h"
#include "answer/query.h"
#include "base/wire.h"

enum section { SECTION_ANSWER, SECTION_AUTHORITY, SECTION_ADDITIONAL, SECTIONS };

#define POINTER_MAX 0x3fff /* the farthest offset that a compression pointer reaches */

struct reply {
	const struct answer_settings *settings;
	const struct query *query;
	struct wire_writer out; /* ends where the OPT record must go at the latest */
	uint32_t random;
	uint16_t limit; /* bytes of the whole message */
	uint16_t opt_size;
	uint16_t rcode;
	uint16_t counts[SECTIONS];
	bool authoritative;
	bool cut_short; /* something that belongs into the reply had no room */
};

/* The records of a set that went into a reply. */
struct reply_run {
	uint16_t at;    /* offset of the first in the reply */
	uint16_t owner; /* the pointer that each begins with */
	uint32_t start; /* its number in the set; after the last one comes number 0 */
	uint32_t count;
};

static inline uint16_t reply_pointer(size_t offset)
{
	return (uint16_t)(0xc000 | offset);
}

#define REPLY_QUESTION 0xc00c /* the pointer to the question's name */

static inline size_t reply_at(const struct reply *reply)
{
	return wire_written(&reply->out);
}

/* How long the reply may be, with room for `size` bytes. */
static inline uint16_t reply_limit(const struct answer_settings *settings, enum answer_transport transport,
	const struct query *query, size_t size)
{
	size_t limit = UINT16_MAX;

	if (transport == ANSWER_UDP)
		limit = query->udp_size < settings->edns_udp_size ? query->udp_size : settings->edns_udp_size;
	return (uint16_t)(limit < size ? limit : size);
}

#define OPT_FIXED 11 /* bytes of an OPT record without options */

static inline void reply_put_opt(uint8_t *at, const struct answer_settings *settings, const struct query *query,
	uint16_t rcode)
{
	at[0] = 0;
	wire_put_u16(at + 1, RR_OPT);
	wire_put_u16(at + 3, settings->edns_udp_size);
	wire_put_u32(at + 5, (uint32_t)(rcode >> 4) << 24 | (query->dnssec_ok ? 0x8000 : 0));
	wire_put_u16(at + 9, 0);
}

/* All of the header but the id, with these flags besides those that every reply has. */
static inline void reply_put_header(uint8_t *header, const struct answer_settings *settings, const struct query *query,
	uint16_t flags, const uint16_t counts[SECTIONS])
{
	flags |= FLAG_QR | (query->flags & (FLAG_OPCODE | FLAG_RD | FLAG_CD));
	if (settings->recursion_available)
		flags |= FLAG_RA;
	wire_put_u16(header + 2, flags);
	wire_put_u16(header + 4, query->question_len ? 1 : 0);
	wire_put_u16(header + 6, counts[SECTION_ANSWER]);
	wire_put_u16(header + 8, counts[SECTION_AUTHORITY]);
	wire_put_u16(header + 10, counts[SECTION_ADDITIONAL]);
}

/* Starts a reply with the header's room and the question. `limit` is at least 512. */
void reply_begin(struct reply *reply, const struct answer_settings *settings, uint32_t random,
	const struct query *query, uint8_t *buffer, uint16_t limit);
/* Takes back everything after the question. */
void reply_rewind(struct reply *reply);
/* Adds a set from a random record on, as many as there is room for; if that is not all, the reply is cut
 * short. */
struct reply_run reply_add_set(struct reply *reply, enum section section, const struct zone_rrset *set, uint16_t owner);
/* Adds `size` bytes of records that stand one after the other, whatever their owners, if there is room for
 * all. */
bool reply_add_records(
	struct reply *reply, enum section section, const uint8_t *records, size_t size, uint16_t owner);
/* Writes header and OPT record and returns the reply's size. */
size_t reply_end(struct reply *reply);

#endif
