/* SPDX-License-Identifier: Apache-2.0 */
/* Shares out the descriptors that the process may have (RLIMIT_NOFILE), so that TCP clients never take those that the
 * Mesos thread needs to reach the masters. */
#ifndef DAEMON_DESCRIPTORS_H
#define DAEMON_DESCRIPTORS_H

#include "conf/conf.h"

struct descriptors {
	unsigned tcp, http; /* connections of DNS over TCP, and of HTTP */
};

/* For how many connections there is room beside the sockets of `workers` threads for the configuration's addresses and
 * for the servers that it forwards to: as many as in `most` at the most, 1 at the least. Raises the soft limit for them
 * as far as the hard one allows; fewer are logged. Main thread, at start. */
struct descriptors descriptors_share(const struct conf *conf, unsigned workers, struct descriptors most);

#endif
