/* SPDX-License-Identifier: Apache-2.0 */
/* What goes on in a cluster by itself, on a thread of its own that holds the simulation's lock for each step: random
 * changes, agents that come back after a failover, checks that go on failing. */
#ifndef T_SIM_PULSE_H
#define T_SIM_PULSE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "t/sim/generate.h"

struct sim;

struct pulse_beat {    /* something that happens so many times a second */
	uint64_t rate; /* 0: never */
	uint64_t next; /* microseconds */
};

struct pulse {
	struct pulse_beat changes, agents, checks;
	struct churn churn;
	bool churning; /* `churn` is set up */
	bool running;
	pthread_t thread;
	pthread_cond_t wake;
};

/* Before the first request; 0 or ERR_SYSTEM. */
int pulse_start(struct sim *s);
/* After sim_stop(). */
void pulse_stop(struct sim *s);
/* Under the lock: so many changes (in `f` if that is not NULL), agents, rounds of checks a second from now on. Errors
 * as churn_init(). */
int pulse_set(
	struct sim *s, uint64_t changes, uint64_t agents, uint64_t checks, const struct framework *f, uint64_t seed);

#endif
