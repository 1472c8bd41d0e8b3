/* SPDX-License-Identifier: Apache-2.0 */
/* How long it takes until an answer shows what happened in a cluster, by one clock: this program stands between the
 * server and its simulated master, so that it sees the byte of an event go to the server; it has the cluster changed,
 * and asks for the names that are to change until they have. Prints `port N`, where the server finds its master, then
 * takes lines:
 *   master PORT             where the simulated master is
 *   probes FILE             see probe.h
 *   dns PORT RATE           where the server answers, and how many questions a second it gets at most
 *   run RATE COUNT WHAT     COUNT changes, RATE a second; their times are counted from the event on the socket (WHAT is
 *                           written), or from when the cluster had changed (done)
 *   burst COUNT WHAT        the first COUNT probes' tasks at once, by the simulated master's `burst`
 * and answers each of the last two with a line of figures, in microseconds. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "t/bench/probe.h"
#include "t/bench/relay.h"

#define PATIENCE        300000000000U /* nanoseconds for a run's last answers */
#define CARRY           8192
#define COMMANDS        65536
#define IN_A_BURST      SIZE_MAX
#define IN_A_BURST_ASKS 100000 /* questions a second */

struct bench {
	int epoll, control;
	struct sockaddr_in master;
	struct relay *relay;
	struct probes probes;
	bool by_write, running;
	uint64_t first_write, last_write, last_shown;
	size_t done, unstamped;
	uint32_t *times; /* nanoseconds to microseconds at the end */
	size_t time_count;
	/* Commands on their way; their answers come in the same order. */
	size_t commands[COMMANDS];
	size_t command_from, command_to;
	char answers[65536], carry[2 * CARRY];
	size_t answer_len, carry_len;
};

static void die(const char *why)
{
	fprintf(stderr, "stream: %s: %s\n", why, strerror(errno));
	exit(1);
}

/* Bytes go to the server: which tasks they are about. An id that is cut in two is seen with its second part. */
static void on_seen(void *cls, const char *data, size_t len, uint64_t now)
{
	static const char mark[] = "\"task_id\":{\"value\":\"";
	struct bench *b = cls;

	if (!b->running)
		return;
	while (len) {
		size_t part = len < CARRY ? len : CARRY, kept;
		memcpy(b->carry + b->carry_len, data, part);
		b->carry_len += part;
		data += part;
		len -= part;
		char *at = b->carry, *end = b->carry + b->carry_len, *found, *quote;
		kept = sizeof(mark) - 2;
		while ((found = memmem(at, (size_t)(end - at), mark, sizeof(mark) - 1))) {
			at = found + sizeof(mark) - 1;
			quote = memchr(at, '"', (size_t)(end - at));
			if (!quote) {
				kept = (size_t)(end - found);
				break;
			}
			struct probe *probe = probes_find(&b->probes, at, (size_t)(quote - at));
			if (probe && probe->waits && !probe->from && b->by_write) {
				probe->from = b->last_write = now;
				if (!b->first_write)
					b->first_write = now;
			}
			at = quote;
		}
		if (kept > CARRY)
			kept = 0;
		if (kept > b->carry_len)
			kept = b->carry_len;
		memmove(b->carry, end - kept, kept);
		b->carry_len = kept;
	}
}

static void on_shown(void *cls, struct probe *probe)
{
	struct bench *b = cls;

	if (!probe->from)
		b->unstamped++;
	else
		b->times[b->time_count++] = (uint32_t)((probe->shown - probe->from) / 1000);
	b->last_shown = probe->shown;
	b->done++;
}

static void send_command(struct bench *b, const char *path, size_t index)
{
	char line[1024];
	int n = snprintf(line, sizeof(line), "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", path);

	b->commands[b->command_to++ % COMMANDS] = index;
	if (send(b->control, line, (size_t)n, MSG_NOSIGNAL) != n)
		die("cannot send a command");
}

