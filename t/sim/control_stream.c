/* SPDX-License-Identifier: Apache-2.0 */
#include "t/sim/control_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "t/sim/control_master.h"
#include "t/sim/play.h"
#include "t/sim/pulse.h"
#include "t/sim/render_v1.h"
#include "t/sim/tasks.h"

#define FILLER_DEFAULT 1048576

int control_api(struct control *c)
{
	const char *whom = control_arg(c, "whom");

	return whom && !sim_parse_api(whom, &c->sim->api)
		       ? 0
		       : control_fail(c, "whom is one of state, open, forbidden, none");
}

/* yes or no; `*out` stays if it is missing. */
static int take_flag(struct control *c, const char *name, bool *out)
{
	const char *value = control_arg(c, name);

	if (!value)
		return 0;
	*out = !strcmp(value, "yes");
	return *out || !strcmp(value, "no") ? 0 : control_fail(c, "%s is yes or no", name);
}

int control_stream(struct control *c)
{
	struct streams *st = &c->sim->streams;
	const char *chunks = control_arg(c, "chunks");
	enum stream_chunks how = st->chunks;
	uint64_t rate, beat, seed;
	bool beating = st->beating, silent = false;
	unsigned master;
	int err;

	if ((err = control_master_number(c, &master)) || (err = control_number(c, "rate", st->rate, &rate)) ||
		(err = control_number(c, "heartbeat", st->heartbeat / 1000, &beat)) ||
		(err = control_number(c, "seed", st->seed, &seed)) || (err = take_flag(c, "beating", &beating)) ||
		(err = take_flag(c, "silent", &silent)))
		return err;
	if (chunks && stream_parse_chunks(chunks, &how))
		return control_fail(c, "chunks is one of record, byte, random, buffer");
	if (!beat)
		return control_fail(c, "heartbeat cannot be 0, but there is beating=no");
	if (st->heartbeat != beat * 1000)
		cluster_touch(c->sim->cluster); /* the snapshot tells it */
	st->heartbeat = beat * 1000;
	st->rate = rate;
	st->seed = seed;
	st->beating = beating;
	st->chunks = how;
	for (unsigned i = 0; control_arg(c, "silent") && i < c->sim->master_count; i++)
		if (!master || master == i + 1)
			c->sim->masters[i].silent = silent;
	streams_wake(c->sim);
	return 0;
}

int control_stream_end(struct control *c)
{
	const char *how = control_arg(c, "how");
	enum stream_end end;
	unsigned master;
	int err = control_master_number(c, &master);

	if (err)
		return err;
	if (!how || stream_parse_end(how, &end))
		return control_fail(c, "how is one of eof, last, middle, reset");
	text_printf(c->out, ",\"streams\":%zu", streams_end(c->sim, master, end, control_arg(c, "oldest") != NULL));
	return 0;
}

/* Name, arguments, what it is. */
#define SENT(X)                                                                                                        \
	X(RECORD, "record", "text=TEXT or file=PATH", "a record of that text, whatever it is")                         \
	X(RAW, "raw", "text=TEXT or file=PATH", "these bytes, without a length before them")                           \
	X(MALFORMED, "malformed", "", "a record that is no JSON")                                                      \
	X(LENGTH, "length", "", "a length that is none")                                                               \
	X(ENDLESS, "endless", "", "a record as long as no memory is; none of it comes")                                \
	X(UNKNOWN, "unknown", "", "an event of a type that nobody knows")                                              \
	X(HUGE, "huge", "TASK [size=N]", "TASK_UPDATED with a message of so many bytes")                               \
	X(FIELDS, "fields", "TASK", "TASK_UPDATED with members that nobody knows")                                     \
	X(CONTRADICTION, "contradiction", "TASK", "TASK_UPDATED of TASK_KILLED, with the task's true state beside it") \
	X(UPDATED, "updated", "TASK", "TASK_UPDATED with the newest status once more")                                 \
	X(ADDED, "added", "TASK", "TASK_ADDED once more")

enum sent {
#define X(id, name, args, text) SENT_##id,
	SENT(X)
#undef X
		SENT_KINDS
};

