/* SPDX-License-Identifier: Apache-2.0 */
/* What the HTTP server is made of and for: borrowed by it, and read by the handlers. */
#ifndef HTTP_SETTINGS_H
#define HTTP_SETTINGS_H

#include "conf/conf.h"
#include "mesos/follow.h"
#include "server/server.h"
#include "zone/store.h"

/* Seconds that a client has altogether, however busy it looks: for the head of its first request; from one request to
 * the head of the next; for a reply; for a dump; for a dump while so much changes that the memory which it keeps adds up.
 * `stall`: in which no byte comes or goes. */
struct http_times {
	double head, idle, reply, dump, hurry;
	unsigned stall;
};

struct http_settings {
	const struct conf *conf;
	struct zone_store *store;
	struct server *server; /* NULL: DNS is not served */
	struct follow *follow;
	const struct http_times *times; /* NULL: the usual ones */
	unsigned connections;           /* at once, at the most; 0: HTTP_CONNECTIONS_MAX */
};

#endif
