/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/zk_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <zookeeper/zookeeper.h>

#include "base/err.h"
#include "base/log.h"
#include "mesos/zk_members.h"

#define TAG            "zookeeper"
#define RESOLVE_AGAIN  3.0 /* seconds until names without addresses are asked for again */
#define PAUSE_MIN      0.1
#define STEP_MIN       0.001 /* seconds */
#define SESSION_MS_MIN 100   /* of what a member makes of ZK_SESSION_MS: one that says anything else is no ZooKeeper */
#define SESSION_MS_MAX 3600000
#define SECRET_MAX     4096 /* bytes of user, colon and password */
#define TELL_EVERY     60.0 /* seconds between two lines about an ensemble that is away */
#define LIVED          1.0  /* seconds that a connection must have lived for the next to be tried at once */

struct zk_session {
	struct ev_loop *loop;
	struct zk_members members;
	const char *user, *password;
	struct zk_session_events events;
	struct zk_session_counters counters;
	enum zk_state state;
	double pause; /* seconds, after the next round that fails */
	double told;  /* when it was last said that no member takes us, by ev_now(); 0: not since the last connection */
	ev_timer timer;
	struct log_limit lost_limit;

	/* the connection, or the attempt at one; a handle is used for one connection to one member */
	zhandle_t *zh; /* NULL: there is none */
	struct zk_member member;
	uint64_t epoch;  /* what was asked over another connection is forgotten */
	bool broken;     /* it is over, and is to be closed once the client has returned */
	bool synced;     /* the member has caught up with the ensemble */
	double deadline; /* of the TCP connection, by ev_now() */
	double since;    /* when it was synced */
	int fd;          /* -1: the client waits for none */
	ev_io io;

	char server[ZK_MEMBER_TEXT_MAX], error[ZK_TEXT_MAX];
};

struct request { /* what the client carries for us; its completion frees it */
	struct zk_session *session;
	uint64_t epoch;
	zk_list_fn *listed;
	zk_read_fn *read;
	void *ctx;
	char path[];
};

/* What the client hands back to a completion. */
static struct request *carried(const void *data)
{
	return (struct request *)(uintptr_t)data;
}

/* The client's log has no context but the thread that it is written from. */
static _Thread_local struct zk_session *speaker;

/* "2026-11-22 02:48:54,123:77(0x7f..):ZOO_ERROR@func@1: text" */
static void on_log(const char *message)
{
	const char *at = strstr(message, ":ZOO_"), *text = at ? strstr(at, ": ") : NULL;
	bool error = at && !strncmp(at, ":ZOO_ERROR", strlen(":ZOO_ERROR"));

	text = text ? text + 2 : message;
	int len = (int)strcspn(text, "\n");
	if (speaker && error)
		snprintf(speaker->error, sizeof(speaker->error), "%.*s", len, text);
	log_debug(TAG, "client: %.*s", len, text);
}

static void fail(struct zk_session *s, const char *error)
{
	snprintf(s->error, sizeof(s->error), "%s", error);
	s->broken = true;
}

/* What the client tells. It may do so from within any call. */

static void on_synced(int rc, const char *path, const void *data)
{
	struct request *request = carried(data);
	struct zk_session *s = request->session;
	bool counts = request->epoch == s->epoch && !s->broken;

	free(request);
	if (!counts)
		return;
	if (rc != ZOK) {
		fail(s, zerror(rc));
		return;
	}
	s->synced = true;
	s->state = ZK_CONNECTED;
	s->counters.connections++;
	s->since = ev_now(s->loop);
	s->told = 0;
	s->error[0] = '\0';
	log_info(TAG, "connected server=%s session=%#llx timeout_ms=%d", s->server,
		(unsigned long long)zoo_client_id(s->zh)->client_id, zoo_recv_timeout(s->zh));
	s->events.connected(s->events.ctx);
}

static struct request *request_new(struct zk_session *s, const char *path, void *ctx)
{
	size_t len = strlen(path);
	struct request *request = malloc(sizeof(*request) + len + 1);

	if (!request)
		return NULL;
	*request = (struct request){.session = s, .epoch = s->epoch, .ctx = ctx};
	memcpy(request->path, path, len + 1);
	return request;
}

