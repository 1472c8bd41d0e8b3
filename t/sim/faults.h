/* SPDX-License-Identifier: Apache-2.0 */
/* How a master fails. Faults wait in a list; each request to a master takes the first that is meant for it.
 * The list is under the simulation's lock. */
#ifndef T_SIM_FAULTS_H
#define T_SIM_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAULTS_MAX     16
#define FAULT_TEXT_MAX 512

/* Name, arguments, what happens. */
#define FAULT_KINDS(X)                                                                                       \
	X(REFUSE, "refuse", "",                                                                              \
		"the port is closed and open connections end, until `clear` (n and path do not apply)")      \
	X(HANG, "hang", "", "take the request and never answer")                                             \
	X(RESET, "reset", "", "reset the connection in place of an answer")                                  \
	X(SLOW, "slow", "rate=BYTES", "send the body at so many bytes a second")                             \
	X(CUT, "cut", "after=BYTES", "close the connection after so many bytes of the body")                 \
	X(STALL, "stall", "after=BYTES", "go silent after so many bytes of the body")                        \
	X(GARBAGE, "garbage", "", "random bytes in place of the body, as many as it had")                    \
	X(TRUNCATE, "truncate", "after=BYTES",                                                               \
		"end the body after so many bytes (default: half), with the length to match")                \
	X(ERROR_500, "500", "", "500 Internal Server Error")                                                 \
	X(ERROR_503, "503", "", "503 with `No leader elected`")                                              \
	X(ERROR_404, "404", "", "404 as a master says it that is just starting")                             \
	X(REDIRECT, "redirect", "to=URL", "307 to that URL")                                                 \
	X(LOOP, "loop", "",                                                                                  \
		"307 to the same path of the next master, which is this one when there is no other")         \
	X(STANDBY, "standby", "[to=HOST:PORT]", "307 as a standby sends it, to the leader or to `to`")

enum fault_kind {
#define X(id, name, args, text) FAULT_##id,
	FAULT_KINDS(X)
#undef X
		FAULT_KIND_COUNT
};

struct fault {
	enum fault_kind kind;
	unsigned master; /* number; 0: all of them */
	uint64_t left;   /* requests; 0: until cleared */
	uint64_t rate;   /* bytes a second */
	uint64_t after;  /* bytes; UINT64_MAX: not given */
	char to[FAULT_TEXT_MAX];
	char path[128]; /* empty: any */
};

struct faults {
	struct fault list[FAULTS_MAX];
	size_t count;
	uint64_t cleared; /* how often; what hangs ends when it changes */
};

const char *fault_name(enum fault_kind kind);
/* ERR_NOTFOUND for a name that is none. */
int fault_parse(const char *name, enum fault_kind *out);
/* ERR_LIMIT if there are too many. */
int faults_add(struct faults *f, const struct fault *fault);
/* Takes one request's worth of the first fault for it. False: none. */
bool faults_take(struct faults *f, unsigned master, const char *path, struct fault *out);
/* All of `master`; 0: all. */
void faults_clear(struct faults *f, unsigned master);

#endif
