/* SPDX-License-Identifier: Apache-2.0 */
/* Explanations of names in clusters made for it, and what is in them. */
#ifndef T_UNIT_EXPLAIN_H
#define T_UNIT_EXPLAIN_H

#include "t/unit/feed.h"

#include "http/explain.h"
#include "t/unit/cluster.h"

static inline json_t *explain_in_steps(struct rig *rig, const char *name, size_t step)
{
	int err;
	struct explain *e = explain_new(&rig->conf, rig->store, name, &err);

	assert_non_null(e);
	while (!explain_step(e, step)) {
	}
	json_t *answer = explain_result(e);
	assert_non_null(answer);
	explain_free(e);
	return answer;
}

static const char *text_at(const json_t *value, const char *key)
{
	const char *text = json_string_value(json_object_get(value, key));

	return text ? text : "";
}

/* The item of a list whose `key` is `text`. */
static const json_t *item_of(const json_t *answer, const char *list, const char *key, const char *text)
{
	size_t i;
	json_t *item;

	json_array_foreach(json_object_get(answer, list), i, item)
		if (!strcmp(text_at(item, key), text))
			return item;
	return NULL;
}

#define LONG "a-very-long-name-of-a-task-that-leaves-no-room-for-what-comes-after"

static inline void give(struct rig *rig, struct cluster_builder *b)
{
	struct state_sink sink = feed_sink(rig->feed);

	assert_int_equal(sink.element(sink.ctx, b), 0);
}

static inline void give_agent(struct rig *rig, struct cluster_builder *b, const struct agent_spec *spec)
{
	assert_int_equal(cluster_build_start(b, CLUSTER_AGENT), 0);
	put_text(b, CLUSTER_FIELD(agent, e.id), spec->id);
	put_text(b, CLUSTER_FIELD(agent, hostname), "host.example");
	put_text(b, CLUSTER_FIELD(agent, host), spec->addrs);
	b->agent->port = spec->port;
	give(rig, b);
}

static inline void give_framework(struct rig *rig, struct cluster_builder *b, const struct framework_spec *spec)
{
	assert_int_equal(cluster_build_start(b, CLUSTER_FRAMEWORK), 0);
	put_text(b, CLUSTER_FIELD(framework, e.id), spec->id);
	put_text(b, CLUSTER_FIELD(framework, name), spec->name);
	put_text(b, CLUSTER_FIELD(framework, host), spec->addrs);
	b->framework->port = spec->port;
	give(rig, b);
}

static inline void give_task(struct rig *rig, struct cluster_builder *b, const struct task_spec *spec)
{
	struct cluster_builder copy = {0};

	build_task(b, spec);
	assert_int_equal(cluster_build_copy(&copy, b->element), 0);
	give(rig, &copy);
	cluster_builder_fini(&copy);
}

static const struct cluster_master leader = {
	.addrs = {{.bytes = {127, 0, 0, 1}, .len = 4}}, .addr_count = 1, .port = 15050};

static inline json_t *explain(struct rig *rig, const char *name)
{
	return explain_in_steps(rig, name, EXPLAIN_STEP);
}

static inline void assert_answer(const json_t *answer, const char *expected)
{
	assert_string_equal(text_at(answer, "answer"), expected);
}

#endif
