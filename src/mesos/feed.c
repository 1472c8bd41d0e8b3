/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/feed.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/log.h"
#include "base/siphash.h"
#include "zone/emit.h"

#define NAMES_PER_ELEMENT 6 /* about; tells a first load how large the zone will be */

struct feed {
	const struct conf *conf;
	struct zone_store *store;
	struct feed_hosts hosts;
	struct feed_published published;
	struct feed_clock clock;
	struct naming *naming;
	struct cluster_model *model;
	struct retention *retention;
	struct guard guard;
	uint64_t records; /* of the cluster, in the zone */
	struct cluster_builder builder;
	struct zone_emit emit;
	struct addr *servers; /* of the name server's own records */
	size_t server_count;
	bool apex_made; /* the records that never change are in the zone */

	const struct cluster_view *view;   /* the last published, the store's; NULL before the first */
	struct cluster_master last_leader; /* that was published */
	struct cluster_master next_leader; /* as the last document names it, or who detects masters */
	struct mesos_master *detected;     /* NULL: the configured ones count */
	size_t detected_count;

	bool open;          /* a document or a batch of events is under way */
	bool document;      /* it is a document */
	size_t agents;      /* that the document named so far */
	int batch_error;    /* of the batch: the first */
	bool hosts_pending; /* addresses of hosts, or masters, changed meanwhile */
	bool leader_told;   /* masters were detected meanwhile: newer than what the document says */
	bool waiting;       /* the first document is in, and names of hosts are still being looked up */
	bool patience_over; /* no more waiting for them */
	bool loaded;

	int64_t left_out[NAMING_LEFT_OUT_COUNT]; /* as it will be after the update under way */
	uint64_t skipped[STATE_SKIPS]; /* of the document under way */
	uint64_t skipped_what[STATE_SKIPS], told_skipped[STATE_SKIPS]; /* sums of what it was; when last logged */
	char skipped_text[STATE_SKIPS][128];
	struct feed_counters counters;
};

/* A literal or a name to addresses. */
static size_t host_addrs(const struct feed *feed, const char *host, size_t len, struct addr *out, size_t room)
{
	if (!len)
		return 0;
	if (!addr_parse(out, host, len)) {
		addr_unmap(out);
		return 1;
	}
	return feed->hosts.lookup(feed->hosts.arg, host, len, out, room);
}

static int make_servers(struct feed *feed, const struct addr *local, size_t local_count)
{
	const struct conf *conf = feed->conf;

	feed->servers = calloc(conf->listener_count + local_count + 1, sizeof(feed->servers[0]));
	if (!feed->servers)
		return ERR_NOMEM;
	for (size_t i = 0; i < conf->listener_count; i++) {
		if (!addr_is_any(&conf->listeners[i])) {
			feed->servers[feed->server_count++] = conf->listeners[i];
			continue;
		}
		for (size_t j = 0; j < local_count; j++)
			if (local[j].len == conf->listeners[i].len && !addr_is_loopback(&local[j]))
				feed->servers[feed->server_count++] = local[j];
	}
	return 0;
}

static double monotonic(void *arg)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double now(const struct feed *feed)
{
	return feed->clock.now(feed->clock.arg);
}

struct feed *feed_new(const struct conf *conf, struct zone_store *store, const struct feed_hosts *hosts,
	const struct addr *local, size_t local_count)
{
	const struct naming_settings naming = naming_settings_of(conf);
	struct feed *feed = calloc(1, sizeof(*feed));

	if (!feed)
		return NULL;
	feed->conf = conf;
	feed->store = store;
	feed->hosts = *hosts;
	feed->naming = naming_new(&naming);
	feed->model = cluster_model_new();
	feed->clock.now = monotonic;
	feed->guard.share = conf->mass_removal_guard;
	if (feed->model)
		feed->retention = retention_new(feed->model);
	if (!feed->naming || !feed->retention || make_servers(feed, local, local_count)) {
		feed_free(feed);
		return NULL;
	}
	return feed;
}

