/* SPDX-License-Identifier: Apache-2.0 */
/* http/explain against the naming rules without its short cuts: recorded clusters, and random ones. */
#include "t/unit/explain.h"

#include "http/explain_wish.h"

/* How often the elements bring records of a name: what naming says, without any short cut. */
struct brought {
	const struct zone_node *node;
	json_int_t count;
};

static void count_brought(void *arg, const struct naming_record *record)
{
	struct brought *brought = arg;

	brought->count += brought->node->name_len == record->owner_len &&
			  !memcmp(zone_node_name(brought->node), record->owner, record->owner_len);
}

static const void *owner_of(const struct cluster_maps *maps, enum cluster_kind kind, const struct cluster_task *task)
{
	struct cluster_text id = kind == CLUSTER_AGENT ? task->agent_id : task->framework_id;

	return cluster_maps_find(maps, kind, "", 0, cluster_text(task, id), id.len);
}

static json_int_t bring(struct naming *naming, const struct cluster_maps *maps, const struct zone_node *node)
{
	struct brought brought = {.node = node};
	const struct naming_sink sink = {.arg = &brought, .record = count_brought};
	const void *item;

	for (struct pmap_iter it = pmap_iter(maps->of[CLUSTER_TASK]); (item = pmap_next(&it));)
		naming_task(naming, item, owner_of(maps, CLUSTER_AGENT, item), owner_of(maps, CLUSTER_FRAMEWORK, item),
			&sink);
	for (struct pmap_iter it = pmap_iter(maps->of[CLUSTER_FRAMEWORK]); (item = pmap_next(&it));)
		naming_framework(naming, item, &sink);
	for (struct pmap_iter it = pmap_iter(maps->of[CLUSTER_AGENT]); (item = pmap_next(&it));)
		naming_agent(naming, item, &sink);
	return brought.count;
}

/* Every record of the zone has all its origins. Returns how many were found. */
static json_int_t check_records(struct rig *rig)
{
	const struct zone_snapshot *snapshot = zone_store_read(rig->store);
	const struct naming_settings settings = naming_settings_of(&rig->conf);
	struct naming *naming = naming_new(&settings);
	struct pmap_iter it = pmap_iter(snapshot->nodes);
	json_int_t all = 0;

	for (const struct zone_node *node; (node = pmap_next(&it));) {
		char name[DNAME_TEXT_MAX];
		json_int_t found = 0, masters = 0;
		size_t i;
		json_t *record;

		if (!node->set_count || node == snapshot->zones[0].node)
			continue;
		dname_to_text(name, zone_node_name(node));
		json_t *answer = explain(rig, name);
		assert_answer(answer, "records");
		json_array_foreach(json_object_get(answer, "records"), i, record) {
			json_int_t from = json_integer_value(json_object_get(record, "from_total"));

			assert_int_equal(from > 0, strcmp(name, "ns1.mesos.") != 0);
			found += from;
			masters += !strcmp(text_at(record, "source"), "master");
		}
		if (!masters && json_array_size(json_object_get(answer, "records")) < EXPLAIN_RECORDS)
			assert_int_equal(found, bring(naming, &snapshot->cluster->maps, node));
		all += found;
		json_decref(answer);
	}
	naming_free(naming);
	return all;
}

/* Every task is told of at the names that it has or would have. Returns how many are left out. */
static size_t check_tasks(struct rig *rig)
{
	const struct cluster_maps *maps = &zone_store_read(rig->store)->cluster->maps;
	struct pmap_iter it = pmap_iter(maps->of[CLUSTER_TASK]);
	size_t left_out = 0;

	for (const struct cluster_task *task; (task = pmap_next(&it));) {
		int err;
		struct explain *e = explain_new(&rig->conf, rig->store, "mesos.", &err);
		struct explain_task_names names;
		const struct explain_origin origin = {.element = &task->e,
			.agent = owner_of(maps, CLUSTER_AGENT, task),
			.framework = owner_of(maps, CLUSTER_FRAMEWORK, task)};

		assert_non_null(e);
		explain_task_names(e, &origin, &names);
		explain_free(e);
		for (int own = 0; own < 2; own++) {
			const char *id = cluster_text(task, task->e.id);
			char text[DNAME_TEXT_MAX];

			if (!(own ? names.canonical_len : names.shared_len))
				continue;
			dname_to_text(text, own ? names.canonical : names.shared);
			json_t *answer = explain(rig, text);
			size_t found = json_array_size(json_object_get(answer, "origins")) +
				       json_array_size(json_object_get(answer, "left_out"));
			bool is_left_out = item_of(answer, "left_out", "id", id);
			assert_true(item_of(answer, "origins", "id", id) || is_left_out || found >= EXPLAIN_LEFT_OUT);
			left_out += is_left_out;
			json_decref(answer);
		}
	}
	return left_out;
}

