/* SPDX-License-Identifier: Apache-2.0 */
/* mesos/recordio and mesos/stream_parse: frames cut anywhere, what each event comes to, and what malformed ones cost.
 */
#include "t/unit/unit.h"

#include <stdio.h>

#include "base/err.h"
#include "base/siphash.h"
#include "mesos/recordio.h"
#include "mesos/stream_parse.h"

/* What the sink was told, a line each. */
struct told {
	char text[8192];
	size_t len;
	int fail; /* what the next callback returns */
	char error[200];
	struct stream_counts counts;
	bool in_snapshot, boundary;
};

static int note(struct told *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	t->len += (size_t)vsnprintf(t->text + t->len, sizeof(t->text) - t->len, format, args);
	va_end(args);
	assert_true(t->len < sizeof(t->text));
	return t->fail;
}

static int on_begin(void *ctx)
{
	return note(ctx, "begin\n");
}

static int on_end(void *ctx, double heartbeat)
{
	return note(ctx, "end %g\n", heartbeat);
}

static void describe(struct told *t, struct cluster_builder *b)
{
	const struct cluster_element *e;

	assert_int_equal(cluster_build_finish(b), 0);
	e = b->element;
	note(t, "%s", cluster_text(e, e->id));
	if (e->kind == CLUSTER_AGENT) {
		note(t, " %s %s:%u%s\n", cluster_text(e, b->agent->hostname), cluster_text(e, b->agent->host),
			b->agent->port, b->agent->active ? "" : " inactive");
		return;
	}
	if (e->kind == CLUSTER_FRAMEWORK) {
		note(t, " %s %s:%u%s\n", cluster_text(e, b->framework->name), cluster_text(e, b->framework->host),
			b->framework->port, b->framework->active ? "" : " inactive");
		return;
	}
	const struct cluster_port_range *ranges = cluster_list(e, b->task->port_ranges);
	note(t, " %s of %s on %s state=%u", cluster_text(e, b->task->name), cluster_text(e, b->task->framework_id),
		cluster_text(e, b->task->agent_id), b->task->state);
	for (uint32_t i = 0; i < b->task->port_ranges.count; i++)
		note(t, " %u-%u", ranges[i].first, ranges[i].last);
	note(t, " infos=%u labels=%u+%u health=%u\n", b->task->netinfo.count, b->task->mesos_label.count,
		b->task->docker_label.count, b->task->health);
}

static int on_element(void *ctx, struct cluster_builder *b)
{
	note(ctx, "+ ");
	describe(ctx, b);
	return ((struct told *)ctx)->fail;
}

static int on_recovered(void *ctx, const char *id, size_t len)
{
	return note(ctx, "recovered %.*s\n", (int)len, id);
}

static int on_recovered_list(void *ctx)
{
	return note(ctx, "recovered list\n");
}

static int on_completed(void *ctx, const char *id, size_t len)
{
	return note(ctx, "completed %.*s\n", (int)len, id);
}

static void on_skipped(void *ctx, enum state_skip reason, const char *text)
{
	note(ctx, "skipped %s: %s\n", state_skip_name(reason), text);
}

static int on_event(void *ctx, const struct stream_event *e)
{
	note(ctx, "%s ", stream_kind_name(e->kind));
	if (e->element)
		describe(ctx, e->element);
	else if (e->status)
		note(ctx, "%.*s/%.*s@%.*s state=%u %s health=%u infos=%u\n", (int)e->framework_id.len,
			e->framework_id.text, (int)e->task_id.len, e->task_id.text, (int)e->agent_id.len,
			e->agent_id.text, e->state, e->status->running ? "running" : "other", e->status->health,
			e->status->netinfo.count);
	else
		note(ctx, "%.*s%.*s\n", (int)e->framework_id.len, e->framework_id.text, (int)e->agent_id.len,
			e->agent_id.text);
	return ((struct told *)ctx)->fail;
}

static int on_heartbeat(void *ctx)
{
	return note(ctx, "heartbeat\n");
}

