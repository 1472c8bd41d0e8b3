/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/follow.h"

#include <ev.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/priority.h"
#include "mesos/apply.h"
#include "mesos/resolve.h"
#include "mesos/state_file.h"

#define HOSTS_GATHER   0.05 /* seconds in which new addresses of hosts are gathered into one update */
#define HOSTS_PATIENCE 2.0  /* seconds that the first zone waits for names of hosts at the most */
#define FILE_ERROR_MAX 512
#define ONCE_PATIENCE  30.0 /* seconds that follow_once() waits for ZooKeeper if zkDetectionTimeout is 0 */

struct follow {
	struct follow_settings settings;
	struct ev_loop *loop;
	struct resolver *resolver;
	struct feed *feed;
	struct apply *apply;
	struct source *source;     /* NULL with a state file */
	struct detector *detector; /* NULL without `zk` */
	struct cluster_master file_leader;
	ev_async stop, ping;
	ev_timer gather, patience, once_patience, tick;
	ev_prepare idle;
	bool once;
	int result; /* of follow_once() */

	pthread_t thread;
	bool running;
	pthread_mutex_t lock; /* of the counters */
	struct follow_counters counters;
};

static size_t lookup(void *arg, const char *host, size_t len, struct addr *out, size_t room)
{
	struct follow *f = arg;
	uint32_t count;

	resolve_get(f->resolver, host, len, out, (uint32_t)room, &count);
	return count;
}

static bool hosts_idle(void *arg)
{
	struct follow *f = arg;

	return resolve_idle(f->resolver);
}

static void on_host_change(void *arg, const char *host, size_t len)
{
	struct follow *f = arg;

	if (f->detector)
		detector_hosts_changed(f->detector);
	if (!ev_is_active(&f->gather)) {
		ev_timer_set(&f->gather, HOSTS_GATHER, 0);
		ev_timer_start(f->loop, &f->gather);
	}
}

static void on_gather(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct follow *f = timer->data;

	feed_hosts_changed(f->feed);
}

static void on_patience(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct follow *f = timer->data;

	feed_stop_waiting(f->feed);
}

static void on_tick(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct follow *f = timer->data;

	feed_tick(f->feed);
}

/* Sets the timer to when the feed has something to do. */
static void wait_for_tick(struct follow *f)
{
	double due = feed_due_in(f->feed);

	ev_timer_stop(f->loop, &f->tick);
	if (isinf(due))
		return;
	ev_timer_set(&f->tick, due, 0);
	ev_timer_start(f->loop, &f->tick);
}

static void on_stop(struct ev_loop *loop, ev_async *async, int events)
{
	ev_break(loop, EVBREAK_ALL);
}

/* All that is wanted is the turn of the loop, which on_idle() counts. */
static void on_ping(struct ev_loop *loop, ev_async *async, int events)
{
}

static void finish_once(struct follow *f, int result)
{
	f->result = result;
	ev_break(f->loop, EVBREAK_ALL);
}

/* Before each wait: what only shows once everything else is done. */
static void on_idle(struct ev_loop *loop, ev_prepare *prepare, int events)
{
	struct follow *f = prepare->data;

	if (feed_is_waiting(f->feed) && resolve_idle(f->resolver))
		feed_hosts_changed(f->feed);
	wait_for_tick(f);
	pthread_mutex_lock(&f->lock);
	f->counters.turns++;
	feed_get_counters(f->feed, &f->counters.feed);
	if (f->source)
		f->counters.source = *source_counters(f->source);
	f->counters.apply = *apply_counters(f->apply);
	if (f->detector)
		detector_get_status(f->detector, &f->counters.zk);
	pthread_mutex_unlock(&f->lock);
	if (!f->once)
		return;
	if (feed_is_loaded(f->feed))
		finish_once(f, 0);
	else if (!f->detector && f->source && source_counters(f->source)->failed_rounds)
		finish_once(f, ERR_NETWORK);
}

static void on_once_patience(struct ev_loop *loop, ev_timer *timer, int events)
{
	finish_once(timer->data, ERR_NETWORK);
}

static void take_masters(void *arg, const struct mesos_master *masters, size_t count)
{
	struct follow *f = arg;

	source_set_masters(f->source, masters, count);
	feed_set_masters(f->feed, masters, count);
}

