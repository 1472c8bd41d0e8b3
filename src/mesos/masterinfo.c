/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/masterinfo.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "cluster/text.h"

#define PREFIX_JSON     "json.info_"
#define PREFIX_PROTOBUF "info_"
#define DIGITS_MIN      10

struct text { /* borrowed, without a NUL; len 0: there is none */
	const char *at;
	size_t len;
};

/* A MasterInfo, as far as it counts. Numbers that are missing or out of range are 0. */
struct info {
	struct text address_ip, address_hostname, pid, hostname;
	uint64_t address_port, port;
	uint64_t ip; /* the address's bytes, read as a little-endian integer */
};

enum masterinfo_form masterinfo_parse_name(const char *name, int32_t *sequence)
{
	enum masterinfo_form form = MASTERINFO_NONE;
	const char *digits = NULL;
	char *end;

	if (!strncmp(name, PREFIX_JSON, strlen(PREFIX_JSON))) {
		form = MASTERINFO_JSON;
		digits = name + strlen(PREFIX_JSON);
	} else if (!strncmp(name, PREFIX_PROTOBUF, strlen(PREFIX_PROTOBUF))) {
		form = MASTERINFO_PROTOBUF;
		digits = name + strlen(PREFIX_PROTOBUF);
	}
	if (!digits || strspn(digits + (*digits == '-'), "0123456789") < DIGITS_MIN - (*digits == '-'))
		return MASTERINFO_NONE;
	long long value = strtoll(digits, &end, 10); /* one that is too long becomes the largest there is */
	if (*end || value < INT32_MIN || value > INT32_MAX)
		return MASTERINFO_NONE;
	*sequence = (int32_t)value;
	return form;
}

/* A host and port, both checked. */
static int take_host(struct text host, uint64_t port, struct mesos_master *out)
{
	char pid[DNAME_MAX + 16];
	const char *parsed;
	size_t parsed_len;
	struct addr addr;
	uint16_t parsed_port;

	if (!host.len || host.len > DNAME_MAX || memchr(host.at, '\0', host.len) || !port || port > UINT16_MAX)
		return ERR_FORMAT;
	bool literal = !addr_parse(&addr, host.at, host.len);
	if (literal && addr_is_any(&addr))
		return ERR_FORMAT;
	bool brackets = literal && addr.len == 16;
	/* A pid is the one place that says what a host may be. */
	int len = snprintf(pid, sizeof(pid), "@%s%.*s%s:%u", brackets ? "[" : "", (int)host.len, host.at,
		brackets ? "]" : "", (unsigned)port);
	if (cluster_parse_pid(pid, (size_t)len, &parsed, &parsed_len, &parsed_port))
		return ERR_FORMAT;
	memset(out, 0, sizeof(*out));
	if (literal) {
		addr_unmap(&addr);
		out->addr = addr;
		addr_format(&addr, out->host);
	} else {
		memcpy(out->host, parsed, parsed_len);
	}
	out->port = parsed_port;
	return 0;
}

static int take_pid(struct text pid, struct mesos_master *out)
{
	const char *host;
	size_t len;
	uint16_t port;

	if (!pid.len || cluster_parse_pid(pid.at, pid.len, &host, &len, &port))
		return ERR_FORMAT;
	return take_host((struct text){host, len}, port, out);
}

static int take_integer(uint64_t ip, uint64_t port, struct mesos_master *out)
{
	char text[ADDR_TEXT_MAX];
	struct addr addr = {.len = 4};

	if (!ip || ip > UINT32_MAX)
		return ERR_FORMAT;
	for (int i = 0; i < 4; i++)
		addr.bytes[i] = (uint8_t)(ip >> (8 * i));
	addr_format(&addr, text);
	return take_host((struct text){text, strlen(text)}, port, out);
}

static int choose(const struct info *info, struct mesos_master *out)
{
	struct text hostname = info->address_hostname.len ? info->address_hostname : info->hostname;
	struct mesos_master master, named;
	uint64_t port = info->address_port ? info->address_port : info->port;

	if (take_host(info->address_ip, port, &master) && take_pid(info->pid, &master) &&
		take_integer(info->ip, port, &master) && take_host(hostname, port, &master))
		return ERR_FORMAT;
	/* Certificates hold names. */
	if (!take_host(hostname, master.port, &named) && !named.addr.len)
		memcpy(master.host, named.host, sizeof(master.host));
	*out = master;
	return 0;
}

