/* SPDX-License-Identifier: Apache-2.0 */
/* http/explain: where names come from, why there is none, what there is instead. */
#include "t/unit/explain.h"

#include "http/explain_near.h"
#include "t/unit/alloc.h"

static bool lists(const json_t *list, const char *text)
{
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item)
		if (!strcmp(json_string_value(item), text))
			return true;
	return false;
}

static bool has_reason(const json_t *item, const char *reason)
{
	return item_of(item, "left_out", "reason", reason) != NULL;
}

/* The origins of the record with this value, as ids with a blank before each. */
static const char *origins_of(const json_t *answer, const char *value)
{
	static char ids[4096];
	const json_t *record = item_of(answer, "records", "value", value), *from;
	size_t i;
	json_t *place;

	assert_non_null(record);
	from = json_object_get(record, "from");
	ids[0] = '\0';
	json_array_foreach(from, i, place) {
		const json_t *origin =
			json_array_get(json_object_get(answer, "origins"), (size_t)json_integer_value(place));

		assert_non_null(origin);
		strcat(strcat(ids, " "), text_at(origin, "id"));
	}
	return ids;
}

/* A cluster with something of everything. */
static const struct agent_spec agents[] = {
	{.id = "S-S1", .addrs = "10.0.0.1", .port = 5051},
	{.id = "S-S2", .port = 5051},
};

static const struct framework_spec frameworks[] = {
	{.id = "F1", .name = "marathon", .addrs = "10.0.0.9", .port = 8080},
	{.id = "F2", .name = "Chronos_2.dev"},
	{.id = "F3", .name = "marathon", .addrs = "10.0.0.9"},
};

static const struct task_spec tasks[] = {
	{.id = "web.1",
		.framework = "F1",
		.agent = "S-S1",
		.name = "web",
		.ports = "[31000-31001]",
		.netinfo = "172.17.0.2"},
	{.id = "web.2",
		.framework = "F1",
		.agent = "S-S1",
		.name = "web",
		.ports = "[31002-31002]",
		.netinfo = "172.17.0.3",
		.health = CLUSTER_HEALTH_BAD},
	{.id = "web.3", .framework = "F1", .agent = "S-S1", .name = "web", .state = CLUSTER_TASK_STAGING},
	{.id = "web.4", .framework = "F1", .agent = "S-S9", .name = "web"},
	{.id = "web.5", .framework = "F1", .agent = "S-S2", .name = "web", .mapped = true},
	{.id = "web.6", .framework = "F3", .agent = "S-S1", .name = "web", .netinfo = "172.17.0.2"},
	{.id = "web.7", .framework = "F9", .agent = "S-S1", .name = "web", .netinfo = "172.17.0.7"},
	{.id = "app.1", .framework = "F1", .agent = "S-S1", .name = "My_App.Blue"},
	{.id = "none.1", .framework = "F1", .agent = "S-S1", .name = "___"},
	{.id = "long.1", .framework = "F1", .agent = "S-S1", .name = LONG},
	{.id = "api.1",
		.framework = "F1",
		.agent = "S-S1",
		.name = "api",
		.discovery = "Front_End",
		.discovery_ports = {{"http", "tcp", 80}},
		.discovery_port_count = 1},
	{.id = "job.1", .framework = "F2", .agent = "S-S1", .name = "job"},
};

static struct rig *cluster_rig(void)
{
	struct rig *rig = rig_new();
	struct cluster_builder b = {0};

	feed_document_begin(rig->feed);
	for (size_t i = 0; i < sizeof(agents) / sizeof(agents[0]); i++)
		give_agent(rig, &b, &agents[i]);
	for (size_t i = 0; i < sizeof(frameworks) / sizeof(frameworks[0]); i++)
		give_framework(rig, &b, &frameworks[i]);
	for (size_t i = 0; i < sizeof(tasks) / sizeof(tasks[0]); i++)
		give_task(rig, &b, &tasks[i]);
	assert_int_equal(feed_document_end(rig->feed, true, &leader), 0);
	cluster_builder_fini(&b);
	return rig;
}

