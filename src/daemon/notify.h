/* SPDX-License-Identifier: Apache-2.0 */
/* What the service manager is told, by datagrams to $NOTIFY_SOCKET (sd_notify(3)): that the server is ready, what it does,
 * and, with $WATCHDOG_USEC, that it lives. Without these variables nothing is done. Main thread.
 *
 * Ready is who serves a state of the cluster; and after NOTIFY_PATIENCE who does not: other zones and forwarding do not
 * depend on the cluster, and a start that fails because no master is there would leave a host without them.
 *
 * It lives as long as all of its threads do (http/alive.h), this one by the timer that tells so. */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

#include <ev.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "http/alive.h"
#include "zone/store.h"

#define NOTIFY_PATIENCE 30.0 /* seconds; systemd has less of it than 90 */
#define NOTIFY_INTERVAL 5.0  /* seconds between two looks, or less for a shorter watchdog */
#define NOTIFY_TEXT_MAX 256

struct notify {
	struct ev_loop *loop;
	struct zone_store *store;
	struct alive *alive; /* NULL: nobody wants to know */
	int fd;              /* -1: nobody is told */
	struct sockaddr_un addr;
	socklen_t addr_len;
	ev_timer timer;
	ev_tstamp since;
	bool ready;
	char status[NOTIFY_TEXT_MAX]; /* as last told */
};

/* Begins to tell. The store, the server and `follow` are borrowed, the latter two may be NULL. ERR_NOMEM; a socket that
 * cannot be had is logged and does no harm. */
int notify_init(struct notify *n, struct ev_loop *loop, struct zone_store *store, struct server *server,
	struct follow *follow);
/* Tells that this is the end. */
void notify_fini(struct notify *n);
/* Tells what is new, and that the server lives; the timer does so by itself. */
void notify_tell(struct notify *n);

#endif
