/* SPDX-License-Identifier: Apache-2.0 */
/* Replies: the functions that http/request.h declares for handlers, and this for the server itself. */
#ifndef HTTP_REPLY_H
#define HTTP_REPLY_H

#include "http/request.h"

/* {"error": text} with one more header. */
void http_reply_refusal(
	struct http_request *request, unsigned status, const char *name, const char *value, const char *text);

#endif
