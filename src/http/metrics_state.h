/* SPDX-License-Identifier: Apache-2.0 */
/* The same of the masters' state, the cluster and the zone. */
#ifndef HTTP_METRICS_STATE_H
#define HTTP_METRICS_STATE_H

#include "http/metric.h"

void metrics_write_age(struct metric_writer *w, const struct figures *f);
void metrics_write_zk_state(struct metric_writer *w, const struct figures *f);
void metrics_write_source_state(struct metric_writer *w, const struct figures *f);
void metrics_write_fetched(struct metric_writer *w, const struct figures *f);
void metrics_write_documents(struct metric_writer *w, const struct figures *f);
void metrics_write_batches(struct metric_writer *w, const struct figures *f);
void metrics_write_elements(struct metric_writer *w, const struct figures *f);
void metrics_write_kept(struct metric_writer *w, const struct figures *f);
void metrics_write_logins(struct metric_writer *w, const struct figures *f);
void metrics_write_awaited(struct metric_writer *w, const struct figures *f);
void metrics_write_records(struct metric_writer *w, const struct figures *f);
void metrics_write_checks(struct metric_writer *w, const struct figures *f);
void metrics_write_failed_checks(struct metric_writer *w, const struct figures *f);
void metrics_write_corrections(struct metric_writer *w, const struct figures *f);

#endif
