/* SPDX-License-Identifier: Apache-2.0 */
/* A feed with a store of its own and fake host names, which takes documents through the real parser; and digests of
 * the zone that comes of them. */
#ifndef T_UNIT_FEED_H
#define T_UNIT_FEED_H

#include "t/unit/unit.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>

#include "base/err.h"
#include "base/log.h"
#include "base/rcu.h"
#include "mesos/feed.h"
#include "zone/dump.h"

struct host { /* a name that can be looked up */
	const char *name, *address;
	bool known; /* the answer has come */
};

struct rig {
	struct conf conf;
	struct conf_endpoint masters[4];
	struct addr listener;
	struct zone_store *store;
	struct feed *feed;
	struct host hosts[8];
	struct cluster_master leader;
	bool asked; /* for a name whose answer has not come, since the last answer */
	double now; /* virtual time */
};

static size_t rig_lookup(void *arg, const char *host, size_t len, struct addr *out, size_t room)
{
	struct rig *rig = arg;

	for (const struct host *h = rig->hosts; h->name; h++) {
		if (strlen(h->name) != len || memcmp(h->name, host, len) != 0)
			continue;
		if (h->known && h->address && room) {
			assert_int_equal(addr_parse(out, h->address, strlen(h->address)), 0);
			return 1;
		}
		rig->asked |= !h->known;
	}
	return 0;
}

static bool rig_idle(void *arg)
{
	return !((struct rig *)arg)->asked;
}

/* The answer for a name. */
static inline void rig_answer(struct rig *rig, const char *name, const char *address)
{
	rig->asked = false;
	for (struct host *h = rig->hosts; h->name; h++) {
		if (!strcmp(h->name, name)) {
			h->known = true;
			h->address = address;
		}
		rig->asked |= !h->known;
	}
	feed_hosts_changed(rig->feed);
}

static double rig_now(void *arg)
{
	return ((struct rig *)arg)->now;
}

/* Time passes until nothing is waited for any more. */
static inline void rig_settle(struct rig *rig)
{
	for (int i = 0; !isinf(feed_due_in(rig->feed)); i++) {
		assert_true(i < 100);
		rig->now += feed_due_in(rig->feed);
		feed_tick(rig->feed);
	}
}

/* Fills in what a test has not set before. */
static inline void rig_start(struct rig *rig)
{
	static char domain[] = "mesos", mname[] = "ns1.mesos.", rname[] = "root.ns1.mesos.", host[] = "127.0.0.1";
	const struct feed_hosts hosts = {rig, rig_lookup, rig_idle};
	const struct zone_soa soa = {.mname = mname, .rname = rname, .ttl = 60, .refresh = 60, .retry = 600,
		.expire = 86400, .minimum = 60};
	struct conf *conf = &rig->conf;
	int err;

	assert_int_equal(addr_parse(&rig->listener, "127.0.0.1", 9), 0);
	conf->domain = domain;
	conf->soa_mname = mname;
	conf->soa_rname = rname;
	conf->ttl = 60;
	conf->listeners = &rig->listener;
	conf->listener_count = 1;
	conf->srv_record_default_weight = 1;
	conf->enumeration_on = true;
	if (!rig->masters[0].host)
		rig->masters[0] = (struct conf_endpoint){host, 15050};
	conf->masters.items = rig->masters;
	while (conf->masters.count < 4 && rig->masters[conf->masters.count].host)
		conf->masters.count++;
	if (!conf->ip_source_count) {
		conf->ip_sources[0] = CONF_IP_NETINFO;
		conf->ip_sources[1] = CONF_IP_MESOS;
		conf->ip_sources[2] = CONF_IP_HOST;
		conf->ip_source_count = 3;
	}
	rig->store = zone_store_new(domain, &soa, &err);
	assert_non_null(rig->store);
	rig->feed = feed_new(conf, rig->store, &hosts, NULL, 0);
	assert_non_null(rig->feed);
	feed_set_clock(rig->feed, &(struct feed_clock){rig_now, rig});
}

static inline struct rig *rig_new(void)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	rig->conf.health_aware = true;
	rig_start(rig);
	return rig;
}

static inline void rig_free(struct rig *rig)
{
	if (!rig)
		return;
	feed_free(rig->feed);
	zone_store_free(rig->store);
	free(rig);
}

