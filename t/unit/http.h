/* SPDX-License-Identifier: Apache-2.0 */
/* A web server in a thread, for tests: hands each request to a function that writes what it likes. Requests
 * of all connections are handled one after the other. */
#ifndef T_UNIT_HTTP_H
#define T_UNIT_HTTP_H

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "t/unit/unit.h"

#define HTTP_CONNECTIONS 32

struct http_server;
/* True keeps the connection. Runs in the server's thread. */
typedef bool http_handler(struct http_server *s, int fd, const char *request);

struct http_server {
	int fd, stop[2];
	uint16_t port;
	pthread_t thread;
	_Atomic(http_handler *) handler;
	_Atomic unsigned requests, connections;
	void *ctx;
};

static inline void http_write(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		data += n;
		len -= (size_t)n;
	}
}

static inline void http_print(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline void http_print(int fd, const char *format, ...)
{
	char text[8192];
	va_list args;

	va_start(args, format);
	int n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	http_write(fd, text, (size_t)n);
}

/* One request of a connection; false: close it. */
static inline bool http_serve(struct http_server *s, int fd)
{
	char request[8192];
	size_t used = 0;

	for (;;) {
		ssize_t n = recv(fd, request + used, sizeof(request) - 1 - used, 0);

		if (n <= 0)
			return false;
		used += (size_t)n;
		request[used] = '\0';
		if (request[0] == 0x16) { /* TLS, to which the answer is as web servers give it */
			http_print(fd, "HTTP/1.1 400 Bad Request\r\n\r\n");
			return false;
		}
		const char *end = strstr(request, "\r\n\r\n"), *length = strstr(request, "\r\nContent-Length: ");
		if (end && (!length || used >= (size_t)(end + 4 - request) + strtoul(length + 18, NULL, 10)))
			break;
	}
	s->requests++;
	return s->handler(s, fd, request);
}

static inline void *http_run(void *arg)
{
	struct http_server *s = arg;
	struct pollfd fds[2 + HTTP_CONNECTIONS] = {{s->stop[0], POLLIN, 0}, {s->fd, POLLIN, 0}};
	nfds_t count = 2;

	while (poll(fds, count, -1) > 0 && !fds[0].revents) {
		if (fds[1].revents && count < 2 + HTTP_CONNECTIONS) {
			fds[count++] = (struct pollfd){accept(s->fd, NULL, NULL), POLLIN, 0};
			s->connections++;
			continue;
		}
		for (nfds_t i = 2; i < count; i++)
			if (fds[i].revents && !http_serve(s, fds[i].fd)) {
				close(fds[i].fd);
				fds[i--] = fds[--count];
			}
	}
	while (count > 2)
		close(fds[--count].fd);
	return NULL;
}

static inline void http_start(struct http_server *s, http_handler *handler)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(in);

	s->handler = handler;
	s->requests = s->connections = 0;
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->fd, (struct sockaddr *)&in, len), 0);
	assert_int_equal(listen(s->fd, 64), 0);
	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&in, &len), 0);
	s->port = ntohs(in.sin_port);
	assert_int_equal(pipe(s->stop), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, http_run, s), 0);
}

static inline void http_stop(struct http_server *s)
{
	assert_int_equal(write(s->stop[1], "", 1), 1);
	pthread_join(s->thread, NULL);
	close(s->fd);
	close(s->stop[0]);
	close(s->stop[1]);
}

#endif