/* The change of a command has been made when its answer comes. */
static void take_command_answers(struct bench *b)
{
	ssize_t n = recv(b->control, b->answers + b->answer_len, sizeof(b->answers) - b->answer_len, MSG_DONTWAIT);
	const char mark[] = "{\"ok\":";
	char *at;

	if (n <= 0)
		return;
	b->answer_len += (size_t)n;
	while ((at = memmem(b->answers, b->answer_len, mark, sizeof(mark) - 1))) {
		if (at + sizeof(mark) > b->answers + b->answer_len)
			break;
		if (at[sizeof(mark) - 1] != 't') {
			fprintf(stderr, "stream: refused: %.*s\n", (int)(b->answers + b->answer_len - at), at);
			exit(1);
		}
		size_t index = b->commands[b->command_from++ % COMMANDS];
		if (!b->by_write && b->first_write == 0)
			b->first_write = relay_now();
		if (!b->by_write && index != IN_A_BURST)
			b->probes.list[index].from = relay_now();
		size_t used = (size_t)(at - b->answers) + sizeof(mark);
		b->answer_len -= used;
		memmove(b->answers, b->answers + used, b->answer_len);
	}
}

/* Sockets and questions, for at most that long. */
static void step(struct bench *b, uint64_t until)
{
	struct epoll_event events[64];
	uint64_t now = relay_now();
	uint64_t wait = b->probes.fd >= 0 ? probes_run(&b->probes, now, on_shown, b) : 1000000000U;

	if (until <= now)
		wait = 0;
	else if (until - now < wait)
		wait = until - now;
	struct timespec t = {(time_t)(wait / 1000000000U), (long)(wait % 1000000000U)};
	int n = epoll_pwait2(b->epoll, events, 64, &t, NULL);
	for (int i = 0; i < n; i++)
		if (events[i].data.ptr) {
			struct watch *w = events[i].data.ptr;
			w->ready(w, events[i].events);
		}
	relay_sweep(b->relay);
	if (b->control >= 0)
		take_command_answers(b);
}

static int compare_times(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static unsigned percentile(const struct bench *b, double share)
{
	return b->time_count ? b->times[(size_t)(share * (double)(b->time_count - 1))] : 0;
}

static void begin(struct bench *b, const char *what, size_t count)
{
	b->by_write = !strcmp(what, "written");
	b->running = true;
	b->first_write = b->last_write = b->last_shown = 0;
	b->done = b->unstamped = b->time_count = b->carry_len = 0;
	b->probes.queries = b->probes.lost = 0;
	free(b->times);
	b->times = calloc(count + 1, sizeof(*b->times));
	if (!b->times)
		die("memory");
}

static void finish(struct bench *b, const char *name, size_t count)
{
	uint64_t end = relay_now() + PATIENCE;

	while (b->done < count && relay_now() < end)
		step(b, end);
	b->running = false;
	qsort(b->times, b->time_count, sizeof(*b->times), compare_times);
	printf("%s done=%zu of=%zu median=%u p99=%u p999=%u max=%u all=%llu writing=%llu unstamped=%zu queries=%llu "
	       "lost=%llu\n",
		name, b->done, count, percentile(b, 0.5), percentile(b, 0.99), percentile(b, 0.999), percentile(b, 1),
		b->last_shown > b->first_write ? (unsigned long long)(b->last_shown - b->first_write) / 1000 : 0,
		(unsigned long long)(b->last_write - b->first_write) / 1000, b->unstamped,
		(unsigned long long)b->probes.queries, (unsigned long long)b->probes.lost);
	fflush(stdout);
}

/* Changes one probe's task. */
static void change(struct bench *b, struct probe *probe)
{
	if (!probe->is_down)
		probe->kind = (unsigned)rand() % PROBE_KINDS;
	const char *command = probe->is_down ? probe->up[probe->kind] : probe->down[probe->kind];
	probe->is_down = !probe->is_down;
	probe->from = 0;
	probes_wait(&b->probes, probe, probe->full - probe->is_down);
	send_command(b, command, (size_t)(probe - b->probes.list));
}

static void run(struct bench *b, unsigned rate, size_t count, const char *what)
{
	uint64_t start = relay_now();

	begin(b, what, count);
	for (size_t i = 0; i < count; i++) {
		uint64_t due = start + i * 1000000000U / rate;
		while (relay_now() < due)
			step(b, due);
		struct probe *probe;
		do {
			if (b->probes.waiting_count == b->probes.count)
				step(b, relay_now() + 1000000);
			probe = &b->probes.list[(size_t)rand() % b->probes.count];
		} while (probe->waits);
		change(b, probe);
	}
	finish(b, "run", count);
}

/* None is down by anything that a burst does not end: that knows of health alone. */
static void settle(struct bench *b)
{
	size_t count = 0;

	begin(b, "done", b->probes.count);
	for (size_t i = 0; i < b->probes.count; i++)
		if (b->probes.list[i].is_down && b->probes.list[i].kind) {
			change(b, &b->probes.list[i]);
			count++;
		}
	for (uint64_t end = relay_now() + PATIENCE; b->done < count && relay_now() < end;)
		step(b, end);
}

static void burst(struct bench *b, size_t count, const char *what)
{
	char command[128];
	uint64_t pace = b->probes.pace;

	settle(b);
	begin(b, what, count);
	b->probes.pace = 1000000000U / IN_A_BURST_ASKS; /* as many names have to be asked for, once at least */
	if (count > b->probes.count)
		count = b->probes.count;
	for (size_t i = 0; i < count; i++) {
		struct probe *probe = &b->probes.list[i];
		probe->kind = 0;
		probe->is_down = !probe->is_down;
		probe->from = 0;
		probes_wait(&b->probes, probe, probe->full - probe->is_down);
	}
	snprintf(command, sizeof(command), "/sim/burst?n=%zu&prefix=bench-", count);
	send_command(b, command, IN_A_BURST);
	finish(b, "burst", count);
	b->probes.pace = pace;
}

static void connect_control(struct bench *b)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL};
	int one = 1;

	b->control = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (b->control < 0 || connect(b->control, (struct sockaddr *)&b->master, sizeof(b->master)))
		die("the simulated master");
	setsockopt(b->control, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	epoll_ctl(b->epoll, EPOLL_CTL_ADD, b->control, &ev);
	relay_set_target(b->relay, &b->master);
}

