/* SPDX-License-Identifier: Apache-2.0 */
#include "http/census.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/siphash.h"
#include "cluster/model.h"
#include "zone/label.h"

#define TASKS_STEP 2048 /* tasks that a step looks at */
#define RUN        1024 /* tasks that are sorted at once, before runs are merged */

enum phase { PHASE_TASKS, PHASE_RUNS, PHASE_MERGE, PHASE_DONE };

struct http_census {
	unsigned users;
	struct http_census **shared;
	const struct conf *conf;
	struct zone_store *store;
	const struct zone_snapshot *snapshot;
	enum phase phase;
	struct http_census_framework *frameworks; /* by hash until all tasks are there, then by rank */
	size_t framework_count;
	struct pmap_iter iter;
	struct http_census_task *tasks, *spare; /* merging goes from one to the other */
	size_t task_count, room;
	size_t at, width; /* of sorting */
};

static const struct pmap *elements(const struct http_census *c, enum cluster_kind kind)
{
	return c->snapshot->cluster ? c->snapshot->cluster->maps.of[kind] : NULL;
}

static int compare_hashes(const void *va, const void *vb)
{
	const struct http_census_framework *a = va, *b = vb;

	return a->hash < b->hash ? -1 : a->hash > b->hash;
}

static int compare_ranks(const void *va, const void *vb)
{
	const struct http_census_framework *a = va, *b = vb;

	return a->rank < b->rank ? -1 : a->rank > b->rank;
}

static int compare_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return order ? order : a_len < b_len ? -1 : a_len > b_len;
}

static int compare_names(const void *va, const void *vb)
{
	const struct http_census_framework *a = va, *b = vb;
	const struct cluster_framework *fa = a->framework, *fb = b->framework;
	int order = compare_bytes(a->label, a->label_len, b->label, b->label_len);

	if (!order)
		order = compare_bytes(
			cluster_text(fa, fa->name), fa->name.len, cluster_text(fb, fb->name), fb->name.len);
	return order ? order
		     : compare_bytes(
			       cluster_text(fa, fa->e.id), fa->e.id.len, cluster_text(fb, fb->e.id), fb->e.id.len);
}

static bool same_label(const struct http_census_framework *a, const struct http_census_framework *b)
{
	return !compare_bytes(a->label, a->label_len, b->label, b->label_len);
}

static int take_frameworks(struct http_census *c)
{
	const struct pmap *map = elements(c, CLUSTER_FRAMEWORK);
	uint8_t label[DNAME_MAX];
	size_t n = 0;

	if (!map || !map->count)
		return 0;
	c->frameworks = calloc(map->count, sizeof(c->frameworks[0]));
	if (!c->frameworks)
		return ERR_NOMEM;
	struct pmap_iter it = pmap_iter(map);
	for (const struct cluster_framework *f; (f = pmap_next(&it)); n++) {
		size_t len = label_make_fragment(
			label, sizeof(label), cluster_text(f, f->name), f->name.len, c->conf->enforce_rfc952);

		if (len > sizeof(label))
			len = 0; /* none of its tasks has a name */
		struct http_census_framework *item = &c->frameworks[n];
		*item = (struct http_census_framework){.framework = f, .hash = f->e.hash, .label_len = len};
		item->label = malloc(len + 1);
		if (!item->label)
			return ERR_NOMEM;
		c->framework_count++;
		memcpy(item->label, label, len);
	}
	qsort(c->frameworks, n, sizeof(c->frameworks[0]), compare_names);
	for (size_t i = 0; i < n; i++) {
		struct http_census_framework *f = &c->frameworks[i];

		f->rank = (uint32_t)i;
		f->first = !i || !same_label(f - 1, f);
		f->alone = f->first && !(i + 1 < n && same_label(f, f + 1));
	}
	qsort(c->frameworks, n, sizeof(c->frameworks[0]), compare_hashes);
	return 0;
}

static int take_tasks(struct http_census *c)
{
	const struct pmap *map = elements(c, CLUSTER_TASK);

	c->room = map ? map->count : 0;
	if (!c->room)
		return 0;
	c->iter = pmap_iter(map);
	c->tasks = malloc(c->room * sizeof(c->tasks[0]));
	return c->tasks ? 0 : ERR_NOMEM;
}

static void census_free(struct http_census *c)
{
	for (size_t i = 0; i < c->framework_count; i++)
		free(c->frameworks[i].label);
	free(c->frameworks);
	free(c->tasks);
	free(c->spare);
	zone_store_unpin(c->store, c->snapshot);
	free(c);
}

struct http_census *http_census_get(struct http_census **shared, const struct conf *conf, struct zone_store *store)
{
	const struct zone_snapshot *snapshot = zone_store_pin(store);

