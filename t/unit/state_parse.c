/* SPDX-License-Identifier: Apache-2.0 */
/* mesos/state_parse: every recorded document against an independent reading of it by jansson, cut everywhere,
 * damaged everywhere. */
#include "t/unit/unit.h"

#include <dirent.h>
#include <jansson.h>

#include "base/siphash.h"
#include "t/unit/state.h"

static uint64_t digest(const struct cluster_element *e)
{
	const size_t from = offsetof(struct cluster_element, size);

	return siphash13(&siphash_process_key, (const char *)e + from, e->size - from);
}

static bool same(const struct result *a, const struct result *b)
{
	if (a->count != b->count || strcmp(a->leader, b->leader) != 0)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (digest(a->elements[i]) != digest(b->elements[i]))
			return false;
	return true;
}

static size_t missing(const struct result *base, const struct result *variant)
{
	size_t n = 0;

	for (size_t i = 0; i < base->count; i++) {
		size_t k = 0;

		while (k < variant->count && digest(base->elements[i]) != digest(variant->elements[k]))
			k++;
		n += k == variant->count;
	}
	return n;
}

/* The recorded documents: those in t/data, and where the captures are, all. */

struct document {
	char name[300];
	char *text;
	size_t len;
};

static struct document documents[64];
static size_t document_count;

static int read_folder(const char *path)
{
	DIR *dir = opendir(path);

	if (!dir)
		return -1;
	for (struct dirent *entry; (entry = readdir(dir));) {
		struct document *d = &documents[document_count];
		char file[1024];
		size_t len = strlen(entry->d_name);
		bool known = len < 6 || strcmp(entry->d_name + len - 5, ".json") != 0 ||
			     strstr(entry->d_name, ".axfr.") || strstr(entry->d_name, ".enumerate.");

		for (size_t i = 0; i < document_count; i++)
			known |= !strcmp(documents[i].name, entry->d_name);
		if (known || document_count == 64)
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		FILE *f = fopen(file, "r");
		assert_non_null(f);
		snprintf(d->name, sizeof(d->name), "%s", entry->d_name);
		d->text = malloc(1 << 20);
		d->len = fread(d->text, 1, 1 << 20, f);
		assert_true(d->len > 0 && d->len < 1 << 20);
		fclose(f);
		document_count++;
	}
	closedir(dir);
	return 0;
}

static int read_documents(void **state)
{
	const char *source = getenv("MN_SRCDIR") ? getenv("MN_SRCDIR") : ".";
	char path[900];

	assert_int_equal(siphash_init(), 0);
	snprintf(path, sizeof(path), "%s/t/data/state", source);
	assert_int_equal(read_folder(path), 0);
	snprintf(path, sizeof(path), "%s/../shared/captures/state", source);
	if (read_folder(path))
		printf("# skipped: the documents of ../shared/captures/state, which is not there\n");
	assert_true(document_count > 0);
	return 0;
}

static int free_documents(void **state)
{
	while (document_count)
		free(documents[--document_count].text);
	return 0;
}

static const char *str(json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

/* The n-th element of a kind, in the order of the document. */
static const void *nth(const struct result *r, enum cluster_kind kind, size_t n)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->elements[i]->kind == kind && !n--)
			return r->elements[i];
	return NULL;
}

/* host:port after the `@`, both as text */
static void check_pid(const char *pid, const char *host, unsigned port)
{
	char expected[600];

	snprintf(expected, sizeof(expected), strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, port);
	assert_string_equal(strchr(pid, '@') + 1, expected);
}

static void check_addresses(const struct cluster_task *t, struct cluster_list list, json_t *expected)
{
	const struct addr *addrs = cluster_list(t, list);

	assert_int_equal(list.count, json_array_size(expected));
	for (uint32_t i = 0; i < list.count; i++) {
		char text[ADDR_TEXT_MAX];

		assert_string_equal(
			addr_format(&addrs[i], text), json_string_value(json_array_get(expected, i)));
	}
	json_decref(expected);
}

static json_t *newest_status(json_t *task, bool with_network_infos)
{
	json_t *best = NULL, *s;
	size_t i;

	json_array_foreach(json_object_get(task, "statuses"), i, s)
	{
		json_t *infos = json_object_get(json_object_get(s, "container_status"), "network_infos");

		if (strcmp(str(s, "state"), "TASK_RUNNING") ||
			(with_network_infos && !json_array_size(infos)))
			continue;
		if (!best || json_number_value(json_object_get(s, "timestamp")) >=
				     json_number_value(json_object_get(best, "timestamp")))
			best = s;
	}
	return best;
}

