/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/detector.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "mesos/masterinfo.h"

#define TAG           "zookeeper"
#define RETRY         2.0 /* seconds until what was refused is asked for again */
#define LOOK          1.0 /* seconds between two looks at whether there is a leader, while there may be none */
#define NODE_NAME_MAX 32  /* a prefix and a number of 32 bits */

struct node { /* of a master */
	struct detector *detector;
	enum masterinfo_form form;
	int32_t sequence;
	char name[NODE_NAME_MAX];
	bool good; /* it was read, and this is what it says: */
	struct mesos_master master;
};

struct detector {
	struct ev_loop *loop;
	const struct conf *conf;
	struct detector_sink sink;
	struct zk_session *session;
	enum detector_state state;
	ev_tstamp since; /* of the state */
	ev_timer retry, look;
	ev_tstamp unconfirmed; /* since when ZooKeeper names no leader; 0: it does */
	bool timed_out;

	/* the reading under way */
	bool reading, again; /* something has changed meanwhile */
	bool troubled;       /* a node could not be read */
	struct node nodes[DETECTOR_MASTERS_MAX];
	size_t node_count, pending;

	struct mesos_master masters[DETECTOR_MASTERS_MAX], leader; /* the last known */
	size_t master_count;
	uint64_t leader_changes, malformed, vanished;
	struct log_limit node_limit, list_limit, state_limits[DETECTOR_STATES];
};

const char *detector_state_name(enum detector_state state)
{
	static const char *const names[DETECTOR_STATES] = {
		"off", "resolving", "connecting", "reading", "no_path", "refused", "no_leader", "leader"};

	return names[state];
}

/* Whether there is a leader. */

static void look(struct detector *d)
{
	double limit = d->conf->zk_detection_timeout;

	if (!d->unconfirmed || ev_now(d->loop) - d->unconfirmed < limit || d->sink.is_led(d->sink.ctx, limit)) {
		if (d->timed_out)
			log_info(TAG, "there is a leading master again");
		d->timed_out = false;
		return;
	}
	if (d->timed_out)
		return;
	d->timed_out = true;
	log_warn(TAG, "no leading master for %.0f s path=%s state=%s error=\"%s\"", limit, d->conf->zk_path,
		detector_state_name(d->state), zk_session_error(d->session));
	d->sink.timed_out(d->sink.ctx);
}

static void on_look(struct ev_loop *loop, ev_timer *timer, int events)
{
	look(timer->data);
}

static void set_state(struct detector *d, enum detector_state state)
{
	bool led = state == DETECTOR_LEADER;

	if (state != d->state)
		d->since = ev_now(d->loop);
	d->state = state;
	if (led) {
		d->unconfirmed = 0;
		ev_timer_stop(d->loop, &d->look);
		look(d);
	} else if (!ev_is_active(&d->look)) {
		d->unconfirmed = ev_now(d->loop);
		if (d->conf->zk_detection_timeout) {
			ev_timer_set(&d->look, LOOK, LOOK);
			ev_timer_start(d->loop, &d->look);
		}
	}
}

/* Says once what stands in the way. */
static void set_trouble(struct detector *d, enum detector_state state, const char *text)
{
	if (state != d->state)
		log_limited(&d->state_limits[state], LOG_LEVEL_WARN, TAG, "%s path=%s", text, d->conf->zk_path);
	set_state(d, state);
}

static void retry_later(struct detector *d)
{
	if (ev_is_active(&d->retry))
		return;
	ev_timer_set(&d->retry, RETRY, 0);
	ev_timer_start(d->loop, &d->retry);
}

/* What was read. */

static bool is_among(const struct mesos_master *masters, size_t count, const struct mesos_master *master)
{
	for (size_t i = 0; i < count; i++) {
		const struct mesos_master *m = &masters[i];

		if (m->port == master->port && addr_equal(&m->addr, &master->addr) &&
			(m->addr.len || !strcmp(m->host, master->host)))
			return true;
	}
	return false;
}

