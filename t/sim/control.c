/* SPDX-License-Identifier: Apache-2.0 */
#include "t/sim/control.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "t/sim/control_cluster.h"
#include "t/sim/control_master.h"
#include "t/sim/control_stream.h"
#include "t/sim/http.h"

static const struct command {
	const char *method, *name;
	int (*run)(struct control *c);
	bool on_cluster; /* makes no sense while a file is served */
	const char *args, *text;
} commands[] = {
	{"POST", "scale", control_scale, true, "APP n=N", "launch or kill tasks of the app until N run"},
	{"POST", "app-add", control_app_add, true,
		"name=NAME [framework=F] [n=N] [network=host|bridge|overlay|dual] [copies=N]\n"
		"[ports=NAME/PROTOCOL/CONTAINERPORT,...] [check=none|http|tcp|command] [discovery=NAME|none]",
		"a new app, in marathon if not said otherwise; or N of them, NAME-0 and so on"},
	{"POST", "kill", control_kill, true, "TASK [state=TASK_KILLED]",
		"end a task; it becomes a completed one. TASK_KILLING comes before TASK_KILLED"},
	{"POST", "move", control_move, true, "TASK [agent=AGENT]",
		"as a scheduler does it: a new task on that agent (or the next), the old one killed"},
	{"POST", "health", control_health, true, "TASK [healthy=true|false|none]",
		"set the health of a running task; flip it if not said"},
	{"POST", "task-state", control_task_state, true, "TASK state=TASK_KILLING",
		"a new status; the task stays in tasks[], even with a terminal state"},
	{"POST", "agent-add", control_agent_add, true, "[n=1]", "new agents"},
	{"POST", "agent-remove", control_agent_remove, true, "agent=AGENT",
		"its tasks become TASK_LOST, completed"},
	{"POST", "agent-deactivate", control_agent_deactivate, true, "agent=AGENT",
		"away, but not given up: `active` false, its tasks stay"},
	{"POST", "agent-activate", control_agent_activate, true, "agent=AGENT", "the end of that"},
	{"POST", "agent-unreachable", control_agent_unreachable, true, "agent=AGENT",
		"given up: it leaves slaves[], its tasks move to unreachable_tasks[]"},
	{"POST", "agent-return", control_agent_return, true, "agent=AGENT",
		"it reregisters, its tasks run again"},
	{"POST", "framework-add", control_framework_add, true, "name=NAME [pid=HOST:PORT] [hostname=HOST]",
		"a new scheduler, an HTTP one without pid"},
	{"POST", "framework-remove", control_framework_remove, true, "framework=F",
		"torn down, its tasks killed"},
	{"POST", "framework-disconnect", control_framework_disconnect, true, "framework=F",
		"`active` and `connected` false, its tasks run on"},
	{"POST", "framework-connect", control_framework_connect, true, "framework=F [pid=HOST:PORT] [hostname=HOST]",
		"the end of that; or the scheduler has failed over, to another place"},
	{"POST", "churn", control_churn, true, "n=N [seed=S]",
		"N random changes: tasks replaced, added, killed, health flipped"},
	{"POST", "leader", control_leader, false, "master=N|none [recover=N] [unready=N] [keep=yes]",
		"another master leads; with recover it starts empty and the agents come back\n"
		"over N state requests (0: on command); with unready it knows nothing at all, and its\n"
		"API says 503 `Master has not finished recovery`, for N calls (0: until `ready`). The\n"
		"old leader's streams end, unless they are kept"},
	{"POST", "ready", control_ready, false, "", "the leader has finished recovery"},
	{"POST", "recover", control_recover, true, "[n=N]", "N agents come back (all, if not said)"},
	{"POST", "state", control_state, false, "[file=PATH]",
		"serve that file; without one, the cluster again"},
	{"POST", "token", control_token, false, "[value=TEXT]", "requests must have `Authorization: token=TEXT`; or need not"},
	{"POST", "api", control_api, false, "whom=state|open|forbidden|none",
		"whom /api/v1 lets in: who may see /state, everybody, nobody (403); or there is none (404)"},
	{"POST", "stream", control_stream, false,
		"[chunks=record|byte|random|buffer] [seed=N] [heartbeat=MS] [beating=yes|no] [rate=BYTES]\n"
		"[silent=yes|no [master=N]]",
		"how streams are sent: what a chunk is, how often a heartbeat comes, or none; at so many bytes\n"
		"a second; a silent master's streams say nothing, and stay. `clear` ends the last three"},
	{"POST", "stream-end", control_stream_end, false, "how=eof|last|middle|reset [master=N] [oldest=yes]",
		"end the streams of that master (all), or the oldest of them: as if it died, with a last\n"
		"chunk, in the middle of a record, by a reset"},
	{"POST", "stream-send", control_stream_send, false, "kind=KIND [master=N] ...",
		"something odd to the subscribers of that master (all); the kinds are below"},
	{"POST", "play", control_play, false,
		"[file=PATH [first=N] [timeline=PATH [pace=N]] [cut=N [middle=yes] [n=N]] [end=eof|last|reset]]",
		"subscribers get that recording (its first N records), N times as fast as it was recorded (0:\n"
		"at full speed, as without a timeline); cut after N records, or in the middle of the next one,\n"
		"the next N times (always). Without a file: the cluster again"},
	{"POST", "pulse", control_pulse, true, "[changes=N [framework=F]] [agents=N] [checks=N] [seed=S]",
		"from now on, so many times a second: a random change (of that framework), an agent that\n"
		"comes back after a failover, the unwell tasks' checks failing once more"},
	{"POST", "burst", control_burst, true, "n=N [prefix=TEXT]",
		"flip the health of N tasks at once; of the first ones of apps whose names start so"},
	{"POST", "fault", control_fault, false,
		"kind=KIND [n=N] [master=N] [path=PATH] [rate=BYTES] [after=BYTES] [to=WHERE]",
		"fail the next N requests (0, the default: until `clear`) of that master (all) for that path "
		"(any)"},
	{"POST", "clear", control_clear, false, "[master=N]", "no faults any more; what hangs is closed"},
	{"GET", "counters", control_counters, false, "", "what was asked and sent, since the start"},
	{"GET", "tasks", control_tasks, true, "[name=NAME] [prefix=TEXT] [framework=F]",
		"tasks of that name (or Marathon id), or of apps whose names start so: id, agent, addresses,\n"
		"ports, state, health"},
};

