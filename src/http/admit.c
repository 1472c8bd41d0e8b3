/* SPDX-License-Identifier: Apache-2.0 */
#include "http/admit.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/log.h"
#include "base/printable.h"
#include "http/parts.h"
#include "http/reply.h"

#define STREAMS_MAX 32u
#define TARGET_TOLD 256

void http_log_request(const struct http_request *r, const char *method)
{
	char client[ADDR_TEXT_MAX] = "unix", target[TARGET_TOLD];

	if (!log_enabled(LOG_LEVEL_DEBUG))
		return;
	if (r->connection->client.len)
		addr_format(&r->connection->client, client);
	snprintf(target, sizeof(target), "%s", r->target);
	printable_make(target);
	log_debug("http", "request client=%s method=%s target=\"%s\"", client, method, target);
}

/* Each header is looked at: of two lengths libmicrohttpd believes the one, and somebody on the way the other. */
static enum MHD_Result note_body(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	bool *has_body = arg;

	*has_body |= !strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) ||
		     (!strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) && (!value || strcmp(value, "0") != 0));
	return MHD_YES;
}

bool http_has_body(struct MHD_Connection *mhd)
{
	bool has_body = false;

	MHD_get_connection_values(mhd, MHD_HEADER_KIND, note_body, &has_body);
	return has_body;
}

/* The route of a request, or NULL: there is none, and that was replied. */
static const struct http_route *find_route(struct http_request *r)
{
	size_t len;
	int err = ERR_FORMAT;
	const char *path = http_path_of(r->target, &len);
	const struct http_route *route = path ? http_route_find(path, len, r->tail, &err) : NULL;

	if (route && route->flags & HTTP_ROUTE_DUMP && !r->connection->http->settings.conf->enumeration_on)
		http_reply_error(r, MHD_HTTP_NOT_FOUND, "the configuration has enumerationOn false");
	else if (route)
		return route;
	else if (err == ERR_FORMAT)
		http_reply_error(r, MHD_HTTP_BAD_REQUEST, "the target is no path, or its encoding is broken");
	else if (err == ERR_LIMIT)
		http_reply_error(
			r, MHD_HTTP_URI_TOO_LONG, "a part of the path has more than %u bytes", HTTP_SEGMENT_MAX - 1);
	else
		http_reply_error(r, MHD_HTTP_NOT_FOUND, "there is no such path");
	return NULL;
}

static bool authorize(struct http_request *r)
{
	const struct http_auth *auth = &r->connection->http->auth;

	if (http_auth_check(auth, MHD_lookup_connection_value(r->mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION)))
		return true;
	http_reply_refusal(r, MHD_HTTP_UNAUTHORIZED, MHD_HTTP_HEADER_WWW_AUTHENTICATE, http_auth_challenge(auth),
		"the right credentials are needed");
	return false;
}

/* Is there room for one more that goes over everything? */
static bool ration(struct http_request *r)
{
	struct http *http = r->connection->http;
	char wait[16];

	if (http->streams >= STREAMS_MAX) {
		http_reply_refusal(r, MHD_HTTP_SERVICE_UNAVAILABLE, MHD_HTTP_HEADER_RETRY_AFTER, "1",
			"too many requests of this kind are being answered");
		return false;
	}
	unsigned seconds = http_quota_take(&http->quota, &r->connection->client, ev_now(http->loop));
	if (!seconds)
		return true;
	snprintf(wait, sizeof(wait), "%u", seconds);
	http_reply_refusal(r, MHD_HTTP_TOO_MANY_REQUESTS, MHD_HTTP_HEADER_RETRY_AFTER, wait,
		"too many requests of this kind by one client");
	return false;
}

/* What no request may be, whatever its path. */
static bool check_form(struct http_request *r, const char *version)
{
	bool newer = !strcmp(version, MHD_HTTP_VERSION_1_1);

	if (!newer && strcmp(version, MHD_HTTP_VERSION_1_0) != 0)
		http_reply_error(r, MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED, "HTTP/1.1 and HTTP/1.0 are understood");
	else if (newer && !MHD_lookup_connection_value(r->mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST))
		http_reply_error(r, MHD_HTTP_BAD_REQUEST, "a request of HTTP/1.1 has a Host header");
	else if (strlen(r->target) > HTTP_TARGET_MAX)
		http_reply_error(r, MHD_HTTP_URI_TOO_LONG, "the target has more than %u bytes", HTTP_TARGET_MAX);
	else
		return true;
	return false;
}

bool http_admit(struct http_request *r, const char *method, const char *version)
{
	r->route = check_form(r, version) ? find_route(r) : NULL;
	if (!r->route)
		return false;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
		http_reply_refusal(r, MHD_HTTP_METHOD_NOT_ALLOWED, MHD_HTTP_HEADER_ALLOW, "GET, HEAD",
			"the method is not allowed here");
		return false;
	}
	if (http_has_body(r->mhd)) {
		http_reply_error(r, MHD_HTTP_BAD_REQUEST, "a request has no body here");
		return false;
	}
	if (!(r->route->flags & HTTP_ROUTE_OPEN) && !authorize(r))
		return false;
	if (r->route->flags & HTTP_ROUTE_COSTLY && !ration(r))
		return false;
	r->admitted = true;
	return true;
}
