/* SPDX-License-Identifier: Apache-2.0 */
/* base/json_reader: what it takes for JSON, and what for which, held to jansson; cut everywhere. */
#include "t/unit/unit.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>

#include "base/err.h"
#include "base/json_reader.h"

/* Calls that build jansson's values. */

struct build {
	json_t *open[JSON_READER_DEPTH];
	int depth;
	char key[256];
	size_t key_len;
	json_t *root;
	unsigned skips; /* a bit for each of the next questions: JSON_SKIP */
	size_t calls;
	size_t fail_at; /* this call fails; 0: none */
};

static int asked(struct build *b)
{
	unsigned skip = b->skips & 1;

	b->skips >>= 1;
	if (++b->calls == b->fail_at)
		return ERR_SYSTEM;
	return skip ? JSON_SKIP : JSON_TAKE;
}

static int told(struct build *b)
{
	return ++b->calls == b->fail_at ? ERR_SYSTEM : 0;
}

static void add(struct build *b, json_t *value)
{
	assert_non_null(value);
	if (!b->depth) {
		assert_null(b->root);
		b->root = value;
	} else if (json_is_object(b->open[b->depth - 1])) {
		json_object_setn_new_nocheck(b->open[b->depth - 1], b->key, b->key_len, value);
	} else {
		json_array_append_new(b->open[b->depth - 1], value);
	}
}

static int on_start(void *ctx, bool object)
{
	struct build *b = ctx;
	json_t *value = object ? json_object() : json_array();
	int rc = asked(b);

	add(b, value);
	if (rc == JSON_TAKE)
		b->open[b->depth++] = value;
	return rc;
}

static int on_end(void *ctx)
{
	struct build *b = ctx;

	b->depth--;
	return told(b);
}

static int on_key(void *ctx, const char *name, size_t len)
{
	struct build *b = ctx;

	assert_true(len < sizeof(b->key));
	memcpy(b->key, name, len);
	b->key_len = len;
	return asked(b);
}

static int on_string(void *ctx, const char *text, size_t len)
{
	add(ctx, json_stringn_nocheck(text, len));
	return told(ctx);
}

static int on_number(void *ctx, const char *text, size_t len)
{
	char copy[128];

	assert_true(len < sizeof(copy));
	memcpy(copy, text, len);
	copy[len] = '\0';
	double value = strtod(copy, NULL);
	add(ctx, json_real(isfinite(value) ? value : 0)); /* jansson has no others */
	return told(ctx);
}

static int on_boolean(void *ctx, bool value)
{
	add(ctx, json_boolean(value));
	return told(ctx);
}

static int on_null(void *ctx)
{
	add(ctx, json_null());
	return told(ctx);
}

static const struct json_calls calls = {on_start, on_end, on_key, on_string, on_number, on_boolean, on_null};

/* Reads the text in two pieces, each in a block of its own, for the sanitizers to watch; at 0: byte by byte. */
static int read_in(struct json_reader *r, struct build *b, const char *text, size_t len, size_t at)
{
	int rc = 0;

	json_decref(b->root);
	*b = (struct build){.skips = b->skips, .fail_at = b->fail_at};
	json_reader_start(r, &calls, b);
	for (size_t from = 0; from < len && !rc;) {
		size_t n = !at ? 1 : from < at && at < len ? at - from : len - from;
		char *piece = malloc(n);

		memcpy(piece, text + from, n);
		rc = json_reader_feed(r, piece, n);
		assert_int_equal(rc, r->rc);
		free(piece);
		from += n;
	}
	return rc ? rc : json_reader_end(r);
}

static json_t *parse_all(const char *text, size_t len, json_error_t *error)
{
	return json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, error);
}