static void log_leader(const struct mesos_master *leader, const char *node, size_t count)
{
	char addr[ADDR_TEXT_MAX] = "";

	if (leader->addr.len)
		addr_format(&leader->addr, addr);
	log_info(TAG, "leading master host=%s address=%s port=%u node=%s masters=%zu", leader->host, addr, leader->port,
		node, count);
}

static void finish_reading(struct detector *d)
{
	struct mesos_master masters[DETECTOR_MASTERS_MAX];
	const char *leading_node = NULL;
	size_t count = 0;

	d->reading = false;
	for (size_t i = 0; i < d->node_count; i++) {
		const struct node *node = &d->nodes[i];

		if (!node->good || is_among(masters, count, &node->master))
			continue;
		if (!count)
			leading_node = node->name;
		masters[count++] = node->master;
	}
	if (count && memcmp(&masters[0], &d->leader, sizeof(d->leader)) != 0) {
		d->leader_changes += d->leader.port != 0;
		d->leader = masters[0];
		log_leader(&d->leader, leading_node, count);
	}
	if (!count)
		set_trouble(d, DETECTOR_NO_LEADER, "there is no leading master");
	else
		set_state(d, DETECTOR_LEADER);
	if (d->troubled)
		retry_later(d);
	if (count == d->master_count && !memcmp(masters, d->masters, count * sizeof(masters[0])))
		return;
	memcpy(d->masters, masters, count * sizeof(masters[0]));
	d->master_count = count;
	d->sink.masters(d->sink.ctx, d->masters, count);
}

static void read_masters(struct detector *d);

/* One node less to wait for. */
static void node_done(struct detector *d)
{
	if (--d->pending)
		return;
	finish_reading(d);
	if (d->again)
		read_masters(d);
}

static void on_node(void *ctx, enum zk_outcome outcome, const void *data, size_t len)
{
	struct node *node = ctx;
	struct detector *d = node->detector;

	if (outcome == ZK_NO_NODE) {
		d->vanished++;
	} else if (outcome != ZK_GOOD) {
		d->troubled = true;
		log_limited(&d->node_limit, LOG_LEVEL_WARN, TAG, "a master's node cannot be read node=%s reason=%s",
			node->name, outcome == ZK_REFUSED ? "refused" : "error");
	} else if (masterinfo_parse(node->form, data, len, &node->master)) {
		d->malformed++;
		log_limited(&d->node_limit, LOG_LEVEL_WARN, TAG,
			"a master's node is malformed, it is left out node=%s bytes=%zu", node->name, len);
	} else {
		node->good = true;
	}
	node_done(d);
}

/* Puts the node into its place by sequence; of too many, the highest are left out. */
static void add_node(struct detector *d, const char *name)
{
	int32_t sequence;
	enum masterinfo_form form = masterinfo_parse_name(name, &sequence);
	size_t at = d->node_count;

	if (form == MASTERINFO_NONE || strlen(name) >= sizeof(d->nodes[0].name))
		return;
	while (at && d->nodes[at - 1].sequence > sequence)
		at--;
	if (at == DETECTOR_MASTERS_MAX)
		return;
	if (d->node_count < DETECTOR_MASTERS_MAX)
		d->node_count++;
	memmove(&d->nodes[at + 1], &d->nodes[at], (d->node_count - 1 - at) * sizeof(d->nodes[0]));
	d->nodes[at] = (struct node){.detector = d, .form = form, .sequence = sequence};
	memcpy(d->nodes[at].name, name, strlen(name));
}

static void read_node(struct detector *d, struct node *node)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", d->conf->zk_path, node->name) < (int)sizeof(path) &&
		!zk_session_read(d->session, path, on_node, node))
		return;
	on_node(node, ZK_TROUBLE, NULL, 0);
}