static void on_lost(void *ctx, const char *why)
{
	note(ctx, "lost\n");
	assert_true(*why);
}

static const struct stream_sink *sink_of(struct told *t)
{
	static struct stream_sink sink;

	sink = (struct stream_sink){.ctx = t,
		.snapshot_begin = on_begin,
		.snapshot_end = on_end,
		.event = on_event,
		.heartbeat = on_heartbeat,
		.lost = on_lost,
		.state = {.ctx = t,
			.element = on_element,
			.recovered_agent = on_recovered,
			.recovered_list = on_recovered_list,
			.completed_framework = on_completed,
			.skipped = on_skipped}};
	return &sink;
}

/* Feeds raw bytes in pieces of `step`; each a block of its own, so that the sanitizer sees a read beyond it. */
static int feed(struct told *t, const char *bytes, size_t len, size_t step)
{
	struct stream_parser *p = stream_parser_new(sink_of(t));
	int rc = 0;

	t->len = 0;
	t->text[0] = '\0';
	for (size_t at = 0; at < len && !rc; at += step) {
		size_t n = len - at < step ? len - at : step;
		char *piece = malloc(n);

		memcpy(piece, bytes + at, n);
		rc = stream_parser_feed(p, piece, n);
		free(piece);
		if (rc)
			assert_int_equal(stream_parser_feed(p, "x", 1), rc);
	}
	assert_int_equal(!*stream_parser_error(p), !rc);
	snprintf(t->error, sizeof(t->error), "%s", stream_parser_error(p));
	t->counts = *stream_parser_counts(p);
	t->in_snapshot = stream_parser_in_snapshot(p);
	t->boundary = stream_parser_at_boundary(p);
	stream_parser_free(p);
	return rc;
}

#define EMPTY                                                                                                          \
	"{\"type\":\"SUBSCRIBED\",\"subscribed\":{\"get_state\":{\"get_agents\":{},\"get_frameworks\":{},"             \
	"\"get_tasks\":{}},\"heartbeat_interval_seconds\":15.0}}"

static size_t add_record(char *stream, size_t at, const char *json)
{
	return at + (size_t)sprintf(stream + at, "%zu\n%s", strlen(json), json);
}

/* Records, each framed, whole and byte by byte: the same. Without `alone` an empty SUBSCRIBED comes before. */
static int records(struct told *t, bool alone, const char *const *json)
{
	static char stream[1 << 17];
	static struct told bytes;
	size_t len = alone ? 0 : add_record(stream, 0, EMPTY);

	for (; *json; json++)
		len = add_record(stream, len, *json);
	int rc = feed(t, stream, len, len);
	bytes.fail = t->fail;
	assert_int_equal(feed(&bytes, stream, len, 1), rc);
	assert_string_equal(bytes.text, t->text);
	assert_string_equal(bytes.error, t->error);
	assert_memory_equal(bytes.counts.events, t->counts.events, sizeof(t->counts.events));
	assert_int_equal(bytes.counts.bad, t->counts.bad);
	return rc;
}

#define RECORDS(t, alone, ...) records(t, alone, (const char *const[]){__VA_ARGS__, NULL})

/* One event behind an empty SUBSCRIBED: what is told of it. */
static void event_is(const char *json, const char *wanted)
{
	static struct told t;

	assert_int_equal(RECORDS(&t, false, json), 0);
	assert_true(!strncmp(t.text, "begin\nend 15\n", 13));
	assert_string_equal(t.text + 13, wanted);
}

