/* SPDX-License-Identifier: Apache-2.0 */
/* The target of a request (RFC 9112, section 3.2) and its parts, as they came over the wire: nothing is decoded before
 * the path is cut at its slashes. Pure. */
#ifndef HTTP_PATH_H
#define HTTP_PATH_H

#include <stddef.h>

#include "base/dname.h"

#define HTTP_TARGET_MAX  4096 /* bytes of a target that is looked at */
#define HTTP_SEGMENT_MAX 1024 /* of a segment or a query's value, decoded; with the NUL */

/* Where the path starts in a target in origin-form ("/v1/version?x") or absolute-form ("http://host/v1/version"), and
 * its length, without the query. NULL: it is in neither form. */
const char *http_path_of(const char *target, size_t *len);
/* The query behind that path, or NULL. */
const char *http_path_query(const char *target);

/* Decodes percent-encoding (RFC 3986, section 2.1) into a text that ends with a NUL. ERR_FORMAT: a `%` without two
 * hexadecimal digits, a NUL, or what is no UTF-8. ERR_LIMIT: it does not fit. */
int http_path_decode(char out[HTTP_SEGMENT_MAX], const char *text, size_t len);
/* The value of `key` in a query, still encoded, or NULL. */
const char *http_path_query_value(const char *query, const char *key, size_t *len);

/* A domain name as people write it, with or without the last dot, to lower-case wire form and its length. ERR_FORMAT,
 * ERR_LIMIT: a label of more than 63 bytes or a name of more than 255. */
int http_path_name(uint8_t out[DNAME_MAX], size_t *out_len, const char *text);

#endif
