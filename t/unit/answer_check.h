/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that every reply keeps, whatever the query: for random queries and fuzzers. ldns reads the reply. */
#ifndef T_UNIT_ANSWER_CHECK_H
#define T_UNIT_ANSWER_CHECK_H

#include "answer/answer.h"

/* Asks with a buffer of exactly the size that `transport` may fill. Returns NULL, or which rule was broken.
 */
const char *answer_check(const struct answer_settings *settings, const struct zone_snapshot *snapshot,
	enum answer_transport transport, uint32_t random, const uint8_t *query, size_t query_len);

#endif