static void frames(void **state)
{
	static const struct {
		const char *bytes, *pieces;
		int rc;
	} cases[] = {
		{"", "", 0},
		{"3\nabc", "abc.", 0},
		{"3\nabc2\nde", "abc.de.", 0},
		{"0\n0\n1\nx", "..x.", 0},
		{"003\nabc", "abc.", 0},
		{"10\nabcdefghij", "abcdefghij.", 0},
		{"3\nab", "ab", 0},
		{"\n", "", ERR_FORMAT},
		{"3 \nabc", "", ERR_FORMAT},
		{"-3\nabc", "", ERR_FORMAT},
		{"3\r\nabc", "", ERR_FORMAT},
		{"3\nabc\n1\nx", "abc.", ERR_FORMAT},
		{"{\"type\"", "", ERR_FORMAT},
		{"11\nabcdefghijk", "", ERR_LIMIT},
		{"99999999999999999999999\n", "", ERR_LIMIT},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t step = 1; step < 12; step++) {
			struct recordio r = {.max = 10};
			size_t len = strlen(cases[i].bytes), out = 0;
			char text[64] = "";
			bool open = false;
			int got = 0;

			for (size_t at = 0; at < len && got >= 0; at += step) {
				const char *data = cases[i].bytes + at;
				size_t left = len - at < step ? len - at : step;
				struct recordio_piece piece;

				while ((got = recordio_next(&r, &data, &left, &piece)) == 1) {
					assert_int_equal(piece.first, !open);
					open = !piece.last;
					out += (size_t)sprintf(text + out, "%.*s%s", (int)piece.len, piece.data,
						piece.last ? "." : "");
				}
			}
			assert_int_equal(got, cases[i].rc);
			assert_string_equal(text, cases[i].pieces);
			if (!got)
				assert_int_equal(recordio_at_boundary(&r), !len || text[strlen(text) - 1] == '.');
		}
	}
}

