/* SPDX-License-Identifier: Apache-2.0 */
/* The static zones: those of the configuration's master files and the locally served ones (zone/local.h).
 * They are read and checked into a set, which `-t` throws away and the server puts into the zone store, where
 * they stay until the end. Mesos thread, or the main one before there is any other. */
#ifndef ZONE_STATIC_H
#define ZONE_STATIC_H

#include "conf/conf.h"
#include "zone/static_file.h"
#include "zone/store.h"

struct static_zones;

/* Reads and checks all zones that `conf` asks for. Findings go to `report` (NULL: nowhere) as they are met,
 * all of every file; they are no failure of this call. ERR_NOMEM, ERR_LIMIT (too many zones), and then no
 * set. */
int static_zones_read(
	struct static_zones **zones, const struct conf *conf, const struct static_report *report);
void static_zones_free(struct static_zones *zones);

/* How many findings were errors. Records that are well are in the set nevertheless. */
unsigned static_zones_errors(const struct static_zones *zones);
size_t static_zones_records(const struct static_zones *zones);

/* Adds the zones to the store and commits their records. A zone whose file is unusable is added without
 * records, and is answered with SERVFAIL rather than by somebody else. Before the store's first other commit.
 * Returns an error of the store; the set can be freed afterwards. */
int static_zones_load(const struct static_zones *zones, struct zone_store *store, struct zone_commit *result);

/* For zone/local.c: adds a zone of a text that is part of the program, and therefore right. ERR_NOMEM,
 * ERR_LIMIT. */
int static_zones_add_text(struct static_zones *zones, const char *name, const char *text, size_t len);
/* Is there a zone of this name (wire form, lower case) in the set? */
bool static_zones_has(const struct static_zones *zones, const uint8_t *apex, size_t len);

#endif
