/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "t/sim/control.h"
#include "t/sim/generate.h"
#include "t/sim/http.h"
#include "t/sim/sim.h"

enum option_id {
	OPT_LISTEN = 1,
	OPT_CONTROL,
	OPT_MASTERS,
	OPT_STATE,
	OPT_AGENTS,
	OPT_TASKS,
	OPT_SEED,
	OPT_LOOPBACK,
	OPT_LEADER,
	OPT_USER,
	OPT_PASSWORD,
	OPT_TOKEN,
	OPT_KEY,
	OPT_CERT,
	OPT_CA,
	OPT_API,
	OPT_HEARTBEAT,
	OPT_SUBSCRIBERS,
	OPT_PLAY,
	OPT_HELP
};

static const struct option_row {
	enum option_id id;
	const char *name, *value, *text;
} option_rows[] = {
	{OPT_LISTEN, "listen", "ADDR:PORT", "the first master's port; 0 is a free one (127.0.0.1:5050)"},
	{OPT_MASTERS, "masters", "N", "so many masters, on the ports that follow; the first leads (1)"},
	{OPT_CONTROL, "control", "ADDR:PORT",
		"a port for commands alone, plain HTTP: it answers whatever the masters do"},
	{OPT_STATE, "state", "FILE", "serve this document as it is"},
	{OPT_AGENTS, "agents", "N", "agents of the generated cluster (5)"},
	{OPT_TASKS, "tasks", "N", "its tasks (those of the demo)"},
	{OPT_SEED, "seed", "N", "the same seed gives the same cluster (1)"},
	{OPT_LOOPBACK, "loopback-agents", NULL, "agents have addresses in 127.0.0.0/8, not in 10.0.0.0/8"},
	{OPT_LEADER, "leader", "HOST:PORT", "what `leader` says (the leading master), in --state's file too"},
	{OPT_USER, "user", "NAME", "ask for this name by basic authentication"},
	{OPT_PASSWORD, "password", "TEXT", "and this password"},
	{OPT_TOKEN, "token", "TEXT", "ask for `Authorization: token=TEXT` instead"},
	{OPT_KEY, "tls-key", "FILE", "HTTPS with this key (PEM)"},
	{OPT_CERT, "tls-cert", "FILE", "and this certificate chain"},
	{OPT_CA, "tls-client-ca", "FILE", "clients must have a certificate of this authority"},
	{OPT_API, "api", "WHOM", "whom /api/v1 lets in: state (as /state does), open, forbidden, none (state)"},
	{OPT_HEARTBEAT, "heartbeat", "MS", "milliseconds between the heartbeats of a stream (15000)"},
	{OPT_SUBSCRIBERS, "max-subscribers", "N", "the oldest one is pushed out when there are more (1000)"},
	{OPT_PLAY, "play", "FILE", "subscribers get this recording of a stream"},
	{OPT_HELP, "help", NULL, "this text"},
};

#define OPTION_ROWS (sizeof(option_rows) / sizeof(*option_rows))

struct options {
	char host[SIM_HOSTPORT_MAX], control_host[SIM_HOSTPORT_MAX];
	uint16_t port, control_port;
	bool control, loopback;
	unsigned long long masters, agents, tasks, seed, heartbeat, subscribers;
	enum sim_api api;
	const char *play, *state, *leader, *user, *password, *token, *key, *cert, *client_ca;
};

static void print_help(FILE *f)
{
	fputs("mesos-sim: a simulated Mesos cluster behind its masters' HTTP\n\n", f);
	for (size_t i = 0; i < OPTION_ROWS; i++) {
		char left[64];
		snprintf(left, sizeof(left), "--%s %s", option_rows[i].name,
			option_rows[i].value ? option_rows[i].value : "");
		fprintf(f, "  %-26s %s\n", left, option_rows[i].text);
	}
	fputs("\nWhen it is ready it prints a line: `mesos-sim: listening on ADDR:PORT`, more masters behind "
	      "a comma each,\n"
	      "then ` control ADDR:PORT` if that was asked for. SIGINT and SIGTERM end it.\n\n",
		f);
	control_describe(f);
}

static bool parse_number(const char *text, unsigned long long max, unsigned long long *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno && *out <= max;
}

