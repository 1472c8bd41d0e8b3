/* SPDX-License-Identifier: Apache-2.0 */
/* mesos/endpoint: URLs, redirects, and who is who. */
#include "t/unit/unit.h"

#include <stdio.h>

#include "base/err.h"
#include "mesos/endpoint.h"

static struct endpoints e;

static int setup(void **state)
{
	static char four[] = "10.0.0.1", six[] = "fd00::1", name[] = "master.example";
	static struct conf_endpoint items[] = {{four, 5050}, {six, 5050}, {name, 5050}};
	const struct conf_endpoints masters = {items, 3};

	return endpoints_init(&e, &masters);
}

static int teardown(void **state)
{
	endpoints_fini(&e);
	return 0;
}

static struct endpoint *get(const char *host, uint16_t port, const struct endpoint *keep)
{
	return endpoints_get(&e, host, strlen(host), port, keep);
}

static void urls(void **state)
{
	char url[ENDPOINT_URL_MAX];

	assert_string_equal(endpoint_url(&e.items[0], false, endpoint_state_path(&e.items[0]), url),
		"http://10.0.0.1:5050/master/state");
	assert_string_equal(endpoint_url(&e.items[1], true, endpoint_state_path(&e.items[1]), url),
		"https://[fd00::1]:5050/master/state");
	e.items[2].path = 1;
	assert_string_equal(endpoint_url(&e.items[2], false, endpoint_state_path(&e.items[2]), url),
		"http://master.example:5050/state.json");
}

static void redirects(void **state)
{
	static const struct {
		const char *url, *host;
		uint16_t port;
		bool https;
	} good[] = {
		{"http://10.0.0.2:5051/master/state", "10.0.0.2", 5051, false},
		{"http://[fd00::2]:5051/state.json", "fd00::2", 5051, false},
		{"https://m2.example:5051/master/state?x=y", "m2.example", 5051, true},
		{"http://m2.example/master/state", "m2.example", 80, false},
		{"http://user:password@m2.example:1/master/state", "m2.example", 1, false},
	};
	static const char *const bad[] = {"https://10.0.0.2:5051/master/state", "ftp://10.0.0.2/master/state",
		"http://10.0.0.2:5051/login", "http://10.0.0.2:5051/", "http://", "", "http://10.0.0.2:0/master/state",
		"/master/state", "http://10.0.0.2:99999/master/state"};
	char host[DNAME_MAX + 1];
	uint16_t port;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(endpoint_parse_redirect(good[i].url, good[i].https, NULL, host, &port), 0);
		assert_string_equal(host, good[i].host);
		assert_int_equal(port, good[i].port);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(endpoint_parse_redirect(bad[i], false, NULL, host, &port), ERR_FORMAT);
}

static void who_is_who(void **state)
{
	const struct addr none = {0}, peer = {{10, 0, 0, 9}, 4};

	assert_ptr_equal(get("10.0.0.1", 5050, NULL), &e.items[0]);
	assert_ptr_equal(get("fd00:0:0::1", 5050, NULL), &e.items[1]);
	assert_ptr_equal(get("MASTER.example", 5050, NULL), &e.items[2]);
	assert_ptr_not_equal(get("10.0.0.1", 5051, NULL), &e.items[0]);
	assert_true(endpoint_is(&e.items[2], &peer, "10.0.0.9", 8, 5050));
	assert_false(endpoint_is(&e.items[2], &none, "10.0.0.9", 8, 5050));
	assert_false(endpoint_is(&e.items[0], &peer, "10.0.0.9", 8, 5050));
	assert_null(endpoints_seen_at(&e, &peer, 5050));
	e.items[2].seen = peer;
	assert_ptr_equal(endpoints_seen_at(&e, &peer, 5050), &e.items[2]);
	assert_null(endpoints_seen_at(&e, &peer, 5051));
}

static void strangers_have_few_places(void **state)
{
	char host[300];
	struct endpoint *kept = get("192.0.2.1", 5050, NULL);

	for (int i = 0; i < 100; i++) {
		snprintf(host, sizeof(host), "192.0.2.%d", 100 + i);
		struct endpoint *ep = get(host, 5050, kept);
		assert_ptr_not_equal(ep, kept);
		assert_true(ep >= e.items + e.configured && ep < e.items + e.count);
		assert_ptr_equal(get(host, 5050, kept), ep);
	}
	assert_ptr_equal(get("192.0.2.1", 5050, NULL), kept);
	memset(host, 'x', sizeof(host) - 1);
	host[sizeof(host) - 1] = '\0';
	assert_null(get(host, 5050, NULL));
}

static void announced_ones(void **state)
{
	struct mesos_master list[20] = {{.host = "10.0.0.1", .port = 5050}, {.host = "zk.example", .port = 5050}};
	char url[ENDPOINT_URL_MAX];

	addr_parse(&list[0].addr, "10.0.0.1", 8);
	addr_parse(&list[1].addr, "fd00::2", 7);
	assert_true(endpoints_any(&e));
	endpoints_announce(&e, list, 2, true, NULL);
	assert_ptr_equal(endpoints_ranked(&e, 1), &e.items[0]);
	struct endpoint *ep = endpoints_ranked(&e, 2);
	assert_string_equal(endpoint_url(ep, true, "/x", url), "https://zk.example:5050/x");
	assert_int_equal(endpoint_connect_to(ep).len, 16);
	assert_int_equal(endpoint_connect_to(&e.items[0]).len, 0);
	assert_true(endpoint_is(ep, &(struct addr){0}, "fd00::2", 7, 5050));
	ep->by_addr = true;
	assert_string_equal(endpoint_url(ep, true, "/x", url), "https://[fd00::2]:5050/x");
	assert_int_equal(endpoint_connect_to(ep).len, 0);

	endpoints_announce(&e, list, 2, false, NULL);
	assert_string_equal(endpoints_ranked(&e, 2)->host, "fd00::2");

	/* More than there are places for, some of them twice. */
	for (size_t i = 0; i < 20; i++) {
		list[i] = (struct mesos_master){.port = (uint16_t)(5050 + i / 2 * 2)};
		snprintf(list[i].host, sizeof(list[i].host), "zk%zu.example", i / 2);
	}
	endpoints_announce(&e, list, 20, true, NULL);
	assert_non_null(endpoints_ranked(&e, 10));
	assert_null(endpoints_ranked(&e, 11));
	assert_string_equal(endpoints_ranked(&e, 10)->host, "zk9.example");
	for (size_t i = 0; i < 20; i++)
		list[i].port = (uint16_t)(6000 + i);
	endpoints_announce(&e, list, 20, true, NULL);
	assert_non_null(endpoints_ranked(&e, ENDPOINT_ANNOUNCED));
	assert_null(endpoints_ranked(&e, ENDPOINT_ANNOUNCED + 1));
	endpoints_announce(&e, NULL, 0, true, NULL);
	assert_null(endpoints_ranked(&e, 1));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(urls),
		TEST(redirects),
		TEST(who_is_who),
		TEST(strangers_have_few_places),
		TEST(announced_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
