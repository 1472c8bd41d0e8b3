/* SPDX-License-Identifier: Apache-2.0 */
#include "http/listen.h"

#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/err.h"

#define BACKLOG     128
#define SOCKET_MODE 0660

static int system_error(char *error, const char *what, const char *where)
{
	snprintf(error, HTTP_LISTEN_ERROR_MAX, "%s %s: %s", what, where, strerror(errno));
	return ERR_SYSTEM;
}

static int open_tcp(struct http_listener *l, const struct addr *addr, uint16_t port, char *error)
{
	const int on = 1;
	struct sockaddr_storage sa;
	socklen_t len = addr_to_sockaddr(addr, port, &sa);
	char text[ADDR_TEXT_MAX], where[ADDR_TEXT_MAX + 16];

	snprintf(where, sizeof(where), "%s port %u", addr_format(addr, text), port);
	l->fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return system_error(error, "cannot open a socket for", where);
	if (setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
		(addr->len == 16 && setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on))) ||
		bind(l->fd, (const struct sockaddr *)&sa, len) || listen(l->fd, BACKLOG))
		return system_error(error, "cannot listen on", where);
	return 0;
}

/* Removes a socket file whose server is gone. */
static int remove_stale(const struct sockaddr_un *sa, char *error)
{
	struct stat st;

	if (lstat(sa->sun_path, &st))
		return errno == ENOENT ? 0 : system_error(error, "cannot look at", sa->sun_path);
	if (!S_ISSOCK(st.st_mode)) {
		snprintf(error, HTTP_LISTEN_ERROR_MAX, "%s is there already and is no socket", sa->sun_path);
		return ERR_EXISTS;
	}
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return system_error(error, "cannot open a socket for", sa->sun_path);
	bool gone = connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) && errno == ECONNREFUSED;
	close(fd);
	if (!gone) {
		snprintf(error, HTTP_LISTEN_ERROR_MAX, "%s is there already and in use", sa->sun_path);
		return ERR_EXISTS;
	}
	return unlink(sa->sun_path) ? system_error(error, "cannot replace", sa->sun_path) : 0;
}

static int give_to(const char *path, const char *user, char *error)
{
	if (!*user)
		return 0;
	const struct passwd *entry = getpwnam(user);
	if (!entry) {
		snprintf(error, HTTP_LISTEN_ERROR_MAX, "%s cannot be given to %s: no such user", path, user);
		return ERR_NOTFOUND;
	}
	if (!geteuid() && chown(path, entry->pw_uid, entry->pw_gid))
		return system_error(error, "cannot give away", path);
	return 0;
}

static int open_unix(struct http_listener *l, const char *path, const char *user, char *error)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	struct stat st;

	if (strlen(path) >= sizeof(sa.sun_path)) {
		snprintf(error, HTTP_LISTEN_ERROR_MAX, "the path of a socket has at most %zu bytes",
			sizeof(sa.sun_path) - 1);
		return ERR_LIMIT;
	}
	strcpy(sa.sun_path, path);
	int err = remove_stale(&sa, error);
	if (err)
		return err;
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return system_error(error, "cannot open a socket for", path);
	mode_t mask = umask(0777 & ~SOCKET_MODE);
	int failed = bind(l->fd, (const struct sockaddr *)&sa, sizeof(sa));
	umask(mask);
	if (failed || lstat(path, &st))
		return system_error(error, "cannot listen on", path);
	l->path = path;
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	err = give_to(path, user, error);
	if (!err && listen(l->fd, BACKLOG))
		err = system_error(error, "cannot listen on", path);
	return err;
}

int http_listener_open(
	struct http_listener *l, const char *where, uint16_t port, const char *user, char error[HTTP_LISTEN_ERROR_MAX])
{
	struct addr addr;

	*l = (struct http_listener){.fd = -1};
	int err = *where != '/' && !addr_parse(&addr, where, strlen(where)) ? open_tcp(l, &addr, port, error)
									    : open_unix(l, where, user, error);
	if (err)
		http_listener_close(l);
	return err;
}

void http_listener_close(struct http_listener *l)
{
	struct stat st;

	if (l->fd >= 0)
		close(l->fd);
	if (l->path && !lstat(l->path, &st) && st.st_dev == l->dev && st.st_ino == l->ino)
		unlink(l->path);
	*l = (struct http_listener){.fd = -1};
}
