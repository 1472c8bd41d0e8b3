/* SPDX-License-Identifier: Apache-2.0 */
/* Families of metrics whose samples are not members of struct figures: of answers, forwarding and the cache. For the
 * table in metrics.c. */
#ifndef HTTP_METRICS_DNS_H
#define HTTP_METRICS_DNS_H

#include "http/metric.h"

#define METRICS_NET_FROM 1e-4 /* seconds that other DNS servers take, from so many */
#define METRICS_NET_TO   10.0

const char *metrics_transport_name(unsigned transport);

void metrics_write_responses(struct metric_writer *w, const struct figures *f);
void metrics_write_drops(struct metric_writer *w, const struct figures *f);
void metrics_write_tcp_closed(struct metric_writer *w, const struct figures *f);
void metrics_write_forwarded(struct metric_writer *w, const struct figures *f);
void metrics_write_cache_lookups(struct metric_writer *w, const struct figures *f);
void metrics_write_cache_entries(struct metric_writer *w, const struct figures *f);
void metrics_write_upstream_queries(struct metric_writer *w, const struct figures *f);
void metrics_write_upstream_failures(struct metric_writer *w, const struct figures *f);
void metrics_write_upstream_latencies(struct metric_writer *w, const struct figures *f);
void metrics_write_upstream_ill(struct metric_writer *w, const struct figures *f);

#endif
