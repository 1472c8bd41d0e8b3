/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/type_net.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "conf/reader.h"
#include "conf/type_plain.h"

#define MASTER_PORT 5050
#define ZK_PORT     2181
#define HOST_MAX    253

/* --- HOST:PORT --- */

static void endpoints_clear(struct conf_endpoints *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].host);
	free(list->items);
	memset(list, 0, sizeof(*list));
}

/* A host name (RFC 1123, with the `_` that some use), in lower case already. */
static bool is_host_name(const char *host)
{
	size_t label = 0, digits = 0;

	for (const char *p = host;; p++) {
		if (*p == '.' || !*p) {
			if (!label || label > 63)
				return false;
			if (!*p)
				return digits < label; /* all digits at the end: an IPv4 address gone wrong */
			label = digits = 0;
			continue;
		}
		bool digit = *p >= '0' && *p <= '9';
		if (!digit && !(*p >= 'a' && *p <= 'z') && *p != '-' && *p != '_')
			return false;
		label++;
		digits += digit;
	}
}

/* Reads one endpoint in normal form: host in lower case, addresses as inet_ntop() writes them. */
static bool endpoint_parse(
	struct conf_reader *reader, const char *text, size_t len, uint16_t port, struct conf_endpoint *out)
{
	char name[HOST_MAX + 1];
	struct addr addr;
	const char *host;
	size_t host_len;

	int echo = conf_reader_echo(len);

	out->port = port;
	if (len > 8 && (!strncasecmp(text, "http://", 7) || !strncasecmp(text, "https://", 8)))
		return conf_reader_error(
			reader, "must be HOST:PORT without a scheme, not \"%.*s\"", echo, text);
	switch (addr_split_hostport(text, len, &host, &host_len, &out->port)) {
	case 0:
		break;
	case ERR_RANGE:
		return conf_reader_error(reader, "the port in \"%.*s\" must be from 1 to 65535", echo, text);
	default:
		return conf_reader_error(reader, "must be HOST:PORT, not \"%.*s\"", echo, text);
	}
	if (!addr_parse(&addr, host, host_len)) {
		char canonical[ADDR_TEXT_MAX];

		if (addr_is_any(&addr))
			return conf_reader_error(reader, "\"%.*s\" is no address to connect to", echo, text);
		out->host = strdup(addr_format(&addr, canonical));
		return out->host || conf_reader_nomem(reader);
	}
	if (host_len > HOST_MAX)
		return conf_reader_error(reader, "the host's name is longer than %d bytes", HOST_MAX);
	for (size_t i = 0; i < host_len; i++)
		name[i] = (char)(host[i] >= 'A' && host[i] <= 'Z' ? host[i] | 0x20 : host[i]);
	name[host_len] = '\0';
	if (host_len && name[host_len - 1] == '.')
		name[host_len - 1] = '\0';
	if (!is_host_name(name))
		return conf_reader_error(reader, "\"%.*s\" is neither an IP address nor a host name",
			conf_reader_echo(host_len), host);
	out->host = strdup(name);
	return out->host || conf_reader_nomem(reader);
}

/* Adds an endpoint to a list with room for it, unless it is there already, which is an error. */
static bool endpoints_add(
	struct conf_reader *reader, struct conf_endpoints *list, const char *text, size_t len, uint16_t port)
{
	struct conf_endpoint *end = &list->items[list->count];

	if (!endpoint_parse(reader, text, len, port, end))
		return false;
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].port != end->port || strcmp(list->items[i].host, end->host) != 0)
			continue;
		conf_reader_error(reader, "\"%.*s\" is there twice", conf_reader_echo(len), text);
		free(end->host);
		end->host = NULL;
		return false;
	}
	list->count++;
	return true;
}

static int endpoint_format(const struct conf_endpoint *e, char *text, size_t size)
{
	return snprintf(text, size, strchr(e->host, ':') ? "[%s]:%u" : "%s:%u", e->host, e->port);
}

/* --- masters --- */

static void masters_rule(const struct conf_key *key, char *text, size_t size)
{
	snprintf(text, size, "a list of HOST:PORT");
}

static bool masters_set(struct conf_reader *reader, const struct conf_key *key, json_t *value)
{
	struct conf_endpoints list = {calloc(json_array_size(value) + 1, sizeof(*list.items)), 0};
	bool good = true;

	if (!list.items)
		return conf_reader_nomem(reader);
	if (!json_is_array(value))
		good = conf_reader_wrong(reader, "a list of HOST:PORT", value);
	for (size_t i = 0; i < json_array_size(value); i++) {
		const json_t *item = json_array_get(value, i);

		conf_reader_at(reader, "%s[%zu]", key->name, i);
		const char *text = conf_reader_string(reader, "HOST:PORT", item);
		if (!text || !endpoints_add(reader, &list, text, json_string_length(item), MASTER_PORT))
			good = false;
	}
	if (!good) {
		endpoints_clear(&list);
		return false;
	}
	endpoints_clear(&reader->conf->masters);
	reader->conf->masters = list;
	return true;
}

