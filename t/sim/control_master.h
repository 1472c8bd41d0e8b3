/* SPDX-License-Identifier: Apache-2.0 */
/* Commands about the masters: who leads, what fails, what was asked. As in control_cluster.h. */
#ifndef T_SIM_CONTROL_MASTER_H
#define T_SIM_CONTROL_MASTER_H

#include "t/sim/control_cluster.h"

/* The number of the master that is meant; 0 if none is given. */
int control_master_number(struct control *c, unsigned *out);

int control_leader(struct control *c);
int control_recover(struct control *c);
int control_token(struct control *c);
int control_ready(struct control *c);
int control_state(struct control *c);
int control_fault(struct control *c);
int control_clear(struct control *c);
int control_counters(struct control *c);

#endif
