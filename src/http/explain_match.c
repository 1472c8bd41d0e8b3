/* SPDX-License-Identifier: Apache-2.0 */
#include "http/explain_match.h"

#include <stdio.h>
#include <stdlib.h>

#include "http/explain_wish.h"
#include "zone/label.h"

void explain_list_records(struct explain *e)
{
	const struct zone_node *node = e->name.node;

	for (unsigned s = 0; node && s < node->set_count; s++) {
		const struct zone_rrset *set = &node->sets[s];

		e->record_total += set->total;
		for (uint32_t i = 0; i < set->total && e->record_count < EXPLAIN_RECORDS; i++) {
			struct explain_record *r = &e->records[e->record_count++];

			*r = (struct explain_record){
				.rr = zone_rrset_slot(set, i), .served = i < set->count, .counts = {{1, 0, 0}}};
			if (set->counts)
				memcpy(&r->counts, (const uint8_t *)node + set->counts + i * sizeof(r->counts),
					sizeof(r->counts));
		}
	}
}

/* One run of the naming rules for an element. */
struct run {
	struct explain *e;
	struct explain_origin origin;
	uint32_t place; /* of the origin among the origins, once it is there */
	bool listed;
	bool matched; /* some record has the name */
	bool gather;  /* put the origins of records down */
};

/* The place of the run's origin among the origins; false: there is no room. */
static bool list_origin(struct run *run)
{
	struct explain *e = run->e;

	if (!run->listed) {
		if (e->origin_count == EXPLAIN_ORIGINS)
			return false;
		run->place = (uint32_t)e->origin_count;
		e->origins[e->origin_count++] = run->origin;
		run->listed = true;
	}
	return true;
}

static struct explain_record *find_record(struct explain *e, const struct naming_record *named)
{
	uint8_t rdata[6 + DNAME_MAX] = {0};
	size_t len = 0;

	if (named->type == RR_SRV) {
		wire_put_u16(rdata + 2, named->weight);
		wire_put_u16(rdata + 4, named->port);
		memcpy(rdata + 6, named->target, named->target_len);
		len = 6u + named->target_len;
	} else {
		len = named->addr->len;
		memcpy(rdata, named->addr->bytes, len);
	}
	e->spent += e->record_count / EXPLAIN_COST_NAMING;
	for (size_t i = 0; i < e->record_count; i++) {
		const uint8_t *rr = e->records[i].rr;

		if (wire_get_u16(rr + 2) == named->type && wire_get_u16(rr + 10) == len &&
			!memcmp(rr + RR_FIXED, rdata, len))
			return &e->records[i];
	}
	return NULL;
}

static void take_record(void *arg, const struct naming_record *named)
{
	struct run *run = arg;
	const struct explain_name *name = &run->e->name;

	run->e->spent++;
	if (named->owner_len != name->len || memcmp(named->owner, name->wire, name->len) != 0)
		return;
	run->matched = true;
	struct explain_record *r = run->gather ? find_record(run->e, named) : NULL;
	if (!r)
		return;
	if (r->from_count < EXPLAIN_FROM && list_origin(run))
		r->from[r->from_count] = run->place;
	r->from_count++;
}

static void take_left_out(void *arg, enum naming_left_out why)
{
	((struct run *)arg)->origin.reasons |= 1u << why;
}

static struct naming_sink sink_of(struct run *run)
{
	run->e->spent += EXPLAIN_COST_NAMING;
	return (struct naming_sink){.arg = run, .record = take_record, .left_out = take_left_out};
}

void explain_leave_out(struct explain *e, const struct explain_origin *origin)
{
	e->left_out_total++;
	if (e->left_out_count < EXPLAIN_LEFT_OUT)
		e->left_out[e->left_out_count++] = *origin;
}

