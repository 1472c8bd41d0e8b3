/* SPDX-License-Identifier: Apache-2.0 */
#include "t/sim/generate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "t/sim/tasks.h"

enum demo_framework {
	MARATHON,
	MARATHON_USER,
	CHRONOS,
	CASSANDRA,
	KAFKA,
	HDFS,
	SPARK,
	ELASTIC,
	EXECUTE_A,
	EXECUTE_B,
	BANGS,
	EMPTY,
	DEMO_FRAMEWORKS
};

/* `scheduler` is the last byte of the pid's host (10.0.0.N, or loopback); 0: an HTTP scheduler. */
static const struct {
	const char *name, *hostname, *webui_url, *principal;
	unsigned scheduler;
	bool multi_role;
} demo_frameworks[DEMO_FRAMEWORKS] = {
	[MARATHON] = {"marathon", "10.0.0.2", "http://10.0.0.2:8080", "marathon", 2, true},
	[MARATHON_USER] = {"marathon-user", "sched.example", "http://sched.example:8080", "marathon", 0,
		true},
	[CHRONOS] = {"chronos-2.4.0", "10.0.0.3", "http://10.0.0.3:4400", NULL, 3, false},
	[CASSANDRA] = {"cassandra", "10.0.0.4", "", "cassandra", 4, false},
	[KAFKA] = {"data/kafka", "10.0.0.4", "", "kafka", 5, false},
	[HDFS] = {"hdfs", "10.0.0.4", "", "hdfs", 6, false},
	[SPARK] = {"Spark shell (dev)", "10.0.0.7", "http://10.0.0.7:4040", NULL, 7, false},
	[ELASTIC] = {"elasticsearch", "10.0.0.8", "", NULL, 8, false},
	[EXECUTE_A] = {"mesos-execute instance", "", "", NULL, 0, false},
	[EXECUTE_B] = {"mesos-execute instance", "", "", NULL, 0, false},
	[BANGS] = {"!!!", "sched.example", "", NULL, 0, false},
	[EMPTY] = {"", "", "", NULL, 0, false},
};

#define LONG_NAME "a-service-with-the-longest-name-that-anybody-ever-gave-to-one-of-them-ok" /* 72 bytes */

