/* SPDX-License-Identifier: Apache-2.0 */
/* A source with three masters that say what the test tells them to, and what its owner saw. */
#ifndef T_UNIT_SOURCE_H
#define T_UNIT_SOURCE_H

#include "t/unit/http.h"

#include "base/err.h"
#include "base/log.h"
#include "mesos/source.h"

#define MASTERS 3
#define NEVER   3600.0

static struct {
	struct ev_loop *loop;
	struct http_server masters[MASTERS];
	struct source *source;
	enum conf_state_source way;
	struct source_timing timing;
	int timeout; /* seconds for a request */
	/* what the owner saw */
	int begun, ended, complete, snapshots, elements, refuse;
	int events[STREAM_KINDS], lost, refuse_event;
	int checks[2], checks_ended, checks_good, check_elements, refuse_check;
	bool open, checking;
	char error[300], leader_host[300];
	struct addr leader;
	uint16_t leader_port;
} f;

/* The masters know each other by this. */
static inline unsigned port_of(unsigned master)
{
	return f.masters[master].port;
}

static inline int on_begin(void *ctx, bool snapshot)
{
	assert_false(f.open);
	f.open = true;
	f.begun++;
	f.snapshots += snapshot;
	return 0;
}

static inline int on_element(void *ctx, struct cluster_builder *b)
{
	assert_true(f.open);
	f.elements++;
	return 0;
}

static inline int on_end(void *ctx, const struct source_document *d)
{
	assert_true(f.open);
	f.open = false;
	f.ended++;
	f.complete += d->complete;
	snprintf(f.error, sizeof(f.error), "%s", d->error ? d->error : "");
	assert_int_equal(d->complete, !d->error);
	if (d->complete) {
		snprintf(f.leader_host, sizeof(f.leader_host), "%s", d->leader_host);
		f.leader = d->leader_addr;
		f.leader_port = d->leader_port;
	}
	return f.refuse;
}

static inline int on_event(void *ctx, const struct stream_event *event)
{
	assert_false(f.open);
	f.events[event->kind]++;
	return f.refuse_event;
}

static inline void on_lost(void *ctx)
{
	f.lost++;
}

static inline void on_check_begin(void *ctx, enum apply_check check)
{
	assert_false(f.checking);
	f.checking = true;
	f.checks[check]++;
}

static inline int on_check_element(void *ctx, struct cluster_builder *b)
{
	assert_true(f.checking);
	f.check_elements++;
	return 0;
}

static inline int on_check_end(void *ctx, bool ok)
{
	assert_true(f.checking);
	f.checking = false;
	f.checks_ended++;
	f.checks_good += ok;
	return f.refuse_check;
}

/* False: memory is exhausted. */
static inline bool try_source(const char *const *hosts, size_t count, int refresh)
{
	struct conf_endpoint items[MASTERS] = {0};
	char names[MASTERS][64];
	struct conf conf = {.masters = {items, count},
		.refresh_seconds = refresh,
		.state_source = f.way,
		.state_timeout_seconds = f.timeout,
		.ca_cert_file = (char[]){""},
		.cert_file = (char[]){""},
		.key_file = (char[]){""},
		.mesos_principal = (char[]){""},
		.mesos_secret = (char[]){""}};
	const struct source_sink sink = {.state = {.element = on_element},
		.begin = on_begin,
		.end = on_end,
		.event = on_event,
		.lost = on_lost,
		.check_begin = on_check_begin,
		.check = {.element = on_check_element},
		.check_end = on_check_end};
	int err;

	for (size_t i = 0; i < count; i++) {
		snprintf(names[i], sizeof(names[i]), "%s", hosts ? hosts[i] : "127.0.0.1");
		items[i] = (struct conf_endpoint){names[i], f.masters[i].port};
	}
	f.source = source_new(f.loop, &conf, &sink, &err);
	if (!f.source) {
		assert_int_equal(err, ERR_NOMEM);
		return false;
	}
	source_set_timing(f.source, &f.timing);
	assert_int_equal(f.open, false); /* nothing before the loop runs */
	return true;
}

static inline void open_source(const char *const *hosts, size_t count, int refresh)
{
	assert_true(try_source(hosts, count, refresh));
}

static inline const struct source_counters *counters(void)
{
	return source_counters(f.source);
}

static inline void on_tick(struct ev_loop *loop, ev_timer *timer, int revents)
{
	++*(int *)timer->data;
}

/* Runs the loop until the condition holds; gives up after a minute. */
#define RUN_UNTIL(condition)                                                                                           \
	do {                                                                                                           \
		int ticks = 0;                                                                                         \
		ev_timer tick;                                                                                         \
		ev_timer_init(&tick, on_tick, 0.02, 0.02);                                                             \
		tick.data = &ticks;                                                                                    \
		ev_timer_start(f.loop, &tick);                                                                         \
		while (!(condition) && ticks < 3000)                                                                   \
			ev_run(f.loop, EVRUN_ONCE);                                                                    \
		ev_timer_stop(f.loop, &tick);                                                                          \
		if (!(condition))                                                                                      \
			fail_msg("never: %s", #condition);                                                             \
	} while (0)

/* ZooKeeper says that these lead and follow. */
static inline void announce(const unsigned *masters, size_t count)
{
	struct mesos_master list[MASTERS];

	for (size_t i = 0; i < count; i++) {
		list[i] = (struct mesos_master){.host = "not.the.way.invalid", .port = f.masters[masters[i]].port};
		addr_parse(&list[i].addr, "127.0.0.1", 9);
	}
	source_set_masters(f.source, list, count);
}

static inline void open_masters(http_handler *handler)
{
	memset(&f, 0, sizeof(f));
	f.timeout = 30;
	f.way = CONF_SOURCE_POLL;
	f.timing = (struct source_timing){.watch = NEVER};
	log_set_level(LOG_LEVEL_ERROR);
	f.loop = ev_loop_new(EVFLAG_AUTO);
	for (size_t i = 0; i < MASTERS; i++)
		http_start(&f.masters[i], handler);
}

static inline void close_masters(void)
{
	source_free(f.source);
	assert_false(f.open);
	assert_false(f.checking);
	for (size_t i = 0; i < MASTERS; i++)
		http_stop(&f.masters[i]);
	ev_loop_destroy(f.loop);
}

#endif
