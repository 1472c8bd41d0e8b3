/* SPDX-License-Identifier: Apache-2.0 */
/* http/: the server in its loop, with time-outs short enough to be waited for: clients that are slow on purpose, that
 * go away, that are too many; and an end while all of that is under way. */
#include "t/unit/unit.h"

#include <errno.h>
#include <ev.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/siphash.h"
#include "conf/load.h"
#include "daemon/zones.h"
#include "http/parts.h"

#define TASKS   3000 /* whose dump does not fit into the sockets' buffers */
#define TICK    0.005
#define PATIENT 30.0 /* seconds after which a condition that does not come true fails a test */

struct world {
	char state_file[64];
	struct conf *conf;
	struct zone_store *store;
	struct follow *follow;
	struct ev_loop *loop;
	ev_timer tick;
	struct http_times times;
	struct http *http;
	uint16_t port;
};

static void write_state(const char *path)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fprintf(out,
		"{\"leader\": \"master@127.0.0.1:5050\", \"slaves\": [{\"id\": \"S0\", \"hostname\": \"127.0.0.1\", "
		"\"pid\": \"slave(1)@127.0.0.1:5051\"}], \"frameworks\": [{\"id\": \"F\", \"name\": \"marathon\", "
		"\"tasks\": [");
	for (int i = 0; i < TASKS; i++)
		fprintf(out,
			"%s{\"id\": \"task.%d\", \"name\": \"application-%d\", \"framework_id\": \"F\", \"slave_id\": "
			"\"S0\", "
			"\"state\": \"TASK_RUNNING\", \"resources\": {\"ports\": \"[31000-31019]\"}}",
			i ? "," : "", i, i / 3);
	fprintf(out, "]}]}");
	assert_int_equal(fclose(out), 0);
}

static void on_tick(struct ev_loop *loop, ev_timer *timer, int events)
{
}

/* A store with the state in it, which all tests share. */
static int make_world(void **state)
{
	static const char text[] = "{\"listener\": \"127.0.0.1\", \"resolvers\": [\"127.0.0.1:1\"]}";
	static struct world world;
	struct world *w = &world;
	struct conf_options options = {.without_masters = true};
	struct conf_report report = {0};

	log_set_level(LOG_LEVEL_NONE);
	siphash_init();
	strcpy(w->state_file, "/tmp/mesos-named-http-XXXXXX");
	int fd = mkstemp(w->state_file);
	if (fd < 0 || close(fd))
		return -1;
	write_state(w->state_file);
	int err = conf_load_text(text, sizeof(text) - 1, "test", &options, &report, &w->conf);
	conf_report_fini(&report);
	if (err)
		return err;
	w->store = zones_new(w->conf, false);
	const struct follow_settings settings = {.conf = w->conf, .store = w->store, .state_file = w->state_file};
	w->follow = follow_new(&settings);
	w->loop = ev_loop_new(EVFLAG_NOENV);
	ev_timer_init(&w->tick, on_tick, TICK, TICK);
	ev_timer_start(w->loop, &w->tick);
	*state = w;
	return follow_once(w->follow);
}

static int free_world(void **state)
{
	struct world *w = *state;

	ev_timer_stop(w->loop, &w->tick);
	ev_loop_destroy(w->loop);
	follow_free(w->follow);
	zone_store_free(w->store); /* which finds no pinned version */
	conf_free(w->conf);
	return unlink(w->state_file);
}

static void serve(struct world *w, unsigned connections, struct http_times times)
{
	const struct http_settings settings = {
		.conf = w->conf, .store = w->store, .follow = w->follow, .times = &times, .connections = connections};
	struct http_listener listener;
	char error[HTTP_LISTEN_ERROR_MAX];
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);

	assert_int_equal(http_listener_open(&listener, "127.0.0.1", 0, "", error), 0);
	assert_int_equal(getsockname(listener.fd, (struct sockaddr *)&sa, &len), 0);
	w->port = ntohs(sa.sin_port);
	ev_now_update(w->loop);
	w->http = http_new(w->loop, &settings, &listener);
	assert_non_null(w->http);
	http_listener_close(&listener);
}

static const struct http_times patient = {.head = 600, .idle = 600, .reply = 600, .dump = 600, .stall = 600};

static int end(void **state)
{
	struct world *w = *state;

	http_free(w->http);
	w->http = NULL;
	return 0;
}

/* --- clients --- */

static int client(const struct world *w)
{
	struct sockaddr_in sa = {
		.sin_family = AF_INET, .sin_port = htons(w->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

static void ask(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static int asking(const struct world *w, const char *path)
{
	char request[256];
	int fd = client(w);

	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
	ask(fd, request);
	return fd;
}

/* One turn of the loop; fails when patience is at its end. */
static void turn(struct world *w, ev_tstamp since)
{
	ev_run(w->loop, EVRUN_ONCE);
	if (ev_now(w->loop) - since > PATIENT)
		fail_msg("it does not come");
}

/* Reads until the server has closed, `step` bytes a turn of the loop at the most; returns how many came. */
static size_t read_to_end(struct world *w, int fd, size_t step)
{
	ev_tstamp since = ev_now(w->loop);
	char bytes[65536];
	size_t all = 0;

	for (;;) {
		turn(w, since);
		ssize_t n = recv(fd, bytes, step, MSG_DONTWAIT);
		if (!n || (n < 0 && errno != EAGAIN))
			return all;
		all += n > 0 ? (size_t)n : 0;
	}
}

/* Reads until the text has come. */
static void read_until(struct world *w, int fd, const char *text)
{
	ev_tstamp since = ev_now(w->loop);
	char bytes[8192];
	size_t len = 0;

	do {
		turn(w, since);
		ssize_t n = recv(fd, bytes + len, sizeof(bytes) - 1 - len, MSG_DONTWAIT);
		if (!n)
			fail_msg("closed before it came: %s", text);
		len += n > 0 ? (size_t)n : 0;
		bytes[len] = '\0';
	} while (!strstr(bytes, text));
}

static void is_served(struct world *w)
{
	int fd = asking(w, "/v1/version");

	read_until(w, fd, "mesos-named");
	close(fd);
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
	end(state);
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
	end(state);
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
		cmocka_unit_test_teardown(who_is_too_many_waits_or_is_closed, end),
		cmocka_unit_test(the_end_comes_while_everything_is_under_way),
	};

	return cmocka_run_group_tests_name("http_server", tests, make_world, free_world);
}
