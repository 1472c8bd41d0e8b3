/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/resolve.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/ares_ev.h"
#include "base/dname.h"
#include "base/err.h"
#include "base/siphash.h"

#define BUCKETS_MIN 256u
#define TRIES       2
#define EDNS_SIZE   1232

enum family { FAMILY_4, FAMILY_6, FAMILIES };

struct known {        /* of one family */
	double until; /* 0: nothing is known */
	uint32_t count;
	struct addr *addrs;
};

struct host {
	struct host *chain;         /* in the bucket */
	struct host *newer, *older; /* by when it was last wanted */
	struct host *next;          /* in the queue */
	struct resolver *resolver;
	uint64_t hash;
	struct known known[FAMILIES];
	unsigned pending; /* queries under way */
	bool queued;
	bool changed; /* by those that have come back */
	uint8_t len;
	char name[];
};

struct query { /* what c-ares carries for us */
	struct host *host;
	enum family family;
};

struct resolver {
	struct ares_ev ares;
	struct ev_loop *loop;
	ev_timer kick; /* starts what is queued, from the loop */
	resolve_changed_fn *changed;
	void *ctx;
	bool closing;
	struct host **buckets;
	size_t bucket_count, count;
	struct host *newest, *oldest;
	struct host *queue, **queue_end;
	unsigned inflight;
	uint64_t queries, failures;
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* The cache. */

static void lru_remove(struct resolver *r, struct host *h)
{
	*(h->newer ? &h->newer->older : &r->newest) = h->older;
	*(h->older ? &h->older->newer : &r->oldest) = h->newer;
}

static void lru_add(struct resolver *r, struct host *h)
{
	h->newer = NULL;
	h->older = r->newest;
	*(r->newest ? &r->newest->newer : &r->oldest) = h;
	r->newest = h;
}

static struct host **find(struct resolver *r, uint64_t hash, const char *name, size_t len)
{
	struct host **at = &r->buckets[hash & (r->bucket_count - 1)];

	while (*at && ((*at)->hash != hash || (*at)->len != len || memcmp((*at)->name, name, len) != 0))
		at = &(*at)->chain;
	return at;
}

static void host_free(struct host *h)
{
	for (int f = 0; f < FAMILIES; f++)
		free(h->known[f].addrs);
	free(h);
}

/* Frees the place of the host that was not wanted for longest, unless it is being asked for. */
static int evict(struct resolver *r)
{
	struct host *h = r->oldest;

	while (h && (h->queued || h->pending))
		h = h->newer;
	if (!h)
		return ERR_LIMIT;
	lru_remove(r, h);
	*find(r, h->hash, h->name, h->len) = h->chain;
	r->count--;
	host_free(h);
	return 0;
}

/* More buckets, if there is memory for them; without it is only slower. */
static void rehash(struct resolver *r)
{
	size_t count = r->bucket_count * 2;
	struct host **buckets = calloc(count, sizeof(struct host *));

	if (!buckets)
		return;
	for (size_t i = 0; i < r->bucket_count; i++)
		for (struct host *h = r->buckets[i], *next; h; h = next) {
			struct host **to = &buckets[h->hash & (count - 1)];

			next = h->chain;
			h->chain = *to;
			*to = h;
		}
	free(r->buckets);
	r->buckets = buckets;
	r->bucket_count = count;
}

static struct host *add(struct resolver *r, uint64_t hash, const char *name, size_t len, int *err)
{
	*err = r->count >= RESOLVE_CACHE_MAX ? evict(r) : 0;
	if (*err)
		return NULL;
	struct host *h = calloc(1, sizeof(*h) + len + 1);
	if (!h) {
		*err = ERR_NOMEM;
		return NULL;
	}
	if (r->count >= r->bucket_count)
		rehash(r);
	struct host **bucket = &r->buckets[hash & (r->bucket_count - 1)];
	h->resolver = r;
	h->hash = hash;
	h->len = (uint8_t)len;
	memcpy(h->name, name, len);
	h->chain = *bucket;
	*bucket = h;
	lru_add(r, h);
	r->count++;
	return h;
}

/* Queries. */

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct addr));
}

/* The addresses of an answer, sorted, each once; and how long they hold. */
static uint32_t collect(const struct ares_addrinfo *info, struct addr *out, double *ttl)
{
	uint32_t n = 0, unique = 0;

	for (const struct ares_addrinfo_node *node = info->nodes; node && n < RESOLVE_ADDRS_MAX;
		node = node->ai_next) {
		if (addr_from_sockaddr(&out[n], NULL, node->ai_addr))
			continue;
		if (!n || node->ai_ttl < *ttl)
			*ttl = node->ai_ttl;
		n++;
	}
	qsort(out, n, sizeof(*out), compare);
	for (uint32_t i = 0; i < n; i++)
		if (!unique || compare(&out[unique - 1], &out[i]) != 0)
			out[unique++] = out[i];
	return unique;
}

