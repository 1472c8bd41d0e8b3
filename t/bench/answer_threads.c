/* SPDX-License-Identifier: Apache-2.0 */
#include "t/bench/answer_threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/rcu.h"
#include "server/worker.h"
#include "t/bench/many_names.h"
#include "t/unit/answer_zone.h"

#define NAMES       10000
#define THREADS     2
#define BATCH       32
#define ROUNDS      5
#define ROUND_NS    200000000 /* of each kind in each round */
#define VERSION_NS  1000000   /* between new versions, each pinned once */
#define QUERIES_MAX (MANY_QUERIES / THREADS)

/* What of a worker answers, and writes. */
struct answerer {
	_Alignas(CACHE_LINE) struct worker own;
	struct worker *worker; /* &own, or another's */
	struct query queries[BATCH];
	uint8_t reply[4096];
	const uint8_t *packets;
	unsigned cpu;
	uint64_t answers;
	double ns; /* of CPU */
	pthread_t thread;
};

static _Atomic bool done;

static void answer_batch(struct answerer *a, const struct zone_snapshot *snapshot, const uint8_t *packets)
{
	struct answer_result result;

	for (unsigned i = 0; i < BATCH; i++) {
		query_parse(&a->queries[i], packets + (size_t)i * MANY_SIZE + 1, packets[(size_t)i * MANY_SIZE]);
		answer_prefetch(snapshot, &a->queries[i], 0);
	}
	for (unsigned step = 1; step < ANSWER_PREFETCH_STEPS; step++)
		for (unsigned i = 0; i < BATCH; i++)
			answer_prefetch(snapshot, &a->queries[i], step);
	for (unsigned i = 0; i < BATCH; i++) {
		worker_answer(a->worker, snapshot, ANSWER_UDP, &a->queries[i], packets[(size_t)i * MANY_SIZE], a->reply,
			sizeof(a->reply), &result);
		if (result.rcode || !result.reply_len)
			abort();
	}
}

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void *answer_all_the_time(void *arg)
{
	struct answerer *a = arg;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(a->cpu, &cpus);
	pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus); /* where there is such a core */
	rcu_reader_register();
	a->answers = 0;
	a->ns = cpu_ns();
	for (size_t at = 0; !atomic_load_explicit(&done, memory_order_relaxed); at = (at + BATCH) % QUERIES_MAX) {
		answer_batch(a, zone_store_read(a->worker->settings->store), a->packets + at * MANY_SIZE);
		rcu_reader_quiescent();
		a->answers += BATCH;
	}
	a->ns = cpu_ns() - a->ns;
	rcu_reader_unregister();
	return NULL;
}

static void publish_for(struct zone_store *store, uint64_t ns)
{
	for (uint64_t version = 0; version < ns / VERSION_NS; version++) {
		answer_zone_change(store, 0, "mesos", "new.marathon A 10.0.0.1\n", version % 2 ? -1 : 1);
		zone_store_unpin(store, zone_store_pin(store));
		nanosleep(&(struct timespec){.tv_nsec = VERSION_NS}, NULL);
	}
}

/* Nanoseconds of CPU an answer, of so many threads at once. */
static double run(struct answerer *answerers, unsigned count, bool shared, struct zone_store *store)
{
	double ns = 0;
	uint64_t answers = 0;

	done = false;
	for (unsigned i = 0; i < count; i++) {
		answerers[i].worker = &answerers[shared ? 0 : i].own;
		if (pthread_create(&answerers[i].thread, NULL, answer_all_the_time, &answerers[i]))
			abort();
	}
	publish_for(store, ROUND_NS);
	done = true;
	for (unsigned i = 0; i < count; i++) {
		pthread_join(answerers[i].thread, NULL);
		ns += answerers[i].ns;
		answers += answerers[i].answers;
	}
	return ns / (double)answers;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double values[ROUNDS])
{
	qsort(values, ROUNDS, sizeof(values[0]), compare);
	return values[ROUNDS / 2];
}

static void print(const char *what, double ns[ROUNDS], double of_one[ROUNDS])
{
	double mns = median(ns), times = median(of_one);

	printf("threads: %s: CPU ns=%.1f, answers of one thread x=%.2f\n", what, mns, times);
}

void answer_threads_measure(void)
{
	static double ns[3][ROUNDS], of_one[3][ROUNDS];
	static const struct server_settings template = {.answer = {.edns_udp_size = 1232, .set_truncate_bit = true}};
	static const char *const names[] = {"one", "two", "two that count in the same place"};
	struct answerer *answerers = lines_calloc(THREADS * sizeof(*answerers));
	struct server_settings settings = template;
	struct zone_store *store = many_names(NAMES);
	uint8_t *packets = many_queries(NAMES);

	if (!answerers)
		abort();
	settings.store = store;
	for (unsigned i = 0; i < THREADS; i++) {
		answerers[i].own.settings = &settings;
		answerers[i].packets = packets + (size_t)i * QUERIES_MAX * MANY_SIZE;
		answerers[i].cpu = i;
	}
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned kind = 0; kind < 3; kind++) {
			unsigned threads = kind ? THREADS : 1;

			ns[kind][round] = run(answerers, threads, kind == 2, store);
			of_one[kind][round] = threads * ns[0][round] / ns[kind][round];
		}
	}
	for (unsigned kind = 0; kind < 3; kind++)
		print(names[kind], ns[kind], of_one[kind]);
	free(packets);
	free(answerers);
	zone_store_free(store);
}
