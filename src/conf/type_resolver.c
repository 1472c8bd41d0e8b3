/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/type_resolver.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "conf/reader.h"
#include "conf/type_name.h"

#define DNS_PORT 53

/* --- servers --- */

const char *conf_server_format(const struct conf_server *server, char text[CONF_SERVER_TEXT_MAX])
{
	char addr[ADDR_TEXT_MAX];

	addr_format(&server->addr, addr);
	if (server->port == DNS_PORT)
		snprintf(text, CONF_SERVER_TEXT_MAX, "%s", addr);
	else
		snprintf(text, CONF_SERVER_TEXT_MAX, server->addr.len == 16 ? "[%s]:%u" : "%s:%u", addr,
			server->port);
	return text;
}

static bool server_read(struct conf_reader *reader, const json_t *value, struct conf_server *out)
{
	const char *text = conf_reader_string(reader, "IP or IP:PORT", value), *host;
	size_t host_len;

	if (!text)
		return false;
	out->port = DNS_PORT;
	if (addr_split_hostport(text, json_string_length(value), &host, &host_len, &out->port) ||
		addr_parse(&out->addr, host, host_len))
		return conf_reader_wrong(reader, "IP or IP:PORT", value);
	if (addr_is_any(&out->addr))
		return conf_reader_error(reader, "\"%s\" is no address to send queries to", text);
	return true;
}

/* Reads a list of servers that stands at `path`. On failure `out` holds the good ones, for the rules between
 * keys. */
static bool servers_read(
	struct conf_reader *reader, const char *path, const json_t *value, struct conf_servers *out)
{
	bool good = true;

	out->count = 0;
	out->items = calloc(json_array_size(value) + 1, sizeof(*out->items));
	if (!out->items)
		return conf_reader_nomem(reader);
	if (!json_is_array(value))
		good = conf_reader_wrong(reader, "a list of IP or IP:PORT", value);
	for (size_t i = 0; i < json_array_size(value); i++) {
		const json_t *item = json_array_get(value, i);
		struct conf_server *server = &out->items[out->count];

		conf_reader_at(reader, "%s[%zu]", path, i);
		if (!server_read(reader, item, server)) {
			good = false;
			continue;
		}
		for (size_t j = 0; j < out->count; j++)
			if (out->items[j].port == server->port &&
				addr_equal(&out->items[j].addr, &server->addr))
				good = conf_reader_error(
					reader, "\"%s\" is there twice", json_string_value(item));
		out->count++;
	}
	return good;
}

static json_t *servers_show(const struct conf_servers *servers)
{
	json_t *list = json_array();
	char text[CONF_SERVER_TEXT_MAX];

	for (size_t i = 0; i < servers->count; i++)
		json_array_append_new(list, json_string(conf_server_format(&servers->items[i], text)));
	return list;
}

/* --- resolvers --- */

static void resolvers_rule(const struct conf_key *key, char *text, size_t size)
{
	snprintf(text, size, "a list of IP or IP:PORT");
}

static bool resolvers_set(struct conf_reader *reader, const struct conf_key *key, json_t *value)
{
	struct conf_servers servers;
	bool good = servers_read(reader, key->name, value, &servers);

	free(reader->conf->resolvers.items);
	reader->conf->resolvers = servers;
	return good;
}

static json_t *resolvers_show(const struct conf *conf, const struct conf_key *key)
{
	return servers_show(&conf->resolvers);
}

static void resolvers_clear(struct conf *conf, const struct conf_key *key)
{
	free(conf->resolvers.items);
	memset(&conf->resolvers, 0, sizeof(conf->resolvers));
}

const struct conf_type conf_type_resolvers = {resolvers_rule, resolvers_set, resolvers_show, resolvers_clear};

/* --- zoneResolvers --- */

static void zone_resolvers_free(struct conf_zone_resolver *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(list[i].zone);
		free(list[i].servers.items);
	}
	free(list);
}

static void zone_resolvers_rule(const struct conf_key *key, char *text, size_t size)
{
	snprintf(text, size, "an object of zones, each with a list of IP or IP:PORT");
}

/* Adds a zone to a list with room for it. */
static bool zone_resolver_read(struct conf_reader *reader, const char *name, const json_t *value,
	struct conf_zone_resolver *list, size_t *count)
{
	struct conf_zone_resolver *zone = &list[*count];
	char path[sizeof(reader->path)];

	snprintf(path, sizeof(path), "zoneResolvers.%.*s", conf_reader_echo(strlen(name)), name);
	conf_reader_at(reader, "%s", path);
	zone->zone = conf_zone_name(reader, name, strlen(name));
	if (!zone->zone)
		return false;
	++*count;
	for (const struct conf_zone_resolver *z = list; z < zone; z++)
		if (!strcmp(z->zone, zone->zone))
			return conf_reader_error(reader, "the zone is there twice");
	if (!servers_read(reader, path, value, &zone->servers))
		return false;
	conf_reader_at(reader, "%s", path);
	return zone->servers.count || conf_reader_error(reader, "must name at least one server");
}

