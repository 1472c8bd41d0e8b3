/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers: what there is under one name. Answered from the zone as it is served; before the first state has been
 * loaded, names of the cluster's domain are 503 and not "nothing"; and so is what is not there while the zone is partial.
 */
#ifndef HTTP_LOOKUP_H
#define HTTP_LOOKUP_H

#include "http/request.h"
#include "zone/snapshot.h"

/* The addresses of a host. */
void http_get_host(struct http_request *request);
/* The SRV records of a service, with an address of each family for each target. */
void http_get_service(struct http_request *request);

/* The name in the request's path. false: it is none, or there is no state yet; that has been replied. */
bool http_lookup_name(
	struct http_request *request, const struct zone_snapshot *snapshot, uint8_t name[DNAME_MAX], size_t *len);
/* Has the cluster's domain been loaded? If not, that is replied. */
bool http_require_state(struct http_request *request, const struct zone_snapshot *snapshot);

#endif