static void snapshot(void **state)
{
	static struct told t;

	assert_int_equal(
		RECORDS(&t, true,
			"{\"type\":\"SUBSCRIBED\",\"subscribed\":{\"get_state\":{\"get_tasks\":{\"tasks\":[{\"name\":"
			"\"web\","
			"\"task_id\":{\"value\":\"t1\"},\"framework_id\":{\"value\":\"F1\"},\"agent_id\":{\"value\":"
			"\"S1\"},"
			"\"state\":\"TASK_RUNNING\",\"resources\":[{\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":{"
			"\"value\":0.1}},"
			"{\"name\":\"ports\",\"type\":\"RANGES\",\"ranges\":{\"range\":[{\"begin\":31005,\"end\":31006}"
			","
			"{\"begin\":31000,\"end\":31001}]}}],\"statuses\":[{\"task_id\":{\"value\":\"t1\"},\"state\":"
			"\"TASK_RUNNING\","
			"\"timestamp\":1.5,\"healthy\":false,\"labels\":{\"labels\":[{\"key\":\"Docker.NetworkSettings."
			"IPAddress\","
			"\"value\":\"10.1.1.1\"}]},\"container_status\":{\"network_infos\":[{\"ip_addresses\":[{\"ip_"
			"address\":"
			"\"10.2.2.2\"},{\"ip_address\":\"fd00::1\"}]}]}}]}],\"completed_tasks\":[{\"name\":\"old\"}],"
			"\"unreachable_tasks\":[{\"name\":\"far\"}]},\"get_executors\":{\"executors\":[{}]},"
			"\"get_frameworks\":{\"frameworks\":[{\"framework_info\":{\"name\":\"marathon\",\"hostname\":"
			"\"m.example\","
			"\"id\":{\"value\":\"F1\"}},\"active\":false}],\"completed_frameworks\":[{\"framework_info\":{"
			"\"id\":"
			"{\"value\":\"F0\"}}}]},\"get_agents\":{\"agents\":[{\"agent_info\":{\"id\":{\"value\":\"S1\"},"
			"\"hostname\":"
			"\"a.example\",\"port\":5051},\"active\":true,\"pid\":\"slave(1)@10.0.0.1:5051\"}],\"recovered_"
			"agents\":["
			"{\"hostname\":\"b.example\",\"id\":{\"value\":\"S2\"}}]}},\"heartbeat_interval_seconds\":7.5}"
			"}",
			"{\"type\":\"HEARTBEAT\"}"),
		0);
	assert_string_equal(t.text, "begin\n"
				    "+ t1 web of F1 on S1 state=3 31000-31001 31005-31006 infos=2 labels=0+1 health=2\n"
				    "+ F1 marathon m.example:0 inactive\n"
				    "completed F0\n"
				    "+ S1 a.example 10.0.0.1:5051\n"
				    "recovered list\n"
				    "recovered S2\n"
				    "end 7.5\n"
				    "heartbeat\n");
	assert_int_equal(t.counts.events[STREAM_SUBSCRIBED], 1);
	assert_int_equal(t.counts.events[STREAM_HEARTBEAT], 1);
	assert_int_equal(t.counts.state.tasks, 1);
	assert_false(t.in_snapshot);
	assert_true(t.boundary);
}

/* Ports as /master/state has them: of all resources that are no one else's to take back, in order, those joined that
 * touch. */
static void ports(void **state)
{
	static const struct {
		const char *resources, *ranges;
	} cases[] = {
		{"[]", ""},
		{"[{\"name\":\"ports\",\"ranges\":{\"range\":[{\"begin\":2,\"end\":3},{\"begin\":4,\"end\":4},{"
		 "\"begin\":7,\"end\":"
		 "9},{\"begin\":8,\"end\":8}]}}]",
			" 2-4 7-9"},
		{"[{\"ranges\":{\"range\":[{\"begin\":9,\"end\":9}]},\"name\":\"ports\"},{\"name\":\"ports\","
		 "\"ranges\":{\"range\":["
		 "{\"end\":1,\"begin\":1}]}}]",
			" 1-1 9-9"},
		{"[{\"name\":\"ports\",\"ranges\":{\"range\":[{\"begin\":5,\"end\":5}]},\"revocable\":{}}]", ""},
		{"[{\"name\":\"other\",\"ranges\":{\"range\":[{\"begin\":5,\"end\":5}]}}]", ""},
		{"[{\"name\":\"ports\",\"ranges\":{}},{\"name\":\"ports\",\"scalar\":{\"value\":1}}]", ""},
		{"[{\"name\":\"ports\",\"ranges\":{\"range\":[{\"begin\":0,\"end\":65535}]}}]", " 0-65535"},
	};
	static const char *const bad[] = {"{\"begin\":5}", "{\"begin\":6,\"end\":5}", "{\"begin\":1,\"end\":65536}",
		"{\"begin\":1.5,\"end\":2}", "{\"begin\":-1,\"end\":2}", "{\"begin\":\"1\",\"end\":2}", "7",
		"{\"begin\":1e99,\"end\":2}"};
	char json[2048], wanted[512];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(json, sizeof(json),
			"{\"type\":\"TASK_ADDED\",\"task_added\":{\"task\":{\"task_id\":{\"value\":\"t\"},"
			"\"framework_id\":{\"value\":\"F\"},\"resources\":%s}}}",
			cases[i].resources);
		snprintf(wanted, sizeof(wanted), "task_added t  of F on  state=0%s infos=0 labels=0+0 health=0\n",
			cases[i].ranges);
		event_is(json, wanted);
	}
	/* one bad range costs them all, as in the text of /master/state */
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		static struct told t;

		snprintf(json, sizeof(json),
			"{\"type\":\"TASK_ADDED\",\"task_added\":{\"task\":{\"task_id\":{\"value\":\"t\"},"
			"\"framework_id\":{\"value\":\"F\"},\"resources\":[{\"name\":\"ports\",\"ranges\":{\"range\":["
			"{\"begin\":1,\"end\":1},%s]}}]}}}",
			bad[i]);
		assert_int_equal(RECORDS(&t, false, json), 0);
		assert_non_null(strstr(t.text, "skipped port_range: resources.ports of task t\n"));
		assert_non_null(strstr(t.text, "task_added t  of F on  state=0 infos=0"));
		assert_int_equal(t.counts.state.skipped[STATE_SKIP_PORT_RANGE], 1);
	}
}

