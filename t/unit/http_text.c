/* SPDX-License-Identifier: Apache-2.0 */
/* http/: texts of requests taken apart, bodies put together, and what is kept about clients and records. */
#include "t/unit/unit.h"

#include <stdio.h>

#include "base/err.h"
#include "base/siphash.h"
#include "http/auth.h"
#include "http/body.h"
#include "http/gzip.h"
#include "http/json.h"
#include "http/path.h"
#include "http/quota.h"
#include "http/route.h"
#include "http/seen.h"

/* --- targets --- */

static void is_path(const char *target, const char *path, const char *query)
{
	size_t len = 0;
	const char *found = http_path_of(target, &len);

	if (!path) {
		assert_null(found);
		return;
	}
	assert_non_null(found);
	assert_int_equal(len, strlen(path));
	assert_memory_equal(found, path, len);
	assert_true(!query == !http_path_query(target));
	if (query)
		assert_string_equal(http_path_query(target), query);
}

static void a_target_has_a_path_and_a_query(void **state)
{
	is_path("/", "/", NULL);
	is_path("/v1/version?a=b?c", "/v1/version", "a=b?c");
	is_path("/?", "/", "");
	is_path("http://host:80/v1", "/v1", NULL);
	is_path("HTTP://host/v1?x", "/v1", "x");
	is_path("http://host?x/y", NULL, NULL);
	is_path("http://host", NULL, NULL);
	is_path("https://host/v1", NULL, NULL);
	is_path("v1", NULL, NULL);
	is_path("*", NULL, NULL);
	is_path("", NULL, NULL);
}

static void decodes(const char *text, const char *expected, int err)
{
	char out[HTTP_SEGMENT_MAX];

	assert_int_equal(http_path_decode(out, text, strlen(text)), err);
	if (!err)
		assert_string_equal(out, expected);
}

