/* SPDX-License-Identifier: Apache-2.0 */
/* Random changes of a small cluster, as the events that a master makes of them; what it makes none of happens silently.
 * The master (t/unit/master.h) always knows how things are. */
#ifndef T_UNIT_CHURN_H
#define T_UNIT_CHURN_H

#include <stdbool.h>

#include "t/sim/rng.h"
#include "t/unit/master.h"

struct churn {
	struct rng rng;
	struct master *master;
	json_t *lost;  /* agents that are unreachable, by id: {"agent":, "tasks": []} */
	unsigned next; /* for ids */
	double now;
	void *arg;
	void (*event)(void *arg, const char *json); /* NULL: nobody listens */
};

void churn_init(struct churn *c, uint64_t seed);
void churn_fini(struct churn *c);
/* One change, of one or more events. */
void churn_step(struct churn *c);

#endif
