/* SPDX-License-Identifier: Apache-2.0 */
#include "t/sim/answer.h"

#include <stdio.h>
#include <string.h>

#include "t/sim/api.h"

#define TEXT_PLAIN     "text/plain; charset=utf-8"
#define GZIP_MIN       1024 /* libprocess compresses from here on */
#define READONLY_REALM "Basic realm=\"mesos-master-readonly\""
#define API_REALM      "Basic realm=\"mesos-master-readwrite\""

enum endpoint_kind {
	ENDPOINT_DOCUMENT,
	ENDPOINT_API,
	ENDPOINT_REDIRECT,
	ENDPOINT_HEALTH,
	ENDPOINT_VERSION,
	ENDPOINT_NONE
};

/* The leader's endpoints ask for a password first and are redirected by a standby, with the full path. */
static const struct endpoint {
	const char *path, *full;
	enum endpoint_kind kind;
	enum sim_document document;
} endpoints[] = {
	{"/master/state", "/master/state", ENDPOINT_DOCUMENT, SIM_STATE},
	{"/state", "/master/state", ENDPOINT_DOCUMENT, SIM_STATE},
	{"/master/state-summary", "/master/state-summary", ENDPOINT_DOCUMENT, SIM_SUMMARY},
	{"/state-summary", "/master/state-summary", ENDPOINT_DOCUMENT, SIM_SUMMARY},
	{"/master/slaves", "/master/slaves", ENDPOINT_DOCUMENT, SIM_SLAVES},
	{"/slaves", "/master/slaves", ENDPOINT_DOCUMENT, SIM_SLAVES}, {"/api/v1", "/master/api/v1", ENDPOINT_API, 0},
	{"/api/v1/", "/master/api/v1", ENDPOINT_API, 0}, {"/master/api/v1", "/master/api/v1", ENDPOINT_API, 0},
	{"/master/redirect", NULL, ENDPOINT_REDIRECT, 0}, {"/redirect", NULL, ENDPOINT_REDIRECT, 0},
	{"/master/health", NULL, ENDPOINT_HEALTH, 0}, {"/health", NULL, ENDPOINT_HEALTH, 0},
	{"/version", NULL, ENDPOINT_VERSION, 0}, {"other", NULL, ENDPOINT_NONE, 0}, /* must be the last */
};

#define ENDPOINTS ((unsigned)(sizeof(endpoints) / sizeof(*endpoints)))

unsigned answer_endpoints(void)
{
	return ENDPOINTS;
}

const char *answer_endpoint_name(unsigned i)
{
	return endpoints[i].path;
}

static const struct endpoint *find_endpoint(const char *path)
{
	for (unsigned i = 0; i < ENDPOINTS - 1; i++)
		if (!strcmp(endpoints[i].path, path))
			return &endpoints[i];
	return &endpoints[ENDPOINTS - 1];
}

void answer_set_text(struct answer *a, unsigned status, const char *text)
{
	a->status = status;
	a->type = TEXT_PLAIN;
	a->body = text;
	a->len = strlen(text);
}

void answer_set_redirect(struct answer *a, const char *location)
{
	a->status = 307;
	snprintf(a->location, sizeof(a->location), "%s", location);
}

void answer_set_standby(struct answer *a, const char *leader, const struct answer_request *q)
{
	const struct endpoint *e = find_endpoint(q->path);

	a->status = 307;
	if (e->kind == ENDPOINT_REDIRECT)
		snprintf(a->location, sizeof(a->location), "//%s", leader);
	else
		snprintf(a->location, sizeof(a->location), "//%s%s%s%s", leader, e->full ? e->full : q->path,
			q->query ? "?" : "", q->query ? q->query : "");
}

static bool authorised(const struct sim *s, const struct answer_request *q)
{
	static const char scheme[] = "token=";

	if (*s->token)
		return q->authorization && !strncmp(q->authorization, scheme, strlen(scheme)) &&
			!strcmp(q->authorization + strlen(scheme), s->token);
	return !s->user || (q->user && q->password && !strcmp(q->user, s->user) &&
				   !strcmp(q->password, s->password ? s->password : ""));
}

