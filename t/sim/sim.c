/* SPDX-License-Identifier: Apache-2.0 */
#include "t/sim/sim.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "t/sim/answer.h"
#include "t/sim/render_v1.h"

int sim_init(struct sim *s)
{
	pthread_condattr_t attr;

	*s = (struct sim){0};
	s->endpoint_requests = calloc(answer_endpoints(), sizeof(*s->endpoint_requests));
	s->nobody = cluster_new(0, 0, false);
	if (!s->endpoint_requests || !s->nobody) {
		free(s->endpoint_requests);
		cluster_free(s->nobody);
		return ERR_NOMEM;
	}
	streams_init(&s->streams);
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->wake, &attr);
	pthread_condattr_destroy(&attr);
	return 0;
}

void sim_fini(struct sim *s)
{
	for (unsigned i = 0; i < SIM_DOCUMENTS; i++)
		document_put(s->documents[i]);
	document_put(s->file);
	play_fini(&s->play);
	cluster_free(s->cluster);
	cluster_free(s->nobody);
	free(s->endpoint_requests);
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->lock);
}

void sim_lock(struct sim *s)
{
	pthread_mutex_lock(&s->lock);
}

void sim_unlock(struct sim *s)
{
	pthread_mutex_unlock(&s->lock);
}

void sim_stop(struct sim *s)
{
	sim_lock(s);
	s->stopping = true;
	pthread_cond_broadcast(&s->wake);
	streams_wake(s);
	sim_unlock(s);
}

/* The end of the JSON string that starts at `at`, behind its quote. */
static const char *skip_string(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++)
		if (*at == '\\')
			at++;
	return at < end ? at + 1 : end;
}

/* Finds the value of the top-level member `leader`: the document itself may be broken behind it. */
static const char *find_leader(const char *at, const char *end, const char **value_end)
{
	static const char key[] = "\"leader\"";
	unsigned depth = 0;

	while (at < end) {
		if (*at != '"') {
			depth += *at == '{' || *at == '[';
			depth -= depth && (*at == '}' || *at == ']');
			at++;
			continue;
		}
		const char *name = at;
		at = skip_string(at, end);
		if (depth != 1 || (size_t)(at - name) != sizeof(key) - 1 || memcmp(name, key, sizeof(key) - 1))
			continue;
		while (at < end && strchr(" \t\r\n:", *at))
			at++;
		if (at < end && *at == '"') {
			*value_end = skip_string(at, end);
			return at;
		}
	}
	return NULL;
}

int sim_load_file(struct sim *s, const char *path)
{
	struct text in = {0}, out = {0};
	const char *value_end = NULL;
	int err = text_read_file(&in, path);

	if (err) {
		text_fini(&in);
		return err;
	}
	const char *value = s->leader_text ? find_leader(in.data, in.data + in.len, &value_end) : NULL;
	if (value) {
		text_put(&out, in.data, (size_t)(value - in.data));
		text_printf(&out, "\"master@%s\"", s->leader_text);
		text_put(&out, value_end, (size_t)(in.data + in.len - value_end));
		text_fini(&in);
	} else {
		out = in;
	}
	struct document *d = document_new(&out, 0);
	if (!d)
		return ERR_NOMEM;
	document_put(s->file);
	s->file = d;
	return 0;
}

static void render_call(struct text *t, const struct cluster *c, enum sim_document kind)
{
	static const struct {
		const char *type, *member;
		void (*render)(struct text *out, const struct cluster *c);
	} calls[] = {
		[SIM_GET_STATE] = {"GET_STATE", "get_state", render_v1_state},
		[SIM_GET_TASKS] = {"GET_TASKS", "get_tasks", render_v1_tasks},
		[SIM_GET_EXECUTORS] = {"GET_EXECUTORS", "get_executors", render_v1_executors},
		[SIM_GET_FRAMEWORKS] = {"GET_FRAMEWORKS", "get_frameworks", render_v1_frameworks},
		[SIM_GET_AGENTS] = {"GET_AGENTS", "get_agents", render_v1_agents},
	};

	text_printf(t, "{\"type\":\"%s\",\"%s\":", calls[kind].type, calls[kind].member);
	calls[kind].render(t, c);
	text_lit(t, "}");
}

static struct document *render(struct sim *s, const struct sim_master *m, enum sim_document kind)
{
	const struct cluster *c = s->unready ? s->nobody : s->cluster;
	struct text t = {0};
	struct render_master r = {
		.id = m->id,
		.hostport = m->hostport,
		.host = m->host,
		.port = m->port,
		.quorum = s->master_count / 2 + 1,
		.leader = sim_leader(s),
		.start = m->start,
		.elected = m->elected,
	};

	switch (kind) {
	case SIM_STATE:
		s->counters.renders++;
		render_state(&t, c, &r);
		break;
	case SIM_SUMMARY:
		render_summary(&t, c, &r);
		break;
	case SIM_SLAVES:
		render_slaves(&t, c);
		break;
	case SIM_SUBSCRIBED:
		text_lit(&t, "{\"type\":\"SUBSCRIBED\",\"subscribed\":{\"get_state\":");
		render_v1_state(&t, c);
		text_lit(&t, ",\"heartbeat_interval_seconds\":");
		text_milli(&t, s->streams.heartbeat / 1000);
		text_lit(&t, "}}");
		break;
	default:
		render_call(&t, c, kind);
		break;
	}
	return document_new(&t, s->cluster->version);
}

struct document *sim_document(struct sim *s, const struct sim_master *m, enum sim_document kind)
{
	struct document **slot = &s->documents[kind];

	if (kind == SIM_STATE && s->file)
		return document_get(s->file);
	if (!*slot || (*slot)->version != s->cluster->version) {
		document_put(*slot);
		*slot = render(s, m, kind);
	}
	return *slot ? document_get(*slot) : NULL;
}

void sim_state_served(struct sim *s)
{
	if (s->recover_step && !cluster_recover(s->cluster, s->recover_step))
		s->recover_step = 0;
}

const char *sim_leader(const struct sim *s)
{
	if (!s->leader)
		return NULL;
	return s->leader_text ? s->leader_text : s->masters[s->leader - 1].hostport;
}

int sim_parse_api(const char *name, enum sim_api *out)
{
	static const char *const names[] = {"state", "open", "forbidden", "none"};

	for (unsigned i = 0; i <= SIM_API_NONE; i++)
		if (!strcmp(names[i], name)) {
			*out = (enum sim_api)i;
			return 0;
		}
	return ERR_NOTFOUND;
}

void sim_ready(struct sim *s)
{
	s->unready = false;
	s->unready_calls = 0;
	cluster_touch(s->cluster);
}

void sim_elect(struct sim *s, unsigned number, bool recovering, bool keep)
{
	bool other = number != s->leader;

	if (s->leader && !keep && (other || recovering))
		streams_end(s, s->leader, STREAM_EOF, false);
	sim_ready(s);
	s->leader = number;
	s->recover_step = 0;
	cluster_touch(s->cluster);
	if (!number)
		return;
	struct sim_master *m = &s->masters[number - 1];
	if (other || recovering) {
		/* What registers from now on has an id of this leader's. */
		memcpy(s->cluster->master_id, m->id, sizeof(m->id));
		m->elected = s->cluster->now;
	}
	if (recovering)
		cluster_fail_over(s->cluster);
}
