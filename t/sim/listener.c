/* SPDX-License-Identifier: Apache-2.0 */
#include "t/sim/listener.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/addr.h"

#define BACKLOG 512

struct listener {
	int fd;
	uint16_t port;
	listener_accepted *accepted;
	void *cls;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool refusing, idle, ending; /* idle: the thread has seen that it refuses */
};

static int open_socket(const struct addr *addr, uint16_t port, uint16_t *bound)
{
	struct sockaddr_storage ss;
	struct addr same;
	socklen_t len = addr_to_sockaddr(addr, port, &ss);
	int one = 1;
	int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&ss, len) || getsockname(fd, (struct sockaddr *)&ss, &len) ||
		addr_from_sockaddr(&same, bound, (struct sockaddr *)&ss)) {
		int saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static void *accept_loop(void *cls)
{
	struct listener *l = cls;

	for (;;) {
		struct sockaddr_storage peer;
		socklen_t len = sizeof(peer);
		int one = 1;
		int fd = accept4(l->fd, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC);

		if (fd >= 0) {
			setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
			l->accepted(l->cls, fd, (struct sockaddr *)&peer, len);
			continue;
		}
		/* EINVAL: shut down by one of the functions below. */
		pthread_mutex_lock(&l->lock);
		while (l->refusing && !l->ending) {
			l->idle = true;
			pthread_cond_broadcast(&l->wake);
			pthread_cond_wait(&l->wake, &l->lock);
		}
		l->idle = false;
		bool ending = l->ending;
		pthread_mutex_unlock(&l->lock);
		if (ending)
			return NULL;
	}
}

struct listener *listener_new(const char *host, uint16_t port, listener_accepted *accepted, void *cls)
{
	struct addr addr;
	struct listener *l;

	if (addr_parse(&addr, host, strlen(host))) {
		errno = EINVAL;
		return NULL;
	}
	l = calloc(1, sizeof(*l));
	if (!l)
		return NULL;
	l->accepted = accepted;
	l->cls = cls;
	l->fd = open_socket(&addr, port, &l->port);
	if (l->fd >= 0 && !port) {
		/* Linux keeps a port across shutdown() and listen() only if it was asked for by number. */
		close(l->fd);
		l->fd = open_socket(&addr, l->port, &l->port);
	}
	if (l->fd < 0)
		goto fail;
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->wake, NULL);
	if (!listen(l->fd, BACKLOG)) {
		errno = pthread_create(&l->thread, NULL, accept_loop, l);
		if (!errno)
			return l;
	}
	pthread_cond_destroy(&l->wake);
	pthread_mutex_destroy(&l->lock);
fail:;
	int saved = errno;
	if (l->fd >= 0)
		close(l->fd);
	free(l);
	errno = saved;
	return NULL;
}

uint16_t listener_port(const struct listener *l)
{
	return l->port;
}

void listener_refuse(struct listener *l, bool refuse)
{
	pthread_mutex_lock(&l->lock);
	if (refuse && !l->refusing) {
		l->refusing = true;
		shutdown(l->fd, SHUT_RDWR);
		while (!l->idle)
			pthread_cond_wait(&l->wake, &l->lock);
	} else if (!refuse && l->refusing && !listen(l->fd, BACKLOG)) {
		l->refusing = false;
		pthread_cond_broadcast(&l->wake);
	}
	pthread_mutex_unlock(&l->lock);
}

void listener_free(struct listener *l)
{
	if (!l)
		return;
	pthread_mutex_lock(&l->lock);
	l->ending = true;
	shutdown(l->fd, SHUT_RDWR);
	pthread_cond_broadcast(&l->wake);
	pthread_mutex_unlock(&l->lock);
	pthread_join(l->thread, NULL);
	close(l->fd);
	pthread_cond_destroy(&l->wake);
	pthread_mutex_destroy(&l->lock);
	free(l);
}
