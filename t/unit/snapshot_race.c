/* SPDX-License-Identifier: Apache-2.0 */
/* Queries while the zone changes: each reply shows one version of the zone, whole; each pinned snapshot shows the
 * cluster that its zone was made from. Under ThreadSanitizer this shows as well that publication and reclaiming are
 * sound. */
#include "t/unit/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "t/unit/feed.h"
#include "t/unit/server_client.h"

#define ADDRESSES   20  /* of the name that is asked for */
#define BYSTANDERS  200 /* names, so that pages are split and shared */
#define GENERATIONS 200
#define CLIENTS     2
#define TASKS       300

static struct server *server;
static _Atomic bool done;
static _Atomic unsigned long replies;

static void lines_of(unsigned generation, char *out)
{
	for (unsigned i = 0; i < ADDRESSES; i++)
		out += sprintf(out, "web A 10.%u.0.%u\n", generation % 250, i);
	for (unsigned i = 0; i < BYSTANDERS / 20; i++)
		out += sprintf(out, "task-%u.marathon A 10.0.0.1\n", (generation * 7 + i * 13) % BYSTANDERS);
	sprintf(out, "_web._tcp SRV 0 1 %u web\n", 1000 + generation % 250);
}

/* The addresses in the reply, which must all be of one generation; where there is an SRV record, of its. */
static void check_one_version(const struct client_reply *reply)
{
	unsigned records = 0, generation = 0;
	size_t at = 12;

	while (reply->bytes[at])
		at += 1u + reply->bytes[at];
	at += 5;
	while (at < reply->len) {
		const uint8_t *rr = reply->bytes + at;
		uint16_t type = wire_get_u16(rr + 2);
		unsigned shown = type == RR_A ? rr[13] : wire_get_u16(rr + 16) - 1000u;

		assert_true(type == RR_A || type == RR_SRV);
		if (records++)
			assert_int_equal(shown, generation);
		generation = shown;
		at += zone_rr_size(rr);
	}
	assert_int_equal(at, reply->len);
}

static void *ask_all_the_time(void *arg)
{
	bool tcp = arg;
	struct client_reply *reply = malloc(sizeof(*reply));
	int fd = client_open("127.0.0.1", tcp ? SOCK_STREAM : SOCK_DGRAM, server_port(server));

	while (!done) {
		assert_int_equal(client_ask(fd, tcp, "web.mesos", RR_A, reply), ADDRESSES);
		check_one_version(reply);
		assert_int_equal(client_ask(fd, tcp, "_web._tcp.mesos", RR_SRV, reply), 1);
		check_one_version(reply);
		client_ask(fd, tcp, "task-77.marathon.mesos", RR_A, reply);
		replies += 3;
	}
	close(fd);
	free(reply);
	return NULL;
}

static void replies_show_one_version(void **state)
{
	static char before[65536], after[65536];
	struct addr addr = {.bytes = {127, 0, 0, 1}, .len = 4};
	char error[SERVER_ERROR_MAX];
	pthread_t clients[CLIENTS];

	lines_of(0, before);
	struct zone_store *store = answer_zone_new("mesos", before);
	struct server_settings settings = {.addresses = &addr,
		.address_count = 1,
		.workers = 2,
		.store = store,
		.answer = {.edns_udp_size = 1232, .set_truncate_bit = true}};
	server = server_new(&settings, error);
	assert_non_null(server);
	assert_int_equal(server_start(server), 0);
	for (size_t i = 0; i < CLIENTS; i++)
		assert_int_equal(pthread_create(&clients[i], NULL, ask_all_the_time, i ? server : NULL), 0);
	for (unsigned generation = 1; generation <= GENERATIONS || replies < GENERATIONS; generation++) {
		struct zone_txn *txn = zone_txn_begin(store, 0);
		struct zone_commit commit;

		lines_of(generation, after);
		answer_zone_write(txn, 0, "mesos", before, -1);
		answer_zone_write(txn, 0, "mesos", after, 1);
		assert_int_equal(zone_txn_commit(txn, &commit), 0);
		assert_true(commit.changed);
		memcpy(before, after, sizeof(before));
	}
	done = true;
	for (size_t i = 0; i < CLIENTS; i++)
		pthread_join(clients[i], NULL);
	server_free(server);
	zone_store_free(store);
}

