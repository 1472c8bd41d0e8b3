/* SPDX-License-Identifier: Apache-2.0 */
/* What a handler sees of a request, and how it answers. A handler is called once the headers are read, on the main
 * thread, for GET and HEAD alike; it answers by exactly one http_reply_*() call before it returns, or suspends. */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <jansson.h>

#include "http/body.h"
#include "http/settings.h"

struct http_request;

/* What the server was made with. */
const struct http_settings *http_request_settings(const struct http_request *request);
/* The segment of the path that the route's `*` stands for, decoded, UTF-8; "" for a route without one. */
const char *http_request_tail(const struct http_request *request);
/* The value of a key in the query, decoded, or NULL: it is not there, or its encoding is broken. The text lives until
 * the next call. */
const char *http_request_query(struct http_request *request, const char *key);

/* Instead of an answer, for a long poll: the handler is called again after `seconds`, or as soon as http_wake() is
 * called. The client may be gone by then; nothing needs to be done about that. */
void http_request_suspend(struct http_request *request, double seconds);
/* Is there room for one more that waits? Half of the connections are kept for others. */
bool http_request_may_wait(const struct http_request *request);
/* What a handler keeps from one call to the next: NULL at first. `release` is called with it at the request's end. */
void *http_request_state(const struct http_request *request);
void http_request_set_state(struct http_request *request, void *state, void (*release)(void *state));

/* Takes the reference; NULL means that memory is exhausted. */
void http_reply_json(struct http_request *request, unsigned status, json_t *value);
/* Takes what is in the body, and leaves it empty; a failed one cuts the connection. `type`: as in
 * "text/plain; charset=utf-8". */
void http_reply_body(struct http_request *request, unsigned status, const char *type, struct http_body *body);
/* {"error": "..."}. */
void http_reply_error(struct http_request *request, unsigned status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A body that is made while it is sent. */
struct http_stream {
	void *ctx;
	/* Appends the next piece: some KiB, so that nobody else waits long; nothing at all if there is more to be done
	 * first. 0: there is more; 1: that was the end; negative (or a failed body): the connection is cut. */
	int (*more)(void *ctx, struct http_body *body);
	/* Called once, whatever happens; without `more` having been called for HEAD. */
	void (*free)(void *ctx);
};
void http_reply_stream(
	struct http_request *request, unsigned status, const char *type, const struct http_stream *stream);

#define HTTP_TYPE_JSON "application/json"

#endif