/* Every way to cut the text comes to the same. Returns it; *value is the caller's. */
static int read_all_ways(const char *text, size_t len, json_t **value)
{
	struct json_reader r = {0};
	struct build b = {0};
	int rc = read_in(&r, &b, text, len, len);
	json_t *whole = json_incref(b.root);
	uint64_t bytes = r.bytes;
	size_t calls_made = b.calls;

	assert_int_equal(rc == 0, !r.error);
	assert_true(rc || bytes == len);
	for (size_t at = 0; at < len; at++) {
		if (read_in(&r, &b, text, len, at) != rc)
			fail_msg("%.*s: cut at %zu it is something else", (int)len, text, at);
		if (b.calls != calls_made)
			fail_msg("%.*s: cut at %zu it is told otherwise", (int)len, text, at);
		if (!rc && !json_equal(whole, b.root))
			fail_msg("%.*s: cut at %zu it has other values", (int)len, text, at);
	}
	json_decref(b.root);
	json_reader_fini(&r);
	*value = whole;
	return rc;
}

static void check(const char *text, size_t len)
{
	json_error_t error;
	json_t *expected = parse_all(text, len, &error), *value;
	int rc = read_all_ways(text, len, &value);

	/* What jansson refuses and JSON does not: numbers that it cannot hold, halves of surrogate pairs. */
	if (!expected && (json_error_code(&error) == json_error_numeric_overflow || strstr(error.text, "Unicode")))
		assert_true(!rc || rc == ERR_FORMAT);
	else if (!rc != (expected != NULL))
		fail_msg("%.*s: %s", (int)len, text, rc ? "refused" : "taken");
	else if (!rc && !json_equal(expected, value))
		fail_msg("%.*s: read as something else", (int)len, text);
	json_decref(expected);
	json_decref(value);
}

static const char *const good[] = {"{}", "[]", " \t\r\n{ } \n", "\"\"", "0", "-0", "12", "-1.5e+10", "1E5", "0.25",
	"1e-3", "true", "false", "null", " true ", "[true,false,null]", "[1,2 , 3]", "{\"a\":1}",
	"{\"a\" : {\"b\":[{}]} , \"c\":[]}", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
	"\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\"", "\"a\\u0000b\"", "{\"\\u0061\\n\":\"\"}", "[[[[[[]]]]]]", "\"\x7f\"",
	"\"0123456789abcdef0123456789abcdef\"", "\"0123456789abcde\\\"f0123456789abcdef\"", "{\"a\":1,\"a\":2}",
	"[\"\",\"\"]", "[0]", "[-0.0]", "[1]\n"};

static const char *const bad[] = {"", " ", "{", "[", "\"", "\"\\", "\"\\u00", "-", "1.", "1e", "1e+", "01", "-a", ".5",
	"+1", "1 2", "{}{}", "{},", "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{1:2}",
	"{\"a\" 1}", "{\"a\":1 \"b\":2}", "[}", "{]", "]", "}", "[1}", "{\"a\":1]", "tru", "truer", "True", "nul",
	"nil", "falsefalse", "true1", "1true", "\"\t\"", "\"\n\"", "\"\\x\"", "\"\\u12g4\"", "\"\\u\"", "\"\\\"", "'a'",
	"// a\n1", "[1]x", "[\"a\" \"b\"]", "[1.5.5]", "[1-2]", "[--1]", "[1e5e5]", "\xef\xbb\xbf{}",
	"{\"a\":1,,\"b\":2}", "[:]", "{\"a\"::1}", "{\"a\",1}", "NaN", "Infinity", "\"a\"\"b\""};

static void form(void **state)
{
	json_t *value;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (read_all_ways(good[i], strlen(good[i]), &value))
			fail_msg("%s: refused", good[i]);
		json_decref(value);
		check(good[i], strlen(good[i]));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (read_all_ways(bad[i], strlen(bad[i]), &value) != ERR_FORMAT)
			fail_msg("%s: taken", bad[i]);
		json_decref(value);
		check(bad[i], strlen(bad[i]));
	}
	check("[\"a\0b\"]", 7); /* a NUL byte is a control character */
	check("{}\0", 3);
}

