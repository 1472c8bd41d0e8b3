/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/source_check.h"

#include <string.h>

#include "mesos/source_stream.h"
#include "mesos/times.h"

#define SUMMARY_PATH "/master/state-summary"
#define BUSY         0.5  /* seconds until a check is tried again that another one held up */
#define SUMMARY_GAP  2.0  /* seconds at least between two that are wanted */
#define STATE_GAP    30.0 /* the same of states, which are dear */

static double every(const struct source *s, enum apply_check check)
{
	return check == APPLY_STATE ? s->timing.reconcile : s->timing.summary;
}

static void set_due(struct source *s, enum apply_check check, double seconds)
{
	ev_timer *timer = &s->due[check];

	ev_timer_stop(s->loop, timer);
	ev_now_update(s->loop);
	ev_timer_set(timer, seconds, 0);
	ev_timer_start(s->loop, timer);
}

void source_check_soon(struct source *s, enum apply_check check, double seconds)
{
	ev_timer *timer = &s->due[check];

	if (source_stream_live(s) && (!ev_is_active(timer) || ev_timer_remaining(s->loop, timer) > seconds))
		set_due(s, check, seconds);
}

static int start(struct source *s, struct endpoint *master, enum apply_check check)
{
	const struct state_fetch_request request = {
		.master = master,
		.https = s->round.https,
		.path = check == APPLY_STATE ? endpoint_state_path(master) : SUMMARY_PATH,
		.timeout = s->timeout,
		.silence = source_patience(s, master),
		.max_bytes = s->timing.body_max,
	};
	int err = state_fetch_start(&s->check, &request);

	s->counters.checks[check]++;
	if (err) {
		s->counters.checks_failed[check]++;
		return err;
	}
	s->checking = check;
	s->checked[check] = times_monotonic();
	s->sink.check_begin(s->sink.ctx, check);
	return 0;
}

int source_check_before(struct source *s, struct endpoint *master)
{
	return start(s, master, APPLY_SUMMARY);
}

/* The summary before the stream: without it schedulers wait a little for their address. */
static void go_on(struct source *s, const struct state_fetch_result *result)
{
	bool broken = result->verdict == STATE_FETCH_BROKEN;

	if (broken && (result->failure == SOURCE_RESOLVE || result->failure == SOURCE_CONNECT ||
			      result->failure == SOURCE_TLS || result->failure == SOURCE_TIMEOUT)) {
		s->round.asked->mute = result->failure == SOURCE_TIMEOUT;
		s->silence |= s->round.asked->mute;
		round_failed(&s->round, result->failure, result->text);
	} else if (result->verdict == STATE_FETCH_STATUS && result->http->location) {
		round_refused(&s->round, result->http, SUMMARY_PATH);
	} else if (source_stream_subscribe(s, s->round.asked)) {
		round_failed(&s->round, SOURCE_INTERNAL, "it could not be asked for its events");
	}
}

/* The master does not lead any more, or so it says. */
static void leave(struct source *s, const char *host, uint16_t port)
{
	s->round.hint = endpoints_get(&s->round.endpoints, host, strlen(host), port, s->round.good);
	source_go_to_leader(s);
}

static void on_done(void *ctx, const struct state_fetch_result *result)
{
	struct source *s = ctx;
	bool ok = result->verdict == STATE_FETCH_WHOLE && (s->checking == APPLY_SUMMARY || result->leader_port);
	char host[DNAME_MAX + 1];
	uint16_t port;

	s->counters.check_bytes += result->http->bytes;
	if (s->sink.check_end(s->sink.ctx, ok) || !ok)
		s->counters.checks_failed[s->checking]++;
	if (!source_stream_live(s)) {
		go_on(s, result);
		return;
	}
	if (ok)
		return;
	if (result->http->status == 401 && s->iam.account)
		iam_login(&s->iam);
	log_limited(&s->check_limit, LOG_LEVEL_WARN, SOURCE_TAG,
		"a check beside the event stream failed path=%s status=%u: %s",
		s->checking == APPLY_STATE ? endpoint_state_path(s->stream.master) : SUMMARY_PATH, result->http->status,
		result->text);
	if (result->verdict == STATE_FETCH_ELSEWHERE)
		leave(s, result->leader_host, result->leader_port);
	else if (result->http->location && !endpoint_parse_redirect(result->http->location, s->round.https,
						   s->checking == APPLY_STATE ? NULL : SUMMARY_PATH, host, &port))
		leave(s, host, port);
}

static void on_due(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct source *s = timer->data;
	enum apply_check check = timer == &s->due[APPLY_STATE] ? APPLY_STATE : APPLY_SUMMARY;

	if (s->check.fetch) {
		set_due(s, check, BUSY);
		return;
	}
	set_due(s, check, times_between(0.75, 1.25) * every(s, check));
	start(s, s->stream.master, check);
}

void source_check_start(struct source *s)
{
	source_check_soon(s, APPLY_SUMMARY, times_between(0.25, 1) * every(s, APPLY_SUMMARY));
	source_check_soon(s, APPLY_STATE, times_between(0.75, 1.25) * every(s, APPLY_STATE));
}

void source_check_stop(struct source *s)
{
	ev_timer_stop(s->loop, &s->due[APPLY_SUMMARY]);
	ev_timer_stop(s->loop, &s->due[APPLY_STATE]);
	if (!s->check.fetch)
		return;
	state_fetch_cancel(&s->check);
	s->sink.check_end(s->sink.ctx, false);
}

/* Not before so long after the last one. */
static double after(const struct source *s, enum apply_check check, double gap, double seconds)
{
	double left = s->checked[check] + gap - times_monotonic();

	return left > 0 ? left + seconds : seconds;
}

void source_want(struct source *s, enum apply_want what)
{
	switch (what) {
	case APPLY_WANT_SUMMARY:
		source_check_soon(s, APPLY_SUMMARY, after(s, APPLY_SUMMARY, SUMMARY_GAP, times_between(0, 1)));
		break;
	case APPLY_WANT_STATE:
		source_check_soon(s, APPLY_STATE, after(s, APPLY_STATE, STATE_GAP, times_between(1, 5)));
		break;
	case APPLY_WANT_SUBSCRIBE:
		source_stream_drop(s, 0);
		break;
	}
}

void source_confirm(struct source *s)
{
	if (source_stream_live(s))
		source_stream_drop(s, times_between(0.75, 1) * s->refresh);
}

void source_check_init(struct source *s)
{
	s->check.fetcher = s->fetcher;
	s->check.ctx = s;
	s->check.sink = s->sink.check;
	s->check.done = on_done;
	for (size_t i = 0; i < 2; i++) {
		ev_init(&s->due[i], on_due);
		s->due[i].data = s;
	}
}
