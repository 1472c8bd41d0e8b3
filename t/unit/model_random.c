/* SPDX-License-Identifier: Apache-2.0 */
/* cluster/model: thousands of random updates, after each of which the records gathered from what was told must be
 * those of the model as it stands. */
#include "t/unit/unit.h"

#include "base/err.h"
#include "cluster/model.h"
#include "t/unit/cluster.h"

#define AGENTS     6
#define FRAMEWORKS 4
#define TASKS      12 /* ids, each in any framework */
#define NAMES      3  /* of a task: each a task of its own */
#define UPDATES    3000
#define SLOTS      65536

struct fixture {
	struct cluster_model *model;
	struct cluster_builder builder;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	siphash_init();
	f->model = cluster_model_new();
	*state = f;
	return !f->model;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	cluster_model_free(f->model);
	cluster_builder_fini(&f->builder);
	free(f);
	return 0;
}

static void begin(struct fixture *f)
{
	cluster_model_begin(f->model);
}

static void counts_are(struct fixture *f, size_t agents, size_t frameworks, size_t tasks)
{
	struct cluster_counts n = cluster_model_counts(f->model);

	assert_int_equal(n.agents, agents);
	assert_int_equal(n.frameworks, frameworks);
	assert_int_equal(n.tasks, tasks);
}

static uint64_t seed = 20240611, rng_state;

static unsigned rng(unsigned n)
{
	rng_state = rng_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(rng_state >> 33) % n;
}

/* How often each record was told; removals count backwards. */
struct multiset {
	struct {
		uint64_t key;
		int64_t count;
	} slots[SLOTS];
	int sign;
};

static void count_record(void *arg, const struct naming_record *r)
{
	struct multiset *set = arg;
	uint8_t bytes[16 + 2 * DNAME_MAX] = {
		(uint8_t)r->type, (uint8_t)r->rank, (uint8_t)(r->port >> 8), (uint8_t)r->port};
	size_t len = 4;

	memcpy(bytes + len, r->owner, r->owner_len);
	len += r->owner_len;
	if (r->addr)
		memcpy(bytes + len, r->addr->bytes, r->addr->len);
	else
		memcpy(bytes + len, r->target, r->target_len);
	len += r->addr ? r->addr->len : r->target_len;
	uint64_t key = siphash13(&siphash_process_key, bytes, len) | 1;
	size_t slot = (size_t)(key >> 16) % SLOTS;
	for (size_t tries = 0; set->slots[slot].key && set->slots[slot].key != key; slot = (slot + 1) % SLOTS)
		assert_true(++tries < SLOTS);
	set->slots[slot].key = key;
	set->slots[slot].count += set->sign;
}

static void count_left_out(void *arg, enum naming_left_out why)
{
	uint8_t owner[2] = {0, (uint8_t)why};

	count_record(arg, &(struct naming_record){.owner = owner, .owner_len = 2, .target = owner});
}

struct run {
	struct naming *naming;
	struct multiset told, derived;
	const struct cluster_task *seen[TASKS * FRAMEWORKS * NAMES];
	size_t seen_count;
	/* what the model must hold: 0 nothing, else which of the variants */
	unsigned agents[AGENTS], frameworks[FRAMEWORKS], tasks[FRAMEWORKS][TASKS][NAMES];
	struct { /* taken out by their names in the update under way */
		bool agents[AGENTS], frameworks[FRAMEWORKS], tasks[FRAMEWORKS][TASKS][NAMES];
	} removed;
};

static struct naming_sink count_sink(struct multiset *set, int sign)
{
	set->sign = sign;
	return (struct naming_sink){.arg = set, .record = count_record, .left_out = count_left_out};
}

static void count_agent(void *arg, const struct cluster_agent *before, const struct cluster_agent *after)
{
	struct run *run = arg;
	struct naming_sink sink = count_sink(&run->told, -1);

	if (before)
		naming_agent(run->naming, before, &sink);
	run->told.sign = 1;
	if (after)
		naming_agent(run->naming, after, &sink);
}

