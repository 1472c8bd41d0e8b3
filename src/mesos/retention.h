/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of a cluster after a failover: a new master, or one that was restarted, knows agents, their tasks and
 * the frameworks of these only as the agents come back, which takes seconds in small clusters and minutes in large
 * ones. What its documents do not name is therefore not simply gone.
 *
 * An agent that a document does not name is waited for
 *   if the document lists it as recovered: the master knows it from its registry, and has not heard of it yet
 *   if the document knows of no agent at all, named or recovered: the registry was not read yet, or there is no quorum;
 *     unless it is the same start of the same master that knew agents before; a snapshot of the event stream, which is
 *     refused until the registry was read, counts as that if it comes from the same address
 *   if the document has no list of recovered agents (Mesos before 1.1), and the master is another or was restarted; an
 *     empty list of a master whose registry is its own memory is none, and whether that one was restarted its snapshots
 *     of the event stream do not tell, so each of them counts as if it were
 * until a document or an event names it, a later document says that it is gone, or the master's
 * agent_reregister_timeout has passed since that master was first heard of. Its tasks stay with it. When an event
 * brings it back, its tasks follow within moments: those that were not named RETENTION_SETTLE later are gone; a
 * document has them all.
 *
 * A framework that is not named stays as long as one of its tasks does or is named (masters before 1.2 have such
 * orphans), and RETENTION_FRAMEWORKS in any case:
 * schedulers come back on their own. One that the master lists as completed goes, with its tasks.
 *
 * A process that begins in the middle of a failover has nothing to keep. As long as the first documents list recovered
 * agents of which nothing was ever known, the cluster is partial: what it does not have cannot be denied. That is over
 * when all of them have come back (and RETENTION_SETTLE later, where an event told of the last one), or when the
 * agent_reregister_timeout has passed; then the cluster was whole once, and no agent makes it partial again. A document
 * without any agents says nothing about that.
 *
 * Cost: a pass over agents and frameworks for a document, and what is kept; nothing while nobody is waited for.
 * Times are seconds of any clock that does not go back. Mesos thread only. */
#ifndef MESOS_RETENTION_H
#define MESOS_RETENTION_H

#include "cluster/model.h"

#define RETENTION_TIMEOUT     600.0   /* agent_reregister_timeout of a master that does not tell */
#define RETENTION_TIMEOUT_MAX 86400.0 /* what a master can ask for */
#define RETENTION_SETTLE      5.0
#define RETENTION_FRAMEWORKS  60.0

struct retention;

struct retention_counters {
	uint64_t takeovers;       /* documents with which waiting began */
	uint64_t back,
		given_up; /* agents that came back, and that did not in time; without those that a document said gone */
	uint32_t agents;          /* waited for now */
	uint32_t frameworks;      /* kept now without having been named */
	uint32_t unknown;         /* agents whose tasks are not known, in a cluster that is partial */
	bool partial;
};

struct retention *retention_new(struct cluster_model *model); /* borrowed. NULL: out of memory */
void retention_free(struct retention *r);

/* A document: begin, what it says of the master in any order, and decide when all its elements are in the model's
 * update, `agents` of them agents. That marks what is to be kept there. Then accept if the update became the model's
 * new version, or nothing if not. The ones that return int: ERR_NOMEM, and the document must be given up. */
void retention_begin(struct retention *r);
void retention_master_id(struct retention *r, const char *id, size_t len);
void retention_recovered_list(struct retention *r);
int retention_recovered(struct retention *r, const char *id, size_t len);
int retention_completed(struct retention *r, const char *id, size_t len);
int retention_decide(struct retention *r, const struct cluster_master *leader, size_t agents, double now);
void retention_accept(struct retention *r);

/* A master's agent_reregister_timeout, "10mins": from now on. */
void retention_timeout(struct retention *r, const char *text, size_t len);

/* A master's kind of registry, "in_memory": from now on. */
void retention_registry(struct retention *r, const char *text, size_t len);

/* An event has named the element, or taken out the agent or framework with this hash. */
void retention_named(struct retention *r, const struct cluster_element *e, double now);
void retention_removed(struct retention *r, uint64_t hash);

/* When there is something to expire; INFINITY: nothing. Whole seconds, so that what is due at about the same time is
 * done at once. */
double retention_deadline(const struct retention *r);
/* In an open partial update: takes out what was waited for in vain. Returns how many elements, or an error. Then
 * settle, with whether the update became the model's new version; if not, all of it is due again a little later. */
int retention_expire(struct retention *r, double now);
void retention_settle(struct retention *r, double now, bool done);

/* Is the element there only because of this: has nobody named it since the last document? */
bool retention_keeps(const struct retention *r, const struct cluster_element *e);

/* Is the cluster partial? `next`: with the document that was decided and not accepted yet. */
bool retention_is_partial(const struct retention *r, bool next);

void retention_get_counters(const struct retention *r, struct retention_counters *out);

#endif
