/* SPDX-License-Identifier: Apache-2.0 */
/* Types of keys of forwarding: other name servers, and the networks that may have queries forwarded. */
#ifndef CONF_TYPE_RESOLVER_H
#define CONF_TYPE_RESOLVER_H

#include "conf/table.h"

extern const struct conf_type
	conf_type_resolvers; /* conf->resolvers; empty: the system's, set by the checks */
extern const struct conf_type conf_type_zone_resolvers; /* conf->zone_resolvers */
extern const struct conf_type conf_type_networks;       /* conf->recursion_allow */

/* "10.0.0.1", "10.0.0.1:5353", "[::1]:5353": the port is left out if it is 53. Returns `text`. */
#define CONF_SERVER_TEXT_MAX (ADDR_TEXT_MAX + 8)
const char *conf_server_format(const struct conf_server *server, char text[CONF_SERVER_TEXT_MAX]);

#endif
