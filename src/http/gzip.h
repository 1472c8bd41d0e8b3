/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed bodies (RFC 1952): while they are made, and of those that are there. */
#ifndef HTTP_GZIP_H
#define HTTP_GZIP_H

#include <stdbool.h>

#include "http/body.h"

struct http_gzip;

/* Does this Accept-Encoding header (NULL: there is none) take gzip (RFC 9110, section 12.5.3)? */
bool http_gzip_accepted(const char *accept_encoding);

struct http_gzip *http_gzip_new(void); /* NULL: out of memory */
void http_gzip_free(struct http_gzip *gzip);
/* Compresses `*in_len` bytes into `out`, of which it fills `*out_len` at the most. Both are set to what was used. With
 * `last`, nothing comes after these bytes. Returns whether everything is out; that needs `last`. */
bool http_gzip_write(struct http_gzip *gzip, const char *in, size_t *in_len, char *out, size_t *out_len, bool last);

/* Compresses the body. false: it is as it was, for want of memory. */
bool http_gzip_body(struct http_body *body);

#endif