static bool zone_resolvers_set(struct conf_reader *reader, const struct conf_key *key, json_t *value)
{
	struct conf_zone_resolver *list;
	char rule[80];
	const char *name;
	json_t *servers;
	size_t count = 0;
	bool good = true;

	zone_resolvers_rule(key, rule, sizeof(rule));
	if (!json_is_object(value))
		return conf_reader_wrong(reader, rule, value);
	list = calloc(json_object_size(value) + 1, sizeof(*list));
	if (!list)
		return conf_reader_nomem(reader);
	json_object_foreach(value, name,
		servers) if (!zone_resolver_read(reader, name, servers, list, &count)) good = false;
	zone_resolvers_free(reader->conf->zone_resolvers, reader->conf->zone_resolver_count);
	reader->conf->zone_resolvers = list;
	reader->conf->zone_resolver_count = count;
	return good;
}

static json_t *zone_resolvers_show(const struct conf *conf, const struct conf_key *key)
{
	json_t *object = json_object();

	for (size_t i = 0; i < conf->zone_resolver_count; i++)
		json_object_set_new(
			object, conf->zone_resolvers[i].zone, servers_show(&conf->zone_resolvers[i].servers));
	return object;
}

static void zone_resolvers_clear(struct conf *conf, const struct conf_key *key)
{
	zone_resolvers_free(conf->zone_resolvers, conf->zone_resolver_count);
	conf->zone_resolvers = NULL;
	conf->zone_resolver_count = 0;
}

const struct conf_type conf_type_zone_resolvers = {
	zone_resolvers_rule, zone_resolvers_set, zone_resolvers_show, zone_resolvers_clear};

/* --- recursionAllow --- */

static void networks_rule(const struct conf_key *key, char *text, size_t size)
{
	snprintf(text, size, "a list of ADDRESS/BITS");
}

static bool network_read(struct conf_reader *reader, const json_t *value, struct conf_prefix *out)
{
	const char *text = conf_reader_string(reader, "ADDRESS/BITS", value);
	char canonical[ADDR_TEXT_MAX];
	unsigned bits = 0;

	if (!text)
		return false;
	const char *slash = strchrnul(text, '/');
	if (addr_parse(&out->addr, text, (size_t)(slash - text)))
		return conf_reader_wrong(reader, "ADDRESS/BITS", value);
	if (*slash) {
		size_t digits = strspn(slash + 1, "0123456789");

		if (!digits || digits > 3 || slash[1 + digits])
			return conf_reader_wrong(reader, "ADDRESS/BITS", value);
		bits = (unsigned)atoi(slash + 1);
	} else {
		bits = out->addr.len * 8u;
	}
	if (bits > out->addr.len * 8u)
		return conf_reader_error(reader, "\"%s\" has more than %u bits", text, out->addr.len * 8u);
	out->bits = (uint8_t)bits;
	if (!conf_prefix_mask(out))
		return conf_reader_error(reader,
			"\"%s\" has bits set behind its first %u; the network is %s/%u", text, bits,
			addr_format(&out->addr, canonical), bits);
	return true;
}

static bool networks_set(struct conf_reader *reader, const struct conf_key *key, json_t *value)
{
	size_t count = json_array_size(value);
	struct conf_prefix *list;
	bool good = true;

	if (!json_is_array(value))
		return conf_reader_wrong(reader, "a list of ADDRESS/BITS", value);
	list = calloc(count + 1, sizeof(*list));
	if (!list)
		return conf_reader_nomem(reader);
	for (size_t i = 0; i < count; i++) {
		conf_reader_at(reader, "%s[%zu]", key->name, i);
		if (!network_read(reader, json_array_get(value, i), &list[i]))
			good = false;
	}
	if (!good) {
		free(list);
		return false;
	}
	free(reader->conf->recursion_allow);
	reader->conf->recursion_allow = list;
	reader->conf->recursion_allow_count = count;
	return true;
}

static json_t *networks_show(const struct conf *conf, const struct conf_key *key)
{
	json_t *list = json_array();
	char addr[ADDR_TEXT_MAX], text[ADDR_TEXT_MAX + 8];

	for (size_t i = 0; i < conf->recursion_allow_count; i++) {
		const struct conf_prefix *prefix = &conf->recursion_allow[i];

		snprintf(text, sizeof(text), "%s/%u", addr_format(&prefix->addr, addr), prefix->bits);
		json_array_append_new(list, json_string(text));
	}
	return list;
}

static void networks_clear(struct conf *conf, const struct conf_key *key)
{
	free(conf->recursion_allow);
	conf->recursion_allow = NULL;
	conf->recursion_allow_count = 0;
}

const struct conf_type conf_type_networks = {networks_rule, networks_set, networks_show, networks_clear};
