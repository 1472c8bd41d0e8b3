/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/static.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "zone/local.h"
#include "zone/static_check.h"

struct static_zone {
	struct static_file file;
	bool cluster_domain;
};

struct static_zones {
	uint8_t domain[DNAME_MAX]; /* the cluster's */
	size_t domain_len;
	struct static_zone *items;
	size_t count, room;
	unsigned errors; /* of the set as a whole; a file counts its own */
};

static struct static_zone *zone_add(struct static_zones *zones)
{
	if (zones->count == zones->room) {
		size_t room = zones->room ? zones->room * 2 : 64;
		struct static_zone *grown = realloc(zones->items, room * sizeof(*grown));

		if (!grown)
			return NULL;
		zones->items = grown;
		zones->room = room;
	}
	return &zones->items[zones->count++];
}

bool static_zones_has(const struct static_zones *zones, const uint8_t *apex, size_t len)
{
	for (size_t i = 0; i < zones->count; i++)
		if (zones->items[i].file.apex_len == len && !memcmp(zones->items[i].file.apex, apex, len))
			return true;
	return false;
}

/* Names that the cluster's zone always has. What else is generated depends on the state: the store finds it.
 */
static bool is_generated(const char *label, const struct conf *conf, const uint8_t *owner, size_t owner_len)
{
	static const char *const fixed[] = {"leader", "master", "slave", "_leader._tcp", "_leader._udp",
		"_master._tcp", "_master._udp", "_slave._tcp"};
	uint8_t mname[DNAME_MAX];

	for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++)
		if (!strcmp(label, fixed[i]))
			return true;
	if (!strncmp(label, "master", 6) && label[6 + strspn(label + 6, "0123456789")] == '\0')
		return true;
	return dname_from_text(mname, conf->soa_mname, strlen(conf->soa_mname)) == owner_len &&
	       !memcmp(mname, owner, owner_len);
}

/* A record at a name that is generated as well is an error; the generated ones win. */
static void drop_generated(struct static_file *file, const struct conf *conf)
{
	char name[DNAME_TEXT_MAX], apex[DNAME_TEXT_MAX];
	size_t apex_text = dname_to_text(apex, file->apex), kept = 0;

	for (size_t i = 0; i < file->count; i++) {
		const struct static_record *r = &file->records[i];
		size_t len = dname_to_text(name, r->owner);
		bool generated = false;

		if (r->owner_len > file->apex_len) {
			name[len - apex_text - 1] = '\0';
			generated = is_generated(name, conf, r->owner, r->owner_len);
		}
		if (generated)
			static_file_say(file, LOG_LEVEL_ERROR, r->line,
				"%s.%s is generated from the cluster, and that wins", name, apex);
		else
			file->records[kept++] = *r;
	}
	file->count = kept;
}

static int add_file(struct static_zones *zones, const struct conf *conf, const struct conf_static_zone *entry,
	const struct static_report *report)
{
	uint8_t apex[DNAME_MAX];
	size_t len = dname_from_text(apex, entry->name, strlen(entry->name));
	bool duplicate = len && static_zones_has(zones, apex, len);
	struct static_zone *zone;
	int err;

	if (!len || duplicate || zones->count == ZONE_MAX - 1) {
		struct static_file none = {.path = entry->file, .report = report};

		static_file_say(&none, LOG_LEVEL_ERROR, 0, "zone %s: %s", entry->name,
			!len        ? "not a domain name"
			: duplicate ? "there is a file for it already"
				    : "too many zones");
		zones->errors++;
		return 0;
	}
	zone = zone_add(zones);
	if (!zone)
		return ERR_NOMEM;
	static_file_init(&zone->file, entry->file, apex, len, report);
	zone->cluster_domain = !strcmp(entry->name, conf->domain);
	err = static_file_read(&zone->file);
	if (!err)
		err = static_check(&zone->file, zone->cluster_domain);
	if (!err && zone->cluster_domain)
		drop_generated(&zone->file, conf);
	if (err)
		zone->file.count = 0; /* reported; the zone is there, without records */
	return err == ERR_NOMEM ? err : 0;
}

int static_zones_add_text(struct static_zones *zones, const char *name, const char *text, size_t len)
{
	uint8_t apex[DNAME_MAX];
	size_t apex_len = dname_from_text(apex, name, strlen(name));
	struct static_zone *zone;
	int err;

	assert(apex_len);
	if (zones->count == ZONE_MAX - 1)
		return ERR_LIMIT;
	zone = zone_add(zones);
	if (!zone)
		return ERR_NOMEM;
	static_file_init(&zone->file, name, apex, apex_len, NULL);
	zone->cluster_domain = false;
	err = static_file_parse(&zone->file, text, len);
	if (!err)
		err = static_check(&zone->file, false);
	assert(err == ERR_NOMEM || (!err && !zone->file.errors));
	return err;
}

