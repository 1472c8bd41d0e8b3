/* SPDX-License-Identifier: Apache-2.0 */
/* zone/store: counted records, ranks, empty non-terminals, serials, SRV additional data, sets that names share, pins, and
 * a random run that is compared with a plain list of what should be there. */
#include "t/unit/unit.h"

#include <stdio.h>

#include "base/log.h"
#include "base/rcu.h"
#include "zone/journal.h"
#include "zone/store.h"

static const struct zone_soa soa = {.mname = "ns1.mesos.", .rname = "root.ns1.mesos.", .ttl = 60, .refresh = 60,
	.retry = 600, .expire = 86400, .minimum = 60};

struct fixture {
	struct zone_store *store;
	struct zone_txn *txn;
	struct zone_commit commit;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int err;

	siphash_init();
	f->store = zone_store_new("mesos", &soa, &err);
	*state = f;
	return err;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	zone_store_free(f->store);
	free(f);
	return 0;
}

static struct zone_touch *touch(struct fixture *f, const char *text)
{
	uint8_t name[DNAME_MAX];
	size_t len = dname_from_text(name, text, strlen(text));

	assert_true(len);
	if (!f->txn)
		f->txn = zone_txn_begin(f->store, 0);
	return zone_txn_name(f->txn, 0, name, len);
}

static void a(struct fixture *f, const char *name, enum zone_rank rank, int change, uint8_t last)
{
	uint8_t rdata[4] = {10, 0, 0, last};
	struct zone_touch *t = touch(f, name);

	zone_txn_change(f->txn, t, rank, change, RR_A, 60, rdata, 4);
}

static void srv(struct fixture *f, const char *name, enum zone_rank rank, int change, uint16_t port, const char *target)
{
	struct zone_touch *t = touch(f, name);

	zone_txn_change_srv(f->txn, t, rank, change, 60, 0, 1, port, touch(f, target));
}

static void commit(struct fixture *f)
{
	touch(f, "mesos");
	zone_txn_set_loaded(f->txn);
	assert_int_equal(zone_txn_commit(f->txn, &f->commit), 0);
	f->txn = NULL;
}

static const struct zone_node *find(struct fixture *f, const char *text)
{
	uint8_t name[DNAME_MAX];
	size_t len = dname_from_text(name, text, strlen(text));

	return zone_find(zone_store_read(f->store), name, len);
}

/* The published A records of a name as a set of last bytes, "1,7"; "-" for a name without; "!" for none at all. */
static const char *addresses(struct fixture *f, const char *name)
{
	static char text[4096];
	const struct zone_node *node = find(f, name);
	size_t used = 0;

	if (!node)
		return "!";
	const struct zone_rrset *set = zone_rrset_of(node, RR_A);
	if (!set)
		return "-";
	for (uint32_t i = 0; i < set->count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%u", i ? "," : "",
			zone_rrset_slot(set, i)[RR_FIXED + 3]);
	return text;
}

static void counts_records_that_several_give(void **state)
{
	struct fixture *f = *state;

	a(f, "web.marathon.mesos", ZONE_RANK_SERVED, 1, 1);
	a(f, "web.marathon.mesos", ZONE_RANK_SERVED, 1, 1);
	a(f, "web.marathon.mesos", ZONE_RANK_SERVED, 1, 2);
	commit(f);
	assert_string_equal(addresses(f, "web.marathon.mesos"), "1,2");
	a(f, "web.marathon.mesos", ZONE_RANK_SERVED, -1, 1);
	commit(f);
	assert_string_equal(addresses(f, "web.marathon.mesos"), "1,2");
	assert_false(f->commit.changed);
	a(f, "web.marathon.mesos", ZONE_RANK_SERVED, -1, 1);
	commit(f);
	assert_string_equal(addresses(f, "web.marathon.mesos"), "2");
	assert_true(f->commit.changed);
}

