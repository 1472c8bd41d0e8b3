/* SPDX-License-Identifier: Apache-2.0 */
/* The records of the name, and the elements that make them. Inside explain*.c. */
#ifndef HTTP_EXPLAIN_MATCH_H
#define HTTP_EXPLAIN_MATCH_H

#include "http/explain_parts.h"

/* Lists the records that the name's node has. */
void explain_list_records(struct explain *e);

/* Each puts the element down as an origin of records, or as left out, if it is either. First the frameworks, then
 * explain_sort_frameworks(), then the tasks. */
void explain_match_framework(struct explain *e, const struct cluster_framework *framework);
void explain_match_agent(struct explain *e, const struct cluster_agent *agent);
void explain_match_task(struct explain *e, const struct cluster_task *task);
void explain_match_masters(struct explain *e);
void explain_sort_frameworks(struct explain *e);

void explain_leave_out(struct explain *e, const struct explain_origin *origin);
/* F.D, or F.slave.D, as naming makes it. 0: nothing of F can stand in a label, or it is too long. */
size_t explain_tail(
	const struct explain *e, const struct cluster_framework *framework, bool slave, uint8_t tail[DNAME_MAX]);
/* Is the name the framework's, or one that its tasks can have? Then the length of what stands before F. */
bool explain_is_below(const struct explain *e, const struct cluster_framework *framework, size_t *before);

#endif
