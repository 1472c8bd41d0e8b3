/* SPDX-License-Identifier: Apache-2.0 */
/* A ZooKeeper on the test's own loop, on a free port of 127.0.0.1: one path with children, and what goes wrong with
 * them. It speaks as much of the protocol as a detector of masters needs. */
#ifndef T_UNIT_FAKE_ZK_H
#define T_UNIT_FAKE_ZK_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_ZK_NODES 128

enum fake_zk_mode {
	FAKE_ZK_GOOD,
	FAKE_ZK_HANGS_UP, /* on each connection */
	FAKE_ZK_HTTP,     /* it is something else */
	FAKE_ZK_NO_AUTH,  /* no authentication is good enough */
	FAKE_ZK_NO_SYNC,  /* it hangs up when it is asked to catch up */
};

struct fake_zk_node {
	char name[64];
	const char *data; /* NULL: a node without bytes */
	size_t len;
	int err; /* what reading it comes to; 0: its bytes */
};

struct fake_zk_conn;

struct fake_zk {
	struct ev_loop *loop;
	ev_io io;
	uint16_t port;
	struct fake_zk_conn *conns;
	enum fake_zk_mode mode;
	const char *path; /* NULL: it is not there */
	struct fake_zk_node nodes[FAKE_ZK_NODES];
	size_t count;
	int list_err; /* what listing comes to; 0: the nodes */
	/* Called before a request is answered, so that a test can change things between two; may be NULL. */
	void (*before)(struct fake_zk *zk, int op);
	unsigned connections, sessions, lists, reads, exists, syncs, closes;
	char auth[64]; /* the last that was shown */
};

enum { FAKE_ZK_EXISTS = 3, FAKE_ZK_READ = 4, FAKE_ZK_LIST = 8, FAKE_ZK_SYNC = 9, FAKE_ZK_CLOSE = -11 };

void fake_zk_start(struct fake_zk *zk, struct ev_loop *loop);
void fake_zk_stop(struct fake_zk *zk);
/* A text for a node's bytes, kept by reference. */
struct fake_zk_node *fake_zk_add(struct fake_zk *zk, const char *name, const char *data);
/* Tells all clients that the children are others (type 4), or that the path has come (1). */
void fake_zk_tell(struct fake_zk *zk, int type);
/* Cuts all connections. */
void fake_zk_cut(struct fake_zk *zk);

#endif
