/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks of the simulated cluster and what happens to them. Under the same lock as the cluster. */
#ifndef T_SIM_TASKS_H
#define T_SIM_TASKS_H

#include "t/sim/cluster.h"

#define TASK_NAME_MAX 256

/* What an executor of its own costs a task. */
#define TASK_EXECUTOR_CPUS_MILLI 100
#define TASK_EXECUTOR_MEM        32
#define TASK_EXECUTOR_DISK       32

/* Starts a task of `app` on `a`, or on the next agent that has room (NULL). `out` may be NULL. ERR_LIMIT if
 * no agent has room, ERR_NOMEM. */
int task_launch(struct cluster *c, struct app *app, struct agent *a, struct task **out);
/* Launches or kills (the oldest first) until `n` tasks are on agents that the master can reach. Errors as
 * above. */
int task_scale(struct cluster *c, struct app *app, size_t n);
struct task *task_find(const struct cluster *c, const char *id);
/* A new status; the task stays listed, even with a terminal state. */
void task_set_state(struct cluster *c, struct task *t, enum task_state state, enum cause cause);
/* The same, and the task goes to the completed ones, where it may be forgotten: the pointer is dead. A task that
 * its scheduler kills (TASK_KILLED, CAUSE_EXECUTOR) is TASK_KILLING before. */
void task_finish(struct cluster *c, struct task *t, enum task_state state, enum cause cause);
/* On the newest running status. ERR_NOTFOUND if there is none. */
int task_set_health(struct cluster *c, struct task *t, enum health health);
/* What a check that fails says at each interval: the same again, with a new time. False: it does not fail. */
bool task_repeat_health(struct cluster *c, struct task *t);
/* Health of the newest running status. */
enum health task_health(const struct task *t);
/* Does the master know of it now? False while its agent is recovered. */
bool task_visible(const struct task *t);
/* The agent is back: the master drops its own word of the unreachable task, which runs. */
void task_return(struct cluster *c, struct task *t);
/* What a task of `app` takes from its agent, its executor included. */
struct amount task_footprint(const struct app *app);
/* `pattern` (the app's name or discovery name) with the instance's number in it. Returns `out`. */
const char *task_name(const struct task *t, const char *pattern, char out[TASK_NAME_MAX]);

/* TASK_RUNNING and so on. */
const char *task_state_text(enum task_state state);
/* ERR_NOTFOUND for a text that is none. */
int task_parse_state(const char *text, enum task_state *out);
bool task_state_terminal(enum task_state state);

#endif
