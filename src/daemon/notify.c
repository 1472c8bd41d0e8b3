/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"

#define TAG          "daemon"
#define INTERVAL_MIN 0.01 /* seconds */

/* A path, or `@` and a name of the abstract kind (unix(7)). False: there is none, or it is neither. */
static bool read_address(struct notify *n)
{
	const char *name = getenv("NOTIFY_SOCKET");
	size_t len = name ? strlen(name) : 0;

	if (!len)
		return false;
	if ((name[0] != '/' && name[0] != '@') || len >= sizeof(n->addr.sun_path)) {
		log_warn(TAG, "the service manager is not told anything, its socket's name is none");
		return false;
	}
	n->addr.sun_family = AF_UNIX;
	memcpy(n->addr.sun_path, name, len);
	if (name[0] == '@')
		n->addr.sun_path[0] = '\0';
	n->addr_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	return true;
}

/* Seconds in which the manager wants a sign of life; 0: it does not. */
static double watchdog(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	if (!usec || (pid && strtoll(pid, NULL, 10) != getpid()))
		return 0;
	return (double)strtoull(usec, NULL, 10) / 1e6;
}

static bool send_text(const struct notify *n, const char *text)
{
	return sendto(n->fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&n->addr,
		       n->addr_len) >= 0;
}

static bool lives(const struct notify *n)
{
	struct alive_figures figures;

	if (!n->alive)
		return false;
	alive_read(n->alive, &figures);
	return figures.workers_alive == figures.workers && figures.mesos_alive;
}

void notify_tell(struct notify *n)
{
	struct zone_counters zone;
	char status[NOTIFY_TEXT_MAX], text[NOTIFY_TEXT_MAX * 2];
	size_t len = 0;

	if (n->fd < 0)
		return;
	zone_store_counters(n->store, &zone);
	if (zone.loaded)
		snprintf(status, sizeof(status), "Serving %" PRIu64 " names", zone.names);
	else
		snprintf(status, sizeof(status), "Waiting for the first state of the cluster");
	bool ready = n->ready || zone.loaded || ev_now(n->loop) - n->since >= NOTIFY_PATIENCE;
	if (ready && !n->ready)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "READY=1\n");
	if (strcmp(status, n->status) != 0)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "STATUS=%s\n", status);
	if (lives(n))
		len += (size_t)snprintf(text + len, sizeof(text) - len, "WATCHDOG=1\n");
	if (!len || !send_text(n, text))
		return; /* what did not arrive is told again */
	n->ready = ready;
	strcpy(n->status, status);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	notify_tell(timer->data);
}

int notify_init(struct notify *n, struct ev_loop *loop, struct zone_store *store, struct server *server,
	struct follow *follow)
{
	double limit = watchdog(), interval = NOTIFY_INTERVAL;

	*n = (struct notify){.loop = loop, .store = store, .fd = -1};
	if (!read_address(n))
		return 0;
	n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (n->fd < 0) {
		log_warn(TAG, "the service manager is not told anything error=\"%s\"", strerror(errno));
		return 0;
	}
	if (limit > 0) {
		n->alive = alive_new(loop, server, follow);
		if (!n->alive) {
			close(n->fd);
			n->fd = -1;
			return ERR_NOMEM;
		}
		if (limit / 3 < interval)
			interval = limit / 3 > INTERVAL_MIN ? limit / 3 : INTERVAL_MIN;
	}
	ev_now_update(loop);
	n->since = ev_now(loop);
	ev_timer_init(&n->timer, on_timer, 0, interval);
	n->timer.data = n;
	ev_timer_start(loop, &n->timer);
	return 0;
}

void notify_fini(struct notify *n)
{
	if (n->fd < 0)
		return;
	send_text(n, "STOPPING=1\n");
	close(n->fd);
	ev_timer_stop(n->loop, &n->timer);
	alive_free(n->alive);
	n->fd = -1;
	n->alive = NULL;
}
