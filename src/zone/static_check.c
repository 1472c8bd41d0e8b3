/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/static_check.h"

#include <stdlib.h>
#include <string.h>

#include <ldns/rr.h>

#include "base/err.h"
#include "zone/snapshot.h"

/* A record that has to go; compact() takes it out. Type 0 is no type (RFC 6895, section 3.1). */
#define DROPPED 0

static const char *owner_text(const struct static_record *r, char out[DNAME_TEXT_MAX])
{
	dname_to_text(out, r->owner);
	return out;
}

static void compact(struct static_file *file)
{
	size_t kept = 0;

	for (size_t i = 0; i < file->count; i++)
		if (file->records[i].type != DROPPED)
			file->records[kept++] = file->records[i];
	file->count = kept;
}

static unsigned split(const uint8_t *name, const uint8_t *labels[DNAME_LABELS])
{
	unsigned n = 0;

	for (; *name; name = dname_parent(name))
		labels[n++] = name;
	return n;
}

/* The canonical order of RFC 4034, section 6.1: what lies below a name follows it at once. */
static int compare_owner(const struct static_record *a, const struct static_record *b)
{
	const uint8_t *as[DNAME_LABELS], *bs[DNAME_LABELS];
	unsigned an, bn;

	if (a->owner_len == b->owner_len && !memcmp(a->owner, b->owner, a->owner_len))
		return 0;
	an = split(a->owner, as);
	bn = split(b->owner, bs);
	while (an && bn) {
		const uint8_t *x = as[--an], *y = bs[--bn];
		int order = memcmp(x + 1, y + 1, *x < *y ? *x : *y);

		if (order || *x != *y)
			return order ? order : (int)*x - (int)*y;
	}
	return (int)an - (int)bn;
}

static int compare_record(const void *a_, const void *b_)
{
	const struct static_record *a = a_, *b = b_;
	int order = compare_owner(a, b);

	if (order)
		return order;
	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	if (a->rdlen != b->rdlen)
		return a->rdlen < b->rdlen ? -1 : 1;
	order = a->rdlen ? memcmp(a->rdata, b->rdata, a->rdlen) : 0;
	if (order)
		return order;
	return a->line < b->line ? -1 : a->line > b->line;
}

static bool is_apex(const struct static_file *file, const struct static_record *r)
{
	return r->owner_len == file->apex_len && !memcmp(r->owner, file->apex, file->apex_len);
}

/* Signatures of a zone say nothing once records beside them change or answers go out without them: the zone
 * is served unsigned. */
static bool is_signature(uint16_t type)
{
	return type == LDNS_RR_TYPE_RRSIG || type == LDNS_RR_TYPE_NSEC || type == LDNS_RR_TYPE_NSEC3 ||
	       type == LDNS_RR_TYPE_NSEC3PARAM;
}

static void drop_strangers(struct static_file *file)
{
	char name[DNAME_TEXT_MAX];
	bool signed_zone = false;

	for (size_t i = 0; i < file->count; i++) {
		struct static_record *r = &file->records[i];

		if (!dname_is_under(r->owner, r->owner_len, file->apex, file->apex_len)) {
			static_file_say(file, LOG_LEVEL_ERROR, r->line, "%s is outside the zone",
				owner_text(r, name));
		} else if (r->type == RR_SOA && !is_apex(file, r)) {
			static_file_say(file, LOG_LEVEL_ERROR, r->line, "SOA at %s, below the zone's apex",
				owner_text(r, name));
		} else if (is_signature(r->type)) {
			if (!signed_zone)
				static_file_say(file, LOG_LEVEL_WARN, r->line,
					"signatures are left out: the zone is served unsigned");
			signed_zone = true;
		} else {
			continue;
		}
		r->type = DROPPED;
	}
	compact(file);
}

