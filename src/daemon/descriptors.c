/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/descriptors.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>

#include "base/log.h"

#define OTHERS     40 /* standard ones, loops, connections to masters, look-ups of hosts, files for a moment */
#define PER_WORKER 3  /* its loop, and one connection more than its share where that was rounded up */

unsigned descriptors_share(unsigned workers, size_t addresses, unsigned most)
{
	rlim_t needed = OTHERS + workers * (PER_WORKER + 2 * (rlim_t)addresses), wanted = needed + most;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return most;
	if (limit.rlim_cur < wanted && limit.rlim_cur < limit.rlim_max) {
		rlim_t before = limit.rlim_cur;

		limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit)) {
			log_warn("daemon", "the limit of open files cannot be raised error=\"%s\"",
				strerror(errno));
			limit.rlim_cur = before;
		}
	}
	if (limit.rlim_cur >= wanted)
		return most;
	unsigned room = limit.rlim_cur > needed ? (unsigned)(limit.rlim_cur - needed) : 1;
	log_warn("daemon",
		"few files may be open: that bounds TCP clients limit=%" PRIu64 " tcp_connections=%u",
		(uint64_t)limit.rlim_cur, room);
	return room;
}
