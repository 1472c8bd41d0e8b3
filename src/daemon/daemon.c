/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/daemon.h"

#include <ev.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "answer/rcode.h"
#include "base/err.h"
#include "base/log.h"
#include "base/priority.h"
#include "base/rcu.h"
#include "conf/system.h"
#include "daemon/descriptors.h"
#include "daemon/forwarding.h"
#include "daemon/notify.h"
#include "daemon/privileges.h"
#include "daemon/zones.h"
#include "http/http.h"
#include "mesos/follow.h"
#include "server/server.h"
#include "zone/dump.h"
#include "zone/static.h"

/* What a run is made of, in the order in which it is set up. */
struct daemon {
	const struct conf *conf;
	struct addr *local;
	size_t local_count;
	struct zone_store *store;
	struct forward_settings forward;
	struct server *server; /* NULL: dnson is false */
	struct http_listener http_listener;
	struct descriptors room;
	struct follow *follow;
	struct http *http; /* NULL: httpon is false */
	struct notify notify;
	struct ev_loop *loop;
	ev_async given_up, published;
	bool failed;
};

static unsigned worker_count(const struct conf *conf)
{
	return conf->workers ? conf->workers : (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
}

static void share_descriptors(struct daemon *d)
{
	const struct descriptors most = {.tcp = d->conf->dns_on ? SERVER_TCP_CONNECTIONS : 0,
		.http = d->conf->http_on ? HTTP_CONNECTIONS_MAX : 0};

	d->room = descriptors_share(d->conf, worker_count(d->conf), most);
}

static int read_local_addresses(struct daemon *d)
{
	struct conf_system system;
	int err = conf_system_init(&system);

	if (err)
		return err;
	d->local = calloc(system.interface_count + 1, sizeof(d->local[0]));
	for (size_t i = 0; d->local && i < system.interface_count; i++)
		d->local[d->local_count++] = system.interfaces[i].addr;
	conf_system_fini(&system);
	return d->local ? 0 : ERR_NOMEM;
}

/* The first commit has liburcu start a thread, which takes over the mask of signals. */
static int make_store(struct daemon *d)
{
	sigset_t all, saved;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &saved);
	d->store = zones_new(d->conf, true);
	pthread_sigmask(SIG_SETMASK, &saved, NULL);
	return d->store ? 0 : ERR_SYSTEM;
}

static int make_server(struct daemon *d)
{
	const struct conf *conf = d->conf;
	unsigned workers = worker_count(conf);
	struct server_settings settings = {.addresses = conf->listeners, .address_count = conf->listener_count,
		.port = conf->port, .workers = workers, .forward = &d->forward,
		.answer = {.edns_udp_size = conf->edns_udp_size, .set_truncate_bit = conf->set_truncate_bit,
			.recursion_available = conf->recurse_on, .version = "mesos-named " PACKAGE_VERSION},
		.store = d->store};
	char error[SERVER_ERROR_MAX];

	if (!conf->dns_on)
		return 0;
	settings.tcp_connections = d->room.tcp;
	d->forward = forwarding_settings(conf, workers);
	d->server = server_new(&settings, error);
	if (!d->server) {
		log_error("server", "%s", error);
		return ERR_SYSTEM;
	}
	return 0;
}

/* As long as there are the rights for any port. */
static int open_http(struct daemon *d)
{
	char error[HTTP_LISTEN_ERROR_MAX];
	const struct conf *conf = d->conf;

	if (!conf->http_on)
		return 0;
	int err = http_listener_open(&d->http_listener, conf->http_listener, conf->http_port, conf->user, error);
	if (err)
		log_error("http", "%s", error);
	return err;
}

static int make_http(struct daemon *d, struct ev_loop *loop)
{
	const struct http_settings settings = {.conf = d->conf, .store = d->store, .server = d->server,
		.follow = d->follow, .connections = d->room.http};

	if (!d->conf->http_on)
		return 0;
	d->http = http_new(loop, &settings, &d->http_listener);
	return d->http ? 0 : ERR_SYSTEM;
}

/* On the Mesos thread. */
static void give_up(void *arg)
{
	struct daemon *d = arg;

	ev_async_send(d->loop, &d->given_up);
}

