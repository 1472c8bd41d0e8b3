/* SPDX-License-Identifier: Apache-2.0 */
#include "server/counters.h"

enum server_qtype server_qtype_of(uint16_t type)
{
	static const uint8_t classes[] = {
		[0] = SERVER_QTYPE_NONE,
		[RR_A] = SERVER_QTYPE_A,
		[RR_NS] = SERVER_QTYPE_NS,
		[RR_SOA] = SERVER_QTYPE_SOA,
		[RR_PTR] = SERVER_QTYPE_PTR,
		[RR_TXT] = SERVER_QTYPE_TXT,
		[RR_AAAA] = SERVER_QTYPE_AAAA,
		[RR_SRV] = SERVER_QTYPE_SRV,
		[RR_HTTPS] = SERVER_QTYPE_HTTPS,
		[RR_ANY] = SERVER_QTYPE_ANY,
	};

	return type < sizeof(classes) ? classes[type] : SERVER_QTYPE_OTHER;
}

const char *server_qtype_name(enum server_qtype qtype)
{
	static const char *const names[SERVER_QTYPES] = {
		[SERVER_QTYPE_OTHER] = "other",
		[SERVER_QTYPE_A] = "A",
		[SERVER_QTYPE_AAAA] = "AAAA",
		[SERVER_QTYPE_SRV] = "SRV",
		[SERVER_QTYPE_PTR] = "PTR",
		[SERVER_QTYPE_SOA] = "SOA",
		[SERVER_QTYPE_NS] = "NS",
		[SERVER_QTYPE_TXT] = "TXT",
		[SERVER_QTYPE_HTTPS] = "HTTPS",
		[SERVER_QTYPE_ANY] = "ANY",
		[SERVER_QTYPE_NONE] = "none",
	};

	return names[qtype];
}

const char *server_drop_name(enum server_drop drop)
{
	static const char *const names[SERVER_DROPS] = {
		[SERVER_DROP_SHORT] = "short",
		[SERVER_DROP_RESPONSE] = "response",
		[SERVER_DROP_SOURCE] = "source",
		[SERVER_DROP_SEND] = "send",
	};

	return names[drop];
}

uint64_t server_replies_over(const struct server_counters *counters, enum answer_transport transport)
{
	uint64_t sum = 0;

	for (unsigned q = 0; q < SERVER_QTYPES; q++)
		for (unsigned r = 0; r < SERVER_RCODES; r++)
			sum += counters->replies[transport][q][r];
	return sum;
}

uint64_t server_replies_with(const struct server_counters *counters, unsigned rcode)
{
	uint64_t sum = 0;

	for (unsigned t = 0; t < SERVER_TRANSPORTS; t++)
		for (unsigned q = 0; q < SERVER_QTYPES; q++)
			sum += counters->replies[t][q][rcode];
	return sum;
}
