/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/source.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "mesos/source_check.h"
#include "mesos/source_poll.h"
#include "mesos/source_stream.h"
#include "mesos/times.h"

#define CONNECT_TIMEOUT 10.0
#define BACKOFF_MIN     0.1
#define BACKOFF_MAX     5.0
#define PATIENCE_MIN    15.0         /* seconds of silence that a master has for free */
#define PATIENCE_FACTOR 4            /* times the silence of the last good one */
#define PATIENCE_MUTE   3.0          /* seconds that one has that was silent before, if it is not the only one */
#define BODY_MAX        (1ull << 30) /* bytes: about a million tasks */
#define LEADER_SPREAD   0.2          /* seconds within which a fleet goes to a new leader */

const char *source_state_name(enum source_state state)
{
	static const char *const names[] = {"searching", "polling", "streaming"};

	return names[state];
}

/* Rounds. */

void source_schedule(struct source *s, double delay)
{
	ev_timer_stop(s->loop, &s->timer);
	if (!s->round.good && !endpoints_any(&s->round.endpoints))
		return;
	ev_now_update(s->loop);
	ev_timer_set(&s->timer, delay > 0 ? delay : 0, 0);
	ev_timer_start(s->loop, &s->timer);
}

static int on_ask(void *ctx, struct endpoint *master)
{
	struct source *s = ctx;

	if (source_stream_wanted(s, master))
		return source_stream_ask(s, master);
	return source_poll_ask(s, master);
}

struct addr source_address_of(const struct source *s, const char *host)
{
	const struct endpoint *master = s->round.asked;
	struct addr addr;

	if (addr_parse(&addr, host, strlen(host)))
		addr = master->addr.len ? master->addr : master->seen;
	return addr;
}

void source_found(struct source *s, enum source_state state, const char *host, uint16_t port, double silence)
{
	struct source_counters *c = &s->counters;
	struct endpoint *master = s->round.asked;
	struct addr addr = source_address_of(s, host);

	if (state != c->state || port != s->leader_port || !addr_equal(&addr, &s->leader_addr))
		log_info(SOURCE_TAG, "state received leader=%s:%u by=%s failed_rounds=%llu", host, port,
			state == SOURCE_STREAMING ? "stream" : "poll", (unsigned long long)c->failed_rounds);
	s->leader_addr = addr;
	s->leader_port = port;
	round_won(&s->round);
	s->patience = times_limit(silence * PATIENCE_FACTOR, PATIENCE_MIN, s->timeout);
	s->backoff = 0;
	c->state = state;
	c->fallback = state == SOURCE_POLLING && s->way == CONF_SOURCE_AUTO;
	c->documents++;
	c->failed_rounds = 0;
	c->last_good = ev_time();
	leaderwatch_set_leader(&s->watch, master, &master->seen, state == SOURCE_STREAMING);
	if (state == SOURCE_POLLING)
		/* A document can take longer than the time between two. */
		source_schedule(s,
			s->again ? 0
				 : times_limit(s->started + s->refresh - times_monotonic(), BACKOFF_MIN, s->refresh));
	s->again = false;
}

double source_patience(const struct source *s, const struct endpoint *master)
{
	return master->mute && s->round.asks > 1 ? times_limit(s->patience, 0, PATIENCE_MUTE) : s->patience;
}

void source_round_failed(struct source *s)
{
	double max = s->refresh < BACKOFF_MAX || s->heavy ? s->refresh : BACKOFF_MAX;
	double delay = BACKOFF_MIN * (double)(1u << s->backoff);

	round_stop(&s->round);
	s->counters.failed_rounds++;
	s->counters.state = SOURCE_SEARCHING;
	s->counters.fallback = false;
	if (delay < max)
		s->backoff++;
	else
		delay = max;
	delay *= times_between(0.5, 1);
	if (s->silence)
		s->patience = times_limit(2 * s->patience, PATIENCE_MIN, s->timeout);
	log_limited(&s->round_limit, LOG_LEVEL_WARN, SOURCE_TAG, "no master gave its state rounds=%llu next_s=%.1f",
		(unsigned long long)s->counters.failed_rounds, delay);
	source_schedule(s, s->again ? 0 : delay);
	s->again = false;
}

static void on_over(void *ctx)
{
	source_round_failed(ctx);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct source *s = timer->data;

	s->silence = s->heavy = false;
	s->started = times_monotonic();
	if (s->iam.account && s->round.failures[SOURCE_AUTH] != s->refusals) {
		s->refusals = s->round.failures[SOURCE_AUTH];
		iam_forget(&s->iam);
	}
	if (!s->iam.account || s->iam.has_token)
		round_begin(&s->round);
	else if (iam_login(&s->iam))
		source_round_failed(s);
	else
		s->logging_in = true;
}

static void on_login(void *ctx, bool ok)
{
	struct source *s = ctx;

	if (!s->logging_in)
		return;
	s->logging_in = false;
	if (ok)
		round_begin(&s->round);
	else
		source_round_failed(s);
}

/* Another leader. */

void source_go_to_leader(struct source *s)
{
	s->counters.leader_changes++;
	source_poll_cancel(s);
	source_stream_cancel(s, SOURCE_LOSS_LEADER);
	round_stop(&s->round);
	s->backoff = 0;
	source_schedule(s, times_between(0, LEADER_SPREAD));
}

static void on_watch(void *ctx, const char *host, uint16_t port)
{
	struct source *s = ctx;

	s->round.hint = endpoints_get(&s->round.endpoints, host, strlen(host), port, s->round.good);
	if (s->round.hint && s->round.asked != s->round.hint)
		source_go_to_leader(s);
}

