/* SPDX-License-Identifier: Apache-2.0 */
/* Who may use the HTTP interface: `httpCredentials` against what a request brings (RFC 7617, RFC 6750). */
#ifndef HTTP_AUTH_H
#define HTTP_AUTH_H

#include <stdbool.h>

#include "conf/conf.h"

#define HTTP_AUTH_DIGEST 32

struct http_auth {
	const char *scheme;                     /* "Basic" or "Bearer"; NULL: everybody may */
	unsigned char digest[HTTP_AUTH_DIGEST]; /* of what has to come behind it */
};

/* ERR_NOMEM, ERR_SYSTEM: libcrypto does not do it. */
int http_auth_init(struct http_auth *auth, const struct conf *conf);
/* Is this the right value of an Authorization header (NULL: there is none)? Takes as long for a wrong one as for the
 * right one. */
bool http_auth_check(const struct http_auth *auth, const char *authorization);
/* What WWW-Authenticate is to say. */
const char *http_auth_challenge(const struct http_auth *auth);

#endif
