/* SPDX-License-Identifier: Apache-2.0 */
#include "http/body.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void http_body_fini(struct http_body *body)
{
	free(body->data);
	*body = (struct http_body){0};
}

/* Room for `more` bytes. */
static bool reserve(struct http_body *body, size_t more)
{
	size_t room = body->room ? body->room : 1024;

	if (body->failed || more <= body->room - body->len)
		return !body->failed;
	if (more <= HTTP_BODY_MAX - body->len) {
		while (room < body->len + more)
			room *= 2;
		char *data = realloc(body->data, room);
		if (data) {
			body->data = data;
			body->room = room;
			return true;
		}
	}
	body->failed = true;
	return false;
}

void http_body_write(struct http_body *body, const void *data, size_t len)
{
	if (!len || !reserve(body, len))
		return;
	memcpy(body->data + body->len, data, len);
	body->len += len;
}

void http_body_puts(struct http_body *body, const char *text)
{
	http_body_write(body, text, strlen(text));
}

void http_body_printf(struct http_body *body, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0 || !reserve(body, (size_t)len + 1)) {
		body->failed = true;
		return;
	}
	va_start(args, format);
	vsnprintf(body->data + body->len, (size_t)len + 1, format, args);
	va_end(args);
	body->len += (size_t)len;
}
