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

struct feed {
	const struct conf *conf;
	struct feed_hosts hosts;
	struct feed_clock clock;
	struct cluster_model *model;
	struct retention *retention;
	struct publisher *publisher;
	struct cluster_builder builder;

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
	struct feed *feed = calloc(1, sizeof(*feed));

	if (!feed)
		return NULL;
	feed->conf = conf;
	feed->hosts = *hosts;
	feed->model = cluster_model_new();
	feed->clock.now = monotonic;
	if (feed->model)
		feed->retention = retention_new(feed->model);
	if (feed->model)
		feed->publisher = publisher_new(conf, store, feed->model, local, local_count);
	if (!feed->retention || !feed->publisher) {
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
	publisher_free(feed->publisher);
	retention_free(feed->retention);
	cluster_model_free(feed->model);
	free(feed->detected);
	free(feed);
}

void feed_set_published(struct feed *feed, const struct feed_published *published)
{
	publisher_set_call(feed->publisher, published->call, published->arg);
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

static int take_registry(void *arg, const char *text, size_t len)
{
	retention_registry(((struct feed *)arg)->retention, text, len);
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
		.completed_framework = take_completed, .reregister_timeout = take_timeout, .registry = take_registry,
		.skipped = take_skipped};
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

/* Commits the model's update, and the masters'. As publisher_commit(). */
static int commit(struct feed *feed, enum publisher_kind kind)
{
	struct cluster_view *view = view_now(feed);

	if (view)
		view->partial = retention_is_partial(feed->retention, kind == PUBLISH_WHOLE);
	if (view)
		return publisher_commit(feed->publisher, kind, view, !feed->waiting);
	cluster_model_abort(feed->model);
	return ERR_NOMEM;
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
		err = commit(feed, PUBLISH_PART);
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
	if (!publisher_is_loaded(feed->publisher) && !feed->patience_over)
		feed->waiting = !feed->hosts.idle(feed->hosts.arg);
	err = retention_decide(feed->retention, leader, feed->agents, now(feed));
	if (err)
		cluster_model_abort(feed->model);
	else
		err = commit(feed, PUBLISH_WHOLE);
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
	if ((!err || err == ERR_NOTFOUND) && kind != CLUSTER_TASK)
		retention_removed(feed->retention, cluster_key_hash(kind, "", 0, id, id_len));
	return err;
}

const struct cluster_element *feed_find(const struct feed *feed, enum cluster_kind kind, const char *framework_id,
	size_t framework_len, const char *id, size_t id_len)
{
	return cluster_model_find(feed->model, kind, framework_id, framework_len, id, id_len);
}

static int end_batch(struct feed *feed, enum publisher_kind kind)
{
	int err = feed->batch_error;

	if (err)
		cluster_model_abort(feed->model);
	else
		err = commit(feed, kind);
	/* One that is refused has not failed: who asked for it says so. */
	bool refused = err == ERR_LIMIT && kind == PUBLISH_CHECK && !feed->batch_error;
	if (!err) {
		feed->counters.batches++;
		tell_skipped(feed);
	} else if (!refused) {
		feed->counters.batches_failed++;
		log_error(
			"mesos", "events could not be taken in, the zone stays as it was error=\"%s\"", err_text(err));
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
	return end_batch(feed, PUBLISH_PART);
}

int feed_check_end(struct feed *feed)
{
	return end_batch(feed, PUBLISH_CHECK);
}

bool feed_keeps(const struct feed *feed, const struct cluster_element *element)
{
	return retention_keeps(feed->retention, element);
}

bool feed_is_holding(const struct feed *feed)
{
	return publisher_is_holding(feed->publisher);
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
	bool partial = retention_is_partial(feed->retention, false);

	if (feed->open || retention_deadline(feed->retention) > when)
		return;
	cluster_model_begin(feed->model);
	int err = retention_expire(feed->retention, when);
	if (err <= 0)
		cluster_model_abort(feed->model);
	else
		err = commit(feed, PUBLISH_PART);
	if (err < 0)
		log_error("mesos", "what did not come back could not be taken out error=\"%s\"", err_text(err));
	retention_settle(feed->retention, when, err >= 0);
	if (partial != retention_is_partial(feed->retention, false))
		update_hosts(feed, false); /* a version that says so */
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
	return publisher_is_loaded(feed->publisher);
}

void feed_get_counters(const struct feed *feed, struct feed_counters *out)
{
	const struct publisher_counters *zone = publisher_counters(feed->publisher);

	*out = feed->counters;
	memcpy(out->left_out, zone->left_out, sizeof(out->left_out));
	out->elements = zone->elements;
	out->leader_changes = zone->leader_changes;
	out->pages_touched = zone->pages_touched;
	out->names_touched = zone->names_touched;
	out->guard = zone->guard;
	retention_get_counters(feed->retention, &out->retention);
}
