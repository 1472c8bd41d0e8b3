/* SPDX-License-Identifier: Apache-2.0 */
/* cluster/build: what says the same is the same bytes, limits hold, nothing of an earlier element shows
 * through. */
#include "t/unit/unit.h"

#include "base/err.h"
#include "cluster/build.h"

#define TASK(member) CLUSTER_FIELD(task, member)

static void text(struct cluster_builder *b, size_t field, const char *value)
{
	assert_int_equal(cluster_build_text(b, field, value, strlen(value)), 0);
}

static struct addr address(const char *value)
{
	struct addr a;

	assert_int_equal(addr_parse(&a, value, strlen(value)), 0);
	return a;
}

static const struct cluster_port_input ports[] = {
	{"http", "tcp", 4, 3, 8080},
	{NULL, NULL, 0, 0, 0},
	{"admin", "", 5, 0, 65535},
};

static void task_fields(struct cluster_builder *b, bool backwards)
{
	struct addr addrs[2] = {address("10.1.2.3"), address("fd00::1")};
	struct cluster_port_range ranges[3] = {{31000, 31001}, {31005, 31005}, {1, 65535}};

	for (int step = 0; step < 6; step++)
		switch (backwards ? 5 - step : step) {
		case 0:
			text(b, TASK(e.id), "task.1");
			break;
		case 1:
			text(b, TASK(framework_id), "fw-0000");
			break;
		case 2:
			assert_int_equal(cluster_build_list(b, TASK(netinfo), addrs, 2, sizeof(addrs[0])), 0);
			break;
		case 3:
			text(b, TASK(name), "task");
			break;
		case 4:
			assert_int_equal(
				cluster_build_list(b, TASK(port_ranges), ranges, 3, sizeof(ranges[0])), 0);
			break;
		case 5:
			assert_int_equal(cluster_build_ports(b, ports, 3), 0);
			break;
		}
	b->task->state = CLUSTER_TASK_RUNNING;
	b->task->status_time = 123456789;
}

static void assert_same(const struct cluster_builder *a, const struct cluster_builder *b)
{
	const size_t from = offsetof(struct cluster_element, size);

	assert_int_equal(a->element->hash, b->element->hash);
	assert_int_equal(a->element->size, b->element->size);
	assert_memory_equal((char *)a->element + from, (char *)b->element + from, a->element->size - from);
}

static void holds_what_was_given(void **state)
{
	struct cluster_builder b = {0};

	assert_int_equal(cluster_build_start(&b, CLUSTER_TASK), 0);
	task_fields(&b, false);
	assert_int_equal(cluster_build_finish(&b), 0);

	const struct cluster_task *t = b.task;
	assert_int_equal(t->e.kind, CLUSTER_TASK);
	assert_string_equal(cluster_text(t, t->e.id), "task.1");
	assert_string_equal(cluster_text(t, t->framework_id), "fw-0000");
	assert_string_equal(cluster_text(t, t->agent_id), "");
	assert_string_equal(cluster_text(t, t->discovery_name), "");
	assert_int_equal(t->status_time, 123456789);
	assert_int_equal(t->netinfo.count, 2);
	const struct addr *addrs = cluster_list(t, t->netinfo);
	struct addr six = address("fd00::1");
	assert_true(addr_equal(&addrs[1], &six));
	assert_int_equal(t->mesos_label.count, 0);
	const struct cluster_port_range *ranges = cluster_list(t, t->port_ranges);
	assert_int_equal(t->port_ranges.at % 8, 0);
	assert_int_equal(ranges[2].last, 65535);
	const struct cluster_port *p = cluster_list(t, t->discovery_ports);
	assert_int_equal(t->discovery_ports.count, 3);
	assert_string_equal(cluster_text(t, p[0].name), "http");
	assert_string_equal(cluster_text(t, p[0].protocol), "tcp");
	assert_string_equal(cluster_text(t, p[1].name), "");
	assert_string_equal(cluster_text(t, p[2].name), "admin");
	assert_string_equal(cluster_text(t, p[2].protocol), "");
	assert_int_equal(p[2].number, 65535);
	assert_int_equal(t->e.hash, cluster_key_hash(CLUSTER_TASK, "fw-0000", 7, "task.1", 6));
	cluster_builder_fini(&b);
}

static void same_bytes_in_any_order(void **state)
{
	struct cluster_builder a = {0}, b = {0};

	assert_int_equal(cluster_build_start(&a, CLUSTER_TASK), 0);
	task_fields(&a, false);
	assert_int_equal(cluster_build_finish(&a), 0);
	/* The other builder was in use before, and gets some fields twice. */
	assert_int_equal(cluster_build_start(&b, CLUSTER_TASK), 0);
	for (int i = 0; i < 100; i++)
		text(&b, TASK(name), "a much longer name than the one that is to stand there");
	text(&b, TASK(agent_id), "S1");
	assert_int_equal(cluster_build_start(&b, CLUSTER_TASK), 0);
	text(&b, TASK(e.id), "another");
	text(&b, TASK(name), "another");
	task_fields(&b, true);
	assert_int_equal(cluster_build_finish(&b), 0);
	assert_same(&a, &b);

	assert_int_equal(cluster_build_start(&b, CLUSTER_TASK), 0);
	task_fields(&b, true);
	b.task->health = CLUSTER_HEALTH_BAD;
	assert_int_equal(cluster_build_finish(&b), 0);
	assert_int_equal(a.element->hash, b.element->hash);
	assert_memory_not_equal(
		&a.element->size, &b.element->size, a.element->size - offsetof(struct cluster_element, size));
	cluster_builder_fini(&a);
	cluster_builder_fini(&b);
}

