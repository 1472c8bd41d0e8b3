/* SPDX-License-Identifier: Apache-2.0 */
/* The additional section: addresses of the hosts that SRV, NS and MX records name (RFC 1034, section 4.3.2,
 * step 6; RFC 2782; glue: RFC 9471). What has no room, or lies beyond the reach of a pointer, is left out. */
#ifndef ANSWER_ADDITIONAL_H
#define ANSWER_ADDITIONAL_H

#include "answer/reply.h"

static inline bool additional_concerns(uint16_t type)
{
	return type == RR_SRV || type == RR_MX || type == RR_NS;
}

/* Adds the addresses for the records of `set` (of such a type) that the reply holds. At a delegation `cut` is
 * its node: addresses below it are glue, and the reply counts as cut short without them. Otherwise `cut` is
 * NULL. */
void additional_add(struct reply *reply, const struct zone_snapshot *snapshot, const struct zone_rrset *set,
	const struct reply_run *run, const struct zone_node *cut);

#endif
