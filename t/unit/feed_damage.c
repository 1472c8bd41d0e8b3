/* SPDX-License-Identifier: Apache-2.0 */
/* mesos/feed and the parser before it, on damaged documents: what is refused leaves the zone as it was, what is taken
 * gives the zone that it would give by itself, and one malformed value costs no more than the element that it is in. */
#include "t/unit/feed.h"

#include <jansson.h>

/* How many bytes of variants a document is worth, so that all of it takes seconds under the sanitizers. */
#define FLIP_BYTES 1000000u
/* One in so many is compared with a zone made anew, whose end has to wait for a grace period. */
#define FRESH 131

static void a_document_that_is_cut_leaves_the_zone(void **state)
{
	for (size_t i = 0; i < document_count; i++) {
		const struct document *d = &documents[i], *other = &documents[(i + 1) % document_count];
		struct rig *rig = rig_new();
		const char *brace = memrchr(d->text, '}', d->len);

		assert_int_equal(rig_take(rig, other->text, other->len), 0);
		char *before = rig_dump(rig);
		uint32_t serial = rig_serial(rig);
		struct feed_counters counters = rig_counters(rig);
		for (size_t cut = 0; cut < d->len; cut += cut + 1024 < d->len ? 1024 : 1) {
			if (cut > (size_t)(brace - d->text))
				break; /* the rest is white space */
			char *part = malloc(cut + !cut);

			memcpy(part, d->text, cut);
			assert_int_equal(rig_take(rig, part, cut), ERR_FORMAT);
			free(part);
			assert_int_equal(rig_serial(rig), serial);
			assert_true(rig_digest(rig) == other->digest);
			counters.documents_failed++;
		}
		char *after = rig_dump(rig);
		assert_string_equal(before, after);
		struct feed_counters now = rig_counters(rig);
		assert_memory_equal(&now, &counters, sizeof(now));
		/* and the whole one is taken */
		assert_int_equal(rig_take(rig, d->text, d->len), 0);
		rig_settle(rig);
		assert_true(rig_digest(rig) == d->digest);
		free(before);
		free(after);
		rig_free(rig);
	}
}

static void flipped_bits(void **state)
{
	static const uint8_t flips[] = {0x01, 0x80, 0x20, 0x02, 0x10, 0x40, 0x04, 0x08, 0xff};
	size_t taken = 0, refused = 0;

	for (size_t i = 0; i < document_count; i++) {
		const struct document *d = &documents[i];
		size_t variants = FLIP_BYTES / d->len < d->len ? FLIP_BYTES / d->len : d->len;
		struct rig *rig = rig_new();
		char *text = malloc(d->len);

		memcpy(text, d->text, d->len);
		assert_int_equal(rig_take(rig, text, d->len), 0);
		for (size_t k = 0; k < variants; k++) {
			/* spread over the document, and over the places of a line */
			size_t at = (k * d->len / variants + k * 7) % d->len;
			uint64_t digest = rig_digest(rig);
			uint32_t serial = rig_serial(rig);

			text[at] = (char)(text[at] ^ flips[k % sizeof(flips)]);
			if (rig_take(rig, text, d->len)) {
				assert_int_equal(rig_serial(rig), serial);
				assert_true(rig_digest(rig) == digest);
				refused++;
			} else if (taken++ % FRESH == 0) {
				assert_true(rig_digest(rig) == fresh_digest(text, d->len));
			}
			text[at] = d->text[at];
		}
		assert_int_equal(rig_take(rig, text, d->len), 0);
		assert_true(rig_digest(rig) == d->digest);
		free(text);
		rig_free(rig);
	}
	print_message("# flipped bits: %zu documents taken, %zu refused\n", taken, refused);
	assert_true(taken > 100 && refused > 100);
}

/* The records that a document must give, each with the elements that it comes from. */

struct origin {
	uint64_t record;
	const struct cluster_element *agent, *framework, *task;
};

struct derivation {
	struct cluster_element *elements[4096];
	size_t element_count;
	struct origin *origins;
	size_t count, room;
	struct origin now; /* of what is being derived */
};

