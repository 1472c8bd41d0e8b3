/* SPDX-License-Identifier: Apache-2.0 */
/* A master's documents, in the order and the types of Mesos 1.12. They only read the cluster. */
#ifndef T_SIM_RENDER_H
#define T_SIM_RENDER_H

#include "t/sim/cluster.h"
#include "t/sim/text.h"

struct render_master { /* who speaks */
	const char *id;
	const char *hostport, *host;
	unsigned port, quorum;
	const char *leader;      /* HOST:PORT; NULL: none */
	uint64_t start, elected; /* microseconds */
};

/* /master/state */
void render_state(struct text *out, const struct cluster *c, const struct render_master *m);
/* /master/state-summary */
void render_summary(struct text *out, const struct cluster *c, const struct render_master *m);
/* /master/slaves */
void render_slaves(struct text *out, const struct cluster *c);
/* /version */
void render_version(struct text *out);

#endif
