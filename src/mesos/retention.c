/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/retention.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "mesos/keyset.h"

#define MASTER_ID_MAX 127
#define RETRY         1.0

enum wait_state {
	WAITING, /* not named so far */
	BACK,    /* an agent: named; its tasks may follow */
	OVER,
};

struct wait {
	uint64_t hash;
	double until;
	uint8_t kind; /* enum cluster_kind: an agent or framework */
	uint8_t state;
};

struct waits {
	struct wait *items;
	size_t count, room;
	struct keyset index; /* hash to place in items */
};

/* What identifies a master. */
struct identity {
	char id[MASTER_ID_MAX + 1]; /* of its start; "" if not known */
	struct addr addr;
	uint16_t port;
};

struct retention {
	struct cluster_model *model;
	struct waits waits;
	uint32_t agents, frameworks; /* in state WAITING */
	struct identity master;
	bool known;     /* a document was taken in */
	double timeout; /* as last told */
	bool in_memory; /* likewise: masters know no agents from before their start */
	uint64_t since; /* the update of the last document */
	double first;   /* of the waits: when, at the earliest, one of them is over */
	struct retention_counters counters;

	/* whether there are agents of which nothing was ever known */
	bool whole;              /* once there was none; they do not matter any more */
	struct keyset recovered; /* as the last document lists them; not 0: known */
	uint32_t unknown;        /* of them */
	double partial_until;    /* INFINITY: the cluster is not partial */
	double settled;          /* when the last that came back will have its tasks */

	/* the document under way */
	struct {
		struct identity master;
		bool list;
		struct keyset recovered, completed;
		/* once it is decided */
		struct waits waits;
		uint32_t agents, frameworks, back; /* waited for; agents that were, and are named */
		uint32_t unknown;
		double partial_until;
		size_t tasks;
		bool changed, blank; /* another master, or another start of it; it knows of no agent */
	} next;
};

static void waits_clear(struct waits *waits)
{
	waits->count = 0;
	keyset_clear(&waits->index);
}

static void waits_fini(struct waits *waits)
{
	free(waits->items);
	keyset_fini(&waits->index);
}

static int waits_add(struct waits *waits, const struct cluster_element *e, double until)
{
	if (waits->count == waits->room) {
		size_t room = waits->room ? waits->room * 2 : 64;
		struct wait *items = realloc(waits->items, room * sizeof(*items));

		if (!items)
			return ERR_NOMEM;
		waits->items = items;
		waits->room = room;
	}
	waits->items[waits->count] =
		(struct wait){.hash = e->hash, .until = until, .kind = (uint8_t)e->kind, .state = WAITING};
	return keyset_put(&waits->index, e->hash, (uint32_t)waits->count++);
}

static struct wait *waits_find(const struct waits *waits, uint64_t hash)
{
	const uint32_t *at = keyset_get(&waits->index, hash);

	return at && waits->items[*at].state != OVER ? &waits->items[*at] : NULL;
}

struct retention *retention_new(struct cluster_model *model)
{
	struct retention *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->model = model;
	r->timeout = RETENTION_TIMEOUT;
	r->first = r->partial_until = INFINITY;
	return r;
}

void retention_free(struct retention *r)
{
	if (!r)
		return;
	waits_fini(&r->waits);
	waits_fini(&r->next.waits);
	keyset_fini(&r->recovered);
	keyset_fini(&r->next.recovered);
	keyset_fini(&r->next.completed);
	free(r);
}

/* A document. */

void retention_begin(struct retention *r)
{
	r->next.master = (struct identity){0};
	r->next.list = false;
	keyset_clear(&r->next.recovered);
	keyset_clear(&r->next.completed);
}

void retention_master_id(struct retention *r, const char *id, size_t len)
{
	if (len > MASTER_ID_MAX)
		len = 0;
	if (len)
		memcpy(r->next.master.id, id, len);
	r->next.master.id[len] = '\0';
}

