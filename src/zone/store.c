/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/store.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/lines.h"
#include "zone/parts.h"

static int text_name(const char *text, uint8_t *out, uint8_t *len)
{
	*len = (uint8_t)dname_from_text(out, text, strlen(text));
	return *len ? 0 : ERR_FORMAT;
}

/* The SOA's rdata but for the serial. */
static int make_soa(struct zone_store *store, const struct zone_soa *soa)
{
	uint8_t mname[DNAME_MAX], rname[DNAME_MAX], mname_len, rname_len;
	struct wire_writer w;

	if (text_name(soa->mname, mname, &mname_len) || text_name(soa->rname, rname, &rname_len))
		return ERR_FORMAT;
	wire_writer_init(&w, store->soa, sizeof(store->soa));
	wire_write(&w, mname, mname_len);
	wire_write(&w, rname, rname_len);
	wire_write_u32(&w, 0);
	wire_write_u32(&w, soa->refresh);
	wire_write_u32(&w, soa->retry);
	wire_write_u32(&w, soa->expire);
	wire_write_u32(&w, soa->minimum);
	store->soa_len = (uint16_t)wire_written(&w);
	store->soa_ttl = soa->ttl;
	return 0;
}

struct zone_store *zone_store_new(const char *domain, const struct zone_soa *soa, int *err)
{
	uint8_t name[DNAME_MAX], name_len = 0;
	struct zone_store *store = lines_calloc(sizeof(*store));
	struct pmap *nodes = pmap_new();
	struct zone_version *first = NULL;

	*err = ERR_NOMEM;
	if (!store || !nodes)
		goto out;
	store->journal = zone_journal_new(ZONE_JOURNAL_BYTES);
	*err = store->journal ? make_soa(store, soa) : ERR_NOMEM;
	if (!*err)
		*err = text_name(domain, name, &name_len);
	if (!*err)
		*err = zone_store_add_zone(store, name, name_len); /* the first: number 0 */
	if (*err)
		goto out;
	first = zone_version_new(nodes, 0, store->zones, store->zone_count, false);
	*err = first ? 0 : ERR_NOMEM;
out:
	if (*err) {
		pmap_free(nodes);
		if (store) {
			zone_journal_free(store->journal);
			free(store->zones);
			free(store->parents);
		}
		free(store);
		return NULL;
	}
	pthread_mutex_init(&store->lock, NULL);
	zone_versions_init(&store->versions, first);
	return store;
}

void zone_store_free(struct zone_store *store)
{
	if (!store)
		return;
	zone_versions_fini(&store->versions);
	zone_journal_free(store->journal);
	pthread_mutex_destroy(&store->lock);
	free(store->zones);
	free(store->parents);
	free(store->static_srvs);
	free(store);
}

const struct zone_snapshot *zone_store_read(const struct zone_store *store)
{
	return zone_versions_read(&store->versions);
}

const struct zone_snapshot *zone_store_pin(struct zone_store *store)
{
	return zone_versions_pin(&store->versions);
}

void zone_store_unpin(struct zone_store *store, const struct zone_snapshot *snapshot)
{
	zone_versions_unpin(&store->versions, snapshot);
}

size_t zone_store_waiting(struct zone_store *store)
{
	return zone_versions_waiting(&store->versions);
}

int zone_store_add_zone(struct zone_store *store, const uint8_t *apex, size_t apex_len)
{
	unsigned z = store->zone_count;

	for (unsigned i = 0; i < z; i++)
		if (store->zones[i].name_len == apex_len && !memcmp(store->zones[i].name, apex, apex_len))
			return ERR_EXISTS;
	if (z == ZONE_MAX)
		return ERR_LIMIT;
	struct zone_apex *zones = realloc(store->zones, (z + 1) * sizeof(*zones));
	if (zones)
		store->zones = zones;
	int *parents = realloc(store->parents, (z + 1) * sizeof(*parents));
	if (parents)
		store->parents = parents;
	if (!zones || !parents)
		return ERR_NOMEM;
	zones[z] = (struct zone_apex){.name_len = (uint8_t)apex_len};
	memcpy(zones[z].name, apex, apex_len);
	store->zone_count++;
	for (unsigned child = 0; child <= z; child++) {
		parents[child] = -1;
		for (unsigned i = 0; i <= z; i++)
			if (i != child &&
				dname_is_under(zones[child].name, zones[child].name_len, zones[i].name,
					zones[i].name_len) &&
				(parents[child] < 0 || zones[parents[child]].name_len < zones[i].name_len))
				parents[child] = (int)i;
	}
	return (int)z;
}

struct zone_journal *zone_store_journal(struct zone_store *store)
{
	return store->journal;
}

void zone_store_counters(struct zone_store *store, struct zone_counters *out)
{
	pthread_mutex_lock(&store->lock);
	*out = store->counters;
	pthread_mutex_unlock(&store->lock);
	zone_versions_count(&store->versions, &out->versions, &out->pins);
}