static void best_rank_is_published(void **state)
{
	struct fixture *f = *state;

	a(f, "web.mesos", ZONE_RANK_STATIC, 1, 9);
	commit(f);
	assert_string_equal(addresses(f, "web.mesos"), "9");
	a(f, "web.mesos", ZONE_RANK_UNWELL, 1, 5);
	commit(f);
	assert_string_equal(addresses(f, "web.mesos"), "5");
	assert_int_equal(f->commit.conflicts, 1);
	a(f, "web.mesos", ZONE_RANK_SERVED, 1, 3);
	a(f, "web.mesos", ZONE_RANK_UNWELL, 1, 6);
	commit(f);
	assert_string_equal(addresses(f, "web.mesos"), "3");
	assert_int_equal(f->commit.conflicts, 0);
	a(f, "web.mesos", ZONE_RANK_SERVED, -1, 3);
	commit(f);
	assert_string_equal(addresses(f, "web.mesos"), "5,6");
	a(f, "web.mesos", ZONE_RANK_UNWELL, -1, 5);
	a(f, "web.mesos", ZONE_RANK_UNWELL, -1, 6);
	commit(f);
	assert_string_equal(addresses(f, "web.mesos"), "9");
}

static void empty_non_terminals_come_and_go(void **state)
{
	struct fixture *f = *state;

	a(f, "a.b.c.mesos", ZONE_RANK_SERVED, 1, 1);
	a(f, "x.c.mesos", ZONE_RANK_SERVED, 1, 1);
	commit(f);
	assert_string_equal(addresses(f, "b.c.mesos"), "-");
	assert_string_equal(addresses(f, "c.mesos"), "-");
	assert_int_equal(find(f, "c.mesos")->children, 2);
	a(f, "c.mesos", ZONE_RANK_SERVED, 1, 4);
	commit(f);
	assert_int_equal(find(f, "c.mesos")->children, 2);
	a(f, "a.b.c.mesos", ZONE_RANK_SERVED, -1, 1);
	a(f, "c.mesos", ZONE_RANK_SERVED, -1, 4);
	commit(f);
	assert_string_equal(addresses(f, "b.c.mesos"), "!");
	assert_string_equal(addresses(f, "c.mesos"), "-");
	a(f, "x.c.mesos", ZONE_RANK_SERVED, -1, 1);
	commit(f);
	assert_string_equal(addresses(f, "c.mesos"), "!");
	assert_non_null(zone_rrset_of(find(f, "mesos"), RR_SOA));
}

static void serial_moves_with_content_only(void **state)
{
	struct fixture *f = *state;

	a(f, "web.mesos", ZONE_RANK_SERVED, 1, 1);
	commit(f);
	uint32_t first = f->commit.serial;
	assert_true(f->commit.changed && first);
	commit(f);
	assert_false(f->commit.changed);
	assert_int_equal(f->commit.serial, first);
	a(f, "web.mesos", ZONE_RANK_SERVED, 1, 2);
	a(f, "web.mesos", ZONE_RANK_SERVED, -1, 2);
	commit(f);
	assert_int_equal(f->commit.serial, first);
	assert_int_equal(f->commit.pages_touched, 0);
	a(f, "web.mesos", ZONE_RANK_SERVED, 1, 2);
	commit(f);
	assert_true((int32_t)(f->commit.serial - first) > 0);
	const struct zone_node *apex = find(f, "mesos");
	const uint8_t *rr = zone_rrset_slot(zone_rrset_of(apex, RR_SOA), 0);
	assert_int_equal(wire_get_u32(rr + zone_rr_size(rr) - 20), f->commit.serial);
	assert_ptr_equal(zone_store_read(f->store)->zones[0].node, apex);
}

static size_t additional_of_first_srv(const struct zone_node *node)
{
	const struct zone_rrset *set = zone_rrset_of(node, RR_SRV);
	const uint8_t *slot = zone_rrset_slot(set, 0);

	return (size_t)(zone_rrset_slot(set, 1) - slot) - zone_rr_size(slot);
}

static void srv_carries_its_targets_addresses(void **state)
{
	struct fixture *f = *state;

	srv(f, "_web._tcp.mesos", ZONE_RANK_SERVED, 1, 80, "web-1.mesos");
	a(f, "web-1.mesos", ZONE_RANK_SERVED, 1, 1);
	commit(f);
	assert_int_equal(additional_of_first_srv(find(f, "_web._tcp.mesos")), 16);
	/* the task's records are taken out and put back with a second address: the SRV record is the same */
	srv(f, "_web._tcp.mesos", ZONE_RANK_SERVED, -1, 80, "web-1.mesos");
	srv(f, "_web._tcp.mesos", ZONE_RANK_SERVED, 1, 80, "web-1.mesos");
	a(f, "web-1.mesos", ZONE_RANK_SERVED, 1, 2);
	commit(f);
	assert_int_equal(additional_of_first_srv(find(f, "_web._tcp.mesos")), 32);
	assert_int_equal(f->commit.records_added, 1);
}

