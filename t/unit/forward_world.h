/* SPDX-License-Identifier: Apache-2.0 */
/* A forwarder between clients that are only function calls and servers that do what they are told, on one
 * loop. */
#ifndef T_UNIT_FORWARD_WORLD_H
#define T_UNIT_FORWARD_WORLD_H

#include "t/unit/unit.h"

#include <stdio.h>

#include "answer/rcode.h"
#include "forward/forward.h"
#include "t/unit/fake_dns.h"

#define SERVERS 3
#define REPLIES 4096

struct reply {
	uint32_t ticket;
	uint16_t id, flags;
	unsigned rcode, answers;
	int ede; /* -1: none */
	uint32_t ttl;
	size_t len;
	double at;
};

struct world {
	struct ev_loop *loop;
	struct fake_dns servers[SERVERS];
	struct conf_server addresses[SERVERS];
	struct conf_servers resolvers;
	struct forward_settings settings;
	struct conf_prefix allow;
	struct forwarder *f;
	ev_timer guard;
	struct reply replies[REPLIES];
	unsigned count;
	bool guarded; /* the time for the test is over */
	struct fake_query held[128];
	unsigned held_count;
};

struct ask {
	const char *name;
	uint16_t type, flags, limit;
	bool tcp, edns, dnssec_ok;
	const char *from;
};

double world_clock(void);
/* The servers that have a function are the resolvers, with one second of timeout; the settings can be changed
 * until world_start(). */
struct world *world_new(fake_fn *first, fake_fn *second, fake_fn *third);
void world_start(struct world *w);
void world_free(struct world *w);

/* The query as it would come from the client. Returns its length. */
size_t make_query(const struct ask *a, uint16_t id, uint8_t packet[512]);
/* Asks; a reply at once is put with the others. */
enum forward_verdict ask(struct world *w, const struct ask *a, uint32_t ticket);
enum forward_verdict ask_packet(
	struct world *w, const struct ask *a, uint32_t ticket, const uint8_t *packet, size_t len);
/* Runs the loop until there are that many replies in all. */
void run_until(struct world *w, unsigned count);
void run_for(struct world *w, double seconds);
/* Asks and waits. */
struct reply get(struct world *w, const struct ask *a);

/* Servers. */
void answers(struct fake_query *q); /* two addresses */
void silent(struct fake_query *q);
void holds(struct fake_query *q); /* in w->held */
void fails(struct fake_query *q); /* SERVFAIL */

#endif
