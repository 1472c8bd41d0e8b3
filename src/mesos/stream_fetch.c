/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/stream_fetch.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"

#define SUBSCRIBE         "{\"type\":\"SUBSCRIBE\"}"
#define HEARTBEAT_DEFAULT 15.0 /* seconds, where the master does not say */
#define HEARTBEAT_MIN     0.1
#define HEARTBEAT_MAX     300.0
#define MISSED            5  /* heartbeats until a silent master is given up */
#define STUCK             10 /* until one is that sends no whole record */
#define DEADLINE_GRACE    0.1

static void set_deadline(struct stream_fetch *sf, double seconds)
{
	ev_now_update(sf->loop); /* what the owner did with the last bytes may have taken its time */
	sf->deadline.repeat = seconds;
	ev_timer_again(sf->loop, &sf->deadline);
	sf->record = false;
}

/* The parser's sink: counts as a sign of life, and goes on to the owner's. */

static int on_snapshot_begin(void *ctx)
{
	struct stream_fetch *sf = ctx;

	return sf->sink.snapshot_begin ? sf->sink.snapshot_begin(sf->sink.ctx) : 0;
}

static int on_snapshot_end(void *ctx, double heartbeat)
{
	struct stream_fetch *sf = ctx;

	sf->heartbeat = heartbeat > 0 ? heartbeat : HEARTBEAT_DEFAULT;
	if (sf->heartbeat < HEARTBEAT_MIN)
		sf->heartbeat = HEARTBEAT_MIN;
	if (sf->heartbeat > HEARTBEAT_MAX)
		sf->heartbeat = HEARTBEAT_MAX;
	sf->live = true;
	int rc = sf->sink.snapshot_end ? sf->sink.snapshot_end(sf->sink.ctx, sf->heartbeat) : 0;
	if (rc) {
		sf->live = false;
		return rc;
	}
	sf->overdue = false;
	fetch_set_silence(sf->fetch, MISSED * sf->heartbeat);
	set_deadline(sf, STUCK * sf->heartbeat);
	return 0;
}

static int on_event(void *ctx, const struct stream_event *event)
{
	struct stream_fetch *sf = ctx;

	sf->record = true;
	return sf->sink.event(sf->sink.ctx, event);
}

static int on_heartbeat(void *ctx)
{
	struct stream_fetch *sf = ctx;

	sf->record = true;
	return sf->sink.heartbeat ? sf->sink.heartbeat(sf->sink.ctx) : 0;
}

static void on_lost(void *ctx, const char *why)
{
	struct stream_fetch *sf = ctx;

	sf->record = true;
	if (sf->sink.lost)
		sf->sink.lost(sf->sink.ctx, why);
}

static int on_data(void *ctx, const void *data, size_t len)
{
	struct stream_fetch *sf = ctx;

	if (!sf->parser) {
		const struct stream_sink sink = {.ctx = sf,
			.snapshot_begin = on_snapshot_begin,
			.state = sf->sink.state,
			.snapshot_end = on_snapshot_end,
			.event = on_event,
			.heartbeat = on_heartbeat,
			.lost = on_lost};

		sf->parser = stream_parser_new(&sink);
		if (!sf->parser)
			return ERR_NOMEM;
	}
	if (!sf->live && sf->max_bytes && stream_parser_counts(sf->parser)->bytes + len > sf->max_bytes)
		return ERR_LIMIT;
	return stream_parser_feed(sf->parser, data, len);
}

static void add_counts(struct stream_counts *sum, const struct stream_counts *add)
{
	for (size_t i = 0; i < STREAM_KINDS; i++)
		sum->events[i] += add->events[i];
	sum->bad += add->bad;
	sum->unknown_members += add->unknown_members;
	sum->bytes += add->bytes;
	sum->state.agents += add->state.agents;
	sum->state.frameworks += add->state.frameworks;
	sum->state.tasks += add->state.tasks;
	for (size_t i = 0; i < STATE_SKIPS; i++)
		sum->state.skipped[i] += add->state.skipped[i];
	sum->state.bytes += add->state.bytes;
}

