/* SPDX-License-Identifier: Apache-2.0 */
#include "http/zone_text.h"

#include <stdio.h>

#include "base/addr.h"

void http_json_name(struct http_json *json, const uint8_t *name)
{
	char text[DNAME_TEXT_MAX];

	http_json_string(json, text, dname_to_text(text, name));
}

void http_json_rr_addr(struct http_json *json, const uint8_t *rr)
{
	struct addr addr = {.len = (uint8_t)wire_get_u16(rr + 10)};
	char text[ADDR_TEXT_MAX];

	memcpy(addr.bytes, rr + RR_FIXED, addr.len);
	addr_format(&addr, text);
	http_json_string(json, text, strlen(text));
}

void http_json_srv(struct http_json *json, const uint8_t *target, uint16_t port)
{
	char text[DNAME_TEXT_MAX + sizeof(":65535")];
	size_t len = dname_to_text(text, target);

	len += (size_t)snprintf(text + len, sizeof(text) - len, ":%u", port);
	http_json_string(json, text, len);
}
