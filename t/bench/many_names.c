/* SPDX-License-Identifier: Apache-2.0 */
#include "t/bench/many_names.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "t/unit/answer_zone.h"

struct zone_store *many_names(unsigned names)
{
	struct zone_store *store = answer_zone_new("mesos", "");
	struct zone_txn *txn = zone_txn_begin(store, names);

	for (unsigned i = 0; i < names; i++) {
		char text[64];
		uint8_t name[DNAME_MAX];
		int len = snprintf(text, sizeof(text), "task-%u.marathon.mesos", i);
		size_t name_len = dname_from_text(name, text, (size_t)len);
		uint32_t address = htonl(0x0a000000 + i);

		zone_txn_change(txn, zone_txn_name(txn, 0, name, name_len), ZONE_RANK_SERVED, 1, RR_A, 60, &address, 4);
		zone_txn_fold(txn);
	}
	if (zone_txn_commit(txn, &(struct zone_commit){0}))
		abort();
	return store;
}

uint8_t *many_queries(unsigned names)
{
	uint8_t *packets = malloc((size_t)MANY_QUERIES * MANY_SIZE);
	uint64_t random = 1;

	if (!packets)
		abort();
	for (unsigned i = 0; i < MANY_QUERIES; i++) {
		uint8_t *packet = packets + (size_t)i * MANY_SIZE, query[512];
		char name[64];

		random = random * 6364136223846793005u + 1442695040888963407u;
		snprintf(name, sizeof(name), "task-%u.marathon.mesos", (unsigned)((random >> 32) * names >> 32));
		size_t len = ask_write(&(struct ask){.name = name, .type = RR_A}, query);
		packet[0] = (uint8_t)len;
		memcpy(packet + 1, query, len);
	}
	return packets;
}