void feed_free(struct feed *feed)
{
	if (!feed)
		return;
	cluster_builder_fini(&feed->builder);
	retention_free(feed->retention);
	cluster_model_free(feed->model);
	naming_free(feed->naming);
	free(feed->servers);
	free(feed->detected);
	free(feed);
}

void feed_set_published(struct feed *feed, const struct feed_published *published)
{
	feed->published = *published;
}

void feed_set_clock(struct feed *feed, const struct feed_clock *clock)
{
	feed->clock = *clock;
}

/* Gives an agent or framework the addresses of its host, and finishes it. */
static int finish_element(struct feed *feed, struct cluster_builder *b)
{
	struct addr addrs[CLUSTER_ADDRS_MAX];
	bool agent = b->element->kind == CLUSTER_AGENT;
	int err = 0;

	if (b->element->kind != CLUSTER_TASK) {
		struct cluster_text host = agent ? b->agent->host : b->framework->host;
		size_t n = host_addrs(feed, cluster_text(b->element, host), host.len, addrs, CLUSTER_ADDRS_MAX);

		size_t field = agent ? CLUSTER_FIELD(agent, addrs) : CLUSTER_FIELD(framework, addrs);
		err = cluster_build_list(b, field, addrs, (uint32_t)n, sizeof(addrs[0]));
	}
	return err ? err : cluster_build_finish(b);
}

static void take_skipped(void *arg, enum state_skip reason, const char *text)
{
	struct feed *feed = arg;

	feed->skipped_what[reason] += siphash13(&siphash_process_key, (const uint8_t *)text, strlen(text));
	if (!feed->skipped[reason]++)
		snprintf(feed->skipped_text[reason], sizeof(feed->skipped_text[reason]), "%s", text);
}

/* A framework that a new master knows from its agents only has no pid there until its scheduler is back: it keeps the
 * one that was known. */
int feed_complete(const struct feed *feed, struct cluster_builder *b)
{
	const struct cluster_framework *told = b->framework, *known;

	if (b->element->kind != CLUSTER_FRAMEWORK || told->active || told->port)
		return 0;
	known = (const void *)cluster_model_find(
		feed->model, CLUSTER_FRAMEWORK, "", 0, cluster_text(told, told->e.id), told->e.id.len);
	if (!known || !known->port)
		return 0;
	b->framework->port = known->port;
	return cluster_build_text(b, CLUSTER_FIELD(framework, host), cluster_text(known, known->host), known->host.len);
}

static int put_element(struct feed *feed, struct cluster_builder *b)
{
	int err = finish_element(feed, b);

	return err ? err : cluster_model_put(feed->model, b);
}

static int take_element(void *arg, struct cluster_builder *b)
{
	struct feed *feed = arg;
	int err = feed_complete(feed, b);

	if (!err)
		err = put_element(feed, b);
	if (err < 0 && !feed->batch_error)
		feed->batch_error = err;
	feed->agents += b->element->kind == CLUSTER_AGENT;
	if (!err && !feed->document && b->element->kind != CLUSTER_TASK)
		retention_named(feed->retention, b->element, now(feed));
	if (err != CLUSTER_MODEL_LEFT_OUT)
		return err;
	take_skipped(feed, STATE_SKIP_LIMIT, "tasks of one id");
	return 0;
}

static int take_master_id(void *arg, const char *id, size_t len)
{
	retention_master_id(((struct feed *)arg)->retention, id, len);
	return 0;
}

static int take_timeout(void *arg, const char *text, size_t len)
{
	retention_timeout(((struct feed *)arg)->retention, text, len);
	return 0;
}

static int take_recovered_list(void *arg)
{
	retention_recovered_list(((struct feed *)arg)->retention);
	return 0;
}

static int take_recovered(void *arg, const char *id, size_t len)
{
	return retention_recovered(((struct feed *)arg)->retention, id, len);
}