/* Eight records more, or less, at a service under both protocols. */
static void both_protocols(struct fixture *f, int change, uint16_t first_port)
{
	char target[64];

	for (int udp = 0; udp < 2; udp++) {
		for (uint16_t i = 0; i < 8; i++) {
			snprintf(target, sizeof(target), "web-%u.marathon.mesos", i);
			srv(f, udp ? "_web._udp.mesos" : "_web._tcp.mesos", ZONE_RANK_SERVED, change,
				(uint16_t)(first_port + i), target);
		}
	}
}

static const struct zone_rrset *services(struct fixture *f, const char *name)
{
	const struct zone_node *node = find(f, name);

	return node ? zone_rrset_of(node, RR_SRV) : NULL;
}

static bool stand_together(struct fixture *f)
{
	return services(f, "_web._tcp.mesos")->slots == services(f, "_web._udp.mesos")->slots;
}

static void large_sets_that_are_the_same_stand_once(void **state)
{
	struct fixture *f = *state;
	uint8_t name[DNAME_MAX];

	both_protocols(f, 1, 80);
	srv(f, "_one._tcp.mesos", ZONE_RANK_SERVED, 1, 80, "web-1.mesos");
	srv(f, "_one._udp.mesos", ZONE_RANK_SERVED, 1, 80, "web-1.mesos");
	commit(f);
	assert_true(stand_together(f));
	assert_ptr_not_equal(services(f, "_one._tcp.mesos")->slots, services(f, "_one._udp.mesos")->slots);
	const struct zone_snapshot *first = zone_store_pin(f->store);

	/* one of them changes, then they are the same again */
	srv(f, "_web._udp.mesos", ZONE_RANK_SERVED, 1, 90, "web-0.marathon.mesos");
	commit(f);
	assert_false(stand_together(f));
	assert_int_equal(services(f, "_web._tcp.mesos")->count, 8);
	assert_int_equal(services(f, "_web._udp.mesos")->count, 9);
	both_protocols(f, 1, 100);
	srv(f, "_web._udp.mesos", ZONE_RANK_SERVED, -1, 90, "web-0.marathon.mesos");
	commit(f);
	assert_true(stand_together(f));
	assert_int_equal(services(f, "_web._udp.mesos")->count, 16);
	/* a second count of a record is the node's own affair */
	srv(f, "_web._udp.mesos", ZONE_RANK_SERVED, 1, 80, "web-0.marathon.mesos");
	commit(f);
	assert_true(stand_together(f));
	srv(f, "_web._udp.mesos", ZONE_RANK_SERVED, -1, 80, "web-0.marathon.mesos");
	commit(f);
	assert_true(stand_together(f));

	/* a child comes: the same node otherwise; then an update is given up */
	a(f, "x._web._udp.mesos", ZONE_RANK_SERVED, 1, 1);
	commit(f);
	assert_true(stand_together(f));
	both_protocols(f, -1, 80);
	a(f, "web-3.marathon.mesos", ZONE_RANK_SERVED, 1, 3);
	assert_int_equal(zone_txn_prepare(f->txn), 0);
	zone_txn_abort(f->txn);
	f->txn = NULL;
	assert_true(stand_together(f));
	assert_int_equal(services(f, "_web._tcp.mesos")->count, 16);

	both_protocols(f, -1, 80);
	both_protocols(f, -1, 100);
	commit(f);
	assert_null(services(f, "_web._tcp.mesos"));
	assert_null(services(f, "_web._udp.mesos"));

	size_t len = dname_from_text(name, "_web._udp.mesos", 15);
	const struct zone_rrset *set = zone_rrset_of(zone_find(first, name, len), RR_SRV);
	assert_int_equal(set->count, 8);
	for (uint32_t i = 0; i < set->count; i++)
		assert_int_equal(
			wire_get_u16(zone_rrset_slot(set, i) + RR_FIXED + 4), 80 + i);
	zone_store_unpin(f->store, first);
}

