/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer of what clients of the HTTP interface write: targets, names, lists of codings, credentials. What is taken
 * means one thing only, and what is written of it is JSON. */
#include "t/fuzz/fuzz.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "http/auth.h"
#include "http/gzip.h"
#include "http/json.h"
#include "http/path.h"
#include "http/route.h"

static void must(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "broken rule: %s\n", what);
	abort();
}

/* A text that was decoded comes through JSON as it is. */
static void check_json(const char *text)
{
	struct http_body body = {0};
	struct http_json json = {.body = &body};

	http_json_begin_array(&json);
	http_json_string(&json, text, strlen(text));
	http_json_end_array(&json);
	must(!body.failed, "a body fails");
	json_t *value = json_loadb(body.data, body.len, 0, NULL);
	must(value && !strcmp(json_string_value(json_array_get(value, 0)), text), "JSON is another text");
	json_decref(value);
	http_body_fini(&body);
}

/* Encoded to the last byte it is the same text, and it never holds a NUL. */
static void check_decoding(const char *text, size_t len)
{
	char out[HTTP_SEGMENT_MAX], again[HTTP_SEGMENT_MAX], encoded[3 * HTTP_SEGMENT_MAX + 1] = "";
	int err = http_path_decode(out, text, len);

	must(!err || err == ERR_FORMAT || err == ERR_LIMIT, "another error");
	if (err)
		return;
	must(strlen(out) <= len, "decoding makes it longer");
	for (size_t i = 0; out[i]; i++)
		sprintf(encoded + 3 * i, "%%%02x", (unsigned char)out[i]);
	must(!http_path_decode(again, encoded, strlen(encoded)) && !strcmp(out, again), "another text when encoded");
	check_json(out);
}

/* A name that is taken is taken again in its own spelling. */
static void check_name(const char *text)
{
	uint8_t name[DNAME_MAX], again[DNAME_MAX];
	char spelled[DNAME_TEXT_MAX];
	size_t len, again_len;

	if (http_path_name(name, &len, text))
		return;
	must(len == dname_len(name, sizeof(name)), "no name");
	dname_to_text(spelled, name);
	must(!http_path_name(again, &again_len, spelled) && again_len == len && !memcmp(name, again, len),
		"another name when spelled");
}

static void check_target(const char *target)
{
	size_t len, value_len;
	char tail[HTTP_SEGMENT_MAX];
	int err;
	const char *path = http_path_of(target, &len), *query = http_path_query(target);

	if (path) {
		must(*path == '/' && path + len <= target + strlen(target), "no path");
		const struct http_route *route = http_route_find(path, len, tail, &err);
		must(route ? !strchr(route->pattern, '*') == !*tail : err != 0, "a tail without a place for it");
		if (route)
			check_name(tail);
	}
	const char *value = http_path_query_value(query, "serial", &value_len);
	must(!value || (value >= query && value + value_len <= query + strlen(query)), "a value outside its query");
	if (value)
		check_decoding(value, value_len);
}

/* What did not come as JSON is written as JSON all the same. */
static void check_bytes(const uint8_t *data, size_t len)
{
	struct http_body body = {0};
	struct http_json json = {.body = &body};

	http_json_begin_array(&json);
	http_json_string(&json, (const char *)data, len);
	http_json_end_array(&json);
	json_t *value = json_loadb(body.data, body.len, JSON_ALLOW_NUL, NULL);
	must(value || body.failed, "no JSON");
	json_decref(value);
	http_body_fini(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char token[] = "let-me-in", nothing[] = "";
	const struct conf conf = {.http_user = nothing, .http_password = nothing, .http_token = token};
	char *text = malloc(size + 1);
	struct http_auth auth;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	check_target(text);
	check_decoding(text, strlen(text));
	check_name(text);
	check_bytes(data, size);
	http_gzip_accepted(text);
	must(!http_auth_init(&auth, &conf), "no digest");
	must(!http_auth_check(&auth, text) || strstr(text, token), "let in without the token");
	free(text);
	return 0;
}
