/* SPDX-License-Identifier: Apache-2.0 */
/* Records of the zone as texts in JSON, as Mesos-DNS writes them. */
#ifndef HTTP_ZONE_TEXT_H
#define HTTP_ZONE_TEXT_H

#include "http/json.h"
#include "zone/snapshot.h"

/* A name with its last dot. */
void http_json_name(struct http_json *json, const uint8_t *name);
/* The address of an A or AAAA record. */
void http_json_rr_addr(struct http_json *json, const uint8_t *rr);

/* Of an SRV record (RFC 2782). */
static inline uint16_t zone_srv_port(const uint8_t *rr)
{
	return wire_get_u16(rr + RR_FIXED + 4);
}

static inline const uint8_t *zone_srv_target(const uint8_t *rr)
{
	return rr + RR_FIXED + 6;
}

/* target:port */
void http_json_srv(struct http_json *json, const uint8_t *target, uint16_t port);

#endif
