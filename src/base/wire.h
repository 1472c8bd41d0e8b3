/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded reading and writing of packets, big-endian, with a sticky error: after the first step out of bounds every
 * further one does nothing, readers yield 0, and `failed` stays set. Buffers are borrowed. */
#ifndef BASE_WIRE_H
#define BASE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct wire_reader {
	const uint8_t *start, *at, *end;
	bool failed;
};

struct wire_writer {
	uint8_t *start, *at, *end;
	bool failed;
};

static inline void wire_reader_init(struct wire_reader *r, const void *data, size_t len)
{
	r->start = r->at = data;
	r->end = r->start + len;
	r->failed = false;
}

static inline size_t wire_left(const struct wire_reader *r)
{
	return (size_t)(r->end - r->at);
}

/* `len` bytes to read in place, or NULL. */
static inline const uint8_t *wire_read(struct wire_reader *r, size_t len)
{
	if (r->failed || wire_left(r) < len) {
		r->failed = true;
		return NULL;
	}
	const uint8_t *p = r->at;
	r->at += len;
	return p;
}

static inline uint8_t wire_read_u8(struct wire_reader *r)
{
	const uint8_t *p = wire_read(r, 1);

	return p ? *p : 0;
}

static inline uint16_t wire_get_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t wire_get_u32(const uint8_t *p)
{
	return (uint32_t)wire_get_u16(p) << 16 | wire_get_u16(p + 2);
}

static inline uint16_t wire_read_u16(struct wire_reader *r)
{
	const uint8_t *p = wire_read(r, 2);

	return p ? wire_get_u16(p) : 0;
}

static inline uint32_t wire_read_u32(struct wire_reader *r)
{
	const uint8_t *p = wire_read(r, 4);

	return p ? wire_get_u32(p) : 0;
}

static inline void wire_put_u16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void wire_put_u32(uint8_t *p, uint32_t v)
{
	wire_put_u16(p, (uint16_t)(v >> 16));
	wire_put_u16(p + 2, (uint16_t)v);
}

static inline void wire_writer_init(struct wire_writer *w, void *data, size_t size)
{
	w->start = w->at = data;
	w->end = w->start + size;
	w->failed = false;
}

static inline size_t wire_room(const struct wire_writer *w)
{
	return (size_t)(w->end - w->at);
}

static inline size_t wire_written(const struct wire_writer *w)
{
	return (size_t)(w->at - w->start);
}

/* Room for `len` bytes that the caller fills, or NULL. */
static inline uint8_t *wire_reserve(struct wire_writer *w, size_t len)
{
	if (w->failed || wire_room(w) < len) {
		w->failed = true;
		return NULL;
	}
	uint8_t *p = w->at;
	w->at += len;
	return p;
}

/* memcmp() == 0, likewise. */
static inline bool wire_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
	typedef uint64_t words2 __attribute__((vector_size(16)));
	words2 x, y, differ;

	if (len < 16)
		return !memcmp(a, b, len);
	memcpy(&x, a + len - 16, 16);
	memcpy(&y, b + len - 16, 16);
	differ = x ^ y;
	for (size_t i = 0; i + 16 < len; i += 16) {
		memcpy(&x, a + i, 16);
		memcpy(&y, b + i, 16);
		differ |= x ^ y;
	}
	return !(differ[0] | differ[1]);
}

/* memcpy() for the few dozen bytes that names and records have: a call costs more than the copy. */
static inline void wire_copy(uint8_t *to, const uint8_t *from, size_t len)
{
	if (len - 16 > 112) {
		memcpy(to, from, len);
		return;
	}
	for (size_t i = 0; i + 16 < len; i += 16)
		memcpy(to + i, from + i, 16);
	memcpy(to + len - 16, from + len - 16, 16); /* over some that are there already */
}

static inline void wire_write(struct wire_writer *w, const void *data, size_t len)
{
	uint8_t *p = wire_reserve(w, len);

	if (p && len)
		wire_copy(p, data, len);
}

static inline void wire_write_u8(struct wire_writer *w, uint8_t v)
{
	wire_write(w, &v, 1);
}

static inline void wire_write_u16(struct wire_writer *w, uint16_t v)
{
	uint8_t *p = wire_reserve(w, 2);

	if (p)
		wire_put_u16(p, v);
}

static inline void wire_write_u32(struct wire_writer *w, uint32_t v)
{
	uint8_t *p = wire_reserve(w, 4);

	if (p)
		wire_put_u32(p, v);
}

#endif
