/* SPDX-License-Identifier: Apache-2.0 */
#include "forward/spelling.h"

#include "base/wire.h"
#include "zone/snapshot.h"

static bool is_letter(uint8_t c)
{
	c |= 0x20;
	return c >= 'a' && c <= 'z'; /* length bytes are below 64 */
}

static void count_letters(const uint8_t *name, size_t len, unsigned *lower, unsigned *upper)
{
	*lower = *upper = 0;
	for (size_t i = 0; i < len; i++)
		if (is_letter(name[i]))
			++*(name[i] & 0x20 ? lower : upper);
}

bool spelling_is_telling(const uint8_t *name, size_t name_len)
{
	unsigned lower, upper;

	count_letters(name, name_len, &lower, &upper);
	return lower && upper && lower + upper >= SPELLING_LETTERS_MIN;
}

static void spell(uint8_t *name, size_t len, struct random_block *random)
{
	uint8_t bits[(DNAME_MAX + 7) / 8];
	unsigned lower, upper;

	count_letters(name, len, &lower, &upper);
	unsigned letters = lower + upper;
	do {
		random_fill(random, bits, (len + 7) / 8);
		for (size_t i = 0; i < len; i++)
			if (is_letter(name[i]))
				name[i] = (uint8_t)((name[i] | 0x20) ^ (bits[i / 8] >> i % 8 & 1) << 5);
		count_letters(name, len, &lower, &upper);
	} while (letters >= SPELLING_LETTERS_MIN && (!lower || !upper));
}

size_t spelling_query(
	uint8_t packet[SPELLING_QUERY_MAX], const struct spelling_terms *terms, struct random_block *random)
{
	struct wire_writer w;

	wire_writer_init(&w, packet, SPELLING_QUERY_MAX);
	wire_write_u16(&w, 0);
	wire_write_u16(&w, FLAG_RD | FLAG_AD | (terms->checking_disabled ? FLAG_CD : 0));
	wire_write_u16(&w, 1);
	wire_write_u16(&w, 0);
	wire_write_u16(&w, 0);
	wire_write_u16(&w, terms->edns ? 1 : 0);
	wire_write(&w, terms->name, terms->name_len);
	if (random)
		spell(packet + DNS_HEADER, terms->name_len, random);
	wire_write_u16(&w, terms->type);
	wire_write_u16(&w, terms->class);
	if (terms->edns) {
		wire_write_u8(&w, 0);
		wire_write_u16(&w, RR_OPT);
		wire_write_u16(&w, terms->edns_udp_size);
		wire_write_u16(&w, 0);
		wire_write_u16(&w, terms->dnssec_ok ? 0x8000 : 0);
		wire_write_u16(&w, 0);
	}
	return wire_written(&w);
}