/* The result of asking the client. */
static int asked(struct zk_session *s, struct request *request, int rc)
{
	/* When a send fails the client closes its connection and tells nobody. */
	if (zoo_state(s->zh) != ZOO_CONNECTED_STATE)
		s->broken = true;
	ev_feed_event(s->loop, &s->timer, EV_TIMER); /* there is something to write, or something broken */
	if (rc == ZOK)
		return 0;
	/* With this one the client may have taken the request or not, so it cannot be freed. */
	if (rc == ZMARSHALLINGERROR)
		return ERR_NOMEM;
	free(request);
	return rc == ZBADARGUMENTS ? ERR_FORMAT : ERR_NETWORK;
}

static void sync_with_ensemble(struct zk_session *s)
{
	struct request *request = request_new(s, "/", NULL);

	if (!request || asked(s, request, zoo_async(s->zh, request->path, on_synced, request)))
		fail(s, "out of memory");
}

static void on_session_event(zhandle_t *zh, int type, int state, const char *path, void *ctx)
{
	struct zk_session *s = ctx;

	if (type != ZOO_SESSION_EVENT || zh != s->zh || s->broken)
		return;
	if (state != ZOO_CONNECTED_STATE && state != ZOO_READONLY_STATE) {
		s->counters.refusals += state == ZOO_AUTH_FAILED_STATE;
		s->broken = true;
		return;
	}
	int timeout = zoo_recv_timeout(zh);
	/* Read-only sessions were not asked for. */
	if (timeout < SESSION_MS_MIN || timeout > SESSION_MS_MAX || state == ZOO_READONLY_STATE) {
		fail(s, "it does not speak like a ZooKeeper");
		return;
	}
	sync_with_ensemble(s);
}

static void on_node_event(zhandle_t *zh, int type, int state, const char *path, void *ctx)
{
	struct zk_session *s = ctx;

	if (type != ZOO_SESSION_EVENT && zh == s->zh && !s->broken && s->synced)
		s->events.changed(s->events.ctx);
}

/* Requests. */

static enum zk_outcome outcome_of(int rc)
{
	switch (rc) {
	case ZOK:
		return ZK_GOOD;
	case ZNONODE:
		return ZK_NO_NODE;
	case ZNOAUTH:
		return ZK_REFUSED;
	default:
		return ZK_TROUBLE;
	}
}

/* Does anybody still wait for the answer? Notes the errors that are worse than the request's. */
static bool is_awaited(const struct request *request, int rc)
{
	struct zk_session *s = request->session;

	if (request->epoch != s->epoch || s->broken)
		return false;
	if (rc == ZCONNECTIONLOSS || rc == ZOPERATIONTIMEOUT || rc == ZSESSIONEXPIRED || rc == ZSESSIONMOVED ||
		rc == ZINVALIDSTATE || rc == ZCLOSING || rc == ZSESSIONCLOSEDREQUIRESASLAUTH)
		fail(s, zerror(rc));
	return !s->broken;
}

static void on_listed(int rc, const struct String_vector *strings, const void *data);

/* Whether the path that was not there when it was to be listed has come since; else it is watched for from now on. */
static void on_existing(int rc, const struct Stat *stat, const void *data)
{
	struct request *request = carried(data);
	struct zk_session *s = request->session;

	if (!is_awaited(request, rc)) {
		free(request);
		return;
	}
	if (rc == ZOK) {
		if (!asked(s, request, zoo_awget_children(s->zh, request->path, on_node_event, s, on_listed, request)))
			return;
		fail(s, "out of memory");
		return;
	}
	request->listed(request->ctx, outcome_of(rc), NULL, 0);
	free(request);
}

static void on_listed(int rc, const struct String_vector *strings, const void *data)
{
	struct request *request = carried(data);
	struct zk_session *s = request->session;

	if (!is_awaited(request, rc)) {
		free(request);
		return;
	}
	if (rc == ZNONODE) {
		if (asked(s, request, zoo_awexists(s->zh, request->path, on_node_event, s, on_existing, request)))
			fail(s, "out of memory");
		return;
	}
	size_t count = rc == ZOK && strings && strings->count > 0 ? (size_t)strings->count : 0;
	request->listed(request->ctx, outcome_of(rc), count ? strings->data : NULL, count);
	free(request);
}

static void on_read(int rc, const char *value, int len, const struct Stat *stat, const void *data)
{
	struct request *request = carried(data);

	if (is_awaited(request, rc))
		request->read(
			request->ctx, outcome_of(rc), rc == ZOK ? value : NULL, rc == ZOK && len > 0 ? (size_t)len : 0);
	free(request);
}

