/* SPDX-License-Identifier: Apache-2.0 */
/* No memory for zones and configuration: each allocation of a transaction, of static zones and of a
 * configuration's load fails in turn. What was there before stays as it was, nothing is lost, and the next
 * attempt goes well. The way of a state document is in t/unit/feed_memory.c. */
#include "t/unit/unit.h"

#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "conf/print.h"
#include "t/fuzz/zone_check.h"
#include "t/unit/alloc.h"
#include "t/unit/conf_helper.h"
#include "zone/journal.h"
#include "zone/static.h"

#define FOLDED 20000 /* names enough for a transaction to be folded */

static unsigned folds; /* so far */

/* The records of one of two states of a zone, which share some. */
static void write_state(struct zone_txn *txn, int state, unsigned names, int change)
{
	for (unsigned i = 0; i < names; i++) {
		char text[64];
		uint8_t name[DNAME_MAX], rdata[4] = {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
		bool both = i % 4 == 0;

		snprintf(text, sizeof(text), "%s%u%s.mesos", i % 50 == 7 ? "*.w" : i % 3 ? "h" : "a.b",
			both ? i : i * 2 + (unsigned)state, i % 3 ? "" : ".c");
		struct zone_touch *host =
			zone_txn_name(txn, 0, name, dname_from_text(name, text, strlen(text)));
		zone_txn_change(
			txn, host, i % 5 ? ZONE_RANK_SERVED : ZONE_RANK_UNWELL, change, RR_A, 60, rdata, 4);
		if (i % 2)
			zone_txn_change(txn, host, ZONE_RANK_STATIC, change, RR_TXT, 60, "\3abc", 4);
		if (i % 8)
			continue;
		for (int udp = 0; udp < 2; udp++) { /* both have the same records, which stand outside of them */
			snprintf(text, sizeof(text), "_s%u._%s.mesos", i % 11, udp ? "udp" : "tcp");
			struct zone_touch *service =
				zone_txn_name(txn, 0, name, dname_from_text(name, text, strlen(text)));
			zone_txn_change_srv(txn, service, ZONE_RANK_SERVED, change, 60, 0, 1, (uint16_t)i, host);
		}
		folds += zone_txn_fold(txn);
	}
}

/* From one state to the other; -1 is none. */
static int change_state(struct zone_store *store, int from, int to, unsigned names)
{
	struct zone_commit result;
	struct zone_txn *txn = zone_txn_begin(store, from < 0 ? names : 0);

	if (!txn)
		return ERR_NOMEM;
	if (from >= 0)
		write_state(txn, from, names, -1);
	write_state(txn, to, names, 1);
	zone_txn_set_loaded(txn);
	return zone_txn_commit(txn, &result);
}

static uint64_t digest_of(const struct zone_store *store)
{
	const struct zone_snapshot *snapshot = zone_store_read(store);
	struct pmap_iter it = pmap_iter(snapshot->nodes);
	uint64_t sum = snapshot->serial;

	for (const struct zone_node *node; (node = pmap_next(&it));)
		sum += siphash13(&siphash_process_key, node, node->size);
	return sum;
}

/* Returns how many transactions could not be made. */
static unsigned fail_transactions(unsigned names, bool grow, enum alloc_calls calls, bool for_good)
{
	struct zone_store *store = zone_check_store("mesos");
	unsigned refused = 0, failures = 1;
	int from = grow ? -1 : 0;

	if (!grow)
		assert_int_equal(change_state(store, -1, from, names), 0);
	for (unsigned n = 0; failures; n += grow ? n / 4 + 1 : 1) {
		const struct zone_snapshot *before = zone_store_read(store);
		uint64_t digest = digest_of(store);
		uint32_t serial = before->serial;

		alloc_fail_after(n, calls, for_good);
		int err = change_state(store, from, 1, names);
		failures = alloc_fail_end();
		assert_true(failures ? !err || err == ERR_NOMEM : !err);
		zone_check_snapshot(store);
		if (err) {
			refused++;
			assert_ptr_equal(zone_store_read(store), before);
			assert_true(digest_of(store) == digest);
			assert_int_equal(zone_store_read(store)->serial, serial);
		} else if (failures && grow) { /* one that was not needed: from anew */
			zone_store_free(store);
			store = zone_check_store("mesos");
		} else if (failures) {
			assert_int_equal(change_state(store, 1, from, names), 0);
		}
	}
	zone_store_free(store);
	return refused;
}

static void a_transaction_without_memory_changes_nothing(void **state)
{
	assert_true(fail_transactions(150, false, ALLOC_ANY, false) > 100);
	assert_true(fail_transactions(150, false, ALLOC_ANY, true) > 100);
}

static void a_first_load_without_memory_changes_nothing(void **state)
{
	assert_true(fail_transactions(FOLDED, true, ALLOC_ANY, false) > 15);
	assert_true(folds > 15);
}

static void a_folded_transaction_without_memory_changes_nothing(void **state)
{
	assert_true(fail_transactions(FOLDED, false, ALLOC_RESIZE, false) > 3);
}

static void count(void *arg, const struct zone_journal_change *change)
{
	++*(unsigned *)arg;
}

/* A change that the journal has no memory for is published; nobody is told half of it. */
static void the_journal_has_all_of_a_change_or_none(void **state)
{
	unsigned changes[2] = {0, 0}, missing = 0, failures = 1;

	for (unsigned n = 0; failures; n++) {
		struct zone_store *store = zone_check_store("mesos");
		assert_int_equal(change_state(store, -1, 0, 150), 0);
		uint32_t serial = zone_store_read(store)->serial;

		alloc_fail_after(n, ALLOC_ANY, false);
		int err = change_state(store, 0, 1, 150);
		failures = alloc_fail_end();
		if (!err) {
			changes[0] = 0;
			err = zone_journal_read(zone_store_journal(store), serial, NULL, count, &changes[0]);
			missing += err == ERR_NOTFOUND;
			assert_true(!err || (err == ERR_NOTFOUND && failures));
			if (!err && changes[1])
				assert_int_equal(changes[0], changes[1]);
			if (!err)
				changes[1] = changes[0];
		}
		zone_store_free(store);
	}
	assert_true(missing > 0);
}

static void zones_without_memory_are_no_zones(void **state)
{
	static char names[][16] = {"example", "mesos", "b.example"}, mname[] = "ns1.mesos.",
		    path[] = "/tmp/alloc-XXXXXX";
	static const char text[] = "$TTL 300\n@ SOA ns hostmaster 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\n"
				   "$ORIGIN x\n_a._tcp SRV 0 0 1 ns\n*.w TXT a\na.b MX 1 ns\nb NS ns\n";
	struct conf_static_zone files[] = {{names[0], path}, {names[1], path}, {names[2], path}};
	const struct conf conf = {
		.domain = names[1], .soa_mname = mname, .zones = files, .zone_count = 3, .local_zones = true};
	unsigned failures = 1, refused = 0;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	write_file(path, text, sizeof(text) - 1);
	for (unsigned n = 0; failures; n++) {
		struct static_zones *zones = NULL;
		struct zone_store *store = zone_check_store("mesos");
		struct zone_commit result;

		alloc_fail_after(n, ALLOC_ANY, false);
		int err = static_zones_read(&zones, &conf, NULL);
		assert_true(!err == !!zones);
		if (!err)
			err = static_zones_load(zones, store, &result);
		failures = alloc_fail_end();
		assert_true(failures ? !err || err == ERR_NOMEM : !err);
		refused += err != 0;
		zone_check_snapshot(store);
		if (err && zones) /* the zones are known, and have no records yet */
			assert_int_equal(zone_store_read(store)->nodes->count, 0);
		static_zones_free(zones);
		zone_store_free(store);
	}
	unlink(path);
	assert_true(refused > 200);
}

static void a_configuration_without_memory_is_none(void **state)
{
	static const char text[] =
		"{\"masters\":[\"a\",\"[::1]:5\"],\"resolvers\":[\"192.0.2.8\"],\"domain\":\"X.y\",\"zones\":"
		"["
		"{\"name\":\"example.org\",\"file\":\"~/z\"}],\"zoneResolvers\":{\"z\":[\"192.0.2.9:54\"]},"
		"\"recursionAllow\":[\"10.0.0.0/"
		"8\"],\"mesosCredentials\":{\"principal\":\"p\",\"secret\":\"s\"},"
		"\"IPSources\":[\"host\"],\"unknown\":1,\"user\":\"nobody\",\"listener\":\"127.0.0.1\"}";
	const struct conf_options options = {.without_files = true, .system = &test_machine};
	unsigned failures = 1, refused = 0;

	for (unsigned n = 0; failures; n++) {
		struct conf_report report = {0};
		struct conf *conf;

		alloc_fail_after(n, ALLOC_ANY, false);
		int err = conf_load_text(text, sizeof(text) - 1, "test", &options, &report, &conf);
		failures = alloc_fail_end();
		assert_true(failures ? !err || err == ERR_NOMEM : !err);
		assert_true(!err == !!conf);
		assert_int_equal(report.errors > 0, err != 0);
		refused += err != 0;
		conf_report_fini(&report);
		conf_free(conf);
	}
	assert_true(refused > 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_transaction_without_memory_changes_nothing),
		cmocka_unit_test(a_first_load_without_memory_changes_nothing),
		cmocka_unit_test(a_folded_transaction_without_memory_changes_nothing),
		cmocka_unit_test(the_journal_has_all_of_a_change_or_none),
		cmocka_unit_test(zones_without_memory_are_no_zones),
		cmocka_unit_test(a_configuration_without_memory_is_none),
	};

	log_set_level(LOG_LEVEL_ERROR - 1);
	return cmocka_run_group_tests_name("alloc_fail", tests, make_resolv_conf, remove_resolv_conf);
}
