/* SPDX-License-Identifier: Apache-2.0 */
#include "forward/exchange.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "answer/rcode.h"
#include "base/err.h"
#include "base/siphash.h"
#include "forward/spelling.h"
#include "forward/waits.h"

#define ROUNDS        2   /* how often a server that says nothing is asked */
#define STALE_AFTER   1.8 /* seconds: RFC 8767, section 5 */
#define LATE          1.9 /* a reply that took longer can be a pulse that somebody has piled up (CVE-2024-33655) */
#define PULSE_CLIENTS 16 /* waiting at one address */
#define ILL_LIMIT     1.0 /* how long to wait when no server is well: one that is back answers sooner */
#define NEVER         1e12
#define REPLY_MAX     65535

struct waiter {
	struct waiter *next;
	struct forward_client client;
	double since;
	struct query query; /* its packet is the header and the question below */
	uint32_t random;
	uint8_t packet[];
};

struct attempt { /* one query to one server */
	struct attempt *next;
	struct exchange *exchange;
	size_t server;
	double started;
	bool tcp, edns;
	bool missed;    /* it was noted that this takes too long */
	uint8_t name[]; /* as spelt */
};

struct server_state {
	uint8_t asked;
	bool answered; /* badly, or cannot be asked: not worth another query */
	bool tcp_asked, plain_asked;
};

struct exchange {
	struct exchange *chain;
	struct exchanges *owner;
	struct exchange *newer, **at; /* list of all */
	const struct route *route;
	uint64_t hash;
	struct attempt *attempts;
	struct waiter *waiters, **waiters_end;
	struct message *poor; /* the best that there is so far: an error, or cut short */
	ev_timer timer;
	double started, next_at, stale_at;
	double limit; /* when clients have waited long enough */
	bool over;        /* its clients have their reply, and it is in the table no more */
	bool good;        /* with an answer */
	bool stale_given; /* to those who waited, and to all who come */
	bool network_error;
	bool more_wanted; /* than fits UDP: somebody takes what comes by TCP */
	bool dnssec_ok, checking_disabled;
	uint16_t type, class;
	uint8_t name_len;
	uint8_t name[DNAME_MAX + 4]; /* lower case; type and class behind it */
	struct server_state states[];
};

struct exchanges {
	struct exchange_context c;
	struct waits *waits;
	struct random_block random;
	struct exchange *all;
	unsigned count, client_count;
	size_t bucket_count;
	struct exchange **buckets;
	uint8_t reply[REPLY_MAX];
};

uint32_t exchange_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return (uint32_t)ts.tv_sec;
}

struct message_terms exchange_terms(const struct forward_settings *settings,
	const struct forward_client *client, const struct query *query, uint32_t random)
{
	return (struct message_terms){
		.query = query,
		.limit = client->limit < MESSAGE_LIMIT_MIN ? MESSAGE_LIMIT_MIN : client->limit,
		.edns_udp_size = settings->edns_udp_size,
		.random = random,
		.ede = EDE_NONE,
		.recursion_available = settings->recursion_available,
		.set_truncate_bit = settings->set_truncate_bit,
	};
}

static struct cache_key key_of(const struct exchange *e)
{
	return (struct cache_key){
		e->name, e->name_len, e->type, e->class, e->dnssec_ok, e->checking_disabled};
}

/* The table. */

static uint64_t hash_question(const struct query *query)
{
	uint8_t question[DNAME_MAX + 4];
	size_t n = query->name_len;

	memcpy(question, query->name, n);
	memcpy(question + n, query->packet + DNS_HEADER + n, 4);
	return siphash13(&siphash_process_key, question, n + 4);
}

static bool has_question(const struct exchange *e, uint64_t hash, const struct query *query)
{
	return e->hash == hash && e->type == query->qtype && e->class == query->qclass &&
	       e->name_len == query->name_len && !memcmp(e->name, query->name, query->name_len);
}

static void leave_table(struct exchange *e)
{
	struct exchanges *x = e->owner;
	struct exchange **at = &x->buckets[e->hash & (x->bucket_count - 1)];

	while (*at != e)
		at = &(*at)->chain;
	*at = e->chain;
	x->count--;
	counter_set(&x->c.counters->asking, x->count);
}

static struct exchange *find(
	const struct exchanges *x, uint64_t hash, const struct query *query, const struct cache_key *key)
{
	for (struct exchange *e = x->buckets[hash & (x->bucket_count - 1)]; e; e = e->chain)
		if (has_question(e, hash, query) && e->dnssec_ok == key->dnssec_ok &&
			e->checking_disabled == key->checking_disabled)
			return e;
	return NULL;
}

