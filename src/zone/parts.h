/* SPDX-License-Identifier: Apache-2.0 */
/* What the zone store is made of. Inside zone/, for store.c and commit.c. */
#ifndef ZONE_PARTS_H
#define ZONE_PARTS_H

#include "zone/journal.h"
#include "zone/store.h"
#include "zone/version.h"

#define SOA_AFTER_SERIAL 20 /* the serial is the first of the five numbers that end an SOA's rdata */

/* An SRV record of a master file: its target may be a generated name, which changes without it. */
struct static_srv {
	uint8_t owner_len, target_len;
	uint8_t owner[DNAME_MAX], target[DNAME_MAX];
};

struct zone_store {
	struct zone_versions versions;
	struct zone_journal *journal;
	pthread_mutex_t lock; /* of the counters */
	struct zone_counters counters;

	struct zone_txn *txn; /* the one under way */
	uint16_t zone_count;
	struct zone_apex *zones; /* names of all zones; nodes are the versions' */
	int *parents;            /* of each zone: the zone that encloses it, or -1 */
	bool loaded;
	uint32_t serial, soa_ttl;
	uint64_t serial_steps; /* all bits of the serial (zone/serial.h); 0: none was published */
	uint8_t soa[2 * DNAME_MAX + SOA_AFTER_SERIAL]; /* rdata */
	uint16_t soa_len;
	struct static_srv *static_srvs;
	size_t static_srv_count;
};

#endif
