/* SPDX-License-Identifier: Apache-2.0 */
/* The commands under /sim/: one row of a table each, from which --help comes too. */
#ifndef T_SIM_CONTROL_H
#define T_SIM_CONTROL_H

#include <stdio.h>

#include "t/sim/sim.h"
#include "t/sim/text.h"

struct control_request {
	const char *method, *name;                            /* what follows /sim/ */
	const char *(*argument)(void *cls, const char *name); /* NULL: not given */
	void *cls;
};

/* Runs a command, writes its answer (a line of JSON) and returns the HTTP status. Takes the lock itself. */
unsigned control_run(struct sim *s, const struct control_request *q, struct text *out);
/* For --help. */
void control_describe(FILE *f);

#endif
