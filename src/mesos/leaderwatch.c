/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/leaderwatch.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "mesos/times.h"

#define TAG     "mesos"
#define PATH    "/master/redirect"
#define TIMEOUT 3.0
#define BELIEF  60.0 /* seconds until who was told of is told of again */

static void schedule(struct leaderwatch *w)
{
	ev_timer_stop(w->loop, &w->timer);
	ev_timer_set(&w->timer, times_between(0.75, 1.25) * w->interval, 0);
	ev_timer_start(w->loop, &w->timer);
}

static bool is_leader(const struct leaderwatch *w, const struct endpoint *ep)
{
	const struct endpoint *leader = w->leader;

	return leader &&
	       (ep == leader || (ep->port == leader->port && ep->seen.len && addr_equal(&ep->seen, &w->leader_addr)));
}

/* The configured masters in turn, and the leader if it is none of them. */
static struct endpoint *next_master(struct leaderwatch *w)
{
	size_t configured = w->endpoints->configured;

	for (size_t tries = 0; tries <= configured; tries++) {
		size_t i = w->next++ % (configured + 1);
		struct endpoint *ep = i < configured ? &w->endpoints->items[i] : w->leader;

		if (!ep || (w->spare_leader && is_leader(w, ep)))
			continue;
		if (i == configured && ep < w->endpoints->items + configured)
			continue; /* its turn was before */
		return ep;
	}
	return NULL;
}

static void on_done(void *ctx, const struct fetch_result *result);

static bool ask(struct leaderwatch *w, struct endpoint *ep)
{
	const struct fetch_callbacks callbacks = {w, NULL, on_done};
	char url[ENDPOINT_URL_MAX];
	const struct fetch_request get = {
		.url = endpoint_url(ep, w->https, PATH, url),
		.connect = endpoint_connect_to(ep),
		.timeout = TIMEOUT,
		.plain = true,
		.anonymous = true,
	};
	int err;

	w->asked = ep;
	w->questions++;
	w->fetch = fetch_start(w->fetcher, &get, &callbacks, &err);
	return w->fetch;
}

static bool named_is(const char *a, uint16_t a_port, const char *b, uint16_t b_port)
{
	return a_port == b_port && !strcasecmp(a, b);
}

/* The asked one says of itself that it leads. */
static void judge_claim(struct leaderwatch *w, const char *host, uint16_t port, const struct addr *peer)
{
	if (w->leader && port == w->leader->port && addr_equal(peer, &w->leader_addr)) {
		snprintf(w->known, sizeof(w->known), "%s", host);
		w->known_port = port;
		return;
	}
	if (named_is(host, port, w->believed, w->believed_port) && times_monotonic() < w->believed_until)
		return;
	snprintf(w->believed, sizeof(w->believed), "%s", host);
	w->believed_port = port;
	w->believed_until = times_monotonic() + BELIEF;
	w->changes++;
	log_info(TAG, "another master says that it leads host=%s port=%u", host, port);
	w->changed(w->ctx, host, port);
}

/* Returns true if the one that was named is being asked now. */
static bool judge(struct leaderwatch *w, const struct fetch_result *result)
{
	char host[DNAME_MAX + 1];
	uint16_t port;

	if (!result->location || endpoint_parse_redirect(result->location, w->https, "/", host, &port))
		return false;
	bool itself = endpoint_is(w->asked, &result->peer, host, strlen(host), port);
	if (w->confirming) {
		if (itself || named_is(host, port, w->named, w->named_port))
			judge_claim(w, host, port, &result->peer);
		return false;
	}
	if (named_is(host, port, w->known, w->known_port) ||
		(w->leader && endpoint_is(w->leader, &w->leader_addr, host, strlen(host), port)))
		return false;
	if (itself) {
		judge_claim(w, host, port, &result->peer);
		return false;
	}
	struct endpoint *ep = endpoints_get(w->endpoints, host, strlen(host), port, w->leader);
	if (!ep)
		return false;
	snprintf(w->named, sizeof(w->named), "%s", host);
	w->named_port = port;
	w->confirming = ask(w, ep);
	return w->confirming;
}

static void on_done(void *ctx, const struct fetch_result *result)
{
	struct leaderwatch *w = ctx;

	w->fetch = NULL;
	if (result->peer.len)
		w->asked->seen = result->peer;
	if (result->outcome == FETCH_ANSWERED && judge(w, result))
		return;
	schedule(w);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct leaderwatch *w = timer->data;
	struct endpoint *ep = endpoints_ranked(w->endpoints, 1) ? NULL : next_master(w);

	w->confirming = false;
	if (!ep || !ask(w, ep))
		schedule(w);
}

void leaderwatch_start(struct leaderwatch *w)
{
	ev_init(&w->timer, on_timer);
	w->timer.data = w;
	schedule(w);
}

void leaderwatch_stop(struct leaderwatch *w)
{
	ev_timer_stop(w->loop, &w->timer);
	if (w->fetch)
		fetch_cancel(w->fetch);
	w->fetch = NULL;
}

void leaderwatch_set_leader(struct leaderwatch *w, struct endpoint *leader, const struct addr *addr, bool connected)
{
	if (leader != w->leader || !addr_equal(addr, &w->leader_addr))
		w->known_port = 0;
	w->leader = leader;
	w->leader_addr = *addr;
	w->spare_leader = connected;
}