bool exchange_is_looped(const struct exchanges *x, const struct query *query)
{
	const uint8_t *spelt = query->packet + DNS_HEADER;

	if (!spelling_is_telling(spelt, query->name_len))
		return false;
	uint64_t hash = hash_question(query);
	for (const struct exchange *e = x->buckets[hash & (x->bucket_count - 1)]; e; e = e->chain) {
		if (!has_question(e, hash, query))
			continue;
		for (const struct attempt *a = e->attempts; a; a = a->next)
			if (!memcmp(a->name, spelt, query->name_len))
				return true;
	}
	return false;
}

static void exchange_free(struct exchange *e)
{
	ev_timer_stop(e->owner->c.loop, &e->timer);
	*e->at = e->newer;
	if (e->newer)
		e->newer->at = e->at;
	message_free(e->poor);
	free(e);
}

/* The clients. */

static int add_waiter(
	struct exchange *e, const struct forward_client *client, const struct query *query, uint32_t random)
{
	struct exchanges *x = e->owner;
	size_t len = DNS_HEADER + query->question_len;

	if (x->client_count >= x->c.settings->clients_max)
		return ERR_LIMIT;
	struct waiter *w = malloc(sizeof(*w) + len);
	if (!w)
		return ERR_NOMEM;
	int err = waits_add(x->waits, &client->addr);
	if (err) {
		free(w);
		return err;
	}
	w->next = NULL;
	w->client = *client;
	w->since = ev_now(x->c.loop);
	w->query = *query;
	w->query.packet = w->packet;
	w->random = random;
	memcpy(w->packet, query->packet, len);
	*e->waiters_end = w;
	e->waiters_end = &w->next;
	x->client_count++;
	counter_set(&x->c.counters->waiting, x->client_count);
	if (client->tcp || client->limit > x->c.settings->edns_udp_size)
		e->more_wanted = true;
	return 0;
}

/* What a whole list of clients is told. */
struct verdict {
	const struct message *message; /* NULL: SERVFAIL */
	uint32_t age, ttl_cap;
	uint16_t ede;
};

static size_t compose(struct exchanges *x, const struct waiter *w, const struct verdict *v, bool pulse)
{
	struct message_terms terms = exchange_terms(x->c.settings, &w->client, &w->query, w->random);

	terms.ede = v->ede;
	terms.age = v->age;
	terms.ttl_cap = v->ttl_cap;
	if (pulse) { /* no larger than the query: who is real comes again by TCP */
		size_t len = message_compose_error(RCODE_NOERROR, &terms, x->reply);

		x->reply[2] |= FLAG_TC >> 8;
		return len;
	}
	/* Over TCP there is no other way to go: an empty answer that was cut would be taken for the truth. */
	if (!v->message || (w->client.tcp && v->message->flags & FLAG_TC && !v->message->counts[0]))
		return message_compose_error(RCODE_SERVFAIL, &terms, x->reply);
	return message_compose(v->message, &terms, x->reply);
}

static void reply_all(struct exchange *e, const struct verdict *v)
{
	struct exchanges *x = e->owner;
	struct waiter *w = e->waiters, *next;
	double now = ev_now(x->c.loop);
	bool late = now - e->started > LATE && v->message;

	e->waiters = NULL;
	e->waiters_end = &e->waiters;
	for (; w; w = next) {
		unsigned waiting = waits_remove(x->waits, &w->client.addr);

		next = w->next;
		x->client_count--;
		counter_set(&x->c.counters->waiting, x->client_count);
		histogram_add(&x->c.counters->waited, histogram_ns(now - w->since), 1);
		size_t len = compose(x, w, v, late && !w->client.tcp && waiting > PULSE_CLIENTS);
		x->c.reply(x->c.reply_ctx, &w->client, x->reply, len);
		free(w);
	}
}

/* The end. */

static void end(struct exchange *e)
{
	double now = ev_now(e->owner->c.loop);

	e->over = true;
	leave_table(e);
	ev_timer_stop(e->owner->c.loop, &e->timer);
	/* Another one was quicker than those that are still awaited, even with a start of their patience. */
	for (struct attempt *a = e->attempts; a; a = a->next) {
		struct upstream *u = e->route->servers[a->server];

		if (!a->missed && !a->tcp && now - a->started >= upstream_patience(u)) {
			a->missed = true;
			upstream_note(u, UPSTREAM_TIMEOUT, now - a->started);
		}
	}
}

static void put(struct exchange *e, struct message *m)
{
	struct cache_key key = key_of(e);

	cache_put(e->owner->c.cache, &key, m, exchange_now());
}