static void drop_duplicates(struct static_file *file)
{
	char name[DNAME_TEXT_MAX];

	for (size_t i = 1; i < file->count; i++) {
		struct static_record *r = &file->records[i], *before = r - 1;

		if (compare_owner(before, r) || before->type != r->type || before->rdlen != r->rdlen ||
			(r->rdlen && memcmp(before->rdata, r->rdata, r->rdlen) != 0))
			continue;
		static_file_say(file, LOG_LEVEL_WARN, r->line, "the record of %s stands in line %u already",
			owner_text(r, name), before->line);
		/* The later one carries the findings on; of a run all but the last go. */
		r->line = before->line;
		r->ttl = before->ttl;
		before->type = DROPPED;
	}
	compact(file);
}

/* One past the last record that has the owner (and the type, if asked) of record `i`. */
static size_t run_end(const struct static_file *file, size_t i, bool same_type)
{
	const struct static_record *first = &file->records[i];
	size_t end = i + 1;

	while (end < file->count && !compare_owner(first, &file->records[end]) &&
		(!same_type || file->records[end].type == first->type))
		end++;
	return end;
}

/* Of a set that may hold one record (SOA, CNAME, DNAME) the first in the file stays. */
static void keep_first(struct static_file *file, size_t from, size_t to)
{
	struct static_record *records = file->records;
	const char *type = records[from].type == RR_SOA     ? "SOA"
			   : records[from].type == RR_CNAME ? "CNAME"
							    : "DNAME";
	size_t first = from;

	for (size_t i = from; i < to; i++)
		if (records[i].line < records[first].line)
			first = i;
	for (size_t i = from; i < to; i++) {
		if (i == first)
			continue;
		static_file_say(file, LOG_LEVEL_ERROR, records[i].line, "another %s after that of line %u",
			type, records[first].line);
		records[i].type = DROPPED;
	}
}

static void check_set(struct static_file *file, size_t from, size_t to)
{
	struct static_record *records = file->records;
	char name[DNAME_TEXT_MAX];
	uint16_t type = records[from].type;
	uint32_t ttl = records[from].ttl, line = records[from].line;
	bool differ = false;

	if (to - from > 1 && (type == RR_SOA || type == RR_CNAME || type == RR_DNAME)) {
		keep_first(file, from, to);
		return;
	}
	for (size_t i = from + 1; i < to; i++) {
		if (records[i].ttl == ttl)
			continue;
		differ = true;
		line = records[i].line > line ? records[i].line : line;
		ttl = records[i].ttl < ttl ? records[i].ttl : ttl;
	}
	if (!differ)
		return;
	static_file_say(file, LOG_LEVEL_WARN, line,
		"records of %s and one type differ in their TTL: all get %u",
		owner_text(&records[from], name), ttl);
	for (size_t i = from; i < to; i++)
		records[i].ttl = ttl;
}

static void check_cname(struct static_file *file, size_t from, size_t to, bool apex)
{
	struct static_record *records = file->records, *cname = NULL;
	char name[DNAME_TEXT_MAX];
	bool others = apex;

	for (size_t i = from; i < to; i++) {
		if (records[i].type == RR_CNAME)
			cname = &records[i];
		else if (records[i].type != DROPPED)
			others = true;
	}
	if (!cname || !others)
		return;
	static_file_say(file, LOG_LEVEL_ERROR, cname->line,
		"%s has a CNAME and other data: the CNAME is left out", owner_text(cname, name));
	cname->type = DROPPED;
}

static void check_sets(struct static_file *file)
{
	size_t name_end, set_end;

	for (size_t name = 0; name < file->count; name = name_end) {
		bool apex = is_apex(file, &file->records[name]);

		name_end = run_end(file, name, false);
		for (size_t set = name; set < name_end; set = set_end) {
			set_end = run_end(file, set, true);
			check_set(file, set, set_end);
		}
		check_cname(file, name, name_end, apex);
	}
	compact(file);
}

static void drop_generated(struct static_file *file)
{
	for (size_t i = 0; i < file->count; i++) {
		struct static_record *r = &file->records[i];

		if (!is_apex(file, r) || (r->type != RR_SOA && r->type != RR_NS))
			continue;
		static_file_say(file, LOG_LEVEL_INFO, r->line,
			"the %s is left out: the cluster's zone has its own",
			r->type == RR_SOA ? "SOA" : "NS");
		r->type = DROPPED;
	}
	compact(file);
}

