/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "base/err.h"
#include "mesos/endpoint.h"
#include "mesos/fetch.h"

#define TAG             "mesos"
#define CONNECT_TIMEOUT 10.0
#define BACKOFF_MIN     0.1
#define BACKOFF_MAX     5.0
#define PATIENCE_MIN    15.0         /* seconds of silence that a master has for free */
#define PATIENCE_FACTOR 4            /* times the silence of the last good one */
#define BODY_MAX        (1ull << 30) /* about a million tasks */

struct source {
	struct ev_loop *loop;
	struct source_sink sink;
	struct state_sink state; /* ours, in front of the owner's */
	struct source_counters counters;
	struct fetcher *fetcher;
	struct endpoints endpoints;
	bool https;
	double refresh, timeout;
	double patience; /* seconds of silence */
	ev_timer timer;
	struct mesos_master leader; /* as announced last; port 0: none */

	/* the round */
	uint64_t round;
	size_t asks;
	double started;
	bool again;            /* another round was asked for meanwhile */
	bool silence;          /* someone was too silent */
	struct endpoint *good; /* who gave the last document */
	unsigned backoff;      /* failed rounds in a row, as a power of two */

	/* the request */
	struct fetch *fetch;
	struct endpoint *asked;
	unsigned paths_tried;
	struct state_parser *parser;  /* not NULL: a document has begun */
	bool leader_named, elsewhere; /* by the document; it is another master */
	char leader_host[DNAME_MAX + 1];
	uint16_t leader_port;

	struct addr leader_addr; /* of the last document */
	uint16_t last_port;
	struct log_limit round_limit;
};

const char *source_failure_name(enum source_failure failure)
{
	static const char *const names[SOURCE_FAILURES] = {"resolve", "connect", "tls", "timeout", "cut", "http",
		"limit", "auth", "status", "no_leader", "redirect", "document", "internal"};

	return names[failure];
}

/* The document, as it comes. */

static int on_leader(void *ctx, const char *text, size_t len)
{
	struct source *s = ctx;
	const char *host;
	size_t host_len;
	uint16_t port;

	if (cluster_parse_pid(text, len, &host, &host_len, &port))
		return 0; /* as good as none */
	struct addr peer = fetch_peer(s->fetch);
	memcpy(s->leader_host, host, host_len); /* cluster_parse_pid() lets no longer ones through */
	s->leader_host[host_len] = '\0';
	s->leader_port = port;
	s->leader_named = true;
	s->elsewhere = !endpoint_is(s->asked, &peer, host, host_len, port);
	return s->elsewhere ? ERR_NOTFOUND : 0;
}

static int on_element(void *ctx, struct cluster_builder *builder)
{
	struct source *s = ctx;

	return s->sink.state.element(s->sink.state.ctx, builder);
}

static int on_recovered(void *ctx, const char *id, size_t len)
{
	struct source *s = ctx;

	return s->sink.state.recovered_agent ? s->sink.state.recovered_agent(s->sink.state.ctx, id, len) : 0;
}

static int on_recovered_list(void *ctx)
{
	struct source *s = ctx;

	return s->sink.state.recovered_list ? s->sink.state.recovered_list(s->sink.state.ctx) : 0;
}

static int on_master_id(void *ctx, const char *text, size_t len)
{
	struct source *s = ctx;

	return s->sink.state.master_id ? s->sink.state.master_id(s->sink.state.ctx, text, len) : 0;
}

static int on_completed_framework(void *ctx, const char *id, size_t len)
{
	struct source *s = ctx;

	return s->sink.state.completed_framework ? s->sink.state.completed_framework(s->sink.state.ctx, id, len) : 0;
}

static int on_reregister_timeout(void *ctx, const char *text, size_t len)
{
	struct source *s = ctx;

	return s->sink.state.reregister_timeout ? s->sink.state.reregister_timeout(s->sink.state.ctx, text, len) : 0;
}

static void on_skipped(void *ctx, enum state_skip reason, const char *text)
{
	struct source *s = ctx;

	s->counters.skipped[reason]++;
	if (s->sink.state.skipped)
		s->sink.state.skipped(s->sink.state.ctx, reason, text);
}

static int on_data(void *ctx, const void *data, size_t len)
{
	struct source *s = ctx;

	if (!s->parser) {
		int rc = s->sink.begin(s->sink.ctx);

		if (rc)
			return rc;
		s->parser = state_parser_new(&s->state);
		if (!s->parser) {
			s->sink.end(s->sink.ctx, &(struct source_document){.error = err_text(ERR_NOMEM)});
			return ERR_NOMEM;
		}
	}
	return state_parser_feed(s->parser, data, len);
}