static int take_completed(void *arg, const char *id, size_t len)
{
	return retention_completed(((struct feed *)arg)->retention, id, len);
}

struct state_sink feed_sink(struct feed *feed)
{
	return (struct state_sink){.ctx = feed, .element = take_element, .master_id = take_master_id,
		.recovered_list = take_recovered_list, .recovered_agent = take_recovered,
		.completed_framework = take_completed, .reregister_timeout = take_timeout, .skipped = take_skipped};
}

void feed_document_begin(struct feed *feed)
{
	memset(feed->skipped, 0, sizeof(feed->skipped));
	memset(feed->skipped_what, 0, sizeof(feed->skipped_what));
	feed->open = feed->document = true;
	feed->leader_told = false;
	feed->agents = 0;
	retention_begin(feed->retention);
	cluster_model_begin(feed->model);
}

static struct naming_sink emit_sink(struct feed *feed, int change)
{
	feed->emit.change = change;
	return zone_emit_sink(&feed->emit);
}

static void agent_changed(void *arg, const struct cluster_agent *before, const struct cluster_agent *after)
{
	struct feed *feed = arg;
	struct naming_sink sink = emit_sink(feed, -1);

	if (before)
		naming_agent(feed->naming, before, &sink);
	sink = emit_sink(feed, 1);
	if (after)
		naming_agent(feed->naming, after, &sink);
	zone_emit_fold(&feed->emit);
}

static void framework_changed(void *arg, const struct cluster_framework *before, const struct cluster_framework *after)
{
	struct feed *feed = arg;
	struct naming_sink sink = emit_sink(feed, -1);

	if (before)
		naming_framework(feed->naming, before, &sink);
	sink = emit_sink(feed, 1);
	if (after)
		naming_framework(feed->naming, after, &sink);
}

static void task_changed(void *arg, const struct cluster_task_view *before, const struct cluster_task_view *after)
{
	struct feed *feed = arg;
	struct naming_sink sink = emit_sink(feed, -1);

	if (before->task)
		naming_task(feed->naming, before->task, before->agent, before->framework, &sink);
	sink = emit_sink(feed, 1);
	if (after->task)
		naming_task(feed->naming, after->task, after->agent, after->framework, &sink);
	zone_emit_fold(&feed->emit);
}

/* HOST:PORT to a master with the addresses that are known. */
static struct cluster_master master_of(const struct feed *feed, const char *host, size_t len, uint16_t port)
{
	struct cluster_master master = {.port = port};

	master.addr_count = (uint16_t)host_addrs(feed, host, len, master.addrs, CLUSTER_MASTER_ADDRS);
	return master;
}

static struct cluster_master detected_master(const struct feed *feed, const struct mesos_master *detected)
{
	if (detected->addr.len)
		return (struct cluster_master){.addrs = {detected->addr}, .addr_count = 1, .port = detected->port};
	return master_of(feed, detected->host, strlen(detected->host), detected->port);
}

/* The next view, for now with the masters only: the leader, and the detected or else the configured ones, with the
 * addresses known now. NULL: out of memory. */
static struct cluster_view *view_now(const struct feed *feed)
{
	const struct conf_endpoints *list = &feed->conf->masters;
	size_t count = feed->detected_count ? feed->detected_count : list->count;
	struct cluster_view *view = calloc(1, sizeof(*view) + count * sizeof(view->masters[0]));

	if (!view)
		return NULL;
	view->leader = feed->next_leader;
	view->master_count = count;
	for (size_t i = 0; i < count; i++)
		view->masters[i] = feed->detected_count ? detected_master(feed, &feed->detected[i])
			: master_of(feed, list->items[i].host, strlen(list->items[i].host), list->items[i].port);
	return view;
}

