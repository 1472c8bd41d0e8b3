/* SPDX-License-Identifier: Apache-2.0 */
#include "http/metrics.h"

#include <stdio.h>

#include "answer/rcode.h"
#include "http/metric.h"

#define TYPE_METRICS "text/plain; version=0.0.4; charset=utf-8"

/* Seconds between which the buckets of a histogram are shown. */
#define ANSWERS   1e-5, 1.0
#define UPSTREAMS 1e-4, 10.0
#define FETCHES   1e-3, 100.0

static const char *transport_name(unsigned transport)
{
	return transport == ANSWER_TCP ? "tcp" : "udp";
}

static void label_rcode(struct metric_writer *w, unsigned rcode)
{
	static const char *const names[] = {[RCODE_NOERROR] = "NOERROR",
		[RCODE_FORMERR] = "FORMERR",
		[RCODE_SERVFAIL] = "SERVFAIL",
		[RCODE_NXDOMAIN] = "NXDOMAIN",
		[RCODE_NOTIMP] = "NOTIMP",
		[RCODE_REFUSED] = "REFUSED"};
	char number[8];

	snprintf(number, sizeof(number), "%u", rcode);
	metric_label(w, "rcode", rcode < sizeof(names) / sizeof(names[0]) ? names[rcode] : number);
}

static void write_build(struct metric_writer *w, const struct figures *f)
{
	metric_label(w, "version", PACKAGE_VERSION);
	metric_integer(w, 1);
}

/* Codes that we give ourselves are always there, so that their first occurrence is a step from 0; others come from
 * upstreams. */
static void write_responses(struct metric_writer *w, const struct figures *f)
{
	for (unsigned t = 0; t < SERVER_TRANSPORTS; t++) {
		for (unsigned q = 0; q < SERVER_QTYPES; q++) {
			for (unsigned r = 0; r < SERVER_RCODES; r++) {
				if (r > RCODE_REFUSED && !f->dns.replies[t][q][r])
					continue;
				metric_label(w, "transport", transport_name(t));
				metric_label(w, "type", server_qtype_name(q));
				label_rcode(w, r);
				metric_integer(w, f->dns.replies[t][q][r]);
			}
		}
	}
}

static void write_drops(struct metric_writer *w, const struct figures *f)
{
	for (unsigned d = 0; d < SERVER_DROPS; d++) {
		metric_label(w, "reason", server_drop_name(d));
		metric_integer(w, f->dns.dropped[d]);
	}
	metric_label(w, "reason", "socket");
	metric_integer(w, f->socket_drops);
}

static void write_answer_durations(struct metric_writer *w, const struct figures *f)
{
	for (unsigned t = 0; t < SERVER_TRANSPORTS; t++) {
		metric_label(w, "transport", transport_name(t));
		metric_histogram(w, &f->dns.latency[t], ANSWERS);
	}
}

static void write_with_reason(struct metric_writer *w, const char *reason, uint64_t count)
{
	metric_label(w, "reason", reason);
	metric_integer(w, count);
}

static void write_tcp_closed(struct metric_writer *w, const struct figures *f)
{
	write_with_reason(w, "refused", f->dns.tcp_refused);
	write_with_reason(w, "evicted", f->dns.tcp_evicted);
	write_with_reason(w, "timed_out", f->dns.tcp_timed_out);
}

static void write_with_result(struct metric_writer *w, const char *result, uint64_t count)
{
	metric_label(w, "result", result);
	metric_integer(w, count);
}

static void write_forwarded(struct metric_writer *w, const struct figures *f)
{
	write_with_result(w, "refused", f->forward.refused);
	write_with_result(w, "looped", f->forward.looped);
	write_with_result(w, "cached", f->forward.cached);
	write_with_result(w, "stale", f->forward.stale);
	write_with_result(w, "joined", f->forward.joined);
	write_with_result(w, "overload", f->forward.overload);
	write_with_result(w, "failed", f->forward.failed);
}

