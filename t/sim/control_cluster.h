/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that change or show the cluster. All run under the simulation's lock; what they write goes into an
 * open JSON object, a comma first. They return 0, or an error with its text in `error` or none. */
#ifndef T_SIM_CONTROL_CLUSTER_H
#define T_SIM_CONTROL_CLUSTER_H

#include "t/sim/control.h"

#define CONTROL_REQUIRED UINT64_MAX

struct control { /* a command that runs */
	struct sim *sim;
	const struct control_request *request;
	struct text *out;
	char error[256];
};

/* An argument's text; NULL if it is missing or empty. */
const char *control_arg(struct control *c, const char *name);
/* An argument that is a number; `fallback` if it is missing, an error if that is CONTROL_REQUIRED. */
int control_number(struct control *c, const char *name, uint64_t fallback, uint64_t *out);
/* Sets the error's text; returns ERR_FORMAT. */
int control_fail(struct control *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The framework that is named, or `fallback`'s; NULL if neither is. */
int control_find_framework(struct control *c, const char *fallback, struct framework **out);
/* The tasks that a command is for (at least one), as pointers in a block from malloc. */
int control_need_tasks(struct control *c, struct task ***out, size_t *count);

int control_scale(struct control *c);
int control_app_add(struct control *c);
int control_kill(struct control *c);
int control_move(struct control *c);
int control_health(struct control *c);
int control_task_state(struct control *c);
int control_agent_add(struct control *c);
int control_agent_remove(struct control *c);
int control_agent_deactivate(struct control *c);
int control_agent_activate(struct control *c);
int control_agent_unreachable(struct control *c);
int control_agent_return(struct control *c);
int control_framework_add(struct control *c);
int control_framework_remove(struct control *c);
int control_framework_disconnect(struct control *c);
int control_framework_connect(struct control *c);
int control_churn(struct control *c);
int control_tasks(struct control *c);

#endif