static bool is_led(void *arg, double seconds)
{
	const struct follow *f = arg;
	const struct source_counters *source = source_counters(f->source);

	/* The last good poll may be refreshSeconds ago, and the last heartbeat as long as the master wants. */
	return source->state != SOURCE_SEARCHING || (source->last_good > 0 && ev_now(f->loop) - source->last_good < seconds);
}

static void take_timeout(void *arg)
{
	struct follow *f = arg;

	if (!f->settings.conf->exit_on_zk_timeout || !f->settings.given_up)
		return;
	log_error("mesos", "the program ends: no leading master was found in zkDetectionTimeout, and exitOnZkTimeout is set");
	f->settings.given_up(f->settings.arg);
}

static void wait_for_hosts(struct follow *f)
{
	if (feed_is_waiting(f->feed) && !ev_is_active(&f->patience)) {
		ev_timer_set(&f->patience, HOSTS_PATIENCE, 0);
		ev_timer_start(f->loop, &f->patience);
	}
}

/* What the source hands on. */

static int begin_document(void *arg, bool snapshot)
{
	struct follow *f = arg;

	apply_document_begin(f->apply, snapshot);
	return 0;
}

static int end_document(void *arg, const struct source_document *document)
{
	const struct cluster_master leader = {.addrs = {document->leader_addr},
		.addr_count = document->leader_addr.len > 0, .port = document->leader_port};
	struct follow *f = arg;
	int err = apply_document_end(f->apply, document->complete, &leader);

	if (feed_is_holding(f->feed))
		source_confirm(f->source);
	wait_for_hosts(f);
	return err;
}

static int take_event(void *arg, const struct stream_event *event)
{
	struct follow *f = arg;

	return apply_event(f->apply, event);
}

static void take_loss(void *arg)
{
	struct follow *f = arg;

	apply_lost(f->apply);
}

static void begin_check(void *arg, enum apply_check check)
{
	struct follow *f = arg;

	apply_check_begin(f->apply, check);
}

static int end_check(void *arg, bool ok)
{
	struct follow *f = arg;

	return apply_check_end(f->apply, ok);
}

static void want(void *arg, enum apply_want what)
{
	struct follow *f = arg;

	if (f->source)
		source_want(f->source, what);
}

/* `leader` of a document in a file. */
static int take_leader(void *arg, const char *text, size_t len)
{
	struct follow *f = arg;
	struct cluster_master *leader = &f->file_leader;
	const char *host;
	size_t host_len;

	*leader = (struct cluster_master){0};
	if (!cluster_parse_pid(text, len, &host, &host_len, &leader->port) &&
		!addr_parse(leader->addrs, host, host_len))
		leader->addr_count = 1;
	return 0;
}

static int element(void *arg, struct cluster_builder *builder)
{
	struct follow *f = arg;
	struct state_sink sink = feed_sink(f->feed);

	return sink.element(sink.ctx, builder);
}

static void skipped(void *arg, enum state_skip reason, const char *text)
{
	struct follow *f = arg;
	struct state_sink sink = feed_sink(f->feed);

	sink.skipped(sink.ctx, reason, text);
}

static int read_file(struct follow *f)
{
	const struct state_sink sink = {.ctx = f, .leader = take_leader, .element = element, .skipped = skipped};
	char error[FILE_ERROR_MAX];

	feed_document_begin(f->feed);
	int err = state_file_read(f->settings.state_file, &sink, NULL, error, sizeof(error));
	if (err)
		log_error("mesos", "the state cannot be read error=\"%s\"", error);
	int end = feed_document_end(f->feed, !err, &f->file_leader);
	wait_for_hosts(f);
	return err ? err : end;
}

struct follow *follow_new(const struct follow_settings *settings)
{
	struct follow *f = calloc(1, sizeof(*f));
	int err = ERR_NOMEM;

