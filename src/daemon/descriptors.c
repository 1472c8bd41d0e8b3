/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/descriptors.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>

#include "base/log.h"
#include "forward/forward.h"

#define OTHERS     40 /* standard ones, loops, connections to masters, look-ups of hosts, files for a moment */
#define PER_WORKER 3  /* its loop, and one connection more than its share where that was rounded up */

static rlim_t forwarding_needs(const struct conf *conf, unsigned workers)
{
	rlim_t servers = conf->resolvers.count;

	for (size_t i = 0; i < conf->zone_resolver_count; i++)
		servers += conf->zone_resolvers[i].servers.count;
	return conf->external_on ? workers * servers * FORWARD_SOCKETS_MAX : 0;
}

/* Raises the soft limit if need be and returns what it is then. */
static rlim_t raise_limit(rlim_t wanted)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return wanted;
	rlim_t before = limit.rlim_cur;
	if (before >= wanted || before == limit.rlim_max)
		return before;
	limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
	if (!setrlimit(RLIMIT_NOFILE, &limit))
		return limit.rlim_cur;
	log_warn("daemon", "the limit of open files cannot be raised error=\"%s\"", strerror(errno));
	return before;
}

struct descriptors descriptors_share(const struct conf *conf, unsigned workers, struct descriptors most)
{
	rlim_t fixed = OTHERS + workers * (PER_WORKER + 2 * (rlim_t)conf->listener_count);
	rlim_t forwarding = forwarding_needs(conf, workers);
	rlim_t wanted = (rlim_t)most.tcp + most.http;
	rlim_t limit = raise_limit(fixed + forwarding + wanted);
	rlim_t left = limit > fixed ? limit - fixed : 0;

	/* The most that forwarding may need it seldom does: half of what is left is enough for it. */
	rlim_t room = left - (forwarding < left / 2 ? forwarding : left / 2);
	if (room >= wanted)
		return most;
	struct descriptors share = {
		.tcp = (unsigned)(room * most.tcp / wanted), .http = (unsigned)(room * most.http / wanted)};
	if (most.tcp && !share.tcp)
		share.tcp = 1;
	if (most.http && !share.http)
		share.http = 1;
	log_warn("daemon",
		"few files may be open: that bounds clients limit=%" PRIu64 " tcp_connections=%u http_connections=%u",
		(uint64_t)limit, share.tcp, share.http);
	return share;
}