static bool same_masters(const struct cluster_view *a, const struct cluster_view *b)
{
	return a->master_count == b->master_count && !memcmp(&a->leader, &b->leader, sizeof(a->leader)) &&
		!memcmp(a->masters, b->masters, a->master_count * sizeof(a->masters[0]));
}

static void change_masters(struct feed *feed, const struct cluster_view *before, const struct cluster_view *after)
{
	if (before && same_masters(before, after))
		return;
	struct naming_sink sink = emit_sink(feed, -1);
	if (before)
		naming_masters(feed->naming, &before->leader, before->masters, before->master_count, &sink);
	sink = emit_sink(feed, 1);
	naming_masters(feed->naming, &after->leader, after->masters, after->master_count, &sink);
}

/* The zone's NS record and the name server's addresses. */
static void make_apex(struct feed *feed)
{
	const char *mname = feed->conf->soa_mname;
	struct naming_sink sink = emit_sink(feed, 1);
	uint8_t ns[DNAME_MAX];
	size_t ns_len = dname_from_text(ns, mname, strlen(mname)), domain_len;
	const uint8_t *domain = naming_domain(feed->naming, &domain_len);

	struct zone_touch *apex = zone_txn_name(feed->emit.txn, 0, domain, domain_len);
	zone_txn_change(feed->emit.txn, apex, ZONE_RANK_SERVED, 1, RR_NS, feed->conf->ttl, ns, (uint16_t)ns_len);
	naming_name_server(feed->naming, mname, feed->servers, feed->server_count, &sink);
}

static void log_commit(const struct feed *feed, const struct zone_commit *commit, bool first)
{
	struct cluster_counts n = cluster_model_counts(feed->model);
	struct zone_counters zone;

	if (!first && !log_enabled(LOG_LEVEL_DEBUG))
		return;
	zone_store_counters(feed->store, &zone);
	unsigned long long records = zone.a + zone.aaaa + zone.srv + zone.other;
	if (first)
		log_info("zone", "the first state is served serial=%" PRIu32
			" agents=%zu frameworks=%zu tasks=%zu names=%" PRIu64 " records=%llu", commit->serial, n.agents,
			n.frameworks, n.tasks, zone.names, records);
	else
		log_debug("zone",
			"%s serial=%" PRIu32 " agents=%zu frameworks=%zu tasks=%zu names=%" PRIu64 " records=%llu"
			" records_added=%" PRIu32 " records_removed=%" PRIu32 " names_touched=%" PRIu32
			" pages_touched=%" PRIu32,
			commit->changed ? "the zone changed" : "no change", commit->serial, n.agents, n.frameworks,
			n.tasks, zone.names, records, commit->records_added, commit->records_removed,
			commit->names_touched, commit->pages_touched);
}

static void count_leader(struct feed *feed, const struct cluster_master *leader)
{
	if (!leader->addr_count)
		return;
	if (feed->last_leader.addr_count && memcmp(&feed->last_leader, leader, sizeof(*leader)) != 0)
		feed->counters.leader_changes++;
	feed->last_leader = *leader;
}

enum update {
	UPDATE_PART,  /* what is named has changed, the rest stays */
	UPDATE_CHECK, /* the same; it may be refused as a whole */
	UPDATE_WHOLE, /* what is not named is gone */
};

/* Makes the next version of the zone from the model's update, up to where it can still be given up. On an error the
 * update has ended. */
static int prepare(struct feed *feed, bool complete, const struct cluster_view *view)
{
	const struct cluster_changes changes = {.arg = feed, .agent = agent_changed, .framework = framework_changed,
		.task = task_changed};

	memcpy(feed->left_out, feed->counters.left_out, sizeof(feed->left_out));
	feed->emit = (struct zone_emit){.txn = zone_txn_begin(feed->store,
			NAMES_PER_ELEMENT * cluster_model_pending(feed->model)), .ttl = feed->conf->ttl,
		.left_out = feed->left_out};
	if (!feed->emit.txn) {
		cluster_model_abort(feed->model);
		return ERR_NOMEM;
	}
	int err = cluster_model_prepare(feed->model, complete, &changes);
	if (err) {
		zone_txn_abort(feed->emit.txn);
		return err;
	}
	change_masters(feed, feed->view, view);
	if (!feed->apex_made)
		make_apex(feed);
	if (!feed->waiting && !feed->loaded)
		zone_txn_set_loaded(feed->emit.txn);
	err = zone_txn_prepare(feed->emit.txn);
	if (err)
		cluster_model_abort(feed->model);
	return err;
}

