/* SPDX-License-Identifier: Apache-2.0 */
/* One version of the cluster as it reaches other threads, with the zone that was made from it (zone/snapshot.h). */
#ifndef CLUSTER_VIEW_H
#define CLUSTER_VIEW_H

#include "base/pmap.h"
#include "cluster/element.h"

/* One version of the model's contents. */
struct cluster_maps {
	const struct pmap *of[CLUSTER_TASK + 1]; /* by enum cluster_kind */
};

/* One malloc block; it lives as long as the snapshot that shows it, and so do the elements. */
struct cluster_view {
	struct cluster_maps maps;
	bool partial; /* the master waits for agents of whose tasks nothing is known: what is not there may exist */
	struct cluster_master leader; /* no address: not known */
	size_t master_count;
	struct cluster_master masters[]; /* in the order that numbers their records */
};

#endif
