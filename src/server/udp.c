/* SPDX-License-Identifier: Apache-2.0 */
#include "server/udp.h"

#include <assert.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/lines.h"
#include "base/rcu.h"

#define BATCH             32
#define BATCHES_PER_EVENT 4 /* then the other sockets have their turn */
#define PACKET            4096

/* 4096 + 4096 bytes alone would put every slot's first lines into the same few sets of the L1 cache. */
#define SLOT_STAGGER 192

union peer {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

struct slot {
	union peer peer;
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	uint8_t in[PACKET];
	uint8_t out[PACKET];
	uint8_t stagger[SLOT_STAGGER];
};

/* The way back for a reply that comes later. Sockets live as long as the worker. */
struct udp_ticket {
	const struct udp_socket *sock;
	union peer peer;
	uint8_t peer_len, control_len;
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};
static_assert(
	sizeof(struct udp_ticket) <= FORWARD_TICKET_MAX, "a ticket has room in what the forwarder keeps");

struct udp_socket {
	ev_io io;
	struct udp *udp;
	struct udp_socket *next;
	struct addr addr;
	uint16_t port;
	bool any; /* bound to a wildcard address */
};

struct udp {
	struct worker *worker;
	struct udp_socket *sockets;
	struct mmsghdr in[BATCH], out[BATCH];
	struct iovec in_iov[BATCH], out_iov[BATCH];
	struct query queries[BATCH];
	struct slot slots[BATCH];
};

/* Makes slots ready to receive: what the kernel wrote into the headers is set back. */
static void reset_slots(struct udp *udp, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		udp->in[i].msg_hdr.msg_namelen = sizeof(udp->slots[i].peer);
		udp->in[i].msg_hdr.msg_controllen = sizeof(udp->slots[i].control);
	}
}

struct udp *udp_new(struct worker *worker)
{
	struct udp *udp = lines_calloc(sizeof(*udp));

	if (!udp)
		return NULL;
	udp->worker = worker;
	for (unsigned i = 0; i < BATCH; i++) {
		struct slot *slot = &udp->slots[i];

		udp->in_iov[i] = (struct iovec){slot->in, sizeof(slot->in)};
		udp->in[i].msg_hdr = (struct msghdr){.msg_name = &slot->peer,
			.msg_iov = &udp->in_iov[i],
			.msg_iovlen = 1,
			.msg_control = slot->control};
		udp->out[i].msg_hdr = (struct msghdr){.msg_iov = &udp->out_iov[i], .msg_iovlen = 1};
	}
	reset_slots(udp, BATCH);
	return udp;
}

/* Reads where the query was sent to, and makes of it where the reply is to come from. */
static bool turn_pktinfo(struct msghdr *msg, struct addr *local)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo *info = (struct in_pktinfo *)CMSG_DATA(c);

			info->ipi_ifindex = 0; /* routing finds the way back */
			*local = (struct addr){.len = 4};
			memcpy(local->bytes, &info->ipi_spec_dst, 4);
			return true;
		}
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo *info = (struct in6_pktinfo *)CMSG_DATA(c);

			if (!IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr))
				info->ipi6_ifindex = 0;
			*local = (struct addr){.len = 16};
			memcpy(local->bytes, &info->ipi6_addr, 16);
			return true;
		}
	}
	return false;
}

/* May this sender be answered? A query from port 0 cannot be, and one from our own address and port is a
 * trick to have us talk to ourselves. Fills `out` with the way back. */
static bool may_answer(const struct udp_socket *sock, struct msghdr *in, struct msghdr *out)
{
	const union peer *peer = in->msg_name;
	struct addr local = sock->addr, sender;

	out->msg_name = in->msg_name;
	out->msg_namelen = in->msg_namelen;
	out->msg_control = NULL;
	out->msg_controllen = 0;
	if (sock->any) {
		if (!turn_pktinfo(in, &local))
			return false;
		out->msg_control = in->msg_control;
		out->msg_controllen = in->msg_controllen;
	}
	if (peer->in.sin_port != htons(sock->port)) /* IPv6's stands in the same place */
		return peer->in.sin_port != 0;
	return !addr_from_sockaddr(&sender, NULL, &peer->any) && !addr_equal(&sender, &local);
}

/* True: the reply is there; false: it comes by udp_reply(). */
static bool forward(struct udp *udp, const struct udp_socket *sock, const struct msghdr *back,
	const struct query *query, uint8_t *reply, struct answer_result *result)
{
	const union peer *peer = back->msg_name;
	struct forward_client client;
	struct udp_ticket ticket = {.sock = sock,
		.peer = *peer,
		.peer_len = (uint8_t)back->msg_namelen,
		.control_len = (uint8_t)back->msg_controllen};

	if (back->msg_controllen)
		memcpy(ticket.control, back->msg_control, back->msg_controllen);
	addr_from_sockaddr(&client.addr, NULL, &peer->any);
	memcpy(client.ticket, &ticket, sizeof(ticket));
	return worker_forward(udp->worker, ANSWER_UDP, &client, query, reply, result);
}

/* Reads the queries of the first `count` slots, and has what their answers need come into the cache meanwhile: in a large
 * zone an answer is three or four waits for memory, which a batch can do together. */