bool answer_is_api(const char *path)
{
	return find_endpoint(path)->kind == ENDPOINT_API;
}

const char *answer_fault_path(const char *path)
{
	return answer_is_api(path) ? "/api/v1" : path;
}

void answer_set_document(struct answer *a, struct document *d, bool gzip)
{
	if (!d) {
		answer_set_text(a, 500, "500 Internal Server Error.");
		return;
	}
	a->document = d;
	a->gzip = gzip && a->document->plain.len >= GZIP_MIN && !document_compress(a->document);
	a->body = a->gzip ? a->document->gzip.data : a->document->plain.data;
	a->len = a->gzip ? a->document->gzip.len : a->document->plain.len;
	a->status = 200;
	a->type = "application/json";
}

static void refuse_stranger(struct sim *s, const char *realm, struct answer *a)
{
	answer_set_text(a, 401, "401 Unauthorized.");
	a->authenticate = realm;
	s->counters.unauthorized++;
}

/* Is `m` the leader? If not, says so. */
static bool leads(const struct sim *s, const struct sim_master *m, const struct answer_request *q, struct answer *a)
{
	if (!sim_leader(s))
		answer_set_text(a, 503, "No leader elected");
	else if (m->number != s->leader)
		answer_set_standby(a, s->masters[s->leader - 1].hostport, q);
	else
		return true;
	return false;
}

static void answer_document(struct sim *s, const struct sim_master *m, const struct endpoint *e,
	const struct answer_request *q, struct answer *a)
{
	if (!authorised(s, q)) {
		refuse_stranger(s, READONLY_REALM, a);
	} else if (leads(s, m, q, a)) {
		answer_set_document(a, sim_document(s, m, e->document), q->gzip);
		a->is_state = e->document == SIM_STATE;
	}
}

static void answer_api(struct sim *s, const struct sim_master *m, const struct answer_request *q, struct answer *a)
{
	/* A file is what a master of any version said: there is no cluster behind it to tell of. */
	if (s->api == SIM_API_NONE || (s->file && !s->play.document))
		answer_set_text(a, 404, "404 Not Found.");
	else if (s->api == SIM_API_LIKE_STATE && !authorised(s, q))
		refuse_stranger(s, API_REALM, a);
	else if (!leads(s, m, q, a))
		return;
	else if (s->api == SIM_API_FORBIDDEN)
		answer_set_text(a, 403, "403 Forbidden.");
	else
		api_answer(s, m, q, a);
}

void answer_make(struct sim *s, const struct sim_master *m, const struct answer_request *q, struct answer *a)
{
	const struct endpoint *e = find_endpoint(q->path);
	const char *leader = sim_leader(s);

	*a = (struct answer){0};
	s->endpoint_requests[e - endpoints]++;
	switch (e->kind) {
	case ENDPOINT_DOCUMENT:
		answer_document(s, m, e, q, a);
		break;
	case ENDPOINT_API:
		answer_api(s, m, q, a);
		break;
	case ENDPOINT_REDIRECT:
		if (leader)
			answer_set_standby(a, leader, q);
		else
			answer_set_text(a, 503, "No leader elected");
		break;
	case ENDPOINT_HEALTH:
		a->status = 200;
		break;
	case ENDPOINT_VERSION: {
		struct text t = {0};
		render_version(&t);
		a->document = document_new(&t, 0);
		a->status = a->document ? 200 : 500;
		a->type = "application/json";
		a->body = a->document ? a->document->plain.data : NULL;
		a->len = a->document ? a->document->plain.len : 0;
		break;
	}
	case ENDPOINT_NONE:
		answer_set_text(a, 404, "404 Not Found.");
		break;
	}
}

void answer_fini(struct answer *a)
{
	document_put(a->document);
}
