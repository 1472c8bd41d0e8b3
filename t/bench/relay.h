/* SPDX-License-Identifier: Apache-2.0 */
/* A TCP relay between a server that is measured and its master, which sees each byte go to the server. One thread,
 * one epoll descriptor. */
#ifndef T_BENCH_RELAY_H
#define T_BENCH_RELAY_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

struct watch { /* what an epoll event's data points to */
	void (*ready)(struct watch *w, uint32_t events);
};

/* Bytes that are about to be written to the server, and when (nanoseconds, CLOCK_MONOTONIC). */
typedef void relay_seen(void *cls, const char *data, size_t len, uint64_t now);

struct relay;

/* Listens on a free port of 127.0.0.1. NULL with errno. */
struct relay *relay_new(int epoll, relay_seen *seen, void *cls);
uint16_t relay_port(const struct relay *r);
/* Where connections from now on go. */
void relay_set_target(struct relay *r, const struct sockaddr_in *target);
/* Frees what has ended; after each batch of events. */
void relay_sweep(struct relay *r);
uint64_t relay_now(void);

#endif
