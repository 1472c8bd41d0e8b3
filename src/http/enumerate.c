/* SPDX-License-Identifier: Apache-2.0 */
#include "http/enumerate.h"

#include <microhttpd.h>
#include <stdlib.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/siphash.h"
#include "cluster/model.h"
#include "http/census.h"
#include "http/lookup.h"
#include "http/parts.h"
#include "http/seen.h"
#include "http/zone_text.h"
#include "zone/naming.h"
#include "zone/record.h"

#define PIECE 8192 /* bytes that a step makes, and then it ends the task that it is at */

struct enumeration {
	struct http_census *census;
	const struct zone_snapshot *snapshot;
	struct naming *naming;
	struct http_json json;
	bool begun;
	size_t framework, task; /* the next ones in the census */
	bool inside;            /* the framework's tasks are being written */
	struct http_seen seen;
	uint32_t seen_rank, seen_group; /* whose records are in it */
	const struct zone_node *node;   /* of the last record's owner */
};

static const struct zone_node *node_of(struct enumeration *e, const struct naming_record *record)
{
	const struct zone_name_key key = {record->owner, record->owner_len};

	if (!e->node || !zone_node_match(e->node, &key))
		e->node = zone_find(e->snapshot, record->owner, record->owner_len);
	return e->node;
}

static uint64_t record_hash(const struct naming_record *record)
{
	uint8_t bytes[2 * DNAME_MAX + 32];
	struct wire_writer w;

	wire_writer_init(&w, bytes, sizeof(bytes));
	wire_write(&w, record->owner, record->owner_len);
	wire_write_u16(&w, record->type);
	if (record->type == RR_SRV) {
		wire_write_u16(&w, record->port);
		wire_write(&w, record->target, record->target_len);
	} else {
		wire_write(&w, record->addr->bytes, record->addr->len);
	}
	return siphash13(&siphash_process_key, bytes, wire_written(&w));
}

static void write_record(void *arg, const struct naming_record *record)
{
	struct enumeration *e = arg;
	struct http_json *json = &e->json;
	const struct zone_node *node = node_of(e, record);
	uint32_t count = node ? zone_record_count(node, record) : 0;
	char text[ADDR_TEXT_MAX];

	if (!count || (count > 1 && http_seen_add(&e->seen, record_hash(record))))
		return;
	http_json_begin_object(json);
	http_json_key(json, "name", 4);
	http_json_name(json, record->owner);
	http_json_key(json, "host", 4);
	if (record->type == RR_SRV) {
		http_json_srv(json, record->target, record->port);
	} else {
		addr_format(record->addr, text);
		http_json_string(json, text, strlen(text));
	}
	http_json_member(json, "rtype", record->type == RR_SRV ? "SRV" : record->type == RR_A ? "A" : "AAAA");
	http_json_end_object(json);
}

/* Forgets records that no task to come can bring again: tasks share records if their labels are the same, and those of
 * their frameworks. */
static void forget_seen(struct enumeration *e, const struct http_census_framework *f, const struct http_census_task *t)
{
	bool same_framework = e->seen_rank == t->rank, same_group = same_framework && e->seen_group == t->group;

	if (f->alone ? !same_group : f->first && !same_framework)
		http_seen_clear(&e->seen);
	e->seen_rank = t->rank;
	e->seen_group = t->group;
}

static void write_task(struct enumeration *e, const struct http_census_framework *f, const struct http_census_task *t)
{
	const struct naming_sink sink = {.arg = e, .record = write_record};
	const struct cluster_maps *maps = &e->snapshot->cluster->maps;
	const struct cluster_task *task = t->task;
	struct http_json *json = &e->json;

	forget_seen(e, f, t);
	http_json_begin_object(json);
	http_json_key(json, "name", 4);
	http_json_string(json, cluster_text(task, task->name), task->name.len);
	http_json_key(json, "id", 2);
	http_json_string(json, cluster_text(task, task->e.id), task->e.id.len);
	http_json_key(json, "records", 7);
	http_json_begin_array(json);
	naming_task(e->naming, task,
		(const struct cluster_agent *)cluster_maps_find(
			maps, CLUSTER_AGENT, "", 0, cluster_text(task, task->agent_id), task->agent_id.len),
		f->framework, &sink);
	http_json_end_array(json);
	http_json_end_object(json);
}

static void begin_framework(struct enumeration *e)
{
	http_json_begin_object(&e->json);
	http_json_key(&e->json, "tasks", 5);
	http_json_begin_array(&e->json);
	e->inside = true;
}

static void end_framework(struct enumeration *e, const struct cluster_framework *f)
{
	http_json_end_array(&e->json);
	http_json_key(&e->json, "name", 4);
	http_json_string(&e->json, cluster_text(f, f->name), f->name.len);
	http_json_end_object(&e->json);
	e->inside = false;
	e->framework++;
}

static void begin(struct enumeration *e)
{
	http_json_begin_object(&e->json);
	http_json_key(&e->json, "frameworks", 10);
	http_json_begin_array(&e->json);
	e->begun = true;
}

static int more(void *ctx, struct http_body *body)
{
	struct enumeration *e = ctx;
	int done = http_census_step(e->census);
	size_t framework_count, task_count;

	if (done <= 0)
		return done;
	const struct http_census_framework *frameworks = http_census_frameworks(e->census, &framework_count);
	const struct http_census_task *tasks = http_census_tasks(e->census, &task_count);
	e->json.body = body;
	if (!e->begun)
		begin(e);
	while (body->len < PIECE && e->framework < framework_count) {
		const struct http_census_framework *f = &frameworks[e->framework];

		if (!e->inside)
			begin_framework(e);
		if (e->task < task_count && tasks[e->task].rank == f->rank)
			write_task(e, f, &tasks[e->task++]);
		else
			end_framework(e, f->framework);
	}
	if (e->framework < framework_count)
		return 0;
	http_json_end_array(&e->json);
	http_json_end_object(&e->json);
	return 1;
}

static void release(void *ctx)
{
	struct enumeration *e = ctx;

	http_seen_fini(&e->seen);
	naming_free(e->naming);
	if (e->census)
		http_census_put(e->census);
	free(e);
}

void http_get_enumeration(struct http_request *r)
{
	const struct http_settings *settings = http_request_settings(r);
	const struct naming_settings naming = naming_settings_of(settings->conf);
	struct enumeration *e = calloc(1, sizeof(*e));

	if (e) {
		e->census = http_census_get(http_request_census(r), settings->conf, settings->store);
		e->naming = naming_new(&naming);
	}
	if (!e || !e->census || !e->naming) {
		if (e)
			release(e);
		http_reply_json(r, MHD_HTTP_OK, NULL);
		return;
	}
	e->snapshot = http_census_snapshot(e->census);
	if (!http_require_state(r, e->snapshot)) {
		release(e);
		return;
	}
	const struct http_stream stream = {.ctx = e, .more = more, .free = release};
	http_reply_stream(r, MHD_HTTP_OK, HTTP_TYPE_JSON, &stream);
}
