/* SPDX-License-Identifier: Apache-2.0 */
/* The tasks of one version of the cluster in the order of a dump: by framework, and within one those together that can
 * share records. The model itself has them in the order of a hash. It takes 16 bytes a task, once for all dumps of that
 * version, and is worked out in steps. Main thread. */
#ifndef HTTP_CENSUS_H
#define HTTP_CENSUS_H

#include "cluster/element.h"
#include "conf/conf.h"
#include "zone/store.h"

struct http_census;

struct http_census_framework {
	const struct cluster_framework *framework;
	uint64_t hash; /* of its id */
	char *label;   /* what its tasks' names end with, in wire form without the domain */
	size_t label_len;
	uint32_t rank; /* in the order of the dump */
	bool first;    /* of those with this label */
	bool alone;    /* no other has it */
};

struct http_census_task {
	const struct cluster_task *task;
	uint32_t rank;  /* of its framework */
	uint32_t group; /* a hash of the label that its names begin with */
};

/* The census of the current version: `*shared`, if it is that, or else a new one which takes that place. NULL: out of
 * memory. */
struct http_census *http_census_get(struct http_census **shared, const struct conf *conf, struct zone_store *store);
void http_census_put(struct http_census *census);
/* The version, pinned as long as the census is. */
const struct zone_snapshot *http_census_snapshot(const struct http_census *census);

/* Does some more of the work. 1: it is done; 0: not yet; ERR_NOMEM. */
int http_census_step(struct http_census *census);
/* Once it is done: frameworks by their rank; running tasks with a known agent, by rank and group. */
const struct http_census_framework *http_census_frameworks(const struct http_census *census, size_t *count);
const struct http_census_task *http_census_tasks(const struct http_census *census, size_t *count);

#endif
