/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer of answer_query(): the first byte chooses transport and settings, the second where rotation starts,
 * the rest is the query. Every reply must keep the rules of t/unit/answer_check.h. */
#include "t/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#include "t/unit/answer_check.h"
#include "t/unit/answer_zone.h"

static struct zone_store *make_store(void)
{
	static char lines[65536];
	struct zone_store *store;
	size_t used = 0;

	if (siphash_init())
		abort();
	store = answer_zone_new(
		"mesos", "a A 10.0.0.1\na A 10.0.0.2\na AAAA 2001:db8::1\n_a._tcp SRV 0 1 80 a\n");
	for (int i = 0; i < 300; i++)
		used += (size_t)sprintf(
			lines + used, "b A 10.9.%d.%d\n_b._tcp SRV 0 1 %d a\n", i / 250, i % 250, i);
	answer_zone_change(store, 0, "mesos", lines, 1);
	answer_zone_add(store, "o",
		"a A 192.0.2.1\nm MX 1 a\nm MX 2 a\nc CNAME a\nd CNAME c\ne CNAME e\nf CNAME a.mesos.\ng "
		"CNAME x.y.\n"
		"*.w A 192.0.2.2\n*.v CNAME z.v\nx.y.w A 192.0.2.3\ns NS n.s\nn.s A 192.0.2.4\ns NS n.p.\nt "
		"TXT \"x\"\n"
		"u CNAME n.s\nh CNAME q.v.\n");
	answer_zone_add(store, "v", NULL);
	return store;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct zone_store *store;

	if (!store)
		store = make_store();
	if (size < 2)
		return 0;
	struct answer_settings settings = {
		.edns_udp_size = data[0] & 1 ? 4096 : 1232,
		.set_truncate_bit = data[0] & 2,
		.recursion_available = data[0] & 4,
		.version = data[0] & 8 ? "version" : NULL,
		.server_id = data[0] & 16 ? "server" : NULL,
	};
	const char *wrong = answer_check(&settings, zone_store_read(store),
		data[0] & 32 ? ANSWER_TCP : ANSWER_UDP, (uint32_t)data[1] << 24, data + 2, size - 2);
	if (wrong) {
		fprintf(stderr, "broken rule: %s\n", wrong);
		abort();
	}
	return 0;
}
