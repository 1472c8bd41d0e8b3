/* SPDX-License-Identifier: Apache-2.0 */
/* Masters with a stream of events that do what a script says. */
#ifndef T_UNIT_SOURCE_MASTER_H
#define T_UNIT_SOURCE_MASTER_H

#include "t/unit/source.h"

#define STATE "{\"id\": \"S1\", \"pid\": \"slave(1)@10.0.0.1:5051\"}"
#define AGENT                                                                                                          \
	"{\"agent_info\":{\"id\":{\"value\":\"S1\"},\"hostname\":\"a\",\"port\":5051},\"pid\":\"slave(1)@10.0.0.1:"    \
	"5051\",\"active\":true}"
#define REMOVED "{\"type\":\"AGENT_REMOVED\",\"agent_removed\":{\"agent_id\":{\"value\":\"S1\"}}}"

enum api { STREAM, CUT_SHORT, SILENT, EMPTY, NO_STREAM, NONE, MISSING, FORBIDDEN, UNSUPPORTED, RECOVERING, REDIRECT };

/* What a master is told, and what it was asked. Its thread reads the one and writes the other. */
static struct script {
	_Atomic enum api api;
	_Atomic unsigned leader; /* whom it points at; itself: it leads */
	_Atomic unsigned told;   /* whom /master/redirect names */
	_Atomic bool summary;    /* it gives one */
	_Atomic unsigned subscribes, summaries, states, questions;
	_Atomic int stream;        /* the socket of the last one */
	_Atomic unsigned interval; /* milliseconds between heartbeats, as it says */
} scripts[MASTERS];

static inline void say(int fd, const char *text)
{
	char record[2048];
	int len = snprintf(record, sizeof(record), "%zu\n%s", strlen(text), text);

	http_print(fd, "%x\r\n%s\r\n", (unsigned)len, record);
}

static inline void snapshot(const struct script *script, int fd)
{
	char text[1024];

	snprintf(text, sizeof(text),
		"{\"type\":\"SUBSCRIBED\",\"subscribed\":{\"get_state\":{\"get_agents\":{\"agents\":[" AGENT "]},"
		"\"get_frameworks\":{},\"get_tasks\":{}},\"heartbeat_interval_seconds\":%.3f}}",
		script->interval / 1000.0);
	say(fd, text);
	say(fd, "{\"type\":\"HEARTBEAT\"}");
}

static inline void answer(int fd, const char *status, const char *header, const char *body)
{
	http_print(fd, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n%s", status, header, strlen(body), body);
}

static inline void redirect(int fd, unsigned master, const char *path)
{
	char location[100];

	snprintf(location, sizeof(location), "Location: //127.0.0.1:%u%s\r\n", port_of(master), path);
	answer(fd, "307 Temporary Redirect", location, "");
}

static inline bool subscribe(struct script *script, int fd)
{
	static const char *const ok = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
				      "Content-Type: application/json\r\n\r\n";

	script->subscribes++;
	switch ((enum api)script->api) {
	case STREAM:
		script->stream = fd; /* before it can be seen to begin */
		http_print(fd, "%s", ok);
		snapshot(script, fd);
		return true;
	case CUT_SHORT:
		http_print(fd, "%s", ok);
		http_print(fd, "80\r\n1000\n{\"type\":\"SUBSCRIBED\",\"subscribed\":{\"get_state\":{\"get_agents\":{"
			       "\"agents\":[" AGENT);
		return false;
	case SILENT:
		return true;
	case EMPTY:
		http_print(fd, "%s0\r\n\r\n", ok);
		return true;
	case NO_STREAM:
		answer(fd, "200 OK", "", "<html></html>");
		return true;
	case NONE:
		answer(fd, "404 Not Found", "", "");
		return true;
	case MISSING:
		answer(fd, "405 Method Not Allowed", "", "");
		return true;
	case FORBIDDEN:
		answer(fd, "403 Forbidden", "", "");
		return true;
	case UNSUPPORTED:
		answer(fd, "415 Unsupported Media Type", "", "");
		return true;
	case RECOVERING:
		answer(fd, "503 Service Unavailable", "", "Master has not finished recovery");
		return true;
	case REDIRECT:
		redirect(fd, script->leader, "/master/api/v1");
		return true;
	}
	return false;
}

static inline bool scripted(struct http_server *s, int fd, const char *request)
{
	unsigned me = (unsigned)(s - f.masters);
	struct script *script = &scripts[me];
	char body[300];

	if (!strncmp(request, "POST /master/api/v1 ", 20))
		return script->leader == me || script->api == REDIRECT
			       ? subscribe(script, fd)
			       : (redirect(fd, script->leader, "/master/api/v1"), true);
	if (!strncmp(request, "GET /master/redirect ", 21)) {
		script->questions++;
		redirect(fd, script->told, "");
		return true;
	}
	bool summary = !strncmp(request, "GET /master/state-summary ", 26);
	if (summary)
		script->summaries++;
	else
		script->states++;
	if (summary && !script->summary) {
		answer(fd, "401 Unauthorized", "", "");
	} else if (script->leader != me) {
		redirect(fd, script->leader, summary ? "/master/state-summary" : "/master/state");
	} else if (summary) {
		answer(fd, "200 OK", "", "{\"hostname\": \"m\", \"slaves\": [" STATE "], \"frameworks\": []}");
	} else {
		snprintf(body, sizeof(body),
			"{\"leader\": \"master@127.0.0.1:%u\", \"slaves\": [" STATE "], \"frameworks\": []}", s->port);
		answer(fd, "200 OK", "", body);
	}
	return true;
}

static inline void lead(unsigned master)
{
	for (unsigned i = 0; i < MASTERS; i++)
		scripts[i].leader = scripts[i].told = master;
}

static inline void streams(unsigned master, unsigned subscribed)
{
	RUN_UNTIL(counters()->subscribed >= subscribed && counters()->state == SOURCE_STREAMING);
	assert_int_equal(f.leader_port, port_of(master));
	assert_string_equal(f.leader_host, "127.0.0.1");
}

static inline void open_scripted(void)
{
	open_masters(scripted);
	f.way = CONF_SOURCE_AUTO;
	f.timing.spread = 0.01;
	memset(scripts, 0, sizeof(scripts));
	for (unsigned i = 0; i < MASTERS; i++) {
		scripts[i].summary = true;
		scripts[i].interval = 15000;
	}
	lead(0);
}

#endif
