/* SPDX-License-Identifier: Apache-2.0 */
#include "t/sim/tasks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define COMPLETED_MAX 1000 /* the master's max_completed_tasks_per_framework */

static const struct {
	const char *text;
	bool terminal;
} states[] = {
#define X(name, terminal) {"TASK_" #name, terminal},
	CLUSTER_TASK_STATES(X)
#undef X
};

const char *task_state_text(enum task_state state)
{
	return states[state].text;
}

int task_parse_state(const char *text, enum task_state *out)
{
	for (unsigned i = 0; i < TASK_STATES; i++)
		if (!strcmp(states[i].text, text)) {
			*out = (enum task_state)i;
			return 0;
		}
	return ERR_NOTFOUND;
}

bool task_state_terminal(enum task_state state)
{
	return states[state].terminal;
}

bool task_visible(const struct task *t)
{
	return t->agent->state != AGENT_RECOVERED;
}

const char *task_name(const struct task *t, const char *pattern, char out[TASK_NAME_MAX])
{
	const char *mark = t->app->numbered ? strchr(pattern, '#') : NULL;

	if (mark)
		snprintf(out, TASK_NAME_MAX, "%.*s%u%s", (int)(mark - pattern), pattern, t->number, mark + 1);
	else
		snprintf(out, TASK_NAME_MAX, "%s", pattern);
	return out;
}

static bool needs_host_ports(const struct app *app)
{
	return app->network == NETWORK_HOST || app->network == NETWORK_BRIDGE;
}

static bool port_taken(const struct agent *a, unsigned i)
{
	return a->ports[i / 8] >> (i % 8) & 1;
}

/* Takes the agent's next free ports; all or none. */
static bool take_ports(struct agent *a, struct task *t, unsigned count)
{
	unsigned found[CLUSTER_APP_PORTS], n = 0;

	for (unsigned tried = 0, i = a->next_port; n < count; tried++, i = (i + 1) % CLUSTER_PORTS) {
		if (tried == CLUSTER_PORTS)
			return false;
		if (!port_taken(a, i))
			found[n++] = i;
	}
	for (unsigned i = 0; i < count; i++) {
		a->ports[found[i] / 8] |= (uint8_t)(1U << (found[i] % 8));
		t->ports[i] = (uint16_t)(CLUSTER_FIRST_PORT + found[i]);
		a->next_port = (found[i] + 1) % CLUSTER_PORTS;
	}
	return true;
}

struct amount task_footprint(const struct app *app)
{
	struct amount need = app->need;

	if (app->executor) {
		need.cpus_milli += TASK_EXECUTOR_CPUS_MILLI;
		need.mem += TASK_EXECUTOR_MEM;
		need.disk += TASK_EXECUTOR_DISK;
	}
	return need;
}

static void give_back(struct task *t)
{
	struct agent *a = t->agent;
	const struct app *app = t->app;
	struct amount need = task_footprint(app);

	if (needs_host_ports(app))
		for (unsigned i = 0; i < app->port_count; i++) {
			unsigned bit = (unsigned)t->ports[i] - CLUSTER_FIRST_PORT;
			a->ports[bit / 8] &= (uint8_t) ~(1U << (bit % 8));
		}
	a->used.cpus_milli -= need.cpus_milli;
	a->used.mem -= need.mem;
	a->used.disk -= need.disk;
}

/* Only ports are scarce: a simulated machine runs as many tasks as a benchmark wants. */
static bool place(struct agent *a, struct task *t)
{
	const struct app *app = t->app;
	struct amount need = task_footprint(app);

	if (a->state != AGENT_REGISTERED || !a->active)
		return false;
	if (needs_host_ports(app) && !take_ports(a, t, app->port_count))
		return false;
	t->agent = a;
	a->used.cpus_milli += need.cpus_milli;
	a->used.mem += need.mem;
	a->used.disk += need.disk;
	TAILQ_INSERT_TAIL(&a->tasks, t, of_agent);
	return true;
}

static bool place_anywhere(struct cluster *c, struct task *t)
{
	for (size_t i = 0; i < c->agent_count; i++) {
		struct agent *a = c->agents[c->cursor++ % c->agent_count];
		if (place(a, t))
			return true;
	}
	return false;
}

