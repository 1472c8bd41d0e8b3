/* SPDX-License-Identifier: Apache-2.0 */
/* A growing buffer and what is needed to write JSON into it fast. The error is sticky: after a failed
 * allocation every further step does nothing and `failed` stays set. One owner, one thread at a time. */
#ifndef T_SIM_TEXT_H
#define T_SIM_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct text {
	char *data; /* not NUL-terminated, see text_end() */
	size_t len, room;
	bool failed;
};

/* An all-zero struct text is empty and ready. */
void text_fini(struct text *t);
/* Makes room for `more` bytes; false if there is none. */
bool text_grow(struct text *t, size_t more);
/* Puts a NUL behind the text, without counting it, and returns it; "" if memory was exhausted. */
const char *text_end(struct text *t);
/* Reads a whole file. ERR_SYSTEM with errno, or ERR_NOMEM. */
int text_read_file(struct text *t, const char *path);

static inline void text_put(struct text *t, const char *data, size_t len)
{
	if (t->room - t->len < len && !text_grow(t, len))
		return;
	memcpy(t->data + t->len, data, len);
	t->len += len;
}

/* Both for string literals: their length is known when compiling. */
#define text_lit(t, literal) text_put((t), "" literal, sizeof(literal) - 1)
#define text_flag(t, yes)    ((yes) ? text_put((t), "true", 4) : text_put((t), "false", 5))

void text_printf(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A JSON string, quoted and escaped (RFC 8259, section 7); bytes from 0x80 on stay as they are. */
void text_json(struct text *t, const char *s);
void text_number(struct text *t, uint64_t n);
/* `n` thousandths as Mesos writes a double: 100 is 0.1, 32000 is 32.0. */
void text_milli(struct text *t, uint64_t n);
/* Microseconds as Mesos writes a time: seconds with a fraction that has no zeros at its end. */
void text_time(struct text *t, uint64_t us);
/* The usual form of a UUID, without quotes. */
void text_uuid(struct text *t, const uint64_t uuid[2]);
/* An address, without quotes, in host order. */
void text_ipv4(struct text *t, uint32_t ip);

/* A comma between elements: `first` is the caller's, true at the start. */
static inline void text_comma(struct text *t, bool *first)
{
	if (!*first)
		text_lit(t, ",");
	*first = false;
}

#endif
