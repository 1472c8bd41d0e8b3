/* SPDX-License-Identifier: Apache-2.0 */
#include "http/reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/json.h"
#include "http/parts.h"

#define ERROR_MAX  512
#define BLOCK_SIZE 16384 /* what libmicrohttpd asks a stream for at once, if its pool has it */

void http_request_queue(struct http_request *r, unsigned status, struct MHD_Response *response)
{
	r->replied = true;
	if (!response || MHD_queue_response(r->mhd, status, response) != MHD_YES)
		r->failed = true;
	if (response)
		MHD_destroy_response(response);
}

static bool add_header(struct MHD_Response *response, const char *name, const char *value)
{
	return MHD_add_response_header(response, name, value) == MHD_YES;
}

void http_reply_headers(struct http_request *r, unsigned status, const char *type, struct http_body *body,
	const char *const headers[][2])
{
	struct MHD_Response *response = NULL;

	if (!body->failed)
		response = MHD_create_response_from_buffer_with_free_callback(body->len, body->data, free);
	if (response) {
		bool good = !type || add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);

		*body = (struct http_body){0};
		for (; good && headers && headers[0][0]; headers++)
			good = add_header(response, headers[0][0], headers[0][1]);
		if (!good) {
			MHD_destroy_response(response);
			response = NULL;
		}
	}
	http_body_fini(body);
	http_request_queue(r, status, response);
}

void http_reply_body(struct http_request *r, unsigned status, const char *type, struct http_body *body)
{
	http_reply_headers(r, status, type, body, NULL);
}

void http_reply_json(struct http_request *r, unsigned status, json_t *value)
{
	struct http_body body = {0};
	struct http_json json = {.body = &body};

	if (value)
		http_json_value(&json, value);
	else
		body.failed = true;
	json_decref(value);
	http_reply_body(r, status, HTTP_TYPE_JSON, &body);
}

void http_reply_text(struct http_request *r, unsigned status, const char *type, const char *text)
{
	struct http_body body = {0};

	http_body_puts(&body, text);
	http_reply_body(r, status, type, &body);
}

/* {"error": text} */
static void write_error(struct http_body *body, const char *text)
{
	struct http_json json = {.body = body};

	http_json_begin_object(&json);
	http_json_member(&json, "error", text);
	http_json_end_object(&json);
}

void http_reply_error(struct http_request *r, unsigned status, const char *format, ...)
{
	struct http_body body = {0};
	char text[ERROR_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	write_error(&body, text);
	http_reply_body(r, status, HTTP_TYPE_JSON, &body);
}

void http_reply_refusal(
	struct http_request *r, unsigned status, const char *header, const char *value, const char *text)
{
	const char *const headers[][2] = {{header, value}, {NULL, NULL}};
	struct http_body body = {0};

	write_error(&body, text);
	http_reply_headers(r, status, HTTP_TYPE_JSON, &body, headers);
}

/* A stream on its way: what was made and not yet taken. */
struct flow {
	struct http_stream stream;
	struct http_body body;
	size_t taken;
	bool ended;
};

static ssize_t read_flow(void *arg, uint64_t pos, char *out, size_t max)
{
	struct flow *f = arg;

	if (f->taken == f->body.len && !f->ended) {
		f->taken = f->body.len = 0;
		int more = f->stream.more(f->stream.ctx, &f->body);
		if (more < 0 || f->body.failed)
			return MHD_CONTENT_READER_END_WITH_ERROR;
		f->ended = more > 0;
	}
	size_t n = f->body.len - f->taken;
	if (!n)
		return f->ended ? MHD_CONTENT_READER_END_OF_STREAM : 0;
	if (n > max)
		n = max;
	memcpy(out, f->body.data + f->taken, n);
	f->taken += n;
	return (ssize_t)n;
}

static void free_flow(void *arg)
{
	struct flow *f = arg;

	f->stream.free(f->stream.ctx);
	http_body_fini(&f->body);
	free(f);
}

void http_reply_stream(struct http_request *r, unsigned status, const char *type, const struct http_stream *stream)
{
	struct flow *f = calloc(1, sizeof(*f));
	struct MHD_Response *response = NULL;

	if (f) {
		f->stream = *stream;
		response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE, read_flow, f, free_flow);
		if (!response)
			free_flow(f);
	} else {
		stream->free(stream->ctx);
	}
	if (response && !add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type)) {
		MHD_destroy_response(response);
		response = NULL;
	}
	r->connection->deadline = ev_now(r->connection->http->loop) + HTTP_TIME_DUMP;
	http_request_queue(r, status, response);
}