/* Likewise; for a state file on the main one. */
static void tell_published(void *arg)
{
	struct daemon *d = arg;

	if (d->loop)
		ev_async_send(d->loop, &d->published);
}

static int make_follow(struct daemon *d, const char *state_file)
{
	const struct follow_settings settings = {.conf = d->conf, .store = d->store, .state_file = state_file,
		.local = d->local, .local_count = d->local_count, .given_up = give_up, .published = tell_published,
		.arg = d};

	d->follow = follow_new(&settings);
	return d->follow ? 0 : ERR_SYSTEM;
}

static void daemon_fini(struct daemon *d)
{
	http_free(d->http);
	http_listener_close(&d->http_listener);
	if (d->follow) {
		follow_stop(d->follow);
		follow_free(d->follow);
	}
	server_free(d->server);
	zone_store_free(d->store);
	free(d->local);
}

static void log_counts(const struct daemon *d)
{
	struct server_counters server = {0};
	struct forward_counters forward = {0};
	struct follow_counters follow;
	struct zone_counters zone;

	if (d->server) {
		server_read_counters(d->server, &server);
		server_read_forward_counters(d->server, &forward);
	}
	follow_read_counters(d->follow, &follow);
	zone_store_counters(d->store, &zone);
	double age = follow.source.last_good > 0 ? ev_time() - follow.source.last_good : -1;
	log_info("daemon",
		"counts queries_udp=%" PRIu64 " queries_tcp=%" PRIu64 " noerror=%" PRIu64 " nxdomain=%" PRIu64
		" servfail=%" PRIu64 " refused=%" PRIu64 " truncated=%" PRIu64 " tcp_connections=%" PRIu64
		" serial=%" PRIu32 " loaded=%d state_age=%.0f names=%" PRIu64 " a=%" PRIu64 " aaaa=%" PRIu64
		" srv=%" PRIu64 " other=%" PRIu64 " agents=%zu frameworks=%zu tasks=%zu documents=%" PRIu64
		" documents_failed=%" PRIu64 " commits=%" PRIu64 " pages_touched=%" PRIu64
		" last_pages_touched=%" PRIu32 " forwarded=%" PRIu64 " forward_refused=%" PRIu64
		" forward_cached=%" PRIu64 " forward_stale=%" PRIu64 " forward_joined=%" PRIu64
		" forward_overload=%" PRIu64 " forward_failed=%" PRIu64 " forward_looped=%" PRIu64
		" upstream_queries=%" PRIu64 " upstream_tcp=%" PRIu64 " upstream_replies=%" PRIu64
		" upstream_timeouts=%" PRIu64 " upstream_mismatches=%" PRIu64 " upstream_retries=%" PRIu64,
		server.queries[ANSWER_UDP], server.queries[ANSWER_TCP], server_replies_with(&server, RCODE_NOERROR),
		server_replies_with(&server, RCODE_NXDOMAIN), server_replies_with(&server, RCODE_SERVFAIL),
		server_replies_with(&server, RCODE_REFUSED), server.truncated[ANSWER_UDP] + server.truncated[ANSWER_TCP],
		server.tcp_accepted, zone.serial, zone.loaded, age, zone.names, zone.a, zone.aaaa, zone.srv,
		zone.other, follow.feed.elements.agents, follow.feed.elements.frameworks,
		follow.feed.elements.tasks, follow.feed.documents, follow.feed.documents_failed, zone.commits,
		zone.pages_touched, follow.feed.pages_touched, forward.queries, forward.refused, forward.cached,
		forward.stale, forward.joined, forward.overload, forward.failed, forward.looped,
		forward.upstream_queries, forward.upstream_tcp, forward.upstream_replies,
		forward.upstream_timeouts, forward.upstream_mismatches, forward.upstream_retries);
}

static void on_stop(struct ev_loop *loop, ev_signal *watcher, int events)
{
	log_info("daemon", "stopping signal=%d", watcher->signum);
	ev_break(loop, EVBREAK_ALL);
}

static void on_given_up(struct ev_loop *loop, ev_async *watcher, int events)
{
	struct daemon *d = watcher->data;

	d->failed = true;
	ev_break(loop, EVBREAK_ALL);
}

