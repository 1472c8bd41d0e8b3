/* SPDX-License-Identifier: Apache-2.0 */
#include "http/explain.h"

#include <stdlib.h>

#include "base/err.h"
#include "http/explain_json.h"
#include "http/explain_match.h"
#include "http/explain_near.h"

/* The next item, and a hint about those to come: on a walk over all of them, to wait for memory is most of the work. */
static const void *next_item(struct explain *e)
{
	while (e->ahead_count < EXPLAIN_AHEAD) {
		const char *item = pmap_next(&e->it);

		if (!item)
			break;
		__builtin_prefetch(item);
		__builtin_prefetch(item + 64);
		__builtin_prefetch(item + 128);
		__builtin_prefetch(item + 192);
		e->ahead[(e->ahead_first + e->ahead_count++) % EXPLAIN_AHEAD] = item;
	}
	if (!e->ahead_count)
		return NULL;
	e->ahead_count--;
	return e->ahead[e->ahead_first++ % EXPLAIN_AHEAD];
}

/* Is the name one that all agents share? */
static bool is_of_agents(const struct explain *e)
{
	const struct zone_apex *domain = &e->snapshot->zones[0];

	return (e->name.len == 6u + domain->name_len && !memcmp(e->name.wire, "\5slave", 6)) ||
	       (e->name.len == 12u + domain->name_len && !memcmp(e->name.wire, "\6_slave\4_tcp", 12));
}

/* Is it one that tasks can have: of two labels or more? */
static bool is_of_tasks(const struct explain *e)
{
	return dname_labels(e->name.wire) > dname_labels(e->snapshot->zones[0].name) + 1;
}

/* Is it of use to look through the names of the zone, and may others be told of? */
static bool wants_near(const struct explain *e)
{
	const struct zone_node *node = e->name.node;

	return e->name.zone >= 0 && !(node && node->set_count) && e->conf->enumeration_on;
}

/* The first phase from `phase` on that there is something to do in. */
static void enter(struct explain *e, enum explain_phase phase)
{
	const struct cluster_view *cluster = e->name.zone == 0 ? e->snapshot->cluster : NULL;

	if (!cluster && phase < EXPLAIN_NODES)
		phase = EXPLAIN_NODES;
	if (phase == EXPLAIN_AGENTS && !is_of_agents(e))
		phase = EXPLAIN_TASKS;
	if (phase == EXPLAIN_TASKS && !is_of_tasks(e))
		phase = EXPLAIN_NODES;
	if (phase == EXPLAIN_NODES && !wants_near(e))
		phase = EXPLAIN_DONE;
	e->phase = phase;
	switch (phase) {
	case EXPLAIN_FRAMEWORKS:
		e->it = pmap_iter(cluster->maps.of[CLUSTER_FRAMEWORK]);
		break;
	case EXPLAIN_AGENTS:
		e->it = pmap_iter(cluster->maps.of[CLUSTER_AGENT]);
		break;
	case EXPLAIN_TASKS:
		explain_sort_frameworks(e);
		e->it = pmap_iter(cluster->maps.of[CLUSTER_TASK]);
		break;
	case EXPLAIN_NODES:
		if (e->name.zone == 0 && !e->name.node)
			explain_near_derived(e);
		e->it = pmap_iter(e->snapshot->nodes);
		break;
	case EXPLAIN_DONE:
		break;
	}
}

struct explain *explain_new(const struct conf *conf, struct zone_store *store, const char *name, int *err)
{
	struct naming_settings settings = naming_settings_of(conf);
	struct explain *e = calloc(1, sizeof(*e));

	*err = ERR_NOMEM;
	if (!e)
		return NULL;
	e->conf = conf;
	e->store = store;
	e->snapshot = zone_store_pin(store);
	e->naming = naming_new(&settings);
	e->asked = strdup(name);
	if (e->naming && e->asked)
		*err = explain_name_make(&e->name, e->snapshot, name);
	if (*err) {
		explain_free(e);
		return NULL;
	}
	explain_list_records(e);
	if (e->name.zone == 0 && e->snapshot->cluster)
		explain_match_masters(e);
	enter(e, EXPLAIN_FRAMEWORKS);
	return e;
}

void explain_free(struct explain *e)
{
	if (!e)
		return;
	zone_store_unpin(e->store, e->snapshot);
	naming_free(e->naming);
	cluster_builder_fini(&e->task);
	cluster_builder_fini(&e->agent);
	cluster_builder_fini(&e->framework);
	free(e->frameworks);
	free(e->asked);
	free(e);
}

static void look_at(struct explain *e, const void *item)
{
	e->spent++;
	switch (e->phase) {
	case EXPLAIN_FRAMEWORKS:
		explain_match_framework(e, item);
		break;
	case EXPLAIN_AGENTS:
		explain_match_agent(e, item);
		break;
	case EXPLAIN_TASKS:
		explain_match_task(e, item);
		break;
	default:
		explain_near_node(e, item);
	}
}

bool explain_step(struct explain *e, size_t looks)
{
	for (e->spent = 0; e->phase != EXPLAIN_DONE && e->spent < looks;) {
		const void *item = next_item(e);

		if (item)
			look_at(e, item);
		else
			enter(e, e->phase + 1);
	}
	return e->phase == EXPLAIN_DONE;
}

json_t *explain_result(struct explain *e)
{
	return e->failed ? NULL : explain_json(e);
}
