/* SPDX-License-Identifier: Apache-2.0 */
/* Names whose answers change when something happens in the cluster, and a client that asks for those that are to
 * change until they have. One thread. */
#ifndef T_BENCH_PROBE_H
#define T_BENCH_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROBE_KINDS 2

struct probe {
	char *task;              /* its id */
	char *down[PROBE_KINDS]; /* commands after which one address less is told */
	char *up[PROBE_KINDS];   /* and the same as before */
	uint8_t query[280];      /* all but the id */
	uint16_t query_len;
	unsigned full;   /* addresses of the name, all well */
	unsigned wanted; /* that are waited for */
	unsigned kind;   /* what it is down by */
	bool is_down, waits;
	uint64_t from, asked, shown; /* nanoseconds; 0: not yet */
	struct probe *next_by_task;
};

struct probes {
	struct probe *list;
	size_t count;
	struct probe **by_task; /* chains */
	size_t room;
	int fd;
	size_t *waiting; /* indices of those that are waited for, the oldest first */
	size_t waiting_count, turn;
	uint64_t pace, next; /* nanoseconds between queries */
	uint64_t queries, lost;
};

/* Lines of NAME ADDRESSES TASK and PROBE_KINDS times two commands, down and up, with spaces between. */
int probes_load(struct probes *p, const char *path);
/* `rate`: the most queries a second. */
int probes_open(struct probes *p, uint16_t port, unsigned rate);
struct probe *probes_find(const struct probes *p, const char *task, size_t len);
/* The change is on its way: its answer is asked for from now on. */
void probes_wait(struct probes *p, struct probe *probe, unsigned wanted);
/* Sends what is due, takes what has come; `shown(cls, probe)` for each that shows its change. Returns nanoseconds until
 * it wants to be called again, or until its socket has something. */
uint64_t probes_run(struct probes *p, uint64_t now, void (*shown)(void *cls, struct probe *probe), void *cls);

#endif
