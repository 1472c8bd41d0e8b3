/* SPDX-License-Identifier: Apache-2.0 */
/* A streaming reader of JSON (RFC 8259): bytes in, cut anywhere, calls out. It is made for documents of which little
 * counts: what the owner does not want is walked over without a call or a copy, yet it must be well-formed as all the
 * rest, so that a damaged document is never taken for a whole one.
 *
 * It takes exactly one value with white space around it. Strings need not be UTF-8: their bytes are given as they are,
 * escapes undone; \u0000 is a NUL byte, half a surrogate pair U+FFFD. Names that occur twice are the owner's matter.
 * Memory is that of the longest string or number that was cut or had escapes. One thread. */
#ifndef BASE_JSON_READER_H
#define BASE_JSON_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_READER_DEPTH 96       /* objects and arrays within each other */
#define JSON_READER_TOKEN 8388608u /* bytes of a string, a number or white space, give or take a piece */

/* The texts are borrowed for the call and do not end with a NUL. A negative return value ends the reading. */
struct json_calls {
	/* An object or array begins. JSON_SKIP: nothing of what it holds counts, and its end is not told either. */
	int (*start)(void *ctx, bool object);
	int (*end)(void *ctx);
	/* The name of a member. JSON_SKIP: its value does not count. */
	int (*key)(void *ctx, const char *name, size_t len);
	int (*string)(void *ctx, const char *text, size_t len);
	/* As text: it is of the form that a number must have, and nothing is said of its size. */
	int (*number)(void *ctx, const char *text, size_t len);
	int (*boolean)(void *ctx, bool value);
	int (*null)(void *ctx);
};

enum json_answer { JSON_TAKE, JSON_SKIP };

struct json_reader {
	const struct json_calls *calls;
	void *ctx;
	uint64_t bytes; /* taken so far; after an error: up to where it was seen */
	const char
		*error; /* what is wrong with the document; NULL: nothing so far, or it was no fault of the document */

	/* its own */
	int rc;                             /* sticky */
	uint8_t expect;                     /* what may come next */
	uint8_t partial;                    /* the kind of token that the last piece ended in */
	uint8_t escape;                     /* in a string: where in an escape; 0: in none */
	bool escaped;                       /* the string has escapes */
	bool drop;                          /* the next value does not count */
	uint32_t quiet;                     /* objects and arrays open within what does not count, itself included */
	uint32_t depth;                     /* objects and arrays open */
	uint8_t objects[JSON_READER_DEPTH]; /* 1: an object */
	size_t idle;                        /* bytes since a token was complete */
	uint8_t *carry;                     /* the token under way, or one that was decoded */
	size_t carry_len, carry_room;
};

/* `r` is all zero, or was used and has ended one way or the other: its memory is kept. */
void json_reader_start(struct json_reader *r, const struct json_calls *calls, void *ctx);
/* The next bytes. ERR_FORMAT, ERR_LIMIT, ERR_NOMEM, or what a call returned; then the same for ever. */
int json_reader_feed(struct json_reader *r, const void *data, size_t len);
/* No more bytes come. ERR_FORMAT: there ought to. */
int json_reader_end(struct json_reader *r);
void json_reader_fini(struct json_reader *r);

#endif