static void count_framework(void *arg, const struct cluster_framework *before, const struct cluster_framework *after)
{
	struct run *run = arg;
	struct naming_sink sink = count_sink(&run->told, -1);

	if (before)
		naming_framework(run->naming, before, &sink);
	run->told.sign = 1;
	if (after)
		naming_framework(run->naming, after, &sink);
}

static void count_task(void *arg, const struct cluster_task_view *before, const struct cluster_task_view *after)
{
	struct run *run = arg;
	struct naming_sink sink = count_sink(&run->told, -1);

	for (size_t i = 0; i < run->seen_count; i++)
		assert_true(run->seen[i] != before->task && run->seen[i] != after->task);
	run->seen[run->seen_count++] = before->task ? before->task : after->task;
	if (before->task)
		naming_task(run->naming, before->task, before->agent, before->framework, &sink);
	run->told.sign = 1;
	if (after->task)
		naming_task(run->naming, after->task, after->agent, after->framework, &sink);
}

/* Variant `v` (from 1) of an element, the same whenever it is asked for. */
static void build_nth_agent(struct cluster_builder *b, unsigned i, unsigned v)
{
	char id[16], addrs[64];

	snprintf(id, sizeof(id), "x-S%u", i);
	snprintf(addrs, sizeof(addrs), v < 3 ? "10.0.0.1" : v == 3 ? "10.1.0.%u,fd00::%u" : "10.2.0.%u", i, i);
	build_agent(b, &(struct agent_spec){.id = id, .addrs = v > 1 ? addrs : NULL, .port = v == 5 ? 5052 : 5051});
}

static void build_nth_framework(struct cluster_builder *b, unsigned i, unsigned v)
{
	static const char *const names[] = {"!!!", "marathon", "marathon.prod", "Chronos", "chronos"};
	char id[16];

	snprintf(id, sizeof(id), "F%u", i);
	build_framework(b, &(struct framework_spec){.id = id, .name = names[v - 1], .addrs = v == 2 ? "" : "10.0.0.9",
		.port = v > 3 ? 8080 : 0});
}

/* One of them never comes. */
static unsigned agent_of(unsigned variant)
{
	return variant / 5 % (AGENTS + 1);
}

static const char *const task_names[NAMES] = {"web", "Web 2", "!"};

static void build_nth_task(struct cluster_builder *b, unsigned framework_i, unsigned i, unsigned name, unsigned v)
{
	char id[16], framework_id[16], agent_id[16];
	struct task_spec spec = {.id = id, .framework = framework_id, .agent = agent_id, .name = task_names[name]};

	snprintf(id, sizeof(id), "t.%u", i);
	snprintf(framework_id, sizeof(framework_id), "F%u", framework_i);
	snprintf(agent_id, sizeof(agent_id), "x-S%u", agent_of(v));
	spec.health = v / 7 % 3;
	spec.state = v % 11 == 0 ? CLUSTER_TASK_TERMINAL : CLUSTER_TASK_RUNNING;
	spec.ports = v % 3 ? "[80-81]" : NULL;
	spec.netinfo = v % 4 ? NULL : "172.17.0.2,172.17.0.3";
	if (v % 6 == 0) {
		spec.discovery = v % 4 ? "web" : "web.site";
		spec.discovery_ports[0].name = "http";
		spec.discovery_ports[0].protocol = "tcp";
		spec.discovery_ports[0].number = (uint16_t)v;
		spec.discovery_port_count = 1;
	}
	build_task(b, &spec);
}

static bool says_the_same(const struct cluster_element *a, const struct cluster_element *b)
{
	size_t from = offsetof(struct cluster_element, size);

	return a && a->size == b->size && !memcmp((const char *)a + from, (const char *)b + from, a->size - from);
}

/* Holds the model's element against what it must be. */
static void check_element(struct fixture *f, const struct cluster_maps *maps, enum cluster_kind kind, unsigned variant,
	const char *id)
{
	const struct cluster_element *e = cluster_maps_find(maps, kind, "", 0, id, strlen(id));

	if (variant)
		assert_true(says_the_same(e, f->builder.element));
	else
		assert_null(e);
}

