/* SPDX-License-Identifier: Apache-2.0 */
/* A DNS server on the test's own loop, UDP and TCP on one port of 127.0.0.1, that does what a function says.
 */
#ifndef T_UNIT_FAKE_DNS_H
#define T_UNIT_FAKE_DNS_H

#include <ev.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fake_dns;

struct fake_conn;

struct fake_query { /* may be copied, and answered later while the server lives (by TCP: and the connection
		       does) */
	struct fake_dns *server;
	struct fake_conn *conn; /* NULL: UDP */
	struct sockaddr_in from;
	size_t len;
	uint8_t packet[512];
};

typedef void fake_fn(struct fake_query *q);

struct fake_dns {
	struct ev_loop *loop;
	uint16_t port;
	fake_fn *fn; /* NULL: says nothing */
	void *ctx;
	unsigned udp, tcp; /* queries seen */
	ev_io udp_io, listen_io;
	struct fake_conn *conns;
};

void fake_start(struct fake_dns *s, struct ev_loop *loop, fake_fn *fn, void *ctx);
void fake_stop(struct fake_dns *s);
void fake_send(const struct fake_query *q, const void *bytes, size_t len);
/* Bytes on the connection without a length before them. */
void fake_send_raw(const struct fake_query *q, const void *bytes, size_t len);
void fake_reset(const struct fake_query *q);

/* The reply: the query's header and question, flags and RCODE, `count` A records 192.0.2.N with the TTL.
 * Returns its length. */
size_t fake_reply(const struct fake_query *q, uint8_t *reply, uint16_t flags, unsigned count, uint32_t ttl);
/* Does the query have an OPT record? */
bool fake_has_edns(const struct fake_query *q);
size_t fake_question_len(const struct fake_query *q);

#endif
