/* SPDX-License-Identifier: Apache-2.0 */
/* Fills a cluster: first the demo (the schedulers that people run, with names as odd as real clusters have),
 * then as many more apps as it takes. The same seed gives the same cluster. */
#ifndef T_SIM_GENERATE_H
#define T_SIM_GENERATE_H

#include "t/sim/cluster.h"

#define GENERATE_DEMO_AGENTS 5

/* `tasks` tasks on `agents` agents; SIZE_MAX tasks: the demo alone. ERR_LIMIT if the agents have not enough
 * ports, ERR_NOMEM. */
int generate_cluster(struct cluster *c, size_t agents, size_t tasks);
/* Random changes without an end. */
struct churn {
	struct app **apps;
	size_t count;
	struct rng rng;
};

/* Of the apps that there are now, in `f` if that is not NULL. ERR_LIMIT if there are none, ERR_NOMEM. */
int churn_init(struct churn *churn, const struct cluster *c, const struct framework *f, uint64_t seed);
/* One change; errors as generate_cluster(). */
int churn_step(struct churn *churn, struct cluster *c);
void churn_fini(struct churn *churn);
/* `n` random changes drawn from `seed`: tasks replaced and moved, health flipped, apps scaled by one. Errors
 * as above; what was done until then stays. */
int generate_churn(struct cluster *c, size_t n, uint64_t seed);

#endif
