/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/source_stream.h"

#include <stdio.h>

#include "base/err.h"
#include "mesos/source_check.h"
#include "mesos/source_poll.h"
#include "mesos/times.h"

#define SHORT_LIFE      60.0 /* seconds; a stream that ended sooner makes the next one wait */
#define SHORT_LIVES     5    /* in a row, until it is polled instead */
#define FAILURES        3    /* streams in a row that did not even begin, until it is polled instead */
#define RESUBSCRIBE_MAX 30.0 /* seconds */

const char *source_loss_name(enum source_loss loss)
{
	static const char *const names[SOURCE_LOSSES] = {
		"cut", "ended", "silent", "slow", "malformed", "leader", "asked", "internal"};

	return names[loss];
}

bool source_stream_wanted(const struct source *s, const struct endpoint *master)
{
	if (s->way != CONF_SOURCE_AUTO)
		return s->way == CONF_SOURCE_STREAM;
	return master->refused != s->round.number && times_monotonic() >= master->no_stream_until;
}

int source_stream_subscribe(struct source *s, struct endpoint *master)
{
	const struct stream_fetch_request request = {
		.master = master,
		.https = s->round.https,
		.timeout = s->timeout,
		.silence = source_patience(s, master),
		.max_bytes = s->timing.body_max,
	};

	s->counters.fetches++;
	s->counters.connects++;
	return stream_fetch_start(&s->stream, &request);
}

int source_stream_ask(struct source *s, struct endpoint *master)
{
	return s->counters.documents ? source_stream_subscribe(s, master) : source_check_before(s, master);
}

static void avoid(struct source *s, struct endpoint *master)
{
	master->no_stream_until = times_monotonic() + times_between(0.5, 1) * s->timing.retry;
	master->stream_failures = 0;
}

void source_stream_polled(struct source *s, struct endpoint *master)
{
	if (s->way == CONF_SOURCE_AUTO && master->refused == s->round.number)
		avoid(s, master);
}

/* What the stream says. */

static int on_snapshot_begin(void *ctx)
{
	struct source *s = ctx;
	int rc = s->sink.begin(s->sink.ctx, true);

	s->open = !rc;
	return rc;
}

static void give_up(struct source *s, const char *why)
{
	const struct source_document document = {.error = why};

	if (s->open)
		s->sink.end(s->sink.ctx, &document);
	s->open = false;
}

static int on_snapshot_end(void *ctx, double heartbeat)
{
	struct source *s = ctx;
	struct endpoint *master = s->round.asked;

	master->seen = fetch_peer(s->stream.fetch);
	const struct source_document document = {.complete = true,
		.leader_host = master->host,
		.leader_addr = source_address_of(s, master->host),
		.leader_port = master->port,
		.seconds = times_monotonic() - s->started};
	s->open = false;
	int rc = s->sink.end(s->sink.ctx, &document);
	if (rc)
		return rc;
	master->stream_failures = 0;
	master->mute = false;
	s->live_since = times_monotonic();
	s->counters.subscribed++;
	s->counters.heartbeat = heartbeat;
	s->counters.last_seconds = document.seconds;
	source_found(s, SOURCE_STREAMING, master->host, master->port, fetch_silence(s->stream.fetch));
	source_check_start(s);
	return 0;
}

static int on_event(void *ctx, const struct stream_event *event)
{
	struct source *s = ctx;

	s->counters.last_good = s->counters.last_event = ev_now(s->loop);
	return s->sink.event(s->sink.ctx, event);
}

static int on_heartbeat(void *ctx)
{
	struct source *s = ctx;

	s->counters.last_good = ev_now(s->loop);
	return 0;
}

static void on_lost(void *ctx, const char *why)
{
	struct source *s = ctx;

	log_limited(&s->lost_limit, LOG_LEVEL_WARN, SOURCE_TAG, "an event could not be read: %s", why);
	s->sink.lost(s->sink.ctx);
}

/* How it ends. */

/* It was live and is no more; it is gone already. Returns seconds until the next. */
static double count_loss(struct source *s, enum source_loss loss, const char *text)
{
	struct endpoint *master = s->stream.master;
	double lived = times_monotonic() - s->live_since;
	double max = s->refresh < RESUBSCRIBE_MAX ? s->refresh : RESUBSCRIBE_MAX;

	ev_timer_stop(s->loop, &s->drop);
	s->counters.losses[loss]++;
	s->counters.state = SOURCE_SEARCHING;
	source_check_stop(s);
	leaderwatch_set_leader(&s->watch, s->round.good, &master->seen, false);
	master->mute = loss == SOURCE_LOSS_SILENT || loss == SOURCE_LOSS_SLOW || loss == SOURCE_LOSS_LEADER;
	s->short_lives = lived < SHORT_LIFE && loss != SOURCE_LOSS_LEADER ? s->short_lives + 1 : 0;
	double delay = times_between(0, times_limit(s->timing.spread * (double)(1u << s->short_lives), 0, max));
	if (s->short_lives >= SHORT_LIVES) {
		s->short_lives = 0;
		if (s->way == CONF_SOURCE_AUTO)
			avoid(s, master);
	}
	log_warn(SOURCE_TAG, "the event stream has ended host=%s port=%u reason=%s lived_s=%.0f: %s", master->host,
		master->port, source_loss_name(loss), lived, text);
	return delay;
}