/* Ends the document that has begun, if one has. */
static int end_document(struct source *s, bool complete, const char *error, double seconds)
{
	struct source_document document = {.complete = complete, .error = error, .seconds = seconds};
	int rc = 0;

	if (!s->parser)
		return 0;
	document.counts = state_parser_counts(s->parser);
	if (complete) {
		document.leader_host = s->leader_host;
		document.leader_addr = s->leader_addr;
		document.leader_port = s->leader_port;
	}
	rc = s->sink.end(s->sink.ctx, &document);
	state_parser_free(s->parser);
	s->parser = NULL;
	return rc;
}

/* Rounds. */

static void on_done(void *ctx, const struct fetch_result *result);

static double jitter(void)
{
	uint16_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		random = 0;
	return 0.5 + random / 131072.0; /* 0.5 to 1 */
}

static double limit(double value, double min, double max)
{
	if (value < min)
		value = min;
	return value < max ? value : max;
}

static void schedule(struct source *s, double delay)
{
	ev_timer_stop(s->loop, &s->timer);
	if (!s->good && !endpoints_any(&s->endpoints))
		return;
	ev_now_update(s->loop);
	ev_timer_set(&s->timer, delay > 0 ? delay : 0, 0);
	ev_timer_start(s->loop, &s->timer);
}

static void end_round(struct source *s, bool good)
{
	double delay;

	s->asked = NULL;
	if (good) {
		s->backoff = 0;
		/* A clock may have been set, or a document taken longer than the time between two. */
		delay = limit(s->started + s->refresh - ev_time(), BACKOFF_MIN, s->refresh);
	} else {
		double max = s->refresh < BACKOFF_MAX ? s->refresh : BACKOFF_MAX;

		s->counters.failed_rounds++;
		delay = BACKOFF_MIN * (double)(1u << s->backoff);
		if (delay < max)
			s->backoff++;
		else
			delay = max;
		delay *= jitter();
		if (s->silence)
			s->patience = s->patience < s->timeout / 2 ? 2 * s->patience : s->timeout;
		log_limited(&s->round_limit, LOG_LEVEL_WARN, TAG, "no master gave its state rounds=%llu next_s=%.1f",
			(unsigned long long)s->counters.failed_rounds, delay);
	}
	if (s->again)
		delay = 0;
	s->again = false;
	schedule(s, delay);
}

/* The next master of the round that was not asked yet, or NULL. */
static struct endpoint *next_endpoint(struct source *s)
{
	for (unsigned rank = 1; rank <= ENDPOINT_ANNOUNCED; rank++) {
		struct endpoint *ep = endpoints_ranked(&s->endpoints, rank);

		if (ep && ep->round != s->round)
			return ep;
		if (s->good && s->good->round != s->round)
			return s->good;
	}
	for (size_t i = 0; i < s->endpoints.configured; i++)
		if (s->endpoints.items[i].round != s->round)
			return &s->endpoints.items[i];
	return NULL;
}

static void failed(struct source *s, enum source_failure failure, const char *text)
{
	s->counters.failures[failure]++;
	log_limited(&s->asked->limit, LOG_LEVEL_WARN, TAG, "no state from this master host=%s port=%u reason=%s: %s",
		s->asked->host, s->asked->port, source_failure_name(failure), text);
}

static int request(struct source *s)
{
	const struct fetch_callbacks callbacks = {s, on_data, on_done};
	char url[ENDPOINT_URL_MAX];
	const struct fetch_request get = {
		.url = endpoint_url(s->asked, s->https, endpoint_state_path(s->asked), url),
		.connect = endpoint_connect_to(s->asked),
		.timeout = s->timeout,
		.silence = s->patience,
		.max_bytes = BODY_MAX,
	};
	int err;

	s->leader_named = s->elsewhere = false;
	s->counters.fetches++;
	s->fetch = fetch_start(s->fetcher, &get, &callbacks, &err);
	if (!s->fetch)
		failed(s, SOURCE_INTERNAL, err_text(err));
	return s->fetch ? 0 : err;
}

/* Asks this master, or if that cannot even start, the next. NULL: the next. */
static void ask(struct source *s, struct endpoint *ep)
{
	for (;; ep = NULL) {
		if (!ep)
			ep = next_endpoint(s);
		/* No more than there are places, also if masters that give each other's name are without end.
		 */
		if (!ep || s->asks++ >= s->endpoints.count) {
			end_round(s, false);
			return;
		}
		s->asked = ep;
		s->paths_tried = 1;
		ep->round = s->round;
		if (!request(s))
			return;
	}
}

static void begin_round(struct source *s)
{
	s->round++;
	s->asks = 0;
	s->silence = false;
	s->started = ev_time();
	ask(s, NULL);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
	begin_round(timer->data);
}

