/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer of the state parser: the first byte chooses in which pieces the rest is fed. Whatever comes, it must
 * be the same as for the whole, and every element must be sound. */
#include "t/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "mesos/state_parse.h"

struct outcome {
	int rc;
	uint64_t digest; /* of all that the sink was given */
	struct state_counts counts;
};

static void broken(const char *rule)
{
	fprintf(stderr, "broken rule: %s\n", rule);
	abort();
}

static void digest(struct outcome *o, const void *data, size_t len)
{
	o->digest = o->digest * 0x9e3779b97f4a7c15ULL + siphash13(&siphash_process_key, data, len);
}

static void check_text(const struct cluster_element *e, struct cluster_text text)
{
	if (text.len > CLUSTER_TEXT_MAX || text.at >= e->size || e->size - text.at <= text.len)
		broken("a text lies within its element");
	if (cluster_text(e, text)[text.len])
		broken("a text ends with a NUL");
}

static void check_list(const struct cluster_element *e, struct cluster_list list, size_t size, size_t max)
{
	if (list.count > max || list.at > e->size || (e->size - list.at) / size < list.count || list.at % 8)
		broken("a list lies within its element, aligned");
}

static void check_task(const struct cluster_task *t)
{
	const struct cluster_port *ports = cluster_list(t, t->discovery_ports);
	const struct cluster_port_range *ranges = cluster_list(t, t->port_ranges);

	check_text(&t->e, t->framework_id);
	check_text(&t->e, t->agent_id);
	check_text(&t->e, t->name);
	check_text(&t->e, t->discovery_name);
	check_list(&t->e, t->netinfo, sizeof(struct addr), CLUSTER_ADDRS_MAX);
	check_list(&t->e, t->mesos_label, sizeof(struct addr), CLUSTER_ADDRS_MAX);
	check_list(&t->e, t->docker_label, sizeof(struct addr), CLUSTER_ADDRS_MAX);
	check_list(&t->e, t->port_ranges, sizeof(*ranges), CLUSTER_RANGES_MAX);
	check_list(&t->e, t->discovery_ports, sizeof(*ports), CLUSTER_PORTS_MAX);
	for (uint32_t i = 0; i < t->discovery_ports.count; i++) {
		check_text(&t->e, ports[i].name);
		check_text(&t->e, ports[i].protocol);
	}
	for (uint32_t i = 0; i < t->port_ranges.count; i++)
		if (ranges[i].first > ranges[i].last)
			broken("a range of ports goes upwards");
}

static int on_element(void *ctx, struct cluster_builder *b)
{
	const size_t from = offsetof(struct cluster_element, size);

	if (cluster_build_finish(b))
		broken("an element can be finished");
	check_text(b->element, b->element->id);
	if (b->element->kind == CLUSTER_TASK)
		check_task(b->task);
	digest(ctx, (const char *)b->element + from, b->element->size - from);
	return 0;
}

static int on_text(void *ctx, const char *text, size_t len)
{
	digest(ctx, text, len);
	return 0;
}

static void on_skipped(void *ctx, enum state_skip reason, const char *text)
{
	digest(ctx, text, strlen(text));
}

static void parse(struct outcome *o, const uint8_t *data, size_t size, size_t step)
{
	const struct state_sink sink = {.ctx = o, .leader = on_text, .element = on_element, .master_id = on_text,
		.recovered_agent = on_text, .completed_framework = on_text, .reregister_timeout = on_text, .registry = on_text,
		.skipped = on_skipped};
	struct state_parser *p = state_parser_new(&sink);

	memset(o, 0, sizeof(*o));
	if (!p)
		abort();
	for (size_t at = 0; at < size && !o->rc; at += step)
		o->rc = state_parser_feed(p, data + at, size - at < step ? size - at : step);
	if (!o->rc)
		o->rc = state_parser_finish(p);
	if (!o->rc != !*state_parser_error(p))
		broken("an error has a text");
	o->counts = *state_parser_counts(p);
	state_parser_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole, pieces;

	if (!size)
		return 0;
	parse(&whole, data + 1, size - 1, size);
	parse(&pieces, data + 1, size - 1, 1u + data[0]);
	if (whole.rc != pieces.rc || whole.digest != pieces.digest ||
		memcmp(whole.counts.skipped, pieces.counts.skipped, sizeof(whole.counts.skipped)) != 0)
		broken("pieces make no difference");
	return 0;
}
