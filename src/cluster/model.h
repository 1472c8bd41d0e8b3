/* SPDX-License-Identifier: Apache-2.0 */
/* The cluster model: which agents, frameworks and tasks there are now. Every source of news (a polled document,
 * events) is an update: elements put in and taken out, then one commit that tells what changes for whom.
 *
 * Elements stand in persistent maps, so that a version of the whole model can be read elsewhere while the next one is
 * made. An update that is aborted, or whose commit fails, changes nothing. Mesos thread only, but for the maps. */
#ifndef CLUSTER_MODEL_H
#define CLUSTER_MODEL_H

#include "cluster/build.h"
#include "cluster/view.h"

struct cluster_model;

struct cluster_model *cluster_model_new(void); /* NULL: out of memory */
/* Frees the model and its elements; nobody may still read a version. */
void cluster_model_free(struct cluster_model *model);

struct cluster_maps cluster_model_maps(const struct cluster_model *model);
/* In any version; `framework_id` is for tasks, "" otherwise. NULL if it is not there. */
const struct cluster_element *cluster_maps_find(const struct cluster_maps *maps, enum cluster_kind kind,
	const char *framework_id, size_t framework_len, const char *id, size_t id_len);

/* Starts an update; there is one at a time. */
void cluster_model_begin(struct cluster_model *model);
#define CLUSTER_TWINS_MAX      16 /* tasks of one id in one update: a place in the map is searched one by one */
#define CLUSTER_MODEL_LEFT_OUT 1
/* Puts the builder's finished element in. One that says the same as the model's costs nothing. A second one of the
 * same key replaces the first, but tasks of one id and two names are two: there are masters that list such, and
 * Mesos-DNS serves them both. CLUSTER_MODEL_LEFT_OUT: one more of those than CLUSTER_TWINS_MAX, and nothing was done.
 * ERR_NOMEM, ERR_LIMIT: the update must be aborted. */
int cluster_model_put(struct cluster_model *model, const struct cluster_builder *builder);
/* Takes an element out, whether the update put it or an earlier one did; all tasks of that id. An agent or framework
 * takes all tasks with it that name it, also where it is not there itself. `framework_id` is for tasks, as in
 * cluster_maps_find(). ERR_NOTFOUND: there is none. ERR_NOMEM, ERR_LIMIT: the update must be aborted. */
int cluster_model_remove(struct cluster_model *model, enum cluster_kind kind, const char *framework_id,
	size_t framework_len, const char *id, size_t id_len);
/* The element as it will be after what the update brought so far, or NULL. Valid until the next call. */
const struct cluster_element *cluster_model_find(const struct cluster_model *model, enum cluster_kind kind,
	const char *framework_id, size_t framework_len, const char *id, size_t id_len);
/* An update's number, which grows from one to the next: of the one under way, or else of the last. */
uint64_t cluster_model_update(const struct cluster_model *model);
/* Has an update named the element, put it, since this one? An element of the current version. */
static inline bool cluster_named_since(const struct cluster_element *e, uint64_t update)
{
	return e->link.seen >= update;
}
/* Was it kept in this update, unnamed? */
static inline bool cluster_kept_in(const struct cluster_element *e, uint64_t update)
{
	return e->link.kept == update;
}
/* Takes one element of the current version out, and nothing with it. ERR_NOMEM, ERR_LIMIT as above. */
int cluster_model_drop(struct cluster_model *model, const struct cluster_element *element);
/* Leaves an element of the current version where it is although the (complete) update under way does not name it. */
void cluster_model_keep(struct cluster_model *model, const struct cluster_element *element);
/* The tasks of an agent or framework of the current version. */
void cluster_tasks_of(const struct cluster_element *owner, void (*each)(void *arg, const struct cluster_element *task),
	void *arg);
void cluster_model_abort(struct cluster_model *model);

/* A task with what its records depend on; a NULL task: it is not there. */
struct cluster_task_view {
	const struct cluster_task *task;
	const struct cluster_agent *agent;
	const struct cluster_framework *framework;
};

/* What a commit tells. `before` or `after` may be NULL, not both. */
struct cluster_changes {
	void *arg;
	void (*agent)(void *arg, const struct cluster_agent *before, const struct cluster_agent *after);
	void (*framework)(void *arg, const struct cluster_framework *before, const struct cluster_framework *after);
	/* also for a task that stays while its agent or framework changes */
	void (*task)(void *arg, const struct cluster_task_view *before, const struct cluster_task_view *after);
};

/* First half of a commit: works the update out and tells its changes, tasks of one name one after the other. With
 * `complete`, elements that the update neither put nor kept are gone. On an error (ERR_NOMEM) the update is aborted. */
int cluster_model_prepare(struct cluster_model *model, bool complete, const struct cluster_changes *changes);
/* Instead of the second half: what the update did not put is not gone after all. The update is then as it was before
 * the first half, and can be prepared again as one that is not complete. On an error (ERR_NOMEM) it is aborted. */
int cluster_model_retract(struct cluster_model *model);
/* Second half, cannot fail: makes the new version the model's. `garbage`, empty before, gets what only the former
 * version uses. */
void cluster_model_finish(struct cluster_model *model, struct retired *garbage);

/* Elements that the update under way brings new, changes or takes out, so far. */
size_t cluster_model_pending(const struct cluster_model *model);

struct cluster_counts {
	size_t agents, frameworks, tasks;
};
struct cluster_counts cluster_model_counts(const struct cluster_model *model);

#endif