void retention_timeout(struct retention *r, const char *text, size_t len)
{
	double seconds;

	if (!cluster_parse_duration(text, len, &seconds) && seconds > 0)
		r->timeout = seconds < RETENTION_TIMEOUT_MAX ? seconds : RETENTION_TIMEOUT_MAX;
}

void retention_registry(struct retention *r, const char *text, size_t len)
{
	static const char in_memory[] = "in_memory";

	r->in_memory = len == sizeof(in_memory) - 1 && !memcmp(text, in_memory, len);
}

void retention_recovered_list(struct retention *r)
{
	r->next.list = true;
}

int retention_recovered(struct retention *r, const char *id, size_t len)
{
	r->next.list = true;
	return keyset_put(&r->next.recovered, cluster_key_hash(CLUSTER_AGENT, "", 0, id, len), 0);
}

int retention_completed(struct retention *r, const char *id, size_t len)
{
	return keyset_put(&r->next.completed, cluster_key_hash(CLUSTER_FRAMEWORK, "", 0, id, len), 0);
}

static bool same_id(const struct identity *a, const struct identity *b)
{
	return a->id[0] && !strcmp(a->id, b->id);
}

static bool same_address(const struct identity *a, const struct identity *b)
{
	return a->port == b->port && addr_equal(&a->addr, &b->addr);
}

static bool is_another(const struct identity *a, const struct identity *b)
{
	return a->id[0] && b->id[0] ? !same_id(a, b) : !same_address(a, b);
}

/* Is the framework with this id gone for good, as the document has it? */
static bool is_completed(const struct retention *r, const void *element, struct cluster_text id)
{
	return r->next.completed.count && keyset_get(&r->next.completed,
		cluster_key_hash(CLUSTER_FRAMEWORK, "", 0, cluster_text(element, id), id.len));
}

static void keep_task(void *arg, const struct cluster_element *e)
{
	struct retention *r = arg;
	const struct cluster_task *task = (const void *)e;

	if (cluster_named_since(e, cluster_model_update(r->model)) || is_completed(r, task, task->framework_id))
		return;
	cluster_model_keep(r->model, e);
	r->next.tasks++;
}

/* Is a document that knows of no agent one of a master that has read its registry? It is if that start of the master
 * knew agents before. A snapshot of the event stream tells no id, but is not given before the registry was read. */
static bool has_read_registry(const struct retention *r)
{
	if (r->next.master.id[0])
		return same_id(&r->next.master, &r->master);
	return r->next.list && same_address(&r->next.master, &r->master);
}

/* How long the agent, which the document does not name, is waited for. */
static double agent_until(const struct retention *r, const struct cluster_element *e, double now)
{
	const struct wait *old = waits_find(&r->waits, e->hash);
	bool waiting = old && old->state == WAITING;

	if (!keyset_get(&r->next.recovered, e->hash)) {
		bool changed = r->next.changed || (r->in_memory && !r->next.master.id[0]);
		bool doubt = r->next.blank ? !has_read_registry(r) : !r->next.list && changed;

		if (!doubt && !(waiting && (r->next.blank || !r->next.list)))
			return 0;
	}
	return waiting && !r->next.changed ? old->until : now + r->timeout;
}

/* The agent of the model is no stranger. Not 0: there is no memory. */
static int know(struct keyset *recovered, uint64_t hash, uint32_t *unknown)
{
	const uint32_t *known = recovered->count ? keyset_get(recovered, hash) : NULL;

	if (!known || *known)
		return 0;
	--*unknown;
	return keyset_put(recovered, hash, 1);
}

