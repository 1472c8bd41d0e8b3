/* SPDX-License-Identifier: Apache-2.0 */
/* The simulation: one cluster, its masters, their faults and what was asked of them. Everything in it is
 * under `lock`, except what is set before the first listener opens and never after. */
#ifndef T_SIM_SIM_H
#define T_SIM_SIM_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "t/sim/cluster.h"
#include "t/sim/document.h"
#include "t/sim/faults.h"
#include "t/sim/play.h"
#include "t/sim/pulse.h"
#include "t/sim/render.h"
#include "t/sim/stream.h"

#define SIM_MASTERS_MAX  9
#define SIM_HOSTPORT_MAX 80

enum sim_document {
	SIM_STATE,
	SIM_SUMMARY,
	SIM_SLAVES,
	SIM_SUBSCRIBED, /* the first record of a stream */
	SIM_GET_STATE,  /* answers of /api/v1 */
	SIM_GET_TASKS,
	SIM_GET_EXECUTORS,
	SIM_GET_FRAMEWORKS,
	SIM_GET_AGENTS,
	SIM_DOCUMENTS
};

/* Whom /api/v1 lets in. */
enum sim_api {
	SIM_API_LIKE_STATE, /* who knows the password, if there is one */
	SIM_API_OPEN,
	SIM_API_FORBIDDEN, /* nobody: 403 */
	SIM_API_NONE,      /* there is no such API: 404 */
};

/* What GET /sim/counters tells, beside the requests of each endpoint. */
#define SIM_COUNTERS(X)                                                                                                \
	X(connections) /* accepted by masters */                                                                       \
	X(requests)    /* to masters */                                                                                \
	X(states)      /* full states sent with 200 */                                                                 \
	X(snapshots)   /* full states at the start of a stream */                                                      \
	X(bytes)       /* of bodies, as sent */                                                                        \
	X(compressed)  /* answers with gzip */                                                                         \
	X(redirects)                                                                                                   \
	X(unauthorized)                                                                                                \
	X(not_modified) /* a master has no conditional requests: always 0 */                                           \
	X(faults)                                                                                                      \
	X(renders)      /* states written anew */                                                                      \
	X(events)       /* changes that a subscriber would be told of */                                               \
	X(events_sent)  /* records put into subscribers' queues for them */                                            \
	X(heartbeats)   /* likewise */                                                                                 \
	X(stream_bytes) /* of streams, as sent */                                                                      \
	X(pushed_out)   /* subscribers that got a last chunk */

#define SIM_TOKEN_MAX 1024

struct http;

struct sim_master {
	unsigned number; /* from 1 */
	char hostport[SIM_HOSTPORT_MAX], host[SIM_HOSTPORT_MAX];
	uint16_t port;
	char id[40];
	uint64_t start, elected; /* microseconds */
	bool refusing;           /* its port is, or will be at once, closed */
	bool silent;             /* its streams say nothing, as if it were stopped */
};

struct sim {
	pthread_mutex_t lock;
	pthread_cond_t wake; /* faults were cleared, or it is over */
	bool stopping;
	char token[SIM_TOKEN_MAX]; /* that requests must have, behind `Authorization: token=`; "": none */

	/* Set before the first request. */
	const char *user, *password; /* NULL: no authentication */
	const char *leader_text;     /* what `leader` says in place of the leading master; NULL: nothing else */

	struct cluster *cluster;
	struct cluster *nobody; /* what a leader knows that has not finished recovery */
	struct document *file;  /* served in place of a generated state; NULL: none */
	struct sim_master masters[SIM_MASTERS_MAX];
	struct http *ports[SIM_MASTERS_MAX]; /* of the masters; see http.h */
	unsigned master_count;
	unsigned leader;        /* number; 0: none is elected */
	bool unready;           /* the leader has not finished recovery */
	uint64_t unready_calls; /* of its API until it has; 0: on command */
	enum sim_api api;
	struct streams streams;
	struct play play; /* what subscribers get in place of the cluster's events; no document: nothing else */
	struct pulse pulse;
	size_t recover_step; /* agents that return after each state served; 0: on command */
	struct faults faults;
	struct document *documents[SIM_DOCUMENTS];
	struct {
#define X(name) uint64_t name;
		SIM_COUNTERS(X)
#undef X
	} counters;
	uint64_t *endpoint_requests; /* by the endpoint's number, see answer.h */
};

/* 0 or ERR_NOMEM. */
int sim_init(struct sim *s);
void sim_fini(struct sim *s);
void sim_lock(struct sim *s);
void sim_unlock(struct sim *s);
/* Ends whatever hangs. Takes the lock itself. */
void sim_stop(struct sim *s);

/* A file as the state, `leader` rewritten if there is a leader_text. ERR_SYSTEM with errno, ERR_NOMEM. */
int sim_load_file(struct sim *s, const char *path);
/* The document as `m` tells it now, with a reference for the caller; NULL if memory is exhausted. */
struct document *sim_document(struct sim *s, const struct sim_master *m, enum sim_document kind);
/* A state went out: the next agents come back, if a failover said so. */
void sim_state_served(struct sim *s);
/* HOST:PORT of the leader as it is told to others; NULL: there is none. */
const char *sim_leader(const struct sim *s);
/* state, open, forbidden or none; ERR_NOTFOUND. */
int sim_parse_api(const char *name, enum sim_api *out);
/* The leader has finished recovery. */
void sim_ready(struct sim *s);
/* Makes master `number` the leader (0: none). With `recovering` agents and frameworks have to come back. The old
 * leader's streams end, unless `keep`. */
void sim_elect(struct sim *s, unsigned number, bool recovering, bool keep);

#endif
