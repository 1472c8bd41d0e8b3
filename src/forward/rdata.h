/* SPDX-License-Identifier: Apache-2.0 */
/* The form of the data of those record types that have names in them, or that the forwarder itself looks into. Others are
 * opaque (RFC 3597, section 4). */
#ifndef FORWARD_RDATA_H
#define FORWARD_RDATA_H

#include "forward/names.h"

/* Checks the data of a record between two offsets. */
bool rdata_check(struct names *names, uint16_t type, uint16_t class, size_t at, size_t end);

#endif
