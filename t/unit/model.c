/* SPDX-License-Identifier: Apache-2.0 */
/* cluster/model: what an update changes and what it tells of that. */
#include "t/unit/unit.h"

#include "base/err.h"
#include "cluster/model.h"
#include "t/unit/cluster.h"

struct fixture {
	struct cluster_model *model;
	struct cluster_builder builder;
	char log[8192]; /* what the last commit told */
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

static const char *mark(const void *before, const void *after)
{
	return before && after ? "~" : after ? "+" : "-";
}

__attribute__((format(printf, 2, 3))) static void say(struct fixture *f, const char *format, ...)
{
	size_t used = strlen(f->log);
	va_list args;

	va_start(args, format);
	vsnprintf(f->log + used, sizeof(f->log) - used, format, args);
	va_end(args);
}

static void say_agent(void *arg, const struct cluster_agent *before, const struct cluster_agent *after)
{
	const struct cluster_agent *any = after ? after : before;

	say(arg, "%s%s\n", mark(before, after), cluster_text(any, any->e.id));
}

static void say_framework(void *arg, const struct cluster_framework *before, const struct cluster_framework *after)
{
	const struct cluster_framework *any = after ? after : before;

	say(arg, "%s%s\n", mark(before, after), cluster_text(any, any->e.id));
}

/* NAME@ADDRESS/FRAMEWORK, with `?` for what is not there; the name of the discovery info if there is one */
static const char *view_text(const struct cluster_task_view *view, char *out, size_t size)
{
	char address[ADDR_TEXT_MAX] = "?";

	if (view->agent && view->agent->addrs.count)
		addr_format(cluster_list(view->agent, view->agent->addrs), address);
	struct cluster_text name = view->task->discovery_name.len ? view->task->discovery_name : view->task->name;
	snprintf(out, size, "%s@%s/%s", cluster_text(view->task, name), address,
		view->framework ? cluster_text(view->framework, view->framework->name) : "?");
	return out;
}

static void say_task(void *arg, const struct cluster_task_view *before, const struct cluster_task_view *after)
{
	char a[256], b[256];

	say(arg, "%s%s%s%s\n", mark(before->task, after->task), before->task ? view_text(before, a, sizeof(a)) : "",
		before->task && after->task ? " " : "", after->task ? view_text(after, b, sizeof(b)) : "");
}

static void agent(struct fixture *f, const char *id, const char *addrs)
{
	build_agent(&f->builder, &(struct agent_spec){.id = id, .addrs = addrs, .port = 5051});
	assert_int_equal(cluster_model_put(f->model, &f->builder), 0);
}

static void framework(struct fixture *f, const char *id, const char *name)
{
	build_framework(&f->builder, &(struct framework_spec){.id = id, .name = name});
	assert_int_equal(cluster_model_put(f->model, &f->builder), 0);
}

/* `shown` is the discovery info's name: the task's own is part of what tells it from others. */
static void task(struct fixture *f, const char *framework_id, const char *id, const char *agent_id, const char *shown)
{
	build_task(&f->builder, &(struct task_spec){.id = id, .framework = framework_id, .agent = agent_id, .name = "t",
		.discovery = shown});
	assert_int_equal(cluster_model_put(f->model, &f->builder), 0);
}

static void begin(struct fixture *f)
{
	cluster_model_begin(f->model);
}

static void commit_any(struct fixture *f, bool complete)
{
	const struct cluster_changes changes = {f, say_agent, say_framework, say_task};
	struct retired garbage = {0};

	f->log[0] = '\0';
	assert_int_equal(cluster_model_prepare(f->model, complete, &changes), 0);
	cluster_model_finish(f->model, &garbage);
	retired_free(&garbage);
}

/* Commits; the order in which changes are told does not count. */
static void commit(struct fixture *f, bool complete, const char *expected)
{
	commit_any(f, complete);
	char *got = sorted_lines(f->log, strlen(f->log)), *want = sorted_lines(expected, strlen(expected));
	assert_string_equal(got, want);
	free(got);
	free(want);
}

static void counts_are(struct fixture *f, size_t agents, size_t frameworks, size_t tasks)
{
	struct cluster_counts n = cluster_model_counts(f->model);

	assert_int_equal(n.agents, agents);
	assert_int_equal(n.frameworks, frameworks);
	assert_int_equal(n.tasks, tasks);
}

/* Two agents, a framework, three tasks. */
static void put_cluster(struct fixture *f)
{
	agent(f, "S1", "10.0.0.1");
	agent(f, "S2", "10.0.0.2");
	framework(f, "F", "m");
	task(f, "F", "1", "S1", "a");
	task(f, "F", "2", "S1", "b");
	task(f, "F", "3", "S2", "c");
}

static void load(struct fixture *f)
{
	begin(f);
	put_cluster(f);
	commit(f, true, "+S1\n+S2\n+F\n+a@10.0.0.1/m\n+b@10.0.0.1/m\n+c@10.0.0.2/m\n");
	counts_are(f, 2, 1, 3);
}

static void the_same_again_tells_nothing(void **state)
{
	struct fixture *f = *state;

	load(f);
	begin(f);
	put_cluster(f);
	commit(f, true, "");
	begin(f);
	commit(f, false, "");
	counts_are(f, 2, 1, 3);
}

static void the_order_in_an_update_does_not_count(void **state)
{
	struct fixture *f = *state;

	begin(f);
	task(f, "F", "1", "S1", "a");
	task(f, "F", "2", "S1", "b");
	framework(f, "F", "m");
	task(f, "F", "3", "S2", "c");
	agent(f, "S2", "10.0.0.2");
	agent(f, "S1", "10.0.0.1");
	commit(f, true, "+S1\n+S2\n+F\n+a@10.0.0.1/m\n+b@10.0.0.1/m\n+c@10.0.0.2/m\n");
	begin(f);
	put_cluster(f);
	commit(f, true, "");
}

static void a_changed_agent_tells_its_tasks_once(void **state)
{
	struct fixture *f = *state;

	load(f);
	begin(f);
	agent(f, "S1", "10.0.0.9");
	commit(f, false, "~S1\n~a@10.0.0.1/m a@10.0.0.9/m\n~b@10.0.0.1/m b@10.0.0.9/m\n");
	begin(f);
	task(f, "F", "1", "S1", "x");
	agent(f, "S1", "10.0.0.1");
	framework(f, "F", "n");
	commit(f, false, "~S1\n~F\n~a@10.0.0.9/m x@10.0.0.1/n\n~b@10.0.0.9/m b@10.0.0.1/n\n~c@10.0.0.2/m c@10.0.0.2/n\n");
	/* what its tasks take from it stays: they are not told */
	begin(f);
	build_agent(&f->builder, &(struct agent_spec){.id = "S1", .addrs = "10.0.0.1", .port = 1});
	assert_int_equal(cluster_model_put(f->model, &f->builder), 0);
	commit(f, false, "~S1\n");
	/* and yet they hang on the new one */
	begin(f);
	agent(f, "S1", "10.0.0.7");
	commit(f, false, "~S1\n~x@10.0.0.1/n x@10.0.0.7/n\n~b@10.0.0.1/n b@10.0.0.7/n\n");
}

static void a_renamed_framework(void **state)
{
	struct fixture *f = *state;

	load(f);
	begin(f);
	framework(f, "F", "n");
	commit(f, false, "~F\n~a@10.0.0.1/m a@10.0.0.1/n\n~b@10.0.0.1/m b@10.0.0.1/n\n~c@10.0.0.2/m c@10.0.0.2/n\n");
	begin(f);
	build_framework(&f->builder, &(struct framework_spec){.id = "F", .name = "n", .addrs = "10.0.0.9", .port = 1});
	assert_int_equal(cluster_model_put(f->model, &f->builder), 0);
	commit(f, false, "~F\n");
}

static void a_task_before_its_agent_and_framework(void **state)
{
	struct fixture *f = *state;

	begin(f);
	task(f, "F", "1", "S1", "a");
	commit(f, false, "+a@?/?\n");
	begin(f);
	agent(f, "S2", "10.0.0.2");
	commit(f, false, "+S2\n");
	begin(f);
	agent(f, "S1", "10.0.0.1");
	commit(f, false, "+S1\n~a@?/? a@10.0.0.1/?\n");
	begin(f);
	framework(f, "F", "m");
	commit(f, false, "+F\n~a@10.0.0.1/? a@10.0.0.1/m\n");
	begin(f);
	task(f, "F", "1", "S1", "b");
	commit(f, false, "~a@10.0.0.1/m b@10.0.0.1/m\n");
	/* both at once: told once */
	begin(f);
	task(f, "G", "1", "S3", "c");
	commit(f, false, "+c@?/?\n");
	begin(f);
	framework(f, "G", "g");
	agent(f, "S3", "10.0.0.3");
	commit(f, false, "+S3\n+G\n~c@?/? c@10.0.0.3/g\n");
}

static void an_agent_goes_and_comes_back(void **state)
{
	struct fixture *f = *state;

	load(f);
	for (int i = 0; i < 3; i++) {
		begin(f);
		agent(f, "S2", "10.0.0.2");
		framework(f, "F", "m");
		task(f, "F", "1", "S1", "a");
		task(f, "F", "2", "S1", "b");
		task(f, "F", "3", "S2", "c");
		commit(f, true, "-S1\n~a@10.0.0.1/m a@?/m\n~b@10.0.0.1/m b@?/m\n");
		begin(f);
		agent(f, "S1", "10.0.0.1");
		commit(f, false, "+S1\n~a@?/m a@10.0.0.1/m\n~b@?/m b@10.0.0.1/m\n");
	}
	/* together with its tasks, and back */
	begin(f);
	agent(f, "S2", "10.0.0.2");
	framework(f, "F", "m");
	task(f, "F", "3", "S2", "c");
	commit(f, true, "-S1\n-a@10.0.0.1/m\n-b@10.0.0.1/m\n");
	begin(f);
	put_cluster(f);
	commit(f, true, "+S1\n+a@10.0.0.1/m\n+b@10.0.0.1/m\n");
	/* a failover: nothing is left; then all at once */
	begin(f);
	commit(f, true, "-S1\n-S2\n-F\n-a@10.0.0.1/m\n-b@10.0.0.1/m\n-c@10.0.0.2/m\n");
	counts_are(f, 0, 0, 0);
	load(f);
}

static void a_task_moves(void **state)
{
	struct fixture *f = *state;

	load(f);
	begin(f);
	task(f, "F", "1", "S2", "a");
	commit(f, false, "~a@10.0.0.1/m a@10.0.0.2/m\n");
	begin(f);
	agent(f, "S2", "10.0.0.9");
	agent(f, "S1", "10.0.0.8");
	commit(f, false, "~S1\n~S2\n~a@10.0.0.2/m a@10.0.0.9/m\n~b@10.0.0.1/m b@10.0.0.8/m\n~c@10.0.0.2/m c@10.0.0.9/m\n");
	begin(f);
	task(f, "F", "1", "nowhere", "a");
	commit(f, false, "~a@10.0.0.9/m a@?/m\n");
	begin(f);
	task(f, "F", "1", "S1", "a");
	commit(f, false, "~a@?/m a@10.0.0.8/m\n");
}

static int drop(struct fixture *f, enum cluster_kind kind, const char *framework_id, const char *id)
{
	return cluster_model_remove(f->model, kind, framework_id, strlen(framework_id), id, strlen(id));
}

static const struct cluster_element *found(struct fixture *f, enum cluster_kind kind, const char *framework_id,
	const char *id)
{
	return cluster_model_find(f->model, kind, framework_id, strlen(framework_id), id, strlen(id));
}

static void what_is_removed(void **state)
{
	struct fixture *f = *state;

	load(f);
	begin(f);
	assert_int_equal(drop(f, CLUSTER_TASK, "F", "1"), 0);
	assert_int_equal(drop(f, CLUSTER_TASK, "F", "1"), ERR_NOTFOUND);
	assert_int_equal(drop(f, CLUSTER_TASK, "G", "2"), ERR_NOTFOUND);
	assert_int_equal(drop(f, CLUSTER_FRAMEWORK, "", "G"), ERR_NOTFOUND);
	assert_null(found(f, CLUSTER_TASK, "F", "1"));
	assert_non_null(found(f, CLUSTER_TASK, "F", "2"));
	commit(f, false, "-a@10.0.0.1/m\n");
	/* an agent with its tasks, but not the one that has moved */
	begin(f);
	task(f, "F", "4", "S2", "d");
	commit(f, false, "+d@10.0.0.2/m\n");
	begin(f);
	task(f, "F", "4", "S1", "d");
	assert_int_equal(drop(f, CLUSTER_AGENT, "", "S2"), 0);
	assert_null(found(f, CLUSTER_AGENT, "", "S2"));
	commit(f, false, "-S2\n-c@10.0.0.2/m\n~d@10.0.0.2/m d@10.0.0.1/m\n");
	counts_are(f, 1, 1, 2);
	/* a task told just before it goes */
	begin(f);
	task(f, "F", "2", "S1", "x");
	assert_int_equal(drop(f, CLUSTER_FRAMEWORK, "", "F"), 0);
	commit(f, false, "-F\n-b@10.0.0.1/m\n-d@10.0.0.1/m\n");
	counts_are(f, 1, 0, 0);
}

static void removed_and_put_again(void **state)
{
	struct fixture *f = *state;

	load(f);
	begin(f);
	assert_int_equal(drop(f, CLUSTER_AGENT, "", "S1"), 0);
	agent(f, "S1", "10.0.0.1");
	task(f, "F", "1", "S1", "a");
	task(f, "F", "2", "S1", "other");
	commit(f, false, "~b@10.0.0.1/m other@10.0.0.1/m\n");
	begin(f);
	assert_int_equal(drop(f, CLUSTER_AGENT, "", "S1"), 0);
	agent(f, "S1", "10.0.0.9");
	commit(f, false, "~S1\n-a@10.0.0.1/m\n-other@10.0.0.1/m\n");
	/* what comes and goes in one update */
	begin(f);
	task(f, "F", "7", "S1", "z");
	task(f, "F", "8", "S1", "y");
	assert_int_equal(drop(f, CLUSTER_TASK, "F", "7"), 0);
	agent(f, "S9", "10.0.0.9");
	assert_int_equal(drop(f, CLUSTER_AGENT, "", "S9"), 0);
	assert_int_equal(cluster_model_pending(f->model), 1);
	commit(f, false, "+y@10.0.0.9/m\n");
	/* given up: nothing has happened, and the next update starts afresh */
	begin(f);
	assert_int_equal(drop(f, CLUSTER_FRAMEWORK, "", "F"), 0);
	task(f, "F", "8", "S1", "x");
	cluster_model_abort(f->model);
	counts_are(f, 2, 1, 2);
	begin(f);
	task(f, "F", "8", "S1", "x");
	commit(f, false, "~y@10.0.0.9/m x@10.0.0.9/m\n");
	/* twins go together */
	begin(f);
	build_task(&f->builder, &(struct task_spec){.id = "8", .framework = "F", .agent = "S1", .name = "twin"});
	assert_int_equal(cluster_model_put(f->model, &f->builder), 0);
	commit(f, false, "+twin@10.0.0.9/m\n");
	begin(f);
	assert_int_equal(drop(f, CLUSTER_TASK, "F", "8"), 0);
	commit(f, false, "-x@10.0.0.9/m\n-twin@10.0.0.9/m\n");
}

static const struct cluster_element *now(struct fixture *f, enum cluster_kind kind, const char *framework_id,
	const char *id)
{
	struct cluster_maps maps = cluster_model_maps(f->model);

	return cluster_maps_find(&maps, kind, framework_id, strlen(framework_id), id, strlen(id));
}

static void keep_task(void *arg, const struct cluster_element *task)
{
	struct fixture *f = arg;

	cluster_model_keep(f->model, task);
}

static void what_is_kept(void **state)
{
	struct fixture *f = *state;

	load(f);
	begin(f);
	uint64_t since = cluster_model_update(f->model);
	agent(f, "S2", "10.0.0.2");
	task(f, "F", "2", "S2", "b");
	const struct cluster_element *s1 = now(f, CLUSTER_AGENT, "", "S1");
	cluster_model_keep(f->model, s1);
	cluster_tasks_of(s1, keep_task, f);
	cluster_model_keep(f->model, now(f, CLUSTER_FRAMEWORK, "", "F"));
	commit(f, true, "~b@10.0.0.1/m b@10.0.0.2/m\n-c@10.0.0.2/m\n");
	assert_false(cluster_named_since(now(f, CLUSTER_TASK, "F", "1"), since));
	assert_true(cluster_named_since(now(f, CLUSTER_TASK, "F", "2"), since));
	assert_false(cluster_named_since(now(f, CLUSTER_AGENT, "", "S1"), since));
	assert_true(cluster_named_since(now(f, CLUSTER_AGENT, "", "S2"), since));
	/* an update that was aborted has named nothing by taking it out */
	begin(f);
	assert_int_equal(cluster_model_drop(f->model, now(f, CLUSTER_TASK, "F", "1")), 0);
	cluster_model_abort(f->model);
	assert_false(cluster_named_since(now(f, CLUSTER_TASK, "F", "1"), since));
	/* told as it was: named all the same */
	begin(f);
	task(f, "F", "1", "S1", "a");
	commit(f, false, "");
	assert_true(cluster_named_since(now(f, CLUSTER_TASK, "F", "1"), since));
	/* it was kept in that update, not in the next */
	begin(f);
	commit(f, true, "-S1\n-S2\n-F\n-a@10.0.0.1/m\n-b@10.0.0.2/m\n");
}

static void a_complete_update_made_a_partial_one(void **state)
{
	const struct cluster_changes changes = {*state, say_agent, say_framework, say_task};
	struct fixture *f = *state;

	load(f);
	begin(f);
	agent(f, "S2", "10.0.0.9");
	task(f, "F", "9", "S2", "new");
	assert_int_equal(drop(f, CLUSTER_TASK, "F", "2"), 0);
	assert_int_equal(cluster_model_prepare(f->model, true, &changes), 0);
	assert_int_equal(cluster_model_retract(f->model), 0);
	commit(f, false, "~S2\n~c@10.0.0.2/m c@10.0.0.9/m\n+new@10.0.0.9/m\n-b@10.0.0.1/m\n");
	counts_are(f, 2, 1, 3);
	/* or nothing at all */
	begin(f);
	task(f, "F", "10", "S2", "newer");
	assert_int_equal(cluster_model_prepare(f->model, true, &changes), 0);
	assert_int_equal(cluster_model_retract(f->model), 0);
	cluster_model_abort(f->model);
	counts_are(f, 2, 1, 3);
	begin(f);
	agent(f, "S1", "10.0.0.1");
	agent(f, "S2", "10.0.0.9");
	framework(f, "F", "m");
	task(f, "F", "1", "S1", "a");
	task(f, "F", "3", "S2", "c");
	task(f, "F", "9", "S2", "new");
	commit(f, true, "");
}

static void the_same_key_twice(void **state)
{
	struct fixture *f = *state;

	load(f);
	begin(f);
	task(f, "F", "1", "S1", "x");
	task(f, "F", "1", "S2", "y");
	task(f, "F", "4", "S2", "new");
	task(f, "F", "4", "S1", "newer");
	agent(f, "S1", "10.0.0.5");
	agent(f, "S1", "10.0.0.6");
	commit(f, false, "~S1\n~a@10.0.0.1/m y@10.0.0.2/m\n~b@10.0.0.1/m b@10.0.0.6/m\n+newer@10.0.0.6/m\n");
	/* back to what it was within the update: whatever is told, it must come to nothing */
	begin(f);
	task(f, "F", "1", "S2", "z");
	task(f, "F", "1", "S2", "y");
	commit(f, false, "~y@10.0.0.2/m y@10.0.0.2/m\n");
	/* first as it is, then another */
	begin(f);
	task(f, "F", "1", "S2", "y");
	task(f, "F", "1", "S2", "z");
	commit(f, false, "~y@10.0.0.2/m z@10.0.0.2/m\n");
	counts_are(f, 2, 1, 4);
}

static void named_task(struct fixture *f, const char *id, const char *name)
{
	build_task(&f->builder, &(struct task_spec){.id = id, .framework = "F", .agent = "S1", .name = name});
	assert_int_equal(cluster_model_put(f->model, &f->builder), 0);
}

static void tasks_of_one_id_and_two_names(void **state)
{
	struct fixture *f = *state;

	begin(f);
	agent(f, "S1", "10.0.0.1");
	framework(f, "F", "m");
	named_task(f, "1", "a");
	named_task(f, "1", "b");
	named_task(f, "1", "a");
	commit(f, true, "+S1\n+F\n+a@10.0.0.1/m\n+b@10.0.0.1/m\n");
	counts_are(f, 1, 1, 2);
	begin(f);
	agent(f, "S1", "10.0.0.2");
	commit(f, false, "~S1\n~a@10.0.0.1/m a@10.0.0.2/m\n~b@10.0.0.1/m b@10.0.0.2/m\n");
	/* one of them stays */
	begin(f);
	agent(f, "S1", "10.0.0.2");
	framework(f, "F", "m");
	named_task(f, "1", "b");
	commit(f, true, "-a@10.0.0.2/m\n");
	/* in a complete document a name that changes is one that goes and one that comes */
	begin(f);
	agent(f, "S1", "10.0.0.2");
	framework(f, "F", "m");
	named_task(f, "1", "c");
	commit(f, true, "-b@10.0.0.2/m\n+c@10.0.0.2/m\n");
	counts_are(f, 1, 1, 1);
}

static void tasks_of_one_id_have_a_bound(void **state)
{
	struct fixture *f = *state;
	char name[16];

	for (int round = 0; round < 3; round++) {
		begin(f);
		for (int i = 0; i < 2 * CLUSTER_TWINS_MAX; i++) {
			/* in the last round others than before */
			snprintf(name, sizeof(name), "n%d", round == 2 ? i + 100 : i);
			build_task(&f->builder, &(struct task_spec){.id = "1", .framework = "F", .agent = "S1", .name = name});
			assert_int_equal(cluster_model_put(f->model, &f->builder),
				i < CLUSTER_TWINS_MAX ? 0 : CLUSTER_MODEL_LEFT_OUT);
		}
		commit_any(f, true);
		counts_are(f, 0, 0, CLUSTER_TWINS_MAX);
		assert_int_equal(!f->log[0], round == 1);
	}
}

static void keys_that_look_alike(void **state)
{
	struct fixture *f = *state;

	begin(f);
	agent(f, "X", "10.0.0.1");
	framework(f, "X", "m");
	framework(f, "Y", "n");
	task(f, "X", "X", "X", "a");
	task(f, "Y", "X", "X", "b");
	task(f, "XY", "X", "X", "c");
	task(f, "X", "YX", "X", "d");
	commit(f, true, "+X\n+X\n+Y\n+a@10.0.0.1/m\n+b@10.0.0.1/n\n+c@10.0.0.1/?\n+d@10.0.0.1/m\n");
	counts_are(f, 1, 2, 4);
	struct cluster_maps maps = cluster_model_maps(f->model);
	const struct cluster_task *found = (const void *)cluster_maps_find(&maps, CLUSTER_TASK, "XY", 2, "X", 1);
	assert_non_null(found);
	assert_string_equal(cluster_text(found, found->discovery_name), "c");
	assert_null(cluster_maps_find(&maps, CLUSTER_TASK, "X", 1, "Y", 1));
	assert_null(cluster_maps_find(&maps, CLUSTER_TASK, "", 0, "X", 1));
	assert_null(cluster_maps_find(&maps, CLUSTER_AGENT, "", 0, "x", 1));
	assert_non_null(cluster_maps_find(&maps, CLUSTER_FRAMEWORK, "", 0, "Y", 1));
}

static void abort_leaves_everything(void **state)
{
	struct fixture *f = *state;

	cluster_model_abort(f->model);
	begin(f);
	cluster_model_abort(f->model);
	load(f);
	begin(f);
	task(f, "F", "1", "S2", "x");
	task(f, "F", "1", "S2", "y");
	task(f, "F", "9", "S2", "y");
	agent(f, "S1", "10.0.0.9");
	agent(f, "S9", "10.0.0.9");
	framework(f, "F", "z");
	cluster_model_abort(f->model);
	counts_are(f, 2, 1, 3);
	begin(f);
	put_cluster(f);
	commit(f, true, "");
	/* also after the first half of a commit */
	const struct cluster_changes changes = {f, say_agent, say_framework, say_task};
	begin(f);
	task(f, "F", "1", "S2", "x");
	agent(f, "S2", "10.0.0.9");
	assert_int_equal(cluster_model_prepare(f->model, true, &changes), 0);
	cluster_model_abort(f->model);
	counts_are(f, 2, 1, 3);
	begin(f);
	put_cluster(f);
	commit(f, true, "");
	begin(f);
	agent(f, "S2", "10.0.0.9");
	commit(f, false, "~S2\n~c@10.0.0.2/m c@10.0.0.9/m\n");
	/* and an update that is under way at the end is nobody's leak */
	begin(f);
	agent(f, "S2", "10.0.0.8");
	agent(f, "S7", "10.0.0.7");
}

static void what_is_not_named_stays_unless_the_update_is_complete(void **state)
{
	struct fixture *f = *state;

	load(f);
	begin(f);
	task(f, "F", "4", "S1", "d");
	commit(f, false, "+d@10.0.0.1/m\n");
	counts_are(f, 2, 1, 4);
	begin(f);
	put_cluster(f);
	commit(f, true, "-d@10.0.0.1/m\n");
	begin(f);
	agent(f, "S1", "10.0.0.1");
	agent(f, "S2", "10.0.0.2");
	task(f, "F", "1", "S1", "a");
	commit(f, true, "-F\n~a@10.0.0.1/m a@10.0.0.1/?\n-b@10.0.0.1/m\n-c@10.0.0.2/m\n");
}

static void a_version_stays_readable_until_its_garbage_is_freed(void **state)
{
	const struct cluster_changes changes = {*state, say_agent, say_framework, say_task};
	struct fixture *f = *state;
	struct retired garbage[3] = {{0}};

	load(f);
	struct cluster_maps old = cluster_model_maps(f->model);
	for (int i = 0; i < 3; i++) {
		begin(f);
		task(f, "F", "1", "S1", i % 2 ? "a" : "x");
		if (i == 1)
			agent(f, "S1", "10.0.0.9");
		assert_int_equal(cluster_model_prepare(f->model, i == 2, &changes), 0);
		cluster_model_finish(f->model, &garbage[i]);
	}
	counts_are(f, 0, 0, 1);
	const struct cluster_task *t = (const void *)cluster_maps_find(&old, CLUSTER_TASK, "F", 1, "1", 1);
	assert_string_equal(cluster_text(t, t->discovery_name), "a");
	const struct cluster_agent *a = (const void *)cluster_maps_find(&old, CLUSTER_AGENT, "", 0, "S1", 2);
	assert_int_equal(((const struct addr *)cluster_list(a, a->addrs))->bytes[3], 1);
	assert_int_equal(old.of[CLUSTER_TASK]->count, 3);
	for (int i = 0; i < 3; i++)
		retired_free(&garbage[i]);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_same_again_tells_nothing),
		T(the_order_in_an_update_does_not_count),
		T(a_changed_agent_tells_its_tasks_once),
		T(a_renamed_framework),
		T(a_task_before_its_agent_and_framework),
		T(an_agent_goes_and_comes_back),
		T(a_task_moves),
		T(what_is_removed),
		T(removed_and_put_again),
		T(what_is_kept),
		T(a_complete_update_made_a_partial_one),
		T(the_same_key_twice),
		T(tasks_of_one_id_and_two_names),
		T(tasks_of_one_id_have_a_bound),
		T(keys_that_look_alike),
		T(abort_leaves_everything),
		T(what_is_not_named_stays_unless_the_update_is_complete),
		T(a_version_stays_readable_until_its_garbage_is_freed),
	};

	return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