static void folds_do_not_read_more_again_than_is_new(void **state)
{
	struct fixture *f = *state;
	const unsigned hosts = 20000;
	unsigned folds = 0;
	char text[64];

	for (unsigned i = 0; i < hosts; i++) { /* a service of very many: each fold has to build it anew */
		uint8_t rdata[4] = {10, 1, (uint8_t)(i >> 8), (uint8_t)i};

		snprintf(text, sizeof(text), "host-%u.mesos", i);
		struct zone_touch *host = touch(f, text), *all = touch(f, "all.mesos");
		zone_txn_change(f->txn, host, ZONE_RANK_SERVED, 1, RR_A, 60, rdata, 4);
		zone_txn_change(f->txn, all, ZONE_RANK_SERVED, 1, RR_A, 60, rdata, 4);
		folds += zone_txn_fold(f->txn);
	}
	commit(f);
	assert_in_range(folds, 3, 12);
	assert_int_equal(zone_rrset_of(find(f, "all.mesos"), RR_A)->count, hosts);
	struct zone_counters counters;
	zone_store_counters(f->store, &counters);
	assert_int_equal(counters.a, 2 * hosts);
}

static void static_srv_follows_a_generated_target(void **state)
{
	struct fixture *f = *state;
	uint8_t rdata[6 + DNAME_MAX] = {0, 0, 0, 1, 0, 80};
	size_t len = dname_from_text(rdata + 6, "web.mesos", 9);
	struct zone_touch *t = touch(f, "_static._tcp.mesos");

	zone_txn_change(f->txn, t, ZONE_RANK_STATIC, 1, RR_SRV, 300, rdata, (uint16_t)(6 + len));
	commit(f);
	assert_int_equal(additional_of_first_srv(find(f, "_static._tcp.mesos")), 0);
	a(f, "web.mesos", ZONE_RANK_SERVED, 1, 1);
	commit(f);
	assert_int_equal(additional_of_first_srv(find(f, "_static._tcp.mesos")), 16);
}

static void not_loaded_until_told(void **state)
{
	struct fixture *f = *state;

	assert_null(zone_store_read(f->store)->zones[0].node);
	a(f, "static.mesos", ZONE_RANK_STATIC, 1, 1);
	assert_int_equal(zone_txn_commit(f->txn, &f->commit), 0);
	f->txn = NULL;
	assert_null(zone_store_read(f->store)->zones[0].node);
	commit(f);
	assert_non_null(zone_store_read(f->store)->zones[0].node);
}

/* The cluster's domain below another zone: the names between the two are there as soon as it is. */
static void names_between_two_zones_are_there(void **state)
{
	struct fixture *f = *state;
	uint8_t name[DNAME_MAX];
	struct zone_store *store;
	int err;

	store = zone_store_new("a.b.c", &soa, &err);
	assert_non_null(store);
	zone_store_free(f->store);
	f->store = store;
	int zone = zone_store_add_zone(f->store, name, dname_from_text(name, "c", 1));
	assert_int_equal(zone, 1);
	f->txn = zone_txn_begin(f->store, 0);
	zone_txn_change(f->txn, zone_txn_name(f->txn, 1, name, 3), ZONE_RANK_STATIC, 1, RR_A, 60, "abcd", 4);
	assert_int_equal(zone_txn_commit(f->txn, &f->commit), 0);
	assert_null(find(f, "b.c"));
	for (int i = 0; i < 2; i++) {
		f->txn = zone_txn_begin(f->store, 0);
		zone_txn_set_loaded(f->txn);
		assert_int_equal(zone_txn_commit(f->txn, &f->commit), 0);
		assert_int_equal(find(f, "c")->children, 1);
		assert_int_equal(find(f, "b.c")->children, 1);
		assert_int_equal(find(f, "b.c")->zone, 1);
		assert_int_equal(find(f, "a.b.c")->zone, 0);
	}
	f->txn = NULL;
}

static void pinned_snapshot_stays(void **state)
{
	struct fixture *f = *state;
	uint8_t name[DNAME_MAX];
	size_t len = dname_from_text(name, "web.mesos", 9);

	a(f, "web.mesos", ZONE_RANK_SERVED, 1, 1);
	commit(f);
	const struct zone_snapshot *pinned = zone_store_pin(f->store);
	for (uint8_t i = 2; i < 50; i++) {
		a(f, "web.mesos", ZONE_RANK_SERVED, 1, i);
		commit(f);
	}
	urcu_qsbr_barrier();
	const struct zone_node *node = zone_find(pinned, name, len);
	assert_non_null(node);
	assert_int_equal(zone_rrset_of(node, RR_A)->count, 1);
	zone_store_unpin(f->store, pinned);
}

static void journal_add(void *arg, const struct zone_journal_change *change)
{
	int *n = arg;

	n[change->added]++;
}

