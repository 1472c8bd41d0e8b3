/* SPDX-License-Identifier: Apache-2.0 */
#include "http/request.h"

#include <stdlib.h>

#include "http/parts.h"

const struct http_settings *http_request_settings(const struct http_request *r)
{
	return &r->connection->http->settings;
}

const char *http_request_tail(const struct http_request *r)
{
	return r->tail;
}

const char *http_request_query(struct http_request *r, const char *key)
{
	size_t len;
	const char *value = http_path_query_value(http_path_query(r->target), key, &len);

	return value && !http_path_decode(r->value, value, len) ? r->value : NULL;
}

struct http_census **http_request_census(const struct http_request *r)
{
	return &r->connection->http->census;
}

void *http_request_state(const struct http_request *r)
{
	return r->state;
}

void http_request_set_state(struct http_request *r, void *state, void (*release)(void *state))
{
	if (r->state)
		r->release(r->state);
	r->state = state;
	r->release = release;
}

static void on_wait(struct ev_loop *loop, ev_timer *timer, int events)
{
	http_request_resume(timer->data);
}

void http_request_suspend(struct http_request *r, double seconds)
{
	r->suspend = true;
	ev_timer_init(&r->wait, on_wait, seconds, 0);
	r->wait.data = r;
	ev_timer_start(r->connection->http->loop, &r->wait);
}

bool http_request_may_wait(const struct http_request *r)
{
	const struct http *http = r->connection->http;

	return http->waiting < http->connections_max / 2;
}

void http_request_resume(struct http_request *r)
{
	struct http *http = r->connection->http;

	ev_timer_stop(http->loop, &r->wait);
	if (!r->suspended)
		return;
	r->suspended = false;
	http->waiting--;
	MHD_resume_connection(r->mhd);
	ev_feed_event(http->loop, &http->io, EV_READ);
}

void http_request_free(struct http_request *r)
{
	http_request_set_state(r, NULL, NULL);
	ev_timer_stop(r->connection->http->loop, &r->wait);
	free(r->target);
	free(r);
}
