/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets bound to the server's addresses, with the options that a DNS server wants. */
#ifndef SERVER_LISTEN_H
#define SERVER_LISTEN_H

#include <stdint.h>

#include "base/addr.h"

/* A non-blocking UDP socket, one of several on its address and port. A wildcard address's tells where each
 * datagram was sent to (IP_PKTINFO). Returns the descriptor or ERR_SYSTEM with errno. */
int listen_udp(const struct addr *addr, uint16_t port);
/* Has each datagram go to one of the `sockets` sockets that share `fd`'s address and port by chance. Without that it is the
 * sender's address and port that decide, so that those who always ask from one port have one socket. 0, or ERR_SYSTEM with
 * errno, then all stays as it is. */
int listen_spread(int fd, unsigned sockets);
/* A non-blocking listening TCP socket, likewise. */
int listen_tcp(const struct addr *addr, uint16_t port);
/* Has nobody else the UDP port? SO_REUSEPORT would let two servers of one user share it in silence. 0, or
 * ERR_SYSTEM with errno. */
int listen_probe(const struct addr *addr, uint16_t port);
/* The port that a socket is bound to; 0 on failure. */
uint16_t listen_port(int fd);

#endif
