/* SPDX-License-Identifier: Apache-2.0 */
/* Types and values of records as people read them: the presentation form (RFC 1035, section 5.1; RFC 3597, section 5
 * for what is not known). Any thread. */
#ifndef ZONE_PRESENT_H
#define ZONE_PRESENT_H

#include <stddef.h>
#include <stdint.h>

#define PRESENT_TYPE_MAX 16 /* "NSEC3PARAM", "TYPE65535" */

/* Returns `out`. */
const char *present_type(uint16_t type, char out[PRESENT_TYPE_MAX]);
/* The value, from malloc; NULL without memory. */
char *present_rdata(uint16_t type, const uint8_t *rdata, size_t len);

#endif