size_t explain_tail(
	const struct explain *e, const struct cluster_framework *framework, bool slave, uint8_t tail[DNAME_MAX])
{
	const char *name = cluster_text(framework, framework->name);
	size_t len = label_make_fragment(tail, DNAME_MAX, name, framework->name.len, e->conf->enforce_rfc952);
	size_t domain_len;
	const uint8_t *domain = naming_domain(e->naming, &domain_len);

	if (!len || len + 6 + domain_len > DNAME_MAX)
		return 0;
	if (slave) {
		memcpy(tail + len, "\5slave", 6);
		len += 6;
	}
	memcpy(tail + len, domain, domain_len);
	return len + domain_len;
}

bool explain_is_below(const struct explain *e, const struct cluster_framework *framework, size_t *before)
{
	uint8_t tail[DNAME_MAX];

	for (int slave = 1; slave >= 0; slave--) {
		size_t len = explain_tail(e, framework, slave, tail);

		if (len && dname_is_under(e->name.wire, e->name.len, tail, len)) {
			*before = e->name.len - len;
			return true;
		}
	}
	return false;
}

static void remember_framework(struct explain *e, const struct cluster_framework *framework)
{
	if (e->framework_count == e->framework_room) {
		size_t room = e->framework_room ? e->framework_room * 2 : 16;
		const struct cluster_framework **more = realloc(e->frameworks, room * sizeof(*more));

		if (!more) {
			e->failed = true;
			return;
		}
		e->frameworks = more;
		e->framework_room = room;
	}
	e->frameworks[e->framework_count++] = framework;
}

/* A framework's own name, without an address that could be served, or without a port. */
static void match_bare_framework(struct explain *e, const struct cluster_framework *framework, size_t before)
{
	struct explain_origin origin = {.element = &framework->e};
	bool service = before == 16 && !memcmp(e->name.wire, "\12_framework\4_tcp", 16);

	if ((!before || service) && !framework->addrs.count)
		origin.reasons = 1u << EXPLAIN_NO_ADDRESS;
	else if (service && !framework->port)
		origin.reasons = 1u << EXPLAIN_NO_PORT;
	if (origin.reasons)
		explain_leave_out(e, &origin);
}

void explain_match_framework(struct explain *e, const struct cluster_framework *framework)
{
	struct run run = {.e = e, .origin = {.element = &framework->e}, .gather = true};
	const struct naming_sink sink = sink_of(&run);
	size_t before;

	if (!explain_is_below(e, framework, &before))
		return;
	remember_framework(e, framework);
	naming_framework(e->naming, framework, &sink);
	if (!run.matched)
		match_bare_framework(e, framework, before);
}

void explain_match_agent(struct explain *e, const struct cluster_agent *agent)
{
	struct run run = {.e = e, .origin = {.element = &agent->e}, .gather = true};
	const struct naming_sink sink = sink_of(&run);

	naming_agent(e->naming, agent, &sink);
	if (!run.matched && !agent->addrs.count) {
		run.origin.reasons = 1u << EXPLAIN_NO_ADDRESS;
		explain_leave_out(e, &run.origin);
	}
}

static int compare_pointers(const void *a, const void *b)
{
	const struct cluster_framework *const *x = a, *const *y = b;

	return *x < *y ? -1 : *x > *y;
}

void explain_sort_frameworks(struct explain *e)
{
	if (e->framework_count)
		qsort(e->frameworks, e->framework_count, sizeof(e->frameworks[0]), compare_pointers);
}

static bool is_candidate(const struct explain *e, const struct cluster_framework *framework)
{
	return e->framework_count &&
	       bsearch(&framework, e->frameworks, e->framework_count, sizeof(e->frameworks[0]), compare_pointers);
}

static const struct cluster_element *find(
	const struct explain *e, enum cluster_kind kind, const struct cluster_task *task, struct cluster_text id)
{
	return cluster_maps_find(&e->snapshot->cluster->maps, kind, "", 0, cluster_text(task, id), id.len);
}

