/* SPDX-License-Identifier: Apache-2.0 */
#include "t/unit/answer_zone.h"

#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>

#include "answer/query.h"
#include "base/wire.h"

static const struct zone_soa soa = {.mname = "ns1.mesos.",
	.rname = "root.ns1.mesos.",
	.ttl = 60,
	.refresh = 60,
	.retry = 600,
	.expire = 86400,
	.minimum = 30};

static void must(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "test zone: %s\n", what);
	abort();
}

static void change_record(struct zone_txn *txn, unsigned zone, const ldns_rr *rr, int change)
{
	uint8_t rdata[65535];
	size_t len = 0;
	const ldns_rdf *owner = ldns_rr_owner(rr);

	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		const ldns_rdf *part = ldns_rr_rdf(rr, i);

		memcpy(rdata + len, ldns_rdf_data(part), ldns_rdf_size(part));
		len += ldns_rdf_size(part);
	}
	struct zone_touch *touch = zone_txn_name(txn, zone, ldns_rdf_data(owner), ldns_rdf_size(owner));
	zone_txn_change(txn, touch, ZONE_RANK_SERVED, change, (uint16_t)ldns_rr_get_type(rr), ldns_rr_ttl(rr),
		rdata, (uint16_t)len);
}

void answer_zone_write(struct zone_txn *txn, unsigned zone, const char *origin, const char *lines, int change)
{
	ldns_rdf *base = ldns_dname_new_frm_str(origin);
	ldns_rdf *previous = NULL;
	char *copy = strdup(lines), *rest = copy;

	for (char *line; (line = strsep(&rest, "\n"));) {
		ldns_rr *rr = NULL;

		if (!*line)
			continue;
		must(ldns_rr_new_frm_str(&rr, line, 60, base, &previous) == LDNS_STATUS_OK, line);
		ldns_rr2canonical(rr);
		change_record(txn, zone, rr, change);
		ldns_rr_free(rr);
	}
	free(copy);
	ldns_rdf_deep_free(previous);
	ldns_rdf_deep_free(base);
}

void answer_zone_change(
	struct zone_store *store, unsigned zone, const char *origin, const char *lines, int change)
{
	struct zone_txn *txn = zone_txn_begin(store, 0);
	struct zone_commit commit;

	answer_zone_write(txn, zone, origin, lines, change);
	must(!zone_txn_commit(txn, &commit), "commit");
}

void answer_zone_set_partial(struct zone_store *store, bool partial)
{
	struct zone_txn *txn = zone_txn_begin(store, 0);
	struct cluster_view *view = calloc(1, sizeof(*view));
	struct retired nothing = {0};
	struct zone_commit commit;

	must(txn && view && !zone_txn_prepare(txn), "prepare");
	view->partial = partial;
	zone_txn_publish(txn, view, &nothing, &commit);
}

struct zone_store *answer_zone_new(const char *domain, const char *lines)
{
	int err;
	struct zone_store *store = zone_store_new(domain, &soa, &err);
	struct zone_commit commit;

	must(store, "store");
	if (lines) {
		struct zone_txn *txn = zone_txn_begin(store, 0);

		answer_zone_write(txn, 0, domain, "@ NS ns1", 1);
		answer_zone_write(txn, 0, domain, lines, 1);
		zone_txn_set_loaded(txn);
		must(!zone_txn_commit(txn, &commit), "commit");
	}
	return store;
}

void answer_zone_add(struct zone_store *store, const char *apex, const char *lines)
{
	uint8_t name[DNAME_MAX];
	int zone = zone_store_add_zone(store, name, dname_from_text(name, apex, strlen(apex)));

	must(zone > 0, apex);
	if (lines) {
		answer_zone_change(
			store, (unsigned)zone, apex, "@ 300 SOA ns.example. root.example. 1 60 60 60 20", 1);
		answer_zone_change(store, (unsigned)zone, apex, "@ 300 NS ns.example.", 1);
		answer_zone_change(store, (unsigned)zone, apex, lines, 1);
	}
}

size_t ask_write(const struct ask *ask, uint8_t *out)
{
	ldns_rdf *name = ldns_dname_new_frm_str(ask->name);
	struct wire_writer w;

	must(name, ask->name);
	memset(out, 0, DNS_HEADER);
	wire_put_u16(out, 0x1234);
	wire_put_u16(out + 2, ask->flags);
	wire_put_u16(out + 4, 1);
	wire_put_u16(out + 10, ask->edns);
	wire_writer_init(&w, out + DNS_HEADER, 512 - DNS_HEADER);
	wire_write(&w, ldns_rdf_data(name), ldns_rdf_size(name));
	wire_write_u16(&w, ask->type);
	wire_write_u16(&w, ask->class ? ask->class : 1);
	if (ask->edns) {
		wire_write_u8(&w, 0);
		wire_write_u16(&w, RR_OPT);
		wire_write_u16(&w, ask->udp_size);
		wire_write_u8(&w, 0);
		wire_write_u8(&w, ask->edns_version);
		wire_write_u16(&w, ask->dnssec_ok ? 0x8000 : 0);
		wire_write_u16(&w, ask->nsid ? 4 : 0);
		if (ask->nsid)
			wire_write_u32(&w, 3 << 16);
	}
	ldns_rdf_deep_free(name);
	must(!w.failed, "query too long");
	return DNS_HEADER + wire_written(&w);
}
