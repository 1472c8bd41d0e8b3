/* SPDX-License-Identifier: Apache-2.0 */
/* mesos/feed without memory: each allocation on the way of a document into the zone fails in turn. The zone is then the
 * one of before, nothing is lost, and the document is taken the next time. Linked with --wrap for the allocator. */
#include "t/unit/feed.h"

#include <fcntl.h>
#include <unistd.h>

#include "t/unit/alloc.h"

static unsigned failures; /* of the last attempt */

/* Hundreds of lines about memory would only hide others. */
static int quiet_end(struct rig *rig, bool ok)
{
	int log = dup(2), nowhere = open("/dev/null", O_WRONLY);

	dup2(nowhere, 2);
	int err = feed_document_end(rig->feed, ok, &rig->leader);
	dup2(log, 2);
	close(log);
	close(nowhere);
	return err;
}

static void quiet_tick(struct rig *rig)
{
	int log = dup(2), nowhere = open("/dev/null", O_WRONLY);

	dup2(nowhere, 2);
	feed_tick(rig->feed);
	dup2(log, 2);
	close(log);
	close(nowhere);
}

/* Takes the document while call `n` fails. Returns whether it was taken. */
static bool take_without(struct rig *rig, const struct document *d, unsigned n, enum alloc_calls calls, bool for_good)
{
	const struct state_sink sink = {.ctx = rig, .leader = rig_take_leader, .element = rig_element,
		.master_id = rig_master_id, .recovered_list = rig_recovered_list, .recovered_agent = rig_recovered,
		.completed_framework = rig_completed, .skipped = rig_skipped};

	alloc_fail_after(n, calls, for_good);
	struct state_parser *p = state_parser_new(&sink);
	feed_document_begin(rig->feed);
	int rc = p ? state_parser_feed(p, d->text, d->len) : ERR_NOMEM;
	if (!rc)
		rc = state_parser_finish(p);
	int end = quiet_end(rig, !rc);
	state_parser_free(p);
	failures = alloc_fail_end();
	assert_true(!rc || rc == ERR_NOMEM);
	assert_true(!end || end == ERR_NOMEM);
	if (!failures)
		assert_int_equal(rc + end, 0);
	return !rc && !end;
}

static const struct document *find_document(const char *name)
{
	for (size_t i = 0; i < document_count; i++)
		if (strstr(documents[i].name, name))
			return &documents[i];
	fail_msg("there is no %s", name);
	return NULL;
}

static void fail_in_turn(enum alloc_calls calls, bool for_good)
{
	const struct document *a = find_document("real-A03"), *b = find_document("real-A01");
	struct rig *rig = rig_new();
	unsigned refused = 0;

	assert_int_equal(rig_take(rig, a->text, a->len), 0);
	for (unsigned n = 0;; n++) {
		bool taken = take_without(rig, b, n, calls, for_good);
		assert_true(rig_digest(rig) == (taken ? b->digest : a->digest));
		if (!failures)
			break;
		refused += !taken;
		assert_int_equal(rig_take(rig, b->text, b->len), 0);
		assert_true(rig_digest(rig) == b->digest);
		assert_int_equal(rig_take(rig, a->text, a->len), 0);
		assert_true(rig_digest(rig) == a->digest);
	}
	assert_true(refused > (calls == ALLOC_RESIZE ? 3 : 30));
	rig_free(rig);
}

static void one_allocation_fails(void **state)
{
	fail_in_turn(ALLOC_NEW, false);
}

static void all_allocations_fail_from_one_on(void **state)
{
	fail_in_turn(ALLOC_NEW, true);
}

static void one_resize_fails(void **state)
{
	fail_in_turn(ALLOC_RESIZE, false);
}

static struct document made_of(const char *text)
{
	struct document d = {.len = strlen(text)};

	d.text = strdup(text);
	return d;
}

/* Nothing of a document that could not be taken comes back with the next change of a host's addresses. */
static void a_failed_document_leaves_nothing_behind(void **state)
{
	struct document first = made_of("{\"leader\":\"master@10.0.0.1:5050\",\"frameworks\":[],\"slaves\":["
		"{\"id\":\"S1\",\"pid\":\"slave(1)@one.example:5051\"}]}");
	struct document second = made_of("{\"leader\":\"master@10.0.0.2:5050\",\"frameworks\":[],\"slaves\":[]}");
	bool taken = false;

	for (unsigned n = 0; !taken; n++) {
		struct rig *rig = rig_new();

		rig->hosts[0] = (struct host){.name = "one.example"};
		taken = take_without(rig, &first, n, ALLOC_NEW, false);
		feed_stop_waiting(rig->feed);
		assert_int_equal(feed_is_loaded(rig->feed), taken);
		rig_free(rig);
	}
	taken = false;
	struct rig *rig = rig_new();
	assert_int_equal(rig_take(rig, first.text, first.len), 0);
	for (unsigned n = 0; !taken; n++) {
		taken = take_without(rig, &second, n, ALLOC_NEW, false);
		feed_hosts_changed(rig->feed);
		assert_int_equal(rig_has(rig, "leader.mesos.", "A", "10.0.0.2"), taken);
		assert_int_equal(rig_has(rig, "leader.mesos.", "A", "10.0.0.1"), !taken);
	}
	rig_free(rig);
	free(first.text);
	free(second.text);
}

/* What is kept after a failover is kept, or the document is refused; and given up when its time has come, sooner or
 * later. */