static void records_have_origins(void **state)
{
	struct rig *rig = cluster_rig();
	json_t *answer = explain(rig, "WEB.marathon");

	assert_answer(answer, "records");
	assert_string_equal(text_at(answer, "name"), "web.marathon.mesos.");
	assert_string_equal(text_at(answer, "zone"), "mesos.");
	const char *shared = origins_of(answer, "172.17.0.2"); /* of two frameworks of one name */
	assert_true(strstr(shared, " web.1") && strstr(shared, " web.6"));
	const json_t *origin = item_of(answer, "origins", "id", "web.1");
	assert_string_equal(text_at(origin, "kind"), "task");
	assert_string_equal(text_at(origin, "state"), "TASK_RUNNING");
	assert_string_equal(text_at(origin, "health"), "unknown");
	assert_string_equal(text_at(json_object_get(origin, "addresses"), "source"), "netinfo");
	assert_string_equal(text_at(json_object_get(origin, "framework"), "name"), "marathon");
	assert_string_equal(text_at(json_object_get(origin, "agent"), "hostname"), "host.example");
	assert_int_equal(json_array_size(json_object_get(origin, "labels")), 0);
	assert_true(lists(json_object_get(origin, "names"), "web.marathon.mesos."));
	const json_t *record = item_of(answer, "records", "value", "172.17.0.2");
	assert_true(json_is_true(json_object_get(record, "served")));
	assert_string_equal(text_at(record, "source"), "task");
	assert_int_equal(json_integer_value(json_object_get(record, "from_total")), 2);
	json_decref(answer);

	answer = explain(rig, "_web._tcp.marathon.mesos.");
	assert_non_null(strstr(text_at(item_of(answer, "records", "type", "SRV"), "value"), "web-"));
	assert_non_null(item_of(answer, "origins", "id", "web.1"));
	json_decref(answer);
	answer = explain(rig, "web.marathon.slave");
	assert_non_null(strstr(origins_of(answer, "10.0.0.1"), " web.1"));
	json_decref(answer);
	rig_free(rig);
}

static void left_out_tasks_have_reasons(void **state)
{
	static const struct {
		const char *id, *reason;
	} expected[] = {
		{"web.3", "not_running"}, {"web.4", "no_agent"}, {"web.5", "no_address"}, {"web.7", "no_framework"}};
	struct rig *rig = cluster_rig();
	json_t *answer = explain(rig, "web.marathon");

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		const json_t *item = item_of(answer, "left_out", "id", expected[i].id);

		assert_non_null(item);
		assert_true(has_reason(item, expected[i].reason));
	}
	assert_int_equal(json_integer_value(json_object_get(answer, "left_out_total")), 4);
	assert_string_equal(text_at(item_of(answer, "left_out", "id", "web.3"), "state"), "TASK_STAGING");
	json_decref(answer);

	/* the names that they would have for themselves */
	answer = explain(rig, "_web._tcp.marathon");
	assert_true(has_reason(item_of(answer, "left_out", "id", "web.3"), "no_port"));
	json_decref(answer);
	rig_free(rig);
}

static void unhealthy_tasks_are_held_back(void **state)
{
	struct rig *rig = cluster_rig();
	json_t *answer = explain(rig, "web.marathon");
	const json_t *record = item_of(answer, "records", "value", "172.17.0.3");

	assert_true(json_is_false(json_object_get(record, "served")));
	assert_string_equal(text_at(record, "held_back"), "unhealthy");
	assert_string_equal(origins_of(answer, "172.17.0.3"), " web.2");
	assert_string_equal(text_at(item_of(answer, "origins", "id", "web.2"), "health"), "unhealthy");
	json_decref(answer);
	rig_free(rig);
}

