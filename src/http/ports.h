/* SPDX-License-Identifier: Apache-2.0 */
/* Handler: the ports of a host, which are all SRV records that point to it, or that the task of its name brings. That
 * takes a walk over the zone. */
#ifndef HTTP_PORTS_H
#define HTTP_PORTS_H

#include "http/request.h"

void http_get_ports(struct http_request *request);

#endif