static void take_line(struct bench *b, char *line)
{
	char word[256];
	unsigned x, y;
	size_t count;

	if (sscanf(line, "master %u", &x) == 1) {
		b->master = (struct sockaddr_in){.sin_family = AF_INET,
			.sin_port = htons((uint16_t)x),
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		connect_control(b);
	} else if (sscanf(line, "probes %255s", word) == 1) {
		if (probes_load(&b->probes, word))
			die(word);
	} else if (sscanf(line, "dns %u %u", &x, &y) == 2) {
		struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL};
		if (b->probes.fd >= 0)
			close(b->probes.fd);
		if (!y || probes_open(&b->probes, (uint16_t)x, y))
			die("the server");
		epoll_ctl(b->epoll, EPOLL_CTL_ADD, b->probes.fd, &ev);
	} else if (sscanf(line, "run %u %zu %255s", &x, &count, word) == 3 && x && b->probes.count) {
		run(b, x, count, word);
	} else if (sscanf(line, "burst %zu %255s", &count, word) == 2) {
		burst(b, count, word);
	} else {
		errno = EINVAL;
		die(line);
	}
}

int main(void)
{
	static struct bench b = {.control = -1, .probes = {.fd = -1}};
	struct epoll_event ev = {.events = EPOLLIN};
	char line[512];
	size_t len = 0;

	b.epoll = epoll_create1(EPOLL_CLOEXEC);
	b.relay = relay_new(b.epoll, on_seen, &b);
	if (!b.relay)
		die("a port");
	ev.data.ptr = NULL;
	epoll_ctl(b.epoll, EPOLL_CTL_ADD, STDIN_FILENO, &ev);
	printf("port %u\n", relay_port(b.relay));
	fflush(stdout);
	fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
	for (;;) {
		ssize_t n = read(STDIN_FILENO, line + len, sizeof(line) - 1 - len);
		if (n == 0 || len == sizeof(line) - 1)
			return 0;
		len += n > 0 ? (size_t)n : 0;
		line[len] = '\0';
		char *end = strchr(line, '\n');
		if (end) {
			*end = '\0';
			take_line(&b, line);
			len -= (size_t)(end + 1 - line);
			memmove(line, end + 1, len);
		} else {
			step(&b, relay_now() + 1000000000U);
		}
	}
}
