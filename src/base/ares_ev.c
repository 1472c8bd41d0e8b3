/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ares_ev.h"

#include <stdlib.h>
#include <sys/time.h>

#include "base/err.h"

struct ares_ev_socket {
	ev_io io;
	struct ares_ev_socket *next;
	struct ares_ev *owner;
};

void ares_ev_update(struct ares_ev *a)
{
	struct timeval tv;

	ev_timer_stop(a->loop, &a->timer);
	if (!ares_timeout(a->channel, NULL, &tv))
		return;
	ev_now_update(a->loop);
	ev_timer_set(&a->timer, (double)tv.tv_sec + (double)tv.tv_usec / 1e6, 0);
	ev_timer_start(a->loop, &a->timer);
}

static void on_ready(struct ev_loop *loop, ev_io *io, int revents)
{
	/* The socket, and with it the watcher, can be gone after the call. */
	struct ares_ev *a = ((struct ares_ev_socket *)io->data)->owner;
	ares_socket_t fd = io->fd;

	ares_process_fd(a->channel, revents & EV_READ ? fd : ARES_SOCKET_BAD,
		revents & EV_WRITE ? fd : ARES_SOCKET_BAD);
	ares_ev_update(a);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct ares_ev *a = timer->data;

	ares_process_fd(a->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	ares_ev_update(a);
}

static void on_socket(void *data, ares_socket_t fd, int readable, int writable)
{
	struct ares_ev *a = data;
	struct ares_ev_socket **at = &a->sockets;

	while (*at && (*at)->io.fd != fd)
		at = &(*at)->next;
	struct ares_ev_socket *s = *at;
	if (s)
		ev_io_stop(a->loop, &s->io);
	if (!readable && !writable) {
		if (s) {
			*at = s->next;
			free(s);
		}
		return;
	}
	if (!s) {
		s = malloc(sizeof(*s));
		if (!s)
			return; /* its queries time out */
		s->owner = a;
		s->next = a->sockets;
		a->sockets = s;
		ev_init(&s->io, on_ready);
		s->io.data = s;
	}
	ev_io_set(&s->io, fd, (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));
	ev_io_start(a->loop, &s->io);
}

int ares_ev_init(struct ares_ev *a, struct ev_loop *loop, struct ares_options *options, int mask)
{
	*a = (struct ares_ev){.loop = loop};
	ev_init(&a->timer, on_timer);
	a->timer.data = a;
	options->sock_state_cb = on_socket;
	options->sock_state_cb_data = a;
	int rc = ares_init_options(&a->channel, options, mask | ARES_OPT_SOCK_STATE_CB);
	if (rc == ARES_SUCCESS)
		return 0;
	a->channel = NULL;
	return rc == ARES_ENOMEM ? ERR_NOMEM : ERR_SYSTEM;
}

void ares_ev_fini(struct ares_ev *a)
{
	if (a->channel)
		ares_destroy(a->channel);
	a->channel = NULL;
	if (a->loop)
		ev_timer_stop(a->loop, &a->timer);
	while (a->sockets) {
		struct ares_ev_socket *s = a->sockets;

		a->sockets = s->next;
		ev_io_stop(a->loop, &s->io);
		free(s);
	}
}
