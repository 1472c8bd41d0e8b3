/* SPDX-License-Identifier: Apache-2.0 */
/* Asks at a fixed rate and tells how long the answers took, from the moment that each query was due:
 *   latency PORT RATE SECONDS <QUERIES     (lines of NAME TYPE; TYPE is A, AAAA or SRV)
 * It never sleeps, so that what is seen is the server's and not its own. Prints percentiles in microseconds. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "t/bench/queries.h"

#define IDS  65536
#define LATE 1000000000u /* nanoseconds after which an answer counts as lost */

static struct bench_query queries[QUERIES_MAX];
static unsigned query_count;

static uint64_t due[IDS]; /* of the queries on their way; 0: none */
static uint32_t *taken;   /* nanoseconds, one an answer */
static size_t taken_count, lost;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int open_socket(uint16_t port)
{
	struct sockaddr_in sa = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), room = 4 << 20;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof(sa))) {
		perror("latency");
		exit(1);
	}
	return fd;
}

static void ask(int fd, uint64_t number, uint64_t when)
{
	uint16_t id = (uint16_t)number;
	uint8_t *q = queries[number % query_count].bytes;

	if (due[id])
		lost++;
	due[id] = when;
	memcpy(q, &id, sizeof(id));
	while (send(fd, q, queries[number % query_count].len, 0) < 0 && errno == EAGAIN)
		continue;
}

static void take_answers(int fd, size_t room)
{
	uint8_t packet[4096];
	uint16_t id;

	while (recv(fd, packet, sizeof(packet), 0) >= 12) {
		memcpy(&id, packet, sizeof(id));
		if (!due[id] || taken_count == room)
			continue;
		uint64_t ns = now() - due[id];
		due[id] = 0;
		if (ns > LATE)
			lost++;
		else
			taken[taken_count++] = (uint32_t)ns;
	}
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static double percentile(double p)
{
	return taken[(size_t)(p * (double)(taken_count - 1))] / 1e3;
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	int fd = open_socket((uint16_t)atoi(argv[1]));
	double rate = atof(argv[2]), seconds = atof(argv[3]);
	size_t count = (size_t)(rate * seconds);

	query_count = queries_read(queries);
	taken = calloc(count + 1, sizeof(*taken));
	if (!taken || !query_count || !count)
		return 1;
	uint64_t start = now(), end = start + (uint64_t)(seconds * 1e9);
	for (size_t sent = 0; sent < count || now() < end + LATE / 2;) {
		uint64_t when = start + (uint64_t)((double)sent * 1e9 / rate);

		if (sent < count && now() >= when)
			ask(fd, sent++, when);
		take_answers(fd, count);
		if (sent == count && taken_count + lost == count)
			break;
	}
	for (unsigned id = 0; id < IDS; id++)
		lost += due[id] != 0;
	if (!taken_count)
		return 1;
	qsort(taken, taken_count, sizeof(*taken), compare);
	printf("answers=%zu lost=%zu median=%.1f p90=%.1f p99=%.1f p999=%.1f p9999=%.1f max=%.1f\n", taken_count, lost,
		percentile(0.5), percentile(0.9), percentile(0.99), percentile(0.999), percentile(0.9999), percentile(1));
	close(fd);
	return 0;
}
