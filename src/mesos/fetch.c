/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/fetch.h"

#include <assert.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/gunzip.h"
#include "mesos/times.h"

#define BUFFER_SIZE     (128L * 1024)
#define CONNECTIONS_MAX 16L
#define SOCKETS_MAX     64
#define BODY_KEPT       80           /* of a body that is not what was asked for */
#define BODY_DRAINED    (64u * 1024) /* of such a body is read, to keep the connection */
#define KEEPALIVE_IDLE  30L
#define KEEPALIVE_EVERY 10L
#define SILENCE_GRACE   0.05 /* seconds in which what waits in the socket is still read */

/* A socket that curl wants watched. There are places for as many as our few requests at a time can have: curl would not
 * work on after a failure here. */
struct socket {
	ev_io io;
	struct fetcher *fetcher;
	bool used;
};

struct fetcher {
	struct ev_loop *loop;
	CURLM *multi;
	ev_timer timer;
	struct fetch_options options; /* the texts are owned */
	char *authorization;          /* a header; NULL: none */
	struct fetch *active;
	struct socket sockets[SOCKETS_MAX];
};

struct fetch {
	struct fetcher *fetcher;
	struct fetch *next, **prev;
	CURL *easy;
	struct curl_slist *headers, *connect_to;
	struct fetch_callbacks callbacks;
	uint64_t max_bytes;
	ev_timer silence;
	double patience; /* seconds of silence; 0: without end */
	double heard;    /* when the last byte came, on the monotonic clock */
	double longest;  /* silence so far, in seconds */
	bool suspected;  /* it has been silent for too long, unless there is something in the socket */
	bool silent;
	bool in_data;
	bool over;    /* the body passed its limit */
	bool damaged; /* it is not compressed as it should be */
	int rc;       /* of data() */
	unsigned status;       /* 0: no byte of the body has come */
	struct gunzip *gunzip; /* NULL: it is not compressed */
	bool plain;            /* it was not to be */
	uint64_t bytes;
	char body[BODY_KEPT];
	size_t body_len;
	char error[CURL_ERROR_SIZE];
};

const char *fetch_outcome_name(enum fetch_outcome outcome)
{
	static const char *const names[FETCH_OUTCOMES] = {
		"answered", "resolve", "connect", "tls", "timeout", "cut", "http", "limit", "aborted"};

	return names[outcome];
}

static enum fetch_outcome outcome_of(const struct fetch *fetch, CURLcode code)
{
	if (fetch->over)
		return FETCH_LIMIT;
	if (fetch->rc)
		return FETCH_ABORTED;
	if (fetch->damaged)
		return FETCH_HTTP;
	switch (code) {
	case CURLE_OK:
		return FETCH_ANSWERED;
	case CURLE_COULDNT_RESOLVE_HOST:
		return FETCH_RESOLVE;
	case CURLE_COULDNT_CONNECT:
	case CURLE_INTERFACE_FAILED:
		return FETCH_CONNECT;
	case CURLE_OPERATION_TIMEDOUT:
		return FETCH_TIMEOUT;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_SHUTDOWN_FAILED:
	case CURLE_SSL_INVALIDCERTSTATUS:
	case CURLE_USE_SSL_FAILED:
		return FETCH_TLS;
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_GOT_NOTHING:
		return FETCH_CUT;
	default:
		return FETCH_HTTP;
	}
}

/* A body that is no state: the first line of it, for the log. */
static void keep_body(struct fetch *fetch, const char *data, size_t len)
{
	for (size_t i = 0; i < len && fetch->body_len < BODY_KEPT - 1; i++) {
		char c = data[i];

		if (c == '\n' || c == '\r') {
			fetch->body_len = fetch->body_len ? BODY_KEPT : 0;
			continue;
		}
		fetch->body[fetch->body_len++] = c >= ' ' && c < 0x7f ? c : '?';
		fetch->body[fetch->body_len] = '\0';
	}
}

static void wait_for_bytes(struct fetch *fetch, double seconds)
{
	fetch->silence.repeat = seconds;
	ev_timer_again(fetch->fetcher->loop, &fetch->silence);
}