static json_t *masters_show(const struct conf *conf, const struct conf_key *key)
{
	json_t *list = json_array();
	char text[HOST_MAX + 16];

	for (size_t i = 0; i < conf->masters.count; i++) {
		endpoint_format(&conf->masters.items[i], text, sizeof(text));
		json_array_append_new(list, json_string(text));
	}
	return list;
}

static void masters_clear(struct conf *conf, const struct conf_key *key)
{
	endpoints_clear(&conf->masters);
}

const struct conf_type conf_type_masters = {masters_rule, masters_set, masters_show, masters_clear};

/* --- ZooKeeper --- */

#define ZK_RULE "zk://[USER:PASSWORD@]HOST:PORT,HOST:PORT/PATH"

static void zk_rule(const struct conf_key *key, char *text, size_t size)
{
	snprintf(text, size, "%s", ZK_RULE);
}

struct zk_url {
	char *url, *path, *user, *password;
	struct conf_endpoints servers;
};

static void zk_url_clear(struct zk_url *zk)
{
	free(zk->url);
	free(zk->path);
	free(zk->user);
	free(zk->password);
	endpoints_clear(&zk->servers);
}

/* The servers between commas. Messages name a server, never the whole URL: that may hold a password. */
static bool zk_parse_servers(struct conf_reader *reader, const char *text, size_t len, struct zk_url *zk)
{
	size_t count = 1;
	bool good = true;

	for (size_t i = 0; i < len; i++)
		count += text[i] == ',';
	zk->servers.items = calloc(count, sizeof(*zk->servers.items));
	if (!zk->servers.items)
		return conf_reader_nomem(reader);
	for (const char *end = text + len; text <= end;) {
		const char *comma = memchr(text, ',', (size_t)(end - text));
		size_t part = (size_t)((comma ? comma : end) - text);

		if (!endpoints_add(reader, &zk->servers, text, part, ZK_PORT))
			good = false;
		text += part + 1;
	}
	return good;
}

/* Neither "." nor ".." is a node's name, nor one with control characters. */
static bool zk_path_is_allowed(const char *path, size_t len)
{
	for (size_t at = 0, end; at < len; at = end) {
		for (end = at + 1; end < len && path[end] != '/'; end++)
			if ((unsigned char)path[end] < ' ' || path[end] == 0x7f)
				return false;
		if ((end - at == 2 && path[at + 1] == '.') || (end - at == 3 && !memcmp(path + at, "/..", 3)))
			return false;
	}
	return true;
}

static bool zk_parse(struct conf_reader *reader, const char *url, struct zk_url *zk)
{
	const char *part = url + strlen("zk://");

	if (strncmp(url, "zk://", 5) != 0)
		return conf_reader_error(reader, "must begin with zk://, as in " ZK_RULE);
	/* As Mesos reads it: the path starts at the first slash, the servers behind the last @ before that.
	 */
	const char *path = strchrnul(part, '/');
	const char *at = memrchr(part, '@', (size_t)(path - part));
	size_t path_len = strlen(path);

	while (path_len > 1 && path[path_len - 1] == '/')
		path_len--;
	if (path_len < 2)
		return conf_reader_error(
			reader, "must end with the masters' path, as in zk://HOST:PORT/mesos");
	if (memmem(path, path_len, "//", 2))
		return conf_reader_error(reader, "the path has an empty part");
	if (!zk_path_is_allowed(path, path_len))
		return conf_reader_error(reader, "the path has a part that ZooKeeper does not allow");
	if (!at && strchr(path, '@'))
		return conf_reader_error(
			reader, "has a slash before the @: neither user nor password may have one");
	if (at) {
		const char *colon = memchr(part, ':', (size_t)(at - part));

		if (!colon || colon == part)
			return conf_reader_error(reader, "what stands before @ must be USER:PASSWORD");
		zk->user = strndup(part, (size_t)(colon - part));
		zk->password = strndup(colon + 1, (size_t)(at - colon - 1));
		part = at + 1;
	} else {
		zk->user = strdup("");
		zk->password = strdup("");
	}
	zk->url = strdup(url);
	zk->path = strndup(path, path_len);
	if (!zk->user || !zk->password || !zk->url || !zk->path)
		return conf_reader_nomem(reader);
	return zk_parse_servers(reader, part, (size_t)(path - part), zk);
}

static void zk_clear(struct conf *conf, const struct conf_key *key)
{
	conf_clear_text(&conf->zk);
	conf_clear_text(&conf->zk_path);
	conf_clear_text(&conf->zk_user);
	conf_clear_text(&conf->zk_password);
	endpoints_clear(&conf->zk_servers);
}

