/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/state_task.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define TEXTS_MIN 1024u

void state_task_fini(struct state_task *t)
{
	free(t->texts);
	t->texts = NULL;
}

static void status_clear(struct state_status *s)
{
	s->valid = s->running = s->network_infos = s->mapped = false;
	s->health = CLUSTER_HEALTH_UNKNOWN;
	s->time = 0;
	s->netinfo.count = s->mesos.count = s->docker.count = 0;
}

void state_task_begin(struct state_task *t)
{
	status_clear(&t->newest);
	status_clear(&t->carrier);
	t->mapped = t->status_mapped = false;
	t->port_count = t->range_count = 0;
	t->texts_len = 0;
}

void state_status_begin(struct state_task *t)
{
	status_clear(&t->status);
}

static void addrs_copy(struct state_addrs *to, const struct state_addrs *from)
{
	to->count = from->count;
	memcpy(to->items, from->items, from->count * sizeof(from->items[0]));
}

void state_status_end(struct state_task *t)
{
	const struct state_status *s = &t->status;

	if (!s->running)
		return;
	t->status_mapped |= s->mapped;
	/* Of two of the same time the later in the list counts: masters append. */
	if (!t->newest.valid || s->time >= t->newest.time) {
		t->newest.valid = true;
		t->newest.time = s->time;
		t->newest.health = s->health;
		addrs_copy(&t->newest.mesos, &s->mesos);
		addrs_copy(&t->newest.docker, &s->docker);
	}
	if (s->network_infos && (!t->carrier.valid || s->time >= t->carrier.time)) {
		t->carrier.valid = true;
		t->carrier.time = s->time;
		addrs_copy(&t->carrier.netinfo, &s->netinfo);
	}
}

int state_addrs_add(struct state_addrs *addrs, const char *text, size_t len)
{
	struct addr a;
	int rc = addr_parse(&a, text, len);

	if (rc)
		return rc;
	if (addrs->count == CLUSTER_ADDRS_MAX)
		return ERR_LIMIT;
	addr_unmap(&a);
	addrs->items[addrs->count++] = a;
	return 0;
}

int state_port_text(struct state_task *t, const char *text, size_t len, uint32_t *at, uint32_t *at_len)
{
	if (len > CLUSTER_TEXT_MAX)
		return ERR_LIMIT;
	if (len > t->texts_room - t->texts_len) {
		uint32_t room = t->texts_room ? t->texts_room * 2 : TEXTS_MIN;

		/* A port can repeat its keys: the texts of all ports at their longest are enough for anybody.
		 */
		if (room > 4 * CLUSTER_PORTS_MAX * CLUSTER_TEXT_MAX)
			return ERR_LIMIT;
		char *grown = realloc(t->texts, room);
		if (!grown)
			return ERR_NOMEM;
		t->texts = grown;
		t->texts_room = room;
	}
	if (len)
		memcpy(t->texts + t->texts_len, text, len);
	*at = t->texts_len;
	*at_len = (uint32_t)len;
	t->texts_len += (uint32_t)len;
	return 0;
}

static int add_addrs(struct cluster_builder *b, size_t field, const struct state_addrs *addrs)
{
	return addrs->count ? cluster_build_list(b, field, addrs->items, addrs->count, sizeof(addrs->items[0])) : 0;
}

int state_range_add(struct state_task *t, double first, double last)
{
	if (!(first >= 0 && last >= first && last <= UINT16_MAX && first == (uint16_t)first && last == (uint16_t)last))
		return ERR_RANGE;
	if (t->range_count == CLUSTER_RANGES_MAX)
		return ERR_LIMIT;
	t->ranges[t->range_count++] = (struct cluster_port_range){(uint16_t)first, (uint16_t)last};
	return 0;
}

static int compare_ranges(const void *va, const void *vb)
{
	const struct cluster_port_range *a = va, *b = vb;

	return a->first != b->first ? (a->first < b->first ? -1 : 1) : a->last < b->last ? -1 : a->last > b->last;
}

void state_ranges_join(struct state_task *t)
{
	uint32_t kept = 0;

	if (t->range_count < 2)
		return;
	qsort(t->ranges, t->range_count, sizeof(t->ranges[0]), compare_ranges);
	for (uint32_t i = 1; i < t->range_count; i++) {
		struct cluster_port_range *last = &t->ranges[kept];

		if (t->ranges[i].first > last->last + 1)
			t->ranges[++kept] = t->ranges[i];
		else if (t->ranges[i].last > last->last)
			last->last = t->ranges[i].last;
	}
	t->range_count = kept + 1;
}

int state_task_end(struct state_task *t, struct cluster_builder *b)
{
	b->task->host_port_mapped =
		(t->mapped ? CLUSTER_MAPPED_CONTAINER : 0) | (t->status_mapped ? CLUSTER_MAPPED_STATUS : 0);
	b->task->health = (uint16_t)t->newest.health;
	b->task->status_time = t->newest.time;
	int rc = add_addrs(b, CLUSTER_FIELD(task, netinfo), &t->carrier.netinfo);
	if (!rc)
		rc = add_addrs(b, CLUSTER_FIELD(task, mesos_label), &t->newest.mesos);
	if (!rc)
		rc = add_addrs(b, CLUSTER_FIELD(task, docker_label), &t->newest.docker);
	if (!rc && t->range_count)
		rc = cluster_build_list(
			b, CLUSTER_FIELD(task, port_ranges), t->ranges, t->range_count, sizeof(t->ranges[0]));
	if (rc || !t->port_count)
		return rc;
	const char *texts = t->texts ? t->texts : ""; /* no port has had any */
	for (uint32_t i = 0; i < t->port_count; i++) {
		const struct state_port *p = &t->ports[i];

		t->inputs[i] = (struct cluster_port_input){.name = texts + p->name,
			.name_len = p->name_len,
			.protocol = texts + p->protocol,
			.protocol_len = p->protocol_len,
			.number = p->number};
	}
	return cluster_build_ports(b, t->inputs, t->port_count);
}

static int set_addrs(struct cluster_builder *b, size_t field, const struct state_addrs *addrs)
{
	return cluster_build_list(b, field, addrs->items, addrs->count, sizeof(addrs->items[0]));
}

int state_task_add_status(struct cluster_builder *b, const struct state_status *s)
{
	/* Of a task that runs, the last status in the list is a running one: the new one takes its place. */
	bool alone = b->task->state == CLUSTER_TASK_RUNNING || !b->task->status_time;
	int rc = 0;

	if (!s->running)
		return 0;
	if (alone)
		b->task->host_port_mapped &= CLUSTER_MAPPED_CONTAINER;
	if (s->mapped)
		b->task->host_port_mapped |= CLUSTER_MAPPED_STATUS;
	if (!alone && s->time < b->task->status_time)
		return 0;
	b->task->health = (uint16_t)s->health;
	b->task->status_time = s->time;
	if (alone || s->network_infos)
		rc = set_addrs(b, CLUSTER_FIELD(task, netinfo), &s->netinfo);
	if (!rc)
		rc = set_addrs(b, CLUSTER_FIELD(task, mesos_label), &s->mesos);
	if (!rc)
		rc = set_addrs(b, CLUSTER_FIELD(task, docker_label), &s->docker);
	return rc;
}
