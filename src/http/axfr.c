/* SPDX-License-Identifier: Apache-2.0 */
#include "http/axfr.h"

#include <microhttpd.h>
#include <stdlib.h>

#include "http/lookup.h"
#include "http/zone_text.h"

#define PIECE      8192 /* bytes that a step makes */
#define NODES_STEP 2048 /* and nodes that it looks at, at the most */

static const struct {
	uint16_t type;
	const char *key;
} parts[] = {{RR_A, "As"}, {RR_AAAA, "AAAAs"}, {RR_SRV, "SRVs"}};
#define PARTS (sizeof(parts) / sizeof(parts[0]))

struct axfr {
	const struct conf *conf;
	struct zone_store *store;
	const struct zone_snapshot *snapshot;
	struct http_json json;
	bool begun, part_ended;
	size_t part;
	struct pmap_iter nodes;
	const struct zone_node *node; /* whose set is being written, or NULL */
	const struct zone_rrset *set;
	uint32_t next; /* of its records */
};

static void begin_part(struct axfr *a)
{
	a->nodes = pmap_iter(a->snapshot->nodes);
	http_json_key(&a->json, parts[a->part].key, strlen(parts[a->part].key));
	http_json_begin_object(&a->json);
}

static void begin(struct axfr *a)
{
	const struct conf *conf = a->conf;
	struct http_json *json = &a->json;

	http_json_begin_object(json);
	http_json_key(json, "TTL", 3);
	http_json_integer(json, conf->ttl);
	http_json_key(json, "Serial", 6);
	http_json_integer(json, a->snapshot->serial);
	http_json_key(json, "RefreshSeconds", 14);
	http_json_integer(json, conf->refresh_seconds);
	http_json_member(json, "Mname", conf->soa_mname);
	http_json_member(json, "Rname", conf->soa_rname);
	http_json_member(json, "Domain", conf->domain);
	http_json_key(json, "Records", 7);
	http_json_begin_object(json);
	begin_part(a);
	a->begun = true;
}

/* The next set of the type that is due, with its name. Returns whether there is one among the next nodes. */
static bool next_set(struct axfr *a, unsigned *nodes_left)
{
	while (*nodes_left) {
		a->node = pmap_next(&a->nodes);
		a->part_ended = !a->node;
		if (a->part_ended)
			return false;
		--*nodes_left;
		a->set = a->node->zone ? NULL : zone_rrset_of(a->node, parts[a->part].type);
		if (!a->set)
			continue;
		char name[DNAME_TEXT_MAX];
		http_json_key(&a->json, name, dname_to_text(name, zone_node_name(a->node)));
		http_json_begin_array(&a->json);
		a->next = 0;
		return true;
	}
	return false;
}

static void write_records(struct axfr *a)
{
	for (; a->next < a->set->count && a->json.body->len < PIECE; a->next++) {
		const uint8_t *rr = zone_rrset_slot(a->set, a->next);

		if (a->set->type == RR_SRV)
			http_json_srv(&a->json, zone_srv_target(rr), zone_srv_port(rr));
		else
			http_json_rr_addr(&a->json, rr);
	}
	if (a->next < a->set->count)
		return;
	http_json_end_array(&a->json);
	a->set = NULL;
}

static int more(void *ctx, struct http_body *body)
{
	struct axfr *a = ctx;
	unsigned nodes_left = NODES_STEP;

	a->json.body = body;
	if (!a->begun)
		begin(a);
	while (body->len < PIECE && (a->set || next_set(a, &nodes_left)))
		write_records(a);
	if (!a->part_ended)
		return 0;
	a->part_ended = false;
	http_json_end_object(&a->json);
	if (++a->part < PARTS) {
		begin_part(a);
		return 0;
	}
	http_json_end_object(&a->json);
	http_json_end_object(&a->json);
	return 1;
}

static void release(void *ctx)
{
	struct axfr *a = ctx;

	zone_store_unpin(a->store, a->snapshot);
	free(a);
}

void http_get_axfr(struct http_request *r)
{
	const struct http_settings *settings = http_request_settings(r);
	struct axfr *a = calloc(1, sizeof(*a));

	if (!a) {
		http_reply_json(r, MHD_HTTP_OK, NULL);
		return;
	}
	a->conf = settings->conf;
	a->store = settings->store;
	a->snapshot = zone_store_pin(a->store);
	if (!http_require_state(r, a->snapshot)) {
		release(a);
		return;
	}
	const struct http_stream stream = {.ctx = a, .more = more, .free = release};
	http_reply_stream(r, MHD_HTTP_OK, HTTP_TYPE_JSON, &stream);
}
