/* SPDX-License-Identifier: Apache-2.0 */
/* The zone's serial: the time of the change in steps of 1/256 second since 1970, of which the last 32 bits are
 * published. A serial in whole seconds would run ahead of the clock with more than one change a second, and go back
 * when the server starts anew; this one is never ahead, as long as there are no more than 256 changes a second, and
 * needs no file to remember it. It comes round every 194 days, which serial arithmetic (RFC 1982, section 3.2) is made
 * for: a later serial is one that is less than 2^31 steps ahead. Pure functions. */
#ifndef ZONE_SERIAL_H
#define ZONE_SERIAL_H

#include <stdint.h>

#define SERIAL_STEPS 256 /* a second */

/* The steps until now, by the clock on the wall. */
uint64_t serial_now(void);
/* The steps that the next change gets after one that had `last` (0: it is the first). After a very long time without a
 * change it is not yet `now`, but the furthest that still counts as later. */
uint64_t serial_next(uint64_t last, uint64_t now);

#endif
