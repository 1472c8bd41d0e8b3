/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/present.h"

#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/dname.h"
#include "base/wire.h"
#include "zone/snapshot.h"

const char *present_type(uint16_t type, char out[PRESENT_TYPE_MAX])
{
	char *text = ldns_rr_type2str(type);

	if (text)
		snprintf(out, PRESENT_TYPE_MAX, "%s", text);
	else
		snprintf(out, PRESENT_TYPE_MAX, "TYPE%u", type);
	free(text);
	return out;
}

/* What the library makes of it: any type that it knows. */
static char *present_other(uint16_t type, const uint8_t *rdata, size_t len)
{
	uint8_t wire[RR_FIXED + UINT16_MAX] = {
		0}; /* the root's name is one byte, the pointer that an RR starts with two */
	size_t pos = 0;
	ldns_rr *rr;

	wire_put_u16(wire + 1, type);
	wire_put_u16(wire + 3, LDNS_RR_CLASS_IN);
	wire_put_u16(wire + 9, (uint16_t)len);
	memcpy(wire + 11, rdata, len);
	if (ldns_wire2rr(&rr, wire, 11 + len, &pos, LDNS_SECTION_ANSWER) != LDNS_STATUS_OK)
		return NULL;
	ldns_buffer *text = ldns_buffer_new(len * 4 + 64);
	for (size_t i = 0; text && i < ldns_rr_rd_count(rr); i++) {
		if (i)
			ldns_buffer_printf(text, " ");
		ldns_rdf2buffer_str(text, ldns_rr_rdf(rr, i));
	}
	char *out = text ? ldns_buffer_export2str(text) : NULL;
	ldns_buffer_free(text);
	ldns_rr_free(rr);
	return out;
}

static char *present_unknown(const uint8_t *rdata, size_t len)
{
	char *out = malloc(sizeof("\\# 65535 ") + 2 * len), *at = out;

	if (!out)
		return NULL;
	at += sprintf(at, "\\# %zu%s", len, len ? " " : "");
	for (size_t i = 0; i < len; i++)
		at += sprintf(at, "%02x", rdata[i]);
	return out;
}

char *present_rdata(uint16_t type, const uint8_t *rdata, size_t len)
{
	char text[DNAME_TEXT_MAX + 32];
	struct addr addr = {.len = (uint8_t)len};

	if ((type == RR_A && len == 4) || (type == RR_AAAA && len == 16)) {
		memcpy(addr.bytes, rdata, len);
		return strdup(addr_format(&addr, text));
	}
	if (type == RR_SRV && len > 6 && dname_len(rdata + 6, len - 6) == len - 6) {
		int used = sprintf(
			text, "%u %u %u ", wire_get_u16(rdata), wire_get_u16(rdata + 2), wire_get_u16(rdata + 4));

		dname_to_text(text + used, rdata + 6);
		return strdup(text);
	}
	char *other = len <= UINT16_MAX ? present_other(type, rdata, len) : NULL;
	return other ? other : present_unknown(rdata, len);
}
