/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server: libmicrohttpd, driven by an event loop. All functions are for the loop's thread. */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <ev.h>

#include "http/listen.h"
#include "http/settings.h"

#define HTTP_CONNECTIONS_MAX 1024 /* at once; what it shares with others is in daemon/descriptors.h */

struct http;

/* Starts to serve on the loop. Takes over the listener's socket, and leaves its file to http_listener_close(). NULL:
 * logged why. Settings are copied, what they point to is borrowed. */
struct http *http_new(struct ev_loop *loop, const struct http_settings *settings, struct http_listener *listener);
/* Cuts all connections. */
void http_free(struct http *http);

/* There is a new version of the zone: the handler of every suspended request is called again, for what comes in quick
 * succession once. */
void http_wake(struct http *http);

#endif