static const struct demo_app {
	enum demo_framework framework;
	unsigned instances;
	const char *name, *path, *discovery;
	enum network network;
	enum check check;
	struct app_port ports[CLUSTER_APP_PORTS]; /* up to the first without a container port */
	bool numbered, scattered, executor;
	enum id_style id_style;
} demo_apps[] = {
	{MARATHON, 5, "mywebservice", "/mywebservice", "mywebservice", NETWORK_BRIDGE, CHECK_HTTP,
		{{"http", "tcp", 8080}}, .id_style = ID_MARATHON},
	{MARATHON, 3, "app.group", "/group/app", "app.group", NETWORK_BRIDGE, CHECK_TCP,
		{{"http", "tcp,udp", 8080}, {"metrics", "tcp", 9100}}, .id_style = ID_MARATHON},
	{MARATHON, 2, "cart.prod.shop", "/shop/prod/cart", "cart.prod.shop", NETWORK_HOST, CHECK_HTTP,
		{{"http", "TCP", 80}, {"admin", "tcp", 81}, {"", "", 82}}, .scattered = true,
		.id_style = ID_MARATHON},
	{MARATHON, 2, "search", "/search", "search", NETWORK_OVERLAY, CHECK_HTTP, {{"http", "tcp", 9200}},
		.id_style = ID_MARATHON},
	{MARATHON, 2, "frontend.v6", "/v6/frontend", "frontend.v6", NETWORK_DUAL, CHECK_COMMAND,
		{{"https", "tcp", 443}}, .id_style = ID_MARATHON},
	{MARATHON, 1, "worker", "/worker", "worker", NETWORK_HOST, CHECK_NONE, {{"", "", 0}},
		.id_style = ID_MARATHON},
	{MARATHON, 1, LONG_NAME, "/" LONG_NAME, LONG_NAME, NETWORK_BRIDGE, CHECK_NONE, {{"http", "tcp", 80}},
		.id_style = ID_MARATHON},
	{MARATHON_USER, 2, "dns", "/dns", "dns", NETWORK_HOST, CHECK_NONE,
		{{"dns", "udp", 53}, {"dns-tcp", "tcp", 53}}, .id_style = ID_MARATHON},
	{MARATHON_USER, 1, "legacy", "/legacy", "", NETWORK_BRIDGE, CHECK_NONE,
		{{"http", "tcp", 8080}}, .id_style = ID_MARATHON},
	{CHRONOS, 1, "ChronosTask:nightly report (all)", NULL, NULL, NETWORK_HOST, CHECK_NONE, {{"", "", 0}},
		.id_style = ID_CHRONOS},
	{CHRONOS, 1, "ChronosTask:backup", NULL, NULL, NETWORK_HOST, CHECK_NONE, {{"", "", 0}},
		.id_style = ID_CHRONOS},
	{CASSANDRA, 3, "node-#-server", NULL, "node-#-server", NETWORK_HOST, CHECK_COMMAND,
		{{"native-client", "tcp", 9042}, {"gossip", "tcp", 7000}}, true, .executor = true,
		.id_style = ID_SDK},
	{KAFKA, 3, "kafka-#-broker", NULL, "kafka-#-broker", NETWORK_HOST, CHECK_TCP,
		{{"broker", "tcp", 9092}}, true, .executor = true, .id_style = ID_SDK},
	{HDFS, 2, "name-#-node", NULL, "name-#-node", NETWORK_HOST, CHECK_NONE,
		{{"rpc", "tcp", 9001}, {"http", "tcp", 9002}}, true, .executor = true, .id_style = ID_SDK},
	{HDFS, 3, "data-#-node", NULL, "data-#-node", NETWORK_HOST, CHECK_NONE, {{"data", "tcp", 9003}}, true,
		.executor = true, .id_style = ID_SDK},
	{SPARK, 2, "Task #", NULL, NULL, NETWORK_HOST, CHECK_NONE, {{"", "", 0}}, true,
		.id_style = ID_NUMBER},
	{ELASTIC, 1, "esdemo", NULL, "esdemo", NETWORK_HOST, CHECK_NONE,
		{{"CLIENT_PORT", "client", 9200}, {"TRANSPORT_PORT", "transport", 9300}},
		.id_style = ID_PLAIN},
	{EXECUTE_A, 1, "plain_Task with.odd name", NULL, NULL, NETWORK_HOST, CHECK_NONE, {{"", "", 0}},
		.id_style = ID_PLAIN},
	{EXECUTE_B, 1, "flap", NULL, "flap", NETWORK_HOST, CHECK_COMMAND, {{"http", "tcp", 80}},
		.id_style = ID_PLAIN},
	{BANGS, 1, "...", NULL, NULL, NETWORK_HOST, CHECK_NONE, {{"x", "tcp", 1}}, .id_style = ID_PLAIN},
	{EMPTY, 1, "Nameless", NULL, NULL, NETWORK_HOST, CHECK_NONE, {{"", "", 0}}, .id_style = ID_PLAIN},
};

static struct app *add_demo_app(struct cluster *c, struct framework *f, const struct demo_app *d)
{
	struct app *app = cluster_add_app(c, f, d->name, d->path, d->discovery);

	if (!app)
		return NULL;
	app->network = d->network;
	app->check = d->check;
	app->numbered = d->numbered;
	app->scattered = d->scattered;
	app->executor = d->executor;
	app->id_style = d->id_style;
	while (app->port_count < CLUSTER_APP_PORTS && d->ports[app->port_count].container) {
		app->ports[app->port_count] = d->ports[app->port_count];
		app->port_count++;
	}
	return app;
}

/* Starts up to `n` of the `*left` tasks. */
static int fill(struct cluster *c, struct app *app, size_t n, size_t *left)
{
	for (; n && *left; n--, --*left) {
		int err = task_launch(c, app, NULL, NULL);
		if (err)
			return err;
	}
	return 0;
}

static struct framework *add_framework(struct cluster *c, const char *name, const char *hostname,
	const char *webui_url, const char *principal, unsigned scheduler)
{
	char pid[96], uuid[37];

	cluster_make_uuid(c, uuid);
	snprintf(pid, sizeof(pid), "scheduler-%s@%s.%u:%u", uuid, c->loopback ? "127.1.0" : "10.0.0",
		scheduler, 15101 + scheduler);
	return cluster_add_framework(c, name, scheduler ? pid : NULL, hostname, webui_url, principal);
}

