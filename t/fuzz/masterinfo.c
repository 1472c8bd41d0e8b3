/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer of masterinfo_parse(): the first byte chooses the form, the rest is a node's bytes. What is taken must be a
 * host that a URL may hold, with the address that its text says if it is one. */
#include "t/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mesos/masterinfo.h"

static void check(bool good, const char *rule)
{
	if (good)
		return;
	fprintf(stderr, "broken rule: %s\n", rule);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mesos_master master, again, before;
	struct addr literal;

	if (!size)
		return 0;
	enum masterinfo_form form = data[0] & 1 ? MASTERINFO_PROTOBUF : MASTERINFO_JSON;
	memset(&master, 0x5a, sizeof(master));
	before = master;
	if (masterinfo_parse(form, data + 1, size - 1, &master)) {
		check(!memcmp(&master, &before, sizeof(master)), "a malformed one changes nothing");
		return 0;
	}
	size_t len = strnlen(master.host, sizeof(master.host));
	check(len && len < sizeof(master.host), "there is a host, and it ends");
	check(master.port, "there is a port");
	check(!strpbrk(master.host, " \t\r\n/@?#[]%\\\"'"), "the host is fit for a URL");
	check(master.addr.len == 0 || master.addr.len == 4 || master.addr.len == 16, "an address is one");
	if (!addr_parse(&literal, master.host, len))
		check(addr_equal(&literal, &master.addr), "a host that is an address is that one");
	else
		check(!strchr(master.host, ':'), "else it is a name");
	memset(&again, 0xa5, sizeof(again));
	check(!masterinfo_parse(form, data + 1, size - 1, &again), "twice the same");
	check(!memcmp(&again, &master, sizeof(again)), "byte by byte");
	return 0;
}
