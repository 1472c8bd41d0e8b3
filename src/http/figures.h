/* SPDX-License-Identifier: Apache-2.0 */
/* All that is counted and measured, gathered at one moment: what /metrics, /v1/status and the probes show. Main
 * thread. */
#ifndef HTTP_FIGURES_H
#define HTTP_FIGURES_H

#include "http/alive.h"
#include "http/counters.h"
#include "http/process.h"
#include "http/ready.h"
#include "http/request.h"

struct figures {
	const struct http_settings *settings;
	double now; /* since 1970 */
	struct server_counters dns;
	uint64_t socket_drops; /* of datagrams, by the kernel */
	struct forward_counters forward;
	struct cache_counters cache;
	struct follow_counters follow;
	struct zone_counters zone;
	struct process_figures process;
	double started; /* the process, since 1970 */
	const struct http_counters *http; /* borrowed */
	uint64_t http_connections;
	struct alive_figures alive;
	struct ready ready;
};

/* Valid until the handler returns. */
void figures_read(struct http_request *request, struct figures *out);

#endif