static void too_many_ranges(void **state)
{
	static char json[1 << 16], wanted[64];
	static struct told t;
	size_t len = (size_t)sprintf(json,
		"{\"type\":\"TASK_ADDED\",\"task_added\":{\"task\":{\"task_id\":{\"value\":\"t\"},"
		"\"framework_id\":{\"value\":\"F\"},\"resources\":[{\"name\":\"ports\",\"ranges\":{\"range\":[");

	for (unsigned i = 0; i < CLUSTER_RANGES_MAX + 1; i++) /* all of them touch, so that one comes of it */
		len += (size_t)sprintf(json + len, "%s{\"begin\":%u,\"end\":%u}", i ? "," : "", i, i);
	sprintf(json + len, "]}}]}}}");
	assert_int_equal(RECORDS(&t, false, json), 0);
	assert_int_equal(t.counts.state.skipped[STATE_SKIP_LIMIT], 1);
	snprintf(wanted, sizeof(wanted), " 0-%u infos", CLUSTER_RANGES_MAX - 1);
	assert_non_null(strstr(t.text, wanted));
}

static void events(void **state)
{
	event_is("{\"type\":\"TASK_UPDATED\",\"task_updated\":{\"framework_id\":{\"value\":\"F1\"},\"status\":{\"task_"
		 "id\":"
		 "{\"value\":\"t1\"},\"agent_id\":{\"value\":\"S1\"},\"state\":\"TASK_RUNNING\",\"healthy\":true,"
		 "\"timestamp\":2.5,"
		 "\"container_status\":{\"network_infos\":[{\"ip_addresses\":[{\"ip_address\":\"10.1.1.1\"}]}]}},"
		 "\"state\":\"TASK_KILLING\"}}",
		"task_updated F1/t1@S1 state=4 running health=1 infos=1\n");
	event_is("{\"task_updated\":{\"state\":\"TASK_LOST\",\"framework_id\":{\"value\":\"F1\"},\"status\":{\"state\":"
		 "\"TASK_LOST\",\"task_id\":{\"value\":\"t1\"}}},\"type\":\"TASK_UPDATED\"}",
		"task_updated F1/t1@ state=6 other health=0 infos=0\n");
	event_is("{\"type\":\"AGENT_ADDED\",\"agent_added\":{\"agent\":{\"agent_info\":{\"id\":{\"value\":\"S3\"},"
		 "\"hostname\":"
		 "\"c\"},\"pid\":\"slave(1)@[fd00::3]:5051\",\"active\":false}}}",
		"agent_added S3 c fd00::3:5051 inactive\n");
	event_is("{\"type\":\"AGENT_REMOVED\",\"agent_removed\":{\"agent_id\":{\"value\":\"S3\"}}}",
		"agent_removed S3\n");
	event_is("{\"type\":\"FRAMEWORK_ADDED\",\"framework_added\":{\"framework\":{\"framework_info\":{\"id\":{"
		 "\"value\":"
		 "\"F2\"},\"name\":\"x\",\"hostname\":\"h\"},\"active\":true}}}",
		"framework_added F2 x h:0\n");
	event_is("{\"type\":\"FRAMEWORK_UPDATED\",\"framework_updated\":{\"framework\":{\"framework_info\":{\"id\":{"
		 "\"value\":"
		 "\"F2\"}},\"active\":true}}}",
		"framework_updated F2  :0\n");
	event_is("{\"type\":\"FRAMEWORK_REMOVED\",\"framework_removed\":{\"framework_info\":{\"name\":\"x\",\"id\":{"
		 "\"value\":"
		 "\"F2\"}}}}",
		"framework_removed F2\n");
	event_is("{\"type\":\"HEARTBEAT\"}", "heartbeat\n");
	event_is("{\"type\":\"HEARTBEAT\",\"heartbeat\":{\"x\":[1,{}]}} \n", "heartbeat\n");
}

