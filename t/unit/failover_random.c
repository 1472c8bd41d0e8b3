/* SPDX-License-Identifier: Apache-2.0 */
/* mesos/feed and retention: random failovers of a small cluster, told by documents or as events. Whatever happens, a
 * task that runs and was told once is in the zone; and in the end the zone is that of a document without a past. */
#include "t/unit/feed.h"

#include "t/unit/cluster.h"

#define AGENTS     6
#define FRAMEWORKS 3
#define TASKS      40
#define STEPS      6000

static uint64_t seed = 20241122, rng_state;

static unsigned rng(unsigned n)
{
	rng_state = rng_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(rng_state >> 33) % n;
}

enum agent_state {
	KNOWN,     /* to the master */
	RECOVERED, /* in its registry */
	DEAD,      /* and in its registry still */
};

struct world {
	struct rig *rig;
	struct cluster_builder builder;
	bool stream;   /* as events; else documents, now and then */
	unsigned master;
	bool read;     /* the master has read its registry */
	enum agent_state agents[AGENTS];
	double died;   /* when the last failover was */
	struct {
		bool runs, told; /* now; it is in the zone, as far as that was told */
		unsigned agent, framework;
	} tasks[TASKS];
	unsigned failovers, checked;
};

static void build_agent_of(struct world *w, unsigned a)
{
	char id[8], host[16];

	snprintf(id, sizeof(id), "S%u", a);
	snprintf(host, sizeof(host), "10.0.0.%u", a);
	build_agent(&w->builder, &(struct agent_spec){.id = id, .port = 5051});
	put_text(&w->builder, CLUSTER_FIELD(agent, host), host);
}

static void build_framework_of(struct world *w, unsigned f)
{
	char id[8], name[8];

	snprintf(id, sizeof(id), "F%u", f);
	snprintf(name, sizeof(name), "f%u", f);
	build_framework(&w->builder, &(struct framework_spec){.id = id, .name = name});
}

static void build_task_of(struct world *w, unsigned t)
{
	char id[8], framework[8], agent[8], name[8];

	snprintf(id, sizeof(id), "t%u", t);
	snprintf(framework, sizeof(framework), "F%u", w->tasks[t].framework);
	snprintf(agent, sizeof(agent), "S%u", w->tasks[t].agent);
	snprintf(name, sizeof(name), "n%u", t % 7);
	build_task(&w->builder, &(struct task_spec){.id = id, .framework = framework, .agent = agent, .name = name});
}

static void put(struct world *w)
{
	assert_int_equal(rig_element(w->rig, &w->builder), 0);
}

/* The master knows a task from its agent. */
static bool knows(const struct world *w, unsigned t)
{
	return w->read && w->tasks[t].runs && w->agents[w->tasks[t].agent] == KNOWN;
}

static void put_tasks_of_framework(struct world *w, unsigned f, unsigned agent)
{
	for (unsigned t = 0; t < TASKS; t++) {
		if (!knows(w, t) || w->tasks[t].framework != f || (agent < AGENTS && w->tasks[t].agent != agent))
			continue;
		build_task_of(w, t);
		put(w);
		w->tasks[t].told = true;
	}
}

/* The whole state as the master has it, as a polled document or a snapshot of the stream. */
static void tell_state(struct world *w, struct rig *rig)
{
	const struct cluster_master leader = {.port = (uint16_t)(5050 + w->master % 2)};
	struct state_sink sink = feed_sink(rig->feed);
	struct rig *own = w->rig;
	char id[16];

	w->rig = rig;
	feed_document_begin(rig->feed);
	sink.recovered_list(sink.ctx);
	snprintf(id, sizeof(id), "m%u", w->master);
	if (!w->stream)
		assert_int_equal(sink.master_id(sink.ctx, id, strlen(id)), 0);
	for (unsigned a = 0; a < AGENTS && w->read; a++) {
		snprintf(id, sizeof(id), "S%u", a);
		if (w->agents[a] == KNOWN) {
			build_agent_of(w, a);
			put(w);
		} else {
			assert_int_equal(sink.recovered_agent(sink.ctx, id, strlen(id)), 0);
		}
	}
	for (unsigned f = 0; f < FRAMEWORKS && w->read; f++) {
		bool any = false;

		for (unsigned t = 0; t < TASKS; t++)
			any |= knows(w, t) && w->tasks[t].framework == f;
		put_tasks_of_framework(w, f, AGENTS);
		if (!any)
			continue;
		build_framework_of(w, f);
		put(w);
	}
	assert_int_equal(feed_document_end(rig->feed, true, &leader), 0);
	w->rig = own;
}

