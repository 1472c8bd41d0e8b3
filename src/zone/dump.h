/* SPDX-License-Identifier: Apache-2.0 */
/* The cluster's zone as a master file (RFC 1035, section 5): full names, SOA first, then in canonical order
 * (RFC 4034, section 6.1). */
#ifndef ZONE_DUMP_H
#define ZONE_DUMP_H

#include <stdio.h>

#include "zone/snapshot.h"

/* ERR_NOMEM, ERR_FORMAT (a record that ldns cannot read), ERR_SYSTEM (writing failed). Reads the snapshot: inside an
 * RCU read side or with a pin. */
int zone_dump(const struct zone_snapshot *snapshot, FILE *out);

#endif