/* Does what was prepared take away more than it may? */
static bool takes_too_much(const struct feed *feed)
{
	uint32_t added, removed;

	zone_txn_counts(feed->emit.txn, &added, &removed);
	return feed->loaded && guard_trips(&feed->guard, feed->records, added, removed);
}

/* A whole state was prepared that takes away too much. Lets pass what it brings, but nothing that is gone from it; or
 * nothing of it at all, if what it does name takes as much away. */
static int prepare_held(struct feed *feed, const struct cluster_view *view)
{
	zone_txn_abort(feed->emit.txn);
	int err = cluster_model_retract(feed->model);
	if (!err)
		err = prepare(feed, false, view);
	if (err || !takes_too_much(feed))
		return err;
	zone_txn_abort(feed->emit.txn);
	cluster_model_abort(feed->model);
	cluster_model_begin(feed->model);
	return prepare(feed, false, view);
}

/* What was prepared becomes the zone. Takes the view. */
static void publish(struct feed *feed, struct cluster_view *view)
{
	bool load = !feed->waiting && !feed->loaded;
	struct retired garbage = {0};
	struct zone_commit result;

	cluster_model_finish(feed->model, &garbage);
	view->maps = cluster_model_maps(feed->model);
	zone_txn_publish(feed->emit.txn, view, &garbage, &result);
	feed->view = view;
	count_leader(feed, &view->leader);
	feed->apex_made = true;
	feed->loaded |= load;
	feed->records += result.records_added;
	feed->records -= result.records_removed;
	memcpy(feed->counters.left_out, feed->left_out, sizeof(feed->left_out));
	feed->counters.pages_touched = result.pages_touched;
	feed->counters.names_touched = result.names_touched;
	feed->counters.elements = cluster_model_counts(feed->model);
	log_commit(feed, &result, load);
	if (feed->published.call)
		feed->published.call(feed->published.arg);
}

/* Commits the model's update, and the masters', to the zone. Returns whether a part of it was held back, or an error.
 */
static int commit(struct feed *feed, enum update kind)
{
	struct cluster_view *view = view_now(feed);
	int err = view ? 0 : ERR_NOMEM;
	bool held = false;

	if (err)
		cluster_model_abort(feed->model);
	else
		err = prepare(feed, kind == UPDATE_WHOLE, view);
	if (!err && kind != UPDATE_PART && takes_too_much(feed)) {
		uint32_t added, removed;

		zone_txn_counts(feed->emit.txn, &added, &removed);
		if (kind == UPDATE_CHECK) {
			zone_txn_abort(feed->emit.txn);
			cluster_model_abort(feed->model);
			err = ERR_LIMIT;
		} else {
			held = guard_hold(&feed->guard, feed->records, added, removed);
			err = held ? prepare_held(feed, view) : 0;
		}
	} else if (!err && kind == UPDATE_WHOLE) {
		guard_pass(&feed->guard);
	}
	if (err) {
		free(view);
		return err;
	}
	publish(feed, view);
	return held;
}

/* Says once what was skipped: again only when it is not the same as in the document before. */
static void tell_skipped(struct feed *feed)
{
	for (int reason = 0; reason < STATE_SKIPS; reason++) {
		if (feed->skipped[reason] && feed->skipped_what[reason] != feed->told_skipped[reason])
			log_warn("mesos", "left out of the state reason=%s count=%" PRIu64 " first=\"%s\"",
				state_skip_name((enum state_skip)reason), feed->skipped[reason],
				feed->skipped_text[reason]);
		feed->counters.skipped[reason] = feed->skipped[reason];
		feed->told_skipped[reason] = feed->skipped_what[reason];
	}
}

