/* SPDX-License-Identifier: Apache-2.0 */
/* Handler: /v1/explain/NAME. */
#ifndef HTTP_EXPLAIN_PAGE_H
#define HTTP_EXPLAIN_PAGE_H

#include "http/request.h"

void http_get_explain(struct http_request *request);

#endif
