/* SPDX-License-Identifier: Apache-2.0 */
#include "http/json.h"

#include <string.h>

#include "base/utf8.h"

static const char blanks[HTTP_JSON_DEPTH + 3] = "\n                                 ";

/* A new line, as far in as what stands there is deep. */
static void new_line(struct http_json *json)
{
	http_body_write(json->body, blanks, json->depth + 2);
}

/* What comes before any value or key. */
static void begin_item(struct http_json *json)
{
	if (json->keyed) {
		json->keyed = false;
		return;
	}
	if (!json->depth)
		return;
	if (json->filled[json->depth - 1])
		http_body_write(json->body, ",", 1);
	json->filled[json->depth - 1] = true;
	new_line(json);
}

static void begin(struct http_json *json, const char *bracket)
{
	begin_item(json);
	http_body_write(json->body, bracket, 1);
	if (json->depth == HTTP_JSON_DEPTH) {
		json->body->failed = true;
		return;
	}
	json->filled[json->depth++] = false;
}

static void end(struct http_json *json, const char *bracket)
{
	if (!json->depth)
		return;
	json->depth--;
	if (json->filled[json->depth])
		new_line(json);
	http_body_write(json->body, bracket, 1);
}

void http_json_begin_object(struct http_json *json)
{
	begin(json, "{");
}

void http_json_end_object(struct http_json *json)
{
	end(json, "}");
}

void http_json_begin_array(struct http_json *json)
{
	begin(json, "[");
}

void http_json_end_array(struct http_json *json)
{
	end(json, "]");
}

static void write_escape(struct http_body *body, unsigned char c)
{
	switch (c) {
	case '"':
		http_body_write(body, "\\\"", 2);
		break;
	case '\\':
		http_body_write(body, "\\\\", 2);
		break;
	case '\n':
		http_body_write(body, "\\n", 2);
		break;
	case '\r':
		http_body_write(body, "\\r", 2);
		break;
	case '\t':
		http_body_write(body, "\\t", 2);
		break;
	default:
		http_body_printf(body, "\\u%04x", c);
	}
}

static bool is_plain(unsigned char c)
{
	return c >= ' ' && c < 0x80 && c != '"' && c != '\\';
}

static void write_text(struct http_body *body, const char *text, size_t len)
{
	const unsigned char *at = (const unsigned char *)text, *end = at + len, *written = at;

	http_body_write(body, "\"", 1);
	while (at < end) {
		if (is_plain(*at)) {
			at++;
			continue;
		}
		size_t n = utf8_len(at, (size_t)(end - at));
		if (n > 1) {
			at += n;
			continue;
		}
		http_body_write(body, written, (size_t)(at - written));
		if (n)
			write_escape(body, *at);
		else
			http_body_puts(body, "\xef\xbf\xbd");
		written = ++at;
	}
	http_body_write(body, written, (size_t)(at - written));
	http_body_write(body, "\"", 1);
}

void http_json_key(struct http_json *json, const char *key, size_t len)
{
	begin_item(json);
	write_text(json->body, key, len);
	http_body_write(json->body, ": ", 2);
	json->keyed = true;
}

void http_json_string(struct http_json *json, const char *text, size_t len)
{
	begin_item(json);
	write_text(json->body, text, len);
}

void http_json_integer(struct http_json *json, long long number)
{
	begin_item(json);
	http_body_printf(json->body, "%lld", number);
}

void http_json_member(struct http_json *json, const char *key, const char *text)
{
	http_json_key(json, key, strlen(key));
	http_json_string(json, text, strlen(text));
}

static void write_object(struct http_json *json, const json_t *object)
{
	json_t *mutable = (json_t *)(uintptr_t)object; /* jansson's iterators do not take a const one */

	http_json_begin_object(json);
	for (void *it = json_object_iter(mutable); it; it = json_object_iter_next(mutable, it)) {
		const char *key = json_object_iter_key(it);

		http_json_key(json, key, strlen(key));
		http_json_value(json, json_object_iter_value(it));
	}
	http_json_end_object(json);
}

void http_json_value(struct http_json *json, const json_t *value)
{
	if (json->body->failed)
		return;
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		write_object(json, value);
		return;
	case JSON_ARRAY:
		http_json_begin_array(json);
		for (size_t i = 0; i < json_array_size(value); i++)
			http_json_value(json, json_array_get(value, i));
		http_json_end_array(json);
		return;
	case JSON_STRING:
		http_json_string(json, json_string_value(value), json_string_length(value));
		return;
	case JSON_INTEGER:
		http_json_integer(json, json_integer_value(value));
		return;
	case JSON_REAL:
		begin_item(json);
		http_body_printf(json->body, "%.15g", json_real_value(value));
		return;
	case JSON_TRUE:
		begin_item(json);
		http_body_puts(json->body, "true");
		return;
	case JSON_FALSE:
		begin_item(json);
		http_body_puts(json->body, "false");
		return;
	case JSON_NULL:
		begin_item(json);
		http_body_puts(json->body, "null");
	}
}
