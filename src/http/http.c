/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/log.h"
#include "base/printable.h"
#include "http/admit.h"
#include "http/parts.h"
#include "http/process.h"

#define POOL_SIZE  (32u << 10) /* of a connection: a request's head has to fit, and blocks of streams are made in it */
#define POOL_STEP  (4u << 10)
#define PER_CLIENT 128u /* connections of one address */
#define SWEEP_TIME 1.0
#define KEPT_MAX   100000u /* blocks of memory that dumps may keep, and as many more as the zone has names */
#define WAKE_TIME  0.02    /* in which changes are gathered for those who wait for them */
#define ERROR_MAX  256

/* Time enough for those who are slow, and an end for those who never come to one. */
static const struct http_times usual_times = {
	.head = 20, .idle = 60, .reply = 60, .dump = 600, .hurry = 10, .stall = 30};

static struct log_limit library_limit;

__attribute__((format(printf, 2, 0))) static void log_library(void *arg, const char *format, va_list args)
{
	char text[ERROR_MAX];

	if (!log_enabled(LOG_LEVEL_DEBUG))
		return;
	vsnprintf(text, sizeof(text), format, args);
	text[strcspn(text, "\n")] = '\0';
	printable_make(text);
	log_limited(&library_limit, LOG_LEVEL_DEBUG, "http", "libmicrohttpd says text=\"%s\"", text);
}

/* Paths and queries are decoded here, piece by piece, where a NUL or a slash in them is noticed. */
static size_t leave_encoded(void *arg, struct MHD_Connection *mhd, char *text)
{
	return strlen(text);
}

static struct http_connection *connection_of(struct MHD_Connection *mhd)
{
	return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static void on_connection(
	void *arg, struct MHD_Connection *mhd, void **context, enum MHD_ConnectionNotificationCode what)
{
	struct http *http = arg;
	struct http_connection *c = *context;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (c) {
			TAILQ_REMOVE(&http->connections, c, entry);
			/* once there is room again libmicrohttpd accepts others, but only when it runs next */
			if (http->counters.connections-- >= http->connections_max)
				ev_feed_event(http->loop, &http->io, EV_READ);
		}
		free(c);
		return;
	}
	c = calloc(1, sizeof(*c));
	*context = c;
	if (!c)
		return;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	if (info && info->client_addr)
		addr_from_sockaddr(&c->client, NULL, info->client_addr);
	c->http = http;
	c->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	c->deadline = ev_now(http->loop) + http->times.head;
	TAILQ_INSERT_TAIL(&http->connections, c, entry);
	http->counters.connections++;
}

static void *on_target(void *arg, const char *target, struct MHD_Connection *mhd)
{
	struct http_connection *c = connection_of(mhd);
	struct http_request *r = c ? calloc(1, sizeof(*r)) : NULL;

	if (!r)
		return NULL;
	r->connection = c;
	r->mhd = mhd;
	r->target = strndup(target, HTTP_TARGET_MAX + 1);
	c->request = r;
	return r;
}

static void on_completed(void *arg, struct MHD_Connection *mhd, void **context, enum MHD_RequestTerminationCode why)
{
	struct http_request *r = *context;

	*context = NULL;
	if (!r)
		return;
	r->connection->request = NULL;
	r->connection->streaming = 0;
	r->connection->deadline = ev_now(r->connection->http->loop) + r->connection->http->times.idle;
	http_request_free(r);
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *mhd, const char *url, const char *method,
	const char *version, const char *upload, size_t *upload_size, void **context)
{
	struct http_request *r = *context;

	if (!r || !r->target || r->failed)
		return MHD_NO;
	if (!r->seen) { /* a reply to the first call for a request closes the connection */
		r->seen = true;
		http_log_request(r, method);
		if (http_has_body(mhd))
			http_admit(r, method, version);
		return r->failed ? MHD_NO : MHD_YES;
	}
	if (r->replied) {
		*upload_size = 0;
		return MHD_YES;
	}
	r->suspend = false;
	r->connection->deadline = ev_now(r->connection->http->loop) + r->connection->http->times.reply;
	if (r->admitted || http_admit(r, method, version))
		r->route->handler(r);
	if (r->suspend) {
		r->suspended = true;
		r->connection->http->waiting++;
		r->connection->deadline = 0;
		MHD_suspend_connection(mhd);
		return MHD_YES;
	}
	return r->failed ? MHD_NO : MHD_YES;
}

/* Lets libmicrohttpd do what there is to do, and sets the timer for what it wants to do later. */
static void run(struct http *http)
{
	MHD_UNSIGNED_LONG_LONG wait;

	MHD_run(http->daemon);
	ev_timer_stop(http->loop, &http->timeout);
	if (MHD_get_timeout(http->daemon, &wait) == MHD_YES) {
		ev_timer_set(&http->timeout, (double)wait / 1000, 0);
		ev_timer_start(http->loop, &http->timeout);
	}
}

static void on_io(struct ev_loop *loop, ev_io *io, int events)
{
	run(io->data);
}

static void on_timeout(struct ev_loop *loop, ev_timer *timer, int events)
{
	run(timer->data);
}

