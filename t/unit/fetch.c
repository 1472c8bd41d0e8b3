/* SPDX-License-Identifier: Apache-2.0 */
/* mesos/fetch against a server that answers well, badly and not at all. */
#include "t/unit/http.h"

#include "base/err.h"
#include "mesos/fetch.h"

#define MAX_BYTES 500
#define PATIENCE  30.0 /* seconds, where none is to pass */

struct outcome {
	struct ev_loop *loop;
	int done, refuse;
	enum fetch_outcome outcome;
	int rc;
	unsigned status;
	bool reused;
	char location[300], error[300], body[2000];
	size_t body_len;
	struct addr peer;
};

static char seen[8192]; /* the last request; written by the server's thread, read when it has answered */

static int on_data(void *ctx, const void *data, size_t len)
{
	struct outcome *o = ctx;

	assert_true(o->body_len + len < sizeof(o->body));
	memcpy(o->body + o->body_len, data, len);
	o->body_len += len;
	o->body[o->body_len] = '\0';
	return o->refuse;
}

static void on_done(void *ctx, const struct fetch_result *result)
{
	struct outcome *o = ctx;

	o->done++;
	o->outcome = result->outcome;
	o->rc = result->rc;
	o->status = result->status;
	o->reused = result->reused;
	o->peer = result->peer;
	assert_non_null(result->error);
	snprintf(o->error, sizeof(o->error), "%s", result->error);
	snprintf(o->location, sizeof(o->location), "%s", result->location ? result->location : "");
	ev_break(o->loop, EVBREAK_ALL);
}

struct fixture {
	struct http_server server;
	struct ev_loop *loop;
	struct fetcher *fetcher;
	double timeout;
	struct outcome o;
};

static struct fixture fixture;

static void open_fetcher(const char *user, const char *password, double timeout)
{
	const struct fetch_options options = {
		.user_agent = "mesos-named/test", .user = user, .password = password, .connect_timeout = timeout};
	int err;

	fixture.timeout = timeout;
	fixture.fetcher = fetcher_new(fixture.loop, &options, &err);
	assert_non_null(fixture.fetcher);
	assert_int_equal(err, 0);
}

static struct fetch *start_request(const struct fetch_request *request)
{
	const struct fetch_callbacks callbacks = {&fixture.o, on_data, on_done};
	int err, refuse = fixture.o.refuse;

	fixture.o = (struct outcome){.loop = fixture.loop, .refuse = refuse};
	struct fetch *fetch = fetch_start(fixture.fetcher, request, &callbacks, &err);
	assert_int_equal(fixture.o.done, 0);
	return fetch;
}

static struct fetch *start(const char *url)
{
	const struct fetch_request get = {.url = url, .timeout = fixture.timeout, .max_bytes = MAX_BYTES};

	return start_request(&get);
}

static const struct outcome *get(http_handler *handler)
{
	char url[100];

	fixture.server.handler = handler;
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/master/state", fixture.server.port);
	assert_non_null(start(url));
	ev_run(fixture.loop, 0);
	assert_int_equal(fixture.o.done, 1);
	return &fixture.o;
}

