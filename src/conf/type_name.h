/* SPDX-License-Identifier: Apache-2.0 */
/* Types of keys that hold domain names: the cluster's domain, the SOA's names, static zones; and IPSources.
 */
#ifndef CONF_TYPE_NAME_H
#define CONF_TYPE_NAME_H

#include "conf/table.h"

extern const struct conf_type conf_type_domain;       /* conf->domain */
extern const struct conf_type conf_type_soa_name;     /* char *, with the last dot */
extern const struct conf_type conf_type_static_zones; /* conf->zones */
extern const struct conf_type conf_type_ip_sources;   /* conf->ip_sources */

/* A zone's name in normal form (lower case, no last dot), from malloc; NULL after an error that was reported.
 * The root is none: it cannot be a zone here. */
char *conf_zone_name(struct conf_reader *reader, const char *text, size_t len);

#endif
