/* SPDX-License-Identifier: Apache-2.0 */
/* What a master's words cost without its sockets: a state of TASKS tasks as the event stream's snapshot and as
 * /master/state, through parser, model and zone, with the peak of memory; then events, by themselves and gathered:
 *   stream_cost [TASKS [EVENTS]]
 *   valgrind --tool=callgrind --toggle-collect=bench_events --callgrind-out-file=/dev/null stream_cost 20000 2000 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/rcu.h"
#include "base/siphash.h"
#include "mesos/apply.h"

#define PER_AGENT 10
#define PIECE     (64u << 10) /* as a socket gives them */

struct bench {
	struct conf conf;
	struct zone_store *store;
	struct feed *feed;
	struct ev_loop *loop;
	struct apply *apply;
};

static char domain[] = "mesos", mname[] = "ns1.mesos.", rname[] = "root.ns1.mesos.", master0[] = "10.0.0.250";
static struct conf_endpoint masters[] = {{master0, 5050}};
static struct addr listener = {{127, 0, 0, 1}, 4};
static const struct cluster_master leader = {.addrs = {{{10, 0, 0, 250}, 4}}, .addr_count = 1, .port = 5050};

static void die(const char *why)
{
	fprintf(stderr, "stream_cost: %s\n", why);
	exit(1);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static size_t lookup(void *arg, const char *host, size_t len, struct addr *out, size_t room)
{
	return 0;
}

static bool idle(void *arg)
{
	return true;
}

static void bench_init(struct bench *b)
{
	const struct feed_hosts hosts = {NULL, lookup, idle};
	const struct zone_soa soa = {
		.mname = mname, .rname = rname, .ttl = 60, .refresh = 60, .retry = 600, .expire = 86400, .minimum = 60};
	int err;

	*b = (struct bench){.conf = {.domain = domain,
				    .soa_mname = mname,
				    .ttl = 60,
				    .masters = {masters, 1},
				    .listeners = &listener,
				    .listener_count = 1,
				    .ip_sources = {CONF_IP_NETINFO, CONF_IP_MESOS, CONF_IP_HOST},
				    .ip_source_count = 3,
				    .health_aware = true,
				    .srv_record_default_weight = 1}};
	b->store = zone_store_new(domain, &soa, &err);
	b->feed = feed_new(&b->conf, b->store, &hosts, NULL, 0);
	b->loop = ev_loop_new(EVFLAG_NOENV);
	const struct apply_settings settings = {.loop = b->loop, .feed = b->feed};
	b->apply = b->feed && b->loop ? apply_new(&settings) : NULL;
	if (!b->apply)
		die("no memory");
}

static void bench_fini(struct bench *b)
{
	apply_free(b->apply);
	feed_free(b->feed);
	zone_store_free(b->store);
	ev_loop_destroy(b->loop);
}

/* The texts, item by item. */

static int write_agent(char *out, unsigned n, bool v1)
{
	return sprintf(out,
		v1 ? "%s{\"agent_info\":{\"hostname\":\"agent-%u.example\",\"port\":5051,\"resources\":[{\"name\":"
		     "\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":4.0}}],\"id\":{\"value\":\"4d1c8e5a-0001-S%"
		     "u\"}},"
		     "\"active\":true,\"version\":\"1.12.0\",\"pid\":\"slave(1)@10.%u.%u.%u:5051\"}"
		   : "%s{\"hostname\":\"agent-%u.example\",\"port\":5051,\"resources\":{\"cpus\":4.0},\"id\":"
		     "\"4d1c8e5a-0001-S%u\",\"active\":true,\"version\":\"1.12.0\",\"pid\":\"slave(1)@10.%u.%u.%u:"
		     "5051\"}",
		n ? "," : "", n, n, 1 + (n >> 16), n >> 8 & 255, n & 255);
}

static int write_status(char *out, unsigned n, const char *state, double time, int healthy, bool v1)
{
	int len;

	if (v1)
		len = sprintf(out,
			"{\"task_id\":{\"value\":\"app-%u.instance-1\"},\"state\":\"%s\",\"source\":\"SOURCE_"
			"EXECUTOR\","
			"\"agent_id\":{\"value\":\"4d1c8e5a-0001-S%u\"},\"executor_id\":{\"value\":\"app-%u.instance-"
			"1\"},",
			n, state, n / PER_AGENT, n);
	else
		len = sprintf(out, "{\"state\":\"%s\",", state);
	if (healthy >= 0)
		len += sprintf(out + len, "\"healthy\":%s,", healthy ? "true" : "false");
	return len + sprintf(out + len,
			     "\"timestamp\":%.6f,\"uuid\":\"rKeBUZQnQQOynFFj/bh/8Q==\",\"container_status\":{"
			     "\"container_id\":{\"value\":\"4a512039-afa1-4d6c-aca3-3f896a765967\"},\"network_infos\":["
			     "{\"ip_addresses\":[{"
			     "\"protocol\":\"IPv4\",\"ip_address\":\"172.%u.%u.%u\"}]}],\"executor_pid\":3419}}",
			     time, 16 + (n >> 16), n >> 8 & 255, n & 255);
}

