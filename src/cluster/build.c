/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/build.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/siphash.h"

enum field_type { FIELD_TEXT, FIELD_LIST, FIELD_PORTS };

struct field {
	uint16_t at; /* in the header */
	uint8_t type;
	uint8_t size; /* of a list's items */
	uint32_t max; /* items of a list */
};

struct layout {
	uint32_t header;
	uint32_t count;
	const struct field *fields;
};

#define TEXT(kind, member)                                                                                   \
	{                                                                                                    \
		CLUSTER_FIELD(kind, member), FIELD_TEXT, 0, 0                                                \
	}
#define LIST(kind, member, item, max)                                                                        \
	{                                                                                                    \
		CLUSTER_FIELD(kind, member), FIELD_LIST, sizeof(item), max                                   \
	}

static const struct field agent_fields[] = {
	TEXT(agent, e.id),
	TEXT(agent, hostname),
	TEXT(agent, host),
	LIST(agent, addrs, struct addr, CLUSTER_ADDRS_MAX),
};
static const struct field framework_fields[] = {
	TEXT(framework, e.id),
	TEXT(framework, name),
	TEXT(framework, host),
	LIST(framework, addrs, struct addr, CLUSTER_ADDRS_MAX),
};
static const struct field task_fields[] = {
	TEXT(task, e.id),
	TEXT(task, framework_id),
	TEXT(task, agent_id),
	TEXT(task, name),
	TEXT(task, discovery_name),
	{CLUSTER_FIELD(task, discovery_ports), FIELD_PORTS, sizeof(struct cluster_port), CLUSTER_PORTS_MAX},
	LIST(task, port_ranges, struct cluster_port_range, CLUSTER_RANGES_MAX),
	LIST(task, netinfo, struct addr, CLUSTER_ADDRS_MAX),
	LIST(task, mesos_label, struct addr, CLUSTER_ADDRS_MAX),
	LIST(task, docker_label, struct addr, CLUSTER_ADDRS_MAX),
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct layout layouts[] = {
	[CLUSTER_AGENT] = {sizeof(struct cluster_agent), COUNT(agent_fields), agent_fields},
	[CLUSTER_FRAMEWORK] = {sizeof(struct cluster_framework), COUNT(framework_fields), framework_fields},
	[CLUSTER_TASK] = {sizeof(struct cluster_task), COUNT(task_fields), task_fields},
};

#define BLOCK_MIN 1024u
/* Far above what the limits on texts and lists allow, so that offsets never wrap. */
#define BLOCK_MAX (64u * 1024 * 1024)

static void *at(void *block, uint32_t offset)
{
	return (char *)block + offset;
}

static uint32_t align8(uint32_t n)
{
	return (n + 7) & ~(uint32_t)7;
}

static int grow(void **block, uint32_t *room, uint32_t want)
{
	uint32_t next = *room ? *room : BLOCK_MIN;

	if (want <= *room)
		return 0;
	if (want > BLOCK_MAX)
		return ERR_LIMIT;
	while (next < want)
		next *= 2;
	void *grown = realloc(*block, next);
	if (!grown)
		return ERR_NOMEM;
	*block = grown;
	*room = next;
	return 0;
}

/* Room for `len` more bytes, the first of them at `*start`, aligned if asked. */
static int extend(struct cluster_builder *b, uint32_t len, bool aligned, uint32_t *start)
{
	void *block = b->element;
	uint32_t from = aligned ? align8(b->used) : b->used;

	if (len > BLOCK_MAX - from)
		return ERR_LIMIT;
	int rc = grow(&block, &b->room, from + len);
	b->element = block;
	if (rc)
		return rc;
	*start = from;
	b->used = from + len;
	return 0;
}

void cluster_builder_fini(struct cluster_builder *b)
{
	free(b->element);
	free(b->spare);
	*b = (struct cluster_builder){0};
}

int cluster_build_start(struct cluster_builder *b, enum cluster_kind kind)
{
	const struct layout *layout = &layouts[kind];
	uint32_t start;

	b->used = 0;
	int rc = extend(b, layout->header + 1, false, &start);
	if (rc)
		return rc;
	memset(b->element, 0, layout->header + 1);
	b->element->kind = kind;
	for (uint32_t i = 0; i < layout->count; i++)
		if (layout->fields[i].type == FIELD_TEXT) /* the zero byte behind the header is their "" */
			((struct cluster_text *)at(b->element, layout->fields[i].at))->at = layout->header;
	return 0;
}

int cluster_build_copy(struct cluster_builder *b, const struct cluster_element *element)
{
	const size_t content = offsetof(struct cluster_element, size);
	uint32_t start;

	b->used = 0;
	int rc = extend(b, element->size, false, &start);
	if (rc)
		return rc;
	/* the link is the model's, on another thread maybe */
	memset(b->element, 0, content);
	memcpy((char *)b->element + content, (const char *)element + content, element->size - content);
	return 0;
}

static int append_text(struct cluster_builder *b, const char *text, size_t len, struct cluster_text *out)
{
	if (len > CLUSTER_TEXT_MAX)
		return ERR_LIMIT;
	int rc = extend(b, (uint32_t)len + 1, false, &out->at);
	if (rc)
		return rc;
	char *copy = at(b->element, out->at);
	if (len)
		memcpy(copy, text, len);
	copy[len] = '\0';
	out->len = (uint32_t)len;
	return 0;
}

static const struct field *find_field(const struct cluster_builder *b, size_t offset)
{
	const struct layout *layout = &layouts[b->element->kind];

	for (uint32_t i = 0; i < layout->count; i++)
		if (layout->fields[i].at == offset)
			return &layout->fields[i];
	return NULL;
}

int cluster_build_text(struct cluster_builder *b, size_t field, const char *text, size_t len)
{
	struct cluster_text added;
	const struct field *f = find_field(b, field);

	assert(f && f->type == FIELD_TEXT);
	int rc = append_text(b, text, len, &added);
	if (!rc)
		*(struct cluster_text *)at(b->element, f->at) = added;
	return rc;
}

int cluster_build_list(
	struct cluster_builder *b, size_t field, const void *items, uint32_t count, uint32_t size)
{
	struct cluster_list added = {0, count};
	const struct field *f = find_field(b, field);

	assert(f && f->type == FIELD_LIST && f->size == size);
	if (count > f->max)
		return ERR_LIMIT;
	if (count) {
		int rc = extend(b, count * size, true, &added.at);

		if (rc)
			return rc;
		memcpy(at(b->element, added.at), items, (size_t)count * size);
	}
	*(struct cluster_list *)at(b->element, f->at) = added;
	return 0;
}

int cluster_build_ports(struct cluster_builder *b, const struct cluster_port_input *ports, uint32_t count)
{
	struct cluster_list added = {0, count};

	assert(b->element->kind == CLUSTER_TASK);
	if (count > CLUSTER_PORTS_MAX)
		return ERR_LIMIT;
	if (count) {
		int rc = extend(b, count * (uint32_t)sizeof(struct cluster_port), true, &added.at);

		if (rc)
			return rc;
	}
	for (uint32_t i = 0; i < count; i++) {
		struct cluster_port port = {.number = ports[i].number};
		int rc = append_text(b, ports[i].name, ports[i].name_len, &port.name);

		if (!rc)
			rc = append_text(b, ports[i].protocol, ports[i].protocol_len, &port.protocol);
		if (rc)
			return rc;
		((struct cluster_port *)at(b->element, added.at))[i] = port;
	}
	b->task->discovery_ports = added;
	return 0;
}

/* The new layout: header, lists, a zero byte for every empty text, then the texts in the order of their
 * fields. Lists stand first so that alignment leaves no gap whose place depends on the texts' lengths. A text that says
 * the same as one of the two before it is not there again: discovery names are names mostly, and of many ports each
 * has the protocol of the one before. Whether it is depends on the texts alone, not on who else was empty or changed,
 * so that nothing comes to need more room than what it was copied from. */
struct packer {
	char *out;
	const char *in;
	uint32_t used, room;
	uint32_t empty;               /* where the "" is */
	struct cluster_text packed[2]; /* the last one, and the one before it */
};

static bool packed_before(const struct packer *p, const struct cluster_text *text, const struct cluster_text *before)
{
	return before->len == text->len && !memcmp(p->out + before->at, p->in + text->at, text->len);
}

static void pack_text(struct packer *p, struct cluster_text *text)
{
	if (!text->len) {
		text->at = p->empty;
	} else if (packed_before(p, text, &p->packed[0])) {
		text->at = p->packed[0].at;
	} else if (packed_before(p, text, &p->packed[1])) {
		text->at = p->packed[1].at;
	} else {
		assert(text->len < p->room - p->used);
		memcpy(p->out + p->used, p->in + text->at, text->len + 1);
		text->at = p->used;
		p->used += text->len + 1;
	}
	p->packed[1] = p->packed[0];
	p->packed[0] = *text;
}

static void pack_list(struct packer *p, struct cluster_list *list, uint32_t item)
{
	uint32_t size = list->count * item, to = align8(p->used);

	if (!list->count) {
		list->at = 0;
		return;
	}
	memset(p->out + p->used, 0, to - p->used);
	memcpy(p->out + to, p->in + list->at, size);
	list->at = to;
	p->used = to + size;
}

static void pack(struct packer *p, const struct layout *layout)
{
	memcpy(p->out, p->in, layout->header);
	p->used = layout->header;
	for (uint32_t i = 0; i < layout->count; i++)
		if (layout->fields[i].type != FIELD_TEXT)
			pack_list(p, at(p->out, layout->fields[i].at), layout->fields[i].size);
	p->empty = p->used;
	p->out[p->used++] = '\0';
	for (uint32_t i = 0; i < layout->count; i++) {
		const struct field *f = &layout->fields[i];

		if (f->type == FIELD_TEXT)
			pack_text(p, at(p->out, f->at));
		if (f->type != FIELD_PORTS)
			continue;
		const struct cluster_list *list = at(p->out, f->at);
		struct cluster_port *ports = at(p->out, list->at);
		for (uint32_t k = 0; k < list->count; k++) {
			pack_text(p, &ports[k].name);
			pack_text(p, &ports[k].protocol);
		}
	}
}

int cluster_build_finish(struct cluster_builder *b)
{
	const struct layout *layout = &layouts[b->element->kind];
	struct cluster_text scope = {0};

	if (!b->element->id.len || (b->element->kind == CLUSTER_TASK && !b->task->framework_id.len))
		return ERR_FORMAT;
	/* The same things as in the block, save that each list can take 7 bytes of padding. */
	int rc = grow(&b->spare, &b->spare_room, b->used + 8 * layout->count + 1);
	if (rc)
		return rc;

	struct packer p = {.out = b->spare, .in = (const char *)b->element, .room = b->spare_room};
	pack(&p, layout);
	b->spare = b->element;
	b->element = (void *)p.out;
	uint32_t room = b->room;
	b->room = b->spare_room;
	b->spare_room = room;
	b->used = p.used;

	struct cluster_element *e = b->element;
	if (e->kind == CLUSTER_TASK)
		scope = b->task->framework_id;
	e->size = p.used;
	e->hash = cluster_key_hash(
		e->kind, cluster_text(e, scope), scope.len, cluster_text(e, e->id), e->id.len);
	return 0;
}

uint64_t cluster_key_hash(
	enum cluster_kind kind, const char *framework_id, size_t framework_len, const char *id, size_t id_len)
{
	uint8_t key[2 + 2 * CLUSTER_TEXT_MAX];
	size_t len = 0;

	/* No element has longer ones: a key that is cut here finds none. */
	if (framework_len > CLUSTER_TEXT_MAX)
		framework_len = CLUSTER_TEXT_MAX;
	if (id_len > CLUSTER_TEXT_MAX)
		id_len = CLUSTER_TEXT_MAX;
	key[len++] = (uint8_t)kind;
	if (kind == CLUSTER_TASK) {
		memcpy(key + len, framework_id, framework_len);
		len += framework_len;
		key[len++] = 0;
	}
	memcpy(key + len, id, id_len);
	return siphash13(&siphash_process_key, key, len + id_len);
}
