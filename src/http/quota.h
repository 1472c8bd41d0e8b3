/* SPDX-License-Identifier: Apache-2.0 */
/* How often a client may have what costs much: a bucket of tokens for each address (a /64 of IPv6), one token a
 * request, filled again over time. Buckets stand in a table of fixed size; those that were used last stay. */
#ifndef HTTP_QUOTA_H
#define HTTP_QUOTA_H

#include "base/addr.h"

#define HTTP_QUOTA_BURST 64  /* tokens of a full bucket */
#define HTTP_QUOTA_RATE  4.0 /* and that come back a second */
#define HTTP_QUOTA_SETS  256
#define HTTP_QUOTA_WAYS  4

struct http_quota_bucket {
	struct addr client;
	double tokens, used; /* tokens left when it was used last, and when that was; 0: never */
};

struct http_quota { /* all zero is a new one */
	struct http_quota_bucket buckets[HTTP_QUOTA_SETS][HTTP_QUOTA_WAYS];
};

/* Takes a token of the client's (an address of length 0: of all that come over a unix socket). Returns 0, or the
 * seconds after which there is one. `now` in seconds, more than 0. */
unsigned http_quota_take(struct http_quota *quota, const struct addr *client, double now);

#endif
