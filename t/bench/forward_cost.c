/* SPDX-License-Identifier: Apache-2.0 */
/* What an answer from the cache costs without its sockets: nanoseconds, and under callgrind instructions:
 *   forward_cost [KIND [COUNT]]
 *   valgrind --tool=callgrind --toggle-collect="answer*" --callgrind-out-file=/dev/null forward_cost a 10000
 * `check` is what it costs to read the reply when it comes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/siphash.h"
#include "forward/cache.h"
#include "t/unit/packet.h"
#include "zone/snapshot.h"

#define NAMES   10000
#define QUERIES 1024

static const struct kind {
	const char *name;
	uint16_t type;
	unsigned aliases, records;
	bool edns, negative, check;
} kinds[] = {
	{"a", RR_A, 0, 1, false, false, false},
	{"a-edns", RR_A, 0, 1, true, false, false},
	{"a-8", RR_A, 0, 8, true, false, false},
	{"cname-2-a-4", RR_A, 2, 4, true, false, false},
	{"nodata", RR_AAAA, 0, 0, false, true, false},
	{"check", RR_A, 0, 1, true, false, true},
	{"check-2-a-4", RR_A, 2, 4, true, false, true},
};

static struct packet packet;
static struct packet_client clients[QUERIES];

static void write_reply(const struct kind *kind, unsigned i)
{
	char name[64], at[3], owner[3] = PACKET_QUESTION;

	sprintf(name, "www-%u.example.com.", i);
	packet_begin(&packet, FLAG_RA | FLAG_RD, name, kind->type);
	for (unsigned n = 0; n < kind->aliases; n++) {
		sprintf(name, "alias-%u-%u.example.net.", n, i);
		size_t record = packet_add_name(&packet, 0, owner, RR_CNAME, 300, 0, name);
		memcpy(owner, packet_pointer(at, record + 12), 3);
	}
	for (unsigned n = 0; n < kind->records; n++)
		packet_add_a(&packet, 0, owner, 300, n);
	if (kind->negative)
		packet_add_soa(&packet, PACKET_QUESTION, 300, 300);
	packet_add_opt(&packet, 0);
}

__attribute__((noinline)) static size_t answer(
	struct cache *cache, const uint8_t *bytes, size_t len, struct message_terms terms, uint8_t *reply)
{
	struct query query;

	query_parse(&query, bytes, len);
	if (query.rcode)
		abort();
	struct cache_key key = {query.name, query.name_len, query.qtype, query.qclass, query.dnssec_ok,
		query.flags & FLAG_CD};
	const struct message *m = cache_find(cache, &key, 107, false, &terms.age);
	if (!m)
		abort();
	terms.query = &query;
	return message_compose(m, &terms, reply);
}

__attribute__((noinline)) static size_t check(void)
{
	struct message *m;

	if (message_check(packet.bytes, packet.len, packet.question, packet.question_len, &m))
		abort();
	size_t len = m->len;
	message_free(m);
	return len;
}

static void measure(const struct kind *kind, unsigned count)
{
	static const struct cache_settings settings = {.entries = NAMES * 4};
	struct cache *cache = cache_new(&settings);
	struct timespec start, end;
	static uint8_t reply[4096];
	size_t len = 0;

	for (unsigned i = 0; cache && i < NAMES; i++) {
		struct message *m;

		write_reply(kind, i);
		struct packet_client *c = &clients[i % QUERIES];
		packet_ask(c, packet.question, packet.question_len, FLAG_RD, kind->edns, false);
		c->terms.random = i * 2654435761u;
		struct cache_key key = {c->query.name, c->query.name_len, kind->type, 1, false, false};
		if (packet_check(&packet, &m))
			abort();
		cache_put(cache, &key, m, 100);
	}
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (unsigned i = 0; i < count; i++) {
		const struct packet_client *c = &clients[i % QUERIES];

		if (kind->check)
			len = check();
		else
			len = answer(cache, c->bytes,
				DNS_HEADER + c->query.question_len + (kind->edns ? 11 : 0), c->terms, reply);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	double ns = (double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec);
	printf("answer from the cache: %s: ns=%.1f, bytes out=%zu\n", kind->name, ns / count, len);
	cache_free(cache);
}

int main(int argc, char **argv)
{
	unsigned count = argc > 2 ? (unsigned)atoi(argv[2]) : 2000000;

	if (siphash_init())
		return 1;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (argc < 2 || !strcmp(argv[1], kinds[i].name))
			measure(&kinds[i], count);
	return 0;
}
