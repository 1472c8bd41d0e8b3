/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/model.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/siphash.h"

#define KINDS        (CLUSTER_TASK + 1)
#define CHANGES_MAX  (16u << 20) /* of one update: all of a document, and all of the one before */
#define CHANGES_KEPT 4096u       /* room for so many stays for the next update */

struct change {
	uint64_t order : 63;  /* tasks of one name stand together, since the records that they share are made at once */
	uint64_t unnamed : 1; /* gone because a complete update did not put it */
	struct cluster_element *old, *new; /* not both NULL */
};

struct cluster_model {
	struct pmap *maps[KINDS];
	struct cds_list_head no_agent, no_framework; /* tasks whose agent or framework is not in the model */

	/* the update under way: its elements are in the edits, what they replace is in the maps still */
	uint64_t update, telling;
	bool open;
	struct pmap_edit edits[KINDS];
	struct retired garbage;
	struct change *changes;
	size_t change_count, change_room;
	/* The framework that was found last for a task, in the version before and in the next, since most of them are
	 * one framework's. Only while nothing is put or taken out. */
	struct cluster_element *framework_found[2];
};

struct cluster_model *cluster_model_new(void)
{
	struct cluster_model *model = calloc(1, sizeof(*model));

	if (!model)
		return NULL;
	CDS_INIT_LIST_HEAD(&model->no_agent);
	CDS_INIT_LIST_HEAD(&model->no_framework);
	for (int kind = 0; kind < KINDS; kind++) {
		model->maps[kind] = pmap_new();
		if (!model->maps[kind]) {
			cluster_model_free(model);
			return NULL;
		}
	}
	return model;
}

void cluster_model_free(struct cluster_model *model)
{
	if (!model)
		return;
	cluster_model_abort(model);
	for (int kind = 0; kind < KINDS && model->maps[kind]; kind++) {
		struct pmap_iter it = pmap_iter(model->maps[kind]);

		for (void *element; (element = pmap_next(&it));)
			free(element);
		pmap_free(model->maps[kind]);
	}
	free(model->changes);
	free(model);
}

struct cluster_maps cluster_model_maps(const struct cluster_model *model)
{
	struct cluster_maps maps;

	for (int kind = 0; kind < KINDS; kind++)
		maps.of[kind] = model->maps[kind];
	return maps;
}

struct cluster_counts cluster_model_counts(const struct cluster_model *model)
{
	return (struct cluster_counts){.agents = model->maps[CLUSTER_AGENT]->count,
		.frameworks = model->maps[CLUSTER_FRAMEWORK]->count, .tasks = model->maps[CLUSTER_TASK]->count};
}

size_t cluster_model_pending(const struct cluster_model *model)
{
	return model->change_count;
}

struct key {
	const char *framework_id, *id;
	size_t framework_len, id_len;
	const struct cluster_task *twin; /* a task must also have this one's name; NULL: any */
};

static bool text_is(const void *element, struct cluster_text text, const char *other, size_t len)
{
	return text.len == len && !memcmp(cluster_text(element, text), other, len);
}

static bool match(const void *item, const void *key)
{
	const struct cluster_element *e = item;
	const struct key *k = key;

	if (!text_is(e, e->id, k->id, k->id_len))
		return false;
	if (e->kind != CLUSTER_TASK)
		return true;
	const struct cluster_task *task = item;
	return text_is(e, task->framework_id, k->framework_id, k->framework_len) &&
		(!k->twin || text_is(e, task->name, cluster_text(k->twin, k->twin->name), k->twin->name.len));
}

/* A matcher that matches nothing, and counts the tasks of the key's ids that this update has put so far. */
struct census {
	struct key key;
	uint64_t update;
	unsigned *count;
};

static bool count_twin(const void *item, const void *arg)
{
	const struct cluster_element *e = item;
	const struct census *census = arg;

	*census->count += e->link.seen == census->update && match(item, &census->key);
	return false;
}

static struct cluster_element *find(const struct pmap *map, enum cluster_kind kind, const struct key *key)
{
	uint64_t hash = cluster_key_hash(kind, key->framework_id, key->framework_len, key->id, key->id_len);

	return pmap_find(map, hash, match, key);
}

