/* SPDX-License-Identifier: Apache-2.0 */
#include "server/counters.h"

enum server_qtype server_qtype_of(uint16_t type)
{
	switch (type) {
	case RR_A:
		return SERVER_QTYPE_A;
	case RR_AAAA:
		return SERVER_QTYPE_AAAA;
	case RR_SRV:
		return SERVER_QTYPE_SRV;
	case RR_PTR:
		return SERVER_QTYPE_PTR;
	case RR_SOA:
	case RR_NS:
		return SERVER_QTYPE_SOA_NS;
	case RR_ANY:
		return SERVER_QTYPE_ANY;
	}
	return SERVER_QTYPE_OTHER;
}

void server_counters_add(struct server_counters *sum, const struct server_counters *counters)
{
	const uint64_t *from = (const uint64_t *)counters;
	uint64_t *to = (uint64_t *)sum;

	for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}