static void give_address(struct cluster *c, struct task *t)
{
	struct agent *a = t->agent;

	switch (t->app->network) {
	case NETWORK_HOST:
		break;
	case NETWORK_BRIDGE:
		/* The network's first two addresses are its own and the bridge's, the last is the
		 * broadcast's. */
		t->container_ip = a->bridge + 2 + a->next_container++ % (c->bridge_size - 3);
		break;
	case NETWORK_OVERLAY:
	case NETWORK_DUAL:
		t->container_ip = (9U << 24) + 2 + c->next_overlay / 250 * 256 + c->next_overlay % 250;
		c->next_overlay++;
		break;
	}
	t->serial = (uint32_t)c->next_overlay;
}

/* What Marathon puts before the UUID: the path with `_` for `/`. */
static void path_id(const char *path, char out[128])
{
	size_t n = 0;

	for (const char *p = path + (*path == '/'); *p && n < 127; p++)
		out[n++] = *p == '/' ? '_' : *p;
	out[n] = '\0';
}

static void make_id(struct cluster *c, const struct app *app, unsigned number, char out[300])
{
	char base[128], uuid[37];
	struct task t = {.app = (struct app *)(uintptr_t)app, .number = number};
	char name[TASK_NAME_MAX];

	cluster_make_uuid(c, uuid);
	switch (app->id_style) {
	case ID_MARATHON:
		path_id(app->path ? app->path : app->name, base);
		snprintf(out, 300, "%s.instance-%s._app.1", base, uuid);
		return;
	case ID_CHRONOS:
		snprintf(out, 300, "ct:%llu:0:%s:", (unsigned long long)c->now / 1000, app->name);
		return;
	case ID_SDK:
		snprintf(out, 300, "%.200s__%s", task_name(&t, app->name, name), uuid);
		return;
	case ID_PLAIN:
		snprintf(base, sizeof(base), "%s", app->name);
		base[strcspn(base, " _(.")] = '\0';
		snprintf(out, 300, "%s.%04u", base, app->launched + 1);
		return;
	case ID_NUMBER:
		snprintf(out, 300, "%u", number);
		return;
	}
}

static unsigned free_number(const struct app *app)
{
	const struct task *t;
	unsigned number = 0;

	if (!app->numbered)
		return app->launched;
restart:
	TAILQ_FOREACH (t, &app->tasks, of_app)
		if (t->number == number) {
			number++;
			goto restart;
		}
	return number;
}

/* Where the task is in its chain, or would be. */
static struct task **find_slot(const struct cluster *c, const char *id)
{
	uint64_t hash = 0xcbf29ce484222325ULL; /* FNV-1a */

