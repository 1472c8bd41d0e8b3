/* SPDX-License-Identifier: Apache-2.0 */
/* mesos/source against three masters that say what the test tells them to. */
#include "t/unit/source.h"

static void document(int fd, const char *leader, unsigned port)
{
	char body[1000];
	int len = snprintf(body, sizeof(body), "{");

	if (leader)
		len += snprintf(body + len, sizeof(body) - (size_t)len, "\"leader\": \"master@%s:%u\", ", leader, port);
	len += snprintf(body + len, sizeof(body) - (size_t)len,
		"\"slaves\": [{\"id\": \"S1\", \"pid\": \"slave(1)@10.0.0.1:5051\"}], \"frameworks\": []}");
	http_print(fd, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len, body);
}

static bool leads(struct http_server *s, int fd, const char *request)
{
	document(fd, "127.0.0.1", s->port);
	return true;
}

static bool says_1_leads(struct http_server *s, int fd, const char *request)
{
	document(fd, "127.0.0.1", port_of(1));
	return true;
}

static bool says_2_leads(struct http_server *s, int fd, const char *request)
{
	document(fd, "127.0.0.1", port_of(2));
	return true;
}

static bool names_no_leader(struct http_server *s, int fd, const char *request)
{
	document(fd, NULL, 0);
	return true;
}

static void redirect(int fd, unsigned port)
{
	http_print(fd,
		"HTTP/1.1 307 Temporary Redirect\r\nLocation: //127.0.0.1:%u/master/state\r\n"
		"Content-Length: 0\r\n\r\n",
		port);
}

static bool redirects_to_0(struct http_server *s, int fd, const char *request)
{
	redirect(fd, port_of(0));
	return true;
}

static bool redirects_to_1(struct http_server *s, int fd, const char *request)
{
	redirect(fd, port_of(1));
	return true;
}

static bool redirects_to_2(struct http_server *s, int fd, const char *request)
{
	redirect(fd, port_of(2));
	return true;
}

static bool redirects_elsewhere(struct http_server *s, int fd, const char *request)
{
	http_print(fd, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%u/login\r\nContent-Length: 0\r\n\r\n",
		port_of(1));
	return true;
}

