/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests of http/: a cluster read from a file, a server in a loop, and clients that are turned with it. */
#ifndef T_UNIT_HTTP_WORLD_H
#define T_UNIT_HTTP_WORLD_H

#include "t/unit/unit.h"

#include <ev.h>

#include "http/parts.h"

#define TICK 0.005 /* seconds that a turn of the loop takes at the most */

struct world {
	char state_file[64];
	struct conf *conf;
	struct zone_store *store;
	struct follow *follow;
	struct ev_loop *loop;
	ev_timer tick;
	struct http *http;
	uint16_t port;
};

/* A store with so many tasks, three of a name, twenty ports each. Not 0: it cannot be made. */
int make_world(struct world *w, unsigned tasks);
int free_world(struct world *w);

/* Times so long that nothing comes of them. */
extern const struct http_times patient;
/* Starts a server. `connections` 0: as usual. */
void serve(struct world *w, unsigned connections, struct http_times times);
/* Ends it. */
void end_service(struct world *w);

/* A connection to it; with a request for the path. */
int client(const struct world *w);
int asking(const struct world *w, const char *path);
void ask(int fd, const char *text);

/* One turn of the loop; fails when patience is at its end. */
void turn(struct world *w, ev_tstamp since);
/* Reads until the server has closed, `step` bytes a turn of the loop at the most; returns how many came. */
size_t read_to_end(struct world *w, int fd, size_t step);
/* Reads until the text has come, and it comes early. */
void read_until(struct world *w, int fd, const char *text);
/* Another client is served. */
void is_served(struct world *w);

#endif
