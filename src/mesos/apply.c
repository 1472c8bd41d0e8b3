/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/apply.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "mesos/pids.h"
#include "mesos/reconcile.h"

struct apply {
	struct apply_settings settings;
	struct feed *feed;
	struct state_sink sink; /* the feed's */
	struct cluster_builder builder;
	struct pids pids;
	struct reconcile reconcile;
	enum apply_check check;
	bool checking;           /* one was begun */
	bool document, snapshot; /* a document is open; it is a snapshot of the stream */
	bool ready;              /* one was taken in: there is something to check */

	bool batch;           /* one is open */
	uint32_t batch_count; /* events in it */
	ev_tstamp last;       /* when the last one was committed */
	ev_prepare soon;      /* commits it when the loop has done what it has at hand */
	ev_timer later;       /* when it has been gathered for long enough */
	struct apply_counters counters;
};

static void want(struct apply *apply, enum apply_want what)
{
	if (apply->settings.want)
		apply->settings.want(apply->settings.arg, what);
}

static void stop_watchers(struct apply *apply)
{
	ev_prepare_stop(apply->settings.loop, &apply->soon);
	ev_timer_stop(apply->settings.loop, &apply->later);
}

int apply_flush(struct apply *apply)
{
	if (!apply->batch)
		return 0;
	stop_watchers(apply);
	apply->batch = false;
	apply->last = ev_now(apply->settings.loop);
	apply->counters.last_batch = apply->batch_count;
	int err = feed_events_end(apply->feed);
	if (err) {
		apply->counters.commits_failed++;
		want(apply, APPLY_WANT_SUBSCRIBE);
	} else {
		apply->counters.commits++;
	}
	return err;
}

static void on_soon(struct ev_loop *loop, ev_prepare *prepare, int events)
{
	apply_flush(prepare->data);
}

static void on_later(struct ev_loop *loop, ev_timer *timer, int events)
{
	apply_flush(timer->data);
}

struct apply *apply_new(const struct apply_settings *settings)
{
	struct apply *apply = calloc(1, sizeof(*apply));

	if (!apply)
		return NULL;
	apply->settings = *settings;
	apply->feed = settings->feed;
	apply->sink = feed_sink(apply->feed);
	ev_prepare_init(&apply->soon, on_soon);
	ev_timer_init(&apply->later, on_later, 0, 0);
	apply->soon.data = apply->later.data = apply;
	return apply;
}

void apply_free(struct apply *apply)
{
	if (!apply)
		return;
	if (apply->document)
		feed_document_end(apply->feed, false, NULL);
	apply_flush(apply);
	pids_fini(&apply->pids);
	reconcile_fini(&apply->reconcile);
	cluster_builder_fini(&apply->builder);
	free(apply);
}

/* Of a task at its end, or out of reach, a master's document says nothing: so there is no such task. */
static bool is_over(uint32_t state)
{
	return state == CLUSTER_TASK_TERMINAL || state == CLUSTER_TASK_UNREACHABLE;
}

/* A framework as the stream has it, to one with its pid. */
static int complete_framework(struct apply *apply, struct cluster_builder *b)
{
	const struct cluster_element *known = feed_find(
		apply->feed, CLUSTER_FRAMEWORK, "", 0, cluster_text(b->element, b->element->id), b->element->id.len);

	return pids_complete(&apply->pids, b, (const void *)known);
}

/* Documents. */

void apply_document_begin(struct apply *apply, bool snapshot)
{
	assert(!apply->document);
	apply_flush(apply);
	reconcile_abort(&apply->reconcile);
	if (!snapshot) { /* has all that a check would bring */
		apply->checking = false;
		pids_begin(&apply->pids);
	}
	apply->document = true;
	apply->snapshot = snapshot;
	feed_document_begin(apply->feed);
	if (snapshot) /* an empty one may be left out */
		apply->sink.recovered_list(apply->sink.ctx);
}

static int document_element(void *arg, struct cluster_builder *b)
{
	struct apply *apply = arg;
	int err = 0;

	if (apply->snapshot && b->element->kind == CLUSTER_TASK && is_over(b->task->state))
		return 0;
	if (b->element->kind == CLUSTER_FRAMEWORK)
		err = apply->snapshot ? complete_framework(apply, b) : pids_add(&apply->pids, b->framework);
	return err ? err : apply->sink.element(apply->sink.ctx, b);
}

static void document_skipped(void *arg, enum state_skip reason, const char *text)
{
	struct apply *apply = arg;

	apply->sink.skipped(apply->sink.ctx, reason, text);
}

static int master_id(void *arg, const char *id, size_t len)
{
	struct apply *apply = arg;

	return apply->sink.master_id(apply->sink.ctx, id, len);
}