const struct cluster_element *cluster_maps_find(const struct cluster_maps *maps, enum cluster_kind kind,
	const char *framework_id, size_t framework_len, const char *id, size_t id_len)
{
	struct key key = {framework_id, id, framework_len, id_len, NULL};

	return find(maps->of[kind], kind, &key);
}

/* The element of `map` that a task's text names. */
static struct cluster_element *of_task(const struct pmap *map, enum cluster_kind kind, const struct cluster_task *task)
{
	struct cluster_text text = kind == CLUSTER_AGENT ? task->agent_id : task->framework_id;
	struct key key = {"", cluster_text(task, text), 0, text.len, NULL};

	return find(map, kind, &key);
}

void cluster_model_begin(struct cluster_model *model)
{
	assert(!model->open);
	model->open = true;
	model->update++;
}

/* Opens the edit of a map when it is first needed. */
static int edit(struct cluster_model *model, enum cluster_kind kind)
{
	if (model->edits[kind].map)
		return 0;
	return pmap_edit_begin(&model->edits[kind], model->maps[kind], &model->garbage, 0);
}

static const struct pmap *newest(const struct cluster_model *model, enum cluster_kind kind)
{
	return model->edits[kind].map ? model->edits[kind].map : model->maps[kind];
}

/* Agents and frameworks first, then tasks by a hash of what names them. */
static uint64_t order_of(const struct cluster_element *e)
{
	const struct cluster_task *task = (const void *)e;

	if (e->kind != CLUSTER_TASK)
		return 0;
	struct cluster_text name = task->discovery_name.len ? task->discovery_name : task->name;
	return siphash13(&siphash_process_key, cluster_text(task, name), name.len) >> 1 | 1;
}

static int compare_order(const void *va, const void *vb)
{
	const struct change *a = va, *b = vb;

	return a->order < b->order ? -1 : a->order > b->order;
}

/* Room for one more change, and for the element that it replaces, if it does. */
static int reserve_change(struct cluster_model *model, bool replaces)
{
	size_t room = model->change_room ? model->change_room * 2 : 256;

	if (replaces && retired_reserve(&model->garbage, 1))
		return ERR_NOMEM;
	if (model->change_count < model->change_room)
		return 0;
	if (room > CHANGES_MAX)
		return ERR_LIMIT;
	struct change *changes = realloc(model->changes, room * sizeof(*changes));
	if (!changes)
		return ERR_NOMEM;
	model->changes = changes;
	model->change_room = room;
	return 0;
}

/* Lets both elements of a change know its place. */
static void place_change(struct cluster_model *model, size_t i)
{
	const struct change *c = &model->changes[i];

	if (c->old)
		c->old->link.staged = i + 1;
	if (c->new)
		c->new->link.staged = i + 1;
}

static void add_change(struct cluster_model *model, struct cluster_element *old, struct cluster_element *new)
{
	model->changes[model->change_count++] = (struct change){.order = order_of(new ? new : old), .old = old, .new = new};
	if (old) /* one that is taken out was not named: should the update be aborted, it is not known to be there */
		*(new ? &old->link.seen : &old->link.kept) = model->update;
	place_change(model, model->change_count - 1);
}

/* Forgets a change that turned out to be none. */
static void drop_change(struct cluster_model *model, size_t i)
{
	if (model->changes[i].old)
		model->changes[i].old->link.staged = 0;
	model->changes[i] = model->changes[--model->change_count];
	if (i < model->change_count)
		place_change(model, i);
}

static bool says_the_same(const struct cluster_element *a, const struct cluster_element *b)
{
	size_t from = offsetof(struct cluster_element, size);

	return a->size == b->size && !memcmp((const char *)a + from, (const char *)b + from, a->size - from);
}

