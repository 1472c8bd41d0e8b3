/* SPDX-License-Identifier: Apache-2.0 */
#include "http/metrics_dns.h"

#include <stdio.h>

#include "answer/rcode.h"

const char *metrics_transport_name(unsigned transport)
{
	return transport == ANSWER_TCP ? "tcp" : "udp";
}

static void label_rcode(struct metric_writer *w, unsigned rcode)
{
	static const char *const names[SERVER_RCODES] = {[RCODE_NOERROR] = "NOERROR",
		[RCODE_FORMERR] = "FORMERR",
		[RCODE_SERVFAIL] = "SERVFAIL",
		[RCODE_NXDOMAIN] = "NXDOMAIN",
		[RCODE_NOTIMP] = "NOTIMP",
		[RCODE_REFUSED] = "REFUSED",
		[RCODE_BADVERS] = "BADVERS"};
	char number[8];

	snprintf(number, sizeof(number), "%u", rcode);
	metric_label(w, "rcode", names[rcode] ? names[rcode] : number);
}

/* The usual codes are always there, so that their first occurrence is a step from 0. */
void metrics_write_responses(struct metric_writer *w, const struct figures *f)
{
	for (unsigned t = 0; t < SERVER_TRANSPORTS; t++) {
		for (unsigned q = 0; q < SERVER_QTYPES; q++) {
			for (unsigned r = 0; r < SERVER_RCODES; r++) {
				if (r > RCODE_REFUSED && !f->dns.replies[t][q][r])
					continue;
				metric_label(w, "transport", metrics_transport_name(t));
				metric_label(w, "type", server_qtype_name(q));
				label_rcode(w, r);
				metric_integer(w, f->dns.replies[t][q][r]);
			}
		}
	}
}

void metrics_write_drops(struct metric_writer *w, const struct figures *f)
{
	for (unsigned d = 0; d < SERVER_DROPS; d++)
		metric_labelled(w, "reason", server_drop_name(d), f->dns.dropped[d]);
	metric_labelled(w, "reason", "socket", f->socket_drops);
}

void metrics_write_tcp_closed(struct metric_writer *w, const struct figures *f)
{
	metric_labelled(w, "reason", "refused", f->dns.tcp_refused);
	metric_labelled(w, "reason", "evicted", f->dns.tcp_evicted);
	metric_labelled(w, "reason", "timed_out", f->dns.tcp_timed_out);
}

void metrics_write_forwarded(struct metric_writer *w, const struct figures *f)
{
	metric_labelled(w, "result", "refused", f->forward.refused);
	metric_labelled(w, "result", "looped", f->forward.looped);
	metric_labelled(w, "result", "cached", f->forward.cached);
	metric_labelled(w, "result", "stale", f->forward.stale);
	metric_labelled(w, "result", "joined", f->forward.joined);
	metric_labelled(w, "result", "overload", f->forward.overload);
	metric_labelled(w, "result", "failed", f->forward.failed);
}

void metrics_write_cache_lookups(struct metric_writer *w, const struct figures *f)
{
	metric_labelled(w, "result", "hit", f->cache.hits);
	metric_labelled(w, "result", "miss", f->cache.misses);
	metric_labelled(w, "result", "stale", f->cache.stale);
}

void metrics_write_cache_entries(struct metric_writer *w, const struct figures *f)
{
	metric_labelled(w, "kind", "positive", f->cache.entries > f->cache.negative ? f->cache.entries - f->cache.negative : 0);
	metric_labelled(w, "kind", "negative", f->cache.negative);
}

/* Calls `each` for every upstream; its samples get their label by label_upstream(). */
static void for_upstreams(struct metric_writer *w, const struct figures *f,
	void (*each)(struct metric_writer *w, const char *name, const struct upstream_counters *counters))
{
	const struct server *server = f->settings->server;

	for (size_t i = 0; server && i < server_upstream_count(server); i++) {
		struct upstream_counters counters;
		struct conf_server which;
		char address[ADDR_TEXT_MAX], name[ADDR_TEXT_MAX + 10];

		server_read_upstream(server, i, &which, &counters);
		addr_format(&which.addr, address);
		snprintf(name, sizeof(name), which.addr.len == 16 ? "[%s]:%u" : "%s:%u", address, which.port);
		each(w, name, &counters);
	}
}

static void each_query(struct metric_writer *w, const char *name, const struct upstream_counters *c)
{
	for (unsigned tcp = 0; tcp < 2; tcp++) {
		metric_label(w, "upstream", name);
		metric_labelled(w, "transport", metrics_transport_name(tcp ? ANSWER_TCP : ANSWER_UDP), tcp ? c->tcp_queries : c->queries);
	}
}

static void each_failure(struct metric_writer *w, const char *name, const struct upstream_counters *c)
{
	const struct {
		const char *reason;
		uint64_t count;
	} failures[] = {{"timeout", c->timeouts}, {"network", c->failures}, {"mismatch", c->mismatches}};

	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		metric_label(w, "upstream", name);
		metric_labelled(w, "reason", failures[i].reason, failures[i].count);
	}
}

static void each_latency(struct metric_writer *w, const char *name, const struct upstream_counters *c)
{
	metric_label(w, "upstream", name);
	metric_histogram(w, &c->latency, METRICS_NET_FROM, METRICS_NET_TO);
}

static void each_ill(struct metric_writer *w, const char *name, const struct upstream_counters *c)
{
	metric_labelled(w, "upstream", name, c->ill);
}

void metrics_write_upstream_queries(struct metric_writer *w, const struct figures *f)
{
	for_upstreams(w, f, each_query);
}

void metrics_write_upstream_failures(struct metric_writer *w, const struct figures *f)
{
	for_upstreams(w, f, each_failure);
}

void metrics_write_upstream_latencies(struct metric_writer *w, const struct figures *f)
{
	for_upstreams(w, f, each_latency);
}

void metrics_write_upstream_ill(struct metric_writer *w, const struct figures *f)
{
	for_upstreams(w, f, each_ill);
}
