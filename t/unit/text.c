/* SPDX-License-Identifier: Apache-2.0 */
/* cluster/text: port ranges, process ids, task states. */
#include "t/unit/unit.h"

#include "base/err.h"
#include "cluster/text.h"

static int ranges(const char *text, struct cluster_port_range *out, uint32_t room)
{
	return cluster_parse_port_ranges(text, strlen(text), out, room);
}

static void port_ranges(void **state)
{
	struct cluster_port_range out[4];

	assert_int_equal(ranges("[31000-31001, 31005-31005]", out, 4), 2);
	assert_int_equal(out[0].first, 31000);
	assert_int_equal(out[0].last, 31001);
	assert_int_equal(out[1].first, 31005);
	assert_int_equal(ranges("[0-65535]", out, 4), 1);
	assert_int_equal(out[0].last, 65535);
	assert_int_equal(ranges("[]", out, 4), 0);
	assert_int_equal(ranges(" [ 1-2,3 - 4 ] ", out, 4), 2);
	assert_int_equal(ranges("[5-6, 1-2, 3-4]", out, 2), ERR_LIMIT);
	assert_int_equal(out[1].first, 1);

	assert_int_equal(ranges("[2-1]", out, 4), ERR_RANGE);
	assert_int_equal(ranges("[1-65536]", out, 4), ERR_RANGE);
	assert_int_equal(ranges("[1-99999999999999999999]", out, 4), ERR_RANGE);
	static const char *const malformed[] = {"", "[", "]", "1-2", "[1-2", "[1]", "[1-]", "[-1]", "[1-2,]",
		"[1-2,,3-4]", "[1-2]x", "[a-b]", "[1-2 3-4]", "{}", "[1--2]"};
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
		assert_int_equal(ranges(malformed[i], out, 4), ERR_FORMAT);
}

static void check_pid(const char *text, const char *host, unsigned port)
{
	const char *h;
	size_t len;
	uint16_t p;

	assert_int_equal(cluster_parse_pid(text, strlen(text), &h, &len, &p), 0);
	assert_int_equal(len, strlen(host));
	assert_memory_equal(h, host, len);
	assert_int_equal(p, port);
}

static void pids(void **state)
{
	const char *h;
	size_t len;
	uint16_t p;

	check_pid("slave(1)@10.0.0.1:5051", "10.0.0.1", 5051);
	check_pid("master@[::1]:5050", "::1", 5050);
	check_pid("scheduler-5a2b@node-1.example.com:45000", "node-1.example.com", 45000);
	check_pid("s@node_1.:1", "node_1.", 1);
	check_pid("@10.0.0.1:65535", "10.0.0.1", 65535);
	static const char *const malformed[] = {"", "slave(1)", "10.0.0.1:5051", "slave(1)@",
		"slave(1)@10.0.0.1", "slave(1)@:5051", "slave(1)@300.0.0.1:5051", "slave(1)@10.0.0:5051",
		"a@[10.0.0.1]:1", "a@[x]:1", "a@[::1]", "a@::1:5051", "a@[::1]5050", "a@b@c:1",
		"a@host name:1", "a@host/x:1", "a@%31:1"};
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
		assert_int_equal(
			cluster_parse_pid(malformed[i], strlen(malformed[i]), &h, &len, &p), ERR_FORMAT);
	static const char *const range[] = {
		"a@10.0.0.1:0", "a@10.0.0.1:65536", "a@10.0.0.1:x", "a@10.0.0.1:"};
	for (size_t i = 0; i < sizeof(range) / sizeof(range[0]); i++)
		assert_int_equal(cluster_parse_pid(range[i], strlen(range[i]), &h, &len, &p), ERR_RANGE);
}

static void durations(void **state)
{
	static const struct {
		const char *text;
		double seconds;
	} good[] = {{"10mins", 600}, {"15secs", 15}, {"1.5hrs", 5400}, {"0ns", 0}, {"250ms", 0.25}, {"2days", 172800},
		{"1weeks", 604800}, {"3.secs", 3}};
	static const char *const bad[] = {"", "10", "mins", ".5mins", "1.2.3secs", "-1secs", "10 mins", "10minss", "1e3secs",
		"11111111111111111111111111111111111111111secs"};
	double seconds = -1;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(cluster_parse_duration(good[i].text, strlen(good[i].text), &seconds), 0);
		assert_true(seconds > good[i].seconds - 1e-9 && seconds < good[i].seconds + 1e-9);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(cluster_parse_duration(bad[i], strlen(bad[i]), &seconds), ERR_FORMAT);
}

static enum cluster_task_state task_state(const char *text)
{
	return cluster_parse_task_state(text, strlen(text));
}

static void task_states(void **state)
{
	assert_int_equal(task_state("TASK_RUNNING"), CLUSTER_TASK_RUNNING);
	assert_int_equal(task_state("TASK_STAGING"), CLUSTER_TASK_STAGING);
	assert_int_equal(task_state("TASK_KILLING"), CLUSTER_TASK_KILLING);
	assert_int_equal(task_state("TASK_GONE_BY_OPERATOR"), CLUSTER_TASK_TERMINAL);
	assert_int_equal(task_state("TASK_UNREACHABLE"), CLUSTER_TASK_UNREACHABLE);
	assert_int_equal(task_state("TASK_RUNNIN"), CLUSTER_TASK_OTHER);
	assert_int_equal(task_state("TASK_RUNNING2"), CLUSTER_TASK_OTHER);
	assert_int_equal(task_state("RUNNING"), CLUSTER_TASK_OTHER);
	assert_int_equal(task_state(""), CLUSTER_TASK_OTHER);
	for (enum cluster_task_state s = CLUSTER_TASK_STAGING; s < CLUSTER_TASK_TERMINAL; s++)
		assert_int_equal(task_state(cluster_task_state_text(s)), s);
	assert_string_equal(cluster_task_state_text(CLUSTER_TASK_TERMINAL), "terminal");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(port_ranges),
		cmocka_unit_test(pids),
		cmocka_unit_test(durations),
		cmocka_unit_test(task_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
