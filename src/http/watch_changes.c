/* SPDX-License-Identifier: Apache-2.0 */
#include "http/watch_changes.h"

#include <stdlib.h>

#include "base/err.h"
#include "zone/journal.h"
#include "zone/present.h"

struct watch_change {
	const uint8_t *name, *rdata;
	uint32_t ttl;
	uint16_t type, rdlen;
	uint8_t name_len;
	int8_t sign; /* 1: added, -1: removed */
};

static int compare_bytes(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return order ? order : (a_len > b_len) - (a_len < b_len);
}

static int compare(const void *va, const void *vb)
{
	const struct watch_change *a = va, *b = vb;
	int order = compare_bytes(a->name, a->name_len, b->name, b->name_len);

	if (!order)
		order = (a->type > b->type) - (a->type < b->type);
	if (!order)
		order = compare_bytes(a->rdata, a->rdlen, b->rdata, b->rdlen);
	return order ? order : (a->ttl > b->ttl) - (a->ttl < b->ttl);
}

static void take(void *arg, const struct zone_journal_change *change)
{
	struct watch_changes *c = arg;

	if (c->failed || !c->complete || change->type == RR_SOA ||
		(c->only && (change->name_len != c->only_len || memcmp(change->name, c->only, c->only_len) != 0)))
		return;
	if (c->count == WATCH_CHANGES_MAX) {
		c->complete = false;
		return;
	}
	if (c->count == c->room) {
		size_t room = c->room ? c->room * 2 : 64;
		struct watch_change *list = realloc(c->list, room * sizeof(*list));

		if (!list) {
			c->failed = true;
			return;
		}
		c->list = list;
		c->room = room;
	}
	uint8_t *bytes = arena_alloc(&c->arena, (size_t)change->name_len + change->rdlen);
	if (!bytes) {
		c->failed = true;
		return;
	}
	memcpy(bytes, change->name, change->name_len);
	if (change->rdlen)
		memcpy(bytes + change->name_len, change->rdata, change->rdlen);
	c->list[c->count++] = (struct watch_change){.name = bytes,
		.name_len = change->name_len,
		.type = change->type,
		.ttl = change->ttl,
		.rdata = bytes + change->name_len,
		.rdlen = change->rdlen,
		.sign = change->added ? 1 : -1};
}

/* Makes one of all changes of one record, or none. */
static void settle(struct watch_changes *c)
{
	size_t kept = 0;

	if (c->count)
		qsort(c->list, c->count, sizeof(c->list[0]), compare);
	for (size_t i = 0; i < c->count;) {
		struct watch_change change = c->list[i];
		int sum = 0;

		for (; i < c->count && !compare(&change, &c->list[i]); i++)
			sum += c->list[i].sign;
		if (!sum)
			continue;
		change.sign = sum > 0 ? 1 : -1;
		c->list[kept++] = change;
	}
	c->count = kept;
}

int watch_changes_read(
	struct watch_changes *c, struct zone_store *store, uint32_t since, const uint8_t *name, size_t name_len)
{
	*c = (struct watch_changes){.complete = true, .only = name, .only_len = name_len};
	if (zone_journal_read(zone_store_journal(store), since, &c->serial, take, c))
		c->complete = false;
	if (c->failed) {
		watch_changes_fini(c);
		return ERR_NOMEM;
	}
	if (!c->complete)
		c->count = 0;
	settle(c);
	return 0;
}

void watch_changes_fini(struct watch_changes *c)
{
	arena_fini(&c->arena);
	free(c->list);
	c->list = NULL;
	c->count = c->room = 0;
}

static json_t *change_json(const struct watch_change *change)
{
	char type[PRESENT_TYPE_MAX];
	char *value = present_rdata(change->type, change->rdata, change->rdlen);
	json_t *json = value ? json_pack("{s:s, s:s, s:I}", "type", present_type(change->type, type), "value", value,
				       "ttl", (json_int_t)change->ttl)
			     : NULL;

	free(value);
	return json;
}

json_t *watch_changes_json(const struct watch_changes *c)
{
	json_t *names = json_array();
	int failed = 0;

	for (size_t i = 0; i < c->count && !failed;) {
		const struct watch_change *first = &c->list[i];
		json_t *added = json_array(), *removed = json_array();
		char name[DNAME_TEXT_MAX];

		for (; i < c->count && c->list[i].name_len == first->name_len &&
			!memcmp(c->list[i].name, first->name, first->name_len);
			i++)
			failed |=
				json_array_append_new(c->list[i].sign > 0 ? added : removed, change_json(&c->list[i]));
		dname_to_text(name, first->name);
		failed |= json_array_append_new(
			names, json_pack("{s:s, s:o, s:o}", "name", name, "added", added, "removed", removed));
	}
	if (failed) {
		json_decref(names);
		return NULL;
	}
	return names;
}