int zk_session_list(struct zk_session *s, const char *path, zk_list_fn *done, void *ctx)
{
	struct request *request;

	if (s->state != ZK_CONNECTED || s->broken)
		return ERR_NETWORK;
	request = request_new(s, path, ctx);
	if (!request)
		return ERR_NOMEM;
	request->listed = done;
	return asked(s, request, zoo_awget_children(s->zh, request->path, on_node_event, s, on_listed, request));
}

int zk_session_read(struct zk_session *s, const char *path, zk_read_fn *done, void *ctx)
{
	struct request *request;

	if (s->state != ZK_CONNECTED || s->broken)
		return ERR_NETWORK;
	request = request_new(s, path, ctx);
	if (!request)
		return ERR_NOMEM;
	request->read = done;
	return asked(s, request, zoo_awget(s->zh, request->path, on_node_event, s, on_read, request));
}

/* The connection. */

static void wait_for(struct zk_session *s, double delay)
{
	ev_timer_stop(s->loop, &s->timer);
	ev_now_update(s->loop);
	ev_timer_set(&s->timer, delay > STEP_MIN ? delay : STEP_MIN, 0);
	ev_timer_start(s->loop, &s->timer);
}

/* Closes the handle. The client would wait for the answer to its farewell; it does not if none can come. */
static void close_handle(struct zk_session *s)
{
	ev_io_stop(s->loop, &s->io);
	if (!s->zh)
		return;
	s->epoch++;
	s->broken = true; /* nobody wants to know how requests end */
	if (s->fd >= 0 && (zoo_state(s->zh) == ZOO_CONNECTED_STATE || zoo_state(s->zh) == ZOO_READONLY_STATE))
		shutdown(s->fd, SHUT_RD);
	speaker = s;
	zookeeper_close(s->zh);
	speaker = NULL;
	s->zh = NULL;
	s->fd = -1;
	s->synced = false;
}

static int authenticate(struct zk_session *s)
{
	char secret[SECRET_MAX];

	if (!*s->user)
		return 0;
	int len = snprintf(secret, sizeof(secret), "%s:%s", s->user, s->password);
	int rc = len < SECRET_MAX ? zoo_add_auth(s->zh, "digest", secret, len, NULL, NULL) : ZBADARGUMENTS;
	explicit_bzero(secret, sizeof(secret));
	return rc == ZOK ? 0 : ERR_NOMEM;
}

/* Begins to connect to the member. */
static int open_handle(struct zk_session *s, const struct zk_member *member)
{
	s->member = *member;
	s->broken = s->synced = false;
	s->counters.attempts++;
	zk_member_format(member, s->server);
	speaker = s;
	s->zh = zookeeper_init2(s->server, on_session_event, ZK_SESSION_MS, NULL, s, ZOO_NO_LOG_CLIENTENV, on_log);
	speaker = NULL;
	if (!s->zh)
		return ERR_NOMEM;
	zoo_set_servers_resolution_delay(s->zh, -1);
	s->deadline = ev_now(s->loop) + ZK_CONNECT_TIME;
	return authenticate(s);
}

static double jitter(void)
{
	uint16_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		random = 0;
	return 0.5 + random / 131072.0; /* 0.5 to 1 */
}

static void tell_away(struct zk_session *s, const char *text)
{
	if (s->told > 0 && ev_now(s->loop) - s->told < TELL_EVERY)
		return;
	s->told = ev_now(s->loop);
	log_warn(TAG, "%s servers=%zu error=\"%s\"", text, s->members.servers->count, s->error);
}

static void wait_for_round(struct zk_session *s)
{
	wait_for(s, s->pause * jitter());
	s->pause = s->pause * 2 < ZK_PAUSE_MAX ? s->pause * 2 : ZK_PAUSE_MAX;
}

/* On to the next member, or to the next round. */
static void connect_next(struct zk_session *s)
{
	const struct zk_member *member;

	while ((member = zk_members_next(&s->members))) {
		if (!open_handle(s, member)) {
			wait_for(s, 0);
			return;
		}
		close_handle(s);
		snprintf(s->error, sizeof(s->error), "the client cannot be set up");
	}
	tell_away(s, "no member of the ensemble takes us");
	wait_for_round(s);
}

static void begin_round(struct zk_session *s, const struct zk_member *last)
{
	if (zk_members_begin(&s->members, last)) {
		s->state = ZK_CONNECTING;
		connect_next(s);
		return;
	}
	s->state = ZK_RESOLVING;
	snprintf(s->error, sizeof(s->error), "no address is known of %s", s->members.unknown);
	if (s->told >= 0)
		tell_away(s, "no member of the ensemble is known by address");
	else
		s->told = 0; /* the first time is too early for a complaint */
	wait_for(s, RESOLVE_AGAIN);
}

