/* SPDX-License-Identifier: Apache-2.0 */
#include "http/ready.h"

/* With the default, how many refreshes may fail; never less than what a change of the leading master can take. */
#define REFRESHES   10
#define AGE_MAX_MIN 300.0

static const struct {
	const char *name, *text;
} reasons[READY_REASONS] = {
	[READY_NO_STATE] = {"no_state", "no state of the cluster was loaded yet"},
	[READY_STATE_OLD] = {"state_old", "no master has confirmed the state for too long"},
	[READY_ZK] = {"zk_timeout", "no leading master was found for too long, by ZooKeeper or by asking"},
	[READY_PARTIAL] = {"partial", "the master waits for agents of whose tasks nothing is known yet"},
	[READY_STUCK] = {"stuck", "a thread does not run any more"},
};

const char *ready_reason_name(enum ready_reason reason)
{
	return reasons[reason].name;
}

const char *ready_reason_text(enum ready_reason reason)
{
	return reasons[reason].text;
}

static double age_max(const struct conf *conf)
{
	double refreshes = (double)conf->refresh_seconds * REFRESHES;

	if (conf->state_max_age_seconds)
		return conf->state_max_age_seconds;
	return refreshes > AGE_MAX_MIN ? refreshes : AGE_MAX_MIN;
}

struct ready ready_judge(const struct conf *conf, const struct zone_counters *zone,
	const struct follow_counters *follow, const struct alive_figures *alive, double now)
{
	struct ready ready = {.ready = true, .age = -1, .age_max = age_max(conf)};

	if (follow->source.last_good > 0) /* a clock that was set back makes it no younger than now */
		ready.age = now > follow->source.last_good ? now - follow->source.last_good : 0;
	ready.reasons[READY_NO_STATE] = !zone->loaded;
	ready.reasons[READY_STATE_OLD] = zone->loaded && ready.age > ready.age_max;
	ready.reasons[READY_ZK] = follow->zk.timed_out;
	ready.reasons[READY_PARTIAL] = follow->feed.retention.partial;
	ready.reasons[READY_STUCK] = alive->workers_alive < alive->workers || !alive->mesos_alive;
	for (unsigned i = 0; i < READY_REASONS; i++)
		if (ready.reasons[i])
			ready.ready = false;
	return ready;
}
