/* SPDX-License-Identifier: Apache-2.0 */
#include "t/sim/control_master.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "t/sim/answer.h"

int control_master_number(struct control *c, unsigned *out)
{
	uint64_t number;
	int err = control_number(c, "master", 0, &number);

	if (err)
		return err;
	if (number > c->sim->master_count)
		return control_fail(c, "there are only %u masters", c->sim->master_count);
	*out = (unsigned)number;
	return 0;
}

int control_leader(struct control *c)
{
	const char *who = control_arg(c, "master");
	bool recovering = control_arg(c, "recover") != NULL;
	struct sim *s = c->sim;
	unsigned number = 0;
	uint64_t requests, calls;
	int err = control_number(c, "recover", 0, &requests);

	if (!err)
		err = control_number(c, "unready", 0, &calls);

	if (!who)
		return control_fail(c, "master is needed");
	if (!err && strcmp(who, "none"))
		err = control_master_number(c, &number);
	if (err)
		return err;
	if (!number && strcmp(who, "none"))
		return control_fail(c, "masters are counted from 1");
	sim_elect(s, number, recovering, control_arg(c, "keep") != NULL);
	if (number && control_arg(c, "unready")) {
		s->unready = true;
		s->unready_calls = calls;
		cluster_touch(s->cluster);
	}
	if (recovering && requests)
		s->recover_step = (s->cluster->agent_count + requests - 1) / requests;
	return 0;
}

int control_recover(struct control *c)
{
	uint64_t n;
	int err = control_number(c, "n", SIZE_MAX - 1, &n);

	if (!err)
		text_printf(c->out, ",\"agents\":%zu", cluster_recover(c->sim->cluster, n));
	return err;
}

int control_token(struct control *c)
{
	const char *value = control_arg(c, "value");

	if (value && strlen(value) >= SIM_TOKEN_MAX)
		return control_fail(c, "value is too long");
	snprintf(c->sim->token, SIM_TOKEN_MAX, "%s", value ? value : "");
	return 0;
}

int control_ready(struct control *c)
{
	sim_ready(c->sim);
	return 0;
}

int control_state(struct control *c)
{
	const char *path = control_arg(c, "file");
	struct sim *s = c->sim;

	if (!path) {
		document_put(s->file);
		s->file = NULL;
		return 0;
	}
	int err = sim_load_file(s, path);
	if (err == ERR_SYSTEM)
		return control_fail(c, "%s: %s", path, strerror(errno));
	text_printf(c->out, ",\"bytes\":%zu", s->file ? s->file->plain.len : 0);
	return err;
}

int control_fault(struct control *c)
{
	const char *kind = control_arg(c, "kind"), *path = control_arg(c, "path"), *to = control_arg(c, "to");
	struct fault f = {0};
	int err;

	if (!kind || fault_parse(kind, &f.kind))
		return control_fail(c, "no kind of fault: %s", kind ? kind : "");
	if ((err = control_master_number(c, &f.master)) || (err = control_number(c, "n", 0, &f.left)) ||
		(err = control_number(c, "rate", 0, &f.rate)))
		return err;
	if (control_arg(c, "after"))
		err = control_number(c, "after", 0, &f.after);
	else
		f.after = UINT64_MAX;
	if (err)
		return err;
	if (f.kind == FAULT_SLOW && !f.rate)
		return control_fail(c, "rate is needed");
	if ((f.kind == FAULT_CUT || f.kind == FAULT_STALL) && f.after == UINT64_MAX)
		return control_fail(c, "after is needed");
	if (f.kind == FAULT_REDIRECT && !to)
		return control_fail(c, "to is needed");
	if ((to && strlen(to) >= sizeof(f.to)) || (path && strlen(path) >= sizeof(f.path)))
		return control_fail(c, "too long");
	snprintf(f.to, sizeof(f.to), "%s", to ? to : "");
	snprintf(f.path, sizeof(f.path), "%s", path ? answer_fault_path(path) : "");
	if (faults_add(&c->sim->faults, &f))
		return control_fail(c, "no more than %u faults at a time", FAULTS_MAX);
	if (f.kind == FAULT_REFUSE)
		for (unsigned i = 0; i < c->sim->master_count; i++)
			c->sim->masters[i].refusing |= !f.master || f.master == i + 1;
	return 0;
}

int control_clear(struct control *c)
{
	struct sim *s = c->sim;
	unsigned number = 0;
	int err = control_master_number(c, &number);

	if (err)
		return err;
	faults_clear(&s->faults, number);
	for (unsigned i = 0; i < s->master_count; i++)
		if (!number || number == i + 1)
			s->masters[i].refusing = s->masters[i].silent = false;
	s->streams.beating = true;
	s->streams.rate = 0;
	streams_wake(s);
	pthread_cond_broadcast(&s->wake);
	return 0;
}

int control_counters(struct control *c)
{
	struct sim *s = c->sim;
	bool first = true;

#define X(name) text_printf(c->out, ",\"" #name "\":%llu", (unsigned long long)s->counters.name);
	SIM_COUNTERS(X)
#undef X
	text_printf(c->out, ",\"whole_states\":%llu,\"subscribers\":%zu,\"queued_bytes\":%llu",
		(unsigned long long)(s->counters.states + s->counters.snapshots), s->streams.count,
		(unsigned long long)streams_queued(s));
	text_printf(c->out, ",\"version\":%llu,\"tasks\":%zu,\"agents\":%zu,\"leader\":%u,\"endpoints\":{",
		(unsigned long long)s->cluster->version, s->cluster->task_count, s->cluster->agent_count, s->leader);
	for (unsigned i = 0; i < answer_endpoints(); i++) {
		text_comma(c->out, &first);
		text_json(c->out, answer_endpoint_name(i));
		text_printf(c->out, ":%llu", (unsigned long long)s->endpoint_requests[i]);
	}
	text_lit(c->out, "},\"faults_left\":[");
	for (size_t i = 0; i < s->faults.count; i++) {
		text_put(c->out, ",", i > 0);
		text_json(c->out, fault_name(s->faults.list[i].kind));
	}
	text_lit(c->out, "]");
	return 0;
}
