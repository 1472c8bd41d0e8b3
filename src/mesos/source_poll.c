/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/source_poll.h"

#include <stdio.h>

#include "base/err.h"
#include "mesos/source_stream.h"

static int start(struct source *s, struct endpoint *master)
{
	const struct state_fetch_request request = {
		.master = master,
		.https = s->round.https,
		.path = endpoint_state_path(master),
		.timeout = s->timeout,
		.silence = source_patience(s, master),
		.max_bytes = s->timing.body_max,
	};

	s->counters.fetches++;
	return state_fetch_start(&s->poll, &request);
}

int source_poll_ask(struct source *s, struct endpoint *master)
{
	s->paths_tried = 1;
	return start(s, master);
}

static int on_begin(void *ctx)
{
	struct source *s = ctx;

	return s->sink.begin(s->sink.ctx, false);
}

static void give_up(struct source *s, const char *why, double seconds)
{
	const struct source_document document = {.error = why, .seconds = seconds};

	s->sink.end(s->sink.ctx, &document);
}

static void take(struct source *s, const struct state_fetch_result *result)
{
	const struct source_document document = {.complete = true,
		.leader_host = result->leader_host,
		.leader_addr = source_address_of(s, result->leader_host),
		.leader_port = result->leader_port,
		.seconds = result->http->seconds};
	int rc = s->sink.end(s->sink.ctx, &document);

	if (rc) {
		round_note(&s->round, SOURCE_INTERNAL, err_text(rc));
		/* Another master would give the same: try again later. */
		s->heavy = true;
		source_round_failed(s);
		return;
	}
	s->counters.last_seconds = result->http->seconds;
	s->round.asked->mute = false;
	source_stream_polled(s, s->round.asked);
	source_found(s, SOURCE_POLLING, result->leader_host, result->leader_port, result->http->silence);
}

static void judge_status(struct source *s, const struct fetch_result *http)
{
	struct endpoint *master = s->round.asked;

	if (http->status == 404 && !http->location) {
		master->path = (master->path + 1) % ENDPOINT_PATHS;
		if (s->paths_tried++ < ENDPOINT_PATHS && !start(s, master))
			return;
	}
	round_refused(&s->round, http, NULL);
}

static void on_done(void *ctx, const struct state_fetch_result *result)
{
	const struct fetch_result *http = result->http;
	struct source *s = ctx;

	s->counters.bytes += http->bytes;
	s->counters.wire_bytes += http->wire_bytes;
	histogram_add(&s->counters.durations, histogram_ns(http->seconds), 1);
	for (size_t i = 0; i < STATE_SKIPS; i++)
		s->counters.skipped[i] += result->counts.skipped[i];
	if (result->verdict == STATE_FETCH_WHOLE && result->leader_port) {
		take(s, result);
		return;
	}
	s->round.asked->mute = result->verdict == STATE_FETCH_BROKEN && result->failure == SOURCE_TIMEOUT;
	s->silence |= s->round.asked->mute;
	s->heavy |= http->bytes >= SOURCE_HEAVY;
	switch (result->verdict) {
	case STATE_FETCH_WHOLE:
		give_up(s, "the document names no leader", http->seconds);
		round_failed(&s->round, SOURCE_NO_LEADER, "the document names no leader");
		break;
	case STATE_FETCH_ELSEWHERE:
		if (result->begun)
			give_up(s, "another master leads", http->seconds);
		round_elsewhere(&s->round, result->leader_host, result->leader_port);
		break;
	case STATE_FETCH_STATUS:
		judge_status(s, http);
		break;
	case STATE_FETCH_BROKEN:
		if (result->begun)
			give_up(s, result->text, http->seconds);
		round_failed(&s->round, result->failure, result->text);
		break;
	}
}

void source_poll_cancel(struct source *s)
{
	if (state_fetch_cancel(&s->poll))
		give_up(s, "it is not waited for any more", 0);
}

void source_poll_init(struct source *s)
{
	s->poll.fetcher = s->fetcher;
	s->poll.ctx = s;
	s->poll.sink = s->sink.state;
	s->poll.begin = on_begin;
	s->poll.done = on_done;
}
