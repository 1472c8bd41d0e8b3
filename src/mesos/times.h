/* SPDX-License-Identifier: Apache-2.0 */
/* Times in seconds. Any thread. */
#ifndef MESOS_TIMES_H
#define MESOS_TIMES_H

/* A clock that nobody sets. */
double times_monotonic(void);
/* A random time, evenly distributed, so that a fleet of servers does not do the same at the same moment; `min` if the
 * system has no random bytes yet. */
double times_between(double min, double max);
/* `value`, but not below `min`, and not above `max` in any case. */
double times_limit(double value, double min, double max);

#endif