int cluster_model_put(struct cluster_model *model, const struct cluster_builder *builder)
{
	const struct cluster_element *put = builder->element;
	enum cluster_kind kind = put->kind;
	struct key key = {.id = cluster_text(put, put->id), .id_len = put->id.len};

	if (kind == CLUSTER_TASK) {
		key.framework_id = cluster_text(builder->task, builder->task->framework_id);
		key.framework_len = builder->task->framework_id.len;
		key.twin = builder->task;
	}
	struct cluster_element *known = pmap_find(newest(model, kind), put->hash, match, &key);
	if (known && says_the_same(known, put)) {
		known->link.seen = model->update;
		return 0;
	}
	if (!known && kind == CLUSTER_TASK) {
		unsigned twins = 0;
		const struct census census = {.key = {key.framework_id, key.id, key.framework_len, key.id_len, NULL},
			.update = model->update, .count = &twins};

		pmap_find(newest(model, kind), put->hash, count_twin, &census);
		if (twins >= CLUSTER_TWINS_MAX)
			return CLUSTER_MODEL_LEFT_OUT;
	}
	int err = edit(model, kind);
	if (!err)
		err = reserve_change(model, known && !known->link.staged);
	if (err)
		return err;
	/* one that this update took out before */
	struct cluster_element *gone = known ? NULL : pmap_find(model->maps[kind], put->hash, match, &key);
	if (gone && says_the_same(gone, put)) {
		err = pmap_edit_put(&model->edits[kind], gone, NULL);
		gone->link.seen = model->update;
		if (!err)
			drop_change(model, gone->link.staged - 1);
		return err;
	}
	struct cluster_element *new = malloc(put->size);
	if (!new)
		return ERR_NOMEM;
	memcpy(new, put, put->size);
	new->link = (struct cluster_link){.seen = model->update};
	err = pmap_edit_put(&model->edits[kind], new, known);
	if (err) {
		free(new);
		return err;
	}
	struct cluster_element *staged = known ? known : gone;
	if (!staged || !staged->link.staged) {
		add_change(model, known, new);
		return 0;
	}
	/* the second word on this key in the same update */
	new->link.staged = staged->link.staged;
	model->changes[new->link.staged - 1].new = new;
	if (known)
		free(known);
	return 0;
}

/* Takes an element of the newest map out of it: one of the version before, or one that this update put. */
static int take_out(struct cluster_model *model, struct cluster_element *e)
{
	enum cluster_kind kind = e->kind;
	size_t staged = e->link.staged;
	int err = edit(model, kind);

	if (!err && !staged)
		err = reserve_change(model, true);
	if (!err)
		err = pmap_edit_remove(&model->edits[kind], e);
	if (err)
		return err;
	if (!staged) {
		add_change(model, e, NULL);
		return 0;
	}
	model->changes[staged - 1].new = NULL;
	if (!model->changes[staged - 1].old)
		drop_change(model, staged - 1);
	free(e);
	return 0;
}

/* Does the task name the agent or framework of that id as its own? */
static bool is_of(const struct cluster_element *task, enum cluster_kind kind, const struct key *owner)
{
	const struct cluster_task *t = (const void *)task;

	return text_is(t, kind == CLUSTER_AGENT ? t->agent_id : t->framework_id, owner->id, owner->id_len);
}

/* What a task of the version before has become in this update, if it is still of the owner. */
static int take_out_heir(struct cluster_model *model, struct cluster_element *task, enum cluster_kind kind,
	const struct key *owner)
{
	struct cluster_element *heir = task->link.staged ? model->changes[task->link.staged - 1].new : task;

	return heir && is_of(heir, kind, owner) ? take_out(model, heir) : 0;
}

/* Those that came or changed in this update, which are on no list of the owner's yet. */
static int take_out_new_tasks_of(struct cluster_model *model, enum cluster_kind kind, const struct key *owner)
{
	int err = 0;

	for (size_t i = 0; i < model->change_count && !err;) {
		struct cluster_element *new = model->changes[i].new;

		if (new && new->kind == CLUSTER_TASK && is_of(new, kind, owner))
			err = take_out(model, new); /* another change may stand in its place now */
		else
			i++;
	}
	return err;
}

/* Takes out the tasks of an agent or framework, which may have been there in the version before or not. */
static int take_out_tasks_of(struct cluster_model *model, enum cluster_kind kind, const struct key *owner,
	struct cluster_element *old)
{
	struct cluster_element *task;
	int err = 0;

