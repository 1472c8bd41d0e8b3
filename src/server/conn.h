/* SPDX-License-Identifier: Apache-2.0 */
/* TCP connections of one worker: which there are, how long each may do what it does, and which has to go when
 * there are too many. Knows nothing of what is said on them; see tcp.h. Inside server/. */
#ifndef SERVER_CONN_H
#define SERVER_CONN_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>
#include <urcu/list.h>

#include "base/addr.h"

#define CONN_MESSAGE_MAX 4096 /* longer queries are not taken whole: no honest one is */
#define CONN_BUCKETS     256

enum conn_state {
	CONN_IDLE,    /* owes nothing, is owed nothing */
	CONN_READING, /* has sent part of a query */
	CONN_WAITING, /* is owed replies that are still to come from elsewhere */
	CONN_WRITING, /* has to take replies */
	CONN_STATES,
};

/* A connection that may have ended when it is wanted again. */
struct conn_ref {
	uint32_t slot, generation;
};

struct conn {
	ev_io io; /* first: it is found by its watcher */
	struct conn_table *table;
	struct cds_list_head in_state, in_bucket;
	enum conn_state state;
	ev_tstamp since; /* in this state */
	struct addr peer;
	uint32_t slot;
	unsigned waiting; /* queries whose replies come later */
	bool closing;     /* as soon as the replies are gone */
	uint8_t *pending; /* replies that the peer has not taken yet, owned */
	size_t pending_at, pending_len;
	size_t in_used;
	uint8_t in[2 + CONN_MESSAGE_MAX];
};

struct conn_limits {
	unsigned total, per_address;
	ev_tstamp state[CONN_STATES]; /* the longest time in it, seconds; 0: any */
};

struct conn_slot {
	struct conn *conn; /* NULL: free */
	uint32_t generation, next_free;
};

struct conn_table {
	struct ev_loop *loop;
	struct conn_limits limits;
	struct conn_slot *slots; /* as many as connections may be open, owned */
	uint32_t free_slot;
	unsigned open;
	size_t pending; /* bytes, of all connections */
	ev_timer sweep;
	struct cds_list_head states[CONN_STATES];   /* oldest first */
	struct cds_list_head buckets[CONN_BUCKETS]; /* by address */
	struct server_counters *counters;
};

/* 0 or ERR_NOMEM. */
int conn_table_init(struct conn_table *table, struct ev_loop *loop, const struct conn_limits *limits,
	struct server_counters *counters);
/* Closes all connections. */
void conn_table_fini(struct conn_table *table);

/* A connection for the accepted socket, idle; `on_event` gets its events. If there are too many, in all or of
 * this address, the one that has been idle longest is closed for it. NULL: there is no place; the socket is
 * closed. */
struct conn *conn_open(struct conn_table *table, int fd, const struct addr *peer,
	void (*on_event)(struct ev_loop *, ev_io *, int));
/* Closes and frees it. */
void conn_close(struct conn *conn);
struct conn_ref conn_reference(const struct conn *conn);
/* The connection, or NULL if it was closed. */
struct conn *conn_find(const struct conn_table *table, struct conn_ref ref);
/* Puts it into a state, from now on. */
void conn_enter(struct conn *conn, enum conn_state state);
/* Closes the connection that has been idle longest, for its descriptor. False: none is idle. */
bool conn_evict_idle(struct conn_table *table);

#endif
