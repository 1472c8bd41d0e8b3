/* SPDX-License-Identifier: Apache-2.0 */
/* What the HTTP server is made of and for: borrowed by it, and read by the handlers. */
#ifndef HTTP_SETTINGS_H
#define HTTP_SETTINGS_H

#include "conf/conf.h"
#include "mesos/follow.h"
#include "server/server.h"
#include "zone/store.h"

struct http_settings {
	const struct conf *conf;
	struct zone_store *store;
	struct server *server; /* NULL: DNS is not served */
	struct follow *follow;
	unsigned connections; /* at once, at the most; 0: HTTP_CONNECTIONS_MAX */
};

#endif
