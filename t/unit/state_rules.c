/* SPDX-License-Identifier: Apache-2.0 */
/* mesos/state_parse: a small document for each of its rules. */
#include <unistd.h>

#include "mesos/state_file.h"
#include "t/unit/state.h"

static int parse_text(struct result *r, const char *text)
{
	return parse(r, text, strlen(text), 4096);
}

/* A document with one task that has these members besides its ids. */
static const struct cluster_task *parse_task(struct result *r, const char *members)
{
	char text[8192];

	snprintf(text, sizeof(text),
		"{\"slaves\": [], \"frameworks\": [{\"id\": \"f\", \"tasks\": [{\"id\": \"t\", %s}]}]}",
		members);
	if (parse_text(r, text))
		fail_msg("%s: %s", members, r->error);
	return find(r, CLUSTER_TASK, "t");
}

static void assert_address(
	const struct cluster_task *t, struct cluster_list list, uint32_t i, const char *expected)
{
	char text[ADDR_TEXT_MAX];

	assert_true(i < list.count);
	assert_string_equal(addr_format((const struct addr *)cluster_list(t, list) + i, text), expected);
}

#define NETWORK(ip)                                                                                          \
	"\"container_status\": {\"network_infos\": [{\"ip_addresses\": [{\"ip_address\": \"" ip "\"}]}]}"

static void newest_running_status_counts(void **state)
{
	struct result *r = calloc(1, sizeof(*r));
	const struct cluster_task *t = parse_task(r,
		"\"statuses\": ["
		"{\"state\": \"TASK_RUNNING\", \"timestamp\": 20.5, \"healthy\": false, " NETWORK(
			"10.0.0.2") "},"
				    "{\"state\": \"TASK_RUNNING\", \"timestamp\": 10, \"healthy\": "
				    "true, " NETWORK("10.0.0.1") "},"
								 "{\"state\": \"TASK_STARTING\", "
								 "\"timestamp\": 30, " NETWORK(
									 "10.0.0.3") "}]");

	assert_int_equal(t->netinfo.count, 1);
	assert_address(t, t->netinfo, 0, "10.0.0.2");
	assert_int_equal(t->health, CLUSTER_HEALTH_BAD);
	assert_int_equal(t->status_time, 20500000);

	/* Of the same time: the later in the list. */
	t = parse_task(r, "\"statuses\": ["
			  "{\"timestamp\": 20, \"state\": \"TASK_RUNNING\", " NETWORK(
				  "10.0.0.1") "},"
					      "{\"timestamp\": 2e1, \"state\": \"TASK_RUNNING\", " NETWORK(
						      "10.0.0.2") "}]");
	assert_address(t, t->netinfo, 0, "10.0.0.2");

	/* A health update may lack the network infos: then the newest that has them. Its labels do not count.
	 */
	t = parse_task(r,
		"\"statuses\": ["
		"{\"state\": \"TASK_RUNNING\", \"timestamp\": 1, " NETWORK(
			"10.0.0.1") "},"
				    "{\"state\": \"TASK_RUNNING\", \"timestamp\": 2, \"labels\": [{\"key\": "
				    "\"Docker.NetworkSettings.IPAddress\", \"value\": "
				    "\"172.17.0.1\"}], " NETWORK(
					    "10.0.0.2") "},"
							"{\"state\": \"TASK_RUNNING\", \"timestamp\": 3, "
							"\"healthy\": true, \"container_status\": "
							"{\"network_infos\": []}}]");
	assert_address(t, t->netinfo, 0, "10.0.0.2");
	assert_int_equal(t->docker_label.count, 0);
	assert_int_equal(t->health, CLUSTER_HEALTH_GOOD);

	/* Network infos without an address are network infos. */
	t = parse_task(r,
		"\"statuses\": ["
		"{\"state\": \"TASK_RUNNING\", \"timestamp\": 1, " NETWORK(
			"10.0.0.1") "},"
				    "{\"state\": \"TASK_RUNNING\", \"timestamp\": 3, \"container_status\": "
				    "{\"network_infos\": [{\"ip_addresses\": [{}]}]}}]");
	assert_int_equal(t->netinfo.count, 0);

	t = parse_task(r, "\"statuses\": []");
	assert_int_equal(t->health, CLUSTER_HEALTH_UNKNOWN);
	assert_int_equal(t->status_time, 0);
	clear(r);
	free(r);
}