static void renamings_are_told(void **state)
{
	struct rig *rig = cluster_rig();
	json_t *answer = explain(rig, "my_app.blue.marathon");

	assert_answer(answer, "no such name");
	assert_true(has_reason(item_of(answer, "left_out", "id", "app.1"), "renamed"));
	const json_t *near = item_of(answer, "near", "name", "my-app-blue.marathon.mesos.");
	assert_string_equal(text_at(near, "why"), "as label");
	json_decref(answer);

	answer = explain(rig, "my-app-blue.marathon");
	const json_t *labels = json_object_get(item_of(answer, "origins", "id", "app.1"), "labels");
	assert_string_equal(text_at(json_array_get(labels, 0), "text"), "My_App.Blue");
	assert_string_equal(text_at(json_array_get(labels, 0), "label"), "my-app-blue");
	assert_true(lists(json_object_get(json_array_get(labels, 0), "changes"), "lower case"));
	assert_true(lists(json_object_get(json_array_get(labels, 0), "changes"), ". and _ became -"));
	json_decref(answer);

	answer = explain(rig, "job.chronos-2.dev");
	labels = json_object_get(item_of(answer, "origins", "id", "job.1"), "labels");
	assert_string_equal(text_at(json_array_get(labels, 0), "of"), "framework");
	assert_string_equal(text_at(json_array_get(labels, 0), "label"), "chronos-2.dev");
	json_decref(answer);

	answer = explain(rig, "___.marathon");
	assert_true(has_reason(item_of(answer, "left_out", "id", "none.1"), "no_label"));
	json_decref(answer);
	rig_free(rig);
}

static void cut_labels_are_told(void **state)
{
	struct rig *rig = cluster_rig();
	char shared[200], own[DNAME_TEXT_MAX];

	snprintf(shared, sizeof(shared), "%.63s.marathon", LONG);
	json_t *answer = explain(rig, shared);
	const json_t *origin = item_of(answer, "origins", "id", "long.1");
	assert_non_null(origin);
	assert_non_null(item_of(origin, "labels", "of", "name"));
	assert_non_null(item_of(origin, "labels", "of", "canonical"));
	snprintf(own, sizeof(own), "%s", json_string_value(json_array_get(json_object_get(origin, "names"), 1)));
	json_decref(answer);
	answer = explain(rig, own);
	assert_answer(answer, "records");
	assert_non_null(item_of(answer, "origins", "id", "long.1"));
	json_decref(answer);
	rig_free(rig);
}

static void discovery_names_go_before(void **state)
{
	struct rig *rig = cluster_rig();
	json_t *answer = explain(rig, "api.marathon");
	const json_t *item = item_of(answer, "left_out", "id", "api.1");

	assert_true(has_reason(item, "discovery_name"));
	assert_true(lists(json_object_get(item, "names"), "front-end.marathon.mesos."));
	json_decref(answer);
	answer = explain(rig, "front-end.marathon");
	assert_true(has_reason(item_of(answer, "origins", "id", "api.1"), "not_a_hostname"));
	json_decref(answer);
	answer = explain(rig, "front_end.marathon");
	assert_true(has_reason(item_of(answer, "left_out", "id", "api.1"), "not_a_hostname"));
	json_decref(answer);
	answer = explain(rig, "_front-end._udp.marathon"); /* its port is for TCP only */
	assert_true(has_reason(item_of(answer, "left_out", "id", "api.1"), "no_port"));
	json_decref(answer);
	answer = explain(rig, "_http._front-end._tcp.marathon");
	assert_answer(answer, "records");
	assert_non_null(item_of(answer, "origins", "id", "api.1"));
	json_decref(answer);
	rig_free(rig);
}

static const char *why_near(const json_t *answer, const char *name)
{
	return text_at(item_of(answer, "near", "name", name), "why");
}

static void near_names(void **state)
{
	struct rig *rig = cluster_rig();
	json_t *answer = explain(rig, "wbe.marathon");

	assert_string_equal(text_at(json_array_get(json_object_get(answer, "near"), 0), "name"), "web.marathon.mesos.");
	assert_string_equal(why_near(answer, "web.marathon.mesos."), "spelling");
	assert_string_equal(text_at(answer, "closest"), "marathon.mesos.");
	json_decref(answer);

	answer = explain(rig, "job.marathon"); /* it is Chronos' */
	assert_string_equal(why_near(answer, "job.chronos-2.dev.mesos."), "elsewhere");
	json_decref(answer);

	answer = explain(rig, "web.maraton.mesos");
	assert_string_equal(why_near(answer, "web.marathon.mesos."), "spelling");
	json_decref(answer);

	answer = explain(rig, "_my-app-blue._tcp.marathon.mesos"); /* no ports */
	assert_string_equal(why_near(answer, "my-app-blue.marathon.mesos."), "host");
	assert_true(has_reason(item_of(answer, "left_out", "id", "app.1"), "no_port"));
	json_decref(answer);

	answer = explain(rig, "_tcp.marathon.mesos");
	assert_answer(answer, "no records");
	assert_string_equal(why_near(answer, "_web._tcp.marathon.mesos."), "below");
	json_decref(answer);

	answer = explain(rig, "entirely-different.marathon.mesos");
	assert_string_equal(why_near(answer, "web.marathon.mesos."), "beside");
	json_decref(answer);
	rig_free(rig);
}

