/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks as they would be if nothing kept their records back: would they have the name, and what keeps it from them?
 * Inside explain*.c. */
#ifndef HTTP_EXPLAIN_WISH_H
#define HTTP_EXPLAIN_WISH_H

#include "http/explain_parts.h"

/* A quick look that spares most tasks a run of the naming rules: false if nothing of what they make can be the name. */
bool explain_may_match(const struct explain *e, const struct cluster_task *task);
/* For a task that does not make the name; `reasons` of the origin are what naming left out of it. */
void explain_match_left_out(struct explain *e, struct explain_origin *origin);

/* The names that a task has, or would have if it ran: that which it may share, and its own. Length 0: none. */
struct explain_task_names {
	uint8_t shared[DNAME_MAX], canonical[DNAME_MAX];
	size_t shared_len, canonical_len;
};
void explain_task_names(struct explain *e, const struct explain_origin *origin, struct explain_task_names *names);

#endif