	if (kind == CLUSTER_AGENT) {
		cds_list_for_each_entry(task, old ? &old->link.tasks : &model->no_agent, link.by_agent)
			if (!err)
				err = take_out_heir(model, task, kind, owner);
	} else {
		cds_list_for_each_entry(task, old ? &old->link.tasks : &model->no_framework, link.by_framework)
			if (!err)
				err = take_out_heir(model, task, kind, owner);
	}
	return err ? err : take_out_new_tasks_of(model, kind, owner);
}

int cluster_model_remove(struct cluster_model *model, enum cluster_kind kind, const char *framework_id,
	size_t framework_len, const char *id, size_t id_len)
{
	struct key key = {framework_id, id, framework_len, id_len, NULL};
	struct cluster_element *e = find(newest(model, kind), kind, &key), *old = NULL;
	bool found = e;
	int err = 0;

	if (e)
		old = e->link.staged ? model->changes[e->link.staged - 1].old : e;
	else if (kind != CLUSTER_TASK)
		old = find(model->maps[kind], kind, &key); /* its tasks are on its list until this update is over */
	if (kind != CLUSTER_TASK)
		err = take_out_tasks_of(model, kind, &key, old);
	for (; e && !err; e = find(newest(model, kind), kind, &key)) /* a task may have twins */
		err = take_out(model, e);
	return err ? err : found ? 0 : ERR_NOTFOUND;
}

int cluster_model_drop(struct cluster_model *model, const struct cluster_element *element)
{
	struct cluster_element *e = (struct cluster_element *)(uintptr_t)element;
	struct cluster_element *heir = e->link.staged ? model->changes[e->link.staged - 1].new : e;

	return heir ? take_out(model, heir) : 0;
}

const struct cluster_element *cluster_model_find(const struct cluster_model *model, enum cluster_kind kind,
	const char *framework_id, size_t framework_len, const char *id, size_t id_len)
{
	struct key key = {framework_id, id, framework_len, id_len, NULL};

	return find(newest(model, kind), kind, &key);
}

/* Back to where no update is under way. */
static void close_update(struct cluster_model *model)
{
	free(model->garbage.items);
	model->garbage = (struct retired){0};
	model->change_count = 0;
	if (model->change_room > CHANGES_KEPT) {
		free(model->changes);
		model->changes = NULL;
		model->change_room = 0;
	}
	model->open = false;
}

uint64_t cluster_model_update(const struct cluster_model *model)
{
	return model->update;
}

void cluster_model_keep(struct cluster_model *model, const struct cluster_element *element)
{
	((struct cluster_element *)(uintptr_t)element)->link.kept = model->update;
}

void cluster_tasks_of(const struct cluster_element *owner, void (*each)(void *arg, const struct cluster_element *task),
	void *arg)
{
	const struct cluster_element *task;

	if (owner->kind == CLUSTER_AGENT) {
		cds_list_for_each_entry(task, &owner->link.tasks, link.by_agent)
			each(arg, task);
	} else {
		cds_list_for_each_entry(task, &owner->link.tasks, link.by_framework)
			each(arg, task);
	}
}

void cluster_model_abort(struct cluster_model *model)
{
	for (size_t i = 0; i < model->change_count; i++) {
		if (model->changes[i].old)
			model->changes[i].old->link.staged = 0;
		free(model->changes[i].new);
	}
	for (int kind = 0; kind < KINDS; kind++)
		pmap_edit_abort(&model->edits[kind]);
	close_update(model);
}

/* Takes out what the update did not put. */
static int remove_unseen(struct cluster_model *model)
{
	int err = 0;

	for (enum cluster_kind kind = 0; kind < KINDS && !err; kind++) {
		struct pmap_iter it = pmap_iter(model->maps[kind]);

		for (struct cluster_element *e; !err && (e = pmap_next(&it));) {
			if (e->link.seen == model->update || e->link.kept == model->update)
				continue;
			err = take_out(model, e);
			if (!err)
				model->changes[model->change_count - 1].unnamed = true;
		}
	}
	return err;
}

/* A task's framework in the version before, or in the next one. */
static struct cluster_element *framework_of(struct cluster_model *model, bool after, const struct cluster_task *task)
{
	struct cluster_element **found = &model->framework_found[after];

