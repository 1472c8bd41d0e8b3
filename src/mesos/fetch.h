/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP GET on the Mesos thread's loop: libcurl's multi interface with libev. Connections are kept and reused, gzip is
 * asked for and undone, the time and the decoded size are bounded. Nothing comes from the environment: no proxies, no
 * .netrc, no cookies. Redirects are reported, never followed. HTTPS verifies the peer's certificate and name, against
 * `ca_file` or else the system's authorities, TLS 1.2 at least. Host names are looked up by curl's own thread with the
 * system's resolver.
 *
 * One thread, one loop. Callbacks come from the loop, never from inside a call to this module. */
#ifndef MESOS_FETCH_H
#define MESOS_FETCH_H

#include <ev.h>
#include <stdint.h>

#include "base/addr.h"

struct fetch_options { /* texts are copied; NULL or "": not set */
	const char *user_agent;
	const char *ca_file, *cert_file, *key_file;
	const char *user, *password; /* basic authentication, sent with the first request */
	double timeout;              /* seconds for a request as a whole, connecting included */
	double connect_timeout;
	uint64_t max_bytes; /* of a decoded body */
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
	bool reused;      /* an old connection was good for it */
	struct addr peer; /* len 0: none was reached */
};

struct fetch_callbacks {
	void *ctx;
	/* The next bytes of a body with status 200. Negative ends the request. It must not call fetch_cancel(). */
	int (*data)(void *ctx, const void *data, size_t len);
	/* The end, exactly once unless cancelled; the fetch is gone afterwards. New ones may be started from here. */
	void (*done)(void *ctx, const struct fetch_result *result);
};

struct fetcher;
struct fetch;

/* NULL and `*err` (ERR_NOMEM, ERR_SYSTEM) on failure. */
struct fetcher *fetcher_new(struct ev_loop *loop, const struct fetch_options *options, int *err);
/* Cancels what is under way. Not from a callback. */
void fetcher_free(struct fetcher *f);

/* Starts a GET of an http or https URL. NULL and `*err` (ERR_NOMEM, ERR_FORMAT) on failure. */
struct fetch *fetch_start(struct fetcher *f, const char *url, const struct fetch_callbacks *callbacks, int *err);
/* The address that it is connected to; len 0 if it is not yet. For use in data(). */
struct addr fetch_peer(const struct fetch *fetch);
/* done() will not be called. */
void fetch_cancel(struct fetch *fetch);

#endif