static json_t *network_addresses(json_t *status)
{
	json_t *infos = json_object_get(json_object_get(status, "container_status"), "network_infos"), *info,
	       *ip;
	json_t *out = json_array();
	size_t i, k;

	json_array_foreach(infos, i, info)
	{
		json_t *list = json_object_get(info, "ip_addresses");

		json_array_foreach(list, k, ip) if (*str(ip, "ip_address"))
			json_array_append(out, json_object_get(ip, "ip_address"));
		if (!json_array_size(list) && *str(info, "ip_address"))
			json_array_append(out, json_object_get(info, "ip_address"));
	}
	return out;
}

static json_t *label_addresses(json_t *status, const char *key)
{
	json_t *out = json_array(), *label;
	size_t i;

	json_array_foreach(json_object_get(status, "labels"), i,
		label) if (!strcmp(str(label, "key"), key) && *str(label, "value"))
		json_array_append(out, json_object_get(label, "value"));
	return out;
}

static void check_task(const struct cluster_task *t, json_t *framework, json_t *task)
{
	json_t *newest = newest_status(task, false);
	json_t *discovery = json_object_get(task, "discovery"), *port;
	json_t *ports = json_object_get(json_object_get(discovery, "ports"), "ports");
	const char *ranges = str(json_object_get(task, "resources"), "ports");
	size_t commas = 0, i;

	assert_string_equal(cluster_text(t, t->e.id), str(task, "id"));
	assert_string_equal(cluster_text(t, t->framework_id), str(framework, "id"));
	assert_string_equal(cluster_text(t, t->name), str(task, "name"));
	assert_string_equal(cluster_text(t, t->agent_id), str(task, "slave_id"));
	assert_int_equal(t->state == CLUSTER_TASK_RUNNING, !strcmp(str(task, "state"), "TASK_RUNNING"));
	assert_string_equal(cluster_text(t, t->discovery_name), str(discovery, "name"));
	for (const char *c = ranges; *c; c++)
		commas += *c == ',';
	assert_int_equal(t->port_ranges.count, strchr(ranges, '-') ? commas + 1 : 0);
	const struct cluster_port *p = cluster_list(t, t->discovery_ports);
	assert_int_equal(t->discovery_ports.count, json_array_size(ports));
	json_array_foreach(ports, i, port)
	{
		assert_string_equal(cluster_text(t, p[i].name), str(port, "name"));
		assert_string_equal(cluster_text(t, p[i].protocol), str(port, "protocol"));
		assert_int_equal(p[i].number, json_integer_value(json_object_get(port, "number")));
	}
	json_t *healthy = json_object_get(newest, "healthy");
	assert_int_equal(t->health, !healthy                ? CLUSTER_HEALTH_UNKNOWN
				    : json_is_true(healthy) ? CLUSTER_HEALTH_GOOD
							    : CLUSTER_HEALTH_BAD);
	check_addresses(t, t->netinfo, network_addresses(newest_status(task, true)));
	check_addresses(
		t, t->mesos_label, label_addresses(newest, "MesosContainerizer.NetworkSettings.IPAddress"));
	check_addresses(t, t->docker_label, label_addresses(newest, "Docker.NetworkSettings.IPAddress"));
}

