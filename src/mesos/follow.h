/* SPDX-License-Identifier: Apache-2.0 */
/* The Mesos thread: one event loop on which the leading master is followed, host names are looked up and the zone is
 * kept. All functions are for one controlling thread. */
#ifndef MESOS_FOLLOW_H
#define MESOS_FOLLOW_H

#include "conf/conf.h"
#include "mesos/detector.h"
#include "mesos/feed.h"
#include "mesos/source.h"
#include "zone/store.h"

struct follow;

struct follow_settings {
	const struct conf *conf; /* borrowed, like the store and the addresses */
	struct zone_store *store;
	const char *state_file;   /* NULL, or the document to take instead of a master's */
	const struct addr *local; /* this host's addresses */
	size_t local_count;
	/* Called on the thread, with `arg`; they may be NULL. After each publication: */
	void (*published)(void *arg);
	/* No leading master is to be found, and `exitOnZkTimeout` says that the program ends then; logged why. */
	void (*given_up)(void *arg);
	void *arg;
};

/* NULL: logged why. */
struct follow *follow_new(const struct follow_settings *settings);
void follow_free(struct follow *follow);

/* Starts the thread. A state file is read before that. ERR_SYSTEM; ERR_FORMAT and the like for a file: logged why. */
int follow_start(struct follow *follow);
/* Ends it at once and waits for it. */
void follow_stop(struct follow *follow);
/* Instead of a thread: runs until the first state is served, or until every master has been asked in vain and ZooKeeper,
 * if it is configured, has had zkDetectionTimeout to name one.
 * ERR_NETWORK then, ERR_FORMAT and the like for a file: logged why. */
int follow_once(struct follow *follow);

struct follow_counters {
	struct feed_counters feed;
	struct source_counters source;
	struct apply_counters apply;
	struct detector_status zk;
	uint64_t turns; /* of the thread's loop */
};
/* A copy as of the last time that the thread was idle. */
void follow_read_counters(struct follow *follow, struct follow_counters *out);
/* Has the loop make a turn, if it can. */
void follow_ping(struct follow *follow);

#endif
