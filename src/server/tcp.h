/* SPDX-License-Identifier: Apache-2.0 */
/* Queries over TCP (RFC 7766): any number on a connection, answered as they come. Inside server/; owned by
 * one worker.
 *
 * A connection costs its small buffer for what comes in; replies are composed in a buffer that all
 * connections of the worker share, and only what a peer does not take at once is kept aside, up to a limit
 * for all. While it waits for that, nothing more is read from the peer, nor while very many of its queries
 * wait for replies of other servers. */
#ifndef SERVER_TCP_H
#define SERVER_TCP_H

#include "server/worker.h"

/* NULL: out of memory. */
struct tcp *tcp_new(struct worker *worker);
/* Closes sockets and connections. NULL is ignored. */
void tcp_free(struct tcp *tcp);
/* Takes a listening socket over. 0 or ERR_NOMEM, then the socket is the caller's still. Not while the worker
 * runs. */
int tcp_add_socket(struct tcp *tcp, int fd);
/* Sends a reply that came later, by the ticket of its query. Nobody gets it if the connection has ended. */
void tcp_reply(struct tcp *tcp, const uint8_t ticket[FORWARD_TICKET_MAX], const uint8_t *reply, size_t len);

#endif
