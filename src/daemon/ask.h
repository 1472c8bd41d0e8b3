/* SPDX-License-Identifier: Apache-2.0 */
/* The command `explain`: asks a running server over HTTP why a name is as it is. A process of its own, which ends then.
 */
#ifndef DAEMON_ASK_H
#define DAEMON_ASK_H

#include "conf/conf.h"

struct ask {
	const char *name;
	const char
		*server; /* a URL, or the path of a unix socket; NULL: as `conf` has it, else this host's usual port */
	const struct conf *conf; /* NULL: none. Also for credentials. */
	bool json;               /* print the answer as it came */
};

enum { ASK_RECORDS = 0, ASK_NONE = 1, ASK_FAILED = 2 };

/* Prints the answer, or on standard error what went wrong. Returns an exit status, as grep(1) has them: has the name
 * records that it is answered with? Of a name of others nobody knows: ASK_NONE. */
int ask_run(const struct ask *ask);

#endif
