/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP GET and POST on the Mesos thread's loop: libcurl's multi interface with libev. Connections are kept and reused,
 * gzip is asked for and undone, time, silence and decoded size are bounded; a request can be without any of these.
 * Nothing comes from the environment: no proxies, no .netrc, no cookies. Redirects are reported, never followed. HTTPS
 * verifies the peer's certificate and name, against `ca_file` or else the system's authorities, TLS 1.2 at least. Host
 * names are looked up by curl's own thread with the system's resolver.
 *
 * One thread, one loop. Callbacks come from the loop, never from inside a call to this module. */
#ifndef MESOS_FETCH_H
#define MESOS_FETCH_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

struct fetch_options { /* texts are copied; NULL or "": not set */
	const char *user_agent;
	const char *ca_file, *cert_file, *key_file;
	const char *user, *password; /* basic authentication, sent with the first request */
	double connect_timeout;      /* seconds */
};

struct fetch_request { /* borrowed for the call */
	const char *url;
	const char *post; /* NULL: GET; else a JSON document, and JSON is asked for */
	/* len 0: what the URL's host resolves to; else the connection goes here, and the host's name is for the
	 * request and the certificate only. */
	struct addr connect;
	double timeout;     /* seconds as a whole, connecting included; 0: no end */
	double silence;     /* seconds without a byte of an answer, from the start on; 0: for ever */
	uint64_t max_bytes; /* of the decoded body; 0: no end */
	bool plain;         /* gzip is not asked for */
	bool apart;         /* on a connection of its own, which ends with it */
	bool anonymous;     /* without authentication */
};

enum fetch_outcome {
	FETCH_ANSWERED, /* there is a status; with 200 the body was complete, as far as HTTP can tell */
	FETCH_RESOLVE,  /* the host's name has no address */
	FETCH_CONNECT,  /* no connection */
	FETCH_TLS,      /* no agreement on TLS, or a certificate that is not trusted or of another name */
	FETCH_TIMEOUT,
	FETCH_CUT,     /* the connection ended within the answer */
	FETCH_HTTP,    /* what came is no HTTP, or badly compressed */
	FETCH_LIMIT,   /* more than max_bytes */
	FETCH_ABORTED, /* data() said so */
	FETCH_OUTCOMES,
};

/* "answered", "resolve", "connect", ... */
const char *fetch_outcome_name(enum fetch_outcome outcome);

struct fetch_result { /* borrowed for the call */
	enum fetch_outcome outcome;
	int rc;               /* what data() returned, of FETCH_ABORTED */
	unsigned status;      /* 0 if it did not come to that */
	const char *location; /* of a redirect, made absolute; NULL if there is none */
	const char *error;    /* the cause in words, never with credentials; of a status that is not 200: how its body
				 begins; "" otherwise */
	uint64_t bytes;       /* of the body, decoded */
	uint64_t wire_bytes;  /* as they came */
	double seconds;
	double silence;   /* the longest time without a byte of the answer */
	bool reused;      /* an old connection was good for it */
	struct addr peer; /* len 0: none was reached */
};

struct fetch_callbacks {
	void *ctx;
	/* The next bytes of a body with status 200; NULL: of no interest. Negative ends the request. It must not call fetch_cancel(). */
	int (*data)(void *ctx, const void *data, size_t len);
	/* The end, exactly once unless cancelled; the fetch is gone afterwards. New ones may be started and others
	 * cancelled from here. */
	void (*done)(void *ctx, const struct fetch_result *result);
};

struct fetcher;
struct fetch;

/* NULL and `*err` (ERR_NOMEM, ERR_SYSTEM) on failure. */
struct fetcher *fetcher_new(struct ev_loop *loop, const struct fetch_options *options, int *err);
/* Cancels what is under way. Not from a callback. */
void fetcher_free(struct fetcher *f);

/* From now on requests carry this `Authorization`, but those that are anonymous; NULL: they carry none. Copied. ERR_NOMEM:
 * they go on without. Not with a user. */
int fetcher_set_authorization(struct fetcher *f, const char *value);

/* Starts a request to an http or https URL. NULL and `*err` (ERR_NOMEM, ERR_FORMAT) on failure. */
struct fetch *fetch_start(
	struct fetcher *f, const struct fetch_request *request, const struct fetch_callbacks *callbacks, int *err);
/* Another bound of silence from now on, 0 for none; for use in data() too. */
void fetch_set_silence(struct fetch *fetch, double seconds);
/* The longest silence so far, in seconds. */
double fetch_silence(const struct fetch *fetch);
/* The address that it is connected to; len 0 if it is not yet. For use in data(). */
struct addr fetch_peer(const struct fetch *fetch);
/* done() will not be called. */
void fetch_cancel(struct fetch *fetch);

#endif
