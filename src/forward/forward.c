/* SPDX-License-Identifier: Apache-2.0 */
#include "forward/forward.h"

#include <stdlib.h>

#include "answer/rcode.h"
#include "base/err.h"
#include "base/lines.h"
#include "forward/acl.h"
#include "forward/exchange.h"
#include "forward/route.h"

enum { /* of the types that are no data */
	TYPE_OPT = 41,
	TYPE_NXNAME = 128, /* RFC 9824, section 2 */
	TYPE_TKEY = 249,
	TYPE_TSIG = 250,
	TYPE_IXFR = 251,
	TYPE_AXFR = 252,
	TYPE_MAILB = 253,
	TYPE_MAILA = 254,
};

struct forwarder {
	const struct forward_settings *settings;
	struct cache *cache;
	struct routes *routes;
	struct exchanges *exchanges;
	struct forward_counters counters;
};

/* 0, or the RCODE that such a question gets from everybody. */
static uint16_t judge_question(const struct query *query)
{
	if (query->qclass != CLASS_IN)
		return RCODE_REFUSED;
	switch (query->qtype) {
	case 0:
	case TYPE_OPT:
	case TYPE_NXNAME:
		return RCODE_FORMERR;
	case TYPE_TKEY:
	case TYPE_TSIG:
	case TYPE_IXFR:
	case TYPE_AXFR:
		return RCODE_REFUSED;
	case TYPE_MAILB:
	case TYPE_MAILA:
		return RCODE_NOTIMP;
	default:
		return 0;
	}
}

static uint16_t judge(const struct forwarder *f, const struct forward_client *client,
	const struct query *query, uint16_t *ede)
{
	const struct forward_settings *s = f->settings;

	if (!s->enabled)
		return RCODE_REFUSED;
	if (!acl_allows(s->allow, s->allow_count, &client->addr)) {
		*ede = EDE_PROHIBITED;
		return RCODE_REFUSED;
	}
	uint16_t rcode = judge_question(query);
	if (rcode)
		return rcode;
	return query->flags & FLAG_RD ? 0 : RCODE_REFUSED;
}

static size_t reply_stale(
	struct forwarder *f, const struct cache_key *key, struct message_terms *terms, uint8_t *reply)
{
	const struct message *m = cache_find(f->cache, key, exchange_now(), true, &terms->age);

	if (!m) { /* it was pushed out meanwhile */
		counter_add(&f->counters.failed, 1);
		return message_compose_error(RCODE_SERVFAIL, terms, reply);
	}
	counter_add(&f->counters.stale, 1);
	terms->ttl_cap = CACHE_STALE_TTL;
	terms->ede = EDE_STALE;
	return message_compose(m, terms, reply);
}

enum forward_verdict forward_query(struct forwarder *f, const struct forward_client *client,
	const struct query *query, uint32_t random, uint8_t *reply, size_t *reply_len)
{
	struct message_terms terms = exchange_terms(f->settings, client, query, random);
	const struct cache_key key = {query->name, query->name_len, query->qtype, query->qclass,
		query->dnssec_ok, query->flags & FLAG_CD};

	counter_add(&f->counters.queries, 1);
	uint16_t rcode = judge(f, client, query, &terms.ede);
	if (rcode) {
		counter_add(&f->counters.refused, 1);
		*reply_len = message_compose_error(rcode, &terms, reply);
		return FORWARD_REPLY;
	}
	if (exchange_is_looped(f->exchanges, query)) {
		counter_add(&f->counters.looped, 1);
		*reply_len = message_compose_error(RCODE_REFUSED, &terms, reply);
		return FORWARD_REPLY;
	}
	const struct message *m = cache_find(f->cache, &key, exchange_now(), false, &terms.age);
	if (m) {
		counter_add(&f->counters.cached, 1);
		if (m->rcode == RCODE_SERVFAIL)
			terms.ede = EDE_CACHED_ERROR;
		*reply_len = message_compose(m, &terms, reply);
		return FORWARD_REPLY;
	}
	const struct route *route = routes_find(f->routes, query->name, query->name_len);
	switch (exchange_ask(f->exchanges, route, client, query, &key, random)) {
	case EXCHANGE_WAITING:
		return FORWARD_WAITING;
	case EXCHANGE_STALE:
		*reply_len = reply_stale(f, &key, &terms, reply);
		break;
	case EXCHANGE_LIMIT:
		counter_add(&f->counters.overload, 1);
		*reply_len = message_compose_error(RCODE_SERVFAIL, &terms, reply);
		break;
	}
	return FORWARD_REPLY;
}

const struct forward_counters *forward_counters(const struct forwarder *f)
{
	return &f->counters;
}

void forward_read_cache(const struct forwarder *f, struct cache_counters *out)
{
	cache_read_counters(f->cache, out);
}

size_t forward_upstream_count(const struct forwarder *f)
{
	return routes_upstream_count(f->routes);
}

const struct upstream_counters *forward_upstream(const struct forwarder *f, size_t i, struct conf_server *server)
{
	const struct upstream *u = routes_upstream(f->routes, i);

	*server = upstream_server(u);
	return upstream_counters(u);
}

struct forwarder *forwarder_new(struct ev_loop *loop, const struct forward_settings *settings,
	forward_reply_fn *reply, void *ctx, int *err)
{
	struct forwarder *f = lines_calloc(sizeof(*f));

	*err = ERR_NOMEM;
	if (!f)
		return NULL;
	f->settings = settings;
	f->cache = cache_new(&settings->cache);
	if (!f->cache)
		goto out;
	f->routes = routes_new(loop, settings, err);
	if (!f->routes)
		goto out;
	const struct exchange_context context = {loop, settings, f->cache, &f->counters, reply, ctx};
	f->exchanges = exchanges_new(&context, err);
	if (f->exchanges)
		return f;
out:
	forwarder_free(f);
	return NULL;
}

void forwarder_free(struct forwarder *f)
{
	if (!f)
		return;
	exchanges_free(f->exchanges);
	routes_free(f->routes);
	cache_free(f->cache);
	free(f);
}
