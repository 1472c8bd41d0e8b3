/* SPDX-License-Identifier: Apache-2.0 */
#include "http/lookup.h"

#include <microhttpd.h>

#include "base/err.h"
#include "http/path.h"
#include "http/reply.h"
#include "http/zone_text.h"

static const uint16_t families[] = {RR_A, RR_AAAA};

static void refuse_for_now(struct http_request *r)
{
	http_reply_refusal(r, MHD_HTTP_SERVICE_UNAVAILABLE, MHD_HTTP_HEADER_RETRY_AFTER, "1",
		"no state of the cluster has been loaded yet");
}

bool http_require_state(struct http_request *r, const struct zone_snapshot *snapshot)
{
	if (snapshot->zones[0].node)
		return true;
	refuse_for_now(r);
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
		refuse_for_now(r);
	else
		return true;
	return false;
}

static void write_host(struct http_json *json, const struct zone_node *node)
{
	for (size_t f = 0; f < 2; f++) {
		const struct zone_rrset *set = zone_rrset_of(node, families[f]);

		for (uint32_t i = 0; set && i < set->count; i++) {
			http_json_begin_object(json);
			http_json_key(json, "host", 4);
			http_json_name(json, zone_node_name(node));
			http_json_key(json, "ip", 2);
			http_json_rr_addr(json, zone_rrset_slot(node, set, i));
			http_json_end_object(json);
		}
	}
}

/* One member for an address of `target`; without any address, one without. */
static void write_service(
	struct http_json *json, const struct zone_snapshot *snapshot, const char *service, const uint8_t *rr)
{
	const uint8_t *target = zone_srv_target(rr);
	const struct zone_node *node = zone_find(snapshot, target, dname_len(target, DNAME_MAX));
	const struct zone_rrset *sets[3] = {NULL};
	unsigned count = 0;
	char port[8];

	for (size_t f = 0; node && f < 2; f++) {
		sets[count] = zone_rrset_of(node, families[f]);
		count += sets[count] != NULL;
	}
	snprintf(port, sizeof(port), "%u", zone_srv_port(rr));
	for (unsigned i = 0; i < count || !i; i++) {
		http_json_begin_object(json);
		http_json_member(json, "service", service);
		http_json_key(json, "host", 4);
		http_json_name(json, target);
		if (sets[i]) {
			http_json_key(json, "ip", 2);
			http_json_rr_addr(json, zone_rrset_slot(node, sets[i], 0));
		} else {
			http_json_member(json, "ip", "");
		}
		http_json_member(json, "port", port);
		http_json_end_object(json);
	}
}

/* Mesos-DNS' way to say that there is nothing: one element of empty texts. */
static void write_nothing(struct http_json *json, const char *const keys[])
{
	http_json_begin_object(json);
	for (; *keys; keys++)
		http_json_member(json, *keys, "");
	http_json_end_object(json);
}

static void reply(struct http_request *r, bool service)
{
	static const char *const host_keys[] = {"host", "ip", NULL}, *const service_keys[] = {
									     "service", "host", "ip", "port", NULL};
	struct zone_store *store = http_request_settings(r)->store;
	const struct zone_snapshot *snapshot = zone_store_pin(store);
	struct http_body body = {0};
	struct http_json json = {.body = &body};
	uint8_t name[DNAME_MAX];
	size_t len;

	if (!http_lookup_name(r, snapshot, name, &len)) {
		zone_store_unpin(store, snapshot);
		return;
	}
	const struct zone_node *node = zone_find(snapshot, name, len);
	const struct zone_rrset *srv = node && service ? zone_rrset_of(node, RR_SRV) : NULL;
	http_json_begin_array(&json);
	if (node && !service)
		write_host(&json, node);
	for (uint32_t i = 0; srv && i < srv->count; i++)
		write_service(&json, snapshot, http_request_tail(r), zone_rrset_slot(node, srv, i));
	if (!json.filled[0])
		write_nothing(&json, service ? service_keys : host_keys);
	http_json_end_array(&json);
	zone_store_unpin(store, snapshot);
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