/* Unlike addr_split_hostport() it takes port 0. */
static bool parse_listen(const char *text, char host[SIM_HOSTPORT_MAX], uint16_t *port)
{
	const char *colon = strrchr(text, ':');
	unsigned long long number;

	if (!colon || !parse_number(colon + 1, 65535, &number))
		return false;
	size_t len = (size_t)(colon - text);
	if (len > 1 && *text == '[' && colon[-1] == ']') {
		text++;
		len -= 2;
	}
	struct addr a;
	if (len >= SIM_HOSTPORT_MAX || addr_parse(&a, text, len))
		return false;
	snprintf(host, SIM_HOSTPORT_MAX, "%.*s", (int)len, text);
	*port = (uint16_t)number;
	return true;
}

static bool take_option(struct options *o, enum option_id id, const char *value)
{
	switch (id) {
	case OPT_LISTEN:
		return parse_listen(value, o->host, &o->port);
	case OPT_CONTROL:
		o->control = true;
		return parse_listen(value, o->control_host, &o->control_port);
	case OPT_MASTERS:
		return parse_number(value, SIM_MASTERS_MAX, &o->masters) && o->masters;
	case OPT_AGENTS:
		return parse_number(value, 1000000, &o->agents);
	case OPT_TASKS:
		return parse_number(value, 10000000, &o->tasks);
	case OPT_SEED:
		return parse_number(value, ULLONG_MAX, &o->seed);
	case OPT_LOOPBACK:
		o->loopback = true;
		return true;
	case OPT_STATE:
		o->state = value;
		return true;
	case OPT_LEADER:
		o->leader = value;
		return strlen(value) < SIM_HOSTPORT_MAX;
	case OPT_USER:
		o->user = value;
		return true;
	case OPT_PASSWORD:
		o->password = value;
		return true;
	case OPT_TOKEN:
		o->token = value;
		return strlen(value) < SIM_TOKEN_MAX;
	case OPT_KEY:
		o->key = value;
		return true;
	case OPT_CERT:
		o->cert = value;
		return true;
	case OPT_CA:
		o->client_ca = value;
		return true;
	case OPT_API:
		return !sim_parse_api(value, &o->api);
	case OPT_HEARTBEAT:
		return parse_number(value, 1000000000, &o->heartbeat) && o->heartbeat;
	case OPT_SUBSCRIBERS:
		return parse_number(value, UINT32_MAX, &o->subscribers) && o->subscribers;
	case OPT_PLAY:
		o->play = value;
		return true;
	case OPT_HELP:
		break;
	}
	return false;
}

/* Ends the process on a mistake, and after --help. */
static void parse_options(int argc, char **argv, struct options *o)
{
	struct option list[OPTION_ROWS + 1] = {{NULL, 0, NULL, 0}};
	int id;

	for (size_t i = 0; i < OPTION_ROWS; i++)
		list[i] = (struct option){option_rows[i].name, option_rows[i].value ? required_argument : no_argument,
			NULL, option_rows[i].id};
	while ((id = getopt_long(argc, argv, "", list, NULL)) != -1) {
		if (id == OPT_HELP) {
			print_help(stdout);
			exit(0);
		}
		if (id == '?')
			exit(2);
		if (!take_option(o, (enum option_id)id, optarg)) {
			fprintf(stderr, "mesos-sim: --%s cannot be %s\n", option_rows[id - 1].name, optarg);
			exit(2);
		}
	}
	if (optind < argc || (o->key && !o->cert) || (!o->key && (o->cert || o->client_ca))) {
		fprintf(stderr, "mesos-sim: %s\n",
			optind < argc ? "an argument too many, see --help"
				      : "--tls-key and --tls-cert belong together");
		exit(2);
	}
}

static void name_master(struct sim_master *m, const char *host, uint16_t port)
{
	bool v6 = strchr(host, ':') != NULL;

	snprintf(m->host, sizeof(m->host), "%s", host);
	m->port = port;
	snprintf(m->hostport, sizeof(m->hostport), v6 ? "[%.60s]:%u" : "%.60s:%u", host, port);
}