static void names_of_the_cluster(void **state)
{
	struct rig *rig = cluster_rig();
	json_t *answer = explain(rig, "leader");

	assert_string_equal(text_at(item_of(answer, "records", "value", "127.0.0.1"), "source"), "master");
	assert_true(json_is_true(json_object_get(item_of(answer, "origins", "kind", "master"), "leader")));
	json_decref(answer);
	answer = explain(rig, "_master._tcp");
	assert_int_equal(
		json_integer_value(json_object_get(item_of(answer, "origins", "kind", "master"), "number")), 0);
	json_decref(answer);
	answer = explain(rig, "master0");
	assert_non_null(item_of(answer, "origins", "kind", "master"));
	json_decref(answer);

	answer = explain(rig, "slave.mesos");
	assert_string_equal(origins_of(answer, "10.0.0.1"), " S-S1");
	assert_true(has_reason(item_of(answer, "left_out", "id", "S-S2"), "no_address"));
	json_decref(answer);

	answer = explain(rig, "marathon");
	assert_non_null(item_of(answer, "origins", "kind", "framework"));
	assert_int_equal(
		json_integer_value(json_object_get(item_of(answer, "records", "value", "10.0.0.9"), "from_total")), 2);
	json_decref(answer);
	answer = explain(rig, "_framework._tcp.marathon");
	assert_non_null(item_of(answer, "origins", "id", "F1"));
	assert_true(has_reason(item_of(answer, "left_out", "id", "F3"), "no_port"));
	json_decref(answer);
	answer = explain(rig, "chronos-2.dev");
	assert_answer(answer, "no records");
	assert_true(has_reason(item_of(answer, "left_out", "id", "F2"), "no_address"));
	json_decref(answer);

	answer = explain(rig, "mesos");
	assert_string_equal(text_at(item_of(answer, "records", "type", "SOA"), "source"), "configuration");
	json_decref(answer);
	answer = explain(rig, "ns1");
	assert_string_equal(text_at(item_of(answer, "records", "type", "A"), "source"), "configuration");
	json_decref(answer);
	rig_free(rig);
}

static void names_of_others(void **state)
{
	struct conf_server resolver = {.addr = {.bytes = {192, 0, 2, 53}, .len = 4}, .port = 53};
	struct rig *rig = cluster_rig();
	int err;

	rig->conf.resolvers = (struct conf_servers){&resolver, 1};
	json_t *answer = explain(rig, "www.example.com.");
	assert_answer(answer, "outside");
	assert_true(json_is_null(json_object_get(answer, "zone")));
	assert_true(json_is_false(json_object_get(json_object_get(answer, "forwarding"), "enabled")));
	json_decref(answer);
	rig->conf.external_on = true;
	answer = explain(rig, "www.example.com");
	assert_answer(answer, "outside");
	assert_true(lists(json_object_get(json_object_get(answer, "forwarding"), "servers"), "192.0.2.53:53"));
	json_decref(answer);
	answer = explain(rig, "web.maraton"); /* others' it is, but who knows */
	assert_answer(answer, "outside");
	assert_string_equal(why_near(answer, "web.marathon.mesos."), "spelling");
	json_decref(answer);
	assert_null(explain_new(&rig->conf, rig->store, "a..b", &err));
	assert_int_equal(err, ERR_FORMAT);
	rig_free(rig);
}

static void before_the_first_state(void **state)
{
	struct rig *rig = rig_new();
	json_t *answer = explain(rig, "web.marathon");

	assert_answer(answer, "outside");
	json_decref(answer);
	answer = explain(rig, "web.marathon.mesos");
	assert_answer(answer, "not loaded");
	json_decref(answer);
	rig_free(rig);
}