static int decide_partial(struct retention *r, double now)
{
	struct cluster_maps maps = cluster_model_maps(r->model);
	struct pmap_iter it = pmap_iter(maps.of[CLUSTER_AGENT]);
	bool is_partial = !isinf(r->partial_until);
	int err = 0;

	r->next.partial_until = INFINITY;
	r->next.unknown = r->whole ? 0 : (uint32_t)r->next.recovered.count;
	for (const struct cluster_element *e; r->next.unknown && !err && (e = pmap_next(&it));)
		err = know(&r->next.recovered, e->hash, &r->next.unknown);
	if (r->next.unknown || (r->next.blank && is_partial))
		r->next.partial_until = is_partial && !r->next.changed ? r->partial_until : now + r->timeout;
	return err;
}

static int decide_agents(struct retention *r, double now)
{
	struct cluster_maps maps = cluster_model_maps(r->model);
	struct pmap_iter it = pmap_iter(maps.of[CLUSTER_AGENT]);
	uint64_t update = cluster_model_update(r->model);

	for (const struct cluster_element *e; (e = pmap_next(&it));) {
		if (cluster_named_since(e, update)) {
			const struct wait *old = waits_find(&r->waits, e->hash);

			r->next.back += old && old->state == WAITING;
			continue;
		}
		double until = agent_until(r, e, now);
		if (until <= now)
			continue;
		if (waits_add(&r->next.waits, e, until))
			return ERR_NOMEM;
		r->next.agents++;
		cluster_model_keep(r->model, e);
		cluster_tasks_of(e, keep_task, r);
	}
	return 0;
}

struct census {
	uint64_t update;
	bool any; /* tasks that stay, or orphans */
};

static void look_for_tasks(void *arg, const struct cluster_element *task)
{
	struct census *census = arg;

	census->any |= cluster_kept_in(task, census->update) || cluster_named_since(task, census->update);
}

static int decide_frameworks(struct retention *r, double now)
{
	struct cluster_maps maps = cluster_model_maps(r->model);
	struct pmap_iter it = pmap_iter(maps.of[CLUSTER_FRAMEWORK]);
	struct census census = {.update = cluster_model_update(r->model)};

	for (const struct cluster_element *e; (e = pmap_next(&it));) {
		if (cluster_named_since(e, census.update) || is_completed(r, e, e->id))
			continue;
		const struct wait *old = waits_find(&r->waits, e->hash);
		double until = old && !r->next.changed ? old->until : now + RETENTION_FRAMEWORKS;
		bool doubt = (old || r->next.changed || r->next.agents) && until > now;
		census.any = false;
		cluster_tasks_of(e, look_for_tasks, &census);
		if (!census.any && !doubt)
			continue;
		if (waits_add(&r->next.waits, e, until))
			return ERR_NOMEM;
		r->next.frameworks++;
		cluster_model_keep(r->model, e);
	}
	return 0;
}

int retention_decide(struct retention *r, const struct cluster_master *leader, size_t agents, double now)
{
	waits_clear(&r->next.waits);
	r->next.agents = r->next.frameworks = r->next.back = 0;
	r->next.tasks = 0;
	r->next.master.addr = leader->addr_count ? leader->addrs[0] : (struct addr){0};
	r->next.master.port = leader->port;
	r->next.changed = r->known && is_another(&r->next.master, &r->master);
	r->next.blank = !agents && !r->next.recovered.count;
	if (r->in_memory && !r->next.recovered.count)
		r->next.list = false;
	int err = decide_agents(r, now);
	if (!err)
		err = decide_frameworks(r, now);
	return err ? err : decide_partial(r, now);
}

static void find_first(struct retention *r)
{
	r->first = INFINITY;
	for (size_t i = 0; i < r->waits.count; i++)
		if (r->waits.items[i].state != OVER && r->waits.items[i].until < r->first)
			r->first = r->waits.items[i].until;
	if (isinf(r->first))
		waits_clear(&r->waits);
}

/* Nothing is unknown any more, or it has been for long enough. */
static void become_whole(struct retention *r)
{
	if (r->unknown)
		log_warn("mesos", "agents of whose tasks nothing is known did not come back in time, what is not known"
			" is denied from now on agents=%u", r->unknown);
	else
		log_info("mesos", "the whole cluster is known");
	r->whole = true;
	r->unknown = 0;
	r->partial_until = INFINITY;
	keyset_fini(&r->recovered);
}

