/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/journal.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/wire.h"

/* A change in an entry: added 1, type 2, TTL 4, name length 1, rdata length 2, name, rdata. */
#define CHANGE_HEAD 10

struct zone_journal_entry {
	struct zone_journal_entry *next; /* newer */
	uint32_t from, to;
	size_t used, room, max;
	bool too_large;
	uint8_t *bytes;
};

struct zone_journal {
	pthread_mutex_t lock;
	struct zone_journal_entry *oldest, *newest;
	uint32_t serial; /* after the newest change, also of one that was too large */
	size_t bytes, max;
};

struct zone_journal *zone_journal_new(size_t max_bytes)
{
	struct zone_journal *journal = calloc(1, sizeof(*journal));

	if (!journal)
		return NULL;
	pthread_mutex_init(&journal->lock, NULL);
	journal->max = max_bytes;
	return journal;
}

static void drop_oldest(struct zone_journal *journal)
{
	struct zone_journal_entry *entry = journal->oldest;

	journal->oldest = entry->next;
	if (!journal->oldest)
		journal->newest = NULL;
	journal->bytes -= entry->used;
	zone_journal_discard(entry);
}

void zone_journal_free(struct zone_journal *journal)
{
	if (!journal)
		return;
	while (journal->oldest)
		drop_oldest(journal);
	pthread_mutex_destroy(&journal->lock);
	free(journal);
}

struct zone_journal_entry *zone_journal_begin(struct zone_journal *journal)
{
	struct zone_journal_entry *entry = calloc(1, sizeof(*entry));

	if (entry)
		entry->max = journal->max;
	return entry;
}

bool zone_journal_takes(const struct zone_journal_entry *entry)
{
	return entry && !entry->too_large;
}

void zone_journal_record(struct zone_journal_entry *entry, bool added, const uint8_t *name, size_t name_len,
	uint16_t type, uint32_t ttl, const uint8_t *head, size_t head_len, const uint8_t *tail, size_t tail_len)
{
	if (!zone_journal_takes(entry))
		return;
	size_t size = CHANGE_HEAD + name_len + head_len + tail_len;
	if (entry->used + size > entry->room) {
		size_t room = entry->room ? entry->room * 2 : 1024;
		uint8_t *bytes = NULL;

		if (room < entry->used + size)
			room = entry->used + size;
		if (entry->used + size <= entry->max)
			bytes = realloc(entry->bytes, room);
		if (!bytes) {
			free(entry->bytes);
			entry->bytes = NULL;
			entry->too_large = true;
			return;
		}
		entry->bytes = bytes;
		entry->room = room;
	}
	struct wire_writer w;
	wire_writer_init(&w, entry->bytes + entry->used, size);
	wire_write_u8(&w, added);
	wire_write_u16(&w, type);
	wire_write_u32(&w, ttl);
	wire_write_u8(&w, (uint8_t)name_len);
	wire_write_u16(&w, (uint16_t)(head_len + tail_len));
	wire_write(&w, name, name_len);
	wire_write(&w, head, head_len);
	wire_write(&w, tail, tail_len);
	entry->used += size;
}

void zone_journal_append(struct zone_journal *journal, struct zone_journal_entry *entry, uint32_t from, uint32_t to)
{
	pthread_mutex_lock(&journal->lock);
	journal->serial = to;
	if (!entry || entry->too_large) {
		while (journal->oldest)
			drop_oldest(journal);
		zone_journal_discard(entry);
	} else {
		entry->from = from;
		entry->to = to;
		if (journal->newest)
			journal->newest->next = entry;
		else
			journal->oldest = entry;
		journal->newest = entry;
		journal->bytes += entry->used;
		while (journal->bytes > journal->max)
			drop_oldest(journal);
	}
	pthread_mutex_unlock(&journal->lock);
}

void zone_journal_discard(struct zone_journal_entry *entry)
{
	if (entry)
		free(entry->bytes);
	free(entry);
}

static void read_entry(const struct zone_journal_entry *entry,
	void (*each)(void *arg, const struct zone_journal_change *change), void *arg)
{
	struct wire_reader r;

	wire_reader_init(&r, entry->bytes, entry->used);
	while (wire_left(&r)) {
		struct zone_journal_change change = {.serial = entry->to};

		change.added = wire_read_u8(&r);
		change.type = wire_read_u16(&r);
		change.ttl = wire_read_u32(&r);
		change.name_len = wire_read_u8(&r);
		change.rdlen = wire_read_u16(&r);
		change.name = wire_read(&r, change.name_len);
		change.rdata = wire_read(&r, change.rdlen);
		each(arg, &change);
	}
}

int zone_journal_read(struct zone_journal *journal, uint32_t since, uint32_t *newest,
	void (*each)(void *arg, const struct zone_journal_change *change), void *arg)
{
	int err = ERR_NOTFOUND;

	pthread_mutex_lock(&journal->lock);
	const struct zone_journal_entry *entry = journal->oldest;
	while (entry && entry->from != since)
		entry = entry->next;
	if (entry || journal->serial == since)
		err = 0;
	if (newest)
		*newest = journal->serial;
	for (; entry; entry = entry->next)
		read_entry(entry, each, arg);
	pthread_mutex_unlock(&journal->lock);
	return err;
}

uint32_t zone_journal_serial(struct zone_journal *journal)
{
	pthread_mutex_lock(&journal->lock);
	uint32_t serial = journal->serial;
	pthread_mutex_unlock(&journal->lock);
	return serial;
}
