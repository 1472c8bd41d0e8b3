/* SPDX-License-Identifier: Apache-2.0 */
#include "http/ports.h"

#include <microhttpd.h>
#include <stdlib.h>

#include "http/lookup.h"
#include "http/zone_text.h"

#define RECORDS_STEP 8192 /* nodes and records that a step looks at, and bytes that it makes */

static const uint16_t families[] = {RR_A, RR_AAAA};

struct ports {
	struct zone_store *store;
	const struct zone_snapshot *snapshot;
	struct http_json json;
	struct pmap_iter nodes;
	const struct zone_node *node; /* that is being looked at, or NULL */
	const struct zone_rrset *set;
	uint32_t next;
	bool owner; /* all of the node's records are the host's */
	bool begun;
	size_t name_len;
	uint8_t name[DNAME_MAX];
};

/* The label that tells the protocol in [_PORT.]_TASK._PROTOCOL.REST, which is the last one that starts with `_`: TASK
 * can have several labels. NULL: there is none. */
static const uint8_t *protocol_of(const uint8_t *name)
{
	const uint8_t *protocol = NULL;

	for (; *name; name = dname_parent(name))
		if (name[0] > 1 && name[1] == '_')
			protocol = name;
	return protocol;
}

/* Is it such a name, and the host TASK.REST? */
static bool is_service_of(const struct ports *p, const struct zone_node *node)
{
	const uint8_t *name = zone_node_name(node), *end = name + node->name_len, *protocol = protocol_of(name);
	const uint8_t *rest = protocol ? dname_parent(protocol) : NULL, *host = p->name;

	for (const uint8_t *task = name; rest && task < protocol; task = dname_parent(task)) {
		size_t task_len = (size_t)(protocol - task) - 1, rest_len = (size_t)(end - rest);

		if (task[0] > 1 && task[1] == '_' && task_len + rest_len == p->name_len && host[0] == task[0] - 1 &&
			!memcmp(host + 1, task + 2, task_len - 1) && !memcmp(host + task_len, rest, rest_len))
			return true;
	}
	return false;
}

static void write_protocol(struct http_json *json, const uint8_t *owner)
{
	const uint8_t *protocol = protocol_of(owner);

	http_json_key(json, "protocol", 8);
	if (protocol)
		http_json_string(json, (const char *)protocol + 2, *protocol - 1u);
	else
		http_json_string(json, "", 0);
}

static void write_port(struct ports *p, const uint8_t *rr)
{
	const uint8_t *target = zone_srv_target(rr);
	const struct zone_node *host = zone_find(p->snapshot, target, dname_len(target, DNAME_MAX));
	struct http_json *json = &p->json;
	char port[8];

	snprintf(port, sizeof(port), "%u", zone_srv_port(rr));
	for (size_t f = 0; host && f < 2; f++) {
		const struct zone_rrset *set = zone_rrset_of(host, families[f]);

		if (!set)
			continue;
		http_json_begin_object(json);
		http_json_key(json, "host", 4);
		http_json_name(json, target);
		http_json_key(json, "ip", 2);
		http_json_rr_addr(json, zone_rrset_slot(set, 0));
		http_json_member(json, "port", port);
		write_protocol(json, zone_node_name(p->node));
		http_json_key(json, "service", 7);
		http_json_name(json, zone_node_name(p->node));
		http_json_end_object(json);
	}
}

static bool points_here(const struct ports *p, const uint8_t *rr)
{
	return wire_get_u16(rr + 10) == 6 + p->name_len && !memcmp(zone_srv_target(rr), p->name, p->name_len);
}

/* The next node with SRV records. */
static bool next_node(struct ports *p, unsigned *left)
{
	while (*left) {
		--*left;
		p->node = pmap_next(&p->nodes);
		p->set = p->node ? zone_rrset_of(p->node, RR_SRV) : NULL;
		if (p->set || !p->node)
			break;
	}
	p->next = 0;
	p->owner = p->set && is_service_of(p, p->node);
	return p->node;
}

static int more(void *ctx, struct http_body *body)
{
	struct ports *p = ctx;
	unsigned left = RECORDS_STEP;

	p->json.body = body;
	if (!p->begun)
		http_json_begin_array(&p->json);
	p->begun = true;
	while (left && body->len < RECORDS_STEP) {
		if (!p->set && !next_node(p, &left)) {
			http_json_end_array(&p->json);
			return 1;
		}
		for (; p->set && p->next < p->set->count && left && body->len < RECORDS_STEP; p->next++, left--) {
			const uint8_t *rr = zone_rrset_slot(p->set, p->next);

			if (p->owner || points_here(p, rr))
				write_port(p, rr);
		}
		if (p->set && p->next == p->set->count)
			p->set = NULL;
	}
	return 0;
}

static void release(void *ctx)
{
	struct ports *p = ctx;

	zone_store_unpin(p->store, p->snapshot);
	free(p);
}

void http_get_ports(struct http_request *r)
{
	struct ports *p = calloc(1, sizeof(*p));

	if (!p) {
		http_reply_json(r, MHD_HTTP_OK, NULL);
		return;
	}
	p->store = http_request_settings(r)->store;
	p->snapshot = zone_store_pin(p->store);
	if (!http_lookup_name(r, p->snapshot, p->name, &p->name_len)) {
		release(p);
		return;
	}
	p->nodes = pmap_iter(p->snapshot->nodes);
	const struct http_stream stream = {.ctx = p, .more = more, .free = release};
	http_reply_stream(r, MHD_HTTP_OK, HTTP_TYPE_JSON, &stream);
}