static void check_elements(struct fixture *f, struct run *run)
{
	struct cluster_maps maps = cluster_model_maps(f->model);
	size_t agents = 0, frameworks = 0, tasks = 0;
	char id[16];

	for (unsigned i = 0; i < AGENTS; i++) {
		snprintf(id, sizeof(id), "x-S%u", i);
		if (run->agents[i])
			build_nth_agent(&f->builder, i, run->agents[i]);
		check_element(f, &maps, CLUSTER_AGENT, run->agents[i], id);
		agents += run->agents[i] > 0;
	}
	for (unsigned i = 0; i < FRAMEWORKS; i++) {
		snprintf(id, sizeof(id), "F%u", i);
		if (run->frameworks[i])
			build_nth_framework(&f->builder, i, run->frameworks[i]);
		check_element(f, &maps, CLUSTER_FRAMEWORK, run->frameworks[i], id);
		frameworks += run->frameworks[i] > 0;
		for (unsigned t = 0; t < TASKS * NAMES; t++)
			tasks += run->tasks[i][t / NAMES][t % NAMES] > 0;
	}
	struct pmap_iter it = pmap_iter(maps.of[CLUSTER_TASK]);
	for (const struct cluster_task *task; (task = pmap_next(&it));) {
		unsigned i, t, n = 0;

		assert_int_equal(sscanf(cluster_text(task, task->framework_id), "F%u", &i), 1);
		assert_int_equal(sscanf(cluster_text(task, task->e.id), "t.%u", &t), 1);
		while (strcmp(task_names[n], cluster_text(task, task->name)) != 0)
			n++;
		assert_true(run->tasks[i][t][n] > 0);
		build_nth_task(&f->builder, i, t, n, run->tasks[i][t][n]);
		assert_true(says_the_same(&task->e, f->builder.element));
	}
	counts_are(f, agents, frameworks, tasks);
}

/* The records of the model as it stands, taken off those that were told, must leave nothing. */
static void check_records(struct fixture *f, struct run *run)
{
	struct cluster_maps maps = cluster_model_maps(f->model);

	memcpy(&run->derived, &run->told, sizeof(run->told));
	struct naming_sink sink = count_sink(&run->derived, -1);
	for (int kind = 0; kind <= CLUSTER_TASK; kind++) {
		struct pmap_iter it = pmap_iter(maps.of[kind]);

		for (const struct cluster_element *e; (e = pmap_next(&it));) {
			const struct cluster_task *t = (const void *)e;

			if (kind == CLUSTER_AGENT)
				naming_agent(run->naming, (const void *)e, &sink);
			else if (kind == CLUSTER_FRAMEWORK)
				naming_framework(run->naming, (const void *)e, &sink);
			else
				naming_task(run->naming, t,
					(const void *)cluster_maps_find(&maps, CLUSTER_AGENT, "", 0,
						cluster_text(t, t->agent_id), t->agent_id.len),
					(const void *)cluster_maps_find(&maps, CLUSTER_FRAMEWORK, "", 0,
						cluster_text(t, t->framework_id), t->framework_id.len),
					&sink);
		}
	}
	for (size_t i = 0; i < SLOTS; i++)
		assert_int_equal(run->derived.slots[i].count, 0);
}

static void put(struct fixture *f)
{
	assert_int_equal(cluster_model_put(f->model, &f->builder), 0);
}

