/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer of message_check() and message_compose(): the first four bytes choose what the client is like, the
 * rest is a reply to the question that stands in it. Every copy must keep the rules of t/unit/packet.h. */
#include "t/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/wire.h"
#include "t/unit/packet.h"

static const uint8_t other_question[] = {1, 'a', 0, 0, 1, 0, 1};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t limits[] = {512, 1232, 4096, 65535};
	struct packet_client client;
	struct message *message;

	if (size < 4)
		return 0;
	const uint8_t *packet = data + 4, *question = other_question;
	size_t len = size - 4, question_len = sizeof(other_question);
	size_t name_len = len > DNS_HEADER ? dname_len(packet + DNS_HEADER, len - DNS_HEADER) : 0;
	if (name_len && len - DNS_HEADER >= name_len + 4) {
		question = packet + DNS_HEADER;
		question_len = name_len + 4;
	}
	if (message_check(packet, len, question, question_len, &message))
		return 0;
	packet_ask(&client, question, question_len, data[0] & 1 ? FLAG_RD | FLAG_CD : FLAG_AD, data[0] & 2,
		data[0] & 4);
	client.terms.set_truncate_bit = data[0] & 8;
	client.terms.recursion_available = data[0] & 16;
	client.terms.ede = data[0] & 32 ? 3 : 0xffff;
	client.terms.ttl_cap = data[0] & 64 ? 30 : 0;
	client.terms.limit = limits[data[1] & 3];
	client.terms.age = data[2] & 1 ? data[2] * 100u : 0;
	client.terms.random = (uint32_t)data[3] << 24;
	const char *wrong = packet_check_copy(message, &client);
	message_free(message);
	if (wrong) {
		fprintf(stderr, "broken rule: %s\n", wrong);
		abort();
	}
	return 0;
}