static const struct {
	const char *name, *args, *text;
} sent_kinds[] = {
#define X(id, name, args, text) {name, args, text},
	SENT(X)
#undef X
};

void control_describe_sent(FILE *f)
{
	for (unsigned i = 0; i < SENT_KINDS; i++)
		fprintf(f, "  %s %s\n      %s\n", sent_kinds[i].name, sent_kinds[i].args, sent_kinds[i].text);
}

/* An update of `t` with members put in behind the first `{` and the `status` object's, and another state of it. */
static void put_update(struct text *out, const struct task *t, const char *more, const struct text *message,
	const struct status *other)
{
	const struct status *newest = &t->statuses[t->status_count - 1];
	struct text status = {0};

	render_v1_status(&status, t, other ? other : newest);
	text_printf(out, "{%s\"type\":\"TASK_UPDATED\",\"task_updated\":{%s\"framework_id\":{%s\"value\":", more, more,
		more);
	text_json(out, t->app->framework->id);
	text_printf(out, "},\"status\":{%s", more);
	if (message) {
		text_lit(out, "\"message\":\"");
		text_put(out, message->data, message->len);
		text_lit(out, "\",");
	}
	if (status.len)
		text_put(out, status.data + 1, status.len - 1);
	text_printf(out, ",\"state\":\"%s\"}}", task_state_text(t->state));
	out->failed |= status.failed;
	text_fini(&status);
}

static int put_given(struct control *c, struct text *out)
{
	const char *text = control_arg(c, "text"), *file = control_arg(c, "file");

	if (text)
		text_put(out, text, strlen(text));
	else if (!file)
		return control_fail(c, "text or file is needed");
	else if (text_read_file(out, file))
		return control_fail(c, "%s: %s", file, strerror(errno));
	return 0;
}

/* What is said of a task. */
static int put_of_task(struct control *c, enum sent kind, struct text *out)
{
	static const char odd[] = "\"x-new\":{\"a\":[1,{\"b\":null}],\"task_id\":{\"value\":\"no\"}},\"\":\"\\u00e9\",";
	struct status killed = {.time = c->sim->cluster->now, .state = TASK_KILLED, .cause = CAUSE_FRAMEWORK};
	struct cluster_news news = {.change = CHANGE_TASK_ADDED};
	struct text filler = {0};
	struct task **tasks;
	uint64_t size;
	size_t count;
	int err;

	if ((err = control_number(c, "size", FILLER_DEFAULT, &size)) || (err = control_need_tasks(c, &tasks, &count)))
		return err;
	const struct task *t = news.task = tasks[0];
	free(tasks);
	if (kind == SENT_ADDED) {
		render_v1_event(out, &news);
	} else if (!t->status_count) {
		return control_fail(c, "the task has no status");
	} else if (kind == SENT_HUGE) {
		if (!text_grow(&filler, size))
			return ERR_NOMEM;
		memset(filler.data, 'x', size);
		filler.len = size;
		put_update(out, t, "", &filler, NULL);
		text_fini(&filler);
	} else {
		put_update(out, t, kind == SENT_FIELDS ? odd : "", NULL, kind == SENT_CONTRADICTION ? &killed : NULL);
	}
	return 0;
}

int control_stream_send(struct control *c)
{
	const char *name = control_arg(c, "kind");
	struct text out = {0};
	unsigned kind = 0, master;
	int err = control_master_number(c, &master);

	while (kind < SENT_KINDS && (!name || strcmp(sent_kinds[kind].name, name)))
		kind++;
	if (err)
		return err;
	switch (kind) {
	case SENT_KINDS:
		return control_fail(c, "nothing of that kind: %s", name ? name : "");
	case SENT_RECORD:
	case SENT_RAW:
		err = put_given(c, &out);
		break;
	case SENT_MALFORMED:
		text_lit(&out, "{\"type\":\"TASK_UPDATED\",\"task_updated\":{\"framework_id\":");
		break;
	case SENT_LENGTH:
		text_lit(&out, "12x\n{}");
		break;
	case SENT_ENDLESS:
		text_lit(&out, "9999999999999999999\n");
		break;
	case SENT_UNKNOWN:
		text_lit(&out, "{\"type\":\"OPERATION_PONDERED\",\"operation_pondered\":{\"tasks\":[{\"task_id\":"
			       "{\"value\":\"x\"}}]}}");
		break;
	default:
		err = put_of_task(c, (enum sent)kind, &out);
		break;
	}
	if (err)
		text_fini(&out);
	else if (kind == SENT_RAW || kind == SENT_LENGTH || kind == SENT_ENDLESS)
		streams_send_raw(c->sim, master, &out);
	else
		streams_send(c->sim, master, &out);
	return err;
}