static void hear(struct fetch *fetch)
{
	double now = times_monotonic();

	if (now - fetch->heard > fetch->longest)
		fetch->longest = now - fetch->heard;
	fetch->heard = now;
	fetch->suspected = false;
	if (fetch->patience > 0)
		wait_for_bytes(fetch, fetch->patience);
}

static size_t on_header(char *data, size_t size, size_t count, void *ctx)
{
	hear(ctx);
	return size * count;
}

/* How the body is coded. ERR_NOMEM, ERR_FORMAT: in a way that was not asked for. */
static int begin_body(struct fetch *fetch)
{
	struct curl_header *coding;
	long status = 0;

	curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
	fetch->status = (unsigned)status;
	if (fetch->plain || curl_easy_header(fetch->easy, "Content-Encoding", 0, CURLH_HEADER, -1, &coding) ||
		!*coding->value || !strcasecmp(coding->value, "identity"))
		return 0;
	if (coding->amount > 1 || (strcasecmp(coding->value, "gzip") != 0 && strcasecmp(coding->value, "x-gzip") != 0))
		return ERR_FORMAT;
	fetch->gunzip = gunzip_new();
	return fetch->gunzip ? 0 : ERR_NOMEM;
}

/* The next bytes of the decoded body. */
static int take_body(void *ctx, const void *data, size_t len)
{
	struct fetch *fetch = ctx;

	fetch->bytes += len;
	if (fetch->status != 200) {
		keep_body(fetch, data, len);
		return fetch->bytes > BODY_DRAINED ? ERR_LIMIT : 0;
	}
	if (fetch->max_bytes && fetch->bytes > fetch->max_bytes) {
		fetch->over = true;
		return ERR_LIMIT;
	}
	if (!fetch->callbacks.data)
		return 0;
	fetch->in_data = true;
	int rc = fetch->callbacks.data(fetch->callbacks.ctx, data, len);
	fetch->in_data = false;
	fetch->rc = rc < 0 ? rc : 0;
	return fetch->rc;
}

static size_t on_data(char *data, size_t size, size_t count, void *ctx)
{
	struct fetch *fetch = ctx;
	size_t len = size * count;
	int rc = 0;

	hear(fetch);
	if (!fetch->status)
		rc = begin_body(fetch);
	if (!rc)
		rc = fetch->gunzip ? gunzip_feed(fetch->gunzip, data, len, take_body, fetch)
				   : take_body(fetch, data, len);
	if (!rc)
		return len;
	if (rc == ERR_NOMEM && !fetch->rc)
		fetch->rc = rc;
	fetch->damaged = rc == ERR_FORMAT && !fetch->rc;
	return 0;
}

static void fetch_free(struct fetch *fetch)
{
	ev_timer_stop(fetch->fetcher->loop, &fetch->silence);
	*fetch->prev = fetch->next;
	if (fetch->next)
		fetch->next->prev = fetch->prev;
	if (fetch->easy) {
		curl_multi_remove_handle(fetch->fetcher->multi, fetch->easy);
		curl_easy_cleanup(fetch->easy);
	}
	curl_slist_free_all(fetch->headers);
	curl_slist_free_all(fetch->connect_to);
	gunzip_free(fetch->gunzip);
	free(fetch);
}

struct addr fetch_peer(const struct fetch *fetch)
{
	struct addr peer = {0};
	char *ip = NULL;

	curl_easy_getinfo(fetch->easy, CURLINFO_PRIMARY_IP, &ip);
	if (ip)
		addr_parse(&peer, ip, strlen(ip));
	return peer;
}

