/* SPDX-License-Identifier: Apache-2.0 */
/* What an answer costs without its sockets: nanoseconds, and under callgrind instructions and cache misses:
 *   answer_cost [KIND [COUNT]]    kinds are below
 *   answer_cost scale             by the number of names; `scale NAMES` is 262,144 answers one by one
 *   answer_cost threads           of two threads that answer from one zone
 *   valgrind --tool=callgrind --cache-sim=yes --toggle-collect=query_parse --toggle-collect=answer_query \
 *     --callgrind-out-file=/dev/null answer_cost a 10000 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "t/bench/answer_threads.h"
#include "t/bench/many_names.h"
#include "t/unit/answer_zone.h"

#define TASKS       20000
#define LOCAL_ZONES 100 /* about as many as RFC 6303 has */

static const struct kind {
	const char *name;
	struct ask ask;
	const char *before, *after; /* the number in the name; NULL: ask.name as it stands */
} kinds[] = {
	{"a", {.type = RR_A}, "task-", ".marathon.mesos"},
	{"a-edns", {.type = RR_A, .edns = true, .udp_size = 1232}, "task-", ".marathon.mesos"},
	{"a-mixed-case", {.type = RR_A}, "TaSk-", ".MaraTHON.mEsos"},
	{"srv", {.type = RR_SRV}, "_task-", "._tcp.marathon.mesos"},
	{"a-8", {.type = RR_A, .name = "eight.marathon.mesos"}, NULL, NULL},
	{"srv-8", {.type = RR_SRV, .name = "_eight._tcp.marathon.mesos", .edns = true, .udp_size = 1232}, NULL,
		NULL},
	{"nodata", {.type = RR_AAAA}, "task-", ".marathon.mesos"},
	{"nxdomain", {.type = RR_A}, "none-", ".marathon.mesos"},
	{"outside", {.type = RR_A}, "www-", ".example.com"},
};

static struct zone_store *make_store(void)
{
	char *lines, *at;
	struct zone_store *store;

	lines = at = malloc(TASKS * 160);
	if (!lines)
		abort();
	for (unsigned i = 0; i < TASKS; i++) {
		at += sprintf(at, "task-%u.marathon A 10.%u.%u.1\n", i, i >> 8, i & 255);
		at += sprintf(at, "task-%u-s1.marathon.slave A 10.0.0.1\n", i);
		at += sprintf(at, "_task-%u._tcp.marathon SRV 0 1 31000 task-%u-s1.marathon.slave\n", i, i);
	}
	store = answer_zone_new("mesos", lines);
	for (unsigned i = 0; i < LOCAL_ZONES; i++) {
		char apex[64];

		snprintf(apex, sizeof(apex), "%u.172.in-addr.arpa", i);
		answer_zone_add(store, apex, "@ TXT local");
	}
	for (unsigned i = 0; i < 8; i++) {
		sprintf(lines,
			"eight.marathon A 10.9.0.%u\n_eight._tcp.marathon SRV 0 1 31000 "
			"eight-%u.marathon.slave\n"
			"eight-%u.marathon.slave A 10.8.0.%u\n",
			i, i, i, i);
		answer_zone_change(store, 0, "mesos", lines, 1);
	}
	free(lines);
	return store;
}

static void measure(struct zone_store *store, const struct kind *kind, unsigned count)
{
	static const struct answer_settings settings = {.edns_udp_size = 1232, .set_truncate_bit = true};
	static uint8_t queries[1024][512], reply[4096];
	size_t lens[1024];
	struct timespec start, end;
	struct answer_result result;
	struct query query;

	for (unsigned i = 0; i < 1024; i++) {
		struct ask ask = kind->ask;
		char name[64];

		if (kind->before) {
			snprintf(name, sizeof(name), "%s%u%s", kind->before, i * 17 % TASKS, kind->after);
			ask.name = name;
		}
		lens[i] = ask_write(&ask, queries[i]);
	}
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (unsigned i = 0; i < count; i++) {
		query_parse(&query, queries[i % 1024], lens[i % 1024]);
		answer_query(&settings, zone_store_read(store), ANSWER_UDP, i * 2654435761u, &query, reply,
			sizeof(reply), &result);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	double ns = (double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec);
	printf("answer: %s: ns=%.1f, bytes out=%u\n", kind->name, ns / count, result.reply_len);
}

/* How the size of the zone tells: random names out of 100 to 1,000,000, one by one and in batches as the workers have
 * them. */
#define BATCH 32

static double scale(const struct zone_snapshot *snapshot, const uint8_t *packets, size_t batch)
{
	static const struct answer_settings settings = {.edns_udp_size = 1232, .set_truncate_bit = true};
	static struct query queries[BATCH];
	static uint8_t reply[4096];
	struct answer_result result;
	struct timespec start, end;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (size_t at = 0; at < MANY_QUERIES; at += batch) {
		for (size_t i = 0; i < batch; i++) {
			const uint8_t *packet = packets + (at + i) * MANY_SIZE;

			query_parse(&queries[i], packet + 1, packet[0]);
			answer_prefetch(snapshot, &queries[i], 0);
		}
		for (unsigned step = 1; batch > 1 && step < ANSWER_PREFETCH_STEPS; step++)
			for (size_t i = 0; i < batch; i++)
				answer_prefetch(snapshot, &queries[i], step);
		for (size_t i = 0; i < batch; i++) {
			answer_query(&settings, snapshot, ANSWER_UDP, 0, &queries[i], reply, sizeof(reply), &result);
			if (result.rcode || !result.reply_len)
				abort();
		}
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	return ((double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec)) / MANY_QUERIES;
}

static void measure_scale(unsigned names, bool all)
{
	struct zone_store *store = many_names(names);
	uint8_t *packets = many_queries(names);
	const struct zone_snapshot *snapshot = zone_store_read(store);

	if (all)
		scale(snapshot, packets, BATCH); /* so that all is there that can be */
	printf("names: %u: ns one by one=%.1f", names, scale(snapshot, packets, 1));
	if (all)
		printf(", ns in batches of %d=%.1f", BATCH, scale(snapshot, packets, BATCH));
	printf("\n");
	free(packets);
	zone_store_free(store);
}

int main(int argc, char **argv)
{
	unsigned count = argc > 2 ? (unsigned)atoi(argv[2]) : 2000000;
	struct zone_store *store;

	if (siphash_init())
		return 1;
	if (argc > 2 && !strcmp(argv[1], "scale")) {
		measure_scale(count, false);
		return 0;
	}
	store = make_store();
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (argc < 2 || !strcmp(argv[1], kinds[i].name))
			measure(store, &kinds[i], count);
	zone_store_free(store);
	if (argc < 2 || !strcmp(argv[1], "scale"))
		for (unsigned names = 100; names <= 1000000; names *= 10)
			measure_scale(names, true);
	if (argc < 2 || !strcmp(argv[1], "threads"))
		answer_threads_measure();
	return 0;
}
