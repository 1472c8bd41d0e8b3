/* SPDX-License-Identifier: Apache-2.0 */
#include "http/figures.h"

#include "http/parts.h"

void figures_read(struct http_request *request, struct figures *out)
{
	const struct http *http = request->connection->http;
	const struct http_settings *settings = &http->settings;

	*out = (struct figures){.settings = settings, .now = ev_time(), .http = &http->counters, .started = http->started};
	if (settings->server) {
		server_read_counters(settings->server, &out->dns);
		out->socket_drops = server_socket_drops(settings->server);
		server_read_forward_counters(settings->server, &out->forward);
		server_read_cache_counters(settings->server, &out->cache);
	}
	follow_read_counters(settings->follow, &out->follow);
	zone_store_counters(settings->store, &out->zone);
	out->http_connections = http->counters.connections;
	process_read(&out->process);
	alive_read(http->alive, &out->alive);
	out->ready = ready_judge(settings->conf, &out->zone, &out->follow, &out->alive, out->now);
}