	for (const char *p = id; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 0x100000001b3ULL;
	struct task **slot = &c->by_id[hash & (c->by_id_room - 1)];
	while (*slot && strcmp((*slot)->id, id))
		slot = &(*slot)->next_by_id;
	return slot;
}

static int enter_by_id(struct cluster *c, struct task *t)
{
	if (c->task_count >= c->by_id_room) {
		size_t old_room = c->by_id_room;
		struct task **old = c->by_id, *next;
		c->by_id_room = old_room ? 2 * old_room : 64;
		c->by_id = calloc(c->by_id_room, sizeof(struct task *));
		if (!c->by_id) {
			c->by_id = old;
			c->by_id_room = old_room;
			return ERR_NOMEM;
		}
		for (size_t i = 0; i < old_room; i++)
			for (struct task *moved = old[i]; moved; moved = next) {
				next = moved->next_by_id;
				moved->next_by_id = NULL;
				*find_slot(c, moved->id) = moved;
			}
		free(old);
	}
	*find_slot(c, t->id) = t;
	return 0;
}

static void tell_status(struct cluster *c, const struct task *t, const struct status *s)
{
	if (task_visible(t))
		cluster_tell(c, &(struct cluster_news){.change = CHANGE_TASK_UPDATED, .task = t, .status = s});
}

static void add_status(struct cluster *c, struct task *t, enum task_state state, enum health health, enum cause cause)
{
	unsigned i = 0;

	cluster_touch(c);
	while (i < t->status_count && t->statuses[i].state != state)
		i++;
	if (i == CLUSTER_STATUSES)
		i--;
	if (i == t->status_count)
		t->status_count++;
	t->statuses[i] = (struct status){c->now, state, health, cause};
	t->state = state;
	tell_status(c, t, &t->statuses[i]);
}

int task_launch(struct cluster *c, struct app *app, struct agent *a, struct task **out)
{
	char id[300];
	unsigned number = free_number(app);

	make_id(c, app, number, id);
	size_t len = strlen(id) + 1;
	struct task *t = calloc(1, sizeof(*t) + len);
	if (!t)
		return ERR_NOMEM;
	memcpy(t->id, id, len);
	t->app = app;
	t->number = number;
	if (a ? !place(a, t) : !place_anywhere(c, t)) {
		free(t);
		return ERR_LIMIT;
	}
	if (enter_by_id(c, t)) {
		give_back(t);
		TAILQ_REMOVE(&t->agent->tasks, t, of_agent);
		free(t);
		return ERR_NOMEM;
	}
	t->uuid[0] = rng_next(&c->rng);
	t->uuid[1] = rng_next(&c->rng);
	give_address(c, t);
	TAILQ_INSERT_TAIL(&app->tasks, t, of_app);
	app->count++;
	app->launched++;
	c->task_count++;
	cluster_tell(c, &(struct cluster_news){.change = CHANGE_TASK_ADDED, .task = t});
	add_status(c, t, TASK_STARTING, HEALTH_NONE, CAUSE_EXECUTOR);
	add_status(c, t, TASK_RUNNING, HEALTH_NONE, CAUSE_EXECUTOR);
	if (app->check)
		task_set_health(c, t, HEALTH_GOOD);
	if (out)
		*out = t;
	return 0;
}

int task_scale(struct cluster *c, struct app *app, size_t n)
{
	size_t have = 0;
	struct task *t, *next;

	TAILQ_FOREACH (t, &app->tasks, of_app)
		have += t->agent->state == AGENT_REGISTERED && !task_state_terminal(t->state);
	for (; have < n; have++) {
		int err = task_launch(c, app, NULL, NULL);
		if (err)
			return err;
	}
	for (t = TAILQ_FIRST(&app->tasks); t && have > n; t = next) {
		next = TAILQ_NEXT(t, of_app);
		if (t->agent->state == AGENT_REGISTERED && !task_state_terminal(t->state)) {
			task_finish(c, t, TASK_KILLED, CAUSE_EXECUTOR);
			have--;
		}
	}
	return 0;
}

struct task *task_find(const struct cluster *c, const char *id)
{
	return c->by_id_room ? *find_slot(c, id) : NULL;
}

void task_set_state(struct cluster *c, struct task *t, enum task_state state, enum cause cause)
{
	add_status(c, t, state, state == TASK_RUNNING && t->app->check ? HEALTH_GOOD : HEALTH_NONE, cause);
}

void task_finish(struct cluster *c, struct task *t, enum task_state state, enum cause cause)
{
	struct app *app = t->app;
	struct framework *f = app->framework;

	if (state == TASK_KILLED && cause == CAUSE_EXECUTOR && t->state != TASK_KILLING &&
		!task_state_terminal(t->state))
		task_set_state(c, t, TASK_KILLING, cause);
	task_set_state(c, t, state, cause);
	give_back(t);
	TAILQ_REMOVE(&app->tasks, t, of_app);
	TAILQ_REMOVE(&t->agent->tasks, t, of_agent);
	struct task **slot = find_slot(c, t->id);
	*slot = t->next_by_id;
	t->next_by_id = NULL;
	app->count--;
	c->task_count--;
	TAILQ_INSERT_TAIL(&f->completed_tasks, t, of_app);
	if (f->completed_count++ == COMPLETED_MAX) {
		struct task *oldest = TAILQ_FIRST(&f->completed_tasks);
		TAILQ_REMOVE(&f->completed_tasks, oldest, of_app);
		free(oldest);
		f->completed_count--;
	}
}

static const struct status *find_running(const struct task *t)
{
	for (unsigned i = 0; i < t->status_count; i++)
		if (t->statuses[i].state == TASK_RUNNING)
			return &t->statuses[i];
	return NULL;
}

int task_set_health(struct cluster *c, struct task *t, enum health health)
{
	const struct status *running = find_running(t);

	if (!running)
		return ERR_NOTFOUND;
	cluster_touch(c);
	struct status *s = &t->statuses[running - t->statuses];
	*s = (struct status){c->now, TASK_RUNNING, health, health ? CAUSE_HEALTH : CAUSE_EXECUTOR};
	tell_status(c, t, s);
	return 0;
}

bool task_repeat_health(struct cluster *c, struct task *t)
{
	return t->state == TASK_RUNNING && task_visible(t) && task_health(t) == HEALTH_BAD &&
	       !task_set_health(c, t, HEALTH_BAD);
}

enum health task_health(const struct task *t)
{
	const struct status *running = find_running(t);

	return running ? running->health : HEALTH_NONE;
}

void task_return(struct cluster *c, struct task *t)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < t->status_count; i++)
		if (t->statuses[i].state != TASK_UNREACHABLE)
			t->statuses[kept++] = t->statuses[i];
	t->status_count = kept;
	t->state = TASK_RUNNING;
	cluster_touch(c);
}
