/* SPDX-License-Identifier: Apache-2.0 */
/* The masters that may be asked: the configured ones, those that ZooKeeper announces, and a few that others pointed at.
 * Places stay where they are, so that a pointer to one is good for as long as the list is; a place that is neither
 * configured nor announced can be given to another master, the one first that was asked longest ago. Mesos thread. */
#ifndef MESOS_ENDPOINT_H
#define MESOS_ENDPOINT_H

#include "base/dname.h"
#include "base/log.h"
#include "conf/conf.h"
#include "mesos/master.h"

#define ENDPOINT_ANNOUNCED 16 /* at the most; the others are left out */
#define ENDPOINT_EXTRA     8  /* of masters that are neither configured nor announced */
#define ENDPOINT_PATHS     3  /* ways to ask for the state */

struct endpoint {
	char host[DNAME_MAX + 1]; /* a name or a literal without brackets */
	uint16_t port;            /* 0: the place is free */
	struct addr addr;         /* of a literal, or announced for the name; len 0: only the name is known */
	struct addr seen;         /* the address that the last connection reached */
	bool literal;             /* the host is an address */
	bool by_addr;             /* asked by its address, although it has a name */
	unsigned path;            /* which of the paths this master knows */
	unsigned rank;            /* 1: announced as the leader; more: after it; 0: not announced */
	uint64_t round;           /* the round in which it was last asked */
	uint64_t refused;         /* the round in which its stream was given up for its state */
	double no_stream_until;   /* when its stream is tried again, on the monotonic clock */
	unsigned stream_failures; /* in a row */
	bool mute;                /* it was silent when it was last asked, or left for another leader */
	struct log_limit limit;   /* of what is logged about it */
};

struct endpoints {
	struct endpoint *items;
	size_t configured, count; /* the configured ones come first */
};

/* ERR_NOMEM. Hosts that are too long are left out. */
int endpoints_init(struct endpoints *e, const struct conf_endpoints *masters);
void endpoints_fini(struct endpoints *e);

/* These are announced now, the leader first. With `names` they are asked by their names (which certificates
 * hold) at their addresses, else by their addresses alone. `keep` as in endpoints_get(). */
void endpoints_announce(
	struct endpoints *e, const struct mesos_master *masters, size_t count, bool names, const struct endpoint *keep);
/* The announced one of this rank, or NULL. */
struct endpoint *endpoints_ranked(const struct endpoints *e, unsigned rank);
/* Is there a master that could be asked without being pointed at? */
bool endpoints_any(const struct endpoints *e);

/* The endpoint of a host and port, made if there is none. `keep` is one that must not give its place away.
 * NULL if the host is too long. */
struct endpoint *endpoints_get(
	struct endpoints *e, const char *host, size_t len, uint16_t port, const struct endpoint *keep);
/* The configured or announced one that was last seen at this address and port under a name of its own, or NULL. */
struct endpoint *endpoints_seen_at(struct endpoints *e, const struct addr *addr, uint16_t port);

/* Is this host and port the endpoint? `peer` is the address that it was reached at (len 0: none). */
bool endpoint_is(const struct endpoint *ep, const struct addr *peer, const char *host, size_t len, uint16_t port);
/* "https://[::1]:5050" and a path. Returns `url`. */
#define ENDPOINT_PATH_MAX 64
#define ENDPOINT_URL_MAX  (DNAME_MAX + ENDPOINT_PATH_MAX + 32)
const char *endpoint_url(const struct endpoint *ep, bool https, const char *path, char url[ENDPOINT_URL_MAX]);
/* The path under which this master gives its state. */
const char *endpoint_state_path(const struct endpoint *ep);
/* Where a connection must go, if the URL's host does not say it: len 0 otherwise. */
struct addr endpoint_connect_to(const struct endpoint *ep);

/* The host and port of a redirect's absolute URL, if it leads to another master by the same scheme: to its state with
 * `path` NULL, else to that path; ERR_FORMAT otherwise. */
int endpoint_parse_redirect(const char *url, bool https, const char *path, char host[DNAME_MAX + 1], uint16_t *port);

#endif