/* Puts an agent or framework in again if its host is a name. */
static int rehost(struct feed *feed, const struct cluster_element *e)
{
	const struct cluster_text *host = e->kind == CLUSTER_AGENT
		? &((const struct cluster_agent *)(const void *)e)->host
		: &((const struct cluster_framework *)(const void *)e)->host;
	struct addr literal;

	if (!host->len || !addr_parse(&literal, cluster_text(e, *host), host->len))
		return 0;
	int err = cluster_build_copy(&feed->builder, e);
	return err ? err : put_element(feed, &feed->builder);
}

/* Takes over what is known of hosts by now: of the masters, and of all elements if asked. */
static int update_hosts(struct feed *feed, bool elements)
{
	struct cluster_maps maps = cluster_model_maps(feed->model);
	int err = 0;

	cluster_model_begin(feed->model);
	for (int kind = CLUSTER_AGENT; elements && kind <= CLUSTER_FRAMEWORK; kind++) {
		struct pmap_iter it = pmap_iter(maps.of[kind]);

		for (const struct cluster_element *e; !err && (e = pmap_next(&it));)
			err = rehost(feed, e);
	}
	if (err)
		cluster_model_abort(feed->model);
	else
		err = commit(feed, UPDATE_PART);
	if (err)
		log_error("mesos", "new addresses of hosts could not be taken in error=\"%s\"", err_text(err));
	return err;
}

static int end_document(struct feed *feed, bool ok, const struct cluster_master *leader)
{
	int err = 0;

	if (!ok) {
		cluster_model_abort(feed->model);
		feed->counters.documents_failed++;
		return 0;
	}
	const struct cluster_master last_leader = feed->next_leader;
	bool was_waiting = feed->waiting;
	if (!feed->leader_told)
		feed->next_leader = *leader;
	if (!feed->loaded && !feed->patience_over)
		feed->waiting = !feed->hosts.idle(feed->hosts.arg);
	err = retention_decide(feed->retention, &feed->next_leader, feed->agents, now(feed));
	if (err)
		cluster_model_abort(feed->model);
	else
		err = commit(feed, UPDATE_WHOLE);
	if (err < 0) {
		feed->next_leader = last_leader;
		feed->waiting = was_waiting;
		feed->counters.documents_failed++;
		log_error("mesos", "a state could not be taken in, the zone stays as it was error=\"%s\"",
			err_text(err));
		return err;
	}
	if (!err) /* with a part of it held back it is not yet what is known */
		retention_accept(feed->retention);
	feed->counters.documents++;
	tell_skipped(feed);
	return 0;
}

/* No update is under way any more: what had to wait for that. */
static void close_update(struct feed *feed)
{
	feed->open = feed->document = false;
	if (feed->hosts_pending)
		feed_hosts_changed(feed);
}

int feed_document_end(struct feed *feed, bool ok, const struct cluster_master *leader)
{
	int err = end_document(feed, ok, leader);

	close_update(feed);
	return err;
}

void feed_events_begin(struct feed *feed)
{
	memcpy(feed->skipped, feed->counters.skipped, sizeof(feed->skipped));
	memcpy(feed->skipped_what, feed->told_skipped, sizeof(feed->skipped_what));
	feed->batch_error = 0;
	feed->open = true;
	cluster_model_begin(feed->model);
}

int feed_remove(struct feed *feed, enum cluster_kind kind, const char *framework_id, size_t framework_len,
	const char *id, size_t id_len)
{
	int err = cluster_model_remove(feed->model, kind, framework_id, framework_len, id, id_len);

	if (err && err != ERR_NOTFOUND && !feed->batch_error)
		feed->batch_error = err;
	if (!err && kind != CLUSTER_TASK)
		retention_removed(feed->retention, cluster_key_hash(kind, "", 0, id, id_len));
	return err;
}

