/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/state_fetch.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"

static int on_leader(void *ctx, const char *text, size_t len)
{
	struct state_fetch *sf = ctx;
	const char *host;
	size_t host_len;
	uint16_t port;

	if (cluster_parse_pid(text, len, &host, &host_len, &port))
		return 0; /* as good as none */
	struct addr peer = fetch_peer(sf->fetch);
	memcpy(sf->leader_host, host, host_len); /* cluster_parse_pid() lets no longer ones through */
	sf->leader_host[host_len] = '\0';
	sf->leader_port = port;
	sf->elsewhere = !endpoint_is(sf->master, &peer, host, host_len, port);
	return sf->elsewhere ? ERR_NOTFOUND : 0;
}

/* The others are the owner's. */

static int on_element(void *ctx, struct cluster_builder *builder)
{
	const struct state_sink *sink = &((struct state_fetch *)ctx)->sink;

	return sink->element(sink->ctx, builder);
}

static int on_master_id(void *ctx, const char *text, size_t len)
{
	const struct state_sink *sink = &((struct state_fetch *)ctx)->sink;

	return sink->master_id ? sink->master_id(sink->ctx, text, len) : 0;
}

static int on_recovered_list(void *ctx)
{
	const struct state_sink *sink = &((struct state_fetch *)ctx)->sink;

	return sink->recovered_list ? sink->recovered_list(sink->ctx) : 0;
}

static int on_recovered_agent(void *ctx, const char *id, size_t len)
{
	const struct state_sink *sink = &((struct state_fetch *)ctx)->sink;

	return sink->recovered_agent ? sink->recovered_agent(sink->ctx, id, len) : 0;
}

static int on_completed_framework(void *ctx, const char *id, size_t len)
{
	const struct state_sink *sink = &((struct state_fetch *)ctx)->sink;

	return sink->completed_framework ? sink->completed_framework(sink->ctx, id, len) : 0;
}

static int on_reregister_timeout(void *ctx, const char *text, size_t len)
{
	const struct state_sink *sink = &((struct state_fetch *)ctx)->sink;

	return sink->reregister_timeout ? sink->reregister_timeout(sink->ctx, text, len) : 0;
}

static int on_registry(void *ctx, const char *text, size_t len)
{
	const struct state_sink *sink = &((struct state_fetch *)ctx)->sink;

	return sink->registry ? sink->registry(sink->ctx, text, len) : 0;
}

static void on_skipped(void *ctx, enum state_skip reason, const char *text)
{
	const struct state_sink *sink = &((struct state_fetch *)ctx)->sink;

	if (sink->skipped)
		sink->skipped(sink->ctx, reason, text);
}

static int on_data(void *ctx, const void *data, size_t len)
{
	struct state_fetch *sf = ctx;
	const struct state_sink sink = {.ctx = sf,
		.leader = on_leader,
		.element = on_element,
		.master_id = on_master_id,
		.recovered_list = on_recovered_list,
		.recovered_agent = on_recovered_agent,
		.completed_framework = on_completed_framework,
		.reregister_timeout = on_reregister_timeout,
		.registry = on_registry,
		.skipped = on_skipped};

	if (!sf->parser) {
		sf->parser = state_parser_new(&sink);
		int rc = !sf->parser ? ERR_NOMEM : sf->begin ? sf->begin(sf->ctx) : 0;

		if (rc) {
			state_parser_free(sf->parser);
			sf->parser = NULL;
			return rc;
		}
	}
	return state_parser_feed(sf->parser, data, len);
}

/* A 200 whose bytes have all been seen. */
static void judge_document(struct state_fetch *sf, struct state_fetch_result *result)
{
	result->verdict = STATE_FETCH_BROKEN;
	result->failure = SOURCE_DOCUMENT;
	if (!sf->parser)
		result->text = "it is empty";
	else if (state_parser_finish(sf->parser))
		result->text = state_parser_error(sf->parser);
	else
		result->verdict = STATE_FETCH_WHOLE;
}

/* The transfer ended before the document did. */
static void judge_broken(struct state_fetch *sf, struct state_fetch_result *result)
{
	const struct fetch_result *http = result->http;

	if (sf->elsewhere) {
		result->verdict = STATE_FETCH_ELSEWHERE;
		return;
	}
	result->verdict = STATE_FETCH_BROKEN;
	result->failure = source_failure_of_outcome(http->outcome, http->rc);
	result->text = http->error;
	if (http->outcome == FETCH_ABORTED && sf->parser && *state_parser_error(sf->parser))
		result->text = state_parser_error(sf->parser);
}

static void on_done(void *ctx, const struct fetch_result *http)
{
	struct state_fetch *sf = ctx;
	struct state_fetch_result result = {
		.verdict = STATE_FETCH_STATUS, .text = "", .begun = sf->parser, .http = http};
	char text[512], host[DNAME_MAX + 1];

	sf->fetch = NULL;
	if (http->peer.len)
		sf->master->seen = http->peer;
	if (http->outcome != FETCH_ANSWERED)
		judge_broken(sf, &result);
	else if (http->status == 200)
		judge_document(sf, &result);
	/* What the owner sees must outlive the next request, which may start in done(). */
	snprintf(text, sizeof(text), "%s", result.text);
	snprintf(host, sizeof(host), "%s", sf->leader_host);
	result.text = text;
	result.leader_host = host;
	result.leader_port = sf->leader_port;
	if (sf->parser)
		result.counts = *state_parser_counts(sf->parser);
	state_parser_free(sf->parser);
	sf->parser = NULL;
	sf->done(sf->ctx, &result);
}

int state_fetch_start(struct state_fetch *sf, const struct state_fetch_request *request)
{
	const struct fetch_callbacks callbacks = {sf, on_data, on_done};
	char url[ENDPOINT_URL_MAX];
	const struct fetch_request get = {
		.url = endpoint_url(request->master, request->https, request->path, url),
		.connect = endpoint_connect_to(request->master),
		.timeout = request->timeout,
		.silence = request->silence,
		.max_bytes = request->max_bytes,
	};
	int err;

	sf->master = request->master;
	sf->elsewhere = false;
	sf->leader_host[0] = '\0';
	sf->leader_port = 0;
	sf->fetch = fetch_start(sf->fetcher, &get, &callbacks, &err);
	return sf->fetch ? 0 : err;
}

bool state_fetch_cancel(struct state_fetch *sf)
{
	bool begun = sf->parser;

	if (sf->fetch)
		fetch_cancel(sf->fetch);
	sf->fetch = NULL;
	state_parser_free(sf->parser);
	sf->parser = NULL;
	return begun;
}
