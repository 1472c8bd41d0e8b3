/* SPDX-License-Identifier: Apache-2.0 */
/* What an answer costs without its sockets: nanoseconds, and under callgrind instructions:
 *   answer_cost [KIND [COUNT]]
 *   valgrind --tool=callgrind --toggle-collect=answer_query --callgrind-out-file=/dev/null answer_cost a
 * 10000 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

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
	for (unsigned i = 0; i < count; i++)
		answer_query(&settings, zone_store_read(store), ANSWER_UDP, i * 2654435761u,
			queries[i % 1024], lens[i % 1024], reply, sizeof(reply), &result);
	clock_gettime(CLOCK_MONOTONIC, &end);
	double ns = (double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec);
	printf("%-14s %7.1f ns, reply of %u bytes\n", kind->name, ns / count, result.reply_len);
}

int main(int argc, char **argv)
{
	unsigned count = argc > 2 ? (unsigned)atoi(argv[2]) : 2000000;
	struct zone_store *store;

	if (siphash_init())
		return 1;
	store = make_store();
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (argc < 2 || !strcmp(argv[1], kinds[i].name))
			measure(store, &kinds[i], count);
	zone_store_free(store);
	return 0;
}
