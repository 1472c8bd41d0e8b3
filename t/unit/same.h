/* SPDX-License-Identifier: Apache-2.0 */
/* Two feeds that must have come to the same. */
#ifndef T_UNIT_SAME_H
#define T_UNIT_SAME_H

#include "t/unit/feed.h"

/* The lines of one dump that the other has not. */
static inline void print_missing(const char *dump, const char *other, const char *who)
{
	for (const char *at = dump, *end; (end = strchr(at, '\n')); at = end + 1) {
		char line[1200];

		snprintf(line, sizeof(line), "%.*s", (int)(end + 1 - at), at);
		if (!strstr(other, line))
			print_error("only %s has %s", who, line);
	}
}

static inline void same_zone(const struct rig *got, const struct rig *wanted, const char *where)
{
	char *a = rig_dump(got), *b = rig_dump(wanted);

	if (strcmp(a, b) != 0) {
		print_missing(a, b, "the stream");
		print_missing(b, a, "the document");
		fail_msg("%s: another zone", where);
	}
	free(a);
	free(b);
}

static bool is_over(const struct cluster_element *e)
{
	const struct cluster_task *task = (const void *)e;

	return e->kind == CLUSTER_TASK &&
	       (task->state == CLUSTER_TASK_TERMINAL || task->state == CLUSTER_TASK_UNREACHABLE);
}

/* What can be seen of an element. */
static inline const char *describe(const struct cluster_element *e, char *out, size_t size)
{
	const struct cluster_task *t = (const void *)e;
	const struct cluster_framework *f = (const void *)e;
	const struct cluster_agent *a = (const void *)e;

	if (e->kind == CLUSTER_TASK)
		snprintf(out, size,
			"task %s of %s on %s name=%s discovery=%s ports=%u ranges=%u netinfo=%u labels=%u+%u state=%u "
			"health=%u mapped=%u time=%llu",
			cluster_text(e, e->id), cluster_text(e, t->framework_id), cluster_text(e, t->agent_id),
			cluster_text(e, t->name), cluster_text(e, t->discovery_name), t->discovery_ports.count,
			t->port_ranges.count, t->netinfo.count, t->mesos_label.count, t->docker_label.count, t->state,
			t->health, t->host_port_mapped, (unsigned long long)t->status_time);
	else if (e->kind == CLUSTER_FRAMEWORK)
		snprintf(out, size, "framework %s name=%s host=%s addrs=%u port=%u active=%u", cluster_text(e, e->id),
			cluster_text(e, f->name), cluster_text(e, f->host), f->addrs.count, f->port, f->active);
	else
		snprintf(out, size, "agent %s hostname=%s host=%s addrs=%u port=%u active=%u", cluster_text(e, e->id),
			cluster_text(e, a->hostname), cluster_text(e, a->host), a->addrs.count, a->port, a->active);
	return out;
}

static size_t compare_maps(const struct rig *a, const struct rig *b, bool active_too, const char *where)
{
	struct cluster_maps of_a = feed_maps(a->feed), of_b = feed_maps(b->feed);
	char text[2][2048];
	size_t count = 0;

	for (int kind = 0; kind <= CLUSTER_TASK; kind++) {
		struct pmap_iter it = pmap_iter(of_a.of[kind]);

		for (const struct cluster_element *e; (e = pmap_next(&it));) {
			const struct cluster_task *task = (const void *)e;
			struct cluster_text scope =
				kind == CLUSTER_TASK ? task->framework_id : (struct cluster_text){0};
			const struct cluster_element *other = cluster_maps_find(
				&of_b, kind, cluster_text(e, scope), scope.len, cluster_text(e, e->id), e->id.len);
			const size_t from = offsetof(struct cluster_element, size);

			if (is_over(e))
				continue;
			if (!other)
				fail_msg("%s: only one has %s", where, describe(e, text[0], sizeof(text[0])));
			struct cluster_builder b2 = {0};
			assert_int_equal(cluster_build_copy(&b2, e), 0);
			if (kind == CLUSTER_FRAMEWORK && !active_too)
				b2.framework->active = ((const struct cluster_framework *)(const void *)other)->active;
			if (b2.element->size != other->size ||
				memcmp((char *)b2.element + from, (const char *)other + from, other->size - from) != 0)
				fail_msg("%s: one has\n%s\nand the other\n%s", where,
					describe(e, text[0], sizeof(text[0])),
					describe(other, text[1], sizeof(text[1])));
			cluster_builder_fini(&b2);
			count++;
		}
	}
	return count;
}

/* Both have the same elements, byte for byte, but for what events do not tell: whether schedulers are connected. */
static inline size_t same_elements(const struct rig *a, const struct rig *b, bool active_too, const char *where)
{
	compare_maps(a, b, active_too, where);
	return compare_maps(b, a, active_too, where);
}

#endif
