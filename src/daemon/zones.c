/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/zones.h"

#include "base/err.h"
#include "base/log.h"
#include "zone/static.h"

static void say(void *arg, enum log_level level, const char *text)
{
	log_message(level, "zone", "%s", text);
}

static int load_static(const struct conf *conf, struct zone_store *store)
{
	const struct static_report report = {.say = say};
	struct static_zones *zones;
	struct zone_commit commit;
	int err = static_zones_read(&zones, conf, &report);

	if (err)
		return err;
	err = static_zones_load(zones, store, &commit);
	static_zones_free(zones);
	return err;
}

struct zone_store *zones_new(const struct conf *conf, bool with_static)
{
	const struct zone_soa soa = {.mname = conf->soa_mname, .rname = conf->soa_rname, .ttl = conf->ttl,
		.refresh = conf->soa_refresh, .retry = conf->soa_retry, .expire = conf->soa_expire,
		.minimum = conf->soa_minttl};
	int err;
	struct zone_store *store = zone_store_new(conf->domain, &soa, &err);

	if (store && with_static) {
		err = load_static(conf, store);
		if (err) {
			zone_store_free(store);
			store = NULL;
		}
	}
	if (!store)
		log_error("zone", "the zones cannot be set up error=\"%s\"", err_text(err));
	return store;
}
