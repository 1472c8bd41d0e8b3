/* SPDX-License-Identifier: Apache-2.0 */
/* A feed that follows an event stream: bytes through the real parser and mesos/apply, with a loop that only runs where
 * a test says so. */
#ifndef T_UNIT_STREAM_H
#define T_UNIT_STREAM_H

#include "t/unit/feed.h"

#include "mesos/apply.h"
#include "mesos/stream_parse.h"

struct player {
	struct rig *rig;
	struct ev_loop *loop;
	struct apply *apply;
	struct stream_parser *parser; /* of the connection; NULL: there is none */
	unsigned wants[3];            /* by enum apply_want */
	unsigned snapshots, heartbeats, lost;
	double heartbeat;
	char why[200]; /* the last event was lost */
};

static int play_snapshot_begin(void *arg)
{
	apply_document_begin(((struct player *)arg)->apply, true);
	return 0;
}

static int play_snapshot_end(void *arg, double heartbeat)
{
	struct player *p = arg;

	p->snapshots++;
	p->heartbeat = heartbeat;
	return apply_document_end(p->apply, true, &p->rig->leader);
}

static int play_event(void *arg, const struct stream_event *event)
{
	return apply_event(((struct player *)arg)->apply, event);
}

static int play_heartbeat(void *arg)
{
	((struct player *)arg)->heartbeats++;
	return 0;
}

static void play_lost(void *arg, const char *why)
{
	struct player *p = arg;

	p->lost++;
	snprintf(p->why, sizeof(p->why), "%s", why);
	apply_lost(p->apply);
}

static void play_want(void *arg, enum apply_want what)
{
	((struct player *)arg)->wants[what]++;
}

static inline struct player *player_of(struct rig *rig)
{
	struct player *p = calloc(1, sizeof(*p));

	p->rig = rig;
	p->loop = ev_loop_new(EVFLAG_NOENV | EVBACKEND_SELECT);
	assert_non_null(p->loop);
	const struct apply_settings settings = {.loop = p->loop, .feed = rig->feed, .arg = p, .want = play_want};
	p->apply = apply_new(&settings);
	assert_non_null(p->apply);
	rig->leader = (struct cluster_master){.addrs = {{{127, 0, 0, 1}, 4}}, .addr_count = 1, .port = 15050};
	return p;
}

static inline struct player *player_new(void)
{
	return player_of(rig_new());
}

/* A new connection. */
static inline void play_connect(struct player *p)
{
	const struct stream_sink sink = {.ctx = p,
		.snapshot_begin = play_snapshot_begin,
		.state = apply_document_sink(p->apply),
		.snapshot_end = play_snapshot_end,
		.event = play_event,
		.heartbeat = play_heartbeat,
		.lost = play_lost};

	assert_null(p->parser);
	p->parser = stream_parser_new(&sink);
	assert_non_null(p->parser);
}

/* The connection ends, as a source has it. */
static inline void play_disconnect(struct player *p)
{
	if (p->parser && stream_parser_in_snapshot(p->parser))
		apply_document_end(p->apply, false, NULL);
	stream_parser_free(p->parser);
	p->parser = NULL;
}

static inline void player_free(struct player *p)
{
	struct rig *rig = p->rig;

	play_disconnect(p);
	apply_free(p->apply);
	ev_loop_destroy(p->loop);
	free(p);
	rig_free(rig);
}

/* Bytes of the connection. Each is a block of its own, so that the sanitizer sees a read beyond it. */
static inline int play(struct player *p, const char *bytes, size_t len)
{
	char *piece = malloc(len ? len : 1);

	memcpy(piece, bytes, len);
	int rc = stream_parser_feed(p->parser, piece, len);
	free(piece);
	return rc;
}

/* One record. */
static inline int play_record(struct player *p, const char *json, size_t len)
{
	char head[24];
	int head_len = snprintf(head, sizeof(head), "%zu\n", len);
	int rc = play(p, head, (size_t)head_len);

	return rc ? rc : play(p, json, len);
}

static inline int play_text(struct player *p, const char *json)
{
	return play_record(p, json, strlen(json));
}

/* A state document as a check. */
static inline int play_check_sink(struct player *p, const char *text, size_t len)
{
	const struct state_sink sink = apply_check_sink(p->apply);
	struct state_parser *parser = state_parser_new(&sink);
	int rc = state_parser_feed(parser, text, len);

	if (!rc)
		rc = state_parser_finish(parser);
	state_parser_free(parser);
	return apply_check_end(p->apply, !rc);
}

static inline int play_check(struct player *p, enum apply_check check, const char *text, size_t len)
{
	apply_check_begin(p->apply, check);
	return play_check_sink(p, text, len);
}

#endif