/* Takes the message over. The caller looks whether the exchange is still needed. */
static void finish(struct exchange *e, struct message *m)
{
	e->good = true;
	end(e);
	reply_all(e, &(struct verdict){.message = m, .ede = EDE_NONE});
	put(e, m);
}

static bool give_stale(struct exchange *e)
{
	struct cache_key key = key_of(e);
	struct verdict v = {.ttl_cap = CACHE_STALE_TTL, .ede = EDE_STALE};

	v.message = cache_find(e->owner->c.cache, &key, exchange_now(), true, &v.age);
	if (!v.message || v.message->rcode == RCODE_SERVFAIL)
		return false;
	for (const struct waiter *w = e->waiters; w; w = w->next)
		counter_add(&e->owner->c.counters->stale, 1);
	e->stale_given = true; /* before the clients come with other questions, or with this one */
	reply_all(e, &v);
	return true;
}

static void fail(struct exchange *e)
{
	struct verdict v = {.ede = e->network_error ? EDE_NETWORK_ERROR : EDE_NO_REACHABLE_AUTHORITY};
	struct message *m = e->poor;

	end(e);
	if ((!m || m->rcode == RCODE_SERVFAIL) && (e->stale_given || give_stale(e)))
		return;
	e->poor = NULL;
	counter_add(&e->owner->c.counters->failed, 1);
	if (m)
		v = (struct verdict){.message = m, .ede = EDE_NONE};
	else
		message_new_error(RCODE_SERVFAIL, e->name, e->name_len + 4u, CACHE_TTL_FAILURE, &m);
	reply_all(e, &v);
	if (m && m->rcode != RCODE_NOERROR) {
		m->ttl = CACHE_TTL_FAILURE;
		put(e, m);
	} else {
		message_free(m);
	}
}

/* Asking. */

static void on_done(void *ctx, enum upstream_outcome outcome, struct message *message);

static int launch(struct exchange *e, size_t server, bool tcp, bool edns, bool mixed_case)
{
	struct exchanges *x = e->owner;
	uint8_t packet[SPELLING_QUERY_MAX];
	struct spelling_terms terms = {
		.name = e->name,
		.name_len = e->name_len,
		.type = e->type,
		.class = e->class,
		.checking_disabled = e->checking_disabled,
		.dnssec_ok = e->dnssec_ok,
		.edns = edns,
		.edns_udp_size = x->c.settings->edns_udp_size,
	};
	size_t len = spelling_query(packet, &terms, mixed_case ? &x->random : NULL);
	struct attempt *a = malloc(sizeof(*a) + e->name_len);

	if (!a)
		return ERR_NOMEM;
	*a = (struct attempt){.next = e->attempts,
		.exchange = e,
		.server = server,
		.started = ev_now(x->c.loop),
		.tcp = tcp,
		.edns = edns};
	memcpy(a->name, packet + DNS_HEADER, e->name_len);
	int err = upstream_send(e->route->servers[server], tcp, packet, len, on_done, a);
	if (err) {
		free(a);
		return err;
	}
	e->attempts = a;
	counter_add(&x->c.counters->upstream_queries, 1);
	if (tcp)
		counter_add(&x->c.counters->upstream_tcp, 1);
	return 0;
}

/* The server to be asked next: the one that was asked least, of these one that is well, of these the first.
 */
static size_t choose(const struct exchange *e)
{
	size_t best = e->route->count;
	unsigned best_rank = ROUNDS * 4;

	for (size_t i = 0; i < e->route->count; i++) {
		unsigned rank = e->states[i].asked * 4u + upstream_health(e->route->servers[i]);

		if (!e->states[i].answered && rank < best_rank) {
			best = i;
			best_rank = rank;
		}
	}
	return best;
}

static bool ask_server(struct exchange *e, size_t i)
{
	struct upstream *u = e->route->servers[i];

	if (e->states[i].asked++)
		counter_add(&e->owner->c.counters->upstream_retries, 1);
	return !launch(e, i, false, upstream_takes_edns(u), true);
}

/* Asks the next server, if one is left. */
static void ask_next(struct exchange *e)
{
	double now = ev_now(e->owner->c.loop);
	size_t i;

	e->next_at = NEVER;
	while ((i = choose(e)) < e->route->count) {
		unsigned round = e->states[i].asked;

		if (ask_server(e, i)) {
			e->next_at = now + upstream_patience(e->route->servers[i]) * (1 + round);
			return;
		}
		e->states[i].answered = true;
	}
}