int control_play(struct control *c)
{
	const char *file = control_arg(c, "file"), *timeline = control_arg(c, "timeline"), *end = control_arg(c, "end");
	const char *pace = control_arg(c, "pace"), *cut = control_arg(c, "cut");
	enum stream_end how = STREAM_GOES_ON;
	uint64_t pieces = SIZE_MAX, first, cuts;
	struct play p;
	int err;

	if (!file) {
		play_fini(&c->sim->play);
		return 0;
	}
	if ((cut && (err = control_number(c, "cut", 0, &pieces))) || (err = control_number(c, "first", 0, &first)) ||
		(err = control_number(c, "n", 0, &cuts)))
		return err;
	if (end && stream_parse_end(end, &how))
		return control_fail(c, "end is one of eof, last, middle, reset");
	if (pace && !timeline)
		return control_fail(c, "pace needs a timeline");
	err = play_load(&p, file, timeline);
	if (err == ERR_SYSTEM)
		return control_fail(c, "%s: %s", file, strerror(errno));
	if (err == ERR_FORMAT)
		return control_fail(c, "%s: no recording, or not its timeline", file);
	if (err)
		return err;
	if (pace)
		p.pace = strtod(pace, NULL);
	p.cut = (size_t)pieces;
	if (first && first < p.count)
		p.count = (size_t)first;
	p.cuts = cuts ? cuts : UINT64_MAX;
	p.middle = control_arg(c, "middle") != NULL;
	p.end = how;
	text_printf(c->out, ",\"records\":%zu,\"bytes\":%zu", p.count, p.document->plain.len);
	play_fini(&c->sim->play);
	c->sim->play = p;
	return 0;
}

int control_pulse(struct control *c)
{
	uint64_t changes, agents, checks, seed;
	struct framework *f;
	int err;

	if ((err = control_find_framework(c, NULL, &f)) || (err = control_number(c, "changes", 0, &changes)) ||
		(err = control_number(c, "agents", 0, &agents)) || (err = control_number(c, "checks", 0, &checks)) ||
		(err = control_number(c, "seed", 1, &seed)))
		return err;
	if (changes > 100000 || agents > 100000 || checks > 1000)
		return control_fail(c, "nothing goes that fast");
	err = pulse_set(c->sim, changes, agents, checks, f, seed);
	return err == ERR_LIMIT ? control_fail(c, "there are no tasks") : err;
}

int control_burst(struct control *c)
{
	struct cluster *cluster = c->sim->cluster;
	const char *prefix = control_arg(c, "prefix");
	uint64_t n, done = 0;
	struct app *app;
	struct task *t;
	int err = control_number(c, "n", CONTROL_REQUIRED, &n);

	for (size_t i = 0; !err && i < cluster->framework_count; i++)
		TAILQ_FOREACH (app, &cluster->frameworks[i]->apps, of_framework) {
			if (prefix && strncmp(app->name, prefix, strlen(prefix)))
				continue;
			TAILQ_FOREACH (t, &app->tasks, of_app) {
				if (done < n && t->state == TASK_RUNNING && t->agent->state == AGENT_REGISTERED)
					done += !task_set_health(
						cluster, t, task_health(t) == HEALTH_BAD ? HEALTH_GOOD : HEALTH_BAD);
				if (prefix)
					break;
			}
		}
	text_printf(c->out, ",\"tasks\":%llu", (unsigned long long)done);
	return err;
}
