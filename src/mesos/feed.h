/* SPDX-License-Identifier: Apache-2.0 */
/* Where news of the cluster becomes a zone: takes documents and events element by element, keeps the cluster model, and
 * commits what changed to the zone store. The one place that all sources of state meet; the last good zone stays
 * whatever goes wrong here. Mesos thread only. */
#ifndef MESOS_FEED_H
#define MESOS_FEED_H

#include "cluster/model.h"
#include "conf/conf.h"
#include "mesos/master.h"
#include "mesos/publisher.h"
#include "mesos/retention.h"
#include "mesos/state_parse.h"
#include "zone/naming.h"

struct feed;

/* Names of agents, schedulers and masters to addresses, from what is known now; asks in the background. */
struct feed_hosts {
	void *arg;
	/* Returns how many addresses were written. */
	size_t (*lookup)(void *arg, const char *host, size_t len, struct addr *out, size_t room);
	/* No answer is awaited any more. */
	bool (*idle)(void *arg);
};

struct feed_counters {
	uint64_t documents, documents_failed; /* taken in; given up or refused */
	uint64_t batches, batches_failed;     /* of events */
	uint64_t skipped[STATE_SKIPS];        /* in the last document and the events since */
	int64_t left_out[NAMING_LEFT_OUT_COUNT]; /* now */
	struct cluster_counts elements;
	uint64_t leader_changes; /* from one to another; not to and from none */
	uint32_t pages_touched; /* by the last commit */
	uint32_t names_touched;
	struct guard guard;
	struct retention_counters retention;
};

/* Called after each publication, once the store shows it. */
struct feed_published {
	void (*call)(void *arg); /* NULL: nobody wants to know */
	void *arg;
};

/* Seconds of a clock that does not go back; CLOCK_MONOTONIC unless another is set. */
struct feed_clock {
	double (*now)(void *arg);
	void *arg;
};

/* `conf`, `hosts` and `store` are borrowed. `local` are this host's addresses, for the name server's own records
 * where the listener is a wildcard. NULL: out of memory. */
struct feed *feed_new(const struct conf *conf, struct zone_store *store, const struct feed_hosts *hosts,
	const struct addr *local, size_t local_count);
void feed_set_published(struct feed *feed, const struct feed_published *published);
void feed_set_clock(struct feed *feed, const struct feed_clock *clock); /* before the first document */
/* Frees the cluster's elements too: the store's snapshots may be read on, but not what they show of the cluster. */
void feed_free(struct feed *feed);

/* A whole document: begin, then the parser's sink is called, then end. With `ok` false nothing has happened, and
 * `leader` does not count. ERR_NOMEM, ERR_LIMIT: as if not ok.
 *
 * What the document does not name is gone, unless its master may not know of it yet (mesos/retention.h). A document
 * that would take away too much (mesos/guard.h) brings what it has, and takes nothing away; the next one decides: see
 * feed_is_holding(). The leader follows in any case. */
void feed_document_begin(struct feed *feed);
struct state_sink feed_sink(struct feed *feed);
int feed_document_end(struct feed *feed, bool ok, const struct cluster_master *leader);

/* A batch of events, which becomes one update of the zone: begin, then the sink's element() for what comes or changes
 * and feed_remove() for what goes, in the order of the events, then end. Something malformed or missing costs only
 * itself; ERR_NOMEM and ERR_LIMIT of any of them cost the batch: end() then returns the error as well, nothing has
 * happened, and what the master knows must be asked anew. */
void feed_events_begin(struct feed *feed);
/* `framework_id` is a task's, "" otherwise. An agent or framework takes its tasks with it. ERR_NOTFOUND: it was not
 * there. */
int feed_remove(struct feed *feed, enum cluster_kind kind, const char *framework_id, size_t framework_len,
	const char *id, size_t id_len);
/* The element as it will be after what came since begin, or NULL: to be merged by cluster_build_copy() with what an
 * event says of it. Valid until the next call. */
const struct cluster_element *feed_find(const struct feed *feed, enum cluster_kind kind, const char *framework_id,
	size_t framework_len, const char *id, size_t id_len);
/* Gives an element what is known of it already and was not told, as the sink's element() does by itself. ERR_NOMEM. */
int feed_complete(const struct feed *feed, struct cluster_builder *builder);
int feed_events_end(struct feed *feed);
/* Instead of feed_events_end(), for changes that were not told as events but found by comparing with a document: with
 * those that would take away too much nothing has happened, and ERR_LIMIT comes back. Events themselves are not held
 * back: each is a fact, told when it happens, and no next one would confirm it. */
int feed_check_end(struct feed *feed);
/* Is the element (of the current version) there only because the master may not know of it yet? That a document does
 * not name it is no news then. */
bool feed_keeps(const struct feed *feed, const struct cluster_element *element);
/* A part of the last document was held back, and another document is needed to decide. */
bool feed_is_holding(const struct feed *feed);

/* Seconds until feed_tick() has something to do; INFINITY: nothing, as things are. */
double feed_due_in(const struct feed *feed);
void feed_tick(struct feed *feed);
/* The cluster as of the last update. */
struct cluster_maps feed_maps(const struct feed *feed);

/* The masters that were detected, the leader first: they are the zone's masters from now on instead of the configured
 * ones, at once. 0: none is known now, and the zone keeps those that it has. A copy is taken. ERR_NOMEM and the like:
 * logged, and the zone is as before until the next update. */
int feed_set_masters(struct feed *feed, const struct mesos_master *masters, size_t count);

/* Addresses of hosts have changed, or no answer is awaited any more: take it over. */
void feed_hosts_changed(struct feed *feed);
/* Serve what there is although names of hosts are still being looked up. */
void feed_stop_waiting(struct feed *feed);
/* The first document was taken in, and is not served before the names of hosts are known or feed_stop_waiting(). */
bool feed_is_waiting(const struct feed *feed);
/* A document was taken in, and the zone is being served. */
bool feed_is_loaded(const struct feed *feed);

void feed_get_counters(const struct feed *feed, struct feed_counters *out);

#endif
