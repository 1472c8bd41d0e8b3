/* SPDX-License-Identifier: Apache-2.0 */
/* The name that is to be explained, and what the zones say of it. */
#ifndef HTTP_EXPLAIN_NAME_H
#define HTTP_EXPLAIN_NAME_H

#include "zone/snapshot.h"

struct explain_name {
	uint8_t wire[DNAME_MAX]; /* lower case */
	size_t len;
	int zone;          /* which of the snapshot's it belongs to; -1: none */
	bool outside;      /* as it was asked it is of none of our zones; `wire` has the domain added, for a try */
	unsigned services; /* labels at the start that begin with `_` */

	const struct zone_node *node; /* NULL: there is no such name */
	/* The longest name above it that is there, in the same zone; itself if it is. NULL with `zone` -1. */
	const uint8_t *encloser;
	size_t encloser_len;
	const struct zone_node *delegation; /* the name is another's, below this one; or NULL */
	const struct zone_node *wildcard;   /* it is answered from this one; or NULL */
};

/* ERR_FORMAT: the text is no domain name. */
int explain_name_make(struct explain_name *q, const struct zone_snapshot *snapshot, const char *text);

/* The label at `name`, without its `_`. */
static inline const char *explain_label(const uint8_t *name, size_t *len)
{
	bool service = name[0] && name[1] == '_';

	*len = name[0] - (size_t)service;
	return (const char *)name + 1 + service;
}

#endif