static void on_published(struct ev_loop *loop, ev_async *watcher, int events)
{
	struct daemon *d = watcher->data;

	if (d->http)
		http_wake(d->http);
	if (!d->notify.ready)
		notify_tell(&d->notify);
}

static void on_counts(struct ev_loop *loop, ev_signal *watcher, int events)
{
	log_counts(watcher->data);
}

/* Runs the main thread's loop until a signal ends it. */
static int serve(struct daemon *d, struct ev_loop *loop)
{
	ev_signal stop[2], counts;

	ev_async_init(&d->given_up, on_given_up);
	ev_async_init(&d->published, on_published);
	d->given_up.data = d->published.data = d;
	ev_async_start(loop, &d->given_up);
	ev_async_start(loop, &d->published);
	int err = follow_start(d->follow); /* it may read a file: until then a signal ends us the plain way */

	if (err)
		return err;
	ev_signal_init(&stop[0], on_stop, SIGTERM);
	ev_signal_init(&stop[1], on_stop, SIGINT);
	ev_signal_init(&counts, on_counts, SIGUSR1);
	counts.data = d;
	ev_signal_start(loop, &stop[0]);
	ev_signal_start(loop, &stop[1]);
	ev_signal_start(loop, &counts);
	err = d->server ? server_start(d->server) : 0;
	if (!err)
		err = make_http(d, loop);
	if (!err)
		err = notify_init(&d->notify, loop, d->store, d->server, d->follow);
	if (!err) {
		priority_make_way(); /* the other threads are all there, so none of them inherits it */
		ev_run(loop, 0);
	}
	notify_fini(&d->notify);
	ev_signal_stop(loop, &stop[0]);
	ev_signal_stop(loop, &stop[1]);
	ev_signal_stop(loop, &counts);
	return err || !d->failed ? err : ERR_NETWORK;
}

int daemon_run(const struct conf *conf, const char *state_file)
{
	struct daemon d = {.conf = conf, .http_listener.fd = -1, .notify.fd = -1};
	struct ev_loop *loop = d.loop = ev_default_loop(EVFLAG_NOENV);
	int err = loop ? read_local_addresses(&d) : ERR_SYSTEM;

	privileges_seal();
	signal(SIGPIPE, SIG_IGN);
	if (!err)
		err = make_store(&d);
	if (!err) {
		share_descriptors(&d);
		err = make_server(&d);
	}
	if (!err)
		err = open_http(&d);
	if (!err)
		err = privileges_drop(conf->user);
	if (!err)
		err = make_follow(&d, state_file);
	if (!err) {
		log_info("daemon", "mesos-named " PACKAGE_VERSION " starts domain=%s port=%u", conf->domain,
			conf->port);
		err = serve(&d, loop);
	}
	daemon_fini(&d);
	if (loop)
		ev_loop_destroy(loop);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

int daemon_dump_zone(const struct conf *conf, const char *state_file)
{
	struct daemon d = {.conf = conf, .http_listener.fd = -1, .notify.fd = -1};
	int err = read_local_addresses(&d);

	if (!err)
		err = (d.store = zones_new(conf, true)) ? 0 : ERR_SYSTEM;
	if (!err)
		err = make_follow(&d, state_file);
	if (!err)
		err = follow_once(d.follow);
	if (!err) {
		err = zone_dump(zone_store_read(d.store), stdout);
		if (err)
			log_error("daemon", "the zone could not be printed error=\"%s\"", err_text(err));
	}
	daemon_fini(&d);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void print_finding(void *arg, enum log_level level, const char *text)
{
	printf("%s: %s\n", level == LOG_LEVEL_ERROR ? "error" : "warning", text);
}

int daemon_check(const struct conf *conf)
{
	const struct static_report report = {.say = print_finding};
	struct static_zones *zones;

	if (!conf)
		return EXIT_FAILURE;
	int err = static_zones_read(&zones, conf, &report);
	if (err) {
		printf("error: zones: %s\n", err_text(err));
		return EXIT_FAILURE;
	}
	unsigned errors = static_zones_errors(zones);
	static_zones_free(zones);
	if (errors)
		return EXIT_FAILURE;
	printf("%s: the configuration is good\n", conf->file);
	return EXIT_SUCCESS;
}
