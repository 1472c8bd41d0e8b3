/* SPDX-License-Identifier: Apache-2.0 */
#include "t/sim/cluster.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "t/sim/tasks.h"
#include "t/sim/text.h"

#define FIRST_TIME 1795299840588077ULL
#define TICK       10007U /* microseconds between changes */

struct cluster *cluster_new(uint64_t seed, size_t expected, bool loopback)
{
	struct cluster *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->version = 1;
	c->now = FIRST_TIME;
	c->rng.state = seed;
	c->loopback = loopback;
	/* 172.16.0.0/12 shared out: the usual /24 as long as that lasts, else 16,384 of 64. */
	c->bridge_size = expected <= 3072 ? 256 : 64;
	return c;
}

static void task_list_free(struct task_list *list)
{
	struct task *next;

	for (struct task *t = TAILQ_FIRST(list); t; t = next) {
		next = TAILQ_NEXT(t, of_app);
		free(t);
	}
}

static void app_free(struct app *app)
{
	task_list_free(&app->tasks);
	free(app->name);
	free(app->path);
	free(app->discovery);
	free(app);
}

static void framework_free(struct framework *f)
{
	struct app *next;

	for (struct app *app = TAILQ_FIRST(&f->apps); app; app = next) {
		next = TAILQ_NEXT(app, of_framework);
		app_free(app);
	}
	task_list_free(&f->completed_tasks);
	free(f->name);
	free(f->hostname);
	free(f->webui_url);
	free(f->principal);
	free(f->pid);
	free(f);
}

void cluster_free(struct cluster *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->framework_count; i++)
		framework_free(c->frameworks[i]);
	for (size_t i = 0; i < c->agent_count; i++)
		free(c->agents[i]);
	free(c->frameworks);
	free(c->agents);
	free(c->by_id);
	free(c);
}

void cluster_touch(struct cluster *c)
{
	c->version++;
	c->now += TICK;
}

void cluster_tell(struct cluster *c, const struct cluster_news *news)
{
	if (c->listener)
		c->listener(c->listener_cls, news);
}

static void tell_agent(struct cluster *c, enum cluster_change change, const struct agent *a)
{
	cluster_tell(c, &(struct cluster_news){.change = change, .agent = a});
}

static void tell_framework(struct cluster *c, enum cluster_change change, const struct framework *f)
{
	cluster_tell(c, &(struct cluster_news){.change = change, .framework = f});
}

void cluster_make_uuid(struct cluster *c, char out[37])
{
	uint64_t uuid[2];
	struct text t = {out, 0, 37, false};

	uuid[0] = rng_next(&c->rng);
	uuid[1] = rng_next(&c->rng);
	text_uuid(&t, uuid);
	out[36] = '\0';
}

/* Doubles an array of pointers when it is full. */
static int array_reserve(void *array, size_t count)
{
	void **old, **new;

	if (count & (count - 1))
		return 0;
	memcpy(&old, array, sizeof(old));
	new = realloc(old, (count ? 2 * count : 1) * sizeof(*new));
	if (!new)
		return ERR_NOMEM;
	memcpy(array, &new, sizeof(new));
	return 0;
}

struct agent *cluster_add_agent(struct cluster *c)
{
	static const char *const racks[] = {"r1", "r2", "r3", "r4"};
	unsigned number = (unsigned)c->agent_count;
	struct agent *a = array_reserve(&c->agents, number) ? NULL : calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->number = number;
	snprintf(a->id, sizeof(a->id), "%s-S%u", c->master_id, number);
	/* The last byte goes from 1 to 250, so that no address looks like a network's or a broadcast's. */
	unsigned n = number + 10;
	a->ip = (c->loopback ? 127U << 24 | 1U << 16 : 10U << 24) + n / 250 * 256 + n % 250 + 1;
	a->bridge = (172U << 24 | 17U << 16) + number % ((15U << 16) / c->bridge_size) * c->bridge_size;
	a->port = 5051;
	snprintf(a->hostname, sizeof(a->hostname), "agent-%u.%s.example", number, racks[number % 4]);
	a->state = AGENT_REGISTERED;
	a->active = true;
	a->total = (struct amount){32000, 131072, 1048576};
	TAILQ_INIT(&a->tasks);
	cluster_touch(c);
	a->registered = c->now;
	c->agents[c->agent_count++] = a;
	tell_agent(c, CHANGE_AGENT_ADDED, a);
	return a;
}