static uint64_t record_hash(const uint8_t *owner, size_t owner_len, uint16_t type, const uint8_t *rdata, size_t rdlen)
{
	uint8_t bytes[2 + 2 * DNAME_MAX + 6] = {(uint8_t)(type >> 8), (uint8_t)type};

	memcpy(bytes + 2, owner, owner_len);
	memcpy(bytes + 2 + owner_len, rdata, rdlen);
	return siphash13(&siphash_process_key, bytes, 2 + owner_len + rdlen);
}

static void derive_record(void *arg, const struct naming_record *r)
{
	struct derivation *d = arg;
	uint8_t rdata[6 + DNAME_MAX];
	size_t len = r->addr ? r->addr->len : 6u + r->target_len;

	if (r->rank != ZONE_RANK_SERVED)
		return; /* what others do can hide it */
	if (r->addr) {
		memcpy(rdata, r->addr->bytes, len);
	} else {
		wire_put_u16(rdata, 0);
		wire_put_u16(rdata + 2, r->weight);
		wire_put_u16(rdata + 4, r->port);
		memcpy(rdata + 6, r->target, r->target_len);
	}
	if (d->count == d->room) {
		d->room = d->room ? d->room * 2 : 256;
		d->origins = realloc(d->origins, d->room * sizeof(d->origins[0]));
		assert_non_null(d->origins);
	}
	d->now.record = record_hash(r->owner, r->owner_len, r->type, rdata, len);
	d->origins[d->count++] = d->now;
}

static struct cluster_element *find_element(const struct derivation *d, enum cluster_kind kind, const char *id)
{
	for (size_t i = 0; id && i < d->element_count; i++)
		if (d->elements[i]->kind == kind && !strcmp(cluster_text(d->elements[i], d->elements[i]->id), id))
			return d->elements[i];
	return NULL;
}

static int keep_element(void *arg, struct cluster_builder *b)
{
	struct derivation *d = arg;
	struct cluster_text host = b->element->kind == CLUSTER_AGENT ? b->agent->host : b->framework->host;
	struct addr addr;

	if (b->element->kind != CLUSTER_TASK && !addr_parse(&addr, cluster_text(b->element, host), host.len))
		assert_int_equal(cluster_build_list(b,
			b->element->kind == CLUSTER_AGENT ? CLUSTER_FIELD(agent, addrs) : CLUSTER_FIELD(framework, addrs),
			&addr, 1, sizeof(addr)), 0);
	assert_int_equal(cluster_build_finish(b), 0);
	assert_true(d->element_count < 4096);
	struct cluster_element *copy = malloc(b->element->size);
	memcpy(copy, b->element, b->element->size);
	d->elements[d->element_count++] = copy;
	return 0;
}

static void derive(struct derivation *d, const struct document *document)
{
	const struct state_sink state_sink = {.ctx = d, .element = keep_element};
	const struct naming_sink sink = {.arg = d, .record = derive_record};
	const struct naming_settings settings = {.domain = "mesos", .health_aware = true, .srv_weight = 1,
		.ip_sources = {CONF_IP_NETINFO, CONF_IP_MESOS, CONF_IP_HOST}, .ip_source_count = 3};
	struct state_parser *p = state_parser_new(&state_sink);
	struct naming *naming = naming_new(&settings);

	assert_int_equal(state_parser_feed(p, document->text, document->len), 0);
	assert_int_equal(state_parser_finish(p), 0);
	for (size_t i = 0; i < d->element_count; i++) {
		const struct cluster_element *e = d->elements[i];
		const struct cluster_task *t = (const void *)e;

		d->now = (struct origin){0};
		if (e->kind == CLUSTER_AGENT) {
			d->now.agent = e;
			naming_agent(naming, (const void *)e, &sink);
		} else if (e->kind == CLUSTER_FRAMEWORK) {
			d->now.framework = e;
			naming_framework(naming, (const void *)e, &sink);
		} else {
			d->now.task = e;
			d->now.agent = find_element(d, CLUSTER_AGENT, cluster_text(t, t->agent_id));
			d->now.framework = find_element(d, CLUSTER_FRAMEWORK, cluster_text(t, t->framework_id));
			naming_task(naming, t, (const void *)d->now.agent, (const void *)d->now.framework, &sink);
		}
	}
	naming_free(naming);
	state_parser_free(p);
}

