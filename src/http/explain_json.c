/* SPDX-License-Identifier: Apache-2.0 */
#include "http/explain_json.h"

#include <stdlib.h>

#include "http/explain_origin.h"
#include "zone/present.h"

/* What a query for the name gets. */
enum answer { OUTSIDE, NOT_LOADED, NOT_KNOWN, DELEGATED, NO_NAME, NO_RECORDS, WILDCARD, RECORDS };

static enum answer answer_of(const struct explain *e)
{
	const struct explain_name *name = &e->name;
	const struct zone_node *node = name->node ? name->node : name->wildcard;

	if (name->outside)
		return OUTSIDE;
	if (!e->snapshot->zones[name->zone].node)
		return NOT_LOADED;
	if (name->delegation)
		return DELEGATED;
	if ((!node || !zone_has_records(node)) && !name->zone && zone_is_partial(e->snapshot))
		return NOT_KNOWN;
	if (!node)
		return NO_NAME;
	if (!zone_has_records(node))
		return NO_RECORDS;
	return name->node ? RECORDS : WILDCARD;
}

static const char *answer_text(const struct explain *e)
{
	static const char *const texts[] = {[OUTSIDE] = "outside",
		[NOT_LOADED] = "not loaded",
		[NOT_KNOWN] = "not known",
		[DELEGATED] = "delegated",
		[NO_NAME] = "no such name",
		[NO_RECORDS] = "no records",
		[WILDCARD] = "wildcard",
		[RECORDS] = "records"};

	return texts[answer_of(e)];
}

/* Where a record comes from that no element brings. */
static const char *fixed_source(const struct explain *e, const struct explain_record *r)
{
	return e->name.zone > 0 || r->counts.n[ZONE_RANK_STATIC] ? "zone file" : "configuration";
}

static const char *source_of(const struct explain *e, const struct explain_record *r)
{
	static const char *const kinds[] = {"agent", "framework", "task"};

	if (!r->from_count)
		return fixed_source(e, r);
	const struct explain_origin *origin = &e->origins[r->from[0]];
	return origin->element ? kinds[origin->element->kind] : "master";
}

/* Why a record that the store holds is not answered with. */
static const char *held_back(const struct explain_record *r)
{
	if (r->served)
		return NULL;
	return r->counts.n[ZONE_RANK_UNWELL] ? "unhealthy" : "hidden by generated records";
}

static json_t *record_json(struct explain *e, const struct explain_record *r)
{
	char type[PRESENT_TYPE_MAX];
	uint16_t number = wire_get_u16(r->rr + 2);
	char *value = present_rdata(number, r->rr + RR_FIXED, wire_get_u16(r->rr + 10));
	json_t *from = json_array();

	for (uint32_t i = 0; i < r->from_count && i < EXPLAIN_FROM; i++)
		explain_append(e, from, json_integer(r->from[i]));
	json_t *record = json_pack("{s:s, s:o, s:I, s:b, s:s?, s:s, s:o, s:I}", "type", present_type(number, type),
		"value", value ? explain_text_json(value, strlen(value)) : NULL, "ttl",
		(json_int_t)wire_get_u32(r->rr + 6), "served", r->served, "held_back", held_back(r), "source",
		source_of(e, r), "from", from, "from_total", (json_int_t)r->from_count);
	free(value);
	return record;
}

static json_t *types_json(struct explain *e, const struct zone_node *node)
{
	json_t *types = json_array();
	char text[PRESENT_TYPE_MAX];

	for (unsigned i = 0; i < node->set_count && node->sets[i].count; i++)
		explain_append(e, types, json_string(present_type(node->sets[i].type, text)));
	return types;
}

static json_t *near_json(struct explain *e)
{
	static const char *const whys[] = {[EXPLAIN_SPELLING] = "spelling",
		[EXPLAIN_ELSEWHERE] = "elsewhere",
		[EXPLAIN_AS_LABEL] = "as label",
		[EXPLAIN_HOST] = "host",
		[EXPLAIN_BELOW] = "below",
		[EXPLAIN_BESIDE] = "beside"};
	json_t *list = json_array();

	for (size_t i = 0; i < e->near_count && (e->near[i].why != EXPLAIN_BESIDE || e->near[0].why == EXPLAIN_BESIDE);
		i++)
		explain_append(e, list,
			json_pack("{s:o, s:o, s:s}", "name", explain_name_json(zone_node_name(e->near[i].node)),
				"types", types_json(e, e->near[i].node), "why", whys[e->near[i].why]));
	return list;
}

