/* SPDX-License-Identifier: Apache-2.0 */
#include "t/sim/http.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "t/sim/answer.h"
#include "t/sim/control.h"
#include "t/sim/listener.h"
#include "t/sim/rng.h"

#define CONNECTIONS_MAX 4096
#define SLOW_STEPS      20 /* a second */
#define BODY_MAX        65536
#define MEMORY_MAX      131072 /* of a connection: chunks of a stream are as large as it allows */

struct connection {
	TAILQ_ENTRY(connection) entry;
	int fd;
	bool command; /* has carried one: a refusing master lets it end in peace */
};

struct http {
	struct sim *sim;
	struct sim_master *master;
	struct listener *listener;
	struct MHD_Daemon *daemon;
	bool ask_certificate;
	pthread_mutex_t lock;
	TAILQ_HEAD(, connection) connections;
};

struct request {
	char *query; /* as sent; NULL: none */
	bool started;
	struct text body;
};

/* A subscriber and its connection's socket. */
struct stream {
	struct subscriber *subscriber;
	int fd;
};

/* A body that a fault spoils on its way. */
struct spoiled {
	struct sim *sim;
	struct answer answer;
	struct fault fault;
	uint64_t cleared; /* the fault ends when the simulation's differs */
	struct rng rng;
};

static void *on_uri(void *cls, const char *uri, struct MHD_Connection *c)
{
	struct request *r = calloc(1, sizeof(*r));
	const char *mark = strchr(uri, '?');

	(void)cls;
	(void)c;
	if (r && mark)
		r->query = strdup(mark + 1);
	return r;
}

static void on_completed(void *cls, struct MHD_Connection *c, void **state, enum MHD_RequestTerminationCode why)
{
	struct request *r = *state;

	(void)cls;
	(void)c;
	(void)why;
	if (r) {
		free(r->query);
		text_fini(&r->body);
	}
	free(r);
	*state = NULL;
}

static void on_connection(void *cls, struct MHD_Connection *c, void **state, enum MHD_ConnectionNotificationCode what)
{
	struct http *h = cls;
	struct connection *conn = *state;

	pthread_mutex_lock(&h->lock);
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		conn = calloc(1, sizeof(*conn));
		if (conn) {
			conn->fd = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
			TAILQ_INSERT_TAIL(&h->connections, conn, entry);
		}
		*state = conn;
	} else if (conn) {
		TAILQ_REMOVE(&h->connections, conn, entry);
		free(conn);
	}
	pthread_mutex_unlock(&h->lock);
}

static void on_accepted(void *cls, int fd, const struct sockaddr *peer, socklen_t len)
{
	struct http *h = cls;

	if (h->master) {
		sim_lock(h->sim);
		h->sim->counters.connections++;
		sim_unlock(h->sim);
	}
	MHD_add_connection(h->daemon, fd, peer, len);
}

/* Waits under the lock until faults are cleared or it is over; false: time is up before that. */
static bool wait_cleared(struct sim *s, uint64_t cleared, unsigned ms)
{
	struct timespec until;
	int rc = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += (long)ms * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	while (s->faults.cleared == cleared && !s->stopping && !rc)
		rc = ms ? pthread_cond_timedwait(&s->wake, &s->lock, &until) : pthread_cond_wait(&s->wake, &s->lock);
	return !rc;
}

static ssize_t read_spoiled(void *cls, uint64_t pos, char *buf, size_t max)
{
	struct spoiled *sp = cls;
	size_t left = sp->answer.len - (size_t)pos;
	size_t n = left < max ? left : max;

	switch (sp->fault.kind) {
	case FAULT_GARBAGE:
		for (size_t i = 0; i < n; i++)
			buf[i] = (char)rng_next(&sp->rng);
		return (ssize_t)n;
	case FAULT_SLOW: {
		uint64_t step = sp->fault.rate / SLOW_STEPS;
		sim_lock(sp->sim);
		if (!wait_cleared(sp->sim, sp->cleared, 1000 / SLOW_STEPS) && n > step)
			n = step ? step : 1;
		sim_unlock(sp->sim);
		break;
	}
	default: /* CUT and STALL */
		if (pos >= sp->fault.after) {
			if (sp->fault.kind == FAULT_STALL) {
				sim_lock(sp->sim);
				wait_cleared(sp->sim, sp->cleared, 0);
				sim_unlock(sp->sim);
			}
			return MHD_CONTENT_READER_END_WITH_ERROR;
		}
		if (n > sp->fault.after - pos)
			n = (size_t)(sp->fault.after - pos);
		break;
	}
	memcpy(buf, sp->answer.body + pos, n);
	return (ssize_t)n;
}

