/* SPDX-License-Identifier: Apache-2.0 */
/* Which masters there are, and which of them leads, as ZooKeeper knows it: the children of the masters' path are
 * watched, and read anew at each change. The one with the lowest sequence number leads. A node that vanishes meanwhile,
 * cannot be read or is malformed is left out, and said so; two nodes of one address are one master.
 *
 * While ZooKeeper is away, or refuses us, what was known last stays. Mesos thread only; callbacks come from the loop.
 */
#ifndef MESOS_DETECTOR_H
#define MESOS_DETECTOR_H

#include "mesos/master.h"
#include "mesos/zk_session.h"

#define DETECTOR_MASTERS_MAX 64 /* those with the lowest numbers */

enum detector_state {
	DETECTOR_OFF,        /* `zk` is not set */
	DETECTOR_RESOLVING,  /* no address of ZooKeeper's members is known */
	DETECTOR_CONNECTING, /* none of them takes us */
	DETECTOR_READING,
	DETECTOR_NO_PATH,
	DETECTOR_REFUSED,   /* the path's ACL does not let us read it */
	DETECTOR_NO_LEADER, /* there is no master's node that can be read */
	DETECTOR_LEADER,
	DETECTOR_STATES,
};

/* "off", "resolving", ... */
const char *detector_state_name(enum detector_state state);

struct detector_status { /* a plain value */
	enum detector_state state;
	bool timed_out;             /* no leader for zkDetectionTimeout: see struct detector_sink */
	double since;               /* of `state`, seconds since 1970 */
	uint64_t masters;           /* known, the leader included; maybe not any more, if the state is not LEADER */
	struct mesos_master leader; /* port 0: none was ever known */
	uint64_t leader_changes;
	uint64_t nodes_malformed, nodes_vanished; /* between listing and reading */
	struct zk_session_counters session;
	char server[ZK_TEXT_MAX]; /* the member that we are connected to; "": none */
	char error[ZK_TEXT_MAX];  /* why there is no connection; "": there is one */
};

struct detector_sink {
	void *ctx;
	/* They are others now. The leader first, then by sequence number; 0: ZooKeeper knows none. */
	void (*masters)(void *ctx, const struct mesos_master *masters, size_t count);
	/* Does a master give its state as the leader, or has one done so in the last so many seconds? */
	bool (*is_led)(void *ctx, double seconds);
	/* For zkDetectionTimeout seconds ZooKeeper has named no leader and no master was one. Again after it was one.
	 */
	void (*timed_out)(void *ctx);
};

struct detector;

/* `conf` is borrowed. NULL: out of memory. */
struct detector *detector_new(
	struct ev_loop *loop, struct resolver *resolver, const struct conf *conf, const struct detector_sink *sink);
void detector_free(struct detector *d);

/* Some host has other addresses now. */
void detector_hosts_changed(struct detector *d);
void detector_get_status(const struct detector *d, struct detector_status *out);

#endif
