/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to ZooKeeper on the Mesos thread's loop, by Apache's C client, kept from blocking the loop and brought
 * back whatever becomes of the ensemble.
 *
 * Members are tried one after the other in random order; after a round in which none took us comes a pause that grows
 * to ZK_PAUSE_MAX. Their names are looked up by mesos/resolve, anew for each round; the client gets addresses, which it
 * need not look up. Each connection is a session of its own: we own nothing in ZooKeeper that a session would have to
 * be kept for, so an expired one is a lost connection like others. A connection counts once a member has caught up with
 * the ensemble (ZooKeeper's `sync`), so that what is read goes not back in time from one member to another.
 *
 * What the client logs goes to the log at debugging level; the last of its errors is told with our own messages.
 * Neither has secrets.
 *
 * Mesos thread only. Callbacks come from the loop, never from inside a call to this module; they may ask, but must not
 * free the session. */
#ifndef MESOS_ZK_SESSION_H
#define MESOS_ZK_SESSION_H

#include <ev.h>

#include "conf/conf.h"
#include "mesos/resolve.h"

#define ZK_SESSION_MS   6000 /* asked for: a member that is silent for two thirds of it is given up */
#define ZK_CONNECT_TIME 1.5  /* seconds to a TCP connection: one lost packet is borne */
#define ZK_PAUSE_MAX    2.0
#define ZK_TEXT_MAX     200

struct zk_session;

enum zk_state {
	ZK_RESOLVING,  /* no address of any member is known */
	ZK_CONNECTING, /* no member has taken us, or none any more */
	ZK_CONNECTED,
};

struct zk_session_events {
	void *ctx;
	/* A member took us: everything is to be asked anew. */
	void (*connected)(void *ctx);
	/* The connection is lost; what was asked will not be answered. */
	void (*disconnected)(void *ctx);
	/* Something that was asked for has changed since: it is to be asked for anew. */
	void (*changed)(void *ctx);
};

/* `servers`, `user` and `password` are borrowed; user "": no authentication. NULL: out of memory. */
struct zk_session *zk_session_new(struct ev_loop *loop, struct resolver *resolver, const struct conf_endpoints *servers,
	const char *user, const char *password, const struct zk_session_events *events);
/* Ends the session without waiting for anything. */
void zk_session_free(struct zk_session *s);

enum zk_outcome {
	ZK_GOOD,
	ZK_NO_NODE,
	ZK_REFUSED, /* by the node's ACL; it is not watched */
	ZK_TROUBLE, /* of another kind; it is not watched */
};

/* The names of the path's children, borrowed for the call. */
typedef void zk_list_fn(void *ctx, enum zk_outcome outcome, char *const *names, size_t count);
/* The node's bytes, likewise. */
typedef void zk_read_fn(void *ctx, enum zk_outcome outcome, const void *data, size_t len);

/* Ask for the path's children, or for a node's bytes. changed() comes once they are not the same any more; a path
 * without a node is watched for when it is listed, and not when it is read. ERR_NETWORK (there is no connection),
 * ERR_NOMEM, ERR_FORMAT (no path): nothing was asked. */
int zk_session_list(struct zk_session *s, const char *path, zk_list_fn *done, void *ctx);
int zk_session_read(struct zk_session *s, const char *path, zk_read_fn *done, void *ctx);

/* Some host has other addresses now. */
void zk_session_hosts_changed(struct zk_session *s);

struct zk_session_counters {
	uint64_t attempts;    /* to connect, to one member each */
	uint64_t connections; /* that came of them */
	uint64_t losses;      /* of these */
	uint64_t refusals;    /* of our authentication as such */
};

enum zk_state zk_session_state(const struct zk_session *s);
const struct zk_session_counters *zk_session_counters(const struct zk_session *s);
/* The member that we are connected to, address and port; "" if there is none. */
const char *zk_session_server(const struct zk_session *s);
/* Why there is no connection, in words; "" if there is one, or nothing is known yet. */
const char *zk_session_error(const struct zk_session *s);

#endif
