/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer of all that stands between a master's event stream and the zone: RecordIO, parser, gathering, checks, model,
 * naming, store. The first byte says in which pieces bytes come, the second whether connections are raw bytes (odd) or
 * a record a line, which are framed here. Then come steps, with RS (0x1e) between them, whose first byte says what they
 * are: S a summary, D a state document beside the stream, P a polled state, everything else (C) a connection.
 *
 * After each step the store must be sound, and the zone must be the one that a feed makes of the same elements that
 * knows nothing else. Pieces make no difference. */
#include "t/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "mesos/apply.h"
#include "t/fuzz/zone_check.h"

#define SEPARATOR 0x1e

static char domain[] = "mesos", mname[] = "ns1.mesos.", master0[] = "10.0.0.250";
static struct conf_endpoint masters[] = {{master0, 5050}};
static struct addr listener = {{127, 0, 0, 1}, 4};
static const struct cluster_master leader = {.addrs = {{{10, 0, 0, 250}, 4}}, .addr_count = 1, .port = 5050};

struct side { /* one feed with what leads to it */
	struct conf conf;
	struct zone_store *store;
	struct feed *feed;
	struct apply *apply;
	struct ev_loop *loop;
	char *dump;
	uint64_t wants, lost;
};

static size_t lookup(void *arg, const char *host, size_t len, struct addr *out, size_t room)
{
	return 0;
}

static bool idle(void *arg)
{
	return true;
}

static void want(void *arg, enum apply_want what)
{
	((struct side *)arg)->wants += 1ull << (20 * what);
}

static void side_init(struct side *s)
{
	const struct feed_hosts hosts = {NULL, lookup, idle};

	*s = (struct side){.conf = {.domain = domain,
				   .soa_mname = mname,
				   .ttl = 60,
				   .masters = {masters, 1},
				   .listeners = &listener,
				   .listener_count = 1,
				   .ip_sources = {CONF_IP_NETINFO, CONF_IP_MESOS, CONF_IP_HOST},
				   .ip_source_count = 3,
				   .health_aware = true,
				   .srv_record_default_weight = 1}};
	s->store = zone_check_store(domain);
	s->feed = feed_new(&s->conf, s->store, &hosts, NULL, 0);
	s->loop = ev_loop_new(EVFLAG_NOENV | EVBACKEND_SELECT);
	fuzz_must(s->feed && s->loop, "a feed and a loop", NULL);
	const struct apply_settings settings = {.loop = s->loop, .feed = s->feed, .arg = s, .want = want};
	s->apply = apply_new(&settings);
	s->dump = zone_check_dump(s->store);
}

static void side_fini(struct side *s)
{
	apply_free(s->apply);
	feed_free(s->feed);
	zone_store_free(s->store);
	ev_loop_destroy(s->loop);
	free(s->dump);
}

static int on_begin(void *ctx)
{
	apply_document_begin(((struct side *)ctx)->apply, true);
	return 0;
}

static int on_end(void *ctx, double heartbeat)
{
	return apply_document_end(((struct side *)ctx)->apply, true, &leader);
}

static int on_event(void *ctx, const struct stream_event *event)
{
	return apply_event(((struct side *)ctx)->apply, event);
}

static void on_lost(void *ctx, const char *why)
{
	struct side *s = ctx;

	fuzz_must(!why[strcspn(why, "\n\r\t\x1b")], "a message that is not printable", why);
	s->lost++;
	apply_lost(s->apply);
}

/* Bytes of a connection, in blocks of their own, so that a sanitizer sees what reads past their end. */
static int feed_bytes(struct stream_parser *p, const uint8_t *bytes, size_t len, size_t step)
{
	int rc = 0;

	for (size_t at = 0; at < len && !rc; at += step) {
		size_t n = len - at < step ? len - at : step;
		uint8_t *piece = malloc(n);

		memcpy(piece, bytes + at, n);
		rc = stream_parser_feed(p, piece, n);
		free(piece);
	}
	return rc;
}

static int feed_lines(struct stream_parser *p, const uint8_t *bytes, size_t len, size_t step)
{
	const uint8_t *end = bytes + len, *stop;
	int rc = 0;

	for (; bytes < end && !rc; bytes = stop + 1) {
		char head[24];

		stop = memchr(bytes, '\n', (size_t)(end - bytes));
		stop = stop ? stop : end;
		int n = snprintf(head, sizeof(head), "%zu\n", (size_t)(stop - bytes));
		rc = feed_bytes(p, (const uint8_t *)head, (size_t)n, step);
		if (!rc)
			rc = feed_bytes(p, bytes, (size_t)(stop - bytes), step);
	}
	return rc;
}

