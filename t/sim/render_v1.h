/* SPDX-License-Identifier: Apache-2.0 */
/* What the operator API (/api/v1) says of the cluster, in the order and the types of Mesos 1.12. They only read
 * it. An event's text is in proportion to what the event is about. */
#ifndef T_SIM_RENDER_V1_H
#define T_SIM_RENDER_V1_H

#include "t/sim/cluster.h"
#include "t/sim/text.h"

/* What a resource ends with. */
#define RENDER_V1_ROLE      ",\"role\":\"*\""
#define RENDER_V1_ALLOCATED ",\"allocation_info\":{\"role\":\"*\"}"

/* Elements of a list of resources; `tail` as above. */
void render_v1_amount(struct text *out, const struct amount *a, const char *tail, bool *first);
/* Nothing if no bit is set. */
void render_v1_ports(struct text *out, const uint8_t *ports, const char *tail, bool *first);

/* The values of the members `get_state`, `get_tasks` and so on. */
void render_v1_state(struct text *out, const struct cluster *c);
void render_v1_tasks(struct text *out, const struct cluster *c);
void render_v1_executors(struct text *out, const struct cluster *c);
void render_v1_frameworks(struct text *out, const struct cluster *c);
void render_v1_agents(struct text *out, const struct cluster *c);
void render_v1_task(struct text *out, const struct task *t);
void render_v1_status(struct text *out, const struct task *t, const struct status *s);
/* The whole text of an event, without its length. */
void render_v1_event(struct text *out, const struct cluster_news *news);

#endif
