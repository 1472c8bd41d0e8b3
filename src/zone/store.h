/* SPDX-License-Identifier: Apache-2.0 */
/* The zone store: takes changes of records, makes the next snapshot from them and publishes it.
 *
 * Changes are counted: a record that several tasks give a name (two tasks on one agent, say) is there as long as one
 * of them is. Each count stands in one of three ranks, and a name publishes the records of its best rank only:
 *   ZONE_RANK_SERVED   generated records, of tasks that are well
 *   ZONE_RANK_UNWELL   generated records of tasks that fail their health check: published where there is no better
 *                      (fail open)
 *   ZONE_RANK_STATIC   from master files: a generated name wins over them
 * At an apex all ranks are published together.
 *
 * Cost: a transaction touches the nodes that it changes, their pages, and nothing else; a full load is the same.
 * Threads: everything but zone_store_read(), zone_store_pin() and _unpin() is the Mesos thread's. */
#ifndef ZONE_STORE_H
#define ZONE_STORE_H

#include "zone/snapshot.h"

enum zone_rank { ZONE_RANK_SERVED, ZONE_RANK_UNWELL, ZONE_RANK_STATIC, ZONE_RANKS };

struct zone_counts {
	uint32_t n[ZONE_RANKS];
};

struct zone_store;
struct zone_txn;
struct zone_touch; /* a name that the transaction changes */

struct zone_soa {
	const char *mname, *rname; /* with the last dot */
	uint32_t ttl, refresh, retry, expire, minimum;
};

/* A store whose zone 0 is `domain` (text), not loaded yet. NULL and `*err` on failure. */
struct zone_store *zone_store_new(const char *domain, const struct zone_soa *soa, int *err);
/* Only when no reader is left. The elements of the cluster that the last snapshot shows are not the store's. */
void zone_store_free(struct zone_store *store);

/* The current snapshot, inside an RCU read side. */
const struct zone_snapshot *zone_store_read(const struct zone_store *store);
/* The current snapshot, for readers that take long (dumps): it stays until zone_store_unpin(). Any thread. */
const struct zone_snapshot *zone_store_pin(struct zone_store *store);
void zone_store_unpin(struct zone_store *store, const struct zone_snapshot *snapshot);
/* Blocks of memory that only former versions use, and that their readers keep: who pins one for long keeps those of all
 * later ones too. Any thread. */
size_t zone_store_waiting(struct zone_store *store);

/* Adds a zone besides the cluster's (at start, before the first commit). Returns its index or an error:
 * ERR_EXISTS if there is a zone of that name, ERR_LIMIT. */
int zone_store_add_zone(struct zone_store *store, const uint8_t *apex, size_t apex_len);

/* One transaction at a time. NULL: out of memory. `expected_names`: about how many the zone will have, 0 unknown. */
struct zone_txn *zone_txn_begin(struct zone_store *store, size_t expected_names);
/* The name (lower-case wire form, copied) as something to change. `zone` counts only for names that are new.
 * NULL: out of memory; the transaction then fails at its commit, and the other calls take a NULL touch. */
struct zone_touch *zone_txn_name(struct zone_txn *txn, unsigned zone, const uint8_t *name, size_t len);
/* Adds `change` (+1 or -1) to the count of a record. rdata is uncompressed and copied; names in it lower-case. */
void zone_txn_change(struct zone_txn *txn, struct zone_touch *touch, enum zone_rank rank, int change, uint16_t type,
	uint32_t ttl, const void *rdata, uint16_t rdlen);
/* The same for SRV records, whose target is a touch of its own: cheaper than bytes. */
void zone_txn_change_srv(struct zone_txn *txn, struct zone_touch *touch, enum zone_rank rank, int change, uint32_t ttl,
	uint16_t priority, uint16_t weight, uint16_t port, struct zone_touch *target);
/* To be called between the changes of two elements: when the transaction has grown large it works off what came so far
 * and forgets its touches, so that a first load costs little more memory than the zone that it makes. Returns whether
 * it did: touches given out before are void then. Records that one element brings together are to be changed without
 * a fold between them (SRV records take the addresses of their targets), and a record that is taken out before a fold
 * and put back after it counts as a change. */
bool zone_txn_fold(struct zone_txn *txn);
/* From now on the cluster's zone counts as loaded. */
void zone_txn_set_loaded(struct zone_txn *txn);

struct zone_commit {
	bool changed;            /* the content differs, a new serial was published */
	uint32_t serial;
	uint32_t names_touched;  /* names that the transaction named */
	uint32_t records_added, records_removed;
	uint32_t pages_touched;  /* pages of the map that were copied or made */
	uint32_t conflicts;      /* names that now hold static and generated records (logged, the first few) */
};

/* Makes and publishes the snapshot. On an error (ERR_NOMEM, ERR_LIMIT) nothing has changed. Ends the transaction. */
int zone_txn_commit(struct zone_txn *txn, struct zone_commit *result);
/* The same in two halves, for a version of the cluster that is to appear with it. The first makes the snapshot; on an
 * error nothing has changed, and the transaction has ended. After it the second (or an abort) must come; it cannot
 * fail. It publishes, takes the view (whose elements stay the caller's), and the list of what only the former view
 * uses, to free both when no reader can hold them any more. */
int zone_txn_prepare(struct zone_txn *txn);
/* Between the two: how many records would come and go. */
void zone_txn_counts(const struct zone_txn *txn, uint32_t *added, uint32_t *removed);
void zone_txn_publish(struct zone_txn *txn, const struct cluster_view *cluster, struct retired *elements,
	struct zone_commit *result);
void zone_txn_abort(struct zone_txn *txn);

/* What the last commits changed, for IXFR and watchers: see zone/journal.h. */
struct zone_journal *zone_store_journal(struct zone_store *store);

struct zone_counters { /* of the current snapshot */
	uint64_t names, a, aaaa, srv, other;
	uint64_t commits, pages_touched; /* since the start */
	uint64_t versions, pins; /* that are kept now, the current one among them; readers of any that keep it */
	uint32_t serial;
	bool loaded;
};
void zone_store_counters(struct zone_store *store, struct zone_counters *out);

#endif