static void connection_over(struct zk_session *s)
{
	const struct zk_member last = s->member;
	bool lost = s->state == ZK_CONNECTED;

	close_handle(s);
	if (!lost) {
		log_debug(TAG, "not connected server=%s error=\"%s\"", s->server, s->error);
		s->server[0] = '\0';
		connect_next(s);
		return;
	}
	log_limited(&s->lost_limit, LOG_LEVEL_WARN, TAG, "connection lost server=%s error=\"%s\"", s->server, s->error);
	s->counters.losses++;
	s->server[0] = '\0';
	s->state = ZK_CONNECTING;
	s->events.disconnected(s->events.ctx);
	if (ev_now(s->loop) - s->since < LIVED) {
		wait_for_round(s);
		return;
	}
	s->pause = PAUSE_MIN;
	begin_round(s, &last);
}

/* Asks the client what it waits for, and waits for it. */
static void step(struct zk_session *s)
{
	struct timeval tv = {0};
	int interest = 0, rc = ZOK;

	ev_io_stop(s->loop, &s->io);
	if (!s->broken) {
		speaker = s;
		rc = zookeeper_interest(s->zh, &s->fd, &interest, &tv);
		speaker = NULL;
	}
	bool connecting = zoo_state(s->zh) == ZOO_CONNECTING_STATE;
	if (!s->broken && connecting && ev_now(s->loop) >= s->deadline)
		fail(s, "it does not answer");
	if (s->broken || rc != ZOK || s->fd < 0) {
		connection_over(s);
		return;
	}
	double delay = (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
	if (connecting && delay > s->deadline - ev_now(s->loop))
		delay = s->deadline - ev_now(s->loop);
	ev_io_set(
		&s->io, s->fd, (interest & ZOOKEEPER_READ ? EV_READ : 0) | (interest & ZOOKEEPER_WRITE ? EV_WRITE : 0));
	ev_io_start(s->loop, &s->io);
	wait_for(s, delay);
}

static void on_io(struct ev_loop *loop, ev_io *io, int revents)
{
	struct zk_session *s = io->data;
	int events = (revents & EV_READ ? ZOOKEEPER_READ : 0) | (revents & EV_WRITE ? ZOOKEEPER_WRITE : 0);

	ev_io_stop(loop, io); /* the client may close the descriptor */
	speaker = s;
	int rc = zookeeper_process(s->zh, events);
	speaker = NULL;
	if (rc != ZOK && rc != ZNOTHING)
		s->broken = true;
	step(s);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct zk_session *s = timer->data;

	if (s->zh)
		step(s);
	else
		begin_round(s, NULL);
}

void zk_session_hosts_changed(struct zk_session *s)
{
	if (s->state == ZK_RESOLVING)
		wait_for(s, 0);
}

struct zk_session *zk_session_new(struct ev_loop *loop, struct resolver *resolver, const struct conf_endpoints *servers,
	const char *user, const char *password, const struct zk_session_events *events)
{
	struct zk_session *s = calloc(1, sizeof(*s));

	if (!s || zk_members_init(&s->members, servers, resolver)) {
		free(s);
		return NULL;
	}
	s->loop = loop;
	s->user = user;
	s->password = password;
	s->events = *events;
	s->pause = PAUSE_MIN;
	s->told = -1;
	s->fd = -1;
	ev_init(&s->io, on_io);
	ev_init(&s->timer, on_timer);
	s->io.data = s->timer.data = s;
	zoo_set_debug_level(log_enabled(LOG_LEVEL_TRACE) ? ZOO_LOG_LEVEL_DEBUG : ZOO_LOG_LEVEL_INFO);
	zoo_deterministic_conn_order(1); /* else it reseeds the process's random(3) for each connection */
	wait_for(s, 0);
	return s;
}

void zk_session_free(struct zk_session *s)
{
	if (!s)
		return;
	close_handle(s);
	ev_timer_stop(s->loop, &s->timer);
	zk_members_fini(&s->members);
	free(s);
}

enum zk_state zk_session_state(const struct zk_session *s)
{
	return s->state;
}

const struct zk_session_counters *zk_session_counters(const struct zk_session *s)
{
	return &s->counters;
}

const char *zk_session_server(const struct zk_session *s)
{
	return s->state == ZK_CONNECTED ? s->server : "";
}

const char *zk_session_error(const struct zk_session *s)
{
	return s->error;
}
