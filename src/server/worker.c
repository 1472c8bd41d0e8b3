/* SPDX-License-Identifier: Apache-2.0 */
#include "server/worker.h"

#include <signal.h>
#include <sys/random.h>
#include <time.h>

#include "base/err.h"
#include "base/priority.h"
#include "base/rcu.h"
#include "base/wire.h"
#include "server/tcp.h"
#include "server/udp.h"

/* splitmix64 (Steele and others, 2014): where rotation starts is no secret, it only has to be even. */
static uint32_t next_random(struct worker *worker)
{
	uint64_t z = worker->random += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return (uint32_t)(z >> 32);
}

static void count_reply(struct server_counters *counters, enum answer_transport transport, uint16_t qtype,
	unsigned rcode, size_t len, bool truncated)
{
	counter_add(&counters->replies[transport][server_qtype_of(qtype)][rcode], 1);
	counter_add(&counters->bytes_out[transport], len);
	if (truncated)
		counter_add(&counters->truncated[transport], 1);
}

void worker_answer(struct worker *worker, const struct zone_snapshot *snapshot,
	enum answer_transport transport, const struct query *query, size_t query_len, uint8_t *reply,
	size_t reply_size, struct answer_result *result)
{
	struct server_counters *counters = &worker->counters;

	answer_query(&worker->settings->answer, snapshot, transport, next_random(worker), query, reply, reply_size,
		result);
	counter_add(&counters->queries[transport], 1);
	counter_add(&counters->bytes_in[transport], query_len);
	switch (result->verdict) {
	case ANSWER_REPLY:
		count_reply(counters, transport, query->qtype, result->rcode, result->reply_len, result->truncated);
		break;
	case ANSWER_OUTSIDE:
		counter_add(&counters->outside, 1);
		break;
	case ANSWER_DROP:
		counter_add(&counters->dropped[query_len < DNS_HEADER ? SERVER_DROP_SHORT : SERVER_DROP_RESPONSE], 1);
		break;
	}
}

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void worker_count_latency(struct worker *worker, enum answer_transport transport, unsigned replies)
{
	if (replies)
		histogram_add(&worker->counters.latency[transport], clock_ns() - worker->woken, replies);
}

static void count_forwarded(struct server_counters *counters, enum answer_transport transport, uint16_t qtype,
	const uint8_t *reply, size_t len)
{
	uint16_t flags = wire_get_u16(reply + 2);

	count_reply(counters, transport, qtype, flags & 15, len, flags & FLAG_TC);
}

bool worker_forward(struct worker *worker, enum answer_transport transport, struct forward_client *client,
	const struct query *query, uint8_t *reply, struct answer_result *result)
{
	size_t len = result->reply_len;

	if (worker->forwarder) {
		client->tcp = transport == ANSWER_TCP;
		client->qtype = query->qtype;
		client->limit = result->limit;
		if (forward_query(worker->forwarder, client, query, next_random(worker), reply, &len) ==
			FORWARD_WAITING)
			return false;
		result->reply_len = (uint16_t)len;
	}
	count_forwarded(&worker->counters, transport, query->qtype, reply, len);
	return true;
}

static void on_forwarded(void *ctx, const struct forward_client *client, const uint8_t *reply, size_t len)
{
	struct worker *worker = ctx;
	enum answer_transport transport = client->tcp ? ANSWER_TCP : ANSWER_UDP;

	count_forwarded(&worker->counters, transport, client->qtype, reply, len);
	if (client->tcp)
		tcp_reply(worker->tcp, client->ticket, reply, len);
	else
		udp_reply(worker->udp, client->ticket, reply, len);
}

static void on_wake(struct ev_loop *loop, ev_async *watcher, int events)
{
	ev_break(loop, EVBREAK_ALL);
}

static void on_ping(struct ev_loop *loop, ev_async *watcher, int events)
{
	struct worker *worker = watcher->data;

	counter_add(&worker->pongs, 1);
}

static void before_wait(struct ev_loop *loop)
{
	rcu_reader_offline();
}

static void after_wait(struct ev_loop *loop)
{
	struct worker *worker = ev_userdata(loop);

	rcu_reader_online();
	worker->woken = clock_ns();
}

int worker_init(struct worker *worker, const struct server_settings *settings)
{
	int err = 0;

	*worker = (struct worker){.settings = settings};
	if (getrandom(&worker->random, sizeof(worker->random), 0) != sizeof(worker->random))
		return ERR_SYSTEM;
	worker->loop = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOENV);
	if (!worker->loop)
		return ERR_SYSTEM;
	ev_set_userdata(worker->loop, worker);
	ev_set_loop_release_cb(worker->loop, before_wait, after_wait);
	ev_async_init(&worker->wake, on_wake);
	ev_async_start(worker->loop, &worker->wake);
	ev_async_init(&worker->ping, on_ping);
	worker->ping.data = worker;
	ev_async_start(worker->loop, &worker->ping);
	worker->udp = udp_new(worker);
	worker->tcp = tcp_new(worker);
	if (!worker->udp || !worker->tcp)
		return ERR_NOMEM;
	if (settings->forward)
		worker->forwarder =
			forwarder_new(worker->loop, settings->forward, on_forwarded, worker, &err);
	return err;
}

void worker_fini(struct worker *worker)
{
	if (worker->forwarder)
		forwarder_free(worker->forwarder); /* before those that its replies go to */
	udp_free(worker->udp);
	tcp_free(worker->tcp);
	if (worker->loop) {
		ev_async_stop(worker->loop, &worker->wake);
		ev_async_stop(worker->loop, &worker->ping);
		ev_loop_destroy(worker->loop);
	}
}

static void *run(void *arg)
{
	struct worker *worker = arg;

	priority_answer_soon();
	rcu_reader_register();
	ev_run(worker->loop, 0);
	rcu_reader_unregister();
	return NULL;
}

int worker_start(struct worker *worker)
{
	sigset_t all, saved;

	sigfillset(&all); /* signals are the main thread's */
	pthread_sigmask(SIG_SETMASK, &all, &saved);
	worker->running = !pthread_create(&worker->thread, NULL, run, worker);
	pthread_sigmask(SIG_SETMASK, &saved, NULL);
	if (!worker->running)
		return ERR_SYSTEM;
	pthread_setname_np(worker->thread, "answer");
	return 0;
}

void worker_stop(struct worker *worker)
{
	if (worker->running)
		ev_async_send(worker->loop, &worker->wake);
}

void worker_join(struct worker *worker)
{
	if (worker->running)
		pthread_join(worker->thread, NULL);
	worker->running = false;
}
