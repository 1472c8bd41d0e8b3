/* SPDX-License-Identifier: Apache-2.0 */
/* Handler: all address and service records of the cluster's domain, as Mesos-DNS' /v1/axfr shows them. Streamed from
 * one pinned snapshot, in no order of names; each name once, as its records stand together there. */
#ifndef HTTP_AXFR_H
#define HTTP_AXFR_H

#include "http/request.h"

void http_get_axfr(struct http_request *request);

#endif