static int rig_take_leader(void *arg, const char *text, size_t len)
{
	struct rig *rig = arg;
	const char *host;
	size_t host_len;

	rig->leader = (struct cluster_master){0};
	if (!cluster_parse_pid(text, len, &host, &host_len, &rig->leader.port) &&
		!addr_parse(rig->leader.addrs, host, host_len))
		rig->leader.addr_count = 1;
	return 0;
}

static int rig_element(void *arg, struct cluster_builder *b)
{
	struct state_sink sink = feed_sink(((struct rig *)arg)->feed);

	return sink.element(sink.ctx, b);
}

static int rig_master_id(void *arg, const char *id, size_t len)
{
	struct state_sink sink = feed_sink(((struct rig *)arg)->feed);

	return sink.master_id(sink.ctx, id, len);
}

static int rig_recovered_list(void *arg)
{
	struct state_sink sink = feed_sink(((struct rig *)arg)->feed);

	return sink.recovered_list(sink.ctx);
}

static int rig_recovered(void *arg, const char *id, size_t len)
{
	struct state_sink sink = feed_sink(((struct rig *)arg)->feed);

	return sink.recovered_agent(sink.ctx, id, len);
}

static int rig_completed(void *arg, const char *id, size_t len)
{
	struct state_sink sink = feed_sink(((struct rig *)arg)->feed);

	return sink.completed_framework(sink.ctx, id, len);
}

static int rig_timeout(void *arg, const char *text, size_t len)
{
	struct state_sink sink = feed_sink(((struct rig *)arg)->feed);

	return sink.reregister_timeout(sink.ctx, text, len);
}

static int rig_registry(void *arg, const char *text, size_t len)
{
	struct state_sink sink = feed_sink(((struct rig *)arg)->feed);

	return sink.registry(sink.ctx, text, len);
}

static void rig_skipped(void *arg, enum state_skip reason, const char *text)
{
	struct state_sink sink = feed_sink(((struct rig *)arg)->feed);

	sink.skipped(sink.ctx, reason, text);
}

/* Returns what the parser says: 0 for a document that was taken. */
static inline int rig_take(struct rig *rig, const char *text, size_t len)
{
	const struct state_sink sink = {.ctx = rig, .leader = rig_take_leader, .element = rig_element,
		.master_id = rig_master_id, .recovered_list = rig_recovered_list, .recovered_agent = rig_recovered,
		.completed_framework = rig_completed, .reregister_timeout = rig_timeout, .registry = rig_registry,
		.skipped = rig_skipped};
	struct state_parser *p = state_parser_new(&sink);

	feed_document_begin(rig->feed);
	rig->leader = (struct cluster_master){0};
	int rc = state_parser_feed(p, text, len);
	if (!rc)
		rc = state_parser_finish(p);
	assert_int_equal(feed_document_end(rig->feed, !rc, &rig->leader), 0);
	state_parser_free(p);
	return rc;
}

static inline struct feed_counters rig_counters(const struct rig *rig)
{
	struct feed_counters counters;

	feed_get_counters(rig->feed, &counters);
	return counters;
}

static inline uint32_t rig_serial(const struct rig *rig)
{
	return zone_store_read(rig->store)->serial;
}

/* The zone as text, without the SOA record that holds the serial. */
static inline char *rig_dump(const struct rig *rig)
{
	static char *text; /* static: gcc fears a dangling pointer otherwise */
	static size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(zone_dump(zone_store_read(rig->store), out), 0);
	fclose(out);
	const char *rest = strchr(text, '\n');
	memmove(text, rest ? rest + 1 : "", rest ? strlen(rest + 1) + 1 : 1);
	return text;
}

/* Is `record` ("NAME TYPE VALUE", as zone_dump() has it) in the zone? */
static inline bool rig_has(const struct rig *rig, const char *name, const char *type, const char *value)
{
	char *dump = rig_dump(rig), line[1024];

	snprintf(line, sizeof(line), "%s\t60\tIN\t%s\t%s\n", name, type, value);
	const char *at = strstr(dump, line);
	bool has = at && (at == dump || at[-1] == '\n');
	free(dump);
	return has;
}