/* A client that went away while its request is suspended is not noticed otherwise. */
static bool is_gone(const struct http_connection *c)
{
	char byte;

	return recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* A dump keeps its version of the zone and, with it, what all later ones replaced: do dumps keep as much as the zone
 * has? */
static bool keeps_too_much(const struct http *http)
{
	struct zone_counters zone;

	if (!http->streams)
		return false;
	zone_store_counters(http->settings.store, &zone);
	return zone_store_waiting(http->settings.store) > zone.names + KEPT_MAX;
}

static void cut(struct http_connection *c, const char *why)
{
	log_debug("http", "a connection is cut, %s", why);
	shutdown(c->fd, SHUT_RDWR); /* libmicrohttpd sees that and closes it */
	c->deadline = 0;
}

static void on_sweep(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct http *http = timer->data;
	struct http_connection *c;
	bool hurry = keeps_too_much(http);

	TAILQ_FOREACH (c, &http->connections, entry) {
		if (c->request && c->request->suspended && is_gone(c)) {
			c->request->failed = true;
			http_request_resume(c->request);
		}
		if (c->deadline > 0 && c->deadline < ev_now(loop))
			cut(c, "it took too long");
		else if (hurry && c->streaming > 0 && c->streaming + http->times.hurry < ev_now(loop))
			cut(c, "its dump keeps too much of the past");
	}
}

static void wake_all(struct http *http)
{
	struct http_connection *c;

	TAILQ_FOREACH (c, &http->connections, entry)
		if (c->request && c->request->suspended)
			http_request_resume(c->request);
}

static void on_wake(struct ev_loop *loop, ev_timer *timer, int events)
{
	wake_all(timer->data);
}

struct http *http_new(struct ev_loop *loop, const struct http_settings *settings, struct http_listener *listener)
{
	struct http *http = calloc(1, sizeof(*http));
	unsigned connections = settings->connections ? settings->connections : HTTP_CONNECTIONS_MAX;

	if (!http) {
		log_error("http", "HTTP cannot be served error=\"%s\"", err_text(ERR_NOMEM));
		return NULL;
	}
	int err = http_auth_init(&http->auth, settings->conf);
	if (err) {
		log_error("http", "HTTP cannot be served error=\"%s\"", err_text(err));
		free(http);
		return NULL;
	}
	http->loop = loop;
	http->settings = *settings;
	http->times = settings->times ? *settings->times : usual_times;
	http->connections_max = connections;
	http->started = process_start_time();
	http->alive = alive_new(loop, settings->server, settings->follow);
	if (!http->alive) {
		log_error("http", "HTTP cannot be served error=\"%s\"", err_text(ERR_NOMEM));
		free(http);
		return NULL;
	}
	TAILQ_INIT(&http->connections);
	http->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL,
		on_request, http, MHD_OPTION_EXTERNAL_LOGGER, log_library, NULL, MHD_OPTION_LISTEN_SOCKET, listener->fd,
		MHD_OPTION_CONNECTION_LIMIT, connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
		connections < PER_CLIENT ? connections : PER_CLIENT, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)POOL_SIZE, MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t)POOL_STEP,
		MHD_OPTION_CONNECTION_TIMEOUT, http->times.stall, MHD_OPTION_UNESCAPE_CALLBACK, leave_encoded, NULL,
		MHD_OPTION_URI_LOG_CALLBACK, on_target, http, MHD_OPTION_NOTIFY_COMPLETED, on_completed, http,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_END);
	const union MHD_DaemonInfo *info =
		http->daemon ? MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (!info) {
		log_error("http", "HTTP cannot be served error=\"libmicrohttpd does not start\"");
		if (http->daemon)
			MHD_stop_daemon(http->daemon);
		alive_free(http->alive);
		free(http);
		return NULL;
	}
	listener->fd = -1;
	ev_io_init(&http->io, on_io, info->epoll_fd, EV_READ);
	ev_timer_init(&http->timeout, on_timeout, 0, 0);
	ev_timer_init(&http->sweep, on_sweep, SWEEP_TIME, SWEEP_TIME);
	ev_timer_init(&http->wake, on_wake, WAKE_TIME, 0);
	http->io.data = http->timeout.data = http->sweep.data = http->wake.data = http;
	ev_io_start(loop, &http->io);
	ev_timer_start(loop, &http->sweep);
	return http;
}

void http_wake(struct http *http)
{
	if (!ev_is_active(&http->wake)) {
		ev_timer_set(&http->wake, WAKE_TIME, 0);
		ev_timer_start(http->loop, &http->wake);
	}
}

void http_free(struct http *http)
{
	if (!http)
		return;
	wake_all(http);
	MHD_stop_daemon(http->daemon);
	ev_io_stop(http->loop, &http->io);
	ev_timer_stop(http->loop, &http->timeout);
	ev_timer_stop(http->loop, &http->sweep);
	ev_timer_stop(http->loop, &http->wake);
	alive_free(http->alive);
	watch_cache_fini(&http->watch);
	free(http);
}
