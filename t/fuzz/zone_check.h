/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold in a zone store between two commits, whatever went in. A broken rule ends in abort(). */
#ifndef T_FUZZ_ZONE_CHECK_H
#define T_FUZZ_ZONE_CHECK_H

#include "zone/store.h"

/* Unless `condition` holds, says what is wrong (with `detail`, which may be NULL) and aborts. */
void fuzz_must(bool condition, const char *what, const char *detail);

/* A store for `domain`, not loaded. */
struct zone_store *zone_check_store(const char *domain);

/* The snapshot as readers walk it: hashes, order and bounds of the sets, names of no record only where
 * something is below them, counts of children, wildcards, additional data; and the store's counters. */
void zone_check_snapshot(struct zone_store *store);
/* The dump of the cluster's zone without its SOA, from malloc: full names, in the domain, one record a line,
 * each of which ldns reads and writes again as it is. */
char *zone_check_dump(struct zone_store *store);
/* The changes since `serial`, when the dump was `before`, lead to `after`. */
void zone_check_journal(struct zone_store *store, uint32_t serial, const char *before, const char *after);

#endif