static void accept_partial(struct retention *r)
{
	struct keyset last = r->recovered;
	bool was_partial = !isinf(r->partial_until);

	if (r->whole)
		return;
	r->recovered = r->next.recovered;
	r->next.recovered = last;
	r->unknown = r->next.unknown;
	r->partial_until = r->next.partial_until;
	if (isinf(r->partial_until) && was_partial)
		become_whole(r);
	else if (isinf(r->partial_until))
		r->whole = !r->next.blank;
	else if (!was_partial)
		log_warn("mesos", "the master waits for agents of whose tasks nothing is known, nothing is denied"
			" meanwhile agents=%u seconds=%.0f", r->unknown, r->timeout);
}

void retention_accept(struct retention *r)
{
	struct waits last = r->waits;
	bool waited = r->agents > 0;

	r->waits = r->next.waits;
	r->next.waits = last;
	find_first(r);
	r->agents = r->next.agents;
	r->frameworks = r->next.frameworks;
	if (!r->next.master.id[0] && same_address(&r->next.master, &r->master))
		memcpy(r->next.master.id, r->master.id, sizeof(r->master.id));
	r->master = r->next.master;
	r->since = cluster_model_update(r->model);
	r->known = true;
	r->counters.back += r->next.back;
	accept_partial(r);
	if (r->agents && (!waited || r->next.changed)) {
		r->counters.takeovers++;
		log_info("mesos",
			"the master does not know all agents yet, what was known of the others is kept why=%s"
			" agents=%u tasks=%zu frameworks=%u seconds=%.0f",
			r->next.blank  ? "no_agents"
			: r->next.list ? "recovering"
				       : "new_master",
			r->agents, r->next.tasks, r->frameworks, r->timeout);
	} else if (waited && !r->agents) {
		log_info("mesos", "the master knows all agents again");
	}
}

/* Events. */

static void leave_waiting(struct retention *r, const struct wait *wait)
{
	if (wait->state == WAITING)
		*(wait->kind == CLUSTER_AGENT ? &r->agents : &r->frameworks) -= 1;
	if (wait->state == WAITING && wait->kind == CLUSTER_AGENT && !r->agents)
		log_info("mesos", "the master knows all agents again");
}

/* An event has told of one that may have been unknown. */
static void know_by_event(struct retention *r, uint64_t hash)
{
	if (r->unknown && !know(&r->recovered, hash, &r->unknown) && !r->unknown && r->settled < r->partial_until)
		r->partial_until = r->settled;
}

void retention_named(struct retention *r, const struct cluster_element *e, double now)
{
	struct wait *wait = r->waits.count ? waits_find(&r->waits, e->hash) : NULL;

	if (r->unknown && e->kind == CLUSTER_AGENT) {
		r->settled = now + RETENTION_SETTLE;
		know_by_event(r, e->hash);
	}
	if (!wait || wait->state != WAITING)
		return;
	leave_waiting(r, wait);
	wait->state = wait->kind == CLUSTER_AGENT ? BACK : OVER;
	wait->until = now + RETENTION_SETTLE;
	if (wait->until < r->first)
		r->first = wait->until;
	r->counters.back += wait->kind == CLUSTER_AGENT;
}

void retention_removed(struct retention *r, uint64_t hash)
{
	struct wait *wait = r->waits.count ? waits_find(&r->waits, hash) : NULL;

	know_by_event(r, hash);
	if (!wait)
		return;
	leave_waiting(r, wait);
	wait->state = OVER;
}

double retention_deadline(const struct retention *r)
{
	double first = r->first < r->partial_until ? r->first : r->partial_until;

	if (isinf(first))
		return first;
	int64_t whole = (int64_t)first;
	return (double)(whole + (first > (double)whole));
}