	if (*shared && (*shared)->snapshot == snapshot) {
		zone_store_unpin(store, snapshot);
		(*shared)->users++;
		return *shared;
	}
	struct http_census *c = calloc(1, sizeof(*c));
	if (!c) {
		zone_store_unpin(store, snapshot);
		return NULL;
	}
	*c = (struct http_census){.users = 1, .shared = shared, .conf = conf, .store = store, .snapshot = snapshot};
	if (take_frameworks(c) || take_tasks(c)) {
		census_free(c);
		return NULL;
	}
	*shared = c;
	return c;
}

void http_census_put(struct http_census *c)
{
	if (--c->users)
		return;
	if (*c->shared == c)
		*c->shared = NULL;
	census_free(c);
}

const struct zone_snapshot *http_census_snapshot(const struct http_census *c)
{
	return c->snapshot;
}

static void take_task(struct http_census *c, const struct cluster_task *t)
{
	const struct cluster_view *view = c->snapshot->cluster;
	struct cluster_text name = t->discovery_name.len ? t->discovery_name : t->name;
	struct http_census_framework key;
	char label[DLABEL_MAX];

	if (t->state != CLUSTER_TASK_RUNNING ||
		!cluster_maps_find(&view->maps, CLUSTER_AGENT, "", 0, cluster_text(t, t->agent_id), t->agent_id.len))
		return;
	key.hash = cluster_key_hash(CLUSTER_FRAMEWORK, "", 0, cluster_text(t, t->framework_id), t->framework_id.len);
	const struct http_census_framework *f =
		bsearch(&key, c->frameworks, c->framework_count, sizeof(key), compare_hashes);
	if (!f)
		return;
	size_t len = label_make(label, cluster_text(t, name), name.len, c->conf->enforce_rfc952);
	c->tasks[c->task_count++] = (struct http_census_task){
		.task = t, .rank = f->rank, .group = (uint32_t)siphash13(&siphash_process_key, label, len)};
}

static int compare_tasks(const void *va, const void *vb)
{
	const struct http_census_task *a = va, *b = vb;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return a->group < b->group ? -1 : a->group > b->group;
}

/* Merges the run at `at` with the one behind it. */
static void merge(struct http_census *c)
{
	const struct http_census_task *a = c->tasks + c->at, *end = c->tasks + c->task_count;
	const struct http_census_task *a_end = (size_t)(end - a) > c->width ? a + c->width : end;
	const struct http_census_task *b = a_end, *b_end = (size_t)(end - b) > c->width ? b + c->width : end;
	struct http_census_task *out = c->spare + c->at;

	while (a < a_end && b < b_end)
		*out++ = compare_tasks(a, b) <= 0 ? *a++ : *b++;
	while (a < a_end)
		*out++ = *a++;
	while (b < b_end)
		*out++ = *b++;
}

static void finish(struct http_census *c)
{
	free(c->spare);
	c->spare = NULL;
	c->phase = PHASE_DONE;
}

static void step_tasks(struct http_census *c)
{
	for (unsigned i = 0; i < TASKS_STEP; i++) {
		const struct cluster_task *t = c->room ? pmap_next(&c->iter) : NULL;

		if (!t) {
			if (c->framework_count)
				qsort(c->frameworks, c->framework_count, sizeof(c->frameworks[0]), compare_ranks);
			c->phase = PHASE_RUNS;
			return;
		}
		take_task(c, t);
	}
}

static void step_runs(struct http_census *c)
{
	size_t left = c->task_count - c->at, n = left < RUN ? left : RUN;

	if (n)
		qsort(c->tasks + c->at, n, sizeof(c->tasks[0]), compare_tasks);
	c->at += n;
	if (c->at < c->task_count)
		return;
	c->at = 0;
	c->width = RUN;
	c->phase = PHASE_MERGE;
}

static int step_merge(struct http_census *c)
{
	if (c->width >= c->task_count) {
		finish(c);
		return 1;
	}
	if (!c->spare)
		c->spare = malloc(c->room * sizeof(c->spare[0]));
	if (!c->spare)
		return ERR_NOMEM;
	merge(c);
	c->at += 2 * c->width;
	if (c->at < c->task_count)
		return 0;
	struct http_census_task *merged = c->spare;
	c->spare = c->tasks;
	c->tasks = merged;
	c->at = 0;
	c->width *= 2;
	return 0;
}

int http_census_step(struct http_census *c)
{
	switch (c->phase) {
	case PHASE_TASKS:
		step_tasks(c);
		return 0;
	case PHASE_RUNS:
		step_runs(c);
		return 0;
	case PHASE_MERGE:
		return step_merge(c);
	default:
		return 1;
	}
}

const struct http_census_framework *http_census_frameworks(const struct http_census *c, size_t *count)
{
	*count = c->framework_count;
	return c->frameworks;
}

const struct http_census_task *http_census_tasks(const struct http_census *c, size_t *count)
{
	*count = c->task_count;
	return c->tasks;
}