struct agent *cluster_find_agent(const struct cluster *c, const char *what)
{
	struct in_addr in;
	char *end;
	unsigned long number = strtoul(what, &end, 10);
	bool is_number = *what && !*end;
	bool is_ip = inet_pton(AF_INET, what, &in) == 1;

	for (size_t i = 0; i < c->agent_count; i++) {
		struct agent *a = c->agents[i];
		if ((is_number && a->number == number) || (is_ip && a->ip == ntohl(in.s_addr)) ||
			!strcmp(a->id, what) || !strcmp(a->hostname, what))
			return a;
	}
	return NULL;
}

void cluster_remove_agent(struct cluster *c, struct agent *a)
{
	bool registered = a->state == AGENT_REGISTERED;
	struct task *t;

	while ((t = TAILQ_FIRST(&a->tasks)))
		task_finish(c, t, TASK_LOST, CAUSE_AGENT);
	a->state = AGENT_GONE;
	a->active = false;
	cluster_touch(c);
	if (registered)
		tell_agent(c, CHANGE_AGENT_REMOVED, a);
}

void cluster_lose_agent(struct cluster *c, struct agent *a)
{
	struct task *t;

	if (a->state != AGENT_REGISTERED && a->state != AGENT_RECOVERED)
		return;
	/* Before it leaves: of tasks on an agent that is only recovered nobody hears. */
	TAILQ_FOREACH (t, &a->tasks, of_agent)
		if (!task_state_terminal(t->state))
			task_set_state(c, t, TASK_UNREACHABLE, CAUSE_AGENT);
	a->state = AGENT_UNREACHABLE;
	cluster_touch(c);
}

static void tell_task(struct cluster *c, const struct task *t)
{
	cluster_tell(c, &(struct cluster_news){.change = CHANGE_TASK_ADDED, .task = t});
}

/* A reregistering agent's tasks are added before it, but those of frameworks that the master does not know
 * yet: these come with it, each framework with its tasks behind it. */
static void tell_returned(struct cluster *c, const struct agent *a)
{
	struct task *t, *other;

	TAILQ_FOREACH (t, &a->tasks, of_agent)
		if (t->app->framework->known)
			tell_task(c, t);
	tell_agent(c, CHANGE_AGENT_ADDED, a);
	TAILQ_FOREACH (t, &a->tasks, of_agent) {
		struct framework *f = t->app->framework;
		if (f->known)
			continue;
		tell_framework(c, CHANGE_FRAMEWORK_ADDED, f);
		for (other = t; other; other = TAILQ_NEXT(other, of_agent))
			if (other->app->framework == f)
				tell_task(c, other);
		f->known = true;
	}
}

int cluster_return_agent(struct cluster *c, struct agent *a)
{
	struct task *t;

	if (a->state != AGENT_UNREACHABLE && a->state != AGENT_RECOVERED)
		return ERR_NOTFOUND;
	a->state = AGENT_REGISTERED;
	a->active = true;
	cluster_touch(c);
	a->reregistered = c->now;
	TAILQ_FOREACH (t, &a->tasks, of_agent)
		if (t->state == TASK_UNREACHABLE)
			task_return(c, t);
	tell_returned(c, a);
	return 0;
}

void cluster_fail_over(struct cluster *c)
{
	for (size_t i = 0; i < c->agent_count; i++)
		if (c->agents[i]->state == AGENT_REGISTERED)
			c->agents[i]->state = AGENT_RECOVERED;
	for (size_t i = 0; i < c->framework_count; i++) {
		struct framework *f = c->frameworks[i];
		if (!f->completed) {
			f->recovered = true;
			f->active = f->connected = f->known = false;
		}
	}
	cluster_touch(c);
}

size_t cluster_recover(struct cluster *c, size_t n)
{
	size_t done = 0;
	bool left = false;

	for (size_t i = 0; i < c->agent_count; i++) {
		if (c->agents[i]->state != AGENT_RECOVERED)
			continue;
		if (done == n) {
			left = true;
			break;
		}
		cluster_return_agent(c, c->agents[i]);
		done++;
	}
	if (!left)
		for (size_t i = 0; i < c->framework_count; i++)
			if (c->frameworks[i]->recovered)
				cluster_connect_framework(c, c->frameworks[i], true);
	return done;
}