static void addresses_of_a_status(void **state)
{
	struct result *r = calloc(1, sizeof(*r));
	const struct cluster_task *t = parse_task(r,
		"\"statuses\": [{\"state\": \"TASK_RUNNING\", \"labels\": ["
		"{\"value\": \"10.1.1.1\", \"key\": \"MesosContainerizer.NetworkSettings.IPAddress\"},"
		"{\"key\": \"MesosContainerizer.NetworkSettings.IPAddress\", \"value\": \"10.1.1\"},"
		"{\"key\": \"Docker.NetworkSettings.IPAddress\", \"value\": \"\"},"
		"{\"key\": \"Docker.NetworkSettings.IPAddress\", \"value\": \"fd00::2\"},"
		"{\"key\": \"other\", \"value\": \"10.9.9.9\"}, {\"key\": "
		"\"Docker.NetworkSettings.IPAddress\"}],"
		"\"container_status\": {\"network_infos\": ["
		"{\"ip_address\": \"10.0.0.1\"}, {\"ip_address\": \"10.0.0.9\", \"ip_addresses\": "
		"[{\"ip_address\": \"10.0.0.2\"}, {\"ip_address\": \"fd00::1\"}, {\"ip_address\": "
		"\"10.0.0.300\"}]},"
		"{\"ip_addresses\": [], \"ip_address\": \"10.0.0.3\"}]}}]");

	assert_int_equal(t->mesos_label.count, 1);
	assert_address(t, t->mesos_label, 0, "10.1.1.1");
	assert_int_equal(t->docker_label.count, 1);
	assert_address(t, t->docker_label, 0, "fd00::2");
	assert_int_equal(t->netinfo.count, 4);
	assert_address(t, t->netinfo, 0, "10.0.0.1");
	assert_address(t, t->netinfo, 1, "10.0.0.2");
	assert_address(t, t->netinfo, 2, "fd00::1");
	assert_address(t, t->netinfo, 3, "10.0.0.3");
	assert_int_equal(r->counts.skipped[STATE_SKIP_ADDRESS], 2);
	assert_string_equal(r->skipped, "address: address of task t");
	clear(r);
	free(r);
}

static void host_ports_are_seen(void **state)
{
	static const struct {
		const char *members;
		bool mapped;
	} cases[] = {
		{"\"container\": {\"docker\": {\"port_mappings\": [{\"host_port\": 31000}]}}", true},
		{"\"container\": {\"docker\": {\"port_mappings\": [{\"container_port\": 80}]}}", false},
		{"\"container\": {\"docker\": {\"port_mappings\": [{\"host_port\": 0}]}}", false},
		{"\"container\": {\"network_infos\": [{\"ip_addresses\": [{\"ip_address\": \"10.0.0.1\"}], "
		 "\"port_mappings\": [{\"container_port\": 80}, {\"host_port\": 1}]}]}",
			true},
		{"\"statuses\": [{\"state\": \"TASK_RUNNING\", \"container_status\": {\"network_infos\": "
		 "[{\"port_mappings\": [{\"host_port\": 5.0}]}]}}]",
			true},
		{"\"statuses\": [{\"state\": \"TASK_FAILED\", \"container_status\": {\"network_infos\": "
		 "[{\"port_mappings\": [{\"host_port\": 5}]}]}}]",
			false},
	};
	struct result *r = calloc(1, sizeof(*r));

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct cluster_task *t = parse_task(r, cases[i].members);

		assert_int_equal(t->host_port_mapped != 0, cases[i].mapped);
		assert_int_equal(t->netinfo.count, 0);
	}
	clear(r);
	free(r);
}

static void discovery_ports(void **state)
{
	struct result *r = calloc(1, sizeof(*r));
	const struct cluster_task *t = parse_task(r,
		"\"discovery\": {\"ports\": {\"ports\": [{\"number\": 80.0, \"protocol\": \"tcp,udp\"}, {}, "
		"{\"number\": 65536}, {\"number\": -1}, {\"number\": 1.5}, {\"number\": \"80\"}, "
		"{\"name\": 5, \"number\": 1}, 17, {\"protocol\": \"TCP\", \"name\": \"h\\u0074tp\", "
		"\"number\": 65535}]}}");

	assert_string_equal(cluster_text(t, t->discovery_name), "");
	assert_int_equal(t->discovery_ports.count, 3);
	const struct cluster_port *p = cluster_list(t, t->discovery_ports);
	assert_int_equal(p[0].number, 80);
	assert_string_equal(cluster_text(t, p[0].protocol), "tcp,udp");
	assert_int_equal(p[1].number, 0);
	assert_string_equal(cluster_text(t, p[2].name), "http");
	assert_string_equal(cluster_text(t, p[2].protocol), "TCP");
	assert_int_equal(p[2].number, 65535);
	assert_int_equal(r->counts.skipped[STATE_SKIP_PORT], 5);

	t = parse_task(r, "\"discovery\": {\"name\": \"a.b\", \"ports\": {}}");
	assert_string_equal(cluster_text(t, t->discovery_name), "a.b");
	assert_int_equal(t->discovery_ports.count, 0);
	clear(r);
	free(r);
}