static void journal_tells_what_changed(void **state)
{
	struct fixture *f = *state;
	int n[2] = {0};

	a(f, "web.mesos", ZONE_RANK_SERVED, 1, 1);
	commit(f);
	uint32_t since = f->commit.serial;
	a(f, "web.mesos", ZONE_RANK_SERVED, 1, 2);
	commit(f);
	a(f, "web.mesos", ZONE_RANK_SERVED, -1, 1);
	a(f, "web.mesos", ZONE_RANK_SERVED, 1, 3);
	commit(f);
	uint32_t newest;
	assert_int_equal(zone_journal_read(zone_store_journal(f->store), since, &newest, journal_add, n), 0);
	assert_int_equal(newest, f->commit.serial);
	assert_int_equal(n[0], 1);
	assert_int_equal(n[1], 2);
	assert_true(zone_journal_read(zone_store_journal(f->store), since - 100, NULL, journal_add, n) < 0);
}

#define NAMES   60
#define VALUES  8
#define COMMITS 400

static uint64_t rng_state = 42;

static unsigned rng(unsigned n)
{
	rng_state = rng_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(rng_state >> 33) % n;
}

/* Names of several depths, some above others. */
static void random_name(unsigned i, char *text, size_t size)
{
	snprintf(text, size, "n%u.%s%s.mesos", i % 7, i % 3 ? "p." : "", i % 2 ? "q.r" : "s");
	if (i % 5 == 0)
		snprintf(text, size, "u%u.mesos", i);
}

static void random_changes_match_a_plain_list(void **state)
{
	struct fixture *f = *state;
	static uint32_t truth[NAMES][VALUES][ZONE_RANKS];
	char text[64], other[64], expected[256];

	memset(truth, 0, sizeof(truth));
	for (int round = 0; round < COMMITS; round++) {
		for (unsigned changes = rng(20); changes; changes--) {
			unsigned i = rng(NAMES), v = rng(VALUES), rank = rng(ZONE_RANKS);
			int change = truth[i][v][rank] && rng(2) ? -1 : 1;

			random_name(i, text, sizeof(text));
			a(f, text, rank, change, (uint8_t)v);
			truth[i][v][rank] += (uint32_t)change;
		}
		commit(f);
		for (unsigned i = 0; i < NAMES; i++) {
			uint32_t sum[VALUES][ZONE_RANKS] = {0};
			int best = ZONE_RANKS;
			bool below = false;
			size_t used = 0;

			random_name(i, text, sizeof(text));
			for (unsigned j = 0; j < NAMES; j++) {
				random_name(j, other, sizeof(other));
				size_t tail = strlen(other) > strlen(text) ? strlen(other) - strlen(text) : 0;
				for (unsigned v = 0; v < VALUES; v++) {
					for (int rank = 0; rank < ZONE_RANKS; rank++) {
						if (!strcmp(text, other)) {
							sum[v][rank] += truth[j][v][rank];
							if (truth[j][v][rank] && rank < best)
								best = rank;
						} else if (tail && other[tail - 1] == '.' && !strcmp(other + tail, text)) {
							below |= truth[j][v][rank] > 0;
						}
					}
				}
			}
			snprintf(expected, sizeof(expected), below ? "-" : "!");
			for (unsigned v = 0; v < VALUES && best < ZONE_RANKS; v++)
				if (sum[v][best])
					used += (size_t)snprintf(expected + used, sizeof(expected) - used, "%s%u", used ? "," : "", v);
			assert_string_equal(addresses(f, text), expected);
		}
	}
	struct zone_counters counters;
	zone_store_counters(f->store, &counters);
	uint64_t records = 0, names = 0;
	struct pmap_iter it = pmap_iter(zone_store_read(f->store)->nodes);
	for (const struct zone_node *node; (node = pmap_next(&it)); names++)
		records += zone_rrset_of(node, RR_A) ? zone_rrset_of(node, RR_A)->count : 0;
	assert_int_equal(counters.a, records);
	assert_int_equal(counters.names, names);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(counts_records_that_several_give),
		T(best_rank_is_published),
		T(empty_non_terminals_come_and_go),
		T(serial_moves_with_content_only),
		T(srv_carries_its_targets_addresses),
		T(large_sets_that_are_the_same_stand_once),
		T(folds_do_not_read_more_again_than_is_new),
		T(static_srv_follows_a_generated_target),
		T(not_loaded_until_told),
		T(names_between_two_zones_are_there),
		T(pinned_snapshot_stays),
		T(journal_tells_what_changed),
		T(random_changes_match_a_plain_list),
	};

	log_set_level(LOG_LEVEL_NONE); /* random zones are full of conflicts */
	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