	if (!f)
		return NULL;
	f->settings = *settings;
	pthread_mutex_init(&f->lock, NULL);
	f->loop = ev_loop_new(EVFLAG_NOENV);
	if (f->loop)
		f->resolver = resolver_new(f->loop, &settings->conf->resolvers, settings->conf->timeout,
			on_host_change, f, &err);
	const struct feed_hosts hosts = {.arg = f, .lookup = lookup, .idle = hosts_idle};
	if (f->resolver)
		f->feed = feed_new(settings->conf, settings->store, &hosts, settings->local, settings->local_count);
	if (f->feed) {
		const struct apply_settings apply = {.loop = f->loop, .feed = f->feed, .arg = f, .want = want};

		f->apply = apply_new(&apply);
	}
	if (f->apply) {
		const struct feed_published published = {settings->published, settings->arg};

		err = 0;
		feed_set_published(f->feed, &published);
		ev_async_init(&f->stop, on_stop);
		ev_timer_init(&f->gather, on_gather, 0, 0);
		ev_timer_init(&f->patience, on_patience, 0, 0);
		ev_timer_init(&f->tick, on_tick, 0, 0);
		ev_prepare_init(&f->idle, on_idle);
		ev_timer_init(&f->once_patience, on_once_patience, 0, 0);
		f->gather.data = f->patience.data = f->once_patience.data = f->tick.data = f->idle.data = f;
		ev_async_start(f->loop, &f->stop);
		ev_async_init(&f->ping, on_ping);
		ev_async_start(f->loop, &f->ping);
		ev_prepare_start(f->loop, &f->idle);
	}
	if (!err && !settings->state_file) {
		const struct source_sink sink = {.ctx = f, .begin = begin_document, .end = end_document,
			.state = apply_document_sink(f->apply), .event = take_event, .lost = take_loss,
			.check_begin = begin_check, .check = apply_check_sink(f->apply), .check_end = end_check};

		f->source = source_new(f->loop, settings->conf, &sink, &err);
	}
	if (!err && f->source && *settings->conf->zk) {
		const struct detector_sink sink = {
			.ctx = f, .masters = take_masters, .is_led = is_led, .timed_out = take_timeout};

		f->detector = detector_new(f->loop, f->resolver, settings->conf, &sink);
		err = f->detector ? 0 : ERR_NOMEM;
	}
	if (err) {
		log_error("mesos", "the cluster cannot be followed error=\"%s\"", err_text(err));
		follow_free(f);
		return NULL;
	}
	return f;
}

void follow_free(struct follow *f)
{
	if (!f)
		return;
	detector_free(f->detector);
	source_free(f->source);
	f->source = NULL;
	apply_free(f->apply);
	resolver_free(f->resolver);
	feed_free(f->feed);
	if (f->loop)
		ev_loop_destroy(f->loop);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

static void *run(void *arg)
{
	struct follow *f = arg;

	priority_make_way();
	ev_run(f->loop, 0);
	return NULL;
}

int follow_start(struct follow *f)
{
	int err = f->settings.state_file ? read_file(f) : 0;

	sigset_t all, saved;

	if (err)
		return err;
	sigfillset(&all); /* signals are the main thread's */
	pthread_sigmask(SIG_SETMASK, &all, &saved);
	f->running = !pthread_create(&f->thread, NULL, run, f);
	pthread_sigmask(SIG_SETMASK, &saved, NULL);
	if (!f->running)
		return ERR_SYSTEM;
	pthread_setname_np(f->thread, "mesos");
	return 0;
}

void follow_stop(struct follow *f)
{
	if (!f->running)
		return;
	ev_async_send(f->loop, &f->stop);
	pthread_join(f->thread, NULL);
	f->running = false;
}

int follow_once(struct follow *f)
{
	f->once = true;
	if (f->settings.state_file) {
		int err = read_file(f);

		if (err)
			return err;
	}
	if (f->detector) {
		int timeout = f->settings.conf->zk_detection_timeout;

		ev_timer_set(&f->once_patience, timeout ? timeout : ONCE_PATIENCE, 0);
		ev_timer_start(f->loop, &f->once_patience);
	}
	ev_run(f->loop, 0);
	if (f->result)
		log_error("mesos", "no master gave its state");
	return f->result;
}

void follow_read_counters(struct follow *f, struct follow_counters *out)
{
	pthread_mutex_lock(&f->lock);
	*out = f->counters;
	pthread_mutex_unlock(&f->lock);
}

void follow_ping(struct follow *f)
{
	ev_async_send(f->loop, &f->ping);
}