static int open_masters(struct sim *s, const struct options *o, const struct http_tls *tls)
{
	for (unsigned i = 0; i < o->masters; i++) {
		struct sim_master *m = &s->masters[i];
		m->number = i + 1;
		m->start = m->elected = s->cluster->now;
		if (i)
			cluster_make_uuid(s->cluster, m->id);
		else
			memcpy(m->id, s->cluster->master_id, sizeof(m->id));
		uint16_t port = o->port ? (uint16_t)(o->port + i) : 0;
		s->ports[i] = http_new(s, m, o->host, port, tls);
		if (!s->ports[i]) {
			fprintf(stderr, "mesos-sim: cannot serve on %s:%u: %s\n", o->host, port, strerror(errno));
			return -1;
		}
		name_master(m, o->host, http_port(s->ports[i]));
		s->master_count++;
	}
	s->leader = 1;
	s->cluster->listener = streams_tell;
	s->cluster->listener_cls = s;
	return 0;
}

static int read_tls(const struct options *o, struct text texts[3], struct http_tls *tls)
{
	const char *paths[3] = {o->key, o->cert, o->client_ca};
	const char **fields[3] = {&tls->key, &tls->cert, &tls->client_ca};

	for (unsigned i = 0; i < 3; i++) {
		if (!paths[i])
			continue;
		if (text_read_file(&texts[i], paths[i])) {
			fprintf(stderr, "mesos-sim: %s: %s\n", paths[i], strerror(errno));
			return -1;
		}
		*fields[i] = text_end(&texts[i]);
	}
	return 0;
}

static int fill_simulation(struct sim *s, const struct options *o)
{
	size_t tasks = o->tasks == ULLONG_MAX ? SIZE_MAX : (size_t)o->tasks;

	s->user = o->user;
	s->password = o->password;
	snprintf(s->token, sizeof(s->token), "%s", o->token ? o->token : "");
	s->leader_text = o->leader;
	s->api = o->api;
	if (o->heartbeat)
		s->streams.heartbeat = o->heartbeat * 1000;
	if (o->subscribers)
		s->streams.max = (size_t)o->subscribers;
	s->cluster = cluster_new(o->seed, (size_t)o->agents, o->loopback);
	if (!s->cluster || generate_cluster(s->cluster, (size_t)o->agents, tasks)) {
		fputs("mesos-sim: the agents have no room for so many tasks\n", stderr);
		return -1;
	}
	if (o->state && sim_load_file(s, o->state)) {
		fprintf(stderr, "mesos-sim: %s: %s\n", o->state, strerror(errno));
		return -1;
	}
	if (o->play && play_load(&s->play, o->play, NULL)) {
		fprintf(stderr, "mesos-sim: %s: cannot be played\n", o->play);
		return -1;
	}
	return 0;
}

static void announce(const struct sim *s, const struct http *control, const char *control_host)
{
	printf("mesos-sim: listening on");
	for (unsigned i = 0; i < s->master_count; i++)
		printf("%s%s", i ? "," : " ", s->masters[i].hostport);
	if (control) {
		struct sim_master m;
		name_master(&m, control_host, http_port(control));
		printf(" control %s", m.hostport);
	}
	printf("\n");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct options o = {.host = "127.0.0.1",
		.port = 5050,
		.masters = 1,
		.agents = GENERATE_DEMO_AGENTS,
		.tasks = ULLONG_MAX,
		.seed = 1};
	struct text texts[3] = {{0}};
	struct http_tls tls = {0};
	struct http *control = NULL;
	struct sim s;
	sigset_t signals;
	int status = 1, got;

	parse_options(argc, argv, &o);
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, NULL); /* the threads inherit it: only this one takes them */
	signal(SIGPIPE, SIG_IGN);
	if (sim_init(&s))
		return 1;
	sim_lock(&s); /* early requests wait until all masters have their addresses */
	bool ready = !read_tls(&o, texts, &tls) && !fill_simulation(&s, &o) && !open_masters(&s, &o, &tls) && !pulse_start(&s);
	sim_unlock(&s);
	if (ready && o.control) {
		control = http_new(&s, NULL, o.control_host, o.control_port, NULL);
		if (!control)
			fprintf(stderr, "mesos-sim: cannot serve commands: %s\n", strerror(errno));
	}
	if (ready && (control || !o.control)) {
		announce(&s, control, o.control_host);
		sigwait(&signals, &got);
		status = 0;
	}
	sim_stop(&s);
	pulse_stop(&s);
	http_free(control);
	for (unsigned i = 0; i < SIM_MASTERS_MAX; i++)
		http_free(s.ports[i]);
	sim_fini(&s);
	for (unsigned i = 0; i < 3; i++)
		text_fini(&texts[i]);
	return status;
}
