/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API of a leading master: which calls it takes, in which form, with which errors. */
#ifndef T_SIM_API_H
#define T_SIM_API_H

#include "t/sim/answer.h"

/* Answers a POST to /api/v1, or whatever came there. Under the simulation's lock. */
void api_answer(struct sim *s, const struct sim_master *m, const struct answer_request *q, struct answer *a);

#endif