static void tasks_before_the_id(void **state)
{
	struct result *r = calloc(1, sizeof(*r));

	assert_int_equal(
		parse_text(r, "{\"frameworks\": ["
			      "{\"tasks\": [{\"id\": \"t1\", \"framework_id\": \"x\", \"name\": \"n1\"}, "
			      "{\"id\": \"t2\", \"name\": \"n2\"}], \"id\": \"f1\"},"
			      "{\"id\": \"f2\", \"tasks\": [{\"id\": \"t3\", \"framework_id\": \"x\"}]},"
			      "{\"tasks\": [{\"id\": \"t4\", \"framework_id\": \"own\"}, {\"id\": \"t5\"}]}"
			      "], \"slaves\": []}"),
		0);
	static const char *const owners[][2] = {{"t1", "f1"}, {"t2", "f1"}, {"t3", "f2"}, {"t4", "own"}};
	for (size_t i = 0; i < 4; i++) {
		const struct cluster_task *t = find(r, CLUSTER_TASK, owners[i][0]);

		assert_non_null(t);
		assert_string_equal(cluster_text(t, t->framework_id), owners[i][1]);
	}
	assert_string_equal(
		cluster_text(r->elements[0], ((struct cluster_task *)(void *)r->elements[0])->name), "n1");
	assert_null(find(r, CLUSTER_TASK, "t5"));
	assert_int_equal(r->counts.frameworks, 2);
	assert_int_equal(r->counts.skipped[STATE_SKIP_ID], 2);
	clear(r);
	free(r);
}

static void pids_cost_the_address(void **state)
{
	struct result *r = calloc(1, sizeof(*r));

	assert_int_equal(
		parse_text(r,
			"{\"slaves\": [{\"id\": \"S1\", \"pid\": \"slave(1)@10.0.0.300:5051\"}, {\"id\": "
			"\"S2\"},"
			"{\"id\": \"S3\", \"pid\": \"slave(1)@[fd00::3]:5051\", \"active\": false}, "
			"{\"pid\": "
			"\"slave(1)@10.0.0.1:5051\"}], \"frameworks\": [{\"id\": \"f1\", \"hostname\": "
			"\"h\", "
			"\"pid\": \"x\", \"tasks\": [{\"id\": \"t\"}]}, {\"id\": \"f2\", \"hostname\": "
			"\"h\", "
			"\"pid\": \"\"}, {\"id\": \"f3\", \"pid\": \"s@n.example:80\", \"hostname\": \"h\"},"
			"{\"id\": \"f4\", \"pid\": 7, \"hostname\": \"h\"}]}"),
		0);
	const struct cluster_agent *s1 = find(r, CLUSTER_AGENT, "S1");
	const struct cluster_agent *s3 = find(r, CLUSTER_AGENT, "S3");
	assert_string_equal(cluster_text(s1, s1->host), "");
	assert_int_equal(s1->port, 0);
	assert_int_equal(s1->active, 1);
	assert_string_equal(cluster_text(s3, s3->host), "fd00::3");
	assert_int_equal(s3->port, 5051);
	assert_int_equal(s3->active, 0);
	assert_int_equal(r->counts.agents, 3);
	static const struct {
		const char *id, *host;
		unsigned port;
	} frameworks[] = {{"f1", "", 0}, {"f2", "h", 0}, {"f3", "n.example", 80}, {"f4", "", 0}};
	for (size_t i = 0; i < 4; i++) {
		const struct cluster_framework *f = find(r, CLUSTER_FRAMEWORK, frameworks[i].id);

		assert_string_equal(cluster_text(f, f->host), frameworks[i].host);
		assert_int_equal(f->port, frameworks[i].port);
	}
	assert_non_null(find(r, CLUSTER_TASK, "t"));
	assert_int_equal(r->counts.skipped[STATE_SKIP_PID], 3);
	assert_int_equal(r->counts.skipped[STATE_SKIP_TYPE], 1);
	clear(r);
	free(r);
}

