/* SPDX-License-Identifier: Apache-2.0 */
/* base/gunzip: what zlib has compressed in many ways comes out as it was, cut anywhere; what is damaged never passes
 * for something else. Built twice, for each of the libraries that it can be built with. */
#include "t/unit/unit.h"

#include <stdio.h>
#include <zlib.h>

#include "base/err.h"
#include "base/gunzip.h"

struct text {
	uint8_t *data;
	size_t len, room;
};

static void add(struct text *t, const void *data, size_t len)
{
	if (t->len + len > t->room) {
		t->room = 2 * (t->len + len);
		t->data = realloc(t->data, t->room);
		assert_non_null(t->data);
	}
	memcpy(t->data + t->len, data, len);
	t->len += len;
}

enum header { PLAIN, FULL };

/* One more member. */
static void zip(struct text *out, const void *data, size_t len, int level, int strategy, enum header header)
{
	static char name[] = "a file's name", comment[] = "a comment";
	static uint8_t extra[20];
	gz_header h = {.extra = extra, .extra_len = sizeof(extra), .name = (Bytef *)name, .comment = (Bytef *)comment};
	uint8_t room[4096];
	z_stream z = {0};
	int rc;

#ifndef HAVE_ISAL /* base/gunzip.h */
	h.hcrc = 1;
#endif
	assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 8, strategy), Z_OK);
	if (header == FULL)
		assert_int_equal(deflateSetHeader(&z, &h), Z_OK);
	z.next_in = (Bytef *)(uintptr_t)data;
	z.avail_in = (uInt)len;
	do {
		z.next_out = room;
		z.avail_out = sizeof(room);
		rc = deflate(&z, Z_FINISH);
		add(out, room, sizeof(room) - z.avail_out);
	} while (rc == Z_OK);
	assert_int_equal(rc, Z_STREAM_END);
	deflateEnd(&z);
}

static int take(void *ctx, const void *data, size_t len)
{
	assert_true(len > 0);
	add(ctx, data, len);
	return 0;
}

/* Feeds it in pieces, the first of another size; each in a block of its own. Not whole is ERR_FORMAT. */
static int unzip(const uint8_t *data, size_t len, size_t first, size_t piece, struct text *out)
{
	struct gunzip *g = gunzip_new();
	int rc = 0;

	assert_non_null(g);
	assert_true(gunzip_is_whole(g));
	out->len = 0;
	for (size_t at = 0, n = first ? first : piece; at < len && !rc; at += n, n = piece) {
		n = n < len - at ? n : len - at;
		uint8_t *copy = malloc(n);
		memcpy(copy, data + at, n);
		rc = gunzip_feed(g, copy, n, take, out);
		free(copy);
	}
	if (!rc && !gunzip_is_whole(g))
		rc = ERR_FORMAT;
	gunzip_free(g);
	return rc;
}

static void check(const struct text *zipped, size_t first, size_t piece, const void *text, size_t len)
{
	struct text out = {0};

	assert_int_equal(unzip(zipped->data, zipped->len, first, piece, &out), 0);
	assert_int_equal(out.len, len);
	if (len)
		assert_memory_equal(out.data, text, len);
	free(out.data);
}

/* Something like a master's document, with stretches that do not compress. */
static struct text long_text(size_t len)
{
	struct text t = {0};
	uint32_t seed = 7;
	char line[128];

	while (t.len < len) {
		seed = seed * 1664525 + 1013904223;
		int n = snprintf(line, sizeof(line),
			"{\"id\":\"task-%08x\",\"name\":\"app-%u\",\"state\":\"TASK_RUNNING\"},", seed, seed >> 24);
		if (seed >> 28 == 0)
			for (int i = 0; i < n; i++)
				line[i] = (char)((seed = seed * 1664525 + 1013904223) >> 24);
		add(&t, line, (size_t)n);
	}
	return t;
}

static void cut_anywhere(void **state)
{
	static const char text[] = "what is said here is said here once more";

	for (enum header header = PLAIN; header <= FULL; header++)
		for (int level = 0; level <= 9; level += 3)
			for (int members = 0; members <= 3; members++) {
				struct text zipped = {0}, expected = {0};

				for (int i = 0; i < members; i++) {
					size_t len = i == 1 ? 0 : sizeof(text); /* a member can be empty */

					zip(&zipped, text, len, level, Z_DEFAULT_STRATEGY, header);
					add(&expected, text, len);
				}
				for (size_t at = 0; at < zipped.len; at++)
					check(&zipped, at, zipped.len, expected.data, expected.len);
				check(&zipped, 0, 1, expected.data, expected.len);
				free(zipped.data);
				free(expected.data);
			}
}

