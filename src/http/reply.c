/* SPDX-License-Identifier: Apache-2.0 */
#include "http/reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "http/gzip.h"
#include "http/json.h"
#include "http/parts.h"

#define ERROR_MAX  512
#define BLOCK_SIZE 16384 /* what libmicrohttpd asks a stream for at once, if its pool has it */
#define GZIP_LEAST 1024  /* bytes of a body that is worth it */
#define STEP       65536 /* bytes that one block is made of at the most, before others get their turn */

void http_request_queue(struct http_request *r, unsigned status, struct MHD_Response *response)
{
	r->replied = true;
	http_count(&r->connection->http->counters, r->route, status);
	if (!response || MHD_queue_response(r->mhd, status, response) != MHD_YES)
		r->failed = true;
	if (response)
		MHD_destroy_response(response);
}

static bool add_header(struct MHD_Response *response, const char *name, const char *value)
{
	return MHD_add_response_header(response, name, value) == MHD_YES;
}

static bool takes_gzip(struct http_request *r)
{
	return http_gzip_accepted(
		MHD_lookup_connection_value(r->mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT_ENCODING));
}

/* The headers that tell of the body: `varies`, it could be compressed; `gzip`, it is. */
static bool describe(struct MHD_Response *response, const char *type, bool varies, bool gzip)
{
	return add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) &&
	       (!varies || add_header(response, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT_ENCODING)) &&
	       (!gzip || add_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip"));
}

/* Replies with what is in the body, and one more header if there is a `name`. */
static void reply_with(struct http_request *r, unsigned status, const char *type, struct http_body *body,
	const char *name, const char *value)
{
	bool varies = body->len >= GZIP_LEAST && !body->failed;
	bool gzip = varies && takes_gzip(r) && http_gzip_body(body);
	struct MHD_Response *response = NULL;

	if (!body->failed)
		response = MHD_create_response_from_buffer_with_free_callback(body->len, body->data, free);
	if (response)
		*body = (struct http_body){0};
	http_body_fini(body);
	if (response && (!describe(response, type, varies, gzip) || (name && !add_header(response, name, value)))) {
		MHD_destroy_response(response);
		response = NULL;
	}
	http_request_queue(r, status, response);
}

void http_reply_body(struct http_request *r, unsigned status, const char *type, struct http_body *body)
{
	reply_with(r, status, type, body, NULL, NULL);
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

void http_reply_refusal(struct http_request *r, unsigned status, const char *name, const char *value, const char *text)
{
	struct http_body body = {0};

	write_error(&body, text);
	reply_with(r, status, HTTP_TYPE_JSON, &body, name, value);
}

/* A stream on its way: what was made and not yet taken. */
struct flow {
	struct http *http;
	struct http_stream stream;
	struct http_body body;
	size_t taken;
	bool ended;             /* all of it is made */
	struct http_gzip *gzip; /* NULL: sent as it is */
	bool out;               /* all of it is compressed and taken */
};

/* Sees to it that there is something to take, if that can be had in one step. Negative: the stream failed. */
static int fill(struct flow *f)
{
	if (f->taken < f->body.len || f->ended)
		return 0;
	f->taken = f->body.len = 0;
	int result = f->stream.more(f->stream.ctx, &f->body);
	f->ended = result > 0;
	return result < 0 || f->body.failed ? ERR_LIMIT : 0;
}

static size_t take(struct flow *f, char *out, size_t max)
{
	size_t n = f->body.len - f->taken;

	if (n > max)
		n = max;
	if (n)
		memcpy(out, f->body.data + f->taken, n);
	f->taken += n;
	f->out = f->ended && f->taken == f->body.len;
	return n;
}

static size_t take_compressed(struct flow *f, char *out, size_t max)
{
	size_t in = f->body.len - f->taken, len = max;

	f->out = http_gzip_write(f->gzip, in ? f->body.data + f->taken : NULL, &in, out, &len, f->ended);
	f->taken += in;
	return len;
}

/* Fills the block, unless the stream wants to give others their turn, or enough was compressed for now. */
static ssize_t read_flow(void *arg, uint64_t pos, char *out, size_t max)
{
	struct flow *f = arg;
	size_t n = 0, made = 0;

	while (n < max && !f->out && made < STEP) {
		if (fill(f))
			return MHD_CONTENT_READER_END_WITH_ERROR;
		size_t left = f->body.len - f->taken;
		n += f->gzip ? take_compressed(f, out + n, max - n) : take(f, out + n, max - n);
		if (!left && !f->ended)
			break;
		made += left - (f->body.len - f->taken);
	}
	return n || !f->out ? (ssize_t)n : MHD_CONTENT_READER_END_OF_STREAM;
}

static void free_flow(void *arg)
{
	struct flow *f = arg;

	f->stream.free(f->stream.ctx);
	f->http->streams--;
	http_gzip_free(f->gzip);
	http_body_fini(&f->body);
	free(f);
}

void http_reply_stream(struct http_request *r, unsigned status, const char *type, const struct http_stream *stream)
{
	struct flow *f = calloc(1, sizeof(*f));
	struct MHD_Response *response = NULL;

	if (f) {
		f->http = r->connection->http;
		f->http->streams++;
		f->stream = *stream;
		f->gzip = takes_gzip(r) ? http_gzip_new() : NULL;
		response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE, read_flow, f, free_flow);
		if (!response)
			free_flow(f);
	} else {
		stream->free(stream->ctx);
	}
	if (response && !describe(response, type, true, f->gzip)) {
		MHD_destroy_response(response);
		response = NULL;
	}
	r->connection->streaming = ev_now(r->connection->http->loop);
	r->connection->deadline = r->connection->streaming + r->connection->http->times.dump;
	http_request_queue(r, status, response);
}
