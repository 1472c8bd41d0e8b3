/* SPDX-License-Identifier: Apache-2.0 */
/* Replies: the functions that http/request.h declares for handlers, and these for the server itself. */
#ifndef HTTP_REPLY_H
#define HTTP_REPLY_H

#include "http/request.h"

/* As http_reply_body(), with headers: pairs of name and value, ended by a NULL name, or NULL. `type` may be NULL. */
void http_reply_headers(struct http_request *request, unsigned status, const char *type, struct http_body *body,
	const char *const headers[][2]);
/* {"error": text} with one more header. */
void http_reply_refusal(
	struct http_request *request, unsigned status, const char *header, const char *value, const char *text);

#endif
