/* SPDX-License-Identifier: Apache-2.0 */
/* A saved state document, read through the same parser as a fetched one. Blocks; for `--state FILE` only. */
#ifndef MESOS_STATE_FILE_H
#define MESOS_STATE_FILE_H

#include "mesos/state_parse.h"

/* Feeds the file ("-": standard input) to the sink. 0, or a negative error with its text in `error`. `counts`
 * may be NULL. */
int state_file_read(const char *path, const struct state_sink *sink, struct state_counts *counts, char *error,
	size_t error_size);

#endif