/* Takes an element out, if it is there. An agent or framework takes all its tasks along. */
static void random_remove(struct fixture *f, const struct run *run, struct run *next, bool complete)
{
	enum cluster_kind kind = rng(3) ? CLUSTER_TASK : rng(2) ? CLUSTER_AGENT : CLUSTER_FRAMEWORK;
	unsigned a = rng(AGENTS), w = rng(FRAMEWORKS), t = rng(TASKS);
	unsigned known = kind == CLUSTER_AGENT ? next->agents[a] : kind == CLUSTER_FRAMEWORK ? next->frameworks[w]
		: next->tasks[w][t][0] | next->tasks[w][t][1] | next->tasks[w][t][2];
	char id[16], of[16] = "";

	if (kind == CLUSTER_TASK)
		snprintf(of, sizeof(of), "F%u", w);
	snprintf(id, sizeof(id), kind == CLUSTER_AGENT ? "x-S%u" : kind == CLUSTER_TASK ? "t.%u" : "F%u",
		kind == CLUSTER_AGENT ? a : kind == CLUSTER_TASK ? t : w);
	bool there = cluster_model_find(f->model, kind, of, strlen(of), id, strlen(id));
	/* in a document there is also what it has not named */
	assert_true(complete ? there || !known : there == (known > 0));
	assert_int_equal(
		cluster_model_remove(f->model, kind, of, strlen(of), id, strlen(id)), there ? 0 : ERR_NOTFOUND);
	if (kind == CLUSTER_TASK) {
		memset(next->tasks[w][t], 0, sizeof(next->tasks[w][t]));
		memset(next->removed.tasks[w][t], 1, sizeof(next->removed.tasks[w][t]));
		return;
	}
	*(kind == CLUSTER_AGENT ? &next->agents[a] : &next->frameworks[w]) = 0;
	*(kind == CLUSTER_AGENT ? &next->removed.agents[a] : &next->removed.frameworks[w]) = true;
	for (unsigned i = 0; i < FRAMEWORKS; i++) {
		for (unsigned k = 0; k < TASKS * NAMES; k++) {
			unsigned before = run->tasks[i][k / NAMES][k % NAMES],
				 *now = &next->tasks[i][k / NAMES][k % NAMES];
			bool *removed = &next->removed.tasks[i][k / NAMES][k % NAMES];
			unsigned heir = *now ? *now : *removed ? 0 : before;

			if (!heir || (kind == CLUSTER_AGENT ? agent_of(heir) != a : i != w))
				continue;
			*now = 0;
			*removed = true;
		}
	}
}

/* Some elements in any order, some of them twice. `next` gets what must be there afterwards. */
static void random_puts(struct fixture *f, const struct run *run, struct run *next, bool complete,
	unsigned count, unsigned variety)
{
	while (count--) {
		unsigned what = rng(14);

		if (what > 11) {
			random_remove(f, run, next, complete);
			continue;
		}
		if (what == 0) {
			unsigned i = rng(AGENTS);

			build_nth_agent(&f->builder, i, next->agents[i] = 1 + rng(5));
		} else if (what == 1) {
			unsigned i = rng(FRAMEWORKS);

			build_nth_framework(&f->builder, i, next->frameworks[i] = 1 + rng(5));
		} else {
			unsigned i = rng(FRAMEWORKS), t = rng(TASKS), n = rng(NAMES);

			build_nth_task(&f->builder, i, t, n, next->tasks[i][t][n] = 1 + rng(variety));
		}
		put(f);
	}
}

/* What a document did not name is there after all. */
static void restore_unnamed(const struct run *run, struct run *next)
{
	for (unsigned i = 0; i < AGENTS; i++)
		if (!next->agents[i] && !next->removed.agents[i])
			next->agents[i] = run->agents[i];
	for (unsigned i = 0; i < FRAMEWORKS; i++) {
		if (!next->frameworks[i] && !next->removed.frameworks[i])
			next->frameworks[i] = run->frameworks[i];
		for (unsigned k = 0; k < TASKS * NAMES; k++)
			if (!next->tasks[i][k / NAMES][k % NAMES] && !next->removed.tasks[i][k / NAMES][k % NAMES])
				next->tasks[i][k / NAMES][k % NAMES] = run->tasks[i][k / NAMES][k % NAMES];
	}
}

