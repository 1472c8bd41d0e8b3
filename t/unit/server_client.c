/* SPDX-License-Identifier: Apache-2.0 */
#include "t/unit/unit.h"

#include "t/unit/server_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/time.h>

int client_socket(const char *address, int type)
{
	struct timeval patience = {PATIENCE_MS / 1000, 0};
	int fd = socket(strchr(address, ':') ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0);
	int one = 1;

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (type == SOCK_STREAM)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

int client_connect(int fd, const char *address, uint16_t port)
{
	struct sockaddr_storage sa;
	struct addr addr;

	assert_int_equal(addr_parse(&addr, address, strlen(address)), 0);
	socklen_t len = addr_to_sockaddr(&addr, port, &sa);
	return connect(fd, (struct sockaddr *)&sa, len);
}

int client_open(const char *address, int type, uint16_t port)
{
	int fd = client_socket(address, type);

	assert_int_equal(client_connect(fd, address, port), 0);
	return fd;
}

size_t client_query(uint8_t *out, const char *name, uint16_t type, uint16_t id, bool tcp)
{
	struct ask ask = {.name = name, .type = type};
	size_t len = ask_write(&ask, out + (tcp ? 2 : 0));

	wire_put_u16(out + (tcp ? 2 : 0), id);
	if (!tcp)
		return len;
	wire_put_u16(out, (uint16_t)len);
	return len + 2;
}

void client_send(int fd, const void *data, size_t len)
{
	assert_int_equal(send(fd, data, len, MSG_NOSIGNAL), len);
}

static int read_all(int fd, uint8_t *data, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = recv(fd, data + at, len - at, 0);

		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return -1;
		assert_true(n > 0);
		at += (size_t)n;
	}
	return 0;
}

int client_receive(int fd, bool tcp, struct client_reply *reply)
{
	if (tcp) {
		uint8_t prefix[2];

		if (read_all(fd, prefix, 2))
			return -1;
		reply->len = wire_get_u16(prefix);
		return read_all(fd, reply->bytes, reply->len);
	}
	ssize_t n = recv(fd, reply->bytes, sizeof(reply->bytes), 0);
	assert_true(n > 0);
	reply->len = (size_t)n;
	return 0;
}

unsigned client_ask(int fd, bool tcp, const char *name, uint16_t type, struct client_reply *reply)
{
	static _Atomic uint16_t last_id;
	uint16_t id = ++last_id;
	uint8_t query[600];

	client_send(fd, query, client_query(query, name, type, id, tcp));
	assert_int_equal(client_receive(fd, tcp, reply), 0);
	assert_true(reply->len >= 12);
	assert_int_equal(wire_get_u16(reply->bytes), id);
	return wire_get_u16(reply->bytes + 6);
}

void client_expect_close(int fd)
{
	uint8_t byte;
	ssize_t n = recv(fd, &byte, 1, 0);

	assert_true(n == 0 || (n < 0 && errno == ECONNRESET));
}