static int write_task(char *out, unsigned n, bool v1)
{
	int len = sprintf(out,
		v1 ? "%s{\"name\":\"app-%u\",\"task_id\":{\"value\":\"app-%u.instance-1\"},\"framework_id\":{"
		     "\"value\":\"4d1c8e5a-0001-0000\"},\"agent_id\":{\"value\":\"4d1c8e5a-0001-S%u\"},\"state\":"
		     "\"TASK_RUNNING\",\"resources\":[{\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":0.1}"
		     "},"
		     "{\"name\":\"mem\",\"type\":\"SCALAR\",\"scalar\":{\"value\":32.0}},{\"name\":\"ports\",\"type\":"
		     "\"RANGES\",\"ranges\":{\"range\":[{\"begin\":31000,\"end\":31001}]}}],\"statuses\":["
		   : "%s{\"name\":\"app-%u\",\"id\":\"app-%u.instance-1\",\"framework_id\":\"4d1c8e5a-0001-0000\","
		     "\"slave_id\":\"4d1c8e5a-0001-S%u\",\"state\":\"TASK_RUNNING\",\"resources\":{\"cpus\":0.1,"
		     "\"mem\":"
		     "32.0,\"ports\":\"[31000-31001]\"},\"statuses\":[",
		n ? "," : "", n, n, n / PER_AGENT);

	len += write_status(out + len, n, "TASK_STARTING", 1795299847.5, -1, v1);
	out[len++] = ',';
	len += write_status(out + len, n, "TASK_RUNNING", 1795299848.5, 1, v1);
	return len + sprintf(out + len,
			     "],\"labels\":%s[{\"key\":\"tier\",\"value\":\"front\"}]%s,\"discovery\":{\"visibility\":"
			     "\"EXTERNAL\",\"name\":\"app-%u\",\"ports\":{\"ports\":[{\"number\":31000,\"name\":"
			     "\"http\",\"protocol\":\"tcp\"},"
			     "{\"number\":31001,\"name\":\"admin\",\"protocol\":\"tcp\"}]}}}",
			     v1 ? "{\"labels\":" : "", v1 ? "}" : "", n);
}

/* Gives the whole text out in pieces. */
struct writer {
	char buf[PIECE + 8192];
	size_t len;
	uint64_t total;
	void (*out)(void *arg, const char *text, size_t len); /* NULL: only counted */
	void *arg;
};

static void wrote(struct writer *w, int len, bool last)
{
	w->len += (size_t)len;
	w->total += (size_t)len;
	if (w->len < PIECE && !last)
		return;
	if (w->out)
		w->out(w->arg, w->buf, w->len);
	w->len = 0;
}

static void write_state(struct writer *w, unsigned tasks, bool v1)
{
	unsigned agents = (tasks + PER_AGENT - 1) / PER_AGENT;

	wrote(w,
		sprintf(w->buf + w->len,
			v1 ? "{\"type\":\"SUBSCRIBED\",\"subscribed\":{\"get_state\":{\"get_agents\":{\"agents\":["
			   : "{\"leader\":\"master@10.0.0.250:5050\",\"slaves\":["),
		false);
	for (unsigned i = 0; i < agents; i++)
		wrote(w, write_agent(w->buf + w->len, i, v1), false);
	wrote(w,
		sprintf(w->buf + w->len,
			v1 ? "]},\"get_frameworks\":{\"frameworks\":[{\"framework_info\":{\"name\":\"marathon\",\"id\":"
			     "{\"value\":\"4d1c8e5a-0001-0000\"},\"hostname\":\"10.0.0.1\"},\"active\":true}]},"
			     "\"get_tasks\":{\"tasks\":["
			   : "],\"recovered_slaves\":[],\"frameworks\":[{\"name\":\"marathon\",\"id\":"
			     "\"4d1c8e5a-0001-0000\",\"hostname\":\"10.0.0.1\",\"active\":true,\"tasks\":["),
		false);
	for (unsigned i = 0; i < tasks; i++)
		wrote(w, write_task(w->buf + w->len, i, v1), false);
	wrote(w, sprintf(w->buf + w->len, v1 ? "]}},\"heartbeat_interval_seconds\":15.0}}" : "]}]}"), true);
}

/* The stream. */

static int on_begin(void *ctx)
{
	apply_document_begin(((struct bench *)ctx)->apply, true);
	return 0;
}

static int on_end(void *ctx, double heartbeat)
{
	return apply_document_end(((struct bench *)ctx)->apply, true, &leader);
}

static int on_event(void *ctx, const struct stream_event *event)
{
	return apply_event(((struct bench *)ctx)->apply, event);
}

static void feed_stream(void *arg, const char *text, size_t len)
{
	if (stream_parser_feed(arg, text, len))
		die(stream_parser_error(arg));
}

static void feed_state(void *arg, const char *text, size_t len)
{
	if (state_parser_feed(arg, text, len))
		die(state_parser_error(arg));
}

static struct stream_parser *subscribe(struct bench *b)
{
	const struct stream_sink sink = {.ctx = b,
		.snapshot_begin = on_begin,
		.state = apply_document_sink(b->apply),
		.snapshot_end = on_end,
		.event = on_event};
	struct stream_parser *p = stream_parser_new(&sink);