static void finish(struct fetch *fetch, CURLcode code)
{
	if (code == CURLE_OK && fetch->status == 200 && fetch->gunzip && !gunzip_is_whole(fetch->gunzip))
		fetch->damaged = true;
	struct fetch_result result = {.outcome = outcome_of(fetch, code), .rc = fetch->rc, .bytes = fetch->bytes};
	CURL *easy = fetch->easy;
	char *location = NULL;
	long status = 0, connects = 0;
	curl_off_t wire = 0, us = 0;

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(easy, CURLINFO_REDIRECT_URL, &location);
	curl_easy_getinfo(easy, CURLINFO_SIZE_DOWNLOAD_T, &wire);
	curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &us);
	curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects);
	result.status = (unsigned)status;
	if (status && status != 200 && code == CURLE_WRITE_ERROR)
		result.outcome = FETCH_ANSWERED; /* with a body longer than we care for */
	result.location = location;
	result.wire_bytes = (uint64_t)wire;
	result.seconds = (double)us / 1e6;
	result.silence = fetch->longest;
	result.reused = !connects && status;
	result.peer = fetch_peer(fetch);
	if (result.outcome == FETCH_ANSWERED)
		result.error = fetch->body;
	else if (result.outcome == FETCH_LIMIT)
		result.error = "the body is too large";
	else if (result.outcome == FETCH_ABORTED)
		result.error = err_text(fetch->rc);
	else if (fetch->damaged)
		result.error = "the body is not compressed as it should be";
	else if (fetch->silent)
		result.error = "it is silent";
	else
		result.error = fetch->error[0] ? fetch->error : curl_easy_strerror(code);
	fetch->callbacks.done(fetch->callbacks.ctx, &result);
	fetch_free(fetch);
}

static void finish_those_done(struct fetcher *f)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(f->multi, &left))) {
		struct fetch *fetch = NULL;
		CURLcode code = message->data.result; /* the message goes with the next call to curl */

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &fetch);
		finish(fetch, code);
	}
}

static void act(struct fetcher *f, curl_socket_t fd, int events)
{
	int running;

	curl_multi_socket_action(f->multi, fd, events, &running);
	finish_those_done(f);
}

static void on_ready(struct ev_loop *loop, ev_io *io, int revents)
{
	const struct socket *s = io->data;

	act(s->fetcher, io->fd,
		(revents & EV_READ ? CURL_CSELECT_IN : 0) | (revents & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
	act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static struct socket *find_socket(struct fetcher *f, curl_socket_t fd)
{
	struct socket *unused = NULL;

	for (size_t i = 0; i < SOCKETS_MAX; i++) {
		struct socket *s = &f->sockets[i];

		if (s->used && s->io.fd == fd)
			return s;
		if (!s->used)
			unused = s;
	}
	return unused;
}

static int on_socket_change(CURL *easy, curl_socket_t fd, int what, void *ctx, void *assigned)
{
	struct fetcher *f = ctx;
	struct socket *s = find_socket(f, fd);

	if (!s)
		return 0; /* its request will be found silent */
	if (s->used)
		ev_io_stop(f->loop, &s->io);
	s->used = what != CURL_POLL_REMOVE;
	if (!s->used)
		return 0;
	s->fetcher = f;
	ev_io_init(&s->io, on_ready, fd, (what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0));
	s->io.data = s;
	ev_io_start(f->loop, &s->io);
	return 0;
}

static int on_timer_change(CURLM *multi, long ms, void *ctx)
{
	struct fetcher *f = ctx;

	ev_timer_stop(f->loop, &f->timer);
	if (ms >= 0) {
		/* A parse can have taken its time since the loop last looked at the clock. */
		ev_now_update(f->loop);
		ev_timer_set(&f->timer, (double)ms / 1000, 0);
		ev_timer_start(f->loop, &f->timer);
	}
	return 0;
}

static void on_silence(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct fetch *fetch = timer->data;

	if (!fetch->suspected) {
		/* The silence may be ours: a loop that was busy has not looked at its sockets. */
		fetch->suspected = true;
		wait_for_bytes(fetch, SILENCE_GRACE);
		return;
	}
	fetch->silent = true;
	finish(fetch, CURLE_OPERATION_TIMEDOUT);
}

void fetch_set_silence(struct fetch *fetch, double seconds)
{
	ev_now_update(fetch->fetcher->loop);
	fetch->patience = seconds;
	fetch->suspected = false;
	fetch->heard = times_monotonic();
	wait_for_bytes(fetch, seconds > 0 ? seconds : 0);
}

double fetch_silence(const struct fetch *fetch)
{
	return fetch->longest;
}

static int copy(const char **text)
{
	if (!*text || !**text) {
		*text = NULL;
		return 0;
	}
	*text = strdup(*text);
	return *text ? 0 : ERR_NOMEM;
}

struct fetcher *fetcher_new(struct ev_loop *loop, const struct fetch_options *options, int *err)
{
	struct fetcher *f = calloc(1, sizeof(*f));
	int rc = 0;

	*err = ERR_NOMEM;
	if (!f)
		return NULL;
	if (curl_global_init(CURL_GLOBAL_DEFAULT)) {
		free(f);
		*err = ERR_SYSTEM;
		return NULL;
	}
	f->loop = loop;
	f->options = *options;
	rc |= copy(&f->options.user_agent);
	rc |= copy(&f->options.ca_file);
	rc |= copy(&f->options.cert_file);
	rc |= copy(&f->options.key_file);
	rc |= copy(&f->options.user);
	rc |= copy(&f->options.password);
	ev_init(&f->timer, on_timer);
	f->timer.data = f;
	f->multi = curl_multi_init();
	if (rc || !f->multi) {
		fetcher_free(f);
		return NULL;
	}
	curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, on_socket_change);
	curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f);
	curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, on_timer_change);
	curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f);
	curl_multi_setopt(f->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_MAX);
	*err = 0;
	return f;
}