/* Texts near to JSON: damaged ones, of the bytes that matter to it. */
static void near_json(void **state)
{
	static const char some[] = "{}[]\",:\\/ue+-.01239abtrfalsn \t\n\x01\x7f";
	uint32_t seed = 1;

	for (int i = 0; i < 30000; i++) {
		const char *from = good[(seed >> 8) % (sizeof(good) / sizeof(good[0]))];
		char text[128];
		size_t len = strlen(from);

		memcpy(text, from, len + 1);
		for (int n = 0; n < 1 + i % 3; n++) {
			seed = seed * 1664525 + 1013904223;
			size_t at = (seed >> 10) % (len + 1);
			char c = some[(seed >> 20) % (sizeof(some) - 1)];

			if (seed >> 30 == 0 && len > 1) { /* one less */
				memmove(text + at, text + at + 1, len - at);
				len -= at < len;
			} else if (seed >> 30 == 1 && at < len) {
				text[at] = c;
			} else {
				memmove(text + at + 1, text + at, len - at);
				text[at] = c;
				len++;
			}
		}
		check(text, len);
	}
}

/* What does not count is not told, and is well-formed all the same. */
static void skipping(void **state)
{
	static const char text[] =
		"{\"a\":{\"b\":[1,{\"c\":\"\\u0041\"}],\"d\":null},\"e\":[[],{},true],\"f\":\"g\",\"h\":-1.5}";
	static const struct {
		unsigned skips; /* from the lowest bit: the answers to start() and key() in their order */
		const char *left;
	} cases[] = {
		{1, "{}"},
		{1 << 1, "{\"e\":[[],{},true],\"f\":\"g\",\"h\":-1.5}"},
		{1 << 2, "{\"a\":{},\"e\":[[],{},true],\"f\":\"g\",\"h\":-1.5}"},
		{1 << 3, "{\"a\":{\"d\":null},\"e\":[[],{},true],\"f\":\"g\",\"h\":-1.5}"},
		{1 << 4, "{\"a\":{\"b\":[],\"d\":null},\"e\":[[],{},true],\"f\":\"g\",\"h\":-1.5}"},
		{1 << 5, "{\"a\":{\"b\":[1,{}],\"d\":null},\"e\":[[],{},true],\"f\":\"g\",\"h\":-1.5}"},
		{1 << 6, "{\"a\":{\"b\":[1,{}],\"d\":null},\"e\":[[],{},true],\"f\":\"g\",\"h\":-1.5}"},
		{1 << 1 | 1 << 2 | 1 << 3 | 1 << 4, "{}"},
		{1 << 7 | 1 << 8, "{\"a\":{\"b\":[1,{\"c\":\"A\"}]},\"f\":\"g\",\"h\":-1.5}"},
		{1 << 9, "{\"a\":{\"b\":[1,{\"c\":\"A\"}],\"d\":null},\"e\":[],\"f\":\"g\",\"h\":-1.5}"},
	};
	struct json_reader r = {0};
	struct build b = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *left = parse_all(cases[i].left, strlen(cases[i].left), NULL);

		assert_non_null(left);
		for (size_t at = 0; at < sizeof(text); at++) {
			b.skips = cases[i].skips;
			assert_int_equal(read_in(&r, &b, text, sizeof(text) - 1, at), 0);
			if (!json_equal(b.root, left))
				fail_msg("%s is not what is left, cut at %zu", cases[i].left, at);
		}
		json_decref(left);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char inside[128];
		int len = snprintf(inside, sizeof(inside), "{\"x\":[%s]}", bad[i]);

		if (!strchr(bad[i], ',') && *bad[i] && *bad[i] != ' ' && bad[i][0] != ']')
			for (int at = 0; at < len; at++) {
				b.skips = 1 << 1;
				assert_int_equal(read_in(&r, &b, inside, (size_t)len, (size_t)at), ERR_FORMAT);
			}
	}
	json_decref(b.root);
	json_reader_fini(&r);
}