static void derivation_fini(struct derivation *d)
{
	for (size_t i = 0; i < d->element_count; i++)
		free(d->elements[i]);
	free(d->origins);
}

static int compare_u64(const void *va, const void *vb)
{
	const uint64_t *a = va, *b = vb;

	return *a < *b ? -1 : *a > *b;
}

/* The hashes of all published records, sorted. */
static uint64_t *published(const struct rig *rig, size_t *count)
{
	struct zone_counters n;
	struct pmap_iter it = pmap_iter(zone_store_read(rig->store)->nodes);

	zone_store_counters(rig->store, &n);
	uint64_t *hashes = malloc((n.a + n.aaaa + n.srv + n.other) * sizeof(*hashes));
	*count = 0;
	for (const struct zone_node *node; (node = pmap_next(&it));) {
		for (unsigned s = 0; s < node->set_count && node->sets[s].count; s++) {
			for (uint32_t i = 0; node->sets[s].type != RR_SOA && i < node->sets[s].count; i++) {
				const uint8_t *rr = zone_rrset_slot(&node->sets[s], i);

				hashes[(*count)++] = record_hash(zone_node_name(node), node->name_len, node->sets[s].type,
					rr + RR_FIXED, wire_get_u16(rr + 10));
			}
		}
	}
	qsort(hashes, *count, sizeof(*hashes), compare_u64);
	return hashes;
}

/* Where the walk through a document is: the element that a value belongs to, and a path without indices. */
struct place {
	char path[512];
	const struct cluster_element *agent, *framework, *task;
	bool arrays; /* the value is all agents or all frameworks */
};

struct damage {
	const struct document *document;
	struct derivation derivation;
	json_t *root;
	struct rig *rig;
	size_t variants;
	bool failed;
};

enum { ALTERNATIVES = 7 };

static json_t *alternative(int which)
{
	switch (which) {
	case 0:
		return json_null();
	case 1:
		return json_integer(4711);
	case 2:
		return json_string("zz!z");
	case 3:
		return json_array();
	case 4:
		return json_object();
	case 5:
		return json_true();
	default:
		return json_pack("[[{s:s}]]", "id", "zz!z");
	}
}

/* Takes the document as it is now, with one value replaced, and looks for everything that must still be there. */
static void try_variant(struct damage *damage, const struct place *place, int which)
{
	char *text = json_dumps(damage->root, JSON_COMPACT);
	uint64_t before = rig_digest(damage->rig);
	size_t len = strlen(text), count, missing = 0;
	int rc = rig_take(damage->rig, text, len);

	if (rc) {
		assert_true(place->arrays);
		assert_true(rig_digest(damage->rig) == before);
	} else if (place->arrays) {
		assert_true(which == 3 || which == 6); /* an array of no agents, or of none that is one */
	} else {
		uint64_t *hashes = published(damage->rig, &count);

		for (size_t i = 0; i < damage->derivation.count; i++) {
			const struct origin *o = &damage->derivation.origins[i];

			if ((place->agent && o->agent == place->agent) || (place->framework && o->framework == place->framework &&
				!place->task) || (place->task && o->task == place->task))
				continue;
			missing += !bsearch(&o->record, hashes, count, sizeof(*hashes), compare_u64);
		}
		free(hashes);
		if (missing)
			print_error("%s: %zu records of others are missing with %s as alternative %d\n", damage->document->name,
				missing, place->path, which);
		damage->failed |= missing > 0;
		if (damage->variants++ % FRESH == 0)
			assert_true(rig_digest(damage->rig) == fresh_digest(text, len));
	}
	free(text);
}

/* Each shape of path is tried in a few documents with every alternative: all places of all documents would take
 * minutes. */
#define SHAPES 4096

static struct {
	uint64_t shape;
	unsigned count;
} shapes[SHAPES];