	if (!*found || !text_is(*found, (*found)->id, cluster_text(task, task->framework_id), task->framework_id.len))
		*found = of_task(after ? newest(model, CLUSTER_FRAMEWORK) : model->maps[CLUSTER_FRAMEWORK],
			CLUSTER_FRAMEWORK, task);
	return *found;
}

static void tell_task(struct cluster_model *model, struct cluster_element *old, struct cluster_element *new,
	const struct cluster_changes *changes)
{
	struct cluster_task_view views[2] = {{0}, {0}};
	struct cluster_element *elements[2] = {old, new};

	for (int after = 0; after < 2; after++) {
		struct cluster_task_view *view = &views[after];

		if (!elements[after])
			continue;
		elements[after]->link.told = model->telling;
		view->task = (const struct cluster_task *)elements[after];
		const struct pmap *agents = after ? newest(model, CLUSTER_AGENT) : model->maps[CLUSTER_AGENT];
		view->agent = (const struct cluster_agent *)of_task(agents, CLUSTER_AGENT, view->task);
		view->framework = (const struct cluster_framework *)framework_of(model, after, view->task);
	}
	changes->task(changes->arg, &views[0], &views[1]);
}

/* Does what the element's tasks take from it stay the same: an agent's addresses, a framework's name? */
static bool same_for_tasks(const struct cluster_element *old, const struct cluster_element *new)
{
	if (old->kind == CLUSTER_FRAMEWORK) {
		const struct cluster_framework *a = (const void *)old, *b = (const void *)new;

		return text_is(a, a->name, cluster_text(b, b->name), b->name.len);
	}
	const struct cluster_agent *a = (const void *)old, *b = (const void *)new;
	return a->addrs.count == b->addrs.count &&
		!memcmp(cluster_list(a, a->addrs), cluster_list(b, b->addrs), a->addrs.count * sizeof(struct addr));
}

/* Tells the tasks that themselves stay as they are, of an agent or framework that does not. */
static void tell_tasks_of(
	struct cluster_model *model, const struct change *change, const struct cluster_changes *changes)
{
	struct cluster_element *old = change->old, *task;

	if (!old || (change->new && same_for_tasks(old, change->new)))
		return;
	if (old->kind == CLUSTER_AGENT) {
		cds_list_for_each_entry(task, &old->link.tasks, link.by_agent)
			if (task->link.told != model->telling)
				tell_task(model, task, task, changes);
	} else {
		cds_list_for_each_entry(task, &old->link.tasks, link.by_framework)
			if (task->link.told != model->telling)
				tell_task(model, task, task, changes);
	}
}

/* Tells the tasks that waited for an agent or framework which has come. */
static void tell_waiting(struct cluster_model *model, const struct cluster_changes *changes)
{
	struct cluster_element *task;

	cds_list_for_each_entry(task, &model->no_agent, link.by_agent)
		if (task->link.told != model->telling &&
			of_task(newest(model, CLUSTER_AGENT), CLUSTER_AGENT, (const void *)task))
			tell_task(model, task, task, changes);
	cds_list_for_each_entry(task, &model->no_framework, link.by_framework)
		if (task->link.told != model->telling &&
			of_task(newest(model, CLUSTER_FRAMEWORK), CLUSTER_FRAMEWORK, (const void *)task))
			tell_task(model, task, task, changes);
}

int cluster_model_prepare(struct cluster_model *model, bool complete, const struct cluster_changes *changes)
{
	bool came = false; /* an agent or framework that was not there before */
	int err = complete ? remove_unseen(model) : 0;

	if (err) {
		cluster_model_abort(model);
		return err;
	}
	model->telling++;
	model->framework_found[0] = model->framework_found[1] = NULL;
	if (model->change_count)
		qsort(model->changes, model->change_count, sizeof(model->changes[0]), compare_order);
	for (size_t i = 0; i < model->change_count; i++) {
		const struct change *c = &model->changes[i];
		const struct cluster_element *any = c->old ? c->old : c->new;

		if (any->kind == CLUSTER_AGENT)
			changes->agent(changes->arg, (const void *)c->old, (const void *)c->new);
		else if (any->kind == CLUSTER_FRAMEWORK)
			changes->framework(changes->arg, (const void *)c->old, (const void *)c->new);
		else
			tell_task(model, c->old, c->new, changes);
		came |= any->kind != CLUSTER_TASK && !c->old;
	}
	for (size_t i = 0; i < model->change_count; i++) {
		const struct change *c = &model->changes[i];

		if ((c->old ? c->old : c->new)->kind != CLUSTER_TASK)
			tell_tasks_of(model, c, changes);
	}
	if (came)
		tell_waiting(model, changes);
	return 0;
}

