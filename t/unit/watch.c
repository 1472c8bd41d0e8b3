/* SPDX-License-Identifier: Apache-2.0 */
/* http/watch_changes: what led from one serial to another, told name by name. */
#include "t/unit/unit.h"

#include "base/rcu.h"
#include "base/siphash.h"
#include "http/watch_changes.h"
#include "t/unit/answer_zone.h"

static struct zone_store *store;

static uint32_t serial(void)
{
	return zone_store_read(store)->serial;
}

static void change(const char *lines, int sign)
{
	answer_zone_change(store, 0, "mesos", lines, sign);
}

/* The changes since a serial as JSON, or the text "incomplete". */
static void expect(uint32_t since, const char *name, const char *expected)
{
	struct watch_changes changes;
	uint8_t wire[DNAME_MAX];
	size_t len = name ? dname_from_text(wire, name, strlen(name)) : 0;

	assert_int_equal(watch_changes_read(&changes, store, since, name ? wire : NULL, len), 0);
	assert_int_equal(changes.serial, serial());
	if (!changes.complete) {
		assert_int_equal(changes.count, 0);
		assert_string_equal(expected, "incomplete");
	} else {
		json_t *json = watch_changes_json(&changes);
		char *text = json_dumps(json, JSON_COMPACT);

		assert_string_equal(text, expected);
		free(text);
		json_decref(json);
	}
	watch_changes_fini(&changes);
}

static int setup(void **state)
{
	store = answer_zone_new("mesos", "web A 10.0.0.1\n");
	return 0;
}

static int teardown(void **state)
{
	zone_store_free(store);
	return 0;
}

#define WEB(added, removed) "{\"name\":\"web.mesos.\",\"added\":[" added "],\"removed\":[" removed "]}"
#define A(value)            "{\"type\":\"A\",\"value\":\"" value "\",\"ttl\":60}"

static void changes_by_name(void **state)
{
	uint32_t since = serial();

	expect(since, NULL, "[]");
	change("web A 10.0.0.2\napp A 10.0.0.9\n_web._tcp SRV 0 1 80 web\n", 1);
	change("web A 10.0.0.1\n", -1);
	expect(since, NULL,
		"[{\"name\":\"app.mesos.\",\"added\":[" A("10.0.0.9") "],\"removed\":[]}," WEB(
			A("10.0.0.2"), A("10.0.0.1")) ","
						      "{\"name\":\"_web._tcp.mesos.\",\"added\":[{\"type\":\"SRV\","
						      "\"value\":\"0 1 80 web.mesos.\",\"ttl\":60}],"
						      "\"removed\":[]}]");
	expect(since, "web.mesos", "[" WEB(A("10.0.0.2"), A("10.0.0.1")) "]");
	expect(since, "nobody.mesos", "[]");
}

static void what_came_and_went_is_none(void **state)
{
	uint32_t since = serial();

	change("web A 10.0.0.2\n", 1);
	uint32_t middle = serial();
	change("web A 10.0.0.2\n", -1);
	expect(since, NULL, "[]");
	expect(middle, NULL, "[" WEB("", A("10.0.0.2")) "]");
	change("web A 10.0.0.1\n", -1);
	change("web A 10.0.0.1\n", 1);
	expect(since, "web.mesos", "[]");
	change("web A 10.0.0.1\n", -1);
	expect(since, NULL, "[" WEB("", A("10.0.0.1")) "]");
}

static void there_are_bounds(void **state)
{
	static char lines[WATCH_CHANGES_MAX * 40];
	char *at = lines;

	expect(serial() - 1, NULL, "incomplete");
	uint32_t since = serial();
	for (unsigned i = 0; i <= WATCH_CHANGES_MAX; i++)
		at += sprintf(at, "web-%u A 10.0.0.1\n", i);
	change(lines, 1);
	expect(since, NULL, "incomplete");
	expect(since, "web-7.mesos", "[{\"name\":\"web-7.mesos.\",\"added\":[" A("10.0.0.1") "],\"removed\":[]}]");
	expect(serial(), NULL, "[]");
}

static unsigned json_calls; /* until one fails */

static void *scarce_malloc(size_t size)
{
	return json_calls-- ? malloc(size) : NULL;
}

static void an_answer_is_whole(void **state)
{
	struct watch_changes changes;
	uint32_t since = serial();

	change("web A 10.0.0.2\n_web._tcp SRV 0 1 80 web\nweb TXT \"a b\" c\n", 1);
	assert_int_equal(watch_changes_read(&changes, store, since, NULL, 0), 0);
	json_t *whole = watch_changes_json(&changes);
	unsigned n = 0;
	for (bool failed = true; failed; n++) {
		json_calls = n;
		json_set_alloc_funcs(scarce_malloc, free);
		json_t *json = watch_changes_json(&changes);
		json_set_alloc_funcs(malloc, free);
		failed = json_calls > n;
		assert_true(failed ? !json : json_equal(json, whole));
		json_decref(json);
	}
	assert_true(n > 20);
	json_decref(whole);
	watch_changes_fini(&changes);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(changes_by_name),
		T(what_came_and_went_is_none),
		T(there_are_bounds),
		T(an_answer_is_whole),
	};

	siphash_init();
	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
