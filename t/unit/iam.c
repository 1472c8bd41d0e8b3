/* SPDX-License-Identifier: Apache-2.0 */
/* mesos/iam and iam_token: what an account signs, and what is made of what comes back. */
#include "t/unit/http.h"

#include <jansson.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <time.h>

#include "mesos/iam.h"
#include "mesos/iam_token.h"

/* {"alg":"none"} and {"uid":"a","exp":2000000000} */
#define HEADER "eyJhbGciOiJub25lIn0"
#define TOKEN  HEADER ".eyJ1aWQiOiJhIiwiZXhwIjoyMDAwMDAwMDAwfQ.c2ln"

static struct {
	struct http_server server;
	struct ev_loop *loop;
	struct fetcher *fetcher;
	struct conf_account account;
	struct iam iam;
	const char *reply; /* body */
	unsigned status;
	char seen[8192];
	int done, good;
} f;

static bool serve(struct http_server *s, int fd, const char *request)
{
	snprintf(f.seen, sizeof(f.seen), "%s", request);
	if (f.status)
		http_print(fd, "HTTP/1.1 %u Oh\r\nContent-Length: %zu\r\n\r\n", f.status, strlen(f.reply));
	if (f.status)
		http_write(fd, f.reply, strlen(f.reply));
	return f.status != 0;
}

static void on_done(void *ctx, bool ok)
{
	f.done++;
	f.good += ok;
	ev_break(f.loop, EVBREAK_ALL);
}

static int setup(void **state)
{
	const struct fetch_options options = {.connect_timeout = 10};
	static char url[100], uid[] = "na\"med";
	int err;

	memset(&f, 0, sizeof(f));
	http_start(&f.server, serve);
	f.loop = ev_loop_new(0);
	f.fetcher = fetcher_new(f.loop, &options, &err);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/login", f.server.port);
	f.account = (struct conf_account){.uid = uid, .login_endpoint = url, .key = EVP_RSA_gen(2048)};
	assert_non_null(f.account.key);
	f.iam = (struct iam){.loop = f.loop, .fetcher = f.fetcher, .account = &f.account, .done = on_done};
	iam_init(&f.iam);
	return 0;
}

static int teardown(void **state)
{
	iam_fini(&f.iam);
	fetcher_free(f.fetcher);
	ev_loop_destroy(f.loop);
	http_stop(&f.server);
	EVP_PKEY_free(f.account.key);
	return 0;
}

/* One login; whether it brought a token. */
static bool login(unsigned status, const char *reply)
{
	f.status = status;
	f.reply = reply;
	f.done = f.good = 0;
	assert_int_equal(iam_login(&f.iam), 0);
	assert_int_equal(iam_login(&f.iam), 0); /* under way */
	assert_int_equal(f.done, 0);
	ev_run(f.loop, 0);
	assert_int_equal(f.done, 1);
	return f.good;
}

static void a_login_names_the_account_and_proves_it(void **state)
{
	assert_true(login(200, "{\"token\": \"" TOKEN "\", \"more\": 1}"));
	assert_true(f.iam.has_token);
	assert_non_null(strstr(f.seen, "POST /login HTTP/1.1\r\n"));
	json_t *body = json_loads(strstr(f.seen, "\r\n\r\n"), 0, NULL);
	assert_string_equal(json_string_value(json_object_get(body, "uid")), "na\"med");
	const char *token = json_string_value(json_object_get(body, "token"));
	time_t expires = iam_token_expires(token);
	assert_in_range(expires, time(NULL) + 1, time(NULL) + 600);
	assert_null(strpbrk(token, "+/="));
	json_decref(body);
	/* The second login does not carry what the first one brought. */
	assert_true(login(200, "{\"token\": \"" TOKEN "\"}"));
	assert_null(strstr(f.seen, "Authorization"));
	assert_int_equal(f.iam.logins, 2);
	assert_int_equal(f.iam.failures, 0);
}

static void a_token_is_renewed_before_its_end(void **state)
{
	char *token, reply[4096];
	int err;

	token = iam_token_make(f.account.key, "a", time(NULL) + 10000, &err);
	snprintf(reply, sizeof(reply), "{\"token\": \"%s\"}", token);
	free(token);
	assert_true(login(200, reply));
	assert_in_range((int)ev_timer_remaining(f.loop, &f.iam.renewal), 7900, 8001);
	assert_true(login(200, "{\"token\": \"opaque\"}"));
	assert_in_range((int)ev_timer_remaining(f.loop, &f.iam.renewal), 3500, 3601);
	token = iam_token_make(f.account.key, "a", 1, &err);
	snprintf(reply, sizeof(reply), "{\"token\": \"%s\"}", token);
	free(token);
	assert_true(login(200, reply));
	assert_in_range((int)ev_timer_remaining(f.loop, &f.iam.renewal), 50, 61);
}

static void what_is_no_token_is_refused(void **state)
{
	static const char *const bad[] = {"", "hello", "[]", "{}", "{\"token\": 7}", "{\"token\": \"\"}",
		"{\"token\": \"a b\"}", "{\"token\": \"a\\r\\nHost: evil\"}", "{\"token\": \"\\u00e4\"}",
		"{\"token\": \"a\""};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(login(200, bad[i]));
		assert_false(f.iam.has_token);
	}
	assert_false(login(401, "{\"token\": \"a\"}"));
	assert_false(login(302, ""));
	assert_false(login(0, ""));
	char *large = malloc(IAM_REPLY_MAX + 100);
	memset(large, 'a', IAM_REPLY_MAX + 99);
	large[IAM_REPLY_MAX + 99] = '\0';
	memcpy(large, "{\"token\": \"", 11);
	memcpy(large + IAM_REPLY_MAX + 97, "\"}", 2);
	assert_false(login(200, large));
	free(large);
	assert_true(f.iam.failures == f.iam.logins && f.iam.failures > 10);
	assert_true(login(200, "{\"token\": \"good\"}"));
	/* A failed renewal leaves the old one in use. */
	assert_false(login(500, ""));
	assert_true(f.iam.has_token);
	iam_forget(&f.iam);
	assert_false(f.iam.has_token);
}

static void the_end_of_a_token_is_read_or_not_known(void **state)
{
	static const char *const odd[] = {"", ".", "..", "a", "a.b", "a..c", "a.!!.c", "a.e30.c", "a.e31.c", "a.eyJ.c",
		"a.eyJleHAiOiJhIn0.c" /* {"exp":"a"} */, "a.eyJleHAiOi0xfQ.c" /* -1 */,
		"a.eyJleHAiOjFlMzB9.c" /* 1e30 */, "a.WzFd.c" /* [1] */, "a.A.c"};

	assert_int_equal(iam_token_expires(TOKEN), 2000000000);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		assert_int_equal(iam_token_expires(odd[i]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_login_names_the_account_and_proves_it, setup, teardown),
		cmocka_unit_test_setup_teardown(a_token_is_renewed_before_its_end, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_token_is_refused, setup, teardown),
		cmocka_unit_test(the_end_of_a_token_is_read_or_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