static int recovered_list(void *arg)
{
	struct apply *apply = arg;

	return apply->sink.recovered_list(apply->sink.ctx);
}

static int recovered_agent(void *arg, const char *id, size_t len)
{
	struct apply *apply = arg;

	return apply->sink.recovered_agent(apply->sink.ctx, id, len);
}

static int completed_framework(void *arg, const char *id, size_t len)
{
	struct apply *apply = arg;

	return apply->sink.completed_framework(apply->sink.ctx, id, len);
}

static int reregister_timeout(void *arg, const char *text, size_t len)
{
	struct apply *apply = arg;

	return apply->sink.reregister_timeout(apply->sink.ctx, text, len);
}

static int registry(void *arg, const char *text, size_t len)
{
	struct apply *apply = arg;

	return apply->sink.registry(apply->sink.ctx, text, len);
}

struct state_sink apply_document_sink(struct apply *apply)
{
	return (struct state_sink){.ctx = apply,
		.element = document_element,
		.master_id = master_id,
		.recovered_list = recovered_list,
		.recovered_agent = recovered_agent,
		.completed_framework = completed_framework,
		.reregister_timeout = reregister_timeout,
		.registry = registry,
		.skipped = document_skipped};
}

int apply_document_end(struct apply *apply, bool ok, const struct cluster_master *leader)
{
	assert(apply->document);
	apply->document = false;
	int err = feed_document_end(apply->feed, ok, leader);
	if (!apply->snapshot)
		pids_end(&apply->pids, ok && !err);
	apply->ready |= ok && !err;
	return err;
}

/* Events. */

static int remove_element(
	struct apply *apply, enum cluster_kind kind, struct stream_text framework_id, struct stream_text id)
{
	reconcile_touch(&apply->reconcile, kind, framework_id.text, framework_id.len, id.text, id.len);
	int err = feed_remove(apply->feed, kind, framework_id.text, framework_id.len, id.text, id.len);
	return err == ERR_NOTFOUND ? 0 : err;
}

static struct stream_text text_of(const void *element, struct cluster_text text)
{
	return (struct stream_text){cluster_text(element, text), text.len};
}

static const struct stream_text none = {"", 0};

/* The task's agent is out of reach, and has left with it: the stream has no event for that. */
static int give_up_agent(struct apply *apply, struct stream_text id)
{
	if (!id.len || !feed_find(apply->feed, CLUSTER_AGENT, "", 0, id.text, id.len))
		return 0;
	apply->counters.agents_given_up++;
	return remove_element(apply, CLUSTER_AGENT, none, id);
}

static int end_task(struct apply *apply, const struct stream_event *event)
{
	int err = event->state == CLUSTER_TASK_UNREACHABLE ? give_up_agent(apply, event->agent_id) : 0;

	return err ? err : remove_element(apply, CLUSTER_TASK, event->framework_id, event->task_id);
}

static int update_task(struct apply *apply, const struct stream_event *event)
{
	if (is_over(event->state))
		return end_task(apply, event);
	const struct cluster_element *known = feed_find(apply->feed, CLUSTER_TASK, event->framework_id.text,
		event->framework_id.len, event->task_id.text, event->task_id.len);
	reconcile_touch(&apply->reconcile, CLUSTER_TASK, event->framework_id.text, event->framework_id.len,
		event->task_id.text, event->task_id.len);
	if (!known) {
		apply->counters.unknown_tasks++;
		want(apply, APPLY_WANT_STATE);
		return 0;
	}
	int err = cluster_build_copy(&apply->builder, known);
	if (!err)
		err = state_task_add_status(&apply->builder, event->status);
	if (err)
		return err;
	apply->builder.task->state = event->state;
	return apply->sink.element(apply->sink.ctx, &apply->builder);
}

static int add_task(struct apply *apply, struct cluster_builder *b)
{
	struct stream_text framework_id = text_of(b->task, b->task->framework_id),
			   id = text_of(b->task, b->element->id);
	const struct cluster_task *known = (const void *)feed_find(
		apply->feed, CLUSTER_TASK, framework_id.text, framework_id.len, id.text, id.len);
	int err = 0;

	/* The model takes two names for two tasks. Here the second has taken the place of the first. */
	if (is_over(b->task->state) ||
		(known && (known->name.len != b->task->name.len ||
				  memcmp(cluster_text(known, known->name), cluster_text(b->task, b->task->name),
					  known->name.len) != 0)))
		err = remove_element(apply, CLUSTER_TASK, framework_id, id);
	if (err || is_over(b->task->state))
		return err;
	reconcile_touch(&apply->reconcile, CLUSTER_TASK, framework_id.text, framework_id.len, id.text, id.len);
	return apply->sink.element(apply->sink.ctx, b);
}