static void a_failover(void **state)
{
	struct document before = made_of(
		"{\"id\":\"one\",\"frameworks\":[{\"id\":\"F\",\"name\":\"f\",\"tasks\":[{\"id\":\"t\","
		"\"name\":\"t\",\"slave_id\":\"S1\",\"state\":\"TASK_RUNNING\"}]}],\"slaves\":[{\"id\":\"S1\",\"pid\":"
		"\"slave(1)@10.0.0.1:5051\"},{\"id\":\"S2\",\"pid\":\"slave(1)@10.0.0.2:5051\"}]}");
	struct document after =
		made_of("{\"id\":\"two\",\"frameworks\":[],\"slaves\":[],\"completed_frameworks\":[{\"id\":\"X\"}],"
			"\"recovered_slaves\":[{\"id\":\"S1\"},{\"id\":\"S2\"}]}");
	bool taken = false, over = false;
	unsigned refused = 0, late = 0;

	for (unsigned n = 0; !taken || failures; n++) {
		struct rig *rig = rig_new();

		assert_int_equal(rig_take(rig, before.text, before.len), 0);
		uint64_t digest = rig_digest(rig);
		taken = take_without(rig, &after, n, ALLOC_ANY, false);
		assert_true(rig_digest(rig) == digest);
		assert_int_equal(rig_counters(rig).retention.agents, taken ? 2 : 0);
		refused += !taken;
		rig_free(rig);
	}
	assert_true(refused > 10);
	for (unsigned n = 0; !over; n++) {
		struct rig *rig = rig_new();

		assert_int_equal(rig_take(rig, before.text, before.len), 0);
		assert_int_equal(rig_take(rig, after.text, after.len), 0);
		rig->now += RETENTION_TIMEOUT + 1;
		alloc_fail_after(n, ALLOC_ANY, false);
		quiet_tick(rig);
		over = !alloc_fail_end();
		bool gone = !rig_counters(rig).elements.agents; /* not all failures do harm */
		assert_true(gone || !over);
		assert_int_equal(rig_counters(rig).elements.agents, gone ? 0 : 2);
		assert_int_equal(rig_counters(rig).elements.tasks, gone ? 0 : 1);
		late += !gone;
		rig->now += 2;
		feed_tick(rig->feed);
		assert_int_equal(rig_counters(rig).elements.agents, 0);
		assert_int_equal(rig_counters(rig).retention.given_up, 2);
		rig_settle(rig);
		assert_int_equal(rig_counters(rig).elements.frameworks, 0);
		rig_free(rig);
	}
	assert_true(late > 5);
	free(before.text);
	free(after.text);
}

static struct document of_tasks(unsigned count)
{
	struct document d = {0};
	FILE *out = open_memstream(&d.text, &d.len);

	fputs("{\"id\":\"one\",\"recovered_slaves\":[],\"slaves\":[{\"id\":\"S\",\"pid\":\"slave(1)@10.0.0.1:5051\"}],"
		"\"frameworks\":[{\"id\":\"F\",\"name\":\"f\",\"tasks\":[", out);
	for (unsigned i = 0; i < count; i++)
		fprintf(out, "%s{\"id\":\"%u\",\"name\":\"t%u\",\"slave_id\":\"S\",\"state\":\"TASK_RUNNING\"}", i ? "," : "", i, i);
	fputs("]}]}", out);
	fclose(out);
	return d;
}

/* A state is held back, or refused; a refused one confirms nothing. */
static void a_state_that_is_held_back(void **state)
{
	struct document large = of_tasks(40), small = of_tasks(1);
	bool taken = false;
	unsigned refused = 0;

	for (unsigned n = 0; !taken || failures; n++) {
		struct rig *rig = calloc(1, sizeof(*rig));

		rig->conf.health_aware = true;
		rig->conf.mass_removal_guard = 10;
		rig_start(rig);
		assert_int_equal(rig_take(rig, large.text, large.len), 0);
		uint64_t digest = rig_digest(rig);
		taken = take_without(rig, &small, n, ALLOC_ANY, false);
		assert_int_equal(rig_counters(rig).guard.holding, taken);
		assert_int_equal(rig_counters(rig).guard.held, taken);
		assert_true(rig_digest(rig) == digest);
		refused += !taken;
		rig_free(rig);
	}
	assert_true(refused > 10);
	free(large.text);
	free(small.text);
}

/* A new program that finds no memory says so, and leaves nothing behind. */
static void nothing_can_be_made(void **state)
{
	const struct zone_soa soa = {.mname = "ns1.mesos.", .rname = "root.ns1.mesos."};
	const struct feed_hosts hosts = {0};
	struct rig *rig = rig_new();
	unsigned feeds = 0, stores = 0;
	int err;

	for (struct feed *feed = NULL; !feed; feeds++) {
		alloc_fail_after(feeds, ALLOC_ANY, false);
		feed = feed_new(&rig->conf, rig->store, &hosts, NULL, 0);
		failures = alloc_fail_end();
		assert_true(feed || failures);
		feed_free(feed);
	}
	assert_true(feeds > 5);
	for (struct zone_store *store = NULL; !store; stores++) {
		alloc_fail_after(stores, ALLOC_ANY, false);
		store = zone_store_new("mesos", &soa, &err);
		alloc_fail_end();
		assert_int_equal(err, store ? 0 : ERR_NOMEM);
		zone_store_free(store);
	}
	assert_true(stores > 3);
	rig_free(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_allocation_fails),
		cmocka_unit_test(all_allocations_fail_from_one_on),
		cmocka_unit_test(one_resize_fails),
		cmocka_unit_test(a_failed_document_leaves_nothing_behind),
		cmocka_unit_test(a_failover),
		cmocka_unit_test(a_state_that_is_held_back),
		cmocka_unit_test(nothing_can_be_made),
	};

	return cmocka_run_group_tests_name("feed_memory", tests, read_documents, free_documents);
}
