/* SPDX-License-Identifier: Apache-2.0 */
#include "http/watch.h"

#include <stdlib.h>
#include <time.h>

#include "base/err.h"
#include "http/json.h"
#include "http/parts.h"
#include "http/watch_changes.h"
#include "zone/journal.h"

struct watch {
	uint32_t since;
	bool asked;              /* the client has a serial; otherwise it gets the current one at once */
	double end;              /* on the monotonic clock */
	uint8_t name[DNAME_MAX]; /* of the one name that counts */
	size_t name_len;         /* 0: all count */
	/* the name's records as they were when nothing had changed since `since`; `known` once that was found out */
	uint64_t digest;
	bool known;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A decimal number up to `max`. */
static bool parse_number(const char *text, unsigned long max, unsigned long *out)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	*out = strtoul(text, &end, 10);
	return !*end && *out <= max && strlen(text) <= 10;
}

/* The name as it is, or with the domain behind it. */
static bool parse_name(struct watch *w, const struct conf *conf, const char *text)
{
	uint8_t domain[DNAME_MAX];
	size_t domain_len = dname_from_text(domain, conf->domain, strlen(conf->domain));

	w->name_len = dname_from_text(w->name, text, strlen(text));
	if (!w->name_len)
		return false;
	if (dname_is_under(w->name, w->name_len, domain, domain_len))
		return true;
	if (w->name_len - 1 + domain_len > DNAME_MAX)
		return false;
	memcpy(w->name + w->name_len - 1, domain, domain_len);
	w->name_len += domain_len - 1;
	return true;
}

/* NULL: the request was answered with what is wrong. */
static struct watch *parse(struct http_request *r)
{
	const struct conf *conf = http_request_settings(r)->conf;
	struct watch *w = calloc(1, sizeof(*w));
	unsigned long serial = 0, timeout = WATCH_TIMEOUT;
	const char *text;

	if (!w) {
		http_reply_error(r, 500, "%s", err_text(ERR_NOMEM));
		return NULL;
	}
	http_request_set_state(r, w, free);
	text = http_request_query(r, "serial");
	w->asked = text != NULL;
	if (text && !parse_number(text, UINT32_MAX, &serial)) {
		http_reply_error(r, 400, "`serial` is a number of 32 bits");
		return NULL;
	}
	text = http_request_query(r, "timeout");
	if (text && !parse_number(text, WATCH_TIMEOUT_MAX, &timeout)) {
		http_reply_error(r, 400, "`timeout` is a number of seconds up to %d", WATCH_TIMEOUT_MAX);
		return NULL;
	}
	text = http_request_query(r, "name");
	if (text && !parse_name(w, conf, text)) {
		http_reply_error(r, 400, "`name` is no domain name");
		return NULL;
	}
	if (!text && !conf->enumeration_on) {
		http_reply_error(r, 403, "`enumerationOn` is false: just one `name` can be watched");
		return NULL;
	}
	w->since = (uint32_t)serial;
	w->end = now() + (double)timeout;
	return w;
}

/* The records that the name publishes, without what SRV records carry of others. */
static uint64_t digest_of(const struct watch *w, const struct zone_snapshot *snapshot)
{
	const struct zone_node *node = zone_find(snapshot, w->name, w->name_len);
	uint64_t digest = 0;

	for (unsigned s = 0; node && s < node->set_count && node->sets[s].count; s++) {
		const struct zone_rrset *set = &node->sets[s];

		for (uint32_t i = 0; set->type != RR_SOA && i < set->count; i++) {
			const uint8_t *rr = zone_rrset_slot(set, i);

			digest += siphash13(&siphash_process_key, rr, zone_rr_size(rr));
		}
	}
	return digest;
}

void watch_cache_fini(struct watch_cache *cache)
{
	http_body_fini(&cache->body);
	*cache = (struct watch_cache){0};
}

static void write_answer(struct http_body *body, uint32_t serial, bool complete, const struct watch_changes *changes)
{
	json_t *names = changes ? watch_changes_json(changes) : json_array();
	json_t *answer =
		json_pack("{s:I, s:b, s:o}", "serial", (json_int_t)serial, "complete", complete, "names", names);
	struct http_json json = {.body = body};

	if (answer)
		http_json_value(&json, answer);
	else
		body->failed = true;
	json_decref(answer);
}

static void reply(struct http_request *r, uint32_t serial, bool complete, const struct watch_changes *changes)
{
	struct http_body body = {0};

	write_answer(&body, serial, complete, changes);
	http_reply_body(r, 200, HTTP_TYPE_JSON, &body);
}

/* The changes of all names, made once for all who have the same serial. */
static void reply_all(struct http_request *r, uint32_t since, uint32_t serial)
{
	struct watch_cache *cache = &r->connection->http->watch;
	struct http_body body = {0};
	struct watch_changes changes;

	if (!cache->body.len || cache->since != since || cache->serial != serial) {
		watch_cache_fini(cache);
		if (watch_changes_read(&changes, http_request_settings(r)->store, since, NULL, 0)) {
			http_reply_error(r, 500, "%s", err_text(ERR_NOMEM));
			return;
		}
		cache->since = since;
		cache->serial = changes.serial;
		write_answer(&cache->body, changes.serial, changes.complete, &changes);
		watch_changes_fini(&changes);
		if (cache->body.failed)
			watch_cache_fini(cache);
	}
	if (cache->body.len)
		http_body_write(&body, cache->body.data, cache->body.len);
	else
		body.failed = true;
	http_reply_body(r, 200, HTTP_TYPE_JSON, &body);
}

/* Answers if something changed at the one name that the client wants to know of. */
static bool reply_of_name(struct http_request *r, struct watch *w)
{
	struct zone_store *store = http_request_settings(r)->store;
	const struct zone_snapshot *snapshot = zone_store_pin(store);
	uint64_t digest = digest_of(w, snapshot);
	uint32_t shown = snapshot->serial;
	struct watch_changes changes;

	zone_store_unpin(store, snapshot);
	if (w->known && digest == w->digest)
		return false;
	if (watch_changes_read(&changes, store, w->since, w->name, w->name_len)) {
		http_reply_error(r, 500, "%s", err_text(ERR_NOMEM));
		return true;
	}
	w->digest = digest;
	w->known = changes.serial == shown; /* else a commit came in between */
	bool wanted = changes.count || !changes.complete;
	if (wanted)
		reply(r, changes.serial, changes.complete, &changes);
	watch_changes_fini(&changes);
	return wanted;
}

void http_get_watch(struct http_request *r)
{
	struct watch *w = http_request_state(r);
	bool first = !w;
	struct zone_counters zone;

	if (first)
		w = parse(r);
	if (!w)
		return;
	/* the journal's serial and no other: it is the one that answers tell, and clients come back with */
	struct zone_store *store = http_request_settings(r)->store;
	uint32_t serial = zone_journal_serial(zone_store_journal(store));
	zone_store_counters(store, &zone);
	if (!w->asked) {
		reply(r, serial, true, NULL);
		return;
	}
	if (zone.loaded && serial != w->since) {
		if ((int32_t)(serial - w->since) < 0) { /* a serial of somebody else's, or of before a restart */
			reply(r, serial, false, NULL);
			return;
		}
		if (!w->name_len) {
			reply_all(r, w->since, serial);
			return;
		}
		if (reply_of_name(r, w))
			return;
	}
	double left = w->end - now();
	if (left <= 0)
		reply(r, zone.loaded ? serial : w->since, true, NULL);
	else if (first && !http_request_may_wait(r))
		http_reply_error(r, 503, "too many requests are waiting");
	else
		http_request_suspend(r, left);
}