static void free_spoiled(void *cls)
{
	struct spoiled *sp = cls;

	answer_fini(&sp->answer);
	free(sp);
}

static void free_document(void *cls)
{
	document_put(cls);
}

/* Takes the answer over. */
static struct MHD_Response *make_response(struct sim *s, struct answer *a, const struct fault *f, uint64_t cleared)
{
	struct MHD_Response *r;

	if (f && a->len &&
		(f->kind == FAULT_GARBAGE || f->kind == FAULT_SLOW || f->kind == FAULT_CUT || f->kind == FAULT_STALL)) {
		struct spoiled *sp = calloc(1, sizeof(*sp));
		if (!sp) {
			answer_fini(a);
			return NULL;
		}
		*sp = (struct spoiled){s, *a, *f, cleared, {a->len}};
		return MHD_create_response_from_callback(a->len, 65536, read_spoiled, sp, free_spoiled);
	}
	if (a->document) {
		r = MHD_create_response_from_buffer_with_free_callback_cls(
			a->len, (void *)(uintptr_t)a->body, free_document, a->document);
		if (!r)
			answer_fini(a);
		return r;
	}
	return MHD_create_response_from_buffer(a->len, (void *)(uintptr_t)a->body, MHD_RESPMEM_PERSISTENT);
}

static int socket_of(struct MHD_Connection *c)
{
	return MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

static ssize_t read_stream(void *cls, uint64_t pos, char *buf, size_t max)
{
	struct stream *stream = cls;

	return stream_read(stream->subscriber, stream->fd, pos, buf, max);
}

static void free_stream(void *cls)
{
	struct stream *stream = cls;

	stream_free(stream->subscriber);
	free(stream);
}

static struct MHD_Response *make_stream(struct MHD_Connection *c, struct subscriber *sub)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	if (!stream) {
		stream_free(sub);
		return NULL;
	}
	*stream = (struct stream){sub, socket_of(c)};
	return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 65536, read_stream, stream, free_stream);
}

/* `sub` may be NULL; it is taken over. */
static enum MHD_Result send_answer(struct sim *s, struct MHD_Connection *c, struct answer *a, const struct fault *f,
	uint64_t cleared, struct subscriber *sub)
{
	unsigned status = a->status;
	struct MHD_Response *r = sub ? make_stream(c, sub) : make_response(s, a, f, cleared);

	if (!r)
		return MHD_NO;
	if (a->type)
		MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, a->type);
	if (a->authenticate)
		MHD_add_response_header(r, MHD_HTTP_HEADER_WWW_AUTHENTICATE, a->authenticate);
	if (*a->location)
		MHD_add_response_header(r, MHD_HTTP_HEADER_LOCATION, a->location);
	if (a->allow)
		MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, a->allow);
	if (a->gzip)
		MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	enum MHD_Result rc = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return rc;
}

