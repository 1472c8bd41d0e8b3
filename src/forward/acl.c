/* SPDX-License-Identifier: Apache-2.0 */
#include "forward/acl.h"

#include <string.h>

static bool is_in(const struct conf_prefix *p, const struct addr *addr)
{
	size_t whole = p->bits / 8;
	unsigned rest = p->bits % 8;

	if (!addr->len || addr->len != p->addr.len || p->bits > addr->len * 8u)
		return false;
	if (memcmp(addr->bytes, p->addr.bytes, whole) != 0)
		return false;
	return !rest || (addr->bytes[whole] ^ p->addr.bytes[whole]) >> (8 - rest) == 0;
}

bool acl_allows(const struct conf_prefix *prefixes, size_t count, const struct addr *addr)
{
	for (size_t i = 0; i < count; i++)
		if (is_in(&prefixes[i], addr))
			return true;
	return false;
}
