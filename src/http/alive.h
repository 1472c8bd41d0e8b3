/* SPDX-License-Identifier: Apache-2.0 */
/* Do the loops of the other threads run? Each is asked every few seconds, and one that did not answer a few times in a
 * row is stuck: more than any honest work takes at once, such as the first load of a large state. Main thread. */
#ifndef HTTP_ALIVE_H
#define HTTP_ALIVE_H

#include <ev.h>
#include <stdbool.h>

#include "mesos/follow.h"
#include "server/server.h"

#define ALIVE_INTERVAL 5.0 /* seconds */
#define ALIVE_MISSES   6   /* and not a time, which passes for a process that is stopped too */

struct alive;

/* `server` and `follow` are borrowed, and may be NULL. Asks from the loop. NULL: out of memory. */
struct alive *alive_new(struct ev_loop *loop, struct server *server, struct follow *follow);
void alive_free(struct alive *alive);

struct alive_figures {
	unsigned workers, workers_alive;
	bool mesos_alive; /* also where there is none */
};
void alive_read(const struct alive *alive, struct alive_figures *out);

/* What the timer does: looks who has answered, and asks again. */
void alive_ask(struct alive *alive);

#endif
