/* SPDX-License-Identifier: Apache-2.0 */
/* The members of a ZooKeeper ensemble: their names to addresses, in random order, so that many clients spread over
 * them. Mesos thread only. */
#ifndef MESOS_ZK_MEMBERS_H
#define MESOS_ZK_MEMBERS_H

#include "conf/conf.h"
#include "mesos/resolve.h"

#define ZK_MEMBER_ADDRS    8 /* of a name */
#define ZK_MEMBER_TEXT_MAX (ADDR_TEXT_MAX + 8)

struct zk_member {
	struct addr addr;
	uint16_t port;
};

struct zk_members {
	const struct conf_endpoints *servers; /* borrowed, like the resolver */
	struct resolver *resolver;
	struct zk_member *items;
	size_t count, next;
	const char *unknown; /* a name that no address is known of, or NULL */
};

/* ERR_NOMEM. */
int zk_members_init(struct zk_members *m, const struct conf_endpoints *servers, struct resolver *resolver);
void zk_members_fini(struct zk_members *m);

/* Begins a round over what is known now. `last`, if it is among them and not alone, does not come first; NULL: none.
 * Names without an address are asked for again. Returns how many there are. */
size_t zk_members_begin(struct zk_members *m, const struct zk_member *last);
/* The next of the round, or NULL. */
const struct zk_member *zk_members_next(struct zk_members *m);

/* "192.0.2.1:2181", "::1:2181": as the client library wants it, without brackets. Returns `text`. */
const char *zk_member_format(const struct zk_member *member, char text[ZK_MEMBER_TEXT_MAX]);

#endif
