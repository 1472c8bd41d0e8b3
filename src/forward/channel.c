/* SPDX-License-Identifier: Apache-2.0 */
#define CARES_NO_DEPRECATED /* 1.34 would rather parse each packet itself */
#include "forward/channel.h"

#include <errno.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/err.h"
#include "base/wire.h"

#define PACKETS_A_CALL 64 /* that are thrown away before other work gets its turn */

/* 1.34 chooses its time-outs from how quick the server has been: several tries fill ours. */
#if ARES_VERSION >= 0x012000
#define TRIES 4
#else
#define TRIES 1
#endif

static void flight_free(struct flight *f)
{
	message_free(f->message);
	free(f);
}

static void tell(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct flight_queue *q = timer->data;
	struct flight *f = q->first, *later;

	q->first = NULL;
	q->last = &q->first;
	for (; f; f = later) {
		struct message *m = f->message;

		later = f->later;
		f->message = NULL;
		f->done(f->ctx, f->outcome, m);
		f->told = true;
		if (!f->held)
			flight_free(f);
	}
}

void flight_queue_init(struct flight_queue *q, struct ev_loop *loop)
{
	q->loop = loop;
	q->held = 0;
	q->first = NULL;
	q->last = &q->first;
	ev_timer_init(&q->kick, tell, 0, 0);
	q->kick.data = q;
}

void flight_queue_fini(struct flight_queue *q)
{
	ev_clear_pending(q->loop, &q->kick);
	while (q->first) {
		struct flight *f = q->first;

		q->first = f->later;
		flight_free(f);
	}
}

/* The end of a query. c-ares may hold it for longer. */
static void finish(struct flight *f, enum upstream_outcome outcome, struct message *m)
{
	struct flight_queue *q = f->channel->queue;

	f->over = true;
	f->outcome = outcome;
	f->message = m;
	f->later = NULL;
	*q->last = f;
	q->last = &f->later;
	if (q->first == f)
		ev_feed_event(q->loop, &q->kick, EV_CUSTOM);
}

static struct flight **find(struct channel *c, uint16_t id)
{
	struct flight **at = &c->table[id % CHANNEL_BUCKETS];

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	return at;
}

static void insert(struct channel *c, struct flight *f, uint16_t id)
{
	struct flight **bucket = &c->table[id % CHANNEL_BUCKETS];

	f->id = id;
	f->next = *bucket;
	*bucket = f;
}

static void take_out(struct channel *c, struct flight *f)
{
	struct flight **at = &c->table[f->id % CHANNEL_BUCKETS];

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
}

/* Ends the query that the packet is for. False if that is none, or the packet is nothing that c-ares should
 * see. */
static bool take_packet(struct channel *c, const uint8_t *packet, size_t len)
{
	struct message *m;

	if (len < DNS_HEADER || !(packet[2] & 0x80))
		return false;
	struct flight *f = *find(c, wire_get_u16(packet));
	if (!f || f->over)
		return f; /* c-ares knows what to do with a second reply */
	if (len < DNS_HEADER + (size_t)f->question_len && wire_get_u16(packet + 4))
		return false; /* cut: it has not another question, but none */
	switch (message_check(packet, len, f->question, f->question_len, &m)) {
	case 0:
		finish(f, UPSTREAM_REPLIED, m);
		return true;
	case ERR_NOTFOUND:
		finish(f, UPSTREAM_MISMATCHED, NULL);
		return false;
	default:
		return false;
	}
}

static ares_socket_t open_socket(int family, int type, int protocol, void *data)
{
	const int on = 1, omit = IP_PMTUDISC_OMIT;
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		return ARES_SOCKET_BAD;
	/* Queries are small: a message that says that they must be smaller yet is forged. */
	if (type == SOCK_DGRAM && family == AF_INET)
		setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &omit, sizeof(omit));
	if (type == SOCK_DGRAM && family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &omit, sizeof(omit));
	if (type == SOCK_STREAM)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static int close_socket(ares_socket_t fd, void *data)
{
	return close(fd);
}

static int connect_socket(ares_socket_t fd, const struct sockaddr *to, ares_socklen_t len, void *data)
{
	return connect(fd, to, len);
}

static ares_ssize_t receive(ares_socket_t fd, void *buffer, size_t size, int flags, struct sockaddr *from,
	ares_socklen_t *from_len, void *data)
{
	struct channel *c = data;

	if (c->tcp)
		return recvfrom(fd, buffer, size, flags, from, from_len);
	for (unsigned i = 0; i < PACKETS_A_CALL; i++) {
		ssize_t n = recvfrom(fd, buffer, size, flags, from, from_len);

		if (n >= 0 && take_packet(c, buffer, (size_t)n))
			return n;
		if (n < 0 && errno == EAGAIN)
			return -1;
		/* Junk, or the ICMP error that somebody sent: anybody can. */
	}
	errno = EAGAIN;
	return -1;
}