static void parse_batch(struct udp *udp, const struct zone_snapshot *snapshot, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		query_parse(&udp->queries[i], udp->slots[i].in, udp->in[i].msg_len);
		answer_prefetch(snapshot, &udp->queries[i], 0);
	}
	for (unsigned step = 1; count > 1 && step < ANSWER_PREFETCH_STEPS; step++)
		for (unsigned i = 0; i < count; i++)
			answer_prefetch(snapshot, &udp->queries[i], step);
}

/* Answers the first `count` slots and returns how many replies there are. */
static unsigned answer_batch(struct udp *udp, const struct udp_socket *sock, unsigned count)
{
	struct worker *worker = udp->worker;
	const struct zone_snapshot *snapshot = zone_store_read(worker->settings->store);
	unsigned replies = 0;

	parse_batch(udp, snapshot, count);
	for (unsigned i = 0; i < count; i++) {
		const struct query *query = &udp->queries[i];
		struct slot *slot = &udp->slots[i];
		struct answer_result result;

		if (!may_answer(sock, &udp->in[i].msg_hdr, &udp->out[replies].msg_hdr)) {
			counter_add(&worker->counters.dropped[SERVER_DROP_SOURCE], 1);
			continue;
		}
		worker_answer(worker, snapshot, ANSWER_UDP, query, udp->in[i].msg_len, slot->out, sizeof(slot->out),
			&result);
		if (result.verdict == ANSWER_DROP)
			continue;
		if (result.verdict == ANSWER_OUTSIDE &&
			!forward(udp, sock, &udp->out[replies].msg_hdr, query, slot->out, &result))
			continue;
		udp->out_iov[replies++] = (struct iovec){slot->out, result.reply_len};
	}
	return replies;
}

/* A reply that the kernel refuses costs only itself, unless there is no room at all. */
static void send_batch(struct udp *udp, int fd, unsigned count)
{
	unsigned sent = 0, lost = 0;

	while (sent < count) {
		int n = count == 1 ? (sendmsg(fd, &udp->out[0].msg_hdr, 0) < 0 ? -1 : 1)
				   : sendmmsg(fd, udp->out + sent, count - sent, 0);

		if (n > 0) {
			sent += (unsigned)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM) {
			lost += count - sent;
			break;
		}
		lost++;
		sent++;
	}
	if (lost)
		counter_add(&udp->worker->counters.dropped[SERVER_DROP_SEND], lost);
}

void udp_reply(
	struct udp *udp, const uint8_t ticket_bytes[FORWARD_TICKET_MAX], const uint8_t *reply, size_t len)
{
	struct udp_ticket ticket;
	struct iovec iov = {(void *)(uintptr_t)reply, len}; /* is only read */
	ssize_t sent;

	memcpy(&ticket, ticket_bytes, sizeof(ticket));
	struct msghdr msg = {.msg_name = &ticket.peer,
		.msg_namelen = ticket.peer_len,
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = ticket.control_len ? ticket.control : NULL,
		.msg_controllen = ticket.control_len};
	do
		sent = sendmsg(ticket.sock->io.fd, &msg, 0);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		counter_add(&udp->worker->counters.dropped[SERVER_DROP_SEND], 1);
}

static void on_readable(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct udp_socket *sock = (struct udp_socket *)watcher;
	struct udp *udp = sock->udp;

	for (unsigned round = 0; round < BATCHES_PER_EVENT; round++) {
		int n = recvmmsg(watcher->fd, udp->in, BATCH, MSG_DONTWAIT, NULL);

		if (n <= 0)
			return;
		unsigned replies = answer_batch(udp, sock, (unsigned)n);
		send_batch(udp, watcher->fd, replies);
		worker_count_latency(udp->worker, ANSWER_UDP, replies);
		reset_slots(udp, (unsigned)n);
		rcu_reader_quiescent();
		if (n < BATCH)
			return;
	}
}

int udp_add_socket(struct udp *udp, int fd, const struct addr *addr, uint16_t port)
{
	struct udp_socket *sock = lines_calloc(sizeof(*sock));

	if (!sock)
		return ERR_NOMEM;
	sock->udp = udp;
	sock->addr = *addr;
	sock->port = port;
	sock->any = addr_is_any(addr);
	sock->next = udp->sockets;
	udp->sockets = sock;
	ev_io_init(&sock->io, on_readable, fd, EV_READ);
	ev_io_start(udp->worker->loop, &sock->io);
	return 0;
}

uint64_t udp_socket_drops(const struct udp *udp)
{
	uint32_t info[SK_MEMINFO_VARS];
	uint64_t sum = 0;

	for (const struct udp_socket *sock = udp->sockets; sock; sock = sock->next) {
		socklen_t len = sizeof(info);

		if (!getsockopt(sock->io.fd, SOL_SOCKET, SO_MEMINFO, info, &len) && len == sizeof(info))
			sum += info[SK_MEMINFO_DROPS];
	}
	return sum;
}

void udp_free(struct udp *udp)
{
	if (!udp)
		return;
	while (udp->sockets) {
		struct udp_socket *sock = udp->sockets;

		udp->sockets = sock->next;
		ev_io_stop(udp->worker->loop, &sock->io);
		close(sock->io.fd);
		free(sock);
	}
	free(udp);
}
