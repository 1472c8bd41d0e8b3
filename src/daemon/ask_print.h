/* SPDX-License-Identifier: Apache-2.0 */
/* The answer of /v1/explain (doc/explain.md) as text for people. What is missing in it, or of another type, is left out
 * of the text. */
#ifndef DAEMON_ASK_PRINT_H
#define DAEMON_ASK_PRINT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

bool ask_has_records(const json_t *answer);
void ask_print(const json_t *answer, FILE *out);

#endif
