/* SPDX-License-Identifier: Apache-2.0 */
/* An explanation as JSON. Inside explain*.c. */
#ifndef HTTP_EXPLAIN_JSON_H
#define HTTP_EXPLAIN_JSON_H

#include "http/explain_parts.h"

/* The whole answer; NULL: out of memory. */
json_t *explain_json(struct explain *e);

#endif