static void on_list(void *ctx, enum zk_outcome outcome, char *const *names, size_t count)
{
	struct detector *d = ctx;

	d->node_count = 0;
	if (outcome != ZK_GOOD) {
		d->reading = false;
		if (outcome == ZK_NO_NODE)
			set_trouble(d, DETECTOR_NO_PATH, "the masters' path does not exist");
		else
			set_trouble(d, DETECTOR_REFUSED, "the masters' path cannot be read");
		if (outcome != ZK_NO_NODE)
			retry_later(d);
		else if (d->again)
			read_masters(d);
		return;
	}
	for (size_t i = 0; i < count; i++)
		add_node(d, names[i]);
	d->pending = d->node_count + 1; /* one of our own, so that it is not done before all are asked for */
	for (size_t i = 0; i < d->node_count; i++)
		read_node(d, &d->nodes[i]);
	node_done(d);
}

static void read_masters(struct detector *d)
{
	d->again = d->reading;
	if (d->reading)
		return;
	ev_timer_stop(d->loop, &d->retry);
	d->reading = true;
	d->troubled = false;
	int err = zk_session_list(d->session, d->conf->zk_path, on_list, d);
	if (!err)
		return;
	d->reading = false;
	if (err != ERR_NETWORK) {
		log_limited(&d->list_limit, LOG_LEVEL_WARN, TAG,
			"the masters' path cannot be asked for path=%s error=\"%s\"", d->conf->zk_path, err_text(err));
		retry_later(d);
	}
}

static void on_retry(struct ev_loop *loop, ev_timer *timer, int events)
{
	read_masters(timer->data);
}

/* What the session tells. */

static void on_connected(void *ctx)
{
	struct detector *d = ctx;

	set_state(d, DETECTOR_READING);
	read_masters(d);
}

static void on_disconnected(void *ctx)
{
	struct detector *d = ctx;

	d->reading = d->again = false;
	ev_timer_stop(d->loop, &d->retry);
	set_state(d, DETECTOR_CONNECTING);
}

static void on_changed(void *ctx)
{
	read_masters(ctx);
}

struct detector *detector_new(
	struct ev_loop *loop, struct resolver *resolver, const struct conf *conf, const struct detector_sink *sink)
{
	struct detector *d = calloc(1, sizeof(*d));
	const struct zk_session_events events = {
		.ctx = d, .connected = on_connected, .disconnected = on_disconnected, .changed = on_changed};

	if (!d)
		return NULL;
	d->loop = loop;
	d->conf = conf;
	d->sink = *sink;
	ev_init(&d->retry, on_retry);
	ev_init(&d->look, on_look);
	d->retry.data = d->look.data = d;
	d->session = zk_session_new(loop, resolver, &conf->zk_servers, conf->zk_user, conf->zk_password, &events);
	if (!d->session) {
		free(d);
		return NULL;
	}
	set_state(d, DETECTOR_CONNECTING);
	return d;
}

void detector_free(struct detector *d)
{
	if (!d)
		return;
	zk_session_free(d->session);
	ev_timer_stop(d->loop, &d->retry);
	ev_timer_stop(d->loop, &d->look);
	free(d);
}

void detector_hosts_changed(struct detector *d)
{
	zk_session_hosts_changed(d->session);
}

void detector_get_status(const struct detector *d, struct detector_status *out)
{
	bool resolving = zk_session_state(d->session) == ZK_RESOLVING;

	*out = (struct detector_status){
		.state = d->state == DETECTOR_CONNECTING && resolving ? DETECTOR_RESOLVING : d->state,
		.timed_out = d->timed_out,
		.since = d->since,
		.masters = d->master_count,
		.leader = d->leader,
		.leader_changes = d->leader_changes,
		.nodes_malformed = d->malformed,
		.nodes_vanished = d->vanished,
		.session = *zk_session_counters(d->session),
	};
	snprintf(out->server, sizeof(out->server), "%s", zk_session_server(d->session));
	snprintf(out->error, sizeof(out->error), "%s", zk_session_error(d->session));
}