int cluster_model_retract(struct cluster_model *model)
{
	int err = 0;

	for (size_t i = 0; i < model->change_count && !err;) {
		struct cluster_element *old = model->changes[i].old;

		if (!model->changes[i].unnamed) {
			i++;
			continue;
		}
		err = pmap_edit_put(&model->edits[old->kind], old, NULL);
		if (!err)
			drop_change(model, i); /* the last one takes its place */
	}
	if (err)
		cluster_model_abort(model);
	return err;
}

/* Puts a task on the lists of its agent and its framework as the maps are now. */
static void link_task(struct cluster_model *model, struct cluster_element *task)
{
	const struct cluster_task *t = (const void *)task;
	struct cluster_element *agent = of_task(model->maps[CLUSTER_AGENT], CLUSTER_AGENT, t);
	struct cluster_element *framework = framework_of(model, true, t);

	cds_list_add_tail(&task->link.by_agent, agent ? &agent->link.tasks : &model->no_agent);
	cds_list_add_tail(&task->link.by_framework, framework ? &framework->link.tasks : &model->no_framework);
}

static void unlink_task(struct cluster_element *task)
{
	cds_list_del(&task->link.by_agent);
	cds_list_del(&task->link.by_framework);
}

/* The tasks of an agent or framework that is replaced go over to the new one, of one that is gone to those waiting. */
static void hand_over_tasks(struct cluster_model *model, const struct change *change)
{
	struct cds_list_head *waiting = (change->old ? change->old : change->new)->kind == CLUSTER_AGENT
		? &model->no_agent : &model->no_framework;

	if (change->new)
		CDS_INIT_LIST_HEAD(&change->new->link.tasks);
	if (change->old)
		cds_list_splice(&change->old->link.tasks, change->new ? &change->new->link.tasks : waiting);
}

/* Tasks that waited and need not any more. */
static void link_waiting(struct cluster_model *model)
{
	struct cluster_element *task, *next;

	cds_list_for_each_entry_safe(task, next, &model->no_agent, link.by_agent) {
		struct cluster_element *agent = of_task(model->maps[CLUSTER_AGENT], CLUSTER_AGENT, (const void *)task);

		if (agent)
			cds_list_move(&task->link.by_agent, &agent->link.tasks);
	}
	cds_list_for_each_entry_safe(task, next, &model->no_framework, link.by_framework) {
		struct cluster_element *framework =
			of_task(model->maps[CLUSTER_FRAMEWORK], CLUSTER_FRAMEWORK, (const void *)task);

		if (framework)
			cds_list_move(&task->link.by_framework, &framework->link.tasks);
	}
}

void cluster_model_finish(struct cluster_model *model, struct retired *garbage)
{
	bool came = false;

	for (int kind = 0; kind < KINDS; kind++)
		if (model->edits[kind].map)
			model->maps[kind] = pmap_edit_commit(&model->edits[kind]);
	model->framework_found[true] = NULL;
	for (size_t i = 0; i < model->change_count; i++) {
		const struct change *c = &model->changes[i];

		if ((c->old ? c->old : c->new)->kind == CLUSTER_TASK) {
			if (c->old)
				unlink_task(c->old);
			continue;
		}
		hand_over_tasks(model, c);
		came |= !c->old;
	}
	if (came)
		link_waiting(model);
	for (size_t i = 0; i < model->change_count; i++) {
		struct change *c = &model->changes[i];

		if (c->new) {
			c->new->link.staged = 0;
			if (c->new->kind == CLUSTER_TASK)
				link_task(model, c->new);
		}
		if (c->old)
			retired_add(&model->garbage, c->old);
	}
	*garbage = model->garbage;
	model->garbage = (struct retired){0};
	close_update(model);
}
