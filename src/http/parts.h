/* SPDX-License-Identifier: Apache-2.0 */
/* What the server is made of. Inside http/, for http.c, request.c and reply.c. */
#ifndef HTTP_PARTS_H
#define HTTP_PARTS_H

#include <ev.h>
#include <microhttpd.h>
#include <sys/queue.h>

#include "http/auth.h"
#include "http/alive.h"
#include "http/counters.h"
#include "http/http.h"
#include "http/path.h"
#include "http/quota.h"
#include "http/request.h"
#include "http/route.h"
#include "http/watch.h"

struct http_census;

struct http_connection {
	TAILQ_ENTRY(http_connection) entry;
	struct http *http;
	struct addr client;
	int fd;
	ev_tstamp deadline;           /* when it is cut; 0: never */
	ev_tstamp streaming;          /* since when a dump is being sent; 0: none is */
	struct http_request *request; /* that is being answered, or NULL */
};

struct http_request {
	struct http_connection *connection;
	struct MHD_Connection *mhd;
	char *target;
	bool seen;    /* by the first of the calls that libmicrohttpd makes for it */
	bool replied; /* a response is queued, or could not be */
	bool failed;
	bool admitted; /* to the handler */
	const struct http_route *route; /* NULL: none was found */
	char tail[HTTP_SEGMENT_MAX], value[HTTP_SEGMENT_MAX];

	bool suspend, suspended; /* the handler asked for it; it is so */
	ev_timer wait;
	void *state;
	void (*release)(void *state);
};

struct http {
	struct ev_loop *loop;
	struct http_settings settings;
	struct http_times times;
	struct http_auth auth;
	struct http_quota quota;
	unsigned streams;           /* that are being sent */
	struct http_census *census; /* the newest, as long as somebody uses it */
	struct MHD_Daemon *daemon;
	unsigned connections_max, waiting; /* requests that are suspended */
	struct watch_cache watch;
	ev_io io;
	ev_timer timeout; /* libmicrohttpd's */
	ev_timer sweep;   /* of connections past their deadline */
	ev_timer wake;    /* of suspended requests, for what changed in a while */
	TAILQ_HEAD(, http_connection) connections;
	struct http_counters counters;
	struct alive *alive;
	double started; /* the process, since 1970 */
};

/* Replies with the response, and lets it go; NULL cuts the connection. */
void http_request_queue(struct http_request *request, unsigned status, struct MHD_Response *response);
/* Where requests find a census that they can share. */
struct http_census **http_request_census(const struct http_request *request);
void http_request_free(struct http_request *request);
/* Lets libmicrohttpd go on with a connection that was suspended. */
void http_request_resume(struct http_request *request);

#endif