void explain_match_task(struct explain *e, const struct cluster_task *task)
{
	const struct cluster_framework *framework = (const void *)find(e, CLUSTER_FRAMEWORK, task, task->framework_id);

	if ((framework && !is_candidate(e, framework)) || !explain_may_match(e, task))
		return;
	struct run run = {.e = e, .gather = true};
	const struct naming_sink sink = sink_of(&run);
	run.origin = (struct explain_origin){.element = &task->e,
		.framework = framework,
		.agent = (const void *)find(e, CLUSTER_AGENT, task, task->agent_id)};
	naming_task(e->naming, task, run.origin.agent, framework, &sink);
	if (!run.matched)
		explain_match_left_out(e, &run.origin);
	else if (run.listed)
		e->origins[run.place].reasons = run.origin.reasons;
}

/* Is the leader one of the masters that are listed? Otherwise it is numbered after them. */
static bool is_listed(const struct cluster_view *view)
{
	for (size_t i = 0; i < view->master_count; i++)
		for (unsigned a = 0; a < view->masters[i].addr_count; a++)
			for (unsigned b = 0; b < view->leader.addr_count; b++)
				if (view->masters[i].port == view->leader.port &&
					addr_equal(&view->masters[i].addrs[a], &view->leader.addrs[b]))
					return true;
	return false;
}

static bool has_address(const struct cluster_master *master, const uint8_t *bytes, size_t len)
{
	for (unsigned i = 0; i < master->addr_count; i++)
		if (master->addrs[i].len == len && !memcmp(master->addrs[i].bytes, bytes, len))
			return true;
	return false;
}

static void take_master(struct explain *e, struct explain_record *r, struct explain_origin origin)
{
	uint32_t place = 0;

	while (place < e->origin_count &&
		(e->origins[place].master != origin.master || e->origins[place].leader != origin.leader))
		place++;
	if (place == e->origin_count) {
		if (place == EXPLAIN_ORIGINS)
			return;
		e->origins[e->origin_count++] = origin;
	}
	if (r->from_count < EXPLAIN_FROM)
		r->from[r->from_count] = place;
	r->from_count++;
}

/* Which masters a record stands for: its label (an SRV record's target's) is leader, master or masterN. */
static void match_master(struct explain *e, struct explain_record *r, const struct cluster_view *view)
{
	bool service = wire_get_u16(r->rr + 2) == RR_SRV;
	const uint8_t *rdata = r->rr + RR_FIXED, *name = service ? rdata + 6 : e->name.wire;
	size_t rdlen = wire_get_u16(r->rr + 10), masters = view->master_count + !is_listed(view);

	if (name[0] == 6 && !memcmp(name + 1, "leader", 6)) {
		if (service || has_address(&view->leader, rdata, rdlen))
			take_master(e, r, (struct explain_origin){.master = &view->leader, .leader = true});
		return;
	}
	for (size_t i = 0; i < masters; i++) {
		const struct cluster_master *master = i < view->master_count ? &view->masters[i] : &view->leader;
		char label[sizeof("master18446744073709551615")];
		size_t len = (size_t)snprintf(label, sizeof(label), "master%zu", i);

		if (name[0] == 6)
			len = 6;
		if (name[0] == len && !memcmp(name + 1, label, len) && (service || has_address(master, rdata, rdlen)))
			take_master(e, r, (struct explain_origin){.master = master, .master_number = i});
	}
}

void explain_match_masters(struct explain *e)
{
	size_t domain_len;

	naming_domain(e->naming, &domain_len);
	for (size_t i = 0; i < e->record_count; i++) {
		const uint8_t *name = e->name.wire;

		for (unsigned s = 0; s < e->name.services; s++)
			name = dname_parent(name);
		if (e->name.services ? *name && name + domain_len == e->name.wire + e->name.len
				     : name[0] && name + 1 + name[0] + domain_len == e->name.wire + e->name.len)
			match_master(e, &e->records[i], e->snapshot->cluster);
	}
}