/* JSON. */

static struct text json_text(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return (struct text){json_string_value(value), json_string_length(value)};
}

static uint64_t json_number(const json_t *object, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(object, key));

	return value > 0 ? (uint64_t)value : 0;
}

static int parse_json(const void *data, size_t len, struct mesos_master *out)
{
	json_t *root = json_loadb(data, len, 0, NULL);
	const json_t *address = json_object_get(root, "address");
	const struct info info = {
		.address_ip = json_text(address, "ip"),
		.address_hostname = json_text(address, "hostname"),
		.address_port = json_number(address, "port"),
		.pid = json_text(root, "pid"),
		.hostname = json_text(root, "hostname"),
		.ip = json_number(root, "ip"),
		.port = json_number(root, "port"),
	};
	int err = choose(&info, out);

	json_decref(root);
	return err;
}

/* Protocol buffers: fields of a number and a wire type, in any order; the last of a number counts. */

enum wire_type { WIRE_VARINT, WIRE_FIXED64, WIRE_BYTES, WIRE_FIXED32 = 5 };

struct field {
	uint64_t number;
	enum wire_type type;
	uint64_t value;   /* of a varint */
	struct text text; /* of bytes */
};

static int read_varint(struct text *in, uint64_t *value)
{
	*value = 0;
	for (unsigned shift = 0; shift < 64 && in->len; shift += 7) {
		uint8_t byte = (uint8_t)*in->at++;

		in->len--;
		*value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return 0;
	}
	return ERR_FORMAT;
}

static int read_field(struct text *in, struct field *f)
{
	uint64_t tag, skip = 0;

	*f = (struct field){0};
	if (read_varint(in, &tag))
		return ERR_FORMAT;
	f->number = tag >> 3;
	f->type = (enum wire_type)(tag & 7);
	switch (f->type) {
	case WIRE_VARINT:
		return read_varint(in, &f->value);
	case WIRE_FIXED64:
		skip = 8;
		break;
	case WIRE_FIXED32:
		skip = 4;
		break;
	case WIRE_BYTES:
		if (read_varint(in, &skip))
			return ERR_FORMAT;
		break;
	default: /* groups were never used */
		return ERR_FORMAT;
	}
	if (skip > in->len)
		return ERR_FORMAT;
	f->text = (struct text){in->at, skip};
	in->at += skip;
	in->len -= skip;
	return 0;
}

/* message Address { string hostname = 1; string ip = 2; int32 port = 3; } */
static int parse_address(struct text in, struct info *info)
{
	struct field f;

	while (in.len) {
		if (read_field(&in, &f))
			return ERR_FORMAT;
		if (f.number == 1 && f.type == WIRE_BYTES)
			info->address_hostname = f.text;
		else if (f.number == 2 && f.type == WIRE_BYTES)
			info->address_ip = f.text;
		else if (f.number == 3 && f.type == WIRE_VARINT)
			info->address_port = f.value;
	}
	return 0;
}

/* message MasterInfo { string id = 1; uint32 ip = 2; uint32 port = 3; string pid = 4; string hostname = 5;
 * string version = 6; Address address = 7; } */
static int parse_protobuf(const void *data, size_t len, struct mesos_master *out)
{
	struct text in = {data, len};
	struct info info = {0};
	struct field f;

	while (in.len) {
		if (read_field(&in, &f))
			return ERR_FORMAT;
		if (f.number == 2 && f.type == WIRE_VARINT)
			info.ip = f.value;
		else if (f.number == 3 && f.type == WIRE_VARINT)
			info.port = f.value;
		else if (f.number == 4 && f.type == WIRE_BYTES)
			info.pid = f.text;
		else if (f.number == 5 && f.type == WIRE_BYTES)
			info.hostname = f.text;
		else if (f.number == 7 && f.type == WIRE_BYTES && parse_address(f.text, &info))
			return ERR_FORMAT;
	}
	return choose(&info, out);
}

int masterinfo_parse(enum masterinfo_form form, const void *data, size_t len, struct mesos_master *out)
{
	if (len > MASTERINFO_MAX)
		return ERR_LIMIT;
	if (form == MASTERINFO_JSON)
		return parse_json(data, len, out);
	return form == MASTERINFO_PROTOBUF ? parse_protobuf(data, len, out) : ERR_FORMAT;
}
