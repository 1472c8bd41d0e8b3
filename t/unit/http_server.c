/* SPDX-License-Identifier: Apache-2.0 */
/* http/: the server in its loop, with time-outs short enough to be waited for: clients that are slow on purpose, that
 * go away, that are too many; and an end while all of that is under way. */
#include "t/unit/http_world.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define TASKS 3000 /* whose dump does not fit into the sockets' buffers */

static int begin_group(void **state)
{
	static struct world world;

	*state = &world;
	return make_world(&world, TASKS);
}

static int end_group(void **state)
{
	return free_world(*state);
}

static int end(void **state)
{
	end_service(*state);
	return 0;
}

/* --- tests --- */

static void a_head_that_does_not_come_is_not_waited_for(void **state)
{
	struct world *w = *state;
	struct http_times times = patient;

	times.head = 0.1;
	serve(w, 0, times);
	int silent = client(w), half = client(w);
	ask(half, "GET /v1/version HTTP/1.1\r\nX: ");
	ev_tstamp since = ev_now(w->loop);
	for (ssize_t n = -1; n; n = recv(half, &(char){0}, 1, MSG_DONTWAIT)) {
		(void)!send(half, "y", 1, MSG_NOSIGNAL); /* it never stops, and never ends */
		turn(w, since);
	}
	assert_int_equal(read_to_end(w, silent, 1), 0);
	is_served(w);
	close(silent);
	close(half);
}

static void a_connection_without_a_next_request_is_closed(void **state)
{
	struct world *w = *state;
	struct http_times times = patient;

	times.idle = 0.1;
	serve(w, 0, times);
	int fd = asking(w, "/v1/version");
	read_until(w, fd, "mesos-named");
	ask(fd, "GET /v1/");
	read_to_end(w, fd, 1);
	close(fd);
}

static void a_dump_that_is_read_too_slowly_is_cut(void **state)
{
	struct world *w = *state;
	struct http_times times = patient;

	times.dump = 0.3;
	serve(w, 0, times);
	int slow = asking(w, "/v1/enumerate");
	read_until(w, slow, "200 OK");
	is_served(w); /* meanwhile */
	ev_tstamp since = ev_now(w->loop);
	while (w->http->counters.connections) {
		(void)!recv(slow, &(char[100]){0}, 100, MSG_DONTWAIT);
		turn(w, since);
	}
	assert_true(read_to_end(w, slow, 65536) < 8 << 20);
	close(slow);
	end_service(w);
	serve(w, 0, patient);
	int quick = asking(w, "/v1/enumerate");
	ask(quick, "GET /v1/version HTTP/1.0\r\n\r\n");
	assert_true(read_to_end(w, quick, 65536) > 8 << 20);
	close(quick);
}

static void a_dump_that_is_not_read_at_all_is_cut(void **state)
{
	struct world *w = *state;
	struct http_times times = patient;

	times.stall = 1;
	serve(w, 0, times);
	int fd = asking(w, "/v1/axfr");
	ev_tstamp since = ev_now(w->loop);
	while (!w->http->counters.connections)
		turn(w, since);
	while (w->http->counters.connections)
		turn(w, since);
	close(fd);
}

static void a_name_with_many_records_comes_in_pieces(void **state)
{
	struct world *w = *state;
	uint8_t name[DNAME_MAX];
	size_t len = dname_from_text(name, "many.mesos", 10);
	struct zone_commit result;

	for (int change = 1; change >= -1; change -= 2) {
		struct zone_txn *txn = zone_txn_begin(w->store, 0);

		assert_non_null(txn);
		struct zone_touch *touch = zone_txn_name(txn, 0, name, len);
		for (unsigned i = 0; i < 3000; i++) {
			const uint8_t rdata[4] = {10, 200, (uint8_t)(100 + i / 100), (uint8_t)(100 + i % 100)};

			zone_txn_change(txn, touch, ZONE_RANK_SERVED, change, RR_A, 60, rdata, 4);
		}
		assert_int_equal(zone_txn_commit(txn, &result), 0);
		if (change < 0)
			break;
		serve(w, 0, patient);
		int fd = client(w);
		ask(fd, "GET /v1/hosts/many.mesos HTTP/1.0\r\n\r\n");
		/* each takes `  {"host": "many.mesos.", "ip": "10.200.1xx.1xx"},` with its line breaks */
		assert_in_range(read_to_end(w, fd, 65536), 3000 * 60, 3000 * 66);
		close(fd);
		fd = asking(w, "/v1/hosts/many.mesos");
		read_until(w, fd, "Transfer-Encoding: chunked");
		close(fd);
	}
}