static bool is_new(const struct place *place, const json_t *value)
{
	uint64_t shape = siphash13(&siphash_process_key, place->path, strlen(place->path)) + (uint64_t)json_typeof(value);
	size_t slot = (size_t)(shape >> 20) % SHAPES;

	while (shapes[slot].count && shapes[slot].shape != shape)
		slot = (slot + 1) % SHAPES;
	shapes[slot].shape = shape;
	return shapes[slot].count++ < 2;
}

static struct place step(const struct damage *damage, const struct place *from, const char *key, const json_t *value)
{
	struct place place = *from;
	const char *id = json_string_value(json_object_get(value, "id"));
	size_t used = strlen(place.path);

	snprintf(place.path + used, sizeof(place.path) - used, "/%s", key);
	place.arrays = !strcmp(place.path, "/slaves") || !strcmp(place.path, "/frameworks");
	if (!strcmp(place.path, "/slaves/*"))
		place.agent = find_element(&damage->derivation, CLUSTER_AGENT, id);
	if (!strcmp(place.path, "/frameworks/*"))
		place.framework = find_element(&damage->derivation, CLUSTER_FRAMEWORK, id);
	if (!strcmp(place.path, "/frameworks/*/tasks/*"))
		place.task = find_element(&damage->derivation, CLUSTER_TASK, id);
	return place;
}

static void damage_value(struct damage *damage, json_t *value, const struct place *at);

static void replace(json_t *parent, const char *key, size_t index, json_t *value)
{
	if (key)
		json_object_set_new_nocheck(parent, key, value);
	else
		json_array_set_new(parent, index, value);
}

/* Replaces a member of `parent` by each alternative in turn, and puts it back. */
static void damage_member(struct damage *damage, json_t *parent, const char *key, size_t index, json_t *value,
	const struct place *at)
{
	struct place place = step(damage, at, key ? key : "*", value);

	json_incref(value);
	if (is_new(&place, value)) {
		for (int which = 0; which < ALTERNATIVES; which++) {
			replace(parent, key, index, alternative(which));
			try_variant(damage, &place, which);
		}
		replace(parent, key, index, json_incref(value));
	}
	damage_value(damage, value, &place);
	json_decref(value);
}

static void damage_value(struct damage *damage, json_t *value, const struct place *at)
{
	if (json_is_array(value))
		for (size_t i = 0; i < json_array_size(value); i++)
			damage_member(damage, value, NULL, i, json_array_get(value, i), at);
	for (void *it = json_object_iter(value); it; it = json_object_iter_next(value, it))
		damage_member(damage, value, json_object_iter_key(it), 0, json_object_iter_value(it), at);
}

static void a_value_of_a_wrong_type_costs_its_element_alone(void **state)
{
	size_t variants = 0, origins = 0;
	bool failed = false;

	for (size_t i = 0; i < document_count; i++) {
		struct damage damage = {.document = &documents[i], .rig = rig_new()};
		struct place top = {0};
		json_error_t error;

		damage.root = json_loadb(documents[i].text, documents[i].len, JSON_ALLOW_NUL, &error);
		if (damage.root) {
			derive(&damage.derivation, &documents[i]);
			assert_int_equal(rig_take(damage.rig, documents[i].text, documents[i].len), 0);
			origins += damage.derivation.count;
			damage_value(&damage, damage.root, &top);
			char *text = json_dumps(damage.root, JSON_COMPACT);
			assert_int_equal(rig_take(damage.rig, text, strlen(text)), 0);
			assert_true(rig_digest(damage.rig) == documents[i].digest);
			free(text);
			derivation_fini(&damage.derivation);
		}
		failed |= damage.failed;
		variants += damage.variants;
		json_decref(damage.root);
		rig_free(damage.rig);
	}
	print_message("# wrong types: %zu documents\n", variants);
	assert_false(failed);
	assert_true(variants > 500 && origins > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_document_that_is_cut_leaves_the_zone),
		cmocka_unit_test(flipped_bits),
		cmocka_unit_test(a_value_of_a_wrong_type_costs_its_element_alone),
	};

	return cmocka_run_group_tests_name("feed_damage", tests, read_documents, free_documents);
}
