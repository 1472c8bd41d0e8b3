/* SPDX-License-Identifier: Apache-2.0 */
/* mesos/feed without memory: each allocation on the way of a document into the zone fails in turn. The zone is then the
 * one of before, nothing is lost, and the document is taken the next time. Linked with --wrap for the allocator. */
#include "t/unit/feed.h"

#include <fcntl.h>
#include <unistd.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));

static struct {
	bool on, for_good, resizes; /* fails; from then on all do; realloc() is meant, else the others */
	unsigned left;
	unsigned failures;
} plan;

static bool fails(bool resize)
{
	if (!plan.on || resize != plan.resizes)
		return false;
	if (plan.left) {
		plan.left--;
		return false;
	}
	if (plan.failures && !plan.for_good)
		return false;
	plan.failures++;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails(false) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails(false) ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails(true) ? NULL : __real_realloc(old, size);
}

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

/* Takes the document while allocation `n` fails. Returns whether it was taken. */
static bool take_without(struct rig *rig, const struct document *d, unsigned n)
{
	const struct state_sink sink = {.ctx = rig, .leader = rig_take_leader, .element = rig_element,
		.skipped = rig_skipped};

	plan.on = true;
	plan.left = n;
	plan.failures = 0;
	struct state_parser *p = state_parser_new(&sink);
	feed_document_begin(rig->feed);
	int rc = p ? state_parser_feed(p, d->text, d->len) : ERR_NOMEM;
	if (!rc)
		rc = state_parser_finish(p);
	int end = quiet_end(rig, !rc);
	state_parser_free(p);
	plan.on = false;
	assert_true(!rc || rc == ERR_NOMEM);
	assert_true(!end || end == ERR_NOMEM);
	if (!plan.failures)
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

static void fail_in_turn(bool resizes, bool for_good)
{
	const struct document *a = find_document("real-A03"), *b = find_document("real-A01");
	struct rig *rig = rig_new();
	unsigned refused = 0;

	assert_int_equal(rig_take(rig, a->text, a->len), 0);
	for (unsigned n = 0;; n++) {
		plan.resizes = resizes;
		plan.for_good = for_good;
		bool taken = take_without(rig, b, n);
		assert_true(rig_digest(rig) == (taken ? b->digest : a->digest));
		if (!plan.failures)
			break;
		refused += !taken;
		assert_int_equal(rig_take(rig, b->text, b->len), 0);
		assert_true(rig_digest(rig) == b->digest);
		assert_int_equal(rig_take(rig, a->text, a->len), 0);
		assert_true(rig_digest(rig) == a->digest);
	}
	assert_true(refused > (resizes ? 3 : 30));
	rig_free(rig);
}

static void one_allocation_fails(void **state)
{
	fail_in_turn(false, false);
}

static void all_allocations_fail_from_one_on(void **state)
{
	fail_in_turn(false, true);
}

/* What the list of retired memory cannot take is lost on purpose: base/pmap.h says so. */
static void one_resize_fails(void **state)
{
	if (__lsan_disable)
		__lsan_disable();
	fail_in_turn(true, false);
	if (__lsan_enable)
		__lsan_enable();
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

	plan.resizes = plan.for_good = false;
	for (unsigned n = 0; !taken; n++) {
		struct rig *rig = rig_new();

		rig->hosts[0] = (struct host){.name = "one.example"};
		taken = take_without(rig, &first, n);
		feed_stop_waiting(rig->feed);
		assert_int_equal(feed_is_loaded(rig->feed), taken);
		rig_free(rig);
	}
	taken = false;
	struct rig *rig = rig_new();
	assert_int_equal(rig_take(rig, first.text, first.len), 0);
	for (unsigned n = 0; !taken; n++) {
		taken = take_without(rig, &second, n);
		feed_hosts_changed(rig->feed);
		assert_int_equal(rig_has(rig, "leader.mesos.", "A", "10.0.0.2"), taken);
		assert_int_equal(rig_has(rig, "leader.mesos.", "A", "10.0.0.1"), !taken);
	}
	rig_free(rig);
	free(first.text);
	free(second.text);
}

/* A new program that finds no memory says so, and leaves nothing behind. */
static void nothing_can_be_made(void **state)
{
	const struct zone_soa soa = {.mname = "ns1.mesos.", .rname = "root.ns1.mesos."};
	const struct feed_hosts hosts = {0};
	struct rig *rig = rig_new();
	unsigned feeds = 0, stores = 0;
	int err;

	plan.resizes = plan.for_good = false;
	for (struct feed *feed = NULL; !feed; feeds++) {
		plan.left = feeds;
		plan.failures = 0;
		plan.on = true;
		feed = feed_new(&rig->conf, rig->store, &hosts, NULL, 0);
		plan.on = false;
		assert_true(feed || plan.failures);
		feed_free(feed);
	}
	assert_true(feeds > 5);
	for (struct zone_store *store = NULL; !store; stores++) {
		plan.left = stores;
		plan.failures = 0;
		plan.on = true;
		store = zone_store_new("mesos", &soa, &err);
		plan.on = false;
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
		cmocka_unit_test(nothing_can_be_made),
	};

	return cmocka_run_group_tests_name("feed_memory", tests, read_documents, free_documents);
}
