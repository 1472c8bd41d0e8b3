/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer of all that stands between a master's bytes and the zone: parser, model, naming, store. Three bytes
 * choose the configuration, the pieces that a document comes in, and which names of hosts are known; then
 * come documents, with RS (0x1e, which JSON has not) between them.
 *
 * After each document the store must be sound (t/fuzz/zone_check.h); one that was refused has changed
 * nothing, and one that was taken in has led, once all that it does not name was given up, to the zone that a feed
 * makes of it that knows nothing else. */
#include "t/fuzz/fuzz.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "mesos/feed.h"
#include "t/fuzz/zone_check.h"

#define SEPARATOR 0x1e

static char master0[] = "10.0.0.250", master1[] = "master.example";
static struct conf_endpoint masters[] = {{master0, 5050}, {master1, 5050}};
static struct addr listeners[] = {{{127, 0, 0, 1}, 4}, {{0}, 4}};
static const struct addr local[] = {{{10, 0, 0, 9}, 4}, {{0x20, 1, 0xd, 0xb8}, 16}};

struct run {
	struct conf conf;
	uint8_t pieces;
	bool hosts_known; /* else they are asked for still */
	uint32_t random;
};

struct cluster {
	struct zone_store *store;
	struct feed *feed;
	struct cluster_master leader; /* as the document under way names it */
	double now;
	char *dump;                   /* of the zone as it is */
};

static void configure(struct conf *conf, uint8_t choice)
{
	static const enum conf_ip_source sources[][CONF_IP_SOURCES_MAX] = {{CONF_IP_NETINFO, CONF_IP_MESOS},
		{CONF_IP_AUTO}, {CONF_IP_DOCKER, CONF_IP_MESOS, CONF_IP_NETINFO},
		{CONF_IP_HOST}}; /* what is not named is the host */
	static char domain[] = "mesos",
		    long_domain[] =
			    "a23456789012345678901234567890123456789012345678901234567890123."
			    "b23456789012345678901234567890123456789012345678901234567890123.c23456789.mesos";
	static char mname[] = "ns1.mesos.";

	*conf = (struct conf){.domain = choice & 64 ? long_domain : domain,
		.soa_mname = mname,
		.ttl = 60,
		.masters = {masters, 2},
		.listeners = listeners,
		.listener_count = 2,
		.ip_source_count = CONF_IP_SOURCES_MAX,
		.enforce_rfc952 = choice & 4,
		.health_aware = choice & 8,
		.srv_record_default_weight = 1};
	memcpy(conf->ip_sources, sources[choice & 3], sizeof(conf->ip_sources));
}

/* A name's addresses: up to three, by its letters. */
static size_t lookup(void *arg, const char *host, size_t len, struct addr *out, size_t room)
{
	const struct run *run = arg;
	size_t count = host[len - 1] % 4u;

	if (!run->hosts_known)
		return 0;
	for (size_t i = 0; i < count && i < room; i++)
		out[i] = i == 2 ? (struct addr){{0x20, 1, 0xd, 0xb8, [15] = (uint8_t)host[0]}, 16}
				: (struct addr){{192, 0, 2, (uint8_t)(host[0] + i)}, 4};
	return count < room ? count : room;
}

static bool idle(void *arg)
{
	return ((const struct run *)arg)->hosts_known;
}

static int take_leader(void *arg, const char *text, size_t len)
{
	struct cluster *c = arg;
	const char *host;
	size_t host_len;

	c->leader = (struct cluster_master){0};
	if (!cluster_parse_pid(text, len, &host, &host_len, &c->leader.port))
		c->leader.addr_count = !addr_parse(&c->leader.addrs[0], host, host_len);
	return 0;
}

/* The feed's sink, with the leader besides. */
struct sink {
	struct state_sink feed;
	struct cluster *cluster;
};

static int on_leader(void *arg, const char *text, size_t len)
{
	return take_leader(((struct sink *)arg)->cluster, text, len);
}

static int on_element(void *arg, struct cluster_builder *builder)
{
	struct sink *sink = arg;

	/* One that is inactive and has no pid keeps the one that it had in the document before. */
	if (builder->element->kind == CLUSTER_FRAMEWORK)
		builder->framework->active = 1;
	return sink->feed.element(sink->feed.ctx, builder);
}