static void needs_its_key(void **state)
{
	struct cluster_builder b = {0};

	for (enum cluster_kind kind = CLUSTER_AGENT; kind <= CLUSTER_TASK; kind++) {
		assert_int_equal(cluster_build_start(&b, kind), 0);
		assert_int_equal(cluster_build_finish(&b), ERR_FORMAT);
		text(&b, offsetof(struct cluster_element, id), "x");
		assert_int_equal(cluster_build_finish(&b), kind == CLUSTER_TASK ? ERR_FORMAT : 0);
	}
	text(&b, TASK(framework_id), "f");
	assert_int_equal(cluster_build_finish(&b), 0);
	cluster_builder_fini(&b);
}

static void keys_do_not_run_together(void **state)
{
	uint64_t a = cluster_key_hash(CLUSTER_TASK, "ab", 2, "c", 1);

	assert_int_not_equal(a, cluster_key_hash(CLUSTER_TASK, "a", 1, "bc", 2));
	assert_int_not_equal(cluster_key_hash(CLUSTER_AGENT, NULL, 0, "c", 1),
		cluster_key_hash(CLUSTER_FRAMEWORK, NULL, 0, "c", 1));
	assert_int_equal(cluster_key_hash(CLUSTER_AGENT, "ab", 2, "c", 1),
		cluster_key_hash(CLUSTER_AGENT, NULL, 0, "c", 1));
}

static void limits_leave_the_field(void **state)
{
	struct cluster_builder b = {0};
	char long_text[CLUSTER_TEXT_MAX + 1];
	struct addr *many = calloc(CLUSTER_ADDRS_MAX + 1, sizeof(*many));
	struct cluster_port_input *many_ports = calloc(CLUSTER_PORTS_MAX + 1, sizeof(*many_ports));

	memset(long_text, 'x', sizeof(long_text));
	assert_int_equal(cluster_build_start(&b, CLUSTER_TASK), 0);
	task_fields(&b, false);
	assert_int_equal(cluster_build_text(&b, TASK(name), long_text, sizeof(long_text)), ERR_LIMIT);
	assert_int_equal(
		cluster_build_list(&b, TASK(netinfo), many, CLUSTER_ADDRS_MAX + 1, sizeof(*many)), ERR_LIMIT);
	assert_int_equal(cluster_build_ports(&b, many_ports, CLUSTER_PORTS_MAX + 1), ERR_LIMIT);
	many_ports[1] = (struct cluster_port_input){.name = long_text, .name_len = sizeof(long_text)};
	assert_int_equal(cluster_build_ports(&b, many_ports, 2), ERR_LIMIT);
	assert_string_equal(cluster_text(b.element, b.task->name), "task");
	assert_int_equal(b.task->netinfo.count, 2);
	assert_int_equal(b.task->discovery_ports.count, 3);
	/* The largest that is allowed. */
	assert_int_equal(cluster_build_text(&b, TASK(name), long_text, CLUSTER_TEXT_MAX), 0);
	assert_int_equal(cluster_build_list(&b, TASK(netinfo), many, CLUSTER_ADDRS_MAX, sizeof(*many)), 0);
	many_ports[1].name_len = CLUSTER_TEXT_MAX;
	assert_int_equal(cluster_build_ports(&b, many_ports, CLUSTER_PORTS_MAX), 0);
	assert_int_equal(cluster_build_finish(&b), 0);
	assert_int_equal(b.task->name.len, CLUSTER_TEXT_MAX);
	free(many);
	free(many_ports);
	cluster_builder_fini(&b);
}

static void texts_are_strings_before_the_finish(void **state)
{
	struct cluster_builder b = {0};

	assert_int_equal(cluster_build_start(&b, CLUSTER_AGENT), 0);
	assert_string_equal(cluster_text(b.element, b.agent->host), "");
	text(&b, CLUSTER_FIELD(agent, host), "node-1.example");
	assert_string_equal(cluster_text(b.element, b.agent->host), "node-1.example");
	cluster_builder_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_what_was_given),
		cmocka_unit_test(same_bytes_in_any_order),
		cmocka_unit_test(needs_its_key),
		cmocka_unit_test(keys_do_not_run_together),
		cmocka_unit_test(limits_leave_the_field),
		cmocka_unit_test(texts_are_strings_before_the_finish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