/* Takes the new list over. Without memory the old one stays. */
static bool replace(struct known *k, const struct addr *addrs, uint32_t count)
{
	struct addr *copy = NULL;

	if (count == k->count && (!count || !memcmp(addrs, k->addrs, count * sizeof(*addrs))))
		return false;
	if (count) {
		copy = malloc(count * sizeof(*copy));
		if (!copy)
			return false;
		memcpy(copy, addrs, count * sizeof(*copy));
	}
	free(k->addrs);
	k->addrs = copy;
	k->count = count;
	return true;
}

static void on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
	struct query *query = arg;
	struct host *h = query->host;
	struct known *k = &h->known[query->family];
	struct resolver *r = h->resolver;
	struct addr addrs[RESOLVE_ADDRS_MAX];
	double ttl = RESOLVE_RETRY;

	free(query);
	h->pending--;
	if (status == ARES_SUCCESS && info) {
		uint32_t count = collect(info, addrs, &ttl);

		h->changed |= replace(k, addrs, count);
		if (ttl < RESOLVE_TTL_MIN)
			ttl = RESOLVE_TTL_MIN;
		if (ttl > RESOLVE_TTL_MAX)
			ttl = RESOLVE_TTL_MAX;
	} else if (status == ARES_ENODATA || status == ARES_ENOTFOUND) {
		h->changed |= replace(k, NULL, 0);
	} else {
		r->failures++;
	}
	if (info)
		ares_freeaddrinfo(info);
	if (r->closing)
		return;
	k->until = now() + ttl;
	if (h->pending)
		return;
	r->inflight--;
	if (r->queue && !ev_is_active(&r->kick))
		ev_timer_start(r->loop, &r->kick);
	if (h->changed) {
		char name[DNAME_MAX + 1];

		/* The callback may ask, and so evict this host. */
		h->changed = false;
		memcpy(name, h->name, h->len);
		r->changed(r->ctx, name, h->len);
	}
}

static void ask(struct resolver *r, struct host *h, enum family family)
{
	const struct ares_addrinfo_hints hints = {
		.ai_flags = ARES_AI_NOSORT, .ai_family = family == FAMILY_4 ? AF_INET : AF_INET6};
	struct query *query = malloc(sizeof(*query));

	if (!query) {
		r->failures++;
		h->known[family].until = now() + RESOLVE_RETRY;
		return;
	}
	*query = (struct query){h, family};
	h->pending++;
	r->queries++;
	ares_getaddrinfo(r->ares.channel, h->name, NULL, &hints, on_answer, query);
}

static void on_kick(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct resolver *r = timer->data;

	ev_timer_stop(loop, timer);
	while (r->queue && r->inflight < RESOLVE_INFLIGHT) {
		struct host *h = r->queue;
		double t = now();

		r->queue = h->next;
		if (!r->queue)
			r->queue_end = &r->queue;
		h->queued = false;
		r->inflight++;
		/* One of our own, so that the host is not done before both are asked: the hosts file answers
		 * at once. */
		h->pending++;
		for (int f = 0; f < FAMILIES; f++)
			if (h->known[f].until <= t)
				ask(r, h, f);
		if (!--h->pending) {
			/* on_answer() counts down with the last one: be that one. */
			bool changed = h->changed;
			char name[DNAME_MAX + 1];
			size_t len = h->len;

			r->inflight--;
			h->changed = false;
			memcpy(name, h->name, len);
			if (changed)
				r->changed(r->ctx, name, len);
		}
	}
	ares_ev_update(&r->ares);
}

static void enqueue(struct resolver *r, struct host *h)
{
	if (h->queued || h->pending)
		return;
	h->queued = true;
	h->next = NULL;
	*r->queue_end = h;
	r->queue_end = &h->next;
	if (!ev_is_active(&r->kick))
		ev_timer_start(r->loop, &r->kick);
}

/* The name as it is cached and asked for: lower case, no last dot. */
static size_t normalise(char out[DNAME_MAX + 1], const char *host, size_t len)
{
	uint8_t wire[DNAME_MAX];

	if (len && host[len - 1] == '.')
		len--;
	if (!len || len >= DNAME_MAX || !dname_from_text(wire, host, len))
		return 0;
	for (size_t i = 0; i < len; i++) {
		char c = host[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c | 0x20);
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'))
			return 0;
		out[i] = c;
	}
	out[len] = '\0';
	return len;
}

static bool is_localhost(const char *name, size_t len)
{
	static const char localhost[] = "localhost";
	const size_t n = sizeof(localhost) - 1;

	return len >= n && !memcmp(name + len - n, localhost, n) && (len == n || name[len - n - 1] == '.');
}

int resolve_get(
	struct resolver *r, const char *host, size_t len, struct addr *addrs, uint32_t room, uint32_t *count)
{
	static const struct addr loopback = {{127, 0, 0, 1}, 4};
	struct addr literal;
	char name[DNAME_MAX + 1];
	int err;

	*count = 0;
	if (!addr_parse(&literal, host, len)) {
		if (room)
			addrs[(*count)++] = literal;
		return 0;
	}
	size_t n = normalise(name, host, len);
	if (!n)
		return ERR_FORMAT;
	if (is_localhost(name, n)) {
		if (room)
			addrs[(*count)++] = loopback;
		return 0;
	}

