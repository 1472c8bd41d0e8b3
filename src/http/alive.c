/* SPDX-License-Identifier: Apache-2.0 */
#include "http/alive.h"

#include <stdlib.h>

struct loop_state {
	uint64_t pongs;
	unsigned missed; /* in a row */
};

struct alive {
	struct ev_loop *loop;
	struct server *server;
	struct follow *follow;
	ev_timer timer;
	struct loop_state mesos;
	unsigned worker_count;
	struct loop_state workers[];
};

static void look(struct loop_state *state, uint64_t pongs)
{
	state->missed = pongs == state->pongs ? state->missed + 1 : 0;
	state->pongs = pongs;
}

void alive_ask(struct alive *alive)
{
	for (unsigned i = 0; i < alive->worker_count; i++)
		look(&alive->workers[i], server_pongs(alive->server, i));
	if (alive->server)
		server_ping(alive->server);
	if (!alive->follow)
		return;
	struct follow_counters counters;
	follow_read_counters(alive->follow, &counters);
	look(&alive->mesos, counters.turns);
	follow_ping(alive->follow);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	alive_ask(timer->data);
}

static bool is_alive(const struct loop_state *state)
{
	return state->missed < ALIVE_MISSES;
}

void alive_read(const struct alive *alive, struct alive_figures *out)
{
	*out = (struct alive_figures){.workers = alive->worker_count};
	for (unsigned i = 0; i < alive->worker_count; i++)
		out->workers_alive += is_alive(&alive->workers[i]);
	out->mesos_alive = !alive->follow || is_alive(&alive->mesos);
}

struct alive *alive_new(struct ev_loop *loop, struct server *server, struct follow *follow)
{
	unsigned workers = server ? server_workers(server) : 0;
	struct alive *alive = calloc(1, sizeof(*alive) + workers * sizeof(alive->workers[0]));

	if (!alive)
		return NULL;
	alive->loop = loop;
	alive->server = server;
	alive->follow = follow;
	alive->worker_count = workers;
	ev_timer_init(&alive->timer, on_timer, 0, ALIVE_INTERVAL);
	alive->timer.data = alive;
	ev_timer_start(loop, &alive->timer);
	return alive;
}

void alive_free(struct alive *alive)
{
	if (!alive)
		return;
	ev_timer_stop(alive->loop, &alive->timer);
	free(alive);
}
