/* SPDX-License-Identifier: Apache-2.0 */
/* What a task's statuses, labels, network infos, ports and discovery ports come to: the parts of a task whose value is
 * only known once the task has ended. Fixed memory, reused for one task after another. Used by the parsers, and where a
 * status comes alone. */
#ifndef MESOS_STATE_TASK_H
#define MESOS_STATE_TASK_H

#include "cluster/build.h"

struct state_addrs {
	uint32_t count;
	struct addr items[CLUSTER_ADDRS_MAX];
};

struct state_status {
	bool valid; /* of a status kept: there is one */
	bool running;
	bool network_infos; /* it carries at least one */
	bool mapped;        /* one of them maps a port of the host */
	enum cluster_health health;
	uint64_t time; /* microseconds since 1970 */
	struct state_addrs netinfo, mesos, docker;
};

struct state_port { /* offsets into the texts */
	uint32_t name, name_len, protocol, protocol_len;
	uint16_t number;
	bool malformed;
};

struct state_task {
	struct state_status status;  /* the one being read */
	struct state_status newest;  /* the newest running one so far */
	struct state_status carrier; /* the newest running one with network infos; only its netinfo counts */
	bool mapped;                 /* by the container */
	bool status_mapped;          /* by a running status */
	struct state_port ports[CLUSTER_PORTS_MAX];
	uint32_t port_count;
	struct cluster_port_range ranges[CLUSTER_RANGES_MAX];
	uint32_t range_count;
	char *texts; /* of the ports */
	uint32_t texts_len, texts_room;
	struct cluster_port_input inputs[CLUSTER_PORTS_MAX];
};

void state_task_fini(struct state_task *t);
void state_task_begin(struct state_task *t);
void state_status_begin(struct state_task *t);
/* Weighs the status that has ended against those before it. */
void state_status_end(struct state_task *t);
/* Adds an address to one of the status's lists. ERR_FORMAT, ERR_LIMIT. */
int state_addrs_add(struct state_addrs *addrs, const char *text, size_t len);
/* Copies a port's text; where it went is in *at and *at_len. ERR_LIMIT, ERR_NOMEM. */
int state_port_text(struct state_task *t, const char *text, size_t len, uint32_t *at, uint32_t *at_len);
/* Adds a port range. ERR_RANGE, ERR_LIMIT. */
int state_range_add(struct state_task *t, double first, double last);
/* Puts the ranges as `/master/state` has them: in order, those that touch joined. */
void state_ranges_join(struct state_task *t);
/* Puts what was gathered into the builder's task. ERR_NOMEM. */
int state_task_end(struct state_task *t, struct cluster_builder *b);

/* Gives the builder's task, a copy of a known one, the status that a master has added to its list; of several of one
 * state in succession a master keeps the last. ERR_NOMEM. */
int state_task_add_status(struct cluster_builder *b, const struct state_status *s);

#endif