static void wipe(const char *secret)
{
	if (secret)
		explicit_bzero((char *)(uintptr_t)secret, strlen(secret));
	free((char *)(uintptr_t)secret);
}

void fetcher_free(struct fetcher *f)
{
	if (!f)
		return;
	while (f->active)
		fetch_free(f->active);
	if (f->multi)
		curl_multi_cleanup(f->multi);
	ev_timer_stop(f->loop, &f->timer);
	wipe(f->options.user_agent);
	wipe(f->options.ca_file);
	wipe(f->options.cert_file);
	wipe(f->options.key_file);
	wipe(f->options.user);
	wipe(f->options.password);
	wipe(f->authorization);
	free(f);
	curl_global_cleanup();
}

int fetcher_set_authorization(struct fetcher *f, const char *value)
{
	char *header = NULL;

	wipe(f->authorization);
	f->authorization = NULL;
	if (value && asprintf(&header, "Authorization: %s", value) < 0)
		return ERR_NOMEM;
	f->authorization = header;
	return 0;
}

static CURLcode append(struct curl_slist **list, const char *text)
{
	struct curl_slist *longer = curl_slist_append(*list, text);

	if (!longer)
		return CURLE_OUT_OF_MEMORY;
	*list = longer;
	return CURLE_OK;
}

/* The first that fails is what counts; curl copies all texts. */
#define SET(option, value) (rc = rc ? rc : curl_easy_setopt(easy, option, value))

static CURLcode set_post(struct fetch *fetch, const char *body)
{
	CURL *easy = fetch->easy;
	/* Masters of some versions want both exactly so. */
	CURLcode rc = append(&fetch->headers, "Content-Type: application/json");

	if (!rc)
		rc = append(&fetch->headers, "Accept: application/json");
	SET(CURLOPT_POST, 1L);
	SET(CURLOPT_POSTFIELDSIZE, (long)strlen(body));
	SET(CURLOPT_COPYPOSTFIELDS, body);
	return rc;
}

static CURLcode set_connect(struct fetch *fetch, const struct addr *to)
{
	char address[ADDR_TEXT_MAX], text[ADDR_TEXT_MAX + 8];
	CURL *easy = fetch->easy;

	addr_format(to, address);
	snprintf(text, sizeof(text), to->len == 16 ? "::[%s]:" : "::%s:", address);
	CURLcode rc = append(&fetch->connect_to, text);
	SET(CURLOPT_CONNECT_TO, fetch->connect_to);
	return rc;
}

static CURLcode set_credentials(CURL *easy, const struct fetch_options *o)
{
	CURLcode rc = CURLE_OK;

	SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	SET(CURLOPT_USERNAME, o->user);
	SET(CURLOPT_PASSWORD, o->password);
	return rc;
}

