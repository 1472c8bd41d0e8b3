/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/publisher.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "zone/emit.h"

#define NAMES_PER_ELEMENT 6 /* about; tells a first load how large the zone will be */

struct publisher {
	const struct conf *conf;
	struct zone_store *store;
	struct cluster_model *model;
	struct naming *naming;
	struct addr *servers; /* of the name server's own records */
	size_t server_count;
	void (*call)(void *arg);
	void *call_arg;

	bool apex_made; /* the records that never change are in the zone */
	bool loaded;
	const struct cluster_view *view;   /* the last published, the store's; NULL before the first */
	struct cluster_master last_leader; /* that was published */
	uint64_t records;                  /* of the cluster, in the zone */

	/* the update under way */
	struct zone_emit emit;
	int64_t left_out[NAMING_LEFT_OUT_COUNT];
	bool load;

	struct publisher_counters counters;
};

static int make_servers(struct publisher *p, const struct addr *local, size_t local_count)
{
	const struct conf *conf = p->conf;

	p->servers = calloc(conf->listener_count + local_count + 1, sizeof(p->servers[0]));
	if (!p->servers)
		return ERR_NOMEM;
	for (size_t i = 0; i < conf->listener_count; i++) {
		if (!addr_is_any(&conf->listeners[i])) {
			p->servers[p->server_count++] = conf->listeners[i];
			continue;
		}
		for (size_t j = 0; j < local_count; j++)
			if (local[j].len == conf->listeners[i].len && !addr_is_loopback(&local[j]))
				p->servers[p->server_count++] = local[j];
	}
	return 0;
}

struct publisher *publisher_new(const struct conf *conf, struct zone_store *store, struct cluster_model *model,
	const struct addr *local, size_t local_count)
{
	const struct naming_settings naming = naming_settings_of(conf);
	struct publisher *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->conf = conf;
	p->store = store;
	p->model = model;
	p->counters.guard.share = conf->mass_removal_guard;
	p->naming = naming_new(&naming);
	if (!p->naming || make_servers(p, local, local_count)) {
		publisher_free(p);
		return NULL;
	}
	return p;
}

void publisher_free(struct publisher *p)
{
	if (!p)
		return;
	naming_free(p->naming);
	free(p->servers);
	free(p);
}

void publisher_set_call(struct publisher *p, void (*call)(void *arg), void *arg)
{
	p->call = call;
	p->call_arg = arg;
}

static struct naming_sink emit_sink(struct publisher *p, int change)
{
	p->emit.change = change;
	return zone_emit_sink(&p->emit);
}

static void agent_changed(void *arg, const struct cluster_agent *before, const struct cluster_agent *after)
{
	struct publisher *p = arg;
	struct naming_sink sink = emit_sink(p, -1);

	if (before)
		naming_agent(p->naming, before, &sink);
	sink = emit_sink(p, 1);
	if (after)
		naming_agent(p->naming, after, &sink);
	zone_emit_fold(&p->emit);
}

static void framework_changed(void *arg, const struct cluster_framework *before, const struct cluster_framework *after)
{
	struct publisher *p = arg;
	struct naming_sink sink = emit_sink(p, -1);

	if (before)
		naming_framework(p->naming, before, &sink);
	sink = emit_sink(p, 1);
	if (after)
		naming_framework(p->naming, after, &sink);
}

static void task_changed(void *arg, const struct cluster_task_view *before, const struct cluster_task_view *after)
{
	struct publisher *p = arg;
	struct naming_sink sink = emit_sink(p, -1);

	if (before->task)
		naming_task(p->naming, before->task, before->agent, before->framework, &sink);
	sink = emit_sink(p, 1);
	if (after->task)
		naming_task(p->naming, after->task, after->agent, after->framework, &sink);
	zone_emit_fold(&p->emit);
}

static bool same_masters(const struct cluster_view *a, const struct cluster_view *b)
{
	return a->master_count == b->master_count && !memcmp(&a->leader, &b->leader, sizeof(a->leader)) &&
		!memcmp(a->masters, b->masters, a->master_count * sizeof(a->masters[0]));
}

static void change_masters(struct publisher *p, const struct cluster_view *before, const struct cluster_view *after)
{
	if (before && same_masters(before, after))
		return;
	struct naming_sink sink = emit_sink(p, -1);
	if (before)
		naming_masters(p->naming, &before->leader, before->masters, before->master_count, &sink);
	sink = emit_sink(p, 1);
	naming_masters(p->naming, &after->leader, after->masters, after->master_count, &sink);
}

/* The zone's NS record and the name server's addresses. */
static void make_apex(struct publisher *p)
{
	const char *mname = p->conf->soa_mname;
	struct naming_sink sink = emit_sink(p, 1);
	uint8_t ns[DNAME_MAX];
	size_t ns_len = dname_from_text(ns, mname, strlen(mname)), domain_len;
	const uint8_t *domain = naming_domain(p->naming, &domain_len);

	struct zone_touch *apex = zone_txn_name(p->emit.txn, 0, domain, domain_len);
	zone_txn_change(p->emit.txn, apex, ZONE_RANK_SERVED, 1, RR_NS, p->conf->ttl, ns, (uint16_t)ns_len);
	naming_name_server(p->naming, mname, p->servers, p->server_count, &sink);
}

