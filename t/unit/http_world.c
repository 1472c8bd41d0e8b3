/* SPDX-License-Identifier: Apache-2.0 */
#include "t/unit/http_world.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/siphash.h"
#include "conf/load.h"
#include "daemon/zones.h"

#define PATIENT 30.0 /* seconds after which a condition that does not come true fails a test */

static void write_state(const char *path, unsigned tasks)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fprintf(out,
		"{\"leader\": \"master@127.0.0.1:5050\", \"slaves\": [{\"id\": \"S0\", \"hostname\": \"127.0.0.1\", "
		"\"pid\": \"slave(1)@127.0.0.1:5051\"}], \"frameworks\": [{\"id\": \"F\", \"name\": \"marathon\", "
		"\"tasks\": [");
	for (unsigned i = 0; i < tasks; i++)
		fprintf(out,
			"%s{\"id\": \"task.%u\", \"name\": \"application-%u\", \"framework_id\": \"F\", \"slave_id\": "
			"\"S0\", "
			"\"state\": \"TASK_RUNNING\", \"resources\": {\"ports\": \"[31000-31019]\"}}",
			i ? "," : "", i, i / 3);
	fprintf(out, "]}]}");
	assert_int_equal(fclose(out), 0);
}

static void on_tick(struct ev_loop *loop, ev_timer *timer, int events)
{
}

int make_world(struct world *w, unsigned tasks)
{
	static const char text[] = "{\"listener\": \"127.0.0.1\", \"resolvers\": [\"127.0.0.1:1\"]}";
	struct conf_options options = {.without_masters = true};
	struct conf_report report = {0};

	log_set_level(LOG_LEVEL_NONE);
	siphash_init();
	strcpy(w->state_file, "/tmp/mesos-named-http-XXXXXX");
	int fd = mkstemp(w->state_file);
	if (fd < 0 || close(fd))
		return -1;
	write_state(w->state_file, tasks);
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
	return follow_once(w->follow);
}

int free_world(struct world *w)
{
	ev_timer_stop(w->loop, &w->tick);
	ev_loop_destroy(w->loop);
	follow_free(w->follow);
	zone_store_free(w->store); /* which finds no pinned version */
	conf_free(w->conf);
	return unlink(w->state_file);
}

void serve(struct world *w, unsigned connections, struct http_times times)
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

const struct http_times patient = {.head = 600, .idle = 600, .reply = 600, .dump = 600, .stall = 600};

void end_service(struct world *w)
{
	http_free(w->http);
	w->http = NULL;
}

/* --- clients --- */

int client(const struct world *w)
{
	struct sockaddr_in sa = {
		.sin_family = AF_INET, .sin_port = htons(w->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

void ask(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

int asking(const struct world *w, const char *path)
{
	char request[256];
	int fd = client(w);

	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
	ask(fd, request);
	return fd;
}

void turn(struct world *w, ev_tstamp since)
{
	ev_run(w->loop, EVRUN_ONCE);
	if (ev_now(w->loop) - since > PATIENT)
		fail_msg("it does not come");
}

size_t read_to_end(struct world *w, int fd, size_t step)
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

void read_until(struct world *w, int fd, const char *text)
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

void is_served(struct world *w)
{
	int fd = asking(w, "/v1/version");

	read_until(w, fd, "mesos-named");
	close(fd);
}
