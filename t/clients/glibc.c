/* SPDX-License-Identifier: Apache-2.0 */
/* What a program on glibc sees of a server: glibc PORT NAME prints the addresses that getaddrinfo() gives,
 * one a line, or the name of its error. The server is 127.0.0.1; RES_OPTIONS counts (resolv.conf(5)). */
#include <netdb.h>
#include <netinet/in.h>
#include <nss.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>

static const char *error_name(int error)
{
	switch (error) {
	case EAI_NONAME:
		return "EAI_NONAME";
	case EAI_AGAIN:
		return "EAI_AGAIN";
	case EAI_NODATA:
		return "EAI_NODATA";
	default:
		return gai_strerror(error);
	}
}

static void use_server(const char *port)
{
	res_init();
	_res.options &= ~(unsigned long)(RES_DNSRCH | RES_DEFNAMES);
	_res.nscount = 1;
	_res.nsaddr_list[0] = (struct sockaddr_in){.sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)),
		.sin_addr = {htonl(INADDR_LOOPBACK)}};
	__nss_configure_lookup("hosts", "dns");
}

int main(int argc, char **argv)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list, *item;
	char text[NI_MAXHOST];

	if (argc != 3)
		return 2;
	use_server(argv[1]);
	int error = getaddrinfo(argv[2], NULL, &hints, &list);
	if (error) {
		puts(error_name(error));
		return 1;
	}
	for (item = list; item; item = item->ai_next)
		if (!getnameinfo(
			    item->ai_addr, item->ai_addrlen, text, sizeof(text), NULL, 0, NI_NUMERICHOST))
			puts(text);
	freeaddrinfo(list);
	return 0;
}