/* What to call the deepest zone that holds the record, if that is not its file's; NULL: it is. */
static const char *deeper_zone(
	const struct static_zones *zones, const struct static_zone *own, const struct static_record *r)
{
	for (const uint8_t *name = r->owner; r->owner_len - (size_t)(name - r->owner) > own->file.apex_len;
		name = dname_parent(name)) {
		size_t len = r->owner_len - (size_t)(name - r->owner);

		for (size_t i = 0; i < zones->count; i++)
			if (zones->items[i].file.apex_len == len &&
				!memcmp(zones->items[i].file.apex, name, len))
				return zones->items[i].file.path;
		if (len == zones->domain_len && !memcmp(zones->domain, name, len))
			return "the cluster";
	}
	return NULL;
}

/* Below the apex of another zone that zone rules: a parent's delegation and its glue are of no use here. */
static void drop_occluded(struct static_zones *zones, struct static_zone *zone)
{
	struct static_file *file = &zone->file;
	char name[DNAME_TEXT_MAX];
	size_t kept = 0;

	for (size_t i = 0; i < file->count; i++) {
		const struct static_record *r = &file->records[i];
		const char *deeper = deeper_zone(zones, zone, r);

		if (!deeper) {
			file->records[kept++] = *r;
			continue;
		}
		dname_to_text(name, r->owner);
		static_file_say(file, r->type == RR_NS ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, r->line,
			"%s is left out: it belongs to the zone of %s", name, deeper);
	}
	file->count = kept;
}

/* Is `zone` above another one of the set or above the cluster's? Most are not, and need no look at their records. */
static bool has_deeper(const struct static_zones *zones, const struct static_zone *zone)
{
	if (dname_is_under(zones->domain, zones->domain_len, zone->file.apex, zone->file.apex_len))
		return true;
	for (size_t i = 0; i < zones->count; i++)
		if (&zones->items[i] != zone &&
			dname_is_under(zones->items[i].file.apex, zones->items[i].file.apex_len,
				zone->file.apex, zone->file.apex_len))
			return true;
	return false;
}

int static_zones_read(struct static_zones **out, const struct conf *conf, const struct static_report *report)
{
	struct static_zones *zones = calloc(1, sizeof(*zones));
	int err = zones ? 0 : ERR_NOMEM;

	if (zones)
		zones->domain_len = dname_from_text(zones->domain, conf->domain, strlen(conf->domain));
	for (size_t i = 0; !err && i < conf->zone_count; i++)
		err = add_file(zones, conf, &conf->zones[i], report);
	if (!err && conf->local_zones)
		err = local_zones_add(zones, conf);
	for (size_t i = 0; !err && i < zones->count; i++)
		if (has_deeper(zones, &zones->items[i]))
			drop_occluded(zones, &zones->items[i]);
	if (err) {
		static_zones_free(zones);
		zones = NULL;
	}
	*out = zones;
	return err;
}

void static_zones_free(struct static_zones *zones)
{
	if (!zones)
		return;
	for (size_t i = 0; i < zones->count; i++)
		static_file_fini(&zones->items[i].file);
	free(zones->items);
	free(zones);
}

unsigned static_zones_errors(const struct static_zones *zones)
{
	unsigned errors = zones->errors;

	for (size_t i = 0; i < zones->count; i++)
		errors += zones->items[i].file.errors;
	return errors;
}

size_t static_zones_records(const struct static_zones *zones)
{
	size_t records = 0;

	for (size_t i = 0; i < zones->count; i++)
		records += zones->items[i].file.count;
	return records;
}

/* The store's index of the zone: 0 is the cluster's. */
static int register_zone(const struct static_zone *zone, struct zone_store *store)
{
	return zone->cluster_domain ? 0 : zone_store_add_zone(store, zone->file.apex, zone->file.apex_len);
}

static void put_records(const struct static_file *file, struct zone_txn *txn, unsigned index)
{
	for (size_t i = 0; i < file->count; i++) {
		const struct static_record *r = &file->records[i];

		zone_txn_change(txn, zone_txn_name(txn, index, r->owner, r->owner_len), ZONE_RANK_STATIC, 1,
			r->type, r->ttl, r->rdata, r->rdlen);
	}
}

int static_zones_load(const struct static_zones *zones, struct zone_store *store, struct zone_commit *result)
{
	int *indexes = calloc(zones->count + 1, sizeof(*indexes));
	struct zone_txn *txn;
	int err = ERR_NOMEM;

	if (!indexes)
		goto out;
	for (size_t i = 0; i < zones->count; i++) {
		err = indexes[i] = register_zone(&zones->items[i], store);
		if (err < 0)
			goto out;
	}
	err = ERR_NOMEM;
	txn = zone_txn_begin(store, static_zones_records(zones));
	if (!txn)
		goto out;
	for (size_t i = 0; i < zones->count; i++)
		put_records(&zones->items[i].file, txn, (unsigned)indexes[i]);
	err = zone_txn_commit(txn, result);
out:
	free(indexes);
	return err;
}
