/* SPDX-License-Identifier: Apache-2.0 */
/* What conf_load() has to say about a configuration: errors and warnings, each with the key that it is about.
 * Texts are fit for a terminal and a log: control characters are replaced, secrets are never in them. */
#ifndef CONF_REPORT_H
#define CONF_REPORT_H

#include <stddef.h>
#include <stdio.h>

#define CONF_REPORT_MAX 500 /* messages kept; more are only counted */

enum conf_severity { CONF_WARNING, CONF_ERROR };

struct conf_message {
	enum conf_severity severity;
	char *key;  /* "zones[1].file"; "" for the file as a whole */
	char *text; /* "must be a whole number from 1 to 65535, not the string \"53\"" */
};

/* An all-zero report is empty and ready. */
struct conf_report {
	struct conf_message *items; /* in the order in which they were found */
	size_t count, room;
	size_t errors, warnings; /* found, which may be more than were kept */
};

void conf_report_fini(struct conf_report *report);
/* Adds a message. Without memory it is counted only. */
void conf_report_add(struct conf_report *report, enum conf_severity severity, const char *key,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
/* One line a message: `FILE: error: KEY: TEXT`. */
void conf_report_print(const struct conf_report *report, const char *file, FILE *out);
/* The same to the log, with tag "conf" and the level in place of `error`. */
void conf_report_log(const struct conf_report *report, const char *file);

#endif
