/* SPDX-License-Identifier: Apache-2.0 */
/* The socket that HTTP is served on: TCP on an address, or a unix socket. */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

#include <stdint.h>
#include <sys/types.h>

#define HTTP_LISTEN_ERROR_MAX 256

struct http_listener {
	int fd;           /* -1: none, or taken over */
	const char *path; /* of a unix socket, borrowed; NULL: TCP */
	dev_t dev;        /* which file it is, so that another one of its name is left alone */
	ino_t ino;
};

/* `where` is an address, or the path of a unix socket, which starts with a slash; `port` counts for an address. A
 * socket file that nobody listens at any more is replaced. Its mode is 0660 and it belongs to `user` ("": to who we
 * are). ERR_SYSTEM, ERR_EXISTS, ERR_NOTFOUND with a text in `error`. */
int http_listener_open(struct http_listener *listener, const char *where, uint16_t port, const char *user,
	char error[HTTP_LISTEN_ERROR_MAX]);
/* Closes the socket, if it is still here, and removes its file, if that is still the one that was made. */
void http_listener_close(struct http_listener *listener);

#endif
