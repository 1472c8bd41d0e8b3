/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/log.h"
#include "base/printable.h"
#include "http/parts.h"
#include "http/reply.h"

#define POOL_SIZE   (32u << 10) /* of a connection: a request's head has to fit, and blocks of streams are made in it */
#define POOL_STEP   (4u << 10)
#define PER_CLIENT  128u /* connections of one address */
#define STREAMS_MAX 32u
#define SWEEP_TIME  1.0
#define WAKE_TIME   0.02 /* in which changes are gathered for those who wait for them */
#define ERROR_MAX   256

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
			http->counters.connections--;
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
	c->deadline = ev_now(http->loop) + HTTP_TIME_HEAD;
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
	r->connection->deadline = ev_now(r->connection->http->loop) + HTTP_TIME_IDLE;
	http_request_free(r);
}

static void log_request(const struct http_request *r, const char *method)
{
	char client[ADDR_TEXT_MAX] = "unix", target[ERROR_MAX];

	if (!log_enabled(LOG_LEVEL_DEBUG))
		return;
	if (r->connection->client.len)
		addr_format(&r->connection->client, client);
	snprintf(target, sizeof(target), "%s", r->target);
	printable_make(target);
	log_debug("http", "request client=%s method=%s target=\"%s\"", client, method, target);
}

static bool has_body(struct MHD_Connection *mhd)
{
	const char *len = MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);

	return (len && strcmp(len, "0") != 0) ||
	       MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_TRANSFER_ENCODING);
}

/* The route of a request, or NULL: there is none, and that was replied. */
static const struct http_route *find_route(struct http_request *r)
{
	size_t len;
	int err = ERR_FORMAT;
	const char *path = http_path_of(r->target, &len);
	const struct http_route *route = path ? http_route_find(path, len, r->tail, &err) : NULL;

	if (route && route->flags & HTTP_ROUTE_DUMP && !r->connection->http->settings.conf->enumeration_on)
		http_reply_error(r, MHD_HTTP_NOT_FOUND, "the configuration has enumerationOn false");
	else if (route)
		return route;
	else if (err == ERR_FORMAT)
		http_reply_error(r, MHD_HTTP_BAD_REQUEST, "the target is no path, or its encoding is broken");
	else if (err == ERR_LIMIT)
		http_reply_error(
			r, MHD_HTTP_URI_TOO_LONG, "a part of the path has more than %u bytes", HTTP_SEGMENT_MAX - 1);
	else
		http_reply_error(r, MHD_HTTP_NOT_FOUND, "there is no such path");
	return NULL;
}

static bool authorize(struct http_request *r)
{
	const struct http_auth *auth = &r->connection->http->auth;

	if (http_auth_check(auth, MHD_lookup_connection_value(r->mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION)))
		return true;
	http_reply_refusal(r, MHD_HTTP_UNAUTHORIZED, MHD_HTTP_HEADER_WWW_AUTHENTICATE, http_auth_challenge(auth),
		"the right credentials are needed");
	return false;
}

/* Is there room for one more that goes over everything? */
static bool ration(struct http_request *r)
{
	struct http *http = r->connection->http;
	char wait[16];

	if (http->streams >= STREAMS_MAX) {
		http_reply_refusal(r, MHD_HTTP_SERVICE_UNAVAILABLE, MHD_HTTP_HEADER_RETRY_AFTER, "1",
			"too many requests of this kind are being answered");
		return false;
	}
	unsigned seconds = http_quota_take(&http->quota, &r->connection->client, ev_now(http->loop));
	if (!seconds)
		return true;
	snprintf(wait, sizeof(wait), "%u", seconds);
	http_reply_refusal(
		r, MHD_HTTP_TOO_MANY_REQUESTS, MHD_HTTP_HEADER_RETRY_AFTER, wait, "too many requests of this kind by one client");
	return false;
}

/* What is wrong with a request before a handler sees it; false: it was refused. */
static bool admit(struct http_request *r, const char *method, const char *version)
{
	r->head = !strcmp(method, MHD_HTTP_METHOD_HEAD);
	if (strcmp(version, MHD_HTTP_VERSION_1_1) != 0 && strcmp(version, MHD_HTTP_VERSION_1_0) != 0) {
		http_reply_error(r, MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED, "HTTP/1.1 and HTTP/1.0 are understood");
		return false;
	}
	if (strlen(r->target) > HTTP_TARGET_MAX) {
		http_reply_error(r, MHD_HTTP_URI_TOO_LONG, "the target has more than %u bytes", HTTP_TARGET_MAX);
		return false;
	}
	r->route = find_route(r);
	if (!r->route)
		return false;
	if (!r->head && strcmp(method, MHD_HTTP_METHOD_GET) != 0) {
		http_reply_refusal(r, MHD_HTTP_METHOD_NOT_ALLOWED, MHD_HTTP_HEADER_ALLOW, "GET, HEAD",
			"the method is not allowed here");
		return false;
	}
	if (!(r->route->flags & HTTP_ROUTE_OPEN) && !authorize(r))
		return false;
	if (r->route->flags & HTTP_ROUTE_COSTLY && !ration(r))
		return false;
	r->admitted = true;
	return true;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *mhd, const char *url, const char *method,
	const char *version, const char *upload, size_t *upload_size, void **context)
{
	struct http_request *r = *context;

	if (!r || !r->target || r->failed)
		return MHD_NO;
	if (!r->seen) { /* a reply to the first call for a request closes the connection */
		r->seen = true;
		log_request(r, method);
		r->connection->deadline = ev_now(r->connection->http->loop) + HTTP_TIME_REPLY;
		if (has_body(mhd))
			http_reply_error(r, MHD_HTTP_BAD_REQUEST, "a request has no body here");
		return r->failed ? MHD_NO : MHD_YES;
	}
	if (r->replied) {
		*upload_size = 0;
		return MHD_YES;
	}
	r->suspend = false;
	if (r->admitted || admit(r, method, version))
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

static void on_sweep(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct http *http = timer->data;
	struct http_connection *c;

	TAILQ_FOREACH (c, &http->connections, entry) {
		if (c->request && c->request->suspended && is_gone(c)) {
			c->request->failed = true;
			http_request_resume(c->request);
		}
		if (c->deadline > 0 && c->deadline < ev_now(loop)) {
			log_debug("http", "a connection is cut, it took too long");
			shutdown(c->fd, SHUT_RDWR); /* libmicrohttpd sees that and closes it */
			c->deadline = 0;
		}
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
	http->connections_max = connections;
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
		MHD_OPTION_CONNECTION_TIMEOUT, HTTP_TIME_STALL, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_UNESCAPE_CALLBACK, leave_encoded, NULL, MHD_OPTION_URI_LOG_CALLBACK, on_target, http,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, http, MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
		MHD_OPTION_END);
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