static ares_ssize_t send_vector(ares_socket_t fd, const struct iovec *vector, int count, void *data)
{
	struct channel *c = data;
	struct msghdr msg = {.msg_iov = (struct iovec *)(uintptr_t)vector, .msg_iovlen = (size_t)count};
	ssize_t n = sendmsg(fd, &msg, MSG_NOSIGNAL);

	if (c->tcp)
		return n;
	if (n < 0 && errno != EAGAIN)
		n = sendmsg(fd, &msg,
			MSG_NOSIGNAL); /* the first one only reported the last packet's ICMP error */
	if (c->sending && vector[0].iov_len >= 2) {
		uint16_t id = wire_get_u16(vector[0].iov_base);

		if (id != c->sending->id) { /* 1.34 gives queries ids of its own (also random) */
			take_out(c, c->sending);
			insert(c, c->sending, id);
		}
	}
	return n;
}

static void on_answer(void *arg, int status, int timeouts, unsigned char *packet, int len)
{
	struct flight *f = arg;
	struct channel *c = f->channel;
	struct message *m;

	take_out(c, f);
	f->held = false;
	c->inflight--;
	c->queue->held--;
	if (f->over || c->closing) {
		if (f->told || !f->over)
			flight_free(f);
		return;
	}
	if (status == ARES_ETIMEOUT) {
		finish(f, UPSTREAM_TIMEOUT, NULL);
	} else if (status != ARES_SUCCESS || !packet || len < DNS_HEADER) {
		finish(f, UPSTREAM_FAILED, NULL);
	} else {
		int err = message_check(packet, (size_t)len, f->question, f->question_len, &m);

		finish(f, err ? UPSTREAM_FAILED : UPSTREAM_REPLIED, err ? NULL : m);
	}
}

int channel_send(struct channel *c, struct random_block *random, uint8_t *packet, size_t len,
	upstream_done_fn *done, void *ctx)
{
	size_t name_len = len > DNS_HEADER ? dname_len(packet + DNS_HEADER, len - DNS_HEADER) : 0;
	uint16_t id;

	if (!name_len || len < DNS_HEADER + name_len + 4)
		return ERR_FORMAT;
	struct flight *f = malloc(sizeof(*f) + name_len + 4);
	if (!f)
		return ERR_NOMEM;
	*f = (struct flight){.channel = c, .done = done, .ctx = ctx, .held = true};
	f->question_len = (uint16_t)(name_len + 4);
	memcpy(f->question, packet + DNS_HEADER, f->question_len);
	do
		id = random_u16(random);
	while (*find(c, id));
	insert(c, f, id);
	wire_put_u16(packet, id);
	if (!c->inflight++) {
		c->used = 0;
		c->since = ev_now(c->ares.loop);
	}
	c->used++;
	c->queue->held++;
	c->sending = f;
	ares_send(c->ares.channel, packet, (int)len, on_answer, f);
	c->sending = NULL;
	/* All queries wait equally long: the first one's time-out is the next. */
	if (!ev_is_active(&c->ares.timer))
		ares_ev_update(&c->ares);
	return 0;
}

static int set_server(struct channel *c, const struct conf_server *server)
{
	struct ares_addr_port_node node = {
		.family = server->addr.len == 4 ? AF_INET : AF_INET6,
		.udp_port = server->port,
		.tcp_port = server->port,
	};

	memcpy(&node.addr, server->addr.bytes, server->addr.len);
	return ares_set_servers_ports(c->ares.channel, &node) == ARES_SUCCESS ? 0 : ERR_SYSTEM;
}

struct channel *channel_new(
	struct flight_queue *queue, const struct conf_server *server, bool tcp, double timeout)
{
	static const struct ares_socket_functions functions = {
		.asocket = open_socket,
		.aclose = close_socket,
		.aconnect = connect_socket,
		.arecvfrom = receive,
		.asendv = send_vector,
	};
	char dns_only[] = "b", nowhere[] = "/dev/null";
	struct in_addr placeholder = {htonl(INADDR_LOOPBACK)};
	/* Everything is set, so that c-ares finds nothing left to read from the system's files. */
	struct ares_options options = {
		.flags = ARES_FLAG_IGNTC | ARES_FLAG_NOCHECKRESP | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES |
			 (tcp ? ARES_FLAG_USEVC : 0),
		.timeout = (int)(timeout * 1000),
		.tries = TRIES,
		.ndots = 1,
		.servers = &placeholder,
		.nservers = 1,
		.lookups = dns_only,
		.resolvconf_path = nowhere,
	};
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS | ARES_OPT_SERVERS |
		   ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS | ARES_OPT_SORTLIST | ARES_OPT_RESOLVCONF |
		   ARES_OPT_NOROTATE;
	struct channel *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->queue = queue;
	c->tcp = tcp;
#ifdef ARES_OPT_QUERY_CACHE
	options.qcache_max_ttl = 0; /* the cache is ours */
	mask |= ARES_OPT_QUERY_CACHE;
#endif
	if (ares_ev_init(&c->ares, queue->loop, &options, mask) || set_server(c, server)) {
		channel_free(c);
		return NULL;
	}
	ares_set_socket_functions(c->ares.channel, &functions, c);
	return c;
}

void channel_free(struct channel *c)
{
	if (!c)
		return;
	c->closing = true;
	ares_ev_fini(&c->ares);
	free(c);
}
