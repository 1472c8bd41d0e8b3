/* SPDX-License-Identifier: Apache-2.0 */
/* The queries that clients of a benchmark send: from lines of NAME TYPE on standard input, where TYPE is A, AAAA or SRV. */
#ifndef T_BENCH_QUERIES_H
#define T_BENCH_QUERIES_H

#include <stdint.h>

#define QUERIES_MAX 65536
#define QUERY_MAX   300

struct bench_query {
	uint16_t len;
	uint8_t bytes[QUERY_MAX]; /* the id is 0 */
};

/* Fills `queries`, which has room for QUERIES_MAX; returns how many there are. */
unsigned queries_read(struct bench_query *queries);

#endif