/* What a fault makes of the answer before it is sent. */
static void spoil_answer(const struct sim *s, const struct sim_master *m, const struct answer_request *q,
	const struct fault *f, struct answer *a)
{
	const struct sim_master *next = &s->masters[m->number % s->master_count];
	char location[ANSWER_LOCATION_MAX];

	switch (f->kind) {
	case FAULT_TRUNCATE: {
		uint64_t len = f->after == UINT64_MAX ? a->len / 2 : f->after;
		if (len < a->len)
			a->len = (size_t)len;
		return;
	}
	case FAULT_ERROR_500:
	case FAULT_ERROR_503:
	case FAULT_ERROR_404:
	case FAULT_REDIRECT:
	case FAULT_LOOP:
	case FAULT_STANDBY:
		break;
	default:
		return;
	}
	answer_fini(a);
	*a = (struct answer){0};
	if (f->kind == FAULT_ERROR_500) {
		answer_set_text(a, 500, "500 Internal Server Error.");
	} else if (f->kind == FAULT_ERROR_503) {
		answer_set_text(a, 503, "No leader elected");
	} else if (f->kind == FAULT_ERROR_404) {
		answer_set_text(a, 404, "404 Not Found.");
	} else if (f->kind == FAULT_REDIRECT) {
		answer_set_redirect(a, f->to);
	} else if (f->kind == FAULT_LOOP) {
		snprintf(location, sizeof(location), "//%s%s", next->hostport, q->path);
		answer_set_redirect(a, location);
	} else {
		const char *leader = sim_leader(s);
		answer_set_standby(a, *f->to ? f->to : leader ? leader : m->hostport, q);
	}
}

static void count_answer(struct sim *s, const struct answer *a)
{
	s->counters.bytes += a->len;
	s->counters.redirects += a->status == 307;
	s->counters.compressed += a->gzip;
	if (a->is_state && a->status == 200) {
		s->counters.states++;
		sim_state_served(s);
	}
}

/* Linux resets a connection that is dissolved, whatever libmicrohttpd does to it afterwards. */
static enum MHD_Result reset_connection(struct MHD_Connection *c)
{
	static const struct sockaddr nobody = {.sa_family = AF_UNSPEC};

	connect(socket_of(c), &nobody, sizeof(nobody));
	return MHD_NO;
}

static enum MHD_Result master_request(
	struct http *h, struct MHD_Connection *c, const char *method, const char *path, struct request *r)
{
	struct sim *s = h->sim;
	struct answer a;
	struct fault f;
	char *password = NULL;
	char *user = MHD_basic_auth_get_username_password(c, &password);
	const char *coding = MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT_ENCODING);
	struct answer_request q = {path, r->query, user, password,
		MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION),
		coding && strstr(coding, "gzip"), method,
		MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE),
		MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT), r->body.data, r->body.len};
	struct subscriber *sub = NULL;

	sim_lock(s);
	uint64_t cleared = s->faults.cleared;
	bool faulty = faults_take(&s->faults, h->master->number, answer_fault_path(path), &f);
	s->counters.requests++;
	s->counters.faults += faulty;
	if (faulty && f.kind == FAULT_HANG)
		wait_cleared(s, cleared, 0);
	bool silent = faulty && (f.kind == FAULT_HANG || f.kind == FAULT_RESET);
	if (!silent) {
		answer_make(s, h->master, &q, &a);
		if (faulty)
			spoil_answer(s, h->master, &q, &f, &a);
		if (a.subscribe)
			sub = stream_new(s, h->master, faulty ? &f : NULL);
		count_answer(s, &a);
	}
	sim_unlock(s);
	MHD_free(user);
	MHD_free(password);
	if (silent)
		return f.kind == FAULT_RESET ? reset_connection(c) : MHD_NO;
	if (a.subscribe && !sub)
		return MHD_NO;
	return send_answer(s, c, &a, faulty ? &f : NULL, cleared, sub);
}

static const char *get_argument(void *cls, const char *name)
{
	return MHD_lookup_connection_value(cls, MHD_GET_ARGUMENT_KIND, name);
}

static enum MHD_Result command_request(struct http *h, struct MHD_Connection *c, const char *method, const char *name)
{
	struct text out = {0};
	struct control_request q = {method, name, get_argument, c};
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	if (info && info->socket_context) {
		struct connection *conn = info->socket_context;
		pthread_mutex_lock(&h->lock);
		conn->command = true;
		pthread_mutex_unlock(&h->lock);
	}
	unsigned status = control_run(h->sim, &q, &out);
	struct MHD_Response *r =
		out.failed ? NULL : MHD_create_response_from_buffer(out.len, out.data, MHD_RESPMEM_MUST_COPY);
	text_fini(&out);
	if (!r)
		return MHD_NO;
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
	enum MHD_Result rc = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return rc;
}