static CURLcode set_files(CURL *easy, const struct fetch_options *o)
{
	CURLcode rc = CURLE_OK;

	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (o->ca_file)
		SET(CURLOPT_CAINFO, o->ca_file);
	if (o->cert_file)
		SET(CURLOPT_SSLCERT, o->cert_file);
	if (o->key_file)
		SET(CURLOPT_SSLKEY, o->key_file);
	return rc;
}

static CURLcode set_options(struct fetch *fetch, const struct fetch_request *request)
{
	const struct fetch_options *o = &fetch->fetcher->options;
	CURL *easy = fetch->easy;
	CURLcode rc = CURLE_OK;

	SET(CURLOPT_PRIVATE, fetch);
	SET(CURLOPT_URL, request->url);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_ACCEPT_ENCODING, request->plain ? NULL : "gzip");
	SET(CURLOPT_HTTP_CONTENT_DECODING, 0L); /* base/gunzip.h is faster, and stricter */
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOPROXY, "*");
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_TIMEOUT_MS, (long)(request->timeout * 1000));
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)(o->connect_timeout * 1000));
	SET(CURLOPT_TCP_KEEPALIVE, 1L);
	SET(CURLOPT_TCP_KEEPIDLE, KEEPALIVE_IDLE);
	SET(CURLOPT_TCP_KEEPINTVL, KEEPALIVE_EVERY);
	SET(CURLOPT_FRESH_CONNECT, request->apart ? 1L : 0L);
	SET(CURLOPT_FORBID_REUSE, request->apart ? 1L : 0L);
	SET(CURLOPT_BUFFERSIZE, BUFFER_SIZE);
	SET(CURLOPT_ERRORBUFFER, fetch->error);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, fetch);
	SET(CURLOPT_WRITEFUNCTION, on_data);
	SET(CURLOPT_WRITEDATA, fetch);
	if (o->user_agent)
		SET(CURLOPT_USERAGENT, o->user_agent);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* A name that nobody answers for must not hold up the end of the program. */
	SET(CURLOPT_QUICK_EXIT, 1L);
#endif
	if (!rc && o->user && !request->anonymous)
		rc = set_credentials(easy, o);
	if (!rc)
		rc = set_files(easy, o);
	if (!rc && request->post)
		rc = set_post(fetch, request->post);
	if (!rc && fetch->fetcher->authorization && !request->anonymous)
		rc = append(&fetch->headers, fetch->fetcher->authorization);
	SET(CURLOPT_HTTPHEADER, fetch->headers);
	if (!rc && request->connect.len)
		rc = set_connect(fetch, &request->connect);
	return rc;
}
#undef SET

struct fetch *fetch_start(
	struct fetcher *f, const struct fetch_request *request, const struct fetch_callbacks *callbacks, int *err)
{
	struct fetch *fetch = calloc(1, sizeof(*fetch));

	*err = ERR_NOMEM;
	if (!fetch)
		return NULL;
	fetch->fetcher = f;
	fetch->callbacks = *callbacks;
	fetch->max_bytes = request->max_bytes;
	fetch->plain = request->plain;
	ev_init(&fetch->silence, on_silence);
	fetch->silence.data = fetch;
	fetch->next = f->active;
	fetch->prev = &f->active;
	if (f->active)
		f->active->prev = &fetch->next;
	f->active = fetch;
	fetch->easy = curl_easy_init();
	if (!fetch->easy) {
		fetch_free(fetch);
		return NULL;
	}
	CURLcode rc = set_options(fetch, request);
	if (rc || curl_multi_add_handle(f->multi, fetch->easy)) {
		*err = rc && rc != CURLE_OUT_OF_MEMORY ? ERR_FORMAT : ERR_NOMEM;
		fetch_free(fetch);
		return NULL;
	}
	fetch_set_silence(fetch, request->silence);
	*err = 0;
	return fetch;
}

void fetch_cancel(struct fetch *fetch)
{
	assert(!fetch->in_data);
	fetch_free(fetch);
}
