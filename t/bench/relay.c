/* SPDX-License-Identifier: Apache-2.0 */
#include "t/bench/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PIECE   262144
#define PENDING 4194304 /* more than this waiting for one side, and the other is not read */

struct end {
	struct watch watch; /* must be the first */
	STAILQ_ENTRY(end) swept;
	struct relay *relay;
	struct end *peer;
	int fd;
	bool server; /* the one that is measured */
	bool over;   /* nothing more comes from it */
	bool gone;
	char *out; /* what it has not taken yet */
	size_t from, len, room;
};

struct relay {
	struct watch watch; /* must be the first */
	int epoll, fd;
	struct sockaddr_in target;
	relay_seen *seen;
	void *cls;
	char piece[PIECE];
	STAILQ_HEAD(, end) gone;
};

uint64_t relay_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static void watch_end(struct end *e)
{
	bool reads = !e->over && e->peer->len - e->peer->from < PENDING;
	struct epoll_event ev = {.events = (reads ? EPOLLIN : 0U) | (e->len > e->from ? EPOLLOUT : 0U), .data.ptr = e};

	epoll_ctl(e->relay->epoll, EPOLL_CTL_MOD, e->fd, &ev);
}

static void finish(struct end *e)
{
	struct end *both[2] = {e, e->peer};

	for (unsigned i = 0; i < 2; i++) {
		if (both[i]->gone)
			continue;
		both[i]->gone = true;
		close(both[i]->fd);
		STAILQ_INSERT_TAIL(&e->relay->gone, both[i], swept);
	}
}

/* Writes what waits; false: the connection is over. */
static bool flush(struct end *e)
{
	while (e->from < e->len) {
		ssize_t n = send(e->fd, e->out + e->from, e->len - e->from, MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN;
		e->from += (size_t)n;
	}
	e->from = e->len = 0;
	if (e->peer->over)
		shutdown(e->fd, SHUT_WR);
	return true;
}

static bool keep(struct end *e, const char *data, size_t len)
{
	if (e->room - e->len < len) {
		size_t room = e->len + len + PIECE;
		char *out = realloc(e->out, room);
		if (!out)
			return false;
		e->out = out;
		e->room = room;
	}
	memcpy(e->out + e->len, data, len);
	e->len += len;
	return true;
}

static void on_end(struct watch *w, uint32_t events)
{
	struct end *e = (struct end *)w;
	struct relay *r = e->relay;

	if (e->gone)
		return;
	if ((events & EPOLLOUT) && !flush(e)) {
		finish(e);
		return;
	}
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		ssize_t n = recv(e->fd, r->piece, PIECE, 0);
		if (n > 0 && e->peer->server)
			r->seen(r->cls, r->piece, (size_t)n, relay_now());
		if (n == 0)
			e->over = true;
		if ((n < 0 && errno != EAGAIN) || (n > 0 && !keep(e->peer, r->piece, (size_t)n)) || !flush(e->peer) ||
			(e->over && e->peer->over && e->len == e->from && e->peer->len == e->peer->from)) {
			finish(e);
			return;
		}
	}
	watch_end(e);
	watch_end(e->peer);
}

static struct end *new_end(struct relay *r, int fd, bool server)
{
	struct epoll_event ev = {.events = 0};
	struct end *e = calloc(1, sizeof(*e));
	int one = 1;

	if (!e)
		return NULL;
	*e = (struct end){.watch = {on_end}, .relay = r, .fd = fd, .server = server};
	ev.data.ptr = e;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &ev);
	return e;
}

/* A connection to the target; negative if there is none. */
static int connect_target(const struct relay *r)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || !connect(fd, (const struct sockaddr *)&r->target, sizeof(r->target))) {
		if (fd >= 0)
			fcntl(fd, F_SETFL, O_NONBLOCK);
		return fd;
	}
	close(fd);
	return -1;
}

static void on_connection(struct watch *w, uint32_t events)
{
	struct relay *r = (struct relay *)w;
	int fd = accept4(r->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int other = fd < 0 ? -1 : connect_target(r);
	struct end *a = other < 0 ? NULL : new_end(r, fd, true), *b = a ? new_end(r, other, false) : NULL;

	(void)events;
	if (!b) {
		free(a);
		if (other >= 0)
			close(other);
		if (fd >= 0)
			close(fd);
		return;
	}
	a->peer = b;
	b->peer = a;
	watch_end(a);
	watch_end(b);
}

struct relay *relay_new(int epoll, relay_seen *seen, void *cls)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct relay *r = calloc(1, sizeof(*r));
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = r};

	if (!r)
		return NULL;
	r->watch.ready = on_connection;
	r->epoll = epoll;
	r->seen = seen;
	r->cls = cls;
	STAILQ_INIT(&r->gone);
	r->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (r->fd >= 0 && !bind(r->fd, (struct sockaddr *)&any, sizeof(any)) && !listen(r->fd, 64) &&
		!epoll_ctl(epoll, EPOLL_CTL_ADD, r->fd, &ev))
		return r;
	free(r);
	return NULL;
}

uint16_t relay_port(const struct relay *r)
{
	struct sockaddr_in in;
	socklen_t len = sizeof(in);

	return getsockname(r->fd, (struct sockaddr *)&in, &len) ? 0 : ntohs(in.sin_port);
}

void relay_set_target(struct relay *r, const struct sockaddr_in *target)
{
	r->target = *target;
}

void relay_sweep(struct relay *r)
{
	struct end *e;

	while ((e = STAILQ_FIRST(&r->gone))) {
		STAILQ_REMOVE_HEAD(&r->gone, swept);
		free(e->out);
		free(e);
	}
}