/* Everything that is there now but for a few: what a document of a cluster that hardly changed brings. */
static void random_document(struct fixture *f, const struct run *now, struct run *next)
{
	memset(next->agents, 0, sizeof(next->agents));
	memset(next->frameworks, 0, sizeof(next->frameworks));
	memset(next->tasks, 0, sizeof(next->tasks));
	if (!rng(40))
		return; /* a new leader that knows of nothing yet */
	for (unsigned i = 0; i < FRAMEWORKS; i++) {
		for (unsigned k = 0; k < TASKS * NAMES; k++) {
			unsigned t = k / NAMES, n = k % NAMES, v = now->tasks[i][t][n];

			if (!v || !rng(20))
				continue;
			build_nth_task(&f->builder, i, t, n, next->tasks[i][t][n] = v);
			put(f);
		}
		if (now->frameworks[i] && rng(10)) {
			build_nth_framework(&f->builder, i, next->frameworks[i] = now->frameworks[i]);
			put(f);
		}
	}
	for (unsigned i = 0; i < AGENTS; i++) {
		if (now->agents[i] && rng(10)) {
			build_nth_agent(&f->builder, i, next->agents[i] = now->agents[i]);
			put(f);
		}
	}
}

static void random_updates(void **state)
{
	const struct naming_settings settings = {.domain = "mesos", .health_aware = true,
		.ip_sources = {CONF_IP_NETINFO, CONF_IP_HOST}, .ip_source_count = 2};
	struct fixture *f = *state;
	struct run *run = calloc(1, sizeof(*run)), *next = calloc(1, sizeof(*next));
	const struct cluster_changes changes = {run, count_agent, count_framework, count_task};

	rng_state = seed;
	print_message("# seed %llu\n", (unsigned long long)seed);
	run->naming = naming_new(&settings);
	for (int update = 0; update < UPDATES; update++) {
		bool complete = !rng(3), given_up = !rng(10);
		struct retired garbage = {0};

		begin(f);
		memcpy(next->agents, run->agents, sizeof(run->agents));
		memcpy(next->frameworks, run->frameworks, sizeof(run->frameworks));
		memcpy(next->tasks, run->tasks, sizeof(run->tasks));
		memset(&next->removed, 0, sizeof(next->removed));
		if (complete)
			random_document(f, run, next);
		random_puts(f, run, next, complete, rng(rng(8) ? 6 : 120), rng(2) ? 3 : 200);
		if (given_up) {
			cluster_model_abort(f->model);
		} else {
			run->seen_count = 0;
			if (complete && !rng(5)) {
				memcpy(&run->derived, &run->told, sizeof(run->told));
				assert_int_equal(cluster_model_prepare(f->model, true, &changes), 0);
				assert_int_equal(cluster_model_retract(f->model), 0);
				memcpy(&run->told, &run->derived, sizeof(run->told));
				complete = false;
				run->seen_count = 0;
				restore_unnamed(run, next);
			}
			assert_int_equal(cluster_model_prepare(f->model, complete, &changes), 0);
			cluster_model_finish(f->model, &garbage);
			retired_free(&garbage);
			memcpy(run->agents, next->agents, sizeof(run->agents));
			memcpy(run->frameworks, next->frameworks, sizeof(run->frameworks));
			memcpy(run->tasks, next->tasks, sizeof(run->tasks));
		}
		check_elements(f, run);
		check_records(f, run);
		/* keys of records that are gone would fill the table in the end */
		if (update % 64 == 63) {
			memcpy(&run->derived, &run->told, sizeof(run->told));
			memset(&run->told, 0, sizeof(run->told));
			for (size_t i = 0; i < SLOTS; i++) {
				if (!run->derived.slots[i].count)
					continue;
				size_t slot = (size_t)(run->derived.slots[i].key >> 16) % SLOTS;
				while (run->told.slots[slot].key)
					slot = (slot + 1) % SLOTS;
				run->told.slots[slot].key = run->derived.slots[i].key;
				run->told.slots[slot].count = run->derived.slots[i].count;
			}
		}
	}
	naming_free(run->naming);
	free(run);
	free(next);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(random_updates, setup, teardown),
	};

	if (argc > 1) /* another random run */
		seed = strtoull(argv[1], NULL, 0);
	return cmocka_run_group_tests_name("model_random", tests, NULL, NULL);
}
