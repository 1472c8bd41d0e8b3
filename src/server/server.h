/* SPDX-License-Identifier: Apache-2.0 */
/* The DNS server: worker threads, each with an event loop and with UDP and TCP sockets of its own on every
 * address (SO_REUSEPORT). Answers come from the zone store's current snapshot; the workers take no lock. All
 * functions are for one controlling thread, unless it is said. */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "answer/answer.h"
#include "base/addr.h"
#include "forward/forward.h"
#include "server/counters.h"
#include "zone/store.h"

#define SERVER_TCP_CONNECTIONS 2048

/* 0 stands for the default in parentheses. All that it points to must outlive the server. */
struct server_settings {
	const struct addr *addresses;
	size_t address_count;
	uint16_t port;    /* (a free one) */
	unsigned workers; /* (one) */
	struct answer_settings answer;
	const struct zone_store *store;
	const struct forward_settings *forward; /* NULL: names outside our zones are refused */
	unsigned tcp_connections;               /* in all (SERVER_TCP_CONNECTIONS), divided among the workers */
	unsigned tcp_connections_per_address;   /* (256), likewise */
	unsigned tcp_idle_ms;                   /* without a query (10,000) */
	unsigned tcp_message_ms;                /* from a query's first byte to its last (5,000) */
	unsigned tcp_write_ms;                  /* for a peer to take the replies that wait for it (10,000) */
};

#define SERVER_ERROR_MAX 160

struct server;

/* Binds all sockets (the time for privileges), starts nothing. NULL: `error` says what failed, with the
 * address and port. */
struct server *server_new(const struct server_settings *settings, char error[SERVER_ERROR_MAX]);
/* The port that it is bound to. */
uint16_t server_port(const struct server *server);
/* Starts the workers. 0 or ERR_SYSTEM, then none runs. */
int server_start(struct server *server);
/* Ends the workers at once and waits for them. Does nothing if none runs. */
void server_stop(struct server *server);
/* Stops it and closes its sockets. NULL is ignored. */
void server_free(struct server *server);

/* What follows is for any thread while the server is there. */

/* The sum over all workers since the start. */
void server_read_counters(const struct server *server, struct server_counters *out);
/* Datagrams that the kernel dropped before a worker had them: mostly since a socket's buffer was full. Asks the
 * kernel. */
uint64_t server_socket_drops(const struct server *server);
/* The same sums of forwarding and of its caches. */
void server_read_forward_counters(const struct server *server, struct forward_counters *out);
void server_read_cache_counters(const struct server *server, struct cache_counters *out);
/* Servers that are forwarded to, and what all workers know of one. */
size_t server_upstream_count(const struct server *server);
void server_read_upstream(
	const struct server *server, size_t i, struct conf_server *which, struct upstream_counters *out);

/* Do the workers' loops run? Each one that does counts a ping, or several that came close together, as one pong. */
unsigned server_workers(const struct server *server);
void server_ping(struct server *server);
uint64_t server_pongs(const struct server *server, unsigned worker);

#endif
