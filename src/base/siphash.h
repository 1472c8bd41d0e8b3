/* SPDX-License-Identifier: Apache-2.0 */
/* SipHash-1-3 (Aumasson and Bernstein, 2012): a keyed hash for tables that strangers can fill or probe.
 * One round a word and three at the end, as in the Linux kernel's and Rust's tables. The key is drawn once per process. */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct siphash_key {
	uint64_t k[2];
};

/* The process's key. siphash_init() fills it, and that of base/namehash.h, from the kernel's random source; call it before
 * any thread starts. */
extern struct siphash_key siphash_process_key;
/* 0, or ERR_SYSTEM if the kernel has no random bytes to give. */
int siphash_init(void);

#define SIPHASH_ROTL(x, b) (((x) << (b)) | ((x) >> (64 - (b))))
#define SIPHASH_ROUND(v0, v1, v2, v3)                                                                                \
	do {                                                                                                         \
		v0 += v1, v2 += v3;                                                                                  \
		v1 = SIPHASH_ROTL(v1, 13) ^ v0, v3 = SIPHASH_ROTL(v3, 16) ^ v2;                                      \
		v0 = SIPHASH_ROTL(v0, 32);                                                                           \
		v2 += v1, v0 += v3;                                                                                  \
		v1 = SIPHASH_ROTL(v1, 17) ^ v2, v3 = SIPHASH_ROTL(v3, 21) ^ v0;                                      \
		v2 = SIPHASH_ROTL(v2, 32);                                                                           \
	} while (0)

static inline uint64_t siphash13(const struct siphash_key *key, const void *data, size_t len)
{
	const uint8_t *p = data;
	const uint8_t *end = p + (len & ~(size_t)7);
	uint64_t v0 = key->k[0] ^ 0x736f6d6570736575ULL, v1 = key->k[1] ^ 0x646f72616e646f6dULL;
	uint64_t v2 = key->k[0] ^ 0x6c7967656e657261ULL, v3 = key->k[1] ^ 0x7465646279746573ULL;
	uint64_t m;

	for (; p < end; p += 8) {
		memcpy(&m, p, 8);
		m = le64toh(m);
		v3 ^= m;
		SIPHASH_ROUND(v0, v1, v2, v3);
		v0 ^= m;
	}
	m = (uint64_t)len << 56;
	switch (len & 7) {
	case 7:
		m |= (uint64_t)p[6] << 48;
		__attribute__((fallthrough));
	case 6:
		m |= (uint64_t)p[5] << 40;
		__attribute__((fallthrough));
	case 5:
		m |= (uint64_t)p[4] << 32;
		__attribute__((fallthrough));
	case 4:
		m |= (uint64_t)p[3] << 24;
		__attribute__((fallthrough));
	case 3:
		m |= (uint64_t)p[2] << 16;
		__attribute__((fallthrough));
	case 2:
		m |= (uint64_t)p[1] << 8;
		__attribute__((fallthrough));
	case 1:
		m |= (uint64_t)p[0];
	}
	v3 ^= m;
	SIPHASH_ROUND(v0, v1, v2, v3);
	v0 ^= m;
	v2 ^= 0xff;
	SIPHASH_ROUND(v0, v1, v2, v3);
	SIPHASH_ROUND(v0, v1, v2, v3);
	SIPHASH_ROUND(v0, v1, v2, v3);
	return v0 ^ v1 ^ v2 ^ v3;
}

#endif
