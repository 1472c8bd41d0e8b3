/* SPDX-License-Identifier: Apache-2.0 */
#include "t/sim/api.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "t/sim/render.h"

enum call_kind { CALL_SUBSCRIBE, CALL_DOCUMENT, CALL_VERSION, CALL_HEALTH, CALL_MASTER };

static const struct call {
	const char *type;
	enum call_kind kind;
	enum sim_document document;
} calls[] = {
	{"SUBSCRIBE", CALL_SUBSCRIBE, 0},
	{"GET_STATE", CALL_DOCUMENT, SIM_GET_STATE},
	{"GET_TASKS", CALL_DOCUMENT, SIM_GET_TASKS},
	{"GET_EXECUTORS", CALL_DOCUMENT, SIM_GET_EXECUTORS},
	{"GET_FRAMEWORKS", CALL_DOCUMENT, SIM_GET_FRAMEWORKS},
	{"GET_AGENTS", CALL_DOCUMENT, SIM_GET_AGENTS},
	{"GET_VERSION", CALL_VERSION, 0},
	{"GET_HEALTH", CALL_HEALTH, 0},
	{"GET_MASTER", CALL_MASTER, 0},
};

#define CALLS (sizeof(calls) / sizeof(*calls))

/* Is one of the media types of an Accept header `wanted`, or anything? */
static bool accepts(const char *header, const char *wanted)
{
	size_t len = strlen(wanted);

	for (const char *at = header; *at;) {
		at += strspn(at, " ,");
		size_t n = strcspn(at, ";, ");
		if ((n == len && !strncasecmp(at, wanted, n)) || (n == 3 && !strncmp(at, "*/*", 3)) ||
			(n == 13 && !strncmp(at, "application/*", 13)))
			return true;
		at += strcspn(at, ",");
	}
	return false;
}

static const struct call *find_call(const char *type)
{
	for (size_t i = 0; type && i < CALLS; i++)
		if (!strcmp(calls[i].type, type))
			return &calls[i];
	return NULL;
}

static void put_master(struct text *t, const struct sim_master *m)
{
	text_printf(
		t, "{\"type\":\"GET_MASTER\",\"get_master\":{\"master_info\":{\"id\":\"%s\",\"ip\":16777343,", m->id);
	text_printf(t, "\"port\":%u,\"pid\":\"master@%s\",\"hostname\":\"%s\",\"version\":\"1.12.0\",", m->port,
		m->hostport, m->host);
	text_printf(t, "\"address\":{\"hostname\":\"%s\",\"ip\":\"%s\",\"port\":%u}},\"start_time\":", m->host, m->host,
		m->port);
	text_time(t, m->start);
	text_lit(t, ",\"elected_time\":");
	text_time(t, m->elected);
	text_lit(t, "}}");
}

static void answer_call(struct sim *s, const struct sim_master *m, const struct answer_request *q,
	const struct call *call, struct answer *a)
{
	struct text t = {0};

	switch (call->kind) {
	case CALL_SUBSCRIBE:
		a->subscribe = true;
		a->status = 200;
		a->type = "application/json";
		return;
	case CALL_DOCUMENT:
		answer_set_document(a, sim_document(s, m, call->document), q->gzip);
		return;
	case CALL_VERSION:
		text_lit(&t, "{\"type\":\"GET_VERSION\",\"get_version\":{\"version_info\":");
		render_version(&t);
		text_lit(&t, "}}");
		break;
	case CALL_HEALTH:
		text_lit(&t, "{\"type\":\"GET_HEALTH\",\"get_health\":{\"healthy\":true}}");
		break;
	case CALL_MASTER:
		put_master(&t, m);
		break;
	}
	answer_set_document(a, document_new(&t, 0), q->gzip);
}

void api_answer(struct sim *s, const struct sim_master *m, const struct answer_request *q, struct answer *a)
{
	const struct call *call = NULL;

	if (s->unready) {
		answer_set_text(a, 503, "Master has not finished recovery");
		if (s->unready_calls && !--s->unready_calls)
			sim_ready(s);
		return;
	}
	if (strcmp(q->method, "POST")) {
		char text[128];
		struct text t = {0};
		snprintf(text, sizeof(text), "405 Method Not Allowed. Expecting one of { 'POST' }, but received '%s'.",
			q->method);
		text_put(&t, text, strlen(text));
		answer_set_document(a, document_new(&t, 0), false);
		a->status = 405;
		a->type = "text/plain; charset=utf-8";
		a->allow = "POST";
		return;
	}
	if (!q->content_type) {
		answer_set_text(a, 400, "Expecting 'Content-Type' to be present");
		return;
	}
	if (strcmp(q->content_type, "application/json")) {
		answer_set_text(a, 415, "Expecting 'Content-Type' of application/json or application/x-protobuf");
		return;
	}
	json_t *root = json_loadb(q->body ? q->body : "", q->body_len, 0, NULL);
	if (!root) {
		answer_set_text(a, 400, "Failed to parse body into JSON: syntax error at line 1 near: ");
		return;
	}
	call = find_call(json_string_value(json_object_get(root, "type")));
	json_decref(root);
	if (!call)
		answer_set_text(a, 400, "Failed to validate master::Call: Expecting 'type' to be present");
	else if (q->accept && !accepts(q->accept, "application/json"))
		answer_set_text(a, 406, "Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'");
	else
		answer_call(s, m, q, call, a);
}
