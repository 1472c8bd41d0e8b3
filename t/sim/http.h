/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP side: a master's port, or one for commands alone. A thread for each connection, so that a fault
 * may simply wait. Commands under /sim/ are served on every port, without password, and fail never. */
#ifndef T_SIM_HTTP_H
#define T_SIM_HTTP_H

#include "t/sim/sim.h"

struct http;

struct http_tls { /* PEM texts, borrowed; a key of NULL means plain HTTP */
	const char *key, *cert, *client_ca;
};

/* Opens `host`:`port` for `master`, or for commands alone if that is NULL, and fills in the master's address.
 * NULL with errno. */
struct http *http_new(struct sim *s, struct sim_master *master, const char *host, uint16_t port,
	const struct http_tls *tls);
uint16_t http_port(const struct http *h);
/* Closes or opens the port; closing ends the open connections, except those that have carried a command. Not
 * under the simulation's lock. */
void http_refuse(struct http *h, bool refuse);
/* Call sim_stop() before; NULL is ignored. */
void http_free(struct http *h);

#endif