static bool has_hash(const void *item, const void *key)
{
	return ((const struct cluster_element *)item)->hash == *(const uint64_t *)key;
}

static const struct cluster_element *element_of(const struct retention *r, const struct wait *wait)
{
	struct cluster_maps maps = cluster_model_maps(r->model);

	return pmap_find(maps.of[wait->kind], wait->hash, has_hash, &wait->hash);
}

struct sweep {
	struct retention *r;
	int err, count;
};

static void drop_unnamed(void *arg, const struct cluster_element *task)
{
	struct sweep *sweep = arg;

	if (sweep->err || cluster_named_since(task, sweep->r->since))
		return;
	sweep->err = cluster_model_drop(sweep->r->model, task);
	sweep->count += !sweep->err;
}

static void count_task(void *arg, const struct cluster_element *task)
{
	++*(size_t *)arg;
}

static bool has_tasks(const struct cluster_element *e)
{
	size_t count = 0;

	cluster_tasks_of(e, count_task, &count);
	return count > 0;
}

int retention_expire(struct retention *r, double now)
{
	struct sweep sweep = {.r = r};

	for (size_t i = 0; i < r->waits.count && !sweep.err; i++) {
		const struct wait *wait = &r->waits.items[i];
		const struct cluster_element *e =
			wait->state != OVER && wait->until <= now ? element_of(r, wait) : NULL;

		if (!e)
			continue;
		if (wait->state == BACK || wait->kind == CLUSTER_AGENT)
			cluster_tasks_of(e, drop_unnamed, &sweep);
		if (!sweep.err && wait->state == WAITING && (wait->kind == CLUSTER_AGENT || !has_tasks(e))) {
			sweep.err = cluster_model_drop(r->model, e);
			sweep.count += !sweep.err;
		}
	}
	return sweep.err ? sweep.err : sweep.count;
}

void retention_settle(struct retention *r, double now, bool done)
{
	uint32_t given_up = 0;

	if (r->partial_until <= now)
		become_whole(r);
	for (size_t i = 0; i < r->waits.count; i++) {
		struct wait *wait = &r->waits.items[i];

		if (wait->state == OVER || wait->until > now)
			continue;
		if (!done) {
			wait->until = now + RETRY;
			continue;
		}
		if (wait->kind == CLUSTER_FRAMEWORK && element_of(r, wait)) {
			wait->until = now + RETENTION_FRAMEWORKS; /* it has tasks still */
			continue;
		}
		if (wait->state == WAITING) {
			given_up += wait->kind == CLUSTER_AGENT;
			*(wait->kind == CLUSTER_AGENT ? &r->agents : &r->frameworks) -= 1;
		}
		wait->state = OVER;
	}
	find_first(r);
	r->counters.given_up += given_up;
	if (given_up)
		log_warn("mesos", "agents did not come back to the master in time, they are given up agents=%u",
			given_up);
}

bool retention_keeps(const struct retention *r, const struct cluster_element *e)
{
	const struct cluster_task *task = (const void *)e;
	const struct wait *wait;

	if (!r->waits.count)
		return false;
	if (e->kind == CLUSTER_TASK)
		return !cluster_named_since(e, r->since) && waits_find(&r->waits,
			cluster_key_hash(CLUSTER_AGENT, "", 0, cluster_text(task, task->agent_id), task->agent_id.len));
	wait = waits_find(&r->waits, e->hash); /* late addresses of its host have named it, too */
	return wait && wait->state == WAITING;
}

bool retention_is_partial(const struct retention *r, bool next)
{
	return !isinf(next ? r->next.partial_until : r->partial_until);
}

void retention_get_counters(const struct retention *r, struct retention_counters *out)
{
	*out = r->counters;
	out->agents = r->agents;
	out->frameworks = r->frameworks;
	out->unknown = r->unknown;
	out->partial = retention_is_partial(r, false);
}
