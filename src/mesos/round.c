/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/round.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"

#define TAG   "mesos"
#define WAITS 10

int round_init(struct round *r, const struct conf_endpoints *masters)
{
	return endpoints_init(&r->endpoints, masters);
}

void round_fini(struct round *r)
{
	endpoints_fini(&r->endpoints);
}

static bool is_new(const struct round *r, const struct endpoint *ep)
{
	return ep && ep->round != r->number;
}

static struct endpoint *next_of(struct round *r, bool mute)
{
#define TRY(ep)                                                                                                        \
	do {                                                                                                           \
		if (is_new(r, (ep)) && (ep)->mute == mute)                                                             \
			return (ep);                                                                                   \
	} while (0)

	for (unsigned rank = 1; rank <= ENDPOINT_ANNOUNCED; rank++) {
		struct endpoint *announced = endpoints_ranked(&r->endpoints, rank);

		TRY(announced);
		TRY(r->good);
		if (!announced)
			break;
	}
	for (size_t i = 0; i < r->endpoints.configured; i++)
		TRY(&r->endpoints.items[i]);
#undef TRY
	return NULL;
}

/* The next master that was not asked yet, or NULL. */
static struct endpoint *next_endpoint(struct round *r)
{
	struct endpoint *leader = endpoints_ranked(&r->endpoints, 1);

	r->named = true;
	if (is_new(r, r->hint))
		return r->hint;
	if (is_new(r, leader))
		return leader;
	r->named = false;
	struct endpoint *ep = next_of(r, false);
	return ep ? ep : next_of(r, true);
}

void round_note(struct round *r, enum source_failure failure, const char *text)
{
	r->failures[failure]++;
	log_limited(&r->asked->limit, LOG_LEVEL_WARN, TAG, "no state from this master host=%s port=%u reason=%s: %s",
		r->asked->host, r->asked->port, source_failure_name(failure), text);
}

/* Asks this master, or if that cannot even start, the next. NULL: the next. */
static void ask(struct round *r, struct endpoint *ep)
{
	for (;; ep = NULL) {
		r->named = ep;
		if (!ep)
			ep = next_endpoint(r);
		/* No more than there are places, also if masters that give each other's name are without end. */
		if (!ep || r->asks++ >= r->endpoints.count) {
			r->asked = NULL;
			r->over(r->ctx);
			return;
		}
		r->asked = ep;
		r->other_name = false;
		ep->round = r->number;
		int err = r->ask(r->ctx, ep);
		if (!err)
			return;
		round_note(r, SOURCE_INTERNAL, err_text(err));
	}
}

void round_begin(struct round *r)
{
	r->number++;
	r->asks = 0;
	ask(r, NULL);
}

void round_stop(struct round *r)
{
	r->asked = NULL;
}

void round_won(struct round *r)
{
	r->good = r->asked;
	r->hint = NULL;
	r->asked = NULL;
	r->waits = 0;
}

void round_failed(struct round *r, enum source_failure failure, const char *text)
{
	struct endpoint *ep = r->asked;

	round_note(r, failure, text);
	/* An announced name and its address: the certificate holds one of the two. */
	if (failure == SOURCE_TLS && !ep->literal && ep->addr.len && !r->other_name) {
		r->other_name = true;
		ep->by_addr = !ep->by_addr;
		if (!r->ask(r->ctx, ep))
			return;
	}
	ask(r, NULL);
}

void round_elsewhere(struct round *r, const char *host, uint16_t port)
{
	struct endpoint *to = NULL;
	struct addr addr;

	if (r->https && !addr_parse(&addr, host, strlen(host)))
		to = endpoints_seen_at(&r->endpoints, &addr, port);
	if (!is_new(r, to))
		to = endpoints_get(&r->endpoints, host, strlen(host), port, r->good);
	if (!is_new(r, to)) {
		char text[DNAME_MAX + 64];

		snprintf(text, sizeof(text), "it says that %s:%u leads, which was asked already", host, port);
		round_failed(r, SOURCE_REDIRECT, text);
		return;
	}
	r->redirects++;
	log_debug(TAG, "another master leads asked=%s:%u leader=%s:%u", r->asked->host, r->asked->port, host, port);
	ask(r, to);
}

void round_refused(struct round *r, const struct fetch_result *result, const char *path)
{
	enum source_failure failure = SOURCE_REDIRECT;
	char host[DNAME_MAX + 1], text[192];
	uint16_t port;

	if (result->location && !endpoint_parse_redirect(result->location, r->https, path, host, &port)) {
		round_elsewhere(r, host, port);
		return;
	}
	if (result->location) {
		snprintf(text, sizeof(text), "status %u leads to %.120s", result->status, result->location);
	} else {
		failure = source_failure_of_status(result->status);
		snprintf(
			text, sizeof(text), "status %u%s%s", result->status, *result->error ? ": " : "", result->error);
	}
	if (failure == SOURCE_NO_LEADER && r->named && r->waits < WAITS) {
		r->waits++;
		round_note(r, failure, text);
		r->asked = NULL;
		r->over(r->ctx);
		return;
	}
	round_failed(r, failure, text);
}
