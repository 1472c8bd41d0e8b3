/* SPDX-License-Identifier: Apache-2.0 */
/* answer/: random zones, random queries, and the rules of answer_check.h. */
#include "t/unit/unit.h"

#include <stdio.h>

#include "t/unit/answer_check.h"
#include "t/unit/answer_zone.h"

#define ZONES   60
#define QUERIES 400

static uint64_t seed;

static uint32_t pick(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((seed >> 33) % below);
}

/* Few labels, so that names meet. */
static char *random_name(char *out, bool for_query)
{
	static const char *const labels[] = {
		"a", "b", "c", "_tcp", "*", "longlonglonglonglonglonglonglonglonglong"};
	static const char *const zones[] = {"mesos.", "example.org.", "sub.example.org.", "void.test."};
	char *at = out;

	for (uint32_t n = pick(1 + pick(5)); n; n--)
		at += sprintf(at, "%s.", labels[pick(6)]);
	strcpy(at, zones[pick(for_query ? 4 : 3)]);
	if (for_query && pick(50) == 0)
		strcpy(at, "example.com.");
	for (char *p = out; for_query && *p; p++)
		if (pick(8) == 0 && *p >= 'a' && *p <= 'z')
			*p = (char)(*p - 32);
	return out;
}

static size_t random_line(char *out)
{
	char owner[300], target[300];

	random_name(owner, false);
	random_name(target, false);
	switch (pick(10)) {
	case 0:
		return (size_t)sprintf(out, "%s CNAME %s\n", owner, target);
	case 1:
		return (size_t)sprintf(out, "%s MX %u %s\n", owner, pick(3), target);
	case 2:
		return (size_t)sprintf(out, "%s AAAA 2001:db8::%x\n", owner, pick(65536));
	case 3:
		return (size_t)sprintf(out, "%s TXT \"%0*u\"\n", owner, (int)pick(250) + 1, pick(100));
	case 4:
		if (pick(4) == 0)
			return (size_t)sprintf(out, "%s NS %s\n", owner, target);
		return (size_t)sprintf(out, "%s PTR %s\n", owner, target);
	case 5:
	case 6:
		return (size_t)sprintf(out, "%s SRV 0 1 %u %s\n%s SRV 0 1 %u %s\n", owner, pick(9), target,
			owner, 10 + pick(9), target);
	}
	return (size_t)sprintf(out, "%s A 10.0.%u.%u\n", owner, pick(256), pick(256));
}

static struct zone_store *random_zone(void)
{
	static const char *const origins[] = {"mesos.", "example.org.", "sub.example.org."};
	struct zone_store *store = answer_zone_new("mesos", "@ A 10.0.0.1");
	struct zone_txn *txn;
	struct zone_commit commit;

	answer_zone_add(store, "example.org", "@ A 10.0.0.2");
	answer_zone_add(store, "void.test", NULL);
	answer_zone_add(store, "sub.example.org", "@ A 10.0.0.3");
	txn = zone_txn_begin(store, 0);
	for (uint32_t n = 5 + pick(pick(3) ? 40 : 400); n; n--) {
		static const unsigned numbers[] = {0, 1, 3};
		char line[1400];

		random_line(line);
		size_t owner = strcspn(line, " ");
		unsigned zone = 0;
		for (unsigned i = 1; i < 3; i++) { /* the longest comes last */
			size_t len = strlen(origins[i]);

			if (owner >= len && !strncmp(line + owner - len, origins[i], len) &&
				(owner == len || line[owner - len - 1] == '.'))
				zone = i;
		}
		answer_zone_write(txn, numbers[zone], origins[zone], line, 1);
	}
	assert_int_equal(zone_txn_commit(txn, &commit), 0);
	return store;
}

static void random_replies_keep_the_rules(void **state)
{
	static const uint16_t types[] = {RR_A, RR_A, RR_SRV, RR_AAAA, RR_NS, RR_SOA, RR_MX, RR_TXT, RR_CNAME,
		RR_PTR, RR_ANY, RR_DS, RR_AXFR, RR_IXFR, RR_OPT, 0, 65280};

	siphash_init();
	for (seed = 1; seed < ZONES; seed++) {
		uint64_t this_seed = seed;
		struct zone_store *store = random_zone();

		for (unsigned n = 0; n < QUERIES; n++) {
			uint64_t query_seed = seed;
			char name[400];
			uint8_t query[512];
			struct ask ask = {.name = random_name(name, true),
				.type = types[pick(17)],
				.class = pick(40) ? 1 : 3,
				.flags = (uint16_t)pick(65536) & (pick(20) ? 0x07ff : 0xffff),
				.edns = pick(3),
				.nsid = pick(2),
				.dnssec_ok = pick(2),
				.udp_size = (uint16_t)pick(5000),
				.edns_version = pick(30) == 0};
			struct answer_settings settings = {.edns_udp_size = (uint16_t)(512 + pick(3585)),
				.set_truncate_bit = pick(4),
				.recursion_available = pick(2),
				.server_id = pick(2) ? "node" : NULL};
			size_t len = ask_write(&ask, query);
			const char *wrong = answer_check(&settings, zone_store_read(store),
				pick(4) ? ANSWER_UDP : ANSWER_TCP, (uint32_t)(seed >> 32), query, len);

			if (wrong)
				fail_msg("zone %lu, query %u (seed %lu) for %s %u: %s",
					(unsigned long)this_seed, n, (unsigned long)query_seed, name,
					ask.type, wrong);
		}
		zone_store_free(store);
		seed = this_seed;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_replies_keep_the_rules),
	};

	return cmocka_run_group_tests_name("answer_random", tests, NULL, NULL);
}