static void which_tasks_count(void **state)
{
	struct result *r = calloc(1, sizeof(*r));
#define TASK "[{\"id\": \"t\", \"framework_id\": \"f\"}]"

	assert_int_equal(
		parse_text(r,
			"{\"slaves\": [], \"orphan_tasks\": [{\"id\": \"o\", \"framework_id\": \"x\"}, {\"id\": \"p\"}]"
			", \"unregistered_frameworks\": [\"x\"], \"completed_frameworks\": [{\"id\": "
			"\"g\", \"tasks\": " TASK "}], \"frameworks\": [{\"id\": \"f\", "
			"\"completed_tasks\": " TASK ", \"unreachable_tasks\": " TASK
			"}], \"leader\": \"master@10.0.0.1:5050\", \"recovered_slaves\": [{\"id\": \"S1\"}, "
			"{}, 4], \"flags\": {\"agent_reregister_timeout\": \"10mins\", \"registry\": \"in_memory\"}}"),
		0);
	assert_int_equal(r->count, 2);
	const struct cluster_task *orphan = find(r, CLUSTER_TASK, "o");
	assert_string_equal(cluster_text(orphan, orphan->framework_id), "x");
	assert_int_equal(r->counts.skipped[STATE_SKIP_ID], 1); /* of nobody at all */
	assert_string_equal(r->leader, "master@10.0.0.1:5050");
	assert_string_equal(r->timeout, "10mins");
	assert_string_equal(r->registry, "in_memory");
	assert_int_equal(r->recovered, 1);
	assert_true(r->recovered_list);
	assert_int_equal(r->completed, 1);
	assert_string_equal(r->master_id, "");
	clear(r);
	free(r);
}

static void what_is_no_state_fails(void **state)
{
	static const char *const texts[] = {"", " ", "{}", "[]", "5", "\"x\"", "null", "true",
		"{\"slaves\": []}", "{\"frameworks\": []}", "{\"slaves\": [], \"frameworks\": {}}",
		"{\"slaves\": 1, \"frameworks\": []}", "{\"slaves\": [], \"frameworks\": []} x",
		"{\"slaves\": [], \"frameworks\": []}{}", "{\"slaves\": [], \"frameworks\": []",
		"{\"slaves\": [] \"frameworks\": []}", "<html>404</html>",
		"{\"slaves\": [], \"frameworks\": [],}"};
	struct result *r = calloc(1, sizeof(*r));

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (parse_text(r, texts[i]) != ERR_FORMAT)
			fail_msg("taken for a state: %s", texts[i]);
	assert_int_equal(parse_text(r, "{\"slaves\": [], \"frameworks\": []} \r\n\t "), 0);
	/* A NUL is no white space. */
	static const char nul[] = "{\"slaves\": [], \"frameworks\": []}";
	assert_int_equal(parse(r, nul, sizeof(nul), sizeof(nul)), ERR_FORMAT);
	clear(r);
	free(r);
}

static void limits(void **state)
{
	struct result *r = calloc(1, sizeof(*r));
	size_t room = STATE_TOKEN_MAX + (1 << 20);
	char *text = malloc(room);

	/* Depth: unknown parts as well. */
	for (int deep = 0; deep < 2; deep++) {
		size_t levels = STATE_DEPTH_MAX - 1 + (size_t)deep;
		size_t len = (size_t)sprintf(text, "{\"slaves\": [], \"frameworks\": [], \"x\": ");

		memset(text + len, '[', levels);
		memset(text + len + levels, ']', levels);
		strcpy(text + len + 2 * levels, "}");
		assert_int_equal(parse_text(r, text), deep ? ERR_LIMIT : 0);
	}

	/* One string without an end. */
	strcpy(text, "{\"x\": \"");
	memset(text + 7, 'x', room - 7);
	assert_int_equal(parse(r, text, room, 16384), ERR_LIMIT);

	/* Texts that are too long: an id costs the element, a name itself. */
	char *at = text + sprintf(text,
				  "{\"slaves\": [], \"frameworks\": [{\"id\": \"f\", \"name\": \"%01025d\"}, "
				  "{\"id\": \"%01025d\"}, {\"id\": \"g\", \"tasks\": [{\"id\": \"t\", "
				  "\"resources\": {\"ports\": \"[",
				  1, 2);
	for (int i = 0; i < CLUSTER_RANGES_MAX + 10; i++)
		at += sprintf(at, "%s%d-%d", i ? ", " : "", i * 2 + 1, i * 2 + 1);
	at += sprintf(at, "]\"}, \"discovery\": {\"ports\": {\"ports\": [");
	for (int i = 0; i < CLUSTER_PORTS_MAX + 10; i++)
		at += sprintf(at, "%s{\"number\": %d, \"name\": \"port-number-%d\"}", i ? ", " : "", i, i);
	at += sprintf(at, "]}}, \"statuses\": [{\"state\": \"TASK_RUNNING\", \"container_status\": "
			  "{\"network_infos\": [{\"ip_addresses\": [");
	for (int i = 0; i < CLUSTER_ADDRS_MAX + 10; i++)
		at += sprintf(at, "%s{\"ip_address\": \"10.0.%d.%d\"}", i ? ", " : "", i / 200, i % 200);
	sprintf(at, "]}]}}]}]}]}");
	assert_int_equal(parse_text(r, text), 0);
	assert_int_equal(r->counts.frameworks, 2);
	const struct cluster_framework *f = find(r, CLUSTER_FRAMEWORK, "f");
	assert_int_equal(f->name.len, 0);
	const struct cluster_task *t = find(r, CLUSTER_TASK, "t");
	assert_int_equal(t->port_ranges.count, CLUSTER_RANGES_MAX);
	assert_int_equal(t->netinfo.count, CLUSTER_ADDRS_MAX);
	assert_int_equal(t->discovery_ports.count, CLUSTER_PORTS_MAX);
	assert_int_equal(r->counts.skipped[STATE_SKIP_LIMIT], 2 + 1 + 10 + 10);
	clear(r);
	free(r);
	free(text);
}