struct framework *cluster_add_framework(struct cluster *c, const char *name, const char *pid, const char *hostname,
	const char *webui_url, const char *principal)
{
	struct framework *f = array_reserve(&c->frameworks, c->framework_count) ? NULL : calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	TAILQ_INIT(&f->apps);
	TAILQ_INIT(&f->completed_tasks);
	snprintf(f->id, sizeof(f->id), "%s-%04zu", c->master_id, c->framework_count);
	f->name = strdup(name);
	f->hostname = strdup(hostname);
	f->webui_url = strdup(webui_url);
	f->principal = principal ? strdup(principal) : NULL;
	f->pid = pid ? strdup(pid) : NULL;
	if (!f->name || !f->hostname || !f->webui_url || !f->principal != !principal || !f->pid != !pid) {
		framework_free(f);
		return NULL;
	}
	f->active = f->connected = f->known = true;
	f->failover_timeout = 604800;
	cluster_touch(c);
	f->registered = f->reregistered = c->now;
	c->frameworks[c->framework_count++] = f;
	tell_framework(c, CHANGE_FRAMEWORK_ADDED, f);
	return f;
}

struct framework *cluster_find_framework(const struct cluster *c, const char *what)
{
	for (size_t i = 0; i < c->framework_count; i++) {
		struct framework *f = c->frameworks[i];
		if (!f->completed && (!strcmp(f->id, what) || !strcmp(f->name, what)))
			return f;
	}
	return NULL;
}

void cluster_remove_framework(struct cluster *c, struct framework *f)
{
	struct app *app;
	struct task *t;

	TAILQ_FOREACH (app, &f->apps, of_framework)
		while ((t = TAILQ_FIRST(&app->tasks)))
			task_finish(c, t, TASK_KILLED, CAUSE_FRAMEWORK);
	f->completed = true;
	f->active = f->connected = f->recovered = false;
	cluster_touch(c);
	f->unregistered = c->now;
	if (f->known)
		tell_framework(c, CHANGE_FRAMEWORK_REMOVED, f);
}

int cluster_move_framework(struct framework *f, const char *pid, const char *hostname)
{
	char *new_pid = pid ? strdup(pid) : NULL, *new_hostname = hostname ? strdup(hostname) : NULL;

	if (!new_pid != !pid || !new_hostname != !hostname) {
		free(new_pid);
		free(new_hostname);
		return ERR_NOMEM;
	}
	if (new_pid) {
		free(f->pid);
		f->pid = new_pid;
	}
	if (new_hostname) {
		free(f->hostname);
		f->hostname = new_hostname;
	}
	return 0;
}

void cluster_connect_framework(struct cluster *c, struct framework *f, bool connected)
{
	f->active = f->connected = connected;
	cluster_touch(c);
	if (!connected)
		return;
	f->recovered = false;
	f->reregistered = c->now;
	tell_framework(c, f->known ? CHANGE_FRAMEWORK_UPDATED : CHANGE_FRAMEWORK_ADDED, f);
	f->known = true;
}

bool cluster_framework_visible(const struct framework *f)
{
	return !f->completed && f->known;
}

struct app *cluster_add_app(
	struct cluster *c, struct framework *f, const char *name, const char *path, const char *discovery)
{
	struct app *app = calloc(1, sizeof(*app));

	if (!app)
		return NULL;
	TAILQ_INIT(&app->tasks);
	app->name = strdup(name);
	app->path = path ? strdup(path) : NULL;
	app->discovery = discovery ? strdup(discovery) : NULL;
	if (!app->name || !app->path != !path || !app->discovery != !discovery) {
		app_free(app);
		return NULL;
	}
	app->framework = f;
	app->need = (struct amount){100, 128, 0};
	TAILQ_INSERT_TAIL(&f->apps, app, of_framework);
	cluster_touch(c);
	return app;
}

struct app *cluster_find_app(const struct cluster *c, const struct framework *f, const char *what)
{
	struct app *app;

	for (size_t i = 0; i < c->framework_count; i++) {
		if (c->frameworks[i]->completed || (f && f != c->frameworks[i]))
			continue;
		TAILQ_FOREACH (app, &c->frameworks[i]->apps, of_framework)
			if (!strcmp(app->name, what) || (app->path && !strcmp(app->path, what)))
				return app;
	}
	return NULL;
}