static void check_document(const struct document *d)
{
	struct result *r = calloc(1, sizeof(*r));
	json_t *root = json_loadb(d->text, d->len, 0, NULL), *item, *task;
	size_t agents = json_array_size(json_object_get(root, "slaves")), tasks = 0, i, k;
	size_t frameworks = json_array_size(json_object_get(root, "frameworks"));

	assert_non_null(root);
	if (parse(r, d->text, d->len, d->len))
		fail_msg("%s: %s", d->name, r->error);
	assert_string_equal(r->leader, str(root, "leader"));
	assert_int_equal(r->recovered, json_array_size(json_object_get(root, "recovered_slaves")));
	assert_int_equal(r->recovered_list, json_object_get(root, "recovered_slaves") != NULL);
	assert_int_equal(r->completed, json_array_size(json_object_get(root, "completed_frameworks")));
	assert_string_equal(r->master_id, str(root, "id"));
	json_array_foreach(json_object_get(root, "slaves"), i, item)
	{
		const struct cluster_agent *a = nth(r, CLUSTER_AGENT, i);

		assert_non_null(a);
		assert_string_equal(cluster_text(a, a->e.id), str(item, "id"));
		check_pid(str(item, "pid"), cluster_text(a, a->host), a->port);
		assert_string_equal(cluster_text(a, a->hostname), str(item, "hostname"));
		assert_int_equal(a->active, !json_is_false(json_object_get(item, "active")));
	}
	json_array_foreach(json_object_get(root, "frameworks"), i, item)
	{
		const struct cluster_framework *f = nth(r, CLUSTER_FRAMEWORK, i);

		assert_non_null(f);
		assert_string_equal(cluster_text(f, f->e.id), str(item, "id"));
		assert_string_equal(cluster_text(f, f->name), str(item, "name"));
		assert_int_equal(f->active, !json_is_false(json_object_get(item, "active")));
		if (*str(item, "pid")) {
			check_pid(str(item, "pid"), cluster_text(f, f->host), f->port);
		} else {
			assert_string_equal(cluster_text(f, f->host), str(item, "hostname"));
			assert_int_equal(f->port, 0);
		}
		json_array_foreach(json_object_get(item, "tasks"), k, task)
		{
			const struct cluster_task *t = nth(r, CLUSTER_TASK, tasks);

			assert_non_null(t);
			check_task(t, item, task);
			tasks++;
		}
	}
	assert_int_equal(r->counts.agents, agents);
	assert_int_equal(r->counts.frameworks, frameworks);
	assert_int_equal(r->counts.tasks, tasks);
	assert_int_equal(r->count, agents + frameworks + tasks);
	for (i = 0; i < STATE_SKIPS; i++)
		if (r->counts.skipped[i])
			fail_msg("%s: skipped %s", d->name, r->skipped);
	assert_int_equal(r->counts.bytes, d->len);
	json_decref(root);
	clear(r);
	free(r);
}

static void documents_are_read_right(void **state)
{
	for (size_t i = 0; i < document_count; i++)
		check_document(&documents[i]);
}

static void pieces_make_no_difference(void **state)
{
	struct result *whole = calloc(1, sizeof(*whole)), *pieces = calloc(1, sizeof(*pieces));

	for (size_t i = 0; i < document_count; i++) {
		const struct document *d = &documents[i];
		static const size_t steps[] = {1, 7, 1024};

		assert_int_equal(parse(whole, d->text, d->len, d->len), 0);
		for (size_t k = 0; k < 3; k++) {
			assert_int_equal(parse(pieces, d->text, d->len, steps[k]), 0);
			assert_true(same(whole, pieces));
		}
	}
	clear(whole);
	clear(pieces);
	free(whole);
	free(pieces);
}

static void cut_documents_fail(void **state)
{
	struct result *r = calloc(1, sizeof(*r));

	for (size_t i = 0; i < document_count; i++) {
		const struct document *d = &documents[i];
		size_t end = d->len;

		while (end && strchr(" \t\r\n", d->text[end - 1]))
			end--;
		for (size_t at = 0; at < end; at += 1024)
			assert_int_equal(parse(r, d->text, at, 4096), ERR_FORMAT);
		assert_int_equal(parse(r, d->text, end - 1, 4096), ERR_FORMAT);
	}
	clear(r);
	free(r);
}

static void flipped_bits_do_no_harm(void **state)
{
	struct result *r = calloc(1, sizeof(*r));
	unsigned bit = 0;

	for (size_t i = 0; i < document_count; i++) {
		const struct document *d = &documents[i];
		size_t step = d->len / 400 + 1;

		for (size_t at = i % step; at < d->len; at += step) {
			d->text[at] = (char)(d->text[at] ^ 1 << bit);
			parse(r, d->text, d->len, d->len / 3 + 1);
			d->text[at] = (char)(d->text[at] ^ 1 << bit);
			bit = (bit + 1) % 8;
		}
	}
	clear(r);
	free(r);
}

/* Every node of a document in turn replaced by values of other types. */

struct variants {
	json_t *root;
	struct result base, result;
	json_t *done; /* set of paths, indices left out: two of each are enough */
	size_t tried;
};

