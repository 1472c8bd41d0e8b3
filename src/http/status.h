/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers: the state of the server, for machines that ask whether to restart it (/healthz) or to send it queries
 * (/readyz), and for people (/v1/status).
 *
 * /healthz is 200 as long as the process answers HTTP and the loops of its other threads run, whatever the cluster does:
 * what a restart would not mend does not count. */
#ifndef HTTP_STATUS_H
#define HTTP_STATUS_H

#include "http/request.h"

void http_get_healthz(struct http_request *request);
void http_get_readyz(struct http_request *request);
void http_get_status(struct http_request *request);

#endif
