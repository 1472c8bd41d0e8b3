/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/reconcile.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

static void forget(struct reconcile *r)
{
	for (size_t i = 0; i < r->differ_count; i++)
		free(r->differ[i]);
	r->differ_count = 0;
	keyset_fini(&r->touched);
	keyset_fini(&r->seen);
	r->open = false;
}

void reconcile_fini(struct reconcile *r)
{
	forget(r);
	free(r->differ);
	cluster_builder_fini(&r->builder);
	*r = (struct reconcile){0};
}

void reconcile_begin(struct reconcile *r, struct feed *feed, bool tasks, size_t limit)
{
	forget(r);
	r->feed = feed;
	r->tasks = tasks;
	r->limit = limit;
	r->err = 0;
	r->open = true;
}

void reconcile_abort(struct reconcile *r)
{
	forget(r);
}

void reconcile_touch(struct reconcile *r, enum cluster_kind kind, const char *framework_id, size_t framework_len,
	const char *id, size_t id_len)
{
	if (r->open && !r->err)
		r->err = keyset_put(&r->touched, cluster_key_hash(kind, framework_id, framework_len, id, id_len), 0);
}

static bool is_touched(const struct reconcile *r, enum cluster_kind kind, const void *element, struct cluster_text id)
{
	return keyset_get(&r->touched, cluster_key_hash(kind, "", 0, cluster_text(element, id), id.len)) != NULL;
}

/* Did an event say something of it meanwhile, or of what it belongs to? */
static bool is_newer(const struct reconcile *r, const struct cluster_element *e)
{
	const struct cluster_task *task = (const void *)e;

	if (keyset_get(&r->touched, e->hash))
		return true;
	return e->kind == CLUSTER_TASK && (is_touched(r, CLUSTER_AGENT, e, task->agent_id) ||
						  is_touched(r, CLUSTER_FRAMEWORK, e, task->framework_id));
}

static const struct cluster_element *find(const struct reconcile *r, const struct cluster_element *e)
{
	const struct cluster_task *task = (const void *)e;
	struct cluster_text scope = e->kind == CLUSTER_TASK ? task->framework_id : (struct cluster_text){0};

	return feed_find(r->feed, e->kind, cluster_text(e, scope), scope.len, cluster_text(e, e->id), e->id.len);
}

/* The document knows names of hosts where the model has their addresses as well. */
static int finish_like(struct cluster_builder *b, const struct cluster_element *known)
{
	int rc = 0;

	if (known && known->kind == CLUSTER_AGENT) {
		const struct cluster_agent *a = (const void *)known;

		rc = cluster_build_list(
			b, CLUSTER_FIELD(agent, addrs), cluster_list(a, a->addrs), a->addrs.count, sizeof(struct addr));
	} else if (known && known->kind == CLUSTER_FRAMEWORK) {
		const struct cluster_framework *f = (const void *)known;

		rc = cluster_build_list(b, CLUSTER_FIELD(framework, addrs), cluster_list(f, f->addrs), f->addrs.count,
			sizeof(struct addr));
	}
	return rc ? rc : cluster_build_finish(b);
}

static bool says_the_same(const struct cluster_element *a, const struct cluster_element *b)
{
	size_t from = offsetof(struct cluster_element, size);

	return a->size == b->size && !memcmp((const char *)a + from, (const char *)b + from, a->size - from);
}

static int keep(struct reconcile *r, const struct cluster_element *e)
{
	if (r->differ_count == r->limit)
		return ERR_LIMIT;
	if (r->differ_count == r->differ_room) {
		size_t room = r->differ_room ? r->differ_room * 2 : 64;
		struct cluster_element **grown = realloc(r->differ, room * sizeof(*grown));

		if (!grown)
			return ERR_NOMEM;
		r->differ = grown;
		r->differ_room = room;
	}
	struct cluster_element *copy = malloc(e->size);
	if (!copy)
		return ERR_NOMEM;
	memcpy(copy, e, e->size);
	r->differ[r->differ_count++] = copy;
	return 0;
}

void reconcile_element(struct reconcile *r, struct cluster_builder *b)
{
	if (!r->open || r->err)
		return;
	int rc = feed_complete(r->feed, b);
	if (!rc)
		rc = cluster_build_finish(b); /* for its hash */
	const struct cluster_element *known = rc ? NULL : find(r, b->element);
	if (!rc && known && known->kind != CLUSTER_TASK)
		rc = finish_like(b, known);
	if (!rc)
		rc = keyset_put(&r->seen, b->element->hash, 0);
	if (!rc && (!known || !says_the_same(known, b->element)))
		rc = keep(r, b->element);
	r->err = rc;
}

/* Adds what the document does not have, behind what it has. */
static int find_gone(struct reconcile *r)
{
	struct cluster_maps maps = feed_maps(r->feed);

	for (int kind = 0; kind <= (r->tasks ? CLUSTER_TASK : CLUSTER_FRAMEWORK); kind++) {
		struct pmap_iter it = pmap_iter(maps.of[kind]);

		for (const struct cluster_element *e; (e = pmap_next(&it));) {
			if (keyset_get(&r->seen, e->hash) || is_newer(r, e) || feed_keeps(r->feed, e))
				continue;
			int rc = keep(r, e);
			if (rc)
				return rc;
		}
	}
	return 0;
}

static int put_right(struct reconcile *r, size_t put_count)
{
	struct state_sink sink = feed_sink(r->feed);
	int changed = 0, rc = 0;

	feed_events_begin(r->feed);
	for (size_t i = 0; i < r->differ_count && !rc; i++) {
		const struct cluster_element *e = r->differ[i];
		const struct cluster_task *task = (const void *)e;
		struct cluster_text scope = e->kind == CLUSTER_TASK ? task->framework_id : (struct cluster_text){0};

		if (i < put_count && is_newer(r, e))
			continue;
		if (i < put_count) {
			rc = cluster_build_copy(&r->builder, e);
			if (!rc)
				rc = sink.element(sink.ctx, &r->builder);
		} else {
			rc = feed_remove(
				r->feed, e->kind, cluster_text(e, scope), scope.len, cluster_text(e, e->id), e->id.len);
			rc = rc == ERR_NOTFOUND ? 0 : rc; /* it went with its agent or framework */
		}
		changed += !rc;
	}
	int end = feed_check_end(r->feed);
	return rc ? rc : end ? end : changed;
}

int reconcile_end(struct reconcile *r)
{
	size_t put_count = r->differ_count;
	int rc = !r->open ? ERR_NOTFOUND : r->err;

	if (!rc)
		rc = find_gone(r);
	if (!rc && r->differ_count)
		rc = put_right(r, put_count);
	forget(r);
	return rc;
}