static void write_waits(struct metric_writer *w, const struct figures *f)
{
	metric_histogram(w, &f->forward.waited, UPSTREAMS);
}

static void write_cache_lookups(struct metric_writer *w, const struct figures *f)
{
	write_with_result(w, "hit", f->cache.hits);
	write_with_result(w, "miss", f->cache.misses);
	write_with_result(w, "stale", f->cache.stale);
}

static void write_cache_entries(struct metric_writer *w, const struct figures *f)
{
	metric_label(w, "kind", "positive");
	metric_integer(w, f->cache.entries > f->cache.negative ? f->cache.entries - f->cache.negative : 0);
	metric_label(w, "kind", "negative");
	metric_integer(w, f->cache.negative);
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
		metric_label(w, "transport", transport_name(tcp ? ANSWER_TCP : ANSWER_UDP));
		metric_integer(w, tcp ? c->tcp_queries : c->queries);
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
		write_with_reason(w, failures[i].reason, failures[i].count);
	}
}

static void each_latency(struct metric_writer *w, const char *name, const struct upstream_counters *c)
{
	metric_label(w, "upstream", name);
	metric_histogram(w, &c->latency, UPSTREAMS);
}

static void each_ill(struct metric_writer *w, const char *name, const struct upstream_counters *c)
{
	metric_label(w, "upstream", name);
	metric_integer(w, c->ill);
}

static void write_upstream_queries(struct metric_writer *w, const struct figures *f)
{
	for_upstreams(w, f, each_query);
}

static void write_upstream_failures(struct metric_writer *w, const struct figures *f)
{
	for_upstreams(w, f, each_failure);
}

static void write_upstream_latencies(struct metric_writer *w, const struct figures *f)
{
	for_upstreams(w, f, each_latency);
}

static void write_upstream_ill(struct metric_writer *w, const struct figures *f)
{
	for_upstreams(w, f, each_ill);
}

/* Without a state there is no age, rather than one of 0. */
static void write_age(struct metric_writer *w, const struct figures *f)
{
	if (f->ready.age >= 0)
		metric_number(w, f->ready.age);
}

static void write_zk_state(struct metric_writer *w, const struct figures *f)
{
	for (unsigned state = 0; state < DETECTOR_STATES; state++) {
		metric_label(w, "state", detector_state_name(state));
		metric_integer(w, f->follow.zk.state == state);
	}
}

static void write_durations(struct metric_writer *w, const struct figures *f)
{
	metric_histogram(w, &f->follow.source.durations, FETCHES);
}

static void write_fetched(struct metric_writer *w, const struct figures *f)
{
	metric_label(w, "form", "wire");
	metric_integer(w, f->follow.source.wire_bytes);
	metric_label(w, "form", "decoded");
	metric_integer(w, f->follow.source.bytes);
}

static void write_documents(struct metric_writer *w, const struct figures *f)
{
	write_with_result(w, "taken", f->follow.feed.documents);
	write_with_result(w, "failed", f->follow.feed.documents_failed);
}

static void write_batches(struct metric_writer *w, const struct figures *f)
{
	write_with_result(w, "taken", f->follow.feed.batches);
	write_with_result(w, "failed", f->follow.feed.batches_failed);
}

static void write_elements(struct metric_writer *w, const struct figures *f)
{
	const struct cluster_counts *n = &f->follow.feed.elements;

	metric_label(w, "kind", "agent");
	metric_integer(w, n->agents);
	metric_label(w, "kind", "framework");
	metric_integer(w, n->frameworks);
	metric_label(w, "kind", "task");
	metric_integer(w, n->tasks);
}

static void write_kept(struct metric_writer *w, const struct figures *f)
{
	metric_label(w, "kind", "agent");
	metric_integer(w, f->follow.feed.retention.agents);
	metric_label(w, "kind", "framework");
	metric_integer(w, f->follow.feed.retention.frameworks);
}

