/* SPDX-License-Identifier: Apache-2.0 */
/* Elements of the cluster as JSON, with what their names became on the way to a label. Inside explain*.c. */
#ifndef HTTP_EXPLAIN_ORIGIN_H
#define HTTP_EXPLAIN_ORIGIN_H

#include "http/explain_parts.h"

/* Take the value, and remember if it is NULL, or there is no memory for it. */
void explain_set(struct explain *e, json_t *object, const char *key, json_t *value);
void explain_append(struct explain *e, json_t *list, json_t *value);

/* New references; NULL without memory. */
json_t *explain_origin_json(struct explain *e, const struct explain_origin *origin);
json_t *explain_text_json(const char *text, size_t len);
json_t *explain_name_json(const uint8_t *name);

#endif
