/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/type_name.h"

#include <stdlib.h>
#include <string.h>

#include "base/dname.h"
#include "conf/reader.h"
#include "conf/type_plain.h"

/* --- domain --- */

#define DOMAIN_RULE "labels of a-z, 0-9 and -, with dots between"

static void domain_rule(const struct conf_key *key, char *text, size_t size)
{
	snprintf(text, size, "%s", DOMAIN_RULE);
}

/* What is wrong with a domain in lower case and without the last dot; NULL if nothing is. */
static const char *domain_fault(const char *name)
{
	uint8_t wire[DNAME_MAX];
	size_t label = 0;

	for (const char *p = name;; p++) {
		if (*p == '.' || !*p) {
			if (!label)
				return "a label is empty";
			if (label > DLABEL_MAX)
				return "a label is longer than 63 bytes";
			if (p[-1] == '-')
				return "a label ends with \"-\"";
			if (!*p)
				break;
			label = 0;
			continue;
		}
		if (*p == '-' && !label)
			return "a label starts with \"-\"";
		if (!(*p >= 'a' && *p <= 'z') && !(*p >= '0' && *p <= '9') && *p != '-')
			return "a label has something other than a-z, 0-9 and \"-\"";
		label++;
	}
	return dname_from_text(wire, name, strlen(name)) ? NULL : "it is longer than a domain name may be";
}

static bool domain_set(struct conf_reader *reader, const struct conf_key *key, json_t *value)
{
	const char *text = conf_reader_string(reader, DOMAIN_RULE, value), *fault;
	char *name = text ? strdup(text) : NULL;
	size_t len = name ? strlen(name) : 0;

	if (!name)
		return text && conf_reader_nomem(reader);
	for (size_t i = 0; i < len; i++)
		if (name[i] >= 'A' && name[i] <= 'Z')
			name[i] |= 0x20;
	if (len && name[len - 1] == '.')
		name[len - 1] = '\0';
	fault = domain_fault(name);
	if (fault) {
		free(name);
		return conf_reader_error(reader, "must be " DOMAIN_RULE ": %s", fault);
	}
	free(reader->conf->domain);
	reader->conf->domain = name;
	return true;
}

static json_t *name_show(const struct conf *conf, const struct conf_key *key)
{
	return json_string(*(char *const *)conf_field_of(conf, key));
}

static void name_clear(struct conf *conf, const struct conf_key *key)
{
	conf_clear_text(conf_field(conf, key));
}

const struct conf_type conf_type_domain = {domain_rule, domain_set, name_show, name_clear};

/* --- names of the SOA record --- */

static void soa_name_rule(const struct conf_key *key, char *text, size_t size)
{
	snprintf(text, size, "a domain name");
}

static bool soa_name_set(struct conf_reader *reader, const struct conf_key *key, json_t *value)
{
	const char *text = conf_reader_string(reader, "a domain name", value);
	char dotted[DNAME_TEXT_MAX];
	uint8_t wire[DNAME_MAX];

	if (!text)
		return false;
	if (strlen(text) >= sizeof(dotted))
		return conf_reader_wrong(reader, "a domain name", value);
	strcpy(dotted, text);
	for (char *p = dotted; *p; p++)
		if (*p == '@')
			*p = '.';
	if (!dname_from_text(wire, dotted, strlen(dotted)))
		return conf_reader_wrong(reader, "a domain name", value);
	dname_to_text(dotted, wire);
	return conf_set_text(reader, conf_field(reader->conf, key), dotted);
}

const struct conf_type conf_type_soa_name = {soa_name_rule, soa_name_set, name_show, name_clear};

/* --- static zones --- */

char *conf_zone_name(struct conf_reader *reader, const char *text, size_t len)
{
	char normal[DNAME_TEXT_MAX];
	uint8_t wire[DNAME_MAX];
	char *name;

	if (!dname_from_text(wire, text, len)) {
		conf_reader_error(reader, "\"%.*s\" is no domain name", conf_reader_echo(len), text);
		return NULL;
	}
	if (!wire[0]) {
		conf_reader_error(reader, "the root cannot be a zone here");
		return NULL;
	}
	normal[dname_to_text(normal, wire) - 1] = '\0';
	name = strdup(normal);
	if (!name)
		conf_reader_nomem(reader);
	return name;
}

static void static_zones_free(struct conf_static_zone *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(list[i].name);
		free(list[i].file);
	}
	free(list);
}

static void static_zones_rule(const struct conf_key *key, char *text, size_t size)
{
	snprintf(text, size, "a list of objects with \"name\" and \"file\"");
}

/* Reads the zone at `index` into its place; it is there already if the name was seen before. */
static bool static_zone_read(
	struct conf_reader *reader, json_t *value, struct conf_static_zone *list, size_t index)
{
	static const char *const names[] = {"name", "file"};
	json_t *values[2];
	bool good;

