/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

enum expect {
	EXPECT_VALUE,
	EXPECT_FIRST_ITEM, /* or the end of the array */
	EXPECT_FIRST_KEY,  /* or the end of the object */
	EXPECT_KEY,
	EXPECT_COLON,
	EXPECT_MORE, /* a comma, or the end of the object or array */
	EXPECT_NOTHING,
};

enum token { TOKEN_NONE, TOKEN_STRING, TOKEN_KEY, TOKEN_NUMBER, TOKEN_WORD };

#define ESCAPE_START 1 /* the backslash was seen; 2 to 5: one less of the hexadecimal digits are still to come */
#define CARRY_MIN    256u

static int fail(struct json_reader *r, const char *error)
{
	r->error = error;
	return ERR_FORMAT;
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Strings. */

static int hex_of(uint8_t c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Which of the eight bytes of a word, in the order of memory, is the first that is not zero. */
static inline size_t byte_of(uint64_t word)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return (size_t)__builtin_clzll(word) / 8;
#else
	return (size_t)__builtin_ctzll(word) / 8;
#endif
}

/* The first byte that does not simply stand for itself: a quotation mark, a backslash, a control character. */
static inline const uint8_t *plain_end(const uint8_t *p, const uint8_t *end)
{
	typedef uint8_t bytes16 __attribute__((vector_size(16)));
	typedef uint64_t words2 __attribute__((vector_size(16)));

	for (; end - p >= 16; p += 16) {
		bytes16 v;

		memcpy(&v, p, sizeof(v));
		words2 found = (words2)((v == '"') | (v == '\\') | (v < 0x20));
		if (found[0] | found[1])
			return p + (found[0] ? byte_of(found[0]) : 8 + byte_of(found[1]));
	}
	while (p < end && *p != '"' && *p != '\\' && *p >= 0x20)
		p++;
	return p;
}

/* Behind what the piece has of the escape under way; NULL: it is malformed. */
static const uint8_t *take_escape(struct json_reader *r, const uint8_t *p, const uint8_t *end)
{
	for (; r->escape && p < end; p++) {
		if (r->escape > ESCAPE_START) {
			if (hex_of(*p) < 0)
				return NULL;
			r->escape = r->escape == ESCAPE_START + 1 ? 0 : r->escape - 1;
		} else {
			if (!memchr("\"\\/bfnrtu", *p, 9))
				return NULL;
			r->escape = *p == 'u' ? ESCAPE_START + 4 : 0;
		}
	}
	return p;
}

/* Behind the string's quotation mark; NULL: the piece ends first, or there is an error. */
static inline const uint8_t *string_end(struct json_reader *r, const uint8_t *p, const uint8_t *end)
{
	for (;;) {
		if (r->escape) {
			p = take_escape(r, p, end);
			if (!p) {
				fail(r, "a malformed escape");
				return NULL;
			}
		}
		p = plain_end(p, end);
		if (p == end)
			return NULL;
		if (*p == '"')
			return p + 1;
		if (*p != '\\') {
			fail(r, "a control character in a string");
			return NULL;
		}
		p++;
		r->escape = ESCAPE_START;
		r->escaped = true;
	}
}

static uint32_t take_hex(const uint8_t *p)
{
	return (uint32_t)(hex_of(p[0]) << 12 | hex_of(p[1]) << 8 | hex_of(p[2]) << 4 | hex_of(p[3]));
}

static uint8_t *put_utf8(uint8_t *to, uint32_t c)
{
	if (c < 0x80) {
		*to++ = (uint8_t)c;
	} else if (c < 0x800) {
		*to++ = (uint8_t)(0xc0 | c >> 6);
		*to++ = (uint8_t)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*to++ = (uint8_t)(0xe0 | c >> 12);
		*to++ = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		*to++ = (uint8_t)(0x80 | (c & 0x3f));
	} else {
		*to++ = (uint8_t)(0xf0 | c >> 18);
		*to++ = (uint8_t)(0x80 | (c >> 12 & 0x3f));
		*to++ = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		*to++ = (uint8_t)(0x80 | (c & 0x3f));
	}
	return to;
}

/* Undoes the escapes of a well-formed string where it stands, since none is shorter than what it means. Returns the
 * length. */
static size_t unescape(uint8_t *text, size_t len)
{
	static const char names[] = "bfnrt", values[] = "\b\f\n\r\t";
	const uint8_t *p = text, *end = text + len;
	uint8_t *to = text;

	while (p < end) {
		if (*p != '\\') {
			*to++ = *p++;
			continue;
		}
		const char *name = memchr(names, p[1], sizeof(names) - 1);
		if (p[1] != 'u') {
			*to++ = name ? (uint8_t)values[name - names] : p[1];
			p += 2;
			continue;
		}
		uint32_t c = take_hex(p + 2);
		p += 6;
		if (c >= 0xd800 && c < 0xdc00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
			uint32_t low = take_hex(p + 2);

			if (low >= 0xdc00 && low < 0xe000) {
				c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
				p += 6;
			}
		}
		to = put_utf8(to, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
	}
	return (size_t)(to - text);
}

/* Numbers. */

/* Behind the number, or the end of the piece; NULL: it is malformed. *whole: it could end there. */
static const uint8_t *number_end(const uint8_t *p, const uint8_t *end, bool *whole)
{
	*whole = false;
	if (*p == '-' && ++p == end)
		return p;
	if (!is_digit(*p))
		return NULL;
	if (*p++ != '0')
		while (p < end && is_digit(*p))
			p++;
	if (p < end && *p == '.') {
		if (++p == end)
			return p;
		if (!is_digit(*p))
			return NULL;
		while (p < end && is_digit(*p))
			p++;
	}
	if (p < end && (*p | 0x20) == 'e') {
		if (++p < end && (*p == '+' || *p == '-'))
			p++;
		if (p == end)
			return p;
		if (!is_digit(*p))
			return NULL;
		while (p < end && is_digit(*p))
			p++;
	}
	*whole = true;
	return p;
}

static bool of_token(enum token token, uint8_t c)
{
	if (token == TOKEN_WORD)
		return c >= 'a' && c <= 'z';
	return is_digit(c) || c == '.' || c == '-' || c == '+' || (c | 0x20) == 'e';
}

/* What counts of them. */

static int carry_add(struct json_reader *r, const uint8_t *from, size_t len)
{
	if (len > r->carry_room - r->carry_len) {
		size_t room = r->carry_room ? r->carry_room : CARRY_MIN;

		while (room - r->carry_len < len)
			room *= 2;
		uint8_t *grown = realloc(r->carry, room);
		if (!grown)
			return ERR_NOMEM;
		r->carry = grown;
		r->carry_room = room;
	}
	if (len)
		memcpy(r->carry + r->carry_len, from, len);
	r->carry_len += len;
	return 0;
}

/* Does the value that comes, or has come, count? */
static inline bool counts(const struct json_reader *r)
{
	return !r->quiet && !r->drop;
}

/* A value that is no object and no array has come. */
static inline void value_over(struct json_reader *r)
{
	r->drop = false;
	r->expect = r->depth ? EXPECT_MORE : EXPECT_NOTHING;
}

/* A whole string or key, escapes included. */
static inline int tell_text(struct json_reader *r, enum token token, const uint8_t *text, size_t len)
{
	bool key = token == TOKEN_KEY;
	int rc = 0;

	if (key ? !r->quiet : counts(r)) {
		if (r->escaped) {
			rc = text == r->carry ? 0 : carry_add(r, text, len);
			if (rc)
				return rc;
			text = r->carry;
			len = unescape(r->carry, len);
		}
		rc = key ? r->calls->key(r->ctx, (const char *)text, len)
			 : r->calls->string(r->ctx, (const char *)text, len);
	}
	r->escaped = false;
	r->carry_len = 0;
	if (!key) {
		value_over(r);
		return rc;
	}
	r->expect = EXPECT_COLON;
	r->drop = rc == JSON_SKIP;
	return rc < 0 ? rc : 0;
}

static int tell_number(struct json_reader *r, const uint8_t *text, size_t len)
{
	int rc = counts(r) ? r->calls->number(r->ctx, (const char *)text, len) : 0;

	value_over(r);
	return rc;
}

static bool is_word(const char *word, const uint8_t *text, size_t len)
{
	return strlen(word) == len && !memcmp(word, text, len);
}

static int tell_word(struct json_reader *r, const uint8_t *text, size_t len)
{
	bool yes = is_word("true", text, len), null = is_word("null", text, len);
	int rc = 0;

	if (!yes && !null && !is_word("false", text, len))
		return fail(r, "a word that is none");
	if (counts(r))
		rc = null ? r->calls->null(r->ctx) : r->calls->boolean(r->ctx, yes);
	value_over(r);
	return rc;
}

/* A number or word that was put together, or is the whole document. */
static int tell_carried(struct json_reader *r)
{
	const uint8_t *end = r->carry + r->carry_len;
	bool whole = true;
	int rc;

	if (r->partial == TOKEN_NUMBER && (number_end(r->carry, end, &whole) != end || !whole))
		return fail(r, "a malformed number");
	rc = r->partial == TOKEN_NUMBER ? tell_number(r, r->carry, r->carry_len) : tell_word(r, r->carry, r->carry_len);
	r->partial = TOKEN_NONE;
	r->carry_len = 0;
	return rc;
}

static int open_one(struct json_reader *r, bool object)
{
	int rc = 0;

	if (r->depth == JSON_READER_DEPTH) {
		r->error = "it is nested too deep";
		return ERR_LIMIT;
	}
	r->objects[r->depth++] = object;
	r->expect = object ? EXPECT_FIRST_KEY : EXPECT_FIRST_ITEM;
	if (counts(r)) {
		rc = r->calls->start(r->ctx, object);
		r->quiet = rc == JSON_SKIP;
	} else {
		r->quiet++;
		r->drop = false;
	}
	return rc < 0 ? rc : 0;
}

static int close_one(struct json_reader *r)
{
	int rc = 0;

	if (r->quiet)
		r->quiet--;
	else
		rc = r->calls->end(r->ctx);
	r->depth--;
	value_over(r);
	return rc;
}

/* The pieces. Each of these takes one token, or what the piece has of it, and moves *at behind it. */

static int cut(struct json_reader *r, enum token token, const uint8_t **at, const uint8_t *end)
{
	const uint8_t *from = *at;
	bool needed = token == TOKEN_KEY ? !r->quiet : token != TOKEN_STRING || counts(r);

	*at = end;
	r->partial = token;
	return needed ? carry_add(r, from, (size_t)(end - from)) : 0;
}

static inline int take_string(struct json_reader *r, enum token token, const uint8_t **at, const uint8_t *end)
{
	const uint8_t *from = ++*at, *to = string_end(r, from, end);

	if (!to)
		return r->error ? ERR_FORMAT : cut(r, token, at, end);
	*at = to;
	return tell_text(r, token, from, (size_t)(to - 1 - from));
}

static inline int take_number(struct json_reader *r, const uint8_t **at, const uint8_t *end)
{
	const uint8_t *from = *at;
	bool whole;
	const uint8_t *to = number_end(from, end, &whole);

	if (to == end)
		return cut(r, TOKEN_NUMBER, at, end);
	/* Of 01 and 1-2 no part counts, however they are cut. */
	if (!to || of_token(TOKEN_NUMBER, *to))
		return fail(r, "a malformed number");
	*at = to;
	return tell_number(r, from, (size_t)(to - from));
}

static int take_word(struct json_reader *r, const uint8_t **at, const uint8_t *end)
{
	const uint8_t *from = *at, *to = from;

	while (to < end && of_token(TOKEN_WORD, *to))
		to++;
	if (to == end)
		return cut(r, TOKEN_WORD, at, end);
	*at = to;
	return tell_word(r, from, (size_t)(to - from));
}

/* The rest of the token that the last piece ended in. */
static int take_rest(struct json_reader *r, const uint8_t **at, const uint8_t *end)
{
	enum token token = r->partial;
	const uint8_t *from = *at, *to = from;
	bool text = token == TOKEN_STRING || token == TOKEN_KEY;

	if (text) {
		to = string_end(r, from, end);
		if (!to && r->error)
			return ERR_FORMAT;
	} else {
		while (to < end && of_token(token, *to))
			to++;
		to = to == end ? NULL : to;
	}
	if (!to)
		return cut(r, token, at, end);
	int rc = cut(r, token, at, text ? to - 1 : to);
	if (rc)
		return rc;
	*at = to;
	if (!text)
		return tell_carried(r);
	r->partial = TOKEN_NONE;
	return tell_text(r, token, r->carry_len ? r->carry : from, r->carry_len);
}

static inline int take_value(struct json_reader *r, const uint8_t **at, const uint8_t *end)
{
	uint8_t c = **at;

	if (c == '"')
		return take_string(r, TOKEN_STRING, at, end);
	if (c == '{' || c == '[') {
		++*at;
		return open_one(r, c == '{');
	}
	if (is_digit(c) || c == '-')
		return take_number(r, at, end);
	if (of_token(TOKEN_WORD, c))
		return take_word(r, at, end);
	return fail(r, "no value where one has to be");
}

static int take_close(struct json_reader *r, const uint8_t **at)
{
	++*at;
	return close_one(r);
}

static void take_comma(struct json_reader *r, const uint8_t **at)
{
	++*at;
	r->expect = r->objects[r->depth - 1] ? EXPECT_KEY : EXPECT_VALUE;
}

/* A name, and where nothing stands between them, the colon and the value. */
static inline int take_member(struct json_reader *r, const uint8_t **at, const uint8_t *end)
{
	int rc = take_string(r, TOKEN_KEY, at, end);

	if (rc || end - *at < 2 || **at != ':')
		return rc;
	++*at;
	r->expect = EXPECT_VALUE;
	return is_blank(**at) ? 0 : take_value(r, at, end);
}

static inline int take_token(struct json_reader *r, const uint8_t **at, const uint8_t *end)
{
	uint8_t c = **at;

	switch ((enum expect)r->expect) {
	case EXPECT_FIRST_ITEM:
		return c == ']' ? take_close(r, at) : take_value(r, at, end);
	case EXPECT_VALUE:
		return take_value(r, at, end);
	case EXPECT_FIRST_KEY:
	case EXPECT_KEY:
		if (c == '"')
			return take_member(r, at, end);
		if (c == '}' && r->expect == EXPECT_FIRST_KEY)
			return take_close(r, at);
		return fail(r, "no name where one has to be");
	case EXPECT_COLON:
		if (c != ':')
			return fail(r, "a name without a colon");
		++*at;
		r->expect = EXPECT_VALUE;
		return 0;
	case EXPECT_MORE:
		if (c == (r->objects[r->depth - 1] ? '}' : ']'))
			return take_close(r, at);
		if (c != ',')
			return fail(r, "no comma where one has to be");
		take_comma(r, at);
		return 0;
	default:
		return fail(r, "something behind its end");
	}
}

void json_reader_start(struct json_reader *r, const struct json_calls *calls, void *ctx)
{
	*r = (struct json_reader){.calls = calls, .ctx = ctx, .carry = r->carry, .carry_room = r->carry_room};
}

int json_reader_feed(struct json_reader *r, const void *data, size_t len)
{
	const uint8_t *p = data, *end = p + len, *mark = NULL;

	if (r->rc || !len)
		return r->rc;
	if (r->partial) {
		r->rc = take_rest(r, &p, end);
		mark = r->partial ? NULL : p;
	}
	while (p < end && !r->rc) {
		if (is_blank(*p)) {
			p++;
			continue;
		}
		const uint8_t *from = p;
		r->rc = take_token(r, &p, end);
		if (r->expect == EXPECT_MORE && p < end && *p == ',' && !r->rc) /* as most values are followed by */
			take_comma(r, &p);
		mark = r->partial ? from : p;
	}
	r->bytes += (uint64_t)(p - (const uint8_t *)data);
	r->idle = mark ? (size_t)(end - mark) : r->idle + len;
	if (!r->rc && r->idle > JSON_READER_TOKEN) {
		r->error = "a token is too long";
		r->rc = ERR_LIMIT;
	}
	return r->rc;
}

int json_reader_end(struct json_reader *r)
{
	if (!r->rc && (r->partial == TOKEN_NUMBER || r->partial == TOKEN_WORD) && !r->depth)
		r->rc = tell_carried(r);
	if (!r->rc && r->expect != EXPECT_NOTHING)
		r->rc = fail(r, "it ends too soon");
	return r->rc;
}

void json_reader_fini(struct json_reader *r)
{
	free(r->carry);
	r->carry = NULL;
	r->carry_len = r->carry_room = 0;
}