static void unknown(void **state)
{
	static struct told t;

	assert_int_equal(
		RECORDS(&t, false, "{\"type\":\"OPERATION_ADDED\",\"operation_added\":{\"x\":1}}", "{\"type\":\"\"}",
			"{\"type\":\"AGENT_REMOVED\",\"agent_removed\":{\"agent_id\":{\"value\":\"S1\",\"x\":[]},\"y\":"
			"{}},"
			"\"z\":null}"),
		0);
	assert_string_equal(t.text, "begin\nend 15\nagent_removed S1\n");
	assert_int_equal(t.counts.events[STREAM_UNKNOWN], 2);
	assert_int_equal(t.counts.events[STREAM_AGENT_REMOVED], 1);
	assert_int_equal(t.counts.unknown_members, 2);
	assert_int_equal(t.counts.bad, 0);
}

/* Each costs itself alone. */
static void bad_events(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"{",
		"[]",
		"7",
		"null",
		"\"x\"",
		"{}",
		"{\"type\":7}",
		"{\"type\":null}",
		"nonsense",
		"{\"type\":\"HEARTBEAT\"}}",
		"{\"type\":\"HEARTBEAT\"}{}",
		"{\"type\":\"TASK_ADDED\"}",
		"{\"type\":\"TASK_ADDED\",\"task_added\":{}}",
		"{\"type\":\"TASK_ADDED\",\"task_added\":{\"task\":{}}}",
		"{\"type\":\"TASK_ADDED\",\"task_added\":[]}",
		"{\"type\":\"TASK_ADDED\",\"task_added\":{\"task\":{\"task_id\":{\"value\":\"t\"}}}}",
		"{\"type\":\"TASK_ADDED\",\"task_added\":{\"task\":{\"framework_id\":{\"value\":\"F\"}}}}",
		"{\"type\":\"TASK_ADDED\",\"task_added\":{\"task\":{\"task_id\":\"t\",\"framework_id\":{\"value\":"
		"\"F\"}}}}",
		"{\"type\":\"TASK_UPDATED\",\"task_added\":{\"task\":{\"task_id\":{\"value\":\"t\"},\"framework_id\":{"
		"\"value\":\"F\"}}}}",
		"{\"type\":\"TASK_ADDED\",\"task_added\":{\"task\":{\"task_id\":{\"value\":\"t\"},\"framework_id\":{"
		"\"value\":\"F\"}},"
		"\"task\":{}}}",
		"{\"type\":\"AGENT_ADDED\",\"agent_added\":{\"agent\":{\"agent_info\":{\"id\":{\"value\":\"S\"}}}},"
		"\"framework_added\":"
		"{\"framework\":{\"framework_info\":{\"id\":{\"value\":\"F\"}}}}}",
		"{\"type\":\"TASK_UPDATED\",\"task_updated\":{\"framework_id\":{\"value\":\"F\"},\"status\":{\"task_"
		"id\":{\"value\":\"t\"}}}}",
		"{\"type\":\"TASK_UPDATED\",\"task_updated\":{\"framework_id\":{\"value\":\"F\"},\"state\":\"TASK_"
		"LOST\"}}",
		"{\"type\":\"TASK_UPDATED\",\"task_updated\":{\"status\":{\"task_id\":{\"value\":\"t\"}},\"state\":"
		"\"TASK_LOST\"}}",
		"{\"type\":\"TASK_UPDATED\",\"task_updated\":{\"framework_id\":{\"value\":\"\"},\"status\":{\"task_"
		"id\":{\"value\":\"t\"}},"
		"\"state\":\"TASK_LOST\"}}",
		"{\"type\":\"AGENT_ADDED\",\"agent_added\":{\"agent\":{\"agent_info\":{}}}}",
		"{\"type\":\"AGENT_REMOVED\",\"agent_removed\":{}}",
		"{\"type\":\"AGENT_REMOVED\",\"agent_removed\":{\"agent_id\":7}}",
		"{\"type\":\"FRAMEWORK_ADDED\",\"framework_added\":{\"framework\":{}}}",
		"{\"type\":\"FRAMEWORK_UPDATED\",\"framework_added\":{\"framework\":{\"framework_info\":{\"id\":{"
		"\"value\":\"F\"}}}}}",
		"{\"type\":\"FRAMEWORK_REMOVED\",\"framework_removed\":{\"framework_info\":{\"name\":\"x\"}}}",
		"{\"type\":\"AGENT_REMOVED\",\"agent_removed\":{\"agent_id\":{\"value\":\"S1\"}},\"subscribed\":{}}",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		static struct told t;

		if (RECORDS(&t, false, bad[i],
			    "{\"type\":\"AGENT_REMOVED\",\"agent_removed\":{\"agent_id\":{\"value\":\"S9\"}}}"))
			fail_msg("%s: %s", bad[i], t.error);
		if (t.counts.bad != 1 || !strstr(t.text, "lost\nagent_removed S9\n") || strstr(t.text, "lost\nlost"))
			fail_msg("%s: %s", bad[i], t.text);
	}
}

