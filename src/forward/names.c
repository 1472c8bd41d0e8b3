/* SPDX-License-Identifier: Apache-2.0 */
#include "forward/names.h"

#include <string.h>

#include "base/wire.h"

#define POINTER 0xc0

static size_t target_of(const uint8_t *pointer)
{
	return wire_get_u16(pointer) & (NAMES_REACH - 1);
}

void names_init(struct names *names, const uint8_t *packet, size_t len)
{
	names->packet = packet;
	names->work = NAMES_WORK;
	memset(names->at, 0, (len < NAMES_REACH ? len : NAMES_REACH) * sizeof(names->at[0]));
}

static void keep(struct names *names, size_t from, size_t last, unsigned total, uint8_t hops)
{
	for (size_t at = from; at < NAMES_REACH; at += 1u + names->packet[at]) {
		names->at[at].len = (uint8_t)(total - (at - from));
		names->at[at].hops = hops;
		if (at == last)
			return;
	}
}

size_t names_check(struct names *names, size_t at, size_t end)
{
	const uint8_t *packet = names->packet;
	size_t from = at, total = 0;

	while (at < end) {
		uint8_t label = packet[at];

		if (label >= POINTER) {
			if (end - at < 2)
				return 0;
			size_t target = target_of(packet + at);
			if (target >= from || !names->at[target].len ||
				names->at[target].hops >= NAMES_HOPS_MAX)
				return 0;
			total += names->at[target].len;
			if (total > DNAME_MAX)
				return 0;
			keep(names, from, at, (unsigned)total, (uint8_t)(names->at[target].hops + 1));
			return at + 2;
		}
		if (label > DLABEL_MAX)
			return 0;
		total += 1u + label;
		if (total > DNAME_MAX)
			return 0;
		if (!label) {
			keep(names, from, at, (unsigned)total, 0);
			return at + 1;
		}
		at += 1u + label;
	}
	return 0;
}

bool names_equal(struct names *names, size_t at, const uint8_t *name)
{
	uint8_t lower[DLABEL_MAX];

	while (names->work) {
		const uint8_t *label = names->packet + at;

		names->work--;
		if (*label >= POINTER) {
			at = target_of(label);
			continue;
		}
		if (*label != *name)
			return false;
		if (!*label)
			return true;
		dname_lower(lower, label + 1, *label);
		if (memcmp(lower, name + 1, *label) != 0)
			return false;
		at += 1u + *label;
		name = dname_parent(name);
	}
	return false;
}

size_t names_expand(const struct names *names, size_t at, uint8_t out[DNAME_MAX])
{
	size_t len = 0;

	for (;;) {
		const uint8_t *label = names->packet + at;

		if (*label >= POINTER) {
			at = target_of(label);
			continue;
		}
		dname_lower(out + len, label, 1u + *label);
		len += 1u + *label;
		if (!*label)
			return len;
		at += 1u + *label;
	}
}
