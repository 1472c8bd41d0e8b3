/* SPDX-License-Identifier: Apache-2.0 */
/* The masters that may be asked: the configured ones, in order, and a few that others pointed at. Mesos
 * thread. */
#ifndef MESOS_ENDPOINT_H
#define MESOS_ENDPOINT_H

#include "base/dname.h"
#include "base/log.h"
#include "conf/conf.h"

#define ENDPOINT_EXTRA 8 /* of masters that are not configured */
#define ENDPOINT_PATHS 3 /* ways to ask for the state */

struct endpoint {
	char host[DNAME_MAX + 1]; /* a name or a literal without brackets */
	uint16_t port;            /* 0: the place is free */
	struct addr addr;         /* of a literal; len 0: a name */
	struct addr seen;         /* the address that the last connection reached */
	unsigned path;            /* which of the paths this master knows */
	uint64_t round;           /* the round in which it was last asked */
	struct log_limit limit;   /* of what is logged about it */
};

struct endpoints {
	struct endpoint *items;
	size_t configured, count; /* the configured ones come first */
	size_t next_extra;
};

/* ERR_NOMEM. Hosts that are too long are left out. */
int endpoints_init(struct endpoints *e, const struct conf_endpoints *masters);
void endpoints_fini(struct endpoints *e);

/* The endpoint of a host and port, made if there is none. `keep` is one that must not give its place away.
 * NULL if the host is too long. */
struct endpoint *endpoints_get(
	struct endpoints *e, const char *host, size_t len, uint16_t port, const struct endpoint *keep);
/* The configured one that was last seen at this address and port under a name of its own, or NULL. */
struct endpoint *endpoints_seen_at(struct endpoints *e, const struct addr *addr, uint16_t port);

/* Is this host and port the endpoint? `peer` is the address that it was reached at (len 0: none). */
bool endpoint_is(
	const struct endpoint *ep, const struct addr *peer, const char *host, size_t len, uint16_t port);
/* "https://[::1]:5050/master/state" for its present path. Returns `url`. */
#define ENDPOINT_URL_MAX (DNAME_MAX + 64)
const char *endpoint_url(const struct endpoint *ep, bool https, char url[ENDPOINT_URL_MAX]);
/* The host and port of a redirect's absolute URL, if it leads to the state of another master by the same
 * scheme; ERR_FORMAT otherwise. */
int endpoint_parse_redirect(const char *url, bool https, char host[DNAME_MAX + 1], uint16_t *port);

#endif
