/* SPDX-License-Identifier: Apache-2.0 */
/* The zone store as the configuration wants it: the cluster's domain, and the static zones. */
#ifndef DAEMON_ZONES_H
#define DAEMON_ZONES_H

#include "conf/conf.h"
#include "zone/store.h"

/* A store with the static zones in it (`with_static` false: none). Findings in zone files are logged and cost their
 * records. NULL: logged why. */
struct zone_store *zones_new(const struct conf *conf, bool with_static);

#endif