static bool same_master(const struct mesos_master *a, const struct mesos_master *b)
{
	return a->port == b->port && addr_equal(&a->addr, &b->addr) && !strcasecmp(a->host, b->host);
}

/* Is it the announced leader that streams, under whatever name? */
static bool streams_already(const struct source *s, const struct endpoint *leader)
{
	const struct endpoint *master = s->stream.master;

	return source_stream_live(s) && (master == leader || (leader->addr.len && leader->port == master->port &&
								     addr_equal(&leader->addr, &master->seen)));
}

void source_set_masters(struct source *s, const struct mesos_master *masters, size_t count)
{
	const struct mesos_master none = {0}, *leader = count ? &masters[0] : &none;
	bool changed = !same_master(leader, &s->announced);

	endpoints_announce(
		&s->round.endpoints, masters, count, s->round.https, s->round.asked ? s->round.asked : s->round.good);
	s->announced = *leader;
	if (!changed || !count)
		return;
	log_info(SOURCE_TAG, "another master is announced as the leader host=%s port=%u", leader->host, leader->port);
	const struct endpoint *first = endpoints_ranked(&s->round.endpoints, 1);
	s->round.hint = NULL;
	if (first && first != s->round.asked && !streams_already(s, first))
		source_go_to_leader(s);
}

void source_poll_now(struct source *s)
{
	if (source_stream_live(s))
		source_check_soon(s, APPLY_STATE, 0);
	else if (s->round.asked)
		s->again = true;
	else
		source_schedule(s, 0);
}

/* Its life. */

static int init(struct source *s, const struct conf *conf)
{
	struct fetch_options options = {
		.user_agent = PACKAGE_NAME "/" PACKAGE_VERSION,
		.connect_timeout = times_limit(CONNECT_TIMEOUT, 0, conf->state_timeout_seconds),
	};
	int err = round_init(&s->round, &conf->masters);

	if (err)
		return err;
	if (conf->mesos_https_on || conf->iam_account) {
		options.ca_file = conf->ca_cert_file;
		options.cert_file = conf->cert_file;
		options.key_file = conf->key_file;
	}
	if (conf->mesos_authentication == CONF_AUTH_BASIC) {
		options.user = conf->mesos_principal;
		options.password = conf->mesos_secret;
	}
	s->fetcher = fetcher_new(s->loop, &options, &err);
	return err;
}

struct source *source_new(struct ev_loop *loop, const struct conf *conf, const struct source_sink *sink, int *err)
{
	struct source *s = calloc(1, sizeof(*s));

	*err = ERR_NOMEM;
	if (!s)
		return NULL;
	s->loop = loop;
	s->sink = *sink;
	s->way = conf->state_source;
	s->refresh = conf->refresh_seconds;
	s->timeout = conf->state_timeout_seconds;
	s->patience = times_limit(0, PATIENCE_MIN, s->timeout);
	s->timing = (struct source_timing){
		.watch = 2, .summary = s->refresh, .reconcile = 900, .retry = 600, .spread = 0.5, .body_max = BODY_MAX};
	*err = init(s, conf);
	if (*err) {
		round_fini(&s->round);
		free(s);
		return NULL;
	}
	s->round.ctx = s->watch.ctx = s;
	s->round.https = s->watch.https = conf->mesos_https_on;
	s->round.ask = on_ask;
	s->round.over = on_over;
	s->watch.loop = loop;
	s->watch.fetcher = s->fetcher;
	s->watch.endpoints = &s->round.endpoints;
	s->watch.interval = s->timing.watch;
	s->watch.changed = on_watch;
	s->iam = (struct iam){
		.loop = loop, .fetcher = s->fetcher, .account = conf->iam_account, .ctx = s, .done = on_login};
	iam_init(&s->iam);
	source_poll_init(s);
	source_stream_init(s);
	source_check_init(s);
	ev_init(&s->timer, on_timer);
	s->timer.data = s;
	source_schedule(s, 0);
	leaderwatch_start(&s->watch);
	return s;
}

void source_set_timing(struct source *s, const struct source_timing *timing)
{
	struct source_timing *t = &s->timing;

	t->watch = timing->watch > 0 ? timing->watch : t->watch;
	t->summary = timing->summary > 0 ? timing->summary : t->summary;
	t->reconcile = timing->reconcile > 0 ? timing->reconcile : t->reconcile;
	t->retry = timing->retry > 0 ? timing->retry : t->retry;
	t->spread = timing->spread > 0 ? timing->spread : t->spread;
	t->body_max = timing->body_max ? timing->body_max : t->body_max;
	leaderwatch_stop(&s->watch);
	s->watch.interval = t->watch;
	leaderwatch_start(&s->watch);
}

void source_free(struct source *s)
{
	if (!s)
		return;
	ev_timer_stop(s->loop, &s->timer);
	leaderwatch_stop(&s->watch);
	source_poll_cancel(s);
	source_stream_fini(s);
	iam_fini(&s->iam);
	fetcher_free(s->fetcher);
	round_fini(&s->round);
	free(s);
}

const struct source_counters *source_counters(struct source *s)
{
	struct source_counters *c = &s->counters;

	c->redirects = s->round.redirects;
	memcpy(c->failures, s->round.failures, sizeof(c->failures));
	stream_fetch_get_counts(&s->stream, &c->stream);
	c->logins = s->iam.logins;
	c->logins_failed = s->iam.failures;
	c->leader_questions = s->watch.questions;
	return c;
}
