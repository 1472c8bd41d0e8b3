/* SPDX-License-Identifier: Apache-2.0 */
#include "http/metrics.h"

#include "http/metrics_dns.h"
#include "http/metrics_state.h"

#define TYPE_METRICS "text/plain; version=0.0.4; charset=utf-8"

static void write_build(struct metric_writer *w, const struct figures *f)
{
	metric_labelled(w, "version", PACKAGE_VERSION, 1);
}

static void each_request(void *arg, const char *endpoint, const char *code, uint64_t count)
{
	struct metric_writer *w = arg;

	metric_label(w, "endpoint", endpoint);
	metric_labelled(w, "code", code, count);
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
		METRIC_ARRAY(dns.queries, "transport", metrics_transport_name)},
	{"mesos_named_dns_responses_total", C, "Replies by the type that was asked for and their code.",
		.write = metrics_write_responses},
	{"mesos_named_dns_truncated_responses_total", C, "Replies that were cut and say so (TC).",
		METRIC_ARRAY(dns.truncated, "transport", metrics_transport_name)},
	{"mesos_named_dns_received_bytes_total", C, "Bytes of the messages that came in.",
		METRIC_ARRAY(dns.bytes_in, "transport", metrics_transport_name)},
	{"mesos_named_dns_sent_bytes_total", C, "Bytes of the replies.",
		METRIC_ARRAY(dns.bytes_out, "transport", metrics_transport_name)},
	{"mesos_named_dns_dropped_messages_total", C,
		"Messages without a reply: short, no query (response), of a source that cannot be answered, whose reply the "
		"kernel did not take (send), or that it dropped itself before we had them (socket).", .write = metrics_write_drops},
	{"mesos_named_dns_outside_queries_total", C, "Queries for names in none of our zones.", METRIC_VALUE(dns.outside)},
	{"mesos_named_dns_answer_duration_seconds", H,
		"From the wake-up of the worker for a query until the kernel had its reply and those of its batch; replies that "
		"were waited for are not in it.", METRIC_ARRAY(dns.latency, "transport", metrics_transport_name), .from = 1e-5, .to = 1},
	{"mesos_named_dns_tcp_connections", G, "TCP connections of DNS clients that are open.", METRIC_VALUE(dns.tcp_open)},
	{"mesos_named_dns_tcp_connections_accepted_total", C, "TCP connections that were accepted.",
		METRIC_VALUE(dns.tcp_accepted)},
	{"mesos_named_dns_tcp_connections_closed_total", C,
		"TCP connections that we closed: there was no place (refused), a newer one needed it (evicted), too slow "
		"(timed_out).", .write = metrics_write_tcp_closed},
	{"mesos_named_dns_workers", G, "Threads that answer.", METRIC_VALUE(alive.workers)},
	{"mesos_named_dns_workers_alive", G, "Those whose loop runs.", METRIC_VALUE(alive.workers_alive)},

	{"mesos_named_forward_queries_total", C, "Queries that came to the forwarder.", METRIC_VALUE(forward.queries)},
	{"mesos_named_forward_results_total", C,
		"Queries that were refused, went in circles (looped), were answered from the cache or with a stale answer, joined "
		"a question that was being asked, found too much going on (overload) or no server with an answer (failed).",
		.write = metrics_write_forwarded},
	{"mesos_named_forward_questions", G, "Questions that are being asked of other servers.",
		METRIC_VALUE(forward.asking)},
	{"mesos_named_forward_waiting_clients", G, "Clients that wait for them.", METRIC_VALUE(forward.waiting)},
	{"mesos_named_forward_wait_seconds", H, "How long clients waited for answers of other servers.",
		METRIC_VALUE(forward.waited), .from = METRICS_NET_FROM, .to = METRICS_NET_TO},
	{"mesos_named_forward_retries_total", C, "Queries sent to a server that had one of the same question already.",
		METRIC_VALUE(forward.upstream_retries)},
	{"mesos_named_upstream_queries_total", C, "Queries sent to a server.", .write = metrics_write_upstream_queries},
	{"mesos_named_upstream_failures_total", C,
		"Queries to a server without a reply: in time, for a network error, or with one to another question (mismatch).",
		.write = metrics_write_upstream_failures},
	{"mesos_named_upstream_latency_seconds", H, "How long a server took for its replies.",
		.write = metrics_write_upstream_latencies},
	{"mesos_named_upstream_avoiding_workers", G,
		"Workers that leave a server alone for a while, since it did not answer.", .write = metrics_write_upstream_ill},
	{"mesos_named_cache_lookups_total", C, "Searches in the cache of forwarded answers.",
		.write = metrics_write_cache_lookups},
	{"mesos_named_cache_entries", G, "Entries of the cache.", .write = metrics_write_cache_entries},
	{"mesos_named_cache_bytes", G, "Bytes of the answers in the cache.", METRIC_VALUE(cache.bytes)},
	{"mesos_named_cache_evictions_total", C, "Entries that had to make place for others.", METRIC_VALUE(cache.evicted)},

	{"mesos_named_ready", G, "Whether /readyz says yes.", METRIC_VALUE(ready.ready)},
	{"mesos_named_unready_reasons", G, "Why it does not: 1 for each reason that holds.",
		METRIC_ARRAY(ready.reasons, "reason", ready_reason_name)},
	{"mesos_named_state_last_success_timestamp_seconds", G,
		"When a master last confirmed the state of the cluster, seconds since 1970; 0 for never.",
		METRIC_VALUE(follow.source.last_good)},
	{"mesos_named_state_age_seconds", G, "The time since then; absent for never.", .write = metrics_write_age},
	{"mesos_named_state_fetches_total", C, "Requests to masters.", METRIC_VALUE(follow.source.fetches)},
	{"mesos_named_state_fetch_failures_total", C, "Requests to masters that brought nothing, by cause.",
		METRIC_ARRAY(follow.source.failures, "reason", source_failure_name)},
	{"mesos_named_state_fetch_redirects_total", C, "Masters that named another one as the leader.",
		METRIC_VALUE(follow.source.redirects)},
	{"mesos_named_state_fetch_duration_seconds", H, "How long requests to masters took, good or not.",
		METRIC_VALUE(follow.source.durations), .from = 1e-3, .to = 100},
	{"mesos_named_state_fetched_bytes_total", C, "Bytes from masters: as they came over the wire, and decompressed.",
		.write = metrics_write_fetched},
	{"mesos_named_state_failed_rounds", G, "Rounds through all masters since one of them was good.",
		METRIC_VALUE(follow.source.failed_rounds)},
	{"mesos_named_state_documents_total", C, "Whole states that were taken in, or given up.",
		.write = metrics_write_documents},
	{"mesos_named_state_event_batches_total", C, "Updates made of events that were taken in, or given up.",
		.write = metrics_write_batches},
	{"mesos_named_state_skipped_elements", G, "Malformed parts of the current state that were left out, by cause.",
		METRIC_ARRAY(follow.feed.skipped, "reason", state_skip_name)},
	{"mesos_named_source_state", G, "How the state comes: 1 for the way that holds.", .write = metrics_write_source_state},
	{"mesos_named_source_fallback", G, "Whether it is polled because the master has no event stream for us.",
		METRIC_VALUE(follow.source.fallback)},
	{"mesos_named_source_leader_questions_total", C,
		"Times that a master was asked who leads, between polls and beside a stream.",
		METRIC_VALUE(follow.source.leader_questions)},
	{"mesos_named_stream_subscriptions_total", C, "Event streams that were asked for.",
		METRIC_VALUE(follow.source.connects)},
	{"mesos_named_stream_snapshots_total", C, "Those that began, with a whole state.",
		METRIC_VALUE(follow.source.subscribed)},
	{"mesos_named_stream_losses_total", C, "Those that ended, by cause.",
		METRIC_ARRAY(follow.source.losses, "reason", source_loss_name)},
	{"mesos_named_stream_events_total", C, "Events that came, by kind.",
		METRIC_ARRAY(follow.source.stream.events, "kind", stream_kind_name)},
	{"mesos_named_stream_malformed_events_total", C, "Events that made no sense.",
		METRIC_VALUE(follow.source.stream.bad)},
	{"mesos_named_stream_received_bytes_total", C, "Bytes of event streams.", METRIC_VALUE(follow.source.stream.bytes)},
	{"mesos_named_stream_last_event_timestamp_seconds", G,
		"When the last event came that was no heartbeat, seconds since 1970; 0 for never.",
		METRIC_VALUE(follow.source.last_event)},
	{"mesos_named_stream_unknown_tasks_total", C, "Events about tasks that were not known.",
		METRIC_VALUE(follow.apply.unknown_tasks)},
	{"mesos_named_stream_checks_total", C, "Documents that were asked for beside a stream, to compare.",
		.write = metrics_write_checks},
	{"mesos_named_stream_failed_checks_total", C, "Those that did not come.", .write = metrics_write_failed_checks},
	{"mesos_named_stream_corrected_elements_total", C,
		"Elements that they changed: a summary tells what events do not, a state should find nothing.",
		.write = metrics_write_corrections},
	{"mesos_named_leader_changes_total", C, "Changes from one leading master to another.",
		METRIC_VALUE(follow.feed.leader_changes)},
	{"mesos_named_zookeeper_state", G,
		"What is known through ZooKeeper: 1 for the state that holds; leader is the good one, off is without `zk`.",
		.write = metrics_write_zk_state},
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

	{"mesos_named_cluster_elements", G, "Agents, frameworks and tasks that are known.", .write = metrics_write_elements},
	{"mesos_named_kept_elements", G, "Those that a new master has not named yet, and that are kept with their tasks.",
		.write = metrics_write_kept},
	{"mesos_named_iam_logins_total", C, "Logins of the service account.", .write = metrics_write_logins},
	{"mesos_named_awaited_agents_total", C, "Agents that a new master did not know yet: that came back, or did not in time.",
		.write = metrics_write_awaited},
	{"mesos_named_unknown_agents", G,
		"Agents that the master waits for and that nothing is known of: what they run cannot be denied.",
		METRIC_VALUE(follow.feed.retention.unknown)},
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
	{"mesos_named_zone_records", G, "Records in all zones.", .write = metrics_write_records},
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
