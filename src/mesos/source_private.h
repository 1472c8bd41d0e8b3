/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of source share: source.c has its life (rounds, how long until the next, who leads), source_poll.c
 * asks a master for its state, source_stream.c for its events, source_check.c for what is compared beside them. Mesos
 * thread only. */
#ifndef MESOS_SOURCE_PRIVATE_H
#define MESOS_SOURCE_PRIVATE_H

#include "mesos/iam.h"
#include "mesos/leaderwatch.h"
#include "mesos/round.h"
#include "mesos/source.h"
#include "mesos/state_fetch.h"
#include "mesos/stream_fetch.h"

#define SOURCE_TAG   "mesos"
#define SOURCE_HEAVY (1u << 20) /* bytes in vain after which the next try can wait */

struct source {
	struct ev_loop *loop;
	struct source_sink sink;
	struct source_counters counters;
	struct fetcher *fetcher;
	struct round round;
	struct leaderwatch watch;
	struct iam iam;            /* account NULL: not wanted */
	bool logging_in;           /* a round waits for it */
	uint64_t refusals;         /* answers 401 and 403 when the token was last in doubt */
	enum conf_state_source way;
	struct source_timing timing;
	double refresh, timeout;
	double patience; /* seconds of silence that a master has now */

	/* source.c */
	ev_timer timer;                /* the next round */
	double started;                /* the round, on the monotonic clock */
	bool again;                    /* another round was asked for meanwhile */
	bool silence, heavy;           /* in this round: someone was too silent; much data was moved in vain */
	unsigned backoff;              /* failed rounds in a row, as a power of two */
	struct mesos_master announced; /* the leader, as ZooKeeper said last; port 0: none */
	struct log_limit round_limit, fallback_limit, lost_limit, check_limit;
	struct addr leader_addr; /* of the last document or stream */
	uint16_t leader_port;

	/* source_poll.c */
	struct state_fetch poll;
	unsigned paths_tried;

	/* source_stream.c */
	struct stream_fetch stream;
	bool open;            /* a snapshot was begun and not ended */
	double live_since;    /* on the monotonic clock */
	unsigned short_lives; /* streams in a row that ended early */
	ev_timer drop;        /* the stream was asked to be left */

	/* source_check.c */
	struct state_fetch check;
	enum apply_check checking;
	ev_timer due[2];   /* the next check, by enum apply_check */
	double checked[2]; /* when the last one began, on the monotonic clock */
};

void source_schedule(struct source *s, double delay);
/* The round has found this leader; `silence`: its longest, in seconds. */
void source_found(struct source *s, enum source_state state, const char *host, uint16_t port, double silence);
/* What host and port of a leader come to, who is the one that is asked. */
struct addr source_address_of(const struct source *s, const char *host);
/* Seconds of silence that the asked one has. */
double source_patience(const struct source *s, const struct endpoint *master);
/* The round ended, and nobody was good or what came could not be taken. */
void source_round_failed(struct source *s);
/* Another master leads: who is asked or streams is left, and a round begins. */
void source_go_to_leader(struct source *s);

#endif
