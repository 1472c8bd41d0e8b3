/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/guard.h"

#include <inttypes.h>

#include "base/log.h"

bool guard_trips(const struct guard *guard, uint64_t records, uint32_t added, uint32_t removed)
{
	if (!guard->share || records <= GUARD_RECORDS || removed <= added)
		return false;
	return (uint64_t)(removed - added) * 100 > guard->share * records;
}

void guard_hold(struct guard *guard, uint64_t records, uint32_t added, uint32_t removed)
{
	guard->holding = true;
	guard->held++;
	guard->records = (uint32_t)records;
	guard->going = removed - added;
	log_warn("mesos",
		"a state would take away too much, nothing goes until the next one confirms it records=%" PRIu64
		" going=%" PRIu32 " allowed=%u%%",
		records, removed - added, guard->share);
}

void guard_confirm(struct guard *guard, uint64_t records, uint32_t added, uint32_t removed)
{
	guard->holding = false;
	guard->confirmed++;
	log_warn("mesos", "the next state takes as much away: it is believed records=%" PRIu64 " going=%" PRIu32,
		records, removed - added);
}

void guard_pass(struct guard *guard)
{
	if (guard->holding)
		log_info("mesos", "the next state takes less away: it is believed");
	guard->holding = false;
}
