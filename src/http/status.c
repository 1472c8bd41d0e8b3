/* SPDX-License-Identifier: Apache-2.0 */
#include "http/status.h"

#include <stdio.h>
#include <time.h>

#include "http/figures.h"

#define TIME_TEXT_MAX sizeof("2026-01-01T00:00:00Z")

/* RFC 3339 */
static json_t *time_value(double seconds)
{
	char text[TIME_TEXT_MAX];
	time_t t = (time_t)seconds;
	struct tm tm;

	strftime(text, sizeof(text), "%FT%TZ", gmtime_r(&t, &tm));
	return json_string(text);
}

static json_t *reasons_value(const struct ready *ready)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < READY_REASONS; i++)
		if (ready->reasons[i])
			json_array_append_new(list,
				json_pack("{s:s, s:s}", "reason", ready_reason_name(i), "text", ready_reason_text(i)));
	return list;
}

/* Milliseconds are enough. */
static json_t *seconds_value(double seconds)
{
	return seconds < 0 ? json_null() : json_real((double)(long long)(seconds * 1000) / 1000);
}

static json_t *leader_value(const struct figures *f)
{
	const struct zone_snapshot *snapshot = zone_store_pin(f->settings->store);
	const struct cluster_view *cluster = snapshot->cluster;
	char address[ADDR_TEXT_MAX];
	json_t *value = json_null();

	if (cluster && cluster->leader.addr_count)
		value = json_pack("{s:s, s:i}", "address", addr_format(&cluster->leader.addrs[0], address), "port",
			(int)cluster->leader.port);
	zone_store_unpin(f->settings->store, snapshot);
	return value;
}

static const char *source_text(const struct figures *f)
{
	const struct source_counters *s = &f->follow.source;

	return f->zone.loaded && !s->fetches && !s->connects ? "file" : source_state_name(s->state);
}

static json_t *state_value(const struct figures *f)
{
	const struct source_counters *s = &f->follow.source;

	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:I}", "source", source_text(f), "age_seconds",
		seconds_value(f->ready.age), "max_age_seconds", seconds_value(f->ready.age_max), "last_success",
		s->last_good > 0 ? time_value(s->last_good) : json_null(), "last_event",
		s->last_event > 0 ? time_value(s->last_event) : json_null(), "failed_rounds",
		(json_int_t)s->failed_rounds);
}

static json_t *zookeeper_value(const struct figures *f)
{
	const struct detector_status *zk = &f->follow.zk;
	json_t *leader = json_null();

	if (zk->state == DETECTOR_OFF)
		return json_null();
	if (zk->leader.port)
		leader = json_pack("{s:s, s:i}", "host", zk->leader.host, "port", (int)zk->leader.port);
	return json_pack("{s:s, s:o, s:s, s:s, s:o, s:I, s:b}", "state", detector_state_name(zk->state), "since",
		time_value(zk->since), "server", zk->server, "error", zk->error, "leader", leader, "masters",
		(json_int_t)zk->masters, "timed_out", zk->timed_out);
}

static json_t *cluster_value(const struct figures *f)
{
	const struct cluster_counts *n = &f->follow.feed.elements;

	return json_pack("{s:I, s:I, s:I}", "agents", (json_int_t)n->agents, "frameworks", (json_int_t)n->frameworks,
		"tasks", (json_int_t)n->tasks);
}

/* After a change of the leader: whom it does not know yet. */
static json_t *failover_value(const struct figures *f)
{
	const struct retention_counters *r = &f->follow.feed.retention;

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "agents_awaited", (json_int_t)r->agents, "frameworks_awaited",
		(json_int_t)r->frameworks, "takeovers", (json_int_t)r->takeovers, "agents_back", (json_int_t)r->back,
		"agents_given_up", (json_int_t)r->given_up, "agents_unknown", (json_int_t)r->unknown, "partial",
		r->partial);
}

static json_t *guard_value(const struct figures *f)
{
	const struct guard *g = &f->follow.feed.guard;

	return json_pack("{s:i, s:b, s:I, s:I, s:{s:I, s:I}}", "percent", (int)g->share, "holding", g->holding, "held",
		(json_int_t)g->held, "confirmed", (json_int_t)g->confirmed, "last", "records", (json_int_t)g->records,
		"going", (json_int_t)g->going);
}

static json_t *zone_value(const struct figures *f)
{
	const struct zone_counters *z = &f->zone;

	return json_pack("{s:s, s:b, s:I, s:I, s:{s:I, s:I, s:I, s:I}}", "domain", f->settings->conf->domain, "loaded",
		z->loaded, "serial", (json_int_t)z->serial, "names", (json_int_t)z->names, "records", "A",
		(json_int_t)z->a, "AAAA", (json_int_t)z->aaaa, "SRV", (json_int_t)z->srv, "other",
		(json_int_t)z->other);
}

static json_t *threads_value(const struct figures *f)
{
	return json_pack("{s:i, s:i, s:b}", "workers", (int)f->alive.workers, "workers_alive",
		(int)f->alive.workers_alive, "mesos_alive", f->alive.mesos_alive);
}

static json_t *version_value(const struct figures *f)
{
	return json_string(PACKAGE_VERSION);
}

static json_t *started_value(const struct figures *f)
{
	return time_value(f->started);
}

static json_t *ready_value(const struct figures *f)
{
	return json_boolean(f->ready.ready);
}

static json_t *why_value(const struct figures *f)
{
	return reasons_value(&f->ready);
}

/* What /v1/status shows, in this order. */
static const struct {
	const char *name;
	json_t *(*value)(const struct figures *figures);
} members[] = {
	{"version", version_value},
	{"started", started_value},
	{"ready", ready_value},
	{"reasons", why_value},
	{"leader", leader_value},
	{"state", state_value},
	{"zookeeper", zookeeper_value},
	{"cluster", cluster_value},
	{"failover", failover_value},
	{"guard", guard_value},
	{"zone", zone_value},
	{"threads", threads_value},
};

void http_get_status(struct http_request *request)
{
	json_t *status = json_object();
	struct figures figures;

	figures_read(request, &figures);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (json_object_set_new(status, members[i].name, members[i].value(&figures))) {
			json_decref(status);
			status = NULL;
			break;
		}
	}
	http_reply_json(request, 200, status);
}

void http_get_readyz(struct http_request *request)
{
	struct figures figures;

	figures_read(request, &figures);
	http_reply_json(request, figures.ready.ready ? 200 : 503,
		json_pack("{s:b, s:o}", "ready", figures.ready.ready, "reasons", reasons_value(&figures.ready)));
}

void http_get_healthz(struct http_request *request)
{
	struct figures figures;

	figures_read(request, &figures);
	bool healthy = !figures.ready.reasons[READY_STUCK];
	http_reply_json(request, healthy ? 200 : 503,
		json_pack("{s:b, s:o}", "healthy", healthy, "threads", threads_value(&figures)));
}
