/* SPDX-License-Identifier: Apache-2.0 */
/* What there is instead of a name that does not exist, and below one that has no records. Inside explain*.c. */
#ifndef HTTP_EXPLAIN_NEAR_H
#define HTTP_EXPLAIN_NEAR_H

#include "http/explain_parts.h"

/* Names that follow from this one: as naming would have spelled it, or the host of a service. */
void explain_near_derived(struct explain *e);
/* Is this node one of the nearest so far? */
void explain_near_node(struct explain *e, const struct zone_node *node);

/* Insertions, deletions, changes and swaps of neighbours that make one text the other; `limit` if they are that many or
 * more. Texts of 63 bytes at the most. */
unsigned explain_distance(const char *a, size_t a_len, const char *b, size_t b_len, unsigned limit);

#endif