/* Servers whose time has come to be tried again are, besides those that will answer. */
static void probe(struct exchange *e)
{
	for (size_t i = 0; i < e->route->count; i++)
		if (!e->states[i].asked && upstream_health(e->route->servers[i]) == UPSTREAM_PROBE)
			ask_server(e, i);
}

static void set_timer(struct exchange *e)
{
	struct ev_loop *loop = e->owner->c.loop;
	double at = e->limit, wait;

	if (e->next_at < at)
		at = e->next_at;
	if (e->stale_at < at)
		at = e->stale_at;
	wait = at - ev_now(loop);
	ev_timer_stop(loop, &e->timer);
	ev_timer_set(&e->timer, wait > 0 ? wait : 0, 0);
	ev_timer_start(loop, &e->timer);
}

/* After anything that happened: is it over, and when must be looked next? The exchange may be gone
 * afterwards. */
static void go_on(struct exchange *e)
{
	double now = ev_now(e->owner->c.loop);

	if (!e->over && e->next_at <= now)
		ask_next(e);
	if (!e->over && e->stale_at <= now) {
		e->stale_at = NEVER;
		give_stale(e);
	}
	if (!e->over && (!e->attempts || now >= e->limit))
		fail(e);
	if (!e->over)
		set_timer(e);
	else if (!e->attempts)
		exchange_free(e);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
	go_on(timer->data);
}

/* Keeps the message if it is the best so far: a cut answer is better than an error, and the last of errors is
 * given. */
static void keep_poor(struct exchange *e, struct message *m)
{
	if (e->poor && e->poor->rcode == RCODE_NOERROR) {
		message_free(m);
		return;
	}
	message_free(e->poor);
	e->poor = m;
}

static void on_reply(struct exchange *e, const struct attempt *a, struct message *m)
{
	struct server_state *s = &e->states[a->server];
	bool bad = m->rcode != RCODE_NOERROR && m->rcode != RCODE_NXDOMAIN;

	if (a->edns && !m->edns && (m->rcode == RCODE_FORMERR || m->rcode == RCODE_NOTIMP) &&
		!s->plain_asked) {
		s->plain_asked = true;
		message_free(m);
		if (launch(e, a->server, a->tcp, false, true))
			e->next_at = 0;
		return;
	}
	if (s->plain_asked && !a->edns && !bad)
		upstream_note_edns(e->route->servers[a->server], false);
	if (m->flags & FLAG_TC && !a->tcp && !bad && e->more_wanted && !s->tcp_asked) {
		s->tcp_asked = true;
		keep_poor(e, m);
		if (launch(e, a->server, true, a->edns, true))
			e->next_at = 0;
		return;
	}
	if (!bad) {
		finish(e, m);
		return;
	}
	s->answered = true;
	keep_poor(e, m);
	e->next_at = 0;
}

static void on_attempt(
	struct exchange *e, const struct attempt *a, enum upstream_outcome outcome, struct message *m)
{
	struct server_state *s = &e->states[a->server];

	switch (outcome) {
	case UPSTREAM_REPLIED:
		on_reply(e, a, m);
		break;
	case UPSTREAM_MISMATCHED:
		/* In lower case, since that is how servers spell names that keep no case. */
		if (!s->tcp_asked && !launch(e, a->server, true, a->edns, false))
			s->tcp_asked = true;
		else
			e->next_at = 0;
		break;
	case UPSTREAM_FAILED:
		e->network_error = true;
		e->next_at = 0;
		break;
	case UPSTREAM_TIMEOUT:
		e->next_at = 0;
		break;
	}
}

static void count(struct forward_counters *c, enum upstream_outcome outcome)
{
	if (outcome == UPSTREAM_REPLIED)
		counter_add(&c->upstream_replies, 1);
	else if (outcome == UPSTREAM_TIMEOUT)
		counter_add(&c->upstream_timeouts, 1);
	else if (outcome == UPSTREAM_MISMATCHED)
		counter_add(&c->upstream_mismatches, 1);
}

static void on_done(void *ctx, enum upstream_outcome outcome, struct message *message)
{
	struct attempt *a = ctx, **at;
	struct exchange *e = a->exchange;

	for (at = &e->attempts; *at != a; at = &(*at)->next)
		;
	*at = a->next;
	count(e->owner->c.counters, outcome);
	upstream_count(e->route->servers[a->server], outcome, ev_now(e->owner->c.loop) - a->started);
	if (!a->tcp && (outcome == UPSTREAM_REPLIED || !a->missed))
		upstream_note(e->route->servers[a->server], outcome, ev_now(e->owner->c.loop) - a->started);
	if (!e->over) {
		on_attempt(e, a, outcome, message);
	} else if (message && !e->good && message->ttl) {
		/* Too late for those who asked, not for the next. */
		e->good = true;
		put(e, message);
	} else {
		message_free(message);
	}
	free(a);
	go_on(e);
}

