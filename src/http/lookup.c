/* SPDX-License-Identifier: Apache-2.0 */
#include "http/lookup.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "http/path.h"
#include "http/reply.h"
#include "http/zone_text.h"

/* Records that come in one piece at the most: such a reply has a Content-Length, as all of Mesos-DNS' have. */
#define STREAMED 1000
#define PIECE    8192 /* bytes that a step makes */

static void refuse_for_now(struct http_request *r, const char *text)
{
	http_reply_refusal(r, MHD_HTTP_SERVICE_UNAVAILABLE, MHD_HTTP_HEADER_RETRY_AFTER, "1", text);
}

static const char no_state[] = "no state of the cluster has been loaded yet";

bool http_require_state(struct http_request *r, const struct zone_snapshot *snapshot)
{
	if (snapshot->zones[0].node)
		return true;
	refuse_for_now(r, no_state);
	return false;
}

bool http_lookup_name(
	struct http_request *r, const struct zone_snapshot *snapshot, uint8_t name[DNAME_MAX], size_t *len)
{
	const struct zone_apex *cluster = &snapshot->zones[0];
	int err = http_path_name(name, len, http_request_tail(r));

	if (err == ERR_LIMIT)
		http_reply_error(r, MHD_HTTP_BAD_REQUEST, "a label has more than %u bytes, or the name more than %u",
			DLABEL_MAX, DNAME_MAX);
	else if (err)
		http_reply_error(r, MHD_HTTP_BAD_REQUEST, "this is no domain name");
	else if (!cluster->node && dname_is_under(name, *len, cluster->name, cluster->name_len))
		refuse_for_now(r, no_state);
	else
		return true;
	return false;
}

/* A name's records on their way to a reply. */
struct lookup {
	struct zone_store *store;
	const struct zone_snapshot *snapshot;
	const struct zone_node *node; /* NULL: there is no such name */
	struct http_json json;
	bool service, begun;
	unsigned type; /* of those that are looked for, the one that is due */
	uint32_t next; /* of its records */
	char asked[HTTP_SEGMENT_MAX];
};

static const uint16_t host_types[] = {RR_A, RR_AAAA}, service_types[] = {RR_SRV};

static const struct zone_rrset *set_of(const struct lookup *l, unsigned type)
{
	return l->node ? zone_rrset_of(l->node, l->service ? service_types[type] : host_types[type]) : NULL;
}

static unsigned type_count(const struct lookup *l)
{
	return l->service ? 1 : 2;
}

static void write_host(struct lookup *l, const uint8_t *rr)
{
	struct http_json *json = &l->json;

	http_json_begin_object(json);
	http_json_key(json, "host", 4);
	http_json_name(json, zone_node_name(l->node));
	http_json_key(json, "ip", 2);
	http_json_rr_addr(json, rr);
	http_json_end_object(json);
}

/* One element for an address of each family that the target has; without any, one without. */
static void write_service(struct lookup *l, const uint8_t *rr)
{
	const uint8_t *target = zone_srv_target(rr);
	const struct zone_node *node = zone_find(l->snapshot, target, dname_len(target, DNAME_MAX));
	const struct zone_rrset *sets[2] = {NULL, NULL};
	struct http_json *json = &l->json;
	unsigned count = 0;
	char port[8];

	for (unsigned f = 0; node && f < 2; f++) {
		sets[count] = zone_rrset_of(node, host_types[f]);
		count += sets[count] != NULL;
	}
	snprintf(port, sizeof(port), "%u", zone_srv_port(rr));
	for (unsigned i = 0; i < count || !i; i++) {
		http_json_begin_object(json);
		http_json_member(json, "service", l->asked);
		http_json_key(json, "host", 4);
		http_json_name(json, target);
		http_json_key(json, "ip", 2);
		if (sets[i])
			http_json_rr_addr(json, zone_rrset_slot(sets[i], 0));
		else
			http_json_string(json, "", 0);
		http_json_member(json, "port", port);
		http_json_end_object(json);
	}
}

/* Mesos-DNS' way to say that there is nothing: one element of empty texts. */
static void write_nothing(struct lookup *l)
{
	static const char *const host_keys[] = {"host", "ip", NULL};
	static const char *const service_keys[] = {"service", "host", "ip", "port", NULL};

	http_json_begin_object(&l->json);
	for (const char *const *key = l->service ? service_keys : host_keys; *key; key++)
		http_json_member(&l->json, *key, "");
	http_json_end_object(&l->json);
}

static int more(void *ctx, struct http_body *body)
{
	struct lookup *l = ctx;
	size_t end = body->len + PIECE;

	l->json.body = body;
	if (!l->begun)
		http_json_begin_array(&l->json);
	l->begun = true;
	while (l->type < type_count(l)) {
		const struct zone_rrset *set = set_of(l, l->type);

		for (; set && l->next < set->count; l->next++) {
			const uint8_t *rr = zone_rrset_slot(set, l->next);

			if (body->len >= end)
				return 0;
			if (l->service)
				write_service(l, rr);
			else
				write_host(l, rr);
		}
		l->type++;
		l->next = 0;
	}
	if (!l->json.filled[0])
		write_nothing(l);
	http_json_end_array(&l->json);
	return 1;
}

static void release(void *ctx)
{
	struct lookup *l = ctx;

	zone_store_unpin(l->store, l->snapshot);
	free(l);
}

/* Nothing is known of the name, and the zone is not known whole. */
static bool may_exist(const struct lookup *l, const uint8_t *name, size_t len)
{
	const struct zone_apex *cluster = &l->snapshot->zones[0];

	return zone_is_partial(l->snapshot) && !(l->node && zone_has_records(l->node)) &&
		dname_is_under(name, len, cluster->name, cluster->name_len);
}

static size_t record_count(const struct lookup *l)
{
	size_t count = 0;

	for (unsigned type = 0; type < type_count(l); type++)
		count += set_of(l, type) ? set_of(l, type)->count : 0;
	return count;
}

static void reply(struct http_request *r, bool service)
{
	struct lookup *l = calloc(1, sizeof(*l));
	struct http_body body = {0};
	uint8_t name[DNAME_MAX];
	size_t len;

	if (!l) {
		http_reply_json(r, MHD_HTTP_OK, NULL);
		return;
	}
	l->service = service;
	l->store = http_request_settings(r)->store;
	l->snapshot = zone_store_pin(l->store);
	strcpy(l->asked, http_request_tail(r));
	if (!http_lookup_name(r, l->snapshot, name, &len)) {
		release(l);
		return;
	}
	l->node = zone_find(l->snapshot, name, len);
	if (may_exist(l, name, len)) {
		refuse_for_now(r, "the master waits for agents of whose tasks nothing is known yet");
		release(l);
		return;
	}
	if (record_count(l) > STREAMED) {
		const struct http_stream stream = {.ctx = l, .more = more, .free = release};

		http_reply_stream(r, MHD_HTTP_OK, HTTP_TYPE_JSON, &stream);
		return;
	}
	while (!more(l, &body))
		continue;
	release(l);
	http_reply_body(r, MHD_HTTP_OK, HTTP_TYPE_JSON, &body);
}

void http_get_host(struct http_request *r)
{
	reply(r, false);
}

void http_get_service(struct http_request *r)
{
	reply(r, true);
}