const struct cluster_element *feed_find(const struct feed *feed, enum cluster_kind kind, const char *framework_id,
	size_t framework_len, const char *id, size_t id_len)
{
	return cluster_model_find(feed->model, kind, framework_id, framework_len, id, id_len);
}

static int end_batch(struct feed *feed, enum update kind)
{
	int err = feed->batch_error;

	if (err)
		cluster_model_abort(feed->model);
	else
		err = commit(feed, kind);
	if (err) {
		feed->counters.batches_failed++;
		log_error(
			"mesos", "events could not be taken in, the zone stays as it was error=\"%s\"", err_text(err));
	} else {
		feed->counters.batches++;
		tell_skipped(feed);
	}
	close_update(feed);
	return err;
}

struct cluster_maps feed_maps(const struct feed *feed)
{
	return cluster_model_maps(feed->model);
}

int feed_events_end(struct feed *feed)
{
	return end_batch(feed, UPDATE_PART);
}

int feed_check_end(struct feed *feed)
{
	return end_batch(feed, UPDATE_CHECK);
}

bool feed_keeps(const struct feed *feed, const struct cluster_element *element)
{
	return retention_keeps(feed->retention, element);
}

bool feed_is_holding(const struct feed *feed)
{
	return feed->guard.holding;
}

double feed_due_in(const struct feed *feed)
{
	double deadline = feed->open ? INFINITY : retention_deadline(feed->retention);

	if (isinf(deadline))
		return deadline;
	double left = deadline - now(feed);
	return left > 0 ? left : 0;
}

void feed_tick(struct feed *feed)
{
	double when = now(feed);

	if (feed->open || retention_deadline(feed->retention) > when)
		return;
	cluster_model_begin(feed->model);
	int err = retention_expire(feed->retention, when);
	if (err <= 0)
		cluster_model_abort(feed->model);
	else
		err = commit(feed, UPDATE_PART);
	if (err < 0)
		log_error("mesos", "what did not come back could not be taken out error=\"%s\"", err_text(err));
	retention_settle(feed->retention, when, err >= 0);
}

int feed_set_masters(struct feed *feed, const struct mesos_master *masters, size_t count)
{
	if (!count)
		return 0;
	struct mesos_master *copy = calloc(count, sizeof(*copy));
	if (!copy) {
		log_error("mesos", "the masters could not be taken in error=\"%s\"", err_text(ERR_NOMEM));
		return ERR_NOMEM;
	}
	memcpy(copy, masters, count * sizeof(*copy));
	free(feed->detected);
	feed->detected = copy;
	feed->detected_count = count;
	feed->next_leader = detected_master(feed, &copy[0]);
	if (feed->open) {
		feed->hosts_pending = feed->leader_told = true;
		return 0;
	}
	return feed->counters.documents ? update_hosts(feed, false) : 0;
}

void feed_hosts_changed(struct feed *feed)
{
	feed->hosts_pending = feed->open; /* close_update() comes back here */
	if (feed->open || !feed->counters.documents)
		return;
	if (feed->waiting && feed->hosts.idle(feed->hosts.arg))
		feed->waiting = false;
	update_hosts(feed, true);
}

void feed_stop_waiting(struct feed *feed)
{
	if (!feed->waiting)
		return;
	feed->patience_over = true;
	feed->waiting = false;
	feed_hosts_changed(feed);
}

bool feed_is_waiting(const struct feed *feed)
{
	return feed->waiting;
}

bool feed_is_loaded(const struct feed *feed)
{
	return feed->loaded;
}

void feed_get_counters(const struct feed *feed, struct feed_counters *out)
{
	*out = feed->counters;
	out->guard = feed->guard;
	retention_get_counters(feed->retention, &out->retention);
}