static void documents_are_explained(void **state)
{
	json_int_t records = 0;

	for (size_t i = 0; i < document_count; i++) {
		struct rig *rig = rig_new();

		assert_int_equal(rig_take(rig, documents[i].text, documents[i].len), 0);
		records += check_records(rig);
		check_tasks(rig);
		rig_free(rig);
	}
	assert_true(records > 100);
}

static uint64_t rng_state;

static unsigned rng(unsigned n)
{
	rng_state = rng_state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(rng_state >> 33) % n;
}

/* Few letters, so that many names begin alike; dots, dashes, case and what cannot stand in a label; every length. */
static const char *random_name(char *out)
{
	static const char bytes[] = "aaabbB2.-_ /";
	static const unsigned lengths[] = {1, 2, 3, 6, 12, 24, 40, 62, 63, 64, 80, 130};
	unsigned len = lengths[rng(sizeof(lengths) / sizeof(lengths[0]))];

	for (unsigned i = 0; i < len; i++)
		out[i] = bytes[rng(sizeof(bytes) - 1)];
	out[len] = '\0';
	return out;
}

static void give_random_task(struct rig *rig, struct cluster_builder *b, unsigned i)
{
	static const char *const framework_ids[] = {"F0", "F1", "F2", "F9"};
	static const char *const agent_ids[] = {"S-S0", ("S-" LONG), "S", "S-S9"};
	char id[16], name[160], discovery[160], port[160];
	struct task_spec spec = {
		.id = id, .framework = framework_ids[rng(4)], .agent = agent_ids[rng(4)], .name = random_name(name)};

	snprintf(id, sizeof(id), "id-%u", i);
	if (rng(3) == 0)
		spec.discovery = random_name(discovery);
	if (rng(2))
		spec.ports = "[1000-1001]";
	if (spec.discovery && rng(2)) {
		spec.discovery_port_count = 1;
		spec.discovery_ports[0].name = rng(2) ? random_name(port) : "";
		spec.discovery_ports[0].protocol = rng(2) ? "tcp,udp" : "";
		spec.discovery_ports[0].number = 80;
	}
	spec.netinfo = rng(3) ? "10.1.0.1" : NULL;
	spec.state = rng(5) ? CLUSTER_TASK_RUNNING : CLUSTER_TASK_STAGING;
	spec.health = rng(4) ? CLUSTER_HEALTH_UNKNOWN : CLUSTER_HEALTH_BAD;
	give_task(rig, b, &spec);
}

static void random_clusters_are_explained(void **state)
{
	size_t left_out = 0;
	json_int_t records = 0;

	for (unsigned round = 0; round < 12; round++) {
		struct rig *rig = calloc(1, sizeof(*rig));
		struct cluster_builder b = {0};
		char name[160];

		rng_state = round;
		rig->conf.health_aware = true;
		rig->conf.enforce_rfc952 = round % 2;
		rig_start(rig);
		feed_document_begin(rig->feed);
		give_agent(rig, &b, &(struct agent_spec){.id = "S-S0", .addrs = "10.0.0.1", .port = 5051});
		give_agent(rig, &b, &(struct agent_spec){.id = "S-" LONG, .addrs = "10.0.0.2", .port = 5051});
		give_agent(rig, &b, &(struct agent_spec){.id = "S", .port = 5051});
		give_framework(rig, &b,
			&(struct framework_spec){.id = "F0", .name = "marathon", .addrs = "10.0.0.9", .port = 1});
		give_framework(rig, &b, &(struct framework_spec){.id = "F1", .name = "a.slave", .addrs = "10.0.0.9"});
		give_framework(rig, &b, &(struct framework_spec){.id = "F2", .name = random_name(name)});
		for (unsigned i = 0; i < 60; i++)
			give_random_task(rig, &b, i);
		assert_int_equal(feed_document_end(rig->feed, true, &leader), 0);
		records += check_records(rig);
		left_out += check_tasks(rig);
		cluster_builder_fini(&b);
		rig_free(rig);
	}
	assert_true(records > 1000);
	assert_true(left_out > 100);
}

int main(void)
{
	const struct CMUnitTest unit_tests[] = {
		cmocka_unit_test(documents_are_explained),
		cmocka_unit_test(random_clusters_are_explained),
	};

	return cmocka_run_group_tests_name("explain_random", unit_tests, read_documents, free_documents);
}
