/* SPDX-License-Identifier: Apache-2.0 */
/* Shares out the descriptors that the process may have (RLIMIT_NOFILE), so that TCP clients never take those that the
 * Mesos thread needs to reach the masters. */
#ifndef DAEMON_DESCRIPTORS_H
#define DAEMON_DESCRIPTORS_H

#include "conf/conf.h"

/* How many TCP connections there is room for beside the sockets of `workers` threads for the configuration's addresses
 * and for the servers that it forwards to: `most` at the most, 1 at the least. Raises the soft limit for them as far as
 * the hard one allows; fewer than `most` are logged. Main thread, at start. */
unsigned descriptors_share(const struct conf *conf, unsigned workers, unsigned most);

#endif
