/* SPDX-License-Identifier: Apache-2.0 */
/* The limit of the socket path: sends every query back as a reply of the same header and a given size, by
 * recvmmsg(2) and sendmmsg(2), and does nothing else; batch, buffers and the order of the memory are the server's.
 *   echo SIZE    prints its port and runs until it is ended. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#define BATCH   32
#define PACKET  4096
#define STAGGER 192       /* packets at multiples of 4096 would share a few sets of the cache */
#define ROOM    (1 << 20) /* of the socket's buffer */

static struct mmsghdr messages[BATCH];
static struct iovec iov[BATCH];
static struct sockaddr_in peers[BATCH];
static uint8_t packets[BATCH][PACKET + STAGGER];

static int open_socket(void)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, SOCK_DGRAM, 0), room = ROOM;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) ||
		getsockname(fd, (struct sockaddr *)&sa, &len)) {
		perror("echo");
		exit(1);
	}
	printf("port %u\n", ntohs(sa.sin_port));
	fflush(stdout);
	return fd;
}

int main(int argc, char **argv)
{
	size_t size = argc > 1 ? (size_t)atoi(argv[1]) : 0;
	int fd = open_socket();

	if (size < 12 || size > PACKET)
		return 2;
	for (unsigned i = 0; i < BATCH; i++) {
		iov[i].iov_base = packets[i];
		messages[i].msg_hdr = (struct msghdr){.msg_name = &peers[i], .msg_iov = &iov[i], .msg_iovlen = 1};
	}
	for (;;) {
		for (unsigned i = 0; i < BATCH; i++) {
			messages[i].msg_hdr.msg_namelen = sizeof(peers[i]);
			iov[i].iov_len = PACKET;
		}
		int n = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);
		if (n < 0 && errno != EINTR)
			return 1;
		for (int i = 0; i < n; i++) {
			packets[i][2] |= 0x80; /* QR: a response */
			iov[i].iov_len = size;
		}
		for (int sent = 0; sent < n;) {
			int m = sendmmsg(fd, messages + sent, (unsigned)(n - sent), 0);

			sent += m > 0 ? m : 1;
		}
	}
}