static enum MHD_Result refuse_method(struct sim *s, struct MHD_Connection *c)
{
	struct answer a = {0};

	answer_set_text(&a, 405, "405 Method Not Allowed. Expecting one of { 'GET', 'HEAD' }.");
	return send_answer(s, c, &a, NULL, 0, NULL);
}

/* libmicrohttpd asks for a certificate but takes any, or none. */
static bool certificate_good(struct http *h, struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info;
	unsigned status;

	if (!h->ask_certificate)
		return true;
	info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	return info && !gnutls_certificate_verify_peers2(info->tls_session, &status) && !status;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *c, const char *path, const char *method,
	const char *version, const char *upload, size_t *upload_len, void **state)
{
	struct http *h = cls;
	struct request *r = *state;

	(void)version;
	if (!r)
		return MHD_NO;
	if (!r->started) {
		r->started = true;
		return certificate_good(h, c) ? MHD_YES : MHD_NO;
	}
	if (*upload_len) {
		/* Calls are short; of what else comes nobody reads more. */
		if (r->body.len < BODY_MAX)
			text_put(&r->body, upload, *upload_len);
		*upload_len = 0;
		return MHD_YES;
	}
	if (!strncmp(path, "/sim/", 5) || !h->master)
		return command_request(h, c, method, !strncmp(path, "/sim/", 5) ? path + 5 : "");
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD) && !answer_is_api(path))
		return refuse_method(h->sim, c);
	return master_request(h, c, method, path, r);
}

struct http *http_new(
	struct sim *s, struct sim_master *master, const char *host, uint16_t port, const struct http_tls *tls)
{
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_NO_LISTEN_SOCKET |
			 MHD_USE_ITC | MHD_USE_POLL;
	struct MHD_OptionItem options[8] = {{MHD_OPTION_END, 0, NULL}};
	unsigned n = 0;
	struct http *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->sim = s;
	h->master = master;
	pthread_mutex_init(&h->lock, NULL);
	TAILQ_INIT(&h->connections);
	if (tls && tls->key) {
		flags |= MHD_USE_TLS;
		options[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)tls->key};
		options[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)tls->cert};
		if (tls->client_ca) {
			h->ask_certificate = true;
			options[n++] = (struct MHD_OptionItem){
				MHD_OPTION_HTTPS_MEM_TRUST, 0, (void *)(uintptr_t)tls->client_ca};
		}
	}
	options[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
	h->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, h, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)CONNECTIONS_MAX, MHD_OPTION_URI_LOG_CALLBACK, on_uri, h, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, h, MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)MEMORY_MAX, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
	if (!h->daemon) {
		errno = EINVAL; /* a key or certificate that it cannot read */
		goto fail;
	}
	h->listener = listener_new(host, port, on_accepted, h);
	if (!h->listener)
		goto fail;
	return h;
fail:;
	int saved = errno;
	http_free(h);
	errno = saved;
	return NULL;
}

uint16_t http_port(const struct http *h)
{
	return listener_port(h->listener);
}

void http_refuse(struct http *h, bool refuse)
{
	struct connection *conn;

	listener_refuse(h->listener, refuse);
	if (!refuse)
		return;
	pthread_mutex_lock(&h->lock);
	TAILQ_FOREACH (conn, &h->connections, entry)
		if (!conn->command)
			shutdown(conn->fd, SHUT_RDWR);
	pthread_mutex_unlock(&h->lock);
}

void http_free(struct http *h)
{
	if (!h)
		return;
	listener_free(h->listener);
	if (h->daemon)
		MHD_stop_daemon(h->daemon);
	pthread_mutex_destroy(&h->lock);
	free(h);
}
