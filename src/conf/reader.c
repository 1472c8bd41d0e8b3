/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf/spelling.h"

#define ECHO_MAX 80 /* bytes of a value or a key that a message repeats */

void conf_reader_at(struct conf_reader *reader, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reader->path, sizeof(reader->path), format, args);
	va_end(args);
}

__attribute__((format(printf, 3, 0))) static void add(
	struct conf_reader *reader, enum conf_severity severity, const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0) {
		reader->oom = true;
		return;
	}
	conf_report_add(reader->report, severity, reader->path, "%s", text);
	free(text);
}

bool conf_reader_error(struct conf_reader *reader, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(reader, CONF_ERROR, format, args);
	va_end(args);
	return false;
}

void conf_reader_warn(struct conf_reader *reader, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(reader, CONF_WARNING, format, args);
	va_end(args);
}

bool conf_reader_nomem(struct conf_reader *reader)
{
	reader->oom = true;
	return false;
}

int conf_reader_echo(size_t len)
{
	return (int)(len < ECHO_MAX ? len : ECHO_MAX);
}

static const char *describe(const struct conf_reader *reader, const json_t *value, char *text, size_t size)
{
	bool secret = reader->key && reader->key->secret;

	switch (json_typeof(value)) {
	case JSON_STRING:
		if (secret)
			return "a string";
		snprintf(text, size, "\"%.*s\"%s", ECHO_MAX, json_string_value(value),
			json_string_length(value) > ECHO_MAX ? "..." : "");
		return text;
	case JSON_INTEGER:
		if (secret)
			return "a number";
		snprintf(text, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		return text;
	case JSON_REAL:
		if (secret)
			return "a number";
		snprintf(text, size, "%g", json_real_value(value));
		return text;
	case JSON_TRUE:
		return "true";
	case JSON_FALSE:
		return "false";
	case JSON_NULL:
		return "null";
	case JSON_ARRAY:
		return json_array_size(value) ? "a list" : "an empty list";
	case JSON_OBJECT:
		break;
	}
	return "an object";
}

bool conf_reader_wrong(struct conf_reader *reader, const char *what, const json_t *value)
{
	char text[ECHO_MAX + 8];

	return conf_reader_error(
		reader, "must be %s, not %s", what, describe(reader, value, text, sizeof(text)));
}

const char *conf_reader_string(struct conf_reader *reader, const char *what, const json_t *value)
{
	if (json_is_string(value))
		return json_string_value(value);
	conf_reader_wrong(reader, what, value);
	return NULL;
}

bool conf_reader_members(
	struct conf_reader *reader, json_t *object, const char *const *names, size_t count, json_t **values)
{
	char outer[sizeof(reader->path)];
	const char *spelled[CONF_KEYS_MAX] = {NULL};
	const char *name, *obsolete;
	json_t *value;
	bool good = true;

	memset(values, 0, count * sizeof(*values));
	memcpy(outer, reader->path, sizeof(outer));
	json_object_foreach(object, name, value)
	{
		size_t i = 0;

		while (i < count && strcasecmp(names[i], name) != 0)
			i++;
		conf_reader_at(
			reader, "%s%s%.*s", outer, *outer ? "." : "", ECHO_MAX, i < count ? names[i] : name);
		if (i == count && !reader->key && (obsolete = conf_spelling_obsolete(name))) {
			conf_reader_warn(reader, "obsolete, and without effect: %s", obsolete);
		} else if (i == count) {
			conf_reader_warn(reader, "unknown key; the nearest known one is \"%s\"",
				names[conf_spelling_nearest(name, names, count)]);
		} else if (values[i]) {
			good = conf_reader_error(
				reader, "is there twice, as \"%s\" and as \"%s\"", spelled[i], name);
		} else {
			values[i] = value;
			spelled[i] = name;
		}
	}
	memcpy(reader->path, outer, sizeof(outer));
	return good;
}
