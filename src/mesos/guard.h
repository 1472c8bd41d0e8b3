/* SPDX-License-Identifier: Apache-2.0 */
/* The mass-removal guard: a state with which the zone would lose more than a share of its records is believed only when
 * the next one says so too, whatever that is in detail. What is measured is how many records there would be less, which
 * a wholesale renaming is not. Zones of GUARD_RECORDS records or less are too small to tell. Plain values. Mesos
 * thread. */
#ifndef MESOS_GUARD_H
#define MESOS_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#define GUARD_RECORDS 100

struct guard { /* all zero but for the share: nothing has happened */
	unsigned share;           /* per cent; 0: off */
	bool holding;             /* the last state was held back: the next one decides */
	uint64_t held, confirmed; /* states held back; states taken because they confirmed one that was */
	uint32_t records,
		going; /* when a state was last held back: records of the zone, and how many it would have lost */
};

/* Would an update that adds and removes so many of the zone's `records` take too much away? */
bool guard_trips(const struct guard *guard, uint64_t records, uint32_t added, uint32_t removed);
/* A state for which it trips was held back; or taken, because it confirms the one that was held back before it. */
void guard_hold(struct guard *guard, uint64_t records, uint32_t added, uint32_t removed);
void guard_confirm(struct guard *guard, uint64_t records, uint32_t added, uint32_t removed);
/* A state was taken for which it does not trip. */
void guard_pass(struct guard *guard);

#endif
