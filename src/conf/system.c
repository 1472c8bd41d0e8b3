/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/system.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"

#define RESOLVERS_MAX 16
#define DNS_PORT      53

bool conf_prefix_mask(struct conf_prefix *prefix)
{
	bool clean = true;

	for (unsigned bit = prefix->bits; bit < prefix->addr.len * 8u; bit++) {
		uint8_t mask = (uint8_t)(0x80 >> bit % 8);

		if (prefix->addr.bytes[bit / 8] & mask)
			clean = false;
		prefix->addr.bytes[bit / 8] &= (uint8_t)~mask;
	}
	return clean;
}

static uint8_t netmask_bits(const struct sockaddr *netmask)
{
	struct addr mask;
	uint8_t bits = 0;

	if (!netmask || addr_from_sockaddr(&mask, NULL, netmask))
		return 0;
	while (bits < mask.len * 8 && mask.bytes[bits / 8] & 0x80 >> bits % 8)
		bits++;
	return bits;
}

int conf_system_init(struct conf_system *system)
{
	const struct passwd *user;
	struct ifaddrs *list;
	size_t count = 0;

	memset(system, 0, sizeof(*system));
	system->resolv_conf = "/etc/resolv.conf";
	system->home = getenv("HOME");
	if ((!system->home || !*system->home) && (user = getpwuid(getuid())))
		system->home = user->pw_dir;
	if (getifaddrs(&list))
		return ERR_SYSTEM;
	for (const struct ifaddrs *i = list; i; i = i->ifa_next)
		count++;
	system->interfaces = calloc(count + 1, sizeof(*system->interfaces));
	if (!system->interfaces) {
		freeifaddrs(list);
		return ERR_NOMEM;
	}
	for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
		struct conf_prefix *prefix = &system->interfaces[system->interface_count];

		if (!i->ifa_addr || addr_from_sockaddr(&prefix->addr, NULL, i->ifa_addr))
			continue;
		prefix->bits = netmask_bits(i->ifa_netmask);
		system->interface_count++;
	}
	freeifaddrs(list);
	return 0;
}

void conf_system_fini(struct conf_system *system)
{
	free(system->interfaces);
	memset(system, 0, sizeof(*system));
}

static bool on_interface(const struct conf_system *system, const struct addr *addr)
{
	for (size_t i = 0; i < system->interface_count; i++)
		if (addr_equal(&system->interfaces[i].addr, addr))
			return true;
	return false;
}

bool conf_system_owns(const struct conf_system *system, const struct addr *addr)
{
	return addr_is_loopback(addr) || on_interface(system, addr);
}

int conf_system_resolvers(const struct conf_system *system, struct conf_servers *out)
{
	FILE *f = fopen(system->resolv_conf, "re");
	char *line = NULL;
	size_t room = 0;
	int err = 0;

	memset(out, 0, sizeof(*out));
	if (!f)
		return 0;
	out->items = calloc(RESOLVERS_MAX, sizeof(*out->items));
	if (!out->items)
		err = ERR_NOMEM;
	while (!err && out->count < RESOLVERS_MAX && getline(&line, &room, f) >= 0) {
		struct conf_server server = {.port = DNS_PORT};
		char *save, *word = strtok_r(line, " \t\r\n", &save);
		bool known = false;

		if (!word || strcmp(word, "nameserver") != 0)
			continue;
		word = strtok_r(NULL, " \t\r\n", &save);
		if (!word || addr_parse(&server.addr, word, strlen(word)) || addr_is_any(&server.addr) ||
			on_interface(system, &server.addr))
			continue;
		for (size_t i = 0; i < out->count; i++)
			known = known || addr_equal(&out->items[i].addr, &server.addr);
		if (!known)
			out->items[out->count++] = server;
	}
	free(line);
	fclose(f);
	return err;
}

char *conf_system_expand(const struct conf_system *system, const char *path)
{
	char *expanded;

	if (strncmp(path, "~/", 2) != 0)
		return strdup(path);
	if (!system->home) {
		errno = ENOENT;
		return NULL;
	}
	if (asprintf(&expanded, "%s%s", system->home, path + 1) < 0) {
		errno = ENOMEM;
		return NULL;
	}
	return expanded;
}
