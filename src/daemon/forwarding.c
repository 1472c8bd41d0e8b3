/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/forwarding.h"

/* Of all workers together. */
#define INFLIGHT_MAX            4096
#define CLIENTS_MAX             16384
#define CLIENTS_PER_ADDRESS_MAX 1000

static unsigned share(unsigned whole, unsigned workers)
{
	return (whole + workers - 1) / workers;
}

struct forward_settings forwarding_settings(const struct conf *conf, unsigned workers)
{
	return (struct forward_settings){
		.resolvers = &conf->resolvers,
		.zone_resolvers = conf->zone_resolvers,
		.zone_resolver_count = conf->zone_resolver_count,
		.allow = conf->recursion_allow,
		.allow_count = conf->recursion_allow_count,
		.timeout = conf->timeout,
		.enabled = conf->external_on,
		.recursion_available = conf->recurse_on,
		.set_truncate_bit = conf->set_truncate_bit,
		.edns_udp_size = conf->edns_udp_size,
		.cache = {.entries = share(conf->cache_size, workers), .stale_max = conf->stale_max},
		.inflight_max = share(INFLIGHT_MAX, workers),
		.clients_max = share(CLIENTS_MAX, workers),
		.clients_per_address_max =
			CLIENTS_PER_ADDRESS_MAX, /* all of an address' may come to one worker */
	};
}