/* A few things that are over, as every master remembers them. */
static int add_history(struct cluster *c, struct app *job)
{
	struct framework *old = cluster_add_framework(c, "mesos-execute instance", NULL, "", "", NULL);
	struct app *app = old ? cluster_add_app(c, old, "short", NULL, "short") : NULL;
	struct task *t;

	if (!app)
		return ERR_NOMEM;
	app->id_style = ID_PLAIN;
	app->ports[app->port_count++] = (struct app_port){"http", "tcp", 80};
	int err = task_launch(c, app, NULL, &t);
	if (err)
		return err;
	task_finish(c, t, TASK_FINISHED, CAUSE_EXECUTOR);
	cluster_remove_framework(c, old);
	err = task_launch(c, job, NULL, &t);
	if (!err)
		task_finish(c, t, TASK_FAILED, CAUSE_EXECUTOR);
	return err;
}

static int add_demo(struct cluster *c, size_t *left)
{
	struct framework *frameworks[DEMO_FRAMEWORKS];
	struct app *job = NULL;
	int err;

	for (unsigned i = 0; i < DEMO_FRAMEWORKS; i++) {
		frameworks[i] = add_framework(c, demo_frameworks[i].name, demo_frameworks[i].hostname,
			demo_frameworks[i].webui_url, demo_frameworks[i].principal,
			demo_frameworks[i].scheduler);
		if (!frameworks[i])
			return ERR_NOMEM;
		frameworks[i]->multi_role = demo_frameworks[i].multi_role;
	}
	for (size_t i = 0; i < sizeof(demo_apps) / sizeof(*demo_apps); i++) {
		const struct demo_app *d = &demo_apps[i];
		struct app *app = add_demo_app(c, frameworks[d->framework], d);
		if (!app)
			return ERR_NOMEM;
		err = fill(c, app, d->instances, left);
		if (err)
			return err;
		if (d->framework == CHRONOS)
			job = app;
		/* The spec's case of a name that answers without its sick instance. */
		if (!strcmp(d->name, "app.group") && app->count > 2)
			task_set_health(c, TAILQ_FIRST(&app->tasks), HEALTH_BAD);
	}
	return c->agent_count ? add_history(c, job) : 0;
}

static const char *const first_words[] = {"checkout", "search", "catalog", "user", "order", "payment",
	"invoice", "image", "video", "mail", "session", "pricing", "stock", "review", "geo", "audit"};
static const char *const last_words[] = {
	"api", "worker", "web", "cache", "proxy", "stream", "batch", "gateway"};
static const char *const teams[] = {"shop", "media", "core", "data", "mobile", "ads"};

#define PICK(list) ((list)[rng_below(&c->rng, sizeof(list) / sizeof(*(list)))])

/* One more Marathon app; sizes as in clusters that have grown: many small ones, a few large. */
static int add_marathon_app(struct cluster *c, struct framework *f, unsigned serial, size_t *left)
{
	char base[64], path[128], name[128];
	const char *team = PICK(teams);
	struct demo_app d = demo_apps[0];
	unsigned kind = (unsigned)rng_below(&c->rng, 20);
	size_t instances = 1 + rng_below(&c->rng, 4);

	snprintf(base, sizeof(base), "%s-%s-%u", PICK(first_words), PICK(last_words), serial);
	snprintf(path, sizeof(path), "/%s/%s", team, base);
	snprintf(name, sizeof(name), "%s.%s", base, team);
	d.name = d.discovery = name;
	d.path = path;
	if (kind >= 18)
		d.network = NETWORK_OVERLAY;
	else if (kind >= 6)
		d.network = NETWORK_HOST;
	if (kind % 4)
		d.check = CHECK_NONE;
	if (kind % 6 == 0)
		d.ports[1] = (struct app_port){"metrics", "tcp", 9100};
	if (rng_below(&c->rng, 4) == 0)
		instances *= 1 + rng_below(&c->rng, 16);
	struct app *app = add_demo_app(c, f, &d);
	return app ? fill(c, app, instances, left) : ERR_NOMEM;
}

/* One more data service with a scheduler of its own. */
static int add_service(struct cluster *c, unsigned serial, size_t *left)
{
	static const enum demo_framework kinds[] = {CASSANDRA, KAFKA, HDFS, SPARK};
	enum demo_framework kind = PICK(kinds);
	char name[64];

	snprintf(name, sizeof(name), "%s-%u", demo_frameworks[kind].name, serial);
	struct framework *f =
		add_framework(c, name, demo_frameworks[kind].hostname, "", NULL, 20 + serial % 200);
	if (!f)
		return ERR_NOMEM;
	for (size_t i = 0; i < sizeof(demo_apps) / sizeof(*demo_apps); i++)
		if (demo_apps[i].framework == kind) {
			struct app *app = add_demo_app(c, f, &demo_apps[i]);
			int err = app ? fill(c, app, demo_apps[i].instances + rng_below(&c->rng, 6), left)
				      : ERR_NOMEM;
			if (err)
				return err;
		}
	return 0;
}