static void on_skipped(void *arg, enum state_skip reason, const char *text)
{
	struct sink *sink = arg;

	fuzz_must(!text[strcspn(text, "\n\r\t\x1b")], "a message that is not printable", text);
	sink->feed.skipped(sink->feed.ctx, reason, text);
}

static int on_master_id(void *arg, const char *id, size_t len)
{
	struct sink *sink = arg;

	return sink->feed.master_id(sink->feed.ctx, id, len);
}

static int on_recovered_list(void *arg)
{
	struct sink *sink = arg;

	return sink->feed.recovered_list(sink->feed.ctx);
}

static int on_recovered(void *arg, const char *id, size_t len)
{
	struct sink *sink = arg;

	return sink->feed.recovered_agent(sink->feed.ctx, id, len);
}

static int on_completed(void *arg, const char *id, size_t len)
{
	struct sink *sink = arg;

	return sink->feed.completed_framework(sink->feed.ctx, id, len);
}

static int on_timeout(void *arg, const char *text, size_t len)
{
	struct sink *sink = arg;

	return sink->feed.reregister_timeout(sink->feed.ctx, text, len);
}

static int on_registry(void *arg, const char *text, size_t len)
{
	struct sink *sink = arg;

	return sink->feed.registry(sink->feed.ctx, text, len);
}

static double now(void *arg)
{
	return ((struct cluster *)arg)->now;
}

/* Lets time pass until nothing is waited for. Returns whether it came to that: a framework that has orphans stays. */
static bool settle(struct cluster *c)
{
	double end = c->now + 2 * RETENTION_TIMEOUT_MAX;
	struct feed_counters counters;

	while (!isinf(feed_due_in(c->feed)) && c->now < end) {
		c->now += feed_due_in(c->feed);
		feed_tick(c->feed);
	}
	feed_get_counters(c->feed, &counters);
	fuzz_must(!counters.retention.agents, "agents are waited for without end", NULL);
	return !counters.retention.frameworks;
}

static void cluster_init(struct cluster *c, struct run *run)
{
	const struct feed_hosts hosts = {run, lookup, idle};

	*c = (struct cluster){.store = zone_check_store(run->conf.domain)};
	c->feed = feed_new(&run->conf, c->store, &hosts, local, 2);
	fuzz_must(c->feed != NULL, "a feed", NULL);
	feed_set_clock(c->feed, &(struct feed_clock){now, c});
	c->dump = zone_check_dump(c->store);
}

static void cluster_fini(struct cluster *c)
{
	feed_free(c->feed);
	zone_store_free(c->store);
	free(c->dump);
}

static size_t next_piece(struct run *run, size_t left)
{
	if (!run->pieces)
		return left;
	run->random = run->random * 1664525 + 1013904223;
	size_t size = 1 + (run->random >> 16) % run->pieces;
	return size < left ? size : left;
}

/* Returns whether the document was taken in. */
static bool take_document(struct cluster *c, struct run *run, const uint8_t *text, size_t len, bool whole)
{
	struct sink ctx = {feed_sink(c->feed), c};
	const struct state_sink sink = {
		.ctx = &ctx, .leader = on_leader, .element = on_element, .master_id = on_master_id,
		.recovered_list = on_recovered_list, .recovered_agent = on_recovered,
		.completed_framework = on_completed, .reregister_timeout = on_timeout, .registry = on_registry, .skipped = on_skipped};
	struct state_parser *parser = state_parser_new(&sink);
	int err = 0;

	c->leader = (struct cluster_master){0};
	feed_document_begin(c->feed);
	for (size_t at = 0, size; at < len && !err; at += size) {
		size = whole ? len : next_piece(run, len - at);
		uint8_t *piece =
			malloc(size); /* of its own, so that a sanitizer sees what reads past its end */

		memcpy(piece, text + at, size);
		err = state_parser_feed(parser, piece, size);
		free(piece);
	}
	if (!err)
		err = state_parser_finish(parser);
	fuzz_must(!err == !*state_parser_error(parser), "an error without words, or words without one",
		state_parser_error(parser));
	fuzz_must(feed_document_end(c->feed, !err, &c->leader) == 0, "a sound document is taken in", NULL);
	state_parser_free(parser);
	return !err;
}

