/* SPDX-License-Identifier: Apache-2.0 */
#include "t/unit/fake_dns.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "t/unit/unit.h"

struct fake_conn {
	struct fake_conn *next;
	struct fake_dns *server;
	ev_io io;
	size_t len;
	uint8_t in[1024];
};

static void conn_free(struct fake_conn *c)
{
	struct fake_conn **at = &c->server->conns;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	ev_io_stop(c->server->loop, &c->io);
	close(c->io.fd);
	free(c);
}

static bool is_there(const struct fake_query *q)
{
	const struct fake_conn *c = q->server->conns;

	while (c && c != q->conn)
		c = c->next;
	return c;
}

void fake_send_raw(const struct fake_query *q, const void *bytes, size_t len)
{
	if (!q->conn)
		sendto(q->server->udp_io.fd, bytes, len, 0, (const struct sockaddr *)&q->from,
			sizeof(q->from));
	else if (is_there(q))
		send(q->conn->io.fd, bytes, len, MSG_NOSIGNAL);
}

void fake_send(const struct fake_query *q, const void *bytes, size_t len)
{
	uint8_t head[2] = {(uint8_t)(len >> 8), (uint8_t)len};

	if (q->conn)
		fake_send_raw(q, head, 2);
	fake_send_raw(q, bytes, len);
}

void fake_reset(const struct fake_query *q)
{
	const struct linger now = {1, 0};

	if (!is_there(q))
		return;
	setsockopt(q->conn->io.fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	conn_free(q->conn);
}

static void on_udp(struct ev_loop *loop, ev_io *io, int revents)
{
	struct fake_query q = {.server = io->data};

	for (;;) {
		socklen_t from_len = sizeof(q.from);
		ssize_t n = recvfrom(io->fd, q.packet, sizeof(q.packet), MSG_DONTWAIT,
			(struct sockaddr *)&q.from, &from_len);

		if (n < 0)
			return;
		q.len = (size_t)n;
		q.server->udp++;
		if (q.server->fn)
			q.server->fn(&q);
	}
}

static void on_conn(struct ev_loop *loop, ev_io *io, int revents)
{
	struct fake_conn *c = io->data;
	struct fake_query q = {.server = c->server, .conn = c};
	ssize_t n = recv(io->fd, c->in + c->len, sizeof(c->in) - c->len, MSG_DONTWAIT);

	if (n <= 0) {
		conn_free(c);
		return;
	}
	c->len += (size_t)n;
	for (;;) {
		size_t len = c->len < 2 ? 0 : (size_t)c->in[0] << 8 | c->in[1];

		if (c->len < 2 || c->len < 2 + len)
			return;
		assert_true(len <= sizeof(q.packet));
		memcpy(q.packet, c->in + 2, len);
		q.len = len;
		c->len -= 2 + len;
		memmove(c->in, c->in + 2 + len, c->len);
		q.server->tcp++;
		if (q.server->fn)
			q.server->fn(&q);
		if (!is_there(&q))
			return;
	}
}

static void on_listen(struct ev_loop *loop, ev_io *io, int revents)
{
	struct fake_dns *s = io->data;
	int fd = accept(io->fd, NULL, NULL);

	if (fd < 0)
		return;
	struct fake_conn *c = calloc(1, sizeof(*c));
	assert_non_null(c);
	c->server = s;
	c->next = s->conns;
	s->conns = c;
	ev_io_init(&c->io, on_conn, fd, EV_READ);
	c->io.data = c;
	ev_io_start(loop, &c->io);
}

void fake_start(struct fake_dns *s, struct ev_loop *loop, fake_fn *fn, void *ctx)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(in);
	int udp, tcp, tries = 0;

	*s = (struct fake_dns){.loop = loop, .fn = fn, .ctx = ctx};
	for (;;) { /* a port that is free for both */
		in.sin_port = 0;
		udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		assert_true(udp >= 0 && tcp >= 0);
		assert_int_equal(bind(tcp, (struct sockaddr *)&in, sizeof(in)), 0);
		assert_int_equal(getsockname(tcp, (struct sockaddr *)&in, &len), 0);
		if (!bind(udp, (struct sockaddr *)&in, sizeof(in)))
			break;
		close(udp);
		close(tcp);
		assert_true(++tries < 100);
	}
	assert_int_equal(listen(tcp, 64), 0);
	s->port = ntohs(in.sin_port);
	ev_io_init(&s->udp_io, on_udp, udp, EV_READ);
	ev_io_init(&s->listen_io, on_listen, tcp, EV_READ);
	s->udp_io.data = s->listen_io.data = s;
	ev_io_start(loop, &s->udp_io);
	ev_io_start(loop, &s->listen_io);
}

void fake_stop(struct fake_dns *s)
{
	while (s->conns)
		conn_free(s->conns);
	ev_io_stop(s->loop, &s->udp_io);
	ev_io_stop(s->loop, &s->listen_io);
	close(s->udp_io.fd);
	close(s->listen_io.fd);
}

size_t fake_question_len(const struct fake_query *q)
{
	size_t at = 12;

	while (q->packet[at])
		at += 1u + q->packet[at];
	return at + 5 - 12;
}

bool fake_has_edns(const struct fake_query *q)
{
	return q->packet[11];
}

size_t fake_reply(const struct fake_query *q, uint8_t *reply, uint16_t flags, unsigned count, uint32_t ttl)
{
	size_t at = 12 + fake_question_len(q);
	bool edns = fake_has_edns(q);

	memcpy(reply, q->packet, at);
	flags |= 0x8180;
	reply[2] = (uint8_t)(flags >> 8);
	reply[3] = (uint8_t)flags;
	memset(reply + 6, 0, 6);
	reply[6] = (uint8_t)(count >> 8);
	reply[7] = (uint8_t)count;
	for (unsigned i = 0; i < count; i++) {
		const uint8_t rr[16] = {0xc0, 0x0c, 0, 1, 0, 1, (uint8_t)(ttl >> 24), (uint8_t)(ttl >> 16),
			(uint8_t)(ttl >> 8), (uint8_t)ttl, 0, 4, 192, 0, 2, (uint8_t)i};

		memcpy(reply + at, rr, 16);
		at += 16;
	}
	if (edns) {
		const uint8_t opt[11] = {0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0};

		reply[11] = 1;
		memcpy(reply + at, opt, 11);
		at += 11;
	}
	return at;
}
