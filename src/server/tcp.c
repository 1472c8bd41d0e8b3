/* SPDX-License-Identifier: Apache-2.0 */
#include "server/tcp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/lines.h"
#include "base/rcu.h"
#include "base/wire.h"
#include "server/conn.h"

#define ACCEPTS_PER_EVENT 16
#define READS_PER_EVENT   4
#define ACCEPT_PAUSE      0.1 /* seconds without accept() when there is no descriptor for it */
#define REPLY_MAX         65535
#define PENDING_MAX       (64u << 20) /* bytes of replies that wait for slow peers, in a worker */
#define WAITING_MAX       100         /* queries of a connection that wait for other servers */

struct listener {
	ev_io io;
	struct tcp *tcp;
	struct listener *next;
};

struct tcp {
	struct worker *worker;
	struct listener *listeners;
	struct conn_table conns;
	ev_timer pause;
	uint8_t out[2 * (2 + REPLY_MAX)]; /* always has room for one more reply when less than half is used */
};

static struct tcp *tcp_of(const struct conn *conn)
{
	return caa_container_of(conn->table, struct tcp, conns);
}

/* 0: for nothing. */
static void watch_for(struct conn *conn, int events)
{
	struct ev_loop *loop = conn->table->loop;

	if (ev_is_active(&conn->io) ? (conn->io.events & (EV_READ | EV_WRITE)) == events : !events)
		return;
	ev_io_stop(loop, &conn->io);
	ev_io_modify(&conn->io, events);
	if (events)
		ev_io_start(loop, &conn->io);
}

/* False: there is no memory for it. */
static bool keep(struct conn *conn, const uint8_t *data, size_t len)
{
	if (conn->table->pending + len > PENDING_MAX)
		return false;
	uint8_t *pending = realloc(conn->pending, conn->pending_len + len);
	if (!pending)
		return false;
	memcpy(pending + conn->pending_len, data, len);
	conn->pending = pending;
	conn->pending_len += len;
	conn->table->pending += len;
	return true;
}

/* Sends, and keeps what the peer does not take now. False: the connection is broken, or there is no memory.
 */
static bool send_replies(struct conn *conn, const uint8_t *data, size_t len)
{
	ssize_t sent;

	if (!len)
		return true;
	if (conn->pending)
		return keep(conn, data, len);
	do
		sent = send(conn->io.fd, data, len, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0 && errno != EAGAIN)
		return false;
	size_t done = sent > 0 ? (size_t)sent : 0;
	if (done == len)
		return true;
	if (!keep(conn, data + done, len - done))
		return false;
	watch_for(conn, EV_WRITE);
	conn_enter(conn, CONN_WRITING);
	return true;
}

/* The next whole message at `at`: its length, or 0 if it has not come yet. Of one that is longer than we take
 * the beginning does (the answer is an error), and then the connection ends. */
static size_t next_message(struct conn *conn, size_t at, bool *there)
{
	size_t have = conn->in_used - at;

	*there = false;
	if (have < 2)
		return 0;
	size_t len = wire_get_u16(conn->in + at);
	if (len > CONN_MESSAGE_MAX) {
		if (have - 2 < CONN_MESSAGE_MAX)
			return 0;
		len = CONN_MESSAGE_MAX;
		conn->closing = true;
	}
	*there = len <= have - 2;
	return len;
}

/* True: the reply is there; false: it comes by tcp_reply(). */
static bool forward(struct conn *conn, const struct query *query, uint8_t *reply, struct answer_result *result)
{
	struct conn_ref ref = conn_reference(conn);
	struct forward_client client = {.addr = conn->peer};

	memcpy(client.ticket, &ref, sizeof(ref));
	if (worker_forward(tcp_of(conn)->worker, ANSWER_TCP, &client, query, reply, result))
		return true;
	conn->waiting++;
	return false;
}

/* What the connection is to wait for now that all that can be done is done. False: nothing, it is to be
 * closed. */
static bool settle(struct conn *conn, bool progress)
{
	enum conn_state state = conn->waiting ? CONN_WAITING : CONN_IDLE;

	if (conn->pending)
		return true;
	if (conn->closing && !conn->waiting)
		return false;
	if (conn->closing || conn->waiting >= WAITING_MAX) {
		watch_for(conn, 0);
	} else {
		watch_for(conn, EV_READ);
		if (conn->in_used)
			state = CONN_READING;
	}
	if (progress || conn->state != state)
		conn_enter(conn, state);
	return true;
}

/* Answers what has come in, until the peer stops taking replies. False: the connection is to be closed. */
static bool serve(struct conn *conn)
{
	struct tcp *tcp = tcp_of(conn);
	struct worker *worker = tcp->worker;
	const struct zone_snapshot *snapshot = zone_store_read(worker->settings->store);
	size_t at = 0, used = 0;
	unsigned replies = 0;
	bool ok = true, there = true;

	while (ok && !conn->pending && !conn->closing && conn->waiting < WAITING_MAX) {
		size_t len = next_message(conn, at, &there);
		struct answer_result result;
		struct query query;

		if (!there)
			break;
		query_parse(&query, conn->in + at + 2, len);
		worker_answer(worker, snapshot, ANSWER_TCP, &query, len, tcp->out + used + 2, REPLY_MAX, &result);
		at += 2 + len;
		if (result.verdict == ANSWER_REPLY ||
			(result.verdict == ANSWER_OUTSIDE && forward(conn, &query, tcp->out + used + 2, &result))) {
			wire_put_u16(tcp->out + used, result.reply_len);
			used += 2u + result.reply_len;
			replies++;
		}
		if (used >= sizeof(tcp->out) / 2) {
			ok = send_replies(conn, tcp->out, used);
			used = 0;
		}
	}
	rcu_reader_quiescent();
	ok = ok && send_replies(conn, tcp->out, used);
	worker_count_latency(worker, ANSWER_TCP, replies);
	conn->in_used -= at;
	memmove(conn->in, conn->in + at, conn->in_used);
	return ok && settle(conn, at > 0);
}

