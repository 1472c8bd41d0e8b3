/* SPDX-License-Identifier: Apache-2.0 */
/* Is the server fit to be asked? The one place that decides it, for /readyz, /v1/status and the metrics. Pure.
 *
 * Ready means that a state of the cluster was loaded, that it is whole and not too old, so that the answers are those of
 * a cluster that is still followed. An old zone goes on being served all the same: who is not ready is not to be preferred
 * where there is somebody else. */
#ifndef HTTP_READY_H
#define HTTP_READY_H

#include <stdbool.h>

#include "conf/conf.h"
#include "http/alive.h"
#include "mesos/follow.h"
#include "zone/store.h"

enum ready_reason {
	READY_NO_STATE,  /* none was loaded yet */
	READY_STATE_OLD, /* no master has confirmed it for longer than `stateMaxAgeSeconds` */
	READY_ZK,        /* ZooKeeper has named no leader for longer than `zkDetectionTimeout` */
	READY_PARTIAL,   /* it began in the middle of a failover, and does not know all tasks yet */
	READY_STUCK,     /* a thread's loop does not run */
	READY_REASONS,
};
const char *ready_reason_name(enum ready_reason reason); /* "no_state", ... */
const char *ready_reason_text(enum ready_reason reason); /* in words */

struct ready {
	bool ready;
	bool reasons[READY_REASONS]; /* why not */
	double age;                  /* of the state, seconds; negative: there is none, or it has none (a file) */
	double age_max;
};

/* `now` since 1970. */
struct ready ready_judge(const struct conf *conf, const struct zone_counters *zone,
	const struct follow_counters *follow, const struct alive_figures *alive, double now);

#endif