/* The first record that does not sort before `owner` and `type`, or NULL. */
static const struct static_record *lower_bound(
	const struct static_file *file, const uint8_t *owner, size_t owner_len, uint16_t type)
{
	struct static_record key = {.owner = owner, .owner_len = (uint8_t)owner_len, .type = type};
	size_t low = 0, high = file->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_record(&file->records[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < file->count ? &file->records[low] : NULL;
}

static bool find(const struct static_file *file, const uint8_t *owner, size_t owner_len, uint16_t type)
{
	const struct static_record *r = lower_bound(file, owner, owner_len, type);

	return r && r->type == type && r->owner_len == owner_len && !memcmp(r->owner, owner, owner_len);
}

static int check_apex(struct static_file *file)
{
	char name[DNAME_TEXT_MAX];
	const char *missing = !find(file, file->apex, file->apex_len, RR_SOA)  ? "SOA"
			      : !find(file, file->apex, file->apex_len, RR_NS) ? "NS"
									       : NULL;

	if (!missing)
		return 0;
	dname_to_text(name, file->apex);
	static_file_say(file, LOG_LEVEL_ERROR, 0, "no zone, since %s has no %s", name, missing);
	return ERR_FORMAT;
}

/* Does another server hold `name`: is there a delegation at or above it? */
static bool is_delegated(const struct static_file *file, const uint8_t *name, size_t len)
{
	for (; len > file->apex_len; len -= 1u + name[0], name = dname_parent(name))
		if (find(file, name, len, RR_NS))
			return true;
	return false;
}

/* Is there any record at or below `name`? */
static bool exists(const struct static_file *file, const uint8_t *name, size_t len)
{
	const struct static_record *r = lower_bound(file, name, len, 0);

	return r && dname_is_under(r->owner, r->owner_len, name, len);
}

/* Does a wildcard stand for `name`, which has no record (RFC 4592, section 3.3.1)? */
static bool has_wildcard(const struct static_file *file, const uint8_t *name, size_t len)
{
	uint8_t wildcard[2 + DNAME_MAX] = {1, '*'};

	if (exists(file, name, len))
		return false;
	do {
		len -= 1u + name[0];
		name = dname_parent(name);
		memcpy(wildcard + 2, name, len);
		if (exists(file, wildcard, 2 + len))
			return true;
	} while (len > file->apex_len && !exists(file, name, len));
	return false;
}

static void check_target(
	struct static_file *file, const struct static_record *r, const uint8_t *target, size_t len)
{
	char name[DNAME_TEXT_MAX];
	bool glue = r->type == RR_NS && !is_apex(file, r);

	if (!dname_is_under(target, len, file->apex, file->apex_len))
		return;
	dname_to_text(name, target);
	if (find(file, target, len, RR_CNAME))
		static_file_say(
			file, LOG_LEVEL_WARN, r->line, "%s is an alias (RFC 2181, section 10.3)", name);
	else if (find(file, target, len, RR_A) || find(file, target, len, RR_AAAA))
		return;
	else if (is_delegated(file, target, len) ? glue && dname_is_under(target, len, r->owner, r->owner_len)
						 : !has_wildcard(file, target, len))
		static_file_say(file, LOG_LEVEL_WARN, r->line, "%s has no address", name);
}

static void check_targets(struct static_file *file)
{
	for (size_t i = 0; i < file->count; i++) {
		const struct static_record *r = &file->records[i];
		size_t at = r->type == RR_MX ? 2 : r->type == RR_SRV ? 6 : 0;

		if (r->type == RR_NS || r->type == RR_MX || r->type == RR_SRV)
			check_target(file, r, r->rdata + at, r->rdlen - at);
	}
}

int static_check(struct static_file *file, bool cluster_domain)
{
	int err;

	drop_strangers(file);
	if (cluster_domain)
		drop_generated(file);
	if (file->count)
		qsort(file->records, file->count, sizeof(*file->records), compare_record);
	drop_duplicates(file);
	check_sets(file);
	if (cluster_domain)
		return 0;
	err = check_apex(file);
	if (!err)
		check_targets(file);
	return err;
}
