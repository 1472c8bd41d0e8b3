/* SPDX-License-Identifier: Apache-2.0 */
/* IP addresses and HOST:PORT texts. Plain values, no ownership. */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct addr {
	uint8_t bytes[16]; /* network order; IPv4 uses the first four, the rest is 0 */
	uint8_t len;       /* 4, 16, or 0 for no address */
};

#define ADDR_TEXT_MAX INET6_ADDRSTRLEN

/* Text to address: an IPv4 or IPv6 literal without brackets or zone, ERR_FORMAT otherwise. `text` needs no NUL. */
int addr_parse(struct addr *a, const char *text, size_t len);
/* Address to text, NUL-terminated. Returns `text`. */
const char *addr_format(const struct addr *a, char text[ADDR_TEXT_MAX]);
bool addr_equal(const struct addr *a, const struct addr *b);
/* A v4-mapped address (RFC 4291, section 2.5.5.2) becomes the IPv4 address that it means; others stay. */
void addr_unmap(struct addr *a);
/* Is it 127.0.0.0/8 or ::1? */
bool addr_is_loopback(const struct addr *a);
/* Is it 0.0.0.0 or ::? */
bool addr_is_any(const struct addr *a);
/* Fill a socket address; returns its length. */
socklen_t addr_to_sockaddr(const struct addr *a, uint16_t port, struct sockaddr_storage *out);
/* The reverse; `port` may be NULL. A v4-mapped address becomes IPv4. ERR_FORMAT for another family. */
int addr_from_sockaddr(struct addr *a, uint16_t *port, const struct sockaddr *sa);

/* Splits `HOST:PORT`, `[IPV6]:PORT`, `HOST` or a bare IPv6 literal; the host (brackets removed) points into `text`.
 * `port` keeps its value when none is given. ERR_FORMAT for an empty host, ERR_RANGE for a port outside 1-65535. */
int addr_split_hostport(const char *text, size_t len, const char **host, size_t *host_len, uint16_t *port);

#endif
