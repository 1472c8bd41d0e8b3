/* SPDX-License-Identifier: Apache-2.0 */
/* The locally served zones: `localhost` (RFC 6761, section 6.3) and the reverse zones that no outside server
 * can answer for (RFC 6303, RFC 7793). Their master files stand in zones/ and are part of the program, so
 * that no installed file can be missing. */
#ifndef ZONE_LOCAL_H
#define ZONE_LOCAL_H

#include "zone/static.h"

struct local_zone {
	const char *name;
	const char *text; /* of the master file; relative to the zone's name */
	size_t len;
};

/* From zones/local.list; the end has no name. */
extern const struct local_zone local_zone_list[];

/* Adds the locally served zones to the set. One that the operator cares for otherwise is left out: there is a
 * file for it in the set, or it or a part of it is the cluster's domain or has a server in `zoneResolvers`.
 * ERR_NOMEM, ERR_LIMIT. */
int local_zones_add(struct static_zones *zones, const struct conf *conf);

#endif
