/* SPDX-License-Identifier: Apache-2.0 */
/* What an explanation is gathered in. Inside explain*.c. */
#ifndef HTTP_EXPLAIN_PARTS_H
#define HTTP_EXPLAIN_PARTS_H

#include "cluster/model.h"
#include "http/explain.h"
#include "http/explain_name.h"
#include "zone/naming.h"

/* What an answer holds at most; how many there are in all is told besides. */
#define EXPLAIN_RECORDS  256
#define EXPLAIN_ORIGINS  512
#define EXPLAIN_FROM     8 /* origins of one record */
#define EXPLAIN_LEFT_OUT 64
#define EXPLAIN_NEAR     10

#define EXPLAIN_AHEAD 16

/* What work costs, in looks at an element. */
#define EXPLAIN_COST_NAMING   10
#define EXPLAIN_COST_DISTANCE 4

/* Why an element does not make the name: a set of bits. The first ones are the naming rules' own reasons. */
enum explain_reason {
	EXPLAIN_NO_ADDRESS = NAMING_LEFT_OUT_COUNT,
	EXPLAIN_NO_PORT,        /* a name of a service, and the element has no port that makes it */
	EXPLAIN_DISCOVERY_NAME, /* its names come from discovery.name, and the task's own name would make this one */
	EXPLAIN_RENAMED,        /* it is called so, but a DNS label is not */
	EXPLAIN_REASONS,
};

/* An element with what its records depend on. */
struct explain_origin {
	const struct cluster_element *element;     /* NULL: a master */
	const struct cluster_agent *agent;         /* of a task, NULL: not known */
	const struct cluster_framework *framework; /* likewise */
	const struct cluster_master *master;
	size_t master_number; /* as in masterN; not for the leader's own name */
	bool leader;
	uint32_t reasons; /* why it, or a part of what it brings, is left out */
};

struct explain_record {
	const uint8_t *rr; /* in the node */
	struct zone_counts counts;
	bool served;
	uint32_t from[EXPLAIN_FROM]; /* indexes of origins */
	uint32_t from_count;         /* of all, also those that `from` has no room for */
};

enum explain_near_why {
	EXPLAIN_SPELLING,  /* spelled nearly so */
	EXPLAIN_ELSEWHERE, /* the same at another place: of another framework, say */
	EXPLAIN_AS_LABEL,  /* as naming spells it */
	EXPLAIN_HOST,      /* the host of the service */
	EXPLAIN_BELOW,     /* below a name that has no records itself */
	EXPLAIN_BESIDE,    /* nothing but a neighbour: told of if there is nothing better */
};

struct explain_near {
	const struct zone_node *node;
	enum explain_near_why why;
	unsigned distance;
};

enum explain_phase { EXPLAIN_FRAMEWORKS, EXPLAIN_AGENTS, EXPLAIN_TASKS, EXPLAIN_NODES, EXPLAIN_DONE };

struct explain {
	const struct conf *conf;
	struct zone_store *store;
	const struct zone_snapshot *snapshot;
	struct naming *naming;
	char *asked;
	struct explain_name name;

	enum explain_phase phase;
	struct pmap_iter it;
	const void *ahead[EXPLAIN_AHEAD]; /* items that it has given and that come next */
	unsigned ahead_first, ahead_count;
	size_t spent;                                /* of the step under way */
	const struct cluster_framework **frameworks; /* whose tasks' names can be this one; sorted */
	size_t framework_count, framework_room;
	struct cluster_builder task, agent, framework; /* what elements would be if nothing kept them from the name */
	bool failed;                                   /* out of memory */

	struct explain_record records[EXPLAIN_RECORDS];
	size_t record_count, record_total;
	struct explain_origin origins[EXPLAIN_ORIGINS];
	size_t origin_count;
	struct explain_origin left_out[EXPLAIN_LEFT_OUT];
	size_t left_out_count, left_out_total;
	struct explain_near near[EXPLAIN_NEAR];
	size_t near_count;
};

#endif
