/* SPDX-License-Identifier: Apache-2.0 */
/* A c-ares channel on a libev loop: its sockets are watched, its time-outs kept. One thread. c-ares calls
 * back from inside ares_ev's watchers, and from inside whatever starts a query; never call ares_ev_fini() or
 * ares_cancel() from such a callback (1.18 frees twice). */
#ifndef BASE_ARES_EV_H
#define BASE_ARES_EV_H

#include <ares.h>
#include <ev.h>

struct ares_ev_socket;

struct ares_ev {
	struct ev_loop *loop;
	ares_channel channel;
	ev_timer timer;
	struct ares_ev_socket *sockets;
};

/* Makes the channel; `a` must stay where it is. The options' socket callback is overwritten. ERR_NOMEM,
 * ERR_SYSTEM. */
int ares_ev_init(struct ares_ev *a, struct ev_loop *loop, struct ares_options *options, int mask);
/* Destroys the channel; queries under way end with ARES_EDESTRUCTION. */
void ares_ev_fini(struct ares_ev *a);
/* To be called after queries were started: the next time-out may be theirs. */
void ares_ev_update(struct ares_ev *a);

#endif
