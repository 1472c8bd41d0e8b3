/* SPDX-License-Identifier: Apache-2.0 */
/* What defaults and checks take from the machine: its addresses, its resolvers, the home directory. Tests
 * give their own struct conf_system. */
#ifndef CONF_SYSTEM_H
#define CONF_SYSTEM_H

#include "conf/conf.h"

struct conf_system {
	const char *resolv_conf; /* path */
	const char *home;        /* what `~` stands for; NULL: unknown */
	struct conf_prefix
		*interfaces; /* this host's addresses, each with its network's length; own bits not cut off */
	size_t interface_count;
};

/* Asks the machine. ERR_NOMEM, ERR_SYSTEM. */
int conf_system_init(struct conf_system *system);
void conf_system_fini(struct conf_system *system);

/* Is `addr` an address of this host: one of an interface, or a loopback address? */
bool conf_system_owns(const struct conf_system *system, const struct addr *addr);
/* The name servers of resolv.conf, port 53, without duplicates and without this host's own interface
 * addresses. A file that is not there names none. ERR_NOMEM. */
int conf_system_resolvers(const struct conf_system *system, struct conf_servers *out);
/* `path` with a leading `~/` expanded, from malloc; NULL without memory, or (errno ENOENT) if home is
 * unknown. */
char *conf_system_expand(const struct conf_system *system, const char *path);
/* Clears the bits of the address behind the prefix's length. Returns false if one of them was set. */
bool conf_prefix_mask(struct conf_prefix *prefix);

#endif