static void long_ones(void **state)
{
	static const size_t pieces[] = {1, 100, 4096, 16384, 1 << 20};
	struct text text = long_text(100000);

	for (int level = 0; level <= 9; level += 3)
		for (int strategy = Z_DEFAULT_STRATEGY; strategy <= Z_FIXED; strategy++) {
			struct text zipped = {0}, twice = {0};

			zip(&zipped, text.data, text.len, level, strategy, PLAIN);
			add(&twice, zipped.data, zipped.len);
			add(&twice, zipped.data, zipped.len);
			for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
				check(&zipped, 0, pieces[i], text.data, text.len);
			struct text out = {0};
			assert_int_equal(unzip(twice.data, twice.len, 0, 5000, &out), 0);
			assert_int_equal(out.len, 2 * text.len);
			assert_memory_equal(out.data, text.data, text.len);
			assert_memory_equal(out.data + text.len, text.data, text.len);
			free(out.data);
			free(twice.data);
			free(zipped.data);
		}
	free(text.data);

	/* Much out of little, and blocks of the room that there is for output. */
	for (size_t len = 65535; len <= 131073; len += len == 65537 ? 65534 : 1) {
		struct text zeros = {calloc(1, len), len, len}, zipped = {0};

		zip(&zipped, zeros.data, len, 9, Z_DEFAULT_STRATEGY, PLAIN);
		check(&zipped, 0, zipped.len, zeros.data, len);
		check(&zipped, 0, 1, zeros.data, len);
		free(zipped.data);
		free(zeros.data);
	}
}

static void damaged_ones(void **state)
{
	struct text text = long_text(300), zipped = {0}, out = {0};

	for (enum header header = PLAIN; header <= FULL; header++)
		for (int level = 0; level <= 9; level += 9) {
			zipped.len = 0;
			zip(&zipped, text.data, text.len, level, Z_DEFAULT_STRATEGY, header);
			for (size_t len = 1; len < zipped.len; len++) {
				assert_int_equal(unzip(zipped.data, len, 0, len, &out), ERR_FORMAT);
				assert_int_equal(unzip(zipped.data, len, 0, 7, &out), ERR_FORMAT);
			}
			for (size_t bit = 0; bit < 8 * zipped.len; bit++) {
				zipped.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
				int rc = unzip(zipped.data, zipped.len, 0, bit % 2 ? zipped.len : 11, &out);
				if (!rc) { /* the time, the name and the like */
					assert_int_equal(out.len, text.len);
					assert_memory_equal(out.data, text.data, text.len);
				} else {
					assert_int_equal(rc, ERR_FORMAT);
				}
				zipped.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			}
			for (size_t bit = 8 * zipped.len - 64; bit < 8 * zipped.len; bit++) { /* checksum and length */
				zipped.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
				assert_int_equal(unzip(zipped.data, zipped.len, 0, zipped.len, &out), ERR_FORMAT);
				zipped.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			}
			size_t len = zipped.len;
			for (size_t n = 0; n < 20; n++) { /* and something behind it */
				add(&zipped, &"no gzip"[n % 7], 1);
				assert_int_equal(unzip(zipped.data, zipped.len, 0, zipped.len, &out), ERR_FORMAT);
				assert_int_equal(unzip(zipped.data, zipped.len, len, 1, &out), ERR_FORMAT);
			}
		}
	free(zipped.data);
	free(text.data);
	free(out.data);
}

static void other_formats(void **state)
{
	static const char text[] = "{\"slaves\":[],\"frameworks\":[]}";
	uint8_t zlib[200];
	uLongf len = sizeof(zlib);
	struct text out = {0};

	assert_int_equal(unzip((const uint8_t *)text, sizeof(text), 0, sizeof(text), &out), ERR_FORMAT);
	assert_int_equal(compress2(zlib, &len, (const Bytef *)text, sizeof(text), 9), Z_OK);
	assert_int_equal(unzip(zlib, len, 0, len, &out), ERR_FORMAT);
	assert_int_equal(unzip(zlib + 2, len - 2, 0, len, &out), ERR_FORMAT);
	free(out.data);
}

static int refuse(void *ctx, const void *data, size_t len)
{
	++*(int *)ctx;
	return ERR_LIMIT;
}

static void nobody_wants_it(void **state)
{
	struct text text = long_text(200000), zipped = {0};
	struct gunzip *g = gunzip_new();
	int calls = 0;

	zip(&zipped, text.data, text.len, 6, Z_DEFAULT_STRATEGY, PLAIN);
	assert_int_equal(gunzip_feed(g, zipped.data, zipped.len, refuse, &calls), ERR_LIMIT);
	assert_int_equal(calls, 1);
	gunzip_free(g);
	gunzip_free(NULL);
	free(zipped.data);
	free(text.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(long_ones),
		cmocka_unit_test(damaged_ones),
		cmocka_unit_test(other_formats),
		cmocka_unit_test(nobody_wants_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
