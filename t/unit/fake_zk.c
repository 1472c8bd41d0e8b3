/* SPDX-License-Identifier: Apache-2.0 */
#include "t/unit/fake_zk.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define ERR_NO_NODE     (-101)
#define ERR_AUTH_FAILED (-115)
#define XID_EVENT       (-1)
#define XID_PING        (-2)
#define XID_AUTH        (-4)
#define STAT_LEN        68
#define SESSION_MS      4000

struct fake_zk_conn {
	struct fake_zk_conn *next;
	struct fake_zk *zk;
	ev_io io;
	bool session;
	size_t len;
	uint8_t in[65536];
};

struct reply {
	size_t len;
	uint8_t bytes[1 << 18];
};

static void put(struct reply *r, const void *bytes, size_t len)
{
	assert(r->len + len <= sizeof(r->bytes));
	memcpy(r->bytes + r->len, bytes, len);
	r->len += len;
}

static void put_int(struct reply *r, int64_t value)
{
	uint32_t big = htonl((uint32_t)value);

	put(r, &big, 4);
}

static void put_long(struct reply *r, int64_t value)
{
	put_int(r, value >> 32);
	put_int(r, value);
}

static void put_text(struct reply *r, const char *text)
{
	put_int(r, (int64_t)strlen(text));
	put(r, text, strlen(text));
}

static void put_stat(struct reply *r)
{
	static const uint8_t stat[STAT_LEN];

	put(r, stat, STAT_LEN);
}

static int32_t get_int(const uint8_t *at)
{
	uint32_t big;

	memcpy(&big, at, 4);
	return (int32_t)ntohl(big);
}

static void close_conn(struct fake_zk_conn *c)
{
	struct fake_zk_conn **at = &c->zk->conns;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	ev_io_stop(c->zk->loop, &c->io);
	close(c->io.fd);
	free(c);
}

/* In one piece: two would wait for each other's acknowledgement. */
static void send_reply(struct fake_zk_conn *c, struct reply *r)
{
	uint32_t len = htonl((uint32_t)r->len);
	struct iovec parts[2] = {{&len, 4}, {r->bytes, r->len}};
	const struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};

	(void)!sendmsg(c->io.fd, &message, MSG_NOSIGNAL);
}

static void begin(struct reply *r, int xid, int err)
{
	r->len = 0;
	put_int(r, xid);
	put_long(r, 1);
	put_int(r, err);
}

static const struct fake_zk_node *find(const struct fake_zk *zk, const char *path, size_t len)
{
	size_t own = zk->path ? strlen(zk->path) : 0;

	for (size_t i = 0; i < zk->count && own && len > own; i++)
		if (!strncmp(path, zk->path, own) && path[own] == '/' && strlen(zk->nodes[i].name) == len - own - 1 &&
			!memcmp(path + own + 1, zk->nodes[i].name, len - own - 1))
			return &zk->nodes[i];
	return NULL;
}

static void answer_list(struct fake_zk *zk, int xid, struct reply *r)
{
	zk->lists++;
	begin(r, xid, zk->list_err ? zk->list_err : zk->path ? 0 : ERR_NO_NODE);
	if (zk->list_err || !zk->path)
		return;
	put_int(r, (int64_t)zk->count);
	for (size_t i = 0; i < zk->count; i++)
		put_text(r, zk->nodes[i].name);
}

static void answer_read(struct fake_zk *zk, int xid, const char *path, size_t len, struct reply *r)
{
	const struct fake_zk_node *node = find(zk, path, len);

	zk->reads++;
	begin(r, xid, node ? node->err : ERR_NO_NODE);
	if (!node || node->err)
		return;
	put_int(r, node->data ? (int64_t)node->len : -1);
	if (node->data)
		put(r, node->data, node->len);
	put_stat(r);
}

/* False: the connection is over. */
static bool answer(struct fake_zk_conn *c, const uint8_t *at, size_t len)
{
	static struct reply r;
	struct fake_zk *zk = c->zk;
	int xid = get_int(at), op = get_int(at + 4);
	const char *path = (const char *)at + 12;
	size_t path_len = len >= 12 ? (size_t)get_int(at + 8) : 0;

	if (zk->before)
		zk->before(zk, op);
	begin(&r, xid, 0);
	if (xid == XID_AUTH) {
		/* type, scheme, bytes */
		size_t scheme = (size_t)get_int(at + 12), bytes = (size_t)get_int(at + 16 + scheme);

		assert(bytes < sizeof(zk->auth));
		memcpy(zk->auth, at + 20 + scheme, bytes);
		zk->auth[bytes] = '\0';
		if (zk->mode == FAKE_ZK_NO_AUTH)
			begin(&r, xid, ERR_AUTH_FAILED);
	} else if (op == FAKE_ZK_LIST) {
		answer_list(zk, xid, &r);
	} else if (op == FAKE_ZK_READ) {
		answer_read(zk, xid, path, path_len, &r);
	} else if (op == FAKE_ZK_EXISTS) {
		zk->exists++;
		begin(&r, xid, zk->path ? 0 : ERR_NO_NODE);
		if (zk->path)
			put_stat(&r);
	} else if (op == FAKE_ZK_SYNC) {
		zk->syncs++;
		if (zk->mode == FAKE_ZK_NO_SYNC)
			return false;
		put_text(&r, "/");
	} else if (op == FAKE_ZK_CLOSE) {
		zk->closes++;
	} else {
		assert(xid == XID_PING);
	}
	send_reply(c, &r);
	return op != FAKE_ZK_CLOSE;
}

