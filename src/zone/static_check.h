/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold in a zone as a whole, much as named-checkzone sees it: records inside the zone, one SOA and
 * some NS at the apex, nothing beside a CNAME (RFC 1034, section 3.6.2), one TTL in an RRset (RFC 2181,
 * section 5.2), no record twice, and name servers, mail exchangers and services that have an address.
 *
 * Each finding is reported with its line; records that cannot stay are taken out. */
#ifndef ZONE_STATIC_CHECK_H
#define ZONE_STATIC_CHECK_H

#include <stdbool.h>

#include "zone/static_file.h"

/* Checks `file` and leaves its records sorted by owner, type and data. For the cluster's own domain SOA and
 * NS at the apex are generated: those of the file are dropped, and addresses of targets are not looked for,
 * since most names are unknown here. Returns 0, or ERR_FORMAT if the file is no zone (SOA or NS missing). */
int static_check(struct static_file *file, bool cluster_domain);

#endif
