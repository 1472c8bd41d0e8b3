/* SPDX-License-Identifier: Apache-2.0 */
#include "t/fuzz/zone_check.h"

#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>

#include "zone/dump.h"
#include "zone/journal.h"
#include "zone/slots.h"

void fuzz_must(bool condition, const char *what, const char *detail)
{
	if (condition)
		return;
	fprintf(stderr, "broken rule: %s%s%s\n", what, detail ? ": " : "", detail ? detail : "");
	abort();
}

struct zone_store *zone_check_store(const char *domain)
{
	const struct zone_soa soa = {.mname = "ns1.mesos.",
		.rname = "root.ns1.mesos.",
		.ttl = 60,
		.refresh = 60,
		.retry = 600,
		.expire = 86400,
		.minimum = 60};
	int err;
	struct zone_store *store = zone_store_new(domain, &soa, &err);

	fuzz_must(store != NULL, "a store", domain);
	return store;
}

/* How many names a node has right below it, and whether one of them is `*`. */
struct below {
	const struct zone_node *node;
	uint32_t children;
	bool wildcard;
};

static int compare_below(const void *va, const void *vb)
{
	const struct below *a = va, *b = vb;

	return (a->node > b->node) - (a->node < b->node);
}

static void node_must(bool condition, const char *what, const struct zone_node *node)
{
	char name[DNAME_TEXT_MAX];

	if (condition)
		return;
	dname_to_text(name, zone_node_name(node));
	fuzz_must(false, what, name);
}

static const struct zone_apex *apex_of(const struct zone_snapshot *snapshot, const struct zone_node *node)
{
	return &snapshot->zones[node->zone];
}

static bool is_apex(const struct zone_snapshot *snapshot, const struct zone_node *node)
{
	const struct zone_apex *apex = apex_of(snapshot, node);

	return apex->name_len == node->name_len && !memcmp(apex->name, zone_node_name(node), node->name_len);
}

static bool in_another_zone(const struct zone_snapshot *snapshot, const struct zone_node *node)
{
	const struct zone_apex *own = apex_of(snapshot, node);

	for (unsigned i = 0; i < snapshot->zone_count; i++)
		if (snapshot->zones[i].name_len < own->name_len &&
			dname_is_under(own->name, own->name_len, snapshot->zones[i].name,
				snapshot->zones[i].name_len))
			return true;
	return false;
}

static void check_name(const struct zone_snapshot *snapshot, const struct zone_node *node)
{
	const uint8_t *name = zone_node_name(node);
	uint8_t lower[DNAME_MAX];

	fuzz_must(dname_len(name, DNAME_MAX) == node->name_len, "a name is malformed", NULL);
	dname_lower(lower, name, node->name_len);
	node_must(!memcmp(lower, name, node->name_len), "a name has upper case", node);
	node_must(node->hash == zone_name_hash(name, node->name_len), "a name's hash", node);
	node_must(zone_find(snapshot, name, node->name_len) == node, "a name is not found", node);
	node_must(node->zone < snapshot->zone_count, "a name's zone", node);
	const struct zone_apex *apex = apex_of(snapshot, node);
	node_must(dname_is_under(name, node->name_len, apex->name, apex->name_len),
		"a name is outside its zone", node);
	node_must(node->children || node->set_count, "a name with nothing at or below it", node);
}

/* The addresses behind an SRV record are those that its target has. Returns the bytes that they take. */
static size_t check_additional(const struct zone_snapshot *snapshot, const struct zone_node *node,
	const uint8_t *rr, const uint8_t *at, const uint8_t *end)
{
	static const uint16_t types[] = {RR_A, RR_AAAA};
	const uint8_t *target = rr + RR_FIXED + 6, *first = at;
	const struct zone_node *host = zone_find(snapshot, target, wire_get_u16(rr + 10) - 6u);

	for (int i = 0; i < 2 && at < end; i++) {
		const struct zone_rrset *set = host ? zone_rrset_of(host, types[i]) : NULL;

		for (uint32_t k = 0; set && k < set->count && wire_get_u16(at + 2) == types[i];
			k++, at += set->stride) {
			node_must((size_t)(end - at) >= set->stride, "additional data are cut", node);
			node_must(!memcmp(at, zone_rrset_slot(set, k), set->stride),
				"other additional data", node);
		}
	}
	return (size_t)(at - first);
}