/* One batch for what `tell` tells. */
static void tell_events(struct world *w, void (*tell)(struct world *w, unsigned n), unsigned n)
{
	if (!w->stream || !w->read)
		return;
	feed_events_begin(w->rig->feed);
	tell(w, n);
	assert_int_equal(feed_events_end(w->rig->feed), 0);
}

static void tell_task(struct world *w, unsigned t)
{
	if (!knows(w, t))
		return;
	build_framework_of(w, w->tasks[t].framework);
	put(w);
	build_task_of(w, t);
	put(w);
	w->tasks[t].told = true;
}

static void tell_end(struct world *w, unsigned t)
{
	char id[8], framework[8];

	snprintf(id, sizeof(id), "t%u", t);
	snprintf(framework, sizeof(framework), "F%u", w->tasks[t].framework);
	feed_remove(w->rig->feed, CLUSTER_TASK, framework, strlen(framework), id, strlen(id));
}

/* As a real master tells it: tasks of frameworks that it knows come before their agent, the others after it. */
static void tell_back(struct world *w, unsigned a)
{
	unsigned first = rng(FRAMEWORKS + 1);

	for (unsigned f = 0; f < first; f++)
		put_tasks_of_framework(w, f, a);
	if (rng(2)) { /* in two batches */
		assert_int_equal(feed_events_end(w->rig->feed), 0);
		feed_events_begin(w->rig->feed);
	}
	build_agent_of(w, a);
	put(w);
	for (unsigned f = 0; f < FRAMEWORKS; f++) {
		build_framework_of(w, f);
		put(w);
		if (f >= first)
			put_tasks_of_framework(w, f, a);
	}
}

static bool in_zone(const struct rig *rig, unsigned t, unsigned agent, unsigned framework)
{
	const struct zone_snapshot *snapshot = zone_store_read(rig->store);
	char text[64], address[16];
	uint8_t name[DNAME_MAX];
	struct addr want;

	snprintf(text, sizeof(text), "n%u.f%u.mesos.", t % 7, framework);
	snprintf(address, sizeof(address), "10.0.0.%u", agent);
	assert_int_equal(addr_parse(&want, address, strlen(address)), 0);
	size_t len = dname_from_text(name, text, strlen(text));
	const struct zone_node *node = zone_find(snapshot, name, len);
	const struct zone_rrset *set = node ? zone_rrset_of(node, RR_A) : NULL;
	for (uint32_t i = 0; set && i < set->count; i++)
		if (!memcmp(zone_rrset_slot(set, i) + RR_FIXED, want.bytes, 4))
			return true;
	return false;
}

static void check(struct world *w)
{
	for (unsigned t = 0; t < TASKS; t++) {
		if (!w->tasks[t].runs || !w->tasks[t].told)
			continue;
		if (!in_zone(w->rig, t, w->tasks[t].agent, w->tasks[t].framework))
			fail_msg("task %u runs on agent %u and is not in the zone", t, w->tasks[t].agent);
		w->checked++;
	}
}

static void pass(struct world *w, double seconds)
{
	for (double end = w->rig->now + seconds; w->rig->now < end;) {
		double due = feed_due_in(w->rig->feed);

		w->rig->now = due < end - w->rig->now ? w->rig->now + due : end;
		feed_tick(w->rig->feed);
	}
}