static void texts_need_not_be_utf8(void **state)
{
	struct result *r = calloc(1, sizeof(*r));
	const struct cluster_task *t =
		parse_task(r, "\"name\": \"w\xff\xfe\\u0000b\\ud83d\", \"x\": \"\xc3\"");

	assert_non_null(t);
	assert_memory_equal(cluster_text(t, t->name), "w\xff\xfe", 3);
	clear(r);
	free(r);
}

static int refuse_tasks(void *ctx, struct cluster_builder *b)
{
	++*(int *)ctx;
	return b->element->kind == CLUSTER_TASK ? ERR_NOMEM : 0;
}

static void the_sink_can_end_it(void **state)
{
	static const char text[] =
		"{\"frameworks\": [{\"id\": \"f\", \"tasks\": [{\"id\": \"a\"}, {\"id\": \"b\"}]}]}";
	int calls = 0;
	const struct state_sink sink = {.ctx = &calls, .element = refuse_tasks};
	struct state_parser *p = state_parser_new(&sink);

	assert_int_equal(state_parser_feed(p, text, sizeof(text) - 1), ERR_NOMEM);
	assert_int_equal(state_parser_feed(p, text, sizeof(text) - 1), ERR_NOMEM);
	assert_int_equal(state_parser_finish(p), ERR_NOMEM);
	assert_string_equal(state_parser_error(p), err_text(ERR_NOMEM));
	assert_int_equal(calls, 1);
	state_parser_free(p);
	state_parser_free(NULL);
}

static void reads_files(void **state)
{
	static const char text[] =
		"{\"slaves\": [{\"id\": \"S1\", \"pid\": \"s@10.0.0.1:1\"}], \"frameworks\": []}";
	struct result *r = calloc(1, sizeof(*r));
	const struct state_sink sink = {.ctx = r, .element = on_element};
	char path[] = "/tmp/mesos-named-state-XXXXXX", error[200] = "";
	struct state_counts counts;
	int fd = mkstemp(path);

	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	assert_int_equal(state_file_read(path, &sink, &counts, error, sizeof(error)), 0);
	assert_int_equal(counts.agents, 1);
	assert_int_equal(counts.bytes, sizeof(text) - 1);
	assert_string_equal(error, "");
	assert_int_equal(ftruncate(fd, sizeof(text) - 2), 0);
	assert_int_equal(state_file_read(path, &sink, NULL, error, sizeof(error)), ERR_FORMAT);
	assert_non_null(strstr(error, path));
	close(fd);
	unlink(path);
	assert_int_equal(state_file_read(path, &sink, NULL, error, sizeof(error)), ERR_SYSTEM);
	assert_non_null(strstr(error, "No such file"));
	assert_int_equal(state_file_read("/", &sink, NULL, error, sizeof(error)), ERR_SYSTEM);
	clear(r);
	free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(newest_running_status_counts),
		cmocka_unit_test(addresses_of_a_status),
		cmocka_unit_test(host_ports_are_seen),
		cmocka_unit_test(discovery_ports),
		cmocka_unit_test(tasks_before_the_id),
		cmocka_unit_test(pids_cost_the_address),
		cmocka_unit_test(which_tasks_count),
		cmocka_unit_test(what_is_no_state_fails),
		cmocka_unit_test(limits),
		cmocka_unit_test(texts_need_not_be_utf8),
		cmocka_unit_test(the_sink_can_end_it),
		cmocka_unit_test(reads_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