static bool zk_set(struct conf_reader *reader, const struct conf_key *key, json_t *value)
{
	struct conf *conf = reader->conf;
	const char *url = conf_reader_string(reader, ZK_RULE, value);
	struct zk_url zk = {0};

	if (!url)
		return false;
	if (!*url)
		return conf_set_text(reader, &conf->zk, "") && conf_set_text(reader, &conf->zk_path, "") &&
		       conf_set_text(reader, &conf->zk_user, "") &&
		       conf_set_text(reader, &conf->zk_password, "");
	if (!zk_parse(reader, url, &zk)) {
		zk_url_clear(&zk);
		return false;
	}
	zk_clear(conf, key);
	conf->zk = zk.url;
	conf->zk_path = zk.path;
	conf->zk_user = zk.user;
	conf->zk_password = zk.password;
	conf->zk_servers = zk.servers;
	return true;
}

static json_t *zk_show(const struct conf *conf, const struct conf_key *key)
{
	const char *separator = "";
	char server[HOST_MAX + 16];
	char *text = NULL;
	size_t len;

	if (!*conf->zk)
		return json_string("");
	FILE *f = open_memstream(&text, &len);
	if (!f)
		return NULL;
	fprintf(f, "zk://");
	if (*conf->zk_user)
		fprintf(f, "%s:%s@", conf->zk_user, CONF_MASK);
	for (size_t i = 0; i < conf->zk_servers.count; i++) {
		endpoint_format(&conf->zk_servers.items[i], server, sizeof(server));
		fprintf(f, "%s%s", separator, server);
		separator = ",";
	}
	fprintf(f, "%s", conf->zk_path);
	bool good = !fclose(f);
	json_t *shown = good ? json_string(text) : NULL;
	free(text);
	return shown;
}

const struct conf_type conf_type_zk = {zk_rule, zk_set, zk_show, zk_clear};

/* --- listeners --- */

static void listener_rule(const struct conf_key *key, char *text, size_t size)
{
	snprintf(text, size, "an IP address or a list of IP addresses");
}

static bool listener_set(struct conf_reader *reader, const struct conf_key *key, json_t *value)
{
	size_t count = json_is_array(value) ? json_array_size(value) : 1, used = 0;
	struct addr *list = calloc(count + 1, sizeof(*list));
	bool good = true;

	if (!list)
		return conf_reader_nomem(reader);
	if (!count || !(json_is_array(value) || json_is_string(value)))
		good = conf_reader_wrong(reader, "an IP address or a list of IP addresses", value);
	for (size_t i = 0; good && i < count; i++) {
		const json_t *item = json_is_array(value) ? json_array_get(value, i) : value;

		if (json_is_array(value))
			conf_reader_at(reader, "%s[%zu]", key->name, i);
		if (!json_is_string(item) ||
			addr_parse(&list[used], json_string_value(item), json_string_length(item))) {
			good = conf_reader_wrong(reader, "an IP address", item);
			continue;
		}
		for (size_t j = 0; j < used; j++)
			if (addr_equal(&list[j], &list[used]))
				good = conf_reader_error(
					reader, "\"%s\" is there twice", json_string_value(item));
		used++;
	}
	if (!good) {
		free(list);
		return false;
	}
	free(reader->conf->listeners);
	reader->conf->listeners = list;
	reader->conf->listener_count = used;
	return true;
}

static json_t *listener_show(const struct conf *conf, const struct conf_key *key)
{
	char text[ADDR_TEXT_MAX];

	if (conf->listener_count == 1)
		return json_string(addr_format(&conf->listeners[0], text));
	json_t *list = json_array();
	for (size_t i = 0; i < conf->listener_count; i++)
		json_array_append_new(list, json_string(addr_format(&conf->listeners[i], text)));
	return list;
}

static void listener_clear(struct conf *conf, const struct conf_key *key)
{
	free(conf->listeners);
	conf->listeners = NULL;
	conf->listener_count = 0;
}

const struct conf_type conf_type_listener = {listener_rule, listener_set, listener_show, listener_clear};

static void http_listener_rule(const struct conf_key *key, char *text, size_t size)
{
	snprintf(text, size, "an IP address, or the absolute path of a Unix socket");
}

static bool http_listener_set(struct conf_reader *reader, const struct conf_key *key, json_t *value)
{
	const char *text = json_string_value(value);
	char canonical[ADDR_TEXT_MAX], rule[80];
	struct addr addr;

	if (text && *text == '/')
		return conf_set_text(reader, &reader->conf->http_listener, text);
	if (text && !addr_parse(&addr, text, json_string_length(value)))
		return conf_set_text(reader, &reader->conf->http_listener, addr_format(&addr, canonical));
	http_listener_rule(key, rule, sizeof(rule));
	return conf_reader_wrong(reader, rule, value);
}

static json_t *http_listener_show(const struct conf *conf, const struct conf_key *key)
{
	return json_string(conf->http_listener);
}

static void http_listener_clear(struct conf *conf, const struct conf_key *key)
{
	conf_clear_text(&conf->http_listener);
}

const struct conf_type conf_type_http_listener = {
	http_listener_rule, http_listener_set, http_listener_show, http_listener_clear};
