/* SPDX-License-Identifier: Apache-2.0 */
/* Replies that were seen, by question: one cache a worker, touched by no other thread, so that a hit takes no lock and writes
 * no shared line. Bounded in entries and in bytes; negative entries have a quarter of that for their own and never push out
 * positive ones (CVE-2023-2828). Hashed with the process's key. */
#ifndef FORWARD_CACHE_H
#define FORWARD_CACHE_H

#include "forward/message.h"

#define CACHE_TTL_MIN          1     /* seconds: an answer of TTL 0 is good for those who wait for it, not for the cache */
#define CACHE_TTL_MAX          86400
#define CACHE_TTL_NEGATIVE_MAX 3600  /* RFC 2308, section 5 */
#define CACHE_TTL_FAILURE      1     /* SERVFAIL of all upstreams: RFC 9520 */
#define CACHE_STALE_TTL        30    /* RFC 8767, section 5 */

struct cache;

struct cache_key { /* what makes two questions the same */
	const uint8_t *name; /* lower case wire form */
	uint8_t name_len;
	uint16_t type, class;
	bool dnssec_ok, checking_disabled;
};

struct cache_settings {
	unsigned entries;   /* 0: nothing is ever kept */
	size_t bytes;       /* of all messages; 0: 4 KiB an entry */
	unsigned stale_max; /* seconds that an entry stays after its end, for stale answers */
};

struct cache *cache_new(const struct cache_settings *settings); /* NULL: out of memory */
void cache_free(struct cache *cache);

/* The message for the question and its age in seconds; NULL if there is none, or only a stale one and not `stale`. `now` in
 * seconds, monotonic. Borrowed until the cache is changed. */
const struct message *cache_find(struct cache *cache, const struct cache_key *key, uint32_t now, bool stale, uint32_t *age);
/* Takes the message over, in the place of one that is there; frees it if it may not be kept. An error (not NXDOMAIN) is kept for
 * the seconds that the message says, but never in the place of an answer that may still be given, if only as a stale one. */
void cache_put(struct cache *cache, const struct cache_key *key, struct message *message, uint32_t now);

struct cache_counters { /* all uint64_t */
	uint64_t hits, misses, stale, evicted;
	uint64_t entries, negative, bytes; /* now */
};
/* Any thread may ask. */
void cache_read_counters(const struct cache *cache, struct cache_counters *out);

#endif
