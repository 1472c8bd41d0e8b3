/* SPDX-License-Identifier: Apache-2.0 */
#include "server/conn.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/siphash.h"
#include "server/counters.h"

#define SWEEPS_PER_TIMEOUT 4

static void on_sweep(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct conn_table *table = watcher->data;
	struct conn *conn, *next;

	for (unsigned state = 0; state < CONN_STATES; state++) {
		if (!(table->limits.state[state] > 0))
			continue;
		cds_list_for_each_entry_safe (conn, next, &table->states[state], in_state) {
			if (conn->since + table->limits.state[state] > ev_now(loop))
				break; /* those behind it came later */
			counter_add(&table->counters->tcp_timed_out, 1);
			conn_close(conn);
		}
	}
}

int conn_table_init(struct conn_table *table, struct ev_loop *loop, const struct conn_limits *limits,
	struct server_counters *counters)
{
	ev_tstamp interval = 1;

	*table = (struct conn_table){.loop = loop, .limits = *limits, .counters = counters};
	table->slots = calloc(limits->total, sizeof(*table->slots));
	if (!table->slots)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < limits->total; i++)
		table->slots[i].next_free = i + 1;
	for (unsigned i = 0; i < CONN_STATES; i++) {
		CDS_INIT_LIST_HEAD(&table->states[i]);
		if (limits->state[i] > 0 && limits->state[i] / SWEEPS_PER_TIMEOUT < interval)
			interval = limits->state[i] / SWEEPS_PER_TIMEOUT;
	}
	for (unsigned i = 0; i < CONN_BUCKETS; i++)
		CDS_INIT_LIST_HEAD(&table->buckets[i]);
	ev_init(&table->sweep, on_sweep);
	table->sweep.repeat = interval;
	table->sweep.data = table;
	return 0;
}

void conn_table_fini(struct conn_table *table)
{
	struct conn *conn, *next;

	for (unsigned state = 0; state < CONN_STATES; state++)
		cds_list_for_each_entry_safe (conn, next, &table->states[state], in_state)
			conn_close(conn);
	ev_timer_stop(table->loop, &table->sweep);
	free(table->slots);
}

void conn_close(struct conn *conn)
{
	struct conn_table *table = conn->table;
	struct conn_slot *slot = &table->slots[conn->slot];

	ev_io_stop(table->loop, &conn->io);
	close(conn->io.fd);
	cds_list_del(&conn->in_state);
	cds_list_del(&conn->in_bucket);
	table->pending -= conn->pending_len;
	slot->conn = NULL;
	slot->generation++;
	slot->next_free = table->free_slot;
	table->free_slot = conn->slot;
	free(conn->pending);
	free(conn);
	if (!--table->open)
		ev_timer_stop(table->loop, &table->sweep);
	counter_add(&table->counters->tcp_open, (uint64_t)-1);
}

static void evict(struct conn *conn)
{
	counter_add(&conn->table->counters->tcp_evicted, 1);
	conn_close(conn);
}

static bool evict_oldest(struct conn_table *table, enum conn_state state)
{
	if (cds_list_empty(&table->states[state]))
		return false;
	evict(cds_list_first_entry(&table->states[state], struct conn, in_state));
	return true;
}

bool conn_evict_idle(struct conn_table *table)
{
	return evict_oldest(table, CONN_IDLE);
}

/* Is there place for one more of this address, if need be by closing its connection that has been idle
 * longest? */
static bool place_for_address(
	const struct conn_table *table, const struct cds_list_head *bucket, const struct addr *peer)
{
	struct conn *conn, *oldest = NULL;
	unsigned count = 0;

	cds_list_for_each_entry (conn, bucket, in_bucket) {
		if (!addr_equal(&conn->peer, peer))
			continue;
		count++;
		if (conn->state == CONN_IDLE && (!oldest || conn->since < oldest->since))
			oldest = conn;
	}
	if (count < table->limits.per_address)
		return true;
	if (oldest)
		evict(oldest);
	return oldest;
}

/* Is there place for one more? Whoever holds a connection with half a query goes before newcomers are
 * refused. */
static bool place_in_all(struct conn_table *table)
{
	return table->open < table->limits.total || conn_evict_idle(table) ||
	       evict_oldest(table, CONN_READING);
}

struct conn *conn_open(struct conn_table *table, int fd, const struct addr *peer,
	void (*on_event)(struct ev_loop *, ev_io *, int))
{
	uint64_t hash = siphash13(&siphash_process_key, peer->bytes, sizeof(peer->bytes));
	struct cds_list_head *bucket = &table->buckets[hash % CONN_BUCKETS];
	struct conn *conn = NULL;

	if (place_for_address(table, bucket, peer) && place_in_all(table))
		conn = malloc(sizeof(*conn));
	if (!conn) {
		counter_add(&table->counters->tcp_refused, 1);
		close(fd);
		return NULL;
	}
	conn->table = table;
	conn->state = CONN_IDLE;
	conn->since = ev_now(table->loop);
	conn->peer = *peer;
	conn->waiting = 0;
	conn->closing = false;
	conn->slot = table->free_slot; /* there is one, as there is place in all */
	table->free_slot = table->slots[conn->slot].next_free;
	table->slots[conn->slot].conn = conn;
	conn->pending = NULL;
	conn->pending_at = conn->pending_len = conn->in_used = 0;
	cds_list_add_tail(&conn->in_state, &table->states[CONN_IDLE]);
	cds_list_add(&conn->in_bucket, bucket);
	ev_io_init(&conn->io, on_event, fd, EV_READ);
	ev_io_start(table->loop, &conn->io);
	if (!table->open++)
		ev_timer_again(table->loop, &table->sweep);
	counter_add(&table->counters->tcp_accepted, 1);
	counter_add(&table->counters->tcp_open, 1);
	return conn;
}

void conn_enter(struct conn *conn, enum conn_state state)
{
	conn->state = state;
	conn->since = ev_now(conn->table->loop);
	cds_list_del(&conn->in_state);
	cds_list_add_tail(&conn->in_state, &conn->table->states[state]);
}

struct conn_ref conn_reference(const struct conn *conn)
{
	return (struct conn_ref){conn->slot, conn->table->slots[conn->slot].generation};
}

struct conn *conn_find(const struct conn_table *table, struct conn_ref ref)
{
	const struct conn_slot *slot = &table->slots[ref.slot];

	return slot->generation == ref.generation ? slot->conn : NULL;
}