	conf_reader_at(reader, "zones[%zu]", index);
	if (!json_is_object(value))
		return conf_reader_wrong(reader, "an object with \"name\" and \"file\"", value);
	good = conf_reader_members(reader, value, names, 2, values);
	for (size_t i = 0; i < 2; i++) {
		conf_reader_at(reader, "zones[%zu].%s", index, names[i]);
		if (!values[i])
			good = conf_reader_error(reader, "is missing");
		else if (!json_is_string(values[i]) || !json_string_length(values[i]))
			good = conf_reader_wrong(
				reader, i ? "the path of a file" : "a domain name", values[i]);
	}
	if (!good || !conf_set_path(reader, &list[index].file, json_string_value(values[1])))
		return false;
	conf_reader_at(reader, "zones[%zu].name", index);
	list[index].name =
		conf_zone_name(reader, json_string_value(values[0]), json_string_length(values[0]));
	for (size_t i = 0; list[index].name && i < index; i++)
		if (list[i].name && !strcmp(list[i].name, list[index].name))
			return conf_reader_error(reader, "the zone \"%s\" is there twice", list[i].name);
	return list[index].name;
}

static bool static_zones_set(struct conf_reader *reader, const struct conf_key *key, json_t *value)
{
	size_t count = json_array_size(value);
	struct conf_static_zone *list;
	bool good = true;

	if (!json_is_array(value))
		return conf_reader_wrong(reader, "a list of objects with \"name\" and \"file\"", value);
	list = calloc(count + 1, sizeof(*list));
	if (!list)
		return conf_reader_nomem(reader);
	for (size_t i = 0; i < count; i++)
		if (!static_zone_read(reader, json_array_get(value, i), list, i))
			good = false;
	static_zones_free(reader->conf->zones, reader->conf->zone_count);
	reader->conf->zones = list;
	reader->conf->zone_count = count;
	return good;
}

static json_t *static_zones_show(const struct conf *conf, const struct conf_key *key)
{
	json_t *list = json_array();

	for (size_t i = 0; i < conf->zone_count; i++)
		json_array_append_new(list,
			json_pack("{s:s, s:s}", "Name", conf->zones[i].name, "File", conf->zones[i].file));
	return list;
}

static void static_zones_clear(struct conf *conf, const struct conf_key *key)
{
	static_zones_free(conf->zones, conf->zone_count);
	conf->zones = NULL;
	conf->zone_count = 0;
}

const struct conf_type conf_type_static_zones = {
	static_zones_rule, static_zones_set, static_zones_show, static_zones_clear};

/* --- IPSources --- */

static const char *const ip_source_names[CONF_IP_SOURCES_MAX] = {
	[CONF_IP_HOST] = "host",
	[CONF_IP_DOCKER] = "docker",
	[CONF_IP_MESOS] = "mesos",
	[CONF_IP_NETINFO] = "netinfo",
	[CONF_IP_AUTO] = "auto",
};
#define IP_SOURCE_RULE "\"host\", \"docker\", \"mesos\", \"netinfo\" or \"auto\""

static void ip_sources_rule(const struct conf_key *key, char *text, size_t size)
{
	snprintf(text, size, "a list of " IP_SOURCE_RULE);
}

static bool ip_source_read(struct conf_reader *reader, const json_t *value, enum conf_ip_source *out)
{
	for (unsigned i = 0; json_is_string(value) && i < CONF_IP_SOURCES_MAX; i++) {
		if (!strcmp(json_string_value(value), ip_source_names[i])) {
			*out = i;
			return true;
		}
	}
	return conf_reader_wrong(reader, IP_SOURCE_RULE, value);
}

static bool ip_sources_set(struct conf_reader *reader, const struct conf_key *key, json_t *value)
{
	bool seen[CONF_IP_SOURCES_MAX] = {false}, good = true;
	enum conf_ip_source list[CONF_IP_SOURCES_MAX];
	size_t count = 0;

	if (!json_array_size(value))
		return conf_reader_wrong(reader, "a list of " IP_SOURCE_RULE, value);
	for (size_t i = 0; i < json_array_size(value); i++) {
		enum conf_ip_source source = CONF_IP_HOST;

		conf_reader_at(reader, "%s[%zu]", key->name, i);
		if (!ip_source_read(reader, json_array_get(value, i), &source)) {
			good = false;
		} else if (seen[source]) {
			good = conf_reader_error(reader, "\"%s\" is there twice", ip_source_names[source]);
		} else {
			seen[source] = true;
			list[count++] = source;
		}
	}
	if (!good)
		return false;
	memcpy(reader->conf->ip_sources, list, count * sizeof(*list));
	reader->conf->ip_source_count = count;
	return true;
}

static json_t *ip_sources_show(const struct conf *conf, const struct conf_key *key)
{
	json_t *list = json_array();

	for (size_t i = 0; i < conf->ip_source_count; i++)
		json_array_append_new(list, json_string(ip_source_names[conf->ip_sources[i]]));
	return list;
}

const struct conf_type conf_type_ip_sources = {ip_sources_rule, ip_sources_set, ip_sources_show, NULL};