static void try_variant(struct variants *v, const char *path, size_t allowed)
{
	char *text = json_dumps(v->root, JSON_COMPACT);
	int rc = parse(&v->result, text, strlen(text), strlen(text));

	v->tried++;
	if (!strcmp(path, ".slaves") || !strcmp(path, ".frameworks")) {
		/* An array is one, whatever its items are; all else makes it no state. */
		if (rc != (json_is_array(json_object_get(v->root, path + 1)) ? 0 : ERR_FORMAT))
			fail_msg("%s of a wrong type: %d", path, rc);
	} else {
		if (rc)
			fail_msg("%s: %s", path, v->result.error);
		if (missing(&v->base, &v->result) > allowed)
			fail_msg("%s cost more than its element", path);
	}
	free(text);
}

static void walk(struct variants *v, json_t *node, const char *path);

static json_t *other_value(int n)
{
	switch (n) {
	case 0:
		return json_null();
	case 1:
		return json_true();
	case 2:
		return json_integer(7);
	case 3:
		return json_real(-1.5e300);
	case 4:
		return json_string("x");
	case 5:
		return json_array();
	case 6:
		return json_object();
	case 7:
		return json_pack("[s, [i], {s:s}]", "a", 1, "id", "b");
	default:
		return json_pack("{s:[s, i], s:{s:i}}", "id", "c", 2, "ports", "ports", 3);
	}
}

static void try_others(struct variants *v, json_t *parent, const char *key, size_t index, const char *path)
{
	json_t *seen = json_object_get(v->done, path);
	json_t *original = json_incref(key ? json_object_get(parent, key) : json_array_get(parent, index));
	size_t allowed = 1;

	if (json_integer_value(seen) >= 2) {
		json_decref(original);
		return;
	}
	json_object_set_new(v->done, path, json_integer(json_integer_value(seen) + 1));
	if (!strcmp(path, ".frameworks[]") || !strcmp(path, ".frameworks[].tasks"))
		allowed += json_array_size(
			json_is_object(original) ? json_object_get(original, "tasks") : original);
	if (!strcmp(path, ".frameworks[].id")) /* another id is the tasks' as well */
		allowed += json_array_size(json_object_get(parent, "tasks"));
	for (int n = 0; n < 9; n++) {
		if (key)
			json_object_set_new(parent, key, other_value(n));
		else
			json_array_set_new(parent, index, other_value(n));
		try_variant(v, path, allowed);
	}
	if (key)
		json_object_set(parent, key, original);
	else
		json_array_set(parent, index, original);
	walk(v, original, path);
	json_decref(original);
}

static void walk(struct variants *v, json_t *node, const char *path)
{
	char below[512];

	if (json_is_array(node)) {
		snprintf(below, sizeof(below), "%s[]", path);
		for (size_t i = 0; i < json_array_size(node); i++)
			try_others(v, node, NULL, i, below);
	} else if (json_is_object(node)) {
		json_t *copy = json_copy(node), *value;
		const char *key;

		json_object_foreach(copy, key, value)
		{
			/* Where nothing counts, nothing can go wrong that this does not try elsewhere. */
			if (!strcmp(key, "completed_tasks") || !strcmp(key, "executors") ||
				!strcmp(key, "offers"))
				continue;
			snprintf(below, sizeof(below), "%s.%s", path, key);
			try_others(v, node, key, 0, below);
		}
		json_decref(copy);
	}
}

static void wrong_types_cost_their_element(void **state)
{
	static const char *const names[] = {"mesos-1.12.0-real-A03-marathon.json",
		"mesos-1.12.0-real-C1-running-5050.json", "mesos-1.2.0-dcos-ui-kafka-sdk.json",
		"mesos-0.28.0-state3.json"};
	struct variants *v = calloc(1, sizeof(*v));

	for (size_t i = 0; i < document_count; i++) {
		const struct document *d = &documents[i];
		bool wanted = false;

		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
			wanted |= !strcmp(d->name, names[k]);
		if (!wanted)
			continue;
		v->root = json_loadb(d->text, d->len, 0, NULL);
		v->done = json_object();
		char *text = json_dumps(v->root, JSON_COMPACT);
		assert_int_equal(parse(&v->base, text, strlen(text), strlen(text)), 0);
		free(text);
		walk(v, v->root, "");
		json_decref(v->root);
		json_decref(v->done);
	}
	assert_true(v->tried > 1000);
	clear(&v->base);
	clear(&v->result);
	free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_are_read_right),
		cmocka_unit_test(pieces_make_no_difference),
		cmocka_unit_test(cut_documents_fail),
		cmocka_unit_test(flipped_bits_do_no_harm),
		cmocka_unit_test(wrong_types_cost_their_element),
	};

	return cmocka_run_group_tests(tests, read_documents, free_documents);
}
