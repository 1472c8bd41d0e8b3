/* SPDX-License-Identifier: Apache-2.0 */
#include "t/sim/play.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

static int add_piece(struct play *p, size_t from, size_t to)
{
	if (!(p->count & (p->count + 1))) {
		struct play_piece *more = realloc(p->pieces, (2 * p->count + 2) * sizeof(*more));
		if (!more)
			return ERR_NOMEM;
		p->pieces = more;
	}
	p->pieces[p->count++] = (struct play_piece){from, to, 0};
	return 0;
}

/* A number in that base up to the line's end, which `at` is left behind; ERR_FORMAT. */
static int read_length(const struct text *t, size_t *at, int base, size_t *out)
{
	size_t n = 0, digits = 0;

	for (; *at < t->len && digits < 16; digits++, ++*at) {
		int c = t->data[*at];
		int digit = isdigit(c) ? c - '0' : isxdigit(c) ? (c | 32) - 'a' + 10 : base;
		if (digit >= base)
			break;
		n = n * (size_t)base + (size_t)digit;
	}
	if (*at < t->len && t->data[*at] == '\r')
		++*at;
	if (!digits || *at >= t->len || t->data[*at] != '\n')
		return ERR_FORMAT;
	++*at;
	*out = n;
	return 0;
}

static int split_records(struct play *p, const struct text *in)
{
	for (size_t at = 0, from = 0, len; at < in->len; from = at) {
		int err = read_length(in, &at, 10, &len);
		if (!err && len > in->len - at)
			err = ERR_FORMAT;
		if (!err)
			err = add_piece(p, from, at + len);
		if (err)
			return err;
		at += len;
	}
	return 0;
}

/* The chunks' contents, without what HTTP has around them. */
static int split_chunks(struct play *p, const struct text *in, struct text *out)
{
	const char *body = memmem(in->data, in->len, "\r\n\r\n", 4);
	size_t at = body ? (size_t)(body - in->data) + 4 : in->len;

	while (at < in->len) {
		size_t len, from = out->len;
		int err = read_length(in, &at, 16, &len);
		if (!err && !len)
			break; /* the last one */
		if (!err && len > in->len - at)
			err = ERR_FORMAT;
		if (err)
			return err;
		text_put(out, in->data + at, len);
		err = add_piece(p, from, out->len);
		if (err)
			return err;
		at += len + 2;
	}
	return 0;
}

static int split_lines(struct play *p, const struct text *in, struct text *out)
{
	for (size_t at = 0; at < in->len;) {
		const char *end = memchr(in->data + at, '\n', in->len - at);
		size_t len = end ? (size_t)(end - in->data) - at : in->len - at;
		size_t from = out->len;
		text_printf(out, "%zu\n", len);
		text_put(out, in->data + at, len);
		int err = len ? add_piece(p, from, out->len) : 0;
		if (err)
			return err;
		at += len + 1;
	}
	return 0;
}

/* The times of a timeline's records: `22:24:04.335 +   0.002 record len=...`. */
static int read_times(struct play *p, const char *path)
{
	struct text t = {0};
	size_t record = 0;
	int err = text_read_file(&t, path);

	if (!err)
		text_end(&t);
	for (char *line = err || t.failed ? NULL : t.data; line && record < p->count;) {
		char *next = memchr(line, '\n', t.len - (size_t)(line - t.data));
		if (next)
			*next++ = '\0';
		char *plus = strstr(line, " +"), *mark = plus ? strstr(plus, " record len=") : NULL;
		if (mark && mark - line < 40)
			p->pieces[record++].time = (uint64_t)(strtod(plus + 2, NULL) * 1e6);
		line = next;
	}
	text_fini(&t);
	return err ? err : record == p->count ? 0 : ERR_FORMAT;
}

int play_load(struct play *p, const char *file, const char *timeline)
{
	struct text in = {0}, out = {0};
	int err = text_read_file(&in, file);

	*p = (struct play){.pace = timeline ? 1 : 0, .cut = SIZE_MAX, .cuts = UINT64_MAX};
	if (err)
		goto out;
	if (in.len && isdigit(in.data[0])) {
		err = split_records(p, &in);
		out = in;
		in = (struct text){0};
	} else if (in.len > 5 && !memcmp(in.data, "HTTP/", 5)) {
		err = split_chunks(p, &in, &out);
	} else {
		err = split_lines(p, &in, &out);
	}
	if (!err && timeline)
		err = read_times(p, timeline);
	if (!err && out.failed)
		err = ERR_NOMEM;
out:
	text_fini(&in);
	p->document = err ? NULL : document_new(&out, 0);
	text_fini(&out);
	if (!err && !p->document)
		err = ERR_NOMEM;
	if (err)
		play_fini(p);
	return err;
}

void play_fini(struct play *p)
{
	document_put(p->document);
	free(p->pieces);
	*p = (struct play){0};
}