/* However small the steps, and whatever happens between them, the answer is of one version. */
static void steps_do_not_count(void **state)
{
	struct rig *rig = cluster_rig();
	json_t *whole = explain(rig, "web.marathon");
	int err;
	struct explain *e = explain_new(&rig->conf, rig->store, "web.marathon", &err);

	assert_false(explain_step(e, 1));
	feed_document_begin(rig->feed);
	assert_int_equal(feed_document_end(rig->feed, true, &leader), 0);
	while (!explain_step(e, 1)) {
	}
	json_t *answer = explain_result(e);
	assert_true(json_equal(whole, answer));
	explain_free(e);
	json_decref(answer);
	json_decref(whole);
	rig_free(rig);
}

static void distances(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned distance;
	} cases[] = {{"", "", 0}, {"web", "web", 0}, {"web", "wbe", 1}, {"web", "weeb", 1}, {"web", "eb", 1},
		{"web", "wab", 1}, {"kitten", "sitting", 3}, {"abcd", "badc", 2}, {"abc", "xyz", 3}, {"abcdef", "uvwxyz", 6}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (unsigned limit = 1; limit < 9; limit++)
			assert_int_equal(
				explain_distance(cases[i].a, strlen(cases[i].a), cases[i].b, strlen(cases[i].b), limit),
				cases[i].distance < limit ? cases[i].distance : limit);
}

static unsigned json_calls; /* until one fails */

static void *scarce_malloc(size_t size)
{
	return json_calls-- ? malloc(size) : NULL;
}

/* Without memory there is no answer, rather than a part of one; this is jansson's, into which t/unit/alloc.h cannot reach. */
static void an_answer_is_whole(void **state)
{
	static const char *const names[] = {
		"web.marathon", "my_app.blue.marathon", "leader", "marathon", "slave", "www.example.com."};
	struct rig *rig = cluster_rig();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		json_t *whole = explain(rig, names[i]);
		unsigned n = 0;

		for (bool failed = true; failed; n++) {
			int err;
			struct explain *e = explain_new(&rig->conf, rig->store, names[i], &err);

			while (!explain_step(e, EXPLAIN_STEP)) {
			}
			json_calls = n;
			json_set_alloc_funcs(scarce_malloc, free);
			json_t *answer = explain_result(e);
			json_set_alloc_funcs(malloc, free);
			failed = json_calls > n;
			assert_true(answer ? json_equal(answer, whole) : failed);
			json_decref(answer);
			explain_free(e);
		}
		assert_true(n > 30);
		json_decref(whole);
	}
	rig_free(rig);
}

/* Nor is there half an answer, or a leak, when our own memory ends. */
static void explaining_without_memory(void **state)
{
	static const char *const names[] = {"web.marathon", "_my-app-blue._tcp.marathon", "job.nowhere"};
	struct rig *rig = cluster_rig();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		json_t *whole = explain(rig, names[i]);
		unsigned n = 0, refused = 0;

		for (bool failed = true; failed; n++) {
			json_t *answer = NULL;
			int err;

			alloc_fail_after(n, ALLOC_ANY, false);
			struct explain *e = explain_new(&rig->conf, rig->store, names[i], &err);
			while (e && !explain_step(e, EXPLAIN_STEP)) {
			}
			if (e)
				answer = explain_result(e);
			failed = alloc_fail_end();
			assert_true(answer ? json_equal(answer, whole) : failed);
			assert_true(e || err == ERR_NOMEM);
			refused += !answer;
			json_decref(answer);
			explain_free(e);
		}
		assert_true(refused > 5);
		json_decref(whole);
	}
	rig_free(rig);
}

int main(void)
{
	const struct CMUnitTest unit_tests[] = {
		cmocka_unit_test(records_have_origins),
		cmocka_unit_test(left_out_tasks_have_reasons),
		cmocka_unit_test(unhealthy_tasks_are_held_back),
		cmocka_unit_test(renamings_are_told),
		cmocka_unit_test(cut_labels_are_told),
		cmocka_unit_test(discovery_names_go_before),
		cmocka_unit_test(near_names),
		cmocka_unit_test(names_of_the_cluster),
		cmocka_unit_test(names_of_others),
		cmocka_unit_test(before_the_first_state),
		cmocka_unit_test(steps_do_not_count),
		cmocka_unit_test(an_answer_is_whole),
		cmocka_unit_test(explaining_without_memory),
		cmocka_unit_test(distances),
	};

	return cmocka_run_group_tests_name("explain", unit_tests, rigs_init, NULL);
}