/* Compares with what was before. */
static void check(struct cluster *c, uint32_t serial_before)
{
	char *before = c->dump;
	uint32_t serial = zone_store_read(c->store)->serial;

	zone_check_snapshot(c->store);
	c->dump = zone_check_dump(c->store);
	if (serial_before)
		fuzz_must((serial == serial_before) == !strcmp(c->dump, before),
			"a new serial without a change, or the other way", NULL);
	if (serial_before && serial != serial_before)
		zone_check_journal(c->store, serial_before, before, c->dump);
	free(before);
}

static void check_refused(struct cluster *c, uint32_t serial_before)
{
	char *dump = zone_check_dump(c->store);

	fuzz_must(!strcmp(dump, c->dump), "a refused document changed the zone", NULL);
	fuzz_must(zone_store_read(c->store)->serial == serial_before, "a refused document changed the serial",
		NULL);
	free(dump);
}

static void check_fresh(const struct cluster *c, struct run *run, const uint8_t *text, size_t len)
{
	struct cluster fresh;
	struct feed_counters counters, wanted;

	cluster_init(&fresh, run);
	fuzz_must(take_document(&fresh, run, text, len, true), "a document is only good in pieces", NULL);
	feed_stop_waiting(fresh.feed);
	check(&fresh, 0);
	if (strcmp(c->dump, fresh.dump) != 0)
		fprintf(stderr, "got:\n%swanted:\n%s", c->dump, fresh.dump);
	fuzz_must(
		!strcmp(c->dump, fresh.dump), "a document led to another zone than it does by itself", NULL);
	feed_get_counters(c->feed, &counters);
	feed_get_counters(fresh.feed, &wanted);
	fuzz_must(!memcmp(counters.skipped, wanted.skipped, sizeof(wanted.skipped)),
		"counts of what was skipped", NULL);
	fuzz_must(!memcmp(counters.left_out, wanted.left_out, sizeof(wanted.left_out)),
		"counts of what was left out", NULL);
	fuzz_must(!memcmp(&counters.elements, &wanted.elements, sizeof(wanted.elements)),
		"counts of elements", NULL);
	cluster_fini(&fresh);
}

/* `hosts` is one bit a document, and one for the time behind it: are names of hosts known? */
static void run_document(struct cluster *c, struct run *run, const uint8_t *text, size_t len, unsigned hosts)
{
	uint32_t serial = zone_store_read(c->store)->serial;

	run->hosts_known = hosts & 1;
	if (!take_document(c, run, text, len, false)) {
		check_refused(c, serial);
		return;
	}
	if (feed_is_waiting(c->feed))
		fuzz_must(!zone_store_read(c->store)->zones[0].node, "a zone is served that waits for names",
			NULL);
	feed_stop_waiting(c->feed);
	fuzz_must(feed_is_loaded(c->feed), "a document was taken in, and the zone is not served", NULL);
	bool settled = settle(c);
	check(c, serial);
	if (!settled)
		return;
	check_fresh(c, run, text, len);
	if (run->hosts_known == (bool)(hosts & 2))
		return;
	serial = zone_store_read(c->store)->serial;
	run->hosts_known = hosts & 2;
	feed_hosts_changed(c->feed);
	check(c, serial);
	check_fresh(c, run, text, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t nothing[] = "{\"slaves\":[],\"frameworks\":[]}";
	struct run run = {0};
	struct cluster c;
	unsigned hosts;

	if (size < 3)
		return 0;
	log_set_level(LOG_LEVEL_ERROR);
	configure(&run.conf, data[0]);
	run.pieces = data[1];
	hosts = data[2];
	cluster_init(&c, &run);
	for (const uint8_t *at = data + 3, *end = data + size; at <= end;) {
		const uint8_t *stop = memchr(at, SEPARATOR, (size_t)(end - at));

		stop = stop ? stop : end;
		run_document(&c, &run, at, (size_t)(stop - at), hosts);
		hosts = hosts >> 1 | hosts << 7;
		at = stop + 1;
	}
	run_document(&c, &run, nothing, sizeof(nothing) - 1, hosts);
	cluster_fini(&c);
	return 0;
}
