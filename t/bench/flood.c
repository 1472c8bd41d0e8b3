/* SPDX-License-Identifier: Apache-2.0 */
/* Asks as much as a server can answer, which takes a client that costs less than any server: a call of the kernel
 * sends a run of queries (UDP_SEGMENT; the server receives them one by one), or takes all replies that there are.
 *   flood PORT SECONDS SOCKETS OUTSTANDING <QUERIES
 * Each socket has OUTSTANDING / SOCKETS queries on their way; the next ones go when all of these are answered. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "t/bench/queries.h"

#define SOCKETS_MAX 512
#define RUN_MAX     64 /* queries that the kernel takes at once */
#define REPLIES     64
#define REPLY_MAX   1500
#define LATE        0.1 /* seconds of silence after which a socket's queries count as lost */

struct run {
	uint16_t query_len; /* all of a run are of one size */
	uint32_t at;        /* in `bytes` */
};

static struct bench_query queries[QUERIES_MAX];
static struct run runs[QUERIES_MAX];
static uint8_t bytes[QUERIES_MAX * QUERY_MAX];
static unsigned run_count, run_length, turn;

static struct pollfd sockets[SOCKETS_MAX];
static unsigned outstanding[SOCKETS_MAX];
static double since[SOCKETS_MAX]; /* seconds: when it last sent or received */
static unsigned socket_count;
static uint64_t answers, answer_bytes, lost;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Queries in their order, each put to others of its size until a run is full. */
static void make_runs(unsigned count)
{
	static unsigned open[QUERY_MAX][RUN_MAX], used[QUERY_MAX];
	uint32_t at = 0;

	for (unsigned i = 0; i < count; i++) {
		unsigned len = queries[i].len;

		open[len][used[len]++] = i;
		if (used[len] < run_length)
			continue;
		runs[run_count++] = (struct run){(uint16_t)len, at};
		for (unsigned k = 0; k < run_length; k++, at += len)
			memcpy(bytes + at, queries[open[len][k]].bytes, len);
		used[len] = 0;
	}
}

static int open_sockets(uint16_t port)
{
	struct sockaddr_in sa = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	for (unsigned i = 0; i < socket_count; i++) {
		int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

		if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)))
			return -1;
		sockets[i] = (struct pollfd){.fd = fd, .events = POLLIN};
		since[i] = now();
	}
	return 0;
}

static int ask(unsigned i, double when)
{
	const struct run *run = &runs[turn++ % run_count];
	int size = run->query_len;

	if (setsockopt(sockets[i].fd, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size)) ||
		send(sockets[i].fd, bytes + run->at, run->query_len * run_length, 0) < 0)
		return -1;
	outstanding[i] = run_length;
	since[i] = when;
	return 0;
}

static bool take_answers(unsigned i, double when)
{
	static struct mmsghdr messages[REPLIES];
	static struct iovec iov[REPLIES];
	static uint8_t replies[REPLIES][REPLY_MAX];

	for (unsigned k = 0; k < REPLIES; k++) {
		iov[k] = (struct iovec){replies[k], REPLY_MAX};
		messages[k].msg_hdr = (struct msghdr){.msg_iov = &iov[k], .msg_iovlen = 1};
	}
	int n = recvmmsg(sockets[i].fd, messages, REPLIES, MSG_DONTWAIT, NULL);
	for (int k = 0; k < n; k++)
		answer_bytes += messages[k].msg_len;
	if (n <= 0)
		return false;
	answers += (unsigned)n;
	outstanding[i] -= (unsigned)n < outstanding[i] ? (unsigned)n : outstanding[i];
	since[i] = when;
	return true;
}

/* One look at every socket. False: there was nothing to do. */
static int look(double when)
{
	bool busy = false;

	for (unsigned i = 0; i < socket_count; i++) {
		busy |= take_answers(i, when);
		if (outstanding[i] && when - since[i] > LATE) {
			lost += outstanding[i];
			outstanding[i] = 0;
		}
		if (outstanding[i])
			continue;
		if (ask(i, when))
			return -1;
		busy = true;
	}
	return busy;
}

int main(int argc, char **argv)
{
	if (argc != 5)
		return 2;
	double seconds = atof(argv[2]), start, end;
	int busy;

	socket_count = (unsigned)atoi(argv[3]);
	if (!socket_count || socket_count > SOCKETS_MAX)
		return 2;
	run_length = (unsigned)atoi(argv[4]) / socket_count;
	if (!run_length || run_length > RUN_MAX)
		return 2;
	make_runs(queries_read(queries));
	if (!run_count || open_sockets((uint16_t)atoi(argv[1]))) {
		fprintf(stderr, "flood: no queries, or no sockets\n");
		return 1;
	}
	start = now();
	do {
		end = now();
		busy = look(end);
		if (busy < 0) {
			perror("flood");
			return 1;
		}
		if (!busy)
			poll(sockets, socket_count, (int)(LATE * 1000));
	} while (end - start < seconds);
	if (!answers) {
		fprintf(stderr, "flood: nothing was answered\n");
		return 1;
	}
	printf("answers=%llu lost=%llu seconds=%.6f out=%.0f\n", (unsigned long long)answers, (unsigned long long)lost,
		end - start, (double)answer_bytes / (double)answers);
	return 0;
}