static void connection(struct side *s, const uint8_t *bytes, size_t len, size_t step, bool raw)
{
	const struct stream_sink sink = {.ctx = s,
		.snapshot_begin = on_begin,
		.state = apply_document_sink(s->apply),
		.snapshot_end = on_end,
		.event = on_event,
		.lost = on_lost};
	struct stream_parser *p = stream_parser_new(&sink);
	int rc = raw ? feed_bytes(p, bytes, len, step) : feed_lines(p, bytes, len, step);

	fuzz_must(!rc == !*stream_parser_error(p), "an error has words", stream_parser_error(p));
	fuzz_must(rc == 0 || rc == ERR_FORMAT || rc == ERR_LIMIT, "an error of the input", stream_parser_error(p));
	fuzz_must(rc || raw || stream_parser_at_boundary(p), "a line is a record", NULL);
	if (stream_parser_in_snapshot(p))
		apply_document_end(s->apply, false, NULL);
	fuzz_must(stream_parser_counts(p)->bad <= s->lost, "what is bad is told", NULL);
	stream_parser_free(p);
	fuzz_must(!apply_flush(s->apply), "events that were taken can be committed", NULL);
}

/* A document through the state parser. Returns whether it was whole. */
static bool document(const struct state_sink *sink, const uint8_t *bytes, size_t len, size_t step)
{
	struct state_parser *p = state_parser_new(sink);
	int rc = 0;

	for (size_t at = 0; at < len && !rc; at += step)
		rc = state_parser_feed(p, bytes + at, len - at < step ? len - at : step);
	if (!rc)
		rc = state_parser_finish(p);
	state_parser_free(p);
	return !rc;
}

static void step_of(struct side *s, const uint8_t *bytes, size_t len, size_t step, bool raw)
{
	const struct state_sink check = apply_check_sink(s->apply), whole = apply_document_sink(s->apply);

	switch (len ? bytes[0] : 0) {
	case 'S':
	case 'D':
		apply_check_begin(s->apply, bytes[0] == 'S' ? APPLY_SUMMARY : APPLY_STATE);
		apply_check_end(s->apply, document(&check, bytes + 1, len - 1, step));
		break;
	case 'P':
		apply_document_begin(s->apply, false);
		fuzz_must(!apply_document_end(s->apply, document(&whole, bytes + 1, len - 1, step), &leader),
			"a document that was taken can be committed", NULL);
		break;
	case 'C':
		bytes++;
		len--;
		__attribute__((fallthrough));
	default:
		connection(s, bytes, len, step, raw);
	}
}

/* What the elements make in a feed that has known nothing else. */
static void check_rebuild(const struct side *s)
{
	struct cluster_maps maps = feed_maps(s->feed);
	struct cluster_builder builder = {0};
	struct side fresh;

	if (!feed_is_loaded(s->feed))
		return;
	side_init(&fresh);
	struct state_sink sink = feed_sink(fresh.feed);
	feed_document_begin(fresh.feed);
	for (int kind = 0; kind <= CLUSTER_TASK; kind++) {
		struct pmap_iter it = pmap_iter(maps.of[kind]);

		for (const struct cluster_element *e; (e = pmap_next(&it));)
			fuzz_must(!cluster_build_copy(&builder, e) && !sink.element(sink.ctx, &builder),
				"an element can be put in again", NULL);
	}
	fuzz_must(!feed_document_end(fresh.feed, true, &leader), "elements can be committed again", NULL);
	char *dump = zone_check_dump(fresh.store);
	if (strcmp(s->dump, dump) != 0)
		fprintf(stderr, "got:\n%swanted:\n%s", s->dump, dump);
	fuzz_must(!strcmp(s->dump, dump), "the zone is the one of its elements", NULL);
	free(dump);
	cluster_builder_fini(&builder);
	side_fini(&fresh);
}

static void check(struct side *s)
{
	zone_check_snapshot(s->store);
	free(s->dump);
	s->dump = zone_check_dump(s->store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct side whole, pieces;

	if (size < 2)
		return 0;
	log_set_level(LOG_LEVEL_NONE);
	size_t step = 1u + data[0];
	bool raw = data[1] & 1;
	side_init(&whole);
	side_init(&pieces);
	for (const uint8_t *at = data + 2, *end = data + size; at <= end;) {
		const uint8_t *stop = memchr(at, SEPARATOR, (size_t)(end - at));

		stop = stop ? stop : end;
		size_t len = (size_t)(stop - at);
		step_of(&whole, at, len, len + 1, raw);
		step_of(&pieces, at, len, step, raw);
		check(&whole);
		fuzz_must(whole.wants == pieces.wants && whole.lost == pieces.lost, "pieces ask for the same", NULL);
		check_rebuild(&whole);
		at = stop + 1;
	}
	check(&pieces);
	fuzz_must(!strcmp(whole.dump, pieces.dump), "pieces make no difference", NULL);
	side_fini(&whole);
	side_fini(&pieces);
	return 0;
}
