/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/endpoint.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"

/* The second is of masters before 0.21 or so, the third of some forks. */
static const char *const paths[ENDPOINT_PATHS] = {"/master/state", "/state.json", "/master/state.json"};

static bool set(struct endpoint *ep, const char *host, size_t len, uint16_t port)
{
	if (!len || len > DNAME_MAX)
		return false;
	memset(ep, 0, sizeof(*ep));
	memcpy(ep->host, host, len);
	ep->port = port;
	ep->literal = !addr_parse(&ep->addr, host, len);
	return true;
}

int endpoints_init(struct endpoints *e, const struct conf_endpoints *masters)
{
	*e = (struct endpoints){0};
	e->items = calloc(masters->count + ENDPOINT_ANNOUNCED + ENDPOINT_EXTRA, sizeof(*e->items));
	if (!e->items)
		return ERR_NOMEM;
	for (size_t i = 0; i < masters->count; i++) {
		const struct conf_endpoint *m = &masters->items[i];

		if (set(&e->items[e->configured], m->host, strlen(m->host), m->port))
			e->configured++;
	}
	e->count = e->configured + ENDPOINT_ANNOUNCED + ENDPOINT_EXTRA;
	return 0;
}

void endpoints_fini(struct endpoints *e)
{
	free(e->items);
	*e = (struct endpoints){0};
}

void endpoints_announce(
	struct endpoints *e, const struct mesos_master *masters, size_t count, bool names, const struct endpoint *keep)
{
	unsigned rank = 0;

	for (size_t i = 0; i < e->count; i++) {
		struct endpoint *ep = &e->items[i];

		if (ep->rank && !ep->literal) {
			ep->addr = (struct addr){0};
			ep->by_addr = false;
		}
		ep->rank = 0;
	}
	for (size_t i = 0; i < count && rank < ENDPOINT_ANNOUNCED; i++) {
		const struct mesos_master *m = &masters[i];
		char literal[ADDR_TEXT_MAX];
		const char *host = m->host;

		if (!names && m->addr.len)
			host = addr_format(&m->addr, literal);
		struct endpoint *ep = endpoints_get(e, host, strlen(host), m->port, keep);
		if (!ep || ep->rank)
			continue;
		ep->rank = ++rank;
		if (!ep->literal)
			ep->addr = m->addr;
	}
}

struct endpoint *endpoints_ranked(const struct endpoints *e, unsigned rank)
{
	for (size_t i = 0; i < e->count; i++)
		if (e->items[i].rank == rank)
			return &e->items[i];
	return NULL;
}

bool endpoints_any(const struct endpoints *e)
{
	return e->configured || endpoints_ranked(e, 1);
}

bool endpoint_is(const struct endpoint *ep, const struct addr *peer, const char *host, size_t len, uint16_t port)
{
	struct addr addr;

	if (ep->port != port)
		return false;
	if (addr_parse(&addr, host, len))
		return strlen(ep->host) == len && !strncasecmp(ep->host, host, len);
	return addr_equal(&addr, ep->addr.len ? &ep->addr : peer);
}

/* A free place among those that are not configured, or the one that was asked longest ago; NULL: all are
 * announced. */
static struct endpoint *free_place(struct endpoints *e, const struct endpoint *keep)
{
	struct endpoint *oldest = NULL;

	for (size_t i = e->configured; i < e->count; i++) {
		struct endpoint *ep = &e->items[i];

		if (!ep->port)
			return ep;
		if (!ep->rank && ep != keep && (!oldest || ep->round < oldest->round))
			oldest = ep;
	}
	return oldest;
}

struct endpoint *endpoints_get(
	struct endpoints *e, const char *host, size_t len, uint16_t port, const struct endpoint *keep)
{
	const struct addr none = {0};

	for (size_t i = 0; i < e->count; i++)
		if (e->items[i].port && endpoint_is(&e->items[i], &none, host, len, port))
			return &e->items[i];
	struct endpoint *ep = free_place(e, keep);
	return ep && set(ep, host, len, port) ? ep : NULL;
}

struct endpoint *endpoints_seen_at(struct endpoints *e, const struct addr *addr, uint16_t port)
{
	for (size_t i = 0; i < e->count; i++) {
		struct endpoint *ep = &e->items[i];

		if ((i < e->configured || ep->rank) && !ep->literal && ep->port == port && addr_equal(&ep->seen, addr))
			return ep;
	}
	return NULL;
}

const char *endpoint_url(const struct endpoint *ep, bool https, const char *path, char url[ENDPOINT_URL_MAX])
{
	char literal[ADDR_TEXT_MAX];
	const char *host = ep->by_addr ? addr_format(&ep->addr, literal) : ep->host;
	bool brackets = strchr(host, ':');

	snprintf(url, ENDPOINT_URL_MAX, "%s://%s%s%s:%u%s", https ? "https" : "http", brackets ? "[" : "", host,
		brackets ? "]" : "", ep->port, path);
	return url;
}

const char *endpoint_state_path(const struct endpoint *ep)
{
	return paths[ep->path];
}

struct addr endpoint_connect_to(const struct endpoint *ep)
{
	return ep->literal || ep->by_addr ? (struct addr){0} : ep->addr;
}

static bool is_state_path(const char *path)
{
	for (size_t i = 0; i < ENDPOINT_PATHS; i++)
		if (!strcmp(path, paths[i]))
			return true;
	return false;
}

/* A part of the URL as text, or NULL. */
static char *part(CURLU *u, CURLUPart what)
{
	char *text = NULL;

	return curl_url_get(u, what, &text, what == CURLUPART_PORT ? CURLU_DEFAULT_PORT : 0) ? NULL : text;
}

int endpoint_parse_redirect(const char *url, bool https, const char *wanted, char host[DNAME_MAX + 1], uint16_t *port)
{
	CURLU *u = curl_url();
	char *scheme = NULL, *name = NULL, *number = NULL, *path = NULL;
	int rc = u ? ERR_FORMAT : ERR_NOMEM;

	if (u && !curl_url_set(u, CURLUPART_URL, url, 0)) {
		scheme = part(u, CURLUPART_SCHEME);
		name = part(u, CURLUPART_HOST);
		number = part(u, CURLUPART_PORT);
		path = part(u, CURLUPART_PATH);
	}
	if (scheme && name && number && path && !strcmp(scheme, https ? "https" : "http") &&
		(wanted ? !strcmp(path, wanted) : is_state_path(path))) {
		size_t len = strlen(name);
		bool brackets = len > 2 && *name == '[';
		unsigned long value = strtoul(number, NULL, 10);

		if (brackets)
			len -= 2;
		if (len && len <= DNAME_MAX && value && value <= UINT16_MAX) {
			memcpy(host, name + brackets, len);
			host[len] = '\0';
			*port = (uint16_t)value;
			rc = 0;
		}
	}
	curl_free(scheme);
	curl_free(name);
	curl_free(number);
	curl_free(path);
	curl_url_cleanup(u);
	return rc;
}