static void fail_over(struct world *w)
{
	w->failovers++;
	w->master += 1 + rng(2); /* the other, or the same started anew */
	w->read = w->stream || rng(3);
	w->died = w->rig->now;
	for (unsigned a = 0; a < AGENTS; a++)
		if (w->agents[a] == KNOWN)
			w->agents[a] = RECOVERED;
	if (w->stream)
		tell_state(w, w->rig);
}

static void come_back(struct world *w, unsigned a)
{
	if (!w->read || w->agents[a] == KNOWN)
		return;
	/* one that is dead comes back without its tasks, as after a reboot */
	w->agents[a] = KNOWN;
	tell_events(w, tell_back, a);
}

static void die(struct world *w, unsigned a)
{
	if (w->agents[a] != RECOVERED)
		return;
	w->agents[a] = DEAD;
	for (unsigned t = 0; t < TASKS; t++)
		if (w->tasks[t].agent == a)
			w->tasks[t].runs = false;
}

static void change_task(struct world *w, unsigned t)
{
	if (w->tasks[t].runs) {
		bool known = knows(w, t);

		w->tasks[t].runs = w->tasks[t].told =
			false; /* where the master does not know, it learns of it with the agent */
		if (known)
			tell_events(w, tell_end, t);
		return;
	}
	unsigned a = rng(AGENTS);
	if (w->agents[a] != KNOWN || !w->read)
		return;
	w->tasks[t].runs = true;
	w->tasks[t].told = false;
	w->tasks[t].agent = a;
	w->tasks[t].framework = rng(FRAMEWORKS);
	tell_events(w, tell_task, t);
}

static void step(struct world *w)
{
	switch (rng(14)) {
	case 0:
		if (rng(8) == 0)
			fail_over(w);
		break;
	case 1:
		if (!w->read && rng(2))
			w->read = true;
		break;
	case 2:
		come_back(w, rng(AGENTS));
		break;
	case 3:
		if (!rng(4))
			die(w, rng(AGENTS));
		break;
	case 4: /* never beyond the time that an agent has to come back */
		if (w->rig->now < w->died + 500)
			pass(w, rng(rng(4) ? 20 : 100));
		break;
	case 5:
	case 6:
		if (!w->stream || !rng(10))
			tell_state(w, w->rig);
		break;
	default:
		change_task(w, rng(TASKS));
	}
	check(w);
}

/* All agents come back, time passes: nothing is left of what was. */
static void settle(struct world *w)
{
	struct rig *fresh = rig_new();

	w->read = true;
	for (unsigned a = 0; a < AGENTS; a++)
		come_back(w, a);
	if (!w->stream || rng(2))
		tell_state(w, w->rig);
	check(w);
	rig_settle(w->rig);
	check(w);
	tell_state(w, fresh);
	char *got = rig_dump(w->rig), *want = rig_dump(fresh);
	assert_string_equal(got, want);
	free(got);
	free(want);
	rig_free(fresh);
}

static void run(bool stream)
{
	struct world *w = calloc(1, sizeof(*w));

	rng_state = seed + stream;
	w->rig = rig_new();
	w->stream = stream;
	w->read = true;
	w->rig->now = 1000;
	tell_state(w, w->rig);
	for (unsigned i = 1; i <= STEPS; i++) {
		step(w);
		if (i % 300 == 0)
			settle(w);
	}
	print_message("# %s: %u failovers, %u times a task was looked for\n", stream ? "events" : "documents",
		w->failovers, w->checked);
	cluster_builder_fini(&w->builder);
	rig_free(w->rig);
	free(w);
}

static void by_documents(void **state)
{
	run(false);
}

static void by_events(void **state)
{
	run(true);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_documents),
		cmocka_unit_test(by_events),
	};

	if (argc > 1) /* another random run */
		seed = strtoull(argv[1], NULL, 0);
	print_message("# seed %llu\n", (unsigned long long)seed);
	return cmocka_run_group_tests_name("failover_random", tests, rigs_init, NULL);
}
