/* SPDX-License-Identifier: Apache-2.0 */
/* Messages written record by record, right or wrong, and queries for them. */
#ifndef T_UNIT_PACKET_H
#define T_UNIT_PACKET_H

#include <stddef.h>
#include <stdint.h>

#include "answer/query.h"
#include "forward/message.h"

struct packet {
	uint8_t bytes[80000];
	size_t len;
	const uint8_t *question; /* as message_check() wants it */
	size_t question_len;
};

enum { PACKET_ANSWER, PACKET_AUTHORITY, PACKET_ADDITIONAL };

#define PACKET_QUESTION "\300\014" /* the pointer to the question's name */

/* Header (QR and `flags`) and question. Names are text; one that begins with the byte 0xc0 or above is a
 * pointer. */
void packet_begin(struct packet *p, uint16_t flags, const char *name, uint16_t type);
void packet_put(struct packet *p, const void *data, size_t len);
void packet_put_u16(struct packet *p, unsigned value);
/* Each returns the offset of what it wrote. */
size_t packet_put_name(struct packet *p, const char *name);
size_t packet_add(struct packet *p, unsigned section, const char *owner, uint16_t type, uint32_t ttl,
	const void *data, size_t len);
size_t packet_add_a(struct packet *p, unsigned section, const char *owner, uint32_t ttl, uint32_t address);
/* A record whose data is a name behind `before` zero bytes. */
size_t packet_add_name(struct packet *p, unsigned section, const char *owner, uint16_t type, uint32_t ttl,
	size_t before, const char *name);
size_t packet_add_soa(struct packet *p, const char *owner, uint32_t ttl, uint32_t minimum);
size_t packet_add_opt(struct packet *p, unsigned rcode_high);
/* The pointer to an offset, as a name. */
const char *packet_pointer(char out[3], size_t offset);
int packet_check(const struct packet *p, struct message **out);

/* What a client asks. */
struct packet_client {
	uint8_t bytes[512];
	struct query query;
	struct message_terms terms;
};

/* A query for the same question with every second letter's case turned, and terms that change nothing: RA,
 * TC, 1232 bytes for both sides, no age. */
void packet_ask(struct packet_client *c, const uint8_t *question, size_t question_len, uint16_t flags,
	bool edns, bool dnssec_ok);
/* What is wrong with the copy that message_compose() makes of `m`; NULL: nothing. */
const char *packet_check_copy(const struct message *m, const struct packet_client *c);

#endif