static void check_set(
	const struct zone_snapshot *snapshot, const struct zone_node *node, const struct zone_rrset *set)
{
	const struct zone_slots *slots = slots_of(node, set);
	const uint8_t *block_end =
		slots ? slots->bytes + slots->size : (const uint8_t *)node + node->size;

	node_must(!slots || (slots->uses && slots->size >= SLOTS_SHARED), "records outside of their node", node);
	node_must(set->total >= set->count && set->total, "a set without records", node);
	node_must(set->stride || (set->type != RR_A && set->type != RR_AAAA), "a set's stride", node);
	for (uint32_t i = 0; i < set->total; i++) {
		const uint8_t *rr = zone_rrset_slot(set, i), *end = zone_rrset_slot(set, i + 1);

		node_must(rr + RR_FIXED <= end && end <= block_end, "a slot leaves its block", node);
		node_must(wire_get_u16(rr) == 0xc00c && wire_get_u16(rr + 2) == set->type &&
				  wire_get_u16(rr + 4) == 1,
			"a record's head", node);
		size_t size = zone_rr_size(rr);
		node_must(size <= (size_t)(end - rr), "a record leaves its slot", node);
		if (set->type == RR_SRV && i < set->count)
			size += check_additional(snapshot, node, rr, rr + size, end);
		node_must(rr + size == end, "a slot has more than its record", node);
	}
}

static void check_sets(
	const struct zone_snapshot *snapshot, const struct zone_node *node, struct zone_counters *sum)
{
	bool cut = false, soa = false;

	for (unsigned i = 0; i < node->set_count; i++) {
		const struct zone_rrset *set = &node->sets[i], *before = i ? set - 1 : NULL;
		bool same_half = before && !before->count == !set->count;

		node_must(!before || before->count || !set->count, "a published set behind one that is not",
			node);
		node_must(!same_half || before->type < set->type, "sets out of order", node);
		check_set(snapshot, node, set);
		cut |= set->count && set->type == RR_NS;
		soa |= set->count && set->type == RR_SOA;
		*(set->type == RR_A            ? &sum->a
			: set->type == RR_AAAA ? &sum->aaaa
			: set->type == RR_SRV  ? &sum->srv
					       : &sum->other) += set->count;
	}
	bool apex = is_apex(snapshot, node);
	node_must(apex || !soa, "SOA below the apex", node);
	node_must(node->flags & ZONE_NODE_APEX ? apex : !soa, "an apex without its flag, or the other way",
		node);
	node_must(!(node->flags & ZONE_NODE_CUT) == !(cut && !apex),
		"a delegation without its flag, or the other way", node);
	if (cut && !apex)
		node_must(apex_of(snapshot, node)->cuts, "a zone that does not know its delegations", node);
}

static struct below *count_children(const struct zone_snapshot *snapshot, size_t count)
{
	struct below *all = calloc(count + 1, sizeof(*all));
	struct pmap_iter it = pmap_iter(snapshot->nodes);
	size_t n = 0;

	for (const struct zone_node *node; (node = pmap_next(&it));)
		all[n++].node = node;
	fuzz_must(n == count, "the map's count of names", NULL);
	qsort(all, n, sizeof(*all), compare_below);
	for (size_t i = 0; i < n; i++) {
		const struct zone_node *node = all[i].node;
		const uint8_t *name = zone_node_name(node), *above = dname_parent(name);

		if (is_apex(snapshot, node) && !in_another_zone(snapshot, node))
			continue;
		struct below key = {
			.node = zone_find(snapshot, above, (size_t)(node->name_len - (above - name)))};
		struct below *parent = key.node ? bsearch(&key, all, n, sizeof(*all), compare_below) : NULL;
		node_must(parent != NULL, "a name without a node above it", node);
		parent->children++;
		parent->wildcard |= name[0] == 1 && name[1] == '*';
	}
	return all;
}

void zone_check_snapshot(struct zone_store *store)
{
	const struct zone_snapshot *snapshot = zone_store_read(store);
	size_t count = snapshot->nodes->count;
	struct below *all = count_children(snapshot, count);
	struct zone_counters sum = {0}, counters;

	for (size_t i = 0; i < count; i++) {
		const struct zone_node *node = all[i].node;

		check_name(snapshot, node);
		check_sets(snapshot, node, &sum);
		node_must(node->children == all[i].children, "the count of names below a name", node);
		node_must(!(node->flags & ZONE_NODE_WILDCARD) == !all[i].wildcard,
			"a wildcard without its flag, or the "
			"other way",
			node);
		node_must(!all[i].wildcard || apex_of(snapshot, node)->wildcards,
			"a zone that does not know its wildcards", node);
	}
	free(all);
	zone_store_counters(store, &counters);
	fuzz_must(counters.names == count && counters.a == sum.a && counters.aaaa == sum.aaaa &&
			  counters.srv == sum.srv && counters.other == sum.other,
		"the store's counters", NULL);
	fuzz_must(counters.serial == snapshot->serial, "the store's serial", NULL);
}