/* On to the master that was named, unless the round was there already. */
static void follow(struct source *s, const char *host, uint16_t port)
{
	struct endpoint *to = NULL;
	struct addr addr;

	if (s->https && !addr_parse(&addr, host, strlen(host)))
		to = endpoints_seen_at(&s->endpoints, &addr, port);
	if (!to || to->round == s->round)
		to = endpoints_get(&s->endpoints, host, strlen(host), port, s->good);
	if (!to || to->round == s->round) {
		char text[DNAME_MAX + 64];

		snprintf(text, sizeof(text), "it says that %s:%u leads, which was asked already", host, port);
		failed(s, SOURCE_REDIRECT, text);
		ask(s, NULL);
		return;
	}
	s->counters.redirects++;
	log_debug(TAG, "another master leads asked=%s:%u leader=%s:%u", s->asked->host, s->asked->port, host, port);
	ask(s, to);
}

/* The request that is under way is not waited for. */
static void abandon(struct source *s)
{
	if (s->fetch)
		fetch_cancel(s->fetch);
	s->fetch = NULL;
	end_document(s, false, "another master leads", 0);
	s->asked = NULL;
}

/* What a request came to. */

static enum source_failure failure_of(enum fetch_outcome outcome)
{
	static const enum source_failure failures[FETCH_OUTCOMES] = {
		[FETCH_ANSWERED] = SOURCE_STATUS,
		[FETCH_RESOLVE] = SOURCE_RESOLVE,
		[FETCH_CONNECT] = SOURCE_CONNECT,
		[FETCH_TLS] = SOURCE_TLS,
		[FETCH_TIMEOUT] = SOURCE_TIMEOUT,
		[FETCH_CUT] = SOURCE_CUT,
		[FETCH_HTTP] = SOURCE_HTTP,
		[FETCH_LIMIT] = SOURCE_LIMIT,
		[FETCH_ABORTED] = SOURCE_INTERNAL,
	};

	return failures[outcome];
}

static void good_document(struct source *s, const struct fetch_result *result)
{
	struct addr addr;

	if (addr_parse(&addr, s->leader_host, strlen(s->leader_host)))
		addr = result->peer;
	bool changed = s->leader_port != s->last_port || !addr_equal(&addr, &s->leader_addr);
	s->leader_addr = addr;
	s->last_port = s->leader_port;
	int rc = end_document(s, true, NULL, result->seconds);
	if (rc) {
		failed(s, SOURCE_INTERNAL, err_text(rc));
		/* Another master would give the same: try again later. */
		end_round(s, false);
		return;
	}
	if (changed || s->counters.failed_rounds)
		log_info(TAG, "state received leader=%s:%u failed_rounds=%llu", s->leader_host, s->leader_port,
			(unsigned long long)s->counters.failed_rounds);
	s->good = s->asked;
	s->patience = limit(result->silence * PATIENCE_FACTOR, PATIENCE_MIN, s->timeout);
	s->counters.documents++;
	s->counters.failed_rounds = 0;
	s->counters.last_seconds = result->seconds;
	s->counters.last_good = ev_time();
	end_round(s, true);
}

/* A 200 whose bytes have all been seen. */
static void judge_document(struct source *s, const struct fetch_result *result)
{
	enum source_failure failure = SOURCE_DOCUMENT;
	const char *error = "it is empty";
	char text[192];

	if (s->parser && !state_parser_finish(s->parser)) {
		if (s->leader_named) {
			good_document(s, result);
			return;
		}
		failure = SOURCE_NO_LEADER;
		error = "the document names no leader";
	} else if (s->parser) {
		error = state_parser_error(s->parser);
	}
	snprintf(text, sizeof(text), "%s", error); /* the parser goes */
	end_document(s, false, text, result->seconds);
	failed(s, failure, text);
	ask(s, NULL);
}

/* The transfer ended before the document did. */
static void judge_broken(struct source *s, const struct fetch_result *result)
{
	enum source_failure failure = failure_of(result->outcome);
	char text[512];

	snprintf(text, sizeof(text), "%s", result->error);
	if (s->parser && *state_parser_error(s->parser)) {
		if (result->rc == ERR_FORMAT)
			failure = SOURCE_DOCUMENT;
		else if (result->rc == ERR_LIMIT)
			failure = SOURCE_LIMIT;
		snprintf(text, sizeof(text), "%s", state_parser_error(s->parser));
	}
	end_document(s, false, s->elsewhere ? "another master leads" : text, result->seconds);
	if (s->elsewhere) {
		follow(s, s->leader_host, s->leader_port);
		return;
	}
	s->silence |= failure == SOURCE_TIMEOUT;
	failed(s, failure, text);
	ask(s, NULL);
}