static enum source_loss loss_of(const struct stream_fetch_result *result)
{
	if (result->verdict == STREAM_FETCH_ENDED)
		return SOURCE_LOSS_ENDED;
	if (result->verdict == STREAM_FETCH_SLOW)
		return SOURCE_LOSS_SLOW;
	switch (result->failure) {
	case SOURCE_TIMEOUT:
		return SOURCE_LOSS_SILENT;
	case SOURCE_DOCUMENT:
	case SOURCE_LIMIT:
		return SOURCE_LOSS_MALFORMED;
	case SOURCE_INTERNAL:
		return SOURCE_LOSS_INTERNAL;
	default:
		return SOURCE_LOSS_CUT;
	}
}

/* The state of this master instead. */
static void fall_back(struct source *s, const char *text)
{
	struct endpoint *master = s->round.asked;

	log_limited(&s->fallback_limit, LOG_LEVEL_INFO, SOURCE_TAG,
		"its state is polled, for it gives no events host=%s port=%u: %s", master->host, master->port, text);
	master->refused = s->round.number;
	int err = source_poll_ask(s, master);
	if (err)
		round_failed(&s->round, SOURCE_INTERNAL, err_text(err));
}

static void judge_status(struct source *s, const struct fetch_result *http)
{
	char text[64];

	s->round.asked->mute = false;
	if (http->location || http->status == 503 || s->way != CONF_SOURCE_AUTO) {
		round_refused(&s->round, http, STREAM_FETCH_PATH);
		return;
	}
	snprintf(text, sizeof(text), "status %u", http->status);
	fall_back(s, text);
}

static void judge_broken(struct source *s, const struct stream_fetch_result *result)
{
	struct endpoint *master = s->round.asked;
	bool reached =
		result->failure != SOURCE_RESOLVE && result->failure != SOURCE_CONNECT && result->failure != SOURCE_TLS;

	master->mute = result->failure == SOURCE_TIMEOUT;
	s->silence |= master->mute;
	s->heavy |= result->http && result->http->bytes >= SOURCE_HEAVY;
	if (reached && s->way == CONF_SOURCE_AUTO && ++master->stream_failures >= FAILURES) {
		round_note(&s->round, result->failure, result->text);
		fall_back(s, "its stream failed several times");
		return;
	}
	round_failed(&s->round, result->failure, result->text);
}

static void on_done(void *ctx, const struct stream_fetch_result *result)
{
	struct source *s = ctx;

	give_up(s, result->text);
	if (result->live)
		source_schedule(s, count_loss(s, loss_of(result), result->text));
	else if (result->verdict == STREAM_FETCH_STATUS)
		judge_status(s, result->http);
	else
		judge_broken(s, result);
}

void source_stream_cancel(struct source *s, enum source_loss loss)
{
	bool live = source_stream_live(s);

	stream_fetch_cancel(&s->stream);
	give_up(s, "it is not waited for any more");
	if (live)
		count_loss(s, loss, "it is not followed any more");
	source_check_stop(s);
}

static void on_drop(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct source *s = timer->data;

	if (!source_stream_live(s))
		return;
	stream_fetch_cancel(&s->stream);
	source_schedule(s, count_loss(s, SOURCE_LOSS_ASKED, "a whole state is wanted"));
}

void source_stream_drop(struct source *s, double seconds)
{
	ev_timer_stop(s->loop, &s->drop);
	ev_now_update(s->loop);
	ev_timer_set(&s->drop, seconds, 0);
	ev_timer_start(s->loop, &s->drop);
}

void source_stream_init(struct source *s)
{
	struct stream_fetch *stream = &s->stream;

	ev_init(&s->drop, on_drop);
	s->drop.data = s;
	stream->loop = s->loop;
	stream->fetcher = s->fetcher;
	stream->ctx = s;
	stream->sink = (struct stream_sink){.ctx = s,
		.snapshot_begin = on_snapshot_begin,
		.state = s->sink.state,
		.snapshot_end = on_snapshot_end,
		.event = on_event,
		.heartbeat = on_heartbeat,
		.lost = on_lost};
	stream->done = on_done;
	stream_fetch_init(stream);
}

void source_stream_fini(struct source *s)
{
	ev_timer_stop(s->loop, &s->drop);
	source_check_stop(s);
	stream_fetch_cancel(&s->stream);
	give_up(s, "the program ends");
}
