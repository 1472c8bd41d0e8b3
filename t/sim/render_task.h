/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a master's documents that stand for a task, in the order and the types of Mesos 1.12. */
#ifndef T_SIM_RENDER_TASK_H
#define T_SIM_RENDER_TASK_H

#include "t/sim/cluster.h"
#include "t/sim/text.h"

/* An object of resources; `ports` is a bitmap of CLUSTER_PORTS bits, or NULL for none. */
void render_resources(struct text *out, const struct amount *a, const uint8_t *ports);
/* "[31000-31001, 31010-31010]" with the quotes. */
void render_port_bits(struct text *out, const uint8_t *ports);
/* An instance of NETWORK_DUAL: two numbers, both halves of its serial. */
#define RENDER_IPV6_FORMAT "fd01:b::%x:%x"

bool render_any_port(const uint8_t *ports);
/* The ports that the task holds on its agent; 0 with an address of its own. */
unsigned render_host_ports(const struct app *app);
/* The list of a task's labels; those that have any are Marathon's. */
void render_labels(struct text *out, const struct app *app);
/* Members of a task that are the same in both forms, each with a comma before it; nothing if it has none. */
void render_discovery(struct text *out, const struct task *t);
void render_container(struct text *out, const struct task *t);
void render_health_check(struct text *out, const struct task *t);
/* Does that status tell of the container? What the master itself says, and what it is told of dead tasks, does
 * not. */
bool render_container_known(const struct status *s);
/* That part of a status, commas before its members; `v1`: as the API writes it. */
void render_container_status(struct text *out, const struct task *t, const struct status *s, bool v1);
void render_task(struct text *out, const struct task *t);
/* Does it use something of an agent that is there? */
bool render_task_runs(const struct task *t);
/* Adds what the task takes; `ports` as above. */
void render_add_used(struct amount *sum, uint8_t *ports, const struct task *t);
void render_executor(struct text *out, const struct task *t);
/* The id of the task's executor: empty, if Mesos' own runs it. */
void render_executor_id(struct text *out, const struct task *t);

#endif
