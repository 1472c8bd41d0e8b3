/* SPDX-License-Identifier: Apache-2.0 */
#include "server/listen.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"

#define UDP_BUFFER                                                                                           \
	(1 << 20) /* a second of silence on a worker must not cost queries; the kernel may allow less */
#define TCP_BACKLOG 1024

static int set_option(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

static int bind_to(int fd, const struct addr *addr, uint16_t port)
{
	struct sockaddr_storage sa;
	socklen_t len = addr_to_sockaddr(addr, port, &sa);

	if (addr->len == 16 && set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1))
		return -1;
	return bind(fd, (const struct sockaddr *)&sa, len);
}

static int close_failed(int fd)
{
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
	return ERR_SYSTEM;
}

static int open_socket(const struct addr *addr, int type)
{
	return socket(addr->len == 16 ? AF_INET6 : AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

int listen_udp(const struct addr *addr, uint16_t port)
{
	int fd = open_socket(addr, SOCK_DGRAM);
	int v6 = addr->len == 16;

	if (fd < 0 || set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1))
		return close_failed(fd);
	(void)set_option(fd, SOL_SOCKET, SO_RCVBUF, UDP_BUFFER);
	/* path MTUs that strangers announce are not to be believed, and no reply waits for one to be found
	 * out */
	(void)(v6 ? set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT)
		  : set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT));
	if (addr_is_any(addr) && (v6 ? set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
				     : set_option(fd, IPPROTO_IP, IP_PKTINFO, 1)))
		return close_failed(fd);
	if (bind_to(fd, addr, port))
		return close_failed(fd);
	return fd;
}

int listen_spread(int fd, unsigned sockets)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_RANDOM)),
		BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, sockets),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
	struct sock_fprog program;

	memset(&program, 0, sizeof(program)); /* its padding goes to the kernel too */
	program.len = sizeof(code) / sizeof(code[0]);
	program.filter = code;
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof(program)) ? ERR_SYSTEM : 0;
}

int listen_tcp(const struct addr *addr, uint16_t port)
{
	int fd = open_socket(addr, SOCK_STREAM);

	if (fd < 0 || set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) ||
		set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1))
		return close_failed(fd);
	(void)set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1); /* accepted ones take it over */
	if (bind_to(fd, addr, port) || listen(fd, TCP_BACKLOG))
		return close_failed(fd);
	return fd;
}

int listen_probe(const struct addr *addr, uint16_t port)
{
	int fd = open_socket(addr, SOCK_DGRAM);

	if (fd < 0 || bind_to(fd, addr, port))
		return close_failed(fd);
	close(fd);
	return 0;
}

uint16_t listen_port(int fd)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	struct addr addr;
	uint16_t port = 0;

	if (getsockname(fd, (struct sockaddr *)&sa, &len) ||
		addr_from_sockaddr(&addr, &port, (struct sockaddr *)&sa))
		return 0;
	return port;
}