/* False: the connection is to be closed. */
static bool read_queries(struct conn *conn)
{
	for (unsigned i = 0; i < READS_PER_EVENT && !conn->pending && conn->waiting < WAITING_MAX; i++) {
		size_t room = sizeof(conn->in) - conn->in_used;
		ssize_t n = recv(conn->io.fd, conn->in + conn->in_used, room, 0);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		if (n == 0) { /* it asks no more, and may still listen */
			conn->closing = true;
			return settle(conn, true);
		}
		conn->in_used += (size_t)n;
		if (!serve(conn))
			return false;
		if ((size_t)n < room)
			break;
	}
	return true;
}

/* False: the connection is to be closed. */
static bool write_pending(struct conn *conn)
{
	ssize_t n = send(conn->io.fd, conn->pending + conn->pending_at, conn->pending_len - conn->pending_at,
		MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	conn->pending_at += (size_t)n;
	if (conn->pending_at < conn->pending_len)
		return true;
	conn->table->pending -= conn->pending_len;
	free(conn->pending);
	conn->pending = NULL;
	conn->pending_at = conn->pending_len = 0;
	return conn->closing ? settle(conn, true) : serve(conn); /* what had come in meanwhile */
}

static void on_event(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct conn *conn = (struct conn *)watcher;

	if (!(conn->pending ? write_pending(conn) : read_queries(conn)))
		conn_close(conn);
}

void tcp_reply(struct tcp *tcp, const uint8_t ticket[FORWARD_TICKET_MAX], const uint8_t *reply, size_t len)
{
	struct conn_ref ref;

	memcpy(&ref, ticket, sizeof(ref));
	struct conn *conn = conn_find(&tcp->conns, ref);
	if (!conn)
		return;
	conn->waiting--;
	wire_put_u16(tcp->out, (uint16_t)len);
	memcpy(tcp->out + 2, reply, len);
	bool ok = send_replies(conn, tcp->out, 2 + len);
	if (ok && !conn->pending)
		ok = conn->closing ? settle(conn, true) : serve(conn); /* what had to wait for this */
	if (!ok)
		conn_close(conn);
}

static void on_pause_end(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct tcp *tcp = watcher->data;

	for (struct listener *l = tcp->listeners; l; l = l->next)
		ev_io_start(loop, &l->io);
}

/* No descriptor is left: an idle connection gives its own, or new ones wait in the kernel's queue for a
 * while. */
static void relieve(struct tcp *tcp)
{
	struct ev_loop *loop = tcp->worker->loop;

	if (conn_evict_idle(&tcp->conns))
		return;
	for (struct listener *l = tcp->listeners; l; l = l->next)
		ev_io_stop(loop, &l->io);
	ev_timer_set(&tcp->pause, ACCEPT_PAUSE, 0);
	ev_timer_start(loop, &tcp->pause);
}

static void on_connect(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct tcp *tcp = ((struct listener *)watcher)->tcp;

	for (unsigned i = 0; i < ACCEPTS_PER_EVENT; i++) {
		struct sockaddr_storage sa;
		socklen_t len = sizeof(sa);
		struct addr peer;
		int fd = accept4(watcher->fd, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
			if (i == 0) /* else it may be that nobody waits: the kernel looks for a descriptor
				       first */
				relieve(tcp);
			return;
		}
		if (fd < 0 && errno == EAGAIN)
			return;
		if (fd < 0) /* that one has gone already, the next may be there */
			continue;
		if (addr_from_sockaddr(&peer, NULL, (struct sockaddr *)&sa))
			close(fd);
		else
			conn_open(&tcp->conns, fd, &peer, on_event);
	}
}

struct tcp *tcp_new(struct worker *worker)
{
	const struct server_settings *settings = worker->settings;
	struct tcp *tcp = lines_calloc(sizeof(*tcp));
	unsigned workers = settings->workers;

	if (!tcp)
		return NULL;
	tcp->worker = worker;
	struct conn_limits limits = {
		.total = (settings->tcp_connections + workers - 1) / workers,
		.per_address = (settings->tcp_connections_per_address + workers - 1) / workers,
		.state =
			{
				[CONN_IDLE] = settings->tcp_idle_ms / 1e3,
				[CONN_READING] = settings->tcp_message_ms / 1e3,
				[CONN_WRITING] = settings->tcp_write_ms / 1e3,
			},
	};
	if (conn_table_init(&tcp->conns, worker->loop, &limits, &worker->counters)) {
		free(tcp);
		return NULL;
	}
	ev_init(&tcp->pause, on_pause_end);
	tcp->pause.data = tcp;
	return tcp;
}

int tcp_add_socket(struct tcp *tcp, int fd)
{
	struct listener *listener = lines_calloc(sizeof(*listener));

	if (!listener)
		return ERR_NOMEM;
	listener->tcp = tcp;
	listener->next = tcp->listeners;
	tcp->listeners = listener;
	ev_io_init(&listener->io, on_connect, fd, EV_READ);
	ev_io_start(tcp->worker->loop, &listener->io);
	return 0;
}

void tcp_free(struct tcp *tcp)
{
	if (!tcp)
		return;
	conn_table_fini(&tcp->conns);
	ev_timer_stop(tcp->worker->loop, &tcp->pause);
	while (tcp->listeners) {
		struct listener *listener = tcp->listeners;

		tcp->listeners = listener->next;
		ev_io_stop(tcp->worker->loop, &listener->io);
		close(listener->io.fd);
		free(listener);
	}
	free(tcp);
}