/* Forgets the subscription. True: it ended inside of its snapshot. */
static bool reset(struct stream_fetch *sf)
{
	bool in_snapshot = sf->parser && stream_parser_in_snapshot(sf->parser);

	ev_timer_stop(sf->loop, &sf->deadline);
	if (sf->parser)
		add_counts(&sf->counts, stream_parser_counts(sf->parser));
	stream_parser_free(sf->parser);
	sf->parser = NULL;
	sf->live = false;
	return in_snapshot;
}

static void end(struct stream_fetch *sf, struct stream_fetch_result *result)
{
	char text[512];

	snprintf(text, sizeof(text), "%s", result->text); /* the parser and the fetch go */
	result->text = text;
	result->live = sf->live;
	result->in_snapshot = reset(sf);
	sf->done(sf->ctx, result);
}

static void on_done(void *ctx, const struct fetch_result *http)
{
	struct stream_fetch *sf = ctx;
	struct stream_fetch_result result = {.verdict = STREAM_FETCH_STATUS, .text = http->error, .http = http};

	sf->fetch = NULL;
	if (http->peer.len)
		sf->master->seen = http->peer;
	if (http->outcome != FETCH_ANSWERED) {
		result.verdict = STREAM_FETCH_BROKEN;
		result.failure = source_failure_of_outcome(http->outcome, http->rc);
		if (http->outcome == FETCH_ABORTED && sf->parser && *stream_parser_error(sf->parser))
			result.text = stream_parser_error(sf->parser);
	} else if (http->status == 200) {
		result.verdict = sf->live ? STREAM_FETCH_ENDED : STREAM_FETCH_BROKEN;
		result.failure = SOURCE_CUT;
		result.text = sf->live ? "the master has ended it" : "it ended before it began";
	}
	end(sf, &result);
}

static void on_deadline(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct stream_fetch *sf = timer->data;

	if (sf->record) {
		sf->overdue = false;
		set_deadline(sf, STUCK * sf->heartbeat);
		return;
	}
	if (!sf->overdue) { /* what is in the socket by now still counts */
		sf->overdue = true;
		set_deadline(sf, DEADLINE_GRACE);
		return;
	}
	struct stream_fetch_result result = {
		.verdict = STREAM_FETCH_BROKEN, .failure = SOURCE_TIMEOUT, .text = "its state takes too long"};
	if (sf->live) {
		result.verdict = STREAM_FETCH_SLOW;
		result.text = "no whole record came for too long";
	}
	fetch_cancel(sf->fetch);
	sf->fetch = NULL;
	end(sf, &result);
}

void stream_fetch_init(struct stream_fetch *sf)
{
	ev_init(&sf->deadline, on_deadline);
	sf->deadline.data = sf;
}

int stream_fetch_start(struct stream_fetch *sf, const struct stream_fetch_request *request)
{
	const struct fetch_callbacks callbacks = {sf, on_data, on_done};
	char url[ENDPOINT_URL_MAX];
	const struct fetch_request post = {
		.url = endpoint_url(request->master, request->https, STREAM_FETCH_PATH, url),
		.post = SUBSCRIBE,
		.connect = endpoint_connect_to(request->master),
		.silence = request->silence,
		.plain = true,
		.apart = true,
	};
	int err;

	sf->master = request->master;
	sf->max_bytes = request->max_bytes;
	sf->overdue = false;
	sf->fetch = fetch_start(sf->fetcher, &post, &callbacks, &err);
	if (!sf->fetch)
		return err;
	set_deadline(sf, request->timeout);
	return 0;
}

bool stream_fetch_cancel(struct stream_fetch *sf)
{
	if (sf->fetch)
		fetch_cancel(sf->fetch);
	sf->fetch = NULL;
	return reset(sf);
}

void stream_fetch_get_counts(const struct stream_fetch *sf, struct stream_counts *out)
{
	*out = sf->counts;
	if (sf->parser)
		add_counts(out, stream_parser_counts(sf->parser));
}
