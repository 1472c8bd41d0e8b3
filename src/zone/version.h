/* SPDX-License-Identifier: Apache-2.0 */
/* Published snapshots and their end: each new version replaces the last, and what the last one alone uses is freed once
 * no reader can hold it. Inside zone/. */
#ifndef ZONE_VERSION_H
#define ZONE_VERSION_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/lines.h"
#include "zone/snapshot.h"

struct zone_version;

struct zone_versions {
	_Alignas(CACHE_LINE) _Atomic(struct zone_version *) current; /* all readers read it, and nothing else in its line */
	_Alignas(CACHE_LINE) pthread_mutex_t lock; /* of the chain from the oldest to the current one, and of the pins */
	struct zone_version *oldest;
	size_t waiting; /* blocks that those before the current one alone use */
};

/* A version with the map of nodes; it holds a copy of `zones`, whose apexes it looks up (of the cluster's, number 0,
 * only if that is `loaded`). NULL: out of memory. */
struct zone_version *zone_version_new(const struct pmap *nodes, uint32_t serial, const struct zone_apex *zones,
	uint16_t zone_count, bool loaded);

/* Takes `first` as the current one. */
void zone_versions_init(struct zone_versions *versions, struct zone_version *first);
/* Waits until no reader is left, and frees everything, nodes included, but not the cluster's elements. Nothing may be
 * pinned. */
void zone_versions_fini(struct zone_versions *versions);
/* Makes `version` the current one, with the view of the cluster, which it takes (NULL: the former one's stays). The two
 * lists, which it empties, are what the former one has and this one has not: of the zone, and of the cluster. */
void zone_versions_publish(struct zone_versions *versions, struct zone_version *version, struct retired *nodes,
	const struct cluster_view *cluster, struct retired *elements);

/* As zone_store_read(), zone_store_pin(), zone_store_unpin() and zone_store_waiting(). */
const struct zone_snapshot *zone_versions_read(const struct zone_versions *versions);
const struct zone_snapshot *zone_versions_pin(struct zone_versions *versions);
void zone_versions_unpin(struct zone_versions *versions, const struct zone_snapshot *snapshot);
/* How many versions are kept, the current one among them, and how many pins there are. */
void zone_versions_count(struct zone_versions *versions, uint64_t *count, uint64_t *pins);
size_t zone_versions_waiting(struct zone_versions *versions);

#endif