static void write_awaited(struct metric_writer *w, const struct figures *f)
{
	write_with_result(w, "back", f->follow.feed.retention.back);
	write_with_result(w, "given_up", f->follow.feed.retention.given_up);
}

static void write_records(struct metric_writer *w, const struct figures *f)
{
	const struct {
		const char *type;
		uint64_t count;
	} records[] = {{"A", f->zone.a}, {"AAAA", f->zone.aaaa}, {"SRV", f->zone.srv}, {"other", f->zone.other}};

	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		metric_label(w, "type", records[i].type);
		metric_integer(w, records[i].count);
	}
}

static void each_request(void *arg, const char *endpoint, const char *code, uint64_t count)
{
	struct metric_writer *w = arg;

	metric_label(w, "endpoint", endpoint);
	metric_label(w, "code", code);
	metric_integer(w, count);
}

static void write_requests(struct metric_writer *w, const struct figures *f)
{
	http_counters_walk(f->http, each_request, w);
}

#define C METRIC_COUNTER
#define G METRIC_GAUGE
#define H METRIC_HISTOGRAM

/* clang-format off */
static const struct metric metrics[] = {
	{"mesos_named_build_info", G, "Always 1; the label tells which version runs.", .write = write_build},
	{"process_start_time_seconds", G, "When the process started, seconds since 1970.", METRIC_VALUE(started)},
	{"process_cpu_seconds_total", C, "CPU time that the process used, in user and system mode.",
		METRIC_VALUE(process.cpu_seconds)},
	{"process_resident_memory_bytes", G, "Resident memory.", METRIC_VALUE(process.resident_bytes)},
	{"process_virtual_memory_bytes", G, "Virtual memory.", METRIC_VALUE(process.virtual_bytes)},
	{"process_open_fds", G, "Open file descriptors.", METRIC_VALUE(process.open_fds)},
	{"process_max_fds", G, "How many file descriptors may be open.", METRIC_VALUE(process.max_fds)},

	{"mesos_named_dns_queries_total", C, "Messages that came in, whatever they were.",
		METRIC_ARRAY(dns.queries, "transport", transport_name)},
	{"mesos_named_dns_responses_total", C, "Replies by the type that was asked for and their code.",
		.write = write_responses},
	{"mesos_named_dns_truncated_responses_total", C, "Replies that were cut and say so (TC).",
		METRIC_ARRAY(dns.truncated, "transport", transport_name)},
	{"mesos_named_dns_received_bytes_total", C, "Bytes of the messages that came in.",
		METRIC_ARRAY(dns.bytes_in, "transport", transport_name)},
	{"mesos_named_dns_sent_bytes_total", C, "Bytes of the replies.",
		METRIC_ARRAY(dns.bytes_out, "transport", transport_name)},
	{"mesos_named_dns_dropped_messages_total", C,
		"Messages without a reply: short, no query (response), of a source that cannot be answered, whose reply the "
		"kernel did not take (send), or that it dropped itself before we had them (socket).", .write = write_drops},
	{"mesos_named_dns_outside_queries_total", C, "Queries for names in none of our zones.", METRIC_VALUE(dns.outside)},
	{"mesos_named_dns_answer_duration_seconds", H,
		"From the wake-up of the worker for a query until the kernel had its reply and those of its batch; replies that "
		"were waited for are not in it.", .write = write_answer_durations},
	{"mesos_named_dns_tcp_connections", G, "TCP connections of DNS clients that are open.", METRIC_VALUE(dns.tcp_open)},
	{"mesos_named_dns_tcp_connections_accepted_total", C, "TCP connections that were accepted.",
		METRIC_VALUE(dns.tcp_accepted)},
	{"mesos_named_dns_tcp_connections_closed_total", C,
		"TCP connections that we closed: there was no place (refused), a newer one needed it (evicted), too slow "
		"(timed_out).", .write = write_tcp_closed},
	{"mesos_named_dns_workers", G, "Threads that answer.", METRIC_VALUE(alive.workers)},
	{"mesos_named_dns_workers_alive", G, "Those whose loop runs.", METRIC_VALUE(alive.workers_alive)},

	{"mesos_named_forward_queries_total", C, "Queries that came to the forwarder.", METRIC_VALUE(forward.queries)},
	{"mesos_named_forward_results_total", C,
		"Queries that were refused, went in circles (looped), were answered from the cache or with a stale answer, joined "
		"a question that was being asked, found too much going on (overload) or no server with an answer (failed).",
		.write = write_forwarded},
	{"mesos_named_forward_questions", G, "Questions that are being asked of other servers.",
		METRIC_VALUE(forward.asking)},
	{"mesos_named_forward_waiting_clients", G, "Clients that wait for them.", METRIC_VALUE(forward.waiting)},
	{"mesos_named_forward_wait_seconds", H, "How long clients waited for answers of other servers.",
		.write = write_waits},
	{"mesos_named_forward_retries_total", C, "Queries sent to a server that had one of the same question already.",
		METRIC_VALUE(forward.upstream_retries)},
	{"mesos_named_upstream_queries_total", C, "Queries sent to a server.", .write = write_upstream_queries},
	{"mesos_named_upstream_failures_total", C,
		"Queries to a server without a reply: in time, for a network error, or with one to another question (mismatch).",
		.write = write_upstream_failures},
	{"mesos_named_upstream_latency_seconds", H, "How long a server took for its replies.",
		.write = write_upstream_latencies},
	{"mesos_named_upstream_avoiding_workers", G,
		"Workers that leave a server alone for a while, since it did not answer.", .write = write_upstream_ill},
	{"mesos_named_cache_lookups_total", C, "Searches in the cache of forwarded answers.",
		.write = write_cache_lookups},
	{"mesos_named_cache_entries", G, "Entries of the cache.", .write = write_cache_entries},
	{"mesos_named_cache_bytes", G, "Bytes of the answers in the cache.", METRIC_VALUE(cache.bytes)},
	{"mesos_named_cache_evictions_total", C, "Entries that had to make place for others.", METRIC_VALUE(cache.evicted)},

	{"mesos_named_ready", G, "Whether /readyz says yes.", METRIC_VALUE(ready.ready)},
	{"mesos_named_unready_reasons", G, "Why it does not: 1 for each reason that holds.",
		METRIC_ARRAY(ready.reasons, "reason", ready_reason_name)},
	{"mesos_named_state_last_success_timestamp_seconds", G,
		"When a master last confirmed the state of the cluster, seconds since 1970; 0 for never.",
		METRIC_VALUE(follow.source.last_good)},
	{"mesos_named_state_age_seconds", G, "The time since then; absent for never.", .write = write_age},
	{"mesos_named_state_fetches_total", C, "Requests to masters.", METRIC_VALUE(follow.source.fetches)},
	{"mesos_named_state_fetch_failures_total", C, "Requests to masters that brought nothing, by cause.",
		METRIC_ARRAY(follow.source.failures, "reason", source_failure_name)},
	{"mesos_named_state_fetch_redirects_total", C, "Masters that named another one as the leader.",
		METRIC_VALUE(follow.source.redirects)},
	{"mesos_named_state_fetch_duration_seconds", H, "How long requests to masters took, good or not.",
		.write = write_durations},
	{"mesos_named_state_fetched_bytes_total", C, "Bytes from masters: as they came over the wire, and decompressed.",
		.write = write_fetched},
	{"mesos_named_state_failed_rounds", G, "Rounds through all masters since one of them was good.",
		METRIC_VALUE(follow.source.failed_rounds)},
	{"mesos_named_state_documents_total", C, "Whole states that were taken in, or given up.",
		.write = write_documents},
	{"mesos_named_state_event_batches_total", C, "Updates made of events that were taken in, or given up.",
		.write = write_batches},
	{"mesos_named_state_skipped_elements", G, "Malformed parts of the current state that were left out, by cause.",
		METRIC_ARRAY(follow.feed.skipped, "reason", state_skip_name)},
	{"mesos_named_leader_changes_total", C, "Changes from one leading master to another.",
		METRIC_VALUE(follow.feed.leader_changes)},
	{"mesos_named_zookeeper_state", G,
		"What is known through ZooKeeper: 1 for the state that holds; leader is the good one, off is without `zk`.",
		.write = write_zk_state},
	{"mesos_named_zookeeper_masters", G, "Masters that are known through ZooKeeper.", METRIC_VALUE(follow.zk.masters)},
	{"mesos_named_zookeeper_leader_changes_total", C, "Changes of the leading master in ZooKeeper.",
		METRIC_VALUE(follow.zk.leader_changes)},
	{"mesos_named_zookeeper_connect_attempts_total", C, "Attempts to connect to a member of ZooKeeper's ensemble.",
		METRIC_VALUE(follow.zk.session.attempts)},
	{"mesos_named_zookeeper_connections_total", C, "Connections to ZooKeeper that were made.",
		METRIC_VALUE(follow.zk.session.connections)},
	{"mesos_named_zookeeper_connection_losses_total", C, "Connections to ZooKeeper that were lost.",
		METRIC_VALUE(follow.zk.session.losses)},
	{"mesos_named_zookeeper_malformed_nodes_total", C, "Nodes of masters that were read and made no sense.",
		METRIC_VALUE(follow.zk.nodes_malformed)},

	{"mesos_named_cluster_elements", G, "Agents, frameworks and tasks that are known.", .write = write_elements},
	{"mesos_named_kept_elements", G, "Those that a new master has not named yet, and that are kept with their tasks.",
		.write = write_kept},
	{"mesos_named_awaited_agents_total", C, "Agents that a new master did not know yet: that came back, or did not in time.",
		.write = write_awaited},
	{"mesos_named_guard_states_held_total", C, "States that would have taken away too much, held back until the next one.",
		METRIC_VALUE(follow.feed.guard.held)},
	{"mesos_named_guard_states_confirmed_total", C, "States that took as much away as the held one before, and were believed.",
		METRIC_VALUE(follow.feed.guard.confirmed)},
	{"mesos_named_guard_holding", G, "Whether a state is held back now.", METRIC_VALUE(follow.feed.guard.holding)},
	{"mesos_named_tasks_left_out", G, "Tasks, or parts of them, that have no records, by cause.",
		METRIC_ARRAY(follow.feed.left_out, "reason", naming_left_out_name)},
	{"mesos_named_zone_loaded", G, "Whether the zone of the cluster is served.", METRIC_VALUE(zone.loaded)},
	{"mesos_named_zone_serial", G, "Its serial number.", METRIC_VALUE(zone.serial)},
	{"mesos_named_zone_names", G, "Names in all zones.", METRIC_VALUE(zone.names)},
	{"mesos_named_zone_records", G, "Records in all zones.", .write = write_records},
	{"mesos_named_zone_updates_total", C, "Updates of the zone, whether they changed it or not.",
		METRIC_VALUE(zone.commits)},
	{"mesos_named_zone_copied_pages_total", C, "Pages of the zone that updates made anew.",
		METRIC_VALUE(zone.pages_touched)},
	{"mesos_named_snapshot_versions", G, "Versions of the zone in memory.", METRIC_VALUE(zone.versions)},
	{"mesos_named_snapshot_pins", G, "Readers that keep a version.", METRIC_VALUE(zone.pins)},

	{"mesos_named_http_requests_total", C, "Requests that were answered.", .write = write_requests},
	{"mesos_named_http_connections", G, "Connections of HTTP clients.", METRIC_VALUE(http_connections)},
};
/* clang-format on */

void http_get_metrics(struct http_request *request)
{
	struct http_body body = {0};
	struct figures figures;

	figures_read(request, &figures);
	metric_write(&body, metrics, sizeof(metrics) / sizeof(metrics[0]), &figures);
	http_reply_body(request, 200, TYPE_METRICS, &body);
}
