/* SPDX-License-Identifier: Apache-2.0 */
/* Building elements from what a parser reads, field by field. A builder is reused for one element after another and
 * grows to the largest; the texts given are copied, and need no NUL. Values out of their limits make the call
 * return an error and leave the field as it was; the parser decides what that costs. Fields may come in any order and
 * more than once (the last counts): cluster_build_finish() lays the element out anew, so that what says the same is the
 * same bytes whoever built it. One thread at a time. */
#ifndef CLUSTER_BUILD_H
#define CLUSTER_BUILD_H

#include "cluster/element.h"
#include "cluster/text.h"

/* One pending element: a header as in element.h with a growing block behind it. */
struct cluster_builder {
	union {
		struct cluster_element *element;
		struct cluster_agent *agent;
		struct cluster_framework *framework;
		struct cluster_task *task;
	}; /* fixed-size fields are set directly; the pointer changes with every call that adds */
	uint32_t used, room;
	void *spare; /* the block that the next finish writes to */
	uint32_t spare_room;
};

/* An all-zero builder is ready. */
void cluster_builder_fini(struct cluster_builder *b);
/* Starts an empty element of `kind`: all fields 0, all texts "". ERR_NOMEM. */
int cluster_build_start(struct cluster_builder *b, enum cluster_kind kind);
/* Starts with a copy of a finished element, to change some of its fields. ERR_NOMEM. */
int cluster_build_copy(struct cluster_builder *b, const struct cluster_element *element);
/* Adds a text. `field` is the offset of a struct cluster_text: CLUSTER_FIELD(task, name). ERR_LIMIT, ERR_NOMEM. */
int cluster_build_text(struct cluster_builder *b, size_t field, const char *text, size_t len);
/* Adds a list of `count` items of `size` bytes (8-aligned in the element). `field` is a struct cluster_list that is no
 * list of ports. ERR_LIMIT, ERR_NOMEM. */
int cluster_build_list(struct cluster_builder *b, size_t field, const void *items, uint32_t count, uint32_t size);
/* Adds discovery ports; their texts are given apart. ERR_LIMIT (also for one text), ERR_NOMEM. */
struct cluster_port_input {
	const char *name, *protocol;
	size_t name_len, protocol_len;
	uint16_t number;
};
int cluster_build_ports(struct cluster_builder *b, const struct cluster_port_input *ports, uint32_t count);
/* Finishes: computes the key's hash and the size. The element stays the builder's, until the next start. ERR_FORMAT
 * if the id is missing (for a task: its own or its framework's), ERR_NOMEM. */
int cluster_build_finish(struct cluster_builder *b);

#define CLUSTER_FIELD(kind, member) offsetof(struct cluster_##kind, member)

/* The hash under which an element of this kind stands in the model's map. `framework_id` counts for tasks only. */
uint64_t cluster_key_hash(enum cluster_kind kind, const char *framework_id, size_t framework_len, const char *id,
	size_t id_len);

#endif
