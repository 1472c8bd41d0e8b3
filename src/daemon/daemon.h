/* SPDX-License-Identifier: Apache-2.0 */
/* The program's ways to run: wires the parts together. Main thread, once a process. Each returns an exit status. */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include "conf/conf.h"

/* Serves until SIGTERM or SIGINT. `state_file`: NULL, or the document to serve instead of a master's. */
int daemon_run(const struct conf *conf, const char *state_file);
/* Reads the state once and prints the zone on standard output. */
int daemon_dump_zone(const struct conf *conf, const char *state_file);
/* The rest of `-t`, once the configuration itself was read (NULL: it has errors): the zone files that it names. */
int daemon_check(const struct conf *conf);

#endif