static void log_commit(const struct publisher *p, const struct zone_commit *commit, bool first)
{
	struct cluster_counts n = cluster_model_counts(p->model);
	struct zone_counters zone;

	if (!first && !log_enabled(LOG_LEVEL_DEBUG))
		return;
	zone_store_counters(p->store, &zone);
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

static void count_leader(struct publisher *p, const struct cluster_master *leader)
{
	if (!leader->addr_count)
		return;
	if (p->last_leader.addr_count && memcmp(&p->last_leader, leader, sizeof(*leader)) != 0)
		p->counters.leader_changes++;
	p->last_leader = *leader;
}

/* Makes the next version of the zone from the model's update, up to where it can still be given up. On an error the
 * update has ended. */
static int prepare(struct publisher *p, bool complete, const struct cluster_view *view)
{
	const struct cluster_changes changes = {.arg = p, .agent = agent_changed, .framework = framework_changed,
		.task = task_changed};

	memcpy(p->left_out, p->counters.left_out, sizeof(p->left_out));
	p->emit = (struct zone_emit){.txn = zone_txn_begin(p->store,
			NAMES_PER_ELEMENT * cluster_model_pending(p->model)), .ttl = p->conf->ttl,
		.left_out = p->left_out};
	if (!p->emit.txn) {
		cluster_model_abort(p->model);
		return ERR_NOMEM;
	}
	int err = cluster_model_prepare(p->model, complete, &changes);
	if (err) {
		zone_txn_abort(p->emit.txn);
		return err;
	}
	change_masters(p, p->view, view);
	if (!p->apex_made)
		make_apex(p);
	if (p->load)
		zone_txn_set_loaded(p->emit.txn);
	err = zone_txn_prepare(p->emit.txn);
	if (err)
		cluster_model_abort(p->model);
	return err;
}

/* Does what was prepared take away more than it may? */
static bool takes_too_much(const struct publisher *p)
{
	uint32_t added, removed;

	zone_txn_counts(p->emit.txn, &added, &removed);
	return p->loaded && guard_trips(&p->counters.guard, p->records, added, removed);
}

/* A whole state was prepared that takes away too much. Lets pass what it brings, but nothing that is gone from it; or
 * nothing of it at all, if what it does name takes as much away. */
static int prepare_held(struct publisher *p, const struct cluster_view *view)
{
	zone_txn_abort(p->emit.txn);
	int err = cluster_model_retract(p->model);
	if (!err)
		err = prepare(p, false, view);
	if (err || !takes_too_much(p))
		return err;
	zone_txn_abort(p->emit.txn);
	cluster_model_abort(p->model);
	cluster_model_begin(p->model);
	return prepare(p, false, view);
}

/* What was prepared becomes the zone. Takes the view. */
static void publish(struct publisher *p, struct cluster_view *view)
{
	struct retired garbage = {0};
	struct zone_commit result;

	cluster_model_finish(p->model, &garbage);
	view->maps = cluster_model_maps(p->model);
	zone_txn_publish(p->emit.txn, view, &garbage, &result);
	p->view = view;
	count_leader(p, &view->leader);
	p->apex_made = true;
	p->loaded |= p->load;
	p->records += result.records_added;
	p->records -= result.records_removed;
	memcpy(p->counters.left_out, p->left_out, sizeof(p->left_out));
	p->counters.pages_touched = result.pages_touched;
	p->counters.names_touched = result.names_touched;
	p->counters.elements = cluster_model_counts(p->model);
	log_commit(p, &result, p->load);
	if (p->call)
		p->call(p->call_arg);
}

int publisher_commit(struct publisher *p, enum publisher_kind kind, struct cluster_view *view, bool load)
{
	struct guard *guard = &p->counters.guard;
	uint32_t added = 0, removed = 0;

	p->load = load && !p->loaded;
	int err = prepare(p, kind == PUBLISH_WHOLE, view);
	bool too_much = !err && kind != PUBLISH_PART && takes_too_much(p);
	bool held = too_much && kind == PUBLISH_WHOLE && !guard->holding;
	if (too_much)
		zone_txn_counts(p->emit.txn, &added, &removed);
	if (held)
		err = prepare_held(p, view);
	if (too_much && kind == PUBLISH_CHECK) {
		zone_txn_abort(p->emit.txn);
		cluster_model_abort(p->model);
		err = ERR_LIMIT;
	}
	if (err) {
		free(view);
		return err;
	}
	if (held)
		guard_hold(guard, p->records, added, removed);
	else if (too_much)
		guard_confirm(guard, p->records, added, removed);
	else if (kind == PUBLISH_WHOLE)
		guard_pass(guard);
	publish(p, view);
	return held;
}

bool publisher_is_loaded(const struct publisher *p)
{
	return p->loaded;
}

bool publisher_is_holding(const struct publisher *p)
{
	return p->counters.guard.holding;
}

const struct publisher_counters *publisher_counters(const struct publisher *p)
{
	return &p->counters;
}
