/* SPDX-License-Identifier: Apache-2.0 */
/* A TCP listener with a thread that accepts, and that can be made to refuse: the port is then closed to
 * others, as if nothing ran there, but stays ours. */
#ifndef T_SIM_LISTENER_H
#define T_SIM_LISTENER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct listener;

/* Called on the listener's thread with each connection; `fd` is the callee's. */
typedef void listener_accepted(void *cls, int fd, const struct sockaddr *peer, socklen_t peer_len);

/* Binds, listens, starts the thread. `host` is an IPv4 or IPv6 literal; port 0 takes a free one. NULL with
 * errno. */
struct listener *listener_new(const char *host, uint16_t port, listener_accepted *accepted, void *cls);
uint16_t listener_port(const struct listener *l);
/* Returns when it is so. Any thread, one at a time. */
void listener_refuse(struct listener *l, bool refuse);
/* Ends the thread and closes the port; NULL is ignored. */
void listener_free(struct listener *l);

#endif
