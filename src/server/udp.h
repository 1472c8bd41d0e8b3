/* SPDX-License-Identifier: Apache-2.0 */
/* Queries over UDP, in batches by recvmmsg(2) and sendmmsg(2). Inside server/; owned by one worker. */
#ifndef SERVER_UDP_H
#define SERVER_UDP_H

#include "server/worker.h"

/* NULL: out of memory. */
struct udp *udp_new(struct worker *worker);
/* Closes the sockets. NULL is ignored. */
void udp_free(struct udp *udp);
/* Takes a bound socket over. 0 or ERR_NOMEM, then the socket is the caller's still. Not while the worker
 * runs. */
int udp_add_socket(struct udp *udp, int fd, const struct addr *addr, uint16_t port);
/* Sends a reply that came later, by the ticket of its query. */
void udp_reply(struct udp *udp, const uint8_t ticket[FORWARD_TICKET_MAX], const uint8_t *reply, size_t len);
/* Datagrams that the kernel dropped at these sockets. Any thread may ask. */
uint64_t udp_socket_drops(const struct udp *udp);

#endif