	if (!p)
		die("no memory");
	return p;
}

static long kib_of(const char *key)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];
	long kib = 0;

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			kib = strtol(line + strlen(key) + 1, NULL, 10);
	if (f)
		fclose(f);
	return kib;
}

/* A first load in a process of its own, so that its peak is its own too. */
static void measure_load(unsigned tasks, bool v1)
{
	static struct writer w;
	struct bench b;
	char head[24];

	fflush(stdout);
	pid_t pid = fork();
	if (pid) {
		waitpid(pid, NULL, 0);
		return;
	}
	bench_init(&b);
	write_state(&w, tasks, v1); /* its length is told before it */
	uint64_t total = w.total;
	long before = kib_of("VmRSS:");
	double spent = 0, start;
	if (v1) {
		struct stream_parser *p = subscribe(&b);

		feed_stream(p, head, (size_t)sprintf(head, "%llu\n", (unsigned long long)total));
		w = (struct writer){.out = feed_stream, .arg = p};
		start = seconds();
		write_state(&w, tasks, true);
		spent = seconds() - start;
		stream_parser_free(p);
	} else {
		const struct state_sink sink = apply_document_sink(b.apply);
		struct state_parser *p = state_parser_new(&sink);

		apply_document_begin(b.apply, false);
		w = (struct writer){.out = feed_state, .arg = p};
		start = seconds();
		write_state(&w, tasks, false);
		if (state_parser_finish(p) || apply_document_end(b.apply, true, &leader))
			die("the state was not taken");
		spent = seconds() - start;
		state_parser_free(p);
	}
	/* writing the text is part of that: once more without anybody who reads it */
	w = (struct writer){0};
	start = seconds();
	write_state(&w, tasks, v1);
	spent -= seconds() - start;
	printf("document of %u tasks: %s: MB=%.1f, CPU s=%.3f, peak MB=%.1f\n", tasks, v1 ? "stream" : "state",
		(double)total / 1e6, spent, (double)(kib_of("VmHWM:") - before) / 1024);
	fflush(stdout);
	_exit(0);
}

/* Apart, for callgrind. */
__attribute__((noinline)) static void bench_events(struct bench *b, struct stream_parser *p, const char *text,
	const uint32_t *ends, unsigned count, unsigned batch)
{
	uint32_t from = 0;

	for (unsigned i = 0; i < count; i++) {
		feed_stream(p, text + from, ends[i] - from);
		from = ends[i];
		if ((i + 1) % batch == 0 && apply_flush(b->apply))
			die("a batch was not taken");
	}
	apply_flush(b->apply);
}

/* Health checks that fail, of one task after the other, and then go well again. */
static void measure_events(struct bench *b, struct stream_parser *p, unsigned tasks, unsigned count, unsigned batch)
{
	static unsigned turn;
	char *text = malloc((size_t)count * 1024), json[1024];
	uint32_t *ends = malloc(count * sizeof(*ends)), at = 0;

	turn++;
	for (unsigned i = 0; i < count; i++) {
		unsigned n = (unsigned)((uint64_t)i * 7919 % tasks);
		int len = sprintf(json, "{\"type\":\"TASK_UPDATED\",\"task_updated\":{\"framework_id\":{\"value\":"
					"\"4d1c8e5a-0001-0000\"},\"status\":");

		len += write_status(json + len, n, "TASK_RUNNING", 1795299850.5 + turn, turn % 2 == 0, true);
		len += sprintf(json + len, ",\"state\":\"TASK_RUNNING\"}}");
		at += (uint32_t)sprintf(text + at, "%d\n%s", len, json);
		ends[i] = at;
	}
	double start = seconds();
	bench_events(b, p, text, ends, count, batch);
	double spent = seconds() - start;
	printf("events in a batch: %u: bytes each=%u, CPU us each=%.2f\n", batch, at / count, spent / count * 1e6);
	free(text);
	free(ends);
}

int main(int argc, char **argv)
{
	unsigned tasks = argc > 1 ? (unsigned)atoi(argv[1]) : 100000,
		 count = argc > 2 ? (unsigned)atoi(argv[2]) : 10000;
	static const unsigned batches[] = {1, 4, 16, 64, 2048};
	static struct writer w;
	struct bench b;
	char head[24];

	if (!tasks || !count || siphash_init())
		die("usage: stream_cost [TASKS [EVENTS]]");
	log_set_level(LOG_LEVEL_ERROR);
	measure_load(tasks, false);
	measure_load(tasks, true);
	bench_init(&b);
	write_state(&w, tasks, true);
	struct stream_parser *p = subscribe(&b);
	feed_stream(p, head, (size_t)sprintf(head, "%llu\n", (unsigned long long)w.total));
	w = (struct writer){.out = feed_stream, .arg = p};
	write_state(&w, tasks, true);
	for (size_t i = 0; i < sizeof(batches) / sizeof(batches[0]); i++)
		measure_events(&b, p, tasks, count, batches[i]);
	stream_parser_free(p);
	bench_fini(&b);
	return 0;
}