/* So many names come or go. */
static void change_names(struct zone_store *store, unsigned names, int change)
{
	const uint8_t rdata[4] = {192, 0, 2, 1};
	struct zone_txn *txn = zone_txn_begin(store, 0);
	struct zone_commit result;

	assert_non_null(txn);
	for (unsigned i = 0; i < names; i++) {
		char text[32];
		uint8_t name[DNAME_MAX];

		snprintf(text, sizeof(text), "changing%u.mesos", i);
		size_t len = dname_from_text(name, text, strlen(text));
		zone_txn_change(txn, zone_txn_name(txn, 0, name, len), ZONE_RANK_SERVED, change, RR_A, 60, rdata, 4);
	}
	assert_int_equal(zone_txn_commit(txn, &result), 0);
}

static void a_dump_that_keeps_too_much_of_the_past_is_cut(void **state)
{
	struct world *w = *state;
	struct http_times times = patient;
	ev_tstamp since = ev_now(w->loop);

	times.hurry = 0.1;
	serve(w, 0, times);
	int slow = asking(w, "/v1/axfr");
	read_until(w, slow, "200 OK");
	for (unsigned i = 0; i < 30; i++) {
		change_names(w->store, 10000, 1);
		change_names(w->store, 10000, -1);
	}
	assert_true(zone_store_waiting(w->store) > 200000);
	while (w->http->counters.connections)
		turn(w, since);
	while (zone_store_waiting(w->store)) /* it goes with the last reader's grace period */
		turn(w, since);
	close(slow);
}

static void who_is_too_many_waits_or_is_closed(void **state)
{
	struct world *w = *state;
	int fds[6];

	serve(w, 4, patient);
	for (int i = 0; i < 6; i++)
		fds[i] = asking(w, "/v1/version");
	for (int i = 0; i < 4; i++)
		read_until(w, fds[i], "mesos-named");
	for (int i = 0; i < 4; i++)
		close(fds[i]);
	is_served(w);
	close(fds[4]);
	close(fds[5]);
}

static void the_end_comes_while_everything_is_under_way(void **state)
{
	struct world *w = *state;
	ev_tstamp since = ev_now(w->loop);
	char watch[64];
	int fds[6];

	serve(w, 0, patient);
	const struct zone_snapshot *snapshot = zone_store_pin(w->store);
	snprintf(watch, sizeof(watch), "/v1/watch?serial=%u", snapshot->serial);
	zone_store_unpin(w->store, snapshot);
	fds[0] = client(w);
	fds[1] = client(w);
	ask(fds[1], "GET /v1/ver");
	fds[2] = asking(w, "/v1/enumerate");
	fds[3] = asking(w, "/v1/axfr");
	fds[4] = asking(w, watch);
	fds[5] = asking(w, "/v1/version");
	read_until(w, fds[2], "200 OK");
	read_until(w, fds[3], "200 OK");
	read_until(w, fds[5], "mesos-named");
	turn(w, since);
	end_service(w);
	for (int i = 0; i < 6; i++)
		close(fds[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_head_that_does_not_come_is_not_waited_for, end),
		cmocka_unit_test_teardown(a_connection_without_a_next_request_is_closed, end),
		cmocka_unit_test_teardown(a_dump_that_is_read_too_slowly_is_cut, end),
		cmocka_unit_test_teardown(a_dump_that_is_not_read_at_all_is_cut, end),
		cmocka_unit_test_teardown(a_name_with_many_records_comes_in_pieces, end),
		cmocka_unit_test_teardown(a_dump_that_keeps_too_much_of_the_past_is_cut, end),
		cmocka_unit_test_teardown(who_is_too_many_waits_or_is_closed, end),
		cmocka_unit_test(the_end_comes_while_everything_is_under_way),
	};

	return cmocka_run_group_tests_name("http_server", tests, begin_group, end_group);
}