#define COMMANDS (sizeof(commands) / sizeof(*commands))

const char *control_arg(struct control *c, const char *name)
{
	const char *value = c->request->argument(c->request->cls, name);

	return value && *value ? value : NULL;
}

int control_fail(struct control *c, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(c->error, sizeof(c->error), format, args);
	va_end(args);
	return ERR_FORMAT;
}

int control_number(struct control *c, const char *name, uint64_t fallback, uint64_t *out)
{
	const char *text = control_arg(c, name);
	char *end;

	*out = fallback;
	if (!text)
		return fallback == CONTROL_REQUIRED ? control_fail(c, "%s is needed", name) : 0;
	errno = 0;
	*out = strtoull(text, &end, 10);
	if (*end || errno || *text < '0' || *text > '9')
		return control_fail(c, "%s is no number: %s", name, text);
	return 0;
}

/* Outside the lock, because a port waits for its own thread. */
static void apply_refusals(struct sim *s)
{
	for (unsigned i = 0; i < s->master_count; i++) {
		sim_lock(s);
		bool refuse = s->masters[i].refusing;
		sim_unlock(s);
		http_refuse(s->ports[i], refuse);
	}
}

static unsigned run(
	struct sim *s, const struct command *cmd, const struct control_request *q, struct text *out)
{
	struct control c = {.sim = s, .request = q, .out = out};
	int err;

	text_lit(out, "{\"ok\":true");
	sim_lock(s);
	if (cmd->on_cluster && s->file)
		err = control_fail(&c, "the state is a file");
	else
		err = cmd->run(&c);
	sim_unlock(s);
	apply_refusals(s);
	if (!err) {
		text_lit(out, "}\n");
		return 200;
	}
	out->len = 0;
	text_lit(out, "{\"ok\":false,\"error\":");
	text_json(out, *c.error ? c.error : err_text(err));
	text_lit(out, "}\n");
	return 400;
}

unsigned control_run(struct sim *s, const struct control_request *q, struct text *out)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i].name, q->name))
			continue;
		if (!strcmp(commands[i].method, q->method))
			return run(s, &commands[i], q, out);
		text_printf(out, "{\"ok\":false,\"error\":\"send it with %s\"}\n", commands[i].method);
		return 405;
	}
	text_lit(out, "{\"ok\":false,\"error\":\"no such command, see mesos-sim --help\"}\n");
	return 404;
}

static void print_indented(FILE *f, const char *indent, const char *text)
{
	for (;;) {
		size_t n = strcspn(text, "\n");
		fprintf(f, "%s%.*s\n", indent, (int)n, text);
		if (!text[n])
			return;
		text += n + 1;
	}
}

void control_describe(FILE *f)
{
	static const char *const faults[][3] = {
#define X(id, name, args, text) {name, args, text},
		FAULT_KINDS(X)
#undef X
	};

	fputs("Commands: POST or GET http://ADDR:PORT/sim/COMMAND?NAME=VALUE&...; a line of JSON comes "
	      "back.\n"
	      "APP is app=NAME (its tasks' name or Marathon's id) [framework=F (id or name)];\n"
	      "TASK is task=ID, or APP for its first running task, or APP and all=yes for all of them;\n"
	      "AGENT is an agent's number, id, host name or address.\n\n",
		f);
	for (size_t i = 0; i < COMMANDS; i++) {
		fprintf(f, "  %s /sim/%s\n", commands[i].method, commands[i].name);
		if (*commands[i].args)
			print_indented(f, "        ", commands[i].args);
		print_indented(f, "      ", commands[i].text);
	}
	fputs("\nKinds of fault:\n\n", f);
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		fprintf(f, "  %s %s\n      %s\n", faults[i][0], faults[i][1], faults[i][2]);
	fputs("\nKinds of what stream-send sends:\n\n", f);
	control_describe_sent(f);
}