static int take_event(struct apply *apply, const struct stream_event *event)
{
	struct cluster_builder *b = event->element;
	int err = 0;

	switch (event->kind) {
	case STREAM_TASK_ADDED:
		return add_task(apply, b);
	case STREAM_TASK_UPDATED:
		return update_task(apply, event);
	case STREAM_AGENT_REMOVED:
		return remove_element(apply, CLUSTER_AGENT, none, event->agent_id);
	case STREAM_FRAMEWORK_REMOVED:
		return remove_element(apply, CLUSTER_FRAMEWORK, none, event->framework_id);
	case STREAM_FRAMEWORK_ADDED:
	case STREAM_FRAMEWORK_UPDATED:
		err = complete_framework(apply, b);
		want(apply, APPLY_WANT_SUMMARY);
		break;
	case STREAM_AGENT_ADDED:
		break;
	default:
		return 0;
	}
	reconcile_touch(&apply->reconcile, b->element->kind, "", 0, cluster_text(b->element, b->element->id),
		b->element->id.len);
	return err ? err : apply->sink.element(apply->sink.ctx, b);
}

/* The first event after quiet waits for nothing but what the loop has at hand. */
static void open_batch(struct apply *apply)
{
	struct ev_loop *loop = apply->settings.loop;
	ev_tstamp wait = apply->last + APPLY_GATHER - ev_now(loop);

	feed_events_begin(apply->feed);
	apply->batch = true;
	apply->batch_count = 0;
	if (wait <= 0 || wait > APPLY_GATHER) {
		ev_prepare_start(loop, &apply->soon);
	} else {
		ev_timer_set(&apply->later, wait, 0);
		ev_timer_start(loop, &apply->later);
	}
}

int apply_event(struct apply *apply, const struct stream_event *event)
{
	assert(!apply->document);
	if (!apply->batch)
		open_batch(apply);
	apply->counters.events++;
	apply->batch_count++;
	int err = take_event(apply, event);
	if (err || apply->batch_count >= APPLY_BATCH) {
		int end = apply_flush(apply);

		err = end ? end : err;
	}
	return err;
}

void apply_lost(struct apply *apply)
{
	want(apply, APPLY_WANT_STATE);
}

/* Checks. */

void apply_check_begin(struct apply *apply, enum apply_check check)
{
	apply->check = check;
	apply->checking = true;
	if (apply->ready)
		reconcile_begin(&apply->reconcile, apply->feed, check == APPLY_STATE, APPLY_DRIFT_MAX);
	pids_begin(&apply->pids);
}

static int check_element(void *arg, struct cluster_builder *b)
{
	struct apply *apply = arg;
	int err = 0;

	if (!apply->checking || (b->element->kind == CLUSTER_TASK && is_over(b->task->state)))
		return 0;
	if (b->element->kind == CLUSTER_FRAMEWORK)
		err = pids_add(&apply->pids, b->framework);
	if (!err)
		reconcile_element(&apply->reconcile, b); /* apply_check_end() hears what is wrong with it */
	return err;
}

struct state_sink apply_check_sink(struct apply *apply)
{
	return (struct state_sink){.ctx = apply, .element = check_element, .reregister_timeout = reregister_timeout,
		.registry = registry};
}

int apply_check_end(struct apply *apply, bool ok)
{
	bool checking = apply->checking;
	int changed = 0;

	apply->checking = false;
	if (!checking) /* a whole state was polled meanwhile */
		return 0;
	pids_end(&apply->pids, ok);
	if (!ok) {
		reconcile_abort(&apply->reconcile);
		apply->counters.checks_failed[apply->check]++;
		return 0;
	}
	if (!apply->reconcile.open) { /* a snapshot came in between, which could not know these pids */
		if (apply->ready)
			want(apply, APPLY_WANT_SUMMARY);
		return 0;
	}
	apply_flush(apply);
	changed = reconcile_end(&apply->reconcile);
	if (changed < 0) {
		apply->counters.checks_failed[apply->check]++;
		log_warn("mesos", "the state does not fit the events: they are asked for anew error=\"%s\"",
			err_text(changed));
		want(apply, APPLY_WANT_SUBSCRIBE);
		return changed;
	}
	apply->counters.checks[apply->check]++;
	*(apply->check == APPLY_STATE ? &apply->counters.drift : &apply->counters.completed) += (uint64_t)changed;
	if (changed && apply->check == APPLY_STATE)
		log_warn("mesos", "the state had changed without events elements=%d", changed);
	return 0;
}

const struct apply_counters *apply_counters(const struct apply *apply)
{
	return &apply->counters;
}
