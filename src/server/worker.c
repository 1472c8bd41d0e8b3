/* SPDX-License-Identifier: Apache-2.0 */
#include "server/worker.h"

#include <signal.h>
#include <sys/random.h>

#include "base/err.h"
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

static void count_reply(struct server_counters *counters, enum answer_transport transport, size_t len,
	unsigned rcode, bool truncated)
{
	server_count(&counters->replies[transport], 1);
	server_count(&counters->bytes_out[transport], len);
	server_count(&counters->rcodes[rcode], 1);
	if (truncated)
		server_count(&counters->truncated[transport], 1);
}

void worker_answer(struct worker *worker, const struct zone_snapshot *snapshot,
	enum answer_transport transport, const uint8_t *query, size_t query_len, uint8_t *reply,
	size_t reply_size, struct answer_result *result)
{
	struct server_counters *counters = &worker->counters;

	answer_query(&worker->settings->answer, snapshot, transport, next_random(worker), query, query_len,
		reply, reply_size, result);
	server_count(&counters->queries[transport], 1);
	server_count(&counters->bytes_in[transport], query_len);
	if (result->verdict == ANSWER_DROP) {
		server_count(&counters->ignored, 1);
		return;
	}
	if (result->qtype)
		server_count(&counters->qtypes[server_qtype_of(result->qtype)], 1);
	if (result->verdict == ANSWER_REPLY)
		count_reply(counters, transport, result->reply_len, result->rcode, result->truncated);
	else
		server_count(&counters->outside, 1);
}

static void count_forwarded(
	struct server_counters *counters, enum answer_transport transport, const uint8_t *reply, size_t len)
{
	uint16_t flags = wire_get_u16(reply + 2);

	count_reply(counters, transport, len, flags & 15, flags & FLAG_TC);
}

bool worker_forward(struct worker *worker, enum answer_transport transport, struct forward_client *client,
	uint8_t *reply, struct answer_result *result)
{
	size_t len = result->reply_len;

	if (worker->forwarder) {
		client->tcp = transport == ANSWER_TCP;
		client->limit = result->limit;
		if (forward_query(worker->forwarder, client, &result->query, next_random(worker), reply,
			    &len) == FORWARD_WAITING)
			return false;
		result->reply_len = (uint16_t)len;
	}
	count_forwarded(&worker->counters, transport, reply, len);
	return true;
}

static void on_forwarded(void *ctx, const struct forward_client *client, const uint8_t *reply, size_t len)
{
	struct worker *worker = ctx;
	enum answer_transport transport = client->tcp ? ANSWER_TCP : ANSWER_UDP;

	count_forwarded(&worker->counters, transport, reply, len);
	if (client->tcp)
		tcp_reply(worker->tcp, client->ticket, reply, len);
	else
		udp_reply(worker->udp, client->ticket, reply, len);
}

static void on_wake(struct ev_loop *loop, ev_async *watcher, int events)
{
	ev_break(loop, EVBREAK_ALL);
}

static void before_wait(struct ev_loop *loop)
{
	rcu_reader_offline();
}

static void after_wait(struct ev_loop *loop)
{
	rcu_reader_online();
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
	ev_set_loop_release_cb(worker->loop, before_wait, after_wait);
	ev_async_init(&worker->wake, on_wake);
	ev_async_start(worker->loop, &worker->wake);
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
		ev_loop_destroy(worker->loop);
	}
}

static void *run(void *arg)
{
	struct worker *worker = arg;

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
