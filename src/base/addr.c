/* SPDX-License-Identifier: Apache-2.0 */
#include "base/addr.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/err.h"

int addr_parse(struct addr *a, const char *text, size_t len)
{
	char copy[ADDR_TEXT_MAX];

	memset(a, 0, sizeof(*a));
	if (len >= sizeof(copy) || memchr(text, '\0', len))
		return ERR_FORMAT;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (inet_pton(AF_INET, copy, a->bytes) == 1)
		a->len = 4;
	else if (inet_pton(AF_INET6, copy, a->bytes) == 1)
		a->len = 16;
	else
		return ERR_FORMAT;
	return 0;
}

const char *addr_format(const struct addr *a, char text[ADDR_TEXT_MAX])
{
	if (!a->len || !inet_ntop(a->len == 4 ? AF_INET : AF_INET6, a->bytes, text, ADDR_TEXT_MAX))
		text[0] = '\0';
	return text;
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return a->len == b->len && !memcmp(a->bytes, b->bytes, a->len);
}

void addr_unmap(struct addr *a)
{
	static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};

	if (a->len != 16 || memcmp(a->bytes, prefix, sizeof(prefix)) != 0)
		return;
	struct addr v4 = {.len = 4};
	memcpy(v4.bytes, a->bytes + 12, 4);
	*a = v4;
}

bool addr_is_loopback(const struct addr *a)
{
	return a->len == 4 ? a->bytes[0] == 127 : a->len == 16 && !memcmp(a->bytes, &in6addr_loopback, 16);
}

bool addr_is_any(const struct addr *a)
{
	static const uint8_t zeros[16];

	return a->len && !memcmp(a->bytes, zeros, a->len);
}

socklen_t addr_to_sockaddr(const struct addr *a, uint16_t port, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof(*out));
	if (a->len == 4) {
		struct sockaddr_in *in = (struct sockaddr_in *)out;

		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, a->bytes, 4);
		return sizeof(*in);
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	memcpy(&in6->sin6_addr, a->bytes, 16);
	return sizeof(*in6);
}

int addr_from_sockaddr(struct addr *a, uint16_t *port, const struct sockaddr *sa)
{
	memset(a, 0, sizeof(*a));
	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)sa;

		a->len = 4;
		memcpy(a->bytes, &in->sin_addr, 4);
		if (port)
			*port = ntohs(in->sin_port);
		return 0;
	}
	if (sa->sa_family != AF_INET6)
		return ERR_FORMAT;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)sa;
	a->len = 16;
	memcpy(a->bytes, &in6->sin6_addr, 16);
	addr_unmap(a);
	if (port)
		*port = ntohs(in6->sin6_port);
	return 0;
}

int addr_split_hostport(const char *text, size_t len, const char **host, size_t *host_len, uint16_t *port)
{
	const char *end = text + len;
	const char *colon;

	if (len && *text == '[') {
		const char *close = memchr(text, ']', len);

		if (!close || (close + 1 < end && close[1] != ':'))
			return ERR_FORMAT;
		*host = text + 1;
		*host_len = (size_t)(close - text - 1);
		colon = close + 1 < end ? close + 1 : NULL;
	} else {
		colon = memchr(text, ':', len);
		if (colon && memchr(colon + 1, ':', (size_t)(end - colon - 1)))
			colon = NULL; /* two colons without brackets: a bare IPv6 literal */
		*host = text;
		*host_len = colon ? (size_t)(colon - text) : len;
	}
	if (!*host_len)
		return ERR_FORMAT;
	if (!colon)
		return 0;

	uint32_t value = 0;
	if (colon + 1 == end || end - colon > 6)
		return ERR_RANGE;
	for (const char *p = colon + 1; p < end; p++) {
		if (*p < '0' || *p > '9')
			return ERR_RANGE;
		value = value * 10 + (uint32_t)(*p - '0');
	}
	if (value < 1 || value > 65535)
		return ERR_RANGE;
	*port = (uint16_t)value;
	return 0;
}
