/* SPDX-License-Identifier: Apache-2.0 */
/* What the last commits changed, record by record: for IXFR, and for whoever watches names. Bounded in bytes: the
 * oldest entries go first, and a change larger than the bound (a first load) leaves the journal empty. Written by
 * the store's thread, copied out by any. */
#ifndef ZONE_JOURNAL_H
#define ZONE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZONE_JOURNAL_BYTES ((size_t)4 << 20)

struct zone_journal;
struct zone_journal_entry;

struct zone_journal *zone_journal_new(size_t max_bytes);
void zone_journal_free(struct zone_journal *journal);

/* An entry to be filled with zone_journal_record() and given to zone_journal_append() or _discard(). NULL without
 * memory; an entry that cannot grow any more, or passes the bound, is remembered as too large. */
struct zone_journal_entry *zone_journal_begin(struct zone_journal *journal);
void zone_journal_record(struct zone_journal_entry *entry, bool added, const uint8_t *name, size_t name_len,
	uint16_t type, uint32_t ttl, const uint8_t *head, size_t head_len, const uint8_t *tail, size_t tail_len);
/* Does the entry still take records? */
bool zone_journal_takes(const struct zone_journal_entry *entry);
/* The commit from serial `from` to `to` is published. Takes `entry` (NULL: as one that is too large). */
void zone_journal_append(struct zone_journal *journal, struct zone_journal_entry *entry, uint32_t from, uint32_t to);
void zone_journal_discard(struct zone_journal_entry *entry);

struct zone_journal_change {
	uint32_t serial; /* of the version that has it */
	bool added;
	const uint8_t *name; /* wire form, lower case */
	uint8_t name_len;
	uint16_t type;
	uint32_t ttl;
	const uint8_t *rdata;
	uint16_t rdlen;
};

/* All changes after serial `since`, oldest first, removals of a name before its additions. `each` must not block: it
 * runs under the journal's lock. `*newest` (may be NULL) gets the serial that they lead to. ERR_NOTFOUND if the journal
 * does not reach back that far. */
int zone_journal_read(struct zone_journal *journal, uint32_t since, uint32_t *newest,
	void (*each)(void *arg, const struct zone_journal_change *change), void *arg);
/* The serial that the newest change leads to; 0: there has been none. Just after a publication it may be the one
 * before. */
uint32_t zone_journal_serial(struct zone_journal *journal);

#endif