static void judge_status(struct source *s, const struct fetch_result *result)
{
	enum source_failure failure = SOURCE_STATUS;
	char host[DNAME_MAX + 1], text[192];
	uint16_t port;

	if (result->location) {
		if (!endpoint_parse_redirect(result->location, s->https, NULL, host, &port)) {
			follow(s, host, port);
			return;
		}
		snprintf(text, sizeof(text), "status %u leads to %.120s", result->status, result->location);
		failed(s, SOURCE_REDIRECT, text);
		ask(s, NULL);
		return;
	}
	if (result->status == 404) {
		s->asked->path = (s->asked->path + 1) % ENDPOINT_PATHS;
		if (s->paths_tried++ < ENDPOINT_PATHS) {
			if (request(s))
				ask(s, NULL);
			return;
		}
	}
	if (result->status == 503)
		failure = SOURCE_NO_LEADER;
	else if (result->status == 401 || result->status == 403)
		failure = SOURCE_AUTH;
	snprintf(text, sizeof(text), "status %u%s%s", result->status, *result->error ? ": " : "", result->error);
	failed(s, failure, text);
	ask(s, NULL);
}

static void on_done(void *ctx, const struct fetch_result *result)
{
	struct source *s = ctx;

	s->fetch = NULL;
	s->counters.bytes += result->bytes;
	s->counters.wire_bytes += result->wire_bytes;
	histogram_add(&s->counters.durations, histogram_ns(result->seconds), 1);
	if (result->peer.len)
		s->asked->seen = result->peer;
	if (result->outcome != FETCH_ANSWERED)
		judge_broken(s, result);
	else if (result->status == 200)
		judge_document(s, result);
	else
		judge_status(s, result);
}

struct source *source_new(struct ev_loop *loop, const struct conf *conf, const struct source_sink *sink, int *err)
{
	struct fetch_options options = {
		.user_agent = PACKAGE_NAME "/" PACKAGE_VERSION,
		.connect_timeout =
			conf->state_timeout_seconds < CONNECT_TIMEOUT ? conf->state_timeout_seconds : CONNECT_TIMEOUT,
	};
	struct source *s = calloc(1, sizeof(*s));

	*err = ERR_NOMEM;
	if (!s)
		return NULL;
	s->loop = loop;
	s->sink = *sink;
	s->state = (struct state_sink){.ctx = s, .leader = on_leader, .element = on_element, .master_id = on_master_id,
		.recovered_list = on_recovered_list, .recovered_agent = on_recovered,
		.completed_framework = on_completed_framework, .reregister_timeout = on_reregister_timeout,
		.skipped = on_skipped};
	s->https = conf->mesos_https_on;
	s->refresh = conf->refresh_seconds;
	s->timeout = conf->state_timeout_seconds;
	s->patience = limit(0, PATIENCE_MIN, s->timeout);
	if (s->https) {
		options.ca_file = conf->ca_cert_file;
		options.cert_file = conf->cert_file;
		options.key_file = conf->key_file;
	}
	if (conf->mesos_authentication == CONF_AUTH_BASIC) {
		options.user = conf->mesos_principal;
		options.password = conf->mesos_secret;
	}
	if (endpoints_init(&s->endpoints, &conf->masters)) {
		free(s);
		return NULL;
	}
	s->fetcher = fetcher_new(loop, &options, err);
	if (!s->fetcher) {
		endpoints_fini(&s->endpoints);
		free(s);
		return NULL;
	}
	ev_init(&s->timer, on_timer);
	s->timer.data = s;
	schedule(s, 0);
	return s;
}

void source_free(struct source *s)
{
	if (!s)
		return;
	ev_timer_stop(s->loop, &s->timer);
	fetcher_free(s->fetcher);
	end_document(s, false, "the program ends", 0);
	endpoints_fini(&s->endpoints);
	free(s);
}

static bool same_master(const struct mesos_master *a, const struct mesos_master *b)
{
	return a->port == b->port && addr_equal(&a->addr, &b->addr) && !strcasecmp(a->host, b->host);
}

void source_set_masters(struct source *s, const struct mesos_master *masters, size_t count)
{
	const struct mesos_master none = {0}, *leader = count ? &masters[0] : &none;
	bool changed = !same_master(leader, &s->leader);

	endpoints_announce(&s->endpoints, masters, count, s->https, s->asked ? s->asked : s->good);
	s->leader = *leader;
	if (!changed || !count)
		return;
	log_info(TAG, "another master is announced as the leader host=%s port=%u", leader->host, leader->port);
	s->backoff = 0;
	if (s->asked == endpoints_ranked(&s->endpoints, 1))
		return;
	if (s->asked)
		abandon(s);
	schedule(s, 0);
}

void source_poll_now(struct source *s)
{
	if (s->asked)
		s->again = true;
	else
		schedule(s, 0);
}

const struct source_counters *source_counters(const struct source *s)
{
	return &s->counters;
}
