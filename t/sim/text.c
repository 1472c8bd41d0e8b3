/* SPDX-License-Identifier: Apache-2.0 */
#include "t/sim/text.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

void text_fini(struct text *t)
{
	free(t->data);
	*t = (struct text){0};
}

bool text_grow(struct text *t, size_t more)
{
	if (t->failed)
		return false;
	size_t room = t->room ? t->room : 4096;
	while (room - t->len < more)
		room *= 2;
	char *data = realloc(t->data, room);
	if (!data) {
		t->failed = true;
		/* With no room left, text_put() comes back here every time. */
		t->room = t->len;
		return false;
	}
	t->data = data;
	t->room = room;
	return true;
}

const char *text_end(struct text *t)
{
	if ((t->room == t->len && !text_grow(t, 1)) || t->failed)
		return "";
	t->data[t->len] = '\0';
	return t->data;
}

int text_read_file(struct text *t, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err = ERR_SYSTEM;

	if (fd < 0)
		return ERR_SYSTEM;
	if (fstat(fd, &st) || !text_grow(t, (size_t)st.st_size + 1))
		goto out;
	for (;;) {
		if (t->room == t->len && !text_grow(t, t->len)) {
			err = ERR_NOMEM;
			goto out;
		}
		ssize_t n = read(fd, t->data + t->len, t->room - t->len);
		if (n < 0)
			goto out;
		if (n == 0)
			break;
		t->len += (size_t)n;
	}
	err = 0;
out:
	close(fd);
	return err;
}

void text_printf(struct text *t, const char *format, ...)
{
	char line[1024];
	va_list args;

	va_start(args, format);
	int n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (n > 0)
		text_put(t, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

void text_json(struct text *t, const char *s)
{
	text_lit(t, "\"");
	for (;;) {
		size_t plain = 0;
		while ((unsigned char)s[plain] >= 0x20 && s[plain] != '"' && s[plain] != '\\')
			plain++;
		text_put(t, s, plain);
		s += plain;
		if (!*s)
			break;
		if (*s == '"' || *s == '\\') {
			char pair[2] = {'\\', *s};
			text_put(t, pair, 2);
		} else {
			text_printf(t, "\\u%04x", (unsigned)(unsigned char)*s);
		}
		s++;
	}
	text_lit(t, "\"");
}

static char *number_digits(char *end, uint64_t n)
{
	do
		*--end = (char)('0' + n % 10);
	while (n /= 10);
	return end;
}

void text_number(struct text *t, uint64_t n)
{
	char digits[20];
	char *start = number_digits(digits + sizeof(digits), n);

	text_put(t, start, (size_t)(digits + sizeof(digits) - start));
}

/* `n` units of which `scale` (a power of ten) make one. */
static void text_fraction(struct text *t, uint64_t n, uint64_t scale)
{
	char digits[21];
	char *start = number_digits(digits + sizeof(digits), n % scale + scale);
	char *end = digits + sizeof(digits);

	text_number(t, n / scale);
	*start = '.'; /* in place of the leading 1 */
	while (end - start > 2 && end[-1] == '0')
		end--;
	text_put(t, start, (size_t)(end - start));
}

void text_milli(struct text *t, uint64_t n)
{
	text_fraction(t, n, 1000);
}

void text_time(struct text *t, uint64_t us)
{
	text_fraction(t, us, 1000000);
}

void text_uuid(struct text *t, const uint64_t uuid[2])
{
	static const char hex[] = "0123456789abcdef";
	char out[36];
	size_t at = 0;

	for (unsigned i = 0; i < 32; i++) {
		if (i == 8 || i == 12 || i == 16 || i == 20)
			out[at++] = '-';
		unsigned nibble = uuid[i / 16] >> (60 - 4 * (i % 16)) & 15;
		if (i == 12)
			nibble = 4; /* version 4, RFC 4122, section 4.4 */
		else if (i == 16)
			nibble = 8 | (nibble & 3);
		out[at++] = hex[nibble];
	}
	text_put(t, out, sizeof(out));
}

void text_ipv4(struct text *t, uint32_t ip)
{
	for (int shift = 24; shift >= 0; shift -= 8) {
		text_number(t, ip >> shift & 255);
		if (shift)
			text_lit(t, ".");
	}
}
