/* SPDX-License-Identifier: Apache-2.0 */
/* A zone of many names, and queries for them by chance. */
#ifndef T_BENCH_MANY_NAMES_H
#define T_BENCH_MANY_NAMES_H

#include "zone/store.h"

#define MANY_QUERIES (1u << 18)
#define MANY_SIZE    64 /* bytes of a query, of which the first is its length */

/* With one address each. Ends the program when it cannot be had, like the other. */
struct zone_store *many_names(unsigned names);
/* MANY_QUERIES times MANY_SIZE bytes, for free(). */
uint8_t *many_queries(unsigned names);

#endif