/* Who is asked for a name that is not ours. */
static json_t *forwarding_json(struct explain *e)
{
	const struct conf *conf = e->conf;
	const struct conf_servers *servers = &conf->resolvers;
	const char *zone = "";
	uint8_t asked[DNAME_MAX], wire[DNAME_MAX];
	size_t asked_len = dname_from_text(asked, e->asked, strlen(e->asked)), best = 0;
	json_t *list = json_array();

	for (size_t i = 0; i < conf->zone_resolver_count; i++) {
		const struct conf_zone_resolver *r = &conf->zone_resolvers[i];
		size_t len = dname_from_text(wire, r->zone, strlen(r->zone));

		if (len > best && dname_is_under(asked, asked_len, wire, len)) {
			best = len;
			servers = &r->servers;
			zone = r->zone;
		}
	}
	for (size_t i = 0; conf->external_on && i < servers->count; i++) {
		const struct conf_server *server = &servers->items[i];
		char addr[ADDR_TEXT_MAX], text[ADDR_TEXT_MAX + 9];

		addr_format(&server->addr, addr);
		snprintf(text, sizeof(text), server->addr.len == 16 ? "[%s]:%u" : "%s:%u", addr, server->port);
		explain_append(e, list, json_string(text));
	}
	return json_pack("{s:b, s:s, s:o}", "enabled", conf->external_on, "zone", zone, "servers", list);
}

static void summarize_records(const struct explain *e, const char *name, char *out, size_t size)
{
	size_t served = 0;

	for (unsigned s = 0; s < e->name.node->set_count; s++)
		served += e->name.node->sets[s].count;
	int len = snprintf(out, size, "%s has %zu record%s", name, served, served == 1 ? "" : "s");
	if (served < e->record_total)
		snprintf(out + len, size - (size_t)len, ", %zu more %s held back", e->record_total - served,
			e->record_total - served == 1 ? "is" : "are");
}

static json_t *summary_json(const struct explain *e)
{
	char name[DNAME_TEXT_MAX], text[2 * DNAME_TEXT_MAX + 128], zone[DNAME_TEXT_MAX];

	dname_to_text(name, e->name.wire);
	switch (answer_of(e)) {
	case OUTSIDE:
		snprintf(text, sizeof(text), "%s is in none of the zones that are served here, and %s", e->asked,
			e->conf->external_on ? "is asked of other servers" : "names of others are not asked for");
		break;
	case NOT_LOADED:
		snprintf(text, sizeof(text), "the zone of %s has not been loaded, queries get SERVFAIL", name);
		break;
	case NOT_KNOWN:
		snprintf(text, sizeof(text), "%s may exist, since the master waits for agents of whose tasks nothing is"
			" known, and queries get SERVFAIL", name);
		break;
	case DELEGATED:
		dname_to_text(zone, zone_node_name(e->name.delegation));
		snprintf(text, sizeof(text), "%s is delegated with %s", name, zone);
		break;
	case NO_NAME:
		snprintf(text, sizeof(text), "there is no %s%s", name,
			e->left_out_total ? ", what would have the name is left out" : "");
		break;
	case NO_RECORDS:
		snprintf(text, sizeof(text), "%s has no records, but there are names below it", name);
		break;
	case WILDCARD:
		snprintf(text, sizeof(text), "%s is answered from a wildcard", name);
		break;
	case RECORDS:
		summarize_records(e, name, text, sizeof(text));
	}
	return explain_text_json(text, strlen(text));
}

static void set_name(struct explain *e, json_t *answer, const char *key, const uint8_t *name)
{
	explain_set(e, answer, key, name ? explain_name_json(name) : json_null());
}

json_t *explain_json(struct explain *e)
{
	const struct explain_name *name = &e->name;
	json_t *answer = json_pack("{s:o, s:s, s:o, s:I}", "asked", explain_text_json(e->asked, strlen(e->asked)),
		"answer", answer_text(e), "summary", summary_json(e), "serial", (json_int_t)e->snapshot->serial);
	json_t *records = json_array(), *origins = json_array(), *left_out = json_array();

	set_name(e, answer, "name", name->wire);
	set_name(e, answer, "zone", name->zone < 0 || name->outside ? NULL : e->snapshot->zones[name->zone].name);
	set_name(e, answer, "closest", name->zone < 0 || name->node ? NULL : name->encloser);
	set_name(e, answer, "wildcard", name->wildcard ? zone_node_name(name->wildcard) : NULL);
	set_name(e, answer, "delegation", name->delegation ? zone_node_name(name->delegation) : NULL);
	for (size_t i = 0; i < e->record_count; i++)
		explain_append(e, records, record_json(e, &e->records[i]));
	for (size_t i = 0; i < e->origin_count; i++)
		explain_append(e, origins, explain_origin_json(e, &e->origins[i]));
	for (size_t i = 0; i < e->left_out_count; i++)
		explain_append(e, left_out, explain_origin_json(e, &e->left_out[i]));
	explain_set(e, answer, "records", records);
	explain_set(e, answer, "records_total", json_integer((json_int_t)e->record_total));
	explain_set(e, answer, "origins", origins);
	explain_set(e, answer, "left_out", left_out);
	explain_set(e, answer, "left_out_total", json_integer((json_int_t)e->left_out_total));
	explain_set(e, answer, "near", near_json(e));
	explain_set(e, answer, "forwarding", name->outside ? forwarding_json(e) : json_null());
	if (e->failed) {
		json_decref(answer);
		return NULL;
	}
	return answer;
}
