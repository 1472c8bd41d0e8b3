/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/local.h"

#include <string.h>

static bool text_is_under(const char *text, const uint8_t *zone, size_t zone_len)
{
	uint8_t name[DNAME_MAX];
	size_t len = dname_from_text(name, text, strlen(text));

	return len && dname_is_under(name, len, zone, zone_len);
}

static bool is_taken(const struct static_zones *zones, const struct conf *conf, const char *name)
{
	uint8_t apex[DNAME_MAX];
	size_t len = dname_from_text(apex, name, strlen(name));

	if (static_zones_has(zones, apex, len) || text_is_under(conf->domain, apex, len))
		return true;
	for (size_t i = 0; i < conf->zone_resolver_count; i++)
		if (text_is_under(conf->zone_resolvers[i].zone, apex, len))
			return true;
	return false;
}

int local_zones_add(struct static_zones *zones, const struct conf *conf)
{
	int err = 0;

	for (const struct local_zone *zone = local_zone_list; !err && zone->name; zone++)
		if (!is_taken(zones, conf, zone->name))
			err = static_zones_add_text(zones, zone->name, zone->text, zone->len);
	return err;
}