	uint64_t hash = siphash13(&siphash_process_key, name, n);
	struct host *h = *find(r, hash, name, n);
	if (h) {
		lru_remove(r, h);
		lru_add(r, h);
	} else {
		h = add(r, hash, name, n, &err);
		if (!h)
			return err;
	}
	double t = now();
	bool fresh = true, known = true;
	for (int f = 0; f < FAMILIES; f++) {
		const struct known *k = &h->known[f];

		fresh &= k->until > t;
		known &= k->until > 0;
		for (uint32_t i = 0; i < k->count && *count < room; i++)
			addrs[(*count)++] = k->addrs[i];
	}
	if (!fresh)
		enqueue(r, h);
	return known ? 0 : ERR_NOTFOUND;
}

void resolve_hurry(struct resolver *r, const char *host, size_t len)
{
	char name[DNAME_MAX + 1];
	size_t n = normalise(name, host, len);
	struct host *h = n ? *find(r, siphash13(&siphash_process_key, name, n), name, n) : NULL;
	double t = now();

	if (!h || h->known[FAMILY_4].count || h->known[FAMILY_6].count)
		return;
	for (int f = 0; f < FAMILIES; f++)
		if (h->known[f].until > t)
			h->known[f].until = t;
}

bool resolve_idle(const struct resolver *r)
{
	return !r->queue && !r->inflight;
}

struct resolve_counters resolve_counters(const struct resolver *r)
{
	return (struct resolve_counters){.queries = r->queries, .failures = r->failures, .hosts = r->count};
}

/* "192.0.2.1:53,[2001:db8::1]:53" */
static char *server_list(const struct conf_servers *servers)
{
	const size_t each = ADDR_TEXT_MAX + 10;
	char *list = malloc(servers->count * each + 1), *at = list;

	for (size_t i = 0; list && i < servers->count; i++) {
		const struct conf_server *s = &servers->items[i];
		char text[ADDR_TEXT_MAX];

		at += snprintf(at, each, s->addr.len == 16 ? "%s[%s]:%u" : "%s%s:%u", i ? "," : "",
			addr_format(&s->addr, text), s->port);
	}
	return list;
}

static int open_channel(struct resolver *r, const struct conf_servers *servers, double timeout)
{
	char with_dns[] = "fb", hosts_only[] = "f", nowhere[] = "/dev/null";
	struct in_addr placeholder = {htonl(INADDR_LOOPBACK)};
	/* Everything is set, so that c-ares finds nothing left to read from the system's files. */
	struct ares_options options = {
		.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS,
		.timeout = (int)(timeout * 1000),
		.tries = TRIES,
		.ndots = 1,
		.servers = &placeholder,
		.nservers = 1,
		.lookups = servers->count ? with_dns : hosts_only,
		.ednspsz = EDNS_SIZE,
		.resolvconf_path = nowhere,
	};
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS | ARES_OPT_SERVERS |
		   ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS | ARES_OPT_SORTLIST | ARES_OPT_EDNSPSZ |
		   ARES_OPT_RESOLVCONF | ARES_OPT_NOROTATE;

#ifdef ARES_OPT_QUERY_CACHE
	options.qcache_max_ttl = 0; /* the cache is ours */
	mask |= ARES_OPT_QUERY_CACHE;
#endif
#ifdef ARES_OPT_UDP_MAX_QUERIES
	options.udp_max_queries = 16; /* then another port */
	mask |= ARES_OPT_UDP_MAX_QUERIES;
#endif
	int rc = ares_ev_init(&r->ares, r->loop, &options, mask);
	if (rc || !servers->count)
		return rc;
	char *list = server_list(servers);
	if (!list)
		return ERR_NOMEM;
	rc = ares_set_servers_ports_csv(r->ares.channel, list) == ARES_SUCCESS ? 0 : ERR_SYSTEM;
	free(list);
	return rc;
}

struct resolver *resolver_new(struct ev_loop *loop, const struct conf_servers *servers, double timeout,
	resolve_changed_fn *changed, void *ctx, int *err)
{
	struct resolver *r = calloc(1, sizeof(*r));

	*err = ERR_NOMEM;
	if (!r)
		return NULL;
	r->loop = loop;
	r->changed = changed;
	r->ctx = ctx;
	r->queue_end = &r->queue;
	ev_timer_init(&r->kick, on_kick, 0, 0);
	r->kick.data = r;
	r->bucket_count = BUCKETS_MIN;
	r->buckets = calloc(BUCKETS_MIN, sizeof(struct host *));
	if (r->buckets)
		*err = open_channel(r, servers, timeout);
	if (*err) {
		resolver_free(r);
		return NULL;
	}
	return r;
}

void resolver_free(struct resolver *r)
{
	if (!r)
		return;
	r->closing = true;
	ares_ev_fini(&r->ares);
	ev_timer_stop(r->loop, &r->kick);
	while (r->newest) {
		struct host *h = r->newest;

		r->newest = h->older;
		host_free(h);
	}
	free(r->buckets);
	free(r);
}