/* A cluster whose tasks come, go and move. */
static size_t document_of(unsigned generation, char *out)
{
	const char *from = out;

	out += sprintf(out, "{\"leader\":\"master@10.0.0.1:5050\",\"slaves\":[{\"id\":\"S1\",\"hostname\":\"one\","
		"\"pid\":\"slave(1)@10.0.0.%u:5051\"}],\"frameworks\":[{\"id\":\"F1\",\"name\":\"marathon\",\"tasks\":[",
		generation % 200 + 1);
	for (unsigned i = 0, tasks = 0; i < TASKS; i++) {
		if ((i + generation) % 4 == 0)
			continue;
		out += sprintf(out, "%s{\"id\":\"id-%u\",\"name\":\"task-%u\",\"framework_id\":\"F1\","
			"\"slave_id\":\"S1\",\"state\":\"TASK_RUNNING\",\"resources\":{\"ports\":\"[%u-%u]\"}}",
			tasks++ ? "," : "", i, i, 1000 + generation % 1000 * (i % 3), 1001 + generation % 1000 * (i % 3));
	}
	return (size_t)(out + sprintf(out, "]}]}") - from);
}

struct held {
	const struct zone_snapshot *snapshot;
	unsigned records;
};

/* A record that the snapshot's tasks make is in the snapshot's zone. */
static void record_is_there(void *arg, const struct naming_record *r)
{
	struct held *held = arg;
	const struct zone_node *node = zone_find(held->snapshot, r->owner, r->owner_len);
	const struct zone_rrset *set = node ? zone_rrset_of(node, r->type) : NULL;
	bool found = false;

	assert_non_null(set);
	for (uint32_t i = 0; i < set->count && !found; i++) {
		const uint8_t *rdata = zone_rrset_slot(set, i) + RR_FIXED;

		found = r->type == RR_SRV ? wire_get_u16(rdata + 4) == r->port
					  : !memcmp(rdata, r->addr->bytes, r->addr->len);
	}
	assert_true(found);
	held->records++;
}

static unsigned walk_cluster(struct naming *naming, const struct zone_snapshot *snapshot)
{
	const struct cluster_maps *maps = &snapshot->cluster->maps;
	struct held held = {.snapshot = snapshot};
	const struct naming_sink sink = {.arg = &held, .record = record_is_there};
	struct pmap_iter it = pmap_iter(maps->of[CLUSTER_TASK]);

	for (const struct cluster_task *task; (task = pmap_next(&it));) {
		const char *agent = cluster_text(task, task->agent_id);
		const char *framework = cluster_text(task, task->framework_id);

		naming_task(naming, task,
			(const void *)cluster_maps_find(maps, CLUSTER_AGENT, "", 0, agent, task->agent_id.len),
			(const void *)cluster_maps_find(
				maps, CLUSTER_FRAMEWORK, "", 0, framework, task->framework_id.len),
			&sink);
	}
	return held.records;
}

static void *walk_all_the_time(void *arg)
{
	const struct naming_settings settings = {.domain = "mesos", .srv_weight = 1,
		.ip_sources = {CONF_IP_HOST}, .ip_source_count = 1};
	struct naming *naming = naming_new(&settings);
	struct zone_store *store = arg;

	while (!done) {
		const struct zone_snapshot *snapshot = zone_store_pin(store), *later;
		unsigned records = walk_cluster(naming, snapshot);

		assert_true(records >= TASKS / 4 * 3);
		do {
			later = zone_store_pin(store);
			zone_store_unpin(store, later);
		} while (later == snapshot && !done);
		assert_int_equal(walk_cluster(naming, snapshot), records);
		zone_store_unpin(store, snapshot);
		replies++;
	}
	naming_free(naming);
	return NULL;
}

static void snapshots_show_their_cluster(void **state)
{
	static char text[TASKS * 256];
	pthread_t readers[CLIENTS];
	struct rig *rig = rig_new();

	done = false;
	replies = 0;
	assert_int_equal(rig_take(rig, text, document_of(0, text)), 0);
	for (size_t i = 0; i < CLIENTS; i++)
		assert_int_equal(pthread_create(&readers[i], NULL, walk_all_the_time, rig->store), 0);
	for (unsigned generation = 1; generation <= GENERATIONS || replies < GENERATIONS / 4; generation++)
		assert_int_equal(rig_take(rig, text, document_of(generation, text)), 0);
	done = true;
	for (size_t i = 0; i < CLIENTS; i++)
		pthread_join(readers[i], NULL);
	rig_free(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(snapshots_show_their_cluster),
		cmocka_unit_test(replies_show_one_version),
	};

	return cmocka_run_group_tests_name("snapshot_race", tests, rigs_init, NULL);
}
