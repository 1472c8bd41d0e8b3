/* SPDX-License-Identifier: Apache-2.0 */
#include "answer/chaos.h"

#include "answer/rcode.h"

static const char *text_of(const struct reply *reply)
{
	static const struct {
		const char *name; /* in wire form; the last zero is the root label */
		bool version;
	} names[] = {
		{"\7version\4bind", true},
		{"\7version\6server", true},
		{"\10hostname\4bind", false},
		{"\2id\6server", false},
	};
	const struct query *query = reply->query;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (query->name_len == strlen(names[i].name) + 1 &&
			!memcmp(query->name, names[i].name, query->name_len))
			return names[i].version ? reply->settings->version : reply->settings->server_id;
	return NULL;
}

void chaos_answer(struct reply *reply)
{
	const char *text = text_of(reply);
	uint16_t type = reply->query->qtype;

	if (!text) {
		reply->rcode = RCODE_REFUSED;
		return;
	}
	reply->authoritative = true;
	if (type != RR_TXT && type != RR_ANY)
		return;
	size_t len = strnlen(text, ANSWER_TEXT_MAX);
	struct wire_writer *out = &reply->out;
	wire_write_u16(out, REPLY_QUESTION);
	wire_write_u16(out, RR_TXT);
	wire_write_u16(out, CLASS_CH);
	wire_write_u32(out, 0);
	wire_write_u16(out, (uint16_t)(len + 1));
	wire_write_u8(out, (uint8_t)len);
	wire_write(out, text, len);
	reply->counts[SECTION_ANSWER] = 1;
}