static void percent_encoding_is_decoded_or_refused(void **state)
{
	char longest[HTTP_SEGMENT_MAX + 1];

	decodes("", "", 0);
	decodes("a%2Fb%2fc", "a/b/c", 0);
	decodes("%41%7a%7A", "Azz", 0);
	decodes("a+b", "a+b", 0);
	decodes("%c3%a4%e2%82%ac%f0%9f%98%80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 0);
	decodes("%25zz", "%zz", 0);
	decodes("%", NULL, ERR_FORMAT);
	decodes("a%4", NULL, ERR_FORMAT);
	decodes("%4g", NULL, ERR_FORMAT);
	decodes("%g4", NULL, ERR_FORMAT);
	decodes("a%00", NULL, ERR_FORMAT);
	decodes("%ff", NULL, ERR_FORMAT);
	decodes("%c0%af", NULL, ERR_FORMAT);
	decodes("%ed%a0%80", NULL, ERR_FORMAT);
	decodes("%c3", NULL, ERR_FORMAT);
	memset(longest, 'a', sizeof(longest));
	longest[HTTP_SEGMENT_MAX] = '\0';
	decodes(longest, NULL, ERR_LIMIT);
	longest[HTTP_SEGMENT_MAX - 1] = '\0';
	decodes(longest, longest, 0);
}

static void queries_are_searched_for_whole_keys(void **state)
{
	const char *query = "serial=12&xserial=3&serial=4&empty=&=v&flag&last=5";
	size_t len;

	const char *value = http_path_query_value(query, "serial", &len);
	assert_true(len == 2 && !strncmp(value, "12", 2));
	value = http_path_query_value(query, "last", &len);
	assert_true(len == 1 && *value == '5');
	assert_non_null(http_path_query_value(query, "empty", &len));
	assert_int_equal(len, 0);
	assert_null(http_path_query_value(query, "flag", &len));
	assert_null(http_path_query_value(query, "seria", &len));
	assert_null(http_path_query_value("&&&", "a", &len));
	assert_null(http_path_query_value(NULL, "a", &len));
}

static void names_are_taken_with_or_without_the_last_dot(void **state)
{
	uint8_t name[DNAME_MAX];
	char text[300];
	size_t len;

	assert_int_equal(http_path_name(name, &len, "Web.Mesos"), 0);
	assert_int_equal(len, 11);
	assert_memory_equal(name, "\3web\5mesos", 11);
	assert_int_equal(http_path_name(name, &len, "web.mesos."), 0);
	assert_int_equal(len, 11);
	assert_int_equal(http_path_name(name, &len, "."), 0);
	assert_int_equal(len, 1);
	assert_int_equal(http_path_name(name, &len, ""), ERR_FORMAT);
	assert_int_equal(http_path_name(name, &len, "a..b"), ERR_FORMAT);
	assert_int_equal(http_path_name(name, &len, ".a"), ERR_FORMAT);
	memset(text, 'a', sizeof(text));
	text[64] = '\0';
	assert_int_equal(http_path_name(name, &len, text), ERR_LIMIT);
	text[63] = '\0';
	assert_int_equal(http_path_name(name, &len, text), 0);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 2 ? '.' : 'a';
	text[254] = '\0'; /* 127 labels of one byte, and the root: 255 */
	assert_int_equal(http_path_name(name, &len, text), 0);
	assert_int_equal(len, DNAME_MAX);
	text[254] = 'a';
	text[255] = '\0';
	assert_int_equal(http_path_name(name, &len, text), ERR_LIMIT);
}

static void is_route(const char *path, const char *pattern, const char *tail, int err)
{
	char found_tail[HTTP_SEGMENT_MAX];
	int found_err;
	const struct http_route *route = http_route_find(path, strlen(path), found_tail, &found_err);

	if (!pattern) {
		assert_null(route);
		assert_int_equal(found_err, err);
		return;
	}
	assert_non_null(route);
	assert_string_equal(route->pattern, pattern);
	assert_string_equal(found_tail, tail);
}

static void paths_have_routes(void **state)
{
	is_route("/v1/version", "/v1/version", "", 0);
	is_route("/v1/version/", "/v1/version", "", 0);
	is_route("/v%31/%76ersion", "/v1/version", "", 0);
	is_route("/v1/hosts/a.b", "/v1/hosts/*", "a.b", 0);
	is_route("/v1/hosts/a%2Fports/", "/v1/hosts/*", "a/ports", 0);
	is_route("/v1/hosts/a/ports", "/v1/hosts/*/ports", "a", 0);
	is_route("/v1/hosts/ports", "/v1/hosts/*", "ports", 0);
	is_route("/v1/hosts", NULL, NULL, ERR_NOTFOUND);
	is_route("/v1/hosts/", NULL, NULL, ERR_NOTFOUND);
	is_route("/v1/hosts//ports", NULL, NULL, ERR_NOTFOUND);
	is_route("/v1/hosts/a/port", NULL, NULL, ERR_NOTFOUND);
	is_route("/v1/hosts/a/ports/b", NULL, NULL, ERR_NOTFOUND);
	is_route("/v1/version//", NULL, NULL, ERR_NOTFOUND);
	is_route("/", NULL, NULL, ERR_NOTFOUND);
	is_route("", NULL, NULL, ERR_NOTFOUND);
	is_route("/v1/hosts/%zz", NULL, NULL, ERR_FORMAT);
}

/* --- bodies --- */

static void bodies_grow_to_their_limit(void **state)
{
	struct http_body body = {0};
	char *large = calloc(1, HTTP_BODY_MAX);

	for (int i = 0; i < 10000; i++)
		http_body_printf(&body, "%d ", i % 10);
	http_body_puts(&body, "end");
	assert_false(body.failed);
	assert_int_equal(body.len, 20003);
	assert_memory_equal(body.data, "0 1 2 ", 6);
	assert_memory_equal(body.data + 19998, "9 end", 5);
	http_body_write(&body, large, HTTP_BODY_MAX);
	assert_true(body.failed);
	http_body_puts(&body, "x");
	assert_int_equal(body.len, 20003);
	http_body_fini(&body);
	http_body_write(&body, large, HTTP_BODY_MAX);
	assert_false(body.failed);
	http_body_fini(&body);
	free(large);
}

static void writes_json(const char *input, const char *expected)
{
	json_t *value = json_loads(input, JSON_DECODE_ANY, NULL);
	struct http_body body = {0};
	struct http_json json = {.body = &body};

	assert_non_null(value);
	http_json_value(&json, value);
	json_decref(value);
	assert_false(body.failed);
	assert_int_equal(body.len, strlen(expected));
	assert_memory_equal(body.data, expected, body.len);
	http_body_fini(&body);
}

static void json_stands_as_mesos_dns_sets_it(void **state)
{
	writes_json("[]", "[]");
	writes_json("{}", "{}");
	writes_json("[{\"b\": \"\", \"a\": [1, -2, true, false, null, 1.5]}, {}]",
		"[\n  {\n   \"b\": \"\",\n   \"a\": [\n    1,\n    -2,\n    true,\n    false,\n    null,\n    1.5\n   "
		"]\n  },\n"
		"  {}\n ]");
	writes_json("\"\\\"\\\\\\n\\r\\t\\u0001/\\u00e4\"", "\"\\\"\\\\\\n\\r\\t\\u0001/\xc3\xa4\"");
}

static void json_is_utf8_whatever_comes(void **state)
{
	struct http_body body = {0};
	struct http_json json = {.body = &body};

	http_json_string(&json, "a\xff\xc3\xa4\xc3", 5);
	assert_int_equal(body.len, 11);
	assert_memory_equal(body.data, "\"a\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd\"", 11);
	http_body_fini(&body);
}

static void json_that_is_too_deep_fails(void **state)
{
	char text[2 * HTTP_JSON_DEPTH + 3] = "";
	struct http_body body = {0};
	struct http_json json = {.body = &body};

	for (int i = 0; i <= HTTP_JSON_DEPTH; i++) {
		text[i] = '[';
		text[2 * HTTP_JSON_DEPTH + 1 - i] = ']';
	}
	json_t *value = json_loads(text, 0, NULL);
	assert_non_null(value);
	http_json_value(&json, value);
	json_decref(value);
	assert_true(body.failed);
	http_body_fini(&body);
}

static void gzip_is_taken_as_the_header_says(void **state)
{
	static const char *const yes[] = {"gzip", "GZip", "x-gzip", "br, gzip", "gzip;q=0.1", "gzip ; q=1",
		"identity;q=0, *", "gzip;q=0.001", "deflate,gzip;q=0.5,br", "gzip, *;q=0", "a;q=0,gzip"};
	static const char *const no[] = {"", "br", "gzip;q=0", "gzip; q=0.000", "gzip;Q=0", "*;q=0", "gzipped", "xgzip",
		"identity", "gzip;q=0, *", " , ,"};

	assert_false(http_gzip_accepted(NULL));
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (!http_gzip_accepted(yes[i]))
			fail_msg("%s", yes[i]);
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (http_gzip_accepted(no[i]))
			fail_msg("%s", no[i]);
}

/* --- clients --- */

static struct addr address(const char *text)
{
	struct addr addr = {0};

	assert_int_equal(addr_parse(&addr, text, strlen(text)), 0);
	return addr;
}

static void a_client_has_so_many_tokens_and_gets_new_ones(void **state)
{
	static struct http_quota quota;
	struct addr a = address("192.0.2.1"), b = address("192.0.2.2"), none = {0};
	struct addr one = address("2001:db8::1"), same = address("2001:db8::ffff:1"),
		    other = address("2001:db8:0:1::1");
	double now = 1000;

	for (int i = 0; i < HTTP_QUOTA_BURST; i++)
		assert_int_equal(http_quota_take(&quota, &a, now), 0);
	assert_int_equal(http_quota_take(&quota, &a, now), 1);
	assert_int_equal(http_quota_take(&quota, &b, now), 0);
	assert_int_equal(http_quota_take(&quota, &none, now), 0);
	now += 1 / HTTP_QUOTA_RATE;
	assert_int_equal(http_quota_take(&quota, &a, now), 0);
	assert_int_equal(http_quota_take(&quota, &a, now), 1);
	assert_int_equal(http_quota_take(&quota, &a, now - 500), 1); /* a clock that was set back */
	now += 1e6;
	for (int i = 0; i < HTTP_QUOTA_BURST; i++)
		assert_int_equal(http_quota_take(&quota, &a, now), 0);
	assert_int_equal(http_quota_take(&quota, &a, now), 1);
	for (int i = 0; i < HTTP_QUOTA_BURST; i++)
		assert_int_equal(http_quota_take(&quota, i % 2 ? &one : &same, now), 0);
	assert_int_equal(http_quota_take(&quota, &one, now), 1);
	assert_int_equal(http_quota_take(&quota, &other, now), 0);
}

static void many_clients_do_not_make_the_table_grow(void **state)
{
	static struct http_quota quota;
	struct addr last = {.len = 4};

	for (uint32_t i = 0; i < 100000; i++) {
		memcpy(last.bytes, &i, sizeof(i));
		assert_int_equal(http_quota_take(&quota, &last, 1 + i / 1000.0), 0);
	}
	for (int i = 1; i < HTTP_QUOTA_BURST; i++)
		assert_int_equal(http_quota_take(&quota, &last, 100.999), 0);
	assert_int_equal(http_quota_take(&quota, &last, 100.999), 1); /* the newest is remembered */
}

static void credentials_are_compared(void **state)
{
	char user[] = "op", password[] = "a:b", token[] = "let-me-in", nothing[] = "";
	struct conf conf = {.http_user = nothing, .http_password = nothing, .http_token = nothing};
	struct http_auth auth;

	assert_int_equal(http_auth_init(&auth, &conf), 0);
	assert_true(http_auth_check(&auth, NULL));
	assert_true(http_auth_check(&auth, "Basic nonsense"));

	conf.http_user = user;
	conf.http_password = password;
	assert_int_equal(http_auth_init(&auth, &conf), 0);
	assert_true(http_auth_check(&auth, "Basic b3A6YTpi"));
	assert_true(http_auth_check(&auth, "bAsIc   b3A6YTpi\t "));
	assert_false(http_auth_check(&auth, NULL));
	assert_false(http_auth_check(&auth, ""));
	assert_false(http_auth_check(&auth, "Basic"));
	assert_false(http_auth_check(&auth, "Basic "));
	assert_false(http_auth_check(&auth, "Basicb3A6YTpi"));
	assert_false(http_auth_check(&auth, "Basic b3A6YTp"));
	assert_false(http_auth_check(&auth, "Basic b3A6YTpiYg=="));
	assert_false(http_auth_check(&auth, "Bearer b3A6YTpi"));
	assert_non_null(strstr(http_auth_challenge(&auth), "Basic realm="));

	conf.http_token = token;
	assert_int_equal(http_auth_init(&auth, &conf), 0);
	assert_true(http_auth_check(&auth, "Bearer let-me-in"));
	assert_false(http_auth_check(&auth, "Bearer let-me-i"));
	assert_false(http_auth_check(&auth, "Basic b3A6YTpi"));
	assert_non_null(strstr(http_auth_challenge(&auth), "Bearer realm="));
}

/* --- records --- */

static void what_was_seen_is_seen_again(void **state)
{
	struct http_seen seen = {0};

	assert_false(http_seen_add(&seen, 0));
	assert_true(http_seen_add(&seen, 0));
	for (uint64_t i = 2; i < 5000; i++)
		assert_false(http_seen_add(&seen, i << 20));
	for (uint64_t i = 2; i < 5000; i++)
		assert_true(http_seen_add(&seen, i << 20));
	http_seen_clear(&seen);
	assert_false(http_seen_add(&seen, 2 << 20));
	http_seen_clear(&seen);
	assert_false(http_seen_add(&seen, 2 << 20));
	for (uint64_t i = 1; i < HTTP_SEEN_MAX; i++)
		assert_false(http_seen_add(&seen, i * 0x9e3779b97f4a7c15u));
	assert_false(http_seen_add(&seen, 77));
	assert_false(http_seen_add(&seen, 77)); /* past the limit nothing is remembered */
	assert_true(http_seen_add(&seen, 2 << 20));
	assert_true(seen.size <= 4 * HTTP_SEEN_MAX);
	http_seen_fini(&seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_target_has_a_path_and_a_query),
		cmocka_unit_test(percent_encoding_is_decoded_or_refused),
		cmocka_unit_test(queries_are_searched_for_whole_keys),
		cmocka_unit_test(names_are_taken_with_or_without_the_last_dot),
		cmocka_unit_test(paths_have_routes),
		cmocka_unit_test(bodies_grow_to_their_limit),
		cmocka_unit_test(json_stands_as_mesos_dns_sets_it),
		cmocka_unit_test(json_is_utf8_whatever_comes),
		cmocka_unit_test(json_that_is_too_deep_fails),
		cmocka_unit_test(gzip_is_taken_as_the_header_says),
		cmocka_unit_test(a_client_has_so_many_tokens_and_gets_new_ones),
		cmocka_unit_test(many_clients_do_not_make_the_table_grow),
		cmocka_unit_test(credentials_are_compared),
		cmocka_unit_test(what_was_seen_is_seen_again),
	};

	siphash_init();
	return cmocka_run_group_tests_name("http_text", tests, NULL, NULL);
}