static int add_job(struct cluster *c, struct framework *chronos, unsigned serial, size_t *left)
{
	struct demo_app d = {CHRONOS, 1, NULL, NULL, NULL, NETWORK_HOST, CHECK_NONE, {{"", "", 0}},
		.id_style = ID_CHRONOS};
	char name[64];

	snprintf(name, sizeof(name), "ChronosTask:%s %s %u", PICK(first_words), PICK(last_words), serial);
	d.name = name;
	struct app *app = add_demo_app(c, chronos, &d);
	return app ? fill(c, app, 1, left) : ERR_NOMEM;
}

int generate_cluster(struct cluster *c, size_t agents, size_t tasks)
{
	size_t left = tasks;
	int err;

	cluster_make_uuid(c, c->master_id);
	for (size_t i = 0; i < agents; i++)
		if (!cluster_add_agent(c))
			return ERR_NOMEM;
	err = add_demo(c, &left);
	if (err || tasks == SIZE_MAX)
		return err;
	struct framework *marathon = cluster_find_framework(c, demo_frameworks[MARATHON].name);
	struct framework *chronos = cluster_find_framework(c, demo_frameworks[CHRONOS].name);
	for (unsigned serial = 1; left && !err; serial++) {
		if (serial % 64 == 0)
			err = add_service(c, serial, &left);
		else if (serial % 8 == 0)
			err = add_job(c, chronos, serial, &left);
		else
			err = add_marathon_app(c, marathon, serial, &left);
	}
	return err;
}

/* A random task that runs; NULL if the draw found none. */
static struct task *random_task(struct churn *churn)
{
	struct app *app = churn->apps[rng_below(&churn->rng, churn->count)];
	struct task *t = TAILQ_FIRST(&app->tasks);

	for (uint64_t skip = rng_below(&churn->rng, app->count); t && skip; skip--)
		t = TAILQ_NEXT(t, of_app);
	return t && t->agent->state == AGENT_REGISTERED && t->state == TASK_RUNNING ? t : NULL;
}

static int change_once(struct cluster *c, struct task *t, struct rng *rng)
{
	struct app *app = t->app;
	uint64_t kind = rng_below(rng, 10);

	if (kind < 3 && app->check) {
		task_set_health(c, t, task_health(t) == HEALTH_GOOD ? HEALTH_BAD : HEALTH_GOOD);
		return 0;
	}
	if (kind == 3)
		return task_launch(c, app, NULL, NULL);
	if (kind == 4 && app->count > 1) {
		task_finish(c, t, TASK_KILLED, CAUSE_EXECUTOR);
		return 0;
	}
	int err = task_launch(c, app, NULL, NULL);
	if (!err)
		task_finish(c, t, TASK_FAILED, CAUSE_EXECUTOR);
	return err;
}

int churn_init(struct churn *churn, const struct cluster *c, const struct framework *f, uint64_t seed)
{
	struct app *app;
	size_t count = 0;

	*churn = (struct churn){.rng = {seed}};
	for (size_t i = 0; i < c->framework_count; i++)
		TAILQ_FOREACH (app, &c->frameworks[i]->apps, of_framework)
			count += app->count > 0 && (!f || app->framework == f);
	if (!count)
		return ERR_LIMIT;
	churn->apps = malloc(count * sizeof(*churn->apps));
	if (!churn->apps)
		return ERR_NOMEM;
	for (size_t i = 0; i < c->framework_count; i++)
		TAILQ_FOREACH (app, &c->frameworks[i]->apps, of_framework)
			if (app->count && (!f || app->framework == f))
				churn->apps[churn->count++] = app;
	return 0;
}

int churn_step(struct churn *churn, struct cluster *c)
{
	for (size_t misses = 0; misses < 1000 + 10 * churn->count; misses++) {
		struct task *t = random_task(churn);
		if (t)
			return change_once(c, t, &churn->rng);
	}
	return ERR_LIMIT;
}

void churn_fini(struct churn *churn)
{
	free(churn->apps);
	*churn = (struct churn){0};
}

int generate_churn(struct cluster *c, size_t n, uint64_t seed)
{
	struct churn churn;
	int err = churn_init(&churn, c, NULL, seed);

	while (n-- && !err)
		err = churn_step(&churn, c);
	churn_fini(&churn);
	return err;
}
