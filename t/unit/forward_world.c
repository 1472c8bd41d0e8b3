/* SPDX-License-Identifier: Apache-2.0 */
#include "t/unit/forward_world.h"

#include <time.h>

#include "base/wire.h"

double world_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void read_reply(struct world *w, const struct forward_client *client, const uint8_t *p, size_t len)
{
	struct reply *r = &w->replies[w->count++];
	size_t at = 12;

	assert_true(w->count <= REPLIES && len >= 12);
	memset(r, 0, sizeof(*r));
	memcpy(&r->ticket, client->ticket, sizeof(r->ticket));
	r->id = wire_get_u16(p);
	r->flags = wire_get_u16(p + 2);
	r->rcode = r->flags & 15;
	r->answers = wire_get_u16(p + 6);
	r->len = len;
	r->at = world_clock();
	r->ede = -1;
	assert_true(r->flags & FLAG_QR);
	while (p[at])
		at += 1u + p[at];
	at += 5;
	if (r->answers)
		r->ttl = wire_get_u32(p + at + 6);
	if (wire_get_u16(p + 10) && len >= 17 && p[len - 17] == 0 && p[len - 16] == 0 && p[len - 15] == 41 &&
		wire_get_u16(p + len - 6) == 15)
		r->ede = wire_get_u16(p + len - 2);
}

static void on_reply(void *ctx, const struct forward_client *client, const uint8_t *reply, size_t len)
{
	read_reply(ctx, client, reply, len);
}

static void on_guard(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct world *w = timer->data;

	w->guarded = true;
}

struct world *world_new(fake_fn *first, fake_fn *second, fake_fn *third)
{
	struct world *w = calloc(1, sizeof(*w));
	fake_fn *const fns[SERVERS] = {first, second, third};

	assert_non_null(w);
	w->loop = ev_loop_new(EVFLAG_AUTO);
	assert_non_null(w->loop);
	for (int i = 0; i < SERVERS; i++) {
		fake_start(&w->servers[i], w->loop, fns[i], w);
		assert_int_equal(addr_parse(&w->addresses[i].addr, "127.0.0.1", 9), 0);
		w->addresses[i].port = w->servers[i].port;
		w->resolvers.count += fns[i] != NULL;
	}
	w->resolvers.items = w->addresses;
	assert_int_equal(addr_parse(&w->allow.addr, "127.0.0.0", 9), 0);
	w->allow.bits = 8;
	w->settings = (struct forward_settings){
		.resolvers = &w->resolvers,
		.allow = &w->allow,
		.allow_count = 1,
		.timeout = 1,
		.enabled = true,
		.recursion_available = true,
		.set_truncate_bit = true,
		.edns_udp_size = 1232,
		.cache = {.entries = 1000, .stale_max = 3600},
		.inflight_max = 4096,
		.clients_max = 16384,
		.clients_per_address_max = 1000,
	};
	ev_timer_init(&w->guard, on_guard, 20, 0);
	w->guard.data = w;
	return w;
}

void world_start(struct world *w)
{
	int err;

	ev_timer_start(w->loop, &w->guard);
	w->f = forwarder_new(w->loop, &w->settings, on_reply, w, &err);
	assert_non_null(w->f);
}

void world_free(struct world *w)
{
	forwarder_free(w->f);
	for (int i = 0; i < SERVERS; i++)
		fake_stop(&w->servers[i]);
	ev_timer_stop(w->loop, &w->guard);
	ev_loop_destroy(w->loop);
	free(w);
}

size_t make_query(const struct ask *a, uint16_t id, uint8_t packet[512])
{
	struct wire_writer w;
	uint8_t name[DNAME_MAX];
	size_t n = dname_from_text(name, a->name, strlen(a->name));

	assert_true(n > 0);
	wire_writer_init(&w, packet, 512);
	wire_write_u16(&w, id);
	wire_write_u16(&w, a->flags ? a->flags : FLAG_RD);
	wire_write_u16(&w, 1);
	wire_write_u16(&w, 0);
	wire_write_u16(&w, 0);
	wire_write_u16(&w, a->edns);
	wire_write(&w, name, n);
	wire_write_u16(&w, a->type ? a->type : 1);
	wire_write_u16(&w, CLASS_IN);
	if (a->edns) {
		wire_write_u8(&w, 0);
		wire_write_u16(&w, 41);
		wire_write_u16(&w, 1232);
		wire_write_u16(&w, 0);
		wire_write_u16(&w, a->dnssec_ok ? 0x8000 : 0);
		wire_write_u16(&w, 0);
	}
	return wire_written(&w);
}

enum forward_verdict ask_packet(
	struct world *w, const struct ask *a, uint32_t ticket, const uint8_t *packet, size_t len)
{
	static uint8_t reply[65535];
	struct forward_client client = {.tcp = a->tcp,
		.limit = a->limit  ? a->limit
			 : a->tcp  ? 65535
			 : a->edns ? 1232
				   : 512};
	const char *from = a->from ? a->from : "127.0.0.1";
	struct query query;
	size_t reply_len = 0;

	assert_int_equal(addr_parse(&client.addr, from, strlen(from)), 0);
	memcpy(client.ticket, &ticket, sizeof(ticket));
	query_parse(&query, packet, len);
	assert_int_equal(query.rcode, 0);
	enum forward_verdict v =
		forward_query(w->f, &client, &query, ticket * 2654435761u, reply, &reply_len);
	if (v == FORWARD_REPLY)
		read_reply(w, &client, reply, reply_len);
	return v;
}

enum forward_verdict ask(struct world *w, const struct ask *a, uint32_t ticket)
{
	uint8_t packet[512];
	size_t len = make_query(a, (uint16_t)ticket, packet);

	return ask_packet(w, a, ticket, packet, len);
}

void run_until(struct world *w, unsigned count)
{
	while (w->count < count && !w->guarded)
		ev_run(w->loop, EVRUN_ONCE);
	assert_int_equal(w->count, count);
}

void run_for(struct world *w, double seconds)
{
	for (double end = world_clock() + seconds; world_clock() < end; ev_run(w->loop, EVRUN_NOWAIT))
		;
}

struct reply get(struct world *w, const struct ask *a)
{
	unsigned count = w->count + 1;

	ask(w, a, count);
	run_until(w, count);
	assert_int_equal(w->replies[count - 1].id, count);
	return w->replies[count - 1];
}

void answers(struct fake_query *q)
{
	uint8_t reply[600];

	fake_send(q, reply, fake_reply(q, reply, 0, 2, 60));
}

void silent(struct fake_query *q)
{
}

void holds(struct fake_query *q)
{
	struct world *w = q->server->ctx;

	assert_true(w->held_count < 128);
	w->held[w->held_count++] = *q;
}

void fails(struct fake_query *q)
{
	uint8_t reply[600];

	fake_send(q, reply, fake_reply(q, reply, RCODE_SERVFAIL, 0, 0));
}
