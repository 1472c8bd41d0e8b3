/* SPDX-License-Identifier: Apache-2.0 */
/* From an update of the cluster model to the next version of the zone: the records of what changed, the masters', the
 * apex, the guard, and the publication of zone and model in one step. Mesos thread only. */
#ifndef MESOS_PUBLISHER_H
#define MESOS_PUBLISHER_H

#include "cluster/model.h"
#include "conf/conf.h"
#include "mesos/guard.h"
#include "zone/naming.h"

struct publisher;

struct publisher_counters {
	int64_t left_out[NAMING_LEFT_OUT_COUNT]; /* now */
	struct cluster_counts elements;
	uint64_t leader_changes; /* from one published leader to another */
	uint32_t pages_touched;  /* by the last commit */
	uint32_t names_touched;
	struct guard guard;
};

/* All are borrowed but `local`, this host's addresses. NULL: out of memory. */
struct publisher *publisher_new(const struct conf *conf, struct zone_store *store, struct cluster_model *model,
	const struct addr *local, size_t local_count);
void publisher_free(struct publisher *p);
/* To be called after each publication, once the store shows it. */
void publisher_set_call(struct publisher *p, void (*call)(void *arg), void *arg);

enum publisher_kind {
	PUBLISH_PART,  /* what is named has changed, the rest stays */
	PUBLISH_CHECK, /* the same; refused as a whole (ERR_LIMIT) if it would take away too much */
	PUBLISH_WHOLE, /* what is not named is gone; held back as far as it would take away too much */
};

/* Commits the model's open update, and makes `view`, which it takes, the current one: its masters are in the zone from
 * now on. From the first commit with `load` on the zone is served. Returns whether a part of a whole update was held
 * back, or an error, with which nothing has happened but the end of the update. */
int publisher_commit(struct publisher *p, enum publisher_kind kind, struct cluster_view *view, bool load);

bool publisher_is_loaded(const struct publisher *p);
/* A part of the last whole update was held back. */
bool publisher_is_holding(const struct publisher *p);
const struct publisher_counters *publisher_counters(const struct publisher *p);

#endif