/* A member of the wrong kind is as if missing; that is counted, and here nothing is lost. */
static void bad_members(void **state)
{
	event_is("{\"type\":\"AGENT_ADDED\",\"agent_added\":{\"agent\":{\"agent_info\":{\"id\":{\"value\":\"S\"},"
		 "\"hostname\":7},"
		 "\"pid\":\"rubbish\"}}}",
		"skipped type: hostname of agent S\nskipped pid: pid of agent S\nagent_added S  :0\n");
	event_is("{\"type\":\"TASK_UPDATED\",\"task_updated\":{\"framework_id\":{\"value\":\"F\"},\"state\":\"NEW_"
		 "STATE\",\"status\":"
		 "{\"task_id\":{\"value\":\"t\"},\"timestamp\":\"x\",\"container_status\":{\"network_infos\":[{\"ip_"
		 "addresses\":["
		 "{\"ip_address\":\"none\"}]}]}}}}",
		"skipped type: timestamp\nskipped address: address\ntask_updated F/t@ state=0 other health=0 "
		"infos=0\n");
}

/* What ends the connection. */
static void bad_streams(void **state)
{
	static const struct {
		const char *first, *second;
	} cases[] = {
		{"{\"type\":\"AGENT_REMOVED\",\"agent_removed\":{\"agent_id\":{\"value\":\"S1\"}}}",
			NULL}, /* before the state */
		{"{", NULL},
		{"[]", NULL},
		{"{}", NULL},
		{"{\"type\":\"SUBSCRIBED\"}", NULL},
		{"{\"type\":\"SUBSCRIBED\",\"subscribed\":{}}", NULL},
		{"{\"type\":\"SUBSCRIBED\",\"subscribed\":7}", NULL},
		{"{\"type\":\"SUBSCRIBED\",\"subscribed\":{\"get_state\":{}}}", NULL},
		{"{\"type\":\"SUBSCRIBED\",\"subscribed\":{\"get_state\":null}}", NULL},
		{"{\"type\":\"SUBSCRIBED\",\"subscribed\":{\"get_state\":{\"get_agents\":{},\"get_frameworks\":{}}}}",
			NULL},
		{"{\"type\":\"SUBSCRIBED\",\"subscribed\":{\"get_state\":{\"get_agents\":{\"agents\":{}},\"get_"
		 "frameworks\":{},"
		 "\"get_tasks\":{}}}}",
			NULL},
		{"{\"type\":\"SUBSCRIBED\",\"subscribed\":{\"get_state\":{\"get_agents\":{},\"get_frameworks\":{},"
		 "\"get_tasks\":{\"tasks\":7}}}}",
			NULL},
		{"{\"type\":\"HEARTBEAT\",\"subscribed\":{\"get_state\":{\"get_agents\":{},\"get_frameworks\":{},\"get_"
		 "tasks\":{}}}}",
			NULL},
		{"{\"subscribed\":{\"get_state\":{\"get_agents\":{},\"get_frameworks\":{},\"get_tasks\":{}}}}", NULL},
		{"{\"type\":\"SUBSCRIBED\",\"subscribed\":{\"get_state\":{\"get_agents\":{},\"get_frameworks\":{},"
		 "\"get_tasks\":{}}},"
		 "\"subscribed\":{}}",
			NULL},
		{"{\"type\":\"SUBSCRIBED\",\"subscribed\":{\"get_state\":{\"get_agents\":{},\"get_frameworks\":{},"
		 "\"get_tasks\":{}}},"
		 "\"agent_removed\":{}}",
			NULL},
		{"{\"type\":\"SUBSCRIBED\",\"agent_removed\":{},\"subscribed\":{}}", NULL},
		{EMPTY "}", NULL},
		{EMPTY, "{\"type\":\"SUBSCRIBED\"}"},
		{EMPTY, EMPTY},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		static struct told t;

		if (RECORDS(&t, true, cases[i].first, cases[i].second) != ERR_FORMAT)
			fail_msg("%s was taken: %s", cases[i].first, t.text);
	}
	/* heartbeats and what is not known may come before */
	static struct told t;
	assert_int_equal(RECORDS(&t, true, "{\"type\":\"HEARTBEAT\"}", "{\"type\":\"NEW\"}", EMPTY), 0);
	assert_string_equal(t.text, "heartbeat\nbegin\nend 15\n");
	/* a frame that is none */
	assert_int_equal(feed(&t, "x", 1, 1), ERR_FORMAT);
	assert_int_equal(feed(&t, "99999999999999\n", 15, 15), ERR_LIMIT);
	/* the type may come last */
	assert_int_equal(
		RECORDS(&t, true,
			"{\"subscribed\":{\"get_state\":{\"get_agents\":{},\"get_frameworks\":{},\"get_tasks\":"
			"{}}},\"type\":\"SUBSCRIBED\"}"),
		0);
}