/* Halves of pairs, in every order. */
static void surrogates(void **state)
{
	static const char text[] =
		"[\"\\ud83d\",\"\\ude00\",\"\\ud83dx\",\"\\ud83d\\n\",\"\\ud83d\\ud83d\\ude00\",\"\\ude00\\ud83d\"]";
	static const char *const values[] = {"\xef\xbf\xbd", "\xef\xbf\xbd", "\xef\xbf\xbdx", "\xef\xbf\xbd\n",
		"\xef\xbf\xbd\xf0\x9f\x98\x80", "\xef\xbf\xbd\xef\xbf\xbd"};
	json_t *value;

	assert_int_equal(read_all_ways(text, sizeof(text) - 1, &value), 0);
	assert_int_equal(json_array_size(value), 6);
	for (size_t i = 0; i < 6; i++)
		assert_string_equal(json_string_value(json_array_get(value, i)), values[i]);
	json_decref(value);
}

static void errors_of_calls(void **state)
{
	static const char text[] = "{\"a\":[1,\"b\",true,null,{}]}";
	struct json_reader r = {0};
	struct build b = {0};

	assert_int_equal(read_in(&r, &b, text, sizeof(text) - 1, 1), 0);
	for (size_t all = b.calls, i = 1; i <= all; i++) {
		b.fail_at = i;
		for (size_t at = 0; at < sizeof(text) - 1; at++) {
			assert_int_equal(read_in(&r, &b, text, sizeof(text) - 1, at), ERR_SYSTEM);
			assert_null(r.error);
			assert_int_equal(b.calls, i);
			assert_int_equal(json_reader_feed(&r, " ", 1), ERR_SYSTEM);
			assert_int_equal(json_reader_end(&r), ERR_SYSTEM);
		}
	}
	json_decref(b.root);
	json_reader_fini(&r);
}

static void limits(void **state)
{
	struct json_reader r = {0};
	struct build b = {0};
	char text[2 * JSON_READER_DEPTH + 2];

	for (size_t depth = JSON_READER_DEPTH; depth <= JSON_READER_DEPTH + 1; depth++)
		for (unsigned skips = 0; skips < 2; skips++) {
			memset(text, '[', depth);
			memset(text + depth, ']', depth);
			b.skips = skips;
			assert_int_equal(
				read_in(&r, &b, text, 2 * depth, 1), depth > JSON_READER_DEPTH ? ERR_LIMIT : 0);
		}
	/* A token without end, whether it counts or not; and many short ones. */
	for (int kind = 0; kind < 5; kind++) {
		static const char *const begin[] = {"[\"", "[0.1", "[ ", "{\"a\":\"", "["}, *const more[] = {"x", "1",
												    " ", "x", "0,"};
		char block[4096];
		size_t fed = 0;

		for (size_t i = 0; i < sizeof(block); i++)
			block[i] = more[kind][i % strlen(more[kind])];
		json_decref(b.root);
		b = (struct build){.skips = kind == 3 ? 1 << 1 : kind == 4};
		json_reader_start(&r, &calls, &b);
		assert_int_equal(json_reader_feed(&r, begin[kind], strlen(begin[kind])), 0);
		while (!r.rc && fed < 2 * JSON_READER_TOKEN) {
			json_reader_feed(&r, block, sizeof(block));
			fed += sizeof(block);
		}
		assert_int_equal(r.rc, kind == 4 ? 0 : ERR_LIMIT);
		assert_true(fed >= JSON_READER_TOKEN - sizeof(block));
	}
	json_decref(b.root);
	json_reader_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(form),
		cmocka_unit_test(near_json),
		cmocka_unit_test(skipping),
		cmocka_unit_test(surrogates),
		cmocka_unit_test(errors_of_calls),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
