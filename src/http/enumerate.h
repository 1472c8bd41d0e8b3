/* SPDX-License-Identifier: Apache-2.0 */
/* Handler: all running tasks by framework, each with the records that it brings, as Mesos-DNS' /v1/enumerate shows
 * them. The records are told by the naming rules anew, and those are left out that the zone does not serve. One that
 * several tasks bring stands with the first of them. Streamed from one pinned version of cluster and zone. */
#ifndef HTTP_ENUMERATE_H
#define HTTP_ENUMERATE_H

#include "http/request.h"

void http_get_enumeration(struct http_request *request);

#endif
