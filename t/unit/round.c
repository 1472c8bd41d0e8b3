/* SPDX-License-Identifier: Apache-2.0 */
/* mesos/round: who is asked, in which order, and when a round is over. */
#include "t/unit/unit.h"

#include <stdio.h>

#include "base/err.h"
#include "base/log.h"
#include "mesos/round.h"

static struct {
	struct round round;
	char asked[300]; /* the last parts of addresses, or names, in order */
	int over, refuse;
} f;

static int on_ask(void *ctx, struct endpoint *master)
{
	const char *last = strrchr(master->host, '.');
	size_t len = strlen(f.asked);

	snprintf(f.asked + len, sizeof(f.asked) - len, "%s%s%s", len ? " " : "",
		master->literal ? last + 1 : master->host, master->by_addr ? "!" : "");
	return f.refuse;
}

static void on_over(void *ctx)
{
	f.over++;
}

static struct endpoint *place(const char *host)
{
	return endpoints_get(&f.round.endpoints, host, strlen(host), 5050, NULL);
}

static void announce(const char *const *hosts, size_t count, bool names)
{
	struct mesos_master list[4] = {0};

	for (size_t i = 0; i < count; i++) {
		list[i].port = 5050;
		snprintf(list[i].host, sizeof(list[i].host), "%s", hosts[i]);
		if (names)
			addr_parse(&list[i].addr, "10.0.0.99", 9);
	}
	endpoints_announce(&f.round.endpoints, list, count, names, NULL);
}

/* A round in which nobody is good: who was asked. */
static const char *whole_round(void)
{
	f.over = 0;
	f.asked[0] = '\0';
	round_begin(&f.round);
	while (!f.over)
		round_failed(&f.round, SOURCE_CONNECT, "x");
	assert_null(f.round.asked);
	return f.asked;
}

static void refused(unsigned status, const char *location)
{
	const struct fetch_result result = {.status = status, .location = location, .error = ""};

	round_refused(&f.round, &result, NULL);
}

static void in_order(void **state)
{
	assert_string_equal(whole_round(), "1 2 3");
	round_begin(&f.round);
	round_failed(&f.round, SOURCE_CONNECT, "x");
	round_won(&f.round);
	assert_string_equal(whole_round(), "2 1 3");
	announce((const char *const[]){"10.0.0.7", "10.0.0.3", "10.0.0.8"}, 3, false);
	assert_string_equal(whole_round(), "7 2 3 8 1");
	f.round.hint = place("10.0.0.9");
	assert_string_equal(whole_round(), "9 7 2 3 8 1");
	f.round.endpoints.items[1].mute = f.round.endpoints.items[0].mute = true;
	assert_string_equal(whole_round(), "9 7 3 8 2 1");
	f.round.hint->mute = true; /* it is said to lead all the same */
	assert_string_equal(whole_round(), "9 7 3 8 2 1");
	f.refuse = ERR_NOMEM;
	f.over = 0;
	f.asked[0] = '\0';
	round_begin(&f.round);
	assert_int_equal(f.over, 1);
	assert_string_equal(f.asked, "9 7 3 8 2 1");
}

static void redirects(void **state)
{
	round_begin(&f.round);
	refused(307, "http://10.0.0.3:5050/master/state");
	refused(307, "http://10.0.0.6:5050/master/state");
	refused(307, "http://10.0.0.6:5050/master/state"); /* to itself */
	refused(307, "http://10.0.0.1:5050/master/state");
	assert_int_equal(f.over, 1);
	assert_string_equal(f.asked, "1 3 6 2");
	assert_int_equal(f.round.redirects, 2);
	assert_int_equal(f.round.failures[SOURCE_REDIRECT], 2);
	/* Names without end. */
	round_begin(&f.round);
	for (int i = 10; f.over == 1; i++) {
		char url[64];

		snprintf(url, sizeof(url), "http://10.0.1.%d:5050/master/state", i);
		refused(307, url);
		assert_in_range(i, 10, 100);
	}
}

static void one_that_is_not_ready(void **state)
{
	/* Who merely says that there is no leader is passed over. */
	round_begin(&f.round);
	refused(503, NULL);
	assert_string_equal(f.asked, "1 2");
	/* Who leads and is not ready is asked again, not the others. */
	refused(307, "http://10.0.0.3:5050/master/state");
	refused(503, NULL);
	assert_int_equal(f.over, 1);
	assert_string_equal(f.asked, "1 2 3");
	/* But not for ever. */
	announce((const char *const[]){"10.0.0.3"}, 1, false);
	for (int i = 2; i <= 10; i++) {
		round_begin(&f.round);
		refused(503, NULL);
		assert_int_equal(f.over, i);
	}
	round_begin(&f.round);
	refused(503, NULL);
	assert_int_equal(f.over, 10);
	round_won(&f.round);
	assert_ptr_equal(f.round.good, &f.round.endpoints.items[0]);
}

static void certificates_of_names_or_addresses(void **state)
{
	announce((const char *const[]){"zk.example"}, 1, true);
	round_begin(&f.round);
	round_failed(&f.round, SOURCE_TLS, "x");
	assert_string_equal(f.asked, "zk.example zk.example!");
	round_failed(&f.round, SOURCE_TLS, "x");
	assert_string_equal(f.asked, "zk.example zk.example! 1");
	/* What worked is kept. */
	f.asked[0] = '\0';
	round_begin(&f.round);
	assert_string_equal(f.asked, "zk.example!");
	round_failed(&f.round, SOURCE_CONNECT, "x");
	assert_string_equal(f.asked, "zk.example! 1");
	round_failed(&f.round, SOURCE_TLS, "x"); /* has but one */
	assert_string_equal(f.asked, "zk.example! 1 2");
}

static int setup(void **state)
{
	static char one[] = "10.0.0.1", two[] = "10.0.0.2", three[] = "10.0.0.3";
	static struct conf_endpoint items[] = {{one, 5050}, {two, 5050}, {three, 5050}};
	const struct conf_endpoints masters = {items, 3};

	log_set_level(LOG_LEVEL_NONE);
	memset(&f, 0, sizeof(f));
	f.round.ask = on_ask;
	f.round.over = on_over;
	return round_init(&f.round, &masters);
}

static int teardown(void **state)
{
	round_fini(&f.round);
	return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(in_order),
		TEST(redirects),
		TEST(one_that_is_not_ready),
		TEST(certificates_of_names_or_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
