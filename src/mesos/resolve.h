/* SPDX-License-Identifier: Apache-2.0 */
/* Names of agents and schedulers to addresses, by c-ares on the Mesos thread's loop. What is known is
 * answered at once, the rest is asked in the background; the owner is told when a host's addresses change.
 *
 * Only the given servers are asked, and /etc/hosts; never resolv.conf, search domains or the environment.
 * `localhost` and what is below it is 127.0.0.1 and not asked for (RFC 6761, section 6.3). A and AAAA are
 * asked for and cached apart: addresses for their TTL, "there is none" for 30 s. When a refresh fails the
 * last known addresses stay, and it is tried again after 30 s; only an answer that says that there are none
 * takes them away. Addresses are sorted, so that servers that rotate make no changes. */
#ifndef MESOS_RESOLVE_H
#define MESOS_RESOLVE_H

#include <ev.h>

#include "conf/conf.h"

#define RESOLVE_TTL_MIN   5.0 /* seconds */
#define RESOLVE_TTL_MAX   86400.0
#define RESOLVE_RETRY     30.0  /* of what does not exist, or failed */
#define RESOLVE_INFLIGHT  100   /* hosts asked for at a time */
#define RESOLVE_CACHE_MAX 65536 /* hosts; those not wanted for longest give way */
#define RESOLVE_ADDRS_MAX 64    /* of a host and family */

struct resolver;

/* From the loop, never from inside resolve_get(), which it may call: the host has other addresses than
 * before. */
typedef void resolve_changed_fn(void *ctx, const char *host, size_t len);

/* `timeout`: seconds for a try. NULL and `*err` (ERR_NOMEM, ERR_SYSTEM) on failure. */
struct resolver *resolver_new(struct ev_loop *loop, const struct conf_servers *servers, double timeout,
	resolve_changed_fn *changed, void *ctx, int *err);
void resolver_free(struct resolver *r);

/* What is known of the host: up to `room` addresses, their number in *count. Starts a query if nothing is
 * known, or what is known is old. 0: this is the answer (which may be that there are none); ERR_NOTFOUND:
 * nothing is known yet; ERR_FORMAT: this can be no host's name; ERR_NOMEM, ERR_LIMIT: it cannot be asked for
 * now. *count is set in any case. */
int resolve_get(
	struct resolver *r, const char *host, size_t len, struct addr *addrs, uint32_t room, uint32_t *count);
/* Somebody waits for the host: if no address of it is known, the next resolve_get() asks again, however fresh that news
 * is. */
void resolve_hurry(struct resolver *r, const char *host, size_t len);
/* Is nothing being asked for? */
bool resolve_idle(const struct resolver *r);

struct resolve_counters {
	uint64_t queries, failures; /* of one family each */
	size_t hosts;               /* cached */
};
struct resolve_counters resolve_counters(const struct resolver *r);

#endif
