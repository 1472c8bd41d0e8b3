/* SPDX-License-Identifier: Apache-2.0 */
/* What the answering threads read: one immutable version of all zones.
 *
 * A snapshot is a persistent map (base/pmap.h) of nodes, one a domain name, found by the keyed hash of the lower-cased
 * wire name. A node holds its RRsets ready for the wire. Whoever reads a snapshot does so inside an RCU read side
 * (liburcu QSBR: between two quiescent states) or holds a pin (zone/store.h); what is reached from it lives as long.
 *
 * Empty non-terminals (RFC 8499, section 7) are nodes without RRsets. */
#ifndef ZONE_SNAPSHOT_H
#define ZONE_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/dname.h"
#include "base/namehash.h"
#include "base/pmap.h"
#include "base/wire.h"
#include "cluster/view.h"

enum { /* RR types that the code knows by name; the IANA registry rules */
	RR_A = 1,
	RR_NS = 2,
	RR_CNAME = 5,
	RR_SOA = 6,
	RR_PTR = 12,
	RR_MX = 15,
	RR_TXT = 16,
	RR_AAAA = 28,
	RR_SRV = 33,
	RR_DNAME = 39,
	RR_OPT = 41,
	RR_DS = 43,
	RR_HTTPS = 65,
	RR_IXFR = 251,
	RR_AXFR = 252,
	RR_ANY = 255,
};

#define RR_FIXED 12 /* bytes of an RR before its rdata when the owner is a pointer: C0 0C, type, class, TTL, length */

/* One RRset. Its records stand one after the other in slots, in the node's block or in one that several nodes share. A
 * slot begins with the RR, whose owner is the pointer C0 0C (the question's name). In an SRV set the A and AAAA records
 * of the target follow in the same slot, for the additional section; their owner is a placeholder of two bytes, to be made
 * a pointer to the target inside the RR (which starts RR_FIXED + 6 bytes after the RR). */
struct zone_rrset {
	uint16_t type;
	uint16_t stride; /* size of every slot, if they are all alike; 0: their offsets stand before the first */
	uint32_t count;  /* published records, at least 1 in a published set */
	uint32_t total;  /* with those held back (see zone/store.h); the answering threads never look at them */
	uint32_t counts; /* the store's own: offset in the node of struct zone_counts[total]; 0: all are {1, 0, 0} */
	const uint8_t *slots; /* the first one */
};

enum {
	ZONE_NODE_APEX = 1,     /* has the zone's SOA */
	ZONE_NODE_CUT = 2,      /* has NS below an apex: a delegation */
	ZONE_NODE_WILDCARD = 4, /* there is a child `*` (RFC 4592) */
	ZONE_NODE_CONFLICT = 8, /* holds static records that generated ones hide */
};

struct zone_node {
	uint64_t hash; /* of the name */
	uint32_t size; /* bytes of the block */
	uint32_t children; /* names one label longer; 0 and no RRset: the node does not exist */
	uint16_t zone; /* index in the snapshot's apexes: the zone that the name belongs to */
	uint8_t flags;
	uint8_t name_len;
	uint16_t set_count;
	uint16_t name; /* offset of the lower-case wire name */
	struct zone_rrset sets[]; /* published ones first, in ascending order of type */
};

#define ZONE_MAX 1024 /* zones in a snapshot */

struct zone_apex {
	const struct zone_node *node; /* has SOA and NS; NULL: the zone is not loaded, answer SERVFAIL */
	uint8_t name[DNAME_MAX];
	uint8_t name_len;
	bool wildcards; /* the zone has any `*` label */
	bool cuts;      /* the zone has any delegation (a node with ZONE_NODE_CUT) */
	bool plain;     /* loaded, without delegations: a name that is there is answered for as it stands */
};

struct zone_snapshot {
	const struct pmap *nodes;
	uint32_t serial; /* of the cluster's zone */
	uint16_t zone_count, unloaded; /* zones; those without content */
	const struct zone_apex *zones; /* [0] is the cluster's domain */
	const struct cluster_view *cluster; /* what the cluster's zone was made from; NULL before the first state */
};

struct zone_name_key {
	const uint8_t *name; /* lower case */
	size_t len;
};

static inline bool zone_has_records(const struct zone_node *node)
{
	return node->set_count && node->sets[0].count;
}

/* Is there more to the cluster's zone than is known? Then what is not there cannot be denied. */
static inline bool zone_is_partial(const struct zone_snapshot *snapshot)
{
	return snapshot->cluster && snapshot->cluster->partial;
}

static inline uint64_t zone_name_hash(const uint8_t *name, size_t len)
{
	return namehash(name, len);
}

static inline const uint8_t *zone_node_name(const struct zone_node *node)
{
	return (const uint8_t *)node + node->name;
}

static inline bool zone_node_match(const void *item, const void *key)
{
	const struct zone_node *node = item;
	const struct zone_name_key *name = key;

	return node->name_len == name->len && wire_equal(zone_node_name(node), name->name, name->len);
}

/* The node of the lower-case wire name, or NULL. */
static inline const struct zone_node *zone_find_hashed(const struct pmap *nodes, uint64_t hash, const uint8_t *name,
	size_t len)
{
	struct zone_name_key key = {name, len};

	return pmap_find(nodes, hash, zone_node_match, &key);
}

static inline const struct zone_node *zone_find(const struct zone_snapshot *snapshot, const uint8_t *name, size_t len)
{
	return zone_find_hashed(snapshot->nodes, zone_name_hash(name, len), name, len);
}

/* The published RRset of `type`, or NULL. */
static inline const struct zone_rrset *zone_rrset_of(const struct zone_node *node, uint16_t type)
{
	for (unsigned i = 0; i < node->set_count && node->sets[i].count; i++)
		if (node->sets[i].type == type)
			return &node->sets[i];
	return NULL;
}

/* Without a stride, `total` + 1 offsets stand before the first slot, the last one first. */
static inline uint32_t zone_rrset_offset(const uint8_t *slots, uint32_t i)
{
	uint32_t at;

	memcpy(&at, slots - (i + (size_t)1) * sizeof(at), sizeof(at));
	return at;
}

static inline void zone_rrset_set_offset(uint8_t *slots, uint32_t i, uint32_t at)
{
	memcpy(slots - (i + (size_t)1) * sizeof(at), &at, sizeof(at));
}

/* Where slot `i` (0 to count, which is the end) starts. Slots are contiguous: a run of them is one copy. */
static inline const uint8_t *zone_rrset_slot(const struct zone_rrset *set, uint32_t i)
{
	return set->slots + (set->stride ? i * set->stride : zone_rrset_offset(set->slots, i));
}

/* Size of the RR that a slot begins with. */
static inline size_t zone_rr_size(const uint8_t *rr)
{
	return RR_FIXED + wire_get_u16(rr + 10);
}

#endif