static bool hello(struct http_server *s, int fd, const char *request)
{
	snprintf(seen, sizeof(seen), "%s", request);
	http_print(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nSet-Cookie: a=b\r\n\r\nhello");
	return true;
}

static void gets_a_body_and_keeps_the_connection(void **state)
{
	const struct outcome *o = get(hello);
	struct addr loopback = {{127, 0, 0, 1}, 4};

	assert_int_equal(o->outcome, FETCH_ANSWERED);
	assert_int_equal(o->status, 200);
	assert_string_equal(o->body, "hello");
	assert_string_equal(o->error, "");
	assert_string_equal(o->location, "");
	assert_true(addr_equal(&o->peer, &loopback));
	assert_false(o->reused);
	assert_ptr_equal(strstr(seen, "GET /master/state HTTP/1.1\r\n"), seen);
	assert_non_null(strstr(seen, "\r\nUser-Agent: mesos-named/test\r\n"));
	assert_non_null(strstr(seen, "\r\nAccept-Encoding: gzip\r\n"));
	assert_null(strstr(seen, "Authorization"));
	o = get(hello);
	assert_true(o->reused);
	assert_int_equal(fixture.server.connections, 1);
	assert_null(strstr(seen, "Cookie"));
}

static const unsigned char zipped[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0xff, 0xcb, 0x48, 0xcd,
	0xc9, 0xc9, 0x07, 0x00, 0x86, 0xa6, 0x10, 0x36, 0x05, 0x00, 0x00, 0x00};

static bool gzip(struct http_server *s, int fd, const char *request)
{
	http_print(fd, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n", sizeof(zipped));
	http_write(fd, (const char *)zipped, sizeof(zipped));
	return true;
}

/* a thousand bytes out of 29 */
static const unsigned char bomb[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0xff, 0xab, 0xa8, 0x18, 0x05,
	0xa3, 0x60, 0x14, 0x0c, 0x77, 0x00, 0x00, 0xe6, 0xc9, 0x41, 0x3b, 0xe8, 0x03, 0x00, 0x00};

static bool gzip_bomb(struct http_server *s, int fd, const char *request)
{
	http_print(fd, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n", sizeof(bomb));
	http_write(fd, (const char *)bomb, sizeof(bomb));
	return true;
}

static bool gzip_broken(struct http_server *s, int fd, const char *request)
{
	http_print(fd, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello");
	return true;
}

static bool gzip_cut(struct http_server *s, int fd, const char *request)
{
	http_print(fd, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n", sizeof(zipped) - 1);
	http_write(fd, (const char *)zipped, sizeof(zipped) - 1);
	return true;
}

static bool gzip_checksum(struct http_server *s, int fd, const char *request)
{
	unsigned char wrong[sizeof(zipped)];

	memcpy(wrong, zipped, sizeof(wrong));
	wrong[sizeof(wrong) - 6] ^= 1;
	http_print(fd, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n", sizeof(wrong));
	http_write(fd, (const char *)wrong, sizeof(wrong));
	return true;
}

static bool gzip_and_more(struct http_server *s, int fd, const char *request)
{
	http_print(fd, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n", sizeof(zipped) + 5);
	http_write(fd, (const char *)zipped, sizeof(zipped));
	http_write(fd, "hello", 5);
	return true;
}

/* Two members, a byte at a time. */
static bool gzip_in_chunks(struct http_server *s, int fd, const char *request)
{
	http_print(fd, "HTTP/1.1 200 OK\r\nContent-Encoding: X-GZip\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (size_t i = 0; i < 2 * sizeof(zipped); i++) {
		http_print(fd, "1\r\n");
		http_write(fd, (const char *)zipped + i % sizeof(zipped), 1);
		http_print(fd, "\r\n");
	}
	http_print(fd, "0\r\n\r\n");
	return true;
}

static bool gzip_of_nothing(struct http_server *s, int fd, const char *request)
{
	http_print(fd, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n");
	return true;
}

static bool gzip_refusal(struct http_server *s, int fd, const char *request)
{
	http_print(fd, "HTTP/1.1 503 No\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n", sizeof(zipped));
	http_write(fd, (const char *)zipped, sizeof(zipped));
	return true;
}

static bool gzip_broken_refusal(struct http_server *s, int fd, const char *request)
{
	http_print(fd, "HTTP/1.1 503 No\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello");
	return true;
}

static bool other_coding(struct http_server *s, int fd, const char *request)
{
	http_print(fd, "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 5\r\n\r\nhello");
	return true;
}

static bool coded_twice(struct http_server *s, int fd, const char *request)
{
	http_print(fd,
		"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n",
		sizeof(zipped));
	http_write(fd, (const char *)zipped, sizeof(zipped));
	return true;
}

static bool not_coded(struct http_server *s, int fd, const char *request)
{
	http_print(fd, "HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello");
	return true;
}

static void undoes_gzip_within_bounds(void **state)
{
	static http_handler *const broken[] = {
		gzip_broken, gzip_cut, gzip_checksum, gzip_and_more, other_coding, coded_twice};
	const struct outcome *o = get(gzip);

	assert_int_equal(o->outcome, FETCH_ANSWERED);
	assert_string_equal(o->body, "hello");
	o = get(gzip_in_chunks);
	assert_int_equal(o->outcome, FETCH_ANSWERED);
	assert_string_equal(o->body, "hellohello");
	o = get(gzip_of_nothing);
	assert_int_equal(o->outcome, FETCH_ANSWERED);
	assert_string_equal(o->body, "");
	o = get(not_coded);
	assert_int_equal(o->outcome, FETCH_ANSWERED);
	assert_string_equal(o->body, "hello");
	o = get(gzip_bomb);
	assert_int_equal(o->outcome, FETCH_LIMIT);
	assert_true(o->body_len <= MAX_BYTES);
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		o = get(broken[i]);
		assert_int_equal(o->outcome, FETCH_HTTP);
		assert_string_equal(o->error, "the body is not compressed as it should be");
	}
	o = get(gzip_refusal);
	assert_int_equal(o->outcome, FETCH_ANSWERED);
	assert_int_equal(o->status, 503);
	assert_string_equal(o->error, "hello");
	o = get(gzip_broken_refusal);
	assert_int_equal(o->outcome, FETCH_ANSWERED);
	assert_int_equal(o->status, 503);
}

static bool too_long(struct http_server *s, int fd, const char *request)
{
	http_print(fd, "HTTP/1.1 200 OK\r\n\r\n%0600d", 1);
	return false;
}

static void bounds_the_body(void **state)
{
	assert_int_equal(get(too_long)->outcome, FETCH_LIMIT);
}

static bool standby(struct http_server *s, int fd, const char *request)
{
	http_print(fd, "HTTP/1.1 307 Temporary Redirect\r\nLocation: //127.0.0.2:5051/master/state\r\n"
		       "Content-Length: 0\r\n\r\n");
	return true;
}

static bool no_leader(struct http_server *s, int fd, const char *request)
{
	http_print(fd, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 24\r\n\r\nNo leader\x1b "
		       "elected\r\nxxx\n");
	return true;
}

static bool long_page(struct http_server *s, int fd, const char *request)
{
	http_print(fd, "HTTP/1.1 500 Oh\r\nContent-Length: 1000000\r\n\r\n");
	for (int i = 0; i < 1000; i++)
		http_print(fd, "%01000d", 7);
	return false;
}

static void tells_what_is_no_200(void **state)
{
	const struct outcome *o = get(standby);

	assert_int_equal(o->outcome, FETCH_ANSWERED);
	assert_int_equal(o->status, 307);
	assert_string_equal(o->location, "http://127.0.0.2:5051/master/state");
	o = get(no_leader);
	assert_int_equal(o->status, 503);
	assert_string_equal(o->error, "No leader? elected");
	assert_int_equal(o->body_len, 0);
	assert_string_equal(o->location, "");
	o = get(long_page);
	assert_int_equal(o->outcome, FETCH_ANSWERED);
	assert_int_equal(o->status, 500);
}

static bool cut(struct http_server *s, int fd, const char *request)
{
	http_print(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello");
	return false;
}

static bool cut_chunk(struct http_server *s, int fd, const char *request)
{
	http_print(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nhe");
	return false;
}

static bool nothing(struct http_server *s, int fd, const char *request)
{
	return false;
}

static bool garbage(struct http_server *s, int fd, const char *request)
{
	static const char text[] = "\0\1\2\3 this is no HTTP\r\n\r\n";

	http_write(fd, text, sizeof(text) - 1);
	return false;
}

static bool hang(struct http_server *s, int fd, const char *request)
{
	return true;
}

static bool hang_within(struct http_server *s, int fd, const char *request)
{
	http_print(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello");
	return true;
}

static void tells_failures_apart(void **state)
{
	static const struct {
		http_handler *handler;
		enum fetch_outcome outcome;
	} cases[] = {{cut, FETCH_CUT}, {cut_chunk, FETCH_CUT}, {nothing, FETCH_CUT}, {garbage, FETCH_HTTP}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct outcome *o = get(cases[i].handler);

		if (o->outcome != cases[i].outcome)
			fail_msg("case %zu: %s: %s", i, fetch_outcome_name(o->outcome), o->error);
		assert_true(o->error[0] != '\0');
	}

	/* A port that was ours and is nobody's now. */
	struct http_server gone;
	char url[100];
	http_start(&gone, hello);
	http_stop(&gone);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", gone.port);
	assert_non_null(start(url));
	ev_run(fixture.loop, 0);
	assert_int_equal(fixture.o.outcome, FETCH_CONNECT);
	snprintf(url, sizeof(url), "https://127.0.0.1:%u/", fixture.server.port);
	fixture.server.handler = garbage;
	assert_non_null(start(url));
	ev_run(fixture.loop, 0);
	assert_int_equal(fixture.o.outcome, FETCH_TLS);
}

static void waits_no_longer_than_asked(void **state)
{
	fetcher_free(fixture.fetcher);
	open_fetcher(NULL, NULL, 0.2);
	assert_int_equal(get(hang)->outcome, FETCH_TIMEOUT);
	assert_int_equal(get(hang_within)->outcome, FETCH_TIMEOUT);
}

static struct fetch *request(http_handler *handler, struct fetch_request more)
{
	char url[100];

	fixture.server.handler = handler;
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/master/api/v1", fixture.server.port);
	if (!more.url)
		more.url = url;
	struct fetch *fetch = start_request(&more);
	assert_non_null(fetch);
	return fetch;
}

static bool drips(struct http_server *s, int fd, const char *text)
{
	http_print(fd, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n");
	for (int i = 0; i < 6; i++) {
		struct timespec time = {.tv_nsec = 50000000};

		nanosleep(&time, NULL);
		http_print(fd, "x");
	}
	return true;
}

static void silence_ends_a_request(void **state)
{
	request(hang, (struct fetch_request){.silence = 0.1});
	ev_run(fixture.loop, 0);
	assert_int_equal(fixture.o.outcome, FETCH_TIMEOUT);
	assert_string_equal(fixture.o.error, "it is silent");
	request(hang_within, (struct fetch_request){.silence = 0.1});
	ev_run(fixture.loop, 0);
	assert_int_equal(fixture.o.outcome, FETCH_TIMEOUT);
	assert_string_equal(fixture.o.body, "hello");
	/* A slow one is not silent; nor is one that is read late, as we were busy. */
	request(drips, (struct fetch_request){.silence = 5});
	ev_run(fixture.loop, 0);
	assert_int_equal(fixture.o.outcome, FETCH_ANSWERED);
	unsigned requests = fixture.server.requests;
	request(hello, (struct fetch_request){.silence = 0.3});
	while (fixture.server.requests == requests)
		ev_run(fixture.loop, EVRUN_NOWAIT);
	nanosleep(&(struct timespec){.tv_nsec = 500000000}, NULL);
	ev_run(fixture.loop, 0);
	assert_int_equal(fixture.o.outcome, FETCH_ANSWERED);
	/* The bound can change on the way. */
	fetch_set_silence(request(hang, (struct fetch_request){.silence = 60}), 0.1);
	ev_run(fixture.loop, 0);
	assert_int_equal(fixture.o.outcome, FETCH_TIMEOUT);
}

static void posts(void **state)
{
	static const char body[] = "{\"type\":\"SUBSCRIBE\"}";

	fetcher_free(fixture.fetcher);
	open_fetcher("principal", "secret:word", PATIENCE);
	request(hello, (struct fetch_request){.post = body, .plain = true});
	ev_run(fixture.loop, 0);
	assert_int_equal(fixture.o.outcome, FETCH_ANSWERED);
	assert_ptr_equal(strstr(seen, "POST /master/api/v1 HTTP/1.1\r\n"), seen);
	assert_non_null(strstr(seen, "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(seen, "\r\nAccept: application/json\r\n"));
	assert_non_null(strstr(seen, "\r\nAuthorization: Basic "));
	assert_null(strstr(seen, "Accept-Encoding"));
	assert_null(strstr(seen, "Expect"));
	assert_non_null(strstr(seen, "\r\nContent-Length: 20\r\n"));
	request(hello, (struct fetch_request){.anonymous = true});
	ev_run(fixture.loop, 0);
	assert_null(strstr(seen, "Authorization"));
	assert_int_equal(fixture.server.connections, 1);
}

static void a_connection_can_be_apart(void **state)
{
	const struct fetch_request apart = {.apart = true};

	get(hello);
	request(hello, apart);
	ev_run(fixture.loop, 0);
	assert_int_equal(fixture.o.outcome, FETCH_ANSWERED);
	assert_int_equal(fixture.server.connections, 2);
	assert_true(get(hello)->reused);
	assert_int_equal(fixture.server.connections, 2);
}

static void goes_where_it_is_told(void **state)
{
	char url[100];

	fixture.server.handler = hello;
	snprintf(url, sizeof(url), "http://not.the.way.invalid:%u/x", fixture.server.port);
	request(hello, (struct fetch_request){.url = url, .connect = {{127, 0, 0, 1}, 4}});
	ev_run(fixture.loop, 0);
	assert_int_equal(fixture.o.outcome, FETCH_ANSWERED);
	assert_non_null(strstr(seen, "\r\nHost: not.the.way.invalid:"));
}

static void takes_http_only(void **state)
{
	static const char *const urls[] = {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/"};

	for (size_t i = 0; i < 3; i++) {
		if (!start(urls[i]))
			continue;
		ev_run(fixture.loop, 0);
		assert_int_equal(fixture.o.outcome, FETCH_HTTP);
		assert_int_equal(fixture.o.body_len, 0);
	}
}

static bool refused(struct http_server *s, int fd, const char *request)
{
	snprintf(seen, sizeof(seen), "%s", request);
	http_print(fd, "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"mesos\"\r\n"
		       "Content-Length: 0\r\n\r\n");
	return true;
}

static void sends_credentials_and_never_tells_them(void **state)
{
	fetcher_free(fixture.fetcher);
	open_fetcher("principal", "secret:word", PATIENCE);
	const struct outcome *o = get(refused);
	assert_int_equal(o->status, 401);
	assert_non_null(strstr(seen, "\r\nAuthorization: Basic cHJpbmNpcGFsOnNlY3JldDp3b3Jk\r\n"));
	assert_int_equal(fixture.server.requests, 1);
	static http_handler *const handlers[] = {refused, cut, garbage, nothing};
	for (size_t i = 0; i < 4; i++) {
		o = get(handlers[i]);
		assert_null(strstr(o->error, "secret"));
	}
}

static void takes_nothing_from_the_environment(void **state)
{
	static const char *const names[] = {"http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"};

	for (size_t i = 0; i < 5; i++)
		setenv(names[i], "http://127.0.0.1:1", 1);
	assert_int_equal(get(hello)->status, 200);
	for (size_t i = 0; i < 5; i++)
		unsetenv(names[i]);
}

static void can_be_ended_early(void **state)
{
	char url[100];

	fixture.o.refuse = ERR_FORMAT;
	const struct outcome *o = get(hello);
	assert_int_equal(o->outcome, FETCH_ABORTED);
	assert_int_equal(o->rc, ERR_FORMAT);
	fixture.o.refuse = 0;

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", fixture.server.port);
	fixture.server.handler = hang;
	unsigned requests = fixture.server.requests;
	struct fetch *fetch = start(url);
	while (fixture.server.requests == requests)
		ev_run(fixture.loop, EVRUN_NOWAIT);
	fetch_cancel(fetch);
	ev_run(fixture.loop, EVRUN_NOWAIT);
	assert_int_equal(fixture.o.done, 0);
	start(url); /* left to fetcher_free() */
	ev_run(fixture.loop, EVRUN_NOWAIT);
}

static int setup(void **state)
{
	memset(&fixture, 0, sizeof(fixture));
	fixture.loop = ev_loop_new(EVFLAG_AUTO);
	http_start(&fixture.server, hello);
	open_fetcher(NULL, NULL, PATIENCE);
	return 0;
}

static int teardown(void **state)
{
	fetcher_free(fixture.fetcher);
	http_stop(&fixture.server);
	ev_loop_destroy(fixture.loop);
	return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(gets_a_body_and_keeps_the_connection),
		TEST(undoes_gzip_within_bounds),
		TEST(bounds_the_body),
		TEST(tells_what_is_no_200),
		TEST(tells_failures_apart),
		TEST(waits_no_longer_than_asked),
		TEST(silence_ends_a_request),
		TEST(posts),
		TEST(a_connection_can_be_apart),
		TEST(goes_where_it_is_told),
		TEST(takes_http_only),
		TEST(sends_credentials_and_never_tells_them),
		TEST(takes_nothing_from_the_environment),
		TEST(can_be_ended_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