static void welcome(struct fake_zk_conn *c)
{
	static const char password[16] = "0123456789abcdef";
	static const char http[] =
		"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nContent-Length: 9\r\n\r\nNo such!\n";
	struct fake_zk *zk = c->zk;
	static struct reply r;

	c->session = true;
	zk->sessions++;
	if (zk->mode == FAKE_ZK_HTTP) {
		(void)!send(c->io.fd, http, sizeof(http) - 1, MSG_NOSIGNAL);
		return;
	}
	r.len = 0;
	put_int(&r, 0);
	put_int(&r, SESSION_MS);
	put_long(&r, zk->sessions);
	put_int(&r, sizeof(password));
	put(&r, password, sizeof(password));
	put(&r, "", 1);
	send_reply(c, &r);
}

static void on_conn(struct ev_loop *loop, ev_io *io, int events)
{
	struct fake_zk_conn *c = io->data;
	ssize_t n = recv(io->fd, c->in + c->len, sizeof(c->in) - c->len, MSG_DONTWAIT);

	if (n <= 0) {
		close_conn(c);
		return;
	}
	c->len += (size_t)n;
	while (c->len >= 4 && c->len - 4 >= (size_t)get_int(c->in)) {
		size_t size = (size_t)get_int(c->in);

		if (!c->session) {
			welcome(c);
		} else if (!answer(c, c->in + 4, size)) {
			close_conn(c);
			return;
		}
		c->len -= 4 + size;
		memmove(c->in, c->in + 4 + size, c->len);
	}
}

static void on_listen(struct ev_loop *loop, ev_io *io, int events)
{
	struct fake_zk *zk = io->data;
	int fd = accept4(io->fd, NULL, NULL, SOCK_CLOEXEC);
	struct fake_zk_conn *c;

	if (fd < 0)
		return;
	zk->connections++;
	if (zk->mode == FAKE_ZK_HANGS_UP) {
		close(fd);
		return;
	}
	c = calloc(1, sizeof(*c));
	assert(c);
	c->zk = zk;
	c->next = zk->conns;
	zk->conns = c;
	ev_io_init(&c->io, on_conn, fd, EV_READ);
	c->io.data = c;
	ev_io_start(loop, &c->io);
}

void fake_zk_start(struct fake_zk *zk, struct ev_loop *loop)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*zk = (struct fake_zk){.loop = loop, .path = "/mesos"};
	assert(fd >= 0 && !bind(fd, (struct sockaddr *)&addr, sizeof(addr)) && !listen(fd, 10));
	assert(!getsockname(fd, (struct sockaddr *)&addr, &len));
	zk->port = ntohs(addr.sin_port);
	ev_io_init(&zk->io, on_listen, fd, EV_READ);
	zk->io.data = zk;
	ev_io_start(loop, &zk->io);
}

void fake_zk_stop(struct fake_zk *zk)
{
	fake_zk_cut(zk);
	ev_io_stop(zk->loop, &zk->io);
	close(zk->io.fd);
}

struct fake_zk_node *fake_zk_add(struct fake_zk *zk, const char *name, const char *data)
{
	assert(zk->count < FAKE_ZK_NODES && strlen(name) < sizeof(zk->nodes[0].name));
	struct fake_zk_node *node = &zk->nodes[zk->count++];
	*node = (struct fake_zk_node){.data = data, .len = data ? strlen(data) : 0};
	strcpy(node->name, name);
	return node;
}

void fake_zk_tell(struct fake_zk *zk, int type)
{
	static struct reply r;

	for (struct fake_zk_conn *c = zk->conns; c; c = c->next) {
		begin(&r, XID_EVENT, 0);
		put_int(&r, type);
		put_int(&r, 3);
		put_text(&r, zk->path);
		send_reply(c, &r);
	}
}

void fake_zk_cut(struct fake_zk *zk)
{
	while (zk->conns)
		close_conn(zk->conns);
}