/* The way in. */

static bool all_ill(const struct route *route)
{
	for (size_t i = 0; i < route->count; i++)
		if (upstream_health(route->servers[i]) == UPSTREAM_WELL)
			return false;
	return true;
}

static double longest_wait(const struct exchanges *x, const struct route *route)
{
	double seconds = 2 * x->c.settings->timeout;

	return seconds > ILL_LIMIT && all_ill(route) ? ILL_LIMIT : seconds;
}

static struct exchange *start(struct exchanges *x, const struct route *route, uint64_t hash,
	const struct query *query, const struct cache_key *key)
{
	struct exchange *e = calloc(1, sizeof(*e) + route->count * sizeof(e->states[0]));
	struct exchange **bucket = &x->buckets[hash & (x->bucket_count - 1)];

	if (!e)
		return NULL;
	e->owner = x;
	e->route = route;
	e->hash = hash;
	e->waiters_end = &e->waiters;
	e->started = ev_now(x->c.loop);
	e->limit = e->started + longest_wait(x, route);
	e->stale_at = e->started + STALE_AFTER;
	e->type = query->qtype;
	e->class = query->qclass;
	e->dnssec_ok = key->dnssec_ok;
	e->checking_disabled = key->checking_disabled;
	e->name_len = query->name_len;
	memcpy(e->name, query->name, query->name_len);
	memcpy(e->name + e->name_len, query->packet + DNS_HEADER + e->name_len, 4);
	ev_init(&e->timer, on_timer);
	e->timer.data = e;
	e->chain = *bucket;
	*bucket = e;
	x->count++;
	counter_set(&x->c.counters->asking, x->count);
	e->newer = x->all;
	if (e->newer)
		e->newer->at = &e->newer;
	e->at = &x->all;
	x->all = e;
	return e;
}

enum exchange_verdict exchange_ask(struct exchanges *x, const struct route *route,
	const struct forward_client *client, const struct query *query, const struct cache_key *key,
	uint32_t random)
{
	uint64_t hash = hash_question(query);
	struct exchange *e = find(x, hash, query, key);
	bool joined = e;
	uint32_t age;

	if (e && e->stale_given)
		return EXCHANGE_STALE;
	if (!e) {
		if (x->count >= x->c.settings->inflight_max)
			return EXCHANGE_LIMIT;
		e = start(x, route, hash, query, key);
		if (!e)
			return EXCHANGE_LIMIT;
	}
	const struct message *stale =
		joined || !all_ill(route) ? NULL : cache_find(x->c.cache, key, exchange_now(), true, &age);
	e->stale_given = stale && stale->rcode != RCODE_SERVFAIL;
	if (!e->stale_given && add_waiter(e, client, query, random)) {
		if (!joined) {
			leave_table(e);
			exchange_free(e);
		}
		return EXCHANGE_LIMIT;
	}
	if (joined) {
		counter_add(&x->c.counters->joined, 1);
		return EXCHANGE_WAITING;
	}
	ask_next(e);
	probe(e);
	if (!e->attempts)
		e->next_at = 0; /* the failure is told from the loop */
	set_timer(e);
	return e->stale_given ? EXCHANGE_STALE : EXCHANGE_WAITING;
}

struct exchanges *exchanges_new(const struct exchange_context *context, int *err)
{
	struct exchanges *x = calloc(1, sizeof(*x));

	*err = ERR_NOMEM;
	if (!x)
		return NULL;
	x->c = *context;
	x->bucket_count = 64;
	while (x->bucket_count < context->settings->inflight_max)
		x->bucket_count *= 2;
	x->buckets = calloc(x->bucket_count, sizeof(struct exchange *));
	x->waits = waits_new(context->settings->clients_per_address_max);
	if (!x->buckets || !x->waits) {
		exchanges_free(x);
		return NULL;
	}
	*err = 0;
	return x;
}

void exchanges_free(struct exchanges *x)
{
	if (!x)
		return;
	while (x->all) {
		struct exchange *e = x->all;

		while (e->attempts) {
			struct attempt *a = e->attempts;

			e->attempts = a->next;
			free(a);
		}
		while (e->waiters) {
			struct waiter *w = e->waiters;

			e->waiters = w->next;
			free(w);
		}
		exchange_free(e);
	}
	waits_free(x->waits);
	free(x->buckets);
	free(x);
}
