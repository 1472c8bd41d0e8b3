/* SPDX-License-Identifier: Apache-2.0 */
/* Writes JSON (RFC 8259) into a body, value by value, with the line breaks and blanks that Mesos-DNS puts: there are
 * scripts that read its answers line by line. The caller sees to it that objects and arrays are closed and members have
 * keys; texts may hold any UTF-8, and bytes that are none become U+FFFD. */
#ifndef HTTP_JSON_H
#define HTTP_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "http/body.h"

#define HTTP_JSON_DEPTH 32

struct http_json { /* all zero but for the body is a new document; the body may change between calls */
	struct http_body *body;
	unsigned depth;
	bool filled[HTTP_JSON_DEPTH]; /* by depth: something stands in it */
	bool keyed;                   /* a key waits for its value */
};

void http_json_begin_object(struct http_json *json);
void http_json_end_object(struct http_json *json);
void http_json_begin_array(struct http_json *json);
void http_json_end_array(struct http_json *json);
void http_json_key(struct http_json *json, const char *key, size_t len);
void http_json_string(struct http_json *json, const char *text, size_t len);
void http_json_integer(struct http_json *json, long long number);
/* A whole value, members in their order. Deeper than HTTP_JSON_DEPTH fails the body. */
void http_json_value(struct http_json *json, const json_t *value);

/* A member with a text that ends with a NUL. */
void http_json_member(struct http_json *json, const char *key, const char *text);

#endif