static bool no_leader(struct http_server *s, int fd, const char *request)
{
	http_print(fd, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 17\r\n\r\nNo leader elected");
	return true;
}

static bool starting(struct http_server *s, int fd, const char *request)
{
	http_print(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
	return true;
}

static bool old(struct http_server *s, int fd, const char *request)
{
	return strncmp(request, "GET /state.json ", 16) ? starting(s, fd, request) : leads(s, fd, request);
}

static bool unauthorized(struct http_server *s, int fd, const char *request)
{
	http_print(fd, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
	return true;
}

static bool cuts(struct http_server *s, int fd, const char *request)
{
	http_print(fd,
		"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"leader\": \"master@127.0.0.1:%u\", "
		"\"slaves\": "
		"[{\"id\": \"S1\", \"pid\": \"slave(1)@10.0.0.1:5051\"}",
		s->port);
	return false;
}

static bool ends_early(struct http_server *s, int fd, const char *request)
{
	http_print(fd, "HTTP/1.1 200 OK\r\n\r\n{\"leader\": \"master@127.0.0.1:%u\", \"slaves\": [", s->port);
	return false;
}

static bool garbage(struct http_server *s, int fd, const char *request)
{
	http_print(fd, "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>");
	return true;
}

static bool empty(struct http_server *s, int fd, const char *request)
{
	http_print(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	return true;
}

static bool hangs(struct http_server *s, int fd, const char *request)
{
	return true;
}

static bool hangs_within(struct http_server *s, int fd, const char *request)
{
	http_print(
		fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"leader\": \"master@127.0.0.1:%u\", ", s->port);
	return true;
}

static void good_from(unsigned master)
{
	RUN_UNTIL(f.complete > 0);
	assert_int_equal(f.leader_port, port_of(master));
	assert_string_equal(f.leader_host, "127.0.0.1");
	assert_int_equal(f.elements, 1);
	assert_int_equal(counters()->documents, 1);
	assert_true(counters()->last_good > 1e9);
}

static void takes_the_leaders_document(void **state)
{
	open_source(NULL, 1, 60);
	good_from(0);
	assert_int_equal(counters()->fetches, 1);
	assert_int_equal(f.masters[0].requests, 1);
	assert_int_equal(f.leader.len, 4);

	source_poll_now(f.source);
	assert_int_equal(f.complete, 1);
	RUN_UNTIL(f.complete == 2);
	assert_int_equal(f.masters[0].connections, 1);
}

static void polls_by_itself(void **state)
{
	open_source(NULL, 1, 1);
	RUN_UNTIL(f.complete == 2);
}

static void follows_a_redirect(void **state)
{
	f.masters[0].handler = redirects_to_1;
	open_source(NULL, 1, 60); /* that one is not even configured */
	good_from(1);
	assert_int_equal(counters()->redirects, 1);
	assert_int_equal(f.begun, 1);

	/* The next round starts with the one that was good. */
	source_poll_now(f.source);
	RUN_UNTIL(f.complete == 2);
	assert_int_equal(f.masters[0].requests, 1);
	assert_int_equal(f.masters[1].requests, 2);

	/* A failover: it is now the other that leads. */
	f.masters[0].handler = leads;
	f.masters[1].handler = redirects_to_0;
	source_poll_now(f.source);
	RUN_UNTIL(f.complete == 3);
	assert_int_equal(f.leader_port, port_of(0));
}

static void follows_the_document(void **state)
{
	f.masters[0].handler = says_2_leads;
	open_source(NULL, 2, 60);
	RUN_UNTIL(f.complete == 1);
	assert_int_equal(f.leader_port, port_of(2));
	assert_int_equal(f.begun, 2);
	assert_int_equal(f.ended, 2);
	assert_int_equal(f.elements, 1); /* none of the standby's */
	assert_int_equal(f.masters[1].requests, 0);
}

static void passes_failures_over(void **state)
{
	static const struct {
		http_handler *handler;
		enum source_failure failure;
		int begun;
	} cases[] = {
		{no_leader, SOURCE_NO_LEADER, 0},
		{names_no_leader, SOURCE_NO_LEADER, 1},
		{starting, SOURCE_STATUS, 0},
		{unauthorized, SOURCE_AUTH, 0},
		{cuts, SOURCE_CUT, 1},
		{ends_early, SOURCE_DOCUMENT, 1},
		{garbage, SOURCE_DOCUMENT, 1},
		{empty, SOURCE_DOCUMENT, 0},
		{hangs, SOURCE_TIMEOUT, 0},
		{hangs_within, SOURCE_TIMEOUT, 1},
		{redirects_elsewhere, SOURCE_REDIRECT, 0},
		{redirects_to_0, SOURCE_REDIRECT, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f.begun = f.ended = f.complete = f.elements = 0;
		f.timeout = cases[i].failure == SOURCE_TIMEOUT ? 1 : 30;
		f.masters[0].handler = cases[i].handler;
		f.masters[1].handler = leads;
		open_source(NULL, 2, 60);
		RUN_UNTIL(f.complete == 1);
		assert_int_equal(f.leader_port, port_of(1));
		if (counters()->failures[cases[i].failure] != 1 || f.begun != cases[i].begun + 1)
			fail_msg("case %zu: not counted as %s", i, source_failure_name(cases[i].failure));
		assert_int_equal(f.begun, f.ended);
		source_free(f.source);
	}
	open_source(NULL, 1, 60); /* for the teardown */
}

static void remembers_the_path(void **state)
{
	f.masters[0].handler = old;
	open_source(NULL, 1, 60);
	good_from(0);
	assert_int_equal(f.masters[0].requests, 2);
	source_poll_now(f.source);
	RUN_UNTIL(f.complete == 2);
	assert_int_equal(f.masters[0].requests, 3);
	/* It was upgraded. */
	f.masters[0].handler = leads;
	source_poll_now(f.source);
	RUN_UNTIL(f.complete == 3);
}

static void does_not_go_in_circles(void **state)
{
	f.masters[0].handler = redirects_to_1;
	f.masters[1].handler = redirects_to_2;
	f.masters[2].handler = redirects_to_0;
	open_source(NULL, 2, 60);
	RUN_UNTIL(counters()->failed_rounds == 1);
	assert_int_equal(counters()->fetches, 3);
	assert_int_equal(counters()->failures[SOURCE_REDIRECT], 1);
	assert_int_equal(f.begun, 0);
	/* Rounds go on, soon at first, and end well when the masters have come to terms. */
	RUN_UNTIL(counters()->failed_rounds == 3);
	f.masters[2].handler = leads;
	RUN_UNTIL(f.complete == 1);
	assert_int_equal(f.leader_port, port_of(2));
	assert_int_equal(counters()->failed_rounds, 0);
}

static void documents_do_not_lead_in_circles(void **state)
{
	f.masters[0].handler = says_1_leads;
	f.masters[1].handler = says_2_leads;
	f.masters[2].handler = redirects_to_0;
	open_source(NULL, 1, 60);
	RUN_UNTIL(counters()->failed_rounds == 1);
	assert_int_equal(f.complete, 0);
	assert_int_equal(f.begun, 2);
	assert_int_equal(f.ended, 2);
}

static void a_dead_leader_is_passed_over(void **state)
{
	struct http_server dead;

	http_start(&dead, leads);
	http_stop(&dead);
	uint16_t alive = f.masters[2].port;
	f.masters[0].handler = redirects_to_2;
	f.masters[2].port = dead.port;
	open_source(NULL, 2, 60);
	good_from(1);
	assert_int_equal(counters()->failures[SOURCE_CONNECT], 1);
	f.masters[2].port = alive;
}

static void a_name_is_the_leader_by_its_address(void **state)
{
	static const char *const hosts[] = {"localhost"};

	open_source(hosts, 1, 60);
	good_from(0);
	assert_int_equal(counters()->redirects, 0);
}

static bool leads_by_name(struct http_server *s, int fd, const char *request)
{
	document(fd, "LOCALHOST", s->port);
	return true;
}

static void a_leader_can_be_a_name(void **state)
{
	static const char *const hosts[] = {"localhost"};

	f.masters[0].handler = leads_by_name;
	open_source(hosts, 1, 60);
	RUN_UNTIL(f.complete == 1);
	assert_string_equal(f.leader_host, "LOCALHOST");
	assert_true(addr_is_loopback(&f.leader));
}

static void the_announced_leader_is_asked(void **state)
{
	open_source(NULL, 0, 60); /* there is nobody to ask */
	ev_run(f.loop, EVRUN_NOWAIT);
	assert_int_equal(counters()->fetches + counters()->failed_rounds, 0);
	announce((unsigned[]){1}, 1);
	good_from(1);
	/* The same once more, with others: nothing new. */
	announce((unsigned[]){1, 0, 2}, 3);
	/* Another one, while the first is being asked. */
	f.masters[1].handler = hangs_within;
	source_poll_now(f.source);
	RUN_UNTIL(f.begun == 2);
	announce((unsigned[]){2, 1}, 2);
	RUN_UNTIL(f.complete == 2);
	assert_int_equal(f.leader_port, port_of(2));
	assert_int_equal(f.masters[0].requests, 0);
	/* None: who was good last is asked. */
	announce(NULL, 0);
	source_poll_now(f.source);
	RUN_UNTIL(f.complete == 3);
	assert_int_equal(f.masters[2].requests, 2);
}

static void the_announced_one_comes_first(void **state)
{
	open_source(NULL, 2, 60);
	good_from(0);
	announce((unsigned[]){2}, 1);
	RUN_UNTIL(f.complete == 2);
	assert_int_equal(f.leader_port, port_of(2));
	/* It is not there: the others are asked as well. */
	f.masters[2].handler = no_leader;
	source_poll_now(f.source);
	RUN_UNTIL(f.complete == 3);
	assert_int_equal(f.leader_port, port_of(0));
	/* The next round starts with the announced one again. */
	f.masters[2].handler = leads;
	source_poll_now(f.source);
	RUN_UNTIL(f.complete == 4);
	assert_int_equal(f.leader_port, port_of(2));
}

static void an_announcement_ends_a_document(void **state)
{
	f.masters[0].handler = hangs_within;
	open_source(NULL, 1, 60);
	RUN_UNTIL(f.begun == 1);
	announce((unsigned[]){1}, 1);
	assert_int_equal(f.ended, 1);
	RUN_UNTIL(f.complete == 1);
	assert_int_equal(f.leader_port, port_of(1));
}

static void the_owner_may_refuse(void **state)
{
	f.refuse = ERR_NOMEM;
	open_source(NULL, 2, 60);
	RUN_UNTIL(counters()->failed_rounds == 1);
	assert_int_equal(counters()->failures[SOURCE_INTERNAL], 1);
	assert_int_equal(counters()->documents, 0);
	f.refuse = 0;
	RUN_UNTIL(counters()->documents == 1);
}

static void the_end_ends_a_document(void **state)
{
	f.masters[0].handler = hangs_within;
	open_source(NULL, 1, 60);
	RUN_UNTIL(f.begun == 1);
	source_free(f.source);
	assert_int_equal(f.ended, 1);
	assert_int_equal(f.complete, 0);
	open_source(NULL, 1, 60);
}

static int setup(void **state)
{
	open_masters(leads);
	return 0;
}

static int teardown(void **state)
{
	close_masters();
	return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(takes_the_leaders_document),
		TEST(polls_by_itself),
		TEST(follows_a_redirect),
		TEST(follows_the_document),
		TEST(passes_failures_over),
		TEST(remembers_the_path),
		TEST(does_not_go_in_circles),
		TEST(documents_do_not_lead_in_circles),
		TEST(a_dead_leader_is_passed_over),
		TEST(a_name_is_the_leader_by_its_address),
		TEST(a_leader_can_be_a_name),
		TEST(the_announced_leader_is_asked),
		TEST(the_announced_one_comes_first),
		TEST(an_announcement_ends_a_document),
		TEST(the_owner_may_refuse),
		TEST(the_end_ends_a_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
