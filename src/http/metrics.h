/* SPDX-License-Identifier: Apache-2.0 */
/* Handler: /metrics, from one table of families. A new one is a row there and a row in doc/metrics.md, which a test
 * compares. */
#ifndef HTTP_METRICS_H
#define HTTP_METRICS_H

#include "http/request.h"

void http_get_metrics(struct http_request *request);

#endif