static void long_events(void **state)
{
	const size_t size = STREAM_EVENT_MAX + 1;
	static const char tail[] = "23\n{\"type\":\"HEARTBEAT\"}   ";
	static struct told t;
	char *stream = malloc(size + 4096);
	size_t len = add_record(stream, 0, EMPTY);

	len += (size_t)sprintf(stream + len, "%zu\n", size);
	memset(stream + len, ' ', size);
	memcpy(stream + len + size, tail, sizeof(tail));
	assert_int_equal(feed(&t, stream, len + size + sizeof(tail) - 1, 100000), 0);
	assert_string_equal(t.text, "begin\nend 15\nlost\nheartbeat\n");
	/* a state may be as long as it likes, but no token of it */
	len = (size_t)sprintf(stream, "%zu\n", size);
	memset(stream + len, ' ', size);
	assert_int_equal(feed(&t, stream, len + size, 100000), ERR_LIMIT);
	free(stream);
}

static void the_sink_ends_it(void **state)
{
	static struct told t;

	t.fail = ERR_NOMEM;
	assert_int_equal(RECORDS(&t, false, "{\"type\":\"HEARTBEAT\"}"), ERR_NOMEM);
	assert_string_equal(t.text, "begin\n");
	assert_true(t.in_snapshot);
	t.fail = 0;
}

static void cut_in_the_state(void **state)
{
	static struct told t;
	char stream[512];
	size_t len = add_record(stream, 0, EMPTY);

	for (size_t at = 0; at <= len; at++) {
		assert_int_equal(feed(&t, stream, at, len), 0);
		assert_int_equal(t.boundary, at == 0 || at == len);
		assert_int_equal(t.in_snapshot, strstr(t.text, "begin") && !strstr(t.text, "end"));
	}
}

static int setup(void **state)
{
	return siphash_init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames),
		cmocka_unit_test(snapshot),
		cmocka_unit_test(ports),
		cmocka_unit_test(too_many_ranges),
		cmocka_unit_test(events),
		cmocka_unit_test(unknown),
		cmocka_unit_test(bad_events),
		cmocka_unit_test(bad_members),
		cmocka_unit_test(bad_streams),
		cmocka_unit_test(long_events),
		cmocka_unit_test(the_sink_ends_it),
		cmocka_unit_test(cut_in_the_state),
	};

	return cmocka_run_group_tests_name("stream_parse", tests, setup, NULL);
}