/* ldns reads the line, and writes it again as it is; the owner is in the cluster's domain. */
static void check_line(const struct zone_apex *domain, const char *line)
{
	ldns_rr *rr = NULL;
	uint8_t owner[DNAME_MAX];
	char detail[512];

	if (line[0] == '@') /* which ldns reads as the origin, whatever follows */
		return;
	snprintf(detail, sizeof(detail), "%s", line);
	fuzz_must(ldns_rr_new_frm_str(&rr, line, 0, NULL, NULL) == LDNS_STATUS_OK,
		"ldns cannot read the dump", detail);
	char *again = ldns_rr2str(rr);
	fuzz_must(again && !strncmp(again, line, strlen(line)) && !strcmp(again + strlen(line), "\n"),
		"ldns writes another record", again);
	free(again);
	const ldns_rdf *name = ldns_rr_owner(rr);
	fuzz_must(ldns_rdf_size(name) <= sizeof(owner), "a name is too long", detail);
	dname_lower(owner, ldns_rdf_data(name), ldns_rdf_size(name));
	fuzz_must(dname_is_under(owner, ldns_rdf_size(name), domain->name, domain->name_len),
		"a name is outside the domain", detail);
	ldns_rr_free(rr);
}

char *zone_check_dump(struct zone_store *store)
{
	const struct zone_snapshot *snapshot = zone_store_read(store);
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	fuzz_must(out && !zone_dump(snapshot, out), "the zone can be dumped", NULL);
	fclose(out);
	char *kept = malloc(size + 1), *rest = text, *end = kept;
	bool first = true;
	for (char *line; (line = strsep(&rest, "\n")) && *line; first = false) {
		check_line(&snapshot->zones[0], line);
		if (first && strstr(line, "\tIN\tSOA\t"))
			continue;
		end = stpcpy(end, line);
		*end++ = '\n';
	}
	*end = '\0';
	free(text);
	return kept;
}

/* Lines of text, in order once they are all there. */
struct lines {
	char **items;
	size_t count, room;
};

static void lines_add(struct lines *lines, char *line)
{
	if (lines->count == lines->room) {
		lines->room = lines->room ? lines->room * 2 : 64;
		lines->items = realloc(lines->items, lines->room * sizeof(*lines->items));
		fuzz_must(lines->items != NULL, "memory", NULL);
	}
	lines->items[lines->count++] = line;
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void lines_add_dump(struct lines *lines, const char *dump)
{
	for (const char *end; *dump; dump = end + 1) {
		end = strchr(dump, '\n');
		lines_add(lines, strndup(dump, (size_t)(end - dump)));
	}
}

static void lines_free(struct lines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		free(lines->items[i]);
	free(lines->items);
}

/* What was there and what was added, what is there and what was removed: the same, line for line. */
struct balance {
	struct lines sides[2];
	const struct zone_apex *domain;
};

static void weigh(void *arg, const struct zone_journal_change *change)
{
	struct balance *balance = arg;
	static uint8_t wire[DNAME_MAX + RR_FIXED + UINT16_MAX];
	size_t head = change->name_len, pos = 0;
	ldns_rr *rr = NULL;

	if (!dname_is_under(change->name, head, balance->domain->name, balance->domain->name_len))
		return;
	memcpy(wire, change->name, head);
	wire_put_u16(wire + head, change->type);
	wire_put_u16(wire + head + 2, 1);
	wire_put_u32(wire + head + 4, change->ttl);
	wire_put_u16(wire + head + 8, change->rdlen);
	memcpy(wire + head + 10, change->rdata, change->rdlen);
	fuzz_must(ldns_wire2rr(&rr, wire, head + 10 + change->rdlen, &pos, LDNS_SECTION_ANSWER) ==
			  LDNS_STATUS_OK,
		"a change that is no record", NULL);
	char *line = ldns_rr2str(rr);
	ldns_rr_free(rr);
	line[strlen(line) - 1] = '\0';
	lines_add(&balance->sides[!change->added], line);
}

void zone_check_journal(struct zone_store *store, uint32_t serial, const char *before, const char *after)
{
	struct balance balance = {.domain = &zone_store_read(store)->zones[0]};
	struct lines *sides = balance.sides;

	lines_add_dump(&sides[0], before);
	lines_add_dump(&sides[1], after);
	fuzz_must(!zone_journal_read(zone_store_journal(store), serial, NULL, weigh, &balance),
		"the journal reaches back", NULL);
	fuzz_must(sides[0].count == sides[1].count, "the journal leads elsewhere", NULL);
	for (int i = 0; i < 2; i++)
		if (sides[i].count)
			qsort(sides[i].items, sides[i].count, sizeof(*sides[i].items), compare_lines);
	for (size_t i = 0; i < sides[0].count; i++)
		fuzz_must(!strcmp(sides[0].items[i], sides[1].items[i]), "the journal leads elsewhere",
			sides[0].items[i]);
	lines_free(&sides[0]);
	lines_free(&sides[1]);
}