/* What is published of the cluster: every element. */
static inline uint64_t rig_view_digest(const struct cluster_view *view)
{
	size_t from = offsetof(struct cluster_element, size);
	uint64_t sum = view != NULL;

	for (int kind = 0; view && kind <= CLUSTER_TASK; kind++) {
		struct pmap_iter it = pmap_iter(view->maps.of[kind]);

		for (const struct cluster_element *e; (e = pmap_next(&it));)
			sum += siphash13(&siphash_process_key, (const uint8_t *)e + from, e->size - from);
	}
	return sum;
}

/* What is published: every record with what it carries of other names, the tree that the names make, and the cluster
 * that they were made from. */
static inline uint64_t rig_digest(const struct rig *rig)
{
	const struct zone_snapshot *snapshot = zone_store_read(rig->store);
	struct pmap_iter it = pmap_iter(snapshot->nodes);
	uint64_t sum = (snapshot->zones[0].node != NULL) + rig_view_digest(snapshot->cluster);

	for (const struct zone_node *node; (node = pmap_next(&it));) {
		const uint8_t *name = zone_node_name(node);
		struct siphash_key key = siphash_process_key;
		uint32_t tree[2] = {node->children, node->flags};

		key.k[0] ^= siphash13(&siphash_process_key, name, node->name_len);
		sum += siphash13(&key, (const uint8_t *)tree, sizeof(tree));
		for (unsigned s = 0; s < node->set_count && node->sets[s].count; s++) {
			const struct zone_rrset *set = &node->sets[s];

			for (uint32_t i = 0; set->type != RR_SOA && i < set->count; i++) {
				const uint8_t *slot = zone_rrset_slot(set, i);

				sum += siphash13(&key, slot, (size_t)(zone_rrset_slot(set, i + 1) - slot));
			}
		}
	}
	return sum;
}

/* The digest of the zone that the document makes by itself. */
static inline uint64_t fresh_digest(const char *text, size_t len)
{
	struct rig *rig = rig_new();

	assert_int_equal(rig_take(rig, text, len), 0);
	uint64_t digest = rig_digest(rig);
	rig_free(rig);
	return digest;
}

/* Once in a process: the key must not change under a store. */
static inline int rigs_init(void **state)
{
	log_set_level(LOG_LEVEL_ERROR);
	return siphash_init();
}

/* The recorded documents: those in t/data, and where the captures are, all. */

struct document {
	char name[300];
	char *text;
	size_t len;
	uint64_t digest;
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
		char file[1400];
		size_t len = strlen(entry->d_name);
		bool known = len < 6 || strcmp(entry->d_name + len - 5, ".json") != 0 ||
			     strstr(entry->d_name, ".axfr.") || strstr(entry->d_name, ".enumerate.");

		for (size_t i = 0; i < document_count; i++)
			known |= !strcmp(documents[i].name, entry->d_name);
		if (known)
			continue;
		assert_true(document_count < 64);
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		FILE *f = fopen(file, "r");
		assert_non_null(f);
		snprintf(d->name, sizeof(d->name), "%s", entry->d_name);
		d->text = malloc(1 << 20);
		d->len = fread(d->text, 1, 1 << 20, f);
		assert_true(d->len > 0 && d->len < 1 << 20);
		fclose(f);
		/* a block of its own size, so that the sanitizer sees a read beyond it */
		d->text = realloc(d->text, d->len);
		document_count++;
	}
	closedir(dir);
	return 0;
}

static int by_size(const void *va, const void *vb)
{
	const struct document *a = va, *b = vb;

	return a->len != b->len ? (a->len < b->len ? -1 : 1) : strcmp(a->name, b->name);
}

static inline int read_documents(void **state)
{
	const char *source = getenv("MN_SRCDIR") ? getenv("MN_SRCDIR") : ".";
	char path[900];

	assert_int_equal(rigs_init(state), 0);
	snprintf(path, sizeof(path), "%s/t/data/state", source);
	assert_int_equal(read_folder(path), 0);
	snprintf(path, sizeof(path), "%s/../shared/captures/state", source);
	if (read_folder(path))
		print_message("# skipped: the documents of ../shared/captures/state, which is not there\n");
	assert_true(document_count > 0);
	qsort(documents, document_count, sizeof(documents[0]), by_size);
	for (size_t i = 0; i < document_count; i++)
		documents[i].digest = fresh_digest(documents[i].text, documents[i].len);
	return 0;
}

static inline int free_documents(void **state)
{
	while (document_count)
		free(documents[--document_count].text);
	return 0;
}

#endif
