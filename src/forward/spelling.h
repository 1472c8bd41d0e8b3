/* SPDX-License-Identifier: Apache-2.0 */
/* Queries as they go out, their names in random case: whoever wants to forge a reply has to guess it too
 * (draft-vixie-dnsext-dns0x20). Inside forward/. */
#ifndef FORWARD_SPELLING_H
#define FORWARD_SPELLING_H

#include "answer/query.h"
#include "forward/random.h"

#define SPELLING_QUERY_MAX   (DNS_HEADER + DNAME_MAX + 4 + 11)
#define SPELLING_LETTERS_MIN 8 /* a name with fewer is spelt alike by chance too often to tell a loop by it  \
				*/

struct spelling_terms {
	const uint8_t *name; /* lower case */
	size_t name_len;
	uint16_t type, class;
	bool checking_disabled, dnssec_ok;
	bool edns;
	uint16_t edns_udp_size;
};

/* Writes a query with RD and AD into `packet` and returns its length. The case is random with `random`, else
 * lower; with letters enough it is never all lower or all upper, as people and programs write. */
size_t spelling_query(
	uint8_t packet[SPELLING_QUERY_MAX], const struct spelling_terms *terms, struct random_block *random);
/* Could this spelling have been made by chance, or on purpose, only by us? */
bool spelling_is_telling(const uint8_t *name, size_t name_len);

#endif
